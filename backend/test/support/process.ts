import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { freePort } from './ports.ts';

/** The API as a process of its own: the bundle, which is what a container runs. */
export interface ApiProcess {
  url: string;
  metricsUrl: string;
  child: ChildProcessByStdio<null, Readable, Readable>;
  /** All that it has written so far. */
  output(): string;
  /** Resolves to its exit code, or to the signal that ended it. */
  ended: Promise<number | NodeJS.Signals>;
}

/**
 * Starts the API with this environment and nothing else of the tests' own; it ends with the test at the latest.
 *
 * @param before arguments that stand before `node`, such as a shell that sets limits.
 */
export async function spawnApi(env: Record<string, string>, before: string[] = []): Promise<ApiProcess> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const command = [...before, process.execPath, join(import.meta.dirname, '../../dist/server.js')];
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PORT: String(port), METRICS_PORT: String(metricsPort), HOST: '127.0.0.1', DRAIN_DELAY_MS: '0', ...env },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  }
  onTestFinished(() => void child.kill('SIGKILL'));
  return {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}/metrics`,
    child,
    output: () => output,
    ended: once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals),
  };
}

/** Starts the API and waits until it is ready. */
export async function startApi(env: Record<string, string>): Promise<ApiProcess> {
  const api = await spawnApi(env);
  await Promise.race([
    until(async () => (await fetch(`${api.url}/ready`)).ok),
    api.ended.then((code) => {
      throw new Error(`The API ended with ${code}:\n${api.output()}`);
    }),
  ]);
  return api;
}

/** Waits for a condition; one that throws does not hold yet. */
export async function until(condition: () => boolean | Promise<boolean>, mostMs = 15_000): Promise<void> {
  const deadline = Date.now() + mostMs;
  for (;;) {
    const failure = await Promise.resolve()
      .then(condition)
      .then(
        (holds) => (holds ? undefined : new Error('The condition does not hold')),
        (error: unknown) => error,
      );
    if (failure === undefined) return;
    if (Date.now() > deadline) throw new Error(`Still not after ${mostMs} ms`, { cause: failure });
    await sleep(20);
  }
}

export function post(url: string, body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

export interface Loaded {
  /** Names of users whose creation was answered with 200. */
  acknowledged: string[];
  /** What was not answered as it should have been. */
  failures: string[];
  stop(): Promise<void>;
}

/** Lets `clients` readers and writers go on, one request after the other each, until they are stopped. */
export function load(url: () => string, clients: number): Loaded {
  const loaded = { acknowledged: [] as string[], failures: [] as string[] };
  const stopping = new AbortController();
  const isGoing = () => !stopping.signal.aborted;
  const finished = Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let i = 0; isGoing(); i++) {
        const username = `c${client}-${i}-${performance.now()}`;
        try {
          const write = await post(`${url()}/users/`, JSON.stringify({ username, roles: ['x'] }));
          const writeText = await write.text();
          if (write.status === 200) loaded.acknowledged.push(username);
          else loaded.failures.push(`POST ${write.status} ${writeText}`);
          const read = await fetch(`${url()}/users/?limit=5`);
          const readText = await read.text();
          if (read.status !== 200) loaded.failures.push(`GET ${read.status} ${readText}`);
        } catch (error) {
          if (isGoing()) loaded.failures.push(String((error as Error).cause ?? error));
        }
      }
    }),
  );
  return {
    ...loaded,
    async stop() {
      stopping.abort();
      await finished;
    },
  };
}

/** The names of all users, page by page. */
export async function allNames(url: string): Promise<Set<string>> {
  const names = new Set<string>();
  for (let after = 0; ;) {
    const answer = await fetch(`${url}/users/?limit=1000&after=${after}`);
    const users = (await answer.json()) as { id: number; username: string }[];
    for (const { username } of users) names.add(username);
    const last = users.at(-1);
    if (!last) return names;
    after = last.id;
  }
}
