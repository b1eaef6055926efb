import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../backend/test/support/process.ts';
import { copyProject, root } from '../project-copy.ts';
import { docker, hardened, run, volume } from './docker.ts';

const name = (side: string, tag: string) => `archi-demo/${side}-demo-conception-logicielle:${tag}`;

/** Runs scripts/images.ts of a project, under an account that is nobody's. */
function images(args: string[], env: Record<string, string> = {}, project = root): string {
  const script = join(project, 'scripts/images.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    env: { ...process.env, ACCOUNT: 'archi-demo', ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stdout + stderr);
  return stdout;
}

const tags = () =>
  docker('images', '--format', '{{.Repository}}:{{.Tag}}', '--filter', 'reference=archi-demo/*').split('\n').sort();

beforeAll(() => {
  images([]);
});

afterAll(() => {
  docker('rmi', '--force', ...tags());
});

test('all images have the names of the manifests', () => {
  expect(tags()).toEqual(
    [
      ...['demo-cassee', 'demo-v1', 'demo-v2', 'latest'].map((tag) => name('backend', tag)),
      ...['demo-v1', 'demo-v2', 'latest'].map((tag) => name('frontend', tag)),
    ].sort(),
  );
});

describe.each([
  ['demo-v1', '1.0.0-demo'],
  ['demo-v2', '2.0.0-demo'],
])('%s', (tag, version) => {
  test(`the API says that it is ${version}`, async () => {
    const api = run(name('backend', tag), ...hardened);
    await until(async () => (await fetch(`${api.url(8000)}/ready`)).ok, 30_000);
    expect(await (await fetch(`${api.url(8000)}/info`)).json()).toMatchObject({ version });
  });

  test(`the front says that it is ${version}`, async () => {
    const front = run(name('frontend', tag), ...hardened, '--env', 'VITE_API_URL=https://api.example.org');
    await until(async () => (await fetch(`${front.url(5173)}/healthz`)).ok, 30_000);
    expect(await (await fetch(`${front.url(5173)}/config.json`)).json()).toMatchObject({ version });
  });
});

test.each([
  ['a volume for SQLite', () => ['--volume', `${volume()}:/data`]],
  ['PostgreSQL', () => ['--env', 'PGHOST=db', '--env', 'PGDATABASE=archi', '--env', 'PGUSER=archi']],
])('demo-cassee lives and is never ready, with %s', async (_name, options) => {
  const api = run(name('backend', 'demo-cassee'), ...hardened, ...options());
  await until(async () => (await fetch(`${api.url(8000)}/health`)).ok, 30_000);
  await expect(until(async () => (await fetch(`${api.url(8000)}/ready`)).ok, 5000)).rejects.toThrow('Still not');
  expect(await (await fetch(`${api.url(8000)}/info`)).json()).toMatchObject({ version: '3.0.0-cassee' });
  expect(api.inspect('{{.State.Running}}')).toBe('true');
});

/** A push to main, in a repository without an account. */
const push = {
  PLATFORMS: 'linux/amd64',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_SHA: '0123456789abcdef',
  GITHUB_STEP_SUMMARY: '',
  DOCKERHUB_USERNAME: '',
};

test('without an account, publishing builds, leaves nothing behind and says what to set', () => {
  const before = tags();
  const said = images(['publish'], push);
  expect(said).toContain('DOCKERHUB_USERNAME');
  expect(said).toContain('DOCKERHUB_TOKEN');
  expect(tags()).toEqual(before);
});

test('a fork with one application of its own gets its image, by the two jobs that the guide leaves it', () => {
  const fork = copyProject();
  onTestFinished(() => {
    rmSync(fork, { recursive: true });
  });
  const edit = (file: string, change: (text: string) => string) => {
    const before = readFileSync(join(fork, file), 'utf8');
    const after = change(before);
    expect(after, file).not.toBe(before);
    writeFileSync(join(fork, file), after);
  };
  // As section 6 of docs/tp-kubernetes.md has it.
  for (const folder of ['backend', 'frontend']) rmSync(join(fork, folder), { recursive: true });
  mkdirSync(join(fork, 'backend'));
  writeFileSync(
    join(fork, 'backend/app.js'),
    "require('http').createServer((_, answer) => answer.end('mine')).listen(8000);",
  );
  writeFileSync(join(fork, 'backend/Dockerfile'), 'FROM node:24-alpine\nCOPY app.js .\nCMD ["node", "app.js"]\n');
  for (const kind of ['configmap', 'deployment', 'ingress', 'service']) rmSync(join(fork, `k8s/frontend-${kind}.yaml`));
  edit('k8s/Kustomization', (text) => text.replace(/^ {2}- frontend-.*\n/gm, ''));
  edit('docker-compose.yml', (text) =>
    text
      .replace(/^ {2}frontend:[^]*(?=^volumes:)/m, '')
      .replace(/(?<=^ {2}backend:\n {4}build:\n {6}context: ).*\n.*\n/m, 'backend\n'),
  );
  edit('docker-bake.hcl', (text) => text.replace(/^( +)dockerfile = "\$\{side\}\/Dockerfile"$/m, '$1context = side'));

  const [, doctor = ''] =
    /^ {2}doctor:\n([^]*?)(?=^ {2}\w+:$)/m.exec(readFileSync(join(fork, '.github/workflows/ci.yml'), 'utf8')) ?? [];
  const [, filter = ''] = /^ +filter: (\w+)$/m.exec(doctor) ?? [];
  const [, command = ''] = /^ +- run: (.+)$/m.exec(doctor) ?? [];
  for (const line of [`pnpm install --frozen-lockfile --filter ${filter}`, command]) {
    const { status, stdout, stderr } = spawnSync('sh', ['-c', line], {
      cwd: fork,
      encoding: 'utf8',
      // Not where pnpm was called.
      env: { ...process.env, CI: 'true', INIT_CWD: fork },
    });
    expect(status, line + stdout + stderr).toBe(0);
  }
  expect(images(['publish'], push, fork)).toContain('DOCKERHUB_USERNAME');
});
