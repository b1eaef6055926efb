/**
 * Makes a cluster of kind ready for `pnpm test:cluster`: an ingress controller, and the images that `pnpm images` has built.
 *
 *   kind create cluster --config .github/kind/cluster.yaml && pnpm images && pnpm kind
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const folder = join(import.meta.dirname, '../.github/kind');
const registry = 'kind-registry';
const port = 5001;
const mirrors = '/etc/containerd/certs.d/docker.io';

// From a run before it may be there already, perhaps stopped.
if (docker('ps', '--all', '--quiet', '--filter', `name=^${registry}$`) === '') {
  const options = ['--name', registry, '--network', 'kind', '--publish', `127.0.0.1:${port}:5000`];
  docker('run', '--detach', ...options, 'registry:3.0.0');
} else {
  docker('start', registry);
}
docker('exec', 'kind-control-plane', 'mkdir', '-p', mirrors);
docker('cp', join(folder, 'hosts.toml'), `kind-control-plane:${mirrors}/hosts.toml`);

const plan = docker('buildx', 'bake', '--file', 'docker-bake.hcl', '--print', 'default', 'demo');
for (const { tags } of Object.values((JSON.parse(plan) as { target: Record<string, { tags: string[] }> }).target)) {
  for (const tag of tags) {
    docker('tag', tag, `127.0.0.1:${port}/${tag}`);
    docker('push', '--quiet', `127.0.0.1:${port}/${tag}`);
  }
}

kubectl('apply', '--filename', join(folder, 'traefik.yaml'));
kubectl('rollout', 'status', 'deployment/traefik', '--namespace', 'kube-system', '--timeout', '3m');

function docker(...args: string[]): string {
  return execFileSync('docker', args, { cwd: join(folder, '../..'), encoding: 'utf8' });
}

function kubectl(...args: string[]): void {
  execFileSync('kubectl', ['--context', 'kind-kind', ...args], { stdio: 'inherit' });
}
