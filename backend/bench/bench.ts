/**
 * Drives the API as its image runs it (the bundle, with the image's memory flags) and a bare `node:http` server that sends
 * the same bytes, in turn and in one run, and prints both and their ratio. Trust the ratios: the figures are this machine's.
 *
 *   pnpm bench [seconds per measure, 4 by default]
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import autocannon from 'autocannon';
import { openDatabase } from '../src/database/connection.ts';
import { migrate } from '../src/database/migrations.ts';
import { createUserRepository } from '../src/users/users.repository.ts';
import { freePort } from '../test/support/ports.ts';

const seconds = Number(process.argv[2] ?? 4);
const rounds = 3;
const connections = 32;
const memoryFlags = ['--max-old-space-size=96', '--max-semi-space-size=4'];
const folder = mkdtempSync(join(tmpdir(), 'archi-bench-'));
const children: ChildProcess[] = [];

interface Server {
  url: string;
  metricsUrl: string;
  child: ChildProcess;
}

try {
  await import('../build.ts');
  await reads();
  await pages();
  await writes();
  await startsAndMemory();
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
}

async function reads(): Promise<void> {
  title('GET /users/', 'asked again and again');
  for (const users of [2, 100]) {
    const api = await startApi(await databaseOf(users));
    await compare(`${users} users`, api, await startBare(`${api.url}/users/`), { path: '/users/' });
    await stop(api.child);
  }
  const api = await startApi(await databaseOf(100));
  const bare = await startBare(`${api.url}/users/`);
  // Each write makes every kept answer stale. The write itself is not one of the counted requests.
  for (const perSecond of [1, 100]) {
    const writer = setInterval(() => {
      void fetch(`${api.url}/users/1`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ roles: ['admin', 'dev', String(Math.random()).slice(2, 8)] }),
      });
    }, 1000 / perSecond);
    await compare(`100 users, ${perSecond} write(s) a second`, api, bare, { path: '/users/' });
    clearInterval(writer);
  }
  await stop(api.child);
}

async function pages(): Promise<void> {
  title('GET /users/?limit=20&after=…', 'a page never asked twice');
  const million = await databaseOf(1_000_000);
  const api = await startApi(million);
  const bare = await startBare(`${api.url}/users/?limit=20&after=500000`);
  await compare('a page in a table of 1,000,000', api, bare, {
    path: () => `/users/?limit=20&after=${Math.floor(Math.random() * 999_000)}`,
  });
  await stop(api.child);

  title('A page from the database', 'page after page from somewhere, in turns, without HTTP');
  const tables = await Promise.all(
    (
      [
        [100, await databaseOf(100)],
        [1_000_000, million],
      ] as const
    ).map(async ([users, path]) => {
      const database = await openDatabase({ engine: 'sqlite', path }, console.warn);
      return { users, database, list: createUserRepository(database).list, times: [] as number[] };
    }),
  );
  for (let round = 0; round < 15; round++) {
    for (const { users, list, times } of tables) {
      let after = Math.floor(Math.random() * users);
      const from = performance.now();
      for (let i = 0; i < 1000; i++, after = (after + 20) % (users - 20)) await list({ limit: 20, after });
      times.push((performance.now() - from) / 1000);
    }
  }
  for (const { users, database, times } of tables) {
    await database.close();
    console.log(
      `${users.toLocaleString('en')} rows`.padEnd(44),
      `${(median(times) * 1000).toFixed(0)} µs`.padStart(10),
    );
  }
  const [few = NaN, many = NaN] = tables.map(({ times }) => median(times));
  console.log('ratio'.padEnd(44), (many / few).toFixed(2).padStart(10));
}

async function writes(): Promise<void> {
  title('POST /users/', 'each answered after its fsync');
  const api = await startApi(await databaseOf(2));
  let name = 0;
  await compare('a new user', api, await startBare(`${api.url}/health`), {
    method: 'POST',
    path: '/users/',
    headers: { 'content-type': 'application/json' },
    body: () => JSON.stringify({ username: `user-${name++}`, roles: ['dev', 'ops'] }),
  });
  await stop(api.child);
}

async function startsAndMemory(): Promise<void> {
  title('The process', '');
  const path = await databaseOf(100);
  const starts: number[] = [];
  for (let i = 0; i < 5; i++) {
    const from = performance.now();
    const api = await startApi(path);
    starts.push(performance.now() - from);
    await stop(api.child);
  }
  console.log('start to first answer'.padEnd(44), `${median(starts).toFixed(0)} ms`.padStart(10));

  const api = await startApi(path);
  await sleep(1000);
  console.log('memory, idle'.padEnd(44), `${((await residentBytes(api)) / 1e6).toFixed(0)} MB`.padStart(10));
  let most = 0;
  const sampler = setInterval(() => void residentBytes(api).then((bytes) => (most = Math.max(most, bytes))), 250);
  await drive(api.url, { path: '/users/' }, seconds * 3);
  await drive(api.url, { path: () => `/users/?limit=100&after=${Math.floor(Math.random() * 99)}` }, seconds * 3);
  clearInterval(sampler);
  console.log('memory, most under load'.padEnd(44), `${(most / 1e6).toFixed(0)} MB`.padStart(10));
  const idle = await cores(api);
  const viewed = await cores(api, 100);
  console.log('CPU, idle'.padEnd(44), `${(idle * 1000).toFixed(1)}m`.padStart(10));
  // Ten viewers of the deployment page ask so often.
  console.log('CPU, for each of 10 viewers'.padEnd(44), `${((viewed - idle) * 100).toFixed(1)}m`.padStart(10));
  await stop(api.child);
}

/** How many cores the process uses while it is asked for `/info` so often, by who waits in between. */
async function cores(api: Server, perSecond = 0): Promise<number> {
  const measure = () => metric(api, 'process_cpu_seconds_total');
  const asking = perSecond > 0 ? setInterval(() => void fetch(`${api.url}/info`), 1000 / perSecond) : undefined;
  await sleep(seconds * 500);
  const [before, from] = [await measure(), performance.now()];
  await sleep(seconds * 2000);
  const used = ((await measure()) - before) / ((performance.now() - from) / 1000);
  clearInterval(asking);
  return used;
}

interface Load {
  method?: 'GET' | 'POST';
  path: string | (() => string);
  headers?: Record<string, string>;
  body?: () => string;
}

/** Drives both in turn and prints the medians of the rounds. */
async function compare(name: string, api: Server, bareUrl: string, load: Load): Promise<void> {
  const results = { api: [] as autocannon.Result[], bare: [] as autocannon.Result[] };
  for (let round = 0; round < rounds; round++) {
    results.bare.push(await drive(bareUrl, load, seconds));
    results.api.push(await drive(api.url, load, seconds));
  }
  const rate = (list: autocannon.Result[]) => median(list.map(({ requests }) => requests.average));
  const p99 = (list: autocannon.Result[]) => median(list.map(({ latency }) => latency.p99));
  const failed = results.api.reduce((sum, { non2xx, errors }) => sum + non2xx + errors, 0);
  console.log(
    name.padEnd(44),
    `${rate(results.api).toFixed(0)}/s`.padStart(10),
    `p99 ${p99(results.api).toFixed(1)} ms`.padStart(12),
    `bare ${rate(results.bare).toFixed(0)}/s`.padStart(14),
    `p99 ${p99(results.bare).toFixed(1)} ms`.padStart(12),
    `ratio ${(rate(results.api) / rate(results.bare)).toFixed(2)}`.padStart(11),
    failed > 0 ? `${failed} FAILED` : '',
  );
}

async function drive(url: string, { method = 'GET', path, headers, body }: Load, duration: number) {
  return autocannon({
    url,
    connections,
    duration,
    requests: [
      {
        method,
        ...(headers && { headers }),
        setupRequest: (request) => ({
          ...request,
          path: typeof path === 'string' ? path : path(),
          ...(body && { body: body() }),
        }),
      },
    ],
  });
}

/** A file with the two first users and as many others as are missing. */
async function databaseOf(users: number): Promise<string> {
  const path = join(folder, `${users}-${performance.now()}.db`);
  const database = await openDatabase({ engine: 'sqlite', path }, console.warn);
  await migrate(database);
  await database.close();
  const file = new DatabaseSync(path);
  file.exec(`
    begin;
    with recursive n(i) as (select 3 union all select i + 1 from n where i < ${users})
      insert into users(username, search_key) select 'user' || i, 'user' || i from n where i <= ${users};
    insert into user_roles select id, 'dev' from users where id > 2;
    insert into user_roles select id, 'role' || (id % 100) from users where id > 2;
    commit`);
  file.close();
  return path;
}

async function startApi(path: string): Promise<Server> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const child = spawn(process.execPath, [...memoryFlags, 'dist/server.js'], {
    cwd: join(import.meta.dirname, '..'),
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      HOST: '127.0.0.1',
      SQLITE_PATH: path,
      RATE_LIMIT: '0',
      DRAIN_DELAY_MS: '0',
    },
  });
  children.push(child);
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await sleep(2);
  return { url, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`, child };
}

/** A server that answers every request with the bytes that `sample` answers now. */
async function startBare(sample: string): Promise<string> {
  const port = await freePort();
  const bytes = Buffer.from(await (await fetch(sample)).arrayBuffer());
  const child = spawn(process.execPath, [join(import.meta.dirname, 'bare-server.ts'), String(port)], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  children.push(child);
  child.stdin.end(bytes);
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await sleep(5);
  return url;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill('SIGTERM');
  await once(child, 'exit');
}

/** What the process says of itself, by the name of the metric. */
async function metric({ metricsUrl }: Server, name: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

async function residentBytes(api: Server): Promise<number> {
  return metric(api, 'process_resident_memory_bytes');
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

function title(what: string, how: string): void {
  console.log(`\n${what}${how && ` (${how})`}`);
}
