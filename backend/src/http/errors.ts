import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type, { type Static, type TUnsafe } from 'typebox';
import { DatabaseError } from '../database/errors.ts';
import { securityHeaders } from './headers.ts';
import { component, ref } from './openapi.ts';
import { splitUrl } from './url.ts';

/** One fault of a request, as pydantic 2 tells it. */
export interface ValidationItem {
  type: string;
  /** Where the faulty value lies: `body`, `query` or `path`, then names and positions. */
  loc: (string | number)[];
  msg: string;
  /** The faulty value as it came. */
  input: unknown;
  ctx?: Record<string, unknown>;
}

/** A request that does not fit its schema: answered with 422 and all its faults. */
export class ValidationError extends Error {
  readonly statusCode = 422;
  readonly detail: ValidationItem[];

  constructor(detail: ValidationItem[]) {
    super('The request does not fit its schema');
    this.detail = detail;
  }
}

const HttpError = component('HTTPError', { detail: Type.String() });

const ValidationErrorItem = component('ValidationError', {
  // One type of two, not a union: that would make the serialiser compile a validator.
  loc: Type.Array(Type.Unsafe<string | number>({ type: ['string', 'integer'] })),
  msg: Type.String(),
  type: Type.String(),
  input: Type.Optional(Type.Unknown()),
  ctx: Type.Optional(Type.Object({}, { additionalProperties: true })),
});
const HttpValidationError = component('HTTPValidationError', { detail: Type.Array(ref(ValidationErrorItem)) });

export const errorSchemas = [HttpError, ValidationErrorItem, HttpValidationError];

const descriptions = {
  400: 'The body is no UTF-8',
  401: 'The key is missing or wrong',
  404: 'There is none',
  409: 'The name exists already',
  413: 'The body is larger than 64 kB',
  422: 'The request does not fit its schema',
  429: 'Too many writes; `Retry-After` says when to come back',
  503: 'The database does not answer, or the API is starting',
  507: 'The database has no room left',
} as const;

type Answer<Status> = Status extends 422 ? typeof HttpValidationError : typeof HttpError;

/** The error answers of a route, for its schema: 422 with the list of faults, each other status with a text. */
export function errorAnswers<Status extends keyof typeof descriptions>(...statuses: Status[]) {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      Type.Unsafe({
        $ref: `${(status === 422 ? HttpValidationError : HttpError).$id}#`,
        description: descriptions[status],
      }),
    ]),
  ) as { [S in Status]: TUnsafe<Static<Answer<S>>> };
}

/** From the first of them on: tried at each of them, the pattern would take quadratic time. */
const trailingSlashes = /(?<!\/)\/+$/;

/**
 * Answers every error as FastAPI does: `{"detail": …}`, 405 with `Allow` for a path that knows other methods, and 307 to
 * the path with a slash more or less where only that one exists (https://www.starlette.io/routing/).
 */
export function answerErrors(app: FastifyInstance): void {
  const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>();

  app.addHook('onRoute', ({ url, method }) => {
    if (url === '*') return; // CORS preflights, answered before any route
    const pattern = new RegExp(`^${url.replaceAll('.', '\\.').replace(/:\w+/g, '[^/]+').replace('*', '.*')}$`);
    const methods = routes.get(url)?.methods ?? new Set();
    for (const one of [method].flat()) methods.add(one);
    routes.set(url, { pattern, methods });
  });

  /** The methods that a path knows, none where there is no such path. A path without parameters goes before one with. */
  function methodsOf(path: string): string[] {
    const route = routes.get(path) ?? [...routes.values()].find(({ pattern }) => pattern.test(path));
    return [...(route?.methods ?? [])];
  }

  function notFound(request: FastifyRequest, reply: FastifyReply) {
    const { path, query } = splitUrl(request.url);
    const allowed = methodsOf(path);
    if (allowed.length > 0 && !allowed.includes(request.method)) {
      return reply.code(405).header('allow', allowed.join(', ')).send({ detail: 'Method Not Allowed' });
    }
    const twin = path.endsWith('/') ? path.replace(trailingSlashes, '') : `${path}/`;
    // Relative, so right behind every proxy; `//host` would lead elsewhere, so only a path of this API is a target.
    if (allowed.length === 0 && methodsOf(twin).length > 0) {
      return reply.redirect(relative(path, twin) + query, 307);
    }
    return reply.code(404).send({ detail: 'Not Found' });
  }
  app.setNotFoundHandler(notFound);

  // `GET /users/connect` is no user with the id "connect": that path is another route's, which knows other methods.
  app.addHook('onRequest', (request, reply, done) => {
    const hasParameter = request.routeOptions.url?.includes(':');
    if (hasParameter && routes.has(splitUrl(request.url).path)) notFound(request, reply);
    else done();
  });

  app.setErrorHandler((error: FastifyError | DatabaseError | ValidationError, request, reply) => {
    // A path that does not exist has no body to be read, whatever is wrong with that.
    if (request.is404) return notFound(request, reply);
    if (error instanceof ValidationError) {
      // Nested so deep that it cannot be written back, so that FastAPI's parser gives up on it.
      if (!isWritable(error.detail)) return reply.code(400).send({ detail: 'There was an error parsing the body' });
      return reply.code(422).send({ detail: error.detail });
    }
    if (error instanceof DatabaseError) {
      const [status, detail] = databaseAnswers[error.kind];
      if (status >= 500) request.log.warn({ reason: error.message }, 'the database refused');
      return reply.code(status).send({ detail });
    }
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ err: error }, 'unexpected error');
    return reply.code(status).send({ detail: status >= 500 ? 'Internal Server Error' : error.message });
  });
}

function isWritable(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}

const tryAgain: [number, string] = [503, 'The database does not answer or cannot be written: try again in a moment'];
const databaseAnswers: Record<DatabaseError['kind'], [number, string]> = {
  conflict: [409, "Le nom d'utilisateur existe déjà"],
  full: [507, 'The database has no room left: nothing was written'],
  busy: tryAgain,
  unavailable: tryAgain,
};

/** The reference that leads from one path to its twin, whatever prefix a proxy has cut off. */
function relative(path: string, twin: string): string {
  const last = path.replace(trailingSlashes, '').split('/').at(-1) ?? '';
  return twin.endsWith('/') ? `${last}/` : `${'../'.repeat(path.length - twin.length)}${last}`;
}

const brokenRequestAnswers: Record<string, [string, string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are larger than 16 kB'],
};

/** Answers what is no HTTP request, or came too slowly or with too many headers, and ends the connection. */
export function answerBrokenRequest(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const [status, detail] = brokenRequestAnswers[error.code] ?? ['400 Bad Request', 'This is no HTTP request'];
  const body = JSON.stringify({ detail });
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
    ...Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
