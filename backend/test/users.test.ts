import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, test } from 'vitest';
import type { App } from '../src/app.ts';
import { buildTestApp, engines } from './support/app.ts';

interface User {
  id: number;
  username: string;
  roles: string[];
}

async function create(app: App, username: string, roles?: string[]): Promise<number> {
  const answer = await app.inject({ method: 'POST', url: '/users/', payload: { username, roles } });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json<number>();
}

/** Of the page behind an answer; empty behind the last. */
function nextUrl({ headers }: { headers: OutgoingHttpHeaders }): string {
  const next = /^<(.+)>; rel="next"$/.exec(headers.link?.toString() ?? '')?.[1];
  return next === undefined ? '' : `/users/${next}`;
}

const names = (users: User[]) => users.map(({ username }) => username);

describe.each(engines)('users on %s', (engine) => {
  test('a user is created, read, changed and deleted', async () => {
    const { app } = await buildTestApp(engine);
    const id = await create(app, 'alice', ['ops', 'dev']);

    expect((await app.inject(`/users/${id}`)).json()).toEqual({ id, username: 'alice', roles: ['dev', 'ops'] });

    const patched = await app.inject({ method: 'PATCH', url: `/users/${id}`, payload: { username: 'Alix' } });
    expect(patched.statusCode).toBe(200);
    expect(patched.json()).toEqual({ id, username: 'Alix', roles: ['dev', 'ops'] });

    const withRoles = await app.inject({ method: 'PATCH', url: `/users/${id}`, payload: { roles: ['admin'] } });
    expect(withRoles.json()).toEqual({ id, username: 'Alix', roles: ['admin'] });
    expect((await app.inject({ method: 'PATCH', url: `/users/${id}`, payload: {} })).json()).toEqual(withRoles.json());
    const without = await app.inject({ method: 'PATCH', url: `/users/${id}`, payload: { roles: null } });
    expect(without.json()).toEqual({ id, username: 'Alix', roles: [] });

    const deleted = await app.inject({ method: 'DELETE', url: `/users/${id}` });
    expect([deleted.statusCode, deleted.body]).toEqual([204, '']);
    expect((await app.inject(`/users/${id}`)).statusCode).toBe(404);
  });

  test('a user that does not exist gives 404, whatever is asked of it', async () => {
    const { app } = await buildTestApp(engine);
    for (const id of ['0', '-1', '99', '4294967296', '9007199254740991']) {
      for (const [method, payload] of [
        ['GET', undefined],
        ['PATCH', { roles: [] }],
        ['DELETE', undefined],
      ] as const) {
        const answer = await app.inject({ method, url: `/users/${id}`, ...(payload && { payload }) });
        expect([answer.statusCode, answer.json()]).toEqual([404, { detail: `Pas d'utilisateur avec id ${id}` }]);
      }
    }
  });

  test('an id that is no integer gives the 422 of FastAPI', async () => {
    const { app } = await buildTestApp(engine);
    const answer = await app.inject('/users/abc');
    expect([answer.statusCode, answer.json()]).toEqual([
      422,
      {
        detail: [
          {
            type: 'int_parsing',
            loc: ['path', 'id'],
            msg: 'Input should be a valid integer, unable to parse string as an integer',
            input: 'abc',
          },
        ],
      },
    ]);
    expect((await app.inject('/users/+1')).statusCode).toBe(200);
    expect((await app.inject('/users/1.0')).statusCode).toBe(200);
    expect((await app.inject('/users/1e0')).statusCode).toBe(422);
    expect((await app.inject('/users/99999999999999999999')).statusCode).toBe(422);
    expect((await app.inject(`/users/${'9'.repeat(200)}`)).statusCode).toBe(422);
  });

  test('a name belongs to one user', async () => {
    const { app } = await buildTestApp(engine);
    const id = await create(app, 'alice');
    await create(app, 'bob');
    const taken = { detail: "Le nom d'utilisateur existe déjà" };

    for (const answer of [
      await app.inject({ method: 'POST', url: '/users/', payload: { username: 'bob' } }),
      await app.inject({ method: 'POST', url: '/users/', payload: { username: ' bob\n' } }),
      await app.inject({ method: 'PATCH', url: `/users/${id}`, payload: { username: 'bob', roles: ['admin'] } }),
    ]) {
      expect([answer.statusCode, answer.json()]).toEqual([409, taken]);
    }
    // Refused as a whole.
    expect((await app.inject(`/users/${id}`)).json()).toEqual({ id, username: 'alice', roles: [] });
    // Its own name is no one else's.
    const same = await app.inject({ method: 'PATCH', url: `/users/${id}`, payload: { username: 'alice' } });
    expect(same.statusCode).toBe(200);
    // A refused name uses up no id.
    expect(await create(app, 'carl')).toBe(id + 2);
  });

  test('of many requests for one name at once, one gets it', async () => {
    const { app } = await buildTestApp(engine);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => app.inject({ method: 'POST', url: '/users/', payload: { username: 'one' } })),
    );
    const statuses = answers.map(({ statusCode }) => statusCode).sort();
    expect(statuses).toEqual([200, ...Array<number>(19).fill(409)]);
  });

  test('changes of the same user at once do not mix', async () => {
    const { app } = await buildTestApp(engine);
    const id = await create(app, 'alice');
    const sets = Array.from({ length: 20 }, (_, i) => [`a${i}`, `b${i}`, 'same']);
    const answers = await Promise.all(
      sets.map((roles) => app.inject({ method: 'PATCH', url: `/users/${id}`, payload: { roles } })),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array<number>(20).fill(200));
    expect(sets).toContainEqual((await app.inject(`/users/${id}`)).json<User>().roles);
  });

  test('names and roles are kept without white space around, roles without doubles', async () => {
    const { app } = await buildTestApp(engine);
    const id = await create(app, '  Zoé O’Brien\t', [' dev ', 'dev', 'ops']);
    expect((await app.inject(`/users/${id}`)).json()).toEqual({ id, username: 'Zoé O’Brien', roles: ['dev', 'ops'] });
  });

  test('a name has 1 to 64 characters, a role 1 to 32, a user at most 20 roles', async () => {
    const { app } = await buildTestApp(engine);
    const fault = async (payload: object) => {
      const answer = await app.inject({ method: 'POST', url: '/users/', payload });
      expect(answer.statusCode).toBe(422);
      return answer.json<{ detail: object[] }>().detail;
    };
    await create(
      app,
      '😀'.repeat(64),
      Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(32, 'x')),
    );

    expect(await fault({})).toEqual([{ type: 'missing', loc: ['body', 'username'], msg: 'Field required', input: {} }]);
    expect(await fault({ username: '' })).toEqual([
      {
        type: 'string_too_short',
        loc: ['body', 'username'],
        msg: 'String should have at least 1 character',
        input: '',
        ctx: { min_length: 1 },
      },
    ]);
    expect(await fault({ username: ' \n' })).toMatchObject([{ type: 'string_too_short', input: ' \n' }]);
    for (const username of ['\ud800', 'a\udfffb']) {
      const wrong = { type: 'string_unicode', loc: ['body', 'username'] };
      expect(await fault({ username })).toMatchObject([wrong]);
      expect(await fault({ username: 'x', roles: [username] })).toMatchObject([
        { ...wrong, loc: ['body', 'roles', 0] },
      ]);
    }
    expect(await fault({ username: 'x'.repeat(65) })).toEqual([
      {
        type: 'string_too_long',
        loc: ['body', 'username'],
        msg: 'String should have at most 64 characters',
        input: 'x'.repeat(65),
        ctx: { max_length: 64 },
      },
    ]);
    expect(await fault({ username: 'a\u0000b' })).toMatchObject([{ type: 'string_pattern_mismatch' }]);
    expect(await fault({ username: 'x', roles: ['ok', 'x'.repeat(33), ' '] })).toMatchObject([
      { type: 'string_too_long', loc: ['body', 'roles', 1] },
      { type: 'string_too_short', loc: ['body', 'roles', 2] },
    ]);
    // Lengths are those of what is kept.
    await create(app, ` ${'x'.repeat(64)}\n`, [` ${'y'.repeat(32)} `]);
    expect(await fault({ username: ' '.repeat(100) })).toMatchObject([{ type: 'string_too_short' }]);
    // Of a list that is too long nothing more is told.
    const many = Array.from({ length: 21 }, () => 5);
    expect(await fault({ username: 'x', roles: many })).toEqual([
      {
        type: 'too_long',
        loc: ['body', 'roles'],
        msg: 'List should have at most 20 items after validation, not 21',
        input: many,
        ctx: { field_type: 'List', max_length: 20, actual_length: 21 },
      },
    ]);
    expect((await app.inject({ method: 'PATCH', url: '/users/1', payload: { username: null } })).json()).toMatchObject({
      detail: [{ type: 'string_type', loc: ['body', 'username'], input: null }],
    });
  });

  test('the list is by id and in pages, each of which names the next', async () => {
    const { app } = await buildTestApp(engine);
    for (let i = 3; i <= 25; i++) await create(app, `user${i}`);

    const seen: number[] = [];
    const pages: number[] = [];
    for (let url = '/users/?limit=10'; url !== '';) {
      const answer = await app.inject(url);
      const users = answer.json<User[]>();
      pages.push(users.length);
      seen.push(...users.map(({ id }) => id));
      url = nextUrl(answer);
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => i + 1));
    expect(pages).toEqual([10, 10, 5]);
    expect((await app.inject('/users/?limit=25')).headers.link).toBeUndefined();
    expect((await app.inject('/users/?after=25')).json()).toEqual([]);
    expect((await app.inject('/users/')).headers.link).toBeUndefined();
  });

  test('100 users are a page where nothing is said', async () => {
    const { app } = await buildTestApp(engine);
    for (let i = 3; i <= 101; i++) await create(app, `user${i}`);
    const answer = await app.inject('/users/');
    expect(answer.json<User[]>()).toHaveLength(100);
    expect(answer.headers.link).toBe('<?limit=100&after=100>; rel="next"');
  });

  test('the list is searched by the beginning of the name, without regard to case and accents', async () => {
    const { app } = await buildTestApp(engine);
    for (const name of ['Zoé', 'zoe2', 'Alizoé', 'Éric', '100%', '100x', 'a_b', 'axb', '日本', 'STRASSE']) {
      await create(app, name);
    }
    const search = async (q: string) => names((await app.inject({ url: '/users/', query: { q } })).json<User[]>());
    expect(await search('zoe')).toEqual(['Zoé', 'zoe2']);
    expect(await search('ZOÉ')).toEqual(['Zoé', 'zoe2']);
    expect(await search('e')).toEqual(['Éric']);
    expect(await search('100%')).toEqual(['100%']);
    expect(await search('a_')).toEqual(['a_b']);
    expect(await search('日')).toEqual(['日本']);
    expect(await search('stra')).toEqual(['STRASSE']);
    expect(await search('nobody')).toEqual([]);
    expect(await search('')).toHaveLength(12);
  });

  test('search and role go together, page by page', async () => {
    const { app } = await buildTestApp(engine);
    for (let i = 0; i < 12; i++) await create(app, `user${i}`, i % 2 ? ['odd', 'dev'] : ['even']);
    await create(app, 'other', ['odd']);

    expect(names((await app.inject('/users/?role=odd')).json())).toHaveLength(7);
    expect(names((await app.inject('/users/?role=od')).json())).toEqual([]);
    const first = await app.inject('/users/?role=odd&q=user&limit=4');
    expect(names(first.json())).toEqual(['user1', 'user3', 'user5', 'user7']);
    expect(first.headers.link).toMatch(/^<\?limit=4&after=\d+&q=user&role=odd>; rel="next"$/);
    const second = await app.inject(nextUrl(first));
    expect(names(second.json())).toEqual(['user9', 'user11']);
    expect(second.headers.link).toBeUndefined();
    // A user has all roles, whichever was asked for.
    expect(first.json<User[]>()[0]?.roles).toEqual(['dev', 'odd']);
  });

  test('a wrong parameter gives the 422 of FastAPI, of one given twice the last counts', async () => {
    const { app } = await buildTestApp(engine);
    const fault = async (query: string) => {
      const answer = await app.inject(`/users/?${query}`);
      expect(answer.statusCode).toBe(422);
      return answer.json<{ detail: object[] }>().detail;
    };
    expect(await fault('limit=0')).toEqual([
      {
        type: 'greater_than_equal',
        loc: ['query', 'limit'],
        msg: 'Input should be greater than or equal to 1',
        input: '0',
        ctx: { ge: 1 },
      },
    ]);
    expect(await fault('limit=1001')).toMatchObject([{ type: 'less_than_equal', input: '1001', ctx: { le: 1000 } }]);
    expect(await fault('limit=&after=x')).toMatchObject([
      { type: 'int_parsing', loc: ['query', 'limit'], input: '' },
      { type: 'int_parsing', loc: ['query', 'after'], input: 'x' },
    ]);
    expect(await fault('limit=1.5')).toMatchObject([{ type: 'int_parsing', input: '1.5' }]);
    expect(await fault('after=-1')).toMatchObject([{ type: 'greater_than_equal', ctx: { ge: 0 } }]);
    expect(await fault('q=%00')).toMatchObject([{ type: 'string_pattern_mismatch', loc: ['query', 'q'] }]);

    expect((await app.inject('/users/?limit=x&limit=1')).json()).toHaveLength(1);
    expect((await app.inject('/users/?limit=%201_0.0')).json()).toHaveLength(2);
    expect((await app.inject('/users/?unknown=1')).json()).toHaveLength(2);
  });

  test('who has the role admin can connect as admin, and who has not cannot', async () => {
    const { app } = await buildTestApp(engine);
    await create(app, 'admin', ['administrator']);
    const connect = (username: string) => app.inject({ method: 'POST', url: '/users/connect', payload: { username } });
    expect((await connect('adm')).json()).toEqual({ message: 'User adm can connect as admin.' });
    expect((await connect('admin')).json()).toEqual({ message: 'User admin cannot connect as admin.' });
    for (const unknown of ['', 'ADM', ' adm', 'ad']) {
      expect((await connect(unknown)).json()).toEqual({ detail: `Pas d'utilisateur avec username ${unknown}` });
    }
  });

  test('a kept page is never shown after a change', async () => {
    const { app } = await buildTestApp(engine);
    const list = async () => names((await app.inject('/users/')).json());
    for (let i = 0; i < 20; i++) {
      const before = await list();
      const id = await create(app, `user${i}`);
      expect(await list()).toEqual([...before, `user${i}`]);
      await app.inject({ method: 'PATCH', url: `/users/${id}`, payload: { username: `renamed${i}` } });
      expect(await list()).toEqual([...before, `renamed${i}`]);
      await app.inject({ method: 'DELETE', url: `/users/${id}` });
      expect(await list()).toEqual(before);
    }
  });
});
