/**
 * Writes `src/api/schema.d.ts`, the API's types, from the API's own document.
 *
 *   node api-types.ts          writes it
 *   node api-types.ts --check  exits with 1 when it is not what it should be
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

const file = join(import.meta.dirname, 'src/api/schema.d.ts');
const document = execFileSync(process.execPath, [join(import.meta.dirname, '../backend/openapi.ts')], {
  encoding: 'utf8',
});
const types = astToString(await openapiTS(document));

if (!process.argv.includes('--check')) {
  writeFileSync(file, types);
} else if (readFileSync(file, 'utf8') !== types) {
  console.error('The types of the API are not up to date: run `pnpm api:types` and commit the change.');
  process.exit(1);
}
