/**
 * Runs the API and the front together until Ctrl-C.
 *
 *   pnpm start   as in production: the front is built, nothing reloads
 *   pnpm dev     to work on them: both sides reload what is saved
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, ConfigError, loadConfig } from '../backend/src/config.ts';
import { loadEnvironment } from '../frontend/environment.ts';

const isDev = process.argv.includes('--dev');
const root = join(import.meta.dirname, '..');
const vite = join(root, 'frontend/node_modules/vite/bin/vite.js');
const frontPort = 5173;

const config = await checkedConfig();
for (const port of [config.port, config.metricsPort, frontPort]) await checkPort(port);
if (!isDev) buildFront();

let isStopping = false;
const children = [
  run('backend', isDev ? ['--watch', '--watch-preserve-output', 'src/server.ts'] : ['src/server.ts']),
  run('frontend', isDev ? [vite, '--logLevel', 'warn'] : ['serve.ts']),
];
for (const child of children) {
  child.on('exit', () => {
    if (!isStopping) void stop('SIGINT', 1);
  });
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(signal, 0));

// A HOST that is one address of this machine is not reached by the name of another.
const apiUrl = `http://${/^(0\.0\.0\.0|::|127\.|localhost)/.test(config.host) ? 'localhost' : config.host}:${config.port}`;
await answers(`${apiUrl}/health`);
await answers(`http://localhost:${frontPort}/config.json`);
console.log(summary(config, await isAnswering(`${apiUrl}/ready`)));

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
    if (read.port === 0) throw new ConfigError('PORT is 0, any port, which the page could not know: choose one.');
    loadEnvironment(`http://localhost:${read.port}`);
    const { default: front } = await import('../frontend/nginx/runtime-config.js');
    if (front.fault) throw new ConfigError(front.fault);
    return read;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

async function checkPort(port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const setting = { [config.port]: 'PORT', [config.metricsPort]: 'METRICS_PORT' }[port];
    const instead = setting ? `, or set ${setting} in backend/.env to another port` : '';
    fail(`Port ${port} cannot be used (${code ?? String(error)}): stop the program that has it${instead}.`);
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
function run(side: 'backend' | 'frontend', args: string[]): ChildProcess {
  return spawn(process.execPath, args, {
    cwd: join(root, side),
    stdio: 'inherit',
    // A reload waits for nobody.
    env: { ...(isDev && { DRAIN_DELAY_MS: '0' }), ...process.env },
    detached: process.platform !== 'win32',
  });
}

/** Ends both sides, however often it is called; a second signal reaches them too, and ends them at once. */
async function stop(signal: NodeJS.Signals, code: number): Promise<void> {
  const running = children.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  for (const child of running) child.kill(signal);
  if (isStopping) return;
  isStopping = true;
  await Promise.all(running.map((child) => once(child, 'exit')));
  process.exit(code);
}

async function isAnswering(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function answers(url: string): Promise<void> {
  while (!(await isAnswering(url))) await sleep(50);
}

function summary({ port, appTitle, database, apiKey }: Config, isReady: boolean): string {
  const place =
    (database.engine === 'sqlite' ? database.path : 'PostgreSQL, as configured') +
    (isReady ? '' : ' (it does not answer yet; the API tries again)');
  const writing = apiKey === undefined ? 'open to everyone; set API_KEY to protect it' : 'protected by API_KEY';
  return `
  ${appTitle} is running.

  Page      http://localhost:${frontPort}
  Swagger   http://localhost:${port}/docs
  Database  ${place}
  Writing   ${writing}

  Ctrl-C stops it.
`;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
