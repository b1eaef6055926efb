import path from 'node:path';
import { objectIn } from './object-file.ts';
import { findInImage, INSTALLERS, type Image } from './image.ts';
import type { Project } from './project.ts';
import { readJsonc } from './jsonc.ts';
import { optionOf, readShell } from './shell.ts';
import { isObject, objectAt, textAt, type Json, type JsonObject } from './yaml.ts';

/** One program that a build line runs, scripts of `package.json` followed. */
export interface Tool {
  program: string;
  args: string[];
  /** Folder in the image. */
  cwd: string;
  /** Variables written before the command. */
  env: Record<string, string>;
  /** The `package.json` that stands where it runs, in the project. */
  manifest: string | undefined;
  /** Named by the line itself, through `npx` or bare: it may come from elsewhere than from what was installed. */
  isFree: boolean;
}

/** A script that a line of a Dockerfile asks for and that `package.json` lacks. */
export interface MissingScript {
  script: string;
  file: string;
  known: string[];
}

export interface Tools {
  list: Tool[];
  /** False when more may run than could be followed. */
  isKnown: boolean;
  missing: MissingScript | undefined;
}

/** Verbs of package managers that are no scripts. */
const VERBS =
  /^(install|i|ci|add|remove|rm|exec|x|dlx|cache|config|set|prune|audit|link|pack|publish|rebuild|store|fetch|import|workspaces?|global|version|init|create|info|view|ls|list|why|up|update|upgrade|dedupe|pkg|root|bin|deploy|env|plugin|outdated|login|policies|unplug|setup|approve-builds|clean-install|clean|help|get|whoami|patch|corepack)$/;

/** An image with the files that were copied alone: what its lines make is what is asked here. */
function copiedOnly(image: Image): Image {
  return { ...image, runs: [] };
}

/** Follows one command of a `RUN` to the tools that it starts. */
export function toolsOf(project: Project, full: Image, words: string[], cwd: string): Tools {
  const image = copiedOnly(full);
  const found: Tools = { list: [], isKnown: true, missing: undefined };
  follow(words, cwd, {}, undefined, 0);
  return found;

  function follow(
    argv: string[],
    folder: string,
    env: Record<string, string>,
    manifest: string | undefined,
    depth: number,
  ): void {
    const [program = ''] = argv;
    let rest = argv.slice(1);
    if (depth > 10) {
      found.isKnown = false;
      return;
    }
    if (/^(cross-env|cross-env-shell|env)$/.test(program)) {
      const own = { ...env };
      let at = 0;
      for (; at < rest.length; at++) {
        const [, name, value = ''] = /^(\w+)=(.*)$/.exec(rest[at] ?? '') ?? [];
        if (name === undefined) break;
        own[name] = value;
      }
      follow(rest.slice(at), folder, own, manifest, depth + 1);
      return;
    }
    if (/^(dotenv|env-cmd|dotenvx|time|exec)$/.test(program)) {
      const end = rest.indexOf('--');
      follow(end >= 0 ? rest.slice(end + 1) : rest, folder, env, manifest, depth + 1);
      return;
    }
    if (
      /^(npx|bunx|pnpx)$/.test(program) ||
      (/^(npm|pnpm|yarn|bun)$/.test(program) && /^(exec|dlx|x)$/.test(rest[0] ?? ''))
    ) {
      const start = /x$/.test(program) ? 0 : 1;
      const words = rest
        .slice(start)
        .filter((word, index) => !(word.startsWith('-') && index < 3 && /^-(y|-yes|-|-no-install)$/.test(word)));
      if (/^-/.test(words[0] ?? '')) found.isKnown = false;
      // `npx` fetches what is not installed.
      else follow([(words[0] ?? '').replace(/(?<=.)@.*$/, ''), ...words.slice(1)], folder, env, undefined, depth + 1);
      return;
    }
    if (/^(npm|pnpm|yarn|bun)$/.test(program)) {
      while (rest[0]?.startsWith('-')) {
        const flag = rest[0];
        if (/^(--prefix|-C|--dir|--cwd)$/.test(flag)) {
          folder = path.posix.resolve(folder, rest[1] ?? '.');
          rest = rest.slice(2);
        } else if (/^(-s|--silent|--no-audit|--loglevel=.*|--verbose)$/.test(flag)) rest = rest.slice(1);
        else {
          found.isKnown &&= /^--(version|help)$/.test(flag);
          return;
        }
      }
      let isOptional = false;
      let script = rest[0] ?? '';
      let args = rest.slice(1);
      const isRun = /^(run|run-script)$/.test(script);
      if (isRun) {
        while (args[0]?.startsWith('-')) {
          isOptional ||= args[0] === '--if-present';
          if (!/^(--if-present|-s|--silent|--sequential)$/.test(args[0])) {
            found.isKnown = false;
            return;
          }
          args = args.slice(1);
        }
        script = args[0] ?? '';
        args = args.slice(1);
      } else if (program === 'npm') {
        if (!/^(start|test|t)$/.test(script)) {
          if (/^(ci|install|i|clean-install)$/.test(script)) lifecycle(args, folder, depth);
          else if (!VERBS.test(script)) found.isKnown = false;
          return;
        }
      } else if (VERBS.test(script) || script === '') {
        if (/^(install|i|)$/.test(script)) lifecycle(args, folder, depth);
        return;
      }
      const prefix = args.findIndex((word) => /^(--prefix|-C)(=|$)/.test(word));
      if (prefix >= 0) {
        const [, inline] = /=(.*)$/.exec(args[prefix] ?? '') ?? [];
        folder = path.posix.resolve(folder, inline ?? args[prefix + 1] ?? '.');
        args = args.filter((_, index) => index !== prefix && (inline !== undefined || index !== prefix + 1));
      }
      if (args.some((word) => /^(-w|--workspaces?(=.*)?|--filter|-F|--if-present|-ws)$/.test(word))) {
        found.isKnown = false;
        return;
      }
      const { source } = findInImage(project, image, path.posix.join(folder, 'package.json'));
      const value = source === undefined ? undefined : objectIn(project, source);
      if (!value || source === undefined) {
        found.isKnown = false;
        return;
      }
      const scripts = objectAt(value, 'scripts');
      const body = textAt(scripts, script);
      if (body === undefined) {
        // `yarn vite build` and `bun vite build` run a program of node_modules.
        if (!isRun && program !== 'npm') {
          follow([script, ...args], folder, env, source, depth + 1);
          return;
        }
        found.isKnown = false;
        if (!isOptional) found.missing ??= { script, file: source, known: Object.keys(scripts) };
        return;
      }
      for (const name of [`pre${script}`, script, `post${script}`]) {
        const line = textAt(scripts, name);
        if (line === undefined) continue;
        const more = name === script ? args.filter((word) => word !== '--') : [];
        shell([line, ...more].join(' '), folder, env, source, depth);
      }
      return;
    }
    if (/^(run-s|run-p|npm-run-all|npm-run-all2)$/.test(program)) {
      for (const name of rest) {
        if (name.startsWith('-')) continue;
        if (/[*:{]\*?$|[*{"\s]/.test(name)) found.isKnown = false;
        else follow(['npm', 'run', name], folder, env, manifest, depth + 1);
      }
      return;
    }
    if (/^(sh|bash|ash)$/.test(program) && rest[0] === '-c') {
      shell(rest[1] ?? '', folder, env, manifest, depth);
      return;
    }
    if (program !== '')
      found.list.push({
        program: path.posix.basename(program),
        args: rest,
        cwd: folder,
        env,
        manifest: manifest ?? findInImage(project, image, path.posix.join(folder, 'package.json')).source,
        isFree: manifest === undefined,
      });
  }

  /** The scripts that installing runs by itself. */
  function lifecycle(args: string[], folder: string, depth: number): void {
    if (args.some((word) => !word.startsWith('-') || /^--(ignore-scripts|global|prefix)|^-(g|C)$/.test(word))) return;
    const { source } = findInImage(project, image, path.posix.join(folder, 'package.json'));
    const value = source === undefined ? undefined : objectIn(project, source);
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) {
      const line = textAt(value, 'scripts', name);
      if (line !== undefined) shell(line, folder, {}, source, depth + 1);
    }
  }

  function shell(
    text: string,
    folder: string,
    env: Record<string, string>,
    manifest: string | undefined,
    depth: number,
  ): void {
    let at = folder;
    const commands = readShell(text);
    for (const [index, command] of commands.entries()) {
      if (command.words[0] === 'cd') {
        if (/[$`*~]/.test(command.words[1] ?? '$')) found.isKnown = false;
        at = path.posix.resolve(at, command.words[1] ?? '.');
        continue;
      }
      // What may fail, or runs only when something else failed, proves nothing.
      const isGuarded = command.after === '||' || commands[index + 1]?.after === '||';
      if (isGuarded) {
        if (!/^(true|exit|echo|:)$/.test(command.words[0] ?? '')) found.isKnown = false;
        continue;
      }
      follow(command.words, at, { ...env, ...command.assignments }, manifest, depth + 1);
    }
  }
}

/** The npm package that brings a program, where it is not called as its package is. */
const PACKAGES: Record<string, string[]> = {
  tsc: ['typescript'],
  ng: ['@angular/cli'],
  nest: ['@nestjs/cli'],
  'vue-cli-service': ['@vue/cli-service'],
  'svelte-kit': ['@sveltejs/kit'],
  'react-router': ['@react-router/dev'],
  remix: ['@remix-run/dev'],
  'run-s': ['npm-run-all', 'npm-run-all2'],
  'run-p': ['npm-run-all', 'npm-run-all2'],
  tailwindcss: ['tailwindcss', '@tailwindcss/cli'],
  webpack: ['webpack-cli', 'webpack'],
  babel: ['@babel/cli'],
  swc: ['@swc/cli'],
  ncc: ['@vercel/ncc'],
};

const SAME_NAME =
  /^(vite|vue-tsc|react-scripts|next|nuxt|nuxi|astro|esbuild|tsup|rollup|parcel|prisma|rimraf|husky|cross-env|eslint|nodemon|tsx|ts-node|ts-node-dev|concurrently|serve|drizzle-kit|sequelize-cli|knex|craco|tsc-alias|copyfiles|cpx|shx|typeorm|patch-package)$/;

/** The packages that may bring a program; undefined for programs that are not followed. */
export function packagesOf(program: string): string[] | undefined {
  return PACKAGES[program] ?? (SAME_NAME.test(program) ? [program] : undefined);
}

/** Programs that check and write nothing that an image would copy. */
const WRITES_NOTHING =
  /^(eslint|prettier|vue-tsc|svelte-check|vitest|jest|husky|rimraf|echo|true|stylelint|biome|oxlint|rm|cd|lint-staged|only-allow|is-ci|mkdirp|cross-env|set|export|test|\[|sleep|mkdir|patch-package)$/;

/** What a tool writes, as absolute paths in the image; undefined when that cannot be told. */
function outputsOf(project: Project, full: Image, tool: Tool): string[] | undefined {
  const image = copiedOnly(full);
  const { program, args, cwd } = tool;
  const read = (...names: string[]) => readOf(project, image, cwd, names);
  const inside = (folder: string) => [path.posix.resolve(cwd, folder)];
  /** A folder that a configuration gives, `undefined` in the list when it is computed. */
  const setting = (text: string | undefined, key: string, otherwise: string): string | undefined => {
    const found = new RegExp(
      `\\b${key}["']?\\s*:\\s*(?:["'\`]([^"'\`$]+)["'\`]|path\\.(?:resolve|join)\\(\\s*(?:__dirname|import\\.meta\\.dirname)\\s*,\\s*["']([^"']+)["']\\s*\\)|(.))`,
    ).exec((text ?? '').replace(/^\s*\/\/.*$/gm, ''));
    return found ? (found[1] ?? found[2]) : otherwise;
  };
  if (program === 'vite' && args.find((word) => !word.startsWith('-')) === 'build') {
    const config = read('vite.config.ts', 'vite.config.js', 'vite.config.mts', 'vite.config.mjs');
    if (/sveltekit\s*\(/.test(config ?? '')) return svelteOutputs(read('svelte.config.js', 'svelte.config.ts'), cwd);
    if (
      /\b(laravel|remix|reactRouter|solidStart|tanstackStart|qwikVite|vike|ssr|nitro|cloudflare|electron|environments|buildApp|closeBundle|writeBundle|spawn|copy|singlefile)\w*\s*[({:]/i.test(
        config ?? '',
      ) ||
      /\broot\s*[:=,]|mergeConfig|\bdefineConfig\(\s*\(\s*\{[^}]*isSsrBuild/.test(config ?? '')
    )
      return undefined;
    if (args.some((word) => /^(-c|--config|--ssr)/.test(word))) return undefined;
    const folder = optionOf(args, '--outDir') ?? setting(config, 'outDir', 'dist');
    return folder === undefined ? undefined : inside(folder);
  }
  if (program === 'react-scripts' && args[0] === 'build') {
    if (
      'BUILD_PATH' in tool.env ||
      image.env.has('BUILD_PATH') ||
      /BUILD_PATH/.test(read('.env', '.env.production') ?? '')
    )
      return undefined;
    return inside('build');
  }
  if (program === 'vue-cli-service' && args[0] === 'build') {
    const folder =
      optionOf(args, '--dest') ??
      setting(read('vue.config.js', 'vue.config.ts', 'vue.config.cjs'), 'outputDir', 'dist');
    return folder === undefined ? undefined : inside(folder);
  }
  if (program === 'astro' && args[0] === 'build') {
    const config = read('astro.config.mjs', 'astro.config.ts', 'astro.config.js');
    const folder = optionOf(args, '--outDir') ?? setting(config, 'outDir', 'dist');
    return folder === undefined ? undefined : inside(folder);
  }
  if (program === 'next' && args[0] === 'build') {
    const config = read('next.config.js', 'next.config.mjs', 'next.config.ts', 'next.config.cjs') ?? '';
    const folder = setting(config, 'distDir', '.next');
    if (folder === undefined) return undefined;
    return [...inside(folder), ...(/\bexport\b\s*["']|["']export["']/.test(config) ? inside('out') : [])];
  }
  if (/^(nuxt|nuxi)$/.test(program) && /^(build|generate)$/.test(args[0] ?? '')) {
    const config = read('nuxt.config.ts', 'nuxt.config.js', 'nuxt.config.mjs') ?? '';
    if (/nitro\s*:|buildDir|output\s*:/.test(config) || args.some((word) => /preset|dotenv/.test(word)))
      return undefined;
    return [...inside('.output'), ...inside('.nuxt'), ...(args[0] === 'generate' ? inside('dist') : [])];
  }
  if (program === 'ng' && /^(build|b)$/.test(args[0] ?? '')) return angularOutputs(read('angular.json'), args, cwd);
  const compiler = compilerOf(read, tool);
  if (compiler !== undefined) return compiler === 'unknown' ? undefined : compiler.map(({ outDir }) => outDir ?? cwd);
  if (program === 'prisma')
    return /^\s*output\s*=/m.test(read('prisma/schema.prisma', 'schema.prisma') ?? 'output =') ? undefined : [];
  if (program === 'tailwindcss') return inside(optionOf(args, '-o', '--output') ?? '.');
  return WRITES_NOTHING.test(program) ? [] : undefined;
}

function objectOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}

/** SvelteKit's adapter says where the server or the pages go. */
function svelteOutputs(config: string | undefined, cwd: string): string[] | undefined {
  if (config === undefined) return undefined;
  const own = path.posix.join(cwd, '.svelte-kit');
  const [, adapter] = /["']@sveltejs\/adapter-(\w+)/.exec(config) ?? [];
  if (/process\.env|await import/.test(config)) return undefined;
  if (adapter === 'auto') return [own];
  if (adapter !== 'node' && adapter !== 'static') return undefined;
  const call = /adapter\s*\(\s*\{([\s\S]*?)\}\s*\)/.exec(config)?.[1] ?? '';
  const written = /\b(?:out|pages)\s*:\s*(?:["']([^"']+)["']|(.))/.exec(call);
  if (written && written[1] === undefined) return undefined;
  return [own, path.posix.resolve(cwd, written?.[1] ?? 'build')];
}

/** The folder of `angular.json` that holds `index.html`. */
function angularOutputs(text: string | undefined, args: string[], cwd: string): string[] | undefined {
  const value = objectOf(readJsonc(text ?? ''));
  const projects = objectAt(value, 'projects');
  const named = args.slice(1).find((word) => word in projects);
  const names = Object.keys(projects);
  const name = named ?? textAt(value, 'defaultProject') ?? (names.length === 1 ? names[0] : undefined);
  const written = optionOf(args, '--output-path');
  if (name === undefined || written !== undefined) return undefined;
  const build = objectAt(projects, name, 'architect', 'build');
  const options = { ...objectAt(projects, name, 'targets', 'build', 'options'), ...objectAt(build, 'options') };
  const builder = textAt(build, 'builder') ?? '';
  // Each of the configurations may choose another folder.
  if (Object.values(objectAt(build, 'configurations')).some((each) => isObject(each) && 'outputPath' in each))
    return undefined;
  const isNew = /:application$/.test(builder);
  const base = isObject(options.outputPath) ? textAt(options.outputPath, 'base') : textAt(options, 'outputPath');
  const folder = base ?? (isNew ? `dist/${name}` : undefined);
  if (folder === undefined || !/:(application|browser|browser-esbuild)$/.test(builder)) return undefined;
  const browser = isNew
    ? isObject(options.outputPath)
      ? (textAt(options.outputPath, 'browser') ?? 'browser')
      : 'browser'
    : '';
  return [path.posix.resolve(cwd, folder, browser)];
}

/** What one `tsconfig.json` says, with what it takes from others; paths are absolute in the image. */
interface Tsconfig {
  folder: string;
  outDir: string | undefined;
  rootDir: string | undefined;
  include: string[];
  exclude: string[];
  isComposite: boolean;
  allowJs: boolean;
}

/** The projects that TypeScript's own compiler compiles; undefined for other tools. */
function compilerOf(read: (...names: string[]) => string | undefined, tool: Tool): Tsconfig[] | 'unknown' | undefined {
  const { program, args, cwd } = tool;
  if (program === 'nest' && args[0] === 'build') {
    const config = objectOf(readJsonc(read('nest-cli.json') ?? '{}'));
    const options = objectAt(config, 'compilerOptions');
    if (
      config.monorepo === true ||
      'projects' in config ||
      'builder' in options ||
      'webpack' in options ||
      args.length > 1
    )
      return 'unknown';
    const name =
      textAt(options, 'tsConfigPath') ??
      (read('tsconfig.build.json') === undefined ? 'tsconfig.json' : 'tsconfig.build.json');
    return tsconfigs(read, name, cwd, false) ?? 'unknown';
  }
  if (program !== 'tsc') return undefined;
  if (args.includes('--noEmit')) return [];
  if (args.some((word) => /\.tsx?$|^--(rootDir|outFile|watch|w)$/.test(word))) return 'unknown';
  const isBuild = args.some((word) => /^(-b|--build)$/.test(word));
  const named = optionOf(args, '-p', '--project') ?? (isBuild ? args.find((word) => !word.startsWith('-')) : undefined);
  const found = tsconfigs(read, named ?? 'tsconfig.json', cwd, isBuild);
  const given = optionOf(args, '--outDir');
  if (given !== undefined)
    return found?.map((each) => ({ ...each, outDir: path.posix.resolve(cwd, given) })) ?? 'unknown';
  return found ?? 'unknown';
}

function tsconfigs(
  read: (...names: string[]) => string | undefined,
  file: string,
  cwd: string,
  isBuild: boolean,
  depth = 0,
): Tsconfig[] | undefined {
  const name = /\.json$/.test(file) ? file : path.posix.join(file, 'tsconfig.json');
  const config = readJsonc(read(name) ?? '');
  if (!isObject(config) || depth > 6) return undefined;
  const options = tsOptions(read, name, cwd);
  if (!options || 'outFile' in options.rest) return undefined;
  const list: Tsconfig[] = [];
  for (const each of isBuild && Array.isArray(config.references) ? config.references : []) {
    const target = textAt(each, 'path');
    const inner =
      target === undefined
        ? undefined
        : tsconfigs(read, path.posix.join(path.posix.dirname(name), target), cwd, true, depth + 1);
    if (!inner) return undefined;
    list.push(...inner);
  }
  const isEmpty = Array.isArray(options.top.files) && options.top.files.length === 0 && !('include' in options.top);
  if (options.rest.noEmit === true || options.rest.emitDeclarationOnly === true || isEmpty) return list;
  const strings = (key: string): string[] | undefined => {
    const value = options.top[key];
    return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined;
  };
  const folder = path.posix.resolve(cwd, path.posix.dirname(name));
  const files = strings('files');
  list.push({
    folder,
    outDir: options.outDir,
    rootDir: options.rootDir,
    include: [...(files ?? []), ...(strings('include') ?? (files ? [] : ['**/*']))],
    exclude: [...(strings('exclude') ?? ['node_modules', 'bower_components', 'jspm_packages'])],
    isComposite: options.rest.composite === true,
    allowJs: options.rest.allowJs === true,
  });
  return list;
}

/** The options of a `tsconfig.json`, those of the files that it extends below its own. */
function tsOptions(
  read: (...names: string[]) => string | undefined,
  name: string,
  cwd: string,
  depth = 0,
): { outDir: string | undefined; rootDir: string | undefined; rest: JsonObject; top: JsonObject } | undefined {
  const config = readJsonc(read(name) ?? '');
  if (!isObject(config) || depth > 5) return undefined;
  const own = objectAt(config, 'compilerOptions');
  const above = path.posix.dirname(name);
  const absolute = (key: string) => {
    const value = textAt(own, key);
    return value === undefined ? undefined : path.posix.resolve(cwd, above, value);
  };
  let base: ReturnType<typeof tsOptions> = { outDir: undefined, rootDir: undefined, rest: {}, top: {} };
  if (config.extends !== undefined) {
    if (typeof config.extends !== 'string') return undefined;
    if (config.extends.startsWith('.')) {
      const other = path.posix.join(above, config.extends);
      base = tsOptions(read, /\.json$/.test(other) ? other : `${other}.json`, cwd, depth + 1);
      if (!base) return undefined;
    } else if (!config.extends.startsWith('@tsconfig/')) return undefined;
  }
  if (JSON.stringify(own).includes('${')) return undefined;
  return {
    outDir: absolute('outDir') ?? base.outDir,
    rootDir: absolute('rootDir') ?? base.rootDir,
    rest: { ...base.rest, ...own },
    top: { ...base.top, ...config },
  };
}

/** The files that TypeScript's compiler writes, as absolute paths; undefined when that cannot be told. */
function compiledFiles(project: Project, image: Image, tool: Tool, config: Tsconfig): Set<string> | undefined {
  const base = tool.manifest === undefined ? undefined : path.posix.dirname(tool.manifest);
  if (base === undefined) return undefined;
  const inside = base === '.' ? '' : `${base}/`;
  const matches = (patterns: string[]) =>
    patterns.map((pattern) => {
      const clean = path.posix.resolve(config.folder, pattern).replace(/\/$/, '');
      const open = clean
        .replace(/[.+^${}()|[\]\\]/g, '\\$&')
        .replace(/\*\*\//g, '§')
        .replace(/\*\*/g, '¤')
        .replace(/\*/g, '[^/]*')
        .replace(/\?/g, '[^/]')
        .replace(/§/g, '(?:.*/)?')
        .replace(/¤/g, '.*');
      return new RegExp(`^${open}(/.*)?$`);
    });
  const [included, excluded] = [matches(config.include), matches(config.exclude)];
  const sources = new Map<string, string>();
  for (const { path: file } of project.files) {
    if (!file.startsWith(inside) || !(config.allowJs ? /\.[cm]?[jt]sx?$/ : /\.[cm]?tsx?$/).test(file)) continue;
    if (/\.d\.[cm]?ts$/.test(file)) continue;
    const target = path.posix.join(tool.cwd, file.slice(inside.length));
    if (!included.some((each) => each.test(target)) || excluded.some((each) => each.test(target))) continue;
    if (config.outDir !== undefined && target.startsWith(`${config.outDir}/`)) continue;
    const found = findInImage(project, image, target);
    if (found.state === 'yes' && found.source === file) sources.set(target, file);
    if (found.state === 'unknown' || sources.size > 1500) return undefined;
  }
  // What is imported from elsewhere is compiled too, and moves the root.
  const queue = [...sources];
  for (let next = queue.pop(); next; next = queue.pop()) {
    const [target, file] = next;
    for (const [, module = ''] of (project.read(file) ?? '').matchAll(
      /(?:from|import|require\()\s*["'](\.[^"']+)["']/g,
    )) {
      const stem = path.posix.join(path.posix.dirname(file), module);
      const hit = [stem, stem.replace(/\.([cm]?)js$/, '.$1ts'), `${stem}.ts`, `${stem}.tsx`, `${stem}/index.ts`].find(
        (each) => /\.([cm]?tsx?|json)$/.test(each) && !/\.d\.ts$/.test(each) && project.kindOf(each) === 'file',
      );
      if (hit === undefined) continue;
      const place = path.posix.resolve(path.posix.dirname(target), path.posix.relative(path.posix.dirname(file), hit));
      if (sources.has(place)) continue;
      sources.set(place, hit);
      queue.push([place, hit]);
    }
  }
  const targets = [...sources.keys()];
  if (targets.length === 0) return undefined;
  const root = config.rootDir ?? (config.isComposite ? config.folder : commonFolder(targets));
  const out = config.outDir ?? root;
  return new Set(
    targets.map((target) => path.posix.join(out, path.posix.relative(root, target).replace(/\.([cm]?)tsx?$/, '.$1js'))),
  );
}

function commonFolder(files: string[]): string {
  const [first = [], ...others] = files.map((file) => path.posix.dirname(file).split('/'));
  let parts = first;
  for (const other of others) {
    const at = parts.findIndex((part, index) => part !== other[index]);
    if (at >= 0) parts = parts.slice(0, at);
  }
  return parts.join('/') || '/';
}

/** Whether a tool may write a file of that path. */
export function mayWrite(project: Project, full: Image, tool: Tool, target: string): boolean {
  const outputs = outputsOf(project, full, tool);
  if (!outputs) return true;
  const isWithin = (folder: string) =>
    target === folder || target.startsWith(`${folder === '/' ? '' : folder}/`) || folder.startsWith(`${target}/`);
  if (!outputs.some(isWithin)) return false;
  if (/^(nuxt|nuxi)$/.test(tool.program))
    return !target.includes('/.output/') || /\/\.output\/(server|public|nitro\.json)(\/|$)/.test(target);
  const image = copiedOnly(full);
  const configs = compilerOf((...names) => readOf(project, image, tool.cwd, names), tool);
  if (!Array.isArray(configs) || !/(\/[^/.]+|\.[cm]?[jt]sx?)$/.test(target) || /\.d\.ts$/.test(target)) return true;
  return configs.some((config) => {
    const files = compiledFiles(project, image, tool, config);
    return !files || files.has(target) || [...files].some((file) => file.startsWith(`${target}/`));
  });
}

function readOf(project: Project, image: Image, cwd: string, names: string[]): string | undefined {
  for (const name of names) {
    const { source } = findInImage(project, image, path.posix.resolve(cwd, name));
    const text = source === undefined ? undefined : project.read(source);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** The folders that the lines of a stage build, with what builds each, and those that they make; undefined when some cannot be told. */
export function builtFolders(
  project: Project,
  image: Image,
): { outputs: { folder: string; by: string }[]; folders: string[] } | undefined {
  const outputs: { folder: string; by: string }[] = [];
  const folders: string[] = [];
  for (const run of image.runs) {
    if (/<<|>/.test(run.instruction.raw)) return undefined;
    let folder = run.workdir;
    for (const { words } of run.commands) {
      if (words[0] === 'cd') folder = path.posix.resolve(folder, words[1] ?? '.');
      const program = path.posix.basename(words[0] ?? '');
      if (program === 'mkdir') folders.push(...words.slice(1).map((word) => path.posix.resolve(folder, word)));
      if (!/^(npm|pnpm|yarn|bun|npx|bunx)$/.test(program) && INSTALLERS.test(program)) continue;
      const before = { ...image, runs: image.runs.slice(0, image.runs.indexOf(run)) };
      const { list, isKnown } = toolsOf(project, before, words, folder);
      if (!isKnown) return undefined;
      for (const tool of list) {
        const made = outputsOf(project, image, tool);
        if (!made) return undefined;
        outputs.push(...made.map((each) => ({ folder: each, by: `${tool.program} ${tool.args[0] ?? ''}`.trim() })));
      }
    }
  }
  return { outputs, folders };
}
