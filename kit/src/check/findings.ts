import type { Model } from './model.ts';
import type { Place } from './read/yaml.ts';

export type Severity = 'error' | 'warning' | 'advice';
export type Language = 'fr' | 'en';

/** What is wrong, what it will look like, and the line that mends it. */
export type Sentences = [message: string, consequence: string, fix: string];

/** What a rule found at one place. */
export interface Remark {
  severity: Severity;
  place: Place;
  fr: Sentences;
  en: Sentences;
  /** Names what is at fault; of several rules that blame the same thing, the first is heard. */
  about?: string;
  /** A larger thing that is broken by it: what else goes wrong there follows from this. */
  breaks?: string;
  /** Not said when this is already known to be broken. */
  unlessBroken?: string;
}

export interface Rule {
  id: string;
  title: Record<Language, string>;
  why: Record<Language, string>;
  check: (model: Model) => Iterable<Remark>;
}

/** A remark, with the rule that made it. */
export interface Finding extends Remark {
  rule: Rule;
}

const MAX_ADVICE = 5;
const ORDER: Record<Severity, number> = { error: 0, warning: 1, advice: 2 };

/** A rule's remarks; one that fails on a file nobody thought of is named, and does not take the others with it. */
function* attempt(rule: Rule, model: Model, failed: string[]): Generator<Remark> {
  try {
    yield* rule.check(model);
  } catch {
    failed.push(rule.id);
  }
}

/**
 * Runs the rules in their order. Each place is told once per rule, each cause once over all rules; errors come first,
 * and at most five pieces of advice are kept.
 */
export function runRules(model: Model, rules: readonly Rule[], failed: string[] = []): Finding[] {
  const findings: Finding[] = [];
  const places = new Set<string>();
  const causes = new Set<string>();
  const broken = new Set<string>();
  for (const rule of rules) {
    // One rule may tell several faults of one thing; only the rules after it fall silent.
    const pending: string[] = [];
    for (const remark of attempt(rule, model, failed)) {
      const place = `${rule.id} ${remark.place.file} ${remark.place.line}`;
      if (places.has(place) || (remark.about !== undefined && causes.has(remark.about))) continue;
      if (remark.unlessBroken !== undefined && broken.has(remark.unlessBroken)) continue;
      places.add(place);
      if (remark.about !== undefined) causes.add(remark.about);
      if (remark.breaks !== undefined) pending.push(remark.breaks);
      findings.push({ ...remark, rule });
    }
    for (const name of pending) broken.add(name);
  }
  findings.sort(
    (a, b) =>
      ORDER[a.severity] - ORDER[b.severity] || a.place.file.localeCompare(b.place.file) || a.place.line - b.place.line,
  );
  const isKept = (finding: Finding, index: number) => finding.severity !== 'advice' || index < firstAdvice + MAX_ADVICE;
  const advice = findings.findIndex((finding) => finding.severity === 'advice');
  const firstAdvice = advice < 0 ? findings.length : advice;
  return findings.filter(isKept);
}
