import createClient, { type Client } from 'openapi-fetch';
import { createContext, use } from 'react';
import { remember, remembered } from '../app/session.ts';
import '../boot.ts';
import { ApiError, unreachable } from './errors.ts';
import type { components, paths } from './schema.d.ts';

export type User = components['schemas']['User'];
export type Info = components['schemas']['Info'];

/** The API as the pages see it: every function resolves to what is asked for, or throws an {@link ApiError}. */
export interface Api {
  url: string;
  /** A page of users, and the id to ask behind for the next one while there is more. */
  listUsers(filter: UserFilter, after: number, signal: AbortSignal): Promise<{ users: User[]; next?: number }>;
  /** The id of the new user. */
  createUser(user: NewUser): Promise<number>;
  updateUser(id: number, user: NewUser): Promise<User>;
  deleteUser(id: number): Promise<void>;
  /** Whether the user may connect as an administrator; undefined when there is no such user. */
  canConnect(username: string): Promise<boolean | undefined>;
  info(signal: AbortSignal): Promise<Info>;
  /** The key that writing needs where the API asks for one, for as long as this tab lives. */
  setKey(key: string): void;
}

export interface UserFilter {
  q: string;
  role: string;
}

export interface NewUser {
  username: string;
  roles: string[];
}

/** As `index.html` asks for the first page. */
export const pageSize = 50;

/** The API answers within 5 s, with a 503 if need be: who has not answered after twice that will not. `index.html` waits as long. */
const timeoutMs = 10_000;

const keyName = 'api-key';

export function createApi(url: string): Api {
  let key = remembered(keyName);
  const client: Client<paths> = createClient<paths>({
    baseUrl: url,
    fetch: (request) =>
      (request.method === 'GET' && takeEarly(request.url)) ||
      fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)]) }),
  });
  client.use({
    onRequest({ request }) {
      if (key && request.method !== 'GET') request.headers.set('authorization', `Bearer ${key}`);
      return request;
    },
  });

  return {
    url,
    async listUsers({ q, role }, after, signal) {
      const query = { limit: pageSize, ...(after && { after }), ...(q && { q }), ...(role && { role }) };
      const { data, response } = await answered(client.GET('/users/', { params: { query }, signal }));
      const last = data.at(-1);
      return { users: data, ...(response.headers.has('link') && last && { next: last.id }) };
    },
    async createUser(body) {
      return (await answered(client.POST('/users/', { body }))).data;
    },
    async updateUser(id, body) {
      return (await answered(client.PATCH('/users/{id}', { params: { path: { id } }, body }))).data;
    },
    async deleteUser(id) {
      await answered(client.DELETE('/users/{id}', { params: { path: { id } } }));
    },
    async canConnect(username) {
      try {
        const { data } = await answered(client.POST('/users/connect', { body: { username } }));
        return data.message === `User ${username} can connect as admin.`;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        throw error;
      }
    },
    async info(signal) {
      // Past the browser's cache, where requests for one URL wait for each other: a slow answer would hold up all others.
      return (await answered(client.GET('/info', { signal, cache: 'no-store' }))).data;
    },
    setKey(given) {
      key = given;
      remember(keyName, given);
    },
  };
}

/** The answer that `index.html` has asked for, once. */
function takeEarly(url: string): Promise<Response> | undefined {
  const early = window.boot?.users;
  if (early?.url !== url || !window.boot) return undefined;
  window.boot.users = null;
  return early.answer;
}

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** @throws {ApiError} for an error status, and for no answer at all. */
async function answered<Data>(call: Promise<Answer<Data>>): Promise<{ data: Data; response: Response }> {
  let answer: Answer<Data>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(unreachable, error);
  }
  const { data, error, response } = answer;
  if (!response.ok) throw new ApiError(response.status, error, Number(response.headers.get('retry-after')));
  return { data: data as Data, response };
}

export const ApiContext = createContext<Api | null>(null);

/** The API that this page talks to. */
export function useApi(): Api {
  const api = use(ApiContext);
  if (!api) throw new Error('useApi() outside of <ApiContext>');
  return api;
}
