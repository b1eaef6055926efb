import { judge, type Case } from './corpus.ts';

export const MARKS = ['<!-- figures -->', '<!-- end of figures -->'] as const;

/** Recall and precision of the doctor over the corpus, as lines of the README. */
export function measures(cases: Case[]): string {
  const judged = cases.map((made) => ({ made, ...judge(made) }));
  const expected = judged.reduce((sum, { made }) => sum + made.expected.length, 0);
  const found = judged.reduce((sum, { made, missed }) => sum + made.expected.length - missed.length, 0);
  const correct = judged.filter(({ made }) => made.expected.length === 0);
  const accused = correct.filter(({ findings }) => findings.some((finding) => finding.severity === 'error'));
  const wrong = judged.reduce((sum, { unexpected }) => sum + unexpected.length, 0);
  const percent = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
  return [
    '',
    `- projects in the corpus: ${cases.length}, ${correct.length} of them correct`,
    `- recall, mistakes found: ${found} of ${expected} (${percent(found, expected)})`,
    `- precision, findings that are right: ${found} of ${found + wrong} (${percent(found, found + wrong)})`,
    `- correct projects accused of an error: ${accused.length} of ${correct.length}`,
    '',
  ].join('\n');
}
