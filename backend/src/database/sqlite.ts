import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kysely, SqliteDialect, type SqliteDatabase, type SqliteStatement } from 'kysely';
import type { Database } from './connection.ts';
import { DatabaseError } from './errors.ts';
import type { Schema } from './schema.ts';

const lockWaitMs = 5000;

/**
 * Opens (and makes, where it is missing) a SQLite file that several processes of one machine may share.
 *
 * @throws {DatabaseError} when the file or its folder cannot be opened, or can only be read.
 */
export async function openSqlite(path: string): Promise<Database> {
  let file: DatabaseSync;
  try {
    mkdirSync(dirname(path), { recursive: true });
    file = new DatabaseSync(path, { timeout: lockWaitMs });
  } catch (error) {
    throw new DatabaseError('unavailable', error);
  }
  // SQLite does not wait for a lock here, and several first starts at once collide.
  await untilUnlocked(() => {
    translated(() => {
      file.exec('pragma journal_mode = wal');
    });
  });
  // FULL: an answered write survives the machine's end too, not the process's alone (https://sqlite.org/pragma.html#pragma_synchronous).
  // 16 MB of pages kept: a page of users costs the same in a hundred rows and in a million. Nothing is written elsewhere.
  file.exec('pragma synchronous = full; pragma cache_size = -16000; pragma temp_store = memory');

  try {
    beginWriting(file);
    file.exec('rollback');
  } catch (error) {
    const refusal = translate(error);
    // Whoever holds it for now can write it.
    if (!(refusal instanceof DatabaseError && refusal.kind === 'busy')) throw refusal;
  }

  const queries = new Kysely<Schema>({ dialect: new SqliteDialect({ database: asKyselyExpects(file) }) });
  const versionOfOthers = oncePerTurn(dataVersion(file));
  let ownTransactions = 0;

  return {
    engine: 'sqlite',
    queries,
    patiently: (work) => queries.connection().execute(work),
    async transaction(work) {
      try {
        return await untilUnlocked(() => queries.transaction().execute(work));
      } finally {
        ownTransactions++;
      }
    },
    version: () => `${versionOfOthers()}/${ownTransactions}`,
    async ping() {
      await queries.selectFrom('users').select('id').limit(1).execute();
    },
    close: () => queries.destroy(),
  };
}

/** A number that moves whenever another connection has committed (https://sqlite.org/pragma.html#pragma_data_version). */
function dataVersion(file: DatabaseSync): () => number {
  const statement = file.prepare('pragma data_version');
  return () => Number(translated(() => statement.get())?.data_version);
}

/**
 * Asks once for all the requests that one turn of the event loop has found waiting: whoever sends a request after another
 * process has answered a write is found by a later turn.
 */
function oncePerTurn(ask: () => number): () => number {
  let answer: number | undefined;
  return () => {
    if (answer === undefined) {
      answer = ask();
      setImmediate(() => (answer = undefined));
    }
    return answer;
  };
}

/** Runs `work` again for as long as another process writes, up to 5 s; between two attempts this process serves on. */
export async function untilUnlocked<T>(work: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + lockWaitMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      const isBusy = error instanceof DatabaseError && error.kind === 'busy';
      if (!isBusy || Date.now() > deadline) throw error;
      // At random, so that two processes do not collide for ever.
      await sleep(1 + Math.random() * 10);
    }
  }
}

/** node:sqlite in the shape of better-sqlite3, which is the one that Kysely's SQLite dialect speaks. */
function asKyselyExpects(file: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  statements.set(
    'begin',
    command(() => {
      beginWriting(file);
    }),
  );
  // After some errors SQLite has rolled back by itself (https://sqlite.org/lang_transaction.html).
  statements.set(
    'rollback',
    command(() => {
      if (file.isTransaction) file.exec('rollback');
    }),
  );
  return {
    close: () => {
      file.close();
    },
    prepare(sql) {
      let statement = statements.get(sql);
      if (!statement) {
        statement = prepare(file, sql);
        statements.set(sql, statement);
      }
      return statement;
    },
  };
}

/**
 * IMMEDIATE: all our transactions write, and one that starts as a reader cannot become a writer after another has written.
 * No waiting inside SQLite, which would stop the whole process: untilUnlocked() waits instead.
 */
function beginWriting(file: DatabaseSync): void {
  try {
    file.exec('pragma busy_timeout = 0; begin immediate');
  } finally {
    file.exec(`pragma busy_timeout = ${lockWaitMs}`);
  }
}

function command(run: () => void): SqliteStatement {
  return {
    reader: false,
    all: () => [],
    iterate: () => [].values(),
    run() {
      translated(run);
      return { changes: 0, lastInsertRowid: 0 };
    },
  };
}

function prepare(file: DatabaseSync, sql: string): SqliteStatement {
  const statement = translated(() => file.prepare(sql));
  const columns = statement.columns().map(({ name }) => name);
  // Rows as arrays become plain objects here: node:sqlite's own row objects have no prototype and serialise at half speed.
  statement.setReturnArrays(true);
  const asObject = (row: unknown) => {
    const values = row as unknown[];
    const object: Record<string, unknown> = {};
    columns.forEach((name, i) => (object[name] = values[i]));
    return object;
  };
  return {
    reader: columns.length > 0,
    all: (parameters) => translated(() => statement.all(...(parameters as SQLInputValue[])).map(asObject)),
    run: (parameters) => translated(() => statement.run(...(parameters as SQLInputValue[]))),
    *iterate(parameters) {
      for (const row of statement.iterate(...(parameters as SQLInputValue[]))) yield asObject(row);
    },
  };
}

function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw translate(error);
  }
}

/** Result codes: https://sqlite.org/rescode.html; the low byte is the primary code. */
function translate(error: unknown): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  if (code === 2067 || code === 1555) return new DatabaseError('conflict', error); // UNIQUE, PRIMARYKEY
  switch (code & 0xff) {
    case 13: // FULL
      return new DatabaseError('full', error);
    case 5: // BUSY
    case 6: // LOCKED
      return new DatabaseError('busy', error);
    case 8: // READONLY
    case 10: // IOERR
    case 11: // CORRUPT
    case 14: // CANTOPEN
    case 26: // NOTADB
      return new DatabaseError('unavailable', error);
    default:
      return error;
  }
}

function resultCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) : undefined;
}
