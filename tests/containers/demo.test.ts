import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../backend/test/support/process.ts';
import { docker, hardened, run, volume } from './docker.ts';

const name = (side: string, tag: string) => `archi-demo/${side}-demo-conception-logicielle:${tag}`;

/** Runs scripts/images.ts, under an account that is nobody's. */
function images(args: string[], env: Record<string, string> = {}): string {
  const script = join(import.meta.dirname, '../../scripts/images.ts');
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

test('without an account, publishing builds, leaves nothing behind and says what to set', () => {
  const before = tags();
  const said = images(['publish'], {
    PLATFORMS: 'linux/amd64',
    GITHUB_REF: 'refs/heads/main',
    GITHUB_SHA: '0123456789abcdef',
    GITHUB_STEP_SUMMARY: '',
    DOCKERHUB_USERNAME: '',
  });
  expect(said).toContain('DOCKERHUB_USERNAME');
  expect(said).toContain('DOCKERHUB_TOKEN');
  expect(tags()).toEqual(before);
});
