import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { buildTestApp, freshDatabase } from './support/app.ts';
import { type ApiProcess, post, startApi, until } from './support/process.ts';

const faults = ['crash', 'unready', 'unhealthy', 'slow', 'failing', 'memory'];

async function startBreakable(): Promise<ApiProcess> {
  return startApi({ ...(await freshDatabase('sqlite')), DEMO_FAULTS: 'true', HOSTNAME: 'backend-1' });
}

const ask = (api: ApiProcess, fault: string) => post(`${api.url}/faults/${fault}`, '');

/** The statuses of these paths, one after the other. */
async function statuses(api: ApiProcess, ...paths: string[]): Promise<number[]> {
  const found: number[] = [];
  for (const path of paths) found.push((await fetch(api.url + path)).status);
  return found;
}

test('without DEMO_FAULTS there is no way to break the API, and /info and the document say so', async () => {
  const { app } = await buildTestApp();
  for (const fault of faults) {
    expect((await app.inject({ method: 'POST', url: `/faults/${fault}` })).statusCode).toBe(404);
  }
  expect((await app.inject('/info')).json()).toMatchObject({ demo_faults: false });
  expect((await app.inject('/openapi.json')).body).not.toContain('/faults/');
});

test('with DEMO_FAULTS the log, /info and the document say that there is', async () => {
  const api = await startBreakable();
  expect(api.output()).toContain('DEMO_FAULTS is true');
  expect(await (await fetch(`${api.url}/info`)).json()).toMatchObject({ demo_faults: true, pod: 'backend-1' });
  const { paths } = (await (await fetch(`${api.url}/openapi.json`)).json()) as { paths: object };
  expect(Object.keys(paths).filter((path) => path.startsWith('/faults/'))).toEqual(
    faults.map((fault) => `/faults/${fault}`),
  );
});

test('who may not write may not break either, and breaking counts as a write', async () => {
  const { app } = await buildTestApp('sqlite', { DEMO_FAULTS: 'true', API_KEY: 'right-key', RATE_LIMIT: '7' });
  const status = async (url: string, key?: string) =>
    (await app.inject({ method: 'POST', url, headers: key ? { authorization: `Bearer ${key}` } : {} })).statusCode;
  for (const fault of faults) expect(await status(`/faults/${fault}`)).toBe(401);
  expect(await status('/faults/unready', 'right-key')).toBe(202);
  expect(await status('/faults/unready', 'right-key')).toBe(429);
  expect((await app.inject('/info')).statusCode).toBe(200);
});

test('each fault has a bound', async () => {
  const { app } = await buildTestApp('sqlite', { DEMO_FAULTS: 'true' });
  for (const query of [
    'unready?seconds=601',
    'unhealthy?seconds=0',
    'slow?ms=10001',
    'failing?percent=101',
    'memory?megabytes=1025',
  ]) {
    expect((await app.inject({ method: 'POST', url: `/faults/${query}` })).statusCode, query).toBe(422);
  }
});

test('a crash ends the process at once, after it has said which one', async () => {
  const api = await startBreakable();
  const answer = await ask(api, 'crash');
  expect([answer.status, await answer.json()]).toEqual([
    202,
    { pod: 'backend-1', until: expect.stringMatching(/^\d{4}-/) as string },
  ]);
  expect(await api.ended).toBe(1);
});

test('readiness and liveness fail each by itself, and heal', async () => {
  const api = await startBreakable();
  await ask(api, 'unready?seconds=30');
  expect(await statuses(api, '/ready', '/health', '/info')).toEqual([503, 200, 200]);
  await ask(api, 'unhealthy?seconds=30');
  expect(await statuses(api, '/ready', '/health', '/info')).toEqual([503, 503, 200]);
  // The newer wish goes before the older one.
  await ask(api, 'unready?seconds=1');
  await ask(api, 'unhealthy?seconds=1');
  await until(async () => (await fetch(`${api.url}/ready`)).ok && (await fetch(`${api.url}/health`)).ok);
});

test('late and failed answers are those of all routes but the probes, and end', async () => {
  const api = await startBreakable();
  const took = async (path: string) => {
    const start = performance.now();
    expect(await statuses(api, path)).toEqual([200]);
    return performance.now() - start;
  };
  await ask(api, 'slow?seconds=30&ms=2000');
  expect((await took('/info')) - (await took('/health')) - (await took('/ready'))).toBeGreaterThan(1000);
  await ask(api, 'slow?seconds=1&ms=1');

  await ask(api, 'failing?seconds=30&percent=100');
  expect(await statuses(api, '/info', '/users/', '/health', '/ready')).toEqual([500, 500, 200, 200]);
  await ask(api, 'failing?seconds=1&percent=1');
  await until(async () => (await fetch(`${api.url}/info`)).ok);
});

test.runIf(process.platform === 'linux')('memory is taken for good, outside of the heap, up to its bound', async () => {
  const api = await startBreakable();
  const resident = () =>
    Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${api.child.pid ?? 0}/status`, 'utf8'))?.[1]) / 1024;
  const before = resident();
  await ask(api, 'memory?megabytes=90&seconds=30');
  await until(() => resident() - before > 85);
  await sleep(400);
  expect(resident() - before).toBeLessThan(130);
  expect(await statuses(api, '/info')).toEqual([200]);
  // Asked for again, it is the bound of the process that is meant: what was taken is given back.
  await ask(api, 'memory?megabytes=10&seconds=1');
  await until(() => resident() - before < 50);
});
