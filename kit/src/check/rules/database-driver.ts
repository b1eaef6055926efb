import path from 'node:path';
import type { Remark, Rule } from '../findings.ts';
import { runningSources, type Instance, type Model } from '../model.ts';
import { isInstalled } from '../python.ts';
import { isPlainBase } from '../read/image.ts';
import { textOf, type SourceFile } from '../read/source.ts';
import type { Place } from '../read/yaml.ts';

/** What SQLAlchemy imports for an address, by what stands before `://`; the first word alone means its old default. */
const DRIVERS: Record<string, { module: string; install: string; isAsync?: boolean }> = {
  postgresql: { module: 'psycopg2', install: 'psycopg2-binary' },
  'postgresql+psycopg2': { module: 'psycopg2', install: 'psycopg2-binary' },
  'postgresql+psycopg': { module: 'psycopg', install: 'psycopg[binary]', isAsync: true },
  'postgresql+asyncpg': { module: 'asyncpg', install: 'asyncpg', isAsync: true },
  'postgresql+pg8000': { module: 'pg8000', install: 'pg8000' },
  mysql: { module: 'MySQLdb', install: 'mysqlclient' },
  mariadb: { module: 'MySQLdb', install: 'mysqlclient' },
  'mysql+mysqldb': { module: 'MySQLdb', install: 'mysqlclient' },
  'mysql+pymysql': { module: 'pymysql', install: 'pymysql' },
  'mariadb+pymysql': { module: 'pymysql', install: 'pymysql' },
  'mysql+mysqlconnector': { module: 'mysql', install: 'mysql-connector-python' },
  'mysql+aiomysql': { module: 'aiomysql', install: 'aiomysql', isAsync: true },
  'mysql+asyncmy': { module: 'asyncmy', install: 'asyncmy', isAsync: true },
  'sqlite+aiosqlite': { module: 'aiosqlite', install: 'aiosqlite', isAsync: true },
};

export const databaseDriver: Rule = {
  id: 'database-driver',
  title: {
    fr: 'L’adresse de la base demande un pilote que l’image n’a pas, ou qui ne convient pas',
    en: 'The database’s address asks for a driver that the image does not have, or that does not suit',
  },
  why: {
    fr: 'Ce qui précède :// dit à SQLAlchemy quel paquet Python parle à la base : « postgresql+psycopg:// » veut psycopg, « postgresql:// » veut psycopg2, « postgres:// » n’existe pas. create_async_engine veut un pilote asynchrone.',
    en: 'What stands before :// tells SQLAlchemy which Python package talks to the database: "postgresql+psycopg://" wants psycopg, "postgresql://" wants psycopg2, "postgres://" does not exist. create_async_engine wants an asynchronous driver.',
  },
  *check(model) {
    for (const instance of model.instances) {
      yield* withoutJdbc(model, instance);
      if (!instance.image || !isPlainBase(instance.image.base) || instance.where === 'image') continue;
      const sources = runningSources(model, instance).filter((source) => source.language === 'python');
      const texts = sources.map((source) => model.project.read(source.path) ?? '');
      yield* byFramework(instance, sources, texts);
      const isUsed = sources.some((source) =>
        source.imports.some(({ module }) => /^(sqlalchemy|flask_sqlalchemy|sqlmodel)(\.|$)/.test(module)),
      );
      // Code that rewrites the address knows what it does.
      const rewrites =
        /\.replace\(|drivername|make_url|URL\.create|PostgresDsn|re\.sub|startswith\(\s*["'](postgres|mysql)/;
      if (!isUsed || texts.some((text) => rewrites.test(text))) continue;
      const engines = new Map(
        sources.flatMap((source) =>
          source.calls.flatMap(({ callee, line }) => {
            const [, name] = /(?:^|\.)(create_(?:async_)?engine)$/.exec(callee) ?? [];
            return name === undefined ? [] : [[name, { file: source.path, line }] as const];
          }),
        ),
      );
      for (const { label, url, place } of addressesOf(instance, sources)) {
        const remark = remarkOf(model, instance, label, url, place, engines);
        if (remark) yield remark;
      }
    }
  },
};

/** Java's address of a database begins with `jdbc:`, and Spring takes no other. */
function* withoutJdbc(model: Model, instance: Instance): Generator<Remark> {
  const folder = instance.image?.context.folder;
  if (folder === undefined || instance.where === 'image') return;
  const settings = ['properties', 'yml', 'yaml']
    .map((end) => model.project.read(path.posix.join(folder, `src/main/resources/application.${end}`)) ?? '')
    .join('\n');
  const [, named] =
    /^\s*spring\.datasource\.url\s*[=:]\s*\$\{(\w+)/m.exec(settings) ??
    /^\s*datasource:\s*\n(?:\s+[\w-]+:.*\n)*?\s+url:\s*["']?\$\{(\w+)/m.exec(settings) ??
    [];
  if (!/spring\.datasource|datasource:/.test(settings)) return;
  // Code that makes its own source of data may take the address apart.
  const inside = folder === '.' ? 'src/main/' : `${folder}/src/main/`;
  const isOwn = model.project.files.some(
    ({ path: file }) =>
      file.startsWith(inside) &&
      /\.(java|kt)$/.test(file) &&
      /DataSource|getenv|URI\(/.test(model.project.read(file) ?? ''),
  );
  if (isOwn) return;
  for (const label of new Set(['SPRING_DATASOURCE_URL', named ?? 'SPRING_DATASOURCE_URL'])) {
    const given = instance.variables.get(label);
    const [scheme] = /^(postgres(ql)?|mysql|mariadb):\/\//.exec(given?.value ?? '') ?? [];
    if (!given || scheme === undefined) continue;
    const right = `jdbc:${scheme.replace('postgres:', 'postgresql:')}…`;
    yield {
      severity: 'error',
      place: given.place,
      about: `driver ${given.place.file}:${given.place.line}`,
      fr: [
        `${label} commence par ${scheme}, et Spring veut une adresse qui commence par jdbc:.`,
        "L’application s’arrête : « URL must start with 'jdbc' » (ou « claims to not accept jdbcUrl »).",
        `Écrivez : ${label}=${right} (sans utilisateur ni mot de passe, qui ont leurs propres variables)`,
      ],
      en: [
        `${label} begins with ${scheme}, and Spring wants an address that begins with jdbc:.`,
        'The application stops: "URL must start with \'jdbc\'" (or "claims to not accept jdbcUrl").',
        `Write: ${label}=${right} (without user and password, which have variables of their own)`,
      ],
    };
  }
}

/** What Django's engine and Celery's broker import, which no line of the project does. */
function* byFramework(instance: Instance, sources: SourceFile[], texts: string[]): Generator<Remark> {
  const about = `driver ${instance.image?.dockerfile.path ?? ''}`;
  for (const [index, text] of texts.entries()) {
    const engine = /^[^#\n]*["']ENGINE["']\s*:\s*["']django\.db\.backends\.(postgresql|mysql)["']/m.exec(text);
    const wanted = engine?.[1] === 'postgresql' ? ['psycopg2', 'psycopg'] : ['MySQLdb'];
    if (
      !engine ||
      wanted.some((module) => isInstalled(instance, module) !== 'no') ||
      texts.some((other) => /install_as_MySQLdb|sqlite3["']|dj_database_url|env\.db\(/.test(other))
    )
      continue;
    const install = engine[1] === 'postgresql' ? 'psycopg2-binary' : 'mysqlclient';
    const words =
      engine[1] === 'postgresql'
        ? 'django.core.exceptions.ImproperlyConfigured: Error loading psycopg2 or psycopg module'
        : 'django.core.exceptions.ImproperlyConfigured: Error loading MySQLdb module. Did you install mysqlclient?';
    yield {
      severity: 'error',
      place: { file: sources[index]?.path ?? '', line: text.slice(0, engine.index).split('\n').length },
      about,
      fr: [
        `Django parle à ${engine[1] === 'postgresql' ? 'PostgreSQL' : 'MySQL'} par un paquet que l’image n’installe pas.`,
        `L’application s’arrête : « ${words} ».`,
        `Ajoutez à vos dépendances : ${install}`,
      ],
      en: [
        `Django talks to ${engine[1] === 'postgresql' ? 'PostgreSQL' : 'MySQL'} by a package that the image does not install.`,
        `The application stops: "${words}".`,
        `Add to your dependencies: ${install}`,
      ],
    };
  }
  const isCelery = sources.some((source) => source.imports.some(({ module }) => /^celery(\.|$)/.test(module)));
  const broker = [...instance.variables].find(
    ([name, { value }]) => /^rediss?:\/\//.test(value ?? '') && texts.some((text) => text.includes(name)),
  );
  if (!isCelery || !broker || isInstalled(instance, 'redis') !== 'no') return;
  const [label, { place }] = broker;
  yield {
    severity: 'error',
    place,
    about: `${about} redis`,
    fr: [
      `${label} commence par redis:// : Celery veut le paquet redis, que l’image n’installe pas.`,
      'Celery s’arrête : « ImportError: Missing redis library (pip install redis) ».',
      'Ajoutez à vos dépendances : redis (ou celery[redis])',
    ],
    en: [
      `${label} begins with redis://: Celery wants the package redis, which the image does not install.`,
      'Celery stops: "ImportError: Missing redis library (pip install redis)".',
      'Add to your dependencies: redis (or celery[redis])',
    ],
  };
}

/** Addresses of databases that the code is given, or holds. */
function addressesOf(instance: Instance, sources: SourceFile[]): { label: string; url: string; place: Place }[] {
  const read = new Set(sources.flatMap((source) => source.env.map(({ name }) => name.toUpperCase())));
  // What the code puts together itself; the defaults of variables count where these are not given.
  const defaults = new Set(
    sources.flatMap((source) =>
      source.env.flatMap((each) =>
        instance.variables.has(each.name) || instance.envIsOpen ? (textOf(each.fallback) ?? []) : [],
      ),
    ),
  );
  const inCode = sources.flatMap((source) =>
    source.strings.flatMap(({ text, line, inCode: isCode }) =>
      isCode && /^(postgres|mysql|mariadb)[a-z0-9+]*:\/\//.test(text) && !defaults.has(text)
        ? [{ label: 'L’adresse', url: text, place: { file: source.path, line } }]
        : [],
    ),
  );
  const given = [...instance.variables].flatMap(([label, { value, place }]) =>
    value !== undefined &&
    read.has(label.toUpperCase()) &&
    /^(postgres|mysql|mariadb|sqlite)[a-z0-9+]*:\/\//.test(value)
      ? [{ label, url: value, place }]
      : [],
  );
  return [...given, ...inCode];
}

function remarkOf(
  model: Model,
  instance: Instance,
  label: string,
  url: string,
  place: Place,
  engines: Map<string, Place>,
): Remark | undefined {
  const scheme = url.slice(0, url.indexOf('://'));
  const said = (fr: [string, string], en: [string, string], words: string, at = place): Remark => ({
    severity: 'error',
    place: at,
    about: `driver ${place.file}:${place.line}`,
    fr: [fr[0], `L’application s’arrête : « ${words} ».`, fr[1]],
    en: [en[0], `The application stops: "${words}".`, en[1]],
  });
  if (scheme === 'postgres') {
    const right =
      isInstalled(instance, 'psycopg2') === 'no' && isInstalled(instance, 'psycopg') === 'yes'
        ? 'postgresql+psycopg'
        : 'postgresql';
    return said(
      [`${label} commence par postgres://, que SQLAlchemy ne connaît plus.`, `Écrivez : ${right}://…`],
      [`${label} begins with postgres://, which SQLAlchemy no longer knows.`, `Write: ${right}://…`],
      "sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
    );
  }
  const driver = DRIVERS[scheme];
  const isAsyncOnly = engines.has('create_async_engine') && !engines.has('create_engine');
  if (isAsyncOnly && !(driver?.isAsync ?? false) && (driver ?? scheme === 'sqlite')) {
    const right = /^sqlite/.test(scheme)
      ? 'sqlite+aiosqlite'
      : /^postgres/.test(scheme)
        ? 'postgresql+asyncpg'
        : 'mysql+aiomysql';
    return said(
      [
        `create_async_engine veut un pilote asynchrone, et ${label} commence par ${scheme}://.`,
        `Écrivez : ${right}://… (et installez ${DRIVERS[right]?.install ?? ''}).`,
      ],
      [
        `create_async_engine wants an asynchronous driver, and ${label} begins with ${scheme}://.`,
        `Write: ${right}://… (and install ${DRIVERS[right]?.install ?? ''}).`,
      ],
      "sqlalchemy.exc.InvalidRequestError: The asyncio extension requires an async driver to be used. The loaded '…' is not async.",
    );
  }
  if (!driver || isInstalled(instance, driver.module) !== 'no') return undefined;
  // From version 2.1 on, SQLAlchemy takes psycopg for the plain word.
  if (scheme === 'postgresql' && isInstalled(instance, 'psycopg') !== 'no' && !isOldSqlAlchemy(model, instance))
    return undefined;
  const [other] = Object.entries(DRIVERS).filter(
    ([name, each]) =>
      name.startsWith(scheme.split('+')[0] ?? '') && name.includes('+') && isInstalled(instance, each.module) === 'yes',
  );
  return said(
    [
      `${label} commence par ${scheme}:// : SQLAlchemy veut le paquet ${driver.module}, que l’image n’installe pas.`,
      other === undefined
        ? `Ajoutez à vos dépendances : ${driver.install}`
        : `Écrivez : ${other[0]}://… (${other[1].install} est installé), ou ajoutez ${driver.install} à vos dépendances.`,
    ],
    [
      `${label} begins with ${scheme}://: SQLAlchemy wants the package ${driver.module}, which the image does not install.`,
      other === undefined
        ? `Add to your dependencies: ${driver.install}`
        : `Write: ${other[0]}://… (${other[1].install} is installed), or add ${driver.install} to your dependencies.`,
    ],
    `ModuleNotFoundError: No module named '${driver.module}'`,
    // Where no driver at all is installed, the address is right.
    other === undefined ? [...engines.values()][0] : place,
  );
}

/** Whether the project asks for a SQLAlchemy before 2.1. */
function isOldSqlAlchemy(model: Model, instance: Instance): boolean {
  const folder = instance.image?.context.folder ?? '.';
  return model.project.files.some(
    ({ path: file }) =>
      (folder === '.' || file.startsWith(`${folder}/`)) &&
      /(requirements[^/]*\.txt|pyproject\.toml|poetry\.lock|uv\.lock|Pipfile(\.lock)?)$/.test(file) &&
      /sqlalchemy(\[\w+\])?["']?\s*(==|~=|<|=\s*["']\^?|.*"==)\s*(1\.|2\.0|2\.1\b(?=.*<))|name = "sqlalchemy"\s+version = "(1\.|2\.0)/i.test(
        model.project.read(file) ?? '',
      ),
  );
}
