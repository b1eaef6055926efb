import { expect, test } from 'vitest';
import { diagnose } from '../src/check/live/diagnose.ts';
import { hide } from '../src/check/live/hide.ts';
import { complaint } from '../src/check/live/kubectl.ts';
import { wordsOf } from '../src/check/live/secrets.ts';
import type { LiveState } from '../src/check/live/state.ts';
import type { JsonObject } from '../src/check/read/yaml.ts';
import {
  ago,
  crashing,
  deployment,
  event,
  ingress,
  NGINX,
  pod,
  recorded,
  service,
  set,
  THE_POD,
  type PodParts,
} from './recorded.ts';

/** Texts as clusters and programs write them, and the part of each that nobody may see. */
const SECRET: [text: string, secret: string][] = [
  ['password=azerty12', 'azerty12'],
  ['API_KEY: abcdef123', 'abcdef123'],
  ['postgres://u:azerty12@h/d', 'azerty12'],
  ['"token": "abcdef123"', 'abcdef123'],
  ['postgresql://lea:p@ss:w/rd@db:5432/app', 'ss:w'],
  ['postgresql://lea:mot/de/passe@db:5432/app', 'passe@'],
  ['postgresql+asyncpg://lea:azerty@db/x', 'azerty'],
  ['mongodb+srv://lea:Hunter2!@cluster0.x.mongodb.net/?retryWrites=true', 'Hunter2'],
  ['redis://:s3cr3t@redis:6379/0', 's3cr3t'],
  [`https://ghp_${'a1B2'.repeat(9)}@github.com/x`, 'a1B2'],
  ['DATABASE_URL=postgres://lea:azert', 'azert'],
  ['invalid dsn: "host=db user=lea password=azerty12 dbname=x"', 'azerty12'],
  ['Server=db;User Id=sa;Password=Mon Mot;Database=x', 'Mon Mot'],
  ['{"password":"a \\"b\\" c"}', 'b'],
  ["{'DB_PASSWORD': 'hunter two'}", 'hunter'],
  ['{"name":"DB_PASSWORD","value":"azerty"}', 'azerty'],
  ['- name: DB_PASSWORD\n  value: azerty', 'azerty'],
  ["Settings(database_password='azerty', debug=True)", 'azerty'],
  ["SecretStr('azerty')", 'azerty'],
  ["input_value='azerty', input_type=str", 'azerty'],
  ["input_value={'password': 'azerty', 'x': 'toto'}, input_type=dict", 'azerty'],
  ['[parameters: {"pwd": "azerty", "n": "zorro"}]', 'zorro'],
  ['export JWT_SECRET=correct horse battery', 'horse'],
  ['MOT_DE_PASSE=azerty', 'azerty'],
  ['mot de passe : azerty', 'azerty'],
  ['le mot de passe est azerty', 'azerty'],
  ['Using password azerty12', 'azerty12'],
  ['password is hunter2', 'hunter2'],
  ["password 'hunter2' rejected", 'hunter2'],
  ['Authorization: Bearer abc.def.ghi', 'abc.def'],
  ['authorization: Basic bGVhOmF6ZXJ0eQ==', 'bGVhOm'],
  ['Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-def_ghi', 'eyJ'],
  ["headers: { authorization: 'Bearer abcdef123456' }", 'abcdef'],
  [`id AKIAIOSFODNN7EXAMPLE`, 'IOSFO'],
  ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'wJalr'],
  ['wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY', 'wJalr'],
  ['-----BEGIN PRIVATE KEY-----\nMIIEvQ\nabcd\n-----END PRIVATE KEY-----', 'MIIEvQ'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ\nabcd', 'abcd'],
  ['MIIEvQ\nabcd\n-----END PRIVATE KEY-----\nsuite', 'abcd'],
  ['key "-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADAN\\n-----END PRIVATE KEY-----\\n"', 'MIIE'],
  ['exec: "DB_PASSWORD=azerty": executable file not found', 'azerty'],
  ['redis-server --requirepass azerty', 'azerty'],
  ['mysqladmin ping -pazerty', 'azerty'],
  ['mysql -u root -p azerty', 'azerty'],
  ['curl -u lea:azerty http://x', 'azerty'],
  ['["redis-cli","-a","azerty"]', 'azerty'],
  ['--password azerty --x', 'azerty'],
  ['--db-password=azerty', 'azerty'],
  ['["--password","azerty"]', 'azerty'],
  ['connecting as lea:azerty@db:5432', 'azerty'],
  ['secret: Xk29fjLq83nZpQwe', 'Xk29'],
  ['value Xk29fjLq83nZpQwe9 ok', 'Xk29'],
  ['3f2504e04f8911d39a0c0305e82c3301', '3f2504'],
  ['key 3f2504e0-4f89-11d3-9a0c-0305e82c3301', '3f2504e0'],
  ['try Tr0ub4dor&3 again', 'Tr0ub'],
  ['connecting with P@ssw0rd!', 'ssw0rd'],
  ['<password>azerty</password>', 'azerty'],
  ['Password => "azerty"', 'azerty'],
  ["('password', 'azerty')", 'azerty'],
  [':password=>"azerty"', 'azerty'],
  ['{\\"password\\":\\"azerty\\"}', 'azerty'],
  ['clientSecret: azerty', 'azerty'],
  ['dbPassword = azerty', 'azerty'],
  ['spring.datasource.password=azerty', 'azerty'],
  ['PGPASSWORD=azerty psql -h db', 'azerty'],
  ['FLASK_SECRET_KEY=dev', 'dev'],
  ['SECRET_KEY: "django-insecure-abc"', 'insecure-abc'],
  ['NEXTAUTH_SECRET: Field required, got azerty', 'azerty'],
  ['{Password:azerty Host:db}', 'azerty'],
  ['Config{DBPassword:"azerty", Port:5432}', 'azerty'],
  ['password=azerty&user=x', 'azerty'],
  ['pass: azerty', 'azerty'],
  ['PASS=azerty', 'azerty'],
  ['REDIS_PASS: azerty', 'azerty'],
  ['{"auths":{"https://index.docker.io/v1/":{"auth":"bGVhOmF6ZXJ0eQ=="}}}', 'bGVh'],
  ['".dockerconfigjson":"eyJhdXRocyI6e319"', 'eyJh'],
  ['Get "https://lea:azerty@registry.example.org/v2/": dial tcp', 'azerty'],
  [`sk-proj-abcdefghij0123456789`, 'abcdef'],
  [`hf_abcdefghijklmnopqrstuv`, 'abcdef'],
  ['password="azerty', 'azerty'],
  ['unexpected value for DB_PASSWORD: azerty', 'azerty'],
  ['DB_PASSWORD (azerty) is too short', 'azerty'],
  ['DB_PASSWORD -> azerty', 'azerty'],
  ['DB_PASSWORD: str = "azerty"', 'azerty'],
  ['DB_PASSWORD | azerty', 'azerty'],
  ['  password   azerty', 'azerty'],
  ['token azertyuiop12', 'azertyuiop12'],
  ["process.env.API_TOKEN is 'azerty'", 'azerty'],
  ['POSTGRES_PASSWORD="mon mot de passe"', 'mon mot'],
  ["env: { POSTGRES_PASSWORD: 'azerty', PORT: '3000' }", 'azerty'],
  ['{"level":"info","msg":"config","config":{"db":{"host":"db","password":"azerty"}}}', 'azerty'],
  ['level=info msg=config db_password=azerty host=db', 'azerty'],
  ["config: Config(host='db', password='azerty')", 'azerty'],
  ['psycopg2.connect(host="db", user="lea", password="azerty")', 'azerty'],
  ['create_engine("postgresql://lea:azerty@db/app")', 'azerty'],
  ['PrismaClientInitializationError: invalid url postgresql://lea:azerty@db', 'azerty'],
  ['DATABASE_URL: postgresql://lea:azerty@db:5432/app?sslmode=disable', 'azerty'],
  ['Error: Invalid URL: postgres://lea:a#zerty@db', 'zerty'],
  ["input: 'postgres://lea:a#zerty@db'", 'zerty'],
  ['mysql://root:root@mysql:3306/app', 'root@'],
  ['DSN: lea:azerty@tcp(db:3306)/app', 'azerty'],
  ['amqp://guest:azerty@rabbit:5672//', 'azerty'],
  ['smtp://lea%40x.org:azerty@smtp.x.org:587', 'azerty'],
  ['Login with user lea and password azerty', 'azerty'],
  ['Admin password: azerty', 'azerty'],
  ['Generated password: Xk2p', 'Xk2p'],
  ['Please use the following setup token: abcd1234', 'abcd1234'],
  ['  http://127.0.0.1:8888/lab?token=0123456789abcdef', '0123456789abcdef'],
  ['JUPYTER token 0123456789abcdef0123', '0123456789abcdef0123'],
  ['Your API key is sk-abc', 'sk-abc'],
  ['api_key: zz9', 'zz9'],
  ['OPENAI_API_KEY=sk-xx', 'sk-xx'],
  ['x-access-token: abc', 'abc'],
  ['Cookie: a=b; c=d', 'a=b'],
  ['secretKey=azerty', 'azerty'],
  ['jwt.secret=azerty', 'azerty'],
  ['JWT secret: azerty', 'azerty'],
  ['jwtSecret -> "azerty"', 'azerty'],
  ['kubectl create secret generic x --from-literal=password=azerty', 'azerty'],
  ['-e POSTGRES_PASSWORD=azerty', 'azerty'],
  ["ALTER USER lea WITH PASSWORD 'azerty'", 'azerty'],
  ["CREATE USER lea IDENTIFIED BY 'azerty'", 'azerty'],
  ['AccountKey=abc+def/ghi==;EndpointSuffix=x', 'abc+def'],
  ['SharedAccessSignature=sv=1&sig=zz', 'zz'],
  ['PASSWORD = os.getenv("X", "azerty")', 'azerty'],
  ['os.environ["DB_PASSWORD"] = "azerty"', 'azerty'],
  ['assert password == "azerty"', 'azerty'],
  ['check_password(azerty)', 'azerty'],
  ['private_key_id: abc', 'abc'],
  ['"private_key": "-----BEGIN PRIVATE KEY-----\\nMIIE","client_email"', 'MIIE'],
  ['ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 lea@x', 'AAAAB3NzaC1yc2E'],
  ['$2b$12$KIXQ8Zr9Zr9Zr9Zr9Zr9ZuZr9Zr9Zr9Zr9Zr9Zr9Zr9Zr9Zr9Zr9', 'KIXQ8'],
  ['password%3Dazerty', 'azerty'],
  ['redis.exceptions.AuthenticationError: invalid password azerty', 'azerty'],
  ['p\u0061ssword=azerty', 'azerty'],
  ['Mot de passe : « azerty »', 'azerty'],
  ['Le mot de passe (azerty) est faux', 'azerty'],
  ['PASSWORD\tazerty', 'azerty'],
  ['DB_PASSWORD azerty', 'azerty'],
  ['DB_PASSWORD     | azerty12', 'azerty12'],
  ['ENV DB_PASSWORD azerty', 'azerty'],
  ['| DB_PASSWORD | azerty |', 'azerty'],
  ['DB_PASSWORD:\n  azerty', 'azerty'],
  ['password:\tazerty', 'azerty'],
  ['password:azerty', 'azerty'],
  ["password='azerty'", 'azerty'],
  ['password = `azerty`', 'azerty'],
  ['{ password: <Buffer 61 7a> }', '61 7a'],
  ['auth=("lea", "azerty")', 'azerty'],
  ["auth: { user: 'lea', pass: 'azerty' }", 'azerty'],
  ["credentials: ['lea', 'azerty']", 'azerty'],
];

test.each(SECRET)('hidden in %j', (text, secret) => {
  expect(hide(text)).not.toContain(secret);
});

/** Texts that say what is wrong, and hold nothing to hide. */
const PLAIN = [
  "ModuleNotFoundError: No module named 'fastapi'",
  "KeyError: 'DB_PASSWORD'",
  'secret "base" not found',
  'configmap "api-config" not found',
  "couldn't find key DB_PASSWORD in Secret user-lea/base",
  'FATAL:  password authentication failed for user "lea"',
  'Missing secret: DB_PASSWORD',
  'Environment variable not found: DATABASE_URL.',
  'error: Environment variable not found: DATABASE_URL.',
  'connection to server at "db" (10.43.0.5), port 5432 failed: Connection refused',
  'Error: connect ECONNREFUSED 10.43.0.5:5432',
  'getaddrinfo ENOTFOUND postgres',
  'dial tcp 10.0.0.1:8000: connect: connection refused',
  'Liveness probe failed: Get "http://10.42.0.15:8000/health": dial tcp 10.42.0.15:8000: connect: connection refused',
  'Readiness probe failed: HTTP probe failed with statuscode: 404',
  'Back-off pulling image "docker.io/lea/api:1"',
  'failed to pull and unpack image "docker.io/lea/api:1.0.3": failed to resolve reference "docker.io/lea/api:1.0.3": docker.io/lea/api:1.0.3: not found',
  'File "/usr/local/lib/python3.12/site-packages/uvicorn/main.py", line 412, in main',
  'pods "api-7d9f8b6c5d-" is forbidden: exceeded quota: q, requested: limits.memory=500Mi, used: limits.memory=0, limited: limits.memory=200Mi',
  '0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available',
  'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "api" must set securityContext.allowPrivilegeEscalation=false)',
  'container has runAsNonRoot and image will run as root (pod: "api-1_ns(uid)", container: api)',
  'initdb: error: directory "/var/lib/postgresql/data" exists but is not empty',
  '2026/11/26 15:00:00 [emerg] 1#1: host not found in upstream "api" in /etc/nginx/conf.d/default.conf:5',
  'sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) could not translate host name "postgres" to address: Name or service not known',
  "Error: Cannot find module '/app/dist/main.js'",
  'exec /usr/local/bin/node: exec format error',
  "KeyError: 'SECRET_KEY'",
  'database "app" does not exist',
  'pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings',
  'database_url\n  Field required [type=missing]',
  'The SECRET_KEY setting must not be empty.',
  'DB_PASSWORD is not set',
  'Error: DB_PASSWORD is required',
  'Error: Missing required environment variable: JWT_SECRET',
  'password_file=/run/secrets/db',
  'storageclass.storage.k8s.io "rapide" not found',
  'toomanyrequests: You have reached your unauthenticated pull rate limit',
  'npm error Missing script: "start:prod"',
  '2026-11-26T15:00:00.123456Z INFO starting',
  'vite v5.4.1 building',
  'unauthorized: authentication required',
  'insufficient_scope: authorization failed',
  'Uvicorn running on http://0.0.0.0:8000 (Press CTRL+C to quit)',
  "PermissionError: [Errno 13] Permission denied: '/data/app.db'",
  'Failed to authorize: failed to fetch anonymous token: unexpected status: 401 Unauthorized',
  'token expired',
  'exec: "uvicorn": executable file not found in $PATH',
  'OCI runtime create failed: runc create failed: unable to start container process',
  'You need to specify POSTGRES_PASSWORD to a non-empty value for the superuser.',
  'superuser password is not specified',
  'Pool overlaps with other one on this address space',
];

test.each(PLAIN)('kept: %j', (text) => {
  expect(hide(text)).toBe(text);
});

test('long lines are looked through in no time', () => {
  const start = performance.now();
  for (const text of ['a:b@', 'a.b-c_', '://a:b', 'A_B ', 'x=1 ', '"', '\\"', '-----BEGIN A-----'])
    hide(text.repeat(20_000));
  expect(performance.now() - start).toBeLessThan(3000);
});

function crash(container: JsonObject, log: string, more: Partial<LiveState> = {}): string {
  const state: LiveState = {
    namespace: 'user-lea',
    objects: [
      {
        kind: 'Pod',
        metadata: { name: 'api-7d9f8b6c5d-x2x4q' },
        spec: { containers: [{ name: 'api', image: 'lea/api:1', ...container }] },
        status: {
          phase: 'Running',
          containerStatuses: [
            {
              name: 'api',
              restartCount: 2,
              state: { waiting: { reason: 'CrashLoopBackOff', message: log } },
              lastState: { terminated: { reason: 'Error', exitCode: 1, message: log } },
            },
          ],
        },
      },
      ...(more.objects ?? []),
    ],
    logs: { 'api-7d9f8b6c5d-x2x4q/api': log },
    changed: {},
    services: {},
    addresses: {},
    foreignHosts: {},
    ...(more.spoken ? { spoken: more.spoken } : {}),
    ...(more.secrets ? { secrets: more.secrets } : {}),
  };
  return JSON.stringify(diagnose(state));
}

test('values that stand in manifests are hidden wherever they come back, in whatever form', () => {
  const env = [
    { name: 'DATABASE_URL', value: 'postgres://lea:maisonbleue@db/app' },
    { name: 'MOT_DE_PASSE', value: 'soleil couchant' },
  ];
  const log = `lu : maisonbleue\n${Buffer.from('maisonbleue').toString('base64')}\nsoleil couchant / soleil%20couchant\nboum`;
  const told = crash({ env, args: ['--admin-password', 'petitpoisson'] }, `${log} petitpoisson`);
  expect(told).toContain('boum');
  for (const secret of [
    'maisonbleue',
    'soleil',
    'couchant',
    'petitpoisson',
    Buffer.from('maisonbleue').toString('base64'),
  ])
    expect(told).not.toContain(secret);
});

test('ConfigMaps that hold secrets tell which values to hide', () => {
  const map: JsonObject = {
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    data: { JWT_SECRET: 'ventdouest', TITLE: 'Recettes' },
  };
  const told = crash({}, 'signed with ventdouest for Recettes', { objects: [map] });
  expect(told).not.toContain('ventdouest');
  expect(told).toContain('Recettes');
});

test('files in ConfigMaps tell as much', () => {
  const map: JsonObject = {
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    data: {
      '.env': 'TITLE=Recettes\nDB_PASSWORD=ventdouest\n',
      'app.yaml': 'db:\n  url: postgres://lea:ventdest@db/app\n  password: "ventdusud"\n',
      'conf.json': '{"title": "Recettes", "jwtSecret": "ventdunord"}',
    },
  };
  const told = crash({}, 'got ventdouest ventdest ventdusud ventdunord for Recettes', { objects: [map] });
  expect(told).not.toMatch(/ventd/);
  expect(told).toContain('Recettes');
});

test('words that kubectl says are values of Secrets are hidden, however plain', () => {
  expect(crash({}, 'bad phrase mot simple', { spoken: ['mot simple'] })).not.toContain('simple');
});

test('kubectl is asked about words of the right length only, whole ones', () => {
  const words = wordsOf(['le mot simple, ici', 'x:été9@y'], new Set([10, 6]));
  expect(words).toContain('mot simple');
  expect(words).toContain('simple');
  expect(words).toContain('été9');
  expect(words).not.toContain('ot sim');
  expect(wordsOf(['le mot'], new Set([3]))).toEqual([]);
});

test('the keys of Secrets, and the variables they fill, announce values to hide', () => {
  const env = [{ name: 'PHRASE', valueFrom: { secretKeyRef: { name: 's', key: 'phrase' } } }];
  const told = crash({ env }, "PHRASE=ventdest, code-du-coffre: 'ventdusud'", {
    secrets: { s: { type: 'Opaque', keys: ['code-du-coffre'] } },
  });
  expect(told).not.toMatch(/ventdest|ventdusud/);
});

test('colours neither hide a secret from the doctor nor reach the screen', () => {
  expect(hide('\u001b[31mpassword\u001b[0m=\u001b[32mazerty\u001b[0m')).toBe('password=••••');
  expect(hide('titre \u001b]0;piège\u0007 fin\u0008')).toBe('titre  fin');
});

test('a short secret is not looked for within other words', () => {
  const told = crash({ env: [{ name: 'DB_PASSWORD', value: 'test' }] }, 'pulled latest with test');
  expect(told).toContain('latest with ••••');
});

test('a secret is hidden before its line is cut, so that the cut does not hide what announces it', () => {
  const told = crash({}, `${'x '.repeat(90)}postgres://lea:${'motdepasse'.repeat(20)}@db/app`);
  expect(told).not.toContain('motdepasse');
});

test('what stands in the place of an image may be anything', () => {
  for (const image of ['https://lea:azerty@registry.example.org/api:1', 'PASSWORD=azerty', 'lea:azerty@registry']) {
    const status = { name: 'api', state: { waiting: { reason: 'InvalidImageName', message: image } } };
    const objects: JsonObject[] = [
      {
        kind: 'Pod',
        metadata: { name: 'p' },
        spec: { containers: [{ name: 'api', image }] },
        status: { phase: 'Pending', containerStatuses: [status] },
      },
    ];
    const state = { namespace: 'n', objects, logs: {}, changed: {}, services: {}, addresses: {}, foreignHosts: {} };
    expect(JSON.stringify(diagnose(state))).toContain('image-name');
    expect(JSON.stringify(diagnose(state))).not.toContain('azerty');
  }
});

test('names of pods, Services and images stay readable', () => {
  expect(crash({}, 'boum')).toContain('pod/api-7d9f8b6c5d-x2x4q');
});

test('kubectl’s own complaint is its last line, without secrets', () => {
  const error =
    'E1126 15:00:00.000000 1 memcache.go:265] "Unhandled Error" err="x"\nUnable to connect to the server: Get "https://lea:azerty@kube/api": dial tcp: lookup kube: no such host';
  expect(complaint({ ok: false, out: '', error })).toMatch(/^Unable to connect/);
  expect(complaint({ ok: false, out: '', error })).not.toContain('azerty');
});

/** Ways to write a secret down. */
const shapes = (s: string): string[] => [
  `postgres://lea:${s}@db:5432/app`,
  `https://api.x.org/?token=${s}`,
  `PASSWORD=${s}`,
  `{"password":"${s}"}`,
  `--password ${s}`,
  `Authorization: Bearer ${s}`,
  `password: ${s}`,
  `db_password='${s}'`,
  `redis://:${s}@redis`,
  `user:${s}@host`,
];

/** A pod that waits for a reason. */
const waits = (reason: string, message: string, more: PodParts = {}): JsonObject =>
  pod({ phase: 'Pending', isReady: false, age: 120, ...more, status: { state: { waiting: { reason, message } } } });

/** Namespaces in which a text stands in one of the places that the doctor reads, and a secret in a variable. */
const places = (t: string, s: string): LiveState[] => [
  recorded([waits('InvalidImageName', `couldn't parse ${t}`, { container: { image: t } })]),
  recorded([waits('ErrImagePull', `failed to do request: Head "${t}": dial tcp`)]),
  recorded([waits('CreateContainerConfigError', `bad ${t}`)]),
  recorded([waits('RunContainerError', `exec: "${t}": executable file not found in $PATH`)]),
  recorded([waits('RunContainerError', `runc: unable: ${t}`)]),
  recorded([waits('ContainerCreating', ''), event(THE_POD, 'FailedMount', `MountVolume.SetUp failed: ${t}`)]),
  recorded([pod({ isReady: false, status: crashing(1) })], {
    logs: { 'api-5d9c7b8f6d-x2x4q/api': `start\n${t}\nboum` },
  }),
  recorded([pod({ isReady: false, status: crashing(1) })], {
    logs: { 'api-5d9c7b8f6d-x2x4q/api': `Error: ${t} connection refused` },
  }),
  recorded([pod({ isReady: false, status: crashing(1, { message: t }) })]),
  recorded([pod({ isReady: false, status: crashing(0) })], { logs: { 'api-5d9c7b8f6d-x2x4q/api': t } }),
  recorded([pod({ isReady: false }), event(THE_POD, 'Unhealthy', `Readiness probe failed: ${t}`)]),
  recorded([
    pod({ isReady: false, status: crashing(137) }),
    event(THE_POD, 'Unhealthy', `Liveness probe failed: Get "${t}"`),
  ]),
  recorded([
    ...deployment().slice(0, 1),
    {
      ...set('api', '5d9c7b8f6d', '1'),
      status: {
        replicas: 0,
        conditions: [
          { type: 'ReplicaFailure', status: 'True', message: `admission webhook "x" denied the request: ${t}` },
        ],
      },
    },
  ]),
  recorded(
    deployment('api', {
      status: {
        availableReplicas: 0,
        conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded', message: t }],
      },
    }),
  ),
  recorded([
    pod({ container: { env: [{ name: 'VITE_API_URL', value: `http://lea:${s}@api:8000/?k=${s}` }] } }),
    service(),
  ]),
  recorded([pod({ container: { env: [{ name: 'API_URL', value: `http://lea:${s}@api:8000/?k=${s}` }] } }), service()]),
  recorded([pod(), service(), ingress('a.example.org'), NGINX], {
    services: { api: { status: 200, failure: undefined, title: 'Recettes' } },
    addresses: { 'https://a.example.org/': { status: 200, failure: undefined, title: `Autre ${t}` } },
  }),
  recorded([pod(), service()], {
    services: {
      api: {
        status: undefined,
        failure: `Get ${t}: dial tcp 10.0.0.1:8000: connect: connection refused ${t}`,
        title: undefined,
      },
    },
  }),
  recorded([
    {
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'd', creationTimestamp: ago(100) },
      spec: {},
      status: { phase: 'Pending' },
    },
    event({ kind: 'PersistentVolumeClaim', name: 'd' }, 'ProvisioningFailed', `failed: ${t}`),
  ]),
  recorded([
    {
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h' },
      spec: { scaleTargetRef: { kind: 'Deployment', name: 'api' } },
      status: {
        conditions: [{ type: 'ScalingActive', status: 'False', reason: 'x', message: t, lastTransitionTime: ago(900) }],
      },
    },
  ]),
  recorded([
    { kind: 'CronJob', metadata: { name: 'n' }, spec: {} },
    {
      kind: 'Job',
      metadata: { name: 'n-1', creationTimestamp: ago(90), ownerReferences: [{ kind: 'CronJob', name: 'n' }] },
      status: { conditions: [{ type: 'Failed', status: 'True', message: t, lastTransitionTime: ago(80) }] },
    },
  ]),
  recorded([
    pod({
      phase: 'Failed',
      age: 900,
      status: {},
      more: { reason: 'Evicted', message: t },
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(300) }],
    }),
  ]),
];

test.each(['azerty', 'Fr@mboise77', 'p/w:d@x', 'motdepasse'])('wherever %s stands, it is not shown', (secret) => {
  for (const text of shapes(secret)) {
    for (const state of places(text, secret)) expect(JSON.stringify(diagnose(state))).not.toContain(secret);
  }
});
