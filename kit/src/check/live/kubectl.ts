import { spawnSync } from 'node:child_process';
import type { Json } from '../read/yaml.ts';

export interface Answer {
  ok: boolean;
  out: string;
  /** kubectl's own words when it failed. */
  error: string;
}

/** Commands that only look. Whatever else is asked for is a fault of the doctor's. */
const READ_ONLY = new Set(['get', 'logs', 'config', 'version']);

/** Runs kubectl with a command that changes nothing, for at most `seconds`. */
export function kubectl(args: string[], seconds = 15): Answer {
  if (!READ_ONLY.has(args[0] ?? '')) throw new Error(`kubectl ${args[0] ?? ''} may change the cluster`);
  const result = spawnSync('kubectl', args, { encoding: 'utf8', timeout: seconds * 1000, maxBuffer: 200_000_000 });
  const error = result.error ? result.error.message : result.stderr.trim();
  return { ok: result.status === 0, out: result.stdout, error };
}

/** The answer as JSON, undefined when kubectl failed or said something else. */
export function asJson(answer: Answer): Json | undefined {
  if (!answer.ok) return undefined;
  try {
    return JSON.parse(answer.out) as Json;
  } catch {
    return undefined;
  }
}
