import { parse as parseToml } from 'smol-toml';
import path from 'node:path';
import { findInImage, imageOf, type Image } from './image.ts';
import type { Project } from './project.ts';
import { isObject, listAt, objectAt, type Json, written } from './yaml.ts';

/** A place in an image where Python packages were installed. */
export interface PythonEnvironment {
  /** `/usr/local` for the system's, the folder of the virtual environment otherwise. */
  root: string;
  /** Names in lower case with hyphens; undefined when some cannot be told. */
  packages: Set<string> | undefined;
  line: number;
}

export const SYSTEM = '/usr/local';

/** The Python environments that an image holds, those copied from other stages included. */
export function pythonEnvironments(
  project: Project,
  image: Image,
  depth = 0,
): { list: PythonEnvironment[]; isKnown: boolean } {
  const list: PythonEnvironment[] = [];
  let isKnown = true;
  for (const run of image.runs) {
    let active = environmentAt(image, run.instruction.line);
    let folder = run.workdir;
    for (const command of run.commands) {
      let words = command.words.filter((word) => !/^--mount/.test(word));
      if (words[0] === 'cd') folder = path.posix.resolve(folder, words[1] ?? '.');
      if (words[0] === '.' || words[0] === 'source') {
        const [, root] = /^(.*)\/bin\/activate$/.exec(words[1] ?? '') ?? [];
        if (root !== undefined) active = path.posix.resolve(folder, root);
      }
      if (words[0] === 'sudo') words = words.slice(1);
      const program = path.posix.basename(words[0] ?? '');
      const [, venv] = /^(.*)\/bin\/(?:python[\d.]*|pip[\d.]*|uv|poetry)$/.exec(words[0] ?? '') ?? [];
      let root =
        venv !== undefined && venv !== '/usr' && venv !== '/usr/local' && venv !== ''
          ? path.posix.resolve(folder, venv)
          : active;
      if (/^python[\d.]*$/.test(program) && words[1] === '-m') words = words.slice(2);
      const name = path.posix.basename(words[0] ?? '').replace(/^pip[\d.]*$/, 'pip');
      let packages: Set<string> | undefined;
      if (name === 'pip' && words[1] === 'install') {
        if (words.includes('--user')) root = '/root/.local';
        const prefix = words.findIndex((word) => /^--(prefix|target|root)$|^-t$/.test(word));
        const inline = words.find((word) => /^--(prefix|target|root)=/.test(word));
        if (prefix >= 0) root = words[prefix + 1] ?? root;
        if (inline !== undefined) root = inline.slice(inline.indexOf('=') + 1);
        packages = installed(project, image, folder, words.slice(2));
      } else if (name === 'uv' && words[1] === 'pip' && words[2] === 'install') {
        const target = words.findIndex((word) => word === '--target' || word === '--prefix');
        if (words.includes('--system') || image.env.has('UV_SYSTEM_PYTHON')) root = SYSTEM;
        else if (target >= 0) root = words[target + 1] ?? root;
        else if (active === SYSTEM) root = path.posix.join(folder, '.venv');
        packages = installed(project, image, folder, words.slice(3));
      } else if (name === 'uv' && words[1] === 'sync') {
        const target = image.env.get('UV_PROJECT_ENVIRONMENT')?.value;
        const named = words.findIndex((word) => /^--(project|directory)$/.test(word));
        root =
          target === undefined
            ? path.posix.join(named >= 0 ? path.posix.resolve(folder, words[named + 1] ?? '.') : folder, '.venv')
            : path.posix.resolve(folder, target);
        packages = ofProject(project, image, folder);
      } else if (name === 'poetry' && words[1] === 'install') {
        const outside =
          /virtualenvs[.-]create\s+false|--system/.test(image.runs.map((each) => each.instruction.raw).join('\n')) ||
          /^(0|false)$/i.test(image.env.get('POETRY_VIRTUALENVS_CREATE')?.value ?? '');
        const inside =
          /virtualenvs[.-]in-project\s+true/.test(image.runs.map((each) => each.instruction.raw).join('\n')) ||
          /^(1|true)$/i.test(image.env.get('POETRY_VIRTUALENVS_IN_PROJECT')?.value ?? '');
        root = outside
          ? active
          : inside
            ? path.posix.join(folder, '.venv')
            : active !== SYSTEM
              ? active
              : '/root/.cache/pypoetry';
        packages = ofProject(project, image, folder);
      } else if (name === 'pipenv' && /^(install|sync)$/.test(words[1] ?? '')) {
        root = words.includes('--system') ? SYSTEM : '/root/.local/share/virtualenvs';
        packages = undefined;
      } else if (name === 'pdm' && /^(install|sync)$/.test(words[1] ?? '')) {
        root = path.posix.join(folder, '.venv');
        packages = ofProject(project, image, folder);
      } else if (/^(conda|mamba|micromamba)$/.test(name)) {
        isKnown = false;
        continue;
      } else if (/^(apt|apt-get|apk)$/.test(name)) {
        if (
          words.some(
            (word) =>
              /^(python3?-|py3-|gunicorn|uvicorn)/.test(word) && !/-dev$|-pip$|-venv$|-setuptools$|-wheel$/.test(word),
          )
        )
          isKnown = false;
        continue;
      } else continue;
      list.push({ root, packages, line: run.instruction.line });
    }
  }
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
    isKnown &&= other.isKnown;
    for (const environment of other.list) {
      for (const source of copy.sources) {
        const from = path.posix.resolve('/', source);
        const below =
          environment.root === from
            ? ''
            : environment.root.startsWith(`${from === '/' ? '' : from}/`)
              ? environment.root.slice(from.length)
              : undefined;
        const to = copy.destination.replace(/\/$/, '');
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
  const base = /(^|\/)(python|uv)(:|@|$)|astral/.test(image.base);
  return { list, isKnown: isKnown && base };
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

function normal(name: string): string {
  return name.toLowerCase().replace(/[_.]+/g, '-');
}

/** The packages that the arguments of `pip install` name. */
function installed(project: Project, image: Image, folder: string, words: string[]): Set<string> | undefined {
  const packages = new Set<string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (/^(-r|--requirement|-c|--constraint)$/.test(word)) {
      const list =
        word.startsWith('-r') || word === '--requirement'
          ? requirements(project, image, folder, words[++i] ?? '')
          : (i++, new Set<string>());
      if (!list) return undefined;
      for (const name of list) packages.add(name);
    } else if (/^-r\S|^--requirement=/.test(word)) {
      const list = requirements(project, image, folder, word.replace(/^(-r|--requirement=)/, ''));
      if (!list) return undefined;
      for (const name of list) packages.add(name);
    } else if (/^(-e|--editable|\.|\.\/.*|\.\[.*|\/.*)$/.test(word)) {
      const list = ofProject(project, image, folder);
      if (!list) return undefined;
      for (const name of list) packages.add(name);
    } else if (
      /^(-i|--index-url|--extra-index-url|-f|--find-links|-t|--target|--prefix|--python|--timeout|--trusted-host|--retries|--root|--default-timeout|--src|--progress-bar)$/.test(
        word,
      )
    )
      i++;
    else if (!word.startsWith('-') && !word.includes('>')) {
      const spec = packageOf(word);
      if (spec === undefined) return undefined;
      for (const name of spec) packages.add(name);
    }
  }
  return packages;
}

/** `uvicorn[standard]>=0.3` gives `uvicorn` and `uvicorn[standard]`. */
function packageOf(text: string): string[] | undefined {
  const match = /^([A-Za-z0-9][\w.-]*)\s*(?:\[([^\]]*)\])?/.exec(text.trim());
  if (!match?.[1] || /^(git\+|https?:|file:)/.test(text)) return undefined;
  const name = normal(match[1]);
  return [
    name,
    ...(match[2] ?? '')
      .split(',')
      .filter(Boolean)
      .map((extra) => `${name}[${extra.trim().toLowerCase()}]`),
  ];
}

function requirements(
  project: Project,
  image: Image,
  folder: string,
  file: string,
  depth = 0,
): Set<string> | undefined {
  if (file.startsWith('/tmp') || depth > 4) return undefined;
  const found = findInImage(project, image, path.posix.resolve(folder, file));
  const text = found.source === undefined ? undefined : project.read(found.source);
  return text === undefined
    ? undefined
    : readRequirements(text, (name) =>
        requirements(project, image, path.posix.dirname(path.posix.resolve(folder, file)), name, depth + 1),
      );
}

/** The names of a requirements file; undefined when a line leads somewhere that cannot be read. */
export function readRequirements(
  text: string,
  include: (file: string) => Set<string> | undefined,
): Set<string> | undefined {
  const packages = new Set<string>();
  for (const raw of text.replace(/\\\r?\n/g, ' ').split(/\r?\n/)) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (
      line === '' ||
      /^(--hash|--index-url|--extra-index-url|-i |--find-links|-f |--trusted-host|--no-binary|--pre)/.test(line)
    )
      continue;
    const [, nested] = /^(?:-r|--requirement)[= ]\s*(\S+)/.exec(line) ?? [];
    if (nested !== undefined) {
      const list = include(nested);
      if (!list) return undefined;
      for (const name of list) packages.add(name);
      continue;
    }
    if (/^-c|^--constraint/.test(line)) continue;
    const names = /^(-e|\.|\/)/.test(line) ? undefined : packageOf(line);
    if (!names) return undefined;
    for (const name of names) packages.add(name);
  }
  return packages;
}

/** The dependencies that `pyproject.toml` declares. */
function ofProject(project: Project, image: Image, folder: string): Set<string> | undefined {
  const direct = findInImage(project, image, path.posix.join(folder, 'pyproject.toml')).source;
  // `RUN --mount=type=bind,source=pyproject.toml` shows the file without copying it.
  const file = direct ?? path.posix.join(image.context.folder, 'pyproject.toml');
  const text = project.read(file);
  return text === undefined ? undefined : readPyproject(text);
}

/** The names of the dependencies of a `pyproject.toml`; undefined when they are computed or unreadable. */
export function readPyproject(text: string): Set<string> | undefined {
  let value: Json;
  try {
    value = JSON.parse(JSON.stringify(parseToml(text))) as Json;
  } catch {
    return undefined;
  }
  if (listAt(value, 'project', 'dynamic').includes('dependencies')) return undefined;
  const packages = new Set<string>();
  const groups = [
    ...listAt(value, 'project', 'dependencies'),
    ...Object.values(objectAt(value, 'project', 'optional-dependencies')).flatMap((list) =>
      Array.isArray(list) ? list : [],
    ),
    ...Object.values(objectAt(value, 'dependency-groups')).flatMap((list) => (Array.isArray(list) ? list : [])),
    ...listAt(value, 'tool', 'uv', 'dev-dependencies'),
  ];
  for (const entry of groups)
    if (typeof entry === 'string') for (const name of packageOf(entry) ?? []) packages.add(name);
  const poetry = [
    objectAt(value, 'tool', 'poetry', 'dependencies'),
    ...Object.values(objectAt(value, 'tool', 'poetry', 'group')).map((group) => objectAt(group, 'dependencies')),
  ];
  for (const table of poetry) {
    for (const [name, spec] of Object.entries(table)) {
      packages.add(normal(name));
      for (const extra of isObject(spec) && Array.isArray(spec.extras) ? spec.extras : [])
        packages.add(`${normal(name)}[${written(extra).toLowerCase()}]`);
    }
  }
  return packages;
}

/** Packages that bring a program along, besides the one of its name. */
const BROUGHT_BY: Record<string, string[]> = {
  uvicorn: [
    'fastapi[standard]',
    'fastapi[all]',
    'fastapi-cli',
    'fastapi-cli[standard]',
    'gradio',
    'chainlit',
    'nicegui',
    'mlflow',
    'chromadb',
    'prefect',
    'litestar[standard]',
    'litellm[proxy]',
    'bentoml',
    'ray[serve]',
    'langserve[all]',
    'langserve[server]',
    'mcp',
    'fastmcp',
    'reflex',
    'marimo',
    'solara',
    'uvicorn-worker',
    'streamlit',
    'fastapi-slim[standard]',
    'sanic',
    'starlette[full]',
    'robyn',
    'mesop',
    'mkdocs-material',
    'vllm',
    'titiler',
    'titiler.application',
    'jupyter-server',
  ],
  gunicorn: [
    'mlflow',
    'uvicorn-gunicorn',
    'airflow',
    'apache-airflow',
    'dash[gunicorn]',
    'superset',
    'apache-superset',
  ],
  flask: [
    'dash',
    'mlflow',
    'flask-restful',
    'flask-restx',
    'flask-sqlalchemy',
    'flask-cors',
    'flask-login',
    'flask-migrate',
    'flask-wtf',
    'flask-jwt-extended',
    'connexion',
    'connexion[flask]',
    'flask-smorest',
    'flask-appbuilder',
    'flask-socketio',
    'flask-bcrypt',
    'flask-mail',
    'flask-marshmallow',
    'flask-admin',
    'quart',
    'flask[async]',
  ],
  streamlit: [
    'streamlit-authenticator',
    'streamlit-option-menu',
    'streamlit-folium',
    'streamlit-aggrid',
    'streamlit-extras',
    'streamlit-lottie',
    'streamlit-option-menu',
    'stqdm',
  ],
  fastapi: ['fastapi[standard]', 'fastapi[all]', 'fastapi-cli'],
  hypercorn: [],
  daphne: ['channels[daphne]'],
  celery: ['django-celery-beat', 'django-celery-results', 'flower', 'apache-airflow'],
  chainlit: [],
  waitress: [],
};

/** Programs that a Python package brings along. */
export const PYTHON_PROGRAMS = new Set(Object.keys(BROUGHT_BY));

/** Whether a set of packages brings a program along. */
export function brings(packages: ReadonlySet<string>, program: string): boolean {
  if (program === 'fastapi')
    return ['fastapi[standard]', 'fastapi[all]', 'fastapi-cli', 'fastapi-cli[standard]'].some((name) =>
      packages.has(name),
    );
  return (
    packages.has(program) ||
    (BROUGHT_BY[program] ?? []).some((name) => packages.has(name)) ||
    [...packages].some((name) => name.startsWith('flask-') && program === 'flask')
  );
}
