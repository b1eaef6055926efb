import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import { replayAll } from '../../backend/test/contract/replay.ts';
import { allNames, load, until } from '../../backend/test/support/process.ts';

/* One story, told in order: what a person does with the compose file from the first `up` to the last `down`. */

const api = 'http://127.0.0.1:8000';
const page = 'http://127.0.0.1:5173';
const project = inject('project');
// A name of its own: "watch" leaves a lock behind by that name, which a later one may take for a watch that still runs.
const env = { ...process.env, COMPOSE_PROJECT_NAME: `archi-test-${randomUUID().slice(0, 8)}`, RATE_LIMIT: '0' };

function compose(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('docker', ['compose', ...args], { cwd: project, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`docker compose ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout + stderr;
}

const info = async () => (await (await fetch(`${api}/info`)).json()) as { title: string; version: string };

afterAll(() => {
  compose('down', '--volumes', '--rmi', 'local');
});

test('the database alone, then the API with it', async () => {
  compose('up', '--detach', '--wait', 'db');
  compose('up', '--detach', '--wait', 'db', 'backend');
  expect(compose('ps', '--services').trim().split('\n').sort()).toEqual(['backend', 'db']);
  expect(await (await fetch(`${api}/info`)).json()).toMatchObject({ database: 'postgres', data_outlives_pod: true });
});

test('all of it is healthy and answers as the contract says', async () => {
  compose('up', '--detach', '--wait');
  expect((await fetch(page)).status).toBe(200);
  expect(await (await fetch(`${page}/config.json`)).json()).toMatchObject({ apiUrl: 'http://localhost:8000' });
  expect(await replayAll(api)).toEqual({});
});

test('a browser does there all that it does elsewhere', () => {
  const { status, stdout } = spawnSync('pnpm', ['--filter', 'frontend', 'exec', 'playwright', 'test'], {
    cwd: join(import.meta.dirname, '../..'),
    env: { ...process.env, E2E_BASE_URL: 'http://localhost:5173' },
    encoding: 'utf8',
  });
  expect(stdout).toMatch(/\d+ passed/);
  expect(status, stdout).toBe(0);
});

test('every port is open to this machine alone', () => {
  const published = compose('ps', '--format', '{{.Ports}}').match(/\S+->/g) ?? [];
  expect(published).toHaveLength(3);
  for (const address of published) expect(address).toMatch(/^127\.0\.0\.1:/);
});

test('a change in .env needs an "up" and no build', async () => {
  appendFileSync(join(project, '.env'), 'APP_TITLE=Ma première API\nVITE_API_URL=http://127.0.0.1:8000\n');
  const before = compose('images', '--quiet');
  compose('up', '--detach', '--wait');
  // The first request may still go to a connection of the container that was replaced.
  await until(async () => (await info()).title === 'Ma première API');
  await until(async () =>
    (await (await fetch(`${page}/config.json`)).text()).includes('"apiUrl":"http://127.0.0.1:8000"'),
  );
  expect(compose('images', '--quiet')).toBe(before);
});

test('the users are there after "down" and "up"', async () => {
  const before = await allNames(api);
  expect(before.size).toBeGreaterThan(2);
  compose('down');
  compose('up', '--detach', '--wait');
  await until(async () => (await fetch(page)).ok && (await fetch(api)).ok);
  expect(await allNames(api)).toEqual(before);
});

test('a database that is killed under load gives 503, then all goes on, and nothing acknowledged is lost', async () => {
  const { acknowledged, failures, stop } = load(() => api, 8);
  await until(() => acknowledged.length > 200, 60_000);
  compose('kill', 'db');
  await until(async () => (await fetch(`${api}/ready`)).status === 503, 30_000);
  compose('up', '--detach', '--wait', 'db');
  const before = acknowledged.length;
  await until(() => acknowledged.length > before + 100, 60_000);
  await stop();
  expect(failures.filter((failure) => !/^(GET|POST) 503 {"detail":/.test(failure))).toEqual([]);
  const names = await allNames(api);
  expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
});

test('"watch" puts a saved file in place', async () => {
  const file = join(project, 'backend/package.json');
  const manifest = readFileSync(file, 'utf8');
  const watch = spawn('docker', ['compose', 'watch', '--no-up', 'backend'], {
    cwd: project,
    env,
  });
  let said = '';
  for (const stream of [watch.stdout, watch.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  // What is saved before the watch has begun is not seen: save again, as a person does.
  let saved = 0;
  const saving = setInterval(() => {
    writeFileSync(file, manifest.replace(/"version": "[^"]+"/, `"version": "9.9.${++saved}"`));
  }, 10_000);
  try {
    await Promise.race([
      until(async () => (await info()).version.startsWith('9.9.'), 120_000),
      once(watch, 'exit').then(([code]) => {
        throw new Error(`It ended with ${String(code)}`);
      }),
    ]);
  } catch (error) {
    throw new Error(`"docker compose watch" said: ${said}`, { cause: error });
  } finally {
    clearInterval(saving);
    watch.kill('SIGINT');
  }
}, 180_000);
