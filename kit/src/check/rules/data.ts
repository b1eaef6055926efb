import path from 'node:path';
import type { Remark, Rule } from '../findings.ts';
import { entryFiles, runningSources, type Instance, type Model } from '../model.ts';
import { engineOf, parseImage, type Engine } from '../read/images.ts';
import { findResource, stringsAt, type Workload } from '../read/kubernetes.ts';
import { textOf, type SourceFile, type Value } from '../read/source.ts';
import { at, objectsAt, placeAt, placeOf, textAt, type JsonObject, type Place } from '../read/yaml.ts';

/** Functions that a program runs by itself when it starts. */
const AT_START = /^(lifespan|startup|startup_event|on_startup|on_start|main|create_app|__init__)$/i;

export const tablesDropped: Rule = {
  id: 'tables-dropped',
  title: { fr: 'Les tables sont effacées à chaque démarrage', en: 'The tables are dropped at each start' },
  why: {
    fr: 'Un pod redémarre quand il veut : mise à jour, panne, nœud vidé. Ce qui s’exécute au démarrage s’exécute donc souvent, et sans que personne ne l’ait demandé.',
    en: 'A pod restarts when it likes: update, failure, drained node. So what runs at start runs often, and without anybody asking.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (instance.workload?.resource.kind === 'Job') continue;
      const sources = runningSources(model, instance);
      const entries = new Set(
        instance.start.runs.flatMap((run) => entryFiles(run.program, run.args, run.cwd, instance)),
      );
      const reached = functionsAtStart(sources, entries);
      for (const source of sources) {
        const found = dropIn(source, reached, entries.has(source.path)) ?? dropInFile(model, source, reached);
        if (found) yield dropRemark({ file: source.path, line: found.line }, found.what);
      }
      for (const run of instance.start.runs) {
        const words = [run.program, ...run.args].join(' ');
        const match =
          /manage\.py flush|manage\.py reset_db|prisma (migrate reset|db push.*(--force-reset))|alembic downgrade base|sequelize db:drop|db:drop|typeorm schema:drop|reset_(db|database)\.py|drop_(tables|db)\.py/.exec(
            words,
          );
        if (match) yield dropRemark(run.place, match[0]);
      }
      yield* springRemarks(model, instance);
    }
  },
};

function dropRemark(place: Place, what: string): Remark {
  return {
    severity: 'error',
    place,
    about: `drop ${place.file}`,
    fr: [
      `À chaque démarrage, le programme efface ses tables (${what}).`,
      'Les données disparaissent à chaque redémarrage du pod, et quand un second pod démarre : les utilisateurs « vont et viennent ».',
      'Enlevez cette ligne ; créez seulement ce qui manque (CREATE TABLE IF NOT EXISTS, create_all, une migration).',
    ],
    en: [
      `At each start, the program drops its tables (${what}).`,
      'The data vanish at each restart of the pod, and when a second pod starts: users "come and go".',
      'Remove this line; create only what is missing (CREATE TABLE IF NOT EXISTS, create_all, a migration).',
    ],
  };
}

/** The functions that the start of a program reaches, by their last names. */
function functionsAtStart(sources: SourceFile[], entries: Set<string>): Set<string> {
  const calls = sources.flatMap((source) =>
    source.calls
      .filter((call) => !call.isMainOnly || entries.has(source.path))
      .map((call) => ({ from: call.within, to: call.callee.split('.').at(-1) ?? '' })),
  );
  const reached = new Set<string>();
  for (let before = -1; before < reached.size;) {
    before = reached.size;
    for (const { from, to } of calls)
      if (from === undefined || AT_START.test(from) || reached.has(from)) reached.add(to);
  }
  return reached;
}

/** A drop that runs at start: at the top level, or in a function that the start reaches. */
function dropIn(
  source: SourceFile,
  reached: Set<string>,
  isEntry: boolean,
): { line: number; what: string } | undefined {
  // JavaScript often starts in a function without a name.
  const runs = (within: string | undefined) =>
    within === undefined || within === '' || AT_START.test(within) || reached.has(within);
  for (const call of source.calls) {
    if ((call.isMainOnly && !isEntry) || call.isConditional) continue;
    const method = call.callee.split('.').at(-1) ?? '';
    if (/^drop_all$/.test(method) && runs(call.within)) return { line: call.line, what: `${call.callee}()` };
    if (/^(sync)$/.test(method) && textOf(call.named.get('force')) === 'true')
      return { line: call.line, what: `${call.callee}({ force: true })` };
    if (textOf(call.named.get('dropSchema')) === 'true') return { line: call.line, what: 'dropSchema: true' };
    if (/^(dropDatabase|drop_database|dropTable|dropTableIfExists)$/.test(method) && runs(call.within))
      return { line: call.line, what: `${call.callee}()` };
    const sql = textOf(call.positional[0]) ?? call.texts[0] ?? '';
    if (
      /^(execute|executescript|exec|query|run|text|executemany)$/.test(method) &&
      /\bDROP\s+(TABLE|SCHEMA|DATABASE)\b/i.test(sql) &&
      runs(call.within)
    )
      return { line: call.line, what: /DROP\s+\w+(\s+IF\s+EXISTS)?\s+\w+/i.exec(sql)?.[0] ?? 'DROP TABLE' };
    if (/^(run_sync)$/.test(method) && /drop_all/.test(call.texts.join(' ')) && runs(call.within))
      return { line: call.line, what: call.texts[0] ?? 'drop_all' };
  }
}

/** A file of SQL that drops tables, read and run at start. */
function dropInFile(
  model: Model,
  source: SourceFile,
  reached: Set<string>,
): { line: number; what: string } | undefined {
  for (const call of source.calls) {
    if (!/^(open|Path|read_text|readFileSync|readFile)$|\.(open|read_text|readFileSync|readFile)$/.test(call.callee))
      continue;
    if (call.isMainOnly || !(call.within === undefined || AT_START.test(call.within) || reached.has(call.within)))
      continue;
    const name = /["'`]([^"'`]*\.sql)["'`]/.exec(call.texts.join(' '))?.[1];
    const base = name?.split('/').at(-1);
    const file =
      base === undefined
        ? undefined
        : model.project.files.map((each) => each.path).find((each) => each.split('/').at(-1) === base);
    const match = /\bDROP\s+(TABLE|SCHEMA|DATABASE)\b[^;\n]*/i.exec(
      file === undefined ? '' : (model.project.read(file) ?? ''),
    );
    if (match) return { line: call.line, what: `${base ?? ''} : ${match[0].slice(0, 60)}` };
  }
  return undefined;
}

function* springRemarks(model: Model, instance: Instance): Generator<Remark> {
  const folder = instance.image?.context.folder;
  if (folder === undefined) return;
  for (const name of [
    'application.properties',
    'application.yml',
    'application.yaml',
    'application-prod.properties',
    'application-prod.yml',
  ]) {
    const file = path.posix.normalize(path.posix.join(folder, 'src/main/resources', name));
    const text = model.project.read(file);
    const match = text === undefined ? null : /ddl-auto\s*[=:]\s*(create(-drop)?)\b/.exec(text);
    if (!match || /jdbc:h2:mem/.test(text ?? '')) continue;
    yield dropRemark(
      { file, line: (text ?? '').slice(0, match.index).split('\n').length },
      `ddl-auto=${match[1] ?? ''}`,
    );
  }
}

/** The file of a SQLite database that a container's program opens. */
function sqliteOf(model: Model, instance: Instance): { file: string; place: Place } | undefined {
  const hasServer = [...instance.variables].some(
    ([name, { value }]) =>
      /^(postgres|mysql|mariadb|mongodb)/.test(value ?? '') ||
      (/^(PGHOST|DB_HOST|DATABASE_HOST|POSTGRES_HOST|MYSQL_HOST)$/.test(name) && value !== ''),
  );
  for (const [name, { value, place }] of instance.variables) {
    const match =
      /^sqlite(?:\+\w+)?:\/\/\/?(.*)$/.exec(value ?? '') ??
      (!hasServer && /SQLITE|DB_(PATH|FILE)|DATABASE_(PATH|FILE)/.test(name)
        ? /^(?:file:)?(.*\.(?:db|sqlite3?))$/.exec(value ?? '')
        : null) ??
      (/^DATABASE_URL$/.test(name) ? /^file:(.*)$/.exec(value ?? '') : null);
    if (match?.[1] !== undefined && !/:memory:/.test(match[1])) return { file: match[1], place };
  }
  for (const source of runningSources(model, instance)) {
    for (const call of source.calls) {
      const method = call.callee;
      if (
        /(^|\.)(sqlite3\.connect|aiosqlite\.connect)$/.test(method) ||
        (/(^|\.)Database$|DatabaseSync$/.test(method) && /sqlite/i.test(model.project.read(source.path) ?? ''))
      ) {
        const file = resolved(call.positional[0], instance);
        if (file !== undefined && !/:memory:|^:/.test(file))
          return { file, place: { file: source.path, line: call.line } };
      }
      if (/create_(async_)?engine$/.test(method)) {
        const url = resolved(call.positional[0], instance);
        const match = /^sqlite(?:\+\w+)?:\/\/\/?(.*)$/.exec(url ?? '');
        if (match?.[1] !== undefined && match[1] !== '' && !/:memory:/.test(match[1]))
          return { file: match[1], place: { file: source.path, line: call.line } };
      }
    }
    const text = model.project.read(source.path) ?? '';
    const django = /["']ENGINE["']\s*:\s*["']django\.db\.backends\.sqlite3["']/.exec(text);
    if (django && !/postgresql|mysql|dj_database_url|env\.db/.test(text))
      return { file: 'db.sqlite3', place: { file: source.path, line: text.slice(0, django.index).split('\n').length } };
    if (hasServer) continue;
    const flask = /SQLALCHEMY_DATABASE_URI["'\]]*\s*=\s*["']sqlite:\/\/\/?([^"']+)["']/.exec(text);
    if (flask?.[1] !== undefined && !/:memory:/.test(flask[1]))
      return {
        file: flask[1].startsWith('/') ? flask[1] : `instance/${flask[1]}`,
        place: { file: source.path, line: text.slice(0, flask.index).split('\n').length },
      };
    const typed = /\bsqlite(?:\+\w+)?:\/\/\/([^"'`\s]+)/.exec(
      source.strings.find(({ text: string, inCode }) => inCode && /^sqlite(\+\w+)?:\/\/\//.test(string))?.text ?? '',
    );
    const usedUrl = source.env.find((read) => textOf(read.fallback)?.startsWith('sqlite:'));
    if (typed?.[1] !== undefined && (!usedUrl || (!instance.variables.has(usedUrl.name) && !instance.envIsOpen))) {
      const line = source.strings.find(({ text: string }) => /^sqlite(\+\w+)?:\/\/\//.test(string))?.line ?? 1;
      const file = /\{/.test(typed[1]) ? filledIn(typed[1], source, instance) : typed[1];
      if (file !== undefined) return { file, place: { file: source.path, line } };
    }
  }
  return undefined;
}

/**
 * A path that is written with names in braces (`{DB_PATH}`): what the names are worth. When they cannot be told, the
 * file that the module names, if no volume could hold it; else undefined.
 */
function filledIn(written: string, source: SourceFile, instance: Instance): string | undefined {
  const filled = written.replace(
    /\$?\{(\w+)\}/g,
    (all, name: string) => resolved(source.settings.get(name), instance) ?? all,
  );
  if (!filled.includes('{')) return filled;
  if (instance.mounts.length > 0 || objectsAt(instance.container?.object, 'volumeMounts').length > 0) return undefined;
  return source.strings
    .map(({ text }) => /^[\w./-]+\.(db|sqlite3?)$/.exec(text)?.[0])
    .find((name) => name !== undefined);
}

/** The value of an expression in a container: what its variable was given, else its default. */
function resolved(value: Value | undefined, instance: Instance): string | undefined {
  if (value?.kind !== 'env') return textOf(value);
  const given = instance.variables.get(value.name);
  if (given) return given.value;
  return instance.envIsOpen ? undefined : resolved(value.fallback, instance);
}

function volumesOf(workload: Workload): Map<string, JsonObject> {
  return new Map([
    ...objectsAt(workload.pod, 'volumes').map((volume): [string, JsonObject] => [textAt(volume, 'name') ?? '', volume]),
    ...objectsAt(workload.resource.object, 'spec', 'volumeClaimTemplates').map((claim): [string, JsonObject] => [
      textAt(claim, 'metadata', 'name') ?? '',
      { persistentVolumeClaim: {}, ...claim },
    ]),
  ]);
}

/** The volume that covers a path of a container: its kind, or undefined. */
function volumeAt(instance: Instance, file: string): 'lasting' | 'temporary' | undefined {
  const absolute = path.posix.resolve(instance.around.workdir, file.replace(/^file:/, ''));
  const covers = (target: string) => absolute === target || absolute.startsWith(`${target.replace(/\/$/, '')}/`);
  if (instance.workload) {
    const volumes = volumesOf(instance.workload);
    const mount = objectsAt(instance.container?.object, 'volumeMounts').find((each) =>
      covers(textAt(each, 'mountPath') ?? '/?'),
    );
    if (!mount) return undefined;
    const volume = volumes.get(textAt(mount, 'name') ?? '');
    return volume && 'emptyDir' in volume ? 'temporary' : 'lasting';
  }
  return instance.mounts.some((mount) => covers(mount.target)) ? 'lasting' : undefined;
}

export const sqliteLost: Rule = {
  id: 'sqlite-lost',
  title: {
    fr: 'La base SQLite vit dans le pod : chaque pod a la sienne, et elle meurt avec lui',
    en: 'The SQLite database lives in the pod: each pod has its own, and it dies with it',
  },
  why: {
    fr: 'Le disque d’un conteneur est jeté avec lui, et n’est partagé avec aucun autre. Pour durer, les données vont sur un volume (PersistentVolumeClaim) ou dans un serveur de base de données.',
    en: 'A container’s disk is thrown away with it, and is shared with no other. To last, data go to a volume (PersistentVolumeClaim) or to a database server.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const { workload } = instance;
      const lost = instance.stack ? lostInCompose(model, instance) : undefined;
      if (lost) yield lost;
      if (!workload || /^(Job|CronJob)$/.test(workload.resource.kind) || instance.container?.isInit) continue;
      const database = sqliteOf(model, instance);
      if (!database) continue;
      const volume = volumeAt(instance, database.file);
      const folder = path.posix.dirname(path.posix.resolve(instance.around.workdir, database.file));
      // A volume there would hide the code.
      const isBesideCode = folder === instance.around.workdir;
      const replicas = replicasOf(model, instance);
      const perPod = workload.resource.kind === 'StatefulSet' || volume !== 'lasting';
      if (volume === 'lasting' && (replicas.count < 2 || !perPod)) continue;
      // Data that come with the image and are only read need no volume.
      if (replicas.count < 2 && isReadOnly(model, instance)) continue;
      const many = replicas.count > 1;
      const elsewhere = many || volume === 'temporary' ? undefined : lastingMount(instance);
      const place = many ? replicas.place : (elsewhere?.place ?? database.place);
      const onVolume = `${elsewhere?.target ?? ''}/${path.posix.basename(database.file)}`;
      if (elsewhere) {
        yield {
          severity: 'error',
          place,
          about: `sqlite ${workload.resource.name}`,
          fr: [
            `Le volume est monté sur ${elsewhere.target}, et la base SQLite est ailleurs : « ${database.file} » (${database.place.file}, ligne ${database.place.line}).`,
            'Tout est perdu au prochain redémarrage du pod : mise à jour, panne, « kubectl rollout restart ».',
            isBesideCode ? `Mettez la base sur le volume : ${onVolume}` : `Écrivez ici : mountPath: ${folder}`,
          ],
          en: [
            `The volume is mounted on ${elsewhere.target}, and the SQLite database is elsewhere: "${database.file}" (${database.place.file}, line ${database.place.line}).`,
            'Everything is lost at the next restart of the pod: update, failure, "kubectl rollout restart".',
            isBesideCode ? `Put the database on the volume: ${onVolume}` : `Write here: mountPath: ${folder}`,
          ],
        };
        continue;
      }
      yield {
        severity: 'error',
        place,
        about: `sqlite ${workload.resource.name}`,
        ...(many ? { breaks: `replicas ${workload.resource.name}` } : {}),
        fr: [
          many
            ? `${replicas.count} pods tournent, et chacun a sa propre base SQLite (« ${database.file} », ${database.place.file}, ligne ${database.place.line}).`
            : `La base SQLite (« ${database.file} ») est sur le disque du conteneur, sans volume.`,
          many
            ? 'Selon le pod qui répond, la liste n’est pas la même : les données « vont et viennent ».'
            : 'Tout est perdu au prochain redémarrage du pod : mise à jour, panne, « kubectl rollout restart ».',
          many
            ? 'Mettez replicas: 1 et un volume (PersistentVolumeClaim) sur le dossier de la base, ou passez à PostgreSQL.'
            : isBesideCode
              ? 'Mettez la base dans un dossier à elle (par exemple data/) et montez-y un PersistentVolumeClaim, ou passez à PostgreSQL.'
              : `Montez un PersistentVolumeClaim sur le dossier de la base (volumeMounts, mountPath: ${folder}), ou passez à PostgreSQL.`,
        ],
        en: [
          many
            ? `${replicas.count} pods run, and each has its own SQLite database ("${database.file}", ${database.place.file}, line ${database.place.line}).`
            : `The SQLite database ("${database.file}") is on the container’s disk, without a volume.`,
          many
            ? 'Depending on the pod that answers, the list is not the same: data "come and go".'
            : 'Everything is lost at the next restart of the pod: update, failure, "kubectl rollout restart".',
          many
            ? 'Set replicas: 1 and a volume (PersistentVolumeClaim) on the database’s folder, or go to PostgreSQL.'
            : isBesideCode
              ? 'Put the database into a folder of its own (data/, say) and mount a PersistentVolumeClaim there, or go to PostgreSQL.'
              : `Mount a PersistentVolumeClaim on the database’s folder (volumeMounts, mountPath: ${folder}), or go to PostgreSQL.`,
        ],
      };
    }
  },
};

/** Under compose a container lives until it is made anew: at each build, and at each `down`. */
function lostInCompose(model: Model, instance: Instance): Remark | undefined {
  const database = sqliteOf(model, instance);
  if (!database || !instance.image || volumeAt(instance, database.file) || isReadOnly(model, instance))
    return undefined;
  const folder = path.posix.dirname(path.posix.resolve(instance.around.workdir, database.file));
  return {
    severity: 'warning',
    place: database.place,
    about: `sqlite ${database.place.file}:${database.place.line}`,
    fr: [
      `La base SQLite (« ${database.file} ») est dans le conteneur « ${instance.name} », sans volume.`,
      'Tout est perdu à chaque « docker compose down », et quand l’image change.',
      folder === instance.around.workdir
        ? 'Mettez la base dans un dossier à elle (par exemple data/), et montez-y un volume.'
        : `Ajoutez à « ${instance.name} » :\nvolumes:\n  - donnees:${folder}\n(et, au bord gauche) volumes:\n  donnees:`,
    ],
    en: [
      `The SQLite database ("${database.file}") is in the container "${instance.name}", without a volume.`,
      'Everything is lost at each "docker compose down", and when the image changes.',
      folder === instance.around.workdir
        ? 'Put the database into a folder of its own (data/, say), and mount a volume there.'
        : `Add to "${instance.name}":\nvolumes:\n  - data:${folder}\n(and, at the left edge) volumes:\n  data:`,
    ],
  };
}

/** The only volume of a container that outlives it. */
function lastingMount(instance: Instance): { target: string; place: Place } | undefined {
  const volumes = instance.workload ? volumesOf(instance.workload) : new Map<string, JsonObject>();
  const mounts = objectsAt(instance.container?.object, 'volumeMounts').filter((mount) => {
    const volume = volumes.get(textAt(mount, 'name') ?? '');
    return volume !== undefined && 'persistentVolumeClaim' in volume;
  });
  const [mount] = mounts;
  return mount && mounts.length === 1
    ? { target: textAt(mount, 'mountPath') ?? '', place: placeOf(mount, 'mountPath') }
    : undefined;
}

function isReadOnly(model: Model, instance: Instance): boolean {
  const text = runningSources(model, instance)
    .map((source) => model.project.read(source.path) ?? '')
    .join('\n');
  return !/INSTALLED_APPS|\bINSERT\b|\bUPDATE\b|\bDELETE FROM\b|\.add\(|\.commit\(|\.save\(|create_all|\bCREATE TABLE\b|objects\.create|\.create\(|prisma|admin\.site/i.test(
    text,
  );
}

/** How many pods a workload runs, its autoscaler included. */
function replicasOf(model: Model, instance: Instance): { count: number; place: Place } {
  const { workload, cluster } = instance;
  if (!workload || !cluster) return { count: 1, place: instance.place };
  const scaler = cluster.resources.find(
    (resource) =>
      resource.kind === 'HorizontalPodAutoscaler' &&
      textAt(resource.object, 'spec', 'scaleTargetRef', 'name') === workload.resource.name,
  );
  const most = Number(at(scaler?.object, 'spec', 'maxReplicas'));
  const place = placeAt(workload.resource.object, ['spec', 'replicas']);
  if (scaler && most > workload.replicas && most > 1)
    return { count: most, place: placeAt(scaler.object, ['spec', 'maxReplicas']) };
  return { count: workload.replicas, place };
}

export const volumeShared: Rule = {
  id: 'volume-shared',
  title: {
    fr: 'Plusieurs pods demandent un volume qui ne se monte que sur un nœud',
    en: 'Several pods ask for a volume that one node only can mount',
  },
  why: {
    fr: 'ReadWriteOnce veut dire : un seul nœud à la fois. Le cluster répartit les pods sur ses nœuds, et ceux qui tombent ailleurs n’ont pas le volume.',
    en: 'ReadWriteOnce means: one node at a time. The cluster spreads pods over its nodes, and those that land elsewhere do not get the volume.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const { workload, cluster } = instance;
      if (
        workload?.resource.kind !== 'Deployment' ||
        !cluster ||
        /podAffinity|nodeSelector|nodeName/.test(JSON.stringify(workload.pod))
      )
        continue;
      const replicas = replicasOf(model, instance);
      if (replicas.count < 2) continue;
      for (const volume of objectsAt(workload.pod, 'volumes')) {
        const name = textAt(volume, 'persistentVolumeClaim', 'claimName');
        const claim =
          name === undefined ? undefined : findResource(cluster, 'PersistentVolumeClaim', name, workload.resource);
        const modes = stringsAt(claim?.object, 'spec', 'accessModes');
        if (!claim || modes.length === 0 || !modes.every((mode) => /^ReadWriteOnce(Pod)?$/.test(mode))) continue;
        yield {
          severity: 'warning',
          place: replicas.place,
          about: `shared ${workload.resource.name}`,
          unlessBroken: `replicas ${workload.resource.name}`,
          fr: [
            `« ${workload.resource.name} » a ${replicas.count} pods, et leur volume « ${name ?? ''} » est ${modes[0] ?? ''} (${claim.place.file}) : un seul nœud à la fois.`,
            'Les pods placés sur un autre nœud restent en « ContainerCreating » : « Multi-Attach error for volume … Volume is already used by pod(s) … ».',
            'Écrivez replicas: 1 et strategy: { type: Recreate } (ou accessModes: [ReadWriteMany], si le cluster a un stockage partagé).',
          ],
          en: [
            `"${workload.resource.name}" has ${replicas.count} pods, and their volume "${name ?? ''}" is ${modes[0] ?? ''} (${claim.place.file}): one node at a time.`,
            'The pods that land on another node stay in "ContainerCreating": "Multi-Attach error for volume … Volume is already used by pod(s) …".',
            'Write replicas: 1 and strategy: { type: Recreate } (or accessModes: [ReadWriteMany], when the cluster has shared storage).',
          ],
        };
      }
    }
  },
};

const DATA_FOLDERS: Record<Engine, string[]> = {
  postgres: ['/var/lib/postgresql'],
  mysql: ['/var/lib/mysql'],
  mariadb: ['/var/lib/mysql'],
  mongo: ['/data/db'],
  redis: ['/data'],
};

export const databaseVolume: Rule = {
  id: 'database-volume',
  title: {
    fr: 'La base de données n’a pas de volume, ou pas au bon endroit',
    en: 'The database has no volume, or not in the right place',
  },
  why: {
    fr: 'Une image de base de données écrit dans un dossier précis. Si aucun volume n’y est monté, les données sont jetées avec le conteneur.',
    en: 'A database image writes to one particular folder. When no volume is mounted there, the data are thrown away with the container.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (
        instance.where === 'image' ||
        instance.container?.isInit ||
        /^(Job|CronJob)$/.test(instance.workload?.resource.kind ?? '')
      )
        continue;
      const engine = engineOf(instance.image?.base ?? instance.imageName);
      if (!engine || engine === 'redis') continue;
      const mounts = mountsOf(instance);
      const folders = [...DATA_FOLDERS[engine]];
      const chosen = instance.variables.get('PGDATA')?.value;
      if (chosen?.startsWith('/') === true && engine === 'postgres') folders.splice(0, folders.length, chosen);
      // `--datadir` and `--dbpath` name another folder.
      const isMoved = /--(datadir|dbpath)/.test(
        JSON.stringify([
          instance.service?.command,
          instance.container?.object.command,
          instance.container?.object.args,
        ]),
      );
      const fits = (target: string) =>
        folders.some(
          (folder) =>
            target === folder ||
            // The images of MySQL and MongoDB keep a volume of their own at that very folder.
            (engine === 'postgres' && (target.startsWith(`${folder}/`) || folder.startsWith(`${target}/`))) ||
            isMoved,
        );
      const good = mounts.filter((mount) => fits(mount.target));
      const name = instance.name;
      const replicas = replicasOf(model, instance);
      if (replicas.count > 1 && isAlone(instance, engine)) {
        yield {
          severity: 'error',
          place: replicas.place,
          about: `database ${name} replicas`,
          breaks: `replicas ${instance.workload?.resource.name ?? ''}`,
          fr: [
            `La base « ${name} » a ${replicas.count} pods, qui ne se parlent pas : ce sont ${replicas.count} bases différentes (ou deux serveurs sur les mêmes fichiers).`,
            'Selon le pod qui répond, les données ne sont pas les mêmes, ou le second pod ne démarre pas.',
            'Écrivez : replicas: 1',
          ],
          en: [
            `The database "${name}" has ${replicas.count} pods that do not talk to each other: those are ${replicas.count} different databases (or two servers on the same files).`,
            'Depending on the pod that answers the data differ, or the second pod does not start.',
            'Write: replicas: 1',
          ],
        };
      }
      yield* versionEighteen(instance, engine, good);
      yield* hiddenByImage(instance, engine, good);
      yield* lostAndFound(model, instance, engine, good);
      const temporary = good.find((mount) => mount.isTemporary);
      if (temporary && good.every((mount) => mount.isTemporary)) {
        yield {
          severity: 'advice',
          place: temporary.place,
          about: `database ${name}`,
          fr: [
            `Le volume de « ${name} » est un emptyDir : il est vide à chaque nouveau pod.`,
            'Tout est perdu à la prochaine mise à jour, ou quand le nœud est vidé.',
            'Remplacez emptyDir: {} par persistentVolumeClaim: (et ajoutez ce PersistentVolumeClaim).',
          ],
          en: [
            `The volume of "${name}" is an emptyDir: it is empty in each new pod.`,
            'Everything is lost at the next update, or when the node is drained.',
            'Replace emptyDir: {} by persistentVolumeClaim: (and add that PersistentVolumeClaim).',
          ],
        };
      }
      if (good.length > 0) continue;
      const wrong = mounts.find(
        (mount) =>
          !/\/(docker-entrypoint-initdb\.d|etc|run|tmp|var\/log|backups?|scripts?|dev\/shm)/.test(mount.target) &&
          mount.isData,
      );
      const target =
        chosen?.startsWith('/') === true && engine === 'postgres'
          ? path.posix.dirname(chosen)
          : engine === 'postgres'
            ? majorOf(instance.image?.base ?? instance.imageName) >= 18
              ? '/var/lib/postgresql'
              : '/var/lib/postgresql/data'
            : (folders[0] ?? '');
      if (wrong) {
        yield {
          severity: 'error',
          place: wrong.place,
          about: `database ${name}`,
          fr: [
            `Le volume de « ${name} » est monté sur ${wrong.target}, mais ${engine} écrit dans ${target}.`,
            'Tout marche, jusqu’au premier redémarrage : la base est vide.',
            `Montez-le sur ${target}`,
          ],
          en: [
            `The volume of "${name}" is mounted on ${wrong.target}, but ${engine} writes to ${target}.`,
            'All is well until the first restart: the database is empty.',
            `Mount it on ${target}`,
          ],
        };
      } else if (instance.where === 'kubernetes' && mounts.every((mount) => mount.isData || !fits(mount.target))) {
        yield {
          severity: 'warning',
          place: instance.place,
          about: `database ${name}`,
          fr: [
            `La base de données « ${name} » n’a pas de volume.`,
            'Tout est perdu au prochain redémarrage du pod : mise à jour, panne, nœud vidé.',
            `Ajoutez un PersistentVolumeClaim et montez-le sur ${target} (sur le SSPCloud, prenez plutôt PostgreSQL dans le catalogue).`,
          ],
          en: [
            `The database "${name}" has no volume.`,
            'Everything is lost at the next restart of the pod: update, failure, drained node.',
            `Add a PersistentVolumeClaim and mount it on ${target} (on the SSPCloud, rather take PostgreSQL from the catalogue).`,
          ],
        };
      }
    }
  },
};

/** Whether a database has pods that know nothing of each other: an official image, with no setting that would join them. */
function isAlone(instance: Instance, engine: Engine): boolean {
  if (instance.workload?.resource.kind === 'Deployment') return true;
  const text = JSON.stringify(instance.workload?.pod ?? {});
  return (
    instance.image === undefined &&
    /^(postgres|mysql|mariadb)$/.test(engine) &&
    instance.container?.object.command === undefined &&
    instance.container?.object.args === undefined &&
    instance.workload?.containers.length === 1 &&
    !/repl|galera|cluster|primary|standby|patroni/i.test(text)
  );
}

/** Below the mounted folder, the image of PostgreSQL has a volume of its own, which each new container gets empty. */
function* hiddenByImage(
  instance: Instance,
  engine: Engine,
  mounts: { target: string; place: Place; isData: boolean }[],
): Generator<Remark> {
  const image = instance.image?.base ?? instance.imageName;
  const chosen = instance.variables.get('PGDATA')?.value;
  const isBelow = chosen === undefined || /^\/var\/lib\/postgresql\/data(\/|$)/.test(chosen);
  const [mount] = mounts;
  if (
    engine !== 'postgres' ||
    parseImage(image).repository !== 'postgres' ||
    !(majorOf(image) < 18) ||
    !isBelow ||
    !mount?.isData ||
    mounts.some((each) => each.target !== '/var/lib/postgresql')
  )
    return;
  yield {
    severity: 'error',
    place: mount.place,
    about: `database ${instance.name}`,
    fr: [
      `Le volume de « ${instance.name} » est monté sur /var/lib/postgresql, mais avant la version 18 l’image garde ses données dans un volume à elle, /var/lib/postgresql/data.`,
      'Tout marche, jusqu’au premier nouveau conteneur : la base est vide.',
      'Montez-le sur /var/lib/postgresql/data',
    ],
    en: [
      `The volume of "${instance.name}" is mounted on /var/lib/postgresql, but before version 18 the image keeps its data in a volume of its own, /var/lib/postgresql/data.`,
      'All is well until the first new container: the database is empty.',
      'Mount it on /var/lib/postgresql/data',
    ],
  };
}

/** A block volume comes with a folder of its own, and PostgreSQL wants an empty one. */
function* lostAndFound(
  model: Model,
  instance: Instance,
  engine: Engine,
  mounts: { target: string; place: Place; isData: boolean; isPart: boolean }[],
): Generator<Remark> {
  const mount = mounts.find((each) => each.target === '/var/lib/postgresql/data');
  if (engine !== 'postgres' || !instance.workload || !mount?.isData || mount.isPart || instance.variables.has('PGDATA'))
    return;
  const isThere = model.manifests.some((file) =>
    file.documents.some((object) => object.kind === 'Ingress' && JSON.stringify(object).includes('.sspcloud.fr')),
  );
  if (!isThere) return;
  yield {
    severity: 'warning',
    place: mount.place,
    about: `database ${instance.name} folder`,
    fr: [
      `Le volume de « ${instance.name} » est le dossier de données lui-même ; sur le SSPCloud, un volume neuf contient déjà un dossier lost+found.`,
      'Le pod redémarre sans cesse : « initdb: error: directory "/var/lib/postgresql/data" exists but is not empty ».',
      'Ajoutez au conteneur, sous env: :\n- name: PGDATA\n  value: /var/lib/postgresql/data/pgdata',
    ],
    en: [
      `The volume of "${instance.name}" is the data folder itself; on the SSPCloud, a new volume already holds a folder lost+found.`,
      'The pod restarts again and again: "initdb: error: directory "/var/lib/postgresql/data" exists but is not empty".',
      'Add to the container, under env: :\n- name: PGDATA\n  value: /var/lib/postgresql/data/pgdata',
    ],
  };
}

function mountsOf(
  instance: Instance,
): { target: string; place: Place; isData: boolean; isTemporary: boolean; isPart: boolean }[] {
  if (instance.service)
    return instance.service.volumes.map((mount) => ({
      target: mount.target,
      place: mount.place,
      isTemporary: false,
      isPart: false,
      isData: !mount.isBind || mount.source === undefined || !/\.(sql|sh|conf|cnf|js|gz)$/.test(mount.source),
    }));
  const volumes = instance.workload ? volumesOf(instance.workload) : new Map<string, JsonObject>();
  return objectsAt(instance.container?.object, 'volumeMounts').map((mount) => {
    const volume = volumes.get(textAt(mount, 'name') ?? '');
    return {
      target: textAt(mount, 'mountPath') ?? '/',
      place: placeOf(mount, 'mountPath'),
      isTemporary: volume !== undefined && 'emptyDir' in volume,
      isPart: 'subPath' in mount || 'subPathExpr' in mount,
      isData:
        volume !== undefined &&
        !('configMap' in volume || 'secret' in volume || 'emptyDir' in volume || 'projected' in volume),
    };
  });
}

function majorOf(image: string): number {
  const { tag } = parseImage(image);
  return Number(/^(\d+)/.exec(tag ?? '')?.[1] ?? Number.NaN);
}

/** From version 18 on, PostgreSQL's image refuses a volume on its old folder. */
function* versionEighteen(
  instance: Instance,
  engine: Engine,
  mounts: { target: string; place: Place }[],
): Generator<Remark> {
  const image = instance.image?.base ?? instance.imageName;
  if (engine !== 'postgres' || parseImage(image).repository !== 'postgres' || instance.variables.has('PGDATA')) return;
  const mount = mounts.find((each) => each.target === '/var/lib/postgresql/data');
  const major = majorOf(image);
  const isLatest = /^(latest|alpine)?$/.test(parseImage(image).tag ?? '');
  if (!mount || (!isLatest && !(major >= 18))) return;
  yield {
    severity: isLatest ? 'warning' : 'error',
    place: mount.place,
    about: `database ${instance.name}`,
    fr: [
      `Depuis la version 18${isLatest ? ` (et « ${image} » est la plus récente)` : ''}, l’image postgres veut son volume sur /var/lib/postgresql, pas sur /var/lib/postgresql/data.`,
      'Le conteneur s’arrête : « Error: in 18+, these Docker images are configured to store database data in a format which is compatible with "pg_ctlcluster" ».',
      isLatest
        ? 'Écrivez la version : image: postgres:17 (ou postgres:18, avec le volume sur /var/lib/postgresql).'
        : 'Montez le volume sur /var/lib/postgresql',
    ],
    en: [
      `Since version 18${isLatest ? ` (and "${image}" is the newest)` : ''}, the postgres image wants its volume on /var/lib/postgresql, not on /var/lib/postgresql/data.`,
      'The container stops: "Error: in 18+, these Docker images are configured to store database data in a format which is compatible with "pg_ctlcluster"".',
      isLatest
        ? 'Write the version: image: postgres:17 (or postgres:18, with the volume on /var/lib/postgresql).'
        : 'Mount the volume on /var/lib/postgresql',
    ],
  };
}
