import { readdir, readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openDatabase } from '../src/database/connection.ts';
import { buildTestApp, freshDatabase } from './support/app.ts';
import { createPostgres, type PostgresServer } from './support/postgres.ts';
import { allNames, load, post, spawnApi, startApi, until } from './support/process.ts';

describe('a SQLite file that cannot be written', () => {
  test('a full disk gives 507, and nothing is half written', async () => {
    const { app, database } = await buildTestApp();
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(database.queries);
    // SQLite's own limit: what it answers at this size is what it answers on a full disk.
    await sql`pragma max_page_count = ${sql.lit((rows[0]?.page_count ?? 0) + 3)}`.execute(database.queries);
    const create = (i: number) => {
      const roles = Array.from({ length: 20 }, (_, role) => `${i}-${role}`.padEnd(32, 'x'));
      return app.inject({ method: 'POST', url: '/users/', payload: { username: `${i}`.padEnd(64, 'x'), roles } });
    };
    let answer = await create(0);
    for (let i = 1; answer.statusCode === 200 && i < 100; i++) answer = await create(i);
    expect([answer.statusCode, answer.json()]).toEqual([
      507,
      { detail: 'The database has no room left: nothing was written' },
    ]);

    const users = (await app.inject('/users/')).json<{ id: number; roles: string[] }[]>();
    expect(users.slice(2).map(({ roles }) => roles.length)).toEqual(users.slice(2).map(() => 20));
    expect((await app.inject('/ready')).statusCode).toBe(200);
    await sql`pragma max_page_count = 1000000`.execute(database.queries);
    expect((await create(999)).statusCode).toBe(200);
  });

  test('a file that became read-only gives 503 for writes and is read as before', async () => {
    const { app, database } = await buildTestApp();
    await sql`pragma query_only = on`.execute(database.queries);
    for (const [method, url, payload] of [
      ['POST', '/users/', { username: 'x' }],
      ['PATCH', '/users/1', { roles: [] }],
      ['DELETE', '/users/1', undefined],
    ] as const) {
      const answer = await app.inject({ method, url, ...(payload && { payload }) });
      expect([answer.statusCode, answer.json()]).toEqual([
        503,
        { detail: 'The database does not answer or cannot be written: try again in a moment' },
      ]);
    }
    expect((await app.inject('/users/1')).json()).toEqual({ id: 1, username: 'adm', roles: ['admin', 'dev'] });
    expect((await app.inject('/ready')).statusCode).toBe(200);
  });

  test('a disk that refuses to take more ends no process, and what was answered is there', async () => {
    // The kernel refuses to let any file of this process grow beyond 200 kB.
    const limited = ['sh', '-c', 'ulimit -f 400 && exec "$@"', 'sh'];
    const api = await spawnApi({ ...(await freshDatabase('sqlite')), RATE_LIMIT: '0' }, limited);
    await until(async () => (await fetch(`${api.url}/ready`)).ok);
    let created = 0;
    let status = 200;
    for (; status === 200 && created < 5000; created++) {
      status = (await post(`${api.url}/users/`, JSON.stringify({ username: `${created}`.padEnd(64, 'x') }))).status;
    }
    expect([503, 507]).toContain(status);
    expect((await fetch(`${api.url}/health`)).status).toBe(200);
    expect((await (await fetch(`${api.url}/users/?limit=1000`)).json()) as object[]).toHaveLength(
      Math.min(1000, created - 1 + 2),
    );
  });

  test('a lock that another program holds for long gives 503, and the process serves on meanwhile', async () => {
    const { app, database } = await buildTestApp();
    const { rows } = await sql<{ file: string }>`pragma database_list`.execute(database.queries);
    const other = await openDatabase({ engine: 'sqlite', path: rows[0]?.file ?? '' }, () => undefined);
    onTestFinished(() => other.close());
    let release: () => void = () => undefined;
    const held = other.transaction(() => new Promise<void>((resolve) => (release = resolve)));
    const write = app.inject({ method: 'DELETE', url: '/users/1' });
    const from = performance.now();
    for (let i = 0; i < 20; i++) expect((await app.inject('/users/')).statusCode).toBe(200);
    expect(performance.now() - from).toBeLessThan(2000);
    expect((await write).statusCode).toBe(503);
    release();
    await held;
    expect((await app.inject({ method: 'DELETE', url: '/users/1' })).statusCode).toBe(204);
  });
});

test('on PostgreSQL a request has its bound of time, and a migration has none of a request', async () => {
  const { database } = await buildTestApp('postgres');
  const slow = sql`select pg_sleep(2.5)`;
  await expect(slow.execute(database.queries)).rejects.toMatchObject({ kind: 'unavailable' });
  await database.patiently((connection) => slow.execute(connection));
});

test('a connection to a server that takes no writes any more is given up for a new one', async () => {
  const { app, database } = await buildTestApp('postgres');
  await sql`set session characteristics as transaction read only`.execute(database.queries);
  const write = async () =>
    (await app.inject({ method: 'POST', url: '/users/', payload: { username: 'x' } })).statusCode;
  expect([await write(), await write()]).toEqual([503, 200]);
});

describe('a PostgreSQL server that goes away', () => {
  async function ownServer(): Promise<PostgresServer> {
    const server = await createPostgres();
    onTestFinished(() => server.remove());
    return server;
  }

  test('at start: not ready but alive, until it is there', async () => {
    const server = await ownServer();
    const api = await spawnApi({ DATABASE_URL: server.url });
    await until(async () => (await fetch(`${api.url}/health`)).ok);
    const ready = await fetch(`${api.url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([503, { detail: 'The API is starting' }]);
    expect((await fetch(`${api.url}/users/`)).status).toBe(503);
    await server.start();
    await until(async () => (await fetch(`${api.url}/ready`)).ok);
    expect(await (await fetch(`${api.url}/users/`)).json()).toHaveLength(2);
  });

  test('under load: 503 meanwhile, never an end, nothing acknowledged is lost, and it heals by itself', async () => {
    const server = await ownServer();
    await server.start();
    const api = await startApi({ DATABASE_URL: server.url, RATE_LIMIT: '0' });
    const { acknowledged, failures, stop } = load(() => api.url, 8);
    for (let i = 0; i < 3; i++) {
      const before = acknowledged.length;
      await until(() => acknowledged.length > before + 50);
      await server.stop();
      await until(async () => (await fetch(`${api.url}/ready`)).status === 503);
      const answer = await fetch(`${api.url}/users/`);
      expect([answer.status, await answer.json()]).toEqual([
        503,
        { detail: 'The database does not answer or cannot be written: try again in a moment' },
      ]);
      await server.start();
      await until(async () => (await fetch(`${api.url}/ready`)).ok);
    }
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 50);
    await stop();
    expect(failures.filter((failure) => !/^(GET|POST) 503 {"detail":/.test(failure))).toEqual([]);
    const names = await allNames(api.url);
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
  });

  test('silently, as behind a broken network: 503 within 5 s, for reads, writes and readiness', async () => {
    const server = await ownServer();
    await server.start();
    const api = await startApi({ DATABASE_URL: server.url });
    // Open connections whose other side falls silent.
    await Promise.all(Array.from({ length: 10 }, () => fetch(`${api.url}/users/`)));
    await freeze(server, 'SIGSTOP');
    try {
      const asked = [
        () => fetch(`${api.url}/users/`),
        () => fetch(`${api.url}/ready`),
        () => post(`${api.url}/users/`, '{"username":"x"}'),
        () => fetch(`${api.url}/users/1`, { method: 'DELETE' }),
        // More than there are connections.
        ...Array.from({ length: 30 }, (_, i) => () => post(`${api.url}/users/`, `{"username":"waiting-${i}"}`)),
      ];
      const answers = await Promise.all(
        asked.map(async (ask) => {
          const from = performance.now();
          const { status } = await ask();
          return { status, inTime: performance.now() - from < 5000 };
        }),
      );
      expect(answers).toEqual(asked.map(() => ({ status: 503, inTime: true })));
      expect((await fetch(`${api.url}/health`)).status).toBe(200);
    } finally {
      await freeze(server, 'SIGCONT');
    }
    await until(async () => (await fetch(`${api.url}/ready`)).ok);
    await until(async () => (await fetch(`${api.url}/users/`)).ok);
  });

  /** Stops (SIGSTOP) or continues the server and every process that serves a connection. */
  async function freeze(server: PostgresServer, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const parent = server.pid();
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      if (Number(stat.split(') ')[1]?.split(' ')[1]) === parent) process.kill(Number(pid), signal);
    }
    process.kill(parent, signal);
  }
});
