/**
 * Writes what the deployment page and the guide have in common into `docs/tp-kubernetes.md`, between its two marks.
 *
 *   pnpm guide          writes it
 *   pnpm guide --check  exits with 1 when it is not what it should be
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Notion, notions } from '../frontend/src/features/deployment/notions.ts';

const file = join(import.meta.dirname, '../docs/tp-kubernetes.md');
const [start, end] = ['<!-- notions: début -->', '<!-- notions: fin -->'];

const before = readFileSync(file, 'utf8');
const [from, to] = [before.indexOf(start), before.indexOf(end)];
if (from < 0 || to < from) throw new Error(`${file} lacks the lines ${start} and ${end}`);
const after = `${before.slice(0, from)}${start}\n\n${notions.map(section).join('\n')}\n${before.slice(to)}`;

if (!process.argv.includes('--check')) {
  writeFileSync(file, after);
} else if (before !== after) {
  console.error('The guide is not up to date: run `pnpm guide` and commit the change.');
  process.exit(1);
}

function section({ id, title, steps, watch, shows, hasPicture }: Notion): string {
  return [
    `### ${title.fr}\n`,
    ...steps.map(({ text, commands }) => `${text.fr}\n\n\`\`\`sh\n${commands.join('\n')}\n\`\`\`\n`),
    `**À regarder.** ${watch.fr}\n`,
    ...(hasPicture ? [`![${title.fr}](images/deploiement-${id}.png)\n`] : []),
    `**À conclure.** ${shows.fr}\n`,
  ].join('\n');
}
