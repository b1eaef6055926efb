import path from 'node:path';
import type { Remark, Rule } from '../findings.ts';
import type { Model } from '../model.ts';
import { readShell } from '../read/shell.ts';
import type { Job, Step, Workflow } from '../read/workflow.ts';
import { at, isObject, objectAt, placeAt, placeOf, textAt, type Place, written } from '../read/yaml.ts';
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
      for (const job of workflow.jobs) yield* jobFaults(workflow, job);
    }
  },
};

function* jobFaults(workflow: Workflow, job: Job): Generator<Remark> {
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
  for (const step of job.steps) {
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
    fr: 'Le workflow pousse une image sans se connecter au registre',
    en: 'The workflow pushes an image without logging in to the registry',
  },
  why: {
    fr: 'Pousser demande un compte : une étape docker/login-action, dans le même travail et avant la construction.',
    en: 'Pushing takes an account: a docker/login-action step, in the same job and before the build.',
  },
  *check(model) {
    for (const workflow of model.workflows) {
      for (const job of workflow.jobs) {
        const push = job.steps.findIndex((step) => pushes(step));
        const login = job.steps.findIndex((step) => isLogin(step));
        const pushStep = job.steps[push];
        if (!pushStep) continue;
        if (login < 0 || login > push) {
          if (
            job.steps.some((step) => /login|ecr|gcloud|azure|auth/i.test(step.uses) || /login/.test(step.run)) &&
            login < 0
          )
            continue;
          if ('uses' in job.object || /self-hosted/.test(job.runsOn) || isLocalRegistry(pushStep)) continue;
          if (job.steps.some((step) => step.uses.startsWith('./'))) continue;
          yield {
            severity: 'error',
            place: pushStep.place,
            about: `login ${workflow.path}`,
            fr: [
              login < 0
                ? 'Cette étape pousse une image, et aucune ne se connecte au registre.'
                : 'Cette étape pousse une image avant celle qui se connecte au registre.',
              'L’étape échoue : « denied: requested access to the resource is denied » (ou « unauthorized »).',
              'Mettez avant elle :\n- uses: docker/login-action@v3\n  with:\n    username: ${{ secrets.DOCKERHUB_USERNAME }}\n    password: ${{ secrets.DOCKERHUB_TOKEN }}',
            ],
            en: [
              login < 0
                ? 'This step pushes an image, and none logs in to the registry.'
                : 'This step pushes an image before the one that logs in to the registry.',
              'The step fails: "denied: requested access to the resource is denied" (or "unauthorized").',
              'Put before it:\n- uses: docker/login-action@v3\n  with:\n    username: ${{ secrets.DOCKERHUB_USERNAME }}\n    password: ${{ secrets.DOCKERHUB_TOKEN }}',
            ],
          };
          continue;
        }
        yield* registryRemarks(workflow, job, job.steps[login], pushStep);
      }
    }
  },
};

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
  if (!login || !/login-action/.test(login.uses)) return;
  const registry = textAt(login.object, 'with', 'registry') ?? '';
  const env = { ...objectAt(workflow.object, 'env'), ...objectAt(job.object, 'env') };
  const filled = registry.replace(/\$\{\{\s*env\.(\w+)\s*\}\}/g, (whole, name: string) => textAt(env, name) ?? whole);
  if (filled.includes('ghcr.io') && /GITHUB_TOKEN|github\.token/.test(textAt(login.object, 'with', 'password') ?? '')) {
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
        yield {
          severity: 'advice',
          place: login.place,
          about: `secrets ${workflow.path}`,
          fr: [
            `Cette étape a besoin ${names.length > 1 ? 'des secrets' : 'du secret'} ${names.join(', ')}, qu’une copie du dépôt n’a pas.`,
            `Tant ${names.length > 1 ? 'qu’ils manquent' : 'qu’il manque'}, chaque push échoue en rouge : « Error: Username and password required ».`,
            `${names.length > 1 ? 'Ajoutez-les' : 'Ajoutez-le'} : Settings > Secrets and variables > Actions > New repository secret. Pour que les copies restent vertes, mettez au travail : if: github.repository == 'votre-compte/votre-depot'`,
          ],
          en: [
            `This step needs the secret${names.length > 1 ? 's' : ''} ${names.join(', ')}, which a fork does not have.`,
            'As long as they are missing, each push fails in red: "Error: Username and password required".',
            "Add them: Settings > Secrets and variables > Actions > New repository secret. To keep forks green, give the job: if: github.repository == 'your-account/your-repository'",
          ],
        };
      }
      yield* misspelt(workflow);
    }
  },
};

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

export const workflowPath: Rule = {
  id: 'workflow-path',
  title: {
    fr: 'Une étape du workflow travaille dans un dossier ou sur un fichier qui n’existe pas',
    en: 'A step of the workflow works in a folder or on a file that does not exist',
  },
  why: {
    fr: 'Le workflow part de la racine du dépôt, à chaque étape : un chemin s’écrit depuis là, ou depuis working-directory, et les majuscules comptent.',
    en: 'The workflow starts at the root of the repository, at each step: a path is written from there, or from working-directory, and the case of letters counts.',
  },
  *check(model) {
    for (const workflow of model.workflows) {
      for (const job of workflow.jobs) {
        const isMade = job.steps.some(
          (step) =>
            /download-artifact/.test(step.uses) ||
            (/checkout/.test(step.uses) && /"(repository|path)"/.test(JSON.stringify(step.object))) ||
            /git clone|mkdir|unzip|tar |npx create|django-admin startproject/.test(step.run),
        );
        if (isMade || !job.steps.some((step) => /checkout/.test(step.uses))) continue;
        const common =
          textAt(job.object, 'defaults', 'run', 'working-directory') ??
          textAt(workflow.object, 'defaults', 'run', 'working-directory');
        for (const step of job.steps) {
          if (step.run === '') continue;
          const own = textAt(step.object, 'working-directory');
          const folder = own ?? common ?? '.';
          if (/[$~]|^\//.test(folder)) continue;
          const clean = folder.replace(/^\.\//, '').replace(/\/$/, '') || '.';
          if (model.project.kindOf(clean) !== 'folder') {
            const right = model.project.otherCase(clean);
            yield pathRemark(
              own === undefined ? step.place : placeOf(step.object, 'working-directory'),
              folder,
              right,
              `An error occurred trying to start process '/usr/bin/bash' with working directory '…/${clean}'. No such file or directory`,
            );
            continue;
          }
          yield* missingInputs(model, step, clean);
          const match = /^\s*(?:python3? -m )?(?:pip3?|uv pip) install (?:[^\n&|;]* )?-r ([\w./-]+)/m.exec(step.run);
          if (!match?.[1] || /^\s*cd |&& *cd |pushd/m.test(step.run)) continue;
          const made = new RegExp(
            `(export|compile|>|-o|curl|wget|echo|freeze)[^\\n]*${literal(match[1].split('/').at(-1) ?? '')}`,
          );
          if (job.steps.some((other) => made.test(other.run))) continue;
          const file = `${clean}/${match[1].replace(/^\.\//, '')}`.replace(/^\.\//, '');
          if (model.project.kindOf(file) !== undefined || /if \[|test -f|\|\|/.test(step.run)) continue;
          const line = step.run.slice(0, match.index).split('\n').length;
          const right = model.project.files
            .map((each) => each.path)
            .find((each) => each.endsWith(`/${match[1] ?? ''}`));
          const place = placeOf(step.object, 'run');
          yield pathRemark(
            { file: place.file, line: place.line + (step.run.includes('\n') ? line : 0) },
            match[1],
            right,
            `ERROR: Could not open requirements file: [Errno 2] No such file or directory: '${match[1]}'`,
          );
        }
      }
    }
  },
};

/** `npm test` where there is no package.json, `kubectl apply -f` of a file that is not there. */
function* missingInputs(model: Model, step: Step, start: string): Generator<Remark> {
  if (/if \[|test -f|\|\||\$\(|<</.test(step.run)) return;
  const place = placeOf(step.object, 'run');
  let folder = start;
  for (const { words, line } of readShell(step.run)) {
    const [program = '', first = '', second = ''] = words;
    if (program === 'cd') {
      if (/[$~]|^[/-]/.test(first)) return;
      folder = path.posix.normalize(path.posix.join(folder, first));
    }
    const isNpm =
      program === 'npm' &&
      (first === 'ci' || first === 'test' || (first === 'run' && second !== '')) &&
      !words.some((word) => /^(--prefix|-C|--workspace|-w)/.test(word));
    const file = isNpm
      ? 'package.json'
      : program === 'kubectl' && first === 'apply'
        ? words[words.findIndex((word) => /^(-f|--filename)$/.test(word)) + 1]
        : undefined;
    if (file === undefined || file === program || /[$*{]|^(https?:|-|\/)/.test(file)) continue;
    const target = path.posix.normalize(path.posix.join(folder, file));
    // npm looks in the folders above too.
    const above = isNpm ? folder.split('/').map((_, depth, parts) => parts.slice(0, depth).join('/') || '.') : [];
    if (
      target.startsWith('..') ||
      [target, ...above.map((each) => path.posix.join(each, file))].some(
        (each) => model.project.kindOf(each) !== undefined,
      )
    )
      continue;
    // What git ignores may be made on the way.
    if (!model.project.isShared(target)) continue;
    const base = path.posix.basename(target);
    const twins = model.project.files.map((each) => each.path).filter((each) => path.posix.basename(each) === base);
    const found = twins.length === 1 ? twins[0] : undefined;
    if (!isNpm && new RegExp(`(>|tee|envsubst|-o)[^\\n]*${literal(base)}`).test(step.run)) continue;
    yield pathRemark(
      { file: place.file, line: place.line + (step.run.includes('\n') ? line : 0) },
      target,
      found === undefined ? undefined : isNpm ? `working-directory: ${path.posix.dirname(found)}` : found,
      isNpm
        ? `npm error enoent Could not read package.json: … open '${target}'`
        : `error: the path "${file}" does not exist`,
    );
    return;
  }
}

function pathRemark(place: Place, found: string, right: string | undefined, words: string): Remark {
  return {
    severity: 'error',
    place,
    about: `workflow path ${place.file}:${place.line}`,
    fr: [
      `« ${found} » n’existe pas à cet endroit du dépôt${right === undefined ? '' : ` ; il y a « ${right} »`}.`,
      `L’étape échoue : « ${words} ».`,
      right === undefined ? 'Corrigez le chemin.' : `Écrivez : ${right}`,
    ],
    en: [
      `"${found}" does not exist in that place of the repository${right === undefined ? '' : `; there is "${right}"`}.`,
      `The step fails: "${words}".`,
      right === undefined ? 'Mend the path.' : `Write: ${right}`,
    ],
  };
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

/** The workflows that push images, for the other rules. */
export function pushingWorkflows(model: Model): Workflow[] {
  return model.workflows.filter((workflow) => workflow.jobs.some((job) => job.steps.some(pushes)));
}
