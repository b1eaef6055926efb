import { expect, test } from 'vitest';
import { diagnose } from '../src/check/live/diagnose.ts';
import { kubectl } from '../src/check/live/kubectl.ts';
import type { LiveState } from '../src/check/live/state.ts';
import type { JsonObject } from '../src/check/read/yaml.ts';
import { timeless as state } from './recorded.ts';

function pod(
  status: JsonObject,
  container: JsonObject = {},
  phase = 'Running',
  conditions: JsonObject[] = [],
): JsonObject {
  return {
    kind: 'Pod',
    metadata: { name: 'api-1', labels: { app: 'api' } },
    spec: { containers: [{ name: 'api', image: 'lea/api:1', ...container }] },
    status: { phase, conditions, containerStatuses: [{ name: 'api', restartCount: 0, ...status }] },
  };
}

const READY: JsonObject[] = [{ type: 'Ready', status: 'True' }];
const waiting = (reason: string, message = ''): JsonObject => ({ state: { waiting: { reason, message } } });
const service: JsonObject = {
  kind: 'Service',
  metadata: { name: 'api' },
  spec: { selector: { app: 'api' }, ports: [{ port: 80, targetPort: 8000 }] },
};
const slice: JsonObject = {
  kind: 'EndpointSlice',
  metadata: { labels: { 'kubernetes.io/service-name': 'api' } },
  ports: [{ port: 8000 }],
  endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
};
const ids = (live: LiveState) => diagnose(live).map((finding) => finding.id);

test.each([
  [
    'image-not-found',
    pod(waiting('ImagePullBackOff', 'failed to pull and unpack image "x": not found'), {}, 'Pending'),
  ],
  ['image-never-pull', pod(waiting('ErrImageNeverPull'), {}, 'Pending')],
  ['image-architecture', pod(waiting('ErrImagePull', 'no match for platform in manifest'), {}, 'Pending')],
  ['config-missing', pod(waiting('CreateContainerConfigError', 'secret "base" not found'), {}, 'Pending')],
  [
    'oom-killed',
    pod({
      restartCount: 3,
      lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } },
      ...waiting('CrashLoopBackOff'),
    }),
  ],
  [
    'crash',
    pod({
      restartCount: 2,
      lastState: { terminated: { reason: 'Error', exitCode: 1 } },
      ...waiting('CrashLoopBackOff'),
    }),
  ],
  [
    'ends-at-once',
    pod({
      restartCount: 2,
      lastState: { terminated: { reason: 'Completed', exitCode: 0 } },
      ...waiting('CrashLoopBackOff'),
    }),
  ],
  [
    'unschedulable',
    pod({}, {}, 'Pending', [
      { type: 'PodScheduled', status: 'False', message: '0/3 nodes are available: 3 Insufficient memory.' },
    ]),
  ],
  [
    'volume-missing',
    pod({}, {}, 'Pending', [
      { type: 'PodScheduled', status: 'False', message: 'persistentvolumeclaim "data" not found' },
    ]),
  ],
])('%s', (id, object) => {
  expect(ids(state([object]))).toEqual([id]);
});

test('the last lines of a crash are shown, without their secrets', () => {
  const object = pod({
    restartCount: 1,
    lastState: { terminated: { reason: 'Error', exitCode: 1 } },
    ...waiting('CrashLoopBackOff'),
  });
  const [finding] = diagnose(
    state([object], { logs: { 'api-1/api': 'start\npostgresql://lea:motdepasse@db/x\nKeyError: X' } }),
  );
  expect(finding?.text.fr[1]).toContain('KeyError: X');
  expect(finding?.text.fr[1]).not.toContain('motdepasse');
});

test('exec format error tells of the processor', () => {
  const object = pod({
    restartCount: 1,
    lastState: { terminated: { reason: 'Error', exitCode: 1 } },
    ...waiting('CrashLoopBackOff'),
  });
  expect(ids(state([object], { logs: { 'api-1/api': 'exec /usr/local/bin/node: exec format error' } }))).toEqual([
    'exec-format',
  ]);
});

test('a Service without pods, one whose port nobody listens on, one that is well', () => {
  const ready = pod({ ready: true, state: { running: {} } }, {}, 'Running', READY);
  expect(ids(state([{ ...service, spec: { selector: { app: 'x' } } }, ready]))).toEqual(['service-selector']);
  expect(
    ids(
      state([service, ready, slice], {
        services: {
          api: { status: undefined, failure: 'dial tcp 10.0.0.1:8000: connect: connection refused', title: undefined },
        },
      }),
    ),
  ).toEqual(['service-refused']);
  expect(
    ids(state([service, ready, slice], { services: { api: { status: 200, failure: undefined, title: undefined } } })),
  ).toEqual([]);
});

test('pods that fail are told, not the Service that has none of them', () => {
  expect(ids(state([service, pod(waiting('ImagePullBackOff'), {}, 'Pending')]))).toEqual(['image-not-found']);
});

test('a ConfigMap newer than the pods asks for a restart', () => {
  const object = pod(
    { ready: true, state: { running: { startedAt: '2026-01-01T10:00:00Z' } } },
    { envFrom: [{ configMapRef: { name: 'c' } }] },
    'Running',
    READY,
  );
  expect(ids(state([object], { changed: { 'ConfigMap/c': '2026-01-01T11:00:00Z' } }))).toEqual(['restart-needed']);
  expect(ids(state([object], { changed: { 'ConfigMap/c': '2026-01-01T09:00:00Z' } }))).toEqual([]);
});

test('an address that another namespace owns, or that shows another application', () => {
  const ingress: JsonObject = {
    kind: 'Ingress',
    metadata: { name: 'api' },
    spec: {
      rules: [
        {
          host: 'api.example.org',
          http: { paths: [{ path: '/', backend: { service: { name: 'api', port: { number: 80 } } } }] },
        },
      ],
    },
  };
  const ready = pod({ ready: true, state: { running: {} } }, {}, 'Running', READY);
  expect(ids(state([service, ready, slice, ingress], { foreignHosts: { 'api.example.org': 'user-tom' } }))).toEqual([
    'ingress-host-taken',
  ]);
  const reply = (title: string) => ({ status: 200, failure: undefined, title });
  expect(
    ids(
      state([service, ready, slice, ingress], {
        services: { api: reply('Léa') },
        addresses: { 'https://api.example.org/': reply('Tom') },
      }),
    ),
  ).toEqual(['ingress-other']);
});

test('quotas are told with their figures', () => {
  const set: JsonObject = {
    kind: 'ReplicaSet',
    metadata: { name: 'api-1', ownerReferences: [{ kind: 'Deployment', name: 'api' }] },
    spec: { replicas: 1 },
    status: {
      conditions: [
        {
          type: 'ReplicaFailure',
          status: 'True',
          message:
            'pods "api" is forbidden: exceeded quota: q, requested: limits.memory=500Mi, used: limits.memory=0, limited: limits.memory=200Mi',
        },
      ],
    },
  };
  expect(ids(state([set]))).toEqual(['quota']);
});

test('only commands that look are run', () => {
  expect(() => kubectl(['delete', 'pod', 'x'])).toThrow('may change the cluster');
});
