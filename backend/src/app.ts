import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController, type RawServerDefault } from 'fastify';
import type { Registry } from 'prom-client';
import type { Config } from './config.ts';
import type { Database } from './database/connection.ts';
import { guardWrites } from './http/access.ts';
import { readBodies } from './http/body.ts';
import { answerBrokenRequest, answerErrors, errorSchemas } from './http/errors.ts';
import { addHeaders, requestId } from './http/headers.ts';
import { createLogger, logRequests } from './http/logging.ts';
import { measureRequests } from './http/metrics.ts';
import { describeApi } from './http/openapi.ts';
import { routedUrl } from './http/url.ts';
import { validateRequests } from './http/validation.ts';
import { faultRoutes } from './system/faults.routes.ts';
import type { Lifecycle } from './system/lifecycle.ts';
import { systemRoutes, systemSchemas } from './system/system.routes.ts';
import { usersRoutes } from './users/users.routes.ts';
import { userSchemas } from './users/users.schemas.ts';

export type App = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/**
 * Builds the API, ready to listen.
 *
 * @param database open, and closed by whoever opened it.
 * @param lifecycle changed by the process while the API runs; the API only reads it.
 */
export async function buildApp(
  config: Config,
  database: Database,
  lifecycle: Lifecycle,
): Promise<{ app: App; metrics: Registry }> {
  const app = Fastify<RawServerDefault>({
    loggerInstance: createLogger(config.logLevel),
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestId,
    trustProxy: config.trustProxy,
    bodyLimit: 64 * 1024,
    requestTimeout: 15_000,
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 5_000 },
    // Longer than ingress controllers keep an idle connection (nginx 60 s, Traefik 90 s): the side that sends closes it first.
    keepAliveTimeout: 100_000,
    // On SIGTERM what still arrives is served: a proxy learns a little late that this process goes.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // A parameter of any length reaches its schema, which says what is wrong with it; headers end at 16 kB anyway.
    routerOptions: { maxParamLength: 16_384 },
    rewriteUrl: ({ url = '/' }) => routedUrl(url),
    clientErrorHandler: answerBrokenRequest,
  });

  app.addHook('onRequest', (_request, reply, done) => {
    // Tells proxies to open their next connection elsewhere.
    if (lifecycle.state === 'draining') reply.header('connection', 'close');
    done();
  });
  await addHeaders(app, config);
  logRequests(app);
  const metrics = measureRequests(app);
  answerErrors(app);
  app.addHttpMethod('DELETE', { hasBody: false, overrideExisting: true });
  readBodies(app);
  validateRequests(app);
  for (const schema of [...errorSchemas, ...systemSchemas, ...userSchemas]) app.addSchema(schema);
  await describeApi(app, config);

  systemRoutes(app, config, database, lifecycle);
  const guards = await guardWrites(app, config);
  usersRoutes(app, database, guards);
  if (config.demoFaults) faultRoutes(app, config, guards);

  return { app, metrics };
}
