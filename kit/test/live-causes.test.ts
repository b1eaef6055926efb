import { expect, test } from 'vitest';
import { callsOf } from '../src/check/live/ask.ts';
import { screen } from '../src/check/live/command.ts';
import { diagnose } from '../src/check/live/diagnose.ts';
import type { LiveState, Reply } from '../src/check/live/state.ts';
import type { JsonObject } from '../src/check/read/yaml.ts';
import { ago, crashing, deployment, event, ingress, NGINX, pod, recorded, service, set, THE_POD } from './recorded.ts';

const answer = (status: number | undefined, more: Partial<Reply> = {}): Reply => ({
  status,
  failure: undefined,
  title: undefined,
  ...more,
});
const waits = (reason: string, message: string, more: Parameters<typeof pod>[0] = {}): JsonObject =>
  pod({ phase: 'Pending', isReady: false, age: 120, ...more, status: { state: { waiting: { reason, message } } } });
/** The state of a namespace whose only pod crashes with this log. */
const falls = (log: string, code = 1, others: JsonObject[] = []): LiveState =>
  recorded([pod({ isReady: false, status: crashing(code) }), ...others], { logs: { 'api-5d9c7b8f6d-x2x4q/api': log } });
const unscheduled = (message: string, spec: JsonObject = {}): LiveState =>
  recorded([
    pod({
      phase: 'Pending',
      isReady: false,
      spec,
      status: {},
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }],
    }),
  ]);
const db = (isReady: boolean): JsonObject[] => [
  pod({ app: 'db', isReady, container: { image: 'postgres:18' } }),
  service('db', { clusterIP: '10.43.0.5', ports: [{ port: 5432, targetPort: 5432 }] }),
];
const refusedSet = (message: string): LiveState =>
  recorded([
    ...deployment().slice(0, 1),
    {
      ...set('api', '5d9c7b8f6d', '1'),
      status: {
        replicas: 0,
        conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }],
      },
    },
  ]);

/** A cause, a state that has it, and what must be in what is said (English). */
const CAUSES: [id: string, state: LiveState, words: RegExp][] = [
  // images
  [
    'image-not-found',
    recorded([
      waits(
        'ImagePullBackOff',
        'Back-off pulling image "lea/api:2": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/lea/api:2": failed to resolve reference "docker.io/lea/api:2": docker.io/lea/api:2: not found',
      ),
    ]),
    /this name or tag/,
  ],
  [
    'image-not-found',
    recorded([
      waits(
        'ErrImagePull',
        'failed to pull and unpack image "docker.io/lea/api:1": failed to resolve reference: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
      ),
    ]),
    /or private/,
  ],
  [
    'image-limit',
    recorded([
      waits(
        'ErrImagePull',
        'rpc error: code = Unknown desc = failed to copy: httpReadSeeker: 429 Too Many Requests - Server message: toomanyrequests: You have reached your unauthenticated pull rate limit.',
      ),
    ]),
    /too many requests/,
  ],
  [
    'image-registry',
    recorded([
      waits(
        'ErrImagePull',
        'failed to pull and unpack image "ghrc.io/lea/api:1": failed to do request: Head "https://ghrc.io/v2/lea/api/manifests/1": dial tcp: lookup ghrc.io on 10.0.0.2:53: no such host',
      ),
    ]),
    /"ghrc\.io".*does not exist/,
  ],
  [
    'image-pull-secret',
    recorded([
      waits('ErrImagePull', 'failed to authorize: 401 Unauthorized', {
        spec: { imagePullSecrets: [{ name: 'ghcr' }], containers: [{ name: 'api', image: 'ghcr.io/lea/api:1' }] },
      }),
    ]),
    /"ghcr"/,
  ],
  ['image-architecture', recorded([waits('ErrImagePull', 'no match for platform in manifest: not found')]), /amd64/],
  [
    'image-name',
    recorded([waits('InvalidImageName', 'Failed to apply default image tag "lea/API:1": couldn\'t parse image name')]),
    /no image name/,
  ],
  // configuration
  [
    'config-missing',
    recorded([waits('CreateContainerConfigError', 'secret "base" not found')], {
      secrets: { bases: { type: 'Opaque', keys: [] } },
    }),
    /There is: bases/,
  ],
  [
    'config-missing',
    recorded([waits('CreateContainerConfigError', "couldn't find key PASS in Secret user-lea/base")], {
      secrets: { base: { type: 'Opaque', keys: ['PASSWORD'] } },
    }),
    /Its keys: PASSWORD/,
  ],
  [
    'config-missing',
    recorded([
      waits('CreateContainerConfigError', "couldn't find key URL in ConfigMap user-lea/conf"),
      { kind: 'ConfigMap', metadata: { name: 'conf' }, data: { API_URL: 'x' } },
    ]),
    /Its keys: API_URL/,
  ],
  [
    'root-refused',
    recorded([
      waits(
        'CreateContainerConfigError',
        'container has runAsNonRoot and image will run as root (pod: "api_user-lea(f)", container: api)',
      ),
    ]),
    /USER 1000/,
  ],
  [
    'root-refused',
    recorded([
      waits(
        'CreateContainerConfigError',
        'container has runAsNonRoot and image has non-numeric user (node), cannot verify user is non-root',
      ),
    ]),
    /runAsUser: 1000/,
  ],
  // start
  [
    'start-command',
    recorded([
      waits(
        'RunContainerError',
        'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "uvicorn": executable file not found in $PATH',
      ),
    ]),
    /"uvicorn"/,
  ],
  [
    'start-command',
    recorded([
      waits(
        'RunContainerError',
        'OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/app/start.sh": permission denied',
      ),
    ]),
    /chmod \+x \/app\/start\.sh/,
  ],
  [
    'start-refused',
    recorded([
      waits(
        'CreateContainerError',
        'failed to generate container "abc" spec: failed to generate spec: no command specified',
      ),
    ]),
    /no CMD/,
  ],
  [
    'start-refused',
    recorded([
      waits(
        'RunContainerError',
        'OCI runtime create failed: error mounting "/var/lib/kubelet/pods/x/volume-subpaths/v/c/0" to rootfs at "/etc/nginx/nginx.conf": not a directory: Are you trying to mount a directory onto a file (or vice-versa)?',
      ),
    ]),
    /subPath/,
  ],
  ['exec-format', falls('exec /usr/local/bin/python: exec format error', 255), /arm|processor/i],
  // programs
  [
    'crash-module-missing',
    falls(
      'Traceback (most recent call last):\n  File "/app/main.py", line 1, in <module>\nModuleNotFoundError: No module named \'fastapi\'',
    ),
    /requirements\.txt/,
  ],
  [
    'crash-module-missing',
    falls('ERROR:    Error loading ASGI app. Could not import module "app.main".'),
    /your own code/,
  ],
  [
    'crash-module-missing',
    falls(
      "node:internal/modules/cjs/loader:1228\n  throw err;\nError: Cannot find module 'express'\nRequire stack:\n- /app/server.js\n  code: 'MODULE_NOT_FOUND',\n\nNode.js v24.1.0",
    ),
    /"express"/,
  ],
  [
    'crash-app-missing',
    falls('ERROR:    Error loading ASGI app. Attribute "app" not found in module "main".'),
    /"main" has no object "app"/,
  ],
  ['crash-script-missing', falls('npm error Missing script: "start:prod"'), /start:prod/],
  ['start-command', falls('sh: 1: gunicorn: not found', 127), /"gunicorn"/],
  [
    'start-command',
    falls("python: can't open file '/app/main.py': [Errno 2] No such file or directory", 2),
    /\/app\/main\.py/,
  ],
  [
    'crash-file-missing',
    falls("FileNotFoundError: [Errno 2] No such file or directory: '/app/model.pkl'"),
    /\/app\/model\.pkl/,
  ],
  ['crash-variable-missing', falls("KeyError: 'JWT_SECRET'"), /"JWT_SECRET"/],
  [
    'crash-variable-missing',
    falls(
      'pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings\ndatabase_url\n  Field required [type=missing, input_value={}, input_type=dict]',
    ),
    /"DATABASE_URL"/,
  ],
  ['crash-variable-missing', falls('error: Environment variable not found: DATABASE_URL.'), /"DATABASE_URL"/],
  [
    'crash-variable-missing',
    falls('django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.'),
    /"SECRET_KEY"/,
  ],
  [
    'crash-port-taken',
    falls("ERROR:    [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use"),
    /8000/,
  ],
  ['crash-port-forbidden', falls('nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)'), /8080/],
  ['crash-port-forbidden', falls('Error: listen EACCES: permission denied 0.0.0.0:80'), /below 1024/],
  [
    'crash-permission-denied',
    falls("PermissionError: [Errno 13] Permission denied: '/data/app.db'"),
    /"\/data\/app\.db"/,
  ],
  ['crash-permission-denied', falls('sqlite3.OperationalError: unable to open database file'), /may not write/],
  ['crash-read-only', falls("OSError: [Errno 30] Read-only file system: '/app/cache'"), /emptyDir/],
  ['crash-disk-full', falls('PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device'), /full/],
  [
    'crash-memory',
    falls('FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory', 134),
    /memory/,
  ],
  [
    'crash-nginx',
    falls('2026/01/01 11:59:00 [emerg] 1#1: unknown directive "proxy_passs" in /etc/nginx/conf.d/default.conf:4'),
    /proxy_passs/,
  ],
  [
    'crash-name-unknown',
    falls('nginx: [emerg] host not found in upstream "backend" in /etc/nginx/conf.d/default.conf:4'),
    /no Service of that name/,
  ],
  [
    'crash-syntax',
    falls('  File "/app/main.py", line 3\n    def a(\n         ^\nSyntaxError: \'(\' was never closed'),
    /never closed/,
  ],
  ['ends-at-once', falls('', 0), /stays/],
  ['crash', falls('boum', 139), /SIGSEGV/],
  // databases
  [
    'crash-connection-self',
    falls(
      'psycopg2.OperationalError: connection to server at "localhost" (127.0.0.1), port 5432 failed: Connection refused',
    ),
    /instead of localhost/,
  ],
  [
    'crash-connection-self',
    falls(
      "AggregateError [ECONNREFUSED]: \n    at internalConnectMultiple (node:net:1)\n  [errors]: [\n    Error: connect ECONNREFUSED ::1:5432\n      code: 'ECONNREFUSED',",
    ),
    /instead of localhost/,
  ],
  [
    'crash-name-unknown',
    falls(
      'sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) could not translate host name "postgres" to address: Name or service not known',
      1,
      db(true),
    ),
    /Write "db"/,
  ],
  ['crash-name-unknown', falls('Error: getaddrinfo EAI_AGAIN mongo'), /"mongo"/],
  [
    'crash-connection-port',
    falls('connection to server at "db" (10.43.0.5), port 3306 failed: Connection refused', 1, db(true)),
    /has only 5432/,
  ],
  ['crash-connection-port', falls('Error: connect ECONNREFUSED 10.43.0.5:3306', 1, db(true)), /port 3306 of "db"/],
  [
    'crash-database-password',
    falls('FATAL:  password authentication failed for user "lea"', 1, db(true)),
    /same Secret/,
  ],
  ['crash-database-name', falls('FATAL:  database "boutique" does not exist', 3), /"boutique"/],
  ['crash-database-role', falls('FATAL:  role "lea" does not exist'), /POSTGRES_USER/],
  [
    'crash-database-ssl',
    falls('connection to server at "db", port 5432 failed: server does not support SSL, but SSL was required'),
    /sslmode=disable/,
  ],
  [
    'crash-database-table',
    falls('sqlalchemy.exc.ProgrammingError: (psycopg2.errors.UndefinedTable) relation "users" does not exist'),
    /migrations/,
  ],
  [
    'crash-postgres-password-missing',
    falls(
      'Error: Database is uninitialized and superuser password is not specified.\n       You must specify POSTGRES_PASSWORD to a non-empty value for the\n       superuser.',
    ),
    /POSTGRES_PASSWORD/,
  ],
  [
    'crash-postgres-version',
    falls(
      'FATAL:  database files are incompatible with server\nDETAIL:  The data directory was initialized by PostgreSQL version 16, which is not compatible with this version 18.1.',
    ),
    /PostgreSQL 16/,
  ],
  [
    'crash-postgres-volume-full',
    falls('initdb: error: directory "/var/lib/postgresql/data" exists but is not empty'),
    /PGDATA/,
  ],
  [
    'crash-database-password',
    falls('Error: SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'),
    /without a password/,
  ],
  [
    'crash-database-address',
    falls('sqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL from given URL string'),
    /empty, or written wrongly/,
  ],
  [
    'crash-database-address',
    falls(
      'error: Error validating datasource `db`: the URL must start with the protocol `postgresql://` or `postgres://`.',
    ),
    /DATABASE_URL/,
  ],
  ['crash-database-connections', falls('FATAL:  sorry, too many clients already'), /pool_size/],
  [
    'crash-database-revision',
    falls("alembic.util.exc.CommandError: Can't locate revision identified by '3f2a'"),
    /"3f2a"/,
  ],
  [
    'crash-connection-self',
    falls('redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.'),
    /localhost:6379/,
  ],
  [
    'crash-name-unknown',
    falls('pymongo.errors.ServerSelectionTimeoutError: mongo:27017: [Errno -2] Name or service not known'),
    /"mongo"/,
  ],
  [
    'crash-name-unknown',
    falls('django.db.utils.OperationalError: (2005, "Unknown MySQL server host \'mysql\' (-2)")'),
    /"mysql"/,
  ],
  [
    'crash-connection-port',
    falls("(2003, \"Can't connect to MySQL server on 'db:3306' ([Errno 111] Connection refused)\")", 1, db(true)),
    /3306/,
  ],
  [
    'crash-build-missing',
    falls("Error: Could not find a production build in the '.next' directory. Try building your app with 'next build'"),
    /\.next/,
  ],
  [
    'crash-library-missing',
    falls('ImportError: libpq.so.5: cannot open shared object file: No such file or directory'),
    /libpq\.so\.5/,
  ],
  ['start-command', falls('Error: Invalid value: File does not exist: app.py', 2), /app\.py/],
  [
    'crash-app-missing',
    falls(
      "Error: Could not locate a Flask application. Use the 'flask --app' option, 'FLASK_APP' environment variable, or a 'wsgi.py' or 'app.py' file in the current directory.",
      2,
    ),
    /Flask does not find/,
  ],
  [
    'crash-permission-denied',
    falls("chmod: changing permissions of '/var/lib/postgresql/data': Operation not permitted"),
    /\/var\/lib\/postgresql\/data/,
  ],
  [
    'image-not-found',
    recorded([
      waits('ImagePullBackOff', 'Back-off pulling image "lea/api:1"'),
      event(
        THE_POD,
        'Failed',
        'Failed to pull image "lea/api:1": rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/lea/api:1": failed to resolve reference "docker.io/lea/api:1": docker.io/lea/api:1: not found',
        60,
      ),
      event(THE_POD, 'BackOff', 'Back-off pulling image "lea/api:1"', 5),
    ]),
    /docker\.io\/lea\/api:1: not found/,
  ],
  [
    'crash-connection-target',
    falls('Error: connect ECONNREFUSED 10.43.0.5:5432', 1, [
      ...db(true).slice(0, 1),
      service('db', { clusterIP: '10.43.0.5', ports: [{ port: 5432, targetPort: 3306 }] }),
    ]),
    /targetPort of the Service: 5432/,
  ],
  [
    'crash-connection-target',
    falls('Error: connect ECONNREFUSED 10.43.0.5:80', 1, [
      pod({ app: 'db', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: ago(3000) }] }),
      service('db', { clusterIP: '10.43.0.5', ports: [{ port: 80, targetPort: 8000 }] }),
    ]),
    /sends to port 8000/,
  ],
  // probes and memory
  [
    'oom-killed',
    recorded([
      pod({
        isReady: false,
        container: { resources: { limits: { memory: '64Mi' } } },
        status: crashing(137, { reason: 'OOMKilled' }),
      }),
    ]),
    /64Mi/,
  ],
  [
    'probe-restart',
    recorded([
      pod({ isReady: false, status: crashing(137) }),
      event(THE_POD, 'Unhealthy', 'Liveness probe failed: HTTP probe failed with statuscode: 404'),
      event(THE_POD, 'Killing', 'Container api failed liveness probe, will be restarted'),
    ]),
    /path of the probe/,
  ],
  [
    'probe-restart',
    recorded([
      pod({ isReady: false, status: crashing(137) }),
      event(
        THE_POD,
        'Unhealthy',
        'Startup probe failed: Get "http://10.42.0.9:8000/": dial tcp 10.42.0.9:8000: connect: connection refused',
      ),
    ]),
    /failureThreshold/,
  ],
  [
    'not-ready',
    recorded([
      pod({ isReady: false }),
      event(THE_POD, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 500'),
    ]),
    /answers the probe with an error/,
  ],
  [
    'not-ready',
    recorded(
      [
        pod({ isReady: false }),
        event(
          THE_POD,
          'Unhealthy',
          'Readiness probe failed: Get "http://10.42.0.9:80/": dial tcp 10.42.0.9:80: connect: connection refused',
        ),
      ],
      {
        logs: { 'api-5d9c7b8f6d-x2x4q/api': 'INFO:     Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)' },
      },
    ),
    /asks port 80, and the server is on 8000/,
  ],
  ['not-ready', recorded([pod({ isReady: false, container: { readinessProbe: {} } })]), /has not been ready/],
  [
    'crash',
    recorded([
      pod({
        status: {
          restartCount: 6,
          state: { running: { startedAt: ago(60) } },
          lastState: { terminated: { exitCode: 1, reason: 'Error', startedAt: ago(400), finishedAt: ago(61) } },
        },
      }),
    ]),
    /code 1/,
  ],
  [
    'not-ready',
    recorded(
      [
        pod({ isReady: false }),
        event(THE_POD, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503'),
        ...deployment('db', { spec: { replicas: 0 }, status: { replicas: 0 } }).slice(0, 1),
        service('db', { clusterIP: 'None', ports: [{ port: 5432 }] }),
      ],
      { logs: { 'api-5d9c7b8f6d-x2x4q/api': '{"level":40,"reason":"getaddrinfo ENOTFOUND db","msg":"not ready"}' } },
    ),
    /kubectl scale deployment\/db --replicas=1/,
  ],
  [
    'not-ready',
    recorded([
      pod({
        container: { startupProbe: { periodSeconds: 10, failureThreshold: 60 } },
        isReady: false,
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(70) }],
      }),
      event(THE_POD, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 500', 5),
    ]),
    /answers the probe with an error/,
  ],
  // places
  [
    'unschedulable',
    unscheduled(
      '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
      { containers: [{ name: 'api', resources: { requests: { cpu: '64' } } }] },
    ),
    /asks for 64/,
  ],
  [
    'unschedulable',
    unscheduled("0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.", {
      nodeSelector: { disk: 'ssd' },
      containers: [],
    }),
    /disk=ssd/,
  ],
  [
    'unschedulable',
    unscheduled('0/1 nodes are available: 1 node(s) had untolerated taint {reserve: gpu}.'),
    /reserve: gpu/,
  ],
  ['unschedulable', unscheduled('0/3 nodes are available: 3 Insufficient nvidia.com/gpu.'), /nvidia\.com\/gpu/],
  ['unschedulable', unscheduled("0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules."), /apart/],
  ['volume-missing', unscheduled('persistentvolumeclaim "data" not found'), /"data"/],
  [
    'volume-mount',
    recorded([
      waits('ContainerCreating', ''),
      event(THE_POD, 'FailedMount', 'MountVolume.SetUp failed for volume "c" : configmap "conf" not found'),
    ]),
    /"conf"/,
  ],
  [
    'volume-mount',
    recorded([
      waits('ContainerCreating', ''),
      event(
        THE_POD,
        'FailedAttachVolume',
        'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) db-0',
      ),
    ]),
    /db-0/,
  ],
  [
    'config-missing',
    recorded(
      [
        waits('ContainerCreating', '', {
          spec: {
            volumes: [{ name: 'c', secret: { secretName: 'tls' } }],
            containers: [{ name: 'api', image: 'lea/api:1' }],
          },
        }),
        event(
          THE_POD,
          'FailedMount',
          'MountVolume.SetUp failed for volume "c" : references non-existent secret key: tls.crt',
        ),
      ],
      { secrets: { tls: { type: 'Opaque', keys: ['cert'] } } },
    ),
    /Secret "tls"/,
  ],
  [
    'volume-class',
    recorded([
      {
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data', creationTimestamp: ago(100) },
        spec: { storageClassName: 'rapide' },
        status: { phase: 'Pending' },
      },
      event(
        { kind: 'PersistentVolumeClaim', name: 'data' },
        'ProvisioningFailed',
        'storageclass.storage.k8s.io "rapide" not found',
      ),
    ]),
    /"rapide"/,
  ],
  [
    'volume-pending',
    recorded([
      {
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data', creationTimestamp: ago(100) },
        spec: { storageClassName: '' },
        status: { phase: 'Pending' },
      },
      event(
        { kind: 'PersistentVolumeClaim', name: 'data' },
        'FailedBinding',
        'no persistent volumes available for this claim and no storage class is set',
      ),
    ]),
    /storageClassName/,
  ],
  [
    'init-waits',
    recorded([
      pod({
        phase: 'Pending',
        isReady: false,
        age: 60,
        spec: {
          initContainers: [{ name: 'attend', command: ['sh', '-c', 'until nc -z postgres 5432; do sleep 2; done'] }],
          containers: [{ name: 'api', image: 'lea/api:1' }],
        },
        init: [{ name: 'attend', state: { running: { startedAt: ago(50) } } }],
      }),
    ]),
    /no Service of that name/,
  ],
  [
    'evicted',
    recorded([
      pod({
        phase: 'Failed',
        age: 900,
        status: {},
        more: {
          reason: 'Evicted',
          message: 'The node was low on resource: memory. Threshold quantity: 100Mi, available: 60Mi.',
        },
        conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(300) }],
      }),
    ]),
    /short of memory/,
  ],
  // refusals
  [
    'quota',
    refusedSet(
      'pods "api-1" is forbidden: exceeded quota: q, requested: requests.cpu=2, used: requests.cpu=1, limited: requests.cpu=2',
    ),
    /it asks for requests\.cpu=2/,
  ],
  [
    'quota',
    refusedSet('pods "api-1" is forbidden: failed quota: q: must specify limits.cpu for: api; limits.memory for: api'),
    /to say limits\.cpu, limits\.memory/,
  ],
  [
    'limit-range',
    refusedSet('pods "api-1" is forbidden: maximum memory usage per Container is 512Mi, but limit is 1Gi'),
    /512Mi/,
  ],
  [
    'limit-range',
    refusedSet('pods "api-1" is forbidden: minimum cpu usage per Container is 100m, but request is 10m'),
    /100m/,
  ],
  [
    'pod-security',
    refusedSet('pods "api-1" is forbidden: violates PodSecurity "baseline:latest": hostPath volumes (volume "v")'),
    /Take out hostPath/,
  ],
  [
    'service-account',
    refusedSet(
      'pods "api-1" is forbidden: error looking up service account user-lea/robot: serviceaccount "robot" not found',
    ),
    /"robot"/,
  ],
  [
    'pod-refused',
    refusedSet('admission webhook "validate.kyverno.svc-fail" denied the request: image tag latest is forbidden'),
    /tag latest/,
  ],
  [
    'quota',
    recorded([
      { kind: 'StatefulSet', metadata: { name: 'db' }, spec: { replicas: 1 }, status: { replicas: 0 } },
      event(
        { kind: 'StatefulSet', name: 'db' },
        'FailedCreate',
        'create Claim data-db-0 for Pod db-0 in StatefulSet db failed error: persistentvolumeclaims "data-db-0" is forbidden: exceeded quota: q, requested: requests.storage=10Gi, used: requests.storage=5Gi, limited: requests.storage=10Gi',
      ),
    ]),
    /ask for its volume/,
  ],
  // rollouts, Jobs, autoscalers, nodes
  [
    'paused',
    recorded([...deployment('api', { spec: { paused: true }, status: { updatedReplicas: 0 } }), pod()]),
    /rollout resume|not deployed/,
  ],
  [
    'rollout-stuck',
    recorded(
      deployment('api', {
        status: {
          updatedReplicas: 1,
          availableReplicas: 0,
          conditions: [
            {
              type: 'Progressing',
              status: 'False',
              reason: 'ProgressDeadlineExceeded',
              message: 'ReplicaSet "api-1" has timed out progressing.',
            },
          ],
        },
      }),
    ),
    /timed out/,
  ],
  [
    'job-failed',
    recorded(
      [
        {
          kind: 'Job',
          metadata: { name: 'migrate', creationTimestamp: ago(600) },
          status: {
            failed: 1,
            conditions: [
              { type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', lastTransitionTime: ago(300) },
            ],
          },
        },
        pod({
          name: 'migrate-abcde',
          app: 'migrate',
          phase: 'Failed',
          owner: { kind: 'Job', name: 'migrate' },
          status: { state: { terminated: { exitCode: 1, reason: 'Error', finishedAt: ago(310) } } },
        }),
      ],
      { logs: { 'migrate-abcde/migrate': "ModuleNotFoundError: No module named 'alembic'" } },
    ),
    /alembic/,
  ],
  [
    'cronjob-failed',
    recorded([
      { kind: 'CronJob', metadata: { name: 'nuit' }, spec: {} },
      {
        kind: 'Job',
        metadata: {
          name: 'nuit-1',
          creationTimestamp: ago(90_000),
          ownerReferences: [{ kind: 'CronJob', name: 'nuit' }],
        },
        status: {
          conditions: [{ type: 'Failed', status: 'True', reason: 'DeadlineExceeded', lastTransitionTime: ago(89_000) }],
        },
      },
    ]),
    /activeDeadlineSeconds/,
  ],
  [
    'autoscaler-metrics',
    recorded([
      {
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'api' },
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'api' } },
        status: {
          conditions: [
            {
              type: 'ScalingActive',
              status: 'False',
              reason: 'FailedGetResourceMetric',
              message:
                'the HPA was unable to compute the replica count: failed to get cpu utilization: missing request for cpu in container api of Pod api-1',
              lastTransitionTime: ago(20),
            },
          ],
        },
      },
    ]),
    /resources\.requests\.cpu/,
  ],
  [
    'autoscaler-metrics',
    recorded([
      {
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'api' },
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'api' } },
        status: {
          conditions: [
            {
              type: 'ScalingActive',
              status: 'False',
              reason: 'FailedGetResourceMetric',
              message:
                'unable to get metrics for resource cpu: the server could not find the requested resource (get pods.metrics.k8s.io)',
              lastTransitionTime: ago(900),
            },
          ],
        },
      },
    ]),
    /metrics-server/,
  ],
  [
    'node-pressure',
    recorded([
      {
        kind: 'Node',
        metadata: { name: 'node-1' },
        status: {
          conditions: [
            { type: 'Ready', status: 'True' },
            { type: 'DiskPressure', status: 'True', lastTransitionTime: ago(60) },
          ],
        },
      },
      pod(),
    ]),
    /short of disk/,
  ],
  // Services
  ['service-selector', recorded([...deployment(), pod(), service('api', { selector: { app: 'apis' } })]), /app: api/],
  [
    'service-port-name',
    recorded([
      pod({ container: { ports: [{ name: 'http', containerPort: 8000 }] } }),
      service('api', { ports: [{ port: 80, targetPort: 'web' }] }),
    ]),
    /they declare: http/,
  ],
  [
    'service-refused',
    recorded([pod(), service()], {
      services: {
        api: answer(undefined, {
          failure: 'error trying to reach service: dial tcp 10.42.0.9:8000: connect: connection refused',
        }),
      },
      logs: { 'api-5d9c7b8f6d-x2x4q/api': 'Listening on port 3000' },
    }),
    /targetPort: 3000/,
  ],
  [
    'service-refused',
    recorded([pod(), service()], {
      services: { api: answer(undefined, { failure: 'dial tcp 10.42.0.9:8000: connect: connection refused' }) },
      logs: { 'api-5d9c7b8f6d-x2x4q/api': ' * Running on http://127.0.0.1:8000' },
    }),
    /0\.0\.0\.0/,
  ],
  [
    'service-mixed',
    recorded([
      ...deployment('front'),
      ...deployment('api'),
      pod({ labels: { app: 'boutique' }, container: { ports: [{ containerPort: 8000 }] } }),
      pod({ app: 'front', labels: { app: 'boutique' }, container: { ports: [{ containerPort: 3000 }] } }),
      service('api', { selector: { app: 'boutique' } }),
    ]),
    /"front".*"api"|"api".*"front"/,
  ],
  [
    'service-other',
    recorded([
      ...deployment('front'),
      ...deployment('api'),
      pod(),
      pod({ app: 'front' }),
      service('api'),
      service('front', { selector: { app: 'api' } }),
    ]),
    /leads to the pods of "api"/,
  ],
  [
    'service-port',
    recorded([
      pod(),
      pod({ app: 'front', container: { env: [{ name: 'API_URL', value: 'http://api:8000/v1' }] } }),
      service(),
    ]),
    /api:80/,
  ],
  // Ingresses
  ['ingress-service', recorded([pod(), service(), ingress('a.example.org', 'apis'), NGINX]), /name: api/],
  [
    'ingress-port',
    recorded([pod(), service(), ingress('a.example.org', 'api', { port: { number: 8000 } }), NGINX]),
    /number: 80/,
  ],
  [
    'ingress-class',
    recorded([
      pod(),
      service(),
      ingress('a.example.org', 'api', { status: {}, spec: { ingressClassName: 'apache' } }),
      NGINX,
    ]),
    /nginx/,
  ],
  [
    'ingress-class',
    recorded([
      pod(),
      service(),
      ingress('a.example.org', 'api', { status: {}, spec: { ingressClassName: null } }),
      NGINX,
    ]),
    /does not say its class/,
  ],
  [
    'ingress-tls',
    recorded([
      pod(),
      service(),
      ingress('a.example.org', 'api', { spec: { tls: [{ hosts: ['a.example.org'], secretName: 'tls' }], rules: [] } }),
      NGINX,
    ]),
    /"tls"/,
  ],
  [
    'ingress-host-taken',
    recorded([pod(), service(), ingress('a.example.org'), NGINX], { foreignHosts: { 'a.example.org': 'user-tom' } }),
    /user-tom/,
  ],
  [
    'ingress-twice',
    recorded([
      pod(),
      service(),
      pod({ app: 'autre' }),
      service('autre'),
      ingress('a.example.org', 'api', { age: 5000 }),
      ingress('a.example.org', 'autre', { age: 90 }),
      NGINX,
    ]),
    /two Ingresses/,
  ],
  [
    'ingress-other',
    recorded([pod(), service(), ingress('a.example.org'), NGINX], {
      services: { api: answer(200, { title: 'Recettes' }) },
      addresses: { 'https://a.example.org/': answer(200, { title: 'Bibliothèque' }) },
    }),
    /another application/,
  ],
  [
    'ingress-gateway',
    recorded([pod(), service(), ingress('a.example.org'), NGINX], {
      services: { api: answer(200) },
      addresses: { 'https://a.example.org/': answer(502) },
    }),
    /answers 502/,
  ],
  [
    'ingress-unserved',
    recorded([pod(), service(), ingress('a.example.org'), NGINX], {
      services: { api: answer(200) },
      addresses: { 'https://a.example.org/': answer(404, { isDefault: true }) },
    }),
    /does not know this address/,
  ],
  [
    'network-policy',
    recorded([
      pod(),
      service(),
      ingress('a.example.org'),
      NGINX,
      { kind: 'NetworkPolicy', metadata: { name: 'ferme' }, spec: { podSelector: {}, policyTypes: ['Ingress'] } },
    ]),
    /"ferme"/,
  ],
  [
    'network-policy',
    recorded(
      [
        pod(),
        service(),
        ingress('a.example.org'),
        NGINX,
        {
          kind: 'NetworkPolicy',
          metadata: { name: 'interne' },
          spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
        },
      ],
      { addresses: { 'https://a.example.org/': answer(504) } },
    ),
    /namespaceSelector/,
  ],
  [
    'network-policy',
    falls('Error: getaddrinfo EAI_AGAIN db', 1, [
      ...db(true),
      {
        kind: 'NetworkPolicy',
        metadata: { name: 'sortie' },
        spec: {
          podSelector: { matchLabels: { app: 'api' } },
          policyTypes: ['Egress'],
          egress: [{ to: [{ podSelector: {} }] }],
        },
      },
    ]),
    /ports 53/,
  ],
  [
    'network-policy',
    falls('Error: connect ETIMEDOUT 10.43.0.5:5432', 1, [
      ...db(true),
      {
        kind: 'NetworkPolicy',
        metadata: { name: 'base' },
        spec: {
          podSelector: { matchLabels: { app: 'db' } },
          ingress: [{ from: [{ podSelector: { matchLabels: { app: 'backend' } } }] }],
        },
      },
    ]),
    /does not let this pod reach "db"/,
  ],
  [
    'network-policy',
    falls('Error: connect ETIMEDOUT 10.43.0.5:5432', 1, [
      ...db(true),
      {
        kind: 'NetworkPolicy',
        metadata: { name: 'sortie' },
        spec: {
          podSelector: { matchLabels: { app: 'api' } },
          policyTypes: ['Egress'],
          egress: [{ to: [{ podSelector: { matchLabels: { app: 'cache' } } }] }],
        },
      },
    ]),
    /does not let this pod out to "db"/,
  ],
  [
    'network-policy',
    recorded([
      pod(),
      service(),
      ingress('a.example.org'),
      NGINX,
      {
        kind: 'NetworkPolicy',
        metadata: { name: 'interne' },
        spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
      },
    ]),
    /namespaceSelector/,
  ],
  [
    'ingress-class',
    recorded(
      [
        pod(),
        service(),
        ingress('a.example.org'),
        ingress('b.example.org', 'api', { status: {}, spec: { ingressClassName: 'apache' } }),
      ],
      { unseen: ['IngressClass'] },
    ),
    /ingressClassName: nginx/,
  ],
  // what has changed since
  [
    'restart-needed',
    recorded([...deployment(), pod({ container: { envFrom: [{ secretRef: { name: 'base' } }] } })], {
      changed: { 'Secret/base': ago(60) },
    }),
    /restart them/,
  ],
  [
    'restart-needed',
    recorded(
      [
        ...deployment(),
        pod({
          spec: {
            volumes: [{ name: 'c', configMap: { name: 'c' } }],
            containers: [
              { name: 'api', image: 'lea/api:1', volumeMounts: [{ name: 'c', subPath: 'a', mountPath: '/a' }] },
            ],
          },
        }),
      ],
      { changed: { 'ConfigMap/c': ago(60) } },
    ),
    /subPath/,
  ],
  [
    'restart-needed',
    recorded(
      [
        ...deployment(),
        pod({
          spec: {
            volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'd' } }],
            containers: [
              {
                name: 'api',
                image: 'postgres:18',
                env: [{ name: 'POSTGRES_PASSWORD', valueFrom: { secretKeyRef: { name: 'base', key: 'p' } } }],
              },
            ],
          },
        }),
      ],
      { changed: { 'Secret/base': ago(60) } },
    ),
    /ALTER USER/,
  ],
  [
    'image-not-renewed',
    recorded([...deployment(), pod({ status: { imageID: `docker.io/lea/api@sha256:${'a'.repeat(64)}` } })], {
      pushed: { 'lea/api:1': { digests: [`sha256:${'b'.repeat(64)}`], time: ago(60) } },
    }),
    /pushed anew/,
  ],
  [
    'image-not-renewed',
    recorded([
      ...deployment('api', { template: { spec: { containers: [{ name: 'api', image: 'lea/api:latest' }] } } }),
      {
        ...set('api', '5d9c7b8f6d', '1'),
        spec: { replicas: 0, template: { spec: { containers: [{ name: 'api', image: 'lea/api:latest' }] } } },
      },
      set('api', '7f6b5c4d3e', '2'),
      pod({ hash: '7f6b5c4d3e', container: { image: 'lea/api:latest', imagePullPolicy: 'IfNotPresent' } }),
      event(
        { kind: 'Pod', name: 'api-7f6b5c4d3e-x2x4q' },
        'Pulled',
        'Container image "lea/api:latest" already present on machine',
      ),
    ]),
    /was not asked of the registry/,
  ],
  // fronts
  [
    'front-address',
    recorded([pod({ container: { env: [{ name: 'VITE_API_URL', value: 'http://localhost:8000' }] } })]),
    /visitor’s own machine/,
  ],
  [
    'front-address',
    recorded([
      pod({ container: { envFrom: [{ configMapRef: { name: 'c' } }] } }),
      { kind: 'ConfigMap', metadata: { name: 'c' }, data: { REACT_APP_API: 'http://api:8000' } },
    ]),
    /only the cluster knows/,
  ],
  [
    'front-address',
    recorded([pod(), service()], { services: { api: answer(200, { calls: ['http://localhost:8000/api'] }) } }),
    /was built with/,
  ],
  [
    'front-address',
    recorded([pod({ container: { env: [{ name: 'VITE_API_URL', value: 'https://api.example.org' }] } })], {
      addresses: { 'https://api.example.org': answer(503) },
    }),
    /does not answer/,
  ],
];

test.each(CAUSES)('%s', (id, state, words) => {
  const findings = diagnose(state);
  expect(findings.map((finding) => finding.id)).toEqual([id]);
  expect(findings[0]?.text.en.join('\n')).toMatch(words);
  expect(findings[0]?.text.fr.join('\n')).not.toMatch(/undefined|\bnull\b|NaN/);
});

test('a cause is told once, with what does not work because of it', () => {
  const lacking = (app: string) =>
    pod({
      app,
      phase: 'Pending',
      isReady: false,
      age: 120,
      status: { state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "base" not found' } } },
    });
  const [finding, ...others] = diagnose(recorded([lacking('api'), lacking('worker')]));
  expect(others).toEqual([]);
  expect(finding?.follows).toEqual(['worker']);
});

test('what waits for a database that does not start is a consequence', () => {
  const state = falls('connection to server at "db" (10.43.0.5), port 5432 failed: Connection refused', 1, [
    pod({ app: 'db', isReady: false, status: crashing(1), container: { image: 'postgres:18' } }),
    service('db', { ports: [{ port: 5432 }] }),
  ]);
  state.logs['db-5d9c7b8f6d-x2x4q/db'] = 'initdb: error: directory "/var/lib/postgresql/data" exists but is not empty';
  const findings = diagnose(state);
  expect(findings.map((finding) => [finding.id, finding.follows])).toEqual([['crash-postgres-volume-full', ['api']]]);
});

test('a crash that is over as soon as the pod starts again is no error', () => {
  const [finding] = diagnose(falls('Error: connect ECONNREFUSED 10.43.0.5:5432', 1, db(true)));
  expect(finding?.severity).toBe('warning');
  expect(finding?.text.en[0]).toContain('ready now');
});

test('a crash while its database is still starting is no error', () => {
  const state = falls('Error: connect ECONNREFUSED 10.43.0.5:5432', 1, [
    pod({ app: 'db', age: 20, isReady: false, container: { image: 'postgres:18' } }),
    service('db', { clusterIP: '10.43.0.5', ports: [{ port: 5432, targetPort: 5432 }] }),
  ]);
  expect(diagnose(state).map((finding) => [finding.severity, finding.text.en[0]])).toEqual([
    ['warning', '"db", which the program needs, is still starting.'],
  ]);
});

test('a new version that fails beside the old one says so', () => {
  const state = recorded([
    ...deployment(),
    set('api', '7f6b5c4d3e', '2'),
    pod(),
    pod({
      hash: '7f6b5c4d3e',
      age: 60,
      phase: 'Pending',
      isReady: false,
      status: {
        state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off pulling image "lea/api:2": not found' } },
      },
    }),
  ]);
  expect(diagnose(state)[0]?.text.en[0]).toContain('The old version still serves');
});

test('what one finding explains does not fill the screen again', () => {
  const claim = {
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', creationTimestamp: ago(100) },
    spec: { storageClassName: 'rapide' },
    status: { phase: 'Pending' },
  };
  const waiting = pod({
    phase: 'Pending',
    isReady: false,
    status: {},
    spec: {
      volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'data' } }],
      containers: [{ name: 'api', image: 'lea/api:1' }],
    },
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.',
      },
    ],
  });
  const failed = event(
    { kind: 'PersistentVolumeClaim', name: 'data' },
    'ProvisioningFailed',
    'storageclass.storage.k8s.io "rapide" not found',
  );
  expect(diagnose(recorded([claim, waiting, failed, service()])).map((finding) => finding.id)).toEqual([
    'volume-class',
  ]);
});

test('the report is one screen, however much is wrong', () => {
  const objects = Array.from({ length: 20 }, (_, index) =>
    pod({
      app: `api${index}`,
      phase: 'Pending',
      isReady: false,
      age: 120,
      status: { state: { waiting: { reason: 'ErrImagePull', message: `"lea/api${index}:1": not found` } } },
    }),
  );
  const state = recorded(objects);
  const lines = screen(diagnose(state), state, 'fr', []).split('\n');
  expect(lines.length).toBeLessThanOrEqual(40);
  expect(lines.at(-1)).toMatch(/et \d+ de plus/);
});

test('an empty namespace is not called well', () => {
  const state = recorded([]);
  expect(screen([], state, 'en', [])).toContain('Nothing is deployed here');
});

test('addresses are read out of the scripts of a page that was built', () => {
  const page = '<!doctype html><script type="module" src="/assets/index-a1.js"></script>';
  expect(callsOf(page, () => 'fetch("http://localhost:8000/api")')).toEqual(['http://localhost:8000/api']);
  expect(callsOf(page, () => 'new URL(e,"http://localhost")')).toEqual([]);
  expect(callsOf(`${page}<script src="/env.js"></script>`, () => 'fetch("http://localhost:8000/api")')).toEqual([]);
});
