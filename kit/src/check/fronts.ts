import path from 'node:path';
import { type Front, frontOf, type Instance, type Model, runsTests } from './model.ts';
import { environmentOf, type Instruction, type Stage } from './read/dockerfile.ts';
import { readEnvFile } from './read/env-file.ts';
import type { Image } from './read/image.ts';
import { isFilledInLater } from './read/kubernetes.ts';
import { readShell } from './read/shell.ts';
import { textOf, type Value } from './read/source.ts';
import { objectAt, type Place } from './read/yaml.ts';
import { literal } from './words.ts';

/** Variables whose names say that a browser gets them. */
export const BROWSER_VARIABLE = /^(VITE|REACT_APP|NEXT_PUBLIC|VUE_APP|NUXT_PUBLIC|PUBLIC|NG_APP|GATSBY)_/;

/** A front's container: how it comes to the values that the browser sees. */
export interface FrontUse {
  instance: Instance;
  front: Front | undefined;
  /** `start`: read when the container starts. `build`: written into the files when the image is made. */
  when: 'start' | 'build' | 'unknown';
  /** Values that the browser gets, by variable; undefined where the files do not tell. */
  values: Map<string, { value: string | undefined; place: Place }>;
  /** Variables that are in the container's environment, and that nothing there reads. */
  ignored: Map<string, { value: string | undefined; place: Place }>;
}

/** The containers that serve a front, with what the browser is given. */
export function frontUses(model: Model): FrontUse[] {
  const known = usesOf.get(model);
  if (known) return known;
  const uses = findFrontUses(model);
  usesOf.set(model, uses);
  return uses;
}

const usesOf = new WeakMap<Model, FrontUse[]>();

function findFrontUses(model: Model): FrontUse[] {
  return model.instances.flatMap((instance): FrontUse[] => {
    // What prepares, works at night or tests serves no page.
    if (runsTests(instance) || instance.container?.isInit || /Job$/.test(instance.workload?.resource.kind ?? ''))
      return [];
    const front = frontOf(model, instance.image);
    const given = new Map([...instance.variables].filter(([name]) => BROWSER_VARIABLE.test(name)));
    if (!front && given.size === 0) return [];
    // A server that happens to carry such a variable is no front.
    if (!front && instance.image) return [];
    if (!front) return [{ instance, front, when: 'unknown', values: given, ignored: new Map() }];
    const isDevelopment = instance.listens.some((listen) =>
      /^(vite|react-scripts start|next dev|vue-cli-service serve|ng serve|nuxt dev)$/.test(listen.development ?? ''),
    );
    const buildsAtStart = instance.start.runs.some(
      (run) => /^(vite|next|react-scripts|vue-cli-service|tsc)$/.test(run.program) && run.args[0] === 'build',
    );
    const stage = new Map([...given].filter(([, { place }]) => place.file !== instance.image?.dockerfile.path));
    if (isDevelopment || buildsAtStart) {
      const values = new Map<string, { value: string | undefined; place: Place }>([
        ...fileValues(model, instance, front),
        ...given,
      ]);
      return [{ instance, front, when: 'start', values, ignored: new Map() }];
    }
    const isBuilt = instance.image?.dockerfile.stages.some((each) => each.instructions.some(isFrontBuild)) ?? false;
    if (!isBuilt) return [{ instance, front, when: 'unknown', values: given, ignored: new Map() }];
    const baked = builtValues(model, instance, front);
    const injected = [...stage].filter(([name]) => isReadAtStart(model, instance, front, name));
    const ignored = new Map([...stage].filter(([name]) => !injected.some(([other]) => other === name)));
    return [{ instance, front, when: 'build', values: new Map([...baked, ...injected]), ignored }];
  });
}

/** Values of the `.env` files that the bundler reads. */
function fileValues(
  model: Model,
  instance: Instance,
  front: Front,
): Map<string, { value: string | undefined; place: Place }> {
  const values = new Map<string, { value: string | undefined; place: Place }>();
  for (const name of ['.env', '.env.local', '.env.production', '.env.production.local']) {
    const file = path.posix.normalize(path.posix.join(front.folder, name));
    if (model.project.kindOf(file) !== 'file' || instance.image?.context.lacks(file) !== undefined) continue;
    if (instance.image?.build.by === 'workflow' && !model.project.isShared(file)) continue;
    for (const entry of readEnvFile(model.project.read(file) ?? ''))
      values.set(entry.name, { value: entry.value, place: { file, line: entry.line } });
  }
  return values;
}

/** Values that were there when the image was built. */
function builtValues(
  model: Model,
  instance: Instance,
  front: Front,
): Map<string, { value: string | undefined; place: Place }> {
  const values = fileValues(model, instance, front);
  const { image } = instance;
  if (!image) return values;
  for (const [name, held] of buildEnvironment(image)) if (BROWSER_VARIABLE.test(name)) values.set(name, held);
  return values;
}

/** Whether a line of a Dockerfile builds a front. */
function isFrontBuild(step: Instruction): boolean {
  return (
    step.keyword === 'RUN' &&
    /\b(build|generate|export)\b/.test(step.raw) &&
    /\b(npm|yarn|pnpm|bun|npx|vite|next|ng|nuxt|turbo)\b/.test(step.raw)
  );
}

/** The stages that the lines which build the front stand in, each with those below it, up to that line. */
export function buildStages(image: Image): { stages: Stage[]; step: Instruction }[] {
  const { stages } = image.dockerfile;
  return stages.flatMap((stage) => {
    const step = stage.instructions.findLast(isFrontBuild);
    if (!step) return [];
    const chain = [stage];
    for (let next = stage; ;) {
      const parent = stages.find((each) => each.index < next.index && each.name === next.from.toLowerCase());
      if (!parent) break;
      chain.unshift(parent);
      next = parent;
    }
    return [{ stages: chain, step }];
  });
}

/** The variables that the lines which build the front can read: arguments of their stage, and what was set before. */
export function buildEnvironment(image: Image): Map<string, { value: string | undefined; place: Place }> {
  const values = new Map<string, { value: string | undefined; place: Place }>();
  const file = image.dockerfile.path;
  const set = (name: string, value: string | undefined, line: number) => {
    const given = image.build.args[name];
    if (given !== undefined)
      values.set(name, {
        value: isFilledInLater(given) ? undefined : given,
        place: image.build.given?.get(name) ?? image.build.place,
      });
    else if (image.build.given?.has(name))
      values.set(name, { value: undefined, place: image.build.given.get(name) ?? image.build.place });
    else if (value !== undefined && value !== '' && !/^\$/.test(value))
      values.set(name, { value: isFilledInLater(value) ? undefined : value, place: { file, line } });
  };
  const found = buildStages(image);
  const lists =
    found.length > 0 ? found : image.dockerfile.stages.map((stage) => ({ stages: [stage], step: undefined }));
  for (const { stages, step: last } of lists) {
    for (const step of stages.flatMap((stage) => stage.instructions)) {
      if (last && step.line > last.line) break;
      if (step.keyword === 'ENV')
        for (const [name, value] of environmentOf(step.text)) {
          const inner = /^\$\{?(\w+)\}?$/.exec(value)?.[1];
          // `ENV VITE_API_URL=$API_URL`, where the argument's value comes later.
          if (inner !== undefined && inner !== name && image.build.given?.has(inner))
            values.set(name, { value: undefined, place: { file, line: step.line } });
          else set(name, value, step.line);
        }
      if (step.keyword === 'ARG') {
        const [name = '', ...rest] = step.text.split('=');
        set(name.trim(), rest.length > 0 ? rest.join('=').replace(/^["']|["']$/g, '') : undefined, step.line);
      }
      if (step.keyword === 'RUN') {
        for (const command of readShell(step.raw, image.build.args, step.line)) {
          for (const [name, value] of Object.entries(command.assignments)) set(name, value, step.line);
          for (const word of command.words) {
            const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(word) ?? [];
            if (name !== undefined) set(name, value, step.line);
          }
        }
      }
    }
  }
  return values;
}

const RUNTIME_PACKAGES =
  /^(vite-envs|react-env|@beam-australia\/react-env|runtime-env-cra|@import-meta-env\/.*|import-meta-env|react-inject-env|next-runtime-env|vite-plugin-runtime-env|@runtime-env\/.*|dynamic-env)$/;

/** Whether something in the image writes the variable into the page when the container starts. */
function isReadAtStart(model: Model, instance: Instance, front: Front, name: string): boolean {
  const names = [
    ...Object.keys(objectAt(front.packageJson, 'dependencies')),
    ...Object.keys(objectAt(front.packageJson, 'devDependencies')),
  ];
  if (names.some((each) => RUNTIME_PACKAGES.test(each))) return true;
  const { image } = instance;
  if (!image) return true;
  const start = [image.command?.raw, image.entrypoint?.raw, ...(instance.start.words ?? [])].join(' ');
  if (/envsubst|sed |\benv\b|printenv/.test(start) && (start.includes(name) || /envsubst|printenv|\benv\b/.test(start)))
    return true;
  const inside = front.folder === '.' ? '' : `${front.folder}/`;
  const folder = path.posix.dirname(image.dockerfile.path);
  const beside = folder === '.' ? '' : `${folder}/`;
  const prefix = BROWSER_VARIABLE.exec(name)?.[0] ?? name;
  return model.project.files.some(({ path: file }) => {
    if (!file.startsWith(inside) && !file.startsWith(beside)) return false;
    // Sources that the bundler reads, and files that only give the value, do not count.
    if (front.sources.includes(file) || /(^|\/)\.env|\.md$|\.ya?ml$|vite\.config|\.d\.ts$|(test|spec)\./.test(file))
      return false;
    if (!/\.(sh|template|tmpl|conf|js|mjs|html|envsh)$|entrypoint|(^|\/)(nginx|docker)\//i.test(file)) return false;
    const text = model.project.read(file) ?? '';
    if (/\.html$/.test(file))
      return (
        new RegExp(`\\$\\{?${literal(name)}\\}?|window\\.(_env_|__ENV|ENV|config|env)`).test(text) &&
        text.includes(name)
      );
    return (
      text.includes(name) ||
      (/\.(sh|envsh)$|entrypoint/.test(file) && text.includes(prefix) && /printenv|\benv\b|envsubst|compgen/.test(text))
    );
  });
}

/** An address that the front's own code holds, and the variable that takes its place when given. */
export interface WrittenUrl {
  url: string;
  place: Place;
  variable: string | undefined;
}

/** Addresses written in the sources that the browser runs. */
export function writtenUrls(model: Model, front: Front): WrittenUrl[] {
  const list: WrittenUrl[] = [];
  for (const file of front.sources) {
    const text = model.project.read(file);
    if (text === undefined || !/https?:\/\//.test(text)) continue;
    if (front.kind === 'next' && !/^\s*(\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*\s*["']use client["']/.test(text)) continue;
    const source = model.source(file);
    // What only Node has does not run in a browser.
    if (!source || source.imports.some(({ module }) => /^(node:.*|fs|path|os|https?|dotenv)$/.test(module))) continue;
    const fallbacks = new Map<string, string>();
    for (const read of source.env) {
      const url = lastText(read.fallback);
      if (url !== undefined) fallbacks.set(url, read.name);
    }
    for (const { text: url, line } of source.strings) {
      if (!/^https?:\/\//.test(url)) continue;
      const code = text.split('\n')[line - 1] ?? '';
      // Text that is shown, or a namespace, is no call.
      if (/xmlns|href\s*=|placeholder|<a\b|console\.\w+\([^)]*https?:|w3\.org|schema\.org/.test(code)) continue;
      list.push({ url, place: { file, line }, variable: fallbacks.get(url) });
    }
  }
  // Files of `public/` are served as they are: some hold the configuration.
  const folder = front.folder === '.' ? 'public' : `${front.folder}/public`;
  for (const { path: file } of model.project.files) {
    if (!file.startsWith(`${folder}/`) || !/(config|env|settings)[^/]*\.(js|json)$/.test(file)) continue;
    for (const [index, line] of (model.project.read(file) ?? '').split('\n').entries()) {
      const url = /["'`](https?:\/\/[^\s"'`]+)/.exec(line)?.[1];
      if (url !== undefined && !/^\s*\/\//.test(line))
        list.push({ url, place: { file, line: index + 1 }, variable: undefined });
    }
  }
  return list;
}

function lastText(value: Value | undefined): string | undefined {
  return value?.kind === 'env' ? lastText(value.fallback) : textOf(value);
}

/** Variables of the front that hold the address of an API, judging by the name or by what they were given. */
export function isAddressVariable(name: string): boolean {
  return (
    /(API|BACKEND|BACK|SERVER|HOST|ENDPOINT|BASE)_?(URL|URI|HOST|BASE|ENDPOINT|ROOT)?$|_(URL|URI)$/.test(name) &&
    !/(PUBLIC_URL|SITE_URL|KEY|TOKEN|AUTH_URL|KEYCLOAK|ALLOWED_HOSTS|ASSET|SENTRY|ANALYTICS|MAP|TILE|IMAGE)/.test(name)
  );
}
