import path from 'node:path';
import { instancesOf } from '../chains.ts';
import { BROWSER_VARIABLE } from '../fronts.ts';
import type { Remark, Rule } from '../findings.ts';
import { frontOf, runningSources, type Instance, type Model } from '../model.ts';
import { isEnvFile, isEnvTemplate, readEnvFile } from '../read/env-file.ts';
import { engineOf, type Engine } from '../read/images.ts';
import { dataOf, findResource, isFilledInLater, workloadsBehind, type Resource } from '../read/kubernetes.ts';
import { optionOf } from '../read/shell.ts';
import type { EnvRead } from '../read/source.ts';
import type { Place } from '../read/yaml.ts';
import { literal, meansTheSame, nearest } from '../words.ts';
import { isInNamesake, referencesOf } from './references.ts';

/** Variables that the platform itself gives. */
const GIVEN_BY_PLATFORM =
  /^(PATH|HOME|PWD|USER|HOSTNAME|LANG|LC_\w+|TZ|TERM|SHELL|TMPDIR|TEMP|TMP|NODE_ENV|PYTHON\w*|VIRTUAL_ENV|CI|GITHUB_\w+|KUBERNETES_\w+|DJANGO_SETTINGS_MODULE|PORT|HOST|DEBUG|LOG_LEVEL|npm_\w+|WERKZEUG_\w+|FLASK_\w+|NEXT_RUNTIME|VERCEL\w*|RENDER\w*|HEROKU\w*|DYNO|AWS_\w+)$/;

/** Variables without which the database images refuse to start. */
const DATABASE_NEEDS: Partial<Record<Engine | 'pgadmin', { any: string[]; words: string; fix: string }>> = {
  postgres: {
    any: ['POSTGRES_PASSWORD', 'POSTGRES_PASSWORD_FILE', 'POSTGRES_HOST_AUTH_METHOD'],
    words:
      'Error: Database is uninitialized and superuser password is not specified. You must specify POSTGRES_PASSWORD to a non-empty value',
    fix: 'POSTGRES_PASSWORD',
  },
  pgadmin: {
    any: ['PGADMIN_DEFAULT_PASSWORD', 'PGADMIN_DEFAULT_PASSWORD_FILE', 'PGADMIN_CONFIG_SERVER_MODE'],
    words:
      'You need to define the PGADMIN_DEFAULT_EMAIL and PGADMIN_DEFAULT_PASSWORD or PGADMIN_DEFAULT_PASSWORD_FILE environment variables',
    fix: 'PGADMIN_DEFAULT_PASSWORD',
  },
  mysql: {
    any: [
      'MYSQL_ROOT_PASSWORD',
      'MYSQL_ROOT_PASSWORD_FILE',
      'MYSQL_ALLOW_EMPTY_PASSWORD',
      'MYSQL_RANDOM_ROOT_PASSWORD',
    ],
    words:
      'Database is uninitialized and password option is not specified. You need to specify one of the following: MYSQL_ROOT_PASSWORD, MYSQL_ALLOW_EMPTY_PASSWORD, MYSQL_RANDOM_ROOT_PASSWORD',
    fix: 'MYSQL_ROOT_PASSWORD',
  },
  mariadb: {
    any: [
      'MARIADB_ROOT_PASSWORD',
      'MARIADB_ROOT_PASSWORD_FILE',
      'MARIADB_ROOT_PASSWORD_HASH',
      'MARIADB_ALLOW_EMPTY_ROOT_PASSWORD',
      'MARIADB_RANDOM_ROOT_PASSWORD',
      'MYSQL_ROOT_PASSWORD',
      'MYSQL_ROOT_PASSWORD_FILE',
      'MYSQL_ALLOW_EMPTY_PASSWORD',
      'MYSQL_RANDOM_ROOT_PASSWORD',
    ],
    words:
      'Database is uninitialized and password option is not specified. You need to specify one of the following: MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD',
    fix: 'MARIADB_ROOT_PASSWORD',
  },
};

export const databaseVariable: Rule = {
  id: 'database-variable',
  title: {
    fr: 'La base de données n’a pas le mot de passe qu’elle exige',
    en: 'The database lacks the password that it demands',
  },
  why: {
    fr: 'Les images postgres, mysql et mariadb refusent de créer une base sans mot de passe, et ne lisent que les noms qu’elles connaissent.',
    en: 'The images postgres, mysql and mariadb refuse to make a database without a password, and read only the names that they know.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (instance.where === 'image' || instance.envIsOpen || instance.container?.isInit) continue;
      const image = instance.image?.base ?? instance.imageName;
      const engine = /^(dpage\/)?pgadmin4?(:|$)/.test(image) ? 'pgadmin' : engineOf(image);
      const needs = engine === undefined ? undefined : DATABASE_NEEDS[engine];
      if (!needs || /Job/.test(instance.workload?.resource.kind ?? '')) continue;
      // A client of the database (a dump, a migration) runs another command.
      if (
        (instance.service?.command !== undefined ||
          instance.container?.object.command !== undefined ||
          instance.container?.object.args !== undefined) &&
        !/^(postgres|mysqld|mariadbd|docker-entrypoint\.sh)/.test((instance.start.words ?? []).join(' '))
      )
        continue;
      const rooted = ['MYSQL_USER', 'MARIADB_USER'].find((name) => instance.variables.get(name)?.value === 'root');
      if (rooted !== undefined && /^(mysql|mariadb)$/.test(engine ?? '')) {
        yield {
          severity: 'error',
          place: instance.variables.get(rooted)?.place ?? instance.place,
          about: `database variable ${instance.name}`,
          fr: [
            `${rooted}: root n’est pas permis : root existe déjà, et son mot de passe est ${rooted.replace('USER', 'ROOT_PASSWORD')}.`,
            `La base ne démarre pas ; ses journaux disent « MYSQL_USER="root", MYSQL_USER and MYSQL_PASSWORD are for configuring a regular user and cannot be used for the root user ».`,
            `Enlevez ${rooted} et ${rooted.replace('USER', 'PASSWORD')}, ou nommez un autre utilisateur.`,
          ],
          en: [
            `${rooted}: root is not allowed: root exists already, and its password is ${rooted.replace('USER', 'ROOT_PASSWORD')}.`,
            `The database does not start; its logs say "MYSQL_USER="root", MYSQL_USER and MYSQL_PASSWORD are for configuring a regular user and cannot be used for the root user".`,
            `Remove ${rooted} and ${rooted.replace('USER', 'PASSWORD')}, or name another user.`,
          ],
        };
        continue;
      }
      const given = needs.any.filter(
        (name) => instance.variables.has(name) && instance.variables.get(name)?.value !== '',
      );
      if (given.length > 0) continue;
      const names = [...instance.variables.keys()];
      const near =
        names.find((name) => meansTheSame(name, needs.fix)) ??
        nearest(
          needs.fix,
          names.filter((name) => !/^(MYSQL|MARIADB)_PASSWORD$/.test(name)),
          4,
        ) ??
        names.find((name) => /PASS|PWD|MDP/i.test(name) && !/^(MYSQL|MARIADB)_PASSWORD$/.test(name));
      const place: Place =
        near === undefined ? instance.place : (instance.variables.get(near)?.place ?? instance.place);
      yield {
        severity: 'error',
        place,
        about: `database variable ${instance.name}`,
        breaks: `name ${place.file}:${place.line}`,
        fr: [
          near === undefined
            ? `« ${instance.name} » (${engine ?? ''}) n’a pas ${needs.fix}.`
            : `« ${instance.name} » (${engine ?? ''}) reçoit « ${near} », mais cette image lit « ${needs.fix} ».`,
          `La base ne démarre pas ; ses journaux disent « ${needs.words} ».`,
          near === undefined ? `Donnez-lui : ${needs.fix}` : `Renommez la variable : ${needs.fix}`,
        ],
        en: [
          near === undefined
            ? `"${instance.name}" (${engine ?? ''}) has no ${needs.fix}.`
            : `"${instance.name}" (${engine ?? ''}) is given "${near}", but this image reads "${needs.fix}".`,
          `The database does not start; its logs say "${needs.words}".`,
          near === undefined ? `Give it: ${needs.fix}` : `Rename the variable: ${needs.fix}`,
        ],
      };
    }
  },
};

export const variableMissing: Rule = {
  id: 'variable-missing',
  title: {
    fr: 'L’application lit une variable que rien ne lui donne',
    en: 'The application reads a variable that nothing gives',
  },
  why: {
    fr: 'Une variable d’environnement n’existe que si quelque chose la donne au conteneur, sous ce nom exactement : ENV, environment, env_file, env, envFrom.',
    en: 'An environment variable exists only if something gives it to the container, under exactly that name: ENV, environment, env_file, env, envFrom.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (instance.where === 'image' || instance.envIsOpen || !instance.image || instance.container?.isInit) continue;
      if (
        frontOf(model, instance.image)?.kind === 'vite' &&
        instance.listens.every((listen) => /vite/.test(listen.server))
      )
        continue;
      yield* missingVariables(model, instance);
    }
  },
};

function* missingVariables(model: Model, instance: Instance): Generator<Remark> {
  const sources = runningSources(model, instance);
  const reads = new Map<string, Read>();
  const everRead = new Set<string>();
  for (const source of sources) {
    for (const read of source.env) {
      everRead.add(read.name);
      const known = reads.get(read.name);
      if (!known || rank(read) > rank(known.read)) reads.set(read.name, { read, file: source.path });
    }
  }
  if (sources.some((source) => source.gives.has('*'))) return;
  for (const extra of frameworkReads(model, instance)) reads.set(extra.read.name, extra);
  const given = [...instance.variables.keys()];
  const lower = new Map(given.map((name) => [name.toUpperCase(), name]));
  const isSettings = (read: EnvRead) => read.use === 'BaseSettings';
  const unread = given.filter(
    (name) =>
      !everRead.has(name) &&
      !GIVEN_BY_PLATFORM.test(name) &&
      !BROWSER_VARIABLE.test(name) &&
      !isMentioned(
        model,
        sources.map((source) => source.path),
        name,
      ),
  );
  const missing: Read[] = [];
  const held = new Map<Resource, Read[]>();
  for (const each of reads.values()) {
    const { read } = each;
    const { name } = read;
    if (
      instance.variables.has(name) ||
      GIVEN_BY_PLATFORM.test(name) ||
      (isSettings(read) && lower.has(name.toUpperCase())) ||
      sources.some((source) => source.gives.has(name)) ||
      isGivenByDotenv(model, instance, name) ||
      isExported(model, instance, name) ||
      configOf(instance).some((resource) => isInNamesake(model, resource, name))
    )
      continue;
    const isNeeded = read.need === 'must' || (read.need === 'use' && !read.fallback);
    const same = unread.find((other) => meansTheSame(other, name)) ?? nearest(name, unread, 2);
    const isLikely =
      same !== undefined &&
      ((!read.fallback && read.need === 'may') ||
        isLocalDefault(read) ||
        // A password has no default that would be right.
        (/PASS|PWD|USER/i.test(name) && meansTheSame(same, name)));
    const twin = same ?? (isNeeded ? longerName(name, unread) : undefined);
    if (!isNeeded && !isLikely) continue;
    if (
      read.need === 'use' &&
      twin === undefined &&
      read.use !== 'url' &&
      !/connect|engine|Client|Pool|int$|int\(|float|Redis|from_url|Sequelize/.test(read.use ?? '')
    )
      continue;
    if (twin !== undefined) {
      yield renamed(model, instance, each, twin);
      continue;
    }
    const holder = instance.cluster?.resources.find(
      (resource) => (resource.kind === 'ConfigMap' || resource.kind === 'Secret') && name in dataOf(resource),
    );
    if (holder) held.set(holder, [...(held.get(holder) ?? []), each]);
    else missing.push(each);
  }
  for (const [holder, list] of held) yield unreadHolder(instance, holder, list);
  if (missing.length > 0) yield notGiven(instance, missing);
}

/** The ConfigMaps and Secrets that a container takes whole. */
function configOf(instance: Instance): Resource[] {
  const { cluster, workload, container } = instance;
  if (!cluster || !workload || !container) return [];
  return referencesOf(workload).flatMap(({ kind, name, key, container: holder }) =>
    key === undefined && holder === container.name ? (findResource(cluster, kind, name, workload.resource) ?? []) : [],
  );
}

/** A variable that the application reads, and where. */
interface Read {
  read: EnvRead;
  file: string;
}

/** A name that holds all words of another: a prefix that one side wrote and the other did not. */
function longerName(name: string, candidates: string[]): string | undefined {
  const words = (text: string) => text.toUpperCase().split('_').filter(Boolean);
  const holds = (long: string[], short: string[]) =>
    short.length > 1 && long.length > short.length && short.every((word) => long.includes(word));
  const [only, ...others] = candidates.filter(
    (other) => holds(words(other), words(name)) || holds(words(name), words(other)),
  );
  return others.length === 0 ? only : undefined;
}

/** What the logs say when a variable is not there. */
function wordsOf({ read, file }: Read): string {
  if (read.use === 'BaseSettings')
    return `ValidationError: 1 validation error for Settings … ${read.name.toLowerCase()} Field required`;
  if (read.raises !== undefined) return read.raises;
  return file.endsWith('.py') ? `… None … (${read.name})` : `${read.name} … undefined`;
}

function useOf({ use, raises }: EnvRead): string {
  return use === undefined || raises !== undefined || use === 'url' || use === 'BaseSettings' ? '' : ` (${use})`;
}

function failure(instance: Instance, words: string): { fr: string; en: string } {
  return instance.where === 'kubernetes'
    ? {
        fr: `Le pod redémarre sans cesse (CrashLoopBackOff) ou répond 500 ; ses journaux montrent « ${words} ».`,
        en: `The pod restarts again and again (CrashLoopBackOff) or answers 500; its logs show "${words}".`,
      }
    : {
        fr: `Le conteneur s’arrête, ou répond 500 ; ses journaux montrent « ${words} ».`,
        en: `The container stops, or answers 500; its logs show "${words}".`,
      };
}

/** Variables that nothing gives, under this name or another: one sentence for one container. */
function notGiven(instance: Instance, list: Read[]): Remark {
  const [first] = list;
  if (!first) throw new Error('nothing is missing');
  const { read, file } = first;
  const names = list.map((each) => each.read.name);
  const many = names.length > 1;
  const shown = names.length > 6 ? [...names.slice(0, 6), '…'] : names;
  const [fr, en] = many
    ? [
        `${shown.slice(0, -1).join(', ')} et ${shown.at(-1) ?? ''}`.replace(' et …', ', …'),
        `${shown.slice(0, -1).join(', ')} and ${shown.at(-1) ?? ''}`.replace(' and …', ', …'),
      ]
    : [`${read.name}${useOf(read)}`, `${read.name}${useOf(read)}`];
  const isCluster = instance.where === 'kubernetes';
  const { place } = instance;
  const fails = failure(instance, wordsOf(first));
  return {
    severity: 'error',
    place,
    about: variableCause(instance, read.name),
    unlessBroken: `name ${place.file}:${place.line}`,
    fr: [
      `L’application lit ${fr} (${file}, ligne ${read.line}${many ? '…' : ''}), et rien ne ${many ? 'les' : 'la'} donne à « ${instance.name} ».`,
      fails.fr,
      `${many ? 'Donnez-les' : `Donnez ${read.name}`} par ${isCluster ? 'env ou envFrom du Deployment (ConfigMap, Secret)' : 'environment: ou env_file: du service'}.`,
    ],
    en: [
      `The application reads ${en} (${file}, line ${read.line}${many ? '…' : ''}), and nothing gives ${many ? 'them' : 'it'} to "${instance.name}".`,
      fails.en,
      `Give ${many ? 'them' : read.name} by ${isCluster ? 'env or envFrom of the Deployment (ConfigMap, Secret)' : 'environment: or env_file: of the service'}.`,
    ],
  };
}

/** What is at fault when a container lacks a variable, for all rules that see it. */
export function variableCause(instance: Instance, name: string): string {
  return `variable ${instance.where} ${instance.name} ${name}`;
}

/** A variable that is given under another name, which nothing reads. */
function renamed(model: Model, instance: Instance, each: Read, twin: string): Remark {
  const { read, file } = each;
  const { name } = read;
  const given = instance.variables.get(twin);
  // A value that others take too keeps its name; this container takes it under a second one.
  const isShared =
    given !== undefined &&
    given.from !== 'value' &&
    model.instances.some((other) => other !== instance && other.variables.get(twin)?.place === given.place);
  const place = given && given.place.file !== '' && !isShared ? given.place : instance.place;
  const isLost = read.fallback?.kind === 'text' && /localhost|127\.0\.0\.1/.test(read.fallback.text);
  const hasDefault = read.fallback !== undefined;
  const fails = failure(instance, wordsOf(each));
  return {
    severity: hasDefault && !isLost ? 'warning' : 'error',
    place,
    about: variableCause(instance, name),
    unlessBroken: `name ${place.file}:${place.line}`,
    fr: [
      `L’application lit ${name} (${file}, ligne ${read.line}), mais « ${instance.name} » reçoit ${twin}, que rien ne lit.`,
      isLost
        ? 'L’application se sert de sa valeur par défaut, localhost, qui est le conteneur lui-même : « Connection refused ».'
        : hasDefault
          ? 'L’application se sert de sa valeur par défaut, quoi que dise cette ligne.'
          : fails.fr,
      isShared
        ? `Donnez au conteneur la même valeur sous ce nom (env: - name: ${name}, valueFrom:).`
        : `Renommez ${twin} en ${name}.`,
    ],
    en: [
      `The application reads ${name} (${file}, line ${read.line}), but "${instance.name}" is given ${twin}, which nothing reads.`,
      isLost
        ? 'The application uses its default value, localhost, which is the container itself: "Connection refused".'
        : hasDefault
          ? 'The application uses its default value, whatever this line says.'
          : fails.en,
      isShared
        ? `Give the container the same value under that name (env: - name: ${name}, valueFrom:).`
        : `Rename ${twin} to ${name}.`,
    ],
  };
}

/** Values that are in a ConfigMap or Secret of the files, which the container does not take. */
function unreadHolder(instance: Instance, holder: Resource, list: Read[]): Remark {
  const reference = holder.kind === 'ConfigMap' ? 'configMapRef' : 'secretRef';
  const names = list.map(({ read }) => read.name).join(', ');
  const [{ read, file } = { read: { line: 0 }, file: '' }] = list;
  const fails = failure(instance, list[0] ? wordsOf(list[0]) : '');
  return {
    severity: 'error',
    place: instance.place,
    about: `unused ${holder.kind} ${holder.name}`,
    fr: [
      `L’application lit ${names} (${file}, ligne ${read.line}) ; le ${holder.kind} « ${holder.name} » ${list.length > 1 ? 'les' : 'la'} contient (${holder.place.file}), mais « ${instance.name} » ne le lit pas.`,
      fails.fr,
      `Ajoutez au conteneur :\nenvFrom:\n  - ${reference}:\n      name: ${holder.name}`,
    ],
    en: [
      `The application reads ${names} (${file}, line ${read.line}); the ${holder.kind} "${holder.name}" holds ${list.length > 1 ? 'them' : 'it'} (${holder.place.file}), but "${instance.name}" does not take it.`,
      fails.en,
      `Add to the container:\nenvFrom:\n  - ${reference}:\n      name: ${holder.name}`,
    ],
  };
}

function rank(read: EnvRead): number {
  return read.fallback ? 0 : read.need === 'must' ? 3 : read.need === 'use' ? 2 : 1;
}

/** A default that only suits its author's computer. */
function isLocalDefault(read: EnvRead): boolean {
  return read.fallback?.kind === 'text' && /localhost|127\.0\.0\.1|sqlite/.test(read.fallback.text);
}

/** Whether the sources speak of a variable in a way that the doctor does not read. */
function isMentioned(model: Model, files: string[], name: string): boolean {
  return files.some((file) => (model.project.read(file) ?? '').includes(name));
}

/** A program that reads a file of variables by itself: what is in it, or what its template says will be. */
function isGivenByDotenv(model: Model, instance: Instance, name: string): boolean {
  const files = new Set(runningSources(model, instance).flatMap((source) => [...source.dotenv]));
  for (const run of instance.start.runs) {
    for (const option of ['--env-file', '--env-file-if-exists']) {
      const file = optionOf(run.args, option);
      if (file !== undefined) files.add(file);
    }
  }
  const isNamed = (text: string | undefined) =>
    readEnvFile(text ?? '').some((each) => each.name.toUpperCase() === name.toUpperCase());
  for (const file of files) {
    const found = instance.around.find(path.posix.resolve(instance.around.workdir, file));
    if (found.source !== undefined && isNamed(model.project.read(found.source))) return true;
    const templates = foldersOf(instance).flatMap((folder) =>
      model.project
        .list(folder)
        .map((entry) => path.posix.join(folder, entry))
        .filter(
          (each) => isEnvTemplate(each) && mayHold(model, instance, path.posix.join(folder, path.posix.basename(file))),
        ),
    );
    if (templates.some((each) => isNamed(model.project.read(each)))) return true;
  }
  return false;
}

/** The folders of the project that a container shows: its build's, and those that are mounted. */
function foldersOf(instance: Instance): string[] {
  return [
    instance.image?.context.folder ?? '.',
    ...(instance.service?.volumes ?? []).flatMap((mount) =>
      mount.isBind && mount.source !== undefined ? [mount.source] : [],
    ),
  ];
}

/** Whether a file that lies on its author's computer alone would come into the container. */
function mayHold(model: Model, instance: Instance, file: string): boolean {
  const covers = (folder: string) => folder === '.' || file === folder || file.startsWith(`${folder}/`);
  if (instance.service?.volumes.some((mount) => mount.isBind && mount.source !== undefined && covers(mount.source)))
    return true;
  const { image } = instance;
  if (!image) return true;
  // GitHub builds from the repository, where a file that git ignores is not.
  const isBuiltByGitHub = model.builds.some(
    (build) => build.by === 'workflow' && build.dockerfile === image.dockerfile.path,
  );
  if (instance.where === 'kubernetes' && isBuiltByGitHub) return false;
  if (image.context.ignores(file)) return false;
  return image.dockerfile.stages.some((stage) =>
    stage.instructions.some(
      (step) =>
        /^(COPY|ADD)$/.test(step.keyword) &&
        step.flags.from === undefined &&
        step.text
          .split(/\s+/)
          .slice(0, -1)
          .some(
            (source) =>
              /[*?]/.test(source) ||
              covers(path.posix.join(image.context.folder, path.posix.join('/', source)).replace(/(.)\/$/, '$1')),
          ),
    ),
  );
}

/** A script of the start that sets the variable, or reads a whole file of them. */
function isExported(model: Model, instance: Instance, name: string): boolean {
  if (instance.start.runs.some((run) => name in run.env)) return true;
  const folder = instance.image?.context.folder ?? '.';
  return model.project.files.some(({ path: file }) => {
    if (!/\.(sh|bash)$|entrypoint/.test(file) || !(folder === '.' || file.startsWith(`${folder}/`))) return false;
    const text = model.project.read(file) ?? '';
    return (
      new RegExp(`\\b${literal(name)}:?=`).test(text) || /(source|\.)\s+\S*\.env|xargs|set -a|export\s+"?\$/.test(text)
    );
  });
}

/** What frameworks read by themselves: Prisma's address, Spring's placeholders. */
function frameworkReads(model: Model, instance: Instance): { read: EnvRead; file: string }[] {
  const folder = instance.image?.context.folder ?? '.';
  const list: { read: EnvRead; file: string }[] = [];
  for (const name of [
    'prisma/schema.prisma',
    'src/main/resources/application.properties',
    'src/main/resources/application.yml',
    'src/main/resources/application.yaml',
  ]) {
    const file = path.posix.normalize(path.posix.join(folder, name));
    const text = model.project.read(file);
    if (text === undefined) continue;
    const pattern = name.endsWith('prisma') ? /\burl\s*=\s*env\("(\w+)"\)/g : /\$\{([A-Z][A-Z0-9_]*)\}/g;
    for (const match of text.matchAll(pattern)) {
      const line = text.slice(0, match.index).split('\n').length;
      list.push({ file, read: { name: match[1] ?? '', line, fallback: undefined, need: 'must', use: undefined } });
    }
  }
  return list;
}

export const credentialsDisagree: Rule = {
  id: 'credentials-disagree',
  title: {
    fr: 'L’application et la base ne donnent pas le même mot de passe, utilisateur ou nom de base',
    en: 'The application and the database do not give the same password, user or database name',
  },
  why: {
    fr: 'POSTGRES_USER, POSTGRES_PASSWORD et POSTGRES_DB créent la base ; l’adresse que reçoit l’application doit reprendre les mêmes.',
    en: 'POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB make the database; the address that the application is given must take up the same.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (instance.where === 'image') continue;
      for (const [name, { value, place }] of instance.variables) {
        const url =
          /^(?:jdbc:)?(postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?:\/\/(?:([^:/@]+)(?::([^@/]*))?@)?([^:/?]+)(?::\d+)?\/([\w•-]+)/.exec(
            value ?? '',
          );
        if (!url) continue;
        const target = databaseAt(model, instance, url[4] ?? '');
        if (target)
          yield* disagreements(
            target,
            { user: url[2], password: url[3], database: url[5] },
            () => ({ label: name, place }),
            makesDatabase(model, instance),
          );
      }
      yield* mongoCredentials(model, instance);
      yield* redisPassword(model, instance);
      const parts = partsOf(instance);
      const target = parts && databaseAt(model, instance, parts.host);
      if (parts && target && mayRead(model, instance, parts.label))
        yield* disagreements(target, parts, parts.from, makesDatabase(model, instance));
    }
  },
};

/** MongoDB: the root user lives in the database `admin`, and without a user nothing may be read. */
function* mongoCredentials(model: Model, instance: Instance): Generator<Remark> {
  for (const [label, { value, place }] of instance.variables) {
    const url = /^mongodb:\/\/(?:([^:/@]*)(?::([^@/]*))?@)?([^:/?,@]+)(?::\d+)?(?:\/([^?]*))?(?:\?(.*))?$/.exec(
      value ?? '',
    );
    const target = url ? databaseAt(model, instance, url[3] ?? '') : undefined;
    if (!url || !target || engineOf(target.imageName) !== 'mongo' || target.envIsOpen) continue;
    const [user, password] = ['MONGO_INITDB_ROOT_USERNAME', 'MONGO_INITDB_ROOT_PASSWORD'].map((name) =>
      target.variables.get(name),
    );
    const { service, container } = target;
    const isOwn =
      service?.command !== undefined ||
      container?.object.command !== undefined ||
      container?.object.args !== undefined ||
      service?.volumes.some((mount) => mount.target.startsWith('/docker-entrypoint-initdb.d')) === true ||
      JSON.stringify(container?.object.volumeMounts ?? []).includes('initdb');
    // The user may be given beside the address.
    const isBeside =
      [...instance.variables.keys()].some((name) => /MONGO|DB|DATABASE/i.test(name) && /USER|PASS/i.test(name)) ||
      runningSources(model, instance).some((source) =>
        /auth_?source|\bpass(word)?\s*[:=]\s*(process\.env|os\.|settings\.|config)/i.test(
          model.project.read(source.path) ?? '',
        ),
      );
    if (!user || !password || isOwn || isBeside) continue;
    const [, name, secret, , database = '', options = ''] = url;
    const failed = 'MongoServerError: Authentication failed.';
    const isElsewhere = database !== '' && database !== 'admin' && !/authSource=|authMechanism=/i.test(options);
    // The name itself is filled in later: by the same variable on both sides, it is the same user.
    const filled = /^\$\{?\w+\}?/.exec(lineOf(model, place).split('mongodb://')[1] ?? '')?.[0];
    if (isElsewhere && filled !== undefined && lineOf(model, user.place).includes(filled)) {
      yield mongoRemark(target, label, place, {
        fr: `${label} cherche l’utilisateur « ${filled} » dans la base « ${database} », alors que MongoDB l’a créé dans « admin ».`,
        en: `${label} looks for the user "${filled}" in the database "${database}", while MongoDB made it in "admin".`,
        words: failed,
        line: `…/${database}?authSource=admin${options === '' ? '' : `&${options}`}`,
      });
      continue;
    }
    if (!user.value || /•/.test(user.value)) continue;
    if (name === undefined || name === '')
      yield mongoRemark(target, label, place, {
        fr: `${label} ne donne ni utilisateur ni mot de passe, et « ${target.name} » en exige (MONGO_INITDB_ROOT_USERNAME).`,
        en: `${label} gives neither user nor password, and "${target.name}" demands them (MONGO_INITDB_ROOT_USERNAME).`,
        words: 'MongoServerError: command find requires authentication',
        line: `mongodb://${user.value}:<mot de passe>@${url[3] ?? ''}:27017/${database}?authSource=admin`,
      });
    else if (/•/.test(name)) continue;
    else if (decode(name) !== user.value)
      yield disagreement(
        target,
        { label, place },
        ['l’utilisateur', 'the user'],
        name,
        user.value,
        failed,
        'MONGO_INITDB_ROOT_USERNAME',
      );
    else if (
      secret !== undefined &&
      password.value !== undefined &&
      !/•/.test(secret + password.value) &&
      decode(secret) !== password.value
    )
      yield disagreement(
        target,
        { label, place },
        ['le mot de passe', 'the password'],
        '••••',
        '••••',
        failed,
        'MONGO_INITDB_ROOT_PASSWORD',
      );
    else if (isElsewhere)
      yield mongoRemark(target, label, place, {
        fr: `${label} cherche l’utilisateur « ${name} » dans la base « ${database} », alors que MongoDB l’a créé dans « admin ».`,
        en: `${label} looks for the user "${name}" in the database "${database}", while MongoDB made it in "admin".`,
        words: failed,
        line: `…/${database}?authSource=admin${options === '' ? '' : `&${options}`}`,
      });
  }
}

/** A line of the project as it is written. */
function lineOf(model: Model, place: Place): string {
  return (model.project.read(place.file) ?? '').split('\n')[place.line - 1] ?? '';
}

/** Redis that demands a password, and an address that gives none. */
function* redisPassword(model: Model, instance: Instance): Generator<Remark> {
  for (const [label, { value, place }] of instance.variables) {
    const url = /^redis:\/\/([\w.-]+)(?::\d+)?(?:\/\d*)?$/.exec(value ?? '');
    if (!url) continue;
    const target = databaseAt(model, instance, url[1] ?? '');
    const command = [target?.service?.command, target?.container?.object.command, target?.container?.object.args];
    const [, secret = ''] = /--requirepass[\s",'\\]+([^\s",'\\\]]+)/.exec(JSON.stringify(command)) ?? [];
    if (!target || secret === '' || engineOf(target.imageName) !== 'redis') continue;
    const isBeside =
      [...instance.variables.keys()].some((name) => name !== label && /(REDIS|CACHE|BROKER).*PASS/i.test(name)) ||
      runningSources(model, instance).some((source) =>
        /redis[\s\S]{0,400}password|password[\s\S]{0,400}redis/i.test(model.project.read(source.path) ?? ''),
      );
    if (isBeside || !mayRead(model, instance, label)) continue;
    const words = 'NOAUTH Authentication required.';
    const right = `redis://:${secret.startsWith('$') ? secret : '<mot de passe>'}@${(value ?? '').slice('redis://'.length)}`;
    yield {
      severity: 'error',
      place,
      about: `credentials ${place.file}:${place.line}`,
      fr: [
        `${label} ne donne pas de mot de passe, et « ${target.name} » en exige un (--requirepass).`,
        `« ${target.name} » refuse chaque commande : « ${words} ».`,
        `Écrivez : ${label}=${right}`,
      ],
      en: [
        `${label} gives no password, and "${target.name}" demands one (--requirepass).`,
        `"${target.name}" refuses each command: "${words}".`,
        `Write: ${label}=${right.replace('mot de passe', 'password')}`,
      ],
    };
  }
}

function mongoRemark(
  target: Instance,
  label: string,
  place: Place,
  said: { fr: string; en: string; words: string; line: string },
): Remark {
  return {
    severity: 'error',
    place,
    about: `credentials ${place.file}:${place.line}`,
    fr: [
      said.fr,
      `L’application n’accède pas à « ${target.name} » : « ${said.words} ».`,
      `Écrivez : ${label}=${said.line}`,
    ],
    en: [
      said.en,
      `The application gets no access to "${target.name}": "${said.words}".`,
      `Write: ${label}=${said.line.replace('<mot de passe>', '<password>')}`,
    ],
  };
}

/** Whether something of what an image is made of speaks of a variable; nobody knows of an image that is made elsewhere. */
export function mayRead(model: Model, instance: Instance, name: string): boolean {
  const folder = instance.image?.context.folder;
  if (folder === undefined || /^(SPRING|QUARKUS|MICRONAUT|PG)/.test(name)) return true;
  const inside = folder === '.' ? '' : `${folder}/`;
  const wanted = name.toLowerCase();
  return model.project.files.some(
    ({ path: file }) =>
      file.startsWith(inside) &&
      !isEnvFile(file) &&
      !isEnvTemplate(file) &&
      !/\.(md|lock)$/.test(file) &&
      !model.manifests.some((manifest) => manifest.path === file) &&
      !model.composeFiles.some((compose) => compose.path === file) &&
      (model.project.read(file) ?? '').toLowerCase().includes(wanted),
  );
}

/** Whether the application is of a kind that makes its database when there is none. */
function makesDatabase(model: Model, instance: Instance): boolean {
  const folder = instance.image?.context.folder;
  if (folder === undefined) return false;
  return ['prisma/schema.prisma', 'Gemfile', 'artisan', 'mix.exs'].some(
    (name) => model.project.kindOf(path.posix.join(folder, name)) !== undefined,
  );
}

function databaseAt(model: Model, instance: Instance, host: string): Instance | undefined {
  if (instance.stack)
    return model.instances.find(
      (other) =>
        other.stack === instance.stack && other.service?.name === host && engineOf(other.imageName) !== undefined,
    );
  if (!instance.cluster) return undefined;
  return workloadsBehind(instance.cluster, host.split('.')[0] ?? '', instance.workload?.resource)
    .flatMap((workload) => instancesOf(model, workload))
    .find((other) => engineOf(other.imageName) !== undefined);
}

function partsOf(instance: Instance):
  | {
      label: string;
      host: string;
      user: string | undefined;
      password: string | undefined;
      database: string | undefined;
      from: (what: Credential) => { label: string; place: Place };
    }
  | undefined {
  for (const prefix of ['DB', 'DATABASE', 'POSTGRES', 'PG', 'MYSQL']) {
    const get = (...names: string[]) =>
      names
        .map((name) => (prefix === 'PG' ? `PG${name}` : `${prefix}_${name}`))
        .map((label) => ({ label, ...instance.variables.get(label) }))
        .find((each) => each.value !== undefined);
    const host = get('HOST', 'HOSTNAME', 'SERVER');
    if (!host?.value) continue;
    const held = {
      user: get('USER', 'USERNAME'),
      password: get('PASSWORD', 'PASS', 'PWD'),
      database: get('NAME', 'DATABASE', 'DB'),
    };
    return {
      label: host.label,
      host: host.value,
      user: held.user?.value,
      password: held.password?.value,
      database: held.database?.value,
      from: (what) => {
        const { label, place } = held[what] ?? host;
        return { label, place: place ?? instance.place };
      },
    };
  }
  return undefined;
}

function* disagreements(
  target: Instance,
  used: { user: string | undefined; password: string | undefined; database: string | undefined },
  from: (what: Credential) => { label: string; place: Place },
  makesDatabase: boolean,
): Generator<Remark> {
  const engine = engineOf(target.imageName);
  const isPostgres = engine === 'postgres';
  const get = (...names: string[]) =>
    names.map((name) => target.variables.get(name)).find((each) => each !== undefined);
  const user = isPostgres ? get('POSTGRES_USER') : get('MYSQL_USER', 'MARIADB_USER');
  const isRoot = !isPostgres && used.user === 'root';
  const password = isPostgres
    ? get('POSTGRES_PASSWORD')
    : isRoot
      ? get('MYSQL_ROOT_PASSWORD', 'MARIADB_ROOT_PASSWORD')
      : get('MYSQL_PASSWORD', 'MARIADB_PASSWORD');
  const database = isPostgres ? get('POSTGRES_DB') : get('MYSQL_DATABASE', 'MARIADB_DATABASE');
  if (
    target.envIsOpen ||
    target.service?.volumes.some((mount) => mount.target.startsWith('/docker-entrypoint-initdb.d')) ||
    (target.container?.object.volumeMounts !== undefined &&
      JSON.stringify(target.container.object.volumeMounts).includes('initdb'))
  )
    return;
  const userName = user ? user.value : isPostgres ? 'postgres' : undefined;
  // The image refuses that name itself.
  if (!isPostgres && userName === 'root') return;
  const databaseName = database ? database.value : isPostgres ? userName : undefined;
  const differ = (a: string | undefined, b: string | undefined) =>
    a !== undefined &&
    b !== undefined &&
    a !== '' &&
    b !== '' &&
    !/•/.test(a + b) &&
    !isFilledInLater(a) &&
    !isFilledInLater(b) &&
    decode(a) !== decode(b);
  if (!isRoot && differ(used.user, userName))
    yield disagreement(
      target,
      from('user'),
      ['l’utilisateur', 'the user'],
      used.user ?? '',
      userName ?? '',
      isPostgres
        ? `FATAL: password authentication failed for user "${used.user ?? ''}"`
        : `Access denied for user '${used.user ?? ''}'`,
      isPostgres ? 'POSTGRES_USER' : 'MYSQL_USER',
    );
  else if (differ(used.password, password?.value))
    yield disagreement(
      target,
      from('password'),
      ['le mot de passe', 'the password'],
      '••••',
      '••••',
      isPostgres
        ? `FATAL: password authentication failed for user "${used.user ?? 'postgres'}"`
        : `Access denied for user '${used.user ?? ''}'`,
      isPostgres ? 'POSTGRES_PASSWORD' : 'MYSQL_PASSWORD',
    );
  else if (differ(used.database, databaseName)) {
    // PostgreSQL always makes the database `postgres` besides; Prisma, Rails and the like make the one they want.
    if ((isPostgres && used.database === 'postgres') || makesDatabase) return;
    yield disagreement(
      target,
      from('database'),
      ['la base', 'the database'],
      used.database ?? '',
      databaseName ?? '',
      isPostgres
        ? `FATAL: database "${used.database ?? ''}" does not exist`
        : `Unknown database '${used.database ?? ''}'`,
      isPostgres ? 'POSTGRES_DB' : 'MYSQL_DATABASE',
    );
  }
}

type Credential = 'user' | 'password' | 'database';

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function disagreement(
  target: Instance,
  { label, place }: { label: string; place: Place },
  what: [string, string],
  used: string,
  made: string,
  words: string,
  variable: string,
): Remark {
  return {
    severity: 'error',
    place,
    about: `credentials ${place.file}:${place.line}`,
    fr: [
      `${label} donne ${what[0]} « ${used} », mais « ${target.name} » est créée avec « ${made} » (${variable}).`,
      `L’application ne se connecte pas : « ${words} ».`,
      `Donnez la même valeur des deux côtés (${variable} et ${label}).`,
    ],
    en: [
      `${label} gives ${what[1]} "${used}", but "${target.name}" is made with "${made}" (${variable}).`,
      `The application cannot connect: "${words}".`,
      `Give the same value on both sides (${variable} and ${label}).`,
    ],
  };
}
