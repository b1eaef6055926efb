import type { AliasedSelectQueryBuilder, Kysely } from 'kysely';
import type { Database } from '../database/connection.ts';
import { DatabaseError } from '../database/errors.ts';
import type { Schema } from '../database/schema.ts';
import { searchKey } from './search-key.ts';

export interface User {
  id: number;
  username: string;
  /** In alphabetical order (of code points). */
  roles: string[];
}

export interface UserFilter {
  /** Only users with a greater id. */
  after: number;
  limit: number;
  /** Beginning of the name, without regard to case and accents. */
  q?: string | undefined;
  role?: string | undefined;
}

export type UserRepository = ReturnType<typeof createUserRepository>;

/**
 * Up to so many names, a search collects the ids of all names that begin so and takes them in order; beyond, so many
 * users match that reading them in order finds a page sooner. Either way a page looks at some thousands of rows in a
 * million, whatever is searched.
 */
const mostCollected = 5000;

/** The users and their roles, in the database. Every function may throw a `DatabaseError`. */
export function createUserRepository(database: Database) {
  const { queries } = database;

  return {
    /** At most `limit` users by id. */
    async list(filter: UserFilter): Promise<User[]> {
      return withRoles(queries, (await pageOfUsers(queries, filter)).as('page'));
    },

    async find(id: number): Promise<User | undefined> {
      return findUser(queries, id);
    },

    async findByName(username: string): Promise<User | undefined> {
      const users = queries.selectFrom('users').select(['id', 'username']).where('username', '=', username);
      return (await withRoles(queries, users.as('page')))[0];
    },

    /**
     * Keeps a new user.
     *
     * @returns its id.
     * @throws {DatabaseError} `conflict` when the name is taken.
     */
    async create(username: string, roles: string[]): Promise<number> {
      return database.transaction(async (transaction) => {
        // Not "on conflict do nothing": PostgreSQL would use up an id for every refused name.
        const created = await transaction
          .insertInto('users')
          .columns(['username', 'search_key'])
          .expression(
            transaction
              .selectNoFrom((eb) => [eb.val(username).as('username'), eb.val(searchKey(username)).as('search_key')])
              .where((eb) => eb.not(eb.exists(eb.selectFrom('users').select('id').where('username', '=', username)))),
          )
          .returning('id')
          .executeTakeFirst();
        if (!created) throw new DatabaseError('conflict', 'there is a user of this name');
        await insertRoles(transaction, created.id, roles);
        return created.id;
      });
    },

    /**
     * Replaces what is given.
     *
     * @returns the user as it is now; undefined when there is none with this id.
     * @throws {DatabaseError} `conflict` when the name is another user's.
     */
    async update(id: number, change: { username?: string; roles?: string[] }): Promise<User | undefined> {
      const { username, roles } = change;
      return database.transaction(async (transaction) => {
        // Also without a new name: the write locks the user's row, so that two changes of its roles cannot mix.
        const { numUpdatedRows } = await transaction
          .updateTable('users')
          .set((eb) =>
            username === undefined ? { username: eb.ref('username') } : { username, search_key: searchKey(username) },
          )
          .where('id', '=', id)
          .executeTakeFirstOrThrow();
        if (numUpdatedRows === 0n) return undefined;
        if (roles) {
          await transaction.deleteFrom('user_roles').where('user_id', '=', id).execute();
          await insertRoles(transaction, id, roles);
        }
        return findUser(transaction, id);
      });
    },

    /** @returns whether there was such a user. */
    async remove(id: number): Promise<boolean> {
      return database.transaction(async (transaction) => {
        const { numDeletedRows } = await transaction.deleteFrom('users').where('id', '=', id).executeTakeFirstOrThrow();
        return numDeletedRows > 0n;
      });
    },
  };
}

async function findUser(db: Kysely<Schema>, id: number): Promise<User | undefined> {
  const users = db.selectFrom('users').select(['id', 'username']).where('id', '=', id);
  return (await withRoles(db, users.as('page')))[0];
}

/** The users of a sub-query with their roles, by id. */
async function withRoles(
  db: Kysely<Schema>,
  users: AliasedSelectQueryBuilder<{ id: number; username: string }, 'page'>,
): Promise<User[]> {
  // One row for each role of each user, or one without a role.
  const rows = await db
    .selectFrom(users)
    .leftJoin('user_roles', 'user_roles.user_id', 'page.id')
    .select(['page.id', 'page.username', 'user_roles.role'])
    .orderBy('page.id')
    .execute();
  const found: User[] = [];
  for (const { id, username, role } of rows) {
    let user = found.at(-1);
    if (user?.id !== id) found.push((user = { id, username, roles: [] }));
    if (role !== null) user.roles.push(role);
  }
  for (const { roles } of found) roles.sort();
  return found;
}

async function insertRoles(db: Kysely<Schema>, id: number, roles: string[]): Promise<void> {
  if (roles.length === 0) return;
  await db
    .insertInto('user_roles')
    .values(roles.map((role) => ({ user_id: id, role })))
    .execute();
}

/** A sub-query for the users of a page: an index gives their order and their bounds, whatever is asked for. */
async function pageOfUsers(db: Kysely<Schema>, { after, limit, q, role }: UserFilter) {
  const candidates =
    role === undefined
      ? db.selectFrom('users').select('id')
      : db.selectFrom('user_roles').select('user_id as id').where('role', '=', role);
  const page = db
    .selectFrom(candidates.as('candidate'))
    .innerJoin('users', 'users.id', 'candidate.id')
    .select(['candidate.id', 'users.username'])
    .where('candidate.id', '>', after)
    .orderBy('candidate.id')
    .limit(limit);
  if (!q) return page;

  const prefix = searchKey(q);
  const named = db
    .selectFrom('users as named')
    .select('named.id')
    .where('named.search_key', '>=', prefix)
    .where('named.search_key', '<', `${prefix}\u{10ffff}`);
  // The order and the limits keep PostgreSQL from reading the table instead of the index.
  const { matches } = await db
    .selectFrom(
      named
        .orderBy('named.search_key')
        .limit(mostCollected + 1)
        .as('found'),
    )
    .select((eb) => eb.fn.countAll<number>().as('matches'))
    .executeTakeFirstOrThrow();
  return matches <= mostCollected
    ? page.where('candidate.id', 'in', named.limit(mostCollected))
    : page.where((eb) => eb.exists(named.whereRef('named.id', '=', eb.ref('candidate.id'))));
}
