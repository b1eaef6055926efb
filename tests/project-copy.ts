import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');

/** Copies what git holds, or would hold, of this repository to a new folder, and returns its path. */
export function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'archi-'));
  execFileSync('sh', [
    '-c',
    `git -C "$0" ls-files -z --cached --others --exclude-standard | tar -C "$0" --null --files-from=- -c | tar -C "$1" -x`,
    root,
    folder,
  ]);
  return folder;
}
