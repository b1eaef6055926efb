import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';

export const images = { backend: 'archi-test/backend', frontend: 'archi-test/frontend' };

/** What a cluster gives to a container, and takes from it. */
export const hardened = [
  ['--read-only', '--cap-drop=ALL', '--security-opt', 'no-new-privileges', '--user', '10001:10001'],
  ['--memory', '200m', '--cpus', '0.3'],
].flat();

/** Runs docker and returns what it prints; its errors are thrown with what it said. */
export function docker(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('docker', args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`docker ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout.trim();
}

export interface Container {
  id: string;
  /** Of this machine, for a port of the container. */
  url: (port: number) => string;
  logs: () => string;
  inspect: (format: string) => string;
}

/** Starts a container that goes away with the test; all its ports are open to this machine. */
export function run(image: string, ...options: string[]): Container {
  const id = docker('run', '--detach', '--publish-all', ...options, image);
  onTestFinished(() => {
    docker('rm', '--force', '--volumes', id);
  });
  const ports = new Map<number, string>();
  return {
    id,
    url(port) {
      const known = ports.get(port) ?? docker('port', id, `${port}/tcp`).split('\n')[0]?.split(':').at(-1) ?? '';
      ports.set(port, known);
      return `http://127.0.0.1:${known}`;
    },
    logs: () => execFileSync('sh', ['-c', `docker logs ${id} 2>&1`], { encoding: 'utf8' }),
    inspect: (format) => docker('inspect', '--format', format, id),
  };
}

/** A volume that goes away with the test; its containers must have been started after it. */
export function volume(): string {
  const name = docker('volume', 'create', `test-${randomUUID()}`);
  onTestFinished(() => {
    docker('volume', 'rm', '--force', name);
  });
  return name;
}
