import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const pages = execFileSync('git', ['ls-files', '*.md'], { cwd: root, encoding: 'utf8' }).trim().split('\n');

test.each(pages)('each file that %s links to is there', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => link ?? '');
  expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
});

test('a fork with another application is told which jobs of the workflow are of no use to it', () => {
  const [, kept = '', removed = '', needs = ''] =
    /gardez ([^]*?), retirez les jobs ([^]*?), et réduisez la ligne `needs` à `needs: \[(\w+)\]`/.exec(
      read('docs/tp-kubernetes.md'),
    ) ?? [];
  const named = (text: string) => [...text.matchAll(/`(\w+)`/g)].map(([, job]) => job);
  const [, jobs = ''] = /^jobs:\n([^]*)/m.exec(read('.github/workflows/ci.yml')) ?? [];
  expect([...named(kept), ...named(removed)].sort()).toEqual(
    [...jobs.matchAll(/^ {2}(\w+):$/gm)].map(([, job]) => job).sort(),
  );
  expect(named(kept)).toEqual([needs, 'images']);
});

test('the guide opens a VSCode service that may deploy, with this repository in it', () => {
  const [, link = ''] =
    /\((https:\/\/datalab\.sspcloud\.fr\/launcher\/[^)]+)\)/.exec(read('docs/tp-kubernetes.md')) ?? [];
  const { pathname, searchParams } = new URL(link);
  expect(pathname).toBe('/launcher/ide/vscode-python');
  expect(Object.fromEntries(searchParams)).toEqual({
    name: 'archi-exemple',
    'kubernetes.role': '«admin»',
    'git.repository': '«https://github.com/conception-logicielle-ensai/archi-exemple.git»',
    'networking.user.enabled': 'true',
    autoLaunch: 'false',
  });
});
