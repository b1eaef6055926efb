import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { examine } from '../src/check/command.ts';
import type { Finding } from '../src/check/findings.ts';

/** A small project, and what the doctor must say of it. */
export interface Case {
  name: string;
  title: string;
  mistake: number | undefined;
  /** `rule file` pairs; empty for a correct project. */
  expected: string[];
  files: Map<string, { text: string; mode: number | undefined }>;
  links: Map<string, string>;
  /** Files that git tracks though .gitignore names them; undefined when the project is not a repository. */
  tracked: string[] | undefined;
  source: string;
}

const CORPUS = path.join(import.meta.dirname, '../corpus');

/**
 * Reads the corpus. A case starts with `@case name title`, then:
 * `@mistake n` (of the list of learners' mistakes), `@expect rule file` (once per finding; none: a correct project),
 * `@from case` (starts from that case's files), `@file path [mode]` followed by its text,
 * `@edit path` followed by pairs of `- old` and `+ new` lines, `@remove path`, `@link path target`,
 * `@git file…` (a repository, in which these files are tracked in spite of .gitignore).
 * `⟦` and `⟧` are left out: they keep made-up keys from looking like real ones to those who scan repositories.
 */
export function readCorpus(): Case[] {
  const cases = new Map<string, Case>();
  for (const file of readdirSync(CORPUS)
    .filter((name) => name.endsWith('.case'))
    .sort()) {
    for (const part of readFileSync(path.join(CORPUS, file), 'utf8')
      .split(/^@case /m)
      .slice(1)) {
      const made = readCase(part, file, cases);
      if (cases.has(made.name)) throw new Error(`${file}: the case ${made.name} is there twice`);
      cases.set(made.name, made);
    }
  }
  return [...cases.values()];
}

function readCase(part: string, source: string, cases: Map<string, Case>): Case {
  const [head = '', ...lines] = part.split('\n');
  const [name = '', ...title] = head.trim().split(' ');
  const made: Case = {
    name,
    title: title.join(' '),
    mistake: undefined,
    expected: [],
    files: new Map(),
    links: new Map(),
    tracked: undefined,
    source,
  };
  let text: string[] | undefined;
  let edit: { path: string; removed: string[]; added: string[] } | undefined;
  const finishEdit = () => {
    if (!edit) return;
    const { path: file, removed, added } = edit;
    const old = made.files.get(file);
    const from = removed.join('\n');
    if (!old?.text.includes(from)) throw new Error(`${source}: ${name}: nothing in ${file} reads\n${from}`);
    made.files.set(file, { ...old, text: old.text.replace(from, () => added.join('\n')) });
    edit = undefined;
  };
  for (const line of lines) {
    const [, word, rest = ''] = /^@(mistake|expect|from|file|edit|remove|link|git)\b ?(.*)$/.exec(line) ?? [];
    if (word === undefined) {
      if (edit) {
        if (line.startsWith('- ') || line === '-') {
          if (edit.added.length > 0) {
            const target = edit.path;
            finishEdit();
            edit = { path: target, removed: [], added: [] };
          }
          edit.removed.push(line.slice(2));
        } else if (line.startsWith('+ ') || line === '+') edit.added.push(line.slice(2));
      } else text?.push(line.replace(/[⟦⟧]/g, ''));
      continue;
    }
    finishEdit();
    text = undefined;
    const words = rest.trim().split(' ');
    const [first = '', second] = words;
    if (word === 'mistake') made.mistake = Number(first);
    else if (word === 'expect') made.expected.push(rest.trim());
    else if (word === 'from') {
      const base = cases.get(first);
      if (!base) throw new Error(`${source}: ${name}: there is no case ${first} before it`);
      for (const [file, held] of base.files) made.files.set(file, held);
      for (const [link, target] of base.links) made.links.set(link, target);
    } else if (word === 'remove') made.files.delete(first);
    else if (word === 'link') made.links.set(first, second ?? '');
    else if (word === 'git') made.tracked = words.filter(Boolean);
    else if (word === 'edit') edit = { path: first, removed: [], added: [] };
    else {
      const kept: string[] = [];
      text = kept;
      const mode = second === undefined ? undefined : Number.parseInt(second, 8);
      const held = { text: '', mode };
      Object.defineProperty(held, 'text', {
        get: () => `${kept.join('\n').replace(/\n+$/, '')}\n`.replaceAll('␍', '\r'),
        enumerable: true,
      });
      made.files.set(first, held);
    }
  }
  finishEdit();
  return made;
}

/** Lays a case out in a folder of its own, hands the folder to `use`, and clears it away. */
export function unpack<T>(made: Case, use: (folder: string) => T): T {
  const folder = mkdtempSync(path.join(tmpdir(), 'kit-case-'));
  try {
    for (const [file, { text, mode }] of made.files) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), text);
      if (mode !== undefined) chmodSync(path.join(folder, file), mode);
    }
    for (const [link, target] of made.links) {
      mkdirSync(path.dirname(path.join(folder, link)), { recursive: true });
      symlinkSync(target, path.join(folder, link));
    }
    if (made.tracked) {
      const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
      git('init', '-q');
      git('add', '-A');
      if (made.tracked.length > 0) git('add', '-f', ...made.tracked);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export interface Judgement {
  findings: Finding[];
  missed: string[];
  unexpected: Finding[];
}

const judged = new Map<string, Judgement>();

/** What the doctor says of a case; asked once per case. */
export function judge(made: Case): Judgement {
  const known = judged.get(made.name) ?? judgeAnew(made);
  judged.set(made.name, known);
  return known;
}

function judgeAnew(made: Case): Judgement {
  const { findings, failed } = unpack(made, examine);
  if (failed.length > 0) throw new Error(`${made.name}: the rules ${failed.join(', ')} failed`);
  const left = [...findings];
  const missed: string[] = [];
  for (const expected of made.expected) {
    const index = left.findIndex(
      (finding) =>
        `${finding.rule.id} ${finding.place.file}` === expected ||
        `${finding.rule.id} ${finding.place.file}:${finding.place.line}` === expected,
    );
    if (index < 0) missed.push(expected);
    else left.splice(index, 1);
  }
  return { findings, missed, unexpected: left.filter((finding) => finding.severity !== 'advice') };
}
