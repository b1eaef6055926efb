import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { buildTestApp } from './support/app.ts';

describe('bodies', () => {
  const post = (app: Awaited<ReturnType<typeof buildTestApp>>['app'], payload: string | Buffer, type?: string) =>
    app.inject({
      method: 'POST',
      url: '/users/',
      payload,
      headers: type === undefined ? {} : { 'content-type': type },
    });

  test('every JSON type and no type are read as JSON, whatever their letter case and parameters', async () => {
    const { app } = await buildTestApp();
    const types = [undefined, 'application/json', 'APPLICATION/JSON;charset=latin1', 'application/problem+json', ' '];
    for (const [i, type] of types.entries()) {
      const answer = await post(app, `{"username":"n${i}"}`, type);
      expect([type, answer.statusCode, answer.body]).toEqual([type, 200, `${i + 3}`]);
    }
  });

  test('any other type is a text, which is no user', async () => {
    const { app } = await buildTestApp();
    const odd = ['json', 'application', 'a/b/c', '"application/json"', 'application/json\\', 'application/jsön'];
    for (const type of ['text/plain', 'text/json', 'multipart/form-data; boundary=x', ...odd]) {
      const answer = await post(app, '{"username":"x"}', type);
      expect([type, answer.statusCode, answer.json()]).toEqual([
        type,
        422,
        {
          detail: [
            {
              type: 'model_attributes_type',
              loc: ['body'],
              msg: 'Input should be a valid dictionary or object to extract fields from',
              input: '{"username":"x"}',
            },
          ],
        },
      ]);
    }
  });

  test('a byte order mark is no fault, bytes that are no UTF-8 are one', async () => {
    const { app } = await buildTestApp();
    expect((await post(app, '\ufeff{"username":"marked"}', 'application/json')).statusCode).toBe(200);
    const answer = await post(app, Buffer.from('{"username":"zo\xe9"}', 'latin1'), 'application/json');
    expect([answer.statusCode, answer.json()]).toEqual([400, { detail: 'There was an error parsing the body' }]);
  });

  test('keys that would change a prototype do nothing', async () => {
    const { app } = await buildTestApp();
    const answer = await post(app, '{"__proto__":{"username":"x"},"constructor":{"prototype":{"a":1}},"username":"y"}');
    expect(answer.statusCode).toBe(200);
    expect((await app.inject('/users/3')).json()).toMatchObject({ username: 'y' });
    expect((await post(app, '{"__proto__":{"username":"x"}}')).json()).toMatchObject({ detail: [{ type: 'missing' }] });
  });

  test('what is nested too deep to be written back is refused as a whole', async () => {
    const { app } = await buildTestApp();
    const answer = await post(app, '['.repeat(30_000) + ']'.repeat(30_000));
    expect([answer.statusCode, answer.json()]).toEqual([400, { detail: 'There was an error parsing the body' }]);
  });

  test('DELETE has none, whatever is sent with it', async () => {
    const { app } = await buildTestApp();
    const headers = { 'content-type': 'application/json' };
    const answer = await app.inject({ method: 'DELETE', url: '/users/2', payload: '{"broken', headers });
    expect(answer.statusCode).toBe(204);
  });

  test('a JSON fault says where it is', async () => {
    const { app } = await buildTestApp();
    for (const [body, position] of [
      ['{"username": ', 13],
      ['{"username":"x"} x', 17],
      ['  ', 2],
      ['{"username": x}', 13],
      ['{"username": [1, 2, tru]}', 23],
    ] as const) {
      expect((await post(app, body)).json()).toMatchObject({
        detail: [{ type: 'json_invalid', loc: ['body', position], msg: 'JSON decode error', input: {} }],
      });
    }
  });

  test('a body or a path that is made to be slow is judged at once', async () => {
    const { app } = await buildTestApp();
    const start = performance.now();
    expect((await post(app, JSON.stringify({ username: `${'a'.repeat(60_000)}\0` }))).statusCode).toBe(422);
    expect((await app.inject(`/${'/'.repeat(15_000)}x/`)).statusCode).toBe(404);
    // Patterns that go back and forth take seconds.
    expect(performance.now() - start).toBeLessThan(1000);
  });

  test('64 kB are read and more are refused', async () => {
    const { app } = await buildTestApp();
    const body = (size: number) => JSON.stringify({ username: 'big', more: 'x'.repeat(size - 28) });
    expect(body(65_536)).toHaveLength(65_536);
    expect((await post(app, body(65_536))).statusCode).toBe(200);
    const answer = await post(app, body(65_537));
    expect([answer.statusCode, answer.json()]).toEqual([413, { detail: 'Request body is too large' }]);
  });
});

describe('paths and methods', () => {
  test.each([
    ['GET', '/users/connect', 405, 'POST'],
    ['DELETE', '/users/connect', 405, 'POST'],
    ['PUT', '/users/1', 405, 'GET, HEAD, PATCH, DELETE'],
    ['POST', '/docs', 405, 'GET, HEAD'],
    ['TRACE', '/health', 405, 'GET, HEAD'],
    ['OPTIONS', '/users/1', 405, 'GET, HEAD, PATCH, DELETE'],
    ['HEAD', '/users/connect', 405, 'POST'],
    ['GET', '/docs/static/nope.css', 404, undefined],
    ['GET', '/users/1/x', 404, undefined],
    ['GET', '//users/', 404, undefined],
    ['GET', '//evil.example/', 404, undefined],
    ['GET', '/users/%ff', 404, undefined],
    ['GET', '/users/%63onnect', 405, 'POST'],
    ['PUT', '/%75sers%2F', 405, 'GET, HEAD, POST'],
    ['GET', '/users/1%2F2', 404, undefined],
    ['GET', '/users%3F', 404, undefined],
    ['GET', '/%zz', 404, undefined],
  ])('%s %s gives %d', async (method, url, status, allow) => {
    const { app } = await buildTestApp();
    const answer = await app.inject({ method: method as 'GET', url });
    expect([answer.statusCode, answer.headers.allow]).toEqual([status, allow]);
    if (method !== 'HEAD') {
      expect(answer.json()).toEqual({ detail: status === 405 ? 'Method Not Allowed' : 'Not Found' });
    }
  });

  test('a body is not read where there is no route for it', async () => {
    const { app } = await buildTestApp();
    for (const [method, url, status] of [
      ['POST', '/nope', 404],
      ['PUT', '/users/', 405],
      ['QUERY', '/users/', 405],
    ] as const) {
      const payload = `{"broken ${'x'.repeat(70_000)}`;
      expect((await app.inject({ method: method as 'POST', url, payload })).statusCode).toBe(status);
      expect((await app.inject({ method: method as 'POST', url })).statusCode).toBe(status);
    }
  });

  test.each([
    ['/users', 'users/', '/users/'],
    ['/users?limit=2&q=a%2Fb', 'users/?limit=2&q=a%2Fb', '/users/?limit=2&q=a%2Fb'],
    ['/health/', '../health', '/health'],
    ['/health//', '../../health', '/health'],
    ['/users/connect/', '../connect', '/users/connect'],
    ['/users/1/', '../1', '/users/1'],
  ])('%s is redirected, in a way that also leads there behind a prefix', async (url, location, target) => {
    const { app } = await buildTestApp();
    const answer = await app.inject({ method: 'POST', url });
    expect([answer.statusCode, answer.headers.location]).toEqual([307, location]);
    expect(new URL(location, `http://api.example${url}`).href).toBe(`http://api.example${target}`);
    expect(new URL(location, `http://api.example/prefix${url}`).href).toBe(`http://api.example/prefix${target}`);
  });

  test('HEAD is answered like GET, without the body', async () => {
    const { app } = await buildTestApp();
    const [get, head] = [await app.inject('/users/'), await app.inject({ method: 'HEAD', url: '/users/' })];
    expect([head.statusCode, head.body]).toEqual([200, '']);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
  });
});

describe('headers', () => {
  test('every answer has its request id and says how it is to be read', async () => {
    const { app } = await buildTestApp();
    for (const url of [
      '/',
      '/users/',
      '/nope',
      '/users/abc',
      '/users',
      '/%zz',
      '/users/%ff',
      '/docs',
      '/docs/static/swagger-ui.css',
    ]) {
      const { headers } = await app.inject(url);
      expect(headers['x-request-id'], url).toMatch(/^[\da-f-]{36}$/);
      expect(headers['x-content-type-options'], url).toBe('nosniff');
      expect(headers['content-security-policy'], url).toContain('default-src');
    }
  });

  test('an id that a proxy gives is kept, unless it is none', async () => {
    const { app } = await buildTestApp();
    const id = async (given: string) =>
      (await app.inject({ url: '/', headers: { 'x-request-id': given } })).headers['x-request-id'];
    expect(await id('abc-123')).toBe('abc-123');
    expect(await id('a b')).not.toBe('a b');
    expect(await id('x'.repeat(65))).toHaveLength(36);
  });

  test('only the configured origins may read, and errors may be read too', async () => {
    const { app } = await buildTestApp('sqlite', { CORS_ORIGIN: 'https://a.example, http://b.example:5173' });
    const allowed = async (origin: string, url = '/') =>
      (await app.inject({ url, headers: { origin } })).headers['access-control-allow-origin'];
    expect(await allowed('https://a.example')).toBe('https://a.example');
    expect(await allowed('http://b.example:5173', '/nope')).toBe('http://b.example:5173');
    expect(await allowed('https://evil.example')).toBeUndefined();
    expect(await allowed('https://a.example.evil')).toBeUndefined();
  });

  test('a preflight allows what the page needs, without the key', async () => {
    const { app } = await buildTestApp('sqlite', { API_KEY: 'secret' });
    const answer = await app.inject({
      method: 'OPTIONS',
      url: '/users/1',
      headers: {
        origin: 'https://front.example',
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT',
      'access-control-allow-headers': 'authorization,content-type',
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect((await app.inject('/')).headers['access-control-expose-headers']).toBe('Link, Retry-After, X-Request-Id');
  });
});

describe('the API key', () => {
  const writes = [
    ['POST', '/users/', { username: 'x' }],
    ['PATCH', '/users/1', {}],
    ['DELETE', '/users/2', undefined],
  ] as const;

  test('without one, writing is open', async () => {
    const { app } = await buildTestApp();
    for (const [method, url, payload] of writes) {
      expect((await app.inject({ method, url, ...(payload && { payload }) })).statusCode).toBeLessThan(300);
    }
    expect((await app.inject('/info')).json()).toMatchObject({ writes_protected: false });
  });

  test('with one, writing needs it and reading does not', async () => {
    const { app } = await buildTestApp('sqlite', { API_KEY: 'right-key' });
    for (const [method, url, payload] of writes) {
      for (const [authorization, detail] of [
        [undefined, 'Not authenticated'],
        ['right-key', 'Not authenticated'],
        ['Basic right-key', 'Not authenticated'],
        ['Bearer wrong-key', 'Invalid authentication credentials'],
        ['Bearer ', 'Not authenticated'],
      ]) {
        const headers = authorization === undefined ? {} : { authorization };
        const answer = await app.inject({ method, url, headers, ...(payload && { payload }) });
        expect([authorization, answer.statusCode, answer.json()]).toEqual([authorization, 401, { detail }]);
        expect(answer.headers['www-authenticate']).toBe('Bearer');
      }
      const headers = { authorization: 'bearer right-key' };
      expect((await app.inject({ method, url, headers, ...(payload && { payload }) })).statusCode).toBeLessThan(300);
    }
    expect((await app.inject('/users/')).statusCode).toBe(200);
    const connect = await app.inject({ method: 'POST', url: '/users/connect', payload: { username: 'adm' } });
    expect(connect.statusCode).toBe(200);
    expect((await app.inject('/info')).json()).toMatchObject({ writes_protected: true });
  });

  test('a wrong body tells nothing to who has no key', async () => {
    const { app } = await buildTestApp('sqlite', { API_KEY: 'right-key' });
    expect((await app.inject({ method: 'POST', url: '/users/', payload: '{' })).statusCode).toBe(401);
  });
});

describe('the rate limit', () => {
  test('so many writes a minute and client, then 429 with the time to wait', async () => {
    const { app } = await buildTestApp('sqlite', { RATE_LIMIT: '3', TRUST_PROXY: 'true' });
    const write = (client: string) =>
      app.inject({ method: 'PATCH', url: '/users/1', payload: {}, headers: { 'x-forwarded-for': client } });
    for (let i = 0; i < 3; i++) expect((await write('10.0.0.1')).statusCode).toBe(200);
    const answer = await write('10.0.0.1');
    expect([answer.statusCode, answer.json()]).toEqual([429, { detail: 'Too many writes: try again in 1 minute' }]);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
    expect((await write('10.0.0.2')).statusCode).toBe(200);
    expect((await app.inject({ url: '/users/', headers: { 'x-forwarded-for': '10.0.0.1' } })).statusCode).toBe(200);
  });

  test('guesses of the key count', async () => {
    const { app } = await buildTestApp('sqlite', { RATE_LIMIT: '2', API_KEY: 'right-key' });
    const guess = async () => (await app.inject({ method: 'DELETE', url: '/users/1' })).statusCode;
    expect([await guess(), await guess(), await guess()]).toEqual([401, 401, 429]);
  });

  test('a client who is not behind a trusted proxy cannot name itself', async () => {
    const { app } = await buildTestApp('sqlite', { RATE_LIMIT: '1' });
    const write = async (client: string) =>
      (await app.inject({ method: 'DELETE', url: '/users/9', headers: { 'x-forwarded-for': client } })).statusCode;
    expect([await write('10.0.0.1'), await write('10.0.0.2')]).toEqual([404, 429]);
  });

  test('0 is no limit', async () => {
    const { app } = await buildTestApp('sqlite', { RATE_LIMIT: '0' });
    for (let i = 0; i < 700; i++) {
      expect((await app.inject({ method: 'DELETE', url: '/users/99' })).statusCode).toBe(404);
    }
  });
});

describe('connections', () => {
  async function raw(request: string): Promise<string> {
    const { app } = await buildTestApp();
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write(request);
    return text(socket);
  }

  test('what is no HTTP gets a 400 that can be read', async () => {
    expect(await raw('HELLO\r\n\r\n')).toMatch(
      /^HTTP\/1.1 400 Bad Request\r\n[^]*x-content-type-options: nosniff\r\n[^]*{"detail":"This is no HTTP request"}$/,
    );
  });

  test('headers without end get a 431', async () => {
    expect(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
  });

  test('a request that does not arrive in time is ended', async () => {
    const { app } = await buildTestApp();
    await app.listen({ port: 0, host: '127.0.0.1' });
    expect([app.server.headersTimeout, app.server.requestTimeout]).toEqual([10_000, 15_000]);
    app.server.headersTimeout = 100;
    const socket = connect((app.server.address() as { port: number }).port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1.1 408 [^]*{"detail":"The request did not arrive in time"}$/);
  });
});
