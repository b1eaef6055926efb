import path from 'node:path';
import { appDirectory, moduleArgument, type Instance } from './model.ts';
import { bringsModule, installedBy, isKnownModule, isStandard, type Installed } from './read/distributions.ts';
import { pythonEnvironments } from './read/packages.ts';
import { optionOf } from './read/shell.ts';
import type { Import, SourceFile } from './read/source.ts';
import type { Run } from './read/start.ts';

/**
 * How a container's Python finds modules: the folders it looks in, the packages that were installed, and what the program
 * loads as soon as it starts. Whatever cannot be followed is unknown, and never said to be missing.
 */

/** A module as the container loads it. */
export interface Loaded {
  source: SourceFile;
  /** Where the file is in the container. */
  absolute: string;
  /** The package that its relative imports start from; undefined for a file that is loaded by itself. */
  package: string | undefined;
  /** Started as a script: what stands below `if __name__ == "__main__"` runs. */
  isMain: boolean;
}

/** An import that fails as soon as the program starts. */
export interface ImportFault {
  kind: 'relative' | 'beyond' | 'missing';
  loaded: Loaded;
  line: number;
  /** The module as it is written, with its leading dots. */
  module: string;
  names: string[];
  /** The module that Python does not find, as it names it. */
  missing: string;
  /** A path that is on this disk, and that git leaves out of what a workflow builds. */
  hidden?: string;
}

/** What a program loads at its start, and where that fails. */
export interface Loading {
  /** Whether the program itself changes where modules are looked for. */
  isOpen: boolean;
  modules: Loaded[];
  faults: ImportFault[];
  folders: string[];
}

type Lookup =
  | { kind: 'module' | 'package'; absolute: string; source: string | undefined }
  | { kind: 'namespace'; folder: string }
  | { kind: 'unknown' | 'none' };

/** The folders of `PYTHONPATH`; undefined when a variable in it is not known. */
function pythonPath(run: Run, instance: Instance): string[] | undefined {
  const container = instance.variables.get('PYTHONPATH');
  const ofImage = instance.image?.env.get('PYTHONPATH');
  const isImages = container?.place.file === instance.image?.dockerfile.path && container?.place.line === ofImage?.line;
  const text = run.env.PYTHONPATH ?? (isImages ? ofImage?.value : container?.value) ?? (container ? '$' : '');
  const before = run.env.PYTHONPATH === undefined ? '' : (container?.value ?? '');
  const whole = text
    .replace(/^(["'])(.*)\1$/, '$2')
    .replace(/\$\{PYTHONPATH:\+([^}]*)\}/g, (_, more: string) => (before === '' ? '' : more))
    .replace(/\$\{PYTHONPATH(?::?-[^}]*)?\}|\$PYTHONPATH\b/g, before);
  if (whole === '') return [];
  if (whole.includes('$')) return undefined;
  return whole.split(':').map((entry) => path.posix.resolve(run.cwd, entry));
}

/** Where Python looks before the installed packages, when a run starts; undefined when that cannot be told. */
export function searchPath(run: Run, instance: Instance): string[] | undefined {
  const own = pythonPath(run, instance);
  const first = ownFolders(run, instance);
  return own && first && [...first, ...own];
}

function ownFolders(run: Run, instance: Instance): string[] | undefined {
  const { cwd, args } = run;
  const isIn = (folder: string, name: string) => instance.around.find(path.posix.join(folder, name)).state === 'yes';
  /** The folder above the outermost package that holds a file. */
  const abovePackages = (file: string): string => {
    let folder = path.posix.dirname(path.posix.resolve(cwd, file));
    while (folder !== '/' && isIn(folder, '__init__.py')) folder = path.posix.dirname(folder);
    return folder;
  };
  const module = run.isModule && run.program !== 'python' ? [cwd] : [];
  switch (run.program) {
    case 'uvicorn':
    case 'daphne':
      return [path.posix.resolve(cwd, appDirectory(args)), ...module];
    case 'hypercorn': {
      const target = moduleArgument(args)?.module ?? '';
      return [path.posix.dirname(path.posix.resolve(cwd, target)), ...module];
    }
    case 'gunicorn': {
      const more = optionOf(args, '--pythonpath');
      const config = instance.around.find(
        path.posix.resolve(
          cwd,
          (optionOf(args, '-c', '--config') ?? 'gunicorn.conf.py').replace(/^(file|python):/, ''),
        ),
      );
      const text = config.source === undefined ? '' : (instance.around.project.read(config.source) ?? '');
      if (/chdir|pythonpath|sys\.path/.test(text) || run.env.GUNICORN_CMD_ARGS !== undefined) return undefined;
      const base = path.posix.resolve(cwd, appDirectory(args));
      return [
        base,
        ...(more ?? '')
          .split(',')
          .filter(Boolean)
          .map((each) => path.posix.resolve(base, each)),
        ...module,
      ];
    }
    case 'celery':
      return [path.posix.resolve(cwd, optionOf(args, '--workdir') ?? '.')];
    case 'flask': {
      const app = optionOf(args, '--app', '-A') ?? run.env.FLASK_APP ?? instance.around.variables.FLASK_APP;
      if (app === undefined) return [cwd];
      const file = (app.split(':')[0] ?? '').trim();
      return [file.endsWith('.py') || file.includes('/') ? abovePackages(file) : cwd, ...module];
    }
    case 'fastapi': {
      const file = args.slice(1).find((word) => word.endsWith('.py'));
      return file === undefined ? undefined : [abovePackages(file), ...module];
    }
    case 'streamlit': {
      const file = args.slice(1).find((word) => word.endsWith('.py'));
      return file === undefined ? undefined : [path.posix.dirname(path.posix.resolve(cwd, file)), ...module];
    }
    case 'python': {
      const [file] = args;
      if (run.module !== undefined) return [cwd];
      return file === undefined || file.startsWith('-')
        ? undefined
        : [path.posix.dirname(path.posix.resolve(cwd, file))];
    }
    default:
      return undefined;
  }
}

/** What a name stands for in one folder. */
function lookIn(folder: string, name: string, instance: Instance): Lookup {
  const { find } = instance.around;
  const base = path.posix.join(folder, name);
  const init = find(`${base}/__init__.py`);
  if (init.state === 'yes') return { kind: 'package', absolute: `${base}/__init__.py`, source: init.source };
  const file = find(`${base}.py`);
  if (file.state === 'yes') return { kind: 'module', absolute: `${base}.py`, source: file.source };
  if (init.state === 'unknown' || file.state === 'unknown') return { kind: 'unknown' };
  const here = find(base);
  const isFolder =
    (here.state === 'yes' && (here.source === undefined || instance.around.project.kindOf(here.source) === 'folder')) ||
    (instance.image?.copies ?? []).some((copy) => copy.destination.startsWith(`${base}/`)) ||
    instance.mounts.some((mount) => mount.target.startsWith(`${base}/`));
  return isFolder ? { kind: 'namespace', folder: base } : { kind: here.state === 'unknown' ? 'unknown' : 'none' };
}

/** What a name stands for in several folders: the first module, or else the folders that may each hold a part. */
function lookUp(folders: string[], name: string, instance: Instance): { first: Lookup; parts: string[] } {
  const parts: string[] = [];
  let isUnknown = false;
  for (const folder of folders) {
    const found = lookIn(folder, name, instance);
    if (found.kind === 'module' || found.kind === 'package')
      return { first: isUnknown ? { kind: 'unknown' } : found, parts };
    if (found.kind === 'namespace') parts.push(found.folder);
    if (found.kind === 'unknown') isUnknown = true;
  }
  return { first: { kind: isUnknown ? 'unknown' : 'none' }, parts };
}

const installs = new WeakMap<Instance, { installed: Installed; isClosed: boolean } | 'unknown'>();

/** What is installed in a container for its programs; `unknown` when packages may come from elsewhere. */
function installedIn(instance: Instance): { installed: Installed; isClosed: boolean } | 'unknown' {
  const held = installs.get(instance);
  if (held) return held;
  const made = (() => {
    const { image, start } = instance;
    if (!image) return 'unknown';
    const { list, isKnown } = pythonEnvironments(instance.around.project, image);
    const isInstalling = start.runs.some(
      // `uv run` brings the environment up to date before it starts the program.
      (run) =>
        /^(pip[\d.]*|uv|poetry|pipenv|pdm|conda|mamba)$/.test(run.program) ||
        run.runner === 'uv' ||
        run.runner === 'hatch',
    );
    // Where nothing is installed at all, the whole environment is missing: that is told of the program.
    if (!isKnown || isInstalling || list.length === 0 || list.some(({ packages }) => packages === undefined))
      return 'unknown';
    if (instance.mounts.some((mount) => /site-packages|\/\.?venv|\/env(\/|$)/.test(mount.target))) return 'unknown';
    return {
      installed: installedBy(list.flatMap(({ packages }) => [...(packages ?? [])])),
      isClosed: list.every(({ isClosed }) => isClosed),
    };
  })();
  installs.set(instance, made);
  return made;
}

/** Whether the installed packages hold a module. */
export function isInstalled(instance: Instance, module: string): 'yes' | 'no' | 'unknown' {
  if (isStandard(module)) return 'yes';
  const found = installedIn(instance);
  if (isOfInstalledProject(instance, module)) return 'yes';
  return found === 'unknown' ? 'unknown' : bringsModule(found.installed, module, found.isClosed);
}

/** Whether the project was installed as a package, and has such a module: it is then found from anywhere. */
export function isOfInstalledProject(instance: Instance, module: string): boolean {
  const { image } = instance;
  const { project } = instance.around;
  if (!image) return false;
  const folders = pythonEnvironments(project, image).list.flatMap(({ projects }) => projects);
  return folders.some((folder) => {
    const inside = folder === '.' ? '' : `${folder}/`;
    return project.files.some(
      ({ path: file }) =>
        file.startsWith(inside) && file.endsWith('.py') && `/${file.slice(inside.length, -3)}/`.includes(`/${module}/`),
    );
  });
}

/** Where a dotted module leads, when a container's Python looks for it. */
export function findModule(
  instance: Instance,
  folders: string[],
  module: string,
): { state: 'yes' | 'no' | 'unknown'; chain: { name: string; found: Lookup }[]; missing: string } {
  const parts = module.split('.');
  const chain: { name: string; found: Lookup }[] = [];
  let places = folders;
  for (const [index, part] of parts.entries()) {
    const name = parts.slice(0, index + 1).join('.');
    const { first, parts: namespaces } = lookUp(places, part, instance);
    if (first.kind === 'unknown') return { state: 'unknown', chain, missing: name };
    if (index === 0 && first.kind === 'none') {
      // What is installed comes before folders that are no packages, and the standard library before both.
      const held = isInstalled(instance, part);
      if (held === 'yes' || (held === 'unknown' && (namespaces.length === 0 || isKnownModule(part))))
        return { state: 'unknown', chain, missing: name };
    }
    if (first.kind === 'none' && namespaces.length === 0) return { state: 'no', chain, missing: name };
    chain.push({ name, found: first.kind === 'none' ? { kind: 'namespace', folder: namespaces[0] ?? '' } : first });
    if (first.kind === 'module' && index < parts.length - 1)
      return { state: 'no', chain, missing: parts.slice(0, index + 2).join('.') };
    places = first.kind === 'package' ? [path.posix.dirname(first.absolute)] : namespaces;
  }
  return { state: 'yes', chain, missing: '' };
}

/** What a run loads as soon as it starts, as far as that is sure; undefined when its first file cannot be told. */
export function loadingOf(run: Run, instance: Instance, isBuiltOnGitHub: boolean): Loading | undefined {
  const { project } = instance.around;
  const folders = searchPath(run, instance);
  if (!folders) return undefined;
  const loading: Loading = { isOpen: false, modules: [], faults: [], folders };
  const seen = new Set<string>();

  const load = (absolute: string, source: string | undefined, owner: string | undefined, isMain: boolean): void => {
    const file = source === undefined ? undefined : instance.around.source(source);
    if (seen.has(absolute) || !file || seen.size > 400) return;
    seen.add(absolute);
    const loaded: Loaded = { source: file, absolute, package: owner, isMain };
    loading.modules.push(loaded);
    loading.isOpen ||= /\bsys\.path\b|\baddsitedir\b|\bsys\.meta_path\b/.test(project.read(file.path) ?? '');
    for (const each of file.imports) {
      if (!each.isCertain && !(isMain && each.isMainOnly)) continue;
      if (each.module.startsWith('.')) followRelative(loaded, each);
      else followAbsolute(loaded, each, each.module);
    }
    // `uvicorn.run("main:app")` names its module in a string.
    for (const call of file.calls) {
      if (call.callee !== 'uvicorn.run' || call.within !== undefined || call.isConditional) continue;
      const text = call.positional[0]?.kind === 'text' ? call.positional[0].text : '';
      const [, module] = /^([A-Za-z_][\w.]*):\w/.exec(text) ?? [];
      if (module === undefined || (call.isMainOnly && !isMain)) continue;
      followAbsolute(loaded, { module, names: [], line: call.line, isCertain: true, isMainOnly: false }, module);
    }
  };

  /** Loads the modules of a dotted name one after the other, as Python does. */
  const loadChain = (chain: { name: string; found: Lookup }[]): void => {
    for (const { name, found } of chain) {
      if (found.kind !== 'module' && found.kind !== 'package') continue;
      const owner = found.kind === 'package' ? name : name.split('.').slice(0, -1).join('.');
      load(found.absolute, found.source, owner === '' ? undefined : owner, false);
    }
  };

  /** Tells of what an image that is built on GitHub does not have; what lies below is not followed. */
  const isHidden = (loaded: Loaded, each: Import, chain: { name: string; found: Lookup }[]): boolean => {
    const link = chain.find(
      ({ found }) => 'source' in found && found.source !== undefined && !project.isShared(found.source),
    );
    const source = link && 'source' in link.found ? link.found.source : undefined;
    if (!isBuiltOnGitHub || !link || source === undefined) return false;
    const hidden = source
      .split('/')
      .map((_, index, parts) => parts.slice(0, index + 1).join('/'))
      .find((part) => !project.isShared(part));
    loading.faults.push({
      ...{ kind: 'missing', loaded, line: each.line, module: each.module, names: each.names, missing: link.name },
      hidden: hidden ?? source,
    });
    return true;
  };

  const followAbsolute = (loaded: Loaded, each: Import, module: string): void => {
    const { state, chain, missing } = findModule(instance, folders, module);
    if (isHidden(loaded, each, chain)) return;
    loadChain(chain);
    if (state === 'no') {
      loading.faults.push({
        kind: 'missing',
        loaded,
        line: each.line,
        module: each.module,
        names: each.names,
        missing,
      });
      return;
    }
    const last = chain.at(-1)?.found;
    if (state === 'yes' && last) followNames(loaded, each, module, last);
  };

  /** `from package import name`: a name that the package does not define is a module of it. */
  const followNames = (loaded: Loaded, each: Import, module: string, found: Lookup): void => {
    const folder =
      found.kind === 'package'
        ? path.posix.dirname(found.absolute)
        : found.kind === 'namespace'
          ? found.folder
          : undefined;
    if (folder === undefined) return;
    const init =
      found.kind === 'package' && found.source !== undefined ? instance.around.source(found.source) : undefined;
    for (const name of each.names) {
      if (!/^\w+$/.test(name) || init?.names.has(name)) continue;
      const below = lookIn(folder, name, instance);
      if (below.kind === 'module' || below.kind === 'package') loadChain([{ name: `${module}.${name}`, found: below }]);
      else if (below.kind === 'none' && hasInProject(instance, folder, name) && !init?.starred)
        loading.faults.push({
          ...{ kind: 'missing', loaded, line: each.line, module: each.module, names: each.names },
          missing: `${module}.${name}`,
        });
    }
  };

  const followRelative = (loaded: Loaded, each: Import): void => {
    const dots = /^\.+/.exec(each.module)?.[0].length ?? 0;
    const rest = each.module.slice(dots);
    const fault = { loaded, line: each.line, module: each.module, names: each.names };
    if (loaded.package === undefined) {
      loading.faults.push({ kind: 'relative', ...fault, missing: '' });
      return;
    }
    const owners = loaded.package.split('.');
    if (dots > owners.length) {
      loading.faults.push({ kind: 'beyond', ...fault, missing: '' });
      return;
    }
    const base = owners.slice(0, owners.length - dots + 1).join('.');
    let folder = path.posix.dirname(loaded.absolute);
    for (let i = 1; i < dots; i++) folder = path.posix.dirname(folder);
    if (rest === '') {
      const init = lookIn(path.posix.dirname(folder), path.posix.basename(folder), instance);
      followNames(loaded, each, base, init.kind === 'package' ? init : { kind: 'namespace', folder });
      return;
    }
    let place = folder;
    const parts = rest.split('.');
    for (const [index, part] of parts.entries()) {
      const name = [base, ...parts.slice(0, index + 1)].join('.');
      const found = lookIn(place, part, instance);
      if (found.kind === 'unknown') return;
      if (found.kind === 'none') {
        loading.faults.push({ kind: 'missing', ...fault, missing: name });
        return;
      }
      if (isHidden(loaded, each, [{ name, found }])) return;
      loadChain([{ name, found }]);
      if (index === parts.length - 1) followNames(loaded, each, name, found);
      else if (found.kind === 'module') return;
      place =
        found.kind === 'namespace'
          ? found.folder
          : path.posix.dirname(found.kind === 'package' ? found.absolute : place);
    }
  };

  const start = (absolute: string, owner: string | undefined): boolean => {
    const found = instance.around.find(absolute);
    if (found.source === undefined) return false;
    load(absolute, found.source, owner, true);
    return true;
  };

  const target = /^(uvicorn|gunicorn|hypercorn|daphne)$/.test(run.program)
    ? moduleArgument(run.args)?.module
    : undefined;
  if (target !== undefined) {
    const module = target.replace(/\.py$/, '').replace(/^.*\//, '');
    const { state, chain } = findModule(instance, folders, module);
    loadChain(chain);
    return state === 'no' ? undefined : loading;
  }
  switch (run.program) {
    case 'python': {
      if (run.module !== undefined) {
        const { state, chain } = findModule(instance, folders, run.module);
        const last = chain.at(-1)?.found;
        loadChain(chain.slice(0, -1));
        if (state !== 'yes' || !last) return undefined;
        if (last.kind === 'package') {
          loadChain([{ name: run.module, found: last }]);
          return start(path.posix.join(path.posix.dirname(last.absolute), '__main__.py'), run.module)
            ? loading
            : undefined;
        }
        const owner = run.module.split('.').slice(0, -1).join('.');
        return last.kind === 'module' && start(last.absolute, owner === '' ? undefined : owner) ? loading : undefined;
      }
      const [file] = run.args;
      return file !== undefined && start(path.posix.resolve(run.cwd, file), undefined) ? loading : undefined;
    }
    case 'streamlit': {
      const file = run.args.slice(1).find((word) => word.endsWith('.py'));
      if (file === undefined) return undefined;
      const absolute = path.posix.resolve(run.cwd, file);
      if (!start(absolute, undefined)) return undefined;
      // Each page is a script of its own.
      const pages = path.posix.join(path.posix.dirname(absolute), 'pages');
      const folder = instance.around.find(pages).source;
      for (const name of folder === undefined ? [] : instance.around.project.list(folder))
        if (name.endsWith('.py')) start(path.posix.join(pages, name), undefined);
      return loading;
    }
    case 'fastapi': {
      const file = run.args.slice(1).find((word) => word.endsWith('.py'));
      if (file === undefined) return undefined;
      const inside = path.posix.relative(folders[0] ?? '/', path.posix.resolve(run.cwd, file));
      const { chain, state } = findModule(
        instance,
        folders,
        inside.replace(/(\/__init__)?\.py$/, '').replaceAll('/', '.'),
      );
      loadChain(chain);
      return state === 'yes' ? loading : undefined;
    }
    case 'flask': {
      const app = optionOf(run.args, '--app', '-A') ?? run.env.FLASK_APP ?? instance.around.variables.FLASK_APP;
      const written = app?.split(':')[0]?.trim();
      const file =
        written !== undefined && (written.includes('/') || written.endsWith('.py'))
          ? path.posix.relative(folders[0] ?? '/', path.posix.resolve(run.cwd, written))
          : written;
      const names =
        file === undefined ? ['wsgi', 'app'] : [file.replace(/(\/__init__)?\.py$/, '').replaceAll('/', '.')];
      for (const name of names) {
        const { chain, state } = findModule(instance, folders, name);
        if (state !== 'yes') continue;
        loadChain(chain);
        return loading;
      }
      return undefined;
    }
    case 'celery': {
      const app = optionOf(run.args, '-A', '--app')?.split(':')[0];
      if (app === undefined) return undefined;
      const { chain, state } = findModule(instance, folders, app);
      loadChain(chain);
      return state === 'yes' ? loading : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether the project has a module where an image's folder comes from, though the image does not. */
function hasInProject(instance: Instance, folder: string, name: string): boolean {
  const { project, find } = instance.around;
  const source = find(`${folder}/__init__.py`).source;
  const base = find(folder).source ?? (source === undefined ? undefined : path.posix.dirname(source));
  return (
    base !== undefined &&
    [`${name}.py`, `${name}/__init__.py`].some((file) => project.kindOf(path.posix.join(base, file)) === 'file')
  );
}
