import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config.ts';

/** The id of a request: the one that a proxy has given, where it looks like one, otherwise a new one. */
export function requestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

/** What keeps a browser from guessing, and from showing an answer as a page; Swagger UI brings a policy of its own. */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Puts on every answer: the request's id, who may read it from another origin, and what keeps a browser from guessing. */
export async function addHeaders(app: FastifyInstance, config: Config): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    reply.headers(securityHeaders);
    const { method, headers } = request;
    // A bare OPTIONS is no preflight: it gets the 405 of any other wrong method.
    if (method === 'OPTIONS' && !(headers.origin && headers['access-control-request-method'])) reply.callNotFound();
    else done();
  });

  await app.register(cors, {
    origin: config.corsOrigins,
    methods: ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'],
    exposedHeaders: ['Link', 'Retry-After', 'X-Request-Id'],
    maxAge: 600,
  });
}
