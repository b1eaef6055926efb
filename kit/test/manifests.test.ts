import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { examine } from '../src/check/command.ts';

/* What this repository's own manifests promise, as far as it shows without a cluster. */

const root = path.join(import.meta.dirname, '../..');
const k8s = readdirSync(path.join(root, 'k8s'));

interface Container {
  name: string;
  securityContext: object;
  resources: { requests: object; limits: object };
  readinessProbe: Probe;
  startupProbe: Probe;
  livenessProbe?: Probe;
}
interface Probe {
  httpGet: { path: string; port: string };
}
interface Workload {
  kind: string;
  metadata: { name: string };
  spec: {
    replicas: number;
    strategy: object;
    template: { spec: { automountServiceAccountToken: boolean; securityContext: object; containers: Container[] } };
  };
}

const read = (file: string) =>
  parseAllDocuments(readFileSync(path.join(root, file), 'utf8')).map((document) => document.toJS() as Workload);
const api = read('k8s/backend-deployment.yaml')[0] as Workload;
const front = read('k8s/frontend-deployment.yaml')[0] as Workload;
const postgres = read('overlays/postgres/postgres-statefulset.yaml')[0] as Workload;

test('the doctor finds no fault in this repository', () => {
  // That the addresses are the course's own is what it says here, and should.
  expect(examine(root).findings.filter(({ rule }) => rule.id !== 'ingress-host')).toEqual([]);
});

test('k8s/ is flat, one resource a file, named for what it holds; kubectl and kustomize read the same files', () => {
  const files = k8s.filter((file) => file.endsWith('.yaml'));
  for (const file of files) {
    const [resource, ...others] = read(`k8s/${file}`);
    expect(others).toEqual([]);
    const kind = resource?.kind === 'PersistentVolumeClaim' ? 'pvc' : resource?.kind.toLowerCase();
    expect(file).toBe(`${resource?.metadata.name.replace('configuration-', '')}-${kind}.yaml`);
  }
  expect(k8s.filter((file) => !files.includes(file)).sort()).toEqual(['Kustomization', 'README.md']);
  const { resources } = parse(readFileSync(path.join(root, 'k8s/Kustomization'), 'utf8')) as { resources: string[] };
  expect(resources).toEqual(files.sort());
});

test.each([api, front, postgres])('the pods of $metadata.name run with as little as they can', ({ spec }) => {
  const pod = spec.template.spec;
  expect(pod.automountServiceAccountToken).toBe(false);
  // https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
  expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
  for (const container of pod.containers) {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    for (const bounds of [container.resources.requests, container.resources.limits]) {
      expect(Object.keys(bounds).sort()).toEqual(['cpu', 'memory']);
    }
  }
});

test('two pods each, and a new one is ready before an old one goes', () => {
  for (const { spec } of [api, front]) {
    expect(spec.replicas).toBe(2);
    expect(spec.strategy).toEqual({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } });
  }
});

test('readiness asks whether the work can be done, liveness only whether the process lives', () => {
  const paths = ({ spec }: Workload) => {
    const [container] = spec.template.spec.containers;
    return [container?.startupProbe, container?.readinessProbe, container?.livenessProbe].map(
      (probe) => probe?.httpGet.path,
    );
  };
  expect(paths(api)).toEqual(['/health', '/ready', '/health']);
  expect(paths(front)).toEqual(['/', '/healthz', '/']);
});

test('the limits of the API are those of the course', () => {
  expect(api.spec.template.spec.containers[0]?.resources.limits).toEqual({ cpu: '300m', memory: '200Mi' });
});

test('the pods on SQLite follow one another to the node of their volume', () => {
  expect(api.spec.template.spec).toMatchObject({
    affinity: {
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'backend' } }, topologyKey: 'kubernetes.io/hostname' },
        ],
      },
    },
    securityContext: { fsGroup: 10001, fsGroupChangePolicy: 'OnRootMismatch' },
    volumes: [{ persistentVolumeClaim: { claimName: 'backend' } }],
  });
});

test('no password is in git: the overlay takes it from a file that git ignores', () => {
  const { secretGenerator } = parse(
    readFileSync(path.join(root, 'overlays/postgres/kustomization.yaml'), 'utf8'),
  ) as Record<string, unknown>;
  expect(secretGenerator).toEqual([{ name: 'postgres', envs: ['secret.env'] }]);
  expect(readFileSync(path.join(root, '.gitignore'), 'utf8')).toMatch(/^secret\.env$/m);
  expect(readFileSync(path.join(root, 'overlays/postgres/secret.env.template'), 'utf8')).toMatch(/^PGPASSWORD=$/m);
});
