import { createHash, timingSafeEqual } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, onRequestAsyncHookHandler, onRequestHookHandler } from 'fastify';
import type { Config } from '../config.ts';

/** What a request passes before it may write. */
export interface Guards {
  /** Hooks, in their order. */
  onRequest: (onRequestHookHandler | onRequestAsyncHookHandler)[];
  /** How the API's document says what they want. */
  security: { bearer: [] }[];
}

/** Makes the guards: the rate limit first, which also slows down who guesses the key. */
export async function guardWrites(app: FastifyInstance, config: Config): Promise<Guards> {
  const guards: Guards = { onRequest: [], security: config.apiKey === undefined ? [] : [{ bearer: [] }] };

  if (config.rateLimit > 0) {
    await app.register(rateLimit, {
      global: false,
      max: config.rateLimit,
      timeWindow: '1 minute',
      errorResponseBuilder: (_request, { after }) =>
        Object.assign(new Error(`Too many writes: try again in ${after}`), { statusCode: 429 }),
    });
    guards.onRequest.push(app.rateLimit());
  }

  const { apiKey } = config;
  if (apiKey !== undefined) {
    guards.onRequest.push((request, reply, done) => {
      const key = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
      if (key !== undefined && isSame(key, apiKey)) {
        done();
        return;
      }
      void reply
        .code(401)
        .header('www-authenticate', 'Bearer')
        .send({ detail: key === undefined ? 'Not authenticated' : 'Invalid authentication credentials' });
    });
  }
  return guards;
}

/** In a time that tells nothing of where two secrets differ, nor of their lengths. */
function isSame(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
