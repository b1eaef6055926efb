import { spawnSync } from 'node:child_process';
import { hide } from './hide.ts';
import type { Json } from '../read/yaml.ts';

export interface Answer {
  ok: boolean;
  out: string;
  /** kubectl's own words when it failed. */
  error: string;
}

/** Commands that only look. Whatever else is asked for is a fault of the doctor's. */
const READ_ONLY = new Set(['get', 'logs', 'config', 'version']);

/** Runs kubectl with a command that changes nothing, for at most `seconds`; it reads `input`. */
export function kubectl(args: string[], seconds = 15, input?: string): Answer {
  if (!READ_ONLY.has(args[0] ?? '') || (args[0] === 'config' && !/^(view|current-context)$/.test(args[1] ?? '')))
    throw new Error(`kubectl ${args[0] ?? ''} may change the cluster`);
  const options = { encoding: 'utf8', timeout: seconds * 1000, maxBuffer: 200_000_000 } as const;
  // kubectl opens /dev/stdin as a file, which Node's own kind of pipe is not.
  const result =
    input === undefined
      ? spawnSync('kubectl', args, options)
      : spawnSync('sh', ['-c', 'cat | kubectl "$@"', 'kubectl', ...args], { ...options, input });
  // Stopped for its time, kubectl has written nothing.
  const error = result.error ? result.error.message : result.stderr.trim();
  return { ok: result.status === 0, out: result.error ? '' : result.stdout, error };
}

/** The answer as JSON, undefined when kubectl said something else. What it may not see leaves it short, and not empty. */
export function asJson(answer: Answer): Json | undefined {
  try {
    return JSON.parse(answer.out) as Json;
  } catch {
    return undefined;
  }
}

/** The line of kubectl's complaint that is meant for people: the last, after those of its log. */
export function complaint(answer: Answer): string {
  const lines = hide(answer.error)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const refusal = lines.find((line) => /\bpods is forbidden/.test(line));
  return refusal ?? lines.findLast((line) => !/^[EWIF]\d{4} /.test(line)) ?? lines.at(-1) ?? '';
}
