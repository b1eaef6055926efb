import { type ColumnDefinitionBuilder, type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Database } from './connection.ts';
import type { Schema } from './schema.ts';
import { untilUnlocked } from './sqlite.ts';

/** The one list for both engines, by name and never changed once released: a change is a new entry. */
function migrationsFor(engine: Database['engine']): Record<string, Migration> {
  const generatedKey = (column: ColumnDefinitionBuilder) =>
    engine === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey().generatedByDefaultAsIdentity();
  // A prefix search by index needs the order of bytes, which is SQLite's own and PostgreSQL's "C".
  const searchKeyType = engine === 'sqlite' ? sql`text` : sql`text collate "C"`;

  return {
    '0001_users': {
      async up(db: Kysely<Schema>) {
        await db.schema
          .createTable('users')
          .addColumn('id', engine === 'sqlite' ? 'integer' : 'bigint', generatedKey)
          .addColumn('username', 'text', (column) => column.notNull().unique())
          .addColumn('search_key', searchKeyType, (column) => column.notNull())
          .execute();
        await db.schema.createIndex('users_search_key').on('users').column('search_key').execute();
        await db.schema
          .createTable('user_roles')
          .addColumn('user_id', engine === 'sqlite' ? 'integer' : 'bigint', (column) =>
            column.notNull().references('users.id').onDelete('cascade'),
          )
          .addColumn('role', 'text', (column) => column.notNull())
          .addPrimaryKeyConstraint('user_roles_pk', ['user_id', 'role'])
          .execute();
        await db.schema.createIndex('user_roles_role').on('user_roles').columns(['role', 'user_id']).execute();
      },
    },
    '0002_first_users': {
      async up(db: Kysely<Schema>) {
        for (const [username, roles] of [
          ['adm', ['admin', 'dev']],
          ['pasadmin', ['dev']],
        ] as const) {
          const { id } = await db
            .insertInto('users')
            .values({ username, search_key: username })
            .returning('id')
            .executeTakeFirstOrThrow();
          await db
            .insertInto('user_roles')
            .values(roles.map((role) => ({ user_id: id, role })))
            .execute();
        }
      },
    },
  };
}

/**
 * Brings the tables to their newest form; only looks at them where they have it, or one that a newer version has given
 * them: during a rolling update, and after it is taken back, this version starts on the tables of the next. Any number of
 * processes may call it at once: on PostgreSQL the migrator takes an advisory lock, on SQLite it takes none, so the write
 * lock is held around it.
 *
 * @returns the names of the migrations that this call has run.
 * @throws {DatabaseError} when the database is away, full, read-only, or no database.
 */
export async function migrate(database: Database): Promise<string[]> {
  const provider = { getMigrations: () => Promise.resolve(migrationsFor(database.engine)) };

  const known = await new Migrator({ db: database.queries, provider }).getMigrations();
  if (known.every(({ executedAt }) => executedAt)) return [];

  async function run(db: Kysely<Schema>, disableTransactions: boolean): Promise<string[]> {
    const { error, results } = await new Migrator({ db, provider, disableTransactions }).migrateToLatest();
    if (error) throw error as Error;
    return (results ?? []).map(({ migrationName }) => migrationName);
  }

  if (database.engine === 'postgres') return database.patiently((connection) => run(connection, false));
  return untilUnlocked(() =>
    database.patiently(async (connection) => {
      await sql`begin`.execute(connection);
      try {
        const names = await run(connection, true);
        await sql`commit`.execute(connection);
        return names;
      } catch (error) {
        await sql`rollback`.execute(connection);
        throw error;
      }
    }),
  );
}
