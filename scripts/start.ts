/**
 * Runs the API and the front together until Ctrl-C.
 *
 *   pnpm start   as in production: the front is built, nothing reloads
 *   pnpm dev     to work on them: both sides reload what is saved
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { watch } from 'chokidar';
import { type Config, ConfigError, loadConfig } from '../backend/src/config.ts';
import { loadEnvironment } from '../frontend/environment.ts';

const isDev = process.argv.includes('--dev');
const root = join(import.meta.dirname, '..');
const vite = join(root, 'frontend/node_modules/vite/bin/vite.js');
/** Without what the two `.env` files add: each side reads its own, when it starts and when it reloads. */
const environment = { ...process.env };
const frontPort = Number(process.env.FRONT_PORT ?? 5173);

const config = await checkedConfig();
const apiUrl = urlOf(config);
for (const port of [config.port, config.metricsPort, frontPort]) await checkPort(port);
if (!isDev) buildFront();

type Side = 'backend' | 'frontend';
const commands: Record<Side, string[]> = {
  backend: ['src/server.ts'],
  frontend: [...(isDev ? [vite, '--logLevel', 'warn'] : ['serve.ts']), '--port', String(frontPort)],
};
let isStopping = false;
/** Those that have ended, or are about to, because another takes their place. */
const replaced = new WeakSet<ChildProcess>();
const running = { backend: run('backend'), frontend: run('frontend') };
if (isDev) reloadBackend();
// SIGHUP: the terminal was closed.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(signal, 0));

for (const url of [`${apiUrl}/health`, `http://localhost:${frontPort}/config.json`]) {
  if (await answers(url, 30_000)) continue;
  console.error(`${url} does not answer.`);
  await stop('SIGINT', 1);
}
console.log(summary(config, await answers(`${apiUrl}/ready`, 5000)));

/** Everything that can be known to be wrong before anything is started. */
async function checkedConfig(): Promise<Config> {
  try {
    const read = loadConfig();
    for (const [name, port] of [
      ['PORT', read.port],
      ['METRICS_PORT', read.metricsPort],
    ] as const) {
      if (port === frontPort)
        throw new ConfigError(`${name} is ${port}, where the page is served: choose another port.`);
    }
    if (!(frontPort >= 1 && frontPort <= 65_535)) {
      throw new ConfigError(`FRONT_PORT is ${JSON.stringify(process.env.FRONT_PORT)}: write a port, 1 to 65535.`);
    }
    if (read.port === 0) throw new ConfigError('PORT is 0, any port, which the page could not know: choose one.');
    loadEnvironment(urlOf(read));
    const { default: front } = await import('../frontend/nginx/runtime-config.js');
    if (front.fault) throw new ConfigError(front.fault);
    return read;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

/** Where a browser of this machine reaches the API: under `localhost`, unless it listens on one other address alone. */
function urlOf({ host, port }: Config): string {
  const isHere = ['0.0.0.0', '::', '127.0.0.1', '::1', 'localhost'].includes(host);
  return `http://${isHere ? 'localhost' : isIPv6(host) ? `[${host}]` : host}:${port}`;
}

async function checkPort(port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const setting = {
      [config.port]: 'PORT in backend/.env',
      [config.metricsPort]: 'METRICS_PORT in backend/.env',
      [frontPort]: 'the variable FRONT_PORT',
    }[port];
    fail(
      code === 'EADDRINUSE'
        ? `Port ${port} is taken: stop the program that has it, or set ${setting} to another.`
        : `Port ${port} cannot be used (${code ?? String(error)}): set ${setting} to another, 1024 or more.`,
    );
  }
  server.close();
  await once(server, 'close');
}

function buildFront(): void {
  const { status } = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: join(root, 'frontend'),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) fail('The front could not be built: see above.');
}

/** In a process group of its own, so that Ctrl-C comes to it once: from here. */
function run(side: Side): ChildProcess {
  const child = spawn(process.execPath, commands[side], {
    cwd: join(root, side),
    stdio: 'inherit',
    // A reload waits for nobody. What frontend/.env says goes before its default, which is known here alone.
    env: { ...(isDev && { DRAIN_DELAY_MS: '0' }), ...environment, VITE_API_URL: process.env.VITE_API_URL },
    detached: process.platform !== 'win32',
  });
  child.on('exit', (code, signal) => {
    if (isStopping || replaced.has(child)) return;
    const name = side === 'backend' ? 'The API' : 'The front';
    const said = `${name} has ended (${signal ?? `exit code ${String(code)}`})`;
    if (isDev && side === 'backend') {
      console.error(`${said}: it starts again when a file is saved.`);
    } else {
      console.error(`${said}: the other side is stopped too.`);
      void stop('SIGINT', 1);
    }
  });
  return child;
}

/** Starts the API anew whenever something that it reads is saved. (Node's own --watch loses files that are replaced.) */
function reloadBackend(): void {
  let reloading: Promise<void> | undefined;
  watch(['src', '.env'], { cwd: join(root, 'backend'), ignoreInitial: true }).on('all', () => {
    reloading ??= reload().finally(() => (reloading = undefined));
  });

  async function reload(): Promise<void> {
    await sleep(50); // what is saved together is read together
    const before = running.backend;
    replaced.add(before);
    if (isAlive(before)) {
      before.kill('SIGTERM');
      await once(before, 'exit');
    }
    if (!isStopping) running.backend = run('backend');
  }
}

function isAlive({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

/** Ends both sides, however often it is called; a second signal reaches them too, and ends them at once. */
async function stop(signal: NodeJS.Signals, code: number): Promise<void> {
  const alive = Object.values(running).filter(isAlive);
  for (const child of alive) child.kill(signal);
  if (isStopping) return;
  isStopping = true;
  await Promise.all(alive.map((child) => once(child, 'exit')));
  process.exit(code);
}

async function isAnswering(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(5000) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Waits until it does, at most so long. */
async function answers(url: string, mostMs: number): Promise<boolean> {
  const deadline = Date.now() + mostMs;
  while (Date.now() < deadline) {
    if (await isAnswering(url)) return true;
    await sleep(50);
  }
  return false;
}

function summary({ appTitle, database, apiKey }: Config, isReady: boolean): string {
  const place =
    (database.engine === 'sqlite' ? database.path : 'PostgreSQL, as configured') +
    (isReady ? '' : ' (it does not answer yet; the API tries again)');
  const writing = apiKey === undefined ? 'open to everyone; set API_KEY to protect it' : 'protected by API_KEY';
  return `
  ${appTitle} is running.

  Page      http://localhost:${frontPort}
  Swagger   ${apiUrl}/docs
  Database  ${place}
  Writing   ${writing}

  Ctrl-C stops it.
`;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
