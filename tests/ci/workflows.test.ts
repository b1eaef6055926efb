import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openProject } from '../../kit/src/check/read/project.ts';
import { readWorkflows } from '../../kit/src/check/read/workflow.ts';
import { textAt } from '../../kit/src/check/read/yaml.ts';

/* What a workflow says is tried on GitHub only; that it says nothing which is not there is tried here. */

const root = join(import.meta.dirname, '../..');
const project = openProject(root);
const workflows = readWorkflows(project);
const jobs = workflows.flatMap(({ path, jobs }) => jobs.map((job) => ({ path, ...job })));
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
const lines = readdirSync(join(root, '.github'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /(workflows|actions)\/.*\.yml$/.test(file))
  .flatMap((file) => readFileSync(join(root, '.github', file), 'utf8').split('\n'));

test('the workflows are read without a fault', () => {
  expect(workflows.map(({ path, faults }) => [path, faults])).toEqual([
    ['.github/workflows/ci.yml', []],
    ['.github/workflows/images.yml', []],
  ]);
});

describe('every action', () => {
  const actions = lines.flatMap((line) => /^\s*(?:- )?uses: (.+)$/.exec(line)?.[1] ?? []);

  test('is of this repository, or pinned by its commit with its version beside it', () => {
    expect(actions.length).toBeGreaterThan(10);
    for (const action of actions) {
      if (action.startsWith('./')) expect(existsSync(join(root, action)), action).toBe(true);
      else expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test('has one version in all places', () => {
    const pins = [...new Set(actions.filter((action) => !action.startsWith('./')))];
    const names = pins.map((pin) => pin.split('@')[0]);
    expect(names).toEqual([...new Set(names)]);
  });
});

test('every step runs one command, which is here', () => {
  const commands = lines.flatMap((line) => /^\s*(?:- )?run: (.+?)( #.*)?$/.exec(line)?.[1] ?? []);
  expect(commands.length).toBeGreaterThan(8);
  for (const command of commands) {
    const [program = '', ...words] = command.replace('npx -y pnpm@12', 'pnpm').split(' ');
    expect(command).not.toMatch(/[|>&;]/);
    if (program === 'pnpm') expect([...Object.keys(scripts), 'install'], command).toContain(words[0]);
    else if (program === 'node') expect(existsSync(join(root, words[0] ?? '')), command).toBe(true);
    else if (program.startsWith('.')) expect(project.isExecutable(program), command).toBe(true);
    else expect(command).toBe('npm install --global pnpm@12');
  }
});

test('pnpm judges packages by the Node that runs them', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>;
  };
  const [, nodeVersion] = /^nodeVersion: (.+)$/m.exec(readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8')) ?? [];
  expect([...new Set(Object.values(optionalDependencies))]).toEqual([nodeVersion]);
});

test('every package has the version of the root', () => {
  const version = (folder: string) =>
    (JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { version: string }).version;
  for (const folder of ['backend', 'frontend', 'kit'])
    expect([folder, version(folder)]).toEqual([folder, version('.')]);
});

test('every script of the root that names a file finds it', () => {
  const files = Object.values(scripts).flatMap((script) => script.match(/\b(?:scripts|kit)\/[\w/.-]+\.ts/g) ?? []);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

test('the test command is the one of the README', () => {
  const command = 'npx -y pnpm@12 test';
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(command);
  expect(jobs.flatMap(({ steps }) => steps.map(({ run }) => run))).toContain(command);
});

test('every workflow may read and nothing else, and keeps no way to write', () => {
  for (const { object } of workflows) expect(object).toMatchObject({ permissions: { contents: 'read' } });
  for (const { object, steps } of jobs) {
    expect(object).not.toHaveProperty('permissions');
    for (const step of steps.filter(({ uses }) => uses.startsWith('actions/checkout@'))) {
      expect(step.object).toMatchObject({ with: { 'persist-credentials': false } });
    }
  }
});

test('every job is ended in time', () => {
  for (const { object, name } of jobs.filter(({ object }) => !('uses' in object))) {
    const minutes = Number(textAt(object, 'timeout-minutes'));
    expect(minutes, name).toBeGreaterThan(0);
    expect(minutes, name).toBeLessThanOrEqual(12);
  }
});

test('nothing logs in to Docker Hub without both of the values that it takes', () => {
  const logins = jobs.flatMap(({ steps }) => steps.filter(({ uses }) => uses.startsWith('docker/login-action@')));
  expect(logins.map(({ condition }) => condition)).toEqual([
    "env.DOCKERHUB_USERNAME != '' && env.HAS_DOCKERHUB_TOKEN == 'true'",
  ]);
});

test('a newer push breaks off a pull request, and never what publishes', () => {
  const ci = workflows.find(({ path }) => path.endsWith('/ci.yml'));
  expect(ci?.object).toMatchObject({
    concurrency: { 'cancel-in-progress': "${{ github.event_name == 'pull_request' }}" },
  });
});

test('no image is published before the doctor, the linters, the tests, the containers and the cluster are green', () => {
  const images = jobs.find(({ name }) => name === 'images');
  const needs = ['doctor', 'linters', 'tests', 'containers', 'cluster'];
  expect(images?.object).toMatchObject({ needs });
  expect(jobs.map(({ name }) => name)).toEqual(expect.arrayContaining(needs));
});
