import { createRequire } from 'node:module';
import path from 'node:path';
import { environmentOf, readDockerfile, type Dockerfile, type Instruction, type Stage } from './dockerfile.ts';
import { mayWrite, toolsOf } from './node-tools.ts';
import type { Project } from './project.ts';
import { optionOf, readShell, type ShellCommand } from './shell.ts';
import type { Place } from './yaml.ts';

// The package's types describe an ES module, what it ships is CommonJS.
const dockerignore = createRequire(import.meta.url)('@balena/dockerignore') as (options: { ignorecase: boolean }) => {
  add: (text: string | string[]) => { ignores: (file: string) => boolean };
};

/** One way in which the project builds an image. */
export interface Build {
  dockerfile: string;
  context: string;
  target: string | undefined;
  args: Record<string, string>;
  /** The arguments that are given, those whose value is filled in later included, and where. */
  given?: Map<string, Place>;
  /** Where this is said. */
  place: Place;
  by: 'compose' | 'workflow' | 'script' | 'folder';
  /** Names under which the image is known, with their tags. */
  images: string[];
  platforms: string[];
  isPushed: boolean;
}

export interface Copy {
  from: string | undefined;
  sources: string[];
  destination: string;
  chmod: string | undefined;
  instruction: Instruction;
  stage: Stage;
}

/** What a Dockerfile makes: the instructions of a stage and of the stages it is built on. */
export interface Image {
  build: Build;
  dockerfile: Dockerfile;
  stage: Stage;
  /** The image that the first of the stages comes from. */
  base: string;
  workdir: string;
  env: Map<string, { value: string; line: number }>;
  user: string | undefined;
  command: Instruction | undefined;
  entrypoint: Instruction | undefined;
  exposed: { port: number; line: number }[];
  copies: Copy[];
  runs: { commands: ShellCommand[]; workdir: string; instruction: Instruction; stage: Stage }[];
  context: Context;
}

/** The folder that is sent to the builder. */
export interface Context {
  folder: string;
  ignoreFile: string | undefined;
  /** Why a path of the project is not in the context, undefined when it is. */
  lacks: (file: string) => 'missing' | 'outside' | 'dockerignore' | undefined;
  /** Whether `.dockerignore` would keep a file out, if it were there. */
  ignores: (file: string) => boolean;
}

/** Opens the context of a build with its `.dockerignore`. */
export function openContext(project: Project, build: Build): Context {
  const folder = path.posix.normalize(build.context).replace(/\/$/, '');
  const own = `${build.dockerfile}.dockerignore`;
  const common = path.posix.join(folder, '.dockerignore');
  const ignoreFile = [own, common].find((file) => project.kindOf(file) === 'file');
  const text = ignoreFile === undefined ? '' : (project.read(ignoreFile) ?? '');
  const rules = dockerignore({ ignorecase: false }).add(
    text.split('\n').map((line) => line.trim().replace(/^(!?)\.?\//, '$1')),
  );
  const isIgnored = (relative: string): boolean => {
    try {
      return rules.ignores(relative);
    } catch {
      return false;
    }
  };
  const inner = (file: string) => (folder === '.' ? file : file.slice(folder.length + 1));
  const anyInside = (dir: string, depth: number): boolean =>
    depth > 6 ||
    project.list(dir).some((name) => {
      const child = dir === '.' ? name : `${dir}/${name}`;
      return project.kindOf(child) === 'folder' ? anyInside(child, depth + 1) : !isIgnored(inner(child));
    });
  return {
    folder,
    ignoreFile,
    ignores: (file) => isIgnored(inner(path.posix.normalize(file))),
    lacks: (file) => {
      const clean = path.posix.normalize(file).replace(/\/$/, '');
      if (clean.startsWith('..') || (folder !== '.' && clean !== folder && !clean.startsWith(`${folder}/`))) {
        return 'outside';
      }
      const kind = project.kindOf(clean);
      if (kind === undefined) return 'missing';
      if (clean === folder || clean === '.' || !isIgnored(inner(clean))) return undefined;
      return kind === 'folder' && anyInside(clean, 0) ? undefined : 'dockerignore';
    },
  };
}

/** Reads the Dockerfile of a build and follows its stages; undefined when there is none. */
export function readImage(project: Project, build: Build): Image | undefined {
  const text = project.read(build.dockerfile);
  if (text === undefined) return undefined;
  const dockerfile = readDockerfile(build.dockerfile, text, build.args);
  const wanted = build.target?.toLowerCase();
  const stage =
    wanted === undefined
      ? dockerfile.stages.at(-1)
      : dockerfile.stages.find((candidate) => candidate.name === wanted || String(candidate.index) === wanted);
  if (!stage) return undefined;
  return imageOf(dockerfile, stage, build, openContext(project, build));
}

/** The image that a stage alone would make. */
export function imageOf(dockerfile: Dockerfile, stage: Stage, build: Build, context: Context): Image {
  const parent = dockerfile.stages.find(
    (candidate) => candidate.index < stage.index && candidate.name === stage.from.toLowerCase(),
  );
  const image: Image = parent
    ? { ...imageOf(dockerfile, parent, build, context), stage }
    : {
        build,
        dockerfile,
        stage,
        base: stage.from,
        workdir: '/',
        env: new Map(),
        user: undefined,
        command: undefined,
        entrypoint: undefined,
        exposed: [],
        copies: [],
        runs: [],
        context,
      };
  image.env = new Map(image.env);
  image.copies = [...image.copies];
  image.runs = [...image.runs];
  image.exposed = [...image.exposed];
  for (const instruction of stage.instructions) {
    switch (instruction.keyword) {
      case 'WORKDIR':
        image.workdir = path.posix.resolve(image.workdir, instruction.text.replace(/^["']|["']$/g, ''));
        break;
      case 'ENV':
        for (const [name, value] of environmentOf(instruction.text)) {
          image.env.set(name, { value, line: instruction.line });
        }
        break;
      case 'USER':
        image.user = instruction.text;
        break;
      case 'CMD':
        image.command = instruction;
        break;
      case 'ENTRYPOINT':
        image.entrypoint = instruction;
        // As docker does: a new entry point drops the command that the stages below had given.
        if (image.command && !stage.instructions.includes(image.command)) image.command = undefined;
        break;
      case 'EXPOSE':
        for (const word of instruction.text.split(/\s+/)) {
          const port = Number.parseInt(word, 10);
          if (Number.isInteger(port)) image.exposed.push({ port, line: instruction.line });
        }
        break;
      case 'COPY':
      case 'ADD': {
        const words = instruction.exec ?? wordsOf(instruction.text);
        const destination = words.at(-1);
        if (destination === undefined || words.length < 2) break;
        const resolved = path.posix.resolve(image.workdir, destination);
        image.copies.push({
          from: instruction.flags.from,
          sources: words.slice(0, -1).filter((word) => !word.startsWith('<<')),
          destination: /(\/|^\.|\/\.)$/.test(destination) ? `${resolved.replace(/\/$/, '')}/` : resolved,
          chmod: instruction.flags.chmod,
          instruction,
          stage,
        });
        break;
      }
      case 'RUN': {
        const exec = instruction.exec;
        const commands = (
          exec
            ? [{ words: exec, line: instruction.line, assignments: {}, after: ';' as const }]
            : readShell(instruction.raw, {}, instruction.line)
        ).flatMap(insideShell);
        image.runs.push({ commands, workdir: image.workdir, instruction, stage });
        break;
      }
    }
  }
  return image;
}

/** The commands that `bash -c "…"` runs. */
function insideShell(command: ShellCommand): ShellCommand[] {
  const [program = '', ...rest] = command.words;
  const script = rest[rest.findIndex((word) => /^-\w*c$/.test(word)) + 1];
  return /^(ba|da|a|z)?sh$/.test(path.posix.basename(program)) &&
    /^-/.test(rest[0] ?? '') &&
    script !== undefined &&
    script !== rest[0]
    ? readShell(script, {}, command.line)
    : [command];
}

function wordsOf(text: string): string[] {
  return readShell(text).flatMap((command) => [
    ...Object.entries(command.assignments).map(([name, value]) => `${name}=${value}`),
    ...command.words,
  ]);
}

/** Whether a path is in an image, and which path of the project it comes from. */
export interface Found {
  state: 'yes' | 'no' | 'unknown';
  source?: string;
  /** Why the source did not come along, when something should have brought it. */
  because?: 'dockerignore';
}

/** Base images that hold a system or a language, and no application. */
const PLAIN_BASES =
  /^(docker\.io\/|library\/|public\.ecr\.aws\/docker\/library\/|ghcr\.io\/astral-sh\/|mirror\.gcr\.io\/)?(library\/)?(python|node|alpine|debian|ubuntu|nginx|httpd|golang|rust|ruby|php|openjdk|eclipse-temurin|amazoncorretto|maven|gradle|scratch|busybox|oven\/bun|bun|denoland\/deno|astral\/uv|uv|caddy|postgres|mysql|mariadb|redis|mongo|nginxinc\/nginx-unprivileged)(:|@|$)/;

/** Whether an image holds a system or a language only, so that every other file must have been copied. */
export function isPlainBase(base: string): boolean {
  return PLAIN_BASES.test(base);
}

/** What system an official image is made of: Alpine, a Debian without its tools, or a whole Debian. */
export function systemOf(base: string): 'alpine' | 'slim' | 'debian' | undefined {
  if (/alpine/.test(base)) return 'alpine';
  const [, name = '', tag = ''] = /(?:^|\/)(python|node|debian|ubuntu|nginx)(?::([^@]*))?(?:@|$)/.exec(base) ?? [];
  if (name === '' || /windows|nanoserver|\$/.test(tag)) return undefined;
  return /slim/.test(tag) || /^(debian|ubuntu)$/.test(name) ? 'slim' : name === 'nginx' ? undefined : 'debian';
}

/** Looks for an absolute path in an image. */
export function findInImage(project: Project, image: Image, wanted: string, depth = 0): Found {
  if (wanted.includes('$')) return { state: 'unknown' };
  const target = path.posix.normalize(wanted);
  let unknown = false;
  let because: Found['because'];
  for (const copy of [...image.copies].reverse()) {
    if (copy.instruction.heredocs.length > 0 && isUnder(target, copy.destination)) return { state: 'yes' };
    for (const source of copy.sources) {
      const found = findInCopy(project, image, copy, source, target, depth);
      if (found.state === 'yes') return found;
      if (found.state === 'unknown') unknown = true;
      because ??= found.because;
    }
  }
  if (
    unknown ||
    !isPlainBase(image.base) ||
    image.runs.some((run) => mayMake(project, image, run, target) || buildsOnInstall(project, image, run))
  ) {
    return { state: 'unknown' };
  }
  return because ? { state: 'no', because } : { state: 'no' };
}

function isUnder(target: string, folder: string): boolean {
  const clean = folder.replace(/\/$/, '');
  return clean === '' || target === clean || target.startsWith(`${clean}/`);
}

function findInCopy(project: Project, image: Image, copy: Copy, source: string, target: string, depth: number): Found {
  if (copy.destination.includes('$')) return { state: 'unknown' };
  if (!isUnder(target, copy.destination)) return { state: 'no' };
  if (/[$]/.test(source) || /^(https?|git@|ssh):/.test(source)) return { state: 'unknown' };
  const below = target.slice(copy.destination.replace(/\/$/, '').length + 1);
  if (copy.from !== undefined) {
    const name = copy.from.toLowerCase();
    const stage = image.dockerfile.stages.find(
      (candidate) => candidate.name === name || String(candidate.index) === name,
    );
    if (!stage || depth > 8) return { state: 'unknown' };
    const other = imageOf(image.dockerfile, stage, image.build, image.context);
    const absolute = path.posix.resolve('/', source);
    const asFolder = findInImage(project, other, path.posix.join(absolute, below), depth + 1);
    if (asFolder.state === 'yes') return asFolder;
    const asFile =
      below === '' || below === path.posix.basename(absolute)
        ? findInImage(project, other, absolute, depth + 1)
        : asFolder;
    return asFile.state === 'yes' ? asFile : asFolder.state === 'unknown' ? asFolder : asFile;
  }
  const root = path.posix.join(image.context.folder, path.posix.join('/', source));
  const candidates = [path.posix.join(root, below)];
  if (/[*?[]/.test(source)) {
    const folder = path.posix.dirname(root);
    const pattern = globPattern(path.posix.basename(root));
    candidates.length = 0;
    const matches = project.list(folder).filter((entry) => pattern.test(entry));
    if (matches.length === 0) return { state: project.kindOf(folder) === 'folder' ? 'no' : 'unknown' };
    for (const name of matches) {
      const match = path.posix.join(folder, name);
      if (project.kindOf(match) === 'folder') candidates.push(path.posix.join(match, below));
      else if (below === '' || below === name) candidates.push(match);
    }
  } else if (project.kindOf(root) === undefined) {
    // A copy that fails is told by a rule of its own; what it would have brought is not known.
    return { state: 'unknown' };
  } else if (project.kindOf(root) === 'file') {
    candidates.length = 0;
    if (below === '' || below === path.posix.basename(root)) candidates.push(root);
  }
  for (const candidate of candidates) {
    const lack = image.context.lacks(candidate);
    if (lack === undefined) return { state: 'yes', source: candidate };
    if (lack === 'dockerignore') return { state: 'no', because: 'dockerignore' };
  }
  return { state: 'no' };
}

/** A pattern of `COPY` as a regular expression. */
export function globPattern(glob: string): RegExp {
  const escaped = glob
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*+/g, '[^/]*')
    .replace(/\?/g, '[^/]');
  try {
    return new RegExp(`^${escaped}$`);
  } catch {
    return /^$/;
  }
}

/** Programs of a `RUN` that put no file of an application into the image. */
export const INSTALLERS =
  /^(apt|apt-get|apk|yum|dnf|pip|pip3|uv|poetry|pipenv|pdm|conda|mamba|chmod|chown|mkdir|adduser|addgroup|useradd|groupadd|rm|set|echo|ls|true|cd|export|locale-gen|update-ca-certificates|corepack|which|dos2unix|cat|test|\[)$/;

/** Whether a command names a file as what it writes: `poetry export -o …`, `uv pip compile --output-file …`. */
function writesTo(args: string[], target: string): boolean {
  const output = optionOf(args, '-o', '--output', '--output-file');
  return output !== undefined && path.posix.basename(output) === path.posix.basename(target);
}

/** Whether `npm install` also builds: `"postinstall": "tsc"`. */
function buildsOnInstall(project: Project, image: Image, run: Image['runs'][number]): boolean {
  if (!/\b(npm|pnpm|yarn|bun)\b/.test(run.instruction.raw) || /--ignore-scripts/.test(run.instruction.raw))
    return false;
  return [image.context.folder, path.posix.dirname(image.dockerfile.path)].some((folder) =>
    /"(pre|post)?(install|prepare)"\s*:\s*"[^"]*(build|compile|tsc|webpack|bundle)/.test(
      project.read(path.posix.join(folder, 'package.json')) ?? '',
    ),
  );
}

/** Whether a `RUN` may have put a file at that path: anything but installing packages and tools that are known may. */
function mayMake(project: Project, image: Image, run: Image['runs'][number], target: string): boolean {
  let folder = run.workdir;
  return run.commands.some(({ words }) => {
    const first = words.findIndex((word) => !/^(sudo|if|then|else|elif|do|while|!|\{)$/.test(word));
    const [program = '', ...rest] = first < 0 ? [] : words.slice(first);
    if (/^(fi|done|esac|for|\}|)$/.test(program)) return false;
    if (rest.some((word) => word.startsWith('>')) || words.some((word) => word.includes('>'))) return true;
    if (program === 'cd') folder = path.posix.resolve(folder, rest[0] ?? '.');
    if (/^(npm|pnpm|yarn|bun|npx)$/.test(program)) {
      if (target.includes('/node_modules')) return true;
      if (/^(add|config|cache|set)$/.test(rest[0] ?? '')) return false;
      if (path.posix.basename(target) === 'package.json' && !/^(ci|i|install)$/.test(rest[0] ?? '')) return true;
      const { list, isKnown } = toolsOf(project, image, words, folder);
      return !isKnown || list.some((tool) => mayWrite(project, image, tool, target));
    }
    if (/^python3?$/.test(program)) return !(rest[0] === '-m' && /^(pip|venv|virtualenv|uv)$/.test(rest[1] ?? ''));
    if (program === 'sed') return false;
    if (writesTo(rest, target)) return true;
    // `uv lock`, `poetry run …`
    const name = path.posix.basename(target);
    if (/^(uv|poetry|pipenv|pdm)$/.test(program)) {
      if (/^(run|init|new|build|import|use)$/.test(rest[0] ?? '')) return true;
      if (/^(lock|add|install|sync)$/.test(rest[0] ?? '') && /\.lock$|^Pipfile/.test(name)) return true;
    }
    return (
      !INSTALLERS.test(path.posix.basename(program)) || target.includes('/.venv') || target.includes('/node_modules')
    );
  });
}
