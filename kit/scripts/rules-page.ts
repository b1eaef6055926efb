/** Writes `REGLES.md`, the page of all rules, from the rules and their examples. A test holds it to be current. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { rulesPage } from '../test/rules-page.ts';

writeFileSync(path.join(import.meta.dirname, '../REGLES.md'), rulesPage());
