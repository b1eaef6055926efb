import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { pino } from 'pino';
import pretty from 'pino-pretty';
import type { Config } from '../config.ts';

/**
 * JSON lines, or a form for people on a terminal. No body, no header, no query: names and secrets are in them.
 * Lines that come while one is being written are written together, so that a log costs little under load.
 */
export function createLogger(level: Config['logLevel']): FastifyBaseLogger {
  const destination = process.stdout.isTTY
    ? pretty({ ignore: 'pid,hostname', translateTime: 'HH:MM:ss', singleLine: true })
    : pino.destination({ sync: false });
  return pino({ level }, destination);
}

/** Asked every few seconds, or many times a second: their lines would bury the others. */
const quietRoutes = new Set(['/health', '/ready', '/info']);

/** One line for each answer. */
export function logRequests(app: FastifyInstance): void {
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    // The template, not the path: what stands in its place may be a name.
    const route = routeOptions.url ?? 'none';
    const line = { method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 };
    const level = reply.statusCode >= 500 ? 'warn' : quietRoutes.has(route) ? 'debug' : 'info';
    request.log[level](line, 'request');
    done();
  });
}
