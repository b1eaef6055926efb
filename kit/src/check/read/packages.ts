import { parse as parseToml } from 'smol-toml';
import path from 'node:path';
import { installedBy, normalName } from './distributions.ts';
import { findInImage, imageOf, type Image } from './image.ts';
import type { Project } from './project.ts';
import { literal } from '../words.ts';
import { optionOf } from './shell.ts';
import { isObject, listAt, objectAt, type Json, textAt, written } from './yaml.ts';

/** What an installation asks for. */
interface Asked {
  /** Names in lower case with hyphens; extras also as `uvicorn[standard]`. */
  names: Set<string>;
  /** Whether this is all that gets installed, as a lock file or `pip freeze` lists it. */
  isClosed: boolean;
  /** Folders of the project that get installed as packages of their own. */
  projects: string[];
}

/** A place in an image where Python packages were installed. */
export interface PythonEnvironment {
  /** `/usr/local` for the system's, the folder of the virtual environment otherwise. */
  root: string;
  /** What was asked for, undefined when some of it cannot be told. */
  packages: Set<string> | undefined;
  isClosed: boolean;
  projects: string[];
  line: number;
}

export const SYSTEM = '/usr/local';

interface Environments {
  list: PythonEnvironment[];
  /** False when packages may have come in another way than those which are followed. */
  isKnown: boolean;
}

const environments = new WeakMap<Image, Environments>();

/** The Python environments that an image holds, those copied from other stages included. */
export function pythonEnvironments(project: Project, image: Image, depth = 0): Environments {
  const held = environments.get(image);
  if (held) return held;
  const found = copiedEnvironments(project, image, depth);
  for (const run of image.runs) found.isKnown = readRun(project, image, run, found.list) && found.isKnown;
  found.isKnown &&= /(^|\/)(python|uv)(:|@|$)|astral/.test(image.base);
  environments.set(image, found);
  return found;
}

/** The home folder of the user that a `RUN` works as; undefined when it cannot be told. */
function homeAt(image: Image, run: Image['runs'][number]): string | undefined {
  const users = image.dockerfile.stages
    .filter((stage) => stage === run.stage || stage.name === run.stage.from.toLowerCase())
    .flatMap((stage) => stage.instructions)
    .filter((step) => step.keyword === 'USER' && step.line < run.instruction.line);
  const user = users.at(-1)?.text.split(':')[0]?.trim() ?? 'root';
  const home = image.env.get('HOME');
  if (home && home.line < run.instruction.line) return home.value;
  if (user === 'root' || user === '0') return '/root';
  // A folder of its own that was given to the user, or a user known by a number or a variable.
  if (
    !/^[a-z_][\w-]*$/i.test(user) ||
    /\b(user|group)(add|mod)\b[^&;\n]*\s(-d|-h|--home\S*)[ =]|adduser[^&;\n]*\s(-h|--home)[ =]/.test(
      image.runs.map((each) => each.instruction.raw).join('\n'),
    )
  )
    return undefined;
  return `/home/${user}`;
}

/** Adds what one `RUN` installs; false when it may install more than can be told. */
function readRun(project: Project, image: Image, run: Image['runs'][number], list: PythonEnvironment[]): boolean {
  const all = () => image.runs.map((each) => each.instruction.raw).join('\n');
  let isKnown = true;
  let active = environmentAt(image, run.instruction.line);
  let folder = run.workdir;
  for (const command of run.commands) {
    let words = command.words.filter((word) => !/^--mount/.test(word));
    while (/^(sudo|exec|time|do|then|else|if|!|\{|\()$/.test(words[0] ?? '')) words = words.slice(1);
    if (words[0] === 'cd') folder = path.posix.resolve(folder, words[1] ?? '.');
    if (words[0] === '.' || words[0] === 'source') {
      const [, root] = /^(.*)\/bin\/activate$/.exec(words[1] ?? '') ?? [];
      if (root !== undefined) active = path.posix.resolve(folder, root);
    }
    // `RUN $PIP -r requirements.txt`: nothing tells which program that is.
    if (/^\$/.test(words[0] ?? '')) isKnown = false;
    const program = path.posix.basename(words[0] ?? '');
    const [, venv] = /^(.*)\/bin\/(?:python[\d.]*|pip[\d.]*|uv|poetry)$/.exec(words[0] ?? '') ?? [];
    let root =
      venv !== undefined && venv !== '/usr' && venv !== '/usr/local' && venv !== ''
        ? path.posix.resolve(folder, venv)
        : active;
    if (/^python[\d.]*$/.test(program)) {
      if (/^(\S*\/)?setup\.py$/.test(words[1] ?? '')) {
        list.push(environmentOf(root, undefined, run.instruction.line, [folderOf(project, image, folder) ?? '.']));
        continue;
      }
      if (words[1] === '-m') words = words.slice(2);
    }
    const name = path.posix.basename(words[0] ?? '').replace(/^pip[\d.]*$/, 'pip');
    const [verb = '', ...rest] = words.slice(1);
    let asked: Asked | undefined;
    if (name === 'pip' && verb === 'install') {
      if (words.includes('--user')) {
        const home = homeAt(image, run);
        if (home === undefined) isKnown = false;
        else root = path.posix.join(home, '.local');
      }
      root = optionOf(words, '--prefix', '--target', '--root', '-t') ?? root;
      asked = askedOfPip(project, image, folder, rest, list);
    } else if (name === 'pip' && verb === 'wheel') {
      root = path.posix.resolve(folder, optionOf(words, '-w', '--wheel-dir') ?? '.');
      asked = askedOfPip(project, image, folder, rest, list);
    } else if (name === 'uv' && verb === 'pip' && /^(install|sync)$/.test(rest[0] ?? '')) {
      const target = optionOf(words, '--target', '--prefix');
      if (words.includes('--system') || image.env.has('UV_SYSTEM_PYTHON')) root = SYSTEM;
      else if (target !== undefined) root = target;
      else if (active === SYSTEM) root = path.posix.join(folder, '.venv');
      const options = rest.slice(1);
      // `uv pip sync` takes files, where `pip install` takes names.
      const files = options.flatMap((word) =>
        /\.(txt|toml)$/.test(word) && rest[0] === 'sync' ? ['-r', word] : [word],
      );
      asked = askedOfPip(project, image, folder, files, list);
    } else if (name === 'uv' && verb === 'sync') {
      const target = image.env.get('UV_PROJECT_ENVIRONMENT')?.value;
      const base = path.posix.resolve(folder, optionOf(words, '--project', '--directory') ?? '.');
      root = target === undefined ? path.posix.join(base, '.venv') : path.posix.resolve(folder, target);
      asked = askedOfProject(project, image, base, 'uv', [...rest, ...flagsOfVariables(image)]);
    } else if (name === 'poetry' && verb === 'install') {
      const says = (key: string, value: RegExp, variable: string) =>
        new RegExp(`virtualenvs[.-]${key}\\s+${value.source}`).test(all()) ||
        new RegExp(`^${value.source}$`, 'i').test(image.env.get(variable)?.value ?? '');
      const outside = /--system/.test(all()) || says('create', /(false|0)/, 'POETRY_VIRTUALENVS_CREATE');
      const inside = says('in-project', /(true|1)/, 'POETRY_VIRTUALENVS_IN_PROJECT');
      root =
        outside || active !== SYSTEM
          ? inside && !outside
            ? path.posix.join(folder, '.venv')
            : active
          : path.posix.join(inside ? folder : '/root/.cache/pypoetry', inside ? '.venv' : '');
      asked = askedOfProject(project, image, folder, 'poetry', rest);
    } else if (name === 'pdm' && /^(install|sync)$/.test(verb)) {
      root = path.posix.join(folder, '.venv');
      asked = askedOfProject(project, image, folder, 'pdm', rest);
    } else if (name === 'pipenv' && /^(install|sync)$/.test(verb)) {
      root = words.includes('--system')
        ? SYSTEM
        : image.env.has('PIPENV_VENV_IN_PROJECT')
          ? path.posix.join(folder, '.venv')
          : '/root/.local/share/virtualenvs';
      asked = askedOfPipenv(project, image, folder, rest);
    } else if (/^(uv|poetry|pdm)$/.test(name) && verb === 'add') {
      root = name === 'uv' || name === 'pdm' ? path.posix.join(folder, '.venv') : active;
      asked = askedOfPip(project, image, folder, rest, list);
    } else if (/^(build|poetry|uv|pdm|hatch)$/.test(name) && (name === 'build' || verb === 'build')) {
      // A wheel that a later line, or a later stage, installs.
      const source = folderOf(project, image, folder);
      root = path.posix.resolve(folder, optionOf(words, '-o', '--outdir', '--out-dir') ?? 'dist');
      asked = askedOfProject(project, image, folder, 'pip', []);
      if (!asked && source !== undefined) {
        list.push(environmentOf(root, undefined, run.instruction.line, [source]));
        continue;
      }
    } else if (/^(apt|apt-get|apk)$/.test(name)) {
      isKnown &&= !words.some(
        (word) =>
          /^(python3?-|py3-|gunicorn|uvicorn)/.test(word) && !/-dev$|-pip$|-venv$|-setuptools$|-wheel$/.test(word),
      );
      continue;
    } else {
      isKnown &&= !mayInstall(project, image, folder, name, words);
      continue;
    }
    // `pip install --target "$DEPS"`: the variable of a build, which is not followed.
    if (root.includes('$')) isKnown = false;
    list.push(environmentOf(root, asked, run.instruction.line));
  }
  return isKnown;
}

function environmentOf(
  root: string,
  asked: Asked | undefined,
  line: number,
  projects: string[] = asked?.projects ?? [],
): PythonEnvironment {
  return { root, packages: asked?.names, isClosed: asked?.isClosed ?? false, projects, line };
}

/** Whether a command may install Python packages in a way that is not followed. */
function mayInstall(project: Project, image: Image, folder: string, name: string, words: string[]): boolean {
  if (/^(conda|mamba|micromamba|pixi|make|just|task|xargs|easy_install|pip-sync|rye|pipx)$/.test(name)) return true;
  if (name === 'uv' && words[1] === 'tool') return true;
  const isShell = /^(sh|bash|ash|dash)$/.test(name);
  const script = isShell ? words.find((word, index) => index > 0 && !/^[-+]/.test(word)) : words[0];
  if (script === undefined || !(isShell || script.includes('/'))) return false;
  const { source } = findInImage(project, image, path.posix.resolve(folder, script));
  if (source === undefined && !isShell) return script.endsWith('.sh');
  return /\b(pip3?|uv|poetry|conda|pipenv|pdm|make)\b/.test(
    source === undefined ? script : (project.read(source) ?? 'pip'),
  );
}

/** The environments that `COPY --from` brings from other stages. */
function copiedEnvironments(project: Project, image: Image, depth: number): Environments {
  const list: PythonEnvironment[] = [];
  let isKnown = true;
  for (const copy of image.copies) {
    if (copy.from === undefined) continue;
    const name = copy.from.toLowerCase();
    const stage = image.dockerfile.stages.find(
      (candidate) => candidate.name === name || String(candidate.index) === name,
    );
    if (!stage) {
      if (!/astral-sh\/uv|astral\/uv/.test(copy.from)) isKnown = false;
      continue;
    }
    if (depth > 6) continue;
    const other = pythonEnvironments(project, imageOf(image.dockerfile, stage, image.build, image.context), depth + 1);
    isKnown &&= other.isKnown || !/python|uv/.test(stage.from);
    for (const environment of other.list) {
      for (const source of copy.sources) {
        // `COPY --from=build /dist/*.whl /tmp/` brings what lies in /dist.
        const from = path.posix.resolve('/', source).replace(/\/[^/]*[*?][^/]*$/, '');
        const below =
          environment.root === from
            ? ''
            : environment.root.startsWith(`${from === '/' ? '' : from}/`)
              ? environment.root.slice(from.length)
              : undefined;
        const to = copy.destination.replace(/(?<=.)\/$/, '');
        if (below !== undefined)
          list.push({ ...environment, root: `${to}${below.startsWith('/') || below === '' ? below : `/${below}`}` });
        else if (environment.root === '/root/.local' && from.endsWith('/.local'))
          list.push({ ...environment, root: to });
        // The system's packages without its programs: `python -m uvicorn` works, `uvicorn` does not.
        else if (environment.root === SYSTEM && /^\/usr\/local\/(lib|bin)/.test(from))
          list.push({ ...environment, root: from.startsWith('/usr/local/lib') ? '/usr/local/lib' : '/usr/local/bin' });
        else if (from.startsWith(`${environment.root}/`)) list.push({ ...environment, root: to });
      }
    }
  }
  return { list, isKnown };
}

/** The virtual environment that `PATH` or `VIRTUAL_ENV` points to at a line of a Dockerfile. */
function environmentAt(image: Image, line: number): string {
  const found = [...image.env].filter(([, value]) => value.line <= line || image.stage.instructions.length === 0);
  const virtual = found.find(([name]) => name === 'VIRTUAL_ENV')?.[1].value;
  const search = found.find(([name]) => name === 'PATH')?.[1].value ?? '';
  const inPath = search
    .split(':')
    .map(
      (entry) =>
        /^(\/.*)\/bin$/.exec(
          entry.replace('$VIRTUAL_ENV', virtual ?? '').replace('${VIRTUAL_ENV}', virtual ?? ''),
        )?.[1],
    )
    .find((root) => root !== undefined && !/^\/(usr|bin|sbin|root\/\.local|opt\/poetry)/.test(root));
  return inPath ?? virtual ?? SYSTEM;
}

/** The packages that the arguments of `pip install` name; `held` are the wheels that lie about. */
function askedOfPip(
  project: Project,
  image: Image,
  folder: string,
  words: string[],
  held: PythonEnvironment[],
): Asked | undefined {
  const parts: (Asked | undefined)[] = [];
  // `-e backend` is a folder, `backend` alone is a name.
  let isEditable = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const [, inline] = /^(?:-r|--requirement=)(?=\S)(.+)$/.exec(word) ?? [];
    if (/^(-r|--requirement|-c|--constraint|--group)$/.test(word)) {
      const value = words[++i] ?? '';
      if (/^(-r|--requirement)$/.test(word)) parts.push(requirements(project, image, folder, value, words));
      if (word === '--group') parts.push(askedOfProject(project, image, folder, 'pip', ['--only-group', value]));
    } else if (inline !== undefined) parts.push(requirements(project, image, folder, inline, words));
    else if (
      /^(-i|--index-url|--extra-index-url|-f|--find-links|-t|--target|--prefix|--python|--timeout|--trusted-host|--retries|--root|--default-timeout|--src|--progress-bar|-w|--wheel-dir|-p|--no-binary|--only-binary|--cache-dir|--upgrade-strategy|--platform|--python-version|--index|--default-index|--dev|--optional|-G|--extra)$/.test(
        word,
      )
    ) {
      if (word !== '--dev') i++;
    } else if (/^(-e|--editable)$/.test(word)) isEditable = true;
    else if (/^([<>&]|\d+[<>])/.test(word)) {
      // What follows a redirection is a file.
      if (/^\d?[<>]+$/.test(word)) i++;
    } else if (/[*?]|\.whl$/.test(word)) {
      const place = path.posix.resolve(folder, path.posix.dirname(word));
      const wheels = held.filter(({ root }) => root === place);
      if (wheels.length === 0) return undefined;
      for (const { packages, isClosed, projects } of wheels)
        parts.push(packages && { names: packages, isClosed, projects });
    } else if ((isEditable || /^(\.|\/)|^\w[\w-]*\/(?!\/)/.test(word)) && !/:\/\/|@/.test(word)) {
      isEditable = false;
      const [, where = '', extras = ''] = /^([^[]*)(?:\[(.*)\])?$/.exec(word) ?? [];
      const flags = extras.split(',').flatMap((extra) => (extra === '' ? [] : ['--extra', extra.trim()]));
      parts.push(askedOfProject(project, image, path.posix.resolve(folder, where), 'pip', flags));
    } else if (!word.startsWith('-')) {
      const names = packageOf(word);
      // The project itself, out of wheels that were built before.
      const own = held.find(({ projects }) => names?.some((name) => isProjectNamed(project, projects, name)));
      parts.push(
        own
          ? own.packages && { names: own.packages, isClosed: own.isClosed, projects: own.projects }
          : names && { names: new Set(names), isClosed: false, projects: [] },
      );
    }
  }
  return joined(parts);
}

/** Several lists as one: closed only when each of them is, unknown as soon as one is. */
function joined(parts: (Asked | undefined)[]): Asked | undefined {
  const names = new Set<string>();
  const projects: string[] = [];
  let isClosed = parts.length > 0;
  for (const part of parts) {
    if (!part) return undefined;
    for (const name of part.names) names.add(name);
    projects.push(...part.projects);
    isClosed &&= part.isClosed;
  }
  return { names, isClosed, projects };
}

function isProjectNamed(project: Project, folders: string[], name: string): boolean {
  return folders.some((folder) => {
    const text = ['pyproject.toml', 'setup.cfg', 'setup.py']
      .map((file) => project.read(path.posix.join(folder, file)) ?? '')
      .join('\n');
    const [, own = ''] = /^\s*name\s*=\s*["']?([\w.-]+)/m.exec(text) ?? [];
    return normalName(own) === name;
  });
}

/** `uvicorn[standard]>=0.3` gives `uvicorn` and `uvicorn[standard]`. */
function packageOf(text: string): string[] | undefined {
  const match = /^([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?/.exec(text.trim());
  if (!match?.[1] || /^(git\+|https?:|file:)/.test(text)) return undefined;
  const name = normalName(match[1]);
  // One line of versions brought along by itself what is now asked for by `fastapi[standard]`.
  const isWhole = name === 'fastapi' && /[=~]=\s*0\.111(\.|\s|$)/.test(text);
  return [
    name,
    ...(isWhole ? ['fastapi[standard]'] : []),
    ...(match[2] ?? '')
      .split(',')
      .filter(Boolean)
      .map((extra) => `${name}[${normalName(extra.trim())}]`),
  ];
}

function requirements(
  project: Project,
  image: Image,
  folder: string,
  file: string,
  words: string[] = [],
  depth = 0,
): Asked | undefined {
  if (depth > 4) return undefined;
  const absolute = path.posix.resolve(folder, file);
  const found = findInImage(project, image, absolute);
  const text = found.source === undefined ? undefined : project.read(found.source);
  if (text === undefined) return exported(project, image, absolute);
  if (/\.toml$/.test(file)) return askedOfProject(project, image, path.posix.dirname(absolute), 'pip', words);
  return readRequirements(
    text,
    (name) => requirements(project, image, path.posix.dirname(absolute), name, [], depth + 1),
    // pip takes the paths in the file from where it is run.
    (where, extras) => askedOfProject(project, image, path.posix.resolve(folder, where), 'pip', extras),
  );
}

/** A list that `poetry export`, `uv export` or `pipenv requirements` wrote in this Dockerfile. */
function exported(project: Project, image: Image, file: string): Asked | undefined {
  const name = path.posix.basename(file);
  for (const stage of image.dockerfile.stages) {
    const other = imageOf(image.dockerfile, stage, image.build, image.context);
    for (const run of other.runs) {
      for (const { words } of run.commands) {
        const list = words[0] === 'python' || words[0] === 'python3' ? words.slice(2) : words;
        const [tool = '', verb, ...rest] = list;
        if (!rest.some((word) => path.posix.basename(word.replace(/^(--output-file=|--output=|-o|>+)/, '')) === name))
          continue;
        if (/^(poetry|uv|pdm)$/.test(tool) && verb === 'export')
          return askedOfProject(project, other, run.workdir, tool === 'uv' || tool === 'pdm' ? tool : 'export', rest);
        if (tool === 'pipenv' && /^(requirements|lock)$/.test(verb ?? ''))
          return askedOfPipenv(project, other, run.workdir, rest);
      }
    }
  }
  return undefined;
}

/** The names of a requirements file; undefined when a line leads somewhere that cannot be read. */
function readRequirements(
  text: string,
  include: (file: string) => Asked | undefined,
  local: (folder: string, extras: string[]) => Asked | undefined,
): Asked | undefined {
  const own: Asked = { names: new Set(), isClosed: false, projects: [] };
  const parts: (Asked | undefined)[] = [];
  let isPinned = true;
  for (const raw of text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (
      line === '' ||
      /^(--hash|--index-url|--extra-index-url|-i |--find-links|-f |--trusted-host|--no-binary|--pre|--only-binary|--no-index|-c|--constraint)/.test(
        line,
      )
    )
      continue;
    const [, nested] = /^(?:-r|--requirement)[= ]?\s*(\S+)/.exec(line) ?? [];
    const [, where, extras = ''] =
      /^(?:(?:-e|--editable)[= ]\s*(?!git|https?:)|(?=[./]))(?:file:)?([^\s[]+)(?:\[([^\]]*)\])?/.exec(line) ?? [];
    if (nested !== undefined) parts.push(include(nested));
    else if (where !== undefined)
      parts.push(
        local(
          where,
          extras.split(',').flatMap((extra) => (extra === '' ? [] : ['--extra', extra.trim()])),
        ),
      );
    else {
      const names = /^-/.test(line) ? undefined : packageOf(line);
      if (!names) return undefined;
      isPinned &&= /===?/.test(line);
      for (const name of names) own.names.add(name);
    }
  }
  own.isClosed =
    isPinned && own.names.size > 0 && (/autogenerated by (pip-compile|uv)/.test(text) || isFrozen(own.names));
  return joined([own, ...parts]);
}

/** Whether a list of pinned versions also holds all that these require, as `pip freeze` would write it. */
function isFrozen(names: Set<string>): boolean {
  const reached = installedBy(names).names;
  const lacking = [...reached].filter((name) => !name.includes('[') && !names.has(name));
  // What other versions and systems ask for may be lacking.
  return names.size >= 10 && lacking.length <= names.size / 10;
}

type Tool = 'uv' | 'poetry' | 'pdm' | 'pip' | 'export';

/** The folder of the project that a folder of an image comes from. */
function folderOf(project: Project, image: Image, folder: string): string | undefined {
  for (const name of ['pyproject.toml', 'setup.cfg', 'setup.py']) {
    const { source } = findInImage(project, image, path.posix.join(folder, name));
    if (source !== undefined) return path.posix.dirname(source);
  }
  return undefined;
}

/** What an installation of the project itself brings: the dependencies, groups and extras that its options choose. */
function askedOfProject(
  project: Project,
  image: Image,
  folder: string,
  tool: Tool,
  words: string[],
): Asked | undefined {
  // `RUN --mount=type=bind,source=pyproject.toml` shows the file without copying it.
  const base = folderOf(project, image, folder) ?? image.context.folder;
  const text = project.read(path.posix.join(base, 'pyproject.toml'));
  const value = text === undefined ? undefined : readToml(text);
  const isLeftOut = words.some((word) => /^--(no-install-project|no-root|no-self|only-group|only-dev)$/.test(word));
  const projects = tool === 'export' || isLeftOut ? [] : [base];
  if (value === undefined) {
    const setup = project.read(path.posix.join(base, 'setup.cfg'));
    return setup === undefined || text !== undefined ? undefined : readSetup(setup, projects, words);
  }
  const names = chosen(value, tool, words);
  if (!names) {
    const setup = project.read(path.posix.join(base, 'setup.cfg'));
    return setup === undefined ? undefined : readSetup(setup, projects, words);
  }
  const lock =
    tool === 'pip'
      ? undefined
      : ['uv.lock', 'poetry.lock', 'pdm.lock']
          .map((name) => project.read(path.posix.join(base, name)))
          .find((each) => each !== undefined);
  const locked = lock === undefined ? undefined : readLock(lock);
  return { names: locked ? follow(names, locked) : names, isClosed: locked !== undefined, projects };
}

/** The packages of a lock file, each with what it requires; undefined when it is none. */
function readLock(text: string): Map<string, string[]> | undefined {
  const packages = listAt(readToml(text), 'package');
  if (packages.length === 0) return undefined;
  const locked = new Map<string, string[]>();
  for (const each of packages) {
    const list = [...listAt(each, 'dependencies'), ...Object.values(objectAt(each, 'optional-dependencies')).flat()];
    const names = [
      ...list.map((entry) => (typeof entry === 'string' ? entry : (textAt(entry, 'name') ?? ''))),
      ...Object.keys(objectAt(each, 'dependencies')),
      ...Object.values(objectAt(each, 'extras')).flatMap((extra) => (Array.isArray(extra) ? extra.map(written) : [])),
    ];
    const name = normalName(textAt(each, 'name') ?? '');
    locked.set(name, [...(locked.get(name) ?? []), ...names.flatMap((entry) => packageOf(entry)?.slice(0, 1) ?? [])]);
  }
  return locked;
}

/** What is asked for, and all that the lock file says this requires. */
function follow(names: Set<string>, locked: Map<string, string[]>): Set<string> {
  const reached = new Set<string>();
  const queue = [...names];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    // Extras that nobody asked for are in the lock file of another group, or not at all.
    queue.push(...(locked.get(next) ?? []).filter((name) => locked.has(name)));
  }
  return reached;
}

function readToml(text: string): Json | undefined {
  try {
    return JSON.parse(JSON.stringify(parseToml(text))) as Json;
  } catch {
    return undefined;
  }
}

/** `install_requires` of a `setup.cfg`, and those of its `extras_require` that are asked for. */
function readSetup(source: string, projects: string[], words: string[]): Asked | undefined {
  const text = source.replaceAll('\r', '');
  const entries = (name: string, section = text): string[] | undefined => {
    const list = new RegExp(`^${literal(name)}[ \\t]*=[ \\t]*(.*\\n(?:[ \\t]+.*\\n?|\\n)*)`, 'm').exec(
      `${section}\n`,
    )?.[1];
    return list
      ?.split('\n')
      .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
      .filter(Boolean);
  };
  const [, extras = ''] = /^\[options\.extras_require\]\s*\n((?:(?!\[).*\n?)*)/m.exec(text) ?? [];
  const chosen = words.flatMap((word, index) => (words[index - 1] === '--extra' ? [word] : []));
  const lists = [entries('install_requires'), ...chosen.map((extra) => entries(extra, extras))];
  const names = new Set<string>();
  for (const list of lists) {
    if (list === undefined || list.some((line) => line.startsWith('file:'))) return undefined;
    for (const spec of list) {
      const found = packageOf(spec);
      if (!found) return undefined;
      for (const name of found) names.add(name);
    }
  }
  return { names, isClosed: false, projects };
}

/** The names that the options of a tool choose in a `pyproject.toml`; undefined when they are computed. */
function chosen(value: Json, tool: Tool, words: string[]): Set<string> | undefined {
  if (listAt(value, 'project', 'dynamic').includes('dependencies')) return undefined;
  const has = (...flags: string[]) => words.some((word) => flags.includes(word.split('=')[0] ?? ''));
  const given = (...flags: string[]) =>
    words.flatMap((word, index) => {
      const [flag = '', inline] = word.split('=');
      return flags.includes(flag) ? (inline ?? words[index + 1] ?? '').split(/[\s,]+/).filter(Boolean) : [];
    });
  const groups = groupsOf(value);
  const extras = given('--extra', '--extras', '-E', ...(tool === 'pdm' ? ['-G', '--group'] : []));
  const only = given('--only', '--only-group');
  let wanted = new Set<string>();
  if (tool === 'uv') {
    const defaults = listAt(value, 'tool', 'uv', 'default-groups').map(written);
    wanted = new Set(defaults.length > 0 ? defaults : ['dev']);
    if (textAt(value, 'tool', 'uv', 'default-groups') === 'all') wanted = new Set(groups.keys());
    if (has('--no-default-groups')) wanted.clear();
  } else if (tool === 'poetry') {
    wanted = new Set([...groups].filter(([, { isOptional }]) => !isOptional).map(([name]) => name));
    if (has('--no-dev')) wanted.delete('dev');
  } else if (tool === 'pdm' && !has('--prod', '--production', '--no-dev')) wanted = new Set(groups.keys());
  if (tool === 'export' && has('--dev', '--all-groups')) wanted = new Set(groups.keys());
  if (has('--all-groups')) wanted = new Set(groups.keys());
  for (const name of given('--group', '--with', '-G')) wanted.add(name);
  if (has('--dev')) wanted.add('dev');
  if (has('--no-dev')) wanted.delete('dev');
  for (const name of given('--without', '--no-group')) wanted.delete(name);
  if (has('--only-dev')) only.push('dev');
  if (only.length > 0) wanted = new Set(only);
  const names = new Set<string>();
  const add = (list: readonly string[]) => {
    for (const entry of list) for (const name of packageOf(entry) ?? []) names.add(name);
  };
  const isMain = only.length === 0 || only.includes('main');
  const optional = objectAt(value, 'project', 'optional-dependencies');
  if (isMain) {
    add(listAt(value, 'project', 'dependencies').map(written));
    const own = new Set([normalName(textAt(value, 'project', 'name') ?? '')]);
    const queue = has('--all-extras') || extras.includes(':all') ? Object.keys(optional) : [...extras];
    const done = new Set<string>();
    for (let extra = queue.pop(); extra !== undefined; extra = queue.pop()) {
      const wantedExtra = normalName(extra);
      const key = Object.keys(optional).find((name) => normalName(name) === wantedExtra);
      if (key === undefined || done.has(key)) continue;
      done.add(key);
      const list = Array.isArray(optional[key]) ? optional[key].map(written) : [];
      // An extra may name others of the same project: `all = ["app[server]"]`.
      for (const entry of list) {
        const [name = '', ...more] = packageOf(entry) ?? [];
        if (own.has(name)) queue.push(...more.map((each) => /\[(.*)\]$/.exec(each)?.[1] ?? ''));
        else add([entry]);
      }
    }
    addPoetry(objectAt(value, 'tool', 'poetry', 'dependencies'), names, (name) => {
      if (has('--all-extras')) return true;
      const sets = objectAt(value, 'tool', 'poetry', 'extras');
      return extras.some((extra) => listAt(sets, extra).map(written).map(normalName).includes(name));
    });
  }
  for (const name of wanted) {
    const group = groups.get(name);
    add(group?.entries ?? []);
    addPoetry(group?.table ?? {}, names, () => false);
  }
  return names;
}

interface Group {
  entries: string[];
  table: Record<string, Json>;
  isOptional: boolean;
}

/** The dependency groups of a `pyproject.toml`, in every way of writing them. */
function groupsOf(value: Json): Map<string, Group> {
  const groups = new Map<string, Group>();
  const groupOf = (name: string): Group => {
    const group = groups.get(name) ?? { entries: [], table: {}, isOptional: false };
    groups.set(name, group);
    return group;
  };
  const standard = objectAt(value, 'dependency-groups');
  const entriesOf = (name: string, depth = 0): string[] =>
    depth > 8
      ? []
      : listAt(standard, name).flatMap((entry) =>
          isObject(entry) ? entriesOf(textAt(entry, 'include-group') ?? '', depth + 1) : [written(entry)],
        );
  for (const name of Object.keys(standard)) groupOf(name).entries.push(...entriesOf(name));
  groupOf('dev').entries.push(...listAt(value, 'tool', 'uv', 'dev-dependencies').map(written));
  for (const [name, list] of Object.entries(objectAt(value, 'tool', 'pdm', 'dev-dependencies')))
    groupOf(name).entries.push(...(Array.isArray(list) ? list.map(written) : []));
  Object.assign(groupOf('dev').table, objectAt(value, 'tool', 'poetry', 'dev-dependencies'));
  for (const [name, group] of Object.entries(objectAt(value, 'tool', 'poetry', 'group'))) {
    const made = groupOf(name);
    Object.assign(made.table, objectAt(group, 'dependencies'));
    made.isOptional ||= textAt(group, 'optional') === 'true';
  }
  return groups;
}

/** Adds the names of a table of Poetry; what is optional only when an extra asks for it. */
function addPoetry(table: Record<string, Json>, names: Set<string>, isAsked: (name: string) => boolean): void {
  for (const [key, spec] of Object.entries(table)) {
    const name = normalName(key);
    if (name === 'python' || (isObject(spec) && spec.optional === true && !isAsked(name))) continue;
    names.add(name);
    for (const extra of isObject(spec) && Array.isArray(spec.extras) ? spec.extras : [])
      names.add(`${name}[${normalName(written(extra))}]`);
  }
}

/** Options of `uv sync` that an image gives by variables. */
function flagsOfVariables(image: Image): string[] {
  const isSet = (name: string) => /^(1|true|yes)$/i.test(image.env.get(name)?.value ?? '');
  return isSet('UV_NO_DEV') ? ['--no-dev'] : [];
}

/** What `pipenv install` brings: its lock file when there is one, else its Pipfile. */
function askedOfPipenv(project: Project, image: Image, folder: string, words: string[]): Asked | undefined {
  const given = words.filter((word) => !word.startsWith('-'));
  const base = findInImage(project, image, path.posix.join(folder, 'Pipfile')).source;
  const file = base ?? path.posix.join(image.context.folder, 'Pipfile');
  const text = project.read(file);
  if (text === undefined || given.some((word) => /[>$]/.test(word))) return undefined;
  const isDev = words.includes('--dev') || words.includes('-d');
  const names = new Set(given.flatMap((word) => packageOf(word) ?? []));
  const lock = project.read(path.posix.join(path.posix.dirname(file), 'Pipfile.lock'));
  if (lock !== undefined && given.length === 0) {
    const value = readJson(lock);
    for (const key of isDev ? ['default', 'develop'] : ['default'])
      for (const name of Object.keys(objectAt(value, key))) names.add(normalName(name));
    if (value !== undefined) return { names, isClosed: true, projects: [] };
  }
  const value = readToml(text);
  if (value === undefined) return undefined;
  for (const key of isDev ? ['packages', 'dev-packages'] : ['packages'])
    addPoetry(objectAt(value, key), names, () => true);
  return { names, isClosed: false, projects: [] };
}

function readJson(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Programs that the distribution of another name brings. */
const PROGRAMS: Record<string, string> = { fastapi: 'fastapi-cli', 'waitress-serve': 'waitress', mlflow: 'mlflow' };

/** Programs that a Python package brings along. */
export const PYTHON_PROGRAMS = new Set(
  'uvicorn gunicorn flask streamlit fastapi hypercorn daphne celery chainlit waitress alembic'.split(' '),
);

/** Whether a set of packages, with all that these require, brings a program along. */
export function brings(packages: ReadonlySet<string>, program: string): boolean {
  return installedBy(packages).names.has(PROGRAMS[program] ?? program);
}
