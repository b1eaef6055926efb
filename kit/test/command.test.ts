import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examine } from '../src/check/command.ts';
import { exitCode, githubReport, jsonReport, textReport } from '../src/check/report.ts';
import { readCorpus, unpack } from './corpus.ts';

const MAIN = path.join(import.meta.dirname, '../src/main.ts');
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'kit-command-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function write(file: string, text: string | Buffer): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), text);
}

/** Seconds of processor since then, which other programs on the machine do not stretch. */
function secondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** Runs the kit as a person would, from `folder`. */
function kit(...args: string[]): { status: number | null; out: string; error: string } {
  const env = { ...process.env };
  delete env.INIT_CWD;
  const result = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: 'utf8', env });
  return { status: result.status, out: result.stdout, error: result.stderr };
}

function example(name: string): ReturnType<typeof readCorpus>[number] {
  const found = readCorpus().find((made) => made.name === name);
  if (!found) throw new Error(`no case ${name}`);
  return found;
}

test('an empty folder has nothing wrong', () => {
  expect(kit('check')).toMatchObject({ status: 0, error: '' });
});

test('errors give 1, and each part of the sentence is there', () => {
  unpack(example('ports-listen'), (project) => {
    const { status, out } = kit('check', project);
    expect(status).toBe(1);
    expect(out).toContain('k8s/backend-service.yaml:10');
    for (const part of ['ERREUR', 'Ce que vous verrez', 'À faire', 'targetPort: 5000', 'Pourquoi'])
      expect(out).toContain(part);
  });
});

test('warnings and advice give 0', () => {
  unpack(example('workflow-unguarded'), (project) => {
    expect(kit('check', project).status).toBe(0);
  });
});

test('what cannot be looked at gives 2 and a word, never a stack', () => {
  for (const args of [
    ['check', 'nulle-part'],
    ['check', '--nimporte'],
    ['check', '--lang', 'de'],
    ['check', '--format', 'xml'],
    ['check', '--explain', 'nimporte'],
    ['nimporte'],
  ]) {
    const { status, out, error } = kit(...args);
    expect([args, status]).toEqual([args, 2]);
    expect(out + error).not.toMatch(/\n\s+at /);
    expect(out + error).not.toBe('');
  }
});

test('--format json has the promised shape', () => {
  unpack(example('ports-listen'), (project) => {
    const report = JSON.parse(kit('check', project, '--format', 'json').out) as {
      findings: Record<string, unknown>[];
      looked_at: unknown[];
    };
    expect(Object.keys(report)).toEqual(['findings', 'looked_at']);
    expect(Object.keys(report.findings[0] ?? {})).toEqual([
      'rule',
      'severity',
      'file',
      'line',
      'message',
      'consequence',
      'fix',
    ]);
    expect(report.looked_at).toContain('k8s/backend-service.yaml');
  });
});

test('--format github writes annotations, --lang en speaks English', () => {
  unpack(example('ports-listen'), (project) => {
    expect(kit('check', project, '--format', 'github').out).toMatch(
      /^::error file=k8s\/backend-service\.yaml,line=10,title=service-port::/,
    );
    expect(kit('check', project, '--lang', 'en').out).toContain('listens on 5000');
  });
});

test('a rule that fails is told in every form, and silence is then no success', () => {
  const report = { findings: [], lookedAt: [], unread: [], failed: ['copy-source'] };
  expect(exitCode(report)).toBe(2);
  for (const form of [textReport, jsonReport, githubReport]) expect(form(report, 'en')).toContain('copy-source');
});

test('--explain tells a rule with its examples, and lists all without a name', () => {
  expect(kit('check', '--explain', 'service-port').out).toContain('targetPort: 8000');
  expect(kit('check', '--explain').out).toContain('secret-committed');
});

test('a relative path starts where the caller stands, as pnpm tells it', () => {
  write('mon-projet/Dockerfile', 'FROM nginx\nCOPY rien.txt /\n');
  const { stdout: out } = spawnSync(process.execPath, [MAIN, 'check', 'mon-projet', '--format', 'json'], {
    encoding: 'utf8',
    env: { ...process.env, INIT_CWD: folder },
    cwd: tmpdir(),
  });
  expect(out).toContain('copy-source');
});

test('hostile files get a word each, never a stack', () => {
  write('k8s/casse.yaml', 'apiVersion: v1\nkind: Service\n  metadata: {\n');
  write('k8s/gabarit.yaml', 'apiVersion: v1\nkind: {{ .Values.kind }}\n{{- if x }}\n');
  write('k8s/vide.yaml', '');
  write('k8s/null.yaml', '---\n---\n');
  write('k8s/alias.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: *rien\n');
  write('k8s/binaire.yaml', Buffer.from([0x6b, 0x69, 0x6e, 0x64, 0x3a, 0, 1, 2]));
  write('compose.yaml', 'services: [1, 2');
  write('.github/workflows/x.yml', 'on: push\njobs:\n\t- x');
  write('Dockerfile', '\u0000\u0001');
  write('package.json', '{ "scripts": ');
  write('pyproject.toml', '[[[');
  write('gros/donnees.yaml', 'kind: x\n');
  truncateSync(path.join(folder, 'gros/donnees.yaml'), 100_000_000);
  symlinkSync('..', path.join(folder, 'k8s/boucle'));
  symlinkSync('nulle-part', path.join(folder, 'k8s/perdu.yaml'));
  const { status, out, error } = kit('check');
  expect(status).toBe(1);
  expect(error).toBe('');
  expect(out).not.toMatch(/\n\s+at /);
  for (const part of ['k8s/casse.yaml', 'gabarit', 'binaire.yaml', 'gros/donnees.yaml']) expect(out).toContain(part);
});

test('strange values in every place do not stop it', () => {
  const values = ['null', '[]', '{}', '3', 'true', '"x"', '[null]', '{a: [1]}'];
  for (const [index, value] of values.entries()) {
    write(
      `k8s/${index}.yaml`,
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: ${value}\nspec: ${value}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d${index}}\nspec:\n  selector: ${value}\n  template:\n    metadata: ${value}\n    spec:\n      volumes: ${value}\n      containers: ${value}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p${index}}\nspec:\n  containers:\n    - {name: ${value}, image: ${value}, env: ${value}, envFrom: ${value}, ports: ${value}, command: ${value}, args: ${value}, resources: ${value}, volumeMounts: ${value}, livenessProbe: ${value}}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i${index}}\nspec: {rules: ${value}, tls: ${value}, defaultBackend: ${value}}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s${index}}\nspec: {selector: ${value}, ports: ${value}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: e${index}}\ndata: ${value}\n`,
    );
    write(
      `c${index}/compose.yaml`,
      `include: ${value}\nvolumes: ${value}\nservices:\n  a: ${value}\n  b: {image: ${value}, build: ${value}, environment: ${value}, env_file: ${value}, ports: ${value}, volumes: ${value}, depends_on: ${value}, command: ${value}, networks: ${value}, extends: ${value}}\n`,
    );
    write(
      `k${index}/kustomization.yaml`,
      `resources: ${value}\npatches: ${value}\nimages: ${value}\nconfigMapGenerator: ${value}\n`,
    );
    write(
      `.github/workflows/${index}.yml`,
      `on: ${value}\nenv: ${value}\njobs:\n  a: ${value}\n  b: {runs-on: ${value}, steps: ${value}, strategy: {matrix: ${value}}}\n  c: {runs-on: x, steps: [{uses: docker/build-push-action@v6, with: ${value}}, {run: ${value}}]}\n`,
    );
    write(
      `p${index}/package.json`,
      `{"scripts": ${value.startsWith('{a') ? '{}' : value}, "dependencies": {"vite": "7", "react": "19"}}`,
    );
  }
  const { status, error } = kit('check');
  expect([status, error]).toEqual([1, '']);
}, 90_000);

test('a secret of the wrong type is refused without being shown', () => {
  write(
    'k8s/secret.yaml',
    'apiVersion: v1\nkind: Secret\nmetadata: { name: base }\nstringData:\n  CODE: 90817263\n---\napiVersion: v1\nkind: Pod\nmetadata: { name: api }\nspec:\n  containers:\n    - name: api\n      image: lea/api:1\n      env: [{ name: DB_PASSWORD, value: 90817263 }]\n',
  );
  const { out } = kit('check');
  expect(out).toContain('stringData.CODE');
  expect(out).not.toContain('90817263');
});

test('files broken at random places do not stop it, and each annotation is well formed', () => {
  const junk = [
    '\t',
    '- ',
    ': ',
    '{',
    ']',
    '"',
    '&a ',
    '*a',
    '<<: ',
    '|\n',
    '${',
    '{{ x }}',
    '\r\n',
    'null',
    '(',
    '__proto__: 1\n',
  ];
  let seed = 7;
  const random = (most: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % most;
  const cases = readCorpus().filter((made) => made.files.size > 8);
  for (let round = 0; round < 120; round++) {
    const made = cases[random(cases.length)] ?? cases[0];
    if (!made) break;
    const files = new Map(made.files);
    for (let change = 0; change < 3; change++) {
      const [name, held] = [...files][random(files.size)] ?? ['x', { text: '', mode: undefined }];
      const at = random(held.text.length + 1);
      const text = held.text.slice(0, at) + (junk[random(junk.length)] ?? '') + held.text.slice(at + random(9));
      files.set(name, { ...held, text });
    }
    const report = unpack({ ...made, files }, examine);
    expect(report.failed).toEqual([]);
    for (const line of githubReport(report, 'fr').split('\n').slice(0, -1))
      expect(line).toMatch(/^::(error|warning|notice) file=[^,:]+,line=[1-9]\d*,title=[\w-]+::\S/);
  }
}, 90_000);

test('a thousand manifests are read in less than five seconds', () => {
  for (let i = 0; i < 1000; i++) {
    const name = `app-${i}`;
    write(
      `k8s/${name}.yaml`,
      `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name} }\nspec:\n  selector: { matchLabels: { app: ${name} } }\n  template:\n    metadata: { labels: { app: ${name} } }\n    spec:\n      containers: [{ name: ${name}, image: "lea/${name}:1", ports: [{ containerPort: 8000 }] }]\n---\napiVersion: v1\nkind: Service\nmetadata: { name: ${name} }\nspec:\n  selector: { app: ${name} }\n  ports: [{ port: 80, targetPort: 8000 }]\n`,
    );
  }
  const start = process.cpuUsage();
  const { findings, failed } = examine(folder);
  expect(failed).toEqual([]);
  expect(secondsSince(start)).toBeLessThan(5);
  expect(findings).toEqual([]);
}, 90_000);

test('five thousand files of code are read in a few seconds', () => {
  for (let i = 0; i < 5000; i++) write(`src/m${i % 50}/f${i}.py`, `import os\nvaleur = os.environ.get("V${i}")\n`);
  write('Dockerfile', 'FROM python:3.13\nCOPY . /app\nWORKDIR /app\nCMD ["python", "src/m0/f0.py"]\n');
  const start = process.cpuUsage();
  expect(examine(folder).failed).toEqual([]);
  expect(secondsSince(start)).toBeLessThan(5);
}, 90_000);
