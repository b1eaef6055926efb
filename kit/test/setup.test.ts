import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyProject } from '../../tests/project-copy.ts';
import { examine } from '../src/check/command.ts';

const root = path.join(import.meta.dirname, '../..');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kit-setup-'));
  cpSync(path.join(root, 'k8s'), path.join(folder, 'k8s'), { recursive: true });
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const manifests = () =>
  Object.fromEntries(
    readdirSync(path.join(folder, 'k8s')).map((file) => [file, readFileSync(path.join(folder, 'k8s', file), 'utf8')]),
  );

function setup(args: string[], input = '') {
  const main = path.join(root, 'kit/src/main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'setup', ...args], {
    cwd: folder,
    encoding: 'utf8',
    input,
  });
  return { status, out: stdout, error: stderr };
}

function saysAndEnds({ status, out, error }: ReturnType<typeof setup>, sentence: string, code: number) {
  expect(out + error).toContain(sentence);
  expect(status).toBe(code);
}

/** The lines of the manifests that differ, without those that stayed. */
function changedLines(before: Record<string, string>): Record<string, string[]> {
  const changed: Record<string, string[]> = {};
  for (const [file, text] of Object.entries(manifests())) {
    const old = (before[file] ?? '').split('\n');
    const now = text.split('\n');
    expect(now).toHaveLength(old.length);
    const lines = now.filter((line, i) => line !== old[i]).map((line) => line.trim());
    if (lines.length > 0) changed[file] = lines;
  }
  return changed;
}

const everything = ['--name', 'mon-appli', '--domain', 'lab.sspcloud.fr', '--account', 'lea2', '--tag', '1.2.0'];
const inPlace = {
  'backend-configmap.yaml': ['CORS_ORIGIN: "https://frontend-mon-appli.lab.sspcloud.fr"'],
  'backend-deployment.yaml': ['image: lea2/backend-demo-conception-logicielle:1.2.0'],
  'backend-ingress.yaml': ['- backend-mon-appli.lab.sspcloud.fr', '- host: backend-mon-appli.lab.sspcloud.fr'],
  'frontend-configmap.yaml': ['VITE_API_URL: "https://backend-mon-appli.lab.sspcloud.fr"'],
  'frontend-deployment.yaml': ['image: lea2/frontend-demo-conception-logicielle:1.2.0'],
  'frontend-ingress.yaml': ['- frontend-mon-appli.lab.sspcloud.fr', '- host: frontend-mon-appli.lab.sspcloud.fr'],
};

test('the answers go to all their places and to nothing else', () => {
  const before = manifests();
  const { status, out } = setup(everything);
  expect(status).toBe(0);
  expect(changedLines(before)).toEqual(inPlace);
  for (const file of Object.keys(inPlace)) expect(out).toContain(`k8s/${file}:`);
});

test('they can be asked for, one by one, until each is right; an empty line keeps what is there', () => {
  const before = manifests();
  const { status, out } = setup([], 'Mon Appli\nmon-appli\nhttps://lab\nlab.sspcloud.fr\nlea2\n1.2.0\n');
  expect(status).toBe(0);
  expect(out).toContain('« Mon Appli » ne va pas');
  expect(out).toContain('« https://lab » ne va pas');
  expect(changedLines(before)).toEqual(inPlace);
  expect(setup([], '\n\n\n\n').out).toContain('rien à changer');
});

test('an end before the last answer changes nothing', () => {
  const before = manifests();
  // With and without the end of its line.
  for (const typed of ['mon-appli\n', 'mon-appli']) saysAndEnds(setup([], typed), "Rien n'a été changé", 2);
  expect(manifests()).toEqual(before);
});

test('it can be run again, also for one answer alone', () => {
  setup(everything);
  const before = manifests();
  saysAndEnds(setup(everything), 'rien à changer', 0);
  expect(manifests()).toEqual(before);
  expect(setup(['--tag', 'demo-v2']).status).toBe(0);
  expect(changedLines(before)).toEqual({
    'backend-deployment.yaml': ['image: lea2/backend-demo-conception-logicielle:demo-v2'],
    'frontend-deployment.yaml': ['image: lea2/frontend-demo-conception-logicielle:demo-v2'],
  });
});

test('an image of another name keeps it', () => {
  const file = path.join(folder, 'k8s/backend-deployment.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(/image: .*/, 'image: mon-api@sha256:abc'));
  setup(['--account', 'lea2', '--tag', 'v1']);
  expect(manifests()['backend-deployment.yaml']).toContain('image: lea2/mon-api:v1\n');
});

test.each([
  [['--name=Mon-Appli', '--domain=localhost', '--account=abc', '--tag=']],
  [['--name=été', '--domain=https://kub.sspcloud.fr', '--account=Léa', '--tag=-a']],
  [['--name=-a', '--domain=kub..fr', '--account=a/b', '--tag=a b']],
  [['--name=a-', '--domain=kub.sspcloud.fr/', '--account=', '--tag=a:b']],
  [['--name=a.b', '--domain=', `--account=${'a'.repeat(31)}`, `--tag=${'a'.repeat(129)}`]],
  [['--name=', `--name=${'a'.repeat(55)}`, '--account=LEA', '--tag=é']],
  [['--nom=x']],
])('%j are all refused, with what would be right, and nothing is changed', (wrong) => {
  const before = manifests();
  const { status, error } = setup(wrong);
  expect(status).toBe(2);
  for (const option of wrong) expect(error).toContain(option.split('=')[0]);
  expect(error).toContain("Rien n'a été changé");
  expect(manifests()).toEqual(before);
});

test('a place that is missing is named, and nothing is changed', () => {
  rmSync(path.join(folder, 'k8s/frontend-ingress.yaml'));
  const before = manifests();
  saysAndEnds(setup(everything), 'spec.rules.*.host du Ingress « frontend »', 2);
  expect(manifests()).toEqual(before);
});

test('without the folder k8s/ it says where it is to be started', () => {
  rmSync(path.join(folder, 'k8s'), { recursive: true });
  saysAndEnds(setup(everything), 'à la racine du projet', 2);
});

test.each([[everything], [everything.slice(0, 2)]])('after %j the doctor finds no fault in the project', (answers) => {
  const project = copyProject();
  rmSync(path.join(project, 'k8s'), { recursive: true });
  setup(answers);
  cpSync(path.join(folder, 'k8s'), path.join(project, 'k8s'), { recursive: true });
  const findings = examine(project).findings.filter(({ severity }) => severity !== 'advice');
  rmSync(project, { recursive: true, force: true });
  expect(findings).toEqual([]);
});

test('k8s/README.md lists the same places, for those who do it by hand', () => {
  const before = manifests();
  setup(everything);
  const table = (before['README.md'] ?? '').split('\n').filter((line) => line.startsWith('| `'));
  const byHand = table.flatMap((line) => /^\| `([^`]+\.yaml)`/.exec(line)?.[1] ?? []);
  expect(byHand.sort()).toEqual(Object.keys(changedLines(before)).sort());
});
