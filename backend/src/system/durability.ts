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

/** In the source of a mount: an emptyDir, containerd's volumes of a container, a nameless volume of Docker. */
const endsWithContainer =
  /kubernetes\.io~empty-dir|\/io\.containerd\.grpc\.v1\.cri\/containers\/|\/volumes\/[\da-f]{64}\/_data/;

/**
 * Whether a folder lies elsewhere than in the container's own layer, in memory, in an emptyDir
 * (https://kubernetes.io/docs/concepts/storage/volumes/#emptydir), or in the nameless volume that an engine makes for
 * VOLUME when it was given none (https://docs.docker.com/engine/storage/volumes/): all of them end with the container.
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
  return !/^(overlay|tmpfs|ramfs)$/.test(mount?.type ?? '') && !endsWithContainer.test(mount?.source ?? '');
}
