import { type CompiledQuery, sql } from 'kysely';
import { describe, expect, test, vi } from 'vitest';
import type { Database } from '../src/database/connection.ts';
import { createUserRepository, type UserFilter } from '../src/users/users.repository.ts';
import { buildTestApp } from './support/app.ts';

const filters: [string, Omit<UserFilter, 'limit' | 'after'>][] = [
  ['everybody', {}],
  ['a role', { role: 'role7' }],
  ['a beginning that few have', { q: 'user123' }],
  ['a beginning that many have', { q: 'user' }],
  ['few names of a role', { q: 'user123', role: 'dev' }],
  ['many names of a role', { q: 'user', role: 'role7' }],
];

const count = 60_000;

/** The two first users and very many others, of whom all have the role `dev` and every hundredth `role7`. */
async function manyUsers(engine: 'sqlite' | 'postgres'): Promise<Database> {
  const { database } = await buildTestApp(engine);
  const numbers =
    engine === 'sqlite'
      ? sql`with recursive n(i) as (select 3 union all select i + 1 from n where i < ${sql.lit(count)}) select i from n`
      : sql`select i from generate_series(3, ${sql.lit(count)}) as n(i)`;
  await database.patiently(async (connection) => {
    await sql`insert into users(username, search_key) select 'user' || i, 'user' || i from (${numbers}) as n`.execute(
      connection,
    );
    await sql`insert into user_roles select id, 'dev' from users where id > 2`.execute(connection);
    await sql`insert into user_roles select id, 'role' || (id % 100) from users where id > 2`.execute(connection);
  });
  await sql`analyze`.execute(database.queries);
  return database;
}

/** What the repository asks of the database for a page. */
async function queriesFor(database: Database, filter: UserFilter): Promise<CompiledQuery[]> {
  const asked = vi.spyOn(database.queries.getExecutor(), 'executeQuery');
  await createUserRepository(database).list(filter);
  const queries = asked.mock.calls.map(([query]) => query);
  asked.mockRestore();
  return queries;
}

describe('an index serves every filter, in the order of ids, without a scan and without a sort', () => {
  test('on SQLite', async () => {
    const database = await manyUsers('sqlite');
    for (const [name, filter] of filters) {
      for (const query of await queriesFor(database, { ...filter, after: 30_000, limit: 20 })) {
        const explained = { ...query, sql: `explain query plan ${query.sql}` };
        const { rows } = await database.queries.executeQuery<{ detail: string }>(explained);
        const plan = rows.map(({ detail }) => detail);
        // The page itself and the bounded count are sub-queries, which are walked once.
        expect(
          plan.filter((step) => /^SCAN (?!page|found)|TEMP B-TREE/.test(step)),
          `${name}: ${plan.join(' | ')}`,
        ).toEqual([]);
        expect(plan.join(' '), name).toMatch(/SEARCH/);
      }
    }
  });

  test('on PostgreSQL', async () => {
    const database = await manyUsers('postgres');
    for (const [name, filter] of filters) {
      for (const query of await queriesFor(database, { ...filter, after: 30_000, limit: 20 })) {
        const explained = { ...query, sql: `explain (analyze, format json) ${query.sql}` };
        const { rows } = await database.queries.executeQuery<{ 'QUERY PLAN': [{ Plan: Plan }] }>(explained);
        const plan = rows[0]?.['QUERY PLAN'][0].Plan;
        expect(JSON.stringify(plan), name).not.toContain('Seq Scan');
        // Of 60,000 users and 120,000 roles.
        expect(plan && rowsRead(plan), `${name}: ${JSON.stringify(plan)}`).toBeLessThan(20_000);
      }
    }
  });
});

interface Plan {
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
}

/** How many rows of tables and indexes the plan has looked at. */
function rowsRead(plan: Plan): number {
  const own = plan['Relation Name']
    ? (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']
    : 0;
  return (plan.Plans ?? []).reduce((sum, part) => sum + rowsRead(part), own);
}
