import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { copyProject } from '../project-copy.ts';
import { docker, images } from './docker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A copy of the repository, with secrets where people leave them. */
    project: string;
    plantedSecret: string;
  }
}

/** Builds both images from a copy of the repository in which secrets lie where people leave them. */
export default function setup({ provide }: TestProject) {
  try {
    docker('info');
  } catch (error) {
    throw new Error('No container engine answers, and these tests need one: start Docker.', { cause: error });
  }
  const project = copyProject();

  const plantedSecret = `planted-${Math.random().toString(36).slice(2)}`;
  for (const place of [
    '.env',
    'backend/.env',
    'backend/.env.production',
    'backend/data/archi.db',
    'backend/other.db',
    'backend/src/local.db-wal',
    'frontend/.env',
    'frontend/.env.local',
    '.git/config',
    'k8s/secret.yaml',
    'backend/node_modules/package/index.js',
    'backend/test/secret.txt',
    'frontend/dist/old.js',
  ]) {
    mkdirSync(join(project, dirname(place)), { recursive: true });
    appendFileSync(join(project, place), `# ${plantedSecret}\n`);
  }
  // compose reads this one.
  writeFileSync(join(project, '.env'), `API_KEY=\n# ${plantedSecret}\n`);

  for (const side of ['backend', 'frontend'] as const) {
    docker(
      ...['build', '--file', `${project}/${side}/Dockerfile`, '--tag', images[side]],
      ...['--build-arg', 'VERSION=1.2.3', '--build-arg', 'COMMIT=abc123', project],
    );
  }
  provide('project', project);
  provide('plantedSecret', plantedSecret);
  return () => {
    rmSync(project, { recursive: true, force: true });
  };
}
