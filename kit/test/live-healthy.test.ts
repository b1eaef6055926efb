import { expect, test } from 'vitest';
import { diagnose } from '../src/check/live/diagnose.ts';
import { replyOf } from '../src/check/live/ask.ts';
import type { LiveState, Reply } from '../src/check/live/state.ts';
import { ago, crashing, deployment, event, ingress, NGINX, pod, recorded, service, set, THE_POD } from './recorded.ts';

const answer = (status: number | undefined, more: Partial<Reply> = {}): Reply => ({
  status,
  failure: undefined,
  title: undefined,
  ...more,
});
const refused = answer(undefined, {
  failure: 'error trying to reach service: dial tcp 10.42.0.9:8000: connect: connection refused',
});

/** Namespaces where all is as it should be, busy as they may look. */
const HEALTHY: Record<string, LiveState> = {
  'all runs': recorded([...deployment(), pod(), service(), ingress(), NGINX]),
  'a rollout in progress': recorded([
    ...deployment('api', { status: { updatedReplicas: 1, replicas: 2 } }),
    set('api', '7f6b5c4d3e', '2'),
    pod(),
    pod({
      hash: '7f6b5c4d3e',
      age: 8,
      isReady: false,
      container: { readinessProbe: { httpGet: { path: '/', port: 8000 } } },
    }),
    event(
      { kind: 'Pod', name: 'api-7f6b5c4d3e-x2x4q' },
      'Unhealthy',
      'Readiness probe failed: Get "http://10.42.0.9:8000/": dial tcp 10.42.0.9:8000: connect: connection refused',
      2,
    ),
    service(),
  ]),
  'an old pod that stops during a rollout': recorded([
    ...deployment(),
    set('api', '7f6b5c4d3e', '2'),
    pod({ isReady: false, status: { ready: false, restartCount: 1 } }),
    event(THE_POD, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503'),
    pod({ hash: '7f6b5c4d3e' }),
  ]),
  'a pod on its way out': recorded([
    { ...pod({ status: crashing() }), metadata: { name: 'api-1', deletionTimestamp: ago(5) } },
  ]),
  'a pod that is being made': recorded([
    pod({ phase: 'Pending', age: 15, status: { state: { waiting: { reason: 'ContainerCreating' } } } }),
    event(
      THE_POD,
      'FailedMount',
      'MountVolume.SetUp failed for volume "kube-api-access": failed to sync configmap cache: timed out waiting for the condition',
      10,
    ),
  ]),
  'a volume that was not mounted at once': recorded([
    pod({ phase: 'Pending', age: 90, status: { state: { waiting: { reason: 'ContainerCreating' } } } }),
    event(THE_POD, 'FailedMount', 'MountVolume.SetUp failed for volume "v": timed out', 80),
    event(THE_POD, 'Pulled', 'Successfully pulled image', 5),
  ]),
  'one restart hours ago': recorded([
    pod({
      age: 20_000,
      status: {
        restartCount: 1,
        lastState: { terminated: { reason: 'Error', exitCode: 1, startedAt: ago(19_500), finishedAt: ago(19_000) } },
      },
    }),
  ]),
  'killed for memory, yesterday': recorded([
    pod({
      age: 200_000,
      status: {
        restartCount: 1,
        state: { running: { startedAt: ago(90_000) } },
        lastState: { terminated: { reason: 'OOMKilled', exitCode: 137, finishedAt: ago(90_001) } },
      },
    }),
  ]),
  'restarts until the database was there': recorded([
    pod({
      age: 600,
      status: {
        restartCount: 4,
        state: { running: { startedAt: ago(400) } },
        lastState: { terminated: { reason: 'Error', exitCode: 1, startedAt: ago(405), finishedAt: ago(401) } },
      },
    }),
  ]),
  'just started again': recorded([
    pod({
      age: 60,
      isReady: false,
      status: {
        restartCount: 1,
        ready: false,
        state: { running: { startedAt: ago(5) } },
        lastState: { terminated: { reason: 'Error', exitCode: 1, startedAt: ago(12), finishedAt: ago(7) } },
      },
    }),
  ]),
  'probes that failed while it started': recorded([
    pod(),
    event(
      THE_POD,
      'Unhealthy',
      'Startup probe failed: Get "http://10.42.0.9:8000/": dial tcp 10.42.0.9:8000: connect: connection refused',
      3590,
    ),
    event(THE_POD, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503', 3580),
  ]),
  'slow to start, with a startupProbe that allows it': recorded([
    pod({
      age: 70,
      isReady: false,
      status: { ready: false, started: false, state: { running: { startedAt: ago(68) } } },
      container: { startupProbe: { httpGet: { path: '/', port: 8000 }, periodSeconds: 10, failureThreshold: 30 } },
    }),
    event(
      THE_POD,
      'Unhealthy',
      'Startup probe failed: Get "http://10.42.0.9:8000/": dial tcp 10.42.0.9:8000: connect: connection refused',
      3,
    ),
  ]),
  'completed Jobs and their pods': recorded([
    {
      kind: 'Job',
      metadata: { name: 'migrate' },
      status: { succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] },
    },
    pod({ phase: 'Succeeded', owner: { kind: 'Job', name: 'migrate' } }),
  ]),
  'a Job that succeeded at the second try': recorded([
    {
      kind: 'Job',
      metadata: { name: 'migrate' },
      status: { succeeded: 1, failed: 1, conditions: [{ type: 'SuccessCriteriaMet', status: 'True' }] },
    },
    pod({
      phase: 'Failed',
      name: 'migrate-1',
      owner: { kind: 'Job', name: 'migrate' },
      status: { state: { terminated: { exitCode: 1, reason: 'Error', finishedAt: ago(100) } } },
    }),
    pod({ phase: 'Succeeded', name: 'migrate-2', owner: { kind: 'Job', name: 'migrate' } }),
  ]),
  'a Job at its second try': recorded([
    { kind: 'Job', metadata: { name: 'migrate' }, status: { active: 1, failed: 1 } },
    pod({
      phase: 'Failed',
      name: 'migrate-1',
      owner: { kind: 'Job', name: 'migrate' },
      status: { state: { terminated: { exitCode: 1, reason: 'Error', finishedAt: ago(100) } } },
    }),
    pod({ name: 'migrate-2', owner: { kind: 'Job', name: 'migrate' }, isReady: true }),
  ]),
  'a failed Job that another one made good': recorded([
    {
      kind: 'Job',
      metadata: { name: 'migrate-1', creationTimestamp: ago(4000) },
      status: {
        conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded', lastTransitionTime: ago(3900) }],
      },
    },
    {
      kind: 'Job',
      metadata: { name: 'migrate-2', creationTimestamp: ago(2000) },
      status: { conditions: [{ type: 'Complete', status: 'True' }] },
    },
  ]),
  'a Job that failed last week': recorded([
    {
      kind: 'Job',
      metadata: { name: 'essai', creationTimestamp: ago(700_000) },
      status: { conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: ago(690_000) }] },
    },
  ]),
  'a CronJob whose last turn went well': recorded([
    { kind: 'CronJob', metadata: { name: 'nuit' }, spec: { schedule: '0 3 * * *' } },
    ...(
      [
        [1, 'Failed', 90_000],
        [2, 'Complete', 4000],
      ] as const
    ).map(([number, type, age]) => ({
      kind: 'Job',
      metadata: {
        name: `nuit-${number}`,
        creationTimestamp: ago(age),
        ownerReferences: [{ kind: 'CronJob', name: 'nuit' }],
      },
      status: { conditions: [{ type, status: 'True', lastTransitionTime: ago(age - 5) }] },
    })),
    pod({
      phase: 'Failed',
      name: 'nuit-1-abcde',
      owner: { kind: 'Job', name: 'nuit-1' },
      status: { state: { terminated: { exitCode: 1, finishedAt: ago(89_990) } } },
    }),
  ]),
  'a suspended CronJob': recorded([
    { kind: 'CronJob', metadata: { name: 'nuit' }, spec: { suspend: true, schedule: '0 3 * * *' } },
    {
      kind: 'Job',
      metadata: { name: 'nuit-1', creationTimestamp: ago(4000), ownerReferences: [{ kind: 'CronJob', name: 'nuit' }] },
      status: { conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: ago(3900) }] },
    },
  ]),
  'scaled to zero on purpose': recorded([
    ...deployment('api', { spec: { replicas: 0 }, status: { replicas: 0, availableReplicas: 0, updatedReplicas: 0 } }),
    service(),
    ingress(),
    NGINX,
  ]),
  'as many pods as the autoscaler wants': recorded([
    ...deployment('api', { spec: { replicas: 3 }, status: { replicas: 3, availableReplicas: 3, updatedReplicas: 3 } }),
    pod(),
    {
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'api' },
      spec: { minReplicas: 1, maxReplicas: 3, scaleTargetRef: { kind: 'Deployment', name: 'api' } },
      status: {
        conditions: [
          { type: 'AbleToScale', status: 'True' },
          { type: 'ScalingActive', status: 'True' },
          { type: 'ScalingLimited', status: 'True', reason: 'TooManyReplicas' },
        ],
      },
    },
  ]),
  'an autoscaler at rest, and one whose pods have just started': recorded([
    {
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'a' },
      status: {
        conditions: [
          {
            type: 'ScalingActive',
            status: 'False',
            reason: 'ScalingDisabled',
            message: 'scaling is disabled since the replica count of the target is zero',
          },
        ],
      },
    },
    {
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'b' },
      status: {
        conditions: [
          {
            type: 'ScalingActive',
            status: 'False',
            reason: 'FailedGetResourceMetric',
            message: 'no metrics returned from resource metrics API',
            lastTransitionTime: ago(40),
          },
        ],
      },
    },
  ]),
  'Services that lead elsewhere': recorded([
    service('ailleurs', { type: 'ExternalName', externalName: 'db.example.org', selector: null }),
    service('a-la-main', { selector: null }),
    { kind: 'Endpoints', metadata: { name: 'a-la-main' } },
    { kind: 'Service', metadata: { name: 'kubernetes' }, spec: { ports: [{ port: 443 }] } },
    pod(),
  ]),
  'Services of an operator, for pods that are not always there': recorded([
    pod({ labels: { 'cnpg.io/cluster': 'base', role: 'primary' }, owner: { kind: 'Cluster', name: 'base' } }),
    {
      ...service('base-ro', { selector: { 'cnpg.io/cluster': 'base', role: 'replica' } }),
      metadata: { name: 'base-ro', ownerReferences: [{ kind: 'Cluster', name: 'base' }] },
    },
    { ...service('base-lecture', { selector: { app: 'base', role: 'replica' } }) },
  ]),
  'a headless Service': recorded(
    [pod(), service('api', { clusterIP: 'None', ports: [{ port: 5432, name: 'postgres' }] })],
    { services: { api: refused } },
  ),
  'a Service that has just got its pod': recorded([pod({ age: 20 }), service()], { services: { api: refused } }),
  'a port with a name, from a sidecar': recorded([
    {
      ...pod(),
      spec: {
        initContainers: [{ name: 'proxy', restartPolicy: 'Always', ports: [{ name: 'web', containerPort: 8080 }] }],
        containers: [{ name: 'api', image: 'lea/api:1' }],
      },
    },
    service('api', { ports: [{ port: 80, targetPort: 'web' }] }),
  ]),
  'a canary beside the real one': recorded([
    ...deployment('api'),
    ...deployment('api-canary'),
    pod({ labels: { app: 'api' } }),
    pod({ app: 'api-canary', labels: { app: 'api', track: 'canary' }, container: { image: 'lea/api-canary:2' } }),
    service(),
  ]),
  'sidecars and init containers that have ended': recorded([
    pod({
      spec: {
        initContainers: [
          { name: 'journal', restartPolicy: 'Always' },
          { name: 'attend', command: ['sh', '-c', 'until nc -z db 5432; do sleep 1; done'] },
        ],
        containers: [{ name: 'api', image: 'lea/api:1' }],
      },
      init: [
        { name: 'journal', ready: true, started: true, restartCount: 0, state: { running: { startedAt: ago(3500) } } },
        {
          name: 'attend',
          ready: true,
          restartCount: 2,
          state: { terminated: { exitCode: 0, reason: 'Completed', finishedAt: ago(3400) } },
          lastState: { terminated: { exitCode: 1, reason: 'Error', finishedAt: ago(3450) } },
        },
      ],
    }),
  ]),
  'an init container at work': recorded([
    pod({
      phase: 'Pending',
      age: 150,
      isReady: false,
      spec: {
        initContainers: [{ name: 'telecharge', command: ['wget', 'https://data.example.org/modele.bin'] }],
        containers: [{ name: 'api', image: 'lea/api:1' }],
      },
      init: [{ name: 'telecharge', state: { running: { startedAt: ago(140) } } }],
      status: { state: { waiting: { reason: 'PodInitializing' } } },
    }),
  ]),
  'references that may be missing': recorded([
    pod({ container: { envFrom: [{ secretRef: { name: 'absent', optional: true } }] } }),
  ]),
  'a Secret that came after the pod': recorded(
    [
      pod({
        phase: 'Pending',
        age: 40,
        status: { state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "base" not found' } } },
      }),
    ],
    { secrets: { base: { type: 'Opaque', keys: ['p'] } } },
  ),
  'a ConfigMap that is mounted, and follows by itself': recorded(
    [
      ...deployment(),
      pod({
        spec: {
          volumes: [{ name: 'c', configMap: { name: 'c' } }],
          containers: [{ name: 'api', image: 'lea/api:1', volumeMounts: [{ name: 'c', mountPath: '/c' }] }],
        },
      }),
    ],
    { changed: { 'ConfigMap/c': ago(10) } },
  ),
  'a ConfigMap with a reloader': recorded(
    [
      ...deployment('api', { annotations: { 'reloader.stakater.com/auto': 'true' } }),
      pod({ container: { envFrom: [{ configMapRef: { name: 'c' } }] } }),
    ],
    { changed: { 'ConfigMap/c': ago(10) } },
  ),
  'a ConfigMap changed, and its pods on their way': recorded(
    [
      ...deployment(),
      set('api', '7f6b5c4d3e', '2'),
      pod({ container: { envFrom: [{ configMapRef: { name: 'c' } }] } }),
      pod({ hash: '7f6b5c4d3e', age: 5, container: { envFrom: [{ configMapRef: { name: 'c' } }] } }),
    ],
    { changed: { 'ConfigMap/c': ago(10) } },
  ),
  'a container that was started again since the change': recorded(
    [
      ...deployment(),
      pod({
        container: { envFrom: [{ configMapRef: { name: 'c' } }] },
        status: {
          restartCount: 1,
          state: { running: { startedAt: ago(5) } },
          lastState: { terminated: { exitCode: 0, reason: 'Completed', finishedAt: ago(6) } },
        },
      }),
    ],
    { changed: { 'ConfigMap/c': ago(10) } },
  ),
  'troubles of a ReplicaSet left behind': recorded([
    ...deployment(),
    set('api', '7f6b5c4d3e', '2'),
    {
      ...set('api', '5d9c7b8f6d', '1'),
      spec: { replicas: 0 },
      status: {
        conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'pods "api" is forbidden: exceeded quota: q' }],
      },
    },
    pod({ hash: '7f6b5c4d3e' }),
    event(
      { kind: 'ReplicaSet', name: 'api-5d9c7b8f6d' },
      'FailedCreate',
      'Error creating: pods "api" is forbidden: exceeded quota: q',
    ),
  ]),
  'a DaemonSet': recorded([
    {
      kind: 'DaemonSet',
      metadata: { name: 'agent' },
      status: { desiredNumberScheduled: 1, currentNumberScheduled: 1, numberReady: 1 },
    },
    event({ kind: 'DaemonSet', name: 'agent' }, 'FailedCreate', 'Error creating: pods "agent" is forbidden', 5),
    pod({ app: 'agent', owner: { kind: 'DaemonSet', name: 'agent' } }),
  ]),
  'a volume that waits for its first pod': recorded([
    {
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', creationTimestamp: ago(5000) },
      spec: { storageClassName: 'standard' },
      status: { phase: 'Pending' },
    },
    { kind: 'StorageClass', metadata: { name: 'standard' } },
    event(
      { kind: 'PersistentVolumeClaim', name: 'data' },
      'WaitForFirstConsumer',
      'waiting for first consumer to be created before binding',
      5,
    ),
  ]),
  'a pod evicted last night, and replaced': recorded([
    pod(),
    pod({
      name: 'api-5d9c7b8f6d-old',
      phase: 'Failed',
      age: 50_000,
      conditions: [{ type: 'Ready', status: 'False', lastTransitionTime: ago(40_000) }],
      status: {},
      more: { reason: 'Evicted', message: 'The node was low on resource: memory.' },
    }),
  ]),
  'pods of a node that was stopped': recorded([
    pod(),
    pod({
      name: 'api-5d9c7b8f6d-old',
      phase: 'Failed',
      more: { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' },
      status: { state: { terminated: { exitCode: 143, reason: 'Error', finishedAt: ago(300) } } },
    }),
  ]),
  'a host that this network does not know': recorded([pod(), service(), ingress('api.campus.example.org'), NGINX], {
    addresses: { 'https://api.campus.example.org/': answer(undefined, { failure: 'ENOTFOUND' }) },
  }),
  'a certificate that nobody here signed': recorded([pod(), service(), ingress(), NGINX], {
    addresses: { 'https://api.example.org/': answer(undefined, { failure: 'DEPTH_ZERO_SELF_SIGNED_CERT' }) },
  }),
  'a login page on another host': recorded([pod(), service(), ingress(), NGINX], {
    services: { api: answer(200, { title: 'Recettes' }) },
    addresses: { 'https://api.example.org/': answer(200, { title: 'Connexion', isElsewhere: true }) },
  }),
  ...Object.fromEntries(
    [401, 403, 404, 405, 500].map((status) => [
      `an API that answers ${status} at /`,
      recorded([pod(), service(), ingress(), NGINX], {
        services: { api: answer(status) },
        addresses: { 'https://api.example.org/': answer(status, { isDefault: status === 404 }) },
      }),
    ]),
  ),
  'an Ingress of a few seconds ago': recorded(
    [pod(), service(), ingress('api.example.org', 'api', { age: 10, status: {} }), NGINX],
    {
      services: { api: answer(200) },
      addresses: { 'https://api.example.org/': answer(404, { isDefault: true }) },
    },
  ),
  'an Ingress with a default backend only': recorded([
    pod(),
    service(),
    ingress('x', 'api', { spec: { rules: null, defaultBackend: { service: { name: 'api', port: { number: 80 } } } } }),
    NGINX,
  ]),
  'an Ingress without a class, where one is by default': recorded([
    pod(),
    service(),
    ingress('api.example.org', 'api', { spec: { ingressClassName: null }, status: {} }),
    {
      kind: 'IngressClass',
      metadata: { name: 'traefik', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
    },
  ]),
  'an Ingress for a certificate’s challenge, and one of AWS': recorded([
    pod(),
    service(),
    {
      ...ingress('api.example.org', 'cm-acme-http-solver-abcde'),
      metadata: { name: 'cm-acme-http-solver-abcde', ownerReferences: [{ kind: 'Challenge', name: 'x' }] },
    },
    ingress('aws.example.org', 'api', { port: { name: 'use-annotation' } }),
    NGINX,
  ]),
  'a certificate on its way, and one that the controller has': recorded(
    [
      pod(),
      service(),
      ingress('neuf.example.org', 'api', {
        age: 100,
        annotations: { 'cert-manager.io/cluster-issuer': 'letsencrypt' },
        spec: { tls: [{ hosts: ['neuf.example.org'], secretName: 'neuf-tls' }], rules: [] },
      }),
      ingress('api.example.org', 'api', {
        spec: { tls: [{ hosts: ['api.example.org'], secretName: 'absent' }], rules: [] },
      }),
      NGINX,
    ],
    { addresses: { 'https://api.example.org/': answer(200) } },
  ),
  'a front whose server hands requests on': recorded([
    pod({ container: { env: [{ name: 'VITE_PROXY_TARGET', value: 'http://api:80' }] } }),
    service(),
  ]),
  'a front whose address this network does not know': recorded(
    [pod({ container: { env: [{ name: 'VITE_API_URL', value: 'https://api.campus.example.org' }] } })],
    {
      addresses: { 'https://api.campus.example.org': answer(undefined, { failure: 'ENOTFOUND' }) },
    },
  ),
  'addresses of Services as they are': recorded([
    pod({
      container: {
        env: [
          { name: 'A', value: 'http://api' },
          { name: 'B', value: 'http://api:80/v1' },
          { name: 'C', value: 'http://api.user-lea.svc.cluster.local:80' },
          { name: 'D', value: 'http://autre:9999' },
        ],
      },
    }),
    service(),
  ]),
  'policies that let in who should': recorded([
    pod(),
    service(),
    ingress(),
    NGINX,
    { kind: 'NetworkPolicy', metadata: { name: 'defaut' }, spec: { podSelector: {}, policyTypes: ['Ingress'] } },
    {
      kind: 'NetworkPolicy',
      metadata: { name: 'entree' },
      spec: { podSelector: { matchLabels: { app: 'api' } }, ingress: [{ from: [{ namespaceSelector: {} }] }] },
    },
  ]),
  'a public image that was pushed anew': recorded([
    ...deployment(),
    pod({ container: { image: 'nginx:latest', imagePullPolicy: 'IfNotPresent' } }),
    event(THE_POD, 'Pulled', 'Container image "nginx:latest" already present on machine', 3000),
  ]),
  'an image of one’s own, never restarted': recorded([
    ...deployment(),
    pod({ container: { image: 'lea/api:latest', imagePullPolicy: 'IfNotPresent' } }),
    event(THE_POD, 'Pulled', 'Container image "lea/api:latest" already present on machine', 3000),
  ]),
  'a node that is not well, where no pod of ours is': recorded([
    { kind: 'Node', metadata: { name: 'node-9' }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
    pod(),
  ]),
  'Services that may not be listed': recorded([pod(), ingress(), NGINX], { unseen: ['Service'] }),
  'pods of another controller of ReplicaSets': recorded([
    {
      ...set('api', '5d9c7b8f6d', ''),
      metadata: { name: 'api-5d9c7b8f6d', ownerReferences: [{ kind: 'Rollout', name: 'api' }] },
    },
    {
      ...set('api', '7f6b5c4d3e', ''),
      metadata: { name: 'api-7f6b5c4d3e', ownerReferences: [{ kind: 'Rollout', name: 'api' }] },
    },
    pod(),
  ]),
};

test.each(Object.entries(HEALTHY))('nothing to say: %s', (_, state) => {
  expect(diagnose(state).map((finding) => `${finding.id} ${finding.object} ${finding.text.en[0]}`)).toEqual([]);
});

test.each([
  ['Error from server (NotFound): the server could not find the requested resource', 404],
  ['error: You must be logged in to the server (Unauthorized)', 401],
  ['Error from server (InternalError): an error on the server ("boum") has prevented the request from succeeding', 500],
  ['Error from server (Forbidden): unknown', 403],
  [
    'Error from server (Forbidden): services "http:api:80" is forbidden: User "lea" cannot get resource "services/proxy" in API group ""',
    undefined,
  ],
  [
    'Error from server (ServiceUnavailable): error trying to reach service: dial tcp 10.42.0.79:8000: connect: connection refused',
    undefined,
  ],
])('what a Service answers is read out of kubectl’s words: %s', (error, status) => {
  expect(replyOf({ ok: false, out: '', error }).status).toBe(status);
});
