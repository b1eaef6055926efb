import path from 'node:path';
import type { Remark, Rule } from '../findings.ts';
import {
  BROWSER_VARIABLE,
  buildEnvironment,
  buildStages,
  frontUses,
  isAddressVariable,
  type FrontUse,
} from '../fronts.ts';
import type { Front, Model } from '../model.ts';
import { frontFiles } from '../node.ts';
import { environmentOf } from '../read/dockerfile.ts';
import type { Image } from '../read/image.ts';
import { textOf, type EnvRead, type SourceFile } from '../read/source.ts';
import type { Place } from '../read/yaml.ts';

export const frontVariable: Rule = {
  id: 'front-variable',
  title: {
    fr: 'Le front lit une variable que son outil de construction ne lui donne pas',
    en: 'The front reads a variable that its build tool does not give it',
  },
  why: {
    fr: 'Un outil de construction ne met dans les fichiers que les variables qui ont son préfixe (VITE_, REACT_APP_, NEXT_PUBLIC_), et seulement si elles sont là quand il construit : ARG est déclaré dans l’étape qui construit, avant « npm run build ».',
    en: 'A build tool puts into the files only the variables that have its prefix (VITE_, REACT_APP_, NEXT_PUBLIC_), and only if they are there when it builds: ARG is declared in the stage that builds, before "npm run build".',
  },
  *check(model) {
    for (const use of frontUses(model)) {
      if (!use.front || use.when === 'unknown') continue;
      yield* wrongReads(model, use, use.front);
      if (use.when === 'build' && use.instance.image) yield* lostArguments(model, use, use.front, use.instance.image);
    }
  },
};

const ALWAYS_THERE =
  /^(NODE_ENV|MODE|BASE_URL|PROD|DEV|SSR|PUBLIC_URL|CI|TEST|VITEST|JEST_WORKER_ID|LEGACY|FAST_REFRESH|WDS_\w+|ANALYZE|STORYBOOK)$/;

/** Variables that the bundler never writes into the files: read in another tool's way, or without its prefix. */
function* wrongReads(model: Model, use: FrontUse, front: Front): Generator<Remark> {
  const { project } = model;
  if (!/^(vite|cra|next)$/.test(front.kind)) return;
  const config = project
    .list(front.folder)
    .filter((name) =>
      /^(vite|next|craco|webpack|config-overrides)[\w.-]*\.[cm]?[jt]s$|^\.babelrc|^config-overrides/.test(name),
    )
    .map((name) => project.read(path.posix.join(front.folder, name)) ?? '')
    .join('\n');
  const openVite =
    /process\.env['"]?\s*[:\]]|['"`]process\.env|EnvironmentPlugin|vite-plugin-env|plugin-environment|nodePolyfills|envPrefix|vite-plugin-node|process['"]?\s*:/;
  for (const source of frontFiles(model, front)) {
    const text = project.read(source.path) ?? '';
    if (/typeof process\b|import process\b|window\.process|globalThis\.process/.test(text)) continue;
    if (front.kind === 'next' && !/^\s*(?:(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/)\s*)*["']use client["']/.test(text)) continue;
    const lines = text.split('\n');
    for (const read of source.env) {
      if (ALWAYS_THERE.test(read.name) || config.includes(read.name)) continue;
      const line = lines[read.line - 1] ?? '';
      const isProcess = line.includes(`process.env.${read.name}`) || line.includes(`process.env?.${read.name}`);
      const isMeta = line.includes(`import.meta.env.${read.name}`);
      const place = { file: source.path, line: read.line };
      const about = `front variable ${use.instance.name} ${read.name}`;
      if (front.kind === 'vite' && isProcess && !openVite.test(config)) {
        yield { severity: 'error', place, about, ...processInVite(front, read.name) };
        break;
      }
      if (front.kind === 'cra' && isMeta && !/craco|rewired/.test(config)) {
        yield { severity: 'error', place, about, ...metaInWebpack(read.name) };
        break;
      }
      const isOwnWay = front.kind === 'vite' ? isMeta && !/envPrefix|envDir/.test(config) : isProcess;
      if (!isOwnWay || !front.prefix || front.prefix.test(read.name)) continue;
      if (front.kind === 'next' && /\benv\s*:|publicRuntimeConfig/.test(config)) continue;
      // A fallback is then always taken: that matters where another value was given.
      if (read.fallback && !isGiven(use, read.name)) continue;
      yield { severity: 'error', place, about, ...withoutPrefix(front, read.name) };
      break;
    }
  }
}

function isGiven(use: FrontUse, name: string): boolean {
  return (
    use.instance.variables.has(name) || use.instance.image?.build.given?.has(name) === true || buildNames(use).has(name)
  );
}

function buildNames(use: FrontUse): Map<string, unknown> {
  return use.instance.image ? buildEnvironment(use.instance.image) : new Map<string, unknown>();
}

function prefixOf(front: Front): string {
  return { vite: 'VITE_', cra: 'REACT_APP_', next: 'NEXT_PUBLIC_' }[front.kind as string] ?? '';
}

function toolOf(front: Front): string {
  return { vite: 'Vite', cra: 'Create React App', next: 'Next' }[front.kind as string] ?? front.kind;
}

type Told = Pick<Remark, 'fr' | 'en'>;

function processInVite(front: Front, name: string): Told {
  const right = `import.meta.env.${front.prefix?.test(name) === true ? name : `VITE_${name.replace(/^(REACT_APP|NEXT_PUBLIC|VUE_APP)_/, '')}`}`;
  return {
    fr: [
      `Le code lit process.env.${name}, que Vite ne remplace pas : « process » n’existe pas dans un navigateur.`,
      'La page reste blanche ; la console montre « Uncaught ReferenceError: process is not defined ».',
      `Écrivez : ${right}`,
    ],
    en: [
      `The code reads process.env.${name}, which Vite does not replace: there is no "process" in a browser.`,
      'The page stays blank; the console shows "Uncaught ReferenceError: process is not defined".',
      `Write: ${right}`,
    ],
  };
}

function metaInWebpack(name: string): Told {
  const right = `process.env.REACT_APP_${name.replace(/^(VITE|REACT_APP)_/, '')}`;
  return {
    fr: [
      `Le code lit import.meta.env.${name}, que Create React App ne connaît pas : c’est la façon de Vite.`,
      'La page reste blanche ; la console montre « Cannot read properties of undefined ».',
      `Écrivez : ${right}`,
    ],
    en: [
      `The code reads import.meta.env.${name}, which Create React App does not know: that is Vite’s way.`,
      'The page stays blank; the console shows "Cannot read properties of undefined".',
      `Write: ${right}`,
    ],
  };
}

function withoutPrefix(front: Front, name: string): Told {
  const right = `${prefixOf(front)}${name.replace(/^(VITE|REACT_APP|NEXT_PUBLIC|VUE_APP)_/, '')}`;
  const way = front.kind === 'vite' ? 'import.meta.env.' : 'process.env.';
  return {
    fr: [
      `Le code du navigateur lit « ${name} » : ${toolOf(front)} ne donne que les variables qui commencent par ${prefixOf(front)}.`,
      'Elle y vaut toujours « undefined » : le navigateur appelle « undefined/… » (404).',
      `Nommez-la ${right}, là où elle est donnée et dans le code : ${way}${right}`,
    ],
    en: [
      `The browser’s code reads "${name}": ${toolOf(front)} gives only the variables that start with ${prefixOf(front)}.`,
      'There it is always "undefined": the browser calls "undefined/…" (404).',
      `Name it ${right}, where it is given and in the code: ${way}${right}`,
    ],
  };
}

/** Values for the build that the line which builds does not see: undeclared, declared too late, or by another name. */
function* lostArguments(model: Model, use: FrontUse, front: Front, image: Image): Generator<Remark> {
  const { prefix } = front;
  const builds = buildStages(image);
  const [first] = builds;
  if (!prefix || !first) return;
  // What writes a file of variables may give any.
  if (
    builds.some(({ stages }) =>
      stages.some((stage) => stage.instructions.some((step) => step.keyword === 'RUN' && /\.env\b/.test(step.raw))),
    )
  )
    return;
  const seen = buildEnvironment(image);
  const declared = declaredIn(image, builds);
  const read = new Map<string, { source: SourceFile; read: EnvRead }>();
  for (const source of frontFiles(model, front))
    for (const each of source.env)
      if (prefix.test(each.name) && !read.has(each.name)) read.set(each.name, { source, read: each });
  const given = image.build.given ?? new Map<string, Place>();
  const file = image.dockerfile.path;
  for (const [name, { source, read: each }] of read) {
    if (use.values.has(name) || use.ignored.has(name) || seen.has(name)) continue;
    const about = `front variable ${use.instance.name} ${name}`;
    const fallback = textOf(each.fallback);
    const late = elsewhere(image, builds, name);
    const own = given.get(name);
    if (own && image.build.args[name] !== undefined && image.build.args[name] === fallback) continue;
    if (late && (own || late.hasValue)) {
      yield {
        severity: 'error',
        place: { file, line: late.line },
        about,
        ...tooLate(name, first.step.line, late.why),
      };
      continue;
    }
    if (own && !declared.has(name)) {
      yield { severity: 'error', place: own, about, ...undeclared(name, file, first.step.line) };
      continue;
    }
    // The same value under the name that the tool leaves out, or under another one.
    const plain = name.replace(BROWSER_VARIABLE, '');
    const other = [...given.keys(), ...declared.keys()].find(
      (key) =>
        key === plain || (BROWSER_VARIABLE.test(key) && key.replace(BROWSER_VARIABLE, '') === plain && key !== name),
    );
    const place = other === undefined ? undefined : (declared.get(other) ?? given.get(other));
    if (other !== undefined && place && !read.has(other)) {
      yield {
        ...{ severity: 'error', place, about, unlessBroken: `arguments ${file}` },
        ...otherName(other, name, source.path, each.line),
      };
      continue;
    }
    const unread = [...given.keys(), ...seen.keys()].filter(
      (key) => prefix.test(key) && isAddressVariable(key) && !read.has(key),
    );
    const [only] = new Set(unread);
    if (
      only !== undefined &&
      new Set(unread).size === 1 &&
      isAddressVariable(name) &&
      !each.fallback &&
      !use.values.has(name)
    )
      yield {
        severity: 'error',
        place: given.get(only) ?? seen.get(only)?.place ?? { file, line: first.step.line },
        about,
        ...otherName(only, name, source.path, each.line),
      };
  }
}

/** Names that the stages which build declare, each with its line. */
function declaredIn(image: Image, builds: ReturnType<typeof buildStages>): Map<string, Place> {
  const names = new Map<string, Place>();
  for (const { stages, step: last } of builds)
    for (const step of stages.flatMap((stage) => stage.instructions)) {
      if (step.line > last.line) break;
      const place = { file: image.dockerfile.path, line: step.line };
      if (step.keyword === 'ARG') names.set((step.text.split('=')[0] ?? '').trim(), place);
      if (step.keyword === 'ENV') for (const [name] of environmentOf(step.text)) names.set(name, place);
    }
  return names;
}

/** Where a name is declared that the lines which build do not see. */
function elsewhere(
  image: Image,
  builds: ReturnType<typeof buildStages>,
  name: string,
): { line: number; why: 'after' | 'stage' | 'global'; hasValue: boolean } | undefined {
  if (declaredIn(image, builds).has(name)) return undefined;
  for (const stage of image.dockerfile.stages) {
    for (const step of stage.instructions) {
      const isHere =
        (step.keyword === 'ARG' && new RegExp(`^${name}(=|\\s|$)`).test(step.text)) ||
        (step.keyword === 'ENV' && [...environmentOf(step.text)].some(([key]) => key === name));
      if (!isHere) continue;
      const isOwn = builds.some(({ stages }) => stages.includes(stage));
      return { line: step.line, why: isOwn ? 'after' : 'stage', hasValue: /=\s*["']?[^\s$"']/.test(step.text) };
    }
  }
  const index = image.dockerfile.lines.findIndex((line) => new RegExp(`^\\s*ARG\\s+${name}\\b`, 'i').test(line));
  const from = image.dockerfile.stages[0]?.line ?? 0;
  return index >= 0 && index + 1 < from
    ? { line: index + 1, why: 'global', hasValue: /=\s*\S/.test(image.dockerfile.lines[index] ?? '') }
    : undefined;
}

function tooLate(name: string, line: number, why: 'after' | 'stage' | 'global'): Told {
  const reasonFr = {
    after: `après la construction (ligne ${line})`,
    stage: 'dans une autre étape que celle qui construit',
    global: 'avant FROM : il n’y vaut que pour les lignes FROM',
  }[why];
  const reasonEn = {
    after: `after the build (line ${line})`,
    stage: 'in another stage than the one that builds',
    global: 'before FROM: there it counts for FROM lines only',
  }[why];
  return {
    fr: [
      `${name} est déclarée ${reasonFr} : « npm run build » ne la voit pas.`,
      'Le navigateur appelle « undefined/… » : 404, ou une page HTML à la place des données.',
      `${why === 'global' ? 'Répétez' : 'Mettez'} dans l’étape qui construit, avant la ligne ${line} :\nARG ${name}\nENV ${name}=$${name}`,
    ],
    en: [
      `${name} is declared ${reasonEn}: "npm run build" does not see it.`,
      'The browser calls "undefined/…": 404, or an HTML page instead of data.',
      `${why === 'global' ? 'Repeat' : 'Put'} in the stage that builds, before line ${line}:\nARG ${name}\nENV ${name}=$${name}`,
    ],
  };
}

function undeclared(name: string, file: string, line: number): Told {
  return {
    fr: [
      `${name} est donnée au build, mais ${file} ne la déclare pas (ARG) dans l’étape qui construit.`,
      `Docker l’ignore (« [Warning] One or more build-args [${name}] were not consumed ») ; le navigateur appelle « undefined/… ».`,
      `Ajoutez dans ${file}, avant la ligne ${line} :\nARG ${name}\nENV ${name}=$${name}`,
    ],
    en: [
      `${name} is given to the build, but ${file} does not declare it (ARG) in the stage that builds.`,
      `Docker ignores it ("[Warning] One or more build-args [${name}] were not consumed"); the browser calls "undefined/…".`,
      `Add to ${file}, before line ${line}:\nARG ${name}\nENV ${name}=$${name}`,
    ],
  };
}

function otherName(given: string, read: string, file: string, line: number): Told {
  return {
    fr: [
      `Le build reçoit ${given}, mais le front lit ${read} (${file}, ligne ${line}).`,
      'Le navigateur appelle « undefined/… » : 404, ou une page HTML à la place des données.',
      `Donnez-la sous le nom qui est lu : ${read}`,
    ],
    en: [
      `The build receives ${given}, but the front reads ${read} (${file}, line ${line}).`,
      'The browser calls "undefined/…": 404, or an HTML page instead of data.',
      `Give it under the name that is read: ${read}`,
    ],
  };
}
