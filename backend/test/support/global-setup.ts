import type { TestProject } from 'vitest/node';
import { createPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a server that runs as long as the tests do; each test makes a database of its own in it. */
    postgresUrl: string;
  }
}

/** Makes what all tests share: the bundle that processes run, and a PostgreSQL server. */
export default async function setup({ provide }: TestProject) {
  await import('../../build.ts');
  const server = await createPostgres();
  await server.start();
  provide('postgresUrl', server.url);
  return () => server.remove();
}
