/** Prints the OpenAPI document of the API, from which the front's types are made. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from './src/app.ts';
import { readConfig } from './src/config.ts';
import { openDatabase } from './src/database/connection.ts';

const folder = mkdtempSync(join(tmpdir(), 'archi-openapi-'));
const config = readConfig({ LOG_LEVEL: 'silent', SQLITE_PATH: join(folder, 'archi.db') });
const database = await openDatabase(config.database, () => undefined);
const { app } = await buildApp(config, database, { state: 'starting' });
console.log((await app.inject('/openapi.json')).body);
await app.close();
await database.close();
rmSync(folder, { recursive: true });
