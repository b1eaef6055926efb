import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../backend/test/support/ports.ts';

/** A front and an API that a test has for itself: real processes on a real database file. */
export interface OwnSite {
  url: string;
  apiUrl: string;
  startApi: () => Promise<void>;
  /** At once, as when a machine fails. */
  killApi: () => Promise<void>;
  /** The API takes requests and answers none, until it is thawed. */
  freezeApi: () => void;
  thawApi: () => void;
  /** Makes `users` users in all, straight in the database: `user3`, `user4`… with the roles `dev` and `role0` to `role99`. */
  fill: (users: number) => void;
  close: () => Promise<void>;
}

/**
 * Starts the built front and the API's bundle.
 *
 * @param apiEnv variables for the API.
 * @param frontEnv variables for the front, in place of those that lead to the API.
 */
export async function startOwnSite(
  apiEnv: Record<string, string> = {},
  frontEnv?: Record<string, string>,
): Promise<OwnSite> {
  const folder = mkdtempSync(join(tmpdir(), 'archi-e2e-'));
  const [apiPort, metricsPort, frontPort] = [await freePort(), await freePort(), await freePort()];
  const apiUrl = `http://localhost:${apiPort}`;
  const url = `http://localhost:${frontPort}`;
  const database = join(folder, 'archi.db');
  let api: ChildProcess | undefined;

  const startApi = async () => {
    api = spawnApi({ PORT: String(apiPort), METRICS_PORT: String(metricsPort), SQLITE_PATH: database, ...apiEnv });
    await answers(`${apiUrl}/health`);
  };
  const killApi = async () => {
    if (!api || api.exitCode !== null || api.signalCode !== null) return;
    api.kill('SIGKILL');
    await once(api, 'exit');
  };
  const front = spawnFront(frontPort, frontEnv ?? leadingTo(apiUrl));
  await Promise.all([startApi(), answers(url)]);

  return {
    url,
    apiUrl,
    startApi,
    killApi,
    freezeApi: () => void api?.kill('SIGSTOP'),
    thawApi: () => void api?.kill('SIGCONT'),
    fill(users) {
      const file = new DatabaseSync(database, { timeout: 5000 });
      file.exec(`
        begin immediate;
        with recursive n(i) as (select 3 union all select i + 1 from n where i < ${users})
          insert into users(username, search_key) select 'user' || i, 'user' || i from n;
        insert into user_roles select id, 'dev' from users where id > 2;
        insert into user_roles select id, 'role' || (id % 100) from users where id > 2;
        commit`);
      file.close();
    },
    async close() {
      await killApi();
      front.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The API's bundle, as a process of its own. */
export function spawnApi(env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, '../../backend/dist/server.js')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { LOG_LEVEL: 'error', ...env },
  });
}

/** The built front, as a process of its own. */
export function spawnFront(port: number, env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, '../serve.ts'), '--port', String(port)], {
    stdio: 'ignore',
    env,
  });
}

/** The variables of a front that finds its API there. */
export function leadingTo(apiUrl: string): Record<string, string> {
  return { VITE_API_URL: apiUrl, VITE_ENVIRONNEMENT: 'test', APP_VERSION: '1.2.3', HOSTNAME: 'front-1' };
}

export async function answers(url: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (Date.now() > deadline) throw new Error(`${url} does not answer`);
    await sleep(20);
  }
}
