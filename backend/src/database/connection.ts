import type { Kysely, Transaction } from 'kysely';
import type { DatabaseConfig } from '../config.ts';
import type { Schema } from './schema.ts';
import { openSqlite } from './sqlite.ts';

/** One database behind one interface; everything below may throw a `DatabaseError`. */
export interface Database {
  engine: DatabaseConfig['engine'];
  /** For reading. */
  queries: Kysely<Schema>;
  /** Runs `work` as one transaction: all of it is kept, or nothing. */
  transaction<T>(work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T>;
  /** Runs what may take long, such as a migration, without the bound that requests have. */
  patiently<T>(work: (connection: Kysely<Schema>) => Promise<T>): Promise<T>;
  /** Changes whenever anything in the database has; undefined where the engine cannot tell so for the price of a look. */
  version(): string | undefined;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the configured database.
 *
 * @param warn told about lost idle connections, which heal by themselves.
 * @throws {DatabaseError} when a SQLite file cannot be opened; a PostgreSQL server may be away.
 */
export async function openDatabase(config: DatabaseConfig, warn: (error: Error) => void): Promise<Database> {
  if (config.engine === 'sqlite') return openSqlite(config.path);
  // Its driver is loaded where it is used.
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres(config, warn);
}
