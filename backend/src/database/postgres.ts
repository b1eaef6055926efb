import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { ConfigError, type DatabaseConfig } from '../config.ts';
import type { Database } from './connection.ts';
import { DatabaseError } from './errors.ts';
import type { Schema } from './schema.ts';

// pg gives int8 as text; no id of ours is beyond 2^53.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

/** Waiting for a client and for its answer: together they keep an answer under 5 s when the server is gone without a word. */
const connectTimeoutMs = 2000;
const queryTimeoutMs = 2000;
/** For a migration, such as an index on a large table. */
const patientTimeoutMs = 3_600_000;

/**
 * Prepares a pool; nothing is sent before the first query, so the server may be away at start.
 *
 * @throws {ConfigError} when the address names a file that cannot be read.
 */
export function openPostgres(
  config: Extract<DatabaseConfig, { engine: 'postgres' }>,
  warn: (error: Error) => void,
): Database {
  const { engine, ...server } = config;
  refuseUnreadable(server);
  function connect(clients: number, timeoutMs: number) {
    const pool = new pg.Pool({
      ...('url' in server ? { connectionString: server.url } : server),
      application_name: 'archi-exemple',
      max: clients,
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: timeoutMs,
      statement_timeout: timeoutMs,
      keepAlive: true,
    });
    // Without these listeners a server that restarts (57P01) ends this process: an idle client's error has no other reader.
    pool.on('error', () => undefined); // which its client has told
    pool.on('connect', (client) => client.on('error', warn));
    return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: discardingBroken(pool) }) });
  }

  const queries = connect(10, queryTimeoutMs);
  // Whether the server answers is asked past those who wait for one of those clients.
  const probe = connect(1, queryTimeoutMs);
  return {
    engine,
    queries,
    transaction: (work) => queries.transaction().execute(work),
    async patiently(work) {
      // The migrator asks for a second connection while the first holds its lock.
      const patient = connect(2, patientTimeoutMs);
      try {
        return await work(patient);
      } finally {
        await patient.destroy();
      }
    },
    version: () => undefined,
    async ping() {
      await probe.selectFrom('users').select('id').limit(1).execute();
    },
    async close() {
      await Promise.all([queries.destroy(), probe.destroy()]);
    },
  };
}

/** What a client would stumble over when it first connects, such as the file of a certificate that is not there. */
function refuseUnreadable(server: object): void {
  if (!('url' in server)) return;
  try {
    new pg.Client(String(server.url));
  } catch (error) {
    throw new ConfigError(`DATABASE_URL cannot be used: ${(error as Error).message}`);
  }
}

/**
 * The pool, with its errors translated, and without the clients whose server fell silent, which never wake up, or became
 * the standby of another, which takes no writes.
 */
function discardingBroken(pool: pg.Pool): PostgresPool {
  return {
    Client: pg.Client,
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw translate(error);
      });
      let lost: Error | undefined;
      return {
        async query(text: string, parameters: readonly unknown[]) {
          // Such as the "rollback" after what has failed: it would wait as long again.
          if (lost) throw lost;
          try {
            return await client.query(text, [...parameters]);
          } catch (error) {
            const translated = translate(error);
            if (!(error instanceof pg.DatabaseError) || error.code === readOnly) lost = translated;
            throw translated;
          }
        },
        release: (discard?: boolean) => {
          client.release(lost !== undefined || discard);
        },
        // Kysely also names a form of query() for streams, which nothing here uses.
      } as unknown as PostgresPoolClient;
    },
  };
}

const readOnly = '25006';

/** SQLSTATE classes: https://www.postgresql.org/docs/18/errcodes-appendix.html */
function translate(error: unknown): Error {
  // No SQLSTATE: the connection failed, or the time was up.
  if (!(error instanceof pg.DatabaseError)) return new DatabaseError('unavailable', error);
  const state = error.code ?? '';
  if (state === '23505') return new DatabaseError('conflict', error);
  if (state === '53100') return new DatabaseError('full', error);
  // Connection, authorization, database name, read-only transaction, missing right, tables not made yet, resources,
  // operator intervention, system error.
  return /^(08|28|3D|25006|42501|42P01|53|57|58)/.test(state) ? new DatabaseError('unavailable', error) : error;
}
