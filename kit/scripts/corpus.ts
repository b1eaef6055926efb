/** Runs the doctor over the corpus and prints what it missed and what it said too much. A name keeps the cases that hold it. */
import { judge, readCorpus } from '../test/corpus.ts';

const [wanted = '', ...flags] = process.argv.slice(2);
let wrong = 0;
for (const made of readCorpus().filter(({ name, source }) => name.includes(wanted) || source.includes(wanted))) {
  const { findings, missed, unexpected } = judge(made);
  if (missed.length > 0 || unexpected.length > 0) {
    wrong++;
    console.log(`\n${made.source} ${made.name} (${made.title})`);
    for (const each of missed) console.log(`  missed      ${each}`);
    for (const { severity, rule, place, fr } of unexpected)
      console.log(`  unexpected  ${severity} ${rule.id} ${place.file}:${place.line}  ${fr[0]}`);
  }
  if (flags.includes('-v'))
    for (const { severity, rule, place, fr } of findings)
      console.log(`  ${made.name}: ${severity} ${rule.id} ${place.file}:${place.line}\n     ${fr.join('\n     ')}`);
}
console.log(`\n${wrong} wrong`);
