import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { rules } from '../src/check/rules.ts';
import { judge, readCorpus } from './corpus.ts';
import { measures, MARKS } from './measures.ts';
import { rulesPage } from './rules-page.ts';

for (const made of readCorpus()) {
  test(`${made.name}: ${made.title}`, () => {
    const { missed, unexpected } = judge(made);
    expect(missed).toEqual([]);
    expect(
      unexpected.map(
        (finding) =>
          `${finding.severity} ${finding.rule.id} ${finding.place.file}:${finding.place.line} ${finding.fr[0]}`,
      ),
    ).toEqual([]);
  });
}

const read = (name: string) => readFileSync(path.join(import.meta.dirname, '..', name), 'utf8');

test('the page of rules is current (pnpm --filter kit rules-page writes it)', () => {
  expect(read('REGLES.md')).toBe(rulesPage());
});

test('the figures in the README are current (pnpm --filter kit measure writes them)', () => {
  const readme = read('README.md');
  expect(readme.slice(readme.indexOf(MARKS[0]), readme.indexOf(MARKS[1]))).toBe(
    `${MARKS[0]}\n${measures(readCorpus())}\n`,
  );
});

test('every rule is seen to fire and to stay silent', () => {
  const cases = readCorpus();
  for (const rule of rules) {
    const bad = cases.find((made) => made.name === `${rule.id}:bad`);
    const good = cases.find((made) => made.name === `${rule.id}:good`);
    expect(bad && judge(bad).findings.map((finding) => finding.rule.id)).toContain(rule.id);
    expect(good && judge(good).findings.map((finding) => finding.rule.id)).not.toContain(rule.id);
  }
});

test('every mistake of the learners has at least four cases, one of them correct or turned into one', () => {
  const counts = new Map<number, number>();
  for (const { mistake } of readCorpus())
    if (mistake !== undefined) counts.set(mistake, (counts.get(mistake) ?? 0) + 1);
  for (let mistake = 1; mistake <= 22; mistake++) {
    // Pods that were not restarted show on the cluster only.
    if (mistake !== 15) expect([mistake, (counts.get(mistake) ?? 0) >= 4]).toEqual([mistake, true]);
  }
});
