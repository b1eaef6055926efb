import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { missingAccountSummary, publishedSummary, type Run, tagsOf, versionOf } from '../../scripts/publication.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
const main: Run = {
  account: 'lea',
  hasToken: true,
  isDemo: false,
  ref: 'refs/heads/main',
  sha: '0123456789abcdef0123456789abcdef01234567',
  source: 'https://github.com/lea/mon-projet',
};

test.each([
  ['refs/heads/main', 'sha-0123456 latest', '1.0.0+0123456'],
  ['refs/tags/v1.2.3', '1.2.3 1.2', '1.2.3'],
  ['refs/tags/v2.0.0-rc.1', '2.0.0-rc.1', '2.0.0-rc.1'],
  ['refs/tags/v1', '1', '1'],
  ['refs/tags/v1.2.3+été', '1.2.3--t-', '1.2.3--t-'],
])('%s gives the tags %s and the version %s', (ref, tags, version) => {
  const run = { ...main, ref };
  expect(tagsOf(run).join(' ')).toBe(tags);
  expect(versionOf(run, '1.0.0')).toBe(version);
  for (const tag of tagsOf(run)) expect(tag).toMatch(/^\w[\w.-]{0,127}$/);
});

test.each(['backend', 'frontend'])('the summary, docker-bake.hcl and k8s/ name the %s alike', (side) => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8');
  const manifest = read(`k8s/${side}-deployment.yaml`);
  expect(manifest).toMatch(
    new RegExp(`^ +- name: ${side}\n +image: [a-z0-9]+/${side}-demo-conception-logicielle:[\\w.-]+$`, 'm'),
  );
  expect(manifest).toMatch(new RegExp(`^  name: ${side}$`, 'm'));
  expect(read('docker-bake.hcl')).toContain('"${ACCOUNT}/${side}-demo-conception-logicielle:${tag}"');
});

test.each(['backend', 'frontend'])('the packages that the %s is built from are listed in its SBOM', (side) => {
  // https://docs.docker.com/build/metadata/attestations/sbom/: by default, the last stage alone is looked at.
  const dockerfile = readFileSync(join(import.meta.dirname, '../..', side, 'Dockerfile'), 'utf8');
  const stageOfInstall = dockerfile.split(/^FROM /m).find((stage) => stage.includes('pnpm@12 install'));
  expect(stageOfInstall).toContain('\nARG BUILDKIT_SBOM_SCAN_STAGE=true\n');
});

describe('the summary', () => {
  const published = [
    { image: 'lea/backend-demo-conception-logicielle:sha-0123456', digest: digest('a') },
    { image: 'lea/frontend-demo-conception-logicielle:sha-0123456', digest: digest('b') },
  ];

  test('of a push has the commands that put exactly these images on a cluster', () => {
    expect(publishedSummary(main, published).split('\n')).toEqual(
      expect.arrayContaining([
        `kubectl set image deployment/backend backend=lea/backend-demo-conception-logicielle:sha-0123456@${digest('a')}`,
        `kubectl set image deployment/frontend frontend=lea/frontend-demo-conception-logicielle:sha-0123456@${digest('b')}`,
      ]),
    );
  });

  test('of the tags for lessons says what they are, and how the broken one is taken back', () => {
    const summary = publishedSummary({ ...main, isDemo: true }, published);
    expect(summary).toContain('Images de démonstration publiées');
    expect(summary).toContain('kubectl rollout undo deployment/backend');
  });

  test.each([
    ['', false, ['[ ] la **variable** `DOCKERHUB_USERNAME`', '[ ] le **secret** `DOCKERHUB_TOKEN`']],
    ['', true, ['[ ] la **variable** `DOCKERHUB_USERNAME`', '[x] le **secret** `DOCKERHUB_TOKEN`']],
    ['lea', false, ['[x] la **variable** `DOCKERHUB_USERNAME` : `lea`', '[ ] le **secret** `DOCKERHUB_TOKEN`']],
  ])('without an account says what is missing and where it goes (%j, %j)', (account, hasToken, said) => {
    const summary = missingAccountSummary({ ...main, account, hasToken });
    for (const part of said) expect(summary).toContain(part);
    expect(summary).toContain('**Re-run all jobs**, en haut à droite de la dernière exécution de `main`');
    expect(summary.includes(`${main.source}/settings/variables/actions`)).toBe(account === '');
    expect(summary.includes(`${main.source}/settings/secrets/actions`)).toBe(!hasToken);
  });
});

describe('scripts/images.ts publish', () => {
  /** Runs it as GitHub does. There is no account here: `docker` is a script that tells what it is asked, and answers. */
  function publish(env: Record<string, string>) {
    const folder = mkdtempSync(join(tmpdir(), 'archi-images-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true, force: true });
    });
    const metadata = {
      backend: {
        'image.name': 'docker.io/lea/backend-x:sha-0123456,lea/backend-x:latest',
        'containerimage.digest': digest('c'),
      },
      'buildx.build.warnings': [],
    };
    writeFileSync(
      join(folder, 'docker'),
      `#!/bin/sh
echo "$@" "ACCOUNT=$ACCOUNT" "TAGS=$TAGS" "VERSION=$VERSION" "COMMIT=$COMMIT" "SOURCE=$SOURCE" > '${folder}/asked'
for word; do case $word in --metadata-file=*) echo '${JSON.stringify(metadata)}' > "\${word#*=}";; esac; done
`,
    );
    chmodSync(join(folder, 'docker'), 0o755);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(import.meta.dirname, '../../scripts/images.ts'), 'publish'],
      {
        encoding: 'utf8',
        env: {
          PATH: `${folder}${delimiter}${process.env.PATH ?? ''}`,
          GITHUB_REF: main.ref,
          GITHUB_SHA: main.sha,
          GITHUB_SERVER_URL: 'https://github.com',
          GITHUB_REPOSITORY: 'lea/mon-projet',
          GITHUB_EVENT_NAME: 'push',
          GITHUB_STEP_SUMMARY: join(folder, 'summary'),
          ...env,
        },
      },
    );
    expect([status, stderr]).toEqual([0, '']);
    const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), 'utf8') : '');
    return { asked: read('asked'), summary: read('summary'), stdout };
  }

  test('pushes for both processors, with what is in the images and how they were made', () => {
    const { asked, summary } = publish({ DOCKERHUB_USERNAME: ' Lea ', HAS_DOCKERHUB_TOKEN: 'true' });
    expect(asked).toMatch(
      /^buildx bake --file docker-bake\.hcl backend frontend --set=\*\.platform=linux\/amd64 --set=\*\.platform=linux\/arm64 --push --provenance=mode=max --sbom=true /,
    );
    expect(asked).toContain('ACCOUNT=lea TAGS=sha-0123456,latest VERSION=1.');
    expect(asked).toContain(`COMMIT=${main.sha} SOURCE=https://github.com/lea/mon-projet`);
    expect(summary).toContain(`backend=lea/backend-x:sha-0123456@${digest('c')}`);
  });

  test('by hand publishes the tags for lessons', () => {
    const env = { DOCKERHUB_USERNAME: 'lea', HAS_DOCKERHUB_TOKEN: 'true', GITHUB_EVENT_NAME: 'workflow_dispatch' };
    expect(publish(env).asked).toMatch(/^buildx bake --file docker-bake\.hcl demo .*--push/);
  });

  test.each([
    {},
    { DOCKERHUB_USERNAME: 'lea', HAS_DOCKERHUB_TOKEN: 'false' },
    { DOCKERHUB_USERNAME: '', HAS_DOCKERHUB_TOKEN: 'true' },
  ])('without an account builds, pushes nothing and is green (%j)', (env) => {
    const { asked, summary } = publish(env);
    expect(asked).toContain('--set=*.output=type=cacheonly');
    expect(asked).not.toContain('--push');
    expect(summary).toContain('## Images construites, mais pas publiées');
  });
});
