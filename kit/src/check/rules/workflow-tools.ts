import path from 'node:path';
import type { Remark } from '../findings.ts';
import type { Model } from '../model.ts';
import { bringsModule, installedBy, normalName } from '../read/distributions.ts';
import { readShell } from '../read/shell.ts';
import type { Job, Step, Workflow } from '../read/workflow.ts';
import { objectAt, placeOf, textAt } from '../read/yaml.ts';

/** Programs that check or test Python code, called like the package that brings them. */
const TOOL = /^(pytest|flake8|black|mypy|pylint|isort|ruff|coverage)$/;

/** Ways to install that are not followed, and scripts that may do anything. */
const OTHERS =
  /^(make|tox|nox|pipenv|pdm|hatch|rye|conda|mamba|micromamba|source|\.|apt|apt-get|sudo|pipx|sh|bash|curl|wget|brew|just|task|npm|virtualenv|git|export|\.?\.?\/.*)$/;

const KNOWN_ACTIONS =
  /^(actions\/(checkout|setup-python|setup-node|cache|upload-artifact)|docker\/[\w-]+|codecov\/[\w-]+|astral-sh\/setup-uv|snok\/install-poetry|abatilo\/actions-poetry)@/;

/** The names of a list of requirements; undefined when a line leads elsewhere. */
function namesIn(model: Model, file: string, depth = 0): string[] | undefined {
  const text = model.project.read(file);
  if (text === undefined || depth > 3 || !file.endsWith('.txt')) return undefined;
  const names: string[] = [];
  for (const line of text.split('\n').map((each) => each.replace(/(^|\s)#.*$/, '').trim())) {
    if (line === '' || /^--(hash|(extra-)?index-url|find-links|no-binary|only-binary)/.test(line)) continue;
    const [, nested] = /^(?:-r|--requirement)[= ]?\s*(\S+)/.exec(line) ?? [];
    const below =
      nested === undefined
        ? undefined
        : namesIn(model, path.posix.normalize(path.posix.join(path.posix.dirname(file), nested)), depth + 1);
    const [, name] = /^([A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?:$|[=<>~!;,(])/.exec(line) ?? [];
    if (below) names.push(...below);
    else if (name !== undefined) names.push(normalName(name));
    else return undefined;
  }
  return names;
}

/** What `pip install` is asked for; undefined when that cannot be told. */
function askedOfPip(model: Model, folder: string, words: string[]): string[] | undefined {
  const names: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (/^(-r|--requirement)$/.test(word)) {
      const list = namesIn(model, path.posix.normalize(path.posix.join(folder, words[++i] ?? '')));
      if (!list) return undefined;
      names.push(...list);
    } else if (/^(-U|-q|--upgrade|--quiet|--no-cache-dir|--user|--disable-pip-version-check)$/.test(word)) continue;
    else {
      const [, name] = /^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?(?:$|[=<>~!])/.exec(word) ?? [];
      if (name === undefined) return undefined;
      names.push(normalName(name));
    }
  }
  return names;
}

/** A workflow that runs pytest, or another tool, which none of its steps installs. */
export function* missingTools(model: Model, workflow: Workflow, job: Job): Generator<Remark> {
  if ('container' in job.object || job.steps.some((step) => step.uses !== '' && !KNOWN_ACTIONS.test(step.uses))) return;
  if (job.steps.some((step) => /checkout@/.test(step.uses) && Object.keys(objectAt(step.object, 'with')).length > 0))
    return;
  const defaults = [objectAt(job.object, 'defaults', 'run'), objectAt(workflow.object, 'defaults', 'run')];
  const hasPython = job.steps.some((step) => /^actions\/setup-python@/.test(step.uses));
  const asked: string[] = [];
  const lists: string[] = [];
  let isManaged = false;
  for (const step of job.steps) {
    const folder =
      [step.object, ...defaults].map((each) => textAt(each, 'working-directory')).find((each) => each !== undefined) ??
      '.';
    const commands = readShell(step.run);
    if (/[$~]/.test(folder) || /<<|`|\$\(/.test(step.run)) return;
    let at = folder;
    for (const [index, { words: all, line }] of commands.entries()) {
      const words = all.filter((word, place) => place > 0 || !/^(then|do|else|!)$/.test(word));
      const [program = '', first = '', second = ''] = words;
      if (program === 'cd') at = path.posix.normalize(path.posix.join(at, first));
      if (OTHERS.test(program)) return;
      const isModule = /^python3?$/.test(program) && first === '-m';
      if (isModule && /^(venv|virtualenv|pipx|poetry|uv)$/.test(second)) return;
      if (/^pip3?$/.test(program) || (isModule && second === 'pip')) {
        const rest = words.slice(isModule ? 3 : 1);
        if (rest[0] !== 'install') continue;
        const names = askedOfPip(model, at, rest.slice(1));
        if (!names) return;
        asked.push(...names);
        lists.push(...rest.filter((word, place) => /^(-r|--requirement)$/.test(rest[place - 1] ?? '')));
        continue;
      }
      const isRunner = /^(uv|poetry)$/.test(program);
      if (isRunner && first !== 'run') {
        if (/^(pip|tool|self|add)$/.test(first)) return;
        // What these install may stand outside an environment of its own.
        isManaged = true;
        continue;
      }
      const runs = isRunner ? words.slice(2).filter((word) => !/^(--no-dev|--frozen|--locked)$/.test(word)) : words;
      const tool = isModule ? second : (runs[0] ?? '');
      if (!TOOL.test(tool) || commands[index + 1]?.after === '||' || 'continue-on-error' in step.object) continue;
      const isMissing = isRunner
        ? !isAskedByProject(model, at, tool, words.includes('--no-dev'))
        : hasPython && !isManaged && bringsModule(installedBy(asked), tool, false) === 'no';
      if (!isMissing) continue;
      yield toolRemark(step, line, tool, isModule, program, isRunner, words.includes('--no-dev'), lists);
      return;
    }
  }
}

/** Whether `pyproject.toml` asks for a tool, or its lock has it; of what cannot be read, it may. */
function isAskedByProject(model: Model, folder: string, tool: string, isWithoutDev: boolean): boolean {
  const read = (name: string) => model.project.read(path.posix.normalize(path.posix.join(folder, name)));
  const text = read('pyproject.toml');
  if (text === undefined || /^\s*\[tool\.uv\.(workspace|sources)|^\s*dynamic\s*=.*dependencies/m.test(text))
    return true;
  // A project that names no dependency at all, or that is part of another, has them elsewhere.
  if (!/dependenc/.test(text) || (folder !== '.' && model.project.read('pyproject.toml') !== undefined)) return true;
  const known = text
    .split(/^(?=\[)/m)
    .filter((part) => !/^\[tool\.(pytest|black|ruff|mypy|isort|coverage|pylint|flake8)\b/.test(part))
    .filter((part) => !isWithoutDev || !/^\[dependency-groups\]/.test(part))
    .join('');
  // A tool that another package brings is in the lock.
  const lock = isWithoutDev ? '' : `${read('uv.lock') ?? ''}\n${read('poetry.lock') ?? ''}`;
  return (
    new RegExp(`\\b${tool}\\b`).test(known) ||
    new RegExp(`name = "${tool}"`).test(lock) ||
    (isWithoutDev && /dev-dependencies|default-groups/.test(text))
  );
}

function toolRemark(
  step: Step,
  line: number,
  tool: string,
  isModule: boolean,
  program: string,
  isRunner: boolean,
  isWithoutDev: boolean,
  lists: string[],
): Remark {
  const place = placeOf(step.object, 'run');
  const words =
    program === 'uv'
      ? `error: Failed to spawn: \`${tool}\``
      : program === 'poetry'
        ? `Command not found: ${tool}`
        : isModule
          ? `No module named ${tool}`
          : `${tool}: command not found`;
  const [list] = lists;
  const fix: [string, string] = isWithoutDev
    ? [`Écrivez sans --no-dev : uv run ${tool}`, `Write without --no-dev: uv run ${tool}`]
    : isRunner
      ? [
          `Ajoutez-le au projet : ${program === 'uv' ? `uv add --dev ${tool}` : `poetry add --group dev ${tool}`}`,
          `Add it to the project: ${program === 'uv' ? `uv add --dev ${tool}` : `poetry add --group dev ${tool}`}`,
        ]
      : [
          `Ajoutez avant, dans le workflow : pip install ${tool}${list === undefined ? '' : ` (ou « ${tool} » dans ${list})`}`,
          `Add before it, in the workflow: pip install ${tool}${list === undefined ? '' : ` (or "${tool}" in ${list})`}`,
        ];
  return {
    severity: 'error',
    place: { file: place.file, line: place.line + (step.run.includes('\n') ? line : 0) },
    about: `tool ${place.file} ${tool}`,
    fr: [
      `Le workflow lance « ${tool} », qu’aucune de ses étapes n’installe.`,
      `L’étape échoue en rouge : « ${words} ».`,
      fix[0],
    ],
    en: [`The workflow runs "${tool}", which none of its steps installs.`, `The step fails: "${words}".`, fix[1]],
  };
}
