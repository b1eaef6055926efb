import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allNames, load, type Loaded, post, until } from '../../backend/test/support/process.ts';
import { type Application, failuresDuring, prepareApplication, runBrowserTests } from './cluster.ts';

/* One story, told in order: k8s/ on a cluster, from nothing to all that one does to it, under load. */

let app: Application;
beforeAll(() => {
  app = prepareApplication('sqlite');
});
afterAll(() => {
  app.remove();
});

const text = async (path: string) => (await fetch(app.api + path)).text();
const info = async () => JSON.parse(await text('/info')) as { title: string; version: string; pod: string };
const title = async () => (JSON.parse(await text('/openapi.json')) as { info: { title: string } }).info.title;
const image = (tag: string) => `backend=ragatzino/backend-demo-conception-logicielle:${tag}`;
const setImage = (tag: string) => app.kubectl('set', 'image', 'deployment/backend', image(tag));
/** Of 40 answers. */
const versions = async () => new Set((await Promise.all(Array.from({ length: 40 }, info))).map((one) => one.version));

test('one command leads from nothing to an application that is ready', () => {
  app.kubectl('apply', '-f', 'k8s/');
  app.rolledOut('backend', 'frontend');
  expect(app.pods('backend')).toHaveLength(2);
  expect(app.pods('frontend')).toHaveLength(2);
});

test('applied again, by either command, it changes nothing', () => {
  for (const flag of ['-f', '-k']) {
    for (const line of app.kubectl('apply', flag, 'k8s/').split('\n')) expect(line).toMatch(/ unchanged$/);
  }
});

test('both addresses answer', async () => {
  await until(async () => (await fetch(app.page)).ok && (await fetch(`${app.api}/ready`)).ok);
  expect(await (await fetch(`${app.page}/config.json`)).json()).toMatchObject({ apiUrl: app.api });
  expect(await text('/info')).toContain('"data_outlives_pod":true');
});

test('in a real browser the page reaches the API, and does there all that it does elsewhere', () => {
  expect(runBrowserTests(app.page)).toMatch(/\d+ passed/);
});

test('a new title in the ConfigMap shows after the restart, and not before', async () => {
  const before = await title();
  app.edit('k8s/backend-configmap.yaml', /APP_TITLE: .*/, `APP_TITLE: "${before} 2"`);
  app.kubectl('apply', '-f', 'k8s/backend-configmap.yaml');
  await sleep(3000);
  expect(await title()).toBe(before);
  app.kubectl('rollout', 'restart', 'deployment/backend');
  app.rolledOut('backend');
  await until(async () => (await title()) === `${before} 2` && (await text('/docs')).includes(`${before} 2`));
});

test('or after the pods were deleted', async () => {
  app.edit('k8s/backend-configmap.yaml', /APP_TITLE: .*/, 'APP_TITLE: "Ma deuxième API"');
  app.kubectl('apply', '-f', 'k8s/backend-configmap.yaml');
  for (const pod of app.pods('backend')) {
    app.kubectl('delete', 'pod', pod);
    app.rolledOut('backend');
  }
  await until(async () => (await title()) === 'Ma deuxième API');
});

describe('under load', () => {
  let loaded: Loaded;
  beforeAll(() => {
    loaded = load(() => app.api, 4);
  });
  afterAll(() => loaded.stop());

  test('no request fails while all pods are restarted', async () => {
    const during = await failuresDuring(loaded, () => {
      app.kubectl('rollout', 'restart', 'deployment/backend', 'deployment/frontend');
      app.rolledOut('backend', 'frontend');
    });
    expect(during).toEqual([]);
  });

  test('nor while the image changes', async () => {
    const during = await failuresDuring(loaded, () => {
      setImage('demo-v2');
      app.rolledOut('backend');
    });
    expect(during).toEqual([]);
    expect(await versions()).toEqual(new Set(['2.0.0-demo']));
  });

  test('nor when a pod is deleted, and it is replaced', async () => {
    const [deleted = ''] = app.pods('backend');
    const during = await failuresDuring(loaded, () => {
      app.kubectl('delete', 'pod', deleted);
      app.rolledOut('backend');
    });
    expect(during).toEqual([]);
    expect(app.pods('backend')).toHaveLength(2);
    expect(app.pods('backend')).not.toContain(deleted);
  });

  test('nor while it is scaled to three and back, and the three share the requests', async () => {
    const answers: Record<string, number> = {};
    const during = await failuresDuring(loaded, async () => {
      app.kubectl('scale', 'deployment/backend', '--replicas=3');
      app.rolledOut('backend');
      await until(
        async () => new Set((await Promise.all(Array.from({ length: 20 }, info))).map(({ pod }) => pod)).size === 3,
      );
      for (let i = 0; i < 300; i++) {
        const { pod } = await info();
        answers[pod] = (answers[pod] ?? 0) + 1;
      }
      app.kubectl('scale', 'deployment/backend', '--replicas=2');
      await until(() => app.pods('backend').length === 2, 60_000);
    });
    expect(during).toEqual([]);
    expect(Object.keys(answers)).toHaveLength(3);
    for (const count of Object.values(answers)) expect(count).toSatisfy((n: number) => n >= 60 && n <= 141);
  });

  test.each(['n-existe-pas', 'demo-cassee'])('nor when the new image is %s, and is taken back', async (tag) => {
    const during = await failuresDuring(loaded, async () => {
      setImage(tag);
      await until(() => app.pods('backend').length === 3);
      await sleep(5000);
      expect(() => app.kubectl('rollout', 'status', 'deployment/backend', '--timeout=1s')).toThrow('timed out');
      app.kubectl('rollout', 'undo', 'deployment/backend');
      app.rolledOut('backend');
    });
    expect(during).toEqual([]);
    expect(await versions()).toEqual(new Set(['2.0.0-demo']));
  });

  test('a pod that takes too much memory is restarted, alone', async () => {
    app.kubectl('set', 'env', 'deployment/backend', 'DEMO_FAULTS=true');
    app.rolledOut('backend');
    let pod = '';
    // The pods of before still answer for some seconds, and know no faults.
    await until(async () => {
      const answer = await fetch(`${app.api}/faults/memory`, { method: 'POST' });
      ({ pod = '' } = (await answer.json()) as { pod?: string });
      return answer.status === 202;
    });
    const restarts = () => {
      const path =
        '{range .items[*]}{.metadata.name} {.status.containerStatuses[0].restartCount} {.status.containerStatuses[0].lastState.terminated.reason}{"\\n"}{end}';
      return app
        .kubectl('get', 'pods', '-l', 'app=backend', '-o', `jsonpath=${path}`)
        .split('\n')
        .map((line) => line.trim());
    };
    await until(() => restarts().includes(`${pod} 1 OOMKilled`), 60_000);
    const others = app.pods('backend').filter((name) => name !== pod);
    expect(others).toHaveLength(1);
    expect(restarts()).toContain(`${others[0] ?? ''} 0`);
    app.rolledOut('backend');
  });

  test('after all of it, each user whose creation was acknowledged is there', async () => {
    await loaded.stop();
    const names = await allNames(app.api);
    console.log(
      `${loaded.acknowledged.length} writes acknowledged, ${loaded.failures.length} requests failed, all while a pod was killed`,
    );
    expect(loaded.acknowledged.length).toBeGreaterThan(500);
    expect(loaded.acknowledged.filter((name) => !names.has(name))).toEqual([]);
  });
});

test('a backup is brought out of the cluster and back while all runs', async () => {
  const before = await allNames(app.api);
  app.backup('SQLite, out');
  expect((await post(`${app.api}/users/`, '{"username":"after the backup"}')).status).toBe(200);
  app.backup('SQLite, back');
  // On each pod.
  for (let i = 0; i < 6; i++) expect(await allNames(app.api)).toEqual(before);
  app.backup('SQLite, out');
});

test('deleted, nothing is left; applied again, a new title and a new database', async () => {
  app.kubectl('delete', '-f', 'k8s/');
  const left = () => app.kubectl('get', 'deployments,pods,services,ingresses,pvc', '-o', 'name');
  await until(() => left() === '', 30_000);
  app.edit('k8s/backend-configmap.yaml', /APP_TITLE: .*/, 'APP_TITLE: "Ma troisième API"');
  // In any order: what is missing is waited for.
  const files = /^resources:\n([^]*)/m.exec(readFileSync(join(app.project, 'k8s/Kustomization'), 'utf8'))?.[1] ?? '';
  for (const file of files.match(/[\w-]+\.yaml/g)?.reverse() ?? []) app.kubectl('apply', '-f', `k8s/${file}`);
  app.rolledOut('backend', 'frontend');
  await until(async () => (await title()) === 'Ma troisième API');
  expect(await allNames(app.api)).toEqual(new Set(['adm', 'pasadmin']));
});
