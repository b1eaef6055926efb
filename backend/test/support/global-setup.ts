import type { TestProject } from 'vitest/node';
import { createPostgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a server that runs as long as the tests do; each test makes a database of its own in it. None with `--mode sqlite`. */
    postgresUrl: string | undefined;
  }
}

/** Makes what all tests share: the bundle that processes run, and a PostgreSQL server. */
export default async function setup({ provide, config }: TestProject) {
  if (config.mode === 'sqlite') {
    provide('postgresUrl', undefined);
    return;
  }
  await import('../../build.ts');
  const server = await createPostgres();
  await server.start();
  provide('postgresUrl', server.url);
  return () => server.remove();
}
