import { meansTheSame, nearest } from '../words.ts';
import { isObject, objectAt, objectsAt, textAt, written, type JsonObject } from '../read/yaml.ts';
import { short } from './finding.ts';
import { closedBy, closedFrom, hasBlockedNames } from './policies.ts';
import {
  ageOf,
  carries,
  condition,
  containersOf,
  created,
  isReady,
  nameOf,
  ofKind,
  podsOf,
  type LiveState,
} from './state.ts';

/** Why a program ended, as its last lines tell it. */
export interface Cause {
  id: string;
  fr: [message: string, fix: string];
  en: [message: string, fix: string];
  /** The line that says it. */
  line: string;
  /** The Service that it could not do without. */
  waitsFor?: string;
  /** What is at fault, where several workloads may suffer from it. */
  about?: string;
}

interface Around {
  state: LiveState;
  pod: JsonObject;
  container: string;
  spec: JsonObject;
  log: string;
  /** When the program ended, undefined for one that still runs. */
  ended: string | undefined;
}

type Told = Omit<Cause, 'id' | 'line'> & { id?: string };

/** What programs write when they end, the most telling first; `\n` stays out of what is matched. */
const SHAPES: readonly [
  id: string,
  shape: RegExp,
  told: (match: RegExpExecArray, around: Around) => Told | undefined,
][] = [
  [
    'exec-format',
    /exec format error/,
    (_, { container }) => ({
      fr: [
        `L’image de « ${container} » est faite pour un autre processeur (souvent un Mac ARM), ou son script n’a pas de « #! ».`,
        'Construisez-la pour amd64 : docker build --platform linux/amd64 … (ou laissez GitHub la construire).',
      ],
      en: [
        `The image of "${container}" is made for another processor (often an ARM Mac), or its script has no "#!".`,
        'Build it for amd64: docker build --platform linux/amd64 … (or let GitHub build it).',
      ],
    }),
  ],
  [
    'postgres-password-missing',
    /superuser password is not specified|You need to specify one of the following.*(MYSQL|MARIADB)_ROOT_PASSWORD|database is uninitialized and password option is not specified/i,
    (_, { container }) => ({
      fr: [
        `La base « ${container} » n’a pas reçu de mot de passe pour se créer.`,
        'Donnez POSTGRES_PASSWORD (ou MYSQL_ROOT_PASSWORD) au conteneur, depuis un Secret : env → valueFrom.secretKeyRef.',
      ],
      en: [
        `The database "${container}" was given no password to be made with.`,
        'Give POSTGRES_PASSWORD (or MYSQL_ROOT_PASSWORD) to the container, from a Secret: env → valueFrom.secretKeyRef.',
      ],
    }),
  ],
  [
    'postgres-version',
    /initialized by PostgreSQL version (\d+), which is not compatible with this version (\d+)|database files are incompatible with server/,
    (match) => ({
      fr: [
        `Le volume garde une base écrite par PostgreSQL ${match[1] ?? 'd’une autre version'}, que l’image d’aujourd’hui (${match[2] ?? 'autre version'}) ne lit pas.`,
        `Reprenez l’image postgres:${match[1] ?? 'VERSION'}, ou exportez les données (pg_dump) puis partez d’un volume vide.`,
      ],
      en: [
        `The volume holds a database written by PostgreSQL ${match[1] ?? 'of another version'}, which today’s image (${match[2] ?? 'another version'}) does not read.`,
        `Take the image postgres:${match[1] ?? 'VERSION'} again, or export the data (pg_dump) and start from an empty volume.`,
      ],
    }),
  ],
  [
    'postgres-volume-path',
    /in 18\+, these (?:Docker )?images|there appears to be PostgreSQL data in/,
    () => ({
      fr: [
        'Depuis PostgreSQL 18, le volume se monte sur /var/lib/postgresql, et non sur /var/lib/postgresql/data.',
        'Écrivez mountPath: /var/lib/postgresql (une ancienne base se reprend avec pg_upgrade ou pg_dump).',
      ],
      en: [
        'Since PostgreSQL 18 the volume is mounted at /var/lib/postgresql, not at /var/lib/postgresql/data.',
        'Write mountPath: /var/lib/postgresql (an older database is taken over with pg_upgrade or pg_dump).',
      ],
    }),
  ],
  [
    'postgres-volume-full',
    /initdb: error: directory "([^"]+)" exists but is not empty/,
    (match) => ({
      fr: [
        `PostgreSQL ne peut pas créer sa base dans « ${match[1] ?? ''} », qui n’est pas vide (un disque neuf contient lost+found).`,
        'Donnez-lui un sous-dossier : variable PGDATA=/var/lib/postgresql/data/pgdata.',
      ],
      en: [
        `PostgreSQL cannot make its database in "${match[1] ?? ''}", which is not empty (a fresh disk holds lost+found).`,
        'Give it a sub-folder: variable PGDATA=/var/lib/postgresql/data/pgdata.',
      ],
    }),
  ],
  [
    'database-password',
    /client password must be a string|fe_sendauth: no password supplied|using password: NO/,
    () => ({
      fr: [
        'Le programme se présente à la base sans mot de passe : la variable qui le porte est vide, ou porte un autre nom.',
        'Donnez-la au conteneur sous le nom que lit le programme (env → valueFrom.secretKeyRef).',
      ],
      en: [
        'The program comes to the database without a password: the variable that holds it is empty, or has another name.',
        'Give it to the container under the name that the program reads (env → valueFrom.secretKeyRef).',
      ],
    }),
  ],
  [
    'database-address',
    /Could not parse (?:SQLAlchemy|rfc1738) URL|Expected string or URL object, got None|must start with the protocol `postgres|Invalid scheme, expected connection string|invalid dsn/,
    () => ({
      fr: [
        'L’adresse de la base de données est vide, ou mal écrite.',
        'Donnez la variable (DATABASE_URL…) au conteneur : postgresql://UTILISATEUR:MOT@SERVICE:5432/BASE, sans guillemets.',
      ],
      en: [
        'The address of the database is empty, or written wrongly.',
        'Give the variable (DATABASE_URL…) to the container: postgresql://USER:PASSWORD@SERVICE:5432/DATABASE, without quotes.',
      ],
    }),
  ],
  [
    'database-connections',
    /too many clients already|remaining connection slots are reserved|Too many connections/,
    () => ({
      fr: [
        'La base de données n’accepte plus de connexions : toutes sont prises.',
        'Baissez la taille du pool (pool_size) ou le nombre de pods et de workers, ou montez max_connections de la base.',
      ],
      en: [
        'The database takes no more connections: all are taken.',
        'Lower the size of the pool (pool_size) or the number of pods and workers, or raise max_connections of the database.',
      ],
    }),
  ],
  [
    'database-revision',
    /Can't locate revision identified by '([^']+)'/,
    (match) => ({
      fr: [
        `La base est à la migration « ${match[1] ?? ''} », que l’image n’a pas.`,
        'L’image est plus vieille que la base, ou d’une autre branche : déployez celle qui a cette migration.',
      ],
      en: [
        `The database is at the migration "${match[1] ?? ''}", which the image does not have.`,
        'The image is older than the database, or of another branch: deploy the one that has this migration.',
      ],
    }),
  ],
  [
    'database-password',
    /password authentication failed for user "?([^"\s]+)"?|Access denied for user '?([^'@\s]+)|AuthenticationFailed|bad auth : authentication failed|\bauthentication failed\b.*(mongo|SCRAM)|WRONGPASS|NOAUTH Authentication required|provided database credentials|SASL: SCRAM-SERVER-FIRST-MESSAGE/i,
    (match) => ({
      fr: [
        `La base de données refuse le mot de passe${(match[1] ?? match[2]) ? ` de « ${match[1] ?? match[2] ?? ''} »` : ''}.`,
        'Donnez le même Secret à la base et au programme. Une base déjà créée garde son premier mot de passe : changez-le dedans (ALTER USER … PASSWORD), ou repartez d’un volume vide.',
      ],
      en: [
        `The database refuses the password${(match[1] ?? match[2]) ? ` of "${match[1] ?? match[2] ?? ''}"` : ''}.`,
        'Give the database and the program the same Secret. A database that is made already keeps its first password: change it inside (ALTER USER … PASSWORD), or start from an empty volume.',
      ],
    }),
  ],
  [
    'database-name',
    /database "([^"]+)" does not exist|Unknown database '([^']+)'/,
    (match) => ({
      fr: [
        `La base « ${match[1] ?? match[2] ?? ''} » n’existe pas sur le serveur.`,
        'Créez-la (CREATE DATABASE), ou mettez le nom que dit POSTGRES_DB : il ne compte qu’à la première création du volume.',
      ],
      en: [
        `The database "${match[1] ?? match[2] ?? ''}" does not exist on the server.`,
        'Make it (CREATE DATABASE), or put the name that POSTGRES_DB says: it counts only when the volume is first made.',
      ],
    }),
  ],
  [
    'database-role',
    /role "([^"]+)" does not exist/,
    (match) => ({
      fr: [
        `L’utilisateur « ${match[1] ?? ''} » n’existe pas dans la base.`,
        'Mettez celui que dit POSTGRES_USER : il ne compte qu’à la première création du volume.',
      ],
      en: [
        `The user "${match[1] ?? ''}" does not exist in the database.`,
        'Put the one that POSTGRES_USER says: it counts only when the volume is first made.',
      ],
    }),
  ],
  [
    'database-ssl',
    /server does not support SSL|no pg_hba\.conf entry|SSL connection is required|does not support SSL connections|certificate verify failed|self[- ]signed certificate/i,
    () => ({
      fr: [
        'Le programme et son serveur ne s’accordent pas sur le chiffrement (SSL/TLS).',
        'Base du cluster : sslmode=disable (ou ssl: false). Base extérieure : sslmode=require.',
      ],
      en: [
        'The program and its server do not agree on encryption (SSL/TLS).',
        'A database in the cluster: sslmode=disable (or ssl: false). One outside: sslmode=require.',
      ],
    }),
  ],
  [
    'database-table',
    /relation "([^"]+)" does not exist|no such table: (\S+)|Table '([^']+)' doesn't exist/,
    (match) => ({
      fr: [
        `La table « ${match[1] ?? match[2] ?? match[3] ?? ''} » n’existe pas : les migrations n’ont pas été passées sur cette base.`,
        'Passez-les avant le serveur (initContainer ou Job) : alembic upgrade head, manage.py migrate, prisma migrate deploy…',
      ],
      en: [
        `The table "${match[1] ?? match[2] ?? match[3] ?? ''}" does not exist: the migrations have not run on this database.`,
        'Run them before the server (initContainer or Job): alembic upgrade head, manage.py migrate, prisma migrate deploy…',
      ],
    }),
  ],
  [
    'name-unknown',
    /could not translate host name|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|Name or service not known|Temporary failure in name resolution|Name does not resolve|nodename nor servname|no such host|UnknownHostException|host not found in upstream|Unknown (?:MySQL|MariaDB) server host|bad address '|could not resolve host/i,
    nameUnknown,
  ],
  [
    'connection-refused',
    /connection refused|ECONNREFUSED|Can't connect to (?:\w+ )?(?:server|MySQL|MariaDB)|Can't reach database server|Errno 111|connect\(\) failed \(111/i,
    connectionRefused,
  ],
  [
    'connection-timeout',
    /ETIMEDOUT|connection timed out|Errno 110|timeout expired|connect timeout|i\/o timeout|ConnectTimeout|ServerSelectionTimeoutError|No route to host|EHOSTUNREACH/i,
    connectionTimeout,
  ],
  [
    'port-taken',
    /address already in use|EADDRINUSE|Errno 98|port \d+ is already (?:in use|allocated)/i,
    (match, { pod }) => {
      const port = /:(\d{2,5})\b|\b(?:port|,) (\d{2,5})\b/.exec(lineOf(match));
      const several = objectsAt(pod, 'spec', 'containers').length > 1;
      return {
        fr: [
          `Le port${port ? ` ${port[1] ?? port[2] ?? ''}` : ''} est déjà pris dans le pod : ${several ? 'ses conteneurs partagent leurs ports' : 'le programme s’y lance deux fois'}.`,
          several
            ? 'Donnez à chaque conteneur son port, ou mettez-les dans deux Deployments.'
            : 'Ne lancez le serveur qu’une fois dans la commande.',
        ],
        en: [
          `The port${port ? ` ${port[1] ?? port[2] ?? ''}` : ''} is taken already in the pod: ${several ? 'its containers share their ports' : 'the program starts twice there'}.`,
          several
            ? 'Give each container a port of its own, or put them in two Deployments.'
            : 'Start the server once only in the command.',
        ],
      };
    },
  ],
  [
    'port-forbidden',
    /bind\(\) to \S+ failed \(13|EACCES:? permission denied,? .*:\d+|listen EACCES.*:\d+|listen tcp \S*:\d+: bind: permission denied|Permission denied: AH00072|could not bind to address .*permission|\[Errno 13\].*(bind|address)/i,
    () => ({
      fr: [
        'Le programme n’a pas le droit d’écouter sur un port au-dessous de 1024 : il ne tourne pas en root.',
        'Faites-le écouter sur 8080 (image nginxinc/nginx-unprivileged pour nginx), et mettez ce port dans containerPort et targetPort.',
      ],
      en: [
        'The program may not listen on a port below 1024: it does not run as root.',
        'Make it listen on 8080 (image nginxinc/nginx-unprivileged for nginx), and put this port in containerPort and targetPort.',
      ],
    }),
  ],
  [
    'read-only',
    /read-only file ?system|EROFS|Errno 30\]/i,
    (match) => {
      const path = pathIn(lineOf(match));
      return {
        fr: [
          `Le programme veut écrire ${path === undefined ? '' : `dans « ${path} », `}là où tout est en lecture seule (readOnlyRootFilesystem, ou volume monté en lecture).`,
          `Montez un volume emptyDir${path === undefined || folder(path) === '/' ? ' là où il écrit (souvent /tmp)' : ` sur ${folder(path)}`}.`,
        ],
        en: [
          `The program wants to write ${path === undefined ? '' : `to "${path}", `}where all is read-only (readOnlyRootFilesystem, or a volume mounted so).`,
          `Mount an emptyDir volume ${path === undefined || folder(path) === '/' ? 'where it writes (often /tmp)' : `at ${folder(path)}`}.`,
        ],
      };
    },
  ],
  [
    'disk-full',
    /no space left on device|ENOSPC|could not extend file|disk quota exceeded/i,
    () => ({
      fr: [
        'Le volume (ou le disque du nœud) est plein.',
        'Faites de la place, ou demandez plus : resources.requests.storage du PersistentVolumeClaim.',
      ],
      en: [
        'The volume (or the node’s disk) is full.',
        'Make room, or ask for more: resources.requests.storage of the PersistentVolumeClaim.',
      ],
    }),
  ],
  [
    'memory',
    /JavaScript heap out of memory|^MemoryError|Cannot allocate memory|std::bad_alloc|OutOfMemoryError|\(Killed\)|was sent SIGKILL! Perhaps out of memory/m,
    (_, { container }) => ({
      fr: [
        `« ${container} » n’a pas assez de mémoire.`,
        'Montez resources.limits.memory, ou lancez moins de processus (workers).',
      ],
      en: [`"${container}" has not enough memory.`, 'Raise resources.limits.memory, or run fewer processes (workers).'],
    }),
  ],
  [
    'program-missing',
    /exec: "?([^":\s]+)"?: (?:executable file not found|stat \S+: no such file|no such file)|exec (\S+): no such file or directory|(?:sh|bash|\/bin\/sh): (?:\d+: |line \d+: )?([\w./-]+): (?:command )?not found|env: [‘'"]?([\w./-]+)['’"]?: No such file|can't open file '([^']+)'|File does not exist: ([\w./-]+)|stat ([\w./-]+): no such file or directory|Cannot find module '(\/[^']+)'(?=[\s\S]*requireStack: \[\])/,
    (match) => {
      const what = groupOf(match);
      const isEmptied = what.startsWith('/');
      return {
        id: 'start-command',
        fr: [
          `La commande lance « ${what} », qui n’est pas dans l’image.`,
          `Vérifiez la commande (CMD, command, args) et le COPY du Dockerfile${isEmptied ? ' ; un volume monté sur ce dossier cacherait ce que l’image y met' : ''}.`,
        ],
        en: [
          `The command runs "${what}", which is not in the image.`,
          `Check the command (CMD, command, args) and the COPY of the Dockerfile${isEmptied ? '; a volume mounted on that folder would hide what the image puts there' : ''}.`,
        ],
      };
    },
  ],
  [
    'program-forbidden',
    /exec: "?([^":\s]+)"?: (?:stat \S+: )?permission denied|exec (\S+): permission denied|(?:sh|bash|\/bin\/sh): (?:\d+: |line \d+: )?([\w./-]+): Permission denied/i,
    (match) => {
      const what = groupOf(match);
      return {
        id: 'start-command',
        fr: [`« ${what} » n’a pas le droit de s’exécuter.`, `Dans le Dockerfile : RUN chmod +x ${what}`],
        en: [`"${what}" may not be run.`, `In the Dockerfile: RUN chmod +x ${what}`],
      };
    },
  ],
  [
    'permission-denied',
    /permission denied|EACCES|Errno 13\]|Operation not permitted|has wrong ownership|could not change permissions|attempt to write a readonly database|unable to open database file|AccessDeniedException/i,
    (match, { pod }) => {
      const path = pathIn(lineOf(match));
      const isVolume = objectsAt(pod, 'spec', 'volumes').some((each) => each.persistentVolumeClaim !== undefined);
      return {
        fr: [
          `Le programme n’a pas le droit d’écrire${path === undefined ? '' : ` dans « ${path} »`}.`,
          isVolume
            ? 'Donnez le volume à son groupe : securityContext.fsGroup du pod = le groupe du programme (ou runAsUser = le propriétaire du dossier).'
            : 'Dans le Dockerfile, donnez ce dossier à l’utilisateur (COPY --chown, chown), ou montez-y un volume emptyDir.',
        ],
        en: [
          `The program may not write${path === undefined ? '' : ` to "${path}"`}.`,
          isVolume
            ? 'Give the volume to its group: securityContext.fsGroup of the pod = the program’s group (or runAsUser = the folder’s owner).'
            : 'In the Dockerfile, give that folder to the user (COPY --chown, chown), or mount an emptyDir volume there.',
        ],
      };
    },
  ],
  [
    'build-missing',
    /Could not find a production build in the '([^']+)'|Build your app with `?next build|ENOENT[^\n]*(?:\/|')(dist|build|\.next|\.output)\b/,
    (match) => ({
      fr: [
        `L’image n’a pas ce que la construction devait produire (${groupOf(match) || 'dist'}).`,
        'Dans le Dockerfile : RUN npm run build, puis COPY --from de ce dossier dans la dernière étape.',
      ],
      en: [
        `The image does not hold what the build was to produce (${groupOf(match) || 'dist'}).`,
        'In the Dockerfile: RUN npm run build, then COPY --from of that folder in the last stage.',
      ],
    }),
  ],
  [
    'library-missing',
    /([\w.+-]+\.so[.\d]*): cannot open shared object file|Error loading shared library ([\w.+-]+)|version `?(GLIBC_[\d.]+)'? not found/,
    (match) => ({
      fr: [
        `La bibliothèque « ${groupOf(match)} » n’est pas dans l’image.`,
        'Installez-la dans la dernière étape du Dockerfile (apt-get install / apk add), et prenez la même base (alpine ou debian) dans toutes les étapes.',
      ],
      en: [
        `The library "${groupOf(match)}" is not in the image.`,
        'Install it in the last stage of the Dockerfile (apt-get install / apk add), and take the same base (alpine or debian) in all stages.',
      ],
    }),
  ],
  [
    'module-missing',
    /ModuleNotFoundError: No module named '([^']+)'|Cannot find (?:module|package) '([^']+)'|Could not import module "([^"]+)"|ImportError: (cannot import name '[^']+')/,
    (match) => {
      const what = groupOf(match);
      const isOwn =
        match[3] !== undefined ||
        /^[./]/.test(what) ||
        /^(app|src|main|server|dist|backend|api|config|core|models|routes)([./]|$)/.test(what);
      return {
        fr: [
          `Le module « ${what} » n’est pas dans l’image.`,
          isOwn
            ? 'C’est votre propre code : vérifiez COPY, WORKDIR et le chemin donné à la commande.'
            : 'Ajoutez-le à requirements.txt (ou package.json), reconstruisez l’image, poussez-la sous une nouvelle étiquette.',
        ],
        en: [
          `The module "${what}" is not in the image.`,
          isOwn
            ? 'It is your own code: check COPY, WORKDIR and the path given to the command.'
            : 'Add it to requirements.txt (or package.json), build the image again, push it under a new tag.',
        ],
      };
    },
  ],
  [
    'app-missing',
    /Attribute "([^"]+)" not found in module "([^"]+)"|Failed to find attribute '([^']+)' in '([^']+)'|Could not locate a Flask application|Error: Could not import '([^']+)'/,
    (match) => {
      const [attribute, module] = [match[1] ?? match[3] ?? '', match[2] ?? match[4] ?? ''];
      if (attribute === '')
        return {
          fr: [
            `Flask ne trouve pas l’application${match[5] === undefined ? '' : ` dans « ${match[5]} »`}.`,
            'Donnez-lui son module : flask --app MODULE run (ou FLASK_APP), depuis le dossier où il est (WORKDIR).',
          ],
          en: [
            `Flask does not find the application${match[5] === undefined ? '' : ` in "${match[5]}"`}.`,
            'Give it its module: flask --app MODULE run (or FLASK_APP), from the folder where it is (WORKDIR).',
          ],
        };
      return {
        fr: [
          `Le module « ${module} » n’a pas d’objet « ${attribute} ».`,
          `Donnez au serveur le nom de la variable de l’application : ${module}:NOM.`,
        ],
        en: [
          `The module "${module}" has no object "${attribute}".`,
          `Give the server the name of the application’s variable: ${module}:NAME.`,
        ],
      };
    },
  ],
  [
    'file-missing',
    /Could not read package\.json|No such file or directory: '([^']+)'|ENOENT: no such file or directory, \w+ '([^']+)'/,
    (match) => {
      const what = groupOf(match) || 'package.json';
      return {
        fr: [
          `Le programme cherche le fichier « ${what} », qui n’est pas dans le conteneur.`,
          'Vérifiez WORKDIR et COPY (et .dockerignore), ou le volume qui devrait l’apporter ; un volume monté sur un dossier cache ce que l’image y met.',
        ],
        en: [
          `The program looks for the file "${what}", which is not in the container.`,
          'Check WORKDIR and COPY (and .dockerignore), or the volume that should bring it; a volume mounted on a folder hides what the image puts there.',
        ],
      };
    },
  ],
  [
    'script-missing',
    /Missing script: "?([\w:-]+)|Command "([\w:-]+)" not found|ERR_PNPM_NO_SCRIPT\s+Missing script: (\S+)/,
    (match) => {
      const what = groupOf(match);
      return {
        fr: [`package.json n’a pas de script « ${what} ».`, `Ajoutez-le, ou lancez-en un qui existe.`],
        en: [`package.json has no script "${what}".`, 'Add it, or run one that exists.'],
      };
    },
  ],
  [
    'nginx',
    /\[emerg\] \d*#?\d*:? ?(.*)/,
    (match) => ({
      fr: [
        `nginx refuse sa configuration : ${short(match[1] ?? '', 140)}`,
        'Corrigez la ligne qu’il nomme, dans le fichier ou le ConfigMap.',
      ],
      en: [
        `nginx refuses its configuration: ${short(match[1] ?? '', 140)}`,
        'Mend the line it names, in the file or the ConfigMap.',
      ],
    }),
  ],
  [
    'variable-missing',
    /KeyError: '([A-Z][A-Z0-9_]+)'|validation errors? for \w+\n\s*(\w+)\n\s+(?:Field required|field required)|([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b[^\n]{0,40}?\b(?:(?:is|are|was|must be) (?:not |required|missing|undefined|empty|set|defined)|not (?:set|defined|found|provided)|manquante?|must not be empty)|(?:[Mm]issing|[Rr]equired|[Uu]ndefined|[Mm]anquante?|variable not found:|[Ss]et the)[^\n]{0,40}?\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b/,
    (match, { container }) => {
      const what = groupOf(match).toUpperCase();
      return {
        fr: [
          `La variable « ${what} » manque à « ${container} ».`,
          'Ajoutez-la sous env: du conteneur (depuis un ConfigMap, ou un Secret si elle ne doit pas se voir).',
        ],
        en: [
          `The variable "${what}" is missing for "${container}".`,
          'Add it under env: of the container (from a ConfigMap, or a Secret if it is not to be seen).',
        ],
      };
    },
  ],
  [
    'syntax',
    /^(?:SyntaxError|IndentationError|TabError): (.*)/m,
    (match) => ({
      fr: [
        `Le code ne se lit pas : ${short(match[0], 120)}`,
        'Corrigez la ligne nommée au-dessus dans le journal, reconstruisez, poussez sous une nouvelle étiquette.',
      ],
      en: [
        `The code cannot be read: ${short(match[0], 120)}`,
        'Mend the line named above in the log, build again, push under a new tag.',
      ],
    }),
  ],
];

/** What the one of several shapes that fitted has caught. */
function groupOf(match: RegExpExecArray): string {
  return match.slice(1).find(Boolean) ?? '';
}

/** The whole line around a match. */
function lineOf(match: RegExpExecArray): string {
  const start = match.input.lastIndexOf('\n', match.index) + 1;
  const end = match.input.indexOf('\n', match.index + match[0].length);
  return match.input.slice(start, end < 0 ? undefined : end);
}

function pathIn(line: string): string | undefined {
  return /['"‘“]?(\/[\w./@-]+[\w])/.exec(line.replace(/(node:)?\/usr\/(local\/)?(lib|bin)\S*/g, ''))?.[1];
}

function folder(path: string): string {
  return path.replace(/\/[^/]*\.[^/]*$/, '') || '/';
}

/** What a line says it could not reach. */
function targetIn(line: string): { host: string; port: string | undefined } | undefined {
  const shapes = [
    /server at "([^"]+)"(?: \([^)]*\))?, port (\d+)/,
    /host name "([^"]+)"/,
    /host='([^']+)', port=(\d+)/,
    /(?:ENOTFOUND|EAI_AGAIN) ([\w.-]+)(?::(\d+))?/,
    /(?:ECONNREFUSED|ETIMEDOUT|EHOSTUNREACH) (::1|\[[^\]]+\]|[\w.-]+):(\d+)/,
    /upstream(?: server)?:? "?(?:https?:\/\/)?([\w.-]+?)(?::(\d+))?["/\s]/,
    /(?:dial tcp:? |lookup |bad address '|resolve host:? |server host '|UnknownHostException: |database server at `?|connecting to |on ')(\[?[\w.-]+\]?)(?::(\d+))?/i,
    /https?:\/\/([\w.-]+)(?::(\d+))?/,
    /\b([a-z][\w.-]*|\d+\.\d+\.\d+\.\d+):(\d{2,5})\b/,
  ];
  for (const shape of shapes) {
    const match = shape.exec(line);
    if (match?.[1] !== undefined) return { host: match[1].replace(/^\[|\]$/g, ''), port: match[2] };
  }
  return undefined;
}

/** Where well-known servers listen. */
const USUAL_PORTS: readonly [image: RegExp, port: string][] = [
  [/(^|\/)(postgres|postgis|postgresql|pgvector)(:|@|$)/, '5432'],
  [/(^|\/)(mysql|mariadb)(:|@|$)/, '3306'],
  [/(^|\/)(mongo|mongodb)(:|@|$)/, '27017'],
  [/(^|\/)(redis|valkey)(:|@|$)/, '6379'],
];

const IS_SELF = /^(localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0)$/;

/** The Service that a host is in this namespace: its name, short or long, or its address. */
function serviceOf(state: LiveState, host: string): JsonObject | undefined {
  return ofKind(state.objects, 'Service').find((service) => {
    const name = nameOf(service);
    return (
      host === name ||
      host === `${name}.${state.namespace}` ||
      host.startsWith(`${name}.${state.namespace}.svc`) ||
      host === textAt(service, 'spec', 'clusterIP')
    );
  });
}

function nameUnknown(match: RegExpExecArray, { state, pod, ended }: Around): Told {
  const host = targetIn(lineOf(match))?.host;
  const services = ofKind(state.objects, 'Service').map(nameOf);
  const shown = host === undefined ? '' : ` « ${host} »`;
  const shownEn = host === undefined ? '' : ` "${host}"`;
  if (host !== undefined && serviceOf(state, host) && hasBlockedNames(state, pod))
    return {
      id: 'network-policy',
      fr: [
        `Une NetworkPolicy interdit au pod de demander les noms (DNS) : il ne trouve pas${shown}, qui existe.`,
        'Ajoutez à egress : les ports 53 UDP et TCP vers le namespace kube-system.',
      ],
      en: [
        `A NetworkPolicy forbids the pod to ask for names (DNS): it does not find${shownEn}, which exists.`,
        'Add to egress: ports 53 UDP and TCP to the namespace kube-system.',
      ],
    };
  const known = host === undefined ? undefined : serviceOf(state, host);
  // A headless Service without pods has no name.
  if (known && !podsOf(state.objects, known).some(isReady))
    return unreachable(state, known, undefined, 'refuse', ended);
  if (host !== undefined && serviceOf(state, host))
    return {
      waitsFor: nameOf(serviceOf(state, host)),
      fr: [
        `Le nom${shown} n’était pas connu quand le programme a démarré ; le Service existe maintenant.`,
        'Le pod redémarre tout seul ; pour ne pas attendre, relancez-le.',
      ],
      en: [
        `The name${shownEn} was not known when the program started; the Service exists now.`,
        'The pod restarts by itself; so as not to wait, restart it.',
      ],
    };
  const meant =
    host === undefined ? undefined : (services.find((name) => meansTheSame(name, host)) ?? nearest(host, services));
  return {
    fr: [
      `Le nom${shown} n’est pas connu du cluster : il n’y a pas de Service de ce nom dans ${state.namespace}.`,
      meant === undefined
        ? `Mettez le nom du Service (il y a : ${services.join(', ') || 'aucun'}), ou appliquez le fichier qui le définit.`
        : `Écrivez « ${meant} », le nom du Service, dans la variable.`,
    ],
    en: [
      `The name${shownEn} is not known to the cluster: there is no Service of that name in ${state.namespace}.`,
      meant === undefined
        ? `Put the name of the Service (there is: ${services.join(', ') || 'none'}), or apply the file that defines it.`
        : `Write "${meant}", the name of the Service, in the variable.`,
    ],
  };
}

function connectionRefused(match: RegExpExecArray, { state, log, ended }: Around): Told {
  const target = targetIn(lineOf(match)) ?? targetIn(log);
  if (target === undefined)
    return {
      fr: [
        'Le serveur dont le programme a besoin refuse la connexion.',
        'Vérifiez l’hôte et le port de sa variable, et que ce serveur tourne.',
      ],
      en: [
        'The server that the program needs refuses the connection.',
        'Check host and port of its variable, and that this server runs.',
      ],
    };
  const { host, port } = target;
  const where = `${host}${port === undefined ? '' : `:${port}`}`;
  if (IS_SELF.test(host))
    return {
      id: 'connection-self',
      fr: [
        `Le programme cherche un serveur sur ${where}, c’est-à-dire dans son propre pod, où il n’y en a pas.`,
        'Mettez dans la variable le nom du Service au lieu de localhost. Si elle est déjà juste, le programme ne la lit pas.',
      ],
      en: [
        `The program looks for a server at ${where}, that is in its own pod, where there is none.`,
        'Put the name of the Service in the variable instead of localhost. If it is right already, the program does not read it.',
      ],
    };
  const service = serviceOf(state, host);
  if (!service)
    return {
      fr: [
        `« ${where} » refuse la connexion.`,
        'Vérifiez l’hôte et le port dans la variable, et que ce serveur tourne.',
      ],
      en: [`"${where}" refuses the connection.`, 'Check host and port in the variable, and that this server runs.'],
    };
  return unreachable(state, service, port, 'refuse', ended);
}

function connectionTimeout(match: RegExpExecArray, { state, pod, log, ended }: Around): Told | undefined {
  const target = targetIn(lineOf(match)) ?? targetIn(log);
  const service = target && serviceOf(state, target.host);
  if (target === undefined) return undefined;
  if (!service)
    return {
      fr: [
        `« ${target.host} » ne répond pas.`,
        'Vérifiez l’hôte et le port dans la variable, et que cette adresse s’ouvre depuis le cluster.',
      ],
      en: [
        `"${target.host}" does not answer.`,
        'Check host and port in the variable, and that this address can be reached from the cluster.',
      ],
    };
  const policy = closedBy(state, podsOf(state.objects, service), pod);
  if (policy !== undefined)
    return {
      id: 'network-policy',
      about: `NetworkPolicy/${policy}`,
      fr: [
        `La NetworkPolicy « ${policy} » ne laisse pas ce pod joindre « ${nameOf(service)} ».`,
        'Ajoutez à ingress.from les étiquettes de ce pod (podSelector), et le port.',
      ],
      en: [
        `The NetworkPolicy "${policy}" does not let this pod reach "${nameOf(service)}".`,
        'Add to ingress.from the labels of this pod (podSelector), and the port.',
      ],
    };
  const own = closedFrom(state, pod, podsOf(state.objects, service));
  if (own !== undefined)
    return {
      id: 'network-policy',
      about: `NetworkPolicy/${own}`,
      fr: [
        `La NetworkPolicy « ${own} » ne laisse pas ce pod sortir vers « ${nameOf(service)} ».`,
        'Ajoutez à egress.to les étiquettes de ses pods (podSelector), et le port.',
      ],
      en: [
        `The NetworkPolicy "${own}" does not let this pod out to "${nameOf(service)}".`,
        'Add to egress.to the labels of its pods (podSelector), and the port.',
      ],
    };
  return unreachable(state, service, target.port, 'timeout', ended);
}

/** A Service that exists and does not answer: it has not this port, its pods are not there, or listen elsewhere. */
function unreachable(
  state: LiveState,
  service: JsonObject,
  port: string | undefined,
  how: 'refuse' | 'timeout',
  ended: string | undefined,
): Told {
  const name = nameOf(service);
  const ports = objectsAt(service, 'spec', 'ports').map((each) => written(each.port));
  if (port !== undefined && ports.length > 0 && !ports.includes(port))
    return {
      id: 'connection-port',
      fr: [
        `Le programme demande le port ${port} de « ${name} », dont le Service n’a que ${ports.join(', ')}.`,
        `Mettez ${ports[0] ?? ''} dans la variable, ou ce port dans le Service.`,
      ],
      en: [
        `The program asks for port ${port} of "${name}", whose Service has only ${ports.join(', ')}.`,
        `Put ${ports[0] ?? ''} in the variable, or this port in the Service.`,
      ],
    };
  const pods = podsOf(state.objects, service);
  const stopped = ['Deployment', 'StatefulSet']
    .flatMap((kind) => ofKind(state.objects, kind))
    .find(
      (each) =>
        textAt(each, 'spec', 'replicas') === '0' &&
        carries(objectAt(each, 'spec', 'template', 'metadata', 'labels'), objectAt(service, 'spec', 'selector')),
    );
  if (stopped && pods.length === 0) {
    const object = `${written(stopped.kind).toLowerCase()}/${nameOf(stopped)}`;
    return {
      id: 'connection-stopped',
      about: `${written(stopped.kind)}/${nameOf(stopped)}`,
      fr: [
        `Le programme a besoin de « ${name} », que l’on a mis à zéro (replicas: 0).`,
        `Remettez-le en route : kubectl scale ${object} --replicas=1`,
      ],
      en: [
        `The program needs "${name}", which was scaled to zero (replicas: 0).`,
        `Start it again: kubectl scale ${object} --replicas=1`,
      ],
    };
  }
  const isYoung = (pod: JsonObject) =>
    ageOf(state, created(pod)) < 90 &&
    state.now !== undefined &&
    containersOf(pod).every(
      ({ status }) =>
        Number(status.restartCount ?? 0) === 0 &&
        /^(ContainerCreating|PodInitializing)?$/.test(textAt(status, 'state', 'waiting', 'reason') ?? ''),
    );
  if (pods.length > 0 && !pods.some(isReady) && pods.every(isYoung))
    return {
      waitsFor: name,
      fr: [
        `« ${name} », dont le programme a besoin, est encore en train de démarrer.`,
        'Attendez une minute : le pod redémarre tout seul. Regardez encore si cela dure.',
      ],
      en: [
        `"${name}", which the program needs, is still starting.`,
        'Wait a minute: the pod restarts by itself. Look again if that lasts.',
      ],
    };
  if (!pods.some(isReady) || Object.keys(objectAt(service, 'spec', 'selector')).length === 0)
    return {
      waitsFor: name,
      fr: [
        `Le programme ne joint pas « ${name} », qui n’a aucun pod prêt.`,
        `Réparez d’abord « ${name} » ; ce pod redémarrera tout seul.`,
      ],
      en: [
        `The program does not reach "${name}", which has no pod that is ready.`,
        `Mend "${name}" first; this pod will restart by itself.`,
      ],
    };
  const [target] = objectsAt(service, 'spec', 'ports')
    .filter((each) => port === undefined || written(each.port) === port)
    .map((each) => written(each.targetPort ?? each.port));
  const images = pods.flatMap((pod) => containersOf(pod).map(({ spec }) => textAt(spec, 'image') ?? ''));
  const usual = USUAL_PORTS.find(([image]) => images.some((each) => image.test(each)))?.[1];
  const ready = pods
    .map((pod) => textAt(condition(pod, 'Ready'), 'lastTransitionTime') ?? '')
    .sort()
    .at(-1);
  const wasReady =
    ended !== undefined && ready !== undefined && ready !== '' && Date.parse(ended) - Date.parse(ready) > 10_000;
  if (
    how === 'refuse' &&
    (wasReady || (usual !== undefined && target !== undefined && /^\d+$/.test(target) && target !== usual))
  )
    return {
      id: 'connection-target',
      about: `Service/${name}`,
      fr: [
        `Les pods de « ${name} » tournent, mais le Service « ${name} » envoie au port ${target ?? ''}, où personne n’écoute.`,
        `Mettez dans targetPort du Service le port du serveur${usual === undefined ? ' (ses journaux le disent)' : ` : ${usual}`}.`,
      ],
      en: [
        `The pods of "${name}" run, but the Service "${name}" sends to port ${target ?? ''}, where nobody listens.`,
        `Put the server’s port in targetPort of the Service${usual === undefined ? ' (its logs tell it)' : `: ${usual}`}.`,
      ],
    };
  return {
    waitsFor: name,
    fr: [
      `« ${name} » ${how === 'refuse' ? 'refusait la connexion' : 'ne répondait pas'} quand le programme s’est arrêté ; ses pods sont prêts maintenant.`,
      `Le pod redémarre tout seul. Si cela dure, le targetPort du Service « ${name} » n’est pas le port de son serveur.`,
    ],
    en: [
      `"${name}" ${how === 'refuse' ? 'refused the connection' : 'did not answer'} when the program ended; its pods are ready now.`,
      `The pod restarts by itself. If that lasts, targetPort of the Service "${name}" is not the port of its server.`,
    ],
  };
}

/** The cause that a log tells of, undefined when it tells none that is known. */
export function causeOf(
  state: LiveState,
  pod: JsonObject,
  container: string,
  spec: JsonObject,
  log: string,
): Cause | undefined {
  const status = containersOf(pod).find((each) => each.name === container)?.status;
  const ended =
    textAt(status, 'state', 'terminated', 'finishedAt') ??
    (objectAt(status, 'state').running === undefined
      ? textAt(status, 'lastState', 'terminated', 'finishedAt')
      : undefined);
  for (const [id, shape, told] of SHAPES) {
    // The last time it was said counts, as programs try again before they give up; a line with the place before one without.
    const all = [...log.matchAll(new RegExp(shape.source, [...new Set(`${shape.flags}g`)].join('')))];
    const telling = all.filter((each) => !/^\s*(code|errno|syscall|name|reason):/.test(lineOf(each)));
    const match = telling.findLast((each) => targetIn(lineOf(each)) !== undefined) ?? telling.at(-1) ?? all.at(-1);
    const cause = match && told(match, { state, pod, container, spec, log, ended });
    if (match && cause) return { id, line: readable(lineOf(match).trim()), ...cause };
  }
  return undefined;
}

/** What a line that a program wrote as JSON says. */
function readable(line: string): string {
  if (!line.startsWith('{')) return line;
  try {
    const entry = JSON.parse(line) as JsonObject;
    const said = [entry.msg, entry.message, entry.event, entry.reason, entry.error, entry.err, entry.exception]
      .map((part) => (isObject(part) ? textAt(part, 'message') : part))
      .filter((part): part is string => typeof part === 'string');
    return said.length > 0 ? [...new Set(said)].join(': ') : line;
  } catch {
    return line;
  }
}

/** Where a server says in its log that it listens. */
export function heardPort(log: string): { host: string; port: string } | undefined {
  const heard = [
    ...log.matchAll(
      /(?:running on|listening (?:on|at)|local:|ready on|started at|server at|available at)\W*(?:https?:\/\/)?(127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]|\*)?:(\d{2,5})\b|(?:listening|running|started)\D{0,30}\bport\W{0,3}(\d{2,5})\b/gi,
    ),
  ].at(-1);
  const port = heard?.[2] ?? heard?.[3];
  return port === undefined ? undefined : { host: heard?.[1] ?? '', port };
}

/** The last lines that say something: no steps through a framework's own files. */
export function lastLines(log: string, most = 4): string[] {
  const lines = log.split('\n').filter((line) => /[A-Za-z]/.test(line) && !/^\[eval\]:\d+$/.test(line));
  const telling = lines.filter(
    (line) =>
      !/^\s+at |^\s*\^+\s*$|^Node\.js v|^\s+File "[^"]*(site-packages|lib\/python)|^npm (error|ERR!) (A complete log|path|command|signal)/.test(
        line,
      ),
  );
  const shown = telling.length > 0 ? telling : lines;
  // What stands around the last line that speaks of a fault, rather than what happens to come last.
  const fault = shown.findLastIndex((line) =>
    /error|exception|fatal|panic|fail|cannot|refused|denied|missing|not found|erreur|échec/i.test(line),
  );
  const from = fault < 0 ? Math.max(0, shown.length - most) : Math.max(0, fault - 1);
  return shown.slice(from, from + most).map((line) => short(readable(line), 160));
}
