import { expect, test } from 'vitest';
import { judge, readCorpus } from './corpus.ts';

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
