/** Prints recall and precision over the corpus, and keeps them in the README. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readCorpus } from '../test/corpus.ts';
import { measures, MARKS } from '../test/measures.ts';

const readme = path.join(import.meta.dirname, '../README.md');
const figures = measures(readCorpus());
const text = readFileSync(readme, 'utf8');
const [start, end] = MARKS;
writeFileSync(readme, `${text.slice(0, text.indexOf(start))}${start}\n${figures}\n${text.slice(text.indexOf(end))}`);
console.log(figures);
