import path from 'node:path';
import { objectIn } from '../read/object-file.ts';
import type { Remark, Rule } from '../findings.ts';
import type { Model } from '../model.ts';
import { roleOf } from '../read/images.ts';
import { optionOf, readShell, type ShellCommand } from '../read/shell.ts';
import type { Job, Step, Workflow } from '../read/workflow.ts';
import { objectAt, placeOf, textAt, type JsonObject, type Place } from '../read/yaml.ts';
import { literal, nearest } from '../words.ts';

/** Where a job has the repository: the folder of its workspace that holds it, or why that cannot be told. */
type Workspace = { root: string; checkout: Step } | 'none' | 'unknown';

function workspaceOf(job: Job): Workspace {
  const checkouts = job.steps.filter((step) => /(^|\/)checkout@/.test(step.uses));
  const isMade = job.steps.some(
    (step) =>
      /download-artifact|actions\/cache@|git-clone/.test(step.uses) ||
      /git (clone|pull|fetch|init)|mkdir|unzip|tar |npx create|django-admin startproject/.test(step.run),
  );
  const [checkout] = checkouts;
  if (isMade || checkouts.some((step) => textAt(step.object, 'with', 'repository') !== undefined)) return 'unknown';
  if (!checkout) return /self-hosted|\$\{\{/.test(job.runsOn) || 'container' in job.object ? 'unknown' : 'none';
  const root = textAt(checkout.object, 'with', 'path') ?? '.';
  return checkouts.length > 1 || root.includes('$') ? 'unknown' : { root: clean(root), checkout };
}

function clean(folder: string): string {
  return path.posix.normalize(folder).replace(/(.)\/$/, '$1');
}

/** What a command needs to find, seen from the folder that it runs in. */
interface Need {
  file: string;
  kind: 'file' | 'folder' | 'manifest';
  /** What the command says when it is not there. */
  words: string;
}

const SCRIPT = /^(\.\/)?[\w./-]+\.(py|[cm]?js|ts|sh|bash)$/;

function needOf({ words }: ShellCommand): Need | undefined {
  const [program = '', first = '', second = ''] = words;
  const file = (name: string, said: string): Need => ({ file: name, kind: 'file', words: said });
  const manifest = (name: string, said: string): Need => ({ file: name, kind: 'manifest', words: said });
  if (program === 'cd' && first !== '')
    return { file: first, kind: 'folder', words: `cd: ${first}: No such file or directory` };
  if (
    program === 'npm' &&
    (first === 'ci' || first === 'test' || first === 't' || (first === 'run' && second !== '')) &&
    !words.some((word) => /^(--prefix|-C|--workspace|-w)/.test(word))
  )
    return manifest(
      'package.json',
      'npm error enoent Could not read package.json: Error: ENOENT: no such file or directory',
    );
  if (
    program === 'pnpm' &&
    /^(i|install|run|test|build)$/.test(first) &&
    !words.some((word) => /^(-C|--dir|--filter|-F)/.test(word))
  )
    return manifest('package.json', 'ERR_PNPM_NO_PKG_MANIFEST No package.json found');
  if (
    program === 'uv' &&
    /^(sync|lock|run)$/.test(first) &&
    !words.some((word) => /^(--with|--script|--project|--directory|--no-project)/.test(word))
  )
    return first === 'run' && (SCRIPT.test(second) || /^(python3?|--)$/.test(second))
      ? undefined
      : manifest(
          'pyproject.toml',
          first === 'run'
            ? `error: Failed to spawn: \`${second}\``
            : 'error: No `pyproject.toml` found in current directory or any parent directory',
        );
  if (program === 'poetry' && /^(install|run|build|check)$/.test(first))
    return manifest('pyproject.toml', 'Poetry could not find a pyproject.toml file in … or its parents');
  const isPip =
    (/^pip3?$/.test(program) && first === 'install') ||
    (/^python3?$/.test(program) && first === '-m' && second === 'pip') ||
    (program === 'uv' && first === 'pip' && second === 'install');
  if (isPip) {
    const list = optionOf(words, '-r', '--requirement');
    return list === undefined
      ? undefined
      : file(list, `ERROR: Could not open requirements file: [Errno 2] No such file or directory: '${list}'`);
  }
  if (program === 'kubectl' && /^(apply|create)$/.test(first)) {
    const name = optionOf(words, '-f', '--filename');
    return name === undefined ? undefined : file(name, `error: the path "${name}" does not exist`);
  }
  if ((program === 'docker' && first === 'compose') || program === 'docker-compose') {
    const name = optionOf(words, '-f', '--file');
    return name === undefined ? undefined : file(name, `open …/${name}: no such file or directory`);
  }
  if (/^python3?$/.test(program) && SCRIPT.test(first))
    return file(first, `python: can't open file '…/${first}': [Errno 2] No such file or directory`);
  if (program === 'node' && SCRIPT.test(first)) return file(first, `Error: Cannot find module '…/${first}'`);
  if (/^(ba)?sh$/.test(program) && SCRIPT.test(first))
    return file(first, `${program}: ${first}: No such file or directory`);
  if (/^\.\/[\w./-]+\.(sh|bash|py)$/.test(program)) return file(program, `${program}: No such file or directory`);
  return undefined;
}

export const workflowPath: Rule = {
  id: 'workflow-path',
  title: {
    fr: 'Une étape du workflow travaille dans un dossier ou sur un fichier qui n’existe pas',
    en: 'A step of the workflow works in a folder or on a file that does not exist',
  },
  why: {
    fr: 'Le workflow part d’un dossier vide : actions/checkout y copie le dépôt. Chaque étape part de sa racine : un chemin s’écrit depuis là, ou depuis working-directory, et les majuscules comptent.',
    en: 'The workflow starts in an empty folder: actions/checkout copies the repository there. Each step starts at its root: a path is written from there, or from working-directory, and the case of letters counts.',
  },
  *check(model) {
    for (const workflow of model.workflows) {
      const known = new Map<string, Misplaced>();
      for (const job of workflow.jobs) {
        const workspace = workspaceOf(job);
        if (workspace === 'none') {
          const remark = noCheckout(workflow, job);
          if (remark) yield remark;
        } else if (workspace !== 'unknown') yield* misplacedSteps(model, workflow, job, workspace, known);
      }
      for (const misplaced of known.values()) yield manifestRemark(model, misplaced);
    }
  },
};

/** A job that works on files of the repository and never fetches them. */
function noCheckout(workflow: Workflow, job: Job): Remark | undefined {
  for (const step of job.steps) {
    const context = textAt(step.object, 'with', 'context');
    const isBuild =
      /^docker\/build-push-action@/.test(step.uses) && context !== undefined && !/^(https?:|git@)|\{\{/.test(context);
    const isLocal = step.uses.startsWith('./');
    const commands = isGuarded(step) ? [] : readShell(step.run);
    const needed = commands
      .map(needOf)
      .find((need) => need !== undefined && need.kind !== 'folder' && !/[$~*{]|^(https?:|\/|-)/.test(need.file));
    const builds = commands.some(
      ({ words }) => words[0] === 'docker' && words.includes('build') && /^\.?\/?[\w./-]*$/.test(words.at(-1) ?? '$'),
    );
    if (!isBuild && !isLocal && !needed && !builds) continue;
    const words = isLocal
      ? `Can't find 'action.yml' … Did you forget to run actions/checkout before running your local action?`
      : (needed?.words ?? 'failed to read dockerfile: open Dockerfile: no such file or directory');
    return {
      severity: 'error',
      place: step.place,
      about: `workflow checkout ${workflow.path} ${job.name}`,
      fr: [
        `Le travail « ${job.name} » n’a pas d’étape actions/checkout : son dossier est vide, et cette étape y cherche des fichiers du dépôt.`,
        `L’étape échoue : « ${words} ».`,
        'Mettez en premier sous « steps: » :\n- uses: actions/checkout@v4',
      ],
      en: [
        `The job "${job.name}" has no step actions/checkout: its folder is empty, and this step looks for files of the repository in it.`,
        `The step fails: "${words}".`,
        'Put first under "steps:":\n- uses: actions/checkout@v4',
      ],
    };
  }
  return undefined;
}

/** A script that looks whether things are there, or makes them, is left alone. */
function isGuarded(step: Step): boolean {
  return /if \[|test -[fde]|\|\||\$\(|<</.test(step.run);
}

/** A step that lacks the project's own file, and the other jobs that lack it too. */
interface Misplaced {
  job: Job;
  step: Step;
  place: Place;
  need: Need;
  root: string;
  others: string[];
}

function* misplacedSteps(
  model: Model,
  workflow: Workflow,
  job: Job,
  workspace: { root: string; checkout: Step },
  known: Map<string, Misplaced>,
): Generator<Remark> {
  const told = new Set<string>();
  const holders: [JsonObject | undefined, Step | undefined][] = [
    [objectAt(job.object, 'defaults', 'run'), undefined],
    [objectAt(workflow.object, 'defaults', 'run'), undefined],
  ];
  for (const step of job.steps) {
    if (step.run === '') continue;
    const [holder] = [[step.object, step] as const, ...holders].find(
      ([each]) => textAt(each, 'working-directory') !== undefined,
    ) ?? [undefined];
    const folder = textAt(holder, 'working-directory') ?? '.';
    if (/[$~]|^\//.test(folder)) continue;
    const start = clean(folder);
    if (holder && kindIn(model, workspace.root, start) !== 'folder') {
      if (told.has(start)) continue;
      told.add(start);
      yield missingFolder(model, placeOf(holder, 'working-directory'), folder, start);
      continue;
    }
    const late =
      job.steps.indexOf(step) < job.steps.indexOf(workspace.checkout)
        ? lateCheckout(step, workspace.checkout)
        : undefined;
    if (late) {
      yield late;
      return;
    }
    yield* missingInputs(model, job, step, start, workspace, told, known);
  }
}

/** A step that works on files of the repository, before the one that fetches it. */
function lateCheckout(step: Step, checkout: Step): Remark | undefined {
  const need = readShell(step.run)
    .map(needOf)
    .find((each) => each !== undefined && !/[$*{~]|^(https?:|-|\/)/.test(each.file));
  if (!need) return undefined;
  return {
    severity: 'error',
    place: step.place,
    about: `workflow path ${checkout.place.file}:${checkout.place.line}`,
    fr: [
      `Cette étape a besoin de « ${need.file} », et le dépôt n’est copié qu’après (actions/checkout, ligne ${checkout.place.line}).`,
      `L’étape échoue : « ${need.words} ».`,
      'Mettez actions/checkout en premier.',
    ],
    en: [
      `This step needs "${need.file}", and the repository is copied only after it (actions/checkout, line ${checkout.place.line}).`,
      `The step fails: "${need.words}".`,
      'Put actions/checkout first.',
    ],
  };
}

/** What lies at a path of the workspace, when the repository lies in a folder of it. */
function kindIn(model: Model, root: string, target: string): 'file' | 'folder' | undefined {
  if (root === '.') return model.project.kindOf(target);
  if (target === '.') return 'folder';
  if (target === root || target.startsWith(`${root}/`))
    return model.project.kindOf(target.slice(root.length + 1) || '.');
  return root.startsWith(`${target}/`) ? 'folder' : undefined;
}

function missingFolder(model: Model, place: Place, folder: string, start: string): Remark {
  const folders = [
    ...new Set(
      model.project.files.flatMap(({ path: file }) => {
        const parts = file.split('/').slice(0, -1);
        return parts.map((_, depth) => parts.slice(0, depth + 1).join('/'));
      }),
    ),
  ];
  const role = roleOf(path.posix.basename(start));
  const beside = folders.filter((each) => path.posix.dirname(each) === path.posix.dirname(start));
  const right =
    model.project.otherCase(start) ??
    nearest(start, folders, 3) ??
    folders.find((each) => each.endsWith(`/${start}`)) ??
    (role === undefined ? undefined : beside.find((each) => roleOf(path.posix.basename(each)) === role));
  const words = `An error occurred trying to start process '/usr/bin/bash' with working directory '…/${start}'. No such file or directory`;
  return {
    severity: 'error',
    place,
    about: `context ${start}`,
    fr: [
      `Le dossier « ${folder} » n’existe pas dans le dépôt${right === undefined ? '' : ` ; il y a « ${right} »`}.`,
      `L’étape échoue : « ${words} ».`,
      right === undefined ? 'Corrigez le chemin.' : `Écrivez : working-directory: ${right}`,
    ],
    en: [
      `The folder "${folder}" does not exist in the repository${right === undefined ? '' : `; there is "${right}"`}.`,
      `The step fails: "${words}".`,
      right === undefined ? 'Mend the path.' : `Write: working-directory: ${right}`,
    ],
  };
}

/** Files that the commands of a step read, and that are not where they look. */
function* missingInputs(
  model: Model,
  job: Job,
  step: Step,
  start: string,
  workspace: { root: string; checkout: Step },
  told: Set<string>,
  known: Map<string, Misplaced>,
): Generator<Remark> {
  if (isGuarded(step)) return;
  const { root } = workspace;
  const written = placeOf(step.object, 'run');
  let folder = start;
  for (const command of readShell(step.run)) {
    const need = needOf(command);
    if (!need) continue;
    const place = { file: written.file, line: written.line + (step.run.includes('\n') ? command.line : 0) };
    if (need.kind === 'folder') {
      if (/[$~*]|^[/-]/.test(need.file)) return;
      const next = clean(path.posix.join(folder, need.file));
      if (next.startsWith('..')) return;
      if (kindIn(model, root, next) === undefined) {
        if (!told.has(next)) yield fileRemark(place, need, next, twinOf(model, next, 'folder'));
        told.add(next);
        return;
      }
      folder = next;
      continue;
    }
    if (/[$*{~]|^(https?:|-|\/)/.test(need.file)) continue;
    const target = clean(path.posix.join(folder, need.file));
    // Package managers look in the folders above too.
    const above =
      need.kind === 'manifest'
        ? folder.split('/').map((_, depth, parts) => path.posix.join(parts.slice(0, depth).join('/') || '.', need.file))
        : [];
    if (target.startsWith('..')) continue;
    const held = [target, ...above.toReversed()].find((each) => kindIn(model, root, each) !== undefined);
    if (held !== undefined) {
      const script = root === '.' && need.file === 'package.json' ? missingScript(model, held, command) : undefined;
      if (script !== undefined && !told.has(`${held} ${script}`)) yield scriptRemark(model, place, held, script);
      told.add(`${held} ${script ?? ''}`);
      continue;
    }
    // What git ignores may be made on the way; so may what a command of the job writes.
    if (!model.project.isShared(target) || isWritten(job, path.posix.basename(need.file))) continue;
    const key = need.kind === 'manifest' ? need.file : target;
    if (told.has(key)) return;
    told.add(key);
    if (root !== '.' && model.project.kindOf(target) !== undefined) yield besideCheckout(workspace, root, need);
    else if (need.kind === 'manifest') {
      const other = known.get(need.file);
      if (other) other.others.push(job.name);
      else known.set(need.file, { job, step, place, need, root, others: [] });
    } else yield fileRemark(place, need, target, twinOf(model, target, 'file'));
    return;
  }
}

/** A script that a command runs and `package.json` does not have. */
function missingScript(model: Model, file: string, { words }: ShellCommand): string | undefined {
  const [program = '', first = '', second = ''] = words;
  const name = first === 'run' || first === 'run-script' ? second : /^(test|t)$/.test(first) ? 'test' : undefined;
  if (
    !/^(npm|pnpm)$/.test(program) ||
    name === undefined ||
    words.some((word) => /^(--if-present|-r|--recursive|--workspaces|-ws)$/.test(word))
  )
    return undefined;
  const scripts = Object.keys(objectAt(objectIn(model.project, file), 'scripts'));
  return /^[\w:.-]+$/.test(name) && !name.startsWith('-') && !scripts.includes(name) && name !== 'env'
    ? name
    : undefined;
}

function scriptRemark(model: Model, place: Place, file: string, name: string): Remark {
  const scripts = Object.keys(objectAt(objectIn(model.project, file), 'scripts'));
  const near = nearest(name, scripts, 3);
  return {
    severity: 'error',
    place,
    about: `workflow path ${place.file}:${place.line}`,
    fr: [
      `${file} n’a pas de script « ${name} »${scripts.length === 0 ? '' : ` (il a : ${scripts.slice(0, 6).join(', ')})`}.`,
      `L’étape échoue : « npm error Missing script: "${name}" ».`,
      near === undefined
        ? `Ajoutez-le à ${file}, sous "scripts", ou enlevez cette ligne.`
        : `Écrivez : npm run ${near}`,
    ],
    en: [
      `${file} has no script "${name}"${scripts.length === 0 ? '' : ` (it has: ${scripts.slice(0, 6).join(', ')})`}.`,
      `The step fails: "npm error Missing script: "${name}"".`,
      near === undefined ? `Add it to ${file}, under "scripts", or remove this line.` : `Write: npm run ${near}`,
    ],
  };
}

function isWritten(job: Job, base: string): boolean {
  const pattern = new RegExp(`(export|compile|>|tee|envsubst|-o|curl|wget|echo|freeze|cp|mv)[^\\n]*${literal(base)}`);
  return job.steps.some((step) => pattern.test(step.run));
}

/** The only path of the project that ends in the same name. */
function twinOf(model: Model, target: string, kind: 'file' | 'folder'): string | undefined {
  const base = path.posix.basename(target);
  const names =
    kind === 'file'
      ? model.project.files.map((each) => each.path)
      : [...new Set(model.project.files.map((each) => path.posix.dirname(each.path)))];
  const twins = names.filter((each) => path.posix.basename(each) === base);
  return model.project.otherCase(target) ?? (twins.length === 1 ? twins[0] : undefined);
}

function fileRemark(place: Place, need: Need, target: string, right: string | undefined): Remark {
  return {
    severity: 'error',
    place,
    about: `workflow path ${place.file}:${place.line}`,
    fr: [
      `« ${target} » n’existe pas à cet endroit du dépôt${right === undefined ? '' : ` ; il y a « ${right} »`}.`,
      `L’étape échoue : « ${need.words} ».`,
      right === undefined ? 'Corrigez le chemin, ou enlevez cette commande.' : `Écrivez : ${right}`,
    ],
    en: [
      `"${target}" does not exist in that place of the repository${right === undefined ? '' : `; there is "${right}"`}.`,
      `The step fails: "${need.words}".`,
      right === undefined ? 'Mend the path, or remove this command.' : `Write: ${right}`,
    ],
  };
}

/** The repository was put into a folder, and the step works beside it. */
function besideCheckout({ checkout }: { checkout: Step }, root: string, need: Need): Remark {
  const place = placeOf(objectAt(checkout.object, 'with'), 'path');
  return {
    severity: 'error',
    place,
    about: `workflow path ${place.file}:${place.line}`,
    fr: [
      `Le dépôt est copié dans « ${root} » (path:), et les étapes qui suivent travaillent à côté : « ${need.file} » n’y est pas.`,
      `L’étape échoue : « ${need.words} ».`,
      `Enlevez path:, ou ajoutez aux étapes : working-directory: ${root}`,
    ],
    en: [
      `The repository is copied into "${root}" (path:), and the steps after it work beside it: "${need.file}" is not there.`,
      `The step fails: "${need.words}".`,
      `Remove path:, or add to the steps: working-directory: ${root}`,
    ],
  };
}

/** `package.json` or `pyproject.toml` lies in a folder of the project: told once for a workflow. */
function manifestRemark(model: Model, { job, step, place, need, root, others }: Misplaced): Remark {
  const found = model.project.files
    .map((each) => each.path)
    .filter((each) => path.posix.basename(each) === need.file && model.project.isShared(each));
  const folders = found.map((each) => path.posix.dirname(each)).filter((each) => each !== '.');
  const named = folders.filter((each) =>
    `${job.name} ${textAt(job.object, 'name') ?? ''} ${textAt(step.object, 'name') ?? ''}`
      .toLowerCase()
      .includes(path.posix.basename(each).toLowerCase()),
  );
  const right = folders.length === 1 ? folders[0] : named.length === 1 ? named[0] : undefined;
  const isSole = job.steps.filter((each) => each.run !== '').length === 1;
  const moved = root === '.' ? '' : ` (le dépôt est copié dans « ${root} » : enlevez aussi path:)`;
  const movedEn = root === '.' ? '' : ` (the repository is copied into "${root}": remove path: too)`;
  const lines = (folder: string) =>
    isSole ? `working-directory: ${folder}` : `defaults:\n  run:\n    working-directory: ${folder}`;
  const list = folders.slice(0, 4).join(', ');
  return {
    severity: 'error',
    place,
    about: `workflow path ${place.file}:${place.line}`,
    fr: [
      `Il n’y a pas de ${need.file} là où cette étape travaille${folders.length === 0 ? '' : ` ; il est dans « ${right ?? list} »`}${moved}.`,
      `L’étape échoue : « ${need.words} ».`,
      folders.length === 0
        ? `Ajoutez ${need.file} au dépôt, ou enlevez cette étape.`
        : `Ajoutez ${isSole ? 'à l’étape' : `au travail « ${job.name} »${others.length === 0 ? '' : ` (et à ${others.join(', ')})`}, à côté de runs-on`} :\n${lines(right ?? folders[0] ?? '.')}`,
    ],
    en: [
      `There is no ${need.file} where this step works${folders.length === 0 ? '' : `; it is in "${right ?? list}"`}${movedEn}.`,
      `The step fails: "${need.words}".`,
      folders.length === 0
        ? `Add ${need.file} to the repository, or remove this step.`
        : `Add to the ${isSole ? 'step' : `job "${job.name}"${others.length === 0 ? '' : ` (and to ${others.join(', ')})`}, beside runs-on`}:\n${lines(right ?? folders[0] ?? '.')}`,
    ],
  };
}
