/**
 * Renews the two schemas in `kit/data/`. Run it with `pnpm exec node scripts/renew-data.ts` in `kit/`, then run the tests.
 *
 * Needs `pip` and `npm`. Descriptions are left out: they are nine tenths of the size and the doctor has sentences of its own.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const KUBERNETES_VALIDATE = '1.37.0';
const DCLINT = '3.1.0';

const data = path.join(import.meta.dirname, '..', 'data');
const work = mkdtempSync(path.join(tmpdir(), 'renew-data-'));
const run = (command: string, ...args: string[]) => execFileSync(command, args, { cwd: work, encoding: 'utf8' });

try {
  run('pip', 'download', '--no-deps', '--quiet', `kubernetes-validate==${KUBERNETES_VALIDATE}`, '-d', '.');
  const wheel = readdirSync(work).find((name) => name.endsWith('.whl')) ?? '';
  run('python3', '-m', 'zipfile', '-e', wheel, 'wheel');
  const strict = path.join(
    'wheel/kubernetes_validate/kubernetes-json-schema',
    `v${KUBERNETES_VALIDATE}-local-strict/_definitions.json`,
  );
  const { $defs } = withoutDescriptions(readFileSync(path.join(work, strict), 'utf8')) as {
    $defs: Record<string, unknown>;
  };
  // One definition a line, so that a renewal can be read as a difference.
  const lines = Object.entries($defs).map(([name, schema]) => `${JSON.stringify(name)}:${JSON.stringify(schema)}`);
  writeFileSync(path.join(data, 'kubernetes-definitions.json'), `{"$defs":{\n${lines.join(',\n')}\n}}\n`);

  run('npm', 'pack', '--silent', `dclint@${DCLINT}`);
  run('tar', 'xzf', `dclint-${DCLINT}.tgz`);
  const compose = withoutDescriptions(
    readFileSync(path.join(work, 'package/schemas/compose.schema.json'), 'utf8'),
  ) as Record<string, unknown>;
  // Ajv does not know the address that this key names.
  delete compose.$schema;
  writeFileSync(path.join(data, 'compose-schema.json'), `${JSON.stringify(compose)}\n`);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function withoutDescriptions(json: string): unknown {
  return JSON.parse(json, (key, value: unknown) =>
    key === 'description' && typeof value === 'string' ? undefined : value,
  ) as unknown;
}
