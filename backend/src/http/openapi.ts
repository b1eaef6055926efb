import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import Type, { type Static, type TObject, type TProperties } from 'typebox';
import type { Config } from '../config.ts';

/** A schema that stands under its name in the OpenAPI document; routes point to it with {@link ref}. */
export function component<P extends TProperties>(name: string, properties: P): TObject<P> & { $id: string } {
  return Object.assign(Type.Object(properties), { $id: name, title: name });
}

/** Points to a component, with the type that it stands for. */
export const ref = <P extends TProperties>(schema: TObject<P> & { $id: string }) =>
  Type.Unsafe<Static<TObject<P>>>({ $ref: `${schema.$id}#` });

/**
 * Serves the OpenAPI document at `/openapi.json` and Swagger UI at `/docs`, both made from the routes' schemas. All their
 * addresses are relative, so they also work behind a proxy that cuts a prefix off the path.
 */
export async function describeApi(app: FastifyInstance, config: Config): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: config.appTitle,
        version: config.version,
        description: 'Users and their roles. Errors are `{"detail": …}`, as FastAPI writes them.',
      },
      tags: [
        { name: 'users', description: 'The users and what they may do' },
        { name: 'system', description: 'What the cluster and the deployment page ask' },
        ...(config.demoFaults ? [{ name: 'faults', description: 'Break the process that answers, for a while' }] : []),
      ],
      ...(config.apiKey !== undefined && {
        components: {
          securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'The value of `API_KEY`' } },
        },
      }),
    },
    transform: ({ schema, url, route }) => ({
      schema: { ...schema, operationId: operationId(schema, url, route) },
      url,
    }),
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, i) => (typeof $id === 'string' ? $id : `schema-${i}`),
    },
  });

  await app.register(swaggerUi, {
    routePrefix: '/docs',
    indexPrefix: '.',
    theme: { title: escapeHtml(config.appTitle) },
    uiConfig: { deepLinking: true, tryItOutEnabled: true, validatorUrl: null },
    staticCSP: true,
    // Over plain http there is nothing to upgrade to: the page would stay blank. And nothing comes from another host.
    transformStaticCSP: (csp) =>
      csp
        .replace(/\s*upgrade-insecure-requests;?/, '')
        .replaceAll(' https:', '')
        .replace(' validator.swagger.io', ''),
    transformSpecification: (document) => ({ ...document, servers: [{ url: '../' }] }),
  });

  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}

/** As FastAPI names an operation, by which generated clients name their functions: `get_users_users__get`. */
function operationId({ summary = '' }: FastifySchema, url: string, { method }: RouteOptions): string {
  const path = url.replace(/:(\w+)/g, '{$1}');
  return `${`${summary}${path}`.replace(/\W/g, '_')}_${String(method)}`.toLowerCase();
}

const htmlEntities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Swagger UI's page is a template that takes the title as it is. */
function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => htmlEntities[character] ?? character);
}
