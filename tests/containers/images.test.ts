import { execFileSync } from 'node:child_process';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { replayAll } from '../../backend/test/contract/replay.ts';
import { allNames, load, until } from '../../backend/test/support/process.ts';
import { docker, hardened, images, run, volume } from './docker.ts';

const megabytes = 1024 * 1024;
const isHealthy = ({ inspect }: { inspect: (format: string) => string }) =>
  inspect('{{.State.Health.Status}}') === 'healthy';

describe.each(['backend', 'frontend'] as const)('the image of the %s', (side) => {
  const image = images[side];
  /** Both sides' sources and what is built from them have this; a search that does not find it finds nothing. */
  const known = 'APP_VERSION';

  test('is built from no secret, and holds none', () => {
    const project = inject('project');
    const file = `${project}/${side}/Dockerfile`;
    const stage = docker('build', '--quiet', '--target', 'build', '--file', file, project);
    const search = ['run', '--rm', '--entrypoint', 'sh', stage, '-c', 'grep -rlF -- "$0" /src || true'];
    expect(docker(...search, known)).not.toBe('');
    expect(docker(...search, inject('plantedSecret'))).toBe('');

    const container = docker('create', image);
    onTestFinished(() => {
      docker('rm', '--volumes', container);
    });
    const script = `docker export ${container} | grep -acF -- "$0" || true`;
    const count = (text: string) => Number(execFileSync('sh', ['-c', script, text], { encoding: 'utf8' }));
    expect(count(known)).toBeGreaterThan(0);
    expect(count(inject('plantedSecret'))).toBe(0);
  });

  test('holds no source and no tool for packages', () => {
    const files = docker('run', '--rm', '--entrypoint', 'find', '--user', '0', image, '/', '-xdev', '-type', 'f').split(
      '\n',
    );
    expect(
      files.filter((file) => /node_modules|\.tsx?$|\/(npm|npx|pnpm|yarn|corepack)$|bin\/apk$|\/\.env|\.db/.test(file)),
    ).toEqual([]);
  });

  test('says what it is, and runs as a user that is a number and not root', () => {
    const { User, Labels } = JSON.parse(docker('inspect', '--format', '{{json .Config}}', image)) as {
      User: string;
      Labels: Record<string, string>;
    };
    expect(User).toBe('10001:10001');
    expect(Labels).toMatchObject({
      'org.opencontainers.image.source': expect.stringMatching(/^https:\/\/github\.com\//) as string,
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.revision': 'abc123',
    });
  });
});

describe('the API', () => {
  test('adds at most 12 MB to its base', () => {
    const size = (image: string) => Number(docker('inspect', '--format', '{{.Size}}', image));
    expect(size(images.backend) - size('node:24-alpine')).toBeLessThan(12 * megabytes);
  });

  test('answers as the contract says, with nothing but what a cluster gives', async () => {
    const api = run(images.backend, ...hardened, '--volume', `${volume()}:/data`);
    await until(() => isHealthy(api), 30_000);
    expect(await replayAll(api.url(8000))).toEqual({});
    expect(await (await fetch(`${api.url(8000)}/info`)).json()).toMatchObject({
      version: '1.2.3',
      commit: 'abc123',
      pod: api.id.slice(0, 12),
      data_outlives_pod: true,
    });
    for (const path of ['/docs', '/docs/static/swagger-ui-bundle.js', '/docs/static/swagger-ui.css']) {
      expect((await fetch(api.url(8000) + path)).status, path).toBe(200);
    }
    expect(await (await fetch(`${api.url(9090)}/metrics`)).text()).toContain('http_requests_total');
  });

  test('without a volume it says that the data end with it', async () => {
    const api = run(images.backend, ...hardened);
    await until(async () => (await fetch(`${api.url(8000)}/ready`)).ok, 30_000);
    expect(await (await fetch(`${api.url(8000)}/info`)).json()).toMatchObject({ data_outlives_pod: false });
  });

  test('is healthy when it can work, and unhealthy when it cannot', async () => {
    const api = run(images.backend, ...hardened, '--env', 'DATABASE_URL=postgresql://nobody@127.0.0.1:1/nothing');
    await until(async () => (await fetch(`${api.url(8000)}/health`)).ok);
    expect((await fetch(`${api.url(8000)}/ready`)).status).toBe(503);
    await until(() => Number(api.inspect('{{len .State.Health.Log}}')) > 1, 30_000);
    expect(isHealthy(api)).toBe(false);
  });

  test('a wrong configuration ends it at once, and its log says why', async () => {
    const api = run(images.backend, ...hardened, '--env', 'PORT=eight');
    await until(() => api.inspect('{{.State.Status}}') === 'exited');
    expect(api.inspect('{{.State.ExitCode}}')).toBe('1');
    expect(api.logs()).toContain('PORT is "eight"; write a whole number from 0 to 65535');
  });

  test('a volume that can only be read ends it at once, and its log says so', async () => {
    const users = volume();
    const writer = run(images.backend, ...hardened, '--volume', `${users}:/data`);
    await until(() => isHealthy(writer), 60_000);
    docker('stop', writer.id);
    const reader = run(images.backend, ...hardened, '--volume', `${users}:/data:ro`);
    await until(() => reader.inspect('{{.State.Status}}') === 'exited');
    expect(reader.inspect('{{.State.ExitCode}}')).toBe('1');
    expect(reader.logs()).toContain('The database file /data/archi.db cannot be used');
  });

  test('docker stop under load loses no request, and ends with 0 well before the engine kills', async () => {
    const data = ['--volume', `${volume()}:/data`, '--env', 'RATE_LIMIT=0'];
    const [first, second] = [run(images.backend, ...data), run(images.backend, ...data)];
    await until(() => isHealthy(first) && isHealthy(second), 60_000);
    let target = first.url(8000);
    const { acknowledged, failures, stop } = load(() => target, 8);
    await until(() => acknowledged.length > 200, 60_000);
    const from = Date.now();
    const stopped = execAsync('docker', 'stop', first.id);
    // As a Service does: new requests go elsewhere once the container says that it is not ready.
    await until(async () => (await fetch(`${first.url(8000)}/ready`)).status === 503);
    target = second.url(8000);
    await stopped;
    expect(Date.now() - from).toBeLessThan(8000);
    expect(first.inspect('{{.State.ExitCode}}')).toBe('0');
    await until(() => acknowledged.length > 400, 60_000);
    await stop();
    expect(failures).toEqual([]);
    const names = await allNames(second.url(8000));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
  });

  test('users outlive the container, also one that is killed while it writes', async () => {
    const data = ['--volume', `${volume()}:/data`, '--env', 'RATE_LIMIT=0'];
    const first = run(images.backend, ...hardened, ...data);
    await until(() => isHealthy(first), 60_000);
    const { acknowledged, stop } = load(() => first.url(8000), 8);
    await until(() => acknowledged.length > 100, 60_000);
    docker('kill', first.id);
    await stop();
    const second = run(images.backend, ...hardened, ...data);
    await until(() => isHealthy(second), 60_000);
    const names = await allNames(second.url(8000));
    expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
  });

  test('a disk that is full gives 507, and the process lives on', async () => {
    const api = run(images.backend, '--tmpfs', '/data:size=400k,uid=10001', '--env', 'RATE_LIMIT=0');
    await until(() => isHealthy(api), 60_000);
    let status = 200;
    for (let i = 0; status === 200 && i < 5000; i++) {
      const body = JSON.stringify({ username: `${i}`.padEnd(64, 'x') });
      status = (
        await fetch(`${api.url(8000)}/users/`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
        })
      ).status;
    }
    expect(status).toBe(507);
    expect((await fetch(`${api.url(8000)}/users/`)).status).toBe(200);
    expect((await (await fetch(`${api.url(8000)}/info`)).json()) as object).toMatchObject({ data_outlives_pod: false });
  });
});

describe('the front', () => {
  const settings = ['--env', 'VITE_API_URL=https://api.example.org', '--env', 'VITE_ENVIRONNEMENT=recette'];

  test('tells the page what its environment says, and the browser to let nothing go elsewhere', async () => {
    const front = run(images.frontend, ...hardened, ...settings);
    await until(() => isHealthy(front));
    expect(await (await fetch(`${front.url(5173)}/config.json`)).json()).toEqual({
      apiUrl: 'https://api.example.org',
      environment: 'recette',
      version: '1.2.3',
      pod: front.id.slice(0, 12),
    });
  });

  test('every answer has its headers, errors included', async () => {
    const front = run(images.frontend, ...hardened, ...settings);
    await until(() => isHealthy(front));
    const url = front.url(5173);
    const page = await (await fetch(url)).text();
    const script = /<script type="module"[^>]* src="([^"]+)"/.exec(page)?.[1] ?? '';
    const etag = (await fetch(url)).headers.get('etag') ?? '';
    const caching: Record<string, string | null> = {};
    for (const [what, path, options, status] of [
      ['page', '/', {}, 200],
      ['page below', '/nulle/part', {}, 200],
      ['unchanged', '/', { headers: { 'if-none-match': etag } }, 304],
      ['script', script, {}, 200],
      ['missing script', '/assets/nope.js', {}, 404],
      ['missing picture', '/nope.png', {}, 404],
      ['configuration', '/config.json', {}, 200],
      ['health', '/healthz', {}, 200],
      ['wrong method', '/', { method: 'DELETE' }, 405],
      ['too long', `/${'x'.repeat(9000)}`, {}, 414],
    ] as const) {
      const answer = await fetch(url + path, options);
      expect([what, answer.status]).toEqual([what, status]);
      expect(answer.headers.get('content-security-policy'), what).toMatch(
        /^default-src 'none'; script-src 'self' 'sha256-.+connect-src 'self' https:\/\/api\.example\.org;/,
      );
      expect(answer.headers.get('content-security-policy'), what).not.toContain('unsafe');
      expect(answer.headers.get('x-content-type-options'), what).toBe('nosniff');
      expect(answer.headers.get('referrer-policy'), what).toBe('strict-origin-when-cross-origin');
      expect(answer.headers.get('server'), what).toBe('nginx');
      caching[what] = answer.headers.get('cache-control');
    }
    expect(caching).toMatchObject({
      page: 'no-cache',
      'page below': 'no-cache',
      script: 'public, max-age=31536000, immutable',
      'missing script': 'no-cache',
      configuration: 'no-store',
    });
    // A proxy in between, such as a school's, names itself.
    for (const headers of [{}, { via: '1.1 proxy.example' }]) {
      expect((await fetch(url + script, { headers })).headers.get('content-encoding')).toBe('gzip');
    }
    expect((await fetch(url + script)).headers.get('content-type')).toMatch(/javascript; charset=utf-8$/);
  });

  test.each(['', 'api.example.org', "https://x;script-src 'unsafe-inline'"])(
    'VITE_API_URL=%j gives a page that can be read, a policy, and a line in the log',
    async (given) => {
      const front = run(images.frontend, ...hardened, '--env', `VITE_API_URL=${given}`);
      await until(async () => (await fetch(front.url(5173))).ok);
      const page = await fetch(front.url(5173));
      expect(page.headers.get('content-security-policy')).toContain("connect-src 'self'; base-uri 'none'");
      expect((await fetch(`${front.url(5173)}/healthz`)).status).toBe(503);
      // No page asks for the configuration of a pod that is not ready: its log has to say why by itself.
      await until(() => front.logs().includes('VITE_API_URL'));
      const configuration = await fetch(`${front.url(5173)}/config.json`);
      expect(configuration.status).toBe(500);
      expect(configuration.headers.get('content-security-policy')).not.toContain('unsafe');
      expect(((await configuration.json()) as { error: string }).error).toContain('VITE_API_URL');
      expect(isHealthy(front)).toBe(false);
    },
  );

  test('docker stop ends it with 0', async () => {
    const front = run(images.frontend, ...hardened, ...settings);
    await until(() => isHealthy(front));
    docker('stop', front.id);
    expect(front.inspect('{{.State.ExitCode}}')).toBe('0');
  });
});

async function execAsync(command: string, ...args: string[]): Promise<void> {
  const { execFile } = await import('node:child_process');
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  execFile(command, args, (error) => {
    if (error) reject(new Error(error.message, { cause: error }));
    else resolve(undefined);
  });
  return promise;
}
