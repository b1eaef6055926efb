import type { LiveState } from '../src/check/live/state.ts';
import type { JsonObject } from '../src/check/read/yaml.ts';

/** When the recorded namespaces were looked at. */
export const NOW = '2026-01-01T12:00:00Z';

/** A time so many seconds before that. */
export function ago(seconds: number): string {
  return new Date(Date.parse(NOW) - seconds * 1000).toISOString().replace('.000Z', 'Z');
}

/** A state with these objects, looked at nobody knows when; logs, times and answers as given. */
export function timeless(objects: JsonObject[], more: Partial<LiveState> = {}): LiveState {
  return {
    namespace: 'user-lea',
    objects,
    logs: {},
    changed: {},
    services: {},
    addresses: {},
    foreignHosts: {},
    ...more,
  };
}

/** The same, looked at {@link NOW}, by somebody who may see all kinds and the names of Secrets. */
export function recorded(objects: JsonObject[], more: Partial<LiveState> = {}): LiveState {
  return timeless(objects, { now: NOW, secrets: {}, unseen: [], ...more });
}

/** A Deployment with its ReplicaSet (`api-5d9c7b8f6d`) and, below, the pod that `pod()` makes of it. */
export function deployment(
  name = 'api',
  more: { spec?: JsonObject; status?: JsonObject; template?: JsonObject; annotations?: JsonObject } = {},
): JsonObject[] {
  const template = {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name, image: `lea/${name}:1` }] },
    ...more.template,
  };
  return [
    {
      kind: 'Deployment',
      metadata: { name, creationTimestamp: ago(86_400), annotations: more.annotations ?? {} },
      spec: { replicas: 1, selector: { matchLabels: { app: name } }, template, ...more.spec },
      status: { replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, ...more.status },
    },
    set(name, '5d9c7b8f6d', '1'),
  ];
}

/** One of a Deployment's ReplicaSets. */
export function set(name: string, hash: string, revision: string, more: JsonObject = {}): JsonObject {
  return {
    kind: 'ReplicaSet',
    metadata: {
      name: `${name}-${hash}`,
      annotations: { 'deployment.kubernetes.io/revision': revision },
      ownerReferences: [{ kind: 'Deployment', name, controller: true }],
    },
    spec: {
      replicas: 1,
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: `lea/${name}:1` }] } },
    },
    status: { replicas: 1, readyReplicas: 1 },
    ...more,
  };
}

export interface PodParts {
  name?: string;
  app?: string;
  hash?: string;
  age?: number;
  phase?: string;
  container?: JsonObject;
  status?: JsonObject;
  spec?: JsonObject;
  init?: JsonObject[];
  conditions?: JsonObject[];
  isReady?: boolean;
  labels?: JsonObject;
  owner?: JsonObject;
  more?: JsonObject;
}

/** A pod of a Deployment; ready and quiet, unless said otherwise. */
export function pod(parts: PodParts = {}): JsonObject {
  const {
    app = 'api',
    hash = '5d9c7b8f6d',
    age = 3600,
    phase = 'Running',
    isReady = phase === 'Running' && parts.status?.ready !== false,
  } = parts;
  const running =
    phase === 'Running' ? { ready: isReady, started: true, state: { running: { startedAt: ago(age - 2) } } } : {};
  return {
    kind: 'Pod',
    metadata: {
      name: parts.name ?? `${app}-${hash}-x2x4q`,
      creationTimestamp: ago(age),
      labels: parts.labels ?? { app, 'pod-template-hash': hash },
      ownerReferences: [parts.owner ?? { kind: 'ReplicaSet', name: `${app}-${hash}`, controller: true }],
    },
    spec: { nodeName: 'node-1', containers: [{ name: app, image: `lea/${app}:1`, ...parts.container }], ...parts.spec },
    status: {
      phase,
      conditions: parts.conditions ?? [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
      containerStatuses: [
        { name: app, image: `docker.io/lea/${app}:1`, imageID: '', restartCount: 0, ...running, ...parts.status },
      ],
      ...(parts.init ? { initContainerStatuses: parts.init } : {}),
      ...parts.more,
    },
  };
}

/** A container that falls again and again, whose log is given to `recorded` under `api-5d9c7b8f6d-x2x4q/api`. */
export function crashing(code = 1, more: JsonObject = {}): JsonObject {
  return {
    ready: false,
    restartCount: 4,
    state: {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: 'back-off 1m20s restarting failed container=api pod=api-5d9c7b8f6d-x2x4q_user-lea(f00)',
      },
    },
    lastState: {
      terminated: {
        reason: code === 0 ? 'Completed' : 'Error',
        exitCode: code,
        startedAt: ago(40),
        finishedAt: ago(35),
        ...more,
      },
    },
  };
}

export function event(about: JsonObject, reason: string, message: string, age = 20, more: JsonObject = {}): JsonObject {
  return {
    kind: 'Event',
    metadata: { name: `${reason}.1` },
    type: 'Warning',
    reason,
    message,
    count: 3,
    firstTimestamp: ago(age + 60),
    lastTimestamp: ago(age),
    involvedObject: about,
    ...more,
  };
}

/** What an event is about: the pod that `pod()` makes. */
export const THE_POD: JsonObject = { kind: 'Pod', name: 'api-5d9c7b8f6d-x2x4q' };

export function service(name = 'api', more: JsonObject = {}): JsonObject {
  return {
    kind: 'Service',
    metadata: { name },
    spec: {
      type: 'ClusterIP',
      clusterIP: '10.43.0.7',
      selector: { app: name },
      ports: [{ port: 80, targetPort: 8000, protocol: 'TCP' }],
      ...more,
    },
  };
}

export function ingress(
  host = 'api.example.org',
  name = 'api',
  more: {
    spec?: JsonObject;
    annotations?: JsonObject;
    path?: string;
    port?: JsonObject;
    age?: number;
    status?: JsonObject;
  } = {},
): JsonObject {
  return {
    kind: 'Ingress',
    metadata: {
      name,
      namespace: 'user-lea',
      creationTimestamp: ago(more.age ?? 86_400),
      annotations: more.annotations ?? {},
    },
    spec: {
      ingressClassName: 'nginx',
      rules: [
        {
          host,
          http: {
            paths: [
              {
                path: more.path ?? '/',
                pathType: 'Prefix',
                backend: { service: { name, port: more.port ?? { number: 80 } } },
              },
            ],
          },
        },
      ],
      ...more.spec,
    },
    status: more.status ?? { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } },
  };
}

export const NGINX: JsonObject = { kind: 'IngressClass', metadata: { name: 'nginx' } };
