import path from 'node:path';
import { entryFiles, frontOf, type Front, type Instance, type Model } from './model.ts';
import { imageOf, isPlainBase, type Image } from './read/image.ts';
import { addedByHand, installOf, nodePackages, packageName, type NodePackages } from './read/node-packages.ts';
import { readJsonc } from './read/jsonc.ts';
import type { Project } from './read/project.ts';
import type { Import, SourceFile } from './read/source.ts';
import type { Run } from './read/start.ts';
import { isObject, objectAt, textAt, type Json } from './read/yaml.ts';

/** An import of JavaScript that fails when the program starts, or when the project is built. */
export interface NodeFault {
  kind:
    | 'bare'
    | 'file'
    | 'case'
    | 'uncopied'
    | 'extension'
    | 'folder'
    | 'package'
    | 'dev-package'
    | 'alias'
    | 'require'
    | 'import';
  source: SourceFile;
  line: number;
  module: string;
  /** What was found in its place, or what would be right. */
  right: string | undefined;
  /** A module of the newer kind, whose errors read differently. */
  isEsm: boolean;
  /** Where the importing file is in the container, as far as that is known. */
  absolute: string | undefined;
  /** What meets the fault: Node when it starts, or the tool that builds. */
  by: 'node' | 'tsc' | 'bundler';
}

const ENDINGS = '.ts .tsx .mts .cts .d.ts .js .jsx .mjs .cjs .json .node .vue .svelte .astro .css .scss .svg'.split(
  ' ',
);

/** The paths that a relative import may stand for, in the order in which they are tried. */
function spellings(target: string): string[] {
  const bare = target.replace(/\/$/, '');
  const stem = bare.replace(/\.([cm]?)jsx?$/, '');
  return [
    bare,
    ...(stem === bare ? [] : ['.ts', '.tsx', '.mts', '.cts'].map((end) => stem + end)),
    ...ENDINGS.map((end) => bare + end),
    ...ENDINGS.map((end) => `${bare}/index${end}`),
  ];
}

/** What a tool makes before or while the project is built is not in the repository. */
function isGenerated(project: Project, target: string): boolean {
  return (
    /(^|[/._-])(gen|generated|__generated__|codegen|dist|build|out|lib|\.next|\.nuxt|\.svelte-kit|\.astro|\.react-router|node_modules|paraglide|i18n|locales|proto|pb|wasm|pkg|prisma|graphql|types|schema|version|env|styled-system)([/._-]|$)|\$|\+|routeTree|\.(css|s[ac]ss|less|svg|png|jpe?g|gif|webp|ico|json|md|mdx|txt|html|wasm|node|graphql|gql|woff2?|ttf|mp[34])$/i.test(
      target,
    ) ||
    !project.isShared(target) ||
    !project.isShared(`${target}.ts`) ||
    !project.isShared(`${target}.js`)
  );
}

interface Context {
  project: Project;
  instance: Instance;
  /** Whether what runs is the project's own files, found in the image; else what a tool made of them. */
  by: NodeFault['by'];
  isPlain: boolean;
  production: boolean;
  /** No package at all can be in the image: nothing installs them there or brings them along. */
  isBare: boolean;
  added: Set<string> | undefined;
  read: (file: string) => SourceFile | undefined;
  faults: NodeFault[];
}

/** What fails when the programs of a container load their files, or when its front is built. */
export function nodeFaults(model: Model, instance: Instance): NodeFault[] {
  const { image } = instance;
  if (!image) return [];
  const faults: NodeFault[] = [];
  const stages = (name: string): Image | undefined => {
    const stage = image.dockerfile.stages.find((each) => each.name === name || String(each.index) === name);
    return stage && imageOf(image.dockerfile, stage, image.build, image.context);
  };
  const production = installOf(image, stages) === 'production';
  const base = {
    project: model.project,
    instance,
    added: addedByHand(image),
    read: model.source,
    faults,
    isBare: hasNoPackages(image, stages, model.project),
  };
  for (const run of instance.start.runs) {
    if (!/^(node|nodejs|tsx|ts-node|bun|nodemon|ts-node-dev)$/.test(run.program)) continue;
    const [entry] = entryFiles(run.program, run.args, run.cwd, instance).filter(
      (file) => !/(^|\/)(dist|build|out)\//.test(file),
    );
    const source = entry === undefined ? undefined : model.source(entry);
    if (!source || source.language !== 'javascript') continue;
    const script = run.args.find((word) =>
      path.posix.basename(word).startsWith(path.posix.basename(source.path).replace(/\.\w+$/, '')),
    );
    const absolute = script === undefined ? undefined : absoluteOf(run, instance, script, source.path);
    const isPlain =
      absolute !== undefined &&
      /^(node|nodejs|nodemon)$/.test(run.program) &&
      /\.[cm]?js$/.test(source.path) &&
      !hasLoader(run, instance);
    const compiler = absolute === undefined ? compilerOf(model.project, source.path) : undefined;
    if (absolute === undefined && compiler === undefined) {
      // Nest's own tool compiles file by file too.
      const first = source.imports.find((each) => each.isCertain && packageName(each.module) !== undefined);
      if (base.isBare && first && isNestBuild(model.project, source.path))
        faults.push(
          faultOf({ ...base, by: 'tsc', isPlain: false, production }, 'bare', source, first, packageName(first.module)),
        );
      continue;
    }
    const context: Context = { ...base, by: absolute === undefined ? 'tsc' : 'node', isPlain, production };
    if (compiler) checkCompiled(context, source, run, compiler);
    walk(context, source, absolute);
  }
  const front = frontOf(model, image);
  if (front && buildsFront(image))
    checkFront({ ...base, by: 'bundler', isPlain: false, production: false }, front, model);
  return faults;
}

/** Whether an image can hold no package: no line installs any, and no copy brings `node_modules` along. */
function hasNoPackages(image: Image, stages: (name: string) => Image | undefined, project: Project): boolean {
  if (!isPlainBase(image.base) || !/(^|\/)node(:|@|$)/.test(image.base)) return false;
  if (image.env.has('NODE_PATH') || image.env.has('YARN_VERSION_OVERRIDE')) return false;
  const manages = /\b(npm|pnpm|yarn|bun|npx|corepack)\b|\.sh\b|node_modules/;
  if (image.runs.some((run) => manages.test(run.instruction.raw))) return false;
  if (project.files.some((file) => /(^|\/)\.pnp\.cjs$|^\.yarnrc\.yml$/.test(file.path))) return false;
  return image.copies.every((copy) => {
    const isModules = (name: string) => /node_modules|\$|(^|\/)\*/.test(name);
    if (copy.sources.some(isModules) || copy.destination.includes('node_modules')) return false;
    if (copy.from === undefined) {
      // The developer's own folder may lie in the context, unless that is kept out.
      return copy.sources.every((source) => {
        const folder = path.posix.normalize(path.posix.join(image.context.folder, path.posix.join('/', source)));
        const modules = path.posix.join(folder, 'node_modules');
        return (
          project.kindOf(folder) === 'file' ||
          image.context.ignores(modules) ||
          image.build.by === 'workflow' ||
          project.kindOf(path.posix.join(folder, 'package.json')) !== 'file'
        );
      });
    }
    const other = stages(copy.from.toLowerCase());
    if (!other) return false;
    return copy.sources.every((source) => {
      const from = path.posix.resolve('/', source);
      return (
        !(from === '/' || other.workdir === from || other.workdir.startsWith(`${from}/`)) &&
        !/standalone|\.output|\/build$/.test(from)
      );
    });
  });
}

/** Where a script is in the container, when it is the project's own file. */
function absoluteOf(run: Run, instance: Instance, script: string, source: string): string | undefined {
  const base = path.posix.resolve(run.cwd, script);
  return [base, `${base}.js`, `${base}/index.js`, `${base}.ts`].find(
    (each) => instance.around.find(each).source === source,
  );
}

/** Whether Node is told to load files in another way than its own. */
function hasLoader(run: Run, instance: Instance): boolean {
  const options = `${run.args.join(' ')} ${run.env.NODE_OPTIONS ?? instance.around.variables.NODE_OPTIONS ?? ''}`;
  return (
    /(^|\s)(--loader|--import|--experimental-(loader|specifier-resolution)|-r|--require|--exec|-x)(\s|=)/.test(
      options,
    ) && !/^\S*\s*(-r|--require)[ =]dotenv\/config/.test(options.trim())
  );
}

interface Compiler {
  isModule: boolean;
  aliases: string[];
  canRewrite: boolean;
}

/** Whether `nest build` makes what is started, without a bundler. */
function isNestBuild(project: Project, source: string): boolean {
  const packages = nodePackages(project, source);
  if (!packages || !/^nest build$/.test(textAt(packages.manifest, 'scripts', 'build') ?? '')) return false;
  return !/webpack/.test(project.read(path.posix.join(path.posix.dirname(packages.file), 'nest-cli.json')) ?? '');
}

/** TypeScript's own compiler, when nothing else makes the files that are started. */
function compilerOf(project: Project, source: string): Compiler | undefined {
  const packages = nodePackages(project, source);
  if (!packages) return undefined;
  const scripts = objectAt(packages.manifest, 'scripts');
  const all = Object.values(scripts)
    .filter((each) => typeof each === 'string')
    .join('\n');
  const names = ['dependencies', 'devDependencies'].flatMap((key) => Object.keys(objectAt(packages.manifest, key)));
  const isTsc = /(^|\s|&&\s*)(npx )?tsc(\s|$)/m.test(textAt(scripts, 'build') ?? '');
  if (
    !isTsc ||
    /esbuild|tsup|rollup|webpack|vite|\bswc\b|babel|ncc|parcel|bun build|tsdown|unbuild|nest build/.test(all)
  )
    return undefined;
  const file = path.posix.join(path.posix.dirname(packages.file), 'tsconfig.json');
  const text = project.read(file);
  const value = text === undefined ? undefined : readJsonc(text);
  if (!isObject(value) || value.extends !== undefined) return { isModule: false, aliases: [], canRewrite: true };
  const options = objectAt(value, 'compilerOptions');
  return {
    isModule:
      packages.manifest.type === 'module' &&
      !/^(commonjs|node16|nodenext)$/i.test(textAt(options, 'module') ?? 'commonjs'),
    aliases: Object.keys(objectAt(options, 'paths')).map((key) => key.replace(/\*$/, '')),
    canRewrite:
      /tsc-alias|tspaths|tsconfig-paths|module-alias|fix-esm|tsc-esm/.test(`${all} ${names.join(' ')}`) ||
      packages.manifest.imports !== undefined ||
      packages.manifest._moduleAliases !== undefined,
  };
}

/** What TypeScript leaves as it is written, and Node then does not find. */
function checkCompiled(context: Context, entry: SourceFile, run: Run, compiler: Compiler): void {
  if (compiler.canRewrite || hasLoader(run, context.instance) || !/^(node|nodejs|nodemon)$/.test(run.program)) return;
  for (const { source, each, target } of reach(context, entry)) {
    const alias = compiler.aliases.find((key) => each.module.startsWith(key) && /[/]$/.test(key));
    if (alias !== undefined && packageName(each.module) === undefined) {
      context.faults.push(faultOf(context, 'alias', source, each, alias));
      return;
    }
    if (
      compiler.isModule &&
      target !== undefined &&
      each.module.startsWith('.') &&
      // `rewriteRelativeImportExtensions` makes `.js` of `.ts`.
      !/\.([cm]?[jt]sx?|json)$/.test(each.module)
    ) {
      const isIndex = /\/index\.\w+$/.test(target) && !/index(\.\w+)?$/.test(each.module);
      context.faults.push({
        ...faultOf(
          context,
          isIndex ? 'folder' : 'extension',
          source,
          each,
          `${each.module}${isIndex ? '/index' : ''}.js`,
        ),
        isEsm: true,
        by: 'node',
      });
      return;
    }
  }
}

function faultOf(
  context: Context,
  kind: NodeFault['kind'],
  source: SourceFile,
  each: Import,
  right: string | undefined,
): NodeFault {
  return {
    kind,
    source,
    line: each.line,
    module: each.module,
    right,
    isEsm: false,
    absolute: undefined,
    by: context.by,
  };
}

/** Every import that is sure to run, from a file on. */
function* reach(
  context: Context,
  entry: SourceFile,
): Generator<{ source: SourceFile; each: Import; target: string | undefined }> {
  const seen = new Set<string>();
  const queue = [entry];
  for (let source = queue.pop(); source && seen.size < 400; source = queue.pop()) {
    if (seen.has(source.path)) continue;
    seen.add(source.path);
    for (const each of source.imports) {
      if (!each.isCertain) continue;
      const target = each.module.startsWith('.')
        ? resolveInProject(context.project, source.path, each.module)
        : undefined;
      yield { source, each, target };
      const next = target === undefined ? undefined : context.read(target);
      if (next) queue.push(next);
    }
  }
}

function cleanModule(module: string): string {
  return module.replace(/[?#].*$/, '');
}

/** The project's file that a relative import means. */
function resolveInProject(project: Project, from: string, module: string): string | undefined {
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(from), cleanModule(module)));
  return spellings(target).find((each) => project.kindOf(each) === 'file');
}

/** Follows the imports of a file that are sure to run, and tells of those that fail. */
function walk(context: Context, entry: SourceFile, absolute: string | undefined): void {
  const seen = new Set<string>();
  const visit = (source: SourceFile, at: string | undefined): void => {
    if (seen.has(source.path) || seen.size > 400) return;
    seen.add(source.path);
    const packages = nodePackages(context.project, source.path);
    const type = at === undefined ? packages?.manifest.type : typeInImage(context, at);
    const isEsm = context.isPlain && isModule(source, type);
    if (context.isPlain && type !== 'unknown') checkKind(context, source, packages, isEsm, at);
    for (const each of source.imports) {
      if (!each.isCertain) continue;
      if (/^\.{1,2}(\/|$)/.test(each.module)) {
        const next =
          at === undefined ? followInProject(context, source, each) : followInImage(context, source, each, at, isEsm);
        if (next) visit(next.source, next.absolute);
      } else if (packages) checkPackage(context, source, each, packages, isEsm, at);
    }
  };
  visit(entry, absolute);
}

/** The `type` of the nearest `package.json` that is in the image, as Node reads it; `unknown` where a step may have made one. */
function typeInImage(context: Context, at: string): Json | undefined {
  for (let folder = path.posix.dirname(at); ; folder = path.posix.dirname(folder)) {
    const found = context.instance.around.find(path.posix.join(folder, 'package.json'));
    if (found.state === 'unknown') return 'unknown';
    if (found.state === 'yes' && found.source !== undefined)
      return nodePackages(context.project, found.source)?.manifest.type;
    if (folder === '/') return undefined;
  }
}

/** Whether Node takes a file for a module of the newer kind. */
function isModule(source: SourceFile, type: Json | undefined): boolean {
  if (/\.mjs$/.test(source.path)) return true;
  return !/\.cjs$/.test(source.path) && type === 'module';
}

/** `require` where there is only `import`, and the other way round. */
function checkKind(
  context: Context,
  source: SourceFile,
  packages: NodePackages | undefined,
  isEsm: boolean,
  at: string | undefined,
): void {
  const text = context.project.read(source.path) ?? '';
  const told = (kind: 'require' | 'import', line: number, module: string) =>
    context.faults.push({
      ...{ kind, source, line, module, right: packages?.file, isEsm, absolute: at, by: 'node' },
    });
  if (isEsm) {
    const call = source.calls.find(
      (each) => each.callee === 'require' && each.within === undefined && !each.isConditional,
    );
    if (call && !/createRequire|\brequire\s*=/.test(text))
      told('require', call.line, call.positional[0]?.kind === 'text' ? call.positional[0].text : '');
    return;
  }
  // From 20.19 and 22.7 on, Node looks at the file to tell which kind it is.
  const major = Number(/(?:^|\/)node:(\d+)/.exec(context.instance.image?.base ?? '')?.[1] ?? '99');
  const line = text.split('\n').findIndex((row) => /^import\s+([\w*{][^'"]*\sfrom\s+)?["'][^'"]+["']/.test(row));
  if (major <= 18 && line >= 0 && /\.js$/.test(source.path)) told('import', line + 1, '');
}

interface Next {
  source: SourceFile;
  absolute: string | undefined;
}

/** A relative import of a file that runs as it is: its target must be in the image. */
function followInImage(
  context: Context,
  source: SourceFile,
  each: Import,
  at: string,
  isEsm: boolean,
): Next | undefined {
  const { find } = context.instance.around;
  const target = path.posix.resolve(path.posix.dirname(at), cleanModule(each.module));
  const isFile = (file: string) => {
    const found = find(file);
    return found.state === 'yes' && (found.source === undefined || context.project.kindOf(found.source) === 'file');
  };
  const list = spellings(target);
  const hit = list.find(isFile);
  const told = (kind: NodeFault['kind'], right: string | undefined) =>
    context.faults.push({ ...faultOf(context, kind, source, each, right), isEsm, absolute: at });
  if (hit !== undefined) {
    if (isEsm && context.isPlain && hit !== target) {
      const shown = `${each.module.replace(/\/$/, '')}${hit.slice(target.length)}`;
      told(hit.startsWith(`${target}/`) ? 'folder' : 'extension', shown);
      return undefined;
    }
    const file = find(hit).source;
    const next = file === undefined ? undefined : context.read(file);
    return next && { source: next, absolute: hit };
  }
  if (list.some((file) => find(file).state === 'unknown')) return undefined;
  // A folder with a package.json of its own says which file is meant.
  if (find(`${target}/package.json`).state !== 'no') return undefined;
  const own = resolveInProject(context.project, source.path, each.module);
  if (own !== undefined) told('uncopied', own);
  else followInProject(context, source, each, isEsm, at);
  return undefined;
}

/** A relative import of a file that is compiled or bundled: its target must be in the project. */
function followInProject(
  context: Context,
  source: SourceFile,
  each: Import,
  isEsm = false,
  at?: string,
): Next | undefined {
  const { project } = context;
  const hit = resolveInProject(project, source.path, each.module);
  if (hit !== undefined) {
    const next = context.read(hit);
    return next && { source: next, absolute: undefined };
  }
  const target = path.posix.normalize(path.posix.join(path.posix.dirname(source.path), cleanModule(each.module)));
  if (target.startsWith('..') || project.kindOf(`${target}/package.json`) === 'file') return undefined;
  const other = spellings(target)
    .map((file) => project.otherCase(file))
    .find((file) => file !== undefined && project.kindOf(file) === 'file');
  const told = (kind: NodeFault['kind'], right: string | undefined) =>
    context.faults.push({ ...faultOf(context, kind, source, each, right), isEsm, absolute: at });
  if (other !== undefined) told('case', other);
  else if (!isGenerated(project, target)) told('file', undefined);
  return undefined;
}

/** A package that is not among the dependencies, or not among those that the image installs. */
function checkPackage(
  context: Context,
  source: SourceFile,
  each: Import,
  packages: NodePackages,
  isEsm: boolean,
  at: string | undefined,
): void {
  const name = packageName(each.module);
  if (name === undefined || !context.added || context.added.has(name)) return;
  if (context.isBare && context.by !== 'bundler') {
    if (!context.faults.some((fault) => fault.kind === 'bare'))
      context.faults.push({ ...faultOf(context, 'bare', source, each, name), isEsm, absolute: at });
    return;
  }
  const presence = packages.has(name);
  const kind =
    presence === 'no'
      ? 'package'
      : presence === 'dev' && context.production && context.by === 'node'
        ? 'dev-package'
        : undefined;
  if (kind === undefined) return;
  // A folder of the project may go by that name: `baseUrl`, aliases, workspaces.
  const [first = ''] = name.split('/');
  const folder = path.posix.dirname(packages.file);
  if (kind === 'package') {
    const config = [
      'tsconfig.json',
      'tsconfig.app.json',
      'jsconfig.json',
      'vite.config.ts',
      'vite.config.js',
      'vite.config.mts',
      'vite.config.mjs',
      'next.config.js',
      'next.config.ts',
      'next.config.mjs',
      'webpack.config.js',
      'vue.config.js',
      'craco.config.js',
    ]
      .map((file) => context.project.read(path.posix.join(folder, file)) ?? '')
      .join('\n')
      // What the configuration itself imports is no name that it gives.
      .replace(/\bfrom\s+["'][^"']+["']|\brequire\(\s*["'][^"']+["']\s*\)/g, '');
    if (
      config.includes(`"${first}`) ||
      config.includes(`'${first}`) ||
      new RegExp(`\\b${first.replace(/\W/g, '.')}\\s*:`).test(config)
    )
      return;
    if (
      ['src', 'app', '.'].some((base) =>
        ['', '.ts', '.tsx', '.js', '.jsx'].some(
          (end) => context.project.kindOf(path.posix.join(folder, base, first + end)) !== undefined,
        ),
      )
    )
      return;
  }
  context.faults.push({ ...faultOf(context, kind, source, each, name), isEsm, absolute: at });
}

/** Whether the image, or a stage that it takes files from, builds the front. */
function buildsFront(image: Image): boolean {
  return image.dockerfile.stages.some((stage) =>
    stage.instructions.some(
      (step) =>
        step.keyword === 'RUN' &&
        /\b(npm|pnpm|yarn|bun)\s+(run\s+)?[\w:-]*build|\b(vite|next|ng|astro|nuxt|react-scripts)\s+build/.test(
          step.raw,
        ),
    ),
  );
}

/** The files that the bundler of a front starts with. */
function frontEntries(front: Front, project: Project): string[] {
  const inFront = (name: string) => path.posix.normalize(path.posix.join(front.folder, name));
  const entries: string[] = [];
  if (front.kind === 'vite') {
    const page = project.read(inFront('index.html')) ?? '';
    for (const [, script = ''] of page.matchAll(/<script[^>]*\bsrc=["']\.?\/?([^"']+\.(?:[cm]?[jt]sx?))["']/g))
      entries.push(inFront(script));
  } else if (front.kind === 'cra' || front.kind === 'vue-cli' || front.kind === 'angular')
    entries.push(
      ...['src/index', 'src/main'].flatMap((name) => ['.js', '.jsx', '.ts', '.tsx'].map((end) => inFront(name + end))),
    );
  else if (front.kind === 'next') {
    const inside = front.folder === '.' ? '' : `${front.folder}/`;
    entries.push(
      ...front.sources.filter((file) =>
        /^(src\/)?(pages\/|app\/(.*\/)?(page|layout|route|loading|error|not-found|template)\.)/.test(
          file.slice(inside.length),
        ),
      ),
    );
  }
  return entries.filter((entry) => project.kindOf(entry) === 'file');
}

/** The bundler's own configuration, which is loaded before all. */
function configEntries(front: Front, project: Project): string[] {
  const names =
    front.kind === 'vite'
      ? ['vite.config.ts', 'vite.config.js', 'vite.config.mts', 'vite.config.mjs']
      : front.kind === 'next'
        ? ['next.config.js', 'next.config.mjs', 'next.config.ts']
        : [];
  return names
    .map((name) => path.posix.normalize(path.posix.join(front.folder, name)))
    .filter((file) => project.kindOf(file) === 'file')
    .slice(0, 1);
}

/** The imports of a front, from the files that its bundler starts with. */
function checkFront(context: Context, front: Front, model: Model): void {
  for (const entry of [...configEntries(front, context.project), ...frontEntries(front, context.project)]) {
    const source = model.source(entry);
    if (source) walk(context, source, undefined);
  }
}

/** The files of a front that its bundler takes in, followed from where it starts. */
export function frontFiles(model: Model, front: Front): SourceFile[] {
  const { project } = model;
  const seen = new Set<string>();
  const list: SourceFile[] = [];
  const queue = frontEntries(front, project);
  for (let next = queue.pop(); next !== undefined && seen.size < 400; next = queue.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const source = model.source(next);
    if (!source) continue;
    list.push(source);
    for (const { module } of source.imports) {
      const [, below] = /^(?:@|~|\$lib|src)\/(.+)$/.exec(module) ?? [];
      const target =
        below === undefined
          ? module.startsWith('.')
            ? resolveInProject(project, next, module)
            : undefined
          : ['src', '.', 'app', 'src/lib']
              .map((folder) => resolveInProject(project, path.posix.join(front.folder, folder, 'x.js'), `./${below}`))
              .find((each) => each !== undefined);
      if (target !== undefined) queue.push(target);
    }
  }
  return list;
}
