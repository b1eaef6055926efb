import type { Language } from '../findings.ts';
/** Placeholder until the live part is written. */
export function live(options: { language: Language; namespace: string | undefined; format: string }): number {
  return options.format === '' ? 0 : 2;
}
