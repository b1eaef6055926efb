import type { Language, Sentences, Severity } from '../findings.ts';

/** What is wrong on the cluster now: the cause, what shows it, what to do, and the command to run next. */
export interface LiveFinding {
  id: string;
  severity: Severity;
  /** `pod/backend-…`, `service/front`, … */
  object: string;
  text: Record<Language, Sentences>;
  next: string;
  /** The workloads, claims or Services that do not work because of it, as `Deployment/api`. */
  explains?: string[];
  /** The Service without which this cannot work: when that one is told, this is a consequence of it. */
  waitsFor?: string;
  /** What else does not work because of it, as it is shown. */
  follows?: string[];
}

/** A finding, its parts in the order in which they are read. */
export function tell(
  id: string,
  object: string,
  fr: Sentences,
  en: Sentences,
  next: string,
  more: Partial<Pick<LiveFinding, 'severity' | 'explains' | 'waitsFor'>> = {},
): LiveFinding {
  return { id, severity: 'error', object, text: { fr, en }, next, ...more };
}

/** A text in one line, not longer than a screen bears. */
export function short(text: string, most = 240): string {
  const clean = text.replace(/\s+/g, ' ').trim();
  return clean.length > most ? `${clean.slice(0, most)}…` : clean;
}

/** The time of day of a time stamp. */
export function clock(time: string): string {
  return /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? time;
}
