import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, buildConnector, setGlobalDispatcher } from 'undici';
import { type Loaded, until } from '../../backend/test/support/process.ts';
import { copyProject, root } from '../project-copy.ts';

/**
 * Where the cluster's ingress listens, such as `https://127.0.0.1:8443`, when the hosts' names lead nowhere and their
 * certificate is nobody's; undefined on a cluster of the internet.
 */
const ingress = process.env.CLUSTER_INGRESS ? new URL(process.env.CLUSTER_INGRESS) : undefined;

const run = (command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string }) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { ...options, encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\n${stdout}${stderr}`);
  return stdout.trim();
};

export interface Application {
  /** A copy of the repository whose manifests were made this application's own. */
  project: string;
  page: string;
  api: string;
  /** Runs kubectl as a student: with the role `admin` in one namespace, and nothing more. */
  kubectl: (...args: string[]) => string;
  /** Runs what docs/operations.md has in its section on backups, block by block. */
  backup: (block: 'SQLite, out' | 'SQLite, back' | 'PostgreSQL, out' | 'PostgreSQL, back') => void;
  /** What a terminal of that student has. */
  env: NodeJS.ProcessEnv;
  /** Changes a file of the project. */
  edit: (file: string, from: RegExp, to: string) => void;
  /** The names of the pods of a Deployment, without those that are on their way out. */
  pods: (deployment: string) => string[];
  /** Waits until the Deployment is as its manifest says. */
  rolledOut: (...deployments: string[]) => void;
  remove: () => void;
}

/**
 * Makes a namespace in which Pod Security "restricted" is enforced, a student with rights in it alone, and a copy of the
 * project with a name of its own. Nothing is deployed yet.
 *
 * @param name of the application and of its namespace.
 */
export function prepareApplication(name: string): Application {
  const administrator = (...args: string[]) => run('kubectl', args, {});
  try {
    administrator('version', '--request-timeout', '5s');
  } catch (error) {
    throw new Error('No cluster answers, and these tests need one: set KUBECONFIG to that of an administrator.', {
      cause: error,
    });
  }
  const namespace = `archi-${name}`;
  administrator('delete', 'namespace', namespace, '--ignore-not-found');
  administrator('create', 'namespace', namespace);
  administrator('label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted');
  administrator('create', 'serviceaccount', 'student', '--namespace', namespace);
  const role = ['--clusterrole=admin', `--serviceaccount=${namespace}:student`, '--namespace', namespace];
  administrator('create', 'rolebinding', 'student', ...role);

  const project = copyProject();
  const kubeconfig = join(project, '.kubeconfig');
  writeFileSync(kubeconfig, administrator('config', 'view', '--raw', '--minify', '--flatten'), { mode: 0o600 });
  const token = administrator('create', 'token', 'student', '--namespace', namespace, '--duration', '3h');
  // curl, as the guide uses it, finds the ingress by this file.
  if (ingress) writeFileSync(join(project, '.curlrc'), `insecure\nconnect-to = "::${ingress.host}"\n`);
  const env = { ...process.env, KUBECONFIG: kubeconfig, CURL_HOME: project };
  const kubectl = (...args: string[]) => run('kubectl', args, { cwd: project, env });
  kubectl('config', 'set-credentials', 'student', `--token=${token}`);
  kubectl('config', 'set-context', '--current', '--user=student', `--namespace=${namespace}`);

  // A fork's manifests may name another domain and other images: these tests always take the same.
  const answers = ['--name', namespace, '--domain', 'kub.sspcloud.fr', '--account', 'ragatzino', '--tag', 'latest'];
  run(process.execPath, [join(root, 'kit/src/main.ts'), 'setup', ...answers], { cwd: project });
  const edit = (file: string, from: RegExp, to: string) => {
    const path = join(project, file);
    const text = readFileSync(path, 'utf8');
    if (!from.test(text)) throw new Error(`${file} has nothing that fits ${String(from)}`);
    writeFileSync(path, text.replace(from, to));
  };
  // One client writes here as fast as a class of students.
  appendFileSync(join(project, 'k8s/backend-configmap.yaml'), '  RATE_LIMIT: "0"\n');
  reachIngress();

  return {
    project,
    page: `https://frontend-${namespace}.kub.sspcloud.fr`,
    api: `https://backend-${namespace}.kub.sspcloud.fr`,
    kubectl,
    backup(block) {
      const place = ['SQLite, out', 'SQLite, back', 'PostgreSQL, out', 'PostgreSQL, back'].indexOf(block);
      const [, section = ''] = readFileSync(join(root, 'docs/operations.md'), 'utf8').split('## Backup and restore');
      const [, script = ''] = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)][place] ?? [];
      run('bash', ['-euo', 'pipefail', '-c', script], { cwd: project, env });
    },
    env,
    edit,
    pods(deployment) {
      const { items } = JSON.parse(kubectl('get', 'pods', '-l', `app=${deployment}`, '-o', 'json')) as {
        items: { metadata: { name: string; deletionTimestamp?: string } }[];
      };
      return items.flatMap(({ metadata }) => (metadata.deletionTimestamp ? [] : [metadata.name]));
    },
    rolledOut(...deployments) {
      for (const deployment of deployments) kubectl('rollout', 'status', `deployment/${deployment}`, '--timeout=120s');
    },
    remove() {
      administrator('delete', 'namespace', namespace);
      rmSync(project, { recursive: true });
    },
  };
}

/** Lets `fetch` find the ingress under every host's name. */
function reachIngress(): void {
  if (!ingress) return;
  const connect = buildConnector({ rejectUnauthorized: false });
  setGlobalDispatcher(
    new Agent({
      connect(options, callback) {
        const { hostname, port } = ingress;
        connect({ ...options, hostname, port, servername: options.servername ?? options.hostname }, callback);
      },
    }),
  );
}

/** Runs the front's browser tests against a deployed page. */
export function runBrowserTests(page: string): string {
  return execFileSync('pnpm', ['--filter', 'frontend', 'exec', 'playwright', 'test'], {
    cwd: root,
    env: { ...process.env, E2E_BASE_URL: page },
    encoding: 'utf8',
  });
}

/**
 * Readers and writers that go on while something is done to the application; returns which requests failed.
 *
 * @param loaded what `load` gave.
 */
export async function failuresDuring({ acknowledged, failures }: Loaded, action: () => unknown): Promise<string[]> {
  const goesOn = async () => {
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 20, 60_000);
  };
  const before = failures.length;
  await goesOn();
  await action();
  // What was done may show late: the ingress learns of it within two seconds.
  await sleep(3000);
  await goesOn();
  return failures.slice(before);
}
