import Type from 'typebox';
import type { App } from '../app.ts';
import type { Database } from '../database/connection.ts';
import type { Guards } from '../http/access.ts';
import { createAnswerCache } from '../http/answer-cache.ts';
import { errorAnswers } from '../http/errors.ts';
import { ref } from '../http/openapi.ts';
import { createUserRepository, type UserFilter } from './users.repository.ts';
import { Connected, User, UserConnect, UserCreate, UserListQuery, UserPath, UserUpdate } from './users.schemas.ts';
import { createUserService } from './users.service.ts';

/** @param guards what a request passes before it may write. */
export function usersRoutes(app: App, database: Database, guards: Guards): void {
  const service = createUserService(createUserRepository(database));
  const listAnswer = createAnswerCache<{ body: Buffer; link: string | undefined }>(() => database.version());

  const tags = ['users'];
  const noSuchUser = (id: number) => ({ detail: `Pas d'utilisateur avec id ${id}` });

  app.get(
    '/users/',
    {
      schema: {
        tags,
        summary: 'Get Users',
        description: 'By id, page by page: a page costs the same wherever it lies and however many users there are.',
        querystring: UserListQuery,
        response: {
          200: {
            description: 'A page of users',
            headers: {
              Link: { description: '`<…>; rel="next"`: the next page, while there is one (RFC 8288)', type: 'string' },
            },
            ...Type.Array(ref(User)),
          },
          ...errorAnswers(422, 503),
        },
      },
    },
    async ({ query: { limit = 100, after = 0, q, role } }, reply) => {
      const filter = { limit, after, q, role };
      const { body, link } = await listAnswer(JSON.stringify(filter), async () => {
        const { users, hasMore } = await service.list(filter);
        const last = users.at(-1);
        return {
          body: Buffer.from(reply.serialize(users) as string),
          link: hasMore && last ? `<${nextPage(filter, last.id)}>; rel="next"` : undefined,
        };
      });
      if (link) reply.header('link', link);
      return reply.type('application/json; charset=utf-8').send(body as never);
    },
  );

  app.post(
    '/users/',
    {
      onRequest: guards.onRequest,
      schema: {
        tags,
        summary: 'Create User',
        security: guards.security,
        body: ref(UserCreate),
        response: {
          200: Type.Integer({ description: 'The id of the new user', examples: [3] }),
          ...errorAnswers(400, 401, 409, 413, 422, 429, 503, 507),
        },
      },
    },
    ({ body }) => service.create(body.username, body.roles),
  );

  app.post(
    '/users/connect',
    {
      schema: {
        tags,
        summary: 'Connect',
        description: 'Whether a user may connect as an administrator, that is has the role `admin`.',
        body: ref(UserConnect),
        response: { 200: { description: 'Whether', ...ref(Connected) }, ...errorAnswers(400, 404, 413, 422, 503) },
      },
    },
    async ({ body: { username } }, reply) => {
      const can = await service.canConnect(username);
      if (can === undefined) return reply.code(404).send({ detail: `Pas d'utilisateur avec username ${username}` });
      return { message: `User ${username} ${can ? 'can' : 'cannot'} connect as admin.` };
    },
  );

  app.get(
    '/users/:id',
    {
      schema: {
        tags,
        summary: 'Get User',
        params: UserPath,
        response: { 200: { description: 'The user', ...ref(User) }, ...errorAnswers(404, 422, 503) },
      },
    },
    async ({ params: { id } }, reply) => (await service.find(id)) ?? reply.code(404).send(noSuchUser(id)),
  );

  app.patch(
    '/users/:id',
    {
      onRequest: guards.onRequest,
      schema: {
        tags,
        summary: 'Update User',
        description: 'Replaces the name, the roles, or both; what is not given stays.',
        security: guards.security,
        params: UserPath,
        body: ref(UserUpdate),
        response: {
          200: { description: 'The user as it is now', ...ref(User) },
          ...errorAnswers(400, 401, 404, 409, 413, 422, 429, 503, 507),
        },
      },
    },
    async ({ params: { id }, body }, reply) => (await service.update(id, body)) ?? reply.code(404).send(noSuchUser(id)),
  );

  app.delete(
    '/users/:id',
    {
      onRequest: guards.onRequest,
      schema: {
        tags,
        summary: 'Delete User',
        security: guards.security,
        params: UserPath,
        response: {
          204: Type.Null({ description: 'The user is gone' }),
          ...errorAnswers(401, 404, 422, 429, 503, 507),
        },
      },
    },
    async ({ params: { id } }, reply) =>
      (await service.remove(id)) ? reply.code(204).send(null) : reply.code(404).send(noSuchUser(id)),
  );
}

/** Relative to the page itself, so right behind a proxy that cuts a prefix off the path. */
function nextPage({ limit, q, role }: UserFilter, after: number): string {
  return `?${new URLSearchParams({ limit: String(limit), after: String(after), ...(q && { q }), ...(role && { role }) }).toString()}`;
}
