import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../backend/test/support/ports.ts';
import { answers, leadingTo, spawnApi, spawnFront } from './own-site.ts';

/** A front, and several APIs on one database that take turns behind one address, as behind a Service. */
export interface OwnCluster {
  url: string;
  /** Starts a pod; it gets requests from when it is ready. */
  add: (pod: string, env?: Record<string, string>) => Promise<void>;
  /** Takes a pod out of the turn, then ends it. */
  remove: (pod: string) => void;
  /** Ends the process of a pod, which stays in the turn. */
  crash: (pod: string) => Promise<void>;
  /** The pod takes requests and answers none. */
  freeze: (pod: string) => void;
  thaw: (pod: string) => void;
  /** Straight to one pod. */
  post: (pod: string, path: string) => Promise<Response>;
  close: () => void;
}

export async function startOwnCluster(): Promise<OwnCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'archi-e2e-'));
  const pods = new Map<string, { port: number; process: ChildProcess }>();
  const processes: ChildProcess[] = [];
  let turn = 0;

  const service = createServer((incoming, outgoing) => {
    const port = [...pods.values()][turn++ % (pods.size || 1)]?.port;
    const { method, url, headers } = incoming;
    const onward = request({ host: '127.0.0.1', port: port ?? 1, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.writeHead(502).end());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }).listen(0);
  await once(service, 'listening');
  const frontPort = await freePort();
  const url = `http://localhost:${frontPort}`;
  processes.push(spawnFront(frontPort, leadingTo(`http://localhost:${(service.address() as AddressInfo).port}`)));
  await answers(url);

  const find = (pod: string) => {
    const found = pods.get(pod);
    if (!found) throw new Error(`There is no pod ${pod}`);
    return found;
  };
  return {
    url,
    async add(pod, env = {}) {
      const port = await freePort();
      const process = spawnApi({
        PORT: String(port),
        METRICS_PORT: '0',
        SQLITE_PATH: join(folder, 'archi.db'),
        HOSTNAME: pod,
        ...env,
      });
      processes.push(process);
      await answers(`http://localhost:${port}/ready`);
      pods.set(pod, { port, process });
    },
    remove(pod) {
      const { process } = find(pod);
      pods.delete(pod);
      process.kill('SIGTERM');
    },
    async crash(pod) {
      const { process } = find(pod);
      process.kill('SIGKILL');
      await once(process, 'exit');
    },
    freeze: (pod) => void find(pod).process.kill('SIGSTOP'),
    thaw: (pod) => void find(pod).process.kill('SIGCONT'),
    post: (pod, path) => fetch(`http://localhost:${find(pod).port}${path}`, { method: 'POST' }),
    close() {
      service.close();
      service.closeAllConnections();
      for (const process of processes) process.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
