import { readFileSync, realpathSync } from 'node:fs';
import { dirname, sep } from 'node:path';

/**
 * Whether a file is still there when its container is replaced. It is not where it lies in the container's own layer, in
 * memory, or in an emptyDir (https://kubernetes.io/docs/concepts/storage/volumes/#emptydir). Off Linux there is no
 * container around this process: true.
 */
export function outlivesContainer(file: string): boolean {
  let mounts: string;
  try {
    mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  } catch {
    return true;
  }
  const folder = realpathSync(dirname(file)) + sep;
  // Fields: https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html
  const mount = mounts
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , , source = '', point = ''] = before.split(' ');
      return { source, point: point.endsWith('/') ? point : `${point}/`, type: after.split(' ')[0] };
    })
    .filter(({ point }) => folder.startsWith(point))
    .sort((a, b) => b.point.length - a.point.length)[0];
  return !/^(overlay|tmpfs|ramfs)$/.test(mount?.type ?? '') && !mount?.source.includes('kubernetes.io~empty-dir');
}
