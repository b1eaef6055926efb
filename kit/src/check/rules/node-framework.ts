import path from 'node:path';
import type { Remark, Rule } from '../findings.ts';
import { runningSources, type Instance, type Model } from '../model.ts';
import { nodePackages } from '../read/node-packages.ts';
import { lineCounter, textOf, type SourceFile } from '../read/source.ts';
import { objectAt, textAt, written } from '../read/yaml.ts';
import { literal } from '../words.ts';

export const nodeFramework: Rule = {
  id: 'node-framework',
  title: {
    fr: 'Une bibliothèque de Node n’a pas ce qu’elle exige pour démarrer',
    en: 'A library of Node lacks what it demands to start',
  },
  why: {
    fr: 'Certaines bibliothèques refusent de démarrer pour une raison que ni Docker ni npm ne voient : Prisma veut son client généré, Sequelize, TypeORM et Knex un pilote installé à part, Express 5 un nom après chaque *, SvelteKit l’adaptateur qui fait un serveur Node.',
    en: 'Some libraries refuse to start for a reason that neither Docker nor npm sees: Prisma wants its client generated, Sequelize, TypeORM and Knex a driver installed apart, Express 5 a name after each *, SvelteKit the adapter that makes a Node server.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (!instance.image) continue;
      const sources = runningSources(model, instance).filter((source) => source.language === 'javascript');
      for (const source of sources) {
        yield* namelessStars(model, source);
        yield* absentDriver(model, source);
      }
      yield* clientNotGenerated(model, instance, sources);
      yield* otherAdapter(model, instance);
      yield* otherProvider(model, instance);
      yield* withoutAssets(model, instance);
      for (const source of sources) if (source.path.endsWith('.module.ts')) yield* unresolved(model, source, sources);
    }
  },
};

/** Express 5 reads `*` as the beginning of a name. */
function* namelessStars(model: Model, source: SourceFile): Generator<Remark> {
  const manifest = nodePackages(model.project, source.path)?.manifest;
  const version = textAt(objectAt(manifest, 'dependencies'), 'express') ?? '';
  if (!/^[~^]?5(\.|$)/.test(version) || !source.imports.some(({ module }) => module === 'express')) return;
  const text = model.project.read(source.path) ?? '';
  for (const call of source.calls) {
    const [, owner = ''] = /^(\w+)\.(?:get|post|put|patch|delete|all|use)$/.exec(call.callee) ?? [];
    const route = textOf(call.positional[0]);
    if (route === undefined || call.positional.length < 2 || call.within !== undefined || call.isConditional) continue;
    const isMade = new RegExp(`\\b${literal(owner)}\\b[^=\\n]*=\\s*(express(\\.Router)?|Router)\\(`).test(text);
    if (!isMade || !/(^|[^\\])\*(?![\p{L}_$"])/u.test(route)) continue;
    const right = route.replace(/^\/?\*$/, '/{*chemin}').replace(/\*(?![\p{L}_$"])/gu, '*chemin');
    yield {
      severity: 'error',
      place: { file: source.path, line: call.line },
      about: `route ${source.path}:${call.line}`,
      fr: [
        `Express 5 (package.json : "express": "${version}") veut un nom après chaque * : « ${route} » était l’écriture d’Express 4.`,
        'L’application s’arrête aussitôt : « TypeError: Missing parameter name … https://git.new/pathToRegexpError ».',
        `Écrivez : ${call.callee}('${right}', …)`,
      ],
      en: [
        `Express 5 (package.json: "express": "${version}") wants a name after each *: "${route}" was how Express 4 wrote it.`,
        'The application stops at once: "TypeError: Missing parameter name … https://git.new/pathToRegexpError".',
        `Write: ${call.callee}('${right}', …)`,
      ],
    };
  }
}

/** What each library loads for a kind of database, and what it says without it. */
const DRIVERS: {
  library: string;
  setting: RegExp;
  packages: Record<string, string[]>;
  words: (name: string) => string;
}[] = [
  {
    library: 'sequelize',
    setting: /^(?!\s*(?:\/\/|\*)).*?\bdialect:\s*["'](\w+)["']/gm,
    packages: { postgres: ['pg'], mysql: ['mysql2'], mariadb: ['mariadb'], sqlite: ['sqlite3'], mssql: ['tedious'] },
    words: (name) => `Error: Please install ${name} package manually`,
  },
  {
    library: 'typeorm',
    setting: /^(?!\s*(?:\/\/|\*)).*?\btype:\s*["'](postgres|mysql|mariadb|mssql|mongodb)["']/gm,
    packages: {
      postgres: ['pg'],
      mysql: ['mysql2', 'mysql'],
      mariadb: ['mysql2', 'mysql'],
      mssql: ['mssql'],
      mongodb: ['mongodb'],
    },
    words: (name) =>
      `DriverPackageNotInstalledError: … package has not been found installed. Please try to install it: npm install ${name}`,
  },
  {
    library: 'knex',
    setting: /^(?!\s*(?:\/\/|\*)).*?\bclient:\s*["'](\w[\w-]*)["']/gm,
    packages: {
      pg: ['pg'],
      postgres: ['pg'],
      postgresql: ['pg'],
      mysql2: ['mysql2'],
      mysql: ['mysql'],
      sqlite3: ['sqlite3'],
      'better-sqlite3': ['better-sqlite3'],
    },
    words: (name) => `Knex: run\n$ npm install ${name} --save`.replace('\n', ' '),
  },
];

/** No line of the project imports the driver: the library does, once it knows the kind of database. */
function* absentDriver(model: Model, source: SourceFile): Generator<Remark> {
  const installed = nodePackages(model.project, source.path);
  const text = model.project.read(source.path) ?? '';
  if (!installed || /dialectModule|\bdriver:/.test(text)) return;
  for (const { library, setting, packages, words } of DRIVERS) {
    const isUsed = source.imports.some(({ module }) =>
      library === 'typeorm' ? /^(@nestjs\/)?typeorm$/.test(module) : module === library,
    );
    if (!isUsed) continue;
    const kinds = [...text.matchAll(setting)];
    const [match] = kinds;
    // One of several kinds is chosen as the program runs.
    if (!match || new Set(kinds.map((each) => each[1])).size > 1) continue;
    const wanted = packages[match[1] ?? ''];
    const [first] = wanted ?? [];
    if (!wanted || first === undefined || wanted.some((name) => installed.has(name) !== 'no')) continue;
    const line = lineCounter(text)(match.index + match[0].length - 1);
    yield {
      severity: 'error',
      place: { file: source.path, line },
      about: `driver ${source.path}`,
      fr: [
        `${library} parle à « ${match[1] ?? ''} » par le paquet ${first}, que ${installed.file} ne demande pas.`,
        `L’application s’arrête : « ${words(first)} ».`,
        `Ajoutez-le : npm install ${first}`,
      ],
      en: [
        `${library} talks to "${match[1] ?? ''}" by the package ${first}, which ${installed.file} does not ask for.`,
        `The application stops: "${words(first)}".`,
        `Add it: npm install ${first}`,
      ],
    };
  }
}

const GENERATES = /\bprisma\s+(generate|db\s+push|migrate\s+(dev|reset))\b/;

/** Prisma's client is made out of the schema: by `prisma generate`, or as it is installed beside the schema. */
function* clientNotGenerated(model: Model, instance: Instance, sources: SourceFile[]): Generator<Remark> {
  const { image } = instance;
  const { project } = model;
  const user = sources.find((source) => source.imports.some(({ module }) => module === '@prisma/client'));
  if (!image || !user || instance.mounts.length > 0) return;
  const manifest = nodePackages(project, user.path);
  if (!manifest) return;
  const folder = path.posix.dirname(manifest.file);
  const inside = image.context.folder === '.' ? '' : `${image.context.folder}/`;
  const schemas = project.files.map((file) => file.path).filter((file) => file.endsWith('.prisma'));
  const schema = schemas.length === 1 ? schemas[0] : undefined;
  if (schema?.startsWith(inside) !== true || folder !== image.context.folder) return;
  const generator = /generator\s+\w+\s*\{[^}]*\}/.exec(project.read(schema) ?? '')?.[0] ?? '';
  if (!/provider\s*=\s*"prisma-client-js"/.test(generator) || /^\s*output\s*=/m.test(generator)) return;
  const dockerfile = project.read(image.dockerfile.path) ?? '';
  const shells = project.files
    .map((file) => file.path)
    .filter((file) => file.startsWith(inside) && /\.(sh|bash)$|(^|\/)(Makefile|entrypoint[^/]*)$/.test(file))
    .map((file) => project.read(file) ?? '');
  const start = JSON.stringify([instance.service?.object ?? '', instance.container?.object ?? '']);
  const texts = [dockerfile, start, ...shells];
  const isScripted = Object.entries(objectAt(manifest.manifest, 'scripts')).some(
    ([name, script]) =>
      GENERATES.test(written(script)) &&
      (/^((pre|post)?(install|prepare|build|start)|(pre|post)\w+|prepare)/.test(name) ||
        texts.some((text) => text.includes(name)) ||
        Object.values(objectAt(manifest.manifest, 'scripts')).some((other) => written(other).includes(name))),
  );
  if (isScripted || texts.some((text) => GENERATES.test(text) || /turbo|\bnx\b/.test(text))) return;
  // The client of the author's computer comes along where nothing keeps it out.
  if (!image.context.ignores(path.posix.join(folder, 'node_modules'))) return;
  const steps = image.dockerfile.stages.flatMap((stage) => stage.instructions);
  const installs = steps.filter((step) => step.keyword === 'RUN' && /\b(npm|pnpm|yarn|bun)\b/.test(step.raw));
  const brings = steps.filter(
    (step) =>
      /^(COPY|ADD)$/.test(step.keyword) &&
      !('from' in step.flags) &&
      (/prisma/.test(step.raw) || /^["[\s]*\.\/?["\s,]/.test(step.raw)),
  );
  const first = brings[0];
  const install = installs.filter((step) =>
    /\bnpm (ci|i|install)\b|\b(pnpm|bun) (i|install)\b|\byarn\b/.test(step.raw),
  );
  if (!first || install.length === 0 || install.some((step) => step.line > first.line || 'mount' in step.flags)) return;
  const words =
    'Error: @prisma/client did not initialize yet. Please run "prisma generate" and try to import it again.';
  // What compiles the sources may see it before.
  const isCompiled = user.path.endsWith('.ts');
  const sooner = `Module '"@prisma/client"' has no exported member 'PrismaClient'`;
  const place = { file: image.dockerfile.path, line: brings.at(-1)?.line ?? first.line };
  yield {
    severity: 'error',
    place,
    about: `prisma ${image.dockerfile.path}`,
    breaks: `image ${image.dockerfile.path}`,
    fr: [
      `Rien ne fait le client de Prisma dans l’image : les paquets y sont installés avant que ${schema} n’y soit, et « prisma generate » n’est pas appelé.`,
      `L’application s’arrête : « ${words} »${isCompiled ? ` (ou déjà la construction : « ${sooner} »)` : ''}.`,
      'Ajoutez après cette ligne : RUN npx prisma generate',
    ],
    en: [
      `Nothing makes Prisma’s client in the image: the packages are installed before ${schema} is there, and "prisma generate" is not called.`,
      `The application stops: "${words}"${isCompiled ? ` (or the build before it: "${sooner}")` : ''}.`,
      'Add after this line: RUN npx prisma generate',
    ],
  };
}

/** `node build` is what SvelteKit's adapter for Node makes; adapter-static makes pages and no server. */
function* otherAdapter(model: Model, instance: Instance): Generator<Remark> {
  const run = instance.start.runs.find(
    ({ program, args }) => program === 'node' && /^(\.\/|\/app\/)?build(\/|\/index(\.js)?)?$/.test(args[0] ?? ''),
  );
  const folder = instance.image?.context.folder;
  if (!run || folder === undefined) return;
  for (const name of ['svelte.config.js', 'svelte.config.ts']) {
    const file = path.posix.join(folder, name);
    const text = model.project.read(file) ?? '';
    const adapters = [...text.matchAll(/^\s*import\b.*["'](@sveltejs\/adapter-static)["']/gm)];
    const [adapter] = adapters;
    if (!adapter || adapters.length > 1 || /adapter-node|import\(/.test(text)) continue;
    const [whole, module = ''] = adapter;
    yield {
      severity: 'error',
      place: { file, line: lineCounter(text)(adapter.index + whole.length - 1) },
      about: `adapter ${file}`,
      breaks: `image ${instance.image?.dockerfile.path ?? ''}`,
      fr: [
        `L’image démarre « node build », le serveur que fait @sveltejs/adapter-node ; ${name} prend ${module}, qui n’en fait pas.`,
        `Le conteneur s’arrête aussitôt : « Error: Cannot find module '${path.posix.resolve(run.cwd, 'build')}' ».`,
        `npm install -D @sveltejs/adapter-node, puis écrivez : import adapter from '@sveltejs/adapter-node';`,
      ],
      en: [
        `The image starts "node build", the server that @sveltejs/adapter-node makes; ${name} takes ${module}, which makes none.`,
        `The container stops at once: "Error: Cannot find module '${path.posix.resolve(run.cwd, 'build')}'".`,
        `npm install -D @sveltejs/adapter-node, then write: import adapter from '@sveltejs/adapter-node';`,
      ],
    };
  }
}

/** The beginnings of addresses that each of Prisma's providers takes. */
const PROVIDERS: Record<string, { takes: RegExp; words: string }> = {
  postgresql: { takes: /^(postgres(ql)?|prisma(\+postgres)?):/, words: 'postgresql://` or `postgres://' },
  postgres: { takes: /^(postgres(ql)?|prisma(\+postgres)?):/, words: 'postgresql://` or `postgres://' },
  mysql: { takes: /^(mysql|prisma):/, words: 'mysql://' },
  sqlite: { takes: /^(file|prisma):/, words: 'file:' },
  mongodb: { takes: /^(mongodb(\+srv)?|prisma):/, words: 'mongo' },
};

/** The schema names one kind of database, and the address that the container is given another. */
function* otherProvider(model: Model, instance: Instance): Generator<Remark> {
  const folder = instance.image?.context.folder;
  if (folder === undefined || instance.where === 'image') return;
  const file = path.posix.join(folder, 'prisma/schema.prisma');
  const text = model.project.read(file) ?? '';
  const block = /^datasource\s+\w+\s*\{[^}]*\}/m.exec(text);
  const provider = /^\s*provider\s*=\s*"(\w+)"/m.exec(block?.[0] ?? '');
  const name = /^\s*url\s*=\s*env\("(\w+)"\)/m.exec(block?.[0] ?? '')?.[1] ?? '';
  const given = instance.variables.get(name);
  const known = PROVIDERS[provider?.[1] ?? ''];
  const [, scheme] = /^(postgres(?:ql)?:\/\/|mysql:\/\/|file:|mongodb(?:\+srv)?:\/\/)/.exec(given?.value ?? '') ?? [];
  if (/driverAdapters/.test(text) || given?.place.file === instance.image?.dockerfile.path) return;
  if (!block || !provider || !known || !given || scheme === undefined || known.takes.test(scheme)) return;
  // The provider stands in the schema; a file's address is what was left over from the author's computer.
  const line = lineCounter(text)(block.index + provider.index + provider[0].length - 1);
  const right = /^postgres/.test(scheme) ? 'postgresql' : scheme.replace(/[+:].*/, '').replace('file', 'sqlite');
  const isFile = scheme === 'file:';
  const words = `the URL must start with the protocol \`${known.words}\``;
  yield {
    severity: 'error',
    place: isFile ? given.place : { file, line },
    about: `prisma provider ${file}`,
    fr: [
      `${file} (ligne ${line}) dit provider = "${provider[1] ?? ''}", et ${name} commence par ${scheme} (${given.place.file}, ligne ${given.place.line}).`,
      `Prisma s’arrête : « Error: P1012 … ${words} ».`,
      isFile
        ? `Donnez à ${name} l’adresse de la base : ${known.words.replace(/`.*/, '')}…`
        : `Écrivez : provider = "${right}" (et refaites les migrations : elles sont propres à une sorte de base).`,
    ],
    en: [
      `${file} (line ${line}) says provider = "${provider[1] ?? ''}", and ${name} begins with ${scheme} (${given.place.file}, line ${given.place.line}).`,
      `Prisma stops: "Error: P1012 … ${words}".`,
      isFile
        ? `Give ${name} the database’s address: ${known.words.replace(/`.*/, '')}…`
        : `Write: provider = "${right}" (and make the migrations anew: they belong to one kind of database).`,
    ],
  };
}

/** Next's standalone server does not hold the styles and scripts of the pages: they are copied beside it. */
function* withoutAssets(model: Model, instance: Instance): Generator<Remark> {
  const { image } = instance;
  const copy = image?.copies.findLast(
    (each) => each.from !== undefined && each.sources.some((source) => /\.next\/standalone\/?$/.test(source)),
  );
  if (!image || !copy || instance.mounts.some((mount) => mount.target.includes('.next'))) return;
  const text = [
    image.dockerfile.path,
    ...['package.json', 'next.config.js', 'next.config.mjs', 'next.config.ts'].map((name) =>
      path.posix.join(image.context.folder, name),
    ),
  ]
    .map((file) => (model.project.read(file) ?? '').replace(/^\s*#.*$/gm, ''))
    .join('\n');
  if (
    /static|assetPrefix/.test(text) ||
    image.copies.some((each) => each.sources.some((source) => /\.next\/?$/.test(source)))
  )
    return;
  const source = copy.sources.find((each) => each.includes('.next/standalone')) ?? '';
  const line = `COPY --from=${copy.from ?? ''} ${source.replace(/standalone\/?$/, 'static')} ${copy.destination.replace(/\/?$/, '/')}.next/static`;
  yield {
    severity: 'error',
    place: { file: image.dockerfile.path, line: copy.instruction.line },
    about: `next static ${image.dockerfile.path}`,
    fr: [
      'L’image prend .next/standalone sans .next/static, que Next ne met pas dedans : les styles et les scripts des pages n’y sont pas.',
      'La page s’affiche sans style et ne réagit pas ; la console du navigateur montre « GET /_next/static/… 404 (Not Found) ».',
      `Ajoutez après cette ligne : ${line}`,
    ],
    en: [
      'The image takes .next/standalone without .next/static, which Next does not put into it: the styles and scripts of the pages are not there.',
      'The page shows without style and does not react; the browser’s console shows "GET /_next/static/… 404 (Not Found)".',
      `Add after this line: ${line}`,
    ],
  };
}

/** The names in a list of `@Module({ … })`; undefined when something in it is computed. */
function namesIn(text: string, key: string): string[] | undefined {
  const [, list] = new RegExp(`\\b${key}:\\s*\\[([^\\]]*)\\]`).exec(text) ?? [];
  if (list === undefined) return new RegExp(`\\b${key}\\b`).test(text) ? undefined : [];
  const names = list
    .split(',')
    .map((each) => each.trim())
    .filter(Boolean);
  return names.every((each) => /^\w+$/.test(each)) ? names : undefined;
}

/** Nest gives a class only what its module provides, or what the modules provide that it imports. */
function* unresolved(model: Model, module: SourceFile, sources: SourceFile[]): Generator<Remark> {
  const text = (model.project.read(module.path) ?? '').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const controllers = namesIn(text, 'controllers');
  const providers = namesIn(text, 'providers');
  // What the project's own modules bring is not looked for.
  const isAlone = ![
    ...text.matchAll(/\bimport\s+([^;]*?)\s+from\s+["'](?!@nestjs\/)([.@~#]|src\/|libs\/)([^"']*)["']/g),
  ].some(([, names = '', , file = '']) => /module/i.test(names + file));
  const own = (text.match(/@Module\(/g) ?? []).length === 1;
  const all = sources.map((source) => model.project.read(source.path) ?? '');
  if (
    !controllers ||
    !providers ||
    !isAlone ||
    !own ||
    /\.\.\./.test(text) ||
    all.some((each) => /@Global\(|\bglobal:\s*true/.test(each))
  )
    return;
  const [, moduleName = ''] = /class\s+(\w+)/.exec(text) ?? [];
  for (const name of [...controllers, ...providers]) {
    const index = all.findIndex((each) => new RegExp(`^export class ${literal(name)}\\b`, 'm').test(each));
    const [, parameters] = /\bconstructor\s*\(((?:[^()]|\([^()]*\))*)\)/.exec(all[index] ?? '') ?? [];
    const many = (all[index]?.match(/\bclass\s/g) ?? []).length > 1;
    const entity = /@Inject(Repository|Model)\(\s*["']?(\w+)/.exec(parameters ?? '');
    if (entity && !many && !/forFeature/.test(text)) {
      const line = lineCounter(model.project.read(module.path) ?? '')(
        Math.max(0, (model.project.read(module.path) ?? '').search(/@Module\(/)),
      );
      const isRepository = entity[1] === 'Repository';
      const kind = entity[2] ?? '';
      const words = `Nest can't resolve dependencies of the ${name} (?). Please make sure that the argument "${kind}${entity[1] ?? ''}" … is available in the ${moduleName} context.`;
      const fix = isRepository
        ? `imports: [TypeOrmModule.forFeature([${kind}])]`
        : /@nestjs\/sequelize/.test(all[index] ?? '')
          ? `imports: [SequelizeModule.forFeature([${kind}])]`
          : `imports: [MongooseModule.forFeature([{ name: ${kind}.name, schema: ${kind}Schema }])]`;
      yield {
        severity: 'error',
        place: { file: module.path, line },
        about: `nest ${module.path} ${kind}`,
        fr: [
          `${name} demande ${isRepository ? 'le dépôt' : 'le modèle'} de ${kind}, que ${moduleName} ne déclare pas (forFeature).`,
          `L’application s’arrête : « ${words} ».`,
          `Écrivez dans @Module : ${fix}`,
        ],
        en: [
          `${name} asks for the ${isRepository ? 'repository' : 'model'} of ${kind}, which ${moduleName} does not declare (forFeature).`,
          `The application stops: "${words}".`,
          `Write in @Module: ${fix}`,
        ],
      };
      continue;
    }
    if (index < 0 || parameters === undefined || many || /@Inject\(|@Optional\(/.test(parameters)) continue;
    for (const [at, parameter] of parameters.split(/,(?![^<(]*[>)])/).entries()) {
      const [, type = ''] = /:\s*(\w+)\s*$/.exec(parameter.trim()) ?? [];
      const isOurs = all.some((each) => new RegExp(`@Injectable\\(\\)\\s*export class ${literal(type)}\\b`).test(each));
      if (parameter.includes('@') || type === '' || !isOurs || providers.includes(type)) continue;
      const words = `Nest can't resolve dependencies of the ${name} (?). Please make sure that the argument ${type} at index [${at}] is available in the ${moduleName} context.`;
      const line = lineCounter(model.project.read(module.path) ?? '')(
        Math.max(0, (model.project.read(module.path) ?? '').search(/@Module\(/)),
      );
      yield {
        severity: 'error',
        place: { file: module.path, line },
        about: `nest ${module.path} ${type}`,
        fr: [
          `${name} demande ${type}, que ${moduleName} ne met pas dans ses providers et qu’aucun module importé n’apporte.`,
          `L’application s’arrête : « ${words} ».`,
          `Écrivez : providers: [${[...providers, type].join(', ')}]`,
        ],
        en: [
          `${name} asks for ${type}, which ${moduleName} does not have among its providers and no imported module brings.`,
          `The application stops: "${words}".`,
          `Write: providers: [${[...providers, type].join(', ')}]`,
        ],
      };
    }
  }
}
