import path from 'node:path';
import { expand } from './dockerfile.ts';
import type { Build } from './image.ts';
import type { Project } from './project.ts';
import { optionOf, readShell } from './shell.ts';
import {
  isObject,
  listAt,
  objectAt,
  objectsAt,
  placeOf,
  readYaml,
  textAt,
  type JsonObject,
  type Place,
  type YamlFault,
  written,
} from './yaml.ts';

export interface Workflow {
  path: string;
  object: JsonObject | undefined;
  faults: YamlFault[];
  jobs: Job[];
}

export interface Job {
  name: string;
  object: JsonObject;
  place: Place;
  runsOn: string;
  steps: Step[];
}

export interface Step {
  object: JsonObject;
  place: Place;
  uses: string;
  run: string;
  /** Condition of the step, joined with that of its job. */
  condition: string;
}

/** Reads the workflows of `.github/workflows`. */
export function readWorkflows(project: Project): Workflow[] {
  return project.files
    .filter(({ path: file }) => /^\.github\/workflows\/[^/]+\.ya?ml$/.test(file))
    .flatMap(({ path: file }) => {
      const text = project.read(file);
      if (text === undefined) return [];
      const { documents, faults } = readYaml(text, file);
      const value = documents[0]?.value;
      const object = isObject(value) ? value : undefined;
      const jobs = Object.entries(objectAt(object, 'jobs')).flatMap(([name, job]): Job[] => {
        if (!isObject(job)) return [];
        const condition = textAt(job, 'if') ?? '';
        return [
          {
            name,
            object: job,
            place: placeOf(objectAt(object, 'jobs'), name),
            runsOn: textAt(job, 'runs-on') ?? listAt(job, 'runs-on').map(written).join(','),
            steps: objectsAt(job, 'steps').map((step) => ({
              object: step,
              place: placeOf(step),
              uses: textAt(step, 'uses') ?? '',
              run: textAt(step, 'run') ?? '',
              condition: [condition, textAt(step, 'if') ?? ''].filter(Boolean).join(' && '),
            })),
          },
        ];
      });
      return [{ path: file, object, faults, jobs }];
    });
}

/** The image builds that a workflow runs. */
export function buildsOfWorkflow(workflow: Workflow): Build[] {
  return workflow.jobs.flatMap((job) => {
    const matrices = matrixOf(job.object);
    return matrices.flatMap((matrix) => {
      const builds = job.steps.flatMap((step) => buildsOfStep(workflow, job, step, matrix));
      pushedLater(workflow, job, matrix, builds);
      return builds;
    });
  });
}

/** What a job builds in one step, it often names and pushes in another. */
function pushedLater(workflow: Workflow, job: Job, matrix: Record<string, string>, builds: Build[]): void {
  const tagged = new Map<string, string[]>();
  const pushed = new Set<string>();
  for (const step of job.steps) {
    const { env, fill } = valuesOf(workflow, job, step, matrix);
    const text = fill(step.run).replace(/\$\{\{[^}]*\}\}/g, (whole) => whole.replace(/\s+/g, ''));
    const known = { ...env };
    for (const command of readShell(text, known)) {
      Object.assign(known, command.assignments);
      const [program = '', first = '', ...words] = command.words.map((word) => expand(word, known));
      if (!/^(docker|podman)$/.test(program)) continue;
      if (first === 'tag') tagged.set(words[0] ?? '', [...(tagged.get(words[0] ?? '') ?? []), words[1] ?? '']);
      if (first === 'push') pushed.add(words.at(-1) ?? '');
    }
  }
  for (const build of builds) {
    build.images = [...new Set(build.images.flatMap((image) => [image, ...(tagged.get(image) ?? [])]))];
    build.isPushed ||= build.images.some(
      (image) =>
        pushed.has(image) || pushed.has(image.replace(/:latest$/, '')) || pushed.has(image.replace(/:[^:/]*$/, '')),
    );
  }
}

/** The variables of a step, and what puts them and the matrix into a text. */
function valuesOf(
  workflow: Workflow,
  job: Job,
  step: Step,
  matrix: Record<string, string>,
): { env: Record<string, string>; fill: (text: string) => string } {
  const env = {
    ...stringsOf(objectAt(workflow.object, 'env')),
    ...stringsOf(objectAt(job.object, 'env')),
    ...stringsOf(objectAt(step.object, 'env')),
  };
  const fill = (text: string): string =>
    text.replace(/\$\{\{\s*(matrix|env)\.([\w.-]+)\s*\}\}/g, (whole, kind: string, name: string) => {
      const value = kind === 'matrix' ? matrix[name] : env[name];
      return value ?? whole;
    });
  return { env, fill };
}

/** Every combination of a job's matrix, as far as it is written out. */
function matrixOf(job: JsonObject): Record<string, string>[] {
  const matrix = objectAt(job, 'strategy', 'matrix');
  let rows: Record<string, string>[] = [{}];
  for (const [key, values] of Object.entries(matrix)) {
    if (key === 'include' || key === 'exclude' || !Array.isArray(values)) continue;
    rows = rows.flatMap((row) =>
      values.map((value) =>
        isObject(value)
          ? {
              ...row,
              ...Object.fromEntries(Object.keys(value).map((name) => [`${key}.${name}`, textAt(value, name) ?? ''])),
            }
          : { ...row, [key]: written(value) },
      ),
    );
  }
  const included = objectsAt(matrix, 'include').map((entry) =>
    Object.fromEntries(Object.keys(entry).map((name) => [name, textAt(entry, name) ?? ''])),
  );
  const isEmpty = rows.length === 1 && Object.keys(rows[0] ?? {}).length === 0;
  const all =
    isEmpty && included.length > 0
      ? included
      : rows.flatMap((row) => {
          const matching = included.filter((entry) => Object.entries(row).some(([key, value]) => entry[key] === value));
          return matching.length > 0 ? matching.map((entry) => ({ ...row, ...entry })) : [row];
        });
  return all.slice(0, 20);
}

function buildsOfStep(workflow: Workflow, job: Job, step: Step, matrix: Record<string, string>): Build[] {
  const { env, fill } = valuesOf(workflow, job, step, matrix);
  const place = step.place;
  if (/^docker\/build-push-action@/.test(step.uses)) {
    const inputs = objectAt(step.object, 'with');
    const written = fill(textAt(inputs, 'context') ?? '.');
    // Without a context the action builds from git, at the root of the repository.
    const subfolder = /^\{\{\s*defaultContext\s*\}\}(?::(.*))?$/.exec(written);
    const context = subfolder ? (subfolder[1] ?? '.') : written;
    if (/^(https?:|git@)|\$\{\{/.test(context)) return [];
    const folder = path.posix.normalize(context);
    const file = textAt(inputs, 'file');
    const filled = file === undefined ? undefined : fill(file);
    if (filled?.includes('${{')) return [];
    const dockerfile = path.posix.normalize(
      filled === undefined
        ? path.posix.join(folder, 'Dockerfile')
        : subfolder
          ? path.posix.join(folder, filled)
          : filled,
    );
    const args = Object.fromEntries(
      linesOf(textAt(inputs, 'build-args')).flatMap((line) => {
        const equals = line.indexOf('=');
        return equals < 0 ? [] : [[line.slice(0, equals).trim(), fill(line.slice(equals + 1).trim())]];
      }),
    );
    const keyPlace = filled === undefined ? placeOf(inputs, 'context') : placeOf(inputs, 'file');
    return [
      {
        dockerfile,
        context: folder,
        target: textAt(inputs, 'target') === undefined ? undefined : fill(textAt(inputs, 'target') ?? ''),
        args,
        given: new Map(Object.keys(args).map((name) => [name, placeOf(inputs, 'build-args')])),
        place: keyPlace.line > 1 ? keyPlace : place,
        by: 'workflow',
        images: tagsOf(workflow, job, inputs, fill),
        platforms: (textAt(inputs, 'platforms') ?? '')
          .split(/[\s,]+/)
          .filter(Boolean)
          .map(fill),
        isPushed:
          textAt(inputs, 'push') !== 'false' &&
          ('push' in inputs || /push=true|type=registry/.test(textAt(inputs, 'outputs') ?? '')),
      },
    ];
  }
  if (step.run === '') return [];
  const folder = fill(
    textAt(step.object, 'working-directory') ??
      textAt(job.object, 'defaults', 'run', 'working-directory') ??
      textAt(workflow.object, 'defaults', 'run', 'working-directory') ??
      '.',
  );
  if (folder.includes('${{')) return [];
  const text = fill(step.run).replace(/\$\{\{[^}]*\}\}/g, (whole) => whole.replace(/\s+/g, ''));
  return buildsOfScript(text, folder, placeOf(step.object, 'run'), 'workflow', env);
}

function stringsOf(object: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.keys(object).map((name) => [name, textAt(object, name) ?? '']));
}

function linesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The names that the action gives to the image, `docker/metadata-action` included. */
function tagsOf(workflow: Workflow, job: Job, inputs: JsonObject, fill: (text: string) => string): string[] {
  const tags = fill(textAt(inputs, 'tags') ?? '');
  const meta = /\$\{\{\s*steps\.([\w-]+)\.outputs\.tags\s*\}\}/.exec(tags);
  if (!meta) {
    return tags
      .split(/[\n,]+/)
      .map((tag) => tag.trim())
      .filter(Boolean);
  }
  const step = job.steps.find((candidate) => textAt(candidate.object, 'id') === meta[1]);
  // The action itself turns capitals into small letters.
  const images = linesOf(fill(textAt(step?.object, 'with', 'images') ?? ''))
    .flatMap((line) => line.split(','))
    .map((image) => image.replace(/\$\{\{[^}]*\}\}|[A-Z]/g, (part) => (part.length > 1 ? part : part.toLowerCase())));
  const rules = linesOf(fill(textAt(step?.object, 'with', 'tags') ?? ''));
  const names = rules.flatMap((rule) => {
    const raw = /type=raw,(?:.*value=)?([^,\s]+)/.exec(rule);
    return raw && !raw[1]?.includes('${{') ? [raw[1] ?? ''] : [`\${{${rule}}}`];
  });
  return images.flatMap((image) =>
    names.length === 0 ? [`${image.trim()}:\${{}}`] : names.map((name) => `${image.trim()}:${name}`),
  );
}

/** The `docker build` commands of a script, with the folder that each runs in. */
export function buildsOfScript(
  text: string,
  folder: string,
  place: Place,
  by: Build['by'],
  env: Record<string, string> = {},
): Build[] {
  const builds: Build[] = [];
  const pushed = new Set<string>();
  const tagged = new Map<string, string[]>();
  let current = folder;
  const known: Record<string, string> = { ...env };
  for (const command of readShell(text, known)) {
    Object.assign(known, command.assignments);
    const [program = '', ...words] = command.words.map((word) => expand(word, known));
    if (program === 'cd' && words[0] !== undefined && !words[0].includes('$')) {
      current =
        path.posix.isAbsolute(words[0]) || words[0] === '-'
          ? folder
          : path.posix.normalize(path.posix.join(current, words[0]));
    }
    if (!/^(docker|podman|nerdctl|buildah)$/.test(program)) continue;
    if (words[0] === 'push') pushed.add(words.at(-1) ?? '');
    if (words[0] === 'tag') tagged.set(words[1] ?? '', [...(tagged.get(words[1] ?? '') ?? []), words[2] ?? '']);
    const build = buildCommand(words, current);
    if (build)
      builds.push({
        ...build,
        by,
        place: {
          file: place.file,
          line: by === 'workflow' ? place.line + command.line : place.line + command.line - 1,
        },
      });
  }
  for (const build of builds) {
    build.images = build.images.flatMap((image) => [image, ...(tagged.get(image) ?? [])]);
    build.isPushed ||= build.images.some((image) => pushed.has(image));
  }
  return builds;
}

const VALUED =
  /^(-t|--tag|-f|--file|--build-arg|--target|--platform|--label|--network|--cache-from|--cache-to|--secret|--ssh|--progress|--output|-o|--builder|--shm-size|--add-host|-m|--memory|--iidfile|--provenance|--sbom)$/;

function buildCommand(words: string[], folder: string): Omit<Build, 'by' | 'place'> | undefined {
  const start = words[0] === 'buildx' || words[0] === 'image' ? 1 : 0;
  if (!['build', 'bud'].includes(words[start] ?? '')) return undefined;
  const rest = words.slice(start + 1);
  const positional: string[] = [];
  const images: string[] = [];
  const args: Record<string, string> = {};
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] ?? '';
    const value = word.includes('=') && word.startsWith('--') ? word.slice(word.indexOf('=') + 1) : rest[i + 1];
    if (/^(-t|--tag)(=|$)/.test(word)) images.push(value ?? '');
    if (/^--build-arg(=|$)/.test(word)) {
      const [name = '', ...parts] = (value ?? '').split('=');
      if (parts.length > 0) args[name] = parts.join('=');
    }
    if (VALUED.test(word)) i++;
    else if (!word.startsWith('-') && !word.includes('>')) positional.push(word);
  }
  const context = positional[0];
  if (context === undefined || /^(https?:|git@)|[$`]|^-$/.test(context)) return undefined;
  const base = path.posix.normalize(path.posix.join(folder, context));
  const file = optionOf(rest, '-f', '--file');
  if (file !== undefined && (/[$`]/.test(file) || path.posix.isAbsolute(file) || file === '-')) return undefined;
  return {
    dockerfile:
      file === undefined ? path.posix.join(base, 'Dockerfile') : path.posix.normalize(path.posix.join(folder, file)),
    context: base,
    target: optionOf(rest, '--target'),
    args,
    images,
    platforms: (optionOf(rest, '--platform') ?? '').split(',').filter(Boolean),
    isPushed: rest.includes('--push'),
  };
}
