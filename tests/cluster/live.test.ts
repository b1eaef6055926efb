import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../backend/test/support/process.ts';
import { root } from '../project-copy.ts';
import { type Application, prepareApplication } from './cluster.ts';

/* `kit check --live` on mistakes that are deployed for real: what it says beside what kubectl shows. */

let app: Application;
beforeAll(() => {
  app = prepareApplication('live');
});
afterAll(() => {
  app.remove();
});

interface Finding {
  rule: string;
  severity: string;
  file: string;
  message: string;
  consequence: string;
  fix: string;
}

/** What the doctor says of the namespace, as a student who may see no other. */
function doctor(): { findings: Finding[]; said: string; code: number | null } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, 'kit/src/main.ts'), 'check', '--live', '--lang', 'en', '--format', 'json'],
    { cwd: app.project, env: app.env, encoding: 'utf8' },
  );
  if (!stdout.startsWith('{')) throw new Error(stdout + stderr);
  return { findings: (JSON.parse(stdout) as { findings: Finding[] }).findings, said: stdout, code: status };
}

const image = 'ragatzino/backend-demo-conception-logicielle';
const password = 'Soleil-levant-a-l-est-35';
const serve = (status: number) =>
  `require('node:http').createServer((_, answer) => answer.writeHead(${status}).end()).listen(8000)`;

/** A Deployment of one pod that Pod Security "restricted" lets in, and what is different in it. */
function deployment(name: string, container: object, pod: object = {}) {
  const restricted = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const own = {
    name,
    image: `${image}:latest`,
    imagePullPolicy: 'IfNotPresent',
    command: ['node', '-e', serve(200)],
    securityContext: restricted,
    ...container,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 1,
          securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
          ...pod,
          containers: [own],
        },
      },
    },
  };
}
const service = (name: string, app: string, targetPort: number) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector: { app }, ports: [{ port: 80, targetPort }] },
});
const crashing = (script: string) => ({ command: ['node', '-e', script] });

/** A mistake: its objects, what kubectl shows of it, and what the doctor must say. */
const mistakes: Record<string, { objects: object[]; kubectl: string[]; shows: RegExp; says: RegExp }> = {
  'a tag that does not exist': {
    objects: [deployment('tag', { image: `${image}:n-existe-pas` })],
    kubectl: ['get', 'pods', '-l', 'app=tag'],
    shows: /ErrImagePull|ImagePullBackOff/,
    says: /n-existe-pas/,
  },
  'a program that ends': {
    objects: [deployment('ends', crashing(`console.error("KeyError: 'API_TOKEN'"); process.exit(1)`))],
    kubectl: ['get', 'pods', '-l', 'app=ends'],
    shows: /CrashLoopBackOff|Error/,
    says: /KeyError: 'API_TOKEN'/,
  },
  'a program that the image lacks': {
    objects: [deployment('lacks', { command: ['uvicorn', 'main:app'] })],
    kubectl: ['describe', 'pods', '-l', 'app=lacks'],
    shows: /executable file not found in \$PATH/,
    says: /uvicorn/,
  },
  'a Secret that is not there': {
    objects: [deployment('secret', { envFrom: [{ secretRef: { name: 'absent' } }] })],
    kubectl: ['get', 'pods', '-l', 'app=secret'],
    shows: /CreateContainerConfigError/,
    says: /absent/,
  },
  'too little memory': {
    objects: [
      deployment('memory', {
        ...crashing('const held = []; for (;;) held.push(Buffer.alloc(5e6, 1))'),
        resources: { limits: { memory: '64Mi' } },
      }),
    ],
    kubectl: ['get', 'pods', '-l', 'app=memory', '-o', 'yaml'],
    shows: /OOMKilled/,
    says: /64Mi|OOMKilled/,
  },
  'more than any node has': {
    objects: [deployment('large', { resources: { requests: { cpu: '500' } } })],
    kubectl: ['describe', 'pods', '-l', 'app=large'],
    shows: /Insufficient cpu/,
    says: /500|cpu/i,
  },
  'a readiness probe on a path that is not served': {
    objects: [
      deployment('probe', {
        command: ['node', '-e', serve(404)],
        readinessProbe: { httpGet: { path: '/pret', port: 8000 }, periodSeconds: 1 },
      }),
    ],
    kubectl: ['describe', 'pods', '-l', 'app=probe'],
    shows: /Readiness probe failed: HTTP probe failed with statuscode: 404/,
    says: /\/pret/,
  },
  'a liveness probe on a port where nobody listens': {
    objects: [
      deployment('lives', { livenessProbe: { tcpSocket: { port: 9999 }, periodSeconds: 1, failureThreshold: 2 } }),
    ],
    kubectl: ['describe', 'pods', '-l', 'app=lives'],
    shows: /failed liveness probe, will be restarted/,
    says: /9999/,
  },
  'root, which the namespace forbids': {
    objects: [deployment('root', {}, { securityContext: { runAsUser: 0 } })],
    kubectl: ['describe', 'replicasets', '-l', 'app=root'],
    shows: /violates PodSecurity "restricted/,
    says: /runAsNonRoot|root|PodSecurity/,
  },
  'a volume of a class that is not there': {
    objects: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'disk' },
        spec: {
          storageClassName: 'tres-rapide',
          accessModes: ['ReadWriteOnce'],
          resources: { requests: { storage: '1Gi' } },
        },
      },
      deployment('volume', {}, { volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'disk' } }] }),
    ],
    kubectl: ['describe', 'pvc', 'disk'],
    shows: /"tres-rapide" not found/,
    says: /tres-rapide/,
  },
  'a Service that selects no pod': {
    objects: [service('selects', 'backnd', 8000)],
    kubectl: ['get', 'endpointslices', '-l', 'kubernetes.io/service-name=selects'],
    shows: /<unset>/,
    says: /backnd/,
  },
  'a Service that leads to another port': {
    objects: [deployment('port', {}), service('port', 'port', 3000)],
    kubectl: ['get', 'endpointslices', '-l', 'kubernetes.io/service-name=port'],
    shows: / 3000 +\d/,
    says: /3000/,
  },
  'an Ingress to a Service that is not there': {
    objects: [
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'Ingress',
        metadata: { name: 'nowhere' },
        spec: {
          rules: [
            {
              host: 'nowhere-archi-live.kub.sspcloud.fr',
              http: {
                paths: [
                  { path: '/', pathType: 'Prefix', backend: { service: { name: 'bakend', port: { number: 80 } } } },
                ],
              },
            },
          ],
        },
      },
    ],
    kubectl: ['describe', 'ingress', 'nowhere'],
    shows: /bakend:80 \(<error: services? "bakend" not found>\)/,
    says: /bakend/,
  },
  'a password that a program shows when it ends': {
    objects: [
      { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'base' }, stringData: { PASSWORD: password } },
      deployment('shows', {
        ...crashing(
          'console.error(`connection refused: postgres://archi:${process.env.PASSWORD}@10.255.255.1:5432/archi, password ${process.env.PASSWORD}`); process.exit(1)',
        ),
        envFrom: [{ secretRef: { name: 'base' } }],
      }),
    ],
    kubectl: ['logs', 'deployment/shows'],
    shows: new RegExp(password),
    says: /connection refused|10\.255\.255\.1/,
  },
};

test('of the application as it is deployed, there is nothing to say', async () => {
  app.kubectl('apply', '-f', 'k8s/');
  app.rolledOut('backend', 'frontend');
  await until(() => {
    expect(doctor()).toMatchObject({ findings: [], code: 0 });
    return true;
  }, 30_000);
});

test('a ConfigMap that is newer than the pods that read it', () => {
  app.kubectl('patch', 'configmap', 'configuration-backend', '-p', '{"data":{"APP_TITLE":"Newer"}}');
  const { findings, code } = doctor();
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ severity: 'warning', fix: expect.stringContaining('rollout restart') as string });
  expect(code).toBe(0);
  app.kubectl('rollout', 'restart', 'deployment/backend');
  app.rolledOut('backend');
});

test('each of many mistakes is told, as kubectl shows it, and no password', async () => {
  const objects = Object.values(mistakes).flatMap((mistake) => mistake.objects);
  writeFileSync(join(app.project, 'mistakes.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  app.kubectl('apply', '-f', 'mistakes.json');
  for (const [name, { kubectl, shows }] of Object.entries(mistakes))
    await until(() => {
      const shown = app.kubectl(...kubectl);
      if (!shows.test(shown)) throw new Error(`${name}\n${shown}`);
      return true;
    }, 60_000);
  await until(() => {
    const { findings, said } = doctor();
    expect(said).not.toContain(password);
    for (const [name, mistake] of Object.entries(mistakes)) {
      const names = mistake.objects.map((object) => (object as { metadata: { name: string } }).metadata.name);
      const own = findings.filter(({ file }) => names.some((each) => new RegExp(`/${each}\\b`).test(file)));
      expect(
        own.map(({ message, consequence, fix }) => `${message}\n${consequence}\n${fix}`).join('\n'),
        `${name}\n${JSON.stringify(findings, null, 1)}`,
      ).toMatch(mistake.says);
    }
    return true;
  }, 60_000);
});
