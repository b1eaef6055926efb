/**
 * Builds the images of docker-bake.hcl.
 *
 *   pnpm images           on this machine: latest, and the tags for lessons
 *   pnpm images publish   on GitHub Actions: for every processor, pushed when the repository has an account on Docker Hub
 */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { missingAccountSummary, publishedSummary, type Run, tagsOf, versionOf } from './publication.ts';

const root = join(import.meta.dirname, '..');

if (process.argv[2] === 'publish') publish();
else bake(['default', 'demo', '--load'], { COMMIT: git('rev-parse', 'HEAD') });

function publish(): void {
  const env = (name: string) => process.env[name]?.trim() ?? '';
  const run: Run = {
    // Docker takes no capitals in names; its login does.
    account: env('DOCKERHUB_USERNAME').toLowerCase(),
    hasToken: env('HAS_DOCKERHUB_TOKEN') === 'true',
    isDemo: env('GITHUB_EVENT_NAME') === 'workflow_dispatch',
    ref: env('GITHUB_REF'),
    sha: env('GITHUB_SHA'),
    source: `${env('GITHUB_SERVER_URL')}/${env('GITHUB_REPOSITORY')}`,
  };
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const canPush = run.account !== '' && run.hasToken;
  const metadataFile = join(mkdtempSync(join(tmpdir(), 'images-')), 'metadata.json');
  const platforms = env('PLATFORMS') || 'linux/amd64,linux/arm64';
  // A fork may have one side alone.
  const sides = ['backend', 'frontend'].filter((side) => existsSync(join(root, side, 'Dockerfile')));
  if (sides.length === 0)
    throw new Error('Neither backend/Dockerfile nor frontend/Dockerfile is there: nothing to build.');

  bake(
    [
      ...(run.isDemo ? ['demo'] : sides),
      ...platforms.split(',').map((platform) => `--set=*.platform=${platform}`),
      ...(canPush
        ? ['--push', '--provenance=mode=max', '--sbom=true', `--metadata-file=${metadataFile}`]
        : ['--set=*.output=type=cacheonly']),
    ],
    {
      ...(canPush && { ACCOUNT: run.account }),
      TAGS: tagsOf(run).join(','),
      VERSION: versionOf(run, version),
      COMMIT: run.sha,
      SOURCE: run.source,
    },
  );

  let summary = missingAccountSummary(run);
  if (canPush) {
    const metadata = JSON.parse(readFileSync(metadataFile, 'utf8')) as Record<string, Record<string, string>>;
    const published = Object.values(metadata).flatMap((target) => {
      const [name = '', digest] = [target['image.name'], target['containerimage.digest']];
      return digest === undefined ? [] : [{ image: name.split(',')[0]?.replace('docker.io/', '') ?? '', digest }];
    });
    summary = publishedSummary(run, published);
  }
  const file = env('GITHUB_STEP_SUMMARY');
  if (file === '') console.log(summary);
  else appendFileSync(file, summary);
}

function bake(args: string[], variables: Record<string, string>): void {
  execFileSync('docker', ['buildx', 'bake', '--file', 'docker-bake.hcl', ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...variables },
  });
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}
