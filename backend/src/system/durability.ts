import { readFileSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Whether a file is still there when the container around this process is replaced. Off Linux there is none: true.
 *
 * @param file an existing file.
 */
export function outlivesContainer(file: string): boolean {
  let mounts: string;
  try {
    mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return true;
  }
  return isDurable(realpathSync(dirname(file)), mounts);
}

/**
 * Whether a folder lies elsewhere than in the container's own layer, in memory, or in an emptyDir, which all end with the
 * pod (https://kubernetes.io/docs/concepts/storage/volumes/#emptydir).
 *
 * @param mounts as in https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
 */
export function isDurable(folder: string, mounts: string): boolean {
  const mount = mounts
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , source = '', point = ''] = before.split(' ');
      return { source, point, type: after.split(' ')[0] ?? '' };
    })
    .filter(({ point }) => point === '/' || folder === point || folder.startsWith(`${point}/`))
    .sort((a, b) => b.point.length - a.point.length)[0];
  return !/^(overlay|tmpfs|ramfs)$/.test(mount?.type ?? '') && !mount?.source.includes('kubernetes.io~empty-dir');
}
