import Type from 'typebox';
import type { App } from '../app.ts';
import type { Config } from '../config.ts';
import type { Database } from '../database/connection.ts';
import { errorAnswers } from '../http/errors.ts';
import { component, ref } from '../http/openapi.ts';
import { outlivesContainer } from './durability.ts';
import type { Lifecycle } from './lifecycle.ts';

const Info = component('Info', {
  title: Type.String({ description: 'The value of `APP_TITLE` when this process started' }),
  version: Type.String(),
  commit: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    description: 'Of the source that the image was built from',
  }),
  pod: Type.String({ description: 'The host name, which in Kubernetes is the name of the pod' }),
  started_at: Type.String({ format: 'date-time' }),
  uptime_seconds: Type.Number(),
  database: Type.Enum(['sqlite', 'postgres']),
  data_outlives_pod: Type.Boolean({ description: 'Whether the users are still there after this pod is replaced' }),
  writes_protected: Type.Boolean({ description: 'Whether writing needs the API key' }),
  demo_faults: Type.Boolean({ description: 'Whether there are routes that break this process on purpose' }),
});

export const systemSchemas = [Info];

/** What the cluster asks (probes) and what the deployment page shows. */
export function systemRoutes(app: App, config: Config, database: Database, lifecycle: Lifecycle): void {
  const tags = ['system'];
  const status = <T extends string>(value: T) =>
    Type.Object({ status: Type.Literal(value) }, { description: 'As it should be' });

  app.get('/', { schema: { tags, summary: 'Root', response: { 200: status('ok') } } }, () => ({
    status: 'ok' as const,
  }));

  app.get(
    '/health',
    {
      schema: {
        tags,
        summary: 'Health',
        description:
          'Liveness: the process runs. Never asks the database: a restart of this process would not heal another one ' +
          '(https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/).',
        response: { 200: status('healthy') },
      },
    },
    () => ({ status: 'healthy' as const }),
  );

  app.get(
    '/ready',
    {
      schema: {
        tags,
        summary: 'Ready',
        description:
          'Readiness: this process can do its work. While it answers 503, a Service sends nothing here: at the start, at the end, without the database.',
        response: { 200: status('ready'), ...errorAnswers(503) },
      },
    },
    async (request, reply) => {
      if (lifecycle.state !== 'ready') return reply.code(503).send({ detail: `The API is ${lifecycle.state}` });
      try {
        await database.ping();
      } catch (error) {
        request.log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'not ready');
        return reply.code(503).send({ detail: 'The database does not answer' });
      }
      return { status: 'ready' as const };
    },
  );

  const startedAt = new Date(Date.now() - performance.now());
  const facts = {
    title: config.appTitle,
    version: config.version,
    commit: config.commit,
    pod: config.pod,
    started_at: startedAt.toISOString(),
    database: database.engine,
    data_outlives_pod: config.database.engine === 'postgres' || outlivesContainer(config.database.path),
    writes_protected: config.apiKey !== undefined,
    demo_faults: config.demoFaults,
  };
  app.get(
    '/info',
    {
      schema: {
        tags,
        summary: 'Info',
        description: 'Who answers. Never cached: each request shows which process it has reached.',
        response: { 200: { description: 'This process', ...ref(Info) } },
      },
    },
    (_request, reply) => {
      reply.header('cache-control', 'no-store');
      return { ...facts, uptime_seconds: Math.round(performance.now()) / 1000 };
    },
  );
}
