import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject, onTestFinished } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { openDatabase } from '../../src/database/connection.ts';
import { migrate } from '../../src/database/migrations.ts';
import type { Lifecycle } from '../../src/system/lifecycle.ts';

export type Engine = 'sqlite' | 'postgres';
export const engines: Engine[] = inject('postgresUrl') === undefined ? ['sqlite'] : ['sqlite', 'postgres'];

/** The environment that leads to a new and empty database, which goes away with the test. */
export async function freshDatabase(engine: Engine): Promise<Record<string, string>> {
  if (engine === 'sqlite') return { SQLITE_PATH: join(temporaryFolder(), 'archi.db') };
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(inject('postgresUrl') ?? '');
  const client = new pg.Client(url.href);
  await client.connect();
  await client.query(`create database ${name}`);
  await client.end();
  url.pathname = name;
  return { DATABASE_URL: url.href };
}

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'archi-test-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** The API on a new database with its two first users; all of it closes with the test. */
export async function buildTestApp(engine: Engine = 'sqlite', env: Record<string, string> = {}) {
  const config = readConfig({ LOG_LEVEL: 'silent', ...(await freshDatabase(engine)), ...env });
  const database = await openDatabase(config.database, () => undefined);
  await migrate(database);
  const lifecycle: Lifecycle = { state: 'ready' };
  const { app, metrics } = await buildApp(config, database, lifecycle);
  onTestFinished(async () => {
    await app.close();
    await database.close();
  });
  return { app, database, lifecycle, metrics };
}
