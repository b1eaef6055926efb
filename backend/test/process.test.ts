import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { openDatabase } from '../src/database/connection.ts';
import { engines, freshDatabase, temporaryFolder } from './support/app.ts';
import { allNames, load, post, spawnApi, startApi, until } from './support/process.ts';

describe('a start that cannot go on ends at once, with one message and code 1', () => {
  test('a wrong configuration', async () => {
    const api = await spawnApi({ PORT: 'eight', RATE_LIMIT: '-1' });
    expect(await api.ended).toBe(1);
    expect(api.output()).toBe(
      'The configuration is wrong:\n' +
        '  - PORT is "eight"; write a whole number from 0 to 65535\n' +
        '  - RATE_LIMIT is "-1"; write a whole number from 0 to 1000000\n',
    );
  });

  test.each(['PORT', 'METRICS_PORT'])('a %s that is taken', async (name) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const api = await spawnApi({ ...(await freshDatabase('sqlite')), [name]: String(port), LOG_LEVEL: 'error' });
    expect(await api.ended).toBe(1);
    expect(api.output()).toBe(`Port ${port} is taken: stop the program that has it, or set ${name} to another port.\n`);
    other.close();
  });

  test('a HOST that is not of this machine', async () => {
    for (const host of ['192.0.2.77', 'no-such-host.invalid']) {
      const api = await spawnApi({ ...(await freshDatabase('sqlite')), HOST: host, LOG_LEVEL: 'error' });
      expect(await api.ended).toBe(1);
      expect(api.output()).toBe(`HOST is "${host}", which is no address of this machine: set 0.0.0.0 for all.\n`);
    }
  });

  test('a DATABASE_URL that names a certificate that is not there', async () => {
    const api = await spawnApi({
      DATABASE_URL: 'postgresql://a:secret@127.0.0.1:1/a?sslmode=verify-full&sslrootcert=/no',
    });
    expect(await api.ended).toBe(1);
    expect(api.output()).toBe("DATABASE_URL cannot be used: ENOENT: no such file or directory, open '/no'\n");
  });

  test('a database file that cannot be used', async () => {
    const folder = temporaryFolder();
    const [noFolder, noDatabase, isFolder] = [join(folder, 'file/x.db'), join(folder, 'file'), join(folder, 'folder')];
    writeFileSync(noDatabase, 'This is a text and no database, long enough to be read as one.'.repeat(20));
    mkdirSync(isFolder);
    for (const path of [noFolder, noDatabase, isFolder]) {
      const api = await spawnApi({ SQLITE_PATH: path });
      expect(await api.ended).toBe(1);
      const [first, second] = api.output().split('\n');
      expect(first).toMatch(`The database file ${path} cannot be used: `);
      expect(second).toBe('Set SQLITE_PATH to a file that this program may write, in a folder that it may write too.');
    }
  });
});

test('while another process migrates PostgreSQL it is alive and not ready, and a signal ends it', async () => {
  const database = await freshDatabase('postgres');
  const other = new pg.Client(database.DATABASE_URL);
  await other.connect();
  // The lock of Kysely's migrator.
  await other.query('select pg_advisory_lock(3853314791062309107)');
  const [ended, served] = [await spawnApi({ ...database, DRAIN_DELAY_MS: '60000' }), await spawnApi(database)];
  for (const { url } of [ended, served]) {
    await until(async () => (await fetch(`${url}/health`)).ok);
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { detail: 'The API is starting' }]);
    expect((await fetch(`${url}/users/`)).status).toBe(503);
  }
  ended.child.kill('SIGTERM');
  expect(await ended.ended).toBe(0);
  await other.end();
  await until(async () => (await fetch(`${served.url}/ready`)).ok);
  expect(await (await fetch(`${served.url}/users/`)).json()).toHaveLength(2);
});

test('while another program holds the SQLite file it is alive and not ready, until it has its tables', async () => {
  const database = await freshDatabase('sqlite');
  const other = new DatabaseSync(database.SQLITE_PATH ?? '');
  other.exec('pragma journal_mode = wal; begin immediate');
  const api = await spawnApi(database);
  await until(async () => (await fetch(`${api.url}/health`)).ok);
  const ready = await fetch(`${api.url}/ready`);
  expect([ready.status, await ready.json()]).toEqual([503, { detail: 'The API is starting' }]);
  other.close();
  await until(async () => (await fetch(`${api.url}/ready`)).ok);
  expect(await (await fetch(`${api.url}/users/`)).json()).toHaveLength(2);
});

test('without the right to make its tables on PostgreSQL it is alive and not ready, until it has that', async () => {
  const { DATABASE_URL: url = '' } = await freshDatabase('postgres');
  const owner = new pg.Client(url);
  await owner.connect();
  const role = new URL(url).pathname.slice(1);
  await owner.query(`create role ${role} login password 'only-for-tests'`);
  const own = Object.assign(new URL(url), { username: role });
  const api = await spawnApi({ DATABASE_URL: own.href });
  await until(() => api.output().includes('permission denied for schema public'));
  expect((await fetch(`${api.url}/health`)).status).toBe(200);
  expect((await fetch(`${api.url}/ready`)).status).toBe(503);
  await owner.query(`grant create on schema public to ${role}`);
  await owner.end();
  await until(async () => (await fetch(`${api.url}/ready`)).ok);
});

describe('the log', () => {
  test('is JSON, with a line for each request that holds no name, body, query or key', async () => {
    const api = await startApi({ ...(await freshDatabase('sqlite')), API_KEY: 'key-of-the-api', LOG_LEVEL: 'trace' });
    await fetch(`${api.url}/users/?q=Searched`, { headers: { 'x-request-id': 'request-1' } });
    await fetch(`${api.url}/users/Named?q=Searched`, { headers: { authorization: 'Bearer key-of-the-api' } });
    for (const body of ['{"username":"Created"}', '{"username":"Created"}', '{"username":["Wrong"]}', '{"Broken"']) {
      await post(`${api.url}/users/`, body, { authorization: 'Bearer key-of-the-api' });
    }
    await post(`${api.url}/users/connect`, '{"username":"Connected"}');
    await fetch(`${api.url}/users/Sought/of/nobody`);
    api.child.kill('SIGTERM');
    expect(await api.ended).toBe(0);

    const lines = api
      .output()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toContainEqual(
      expect.objectContaining({ reqId: 'request-1', method: 'GET', route: '/users/', status: 200, msg: 'request' }),
    );
    const requests = lines
      .filter(({ msg, level }) => msg === 'request' && level !== 20)
      .map(({ route, status }) => `${String(route)} ${String(status)}`);
    // A line is written once the answer is on its way: the next request may overtake it.
    expect(requests.sort()).toEqual([
      '/users/ 200',
      '/users/ 200',
      '/users/ 409',
      '/users/ 422',
      '/users/ 422',
      '/users/:id 422',
      '/users/connect 404',
      'none 404',
    ]);
    expect(api.output()).not.toMatch(/Searched|Named|Sought|Created|Wrong|Broken|Connected|key-of-the-api/);
  });

  test('says at start which database is used and whether writing is open', async () => {
    const database = await freshDatabase('sqlite');
    const open = await startApi(database);
    await until(() => open.output().includes(`"database":"${database.SQLITE_PATH ?? ''}","writes":"open to everyone"`));
    const guarded = await startApi({ ...(await freshDatabase('postgres')), API_KEY: 'key' });
    await until(() => guarded.output().includes('"database":"postgres","writes":"protected by API_KEY"'));
    expect(guarded.output()).not.toContain('only-for-tests');
  });
});

test('the metrics count and time requests by method, route and status, on a port of their own', async () => {
  const api = await startApi(await freshDatabase('sqlite'));
  await fetch(`${api.url}/users/1`);
  await fetch(`${api.url}/users/2`);
  await fetch(`${api.url}/users/abc`);
  await fetch(`${api.url}/made-up-${Math.random()}`);
  const answer = await fetch(api.metricsUrl);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const metrics = await answer.text();
  expect(metrics).toContain('http_requests_total{method="GET",route="/users/:id",status="200"} 2\n');
  expect(metrics).toContain('http_requests_total{method="GET",route="/users/:id",status="422"} 1\n');
  expect(metrics).toContain('http_requests_total{method="GET",route="none",status="404"} 1\n');
  expect(metrics).toContain(
    'http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/users/:id",status="200"} 2\n',
  );
  expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(metrics).not.toContain('made-up');
  expect((await fetch(`${api.url}/metrics`)).status).toBe(404);
  expect((await fetch(api.metricsUrl.replace('/metrics', '/'))).status).toBe(404);
});

describe('the end', () => {
  test('a signal that comes before the program is loaded ends it at once', async () => {
    const database = await freshDatabase('sqlite');
    // As soon as anybody listens.
    const signal = `process.on('newListener', (name) => name === 'SIGTERM' && setImmediate(() => process.kill(process.pid, name)))`;
    const api = await spawnApi({ ...database, NODE_OPTIONS: `--import "data:text/javascript,${encodeURI(signal)}"` });
    expect(await api.ended).toBe(0);
    expect(api.output()).toBe('');
  });

  test('after SIGTERM it is not ready but alive, serves on for the delay, and ends with 0', async () => {
    const api = await startApi({ ...(await freshDatabase('sqlite')), DRAIN_DELAY_MS: '1500' });
    api.child.kill('SIGTERM');
    await until(async () => (await fetch(`${api.url}/ready`)).status === 503);
    const ready = await fetch(`${api.url}/ready`);
    expect(await ready.json()).toEqual({ detail: 'The API is draining' });
    expect((await fetch(`${api.url}/health`)).status).toBe(200);
    const preflight = { origin: 'https://page.example', 'access-control-request-method': 'POST' };
    for (const [method, path, status, headers] of [
      ['GET', '/users/', 200, {}],
      ['OPTIONS', '/users/', 204, preflight],
      ['OPTIONS', '/users/', 405, {}],
      ['GET', '/users/connect', 405, {}],
    ] as const) {
      const answer = await fetch(`${api.url}${path}`, { method, headers });
      expect([method, path, answer.status, answer.headers.get('connection')]).toEqual([method, path, status, 'close']);
    }
    expect(await api.ended).toBe(0);
  });

  test('a second signal ends it at once', async () => {
    const api = await startApi({ ...(await freshDatabase('sqlite')), DRAIN_DELAY_MS: '60000' });
    api.child.kill('SIGTERM');
    await until(async () => (await fetch(`${api.url}/ready`)).status === 503);
    api.child.kill('SIGTERM');
    expect(await api.ended).toBe(1);
  });

  test('Ctrl-C waits for nobody', async () => {
    const api = await startApi({ ...(await freshDatabase('sqlite')), DRAIN_DELAY_MS: '60000' });
    api.child.kill('SIGINT');
    expect(await api.ended).toBe(0);
  });

  test('under load no request fails when a proxy takes readiness into account', async () => {
    const database = { ...(await freshDatabase('sqlite')), RATE_LIMIT: '0' };
    const [first, second] = [await startApi({ ...database, DRAIN_DELAY_MS: '1000' }), await startApi(database)];
    let target = first.url;
    const { failures, acknowledged, stop } = load(() => target, 8);
    await until(() => acknowledged.length > 100);
    first.child.kill('SIGTERM');
    // As a Service does: some time passes before the news arrives, and then no new request comes.
    await until(async () => (await fetch(`${first.url}/ready`)).status === 503);
    await sleep(300);
    target = second.url;
    expect(await first.ended).toBe(0);
    await until(() => acknowledged.length > 300);
    await stop();
    expect(failures).toEqual([]);
    const names = await allNames(second.url);
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
  });
});

describe.each(engines)('on %s', (engine) => {
  test('after SIGKILL in the middle of 1,000 writes every acknowledged one is there', async () => {
    const database = await freshDatabase(engine);
    const api = await startApi({ ...database, RATE_LIMIT: '0' });
    const { acknowledged, stop } = load(() => api.url, 10);
    await until(() => acknowledged.length >= 500);
    api.child.kill('SIGKILL');
    await api.ended;
    await stop();

    const again = await startApi(database);
    const names = await allNames(again.url);
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
    expect(names).toContain('adm');
  });

  test('eight processes that start at once on an empty database make its tables once, and all serve', async () => {
    const database = await freshDatabase(engine);
    const apis = await Promise.all(Array.from({ length: 8 }, () => startApi(database)));
    for (const { url } of apis) expect(await (await fetch(`${url}/users/`)).json()).toHaveLength(2);
  });

  test('two processes on one database read and write at once, and see each other’s writes at once', async () => {
    const database = await freshDatabase(engine);
    const [one, two] = [
      await startApi({ ...database, RATE_LIMIT: '0' }),
      await startApi({ ...database, RATE_LIMIT: '0' }),
    ];
    const loads = [load(() => one.url, 6), load(() => two.url, 6)];
    await until(() => loads.every(({ acknowledged }) => acknowledged.length > 200));
    await Promise.all(loads.map(({ stop }) => stop()));
    expect(loads.flatMap(({ failures }) => failures)).toEqual([]);
    const acknowledged = loads.flatMap((loaded) => loaded.acknowledged);
    const names = await allNames(one.url);
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);

    const list = async (url: string) => (await fetch(`${url}/users/?q=seen`)).text();
    for (let i = 0; i < 20; i++) {
      await list(two.url);
      const writer = i % 2 ? one : two;
      await post(`${writer.url}/users/`, JSON.stringify({ username: `seen-${i}` }));
      expect(await list(one.url)).toContain(`"seen-${i}"`);
      expect(await list(two.url)).toContain(`"seen-${i}"`);
    }
  });

  test('the tables of a newer version are no obstacle: an update can be taken back', async () => {
    const database = await freshDatabase(engine);
    const first = await startApi(database);
    first.child.kill('SIGTERM');
    await first.ended;
    const later = await openDatabase(readConfig(database).database, () => undefined);
    await sql`insert into kysely_migration(name, timestamp) values ('9999_later', '2100-01-01')`.execute(later.queries);
    await later.close();
    const again = await startApi(database);
    expect(await (await fetch(`${again.url}/users/`)).json()).toHaveLength(2);
  });

  test('a restart changes nothing in the data', async () => {
    const database = await freshDatabase(engine);
    const first = await startApi(database);
    await fetch(`${first.url}/users/1`, { method: 'DELETE' });
    await post(`${first.url}/users/`, '{"username":"kept"}');
    first.child.kill('SIGTERM');
    await first.ended;
    const second = await startApi(database);
    expect([...(await allNames(second.url))]).toEqual(['pasadmin', 'kept']);
    if (engine === 'sqlite') expect(existsSync(database.SQLITE_PATH ?? '')).toBe(true);
  });
});
