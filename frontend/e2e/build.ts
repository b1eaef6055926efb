import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Makes what the tests run: the API's bundle and the front, both as their images hold them. */
export default function build(): void {
  const front = join(import.meta.dirname, '..');
  const vite = join(front, 'node_modules/vite/bin/vite.js');
  execFileSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: front, stdio: 'inherit' });
  execFileSync(process.execPath, ['build.ts'], { cwd: join(front, '../backend'), stdio: 'inherit' });
}
