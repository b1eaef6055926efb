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

test('its patterns can be read in other languages than this one', async () => {
  const patterns = [...JSON.stringify(await documentOf()).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)].map(([, text]) =>
    String(JSON.parse(text ?? '')),
  );
  expect(patterns.length).toBeGreaterThan(2);
  // Halves of surrogate pairs are no characters to most regular expressions: a client's generator would refuse the document.
  expect(patterns.filter((pattern) => /\\ud[89a-f]/i.test(pattern))).toEqual([]);
});

test('only writing asks for the key', async () => {
  const { paths } = await documentOf();
  const guarded = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, { security }]) => security)
      .map(([method]) => `${method} ${path}`),
  );
  expect(guarded).toEqual(['post /users/', 'patch /users/{id}', 'delete /users/{id}']);
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
