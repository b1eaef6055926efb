import { builtinModules } from 'node:module';
import path from 'node:path';
import { objectIn } from './object-file.ts';
import type { Image } from './image.ts';
import type { Project } from './project.ts';
import { isObject, objectAt, textAt, type JsonObject } from './yaml.ts';

/** Whether what a file imports is installed: as said, only for development, or not at all. */
export type Presence = 'yes' | 'dev' | 'no' | 'unknown';

/** What a lock file tells; `alone`: it is there, and no other package asks for it. */
type Locked = Presence | 'alone';

/** The packages that the files of a folder can import, by its `package.json` and those above, and by the lock file. */
export interface NodePackages {
  /** The nearest `package.json`. */
  file: string;
  manifest: JsonObject;
  has: (name: string) => Presence;
}

const BUILT_IN = new Set([...builtinModules, 'bun']);

/** The package that a module is of: `@scope/name` of `@scope/name/part`; undefined for what is no package. */
export function packageName(module: string): string | undefined {
  if (/^[./~#$]|^@\/|^[a-z+]+:|\?|^\\|!|^$/.test(module)) return undefined;
  const [first = '', second] = module.split('/');
  if (BUILT_IN.has(first) || BUILT_IN.has(module)) return undefined;
  const name = first.startsWith('@') ? (second === undefined ? undefined : `${first}/${second}`) : first;
  return name !== undefined && /^(@[a-z0-9~._-]+\/)?[a-z0-9._-]+$/i.test(name) ? name : undefined;
}

const known = new WeakMap<Project, Map<string, NodePackages | undefined>>();

/** The packages that a source file can import; undefined when no `package.json` stands above it. */
export function nodePackages(project: Project, source: string): NodePackages | undefined {
  const folder = path.posix.dirname(source);
  const held = known.get(project) ?? new Map<string, NodePackages | undefined>();
  known.set(project, held);
  if (!held.has(folder)) held.set(folder, readPackages(project, folder));
  return held.get(folder);
}

function readPackages(project: Project, folder: string): NodePackages | undefined {
  const manifests: { file: string; value: JsonObject }[] = [];
  const locks: ((name: string) => Locked)[] = [];
  for (let at = folder; ; at = path.posix.dirname(at)) {
    const file = path.posix.join(at, 'package.json');
    const value = objectIn(project, file);
    if (value) manifests.push({ file, value });
    const lock = readLock(project, at);
    if (lock && isObject(value)) locks.push(lock);
    if (at === '.' || at === '/') break;
  }
  const [nearest] = manifests;
  if (!nearest) return undefined;
  const isDeclared = (key: string, name: string) => manifests.some(({ value }) => name in objectAt(value, key));
  return {
    file: nearest.file,
    manifest: nearest.value,
    has: (name) => {
      if (['dependencies', 'optionalDependencies', 'peerDependencies'].some((key) => isDeclared(key, name)))
        return 'yes';
      if (manifests.some(({ value }) => textAt(value, 'name') === name)) return 'yes';
      const isDev = isDeclared('devDependencies', name);
      // A lock file tells whether something else needs it in production too.
      const [lock] = locks;
      const locked = lock?.(name) ?? 'unknown';
      if (isDev) return locked === 'dev' || locked === 'alone' || locked === 'no' ? 'dev' : 'unknown';
      return locked === 'alone' ? 'yes' : locked;
    },
  };
}

/** What a folder's lock file says of a package; undefined without one. */
function readLock(project: Project, folder: string): ((name: string) => Locked) | undefined {
  const read = (name: string) => project.read(path.posix.join(folder, name));
  const npm = read('package-lock.json') ?? read('npm-shrinkwrap.json');
  if (npm !== undefined) return readNpm(npm);
  const yarn = read('yarn.lock');
  if (yarn !== undefined) {
    const names = new Set([...yarn.matchAll(/^"?((?:@[^@/"]+\/)?[^@"\s]+)@/gm)].map((match) => match[1] ?? ''));
    // What another package asks for stands indented below it; where a workspace has several, others may ask too.
    const needed = new Set(
      [...yarn.matchAll(/^ {4}"?((?:@[^/"\s]+\/)?[^/"\s:]+)"?:? /gm)].map((match) => match[1] ?? ''),
    );
    const isShared = /"workspaces"/.test(read('package.json') ?? '');
    return (name) => (!names.has(name) ? 'no' : needed.has(name) || isShared ? 'yes' : 'alone');
  }
  const pnpm = read('pnpm-lock.yaml');
  if (pnpm !== undefined) {
    // pnpm lets a package see what it declares, unless it is told to behave like npm.
    const settings = `${read('.npmrc') ?? ''}\n${read('pnpm-workspace.yaml') ?? ''}`;
    const isHoisted = /hoist|node-?linker/i.test(settings);
    return () => (isHoisted ? 'unknown' : 'no');
  }
  const bun = read('bun.lock');
  if (bun !== undefined) {
    const names = new Set([...bun.matchAll(/^\s+"((?:@[^"/]+\/)?[^"/]+)": \[/gm)].map((match) => match[1] ?? ''));
    return (name) => (names.has(name) ? 'yes' : 'no');
  }
  return undefined;
}

function readNpm(text: string): ((name: string) => Presence) | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const packages = objectAt(value, 'packages');
  const entries = Object.entries(packages);
  // The first version of the file lists packages by their names.
  const top = entries.length > 0 ? undefined : objectAt(value, 'dependencies');
  if (!top && entries.length === 0) return undefined;
  return (name) => {
    const held = top
      ? name in top
        ? [objectAt(top, name)]
        : []
      : entries
          .filter(([key]) => key === `node_modules/${name}` || key.endsWith(`/node_modules/${name}`))
          .map(([, each]) => objectAt(each));
    if (held.length === 0) return 'no';
    return held.every((each) => each.dev === true || each.devOptional === true) ? 'dev' : 'yes';
  };
}

/** What of `package.json` an image installs: all of it, only what production needs, or nothing that is known. */
export function installOf(
  image: Image,
  stages: (name: string) => Image | undefined,
  depth = 0,
): 'all' | 'production' | 'unknown' {
  let found: 'all' | 'production' | 'unknown' = 'unknown';
  const steps = [
    ...image.runs.map((run) => ({ line: run.instruction.line, run, copy: undefined })),
    ...image.copies.map((copy) => ({ line: copy.instruction.line, run: undefined, copy })),
  ].sort((a, b) => a.line - b.line);
  for (const { run, copy } of steps) {
    if (copy) {
      if (copy.from === undefined || depth > 6) continue;
      const other = stages(copy.from.toLowerCase());
      if (
        !copy.sources.some(
          (source) =>
            /node_modules\/?$|^\/(app|src|usr\/src(\/app)?|home\/node(\/app)?)?\/?\.?$/.test(source) ||
            source === other?.workdir,
        )
      )
        continue;
      found = other ? installOf(other, stages, depth + 1) : 'unknown';
      continue;
    }
    for (const { words, assignments } of run.commands) {
      const [program = '', verb = ''] = words;
      const isInstall =
        (program === 'npm' && /^(ci|i|install|clean-install|prune)$/.test(verb)) ||
        (program === 'pnpm' && /^(i|install|prune)$/.test(verb)) ||
        (program === 'yarn' && /^(install|)$/.test(verb.startsWith('-') ? '' : verb)) ||
        (program === 'bun' && /^(i|install)$/.test(verb));
      if (!isInstall) {
        if (/^(npm|pnpm|yarn|bun)$/.test(program) && /^(add|workspaces|deploy)$/.test(verb)) found = 'unknown';
        continue;
      }
      if (words.slice(2).some((word) => /^[@\w]/.test(word) && !/^(dev|prod|production)$/.test(word))) continue;
      const text = words.join(' ');
      const isEnv =
        program !== 'bun' &&
        (assignments.NODE_ENV ?? valueAt(image, 'NODE_ENV', run.instruction.line)) === 'production' &&
        !/--include[= ]dev|--production=false|--prod=false|--no-production/.test(text);
      found =
        isEnv || /--omit[= ]dev|--only[= ]prod|--production(?!=false)|--prod(?!=false)\b|\s-P\b/.test(text)
          ? 'production'
          : 'all';
    }
  }
  return found;
}

/** A variable of the image, if it was set before a line of the same file. */
function valueAt(image: Image, name: string, line: number): string | undefined {
  const held = image.env.get(name);
  return held && held.line < line ? held.value : undefined;
}

/** Names that a Dockerfile installs besides those of `package.json`; undefined when they cannot be told. */
export function addedByHand(image: Image): Set<string> | undefined {
  const names = new Set<string>();
  for (const stage of image.dockerfile.stages) {
    for (const step of stage.instructions) {
      if (step.keyword !== 'RUN') continue;
      for (const [, list = ''] of step.raw.matchAll(/\b(?:npm|pnpm|yarn|bun)\s+(?:install|i|add|ci)\b([^&|;\n]*)/g)) {
        if (list.includes('$')) return undefined;
        for (const word of list.split(/\s+/)) {
          const [, name] = /^["']?((?:@[\w.-]+\/)?[\w.-]+)(?:@[^"']*)?["']?$/.exec(word) ?? [];
          if (name !== undefined && !word.startsWith('-')) names.add(name);
        }
      }
    }
  }
  return names;
}
