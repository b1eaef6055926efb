import type { Remark, Rule, Sentences } from '../findings.ts';
import type { Model } from '../model.ts';
import type { Job, Step, Workflow } from '../read/workflow.ts';
import {
  at,
  isObject,
  listAt,
  objectAt,
  placeAt,
  placeOf,
  textAt,
  type JsonObject,
  type Place,
  written,
} from '../read/yaml.ts';
import { literal, nearest } from '../words.ts';

/** Secrets that a step uses, save the one that GitHub gives by itself. */
function secretsOf(step: Step): string[] {
  return [
    ...new Set([...JSON.stringify(step.object).matchAll(/secrets\.([A-Za-z_]\w*)/g)].map((match) => match[1] ?? '')),
  ].filter((name) => name !== 'GITHUB_TOKEN' && name !== 'github_token');
}

export const workflowFile: Rule = {
  id: 'workflow-file',
  title: { fr: 'GitHub ne lit pas ce workflow', en: 'GitHub does not read this workflow' },
  why: {
    fr: 'GitHub ne lance que les fichiers de .github/workflows, à la racine du dépôt, qui ont on: et jobs:.',
    en: 'GitHub runs only the files of .github/workflows, at the root of the repository, that have on: and jobs:.',
  },
  *check(model) {
    const told = new Set<string>();
    for (const { path: file } of model.project.files) {
      const match =
        /^(.*\/)?\.github\/([^/]+)\/[^/]+\.ya?ml$/.exec(file) ?? /^()(\.?github)\/workflows\/[^/]+\.ya?ml$/.exec(file);
      if (!match) continue;
      const [, before = '', folder = ''] = match;
      const isMisspelt = before === '' && folder !== 'workflows' && nearest(folder, ['workflows'], 3) !== undefined;
      const isMoved =
        folder === 'workflows' && before !== '' && !/example|template|node_modules|vendor|packages\//.test(before);
      const text = model.project.read(file) ?? '';
      if ((!isMisspelt && !isMoved) || !/^jobs:/m.test(text) || told.has(`${before}${folder}`)) continue;
      told.add(`${before}${folder}`);
      // A project of its own, kept inside another, has its workflows where it needs them.
      if (isMoved && model.workflows.length > 0) continue;
      yield {
        severity: 'warning',
        place: { file, line: 1 },
        fr: [
          `« ${file} » n’est pas dans .github/workflows, à la racine du dépôt.`,
          'L’onglet Actions de GitHub ne le montre pas : il n’est jamais lancé.',
          `Déplacez-le : git mv ${file} .github/workflows/`,
        ],
        en: [
          `"${file}" is not in .github/workflows, at the root of the repository.`,
          'The Actions tab of GitHub does not show it: it never runs.',
          `Move it: git mv ${file} .github/workflows/`,
        ],
      };
    }
    for (const workflow of model.workflows) {
      if (workflow.faults.length > 0) continue;
      const object = workflow.object;
      if (!object || Object.keys(object).length === 0) continue;
      if ('services' in object && !('jobs' in object)) {
        const name = workflow.path.split('/').at(-1) ?? '';
        yield {
          severity: 'warning',
          place: { file: workflow.path, line: 1 },
          fr: [
            'C’est un fichier compose, dans le dossier des workflows de GitHub.',
            'L’onglet Actions montre à chaque push « Invalid workflow file ».',
            `Déplacez-le : git mv ${workflow.path} ${name} (ou enlevez-le).`,
          ],
          en: [
            'This is a compose file, in the folder of GitHub’s workflows.',
            'The Actions tab shows at each push "Invalid workflow file".',
            `Move it: git mv ${workflow.path} ${name} (or remove it).`,
          ],
        };
        continue;
      }
      const missing = ['on', 'jobs'].find((key) => !(key in object) && !('true' in object && key === 'on'));
      if (missing !== undefined) {
        const near = nearest(missing, Object.keys(object), 2);
        yield {
          severity: 'error',
          place: near === undefined ? { file: workflow.path, line: 1 } : placeOf(object, near),
          fr: [
            `Ce workflow n’a pas de « ${missing}: ».`,
            `L’onglet Actions montre « Invalid workflow file: … ${missing === 'on' ? 'No event triggers defined in `on`' : 'Required property is missing: jobs'} ».`,
            missing === 'on'
              ? 'Ajoutez en haut :\non:\n  push:\n    branches: [main]'
              : 'Ajoutez jobs: et sous lui un travail, avec runs-on: et steps:.',
          ],
          en: [
            `This workflow has no "${missing}:".`,
            `The Actions tab shows "Invalid workflow file: … ${missing === 'on' ? 'No event triggers defined in `on`' : 'Required property is missing: jobs'}".`,
            missing === 'on'
              ? 'Add at the top:\non:\n  push:\n    branches: [main]'
              : 'Add jobs: and below it a job, with runs-on: and steps:.',
          ],
        };
      }
      yield* strangeWords(workflow);
      const paths = unseenPaths(model, workflow);
      if (paths) yield paths;
      const branch = otherBranch(model, workflow);
      if (branch) yield branch;
      for (const job of workflow.jobs) yield* jobFaults(workflow, job);
    }
  },
};

const EVENTS =
  'branch_protection_rule check_run check_suite create delete deployment deployment_status discussion discussion_comment fork gollum image_version issue_comment issues label merge_group milestone page_build project project_card project_column public pull_request pull_request_comment pull_request_review pull_request_review_comment pull_request_target push registry_package release repository_dispatch schedule status watch workflow_call workflow_dispatch workflow_run'.split(
    ' ',
  );
const FILTERS = ['branches', 'branches-ignore', 'tags', 'tags-ignore', 'paths', 'paths-ignore', 'types'];
const JOB_WORDS =
  'name permissions needs if runs-on environment concurrency outputs env defaults steps timeout-minutes strategy continue-on-error container services uses with secrets snapshot'.split(
    ' ',
  );
const STEP_WORDS = 'id if name uses run working-directory shell with env continue-on-error timeout-minutes'.split(' ');

/** Misspelt words of a workflow, for which GitHub refuses the whole file. */
function* strangeWords(workflow: Workflow): Generator<Remark> {
  const check = function* (holder: JsonObject, known: string[]): Generator<Remark> {
    for (const key of Object.keys(holder)) {
      const right = known.includes(key)
        ? undefined
        : (nearest(key, known, 3) ?? known.find((each) => each.length > 3 && key.startsWith(each)));
      if (right !== undefined && !(right in holder)) yield strangeWord(placeOf(holder, key), key, right);
    }
  };
  const on = at(workflow.object, 'on');
  if (isObject(on)) {
    yield* check(on, EVENTS);
    for (const event of ['push', 'pull_request', 'pull_request_target']) yield* check(objectAt(on, event), FILTERS);
  }
  for (const job of workflow.jobs) {
    yield* check(job.object, JOB_WORDS);
    for (const step of job.steps) yield* check(step.object, STEP_WORDS);
  }
}

function strangeWord(place: Place, word: string, right: string): Remark {
  return {
    severity: 'error',
    place,
    fr: [
      `« ${word} » n’est pas un mot de GitHub Actions à cet endroit.`,
      `L’onglet Actions montre « Invalid workflow file: … Unexpected value '${word}' » : rien ne se lance.`,
      `Écrivez : ${right}:`,
    ],
    en: [
      `"${word}" is no word of GitHub Actions in this place.`,
      `The Actions tab shows "Invalid workflow file: … Unexpected value '${word}'": nothing runs.`,
      `Write: ${right}:`,
    ],
  };
}

/** A filter of paths under which the repository has no file. */
function unseenPaths(model: Model, workflow: Workflow): Remark | undefined {
  const push = objectAt(workflow.object, 'on', 'push');
  // The workflow's own file is often named beside the others.
  const patterns = listAt(push, 'paths')
    .map(written)
    .filter((pattern) => pattern !== workflow.path);
  if (patterns.length === 0 || patterns.some((pattern) => /^!|[?[\]{}+]/.test(pattern))) return undefined;
  const found = patterns.some((pattern) => {
    const text = pattern
      .split(/(\*\*\/?|\*)/)
      .map((part) => (part.startsWith('**') ? '(?:.*/)?.*' : part === '*' ? '[^/]*' : literal(part)))
      .join('');
    const expression = new RegExp(`^${text}$`);
    return model.project.files.some(({ path: file }) => file !== workflow.path && expression.test(file));
  });
  if (found || patterns.some((pattern) => !/^[\w./*-]+$/.test(pattern))) return undefined;
  return {
    severity: 'warning',
    place: placeOf(push, 'paths'),
    fr: [
      `Ce workflow ne part que si « ${patterns.join(', ')} » change, et le dépôt n’a aucun fichier de ce nom.`,
      'Il ne part jamais, quoi qu’on pousse.',
      'Corrigez le dossier sous paths:, ou enlevez ce filtre.',
    ],
    en: [
      `This workflow runs only when "${patterns.join(', ')}" changes, and the repository has no such file.`,
      'It never runs, whatever is pushed.',
      'Mend the folder under paths:, or remove this filter.',
    ],
  };
}

/** A machine that GitHub does not have, or no longer. */
function strangeRunner(job: Job): Remark | undefined {
  const name = textAt(job.object, 'runs-on') ?? '';
  const isGone = /^(ubuntu-(14|16|18|20)\.04|macos-(10\.15|11|12)|windows-(2016|2019))$/.test(name);
  // Larger machines have names that go on behind it.
  const isMisspelt =
    !name.startsWith('ubuntu-latest') && (name === 'ubuntu' || nearest(name, ['ubuntu-latest'], 3) !== undefined);
  if (!isGone && !isMisspelt) return undefined;
  return {
    severity: 'error',
    place: placeOf(job.object, 'runs-on'),
    fr: [
      `GitHub n’a ${isGone ? 'plus' : 'pas'} de machine « ${name} ».`,
      'Le travail attend sans fin : « Waiting for a runner to pick up this job… ».',
      'Écrivez : runs-on: ubuntu-latest',
    ],
    en: [
      `GitHub has no machine "${name}"${isGone ? ' any more' : ''}.`,
      'The job waits for ever: "Waiting for a runner to pick up this job…".',
      'Write: runs-on: ubuntu-latest',
    ],
  };
}

/** `3.10` without quotes is the number 3.1. */
function* shortVersions(job: Job): Generator<Remark> {
  const holders = [
    ...job.steps
      .filter((step) => /^actions\/setup-python@/.test(step.uses))
      .map((step) => ({
        value: at(step.object, 'with', 'python-version'),
        place: placeOf(objectAt(step.object, 'with'), 'python-version'),
      })),
    ...Object.entries(objectAt(job.object, 'strategy', 'matrix'))
      .filter(([key]) => /python/i.test(key))
      .flatMap(([key, list]) =>
        (Array.isArray(list) ? list : []).map((value) => ({
          value,
          place: placeOf(objectAt(job.object, 'strategy', 'matrix'), key),
        })),
      ),
  ];
  for (const { value, place } of holders) {
    if (value !== 3.1 && value !== 3.2) continue;
    yield {
      severity: 'error',
      place,
      fr: [
        `Sans guillemets, YAML lit ${value.toFixed(2)} comme le nombre ${value} : c’est Python ${value} qui est demandé.`,
        `L’étape échoue : « The version '${value}' with architecture 'x64' was not found for Ubuntu … ».`,
        `Écrivez : python-version: "${value.toFixed(2)}"`,
      ],
      en: [
        `Without quotes, YAML reads ${value.toFixed(2)} as the number ${value}: Python ${value} is asked for.`,
        `The step fails: "The version '${value}' with architecture 'x64' was not found for Ubuntu …".`,
        `Write: python-version: "${value.toFixed(2)}"`,
      ],
    };
  }
}

/** The branches that the repository has on GitHub, as far as a clone of it tells. */
function branchesOf(model: Model): Set<string> {
  const { project } = model;
  const packed = (project.read('.git/packed-refs') ?? '').matchAll(/ refs\/remotes\/[^/\s]+\/(\S+)$/gm);
  const remotes = project.list('.git/refs/remotes').flatMap((name) => project.list(`.git/refs/remotes/${name}`));
  return new Set([...[...packed].map((match) => match[1] ?? ''), ...remotes]);
}

/** A workflow that waits for pushes to branches which the repository does not have. */
function otherBranch(model: Model, workflow: Workflow): Remark | undefined {
  const on = objectAt(workflow.object, 'on');
  const list = at(on, 'push', 'branches');
  const names = Array.isArray(list) ? list.map(written) : typeof list === 'string' ? [list] : [];
  const branches = branchesOf(model);
  const right = ['main', 'master'].find((name) => branches.has(name));
  if (
    right === undefined ||
    names.length === 0 ||
    !names.every((name) => /^(main|master)$/.test(name)) ||
    names.some((name) => branches.has(name)) ||
    'workflow_dispatch' in on
  )
    return undefined;
  return {
    severity: 'warning',
    place: placeOf(objectAt(on, 'push'), 'branches'),
    fr: [
      `Ce workflow attend un push sur « ${names.join(', ')} », et la branche du dépôt s’appelle « ${right} ».`,
      'Il ne part jamais : l’onglet Actions reste vide.',
      `Écrivez : branches: [${right}]`,
    ],
    en: [
      `This workflow waits for a push to "${names.join(', ')}", and the branch of the repository is called "${right}".`,
      'It never runs: the Actions tab stays empty.',
      `Write: branches: [${right}]`,
    ],
  };
}

/** `cache: pnpm` asks pnpm itself where its packages are, and GitHub's machines come without it. */
function pnpmTooLate(job: Job): Remark | undefined {
  if ('container' in job.object || !/^(ubuntu|windows|macos)-[\w.]+$/.test(job.runsOn)) return undefined;
  const index = job.steps.findIndex(
    (step) => /^actions\/setup-node@/.test(step.uses) && textAt(step.object, 'with', 'cache') === 'pnpm',
  );
  const step = job.steps[index];
  if (
    !step ||
    job.steps.slice(0, index).some((each) => /pnpm|corepack/.test(each.uses + each.run) || /^\.\//.test(each.uses))
  )
    return undefined;
  const later = job.steps.slice(index).find((each) => each.uses.startsWith('pnpm/action-setup@'));
  const words = 'Error: Unable to locate executable file: pnpm.';
  return {
    severity: 'error',
    place: placeOf(objectAt(step.object, 'with'), 'cache'),
    fr: [
      `cache: pnpm veut pnpm, que les machines de GitHub n’ont pas${later ? ' et que ce travail n’installe qu’après' : ''}.`,
      `L’étape échoue : « ${words} »`,
      later
        ? `Mettez avant cette étape : - uses: ${later.uses}`
        : 'Mettez avant cette étape : - uses: pnpm/action-setup@v4',
    ],
    en: [
      `cache: pnpm wants pnpm, which GitHub’s machines do not have${later ? ' and which this job installs only afterwards' : ''}.`,
      `The step fails: "${words}"`,
      later ? `Put before this step: - uses: ${later.uses}` : 'Put before this step: - uses: pnpm/action-setup@v4',
    ],
  };
}

function* jobFaults(workflow: Workflow, job: Job): Generator<Remark> {
  const late = pnpmTooLate(job);
  if (late) yield late;
  if (!('runs-on' in job.object) && !('uses' in job.object)) {
    yield {
      severity: 'error',
      place: job.place,
      fr: [
        `Le travail « ${job.name} » n’a pas de runs-on.`,
        'L’onglet Actions montre « Invalid workflow file: … Required property is missing: runs-on ».',
        'Ajoutez sous son nom : runs-on: ubuntu-latest',
      ],
      en: [
        `The job "${job.name}" has no runs-on.`,
        'The Actions tab shows "Invalid workflow file: … Required property is missing: runs-on".',
        'Add below its name: runs-on: ubuntu-latest',
      ],
    };
  }
  const needs = at(job.object, 'needs');
  const names = Array.isArray(needs) ? needs.map(written) : typeof needs === 'string' ? [needs] : [];
  for (const name of names) {
    if (workflow.jobs.some((other) => other.name === name)) continue;
    const near = nearest(
      name,
      workflow.jobs.map((other) => other.name),
      3,
    );
    yield {
      severity: 'error',
      place: placeOf(job.object, 'needs'),
      fr: [
        `« ${job.name} » attend le travail « ${name} », qui n’existe pas.`,
        `L’onglet Actions montre « Job '${job.name}' depends on unknown job '${name}' ».`,
        near === undefined ? 'Enlevez needs:, ou nommez un travail de ce fichier.' : `Écrivez : needs: ${near}`,
      ],
      en: [
        `"${job.name}" waits for the job "${name}", which does not exist.`,
        `The Actions tab shows "Job '${job.name}' depends on unknown job '${name}'".`,
        near === undefined ? 'Remove needs:, or name a job of this file.' : `Write: needs: ${near}`,
      ],
    };
  }
  const condition = textAt(job.object, 'if') ?? '';
  const never = /github\.ref\s*==\s*'((?!refs\/)[\w.-]+)'/.exec(condition);
  if (never)
    yield {
      severity: 'error',
      place: placeOf(job.object, 'if'),
      fr: [
        `github.ref vaut « refs/heads/${never[1] ?? ''} », jamais « ${never[1] ?? ''} » tout court : la condition ne se réalise jamais.`,
        `L’onglet Actions montre le travail « ${job.name} » comme sauté (skipped), à chaque push.`,
        `Écrivez : if: github.ref == 'refs/heads/${never[1] ?? ''}'`,
      ],
      en: [
        `github.ref is "refs/heads/${never[1] ?? ''}", never just "${never[1] ?? ''}": the condition never holds.`,
        `The Actions tab shows the job "${job.name}" as skipped, at each push.`,
        `Write: if: github.ref == 'refs/heads/${never[1] ?? ''}'`,
      ],
    };
  const image = strangeRunner(job);
  if (image) yield image;
  yield* shortVersions(job);
  for (const step of job.steps) {
    const [, action = '', version = ''] =
      /^actions\/(upload-artifact|download-artifact|cache)@v?(\d+)/.exec(step.uses) ?? [];
    if (action !== '' && Number(version) < (action === 'cache' ? 3 : 4)) {
      yield {
        severity: 'error',
        place: placeOf(step.object, 'uses'),
        fr: [
          `GitHub n’accepte plus actions/${action} en version ${version}.`,
          `Le travail échoue aussitôt : « This request has been automatically failed because it uses a deprecated version of \`actions/${action}: v${version}\` ».`,
          `Écrivez : uses: actions/${action}@v4`,
        ],
        en: [
          `GitHub no longer takes actions/${action} in version ${version}.`,
          `The job fails at once: "This request has been automatically failed because it uses a deprecated version of \`actions/${action}: v${version}\`".`,
          `Write: uses: actions/${action}@v4`,
        ],
      };
    }
    if (/^[\w-][\w.-]*\/[\w./-]+$/.test(step.uses))
      yield {
        severity: 'error',
        place: placeOf(step.object, 'uses'),
        fr: [
          `« ${step.uses} » n’a pas de version.`,
          `L’onglet Actions montre « Invalid workflow file: … Expected format {org}/{repo}[/path]@ref. Actual '${step.uses}' ».`,
          `Écrivez la version : uses: ${step.uses}@v…`,
        ],
        en: [
          `"${step.uses}" has no version.`,
          `The Actions tab shows "Invalid workflow file: … Expected format {org}/{repo}[/path]@ref. Actual '${step.uses}'".`,
          `Write the version: uses: ${step.uses}@v…`,
        ],
      };
    if (step.uses !== '' && step.run !== '') {
      yield {
        severity: 'error',
        place: step.place,
        fr: [
          'Cette étape a uses: et run: à la fois ; il faut l’un ou l’autre.',
          'L’onglet Actions montre « a step cannot have both the `uses` and `run` keys ».',
          'Faites-en deux étapes, chacune avec son tiret.',
        ],
        en: [
          'This step has both uses: and run:; it takes one or the other.',
          'The Actions tab shows "a step cannot have both the `uses` and `run` keys".',
          'Make two steps of it, each with its dash.',
        ],
      };
    }
  }
}

export const workflowLogin: Rule = {
  id: 'workflow-login',
  title: {
    fr: 'Le workflow pousse une image sans se connecter au registre, ou sans en avoir le droit',
    en: 'The workflow pushes an image without logging in to the registry, or without the right to',
  },
  why: {
    fr: 'Pousser demande un compte : une étape docker/login-action, dans le même travail et avant la construction.',
    en: 'Pushing takes an account: a docker/login-action step, in the same job and before the build.',
  },
  *check(model) {
    for (const workflow of model.workflows) {
      for (const job of workflow.jobs) {
        const gitPush = writesToGit(workflow, job);
        if (gitPush) yield gitPush;
        const push = job.steps.findIndex((step) => pushes(step));
        const pushStep = job.steps[push];
        if (!pushStep) continue;
        const registry = registryOf(workflow, job, pushStep);
        // Being known to Google is not being known to its registry.
        const login = job.steps.findIndex(
          (step) => isLogin(step) && !(registry === 'gcr' && /google-github-actions\/auth@/.test(step.uses)),
        );
        if (login < 0 || login > push) {
          if (
            login < 0 &&
            job.steps.some(
              (step) =>
                (registry !== 'gcr' && /login|ecr|gcloud|azure|auth/i.test(step.uses)) || /login/.test(step.run),
            )
          )
            continue;
          if ('uses' in job.object || /self-hosted/.test(job.runsOn) || isLocalRegistry(pushStep)) continue;
          if (job.steps.some((step) => step.uses.startsWith('./'))) continue;
          const { words, lines } = REGISTRIES[registry];
          yield {
            severity: 'error',
            place: pushStep.place,
            about: `login ${workflow.path}`,
            fr: [
              login < 0
                ? 'Cette étape pousse une image, et aucune ne se connecte au registre.'
                : 'Cette étape pousse une image avant celle qui se connecte au registre.',
              `L’étape échoue : « ${words} ».`,
              `Mettez avant elle :\n${lines}`,
            ],
            en: [
              login < 0
                ? 'This step pushes an image, and none logs in to the registry.'
                : 'This step pushes an image before the one that logs in to the registry.',
              `The step fails: "${words}".`,
              `Put before it:\n${lines}`,
            ],
          };
          continue;
        }
        yield* registryRemarks(workflow, job, job.steps[login], pushStep);
      }
    }
  },
};

type Registry = 'hub' | 'ghcr' | 'ecr' | 'gcr' | 'acr';

/** How one logs in to each registry, and what it says to strangers. */
const REGISTRIES: Record<Registry, { words: string; lines: string }> = {
  hub: {
    words: 'denied: requested access to the resource is denied',
    lines:
      '- uses: docker/login-action@v3\n  with:\n    username: ${{ secrets.DOCKERHUB_USERNAME }}\n    password: ${{ secrets.DOCKERHUB_TOKEN }}',
  },
  ghcr: {
    words: 'denied: unauthenticated: User cannot be authenticated with the token provided',
    lines:
      '- uses: docker/login-action@v3\n  with:\n    registry: ghcr.io\n    username: ${{ github.actor }}\n    password: ${{ secrets.GITHUB_TOKEN }}',
  },
  ecr: {
    words: 'no basic auth credentials',
    lines:
      '- uses: aws-actions/configure-aws-credentials@v4\n  with:\n    aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}\n    aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}\n    aws-region: eu-west-3\n- uses: aws-actions/amazon-ecr-login@v2',
  },
  gcr: {
    words: 'denied: Unauthenticated request. Unauthenticated requests do not have permission',
    lines: '- run: gcloud auth configure-docker gcr.io --quiet',
  },
  acr: {
    words: 'unauthorized: authentication required',
    lines:
      '- uses: docker/login-action@v3\n  with:\n    registry: mon-registre.azurecr.io\n    username: ${{ secrets.ACR_USERNAME }}\n    password: ${{ secrets.ACR_PASSWORD }}',
  },
};

function registryOf(workflow: Workflow, job: Job, push: Step): Registry {
  const text = JSON.stringify([
    { ...push.object, name: '' },
    objectAt(job.object, 'env'),
    objectAt(workflow.object, 'env'),
  ]);
  if (/\.dkr\.ecr\.|ECR_|_ECR/.test(text)) return 'ecr';
  if (/gcr\.io|pkg\.dev/.test(text)) return 'gcr';
  if (/azurecr\.io/.test(text)) return 'acr';
  return /ghcr\.io/.test(text) ? 'ghcr' : 'hub';
}

/** A job that pushes commits with the token that GitHub gives, which may only read unless the workflow says more. */
function writesToGit(workflow: Workflow, job: Job): Remark | undefined {
  const push = job.steps.find(
    (step) =>
      (/^\s*git push\b(?![^\n]*https:)/m.test(step.run) && !/git remote set-url|@github\.com/.test(step.run)) ||
      (/actions-gh-pages@|git-auto-commit-action@|github-push-action@/.test(step.uses) &&
        /GITHUB_TOKEN|github\.token/.test(JSON.stringify(step.object))),
  );
  const checkout = job.steps.find((step) => /(^|\/)checkout@/.test(step.uses));
  const token = textAt(checkout?.object, 'with', 'token') ?? textAt(checkout?.object, 'with', 'ssh-key') ?? '';
  if (!push || /secrets\.(?!GITHUB_TOKEN)/.test(token) || 'uses' in job.object) return undefined;
  const own = at(job.object, 'permissions') ?? at(workflow.object, 'permissions');
  if (own === 'write-all' || (isObject(own) && own.contents === 'write')) return undefined;
  const words =
    'remote: Permission to … denied to github-actions[bot]. fatal: unable to access …: The requested URL returned error: 403';
  const lines = 'permissions:\n  contents: write';
  const sentences: { fr: Sentences; en: Sentences } = {
    fr: [
      'Cette étape pousse des commits, et le jeton que GitHub donne au workflow n’a que le droit de lire (réglage des dépôts neufs).',
      `L’étape échoue : « ${words} ».`,
      `Ajoutez au travail, à côté de runs-on :\n${lines}`,
    ],
    en: [
      'This step pushes commits, and the token that GitHub gives the workflow may only read (the setting of new repositories).',
      `The step fails: "${words}".`,
      `Add to the job, beside runs-on:\n${lines}`,
    ],
  };
  return {
    severity: isObject(own) ? 'error' : 'warning',
    place: push.place,
    about: `permissions ${workflow.path} ${job.name}`,
    ...sentences,
  };
}

function pushes(step: Step): boolean {
  const inputs = objectAt(step.object, 'with');
  if (/^docker\/build-push-action@/.test(step.uses)) return textAt(inputs, 'push') === 'true';
  return /\bdocker(?: compose)?\s+push\b|docker\s+(buildx\s+)?build\b[^\n]*--push/.test(step.run);
}

function isLogin(step: Step): boolean {
  return (
    /login-action|docker-login|azure\/docker-login|aws-actions\/amazon-ecr-login|google-github-actions\/auth/.test(
      step.uses,
    ) || /docker\s+login|gcloud auth configure-docker|az acr login|helm registry login/.test(step.run)
  );
}

function isLocalRegistry(step: Step): boolean {
  return /localhost:\d|127\.0\.0\.1:\d|ttl\.sh/.test(JSON.stringify(step.object));
}

/** A login to one registry, a push to another; a package registry without the right to write. */
function* registryRemarks(workflow: Workflow, job: Job, login: Step | undefined, push: Step): Generator<Remark> {
  const typed = /docker\s+login\b[^\n]*\bghcr\.io/.test(login?.run ?? '');
  if (!login || !(typed || /login-action/.test(login.uses))) return;
  const registry = typed ? 'ghcr.io' : (textAt(login.object, 'with', 'registry') ?? '');
  const env = { ...objectAt(workflow.object, 'env'), ...objectAt(job.object, 'env') };
  const filled = registry.replace(/\$\{\{\s*env\.(\w+)\s*\}\}/g, (whole, name: string) => textAt(env, name) ?? whole);
  if (
    filled.includes('ghcr.io') &&
    /GITHUB_TOKEN|github\.token/.test(typed ? login.run : (textAt(login.object, 'with', 'password') ?? ''))
  ) {
    const own = at(job.object, 'permissions') ?? at(workflow.object, 'permissions');
    const allows = own === 'write-all' || (isObject(own) && own.packages === 'write');
    if (!allows) {
      const given = isObject(own) || own === 'read-all';
      yield {
        severity: given ? 'error' : 'warning',
        place: given
          ? placeOf(at(job.object, 'permissions') === undefined ? (workflow.object ?? {}) : job.object, 'permissions')
          : job.place,
        about: `login ${workflow.path}`,
        fr: [
          `Le workflow pousse sur ghcr.io sans en avoir le droit${given ? ' : permissions: ne donne pas packages: write' : ' (permissions:)'}.`,
          'L’étape échoue : « denied: installation not allowed to Write organization package » (ou 403 Forbidden).',
          'Ajoutez au travail :\npermissions:\n  contents: read\n  packages: write',
        ],
        en: [
          `The workflow pushes to ghcr.io without the right to${given ? ': permissions: does not give packages: write' : ' (permissions:)'}.`,
          'The step fails: "denied: installation not allowed to Write organization package" (or 403 Forbidden).',
          'Add to the job:\npermissions:\n  contents: read\n  packages: write',
        ],
      };
    }
  }
  const tags = (textAt(push.object, 'with', 'tags') ?? '').replace(
    /\$\{\{\s*env\.(\w+)\s*\}\}/g,
    (whole, name: string) => textAt(env, name) ?? whole,
  );
  const first =
    tags
      .split(/[\n,]+/)
      .map((tag) => tag.trim())
      .find(Boolean) ?? '';
  const host = /^([\w-]+(?:\.[\w-]+)+(?::\d+)?)\//.exec(first)?.[1];
  const logins = job.steps.filter(isLogin).length;
  if (
    logins === 1 &&
    host !== undefined &&
    host !== 'docker.io' &&
    filled !== '' &&
    !filled.includes('${{') &&
    !filled.includes(host) &&
    !first.includes('${{ steps')
  ) {
    yield registryMismatch(push.place, filled, host);
  } else if (logins === 1 && host !== undefined && host !== 'docker.io' && filled === '')
    yield registryMismatch(push.place, 'docker.io', host);
  else if (
    logins === 1 &&
    host === undefined &&
    filled !== '' &&
    !filled.includes('${{') &&
    !/docker\.io/.test(filled) &&
    /^[\w-]+\/[\w.-]+(:|$)/.test(first)
  )
    yield registryMismatch(push.place, filled, 'docker.io');
}

function registryMismatch(place: Place, login: string, push: string): Remark {
  return {
    severity: 'error',
    place,
    fr: [
      `Le workflow se connecte à ${login}, mais pousse sur ${push}.`,
      'L’étape échoue : « denied: requested access to the resource is denied » (ou « unauthorized »).',
      push === 'docker.io'
        ? `Mettez le registre devant le nom de l’image : ${login}/…`
        : `Connectez-vous au registre où vous poussez : registry: ${push}`,
    ],
    en: [
      `The workflow logs in to ${login}, but pushes to ${push}.`,
      'The step fails: "denied: requested access to the resource is denied" (or "unauthorized").',
      push === 'docker.io'
        ? `Put the registry before the image’s name: ${login}/…`
        : `Log in to the registry where you push: registry: ${push}`,
    ],
  };
}

export const workflowSecrets: Rule = {
  id: 'workflow-secrets',
  title: {
    fr: 'Le workflow échoue dans un dépôt qui n’a pas les secrets',
    en: 'The workflow fails in a repository that lacks the secrets',
  },
  why: {
    fr: 'Une copie (fork) reprend les fichiers, jamais les secrets : chacun doit les ajouter à la sienne. Tant qu’ils manquent, ils valent du vide.',
    en: 'A fork takes the files, never the secrets: everybody must add them to their own. As long as they are missing, they are empty.',
  },
  *check(model) {
    for (const workflow of model.workflows) {
      for (const job of workflow.jobs) {
        for (const step of job.steps) yield* conditionRemarks(step, job);
        const login = job.steps.find((step) => isLogin(step) && secretsOf(step).length > 0);
        if (!login || isGuarded(job, login)) continue;
        const names = secretsOf(login);
        const words = withoutSecret(login);
        yield {
          severity: 'advice',
          place: login.place,
          about: `secrets ${workflow.path}`,
          fr: [
            `Cette étape a besoin ${names.length > 1 ? 'des secrets' : 'du secret'} ${names.join(', ')}, qu’une copie du dépôt n’a pas.`,
            `Tant ${names.length > 1 ? 'qu’ils manquent' : 'qu’il manque'}, chaque push échoue en rouge : « ${words} ».`,
            `${names.length > 1 ? 'Ajoutez-les' : 'Ajoutez-le'} : Settings > Secrets and variables > Actions > New repository secret. Pour que les copies restent vertes, mettez au travail : if: github.repository == 'votre-compte/votre-depot'`,
          ],
          en: [
            `This step needs the secret${names.length > 1 ? 's' : ''} ${names.join(', ')}, which a fork does not have.`,
            `As long as ${names.length > 1 ? 'they are' : 'it is'} missing, each push fails in red: "${words}".`,
            "Add them: Settings > Secrets and variables > Actions > New repository secret. To keep forks green, give the job: if: github.repository == 'your-account/your-repository'",
          ],
        };
      }
      yield* misspelt(workflow);
    }
  },
};

/** What a step that logs in says when its secrets are empty. */
function withoutSecret({ uses, run }: Step): string {
  if (/google-github-actions\/auth/.test(uses))
    return 'google-github-actions/auth failed with: the GitHub Action workflow must specify exactly one of "workload_identity_provider" or "credentials_json"!';
  if (/amazon-ecr-login/.test(uses))
    return 'Error: Credentials could not be loaded, please check your action inputs: Could not load credentials from any providers';
  return run === ''
    ? 'Error: Username and password required'
    : 'Error: Cannot perform an interactive login from a non TTY device';
}

/** Whether the job or the step is left out where the secrets are missing. */
function isGuarded(job: Job, login: Step): boolean {
  const conditions = [login.condition, textAt(job.object, 'if') ?? ''].join(' ');
  if (
    /github\.repository(_owner)?\b|vars\.|env\.|needs\.|inputs\.|steps\.|secrets\./.test(conditions) ||
    textAt(login.object, 'continue-on-error') === 'true'
  )
    return true;
  return (
    textAt(job.object, 'environment') !== undefined ||
    job.steps.some(
      (step) => step.place.line < login.place.line && /secrets?\b[^\n]*(-z|-n|==)|\[ -[zn] /.test(step.run),
    )
  );
}

/** `secrets` is not known in `if:`. */
function* conditionRemarks(step: Step, job: Job): Generator<Remark> {
  for (const [holder, place] of [
    [textAt(step.object, 'if'), () => placeOf(step.object, 'if')],
    [textAt(job.object, 'if'), () => placeOf(job.object, 'if')],
  ] as const) {
    if (holder === undefined || !/\bsecrets\./.test(holder)) continue;
    yield {
      severity: 'error',
      place: place(),
      fr: [
        'La condition if: lit un secret, ce que GitHub ne permet pas.',
        "L’onglet Actions montre « Invalid workflow file: … Unrecognized named-value: 'secrets' ».",
        "Passez par une variable : env: au niveau du travail (TOKEN: ${{ secrets.… }}), puis if: env.TOKEN != ''",
      ],
      en: [
        'The condition if: reads a secret, which GitHub does not allow.',
        'The Actions tab shows "Invalid workflow file: … Unrecognized named-value: \'secrets\'".',
        "Go through a variable: env: at the level of the job (TOKEN: ${{ secrets.… }}), then if: env.TOKEN != ''",
      ],
    };
  }
}

/** Two names of the same secret in one workflow: one of them is empty. */
function* misspelt(workflow: Workflow): Generator<Remark> {
  const uses = new Map<string, Place>();
  for (const job of workflow.jobs)
    for (const step of job.steps)
      for (const name of secretsOf(step)) if (!uses.has(name)) uses.set(name, placeAt(step.object, []));
  const names = [...uses.keys()];
  for (const [index, name] of names.entries()) {
    const other = names
      .slice(0, index)
      .find(
        (each) =>
          each !== name &&
          nearest(name, [each], 2) !== undefined &&
          each.length > 8 &&
          !/\d$|_(DEV|PROD|STAGING|TEST)$/.test(each + name),
      );
    if (other === undefined) continue;
    yield {
      severity: 'warning',
      place: uses.get(name) ?? { file: workflow.path, line: 1 },
      fr: [
        `Ce workflow lit « secrets.${other} » et « secrets.${name} », qui ne diffèrent que d’une lettre.`,
        'Celui qui n’existe pas vaut du vide : « Error: Username and password required ».',
        `Écrivez partout le même nom, celui de Settings > Secrets : ${other}`,
      ],
      en: [
        `This workflow reads "secrets.${other}" and "secrets.${name}", which differ by a letter.`,
        'The one that does not exist is empty: "Error: Username and password required".',
        `Write the same name everywhere, that of Settings > Secrets: ${other}`,
      ],
    };
  }
}
