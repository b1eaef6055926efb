import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allNames, load, type Loaded, post, until } from '../../backend/test/support/process.ts';
import { type Application, failuresDuring, prepareApplication } from './cluster.ts';

/* The same application on PostgreSQL: overlays/postgres, under load. */

let app: Application;
beforeAll(() => {
  app = prepareApplication('postgres');
});
afterAll(() => {
  app.remove();
});

const info = async () =>
  (await (await fetch(`${app.api}/info`)).json()) as { title: string; version: string; pod: string; database: string };
const applyOverlay = () => app.kubectl('apply', '-k', 'overlays/postgres');

test('without the file of secrets nothing is deployed, and the message names it', () => {
  expect(applyOverlay).toThrow('secret.env');
});

test('one command leads from nothing to three pods of the API on PostgreSQL', async () => {
  writeFileSync(join(app.project, 'overlays/postgres/secret.env'), `PGPASSWORD=${randomBytes(24).toString('hex')}\n`);
  applyOverlay();
  app.kubectl('rollout', 'status', 'statefulset/postgres', '--timeout=120s');
  app.rolledOut('backend', 'frontend');
  expect(app.pods('backend')).toHaveLength(3);
  await until(async () => (await info()).database === 'postgres');
  expect(app.kubectl('get', 'pvc', '-o', 'name')).toBe('persistentvolumeclaim/data-postgres-0');
});

describe('under load', () => {
  let loaded: Loaded;
  beforeAll(() => {
    loaded = load(() => app.api, 4);
  });
  afterAll(() => loaded.stop());

  test('a new title in the ConfigMap restarts the pods of the API by itself, those alone, and no request fails', async () => {
    const others = [...app.pods('frontend'), ...app.pods('postgres')];
    app.edit('k8s/backend-configmap.yaml', /APP_TITLE: .*/, 'APP_TITLE: "Sur PostgreSQL"');
    const during = await failuresDuring(loaded, () => {
      applyOverlay();
      app.rolledOut('backend');
    });
    expect(during).toEqual([]);
    await until(async () => (await info()).title === 'Sur PostgreSQL');
    expect([...app.pods('frontend'), ...app.pods('postgres')]).toEqual(others);
  });

  test('no request fails while the image changes', async () => {
    const during = await failuresDuring(loaded, () => {
      app.kubectl('set', 'image', 'deployment/backend', 'backend=ragatzino/backend-demo-conception-logicielle:demo-v2');
      app.rolledOut('backend');
    });
    expect(during).toEqual([]);
    expect((await info()).version).toBe('2.0.0-demo');
  });

  test('nor when a pod is deleted, and it is replaced', async () => {
    const [deleted = ''] = app.pods('backend');
    const during = await failuresDuring(loaded, () => {
      app.kubectl('delete', 'pod', deleted);
      app.rolledOut('backend');
    });
    expect(during).toEqual([]);
    expect(app.pods('backend')).toHaveLength(3);
  });

  test('nor while it is scaled', async () => {
    const during = await failuresDuring(loaded, async () => {
      app.kubectl('scale', 'deployment/backend', '--replicas=1');
      await until(() => app.pods('backend').length === 1);
      app.kubectl('scale', 'deployment/backend', '--replicas=3');
      app.rolledOut('backend');
    });
    expect(during).toEqual([]);
  });

  test('when the database is replaced, the API says 503 until it is back, and no pod of the API is restarted', async () => {
    const before = app.pods('backend');
    const path = 'jsonpath={.items[*].status.containerStatuses[0].restartCount}';
    const restarts = () => app.kubectl('get', 'pods', ...before, '-o', path);
    const restartsBefore = restarts();
    const during = await failuresDuring(loaded, () => {
      app.kubectl('delete', 'pod', 'postgres-0');
      app.kubectl('rollout', 'status', 'statefulset/postgres', '--timeout=120s');
    });
    // The API's own answer; once no pod is ready any more, the ingress': 503 or, from Traefik, 404.
    const unavailable = /^(GET|POST) (503 |404 404 page not found$)/m;
    expect(during.filter((failure) => !unavailable.test(failure))).toEqual([]);
    expect(app.pods('backend')).toEqual(before);
    expect(restarts()).toBe(restartsBefore);
  });

  test('after all of it, each user whose creation was acknowledged is there', async () => {
    await loaded.stop();
    const names = await allNames(app.api);
    console.log(
      `${loaded.acknowledged.length} writes acknowledged, ${loaded.failures.length} requests failed without the database`,
    );
    expect(loaded.acknowledged.length).toBeGreaterThan(200);
    expect(loaded.acknowledged.filter((name) => !names.has(name))).toEqual([]);
  });
});

test('a backup is brought out of the cluster and back while all runs', async () => {
  const before = await allNames(app.api);
  app.backup('PostgreSQL, out');
  expect((await post(`${app.api}/users/`, '{"username":"after the backup"}')).status).toBe(200);
  app.backup('PostgreSQL, back');
  await until(async () => (await fetch(`${app.api}/ready`)).ok);
  expect(await allNames(app.api)).toEqual(before);
});

test('nobody but the API reaches the database, nobody its metrics, and the front reaches nobody', () => {
  const address = (name: string) =>
    app.kubectl('get', 'pods', '-l', `app=${name}`, '-o', 'jsonpath={.items[0].status.podIP}');
  const reaches = (from: string, to: string, port: number) => {
    const script = `nc -z -w 2 ${address(to)} ${port} && echo yes || echo no`;
    return app.kubectl('exec', from, '--', 'sh', '-c', script);
  };
  // Any other pod of the namespace, such as the VSCode from which one works.
  const image = 'ragatzino/backend-demo-conception-logicielle:latest';
  const container = {
    name: 'visitor',
    image,
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  };
  const securityContext = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
  const overrides = JSON.stringify({ spec: { securityContext, containers: [container] } });
  app.kubectl('run', 'visitor', '--image', image, '--overrides', overrides);
  app.kubectl('wait', '--for=condition=Ready', 'pod/visitor', '--timeout=60s');

  expect(reaches('deployment/backend', 'postgres', 5432)).toBe('yes');
  expect(reaches('deployment/frontend', 'postgres', 5432)).toBe('no');
  expect(reaches('deployment/frontend', 'backend', 8000)).toBe('no');
  expect(reaches('visitor', 'backend', 8000)).toBe('yes');
  expect(reaches('visitor', 'backend', 9090)).toBe('no');
  expect(reaches('visitor', 'postgres', 5432)).toBe('no');
  app.kubectl('delete', 'pod', 'visitor');
});

test('a node that is emptied may take one pod at a time', () => {
  const allowed = app.kubectl('get', 'pdb', '-o', 'jsonpath={.items[*].status.disruptionsAllowed}');
  expect(allowed).toBe('1 1');
});

test.each([
  ['overlays/postgres', 'kustomization.yaml', /replicas:\n.*\n.*\n#.*\n# (.*\n)# (.*\n)/, '$1$2'],
  ['k8s', 'Kustomization', /$/, 'components:\n  - ../overlays/autoscaling\n'],
])('%s takes the autoscaling component', (base, name, from, to) => {
  const file = join(app.project, base, name);
  const before = readFileSync(file);
  app.edit(`${base}/${name}`, from, to);
  const built = app.kubectl('kustomize', base);
  expect(built.match(/^kind: HorizontalPodAutoscaler$/gm)).toHaveLength(2);
  expect(/^kind: Deployment\n[^]*?^---$/m.exec(built)?.[0]).not.toContain('replicas:');
  const applied = app.kubectl('apply', '--dry-run=server', '-k', base);
  expect(applied).toContain('horizontalpodautoscaler.autoscaling/backend created');
  writeFileSync(file, before);
});

test('deleted, only the data of the database and the ConfigMap of the first title are left', async () => {
  app.kubectl('delete', '-k', 'overlays/postgres');
  const left = () => app.kubectl('get', 'all,ingresses,secrets,networkpolicies,pdb,pvc,configmaps', '-o', 'name');
  // The last one is Kubernetes' own.
  const expected =
    /^persistentvolumeclaim\/data-postgres-0\nconfigmap\/configuration-backend-\w+\nconfigmap\/kube-root-ca\.crt$/;
  await until(() => expected.test(left()), 90_000);
});
