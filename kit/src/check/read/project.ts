import ignore, { type Ignore } from 'ignore';
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';

/** A file of the project. Paths are relative to its root, with `/`. */
export interface ProjectFile {
  path: string;
  size: number;
  executable: boolean;
}

/** Something that could not be looked at, told at the end of the report. */
export interface Unread {
  path: string;
  why: 'too-large' | 'binary' | 'template' | 'too-many' | 'broken-link' | 'denied';
}

/** The project's folder as git and docker see it. */
export interface Project {
  root: string;
  files: ProjectFile[];
  unread: Unread[];
  /** Paths that were read, in the order of reading. */
  lookedAt: Set<string>;
  /** The text of a file, or undefined when it is missing, binary or larger than a megabyte. */
  read: (file: string) => string | undefined;
  kindOf: (file: string) => 'file' | 'folder' | undefined;
  list: (folder: string) => string[];
  isExecutable: (file: string) => boolean;
  /** Whether run bits mean something here: copies and some disks lose them all. */
  keepsRunBits: boolean;
  /** Whether the path reaches those who clone the project: git tracks it, or does not ignore it. */
  isShared: (file: string) => boolean;
  /** The path as it stands on disk when only the case of its letters differs, undefined otherwise. */
  otherCase: (file: string) => string | undefined;
}

const MAX_FILES = 20_000;
const MAX_BYTES = 1_000_000;

/** Folders that hold what tools fetched or made. They count for `COPY`, but nobody wrote what is in them. */
const MADE_BY_TOOLS = new Set([
  '.git',
  'node_modules',
  '__pycache__',
  'site-packages',
  '.venv',
  'venv',
  '.tox',
  '.terraform',
  '.next',
  '.nuxt',
  '.svelte-kit',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  '.ipynb_checkpoints',
  '.idea',
  'vendor',
  'third_party',
  'bower_components',
  'target',
  'coverage',
]);

/** Lists the project's files without following links out of it, and answers what git would hold of them. */
export function openProject(root: string): Project {
  const files: ProjectFile[] = [];
  const unread: Unread[] = [];
  const lookedAt = new Set<string>();
  const texts = new Map<string, string | undefined>();
  const listings = new Map<string, string[]>();
  const absolute = (file: string) => path.join(root, file);

  const list = (folder: string): string[] => {
    let names = listings.get(folder);
    if (!names) {
      try {
        names = readdirSync(absolute(folder)).sort();
      } catch {
        names = [];
      }
      listings.set(folder, names);
    }
    return names;
  };

  const walk = (folder: string): void => {
    for (const name of list(folder)) {
      const file = folder === '.' ? name : `${folder}/${name}`;
      if (files.length >= MAX_FILES) return;
      let stat;
      try {
        stat = lstatSync(absolute(file));
        if (stat.isSymbolicLink()) {
          stat = statSync(absolute(file));
          // A link to a folder may lead round in a circle; what it shows is read where it lies.
          if (stat.isDirectory() || !isInside(realpathSync(root), realpathSync(absolute(file)))) continue;
        }
      } catch {
        unread.push({ path: file, why: 'broken-link' });
        continue;
      }
      if (stat.isDirectory()) {
        if (MADE_BY_TOOLS.has(name) || existsSync(path.join(absolute(file), 'pyvenv.cfg'))) continue;
        walk(file);
      } else if (stat.isFile()) {
        files.push({ path: file, size: stat.size, executable: (stat.mode & 0o111) !== 0 });
      }
    }
  };
  walk('.');
  if (files.length >= MAX_FILES) unread.push({ path: '.', why: 'too-many' });

  const read = (file: string): string | undefined => {
    if (texts.has(file)) return texts.get(file);
    let text: string | undefined;
    try {
      const stat = statSync(absolute(file));
      if (stat.size > MAX_BYTES) {
        unread.push({ path: file, why: 'too-large' });
      } else if (stat.isFile()) {
        const bytes = readFileSync(absolute(file));
        if (bytes.subarray(0, 8000).includes(0)) {
          unread.push({ path: file, why: 'binary' });
        } else {
          text = bytes.toString('utf8').replace(/^\uFEFF/, '');
          lookedAt.add(file);
        }
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EACCES') unread.push({ path: file, why: 'denied' });
    }
    texts.set(file, text);
    return text;
  };

  const kindOf = (file: string): 'file' | 'folder' | undefined => {
    // Laptops' disks often ignore the case of letters, the machines that build images do not.
    const clean = path.posix.normalize(file).replace(/(?<=.)\/$/, '');
    if (clean !== '.' && !clean.startsWith('..')) {
      let folder = '.';
      for (const part of clean.split('/')) {
        if (!list(folder).includes(part)) return undefined;
        folder = folder === '.' ? part : `${folder}/${part}`;
      }
    }
    try {
      const stat = statSync(absolute(file));
      return stat.isDirectory() ? 'folder' : 'file';
    } catch {
      return undefined;
    }
  };

  const otherCase = (file: string): string | undefined => {
    let folder = '.';
    for (const part of path.posix.normalize(file).split('/')) {
      const names = list(folder);
      const found = names.includes(part) ? part : names.find((name) => name.toLowerCase() === part.toLowerCase());
      if (found === undefined) return undefined;
      folder = folder === '.' ? found : `${folder}/${found}`;
    }
    return folder === path.posix.normalize(file) ? undefined : folder;
  };

  let shared: ((file: string) => boolean) | undefined;
  return {
    root,
    files,
    unread,
    lookedAt,
    read,
    kindOf,
    list,
    keepsRunBits: files.some((file) => file.executable),
    isExecutable: (file) => {
      try {
        return (statSync(absolute(file)).mode & 0o111) !== 0;
      } catch {
        return false;
      }
    },
    isShared: (file) => {
      shared ??= gitView(root, read, list);
      return shared(path.posix.normalize(file));
    },
    otherCase,
  };
}

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return !relative.startsWith('..') && !path.isAbsolute(relative);
}

/** What git holds or would hold; without git, what the `.gitignore` files say. */
function gitView(
  root: string,
  read: (file: string) => string | undefined,
  list: (folder: string) => string[],
): (file: string) => boolean {
  let tracked = new Set<string>();
  const isRepository = (folder: string): boolean =>
    existsSync(path.join(folder, '.git')) || (path.dirname(folder) !== folder && isRepository(path.dirname(folder)));
  try {
    if (!isRepository(path.resolve(root))) throw new Error('no repository');
    const names = execFileSync('git', ['ls-files', '-z', '--cached'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 100_000_000,
    });
    tracked = new Set(names.split('\0').filter(Boolean));
  } catch {
    // No git, or no repository: the .gitignore files alone decide.
  }
  const trackedFolders = new Set<string>();
  for (const file of tracked) {
    for (let folder = path.posix.dirname(file); folder !== '.'; folder = path.posix.dirname(folder)) {
      if (trackedFolders.has(folder)) break;
      trackedFolders.add(folder);
    }
  }

  const rules = new Map<string, Ignore | undefined>();
  const rulesOf = (folder: string): Ignore | undefined => {
    if (!rules.has(folder)) {
      const file = folder === '.' ? '.gitignore' : `${folder}/.gitignore`;
      const text = list(folder).includes('.gitignore') ? read(file) : undefined;
      rules.set(folder, text === undefined ? undefined : ignore().add(text));
    }
    return rules.get(folder);
  };
  const isIgnored = (file: string, isFolder: boolean): boolean => {
    const parent = path.posix.dirname(file);
    if (parent !== '.' && isIgnored(parent, true)) return true;
    let verdict = false;
    const parts = parent === '.' ? [] : parent.split('/');
    for (let depth = 0; depth <= parts.length; depth++) {
      const folder = depth === 0 ? '.' : parts.slice(0, depth).join('/');
      const relative = folder === '.' ? file : file.slice(folder.length + 1);
      const result = rulesOf(folder)?.test(isFolder ? `${relative}/` : relative);
      if (result?.ignored) verdict = true;
      if (result?.unignored) verdict = false;
    }
    return verdict;
  };
  return (file) => {
    if (file === '.' || tracked.has(file) || trackedFolders.has(file)) return true;
    let folder = false;
    try {
      folder = statSync(path.join(root, file)).isDirectory();
    } catch {
      // A path that does not exist is judged as a file.
    }
    return !isIgnored(file, folder);
  };
}
