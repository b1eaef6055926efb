import { expect, test } from 'vitest';
import { buildTestApp } from './support/app.ts';

interface Document {
  openapi: string;
  info: { title: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown> };
  servers?: { url: string }[];
}
interface Operation {
  operationId: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  responses: Record<string, { description: string; content?: Record<string, unknown>; headers?: object }>;
}

async function documentOf(env: Record<string, string> = {}, url = '/openapi.json'): Promise<Document> {
  const { app } = await buildTestApp('sqlite', env);
  return (await app.inject(url)).json();
}

test('the document has every route, and of each what it may answer', async () => {
  const { openapi, paths } = await documentOf();
  expect(openapi).toBe('3.1.0');
  const statuses = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { responses }]) => [
      `${method.toUpperCase()} ${path}`,
      Object.keys(responses).join(' '),
    ]),
  );
  expect(Object.fromEntries(statuses)).toEqual({
    'GET /': '200',
    'GET /health': '200',
    'GET /ready': '200 503',
    'GET /info': '200',
    'GET /users/': '200 422 503',
    'POST /users/': '200 400 401 409 413 422 429 503 507',
    'POST /users/connect': '200 400 404 413 422 503',
    'GET /users/{id}': '200 404 422 503',
    'PATCH /users/{id}': '200 400 401 404 409 413 422 429 503 507',
    'DELETE /users/{id}': '204 401 404 422 429 503 507',
  });
  for (const [path, operations] of Object.entries(paths)) {
    for (const { summary, tags, responses } of Object.values(operations)) {
      expect(summary, path).toBeTruthy();
      expect(tags, path).toHaveLength(1);
      for (const [status, { description, content }] of Object.entries(responses)) {
        expect(description, `${path} ${status}`).not.toBe('Default Response');
        expect(content?.['application/json'], `${path} ${status}`)[
          status === '204' ? 'toBeUndefined' : 'toBeDefined'
        ]();
      }
    }
  }
});

test('bodies and errors keep the names that generated clients know', async () => {
  const { components } = await documentOf();
  expect(Object.keys(components.schemas).sort()).toEqual([
    'Connected',
    'HTTPError',
    'HTTPValidationError',
    'Info',
    'User',
    'UserConnectDTO',
    'UserCreateDTO',
    'UserUpdateDTO',
    'ValidationError',
  ]);
});

test('operations have the names that FastAPI gives them', async () => {
  const { paths } = await documentOf({ DEMO_FAULTS: 'true' });
  const ids = Object.values(paths).flatMap((operations) => Object.values(operations).map((one) => one.operationId));
  expect(ids).toEqual(
    expect.arrayContaining([
      'root__get',
      'health_health_get',
      'get_users_users__get',
      'create_user_users__post',
      'connect_users_connect_post',
      'update_user_users__id__patch',
      'crash_faults_crash_post',
    ]),
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test('its patterns can be read in other languages than this one', async () => {
  const patterns = [...JSON.stringify(await documentOf()).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, text]) =>
    String(JSON.parse(text ?? '')),
  );
  expect(patterns.length).toBeGreaterThan(2);
  // Halves of surrogate pairs are no characters to most regular expressions: a client's generator would refuse the document.
  expect(patterns.filter((pattern) => /\\ud[89a-f]/i.test(pattern))).toEqual([]);
});

test('what the document says of a name is what is checked', async () => {
  const { components } = await documentOf();
  const { username } = (components.schemas.UserCreateDTO as { properties: Record<string, { pattern: string }> })
    .properties;
  const pattern = new RegExp(username?.pattern ?? '', 'u');
  for (const name of ['x', ' x\u00a0', `\t${'😀'.repeat(64)}\n`]) expect(name).toMatch(pattern);
  for (const name of ['', ' \u2003', 'x'.repeat(65), 'a\u0000b']) expect(name).not.toMatch(pattern);
});

test('only writing asks for the key, and only where one is set', async () => {
  const guarded = async (env: Record<string, string>) =>
    Object.entries((await documentOf(env)).paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { security = [] }]) => security.length > 0)
        .map(([method]) => `${method} ${path}`),
    );
  expect(await guarded({ API_KEY: 'key' })).toEqual(['post /users/', 'patch /users/{id}', 'delete /users/{id}']);
  expect(await guarded({})).toEqual([]);
});

test('document and page have the title of the configuration, as a text', async () => {
  const title = `L'API </title><script>alert("é")</script> & Cie`;
  const { app } = await buildTestApp('sqlite', { APP_TITLE: title });
  expect((await app.inject('/openapi.json')).json<Document>().info.title).toBe(title);
  const page = await app.inject('/docs');
  expect(page.body).toContain(
    '<title>L&#39;API &lt;/title&gt;&lt;script&gt;alert(&quot;é&quot;)&lt;/script&gt; &amp; Cie</title>',
  );
  expect(page.body).not.toContain('<script>alert');
});

test('Swagger UI finds all its files, behind a prefix too, and sends where it came from', async () => {
  const { app } = await buildTestApp();
  for (const prefix of ['', '/some/prefix']) {
    for (const page of ['/docs', '/docs/']) {
      const answer = await app.inject(page);
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      const addresses = [...answer.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
      expect(addresses.length).toBeGreaterThan(4);
      for (const address of addresses) {
        const { pathname } = new URL(address, `http://api.example${prefix}${page}`);
        expect(pathname.startsWith(prefix)).toBe(true);
        expect((await app.inject(pathname.slice(prefix.length))).statusCode, pathname).toBe(200);
      }
    }
  }
  const csp = (await app.inject('/docs')).headers['content-security-policy'];
  expect(csp).not.toContain('upgrade-insecure-requests');
  expect(csp).not.toContain('https:');
  expect((await app.inject('/docs/json')).json<Document>().servers).toEqual([{ url: '../' }]);
});
