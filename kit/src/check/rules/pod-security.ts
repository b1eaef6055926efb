import { instancesOf } from '../chains.ts';
import type { Remark, Rule } from '../findings.ts';
import { listeningPorts, nginxOf, type Instance, type Model } from '../model.ts';
import { engineOf, parseImage } from '../read/images.ts';
import { stringsAt } from '../read/kubernetes.ts';
import { objectAt, objectsAt, placeAt, textAt, type JsonObject, type Place } from '../read/yaml.ts';

/** Images that start as root when nothing says otherwise. */
const ROOT_IMAGES =
  /^(python|node|nginx|httpd|postgres|postgis\/postgis|pgvector\/pgvector|mysql|mariadb|mongo|redis|debian|ubuntu|alpine|busybox|golang|php|ruby|rust|openjdk|eclipse-temurin|amazoncorretto|caddy|ghcr\.io\/astral-sh\/uv|oven\/bun)$/;

export const securityContext: Rule = {
  id: 'security-context',
  title: {
    fr: 'Le securityContext interdit ce dont le conteneur a besoin pour démarrer',
    en: 'The securityContext forbids what the container needs to start',
  },
  why: {
    fr: 'runAsNonRoot refuse une image qui démarre en root, ou dont l’utilisateur n’est qu’un nom. Sans root, ou avec un disque en lecture seule, nginx et les bases de données ne peuvent plus écrire là où leur image le prévoit.',
    en: 'runAsNonRoot refuses an image that starts as root, or whose user is a mere name. Without root, or with a read-only disk, nginx and databases can no longer write where their image means to.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      // OpenShift gives every pod a user of its own.
      if (cluster.resources.some(({ kind, apiVersion }) => kind === 'Route' || apiVersion.includes('openshift')))
        continue;
      for (const workload of cluster.workloads) {
        for (const instance of instancesOf(model, workload)) {
          const remark = remarkOf(model, instance, contextOf(instance, workload.pod));
          if (remark) yield { ...remark, about: `security ${remark.place.file}:${remark.place.line}` };
        }
      }
    }
  },
};

interface Context {
  /** The value of a setting, and where it stands: the container's own, else the pod's. */
  get: (key: string) => { value: unknown; place: Place } | undefined;
  dropsAll: Place | undefined;
}

function contextOf(instance: Instance, pod: JsonObject): Context {
  const own = objectAt(instance.container?.object, 'securityContext');
  const shared = objectAt(pod, 'securityContext');
  const drops = stringsAt(own, 'capabilities', 'drop').some((name) => /^all$/i.test(name));
  const adds = stringsAt(own, 'capabilities', 'add').length > 0;
  return {
    get: (key) => {
      const holder = key in own ? own : key in shared ? shared : undefined;
      return holder ? { value: holder[key], place: placeAt(holder, [key]) } : undefined;
    },
    dropsAll: drops && !adds ? placeAt(own, ['capabilities', 'drop']) : undefined,
  };
}

function remarkOf(model: Model, instance: Instance, context: Context): Remark | undefined {
  const { image } = instance;
  const base = image?.base ?? instance.imageName;
  const { repository } = parseImage(base);
  const written = image?.user?.split(':')[0]?.trim();
  if (written?.includes('$')) return undefined;
  const isRootBase = ROOT_IMAGES.test(repository) && !/nonroot|rootless|unprivileged/.test(base);
  // The user of an image that is made elsewhere is not known.
  const user = written ?? (isRootBase ? 'root' : undefined);
  const asked = context.get('runAsUser');
  const nonRoot = context.get('runAsNonRoot');
  if (nonRoot?.value === true && asked === undefined && user !== undefined && !/^[1-9]\d*$/.test(user))
    return refused(instance, nonRoot.place, user, base);
  if (nonRoot?.value === true && asked?.value === 0)
    return {
      severity: 'error',
      place: asked.place,
      fr: [
        'runAsUser: 0 est root, et runAsNonRoot l’interdit.',
        "Le pod reste en CreateContainerConfigError : « container's runAsUser breaks non-root policy ».",
        'Écrivez un autre numéro (runAsUser: 1000), ou enlevez runAsNonRoot: true.',
      ],
      en: [
        'runAsUser: 0 is root, and runAsNonRoot forbids it.',
        'The pod stays in CreateContainerConfigError: "container\'s runAsUser breaks non-root policy".',
        'Write another number (runAsUser: 1000), or remove runAsNonRoot: true.',
      ],
    };
  const isRoot = asked === undefined ? user === 'root' || user === '0' : asked.value === 0;
  const covers = (folder: string) =>
    objectsAt(instance.container?.object, 'volumeMounts').some((mount) => {
      const target = (textAt(mount, 'mountPath') ?? '').replace(/(.)\/$/, '$1').replace(/^\/var\/run(?=\/|$)/, '/run');
      return folder === target || folder.startsWith(`${target}/`);
    });
  const readOnly = context.get('readOnlyRootFilesystem');
  if (repository === 'nginx' && nginxOf(model, instance)) {
    const text = (nginxOf(model, instance)?.configs ?? []).map((config) => config.text).join('\n');
    const isKnown = nginxOf(model, instance)?.isKnown === true;
    const isMade =
      (image?.runs.some(({ instruction }) => /\/var\/cache\/nginx|\/var\/cache\b/.test(instruction.raw)) ?? false) ||
      /_temp_path/.test(text) ||
      !isKnown;
    const isLeft = !covers('/var/cache/nginx') && !isMade;
    if (!isRoot && asked !== undefined && isLeft) return nginxFault(asked.place, '13: Permission denied', 'user');
    if (readOnly?.value === true && !covers('/var/cache/nginx') && !/_temp_path/.test(text) && isKnown)
      return nginxFault(readOnly.place, '30: Read-only file system', 'disk');
    if (readOnly?.value === true && !covers('/run/nginx.pid') && !/^\s*pid\s/m.test(text) && isKnown)
      return nginxFault(readOnly.place, 'open() "/run/nginx.pid" failed (30: Read-only file system)', 'disk');
    if (isRoot && context.dropsAll && isLeft)
      return nginxFault(context.dropsAll, '1: Operation not permitted', 'rights');
    return undefined;
  }
  if (/(^|\/)nginx-unprivileged$/.test(repository) && readOnly?.value === true && !covers('/tmp')) {
    const text = (nginxOf(model, instance)?.configs ?? []).map((config) => config.text).join('\n');
    return /^\s*pid\s/m.test(text)
      ? undefined
      : readOnlyFault(
          readOnly.place,
          instance,
          '[emerg] mkdir() "/tmp/proxy_temp" failed (30: Read-only file system)',
          '/tmp',
        );
  }
  const engine = engineOf(base);
  if (engine !== undefined && image === undefined && isRoot && context.dropsAll)
    return {
      severity: 'error',
      place: context.dropsAll,
      fr: [
        `« ${instance.name} » (${repository}) démarre en root puis change d’utilisateur, et drop: [ALL] lui en ôte le droit.`,
        `Le pod redémarre sans cesse (CrashLoopBackOff) : « error: failed switching to "${engine === 'mongo' ? 'mongodb' : engine}": operation not permitted ».`,
        `Ajoutez, au même niveau : runAsUser: 999 (et fsGroup: 999 pour le pod), ou à côté de drop : add: [CHOWN, SETUID, SETGID, DAC_OVERRIDE, FOWNER]`,
      ],
      en: [
        `"${instance.name}" (${repository}) starts as root and then changes its user, a right that drop: [ALL] takes away.`,
        `The pod restarts again and again (CrashLoopBackOff): "error: failed switching to "${engine === 'mongo' ? 'mongodb' : engine}": operation not permitted".`,
        `Add, at the same level: runAsUser: 999 (and fsGroup: 999 for the pod), or beside drop: add: [CHOWN, SETUID, SETGID, DAC_OVERRIDE, FOWNER]`,
      ],
    };
  if (engine === 'postgres' && readOnly?.value === true && !covers('/run/postgresql'))
    return readOnlyFault(
      readOnly.place,
      instance,
      'could not create lock file "/var/run/postgresql/.s.PGSQL.5432.lock": Read-only file system',
      '/var/run/postgresql',
    );
  const gunicorn = instance.start.runs.find((run) => run.program === 'gunicorn');
  if (
    gunicorn &&
    readOnly?.value === true &&
    !gunicorn.args.some((word) => word.startsWith('--worker-tmp-dir')) &&
    !covers('/tmp') &&
    !covers('/var/tmp') &&
    !/worker_tmp_dir/.test(JSON.stringify([...instance.variables]))
  )
    return readOnlyFault(
      readOnly.place,
      instance,
      "FileNotFoundError: [Errno 2] No usable temporary directory found in ['/tmp', '/var/tmp', '/usr/tmp', …]",
      '/tmp',
    );
  return lowPort(model, instance, isRoot, asked, user);
}

/** `runAsNonRoot` and an image that starts as root, or under a name. */
function refused(instance: Instance, place: Place, user: string, base: string): Remark {
  const { repository } = parseImage(base);
  const isRoot = user === 'root' || user === '0';
  const name = isRoot ? undefined : user;
  const number =
    name === undefined
      ? repository === 'nginx'
        ? '101'
        : engineOf(base) === undefined
          ? '1000'
          : engineOf(base) === 'postgres' && /alpine/.test(base)
            ? '70'
            : '999'
      : (numberOf(instance, name) ?? (repository === 'node' && name === 'node' ? '1000' : '1000'));
  const words = isRoot
    ? 'Error: container has runAsNonRoot and image will run as root'
    : `Error: container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root`;
  return {
    severity: 'error',
    place,
    fr: [
      isRoot
        ? `runAsNonRoot refuse l’image de « ${instance.name} », qui démarre en root.`
        : `runAsNonRoot veut un numéro d’utilisateur, et l’image de « ${instance.name} » n’en donne que le nom (USER ${user}).`,
      `Le pod reste en CreateContainerConfigError : « ${words} ».`,
      isRoot && repository === 'nginx'
        ? 'Prenez l’image nginxinc/nginx-unprivileged (qui écoute sur le 8080), ou enlevez runAsNonRoot: true.'
        : `Ajoutez à côté : runAsUser: ${number}${isRoot ? ' (ou un USER dans le Dockerfile, par son numéro)' : ` (ou écrivez USER ${number} dans le Dockerfile)`}`,
    ],
    en: [
      isRoot
        ? `runAsNonRoot refuses the image of "${instance.name}", which starts as root.`
        : `runAsNonRoot wants the number of a user, and the image of "${instance.name}" gives a name only (USER ${user}).`,
      `The pod stays in CreateContainerConfigError: "${words}".`,
      isRoot && repository === 'nginx'
        ? 'Take the image nginxinc/nginx-unprivileged (which listens on 8080), or remove runAsNonRoot: true.'
        : `Add beside it: runAsUser: ${number}${isRoot ? ' (or a USER in the Dockerfile, by its number)' : ` (or write USER ${number} in the Dockerfile)`}`,
    ],
  };
}

/** The number that the Dockerfile gives to the user whom it makes. */
function numberOf(instance: Instance, name: string): string | undefined {
  for (const run of instance.image?.runs ?? [])
    for (const { words } of run.commands) {
      if (!/^(useradd|adduser)$/.test(words[0] ?? '') || !words.includes(name)) continue;
      const index = words.findIndex((word) => /^(-u|--uid)$/.test(word));
      const joined = words.find((word) => word.startsWith('--uid='))?.slice(6);
      const number = joined ?? words[index + 1];
      if ((joined !== undefined || index >= 0) && /^\d+$/.test(number ?? '')) return number;
    }
  return undefined;
}

function nginxFault(place: Place, error: string, why: 'user' | 'disk' | 'rights'): Remark {
  const words = error.startsWith('open')
    ? error
    : why === 'rights'
      ? `chown("/var/cache/nginx/client_temp", 101) failed (${error})`
      : `mkdir() "/var/cache/nginx/client_temp" failed (${error})`;
  const fr = {
    user: 'L’image nginx prépare ses dossiers en root ; un autre utilisateur n’y écrit pas.',
    disk: 'nginx écrit dans /var/cache/nginx et /var/run, et son disque est en lecture seule.',
    rights: 'L’image nginx démarre en root et change d’utilisateur, et drop: [ALL] lui en ôte le droit.',
  }[why];
  const en = {
    user: 'The nginx image prepares its folders as root; another user cannot write there.',
    disk: 'nginx writes to /var/cache/nginx and /var/run, and its disk is read-only.',
    rights: 'The nginx image starts as root and changes its user, a right that drop: [ALL] takes away.',
  }[why];
  const lines =
    'volumeMounts:\n  - { name: cache, mountPath: /var/cache/nginx }\n  - { name: run, mountPath: /var/run }';
  return {
    severity: 'error',
    place,
    fr: [
      fr,
      `Le pod redémarre sans cesse (CrashLoopBackOff) : « [emerg] ${words} ».`,
      why === 'disk'
        ? `Montez deux emptyDir :\n${lines}`
        : 'Prenez l’image nginxinc/nginx-unprivileged (qui écoute sur le 8080), ou enlevez cette ligne.',
    ],
    en: [
      en,
      `The pod restarts again and again (CrashLoopBackOff): "[emerg] ${words}".`,
      why === 'disk'
        ? `Mount two emptyDir:\n${lines}`
        : 'Take the image nginxinc/nginx-unprivileged (which listens on 8080), or remove this line.',
    ],
  };
}

function readOnlyFault(place: Place, instance: Instance, words: string, folder: string): Remark {
  const lines = `volumeMounts:\n  - { name: tmp, mountPath: ${folder} }`;
  return {
    severity: 'error',
    place,
    fr: [
      `« ${instance.name} » doit écrire dans ${folder}, et son disque est en lecture seule.`,
      `Le pod redémarre sans cesse (CrashLoopBackOff) : « ${words} ».`,
      `Montez un emptyDir :\n${lines}\n(et, au niveau de containers) volumes:\n  - { name: tmp, emptyDir: {} }`,
    ],
    en: [
      `"${instance.name}" must write to ${folder}, and its disk is read-only.`,
      `The pod restarts again and again (CrashLoopBackOff): "${words}".`,
      `Mount an emptyDir:\n${lines}\n(and, at the level of containers) volumes:\n  - { name: tmp, emptyDir: {} }`,
    ],
  };
}

/** A port below 1024 without root: some clusters allow it, others do not. */
function lowPort(
  model: Model,
  instance: Instance,
  isRoot: boolean,
  asked: { value: unknown; place: Place } | undefined,
  user: string | undefined,
): Remark | undefined {
  if (isRoot || (asked === undefined && !/^\d+$/.test(user ?? '')) || !instance.image) return undefined;
  const heard = listeningPorts(model, instance);
  const port = heard?.ports.find((each) => each < 1024);
  if (!heard || port === undefined) return undefined;
  return {
    severity: 'warning',
    place: heard.place,
    fr: [
      `« ${instance.name} » ne tourne pas en root et écoute sur le port ${port}, sous 1024.`,
      'Selon le cluster, il s’arrête : « bind: permission denied » (« [Errno 13] Permission denied »).',
      `Prenez un port au-dessus de 1024 (par exemple ${8000 + port}), et mettez-le dans targetPort.`,
    ],
    en: [
      `"${instance.name}" does not run as root and listens on port ${port}, below 1024.`,
      'Depending on the cluster it stops: "bind: permission denied" ("[Errno 13] Permission denied").',
      `Take a port above 1024 (for instance ${8000 + port}), and put it into targetPort.`,
    ],
  };
}
