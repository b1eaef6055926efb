import { readFileSync } from 'node:fs';
import path from 'node:path';
import { rules } from '../src/check/rules.ts';

/** The page of all rules: what each looks for, why, a bad example and what makes it good. */
export function rulesPage(): string {
  const examples = readFileSync(path.join(import.meta.dirname, '../corpus/0-rules.case'), 'utf8').split(/^@case /m);
  const lines = [
    '# Les règles du docteur',
    '',
    'Chaque règle, avec un exemple qui la déclenche et ce qui le corrige. Les tests font tourner ces exemples.',
    'Cette page est faite par `scripts/rules-page.ts` ; `kit check --explain RÈGLE` en montre une.',
    '',
  ];
  for (const rule of rules) {
    const bad = examples.find((part) => part.startsWith(`${rule.id}:bad\n`));
    const good = examples.find((part) => part.startsWith(`${rule.id}:good\n`));
    if (bad === undefined || good === undefined) throw new Error(`the rule ${rule.id} has no bad and good example`);
    lines.push(
      `## \`${rule.id}\``,
      '',
      `**${rule.title.fr}.** ${rule.why.fr}`,
      '',
      '### Mauvais',
      '',
      ...blocks(bad),
      '### Bon',
      '',
      ...blocks(good),
    );
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** The files of an example as they are, its corrections as differences. */
function blocks(part: string): string[] {
  const lines: string[] = [];
  for (const piece of part.split(/^@(?=file|edit|remove)/m).slice(1)) {
    const [head = '', ...body] = piece.trimEnd().split('\n');
    const [word = '', file = ''] = head.split(' ');
    const text = body.join('\n').trimEnd();
    lines.push(
      `\`${file}\``,
      '',
      word === 'edit' ? '```diff' : `\`\`\`${LANGUAGES[/\w+$/.exec(file)?.[0] ?? ''] ?? 'text'}`,
      text === '' ? '(vide)' : text,
      '```',
      '',
    );
  }
  return lines;
}

const LANGUAGES: Record<string, string> = {
  yaml: 'yaml',
  yml: 'yaml',
  py: 'python',
  js: 'js',
  jsx: 'jsx',
  json: 'json',
  toml: 'toml',
  conf: 'nginx',
  Dockerfile: 'dockerfile',
};
