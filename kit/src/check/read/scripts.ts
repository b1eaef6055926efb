import path from 'node:path';
import { literal } from '../words.ts';
import { isEnvTemplate } from './env-file.ts';
import type { Project } from './project.ts';

/**
 * What people do by hand or by a script before they deploy: variables that are set, files that are made, words that are
 * replaced. Nothing of it is run here; whatever a script may do is taken as done.
 */

const SCRIPTS =
  /(^|\/)(gnu)?makefile$|\.(mk|sh|bash|ps1|bat|cmd)$|(^|\/)(justfile|taskfile\.ya?ml|\.envrc|mise\.toml|jenkinsfile|\.gitlab-ci\.yml|package\.json|readme[^/]*)$|^\.github\/workflows\//i;

const scripts = new WeakMap<Project, string[]>();

/** The texts of a project's scripts, workflows and read-me files. */
function textsOfScripts(project: Project): string[] {
  const held = scripts.get(project);
  if (held) return held;
  const texts = project.files
    .filter((file) => SCRIPTS.test(file.path))
    .flatMap((file) => project.read(file.path)?.replace(/\\\r?\n/g, ' ') ?? []);
  scripts.set(project, texts);
  return texts;
}

/** Whether a script, a workflow or the read-me sets a variable for compose: `NAME=value`, `export NAME`, `NAME: value`. */
export function isSetByScript(project: Project, name: string): boolean {
  const sets = new RegExp(
    `(^|[^\\w$.{=-])${name}["'\\]]?[ \\t]*(\\?|:{1,3})?=|^[ \\t-]*${name}[ \\t]*:|\\b(export|read)[ \\t]([^\\n]*[ \\t])?${name}\\b`,
    'm',
  );
  return textsOfScripts(project).some(
    // A workflow that only tests gives its variables to the tests.
    (text) => text.includes(name) && (!/^jobs:/m.test(text) || text.includes('compose')) && sets.test(text),
  );
}

/** Whether a script or the read-me hands an environment file to compose, or makes `.env` of it. */
export function isHandedOver(project: Project, file: string): boolean {
  const hands = new RegExp(
    `(--env-file|COMPOSE_ENV_FILES|\\b(cp|mv|ln|source|cat)\\b)[^\\n]*${literal(path.posix.basename(file))}(?![\\w.-])`,
  );
  return textsOfScripts(project).some((text) => hands.test(text));
}

/** Whether a file that is not there is one that each makes for himself: git ignores it, a template shows it, or a script writes it. */
export function isMadeByHand(project: Project, file: string): boolean {
  if (!project.isShared(file)) return true;
  const name = path.posix.basename(file);
  const [stem = ''] = name.replace(/^\./, '').split('.');
  const hasTemplate = project
    .list(path.posix.dirname(file))
    .some(
      (other) =>
        other !== name &&
        other.includes(stem) &&
        (isEnvTemplate(other) || /[._-](example|exemple|template|tpl|tmpl|sample|dist|enc|sops)([._-]|$)/i.test(other)),
    );
  return hasTemplate || isWrittenByScript(project, file);
}

/** Whether a script, a workflow or the read-me writes a file: `> .env`, `cp .env.example .env`. */
export function isWrittenByScript(project: Project, file: string): boolean {
  const writes = new RegExp(
    `(>|\\btee\\b|\\b(cp|mv|ln|touch)\\b[^\\n;&|]*[ \\t]|-o|--output)[ \\t=]*["']?[\\w./$\{}~-]*(?<![\\w.-])${literal(path.posix.basename(file))}(?![\\w.-])`,
  );
  return textsOfScripts(project).some((text) => writes.test(text));
}

/** Whether a script, a workflow or the read-me puts something in place of a word before it is applied. */
export function isSubstituted(project: Project, word: string): boolean {
  return textsOfScripts(project).some((text) =>
    text.split('\n').some((line) => line.includes(word) && /\b(sed|perl|awk|yq|envsubst|replace)\b/.test(line)),
  );
}

/** Whether a script or the read-me starts a service of compose with a command of its own: `docker compose run NAME …`. */
export function isRunByHand(project: Project, service: string): boolean {
  const runs = new RegExp(`\\bcompose\\b[^\\n]*\\s(run|exec)\\s([^\\n]*\\s)?${literal(service)}\\s+\\S`);
  return textsOfScripts(project).some((text) => runs.test(text));
}

/** Whether a script or the read-me puts images into a local cluster itself. */
export function loadsImages(project: Project): boolean {
  return textsOfScripts(project).some((text) =>
    /\bkind load\b|\bminikube\s+(image\s+(load|build)|cache add|([^\n]*\s)?docker-env)|\bk3d image import|\bctr\b[^\n]*images import/.test(
      text,
    ),
  );
}
