import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../backend/test/support/ports.ts';
import { until } from '../../backend/test/support/process.ts';
import { copyProject, root } from '../project-copy.ts';

/* `pnpm start` and `pnpm dev` in a copy of the repository, so that nobody's .env and database are touched. */

let project: string;
beforeAll(() => {
  project = copyProject();
  for (const folder of ['', 'backend', 'frontend']) {
    symlinkSync(join(root, folder, 'node_modules'), join(project, folder, 'node_modules'));
  }
});
afterAll(() => {
  rmSync(project, { recursive: true });
});

async function start(env: Record<string, string> = {}, ...args: string[]) {
  const [port, metricsPort, frontPort] = [await freePort(), await freePort(), await freePort()];
  const child = spawn(process.execPath, ['scripts/start.ts', ...args], {
    cwd: project,
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      METRICS_PORT: String(metricsPort),
      FRONT_PORT: String(frontPort),
      ...env,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = once(child, 'exit').then(([code]) => code as number);
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill('SIGINT');
    await ended;
  });
  return {
    page: `http://localhost:${frontPort}`,
    api: `http://localhost:${port}`,
    port,
    child,
    ended,
    output: () => output,
    isRunning: () => until(() => output.includes('is running.'), 60_000),
  };
}

function dotenv(side: 'backend' | 'frontend', text: string): void {
  const file = join(project, side, '.env');
  writeFileSync(file, text);
  onTestFinished(() => {
    rmSync(file, { force: true });
  });
}

const title = async (api: string) => ((await (await fetch(`${api}/info`)).json()) as { title: string }).title;

test.each(['SIGINT', 'SIGHUP'] as const)('start says where all is, and %s stops all', async (signal) => {
  const site = await start();
  await site.isRunning();
  expect(site.output()).toContain(`Page      ${site.page}\n`);
  expect(site.output()).toContain(`Swagger   ${site.api}/docs\n`);
  expect(await (await fetch(site.page)).text()).toContain('<div id="root">');
  expect(await (await fetch(`${site.page}/config.json`)).json()).toMatchObject({ apiUrl: site.api });
  site.child.kill(signal);
  expect(await site.ended).toBe(0);
  for (const url of [site.page, site.api]) await expect(fetch(url)).rejects.toThrow('fetch failed');
});

test('a port that is taken is said before anything starts, and what to do', async () => {
  const taken = createServer().listen(0);
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { port: number };
  for (const [name, remedy] of [
    ['PORT', 'set PORT in backend/.env to another'],
    ['FRONT_PORT', 'set the variable FRONT_PORT to another'],
  ] as const) {
    const site = await start({ [name]: String(port) });
    expect(await site.ended).toBe(1);
    expect(site.output()).toBe(`Port ${port} is taken: stop the program that has it, or ${remedy}.\n`);
  }
});

test.each([
  ['backend', 'SQLITE_PATH=x.db\nPORT=many\n', 'PORT is "many"'],
  ['frontend', 'VITE_API_URL=api.example\n', 'VITE_API_URL'],
] as const)('what is wrong in the .env of the %s is said before anything starts', async (side, text, message) => {
  dotenv(side, text);
  const site = await start(side === 'backend' ? { PORT: undefined as never } : {});
  expect(await site.ended).toBe(1);
  expect(site.output()).toContain(message);
  expect(site.output()).not.toMatch(/\n\s+at /);
});

test('dev reloads what is saved, however an editor saves it, and waits for the next when that does not run', async () => {
  dotenv('backend', 'APP_TITLE=First\n');
  const site = await start({}, '--dev');
  await site.isRunning();
  expect(await title(site.api)).toBe('First');
  dotenv('backend', 'APP_TITLE=Second\n');
  await until(async () => (await title(site.api)) === 'Second');

  const file = join(project, 'backend/src/config.ts');
  const source = readFileSync(file, 'utf8');
  const saveAs = (name: string) => {
    writeFileSync(`${file}~`, source.replace("text('APP_TITLE')", `\`\${text('APP_TITLE')}${name}\``));
    renameSync(`${file}~`, file);
  };
  for (const name of [' 1', ' 2', ' 3']) {
    saveAs(name);
    await until(async () => (await title(site.api)) === `Second${name}`);
  }
  writeFileSync(file, 'no program');
  await until(() => site.output().includes('The API has ended (exit code 1): it starts again when a file is saved.'));
  writeFileSync(file, source);
  await until(async () => (await title(site.api)) === 'Second');
  expect(await (await fetch(`${site.page}/src/main.tsx`)).text()).toContain('import');
});

test('a side that ends is named, and ends the other', async () => {
  const site = await start({ DEMO_FAULTS: 'true' });
  await site.isRunning();
  await fetch(`${site.api}/faults/crash`, { method: 'POST' });
  expect(await site.ended).toBe(1);
  expect(site.output()).toContain('The API has ended (exit code 1): the other side is stopped too.\n');
});

test.skipIf(process.platform !== 'linux')('an API that listens on one address is reached there', async () => {
  const site = await start({ HOST: '127.0.0.2' });
  await site.isRunning();
  const api = `http://127.0.0.2:${site.port}`;
  expect(site.output()).toContain(`Swagger   ${api}/docs\n`);
  expect(await (await fetch(`${site.page}/config.json`)).json()).toMatchObject({ apiUrl: api });
});
