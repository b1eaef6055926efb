import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createAnswerCache } from '../src/http/answer-cache.ts';
import { isDurable } from '../src/system/durability.ts';
import { buildTestApp, engines } from './support/app.ts';

describe.each(engines)('the system routes on %s', (engine) => {
  test('readiness asks the database, liveness does not', async () => {
    const { app, database } = await buildTestApp(engine);
    expect((await app.inject('/ready')).json()).toEqual({ status: 'ready' });
    await database.transaction((transaction) => transaction.schema.dropTable('user_roles').execute());
    await database.transaction((transaction) => transaction.schema.dropTable('users').execute());
    const health = await app.inject('/health');
    expect([health.statusCode, health.json()]).toEqual([200, { status: 'healthy' }]);
    const ready = await app.inject('/ready');
    expect([ready.statusCode, ready.json()]).toEqual([503, { detail: 'The database does not answer' }]);
  });

  test('readiness says where the process stands', async () => {
    const { app, lifecycle } = await buildTestApp(engine);
    for (const state of ['starting', 'draining'] as const) {
      lifecycle.state = state;
      const answer = await app.inject('/ready');
      expect([answer.statusCode, answer.json()]).toEqual([503, { detail: `The API is ${state}` }]);
    }
  });

  test('/info tells who answers, and nothing of it is kept by a cache', async () => {
    const { app } = await buildTestApp(engine, { APP_TITLE: 'Titre', APP_VERSION: '1.2.3', APP_COMMIT: 'abc123' });
    const answer = await app.inject('/info');
    expect(answer.headers['cache-control']).toBe('no-store');
    const { started_at, uptime_seconds, ...rest } = answer.json<{ started_at: string; uptime_seconds: number }>();
    expect(rest).toEqual({
      title: 'Titre',
      version: '1.2.3',
      commit: 'abc123',
      pod: hostname(),
      database: engine,
      data_outlives_pod: true,
      writes_protected: false,
      demo_faults: false,
    });
    expect(Math.abs(Date.now() - Date.parse(started_at) - uptime_seconds * 1000)).toBeLessThan(1000);
  });
});

describe('whether the data outlive the pod is read off the mounts', () => {
  const root = '22 1 0:21 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/x';
  const disk = '22 1 254:0 / / rw,relatime - ext4 /dev/vda rw';
  test.each([
    ['a laptop', [disk], true],
    ['a volume', [root, '30 22 254:16 / /data rw - ext4 /dev/rbd0 rw'], true],
    ['a volume of Docker', [root, '30 22 254:0 /var/lib/docker/volumes/x/_data /data rw - ext4 /dev/vda rw'], true],
    ['the container itself', [root], false],
    ['memory', [root, '30 22 0:40 / /data rw - tmpfs tmpfs rw'], false],
    [
      'an emptyDir',
      [root, '30 22 254:0 /var/lib/kubelet/pods/1/volumes/kubernetes.io~empty-dir/data /data rw - ext4 /dev/vda rw'],
      false,
    ],
    [
      'the nameless volume that Docker makes for VOLUME',
      [root, `30 22 254:0 /var/lib/docker/volumes/${'0a'.repeat(32)}/_data /data rw - ext4 /dev/vda rw`],
      false,
    ],
    [
      'the nameless volume that containerd makes for VOLUME',
      [
        root,
        '30 22 254:0 /var/lib/containerd/io.containerd.grpc.v1.cri/containers/1f/volumes/2e /data rw - ext4 /dev/vda rw',
      ],
      false,
    ],
    ['a mount of another folder', [root, '30 22 254:16 / /data2 rw - ext4 /dev/rbd0 rw'], false],
    [
      'a mount inside of another',
      [root, '30 22 254:16 / /data rw - ext4 /dev/b rw', '31 30 0:4 / /data/x rw - tmpfs t rw'],
      true,
    ],
  ])('%s', (_name, mounts, durable) => {
    expect(isDurable('/data', mounts.join('\n'))).toBe(durable);
  });
});

describe('the cache of answers', () => {
  test('makes an answer once for each version of the data', async () => {
    let version = '1';
    let made = 0;
    const answer = createAnswerCache(() => version);
    const ask = (key: string) => answer(key, () => Promise.resolve({ body: Buffer.from(`${key}${++made}`) }));
    const bodies = async (...keys: string[]) => {
      const answers: string[] = [];
      for (const key of keys) answers.push((await ask(key)).body.toString());
      return answers;
    };
    expect(await bodies('a', 'a', 'b')).toEqual(['a1', 'a1', 'b2']);
    version = '2';
    expect(await bodies('a', 'b', 'a')).toEqual(['a3', 'b4', 'a3']);
  });

  test('keeps nothing of data that change while the answer is made', async () => {
    let version = '1';
    let made = 0;
    const answer = createAnswerCache(() => version);
    const ask = () =>
      answer('a', async () => {
        const body = Buffer.from(`${++made}`);
        await Promise.resolve();
        if (made === 1) version = '2';
        return { body };
      });
    const answers = [await ask(), await ask(), await ask()];
    expect(answers.map(({ body }) => body.toString())).toEqual(['1', '2', '2']);
  });

  test('holds no more than its bound, and nothing where the version is not known', async () => {
    let made = 0;
    const make = () => Promise.resolve({ body: Buffer.alloc(40), made: ++made });
    const bounded = createAnswerCache<{ body: Buffer; made: number }>(() => '1', 1200);
    for (const key of ['a', 'b', 'c', 'a', 'b', 'c']) await bounded(key, make);
    expect(made).toBe(4);
    const longKeys = createAnswerCache<{ body: Buffer; made: number }>(() => '1', 30_000);
    for (const key of ['a', 'b', 'a', 'b']) await longKeys(key.repeat(10_000), make);
    expect(made).toBe(7);
    const unknown = createAnswerCache<{ body: Buffer; made: number }>(() => undefined);
    for (const key of ['a', 'a']) await unknown(key, make);
    expect(made).toBe(9);
  });
});
