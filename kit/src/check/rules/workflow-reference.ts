import type { Remark, Rule } from '../findings.ts';
import type { Model } from '../model.ts';
import { parseImage } from '../read/images.ts';
import { optionOf, readShell } from '../read/shell.ts';
import type { Job, Step, Workflow } from '../read/workflow.ts';
import { isObject, listAt, objectAt, objectsAt, placeOf, textAt, type Place, written } from '../read/yaml.ts';
import { nearest } from '../words.ts';
import { missingTools } from './workflow-tools.ts';

export const workflowReference: Rule = {
  id: 'workflow-reference',
  title: {
    fr: 'Le workflow se sert de ce qu’il n’a pas : un autre workflow, une sortie, une image, un outil',
    en: 'The workflow uses what it does not have: another workflow, an output, an image, a tool',
  },
  why: {
    fr: 'Ce qu’un workflow prend ailleurs est désigné par son nom : le fichier appelé et ses entrées, la sortie d’une étape (id), l’image construite plus haut. Une sortie qui n’existe pas vaut du vide, sans un mot.',
    en: 'What a workflow takes from elsewhere is known by its name: the called file and its inputs, the output of a step (id), the image built above. An output that does not exist is empty, without a word.',
  },
  *check(model) {
    for (const workflow of model.workflows) {
      if (workflow.faults.length > 0) continue;
      for (const job of workflow.jobs) {
        const call = calledWorkflow(model, workflow, job);
        if (call) yield call;
        for (const step of job.steps) {
          const remark = emptyOutput(workflow, job, step);
          if (remark) yield remark;
        }
        yield* pushedUnbuilt(workflow, job);
        yield* strangeWorkloads(model, job);
        const lost = withoutCluster(job);
        if (lost) yield lost;
        yield* otherJobs(workflow, job);
        yield* missingArtifacts(workflow, job);
        yield* unknownMatrix(workflow, job);
        yield* missingTools(model, workflow, job);
      }
    }
  },
};

/** `matrix.name` where the matrix of the job has no such key: it is empty, without a word. */
function* unknownMatrix(workflow: Workflow, job: Job): Generator<Remark> {
  const { matrix } = objectAt(job.object, 'strategy');
  if (!isObject(matrix) || typeof matrix.include === 'string') return;
  const keys = [
    ...new Set([
      ...Object.keys(matrix).filter((key) => !/^(include|exclude)$/.test(key)),
      ...objectsAt(matrix, 'include').flatMap((entry) => Object.keys(entry)),
    ]),
  ];
  if (keys.length === 0) return;
  for (const step of job.steps) {
    const texts = [
      { text: step.run, place: placeOf(step.object, 'run') },
      ...Object.keys(objectAt(step.object, 'with')).map((key) => ({
        text: textAt(step.object, 'with', key) ?? '',
        place: placeOf(objectAt(step.object, 'with'), key),
      })),
    ];
    for (const { text, place } of texts) {
      for (const match of text.matchAll(/\$\{\{\s*matrix\.([\w-]+)\s*\}\}/g)) {
        const name = match[1] ?? '';
        if (keys.includes(name)) continue;
        const line = place.line + (text.includes('\n') ? text.slice(0, match.index).split('\n').length : 0);
        const right = nearest(name, keys, 2);
        yield {
          severity: 'error',
          place: { file: place.file, line },
          about: `matrix ${workflow.path} ${job.name} ${name}`,
          fr: [
            `La matrice du travail n’a pas de clé « ${name} » (elle a : ${keys.join(', ')}).`,
            'GitHub met du vide à cette place, sans un mot : la commande travaille sur un nom tronqué (pour une image : « invalid reference format »).',
            right === undefined
              ? `Prenez une clé de la matrice, ou ajoutez-lui « ${name} ».`
              : `Écrivez : \${{ matrix.${right} }}`,
          ],
          en: [
            `The matrix of the job has no key "${name}" (it has: ${keys.join(', ')}).`,
            'GitHub puts nothing in this place, without a word: the command works on a clipped name (for an image: "invalid reference format").',
            right === undefined
              ? `Take a key of the matrix, or add "${name}" to it.`
              : `Write: \${{ matrix.${right} }}`,
          ],
        };
        return;
      }
    }
  }
}

/** A call of a reusable workflow of the project: the file, its inputs, its secrets. */
function calledWorkflow(model: Model, workflow: Workflow, job: Job): Remark | undefined {
  const uses = textAt(job.object, 'uses') ?? '';
  if (!uses.startsWith('./')) return undefined;
  const place = placeOf(job.object, 'uses');
  const about = `call ${workflow.path} ${job.name}`;
  const file = uses.slice(2);
  const called = model.workflows.find((each) => each.path === file);
  if (!called) {
    const near = nearest(
      file,
      model.workflows.filter((each) => each !== workflow).map((each) => each.path),
      12,
    );
    const others = model.workflows.filter((each) => 'workflow_call' in objectAt(each.object, 'on'));
    const right = others.length === 1 ? others[0]?.path : near;
    return {
      severity: 'error',
      place,
      about,
      fr: [
        `« ${uses} » n’existe pas${right === undefined ? '' : ` ; il y a « ./${right} »`}.`,
        'L’onglet Actions montre « Invalid workflow file: … error parsing called workflow … : workflow was not found ».',
        right === undefined ? 'Corrigez le chemin, depuis la racine du dépôt.' : `Écrivez : uses: ./${right}`,
      ],
      en: [
        `"${uses}" does not exist${right === undefined ? '' : `; there is "./${right}"`}.`,
        'The Actions tab shows "Invalid workflow file: … error parsing called workflow …: workflow was not found".',
        right === undefined ? 'Mend the path, from the root of the repository.' : `Write: uses: ./${right}`,
      ],
    };
  }
  const on = objectAt(called.object, 'on', 'workflow_call');
  const [inputs, secrets] = [objectAt(on, 'inputs'), objectAt(on, 'secrets')];
  const [given, passed] = [objectAt(job.object, 'with'), objectAt(job.object, 'secrets')];
  const isNeeded = (entry: string, held: typeof inputs) =>
    textAt(held, entry, 'required') === 'true' && textAt(held, entry, 'default') === undefined;
  const lacking = Object.keys(inputs).filter((name) => isNeeded(name, inputs) && !(name in given));
  const unknown = Object.keys(given).filter((name) => !(name in inputs));
  const hidden =
    textAt(job.object, 'secrets') === 'inherit'
      ? []
      : Object.keys(secrets).filter((name) => isNeeded(name, secrets) && !(name in passed));
  const words = [
    ...unknown.map((name) => `Invalid input, ${name} is not defined in the referenced workflow.`),
    ...lacking.map((name) => `Input ${name} is required, but not provided while calling.`),
    ...hidden.map((name) => `Secret ${name} is required, but not provided while calling.`),
  ][0];
  if (words === undefined) return undefined;
  const lines = [
    ...(lacking.length > 0 ? ['with:', ...lacking.map((name) => `  ${name}: …`)] : []),
    ...(hidden.length > 0 ? ['secrets: inherit'] : []),
  ].join('\n');
  const [wrong] = unknown;
  const [meant] = lacking;
  const isRenamed = wrong !== undefined && meant !== undefined && unknown.length === 1 && lacking.length === 1;
  const missing = [...lacking, ...hidden].join(', ');
  return {
    severity: 'error',
    place: wrong === undefined ? place : placeOf(given, wrong),
    about,
    fr: [
      wrong === undefined
        ? `Ce travail appelle ${file} sans lui donner ${missing}, qu’il exige.`
        : `${file} n’a pas d’entrée « ${wrong} »${meant === undefined ? '' : ` ; il exige « ${meant} »`}.`,
      `L’onglet Actions montre « Invalid workflow file: … ${words} ».`,
      isRenamed
        ? `Écrivez : ${meant}: (à la place de ${wrong}:)${hidden.length > 0 ? ', et ajoutez secrets: inherit' : ''}`
        : lines === ''
          ? `Enlevez « ${wrong ?? ''}: ».`
          : `Ajoutez au travail :\n${lines}`,
    ],
    en: [
      wrong === undefined
        ? `This job calls ${file} without giving it ${missing}, which it demands.`
        : `${file} has no input "${wrong}"${meant === undefined ? '' : `; it demands "${meant}"`}.`,
      `The Actions tab shows "Invalid workflow file: … ${words}".`,
      isRenamed
        ? `Write: ${meant}: (instead of ${wrong}:)${hidden.length > 0 ? ', and add secrets: inherit' : ''}`
        : lines === ''
          ? `Remove "${wrong ?? ''}:".`
          : `Add to the job:\n${lines}`,
    ],
  };
}

/** What `docker/metadata-action` gives. */
const METADATA = [
  'version',
  'tags',
  'labels',
  'annotations',
  'json',
  'bake-file',
  'bake-file-tags',
  'bake-file-labels',
  'tag-names',
  'bake-file-annotations',
];

/** A step that reads the output of a step that is not there, or that has no such output. */
function emptyOutput(workflow: Workflow, job: Job, step: Step): Remark | undefined {
  for (const match of JSON.stringify(step.object).matchAll(/steps\.([\w-]+)\.outputs\.([\w-]+)/g)) {
    const [whole, id = '', output = ''] = match;
    const source = job.steps.find((each) => textAt(each.object, 'id') === id);
    const ids = job.steps.flatMap((each) => textAt(each.object, 'id') ?? []);
    let right: string | undefined;
    if (!source) right = nearest(id, ids, 4) ?? (ids.length === 1 ? ids[0] : undefined);
    else if (/^docker\/metadata-action@/.test(source.uses)) {
      if (METADATA.includes(output)) continue;
      right = nearest(output, METADATA, 3);
    } else if (source.run !== '') {
      if (
        source.run.includes(output) ||
        /GITHUB_OUTPUT["']?\s*\)|\$\{?\w+\}?=/.test(source.run) ||
        !/GITHUB_OUTPUT|::set-output/.test(source.run)
      )
        continue;
      right = undefined;
    } else continue;
    const key = ['tags', 'context', 'file', 'images'].find((name) =>
      (textAt(step.object, 'with', name) ?? '').includes(whole),
    );
    const isCondition = (textAt(step.object, 'if') ?? '').includes(whole);
    // An empty label or line of a log does no harm.
    if (key === undefined && !isCondition) continue;
    const isPushed = /build-push-action@/.test(step.uses) && key === 'tags';
    const fixed = source ? `steps.${id}.outputs.${right ?? '…'}` : `steps.${right ?? '…'}.outputs.${output}`;
    const place = key === undefined ? placeOf(step.object, 'if') : placeOf(objectAt(step.object, 'with'), key);
    return {
      severity: isPushed ? 'error' : 'warning',
      place,
      about: `output ${workflow.path}:${place.line}`,
      fr: [
        source
          ? `L’étape « ${id} » n’a pas de sortie « ${output} » : ${whole} vaut du vide.`
          : `Aucune étape du travail n’a id: ${id} : ${whole} vaut du vide.`,
        isPushed
          ? 'L’étape échoue : « ERROR: failed to build: tag is needed when pushing to registry ».'
          : isCondition
            ? 'La condition ne se réalise jamais : l’étape est sautée, sans un mot.'
            : 'L’étape reçoit un texte vide, sans un mot.',
        right === undefined ? 'Donnez à cette étape l’id attendu, ou corrigez le nom.' : `Écrivez : \${{ ${fixed} }}`,
      ],
      en: [
        source
          ? `The step "${id}" has no output "${output}": ${whole} is empty.`
          : `No step of the job has id: ${id}: ${whole} is empty.`,
        isPushed
          ? 'The step fails: "ERROR: failed to build: tag is needed when pushing to registry".'
          : isCondition
            ? 'The condition never holds: the step is skipped, without a word.'
            : 'The step gets an empty text, without a word.',
        right === undefined ? 'Give that step the expected id, or mend the name.' : `Write: \${{ ${fixed} }}`,
      ],
    };
  }
  return undefined;
}

/** `kubectl` on a machine of GitHub that no step leads to a cluster. */
function withoutCluster(job: Job): Remark | undefined {
  const text = JSON.stringify(job.object);
  const isLed =
    /self-hosted|\$\{\{/.test(job.runsOn) ||
    /kube_?config|set-cluster|--server|--token|\bkind |minikube|k3d|k3s|microk8s|gcloud|\baws |\baz |doctl|\bssh\b|tailscale|vault/i.test(
      job.steps.map((step) => step.run.replace(/kubectl/g, '')).join('\n'),
    ) ||
    /KUBE/.test(
      JSON.stringify([job.object.env ?? null, job.steps.map((step) => [step.object.env ?? null, step.run])]),
    ) ||
    job.steps.some(({ uses }) =>
      /k8s|kube|gke|aks|eks|azure|google|aws|digitalocean|helm|kind|minikube|k3d|ssh|^\.\//i.test(uses),
    ) ||
    'container' in job.object;
  const step = job.steps.find(({ run }) =>
    /(^|[\n;&|]\s*)kubectl\s+(apply|create|rollout|set|delete|get)\b(?![^\n]*--dry-run)/.test(run),
  );
  if (!step || isLed || /KUBECONFIG/.test(text)) return undefined;
  const lines = 'mkdir -p ~/.kube && echo "${{ secrets.KUBECONFIG }}" > ~/.kube/config';
  return {
    severity: 'error',
    place: placeOf(step.object, 'run'),
    about: `cluster ${step.place.file} ${job.name}`,
    fr: [
      'Cette étape appelle kubectl, et rien dans le travail ne lui donne l’accès à un cluster.',
      'L’étape échoue : « The connection to the server localhost:8080 was refused - did you specify the right host or port? ».',
      `Ajoutez avant elle une étape qui écrit l’accès, gardé dans un secret :\n- run: ${lines}`,
    ],
    en: [
      'This step calls kubectl, and nothing in the job gives it access to a cluster.',
      'The step fails: "The connection to the server localhost:8080 was refused - did you specify the right host or port?".',
      `Add before it a step that writes the access, kept in a secret:\n- run: ${lines}`,
    ],
  };
}

/** `needs.JOB.outputs.NAME` of a job that gives no such output, or that this one does not wait for. */
function* otherJobs(workflow: Workflow, job: Job): Generator<Remark> {
  const needs = [textAt(job.object, 'needs') ?? '', ...listAt(job.object, 'needs').map(written)];
  const told = new Set<string>();
  for (const step of [job.object, ...job.steps.map((each) => each.object)]) {
    const own = step === job.object ? { ...job.object, steps: null } : step;
    for (const [whole, name = '', output = ''] of JSON.stringify(own).matchAll(/needs\.([\w-]+)\.outputs\.([\w-]+)/g)) {
      const other = workflow.jobs.find((each) => each.name === name);
      if (!other || told.has(whole) || 'uses' in other.object) continue;
      const outputs = Object.keys(objectAt(other.object, 'outputs'));
      const isAwaited = needs.includes(name);
      if (isAwaited && outputs.includes(output)) continue;
      told.add(whole);
      const right = nearest(output, outputs, 3);
      yield {
        severity: 'warning',
        place: placeOf(step),
        about: `output ${workflow.path} ${job.name} ${whole}`,
        fr: [
          isAwaited
            ? `Le travail « ${name} » ne donne pas de sortie « ${output} »${outputs.length === 0 ? ' (il n’a pas de outputs:)' : ` (il a : ${outputs.join(', ')})`} : ${whole} vaut du vide.`
            : `« ${job.name} » n’attend pas « ${name} » (needs:) : ${whole} vaut du vide.`,
          'La suite travaille avec un texte vide, sans un mot.',
          !isAwaited
            ? `Ajoutez au travail « ${job.name} » : needs: ${name}`
            : right === undefined
              ? `Ajoutez au travail « ${name} » :\noutputs:\n  ${output}: \${{ steps.….outputs.${output} }}`
              : `Écrivez : needs.${name}.outputs.${right}`,
        ],
        en: [
          isAwaited
            ? `The job "${name}" gives no output "${output}"${outputs.length === 0 ? ' (it has no outputs:)' : ` (it has: ${outputs.join(', ')})`}: ${whole} is empty.`
            : `"${job.name}" does not wait for "${name}" (needs:): ${whole} is empty.`,
          'What follows works with an empty text, without a word.',
          !isAwaited
            ? `Add to the job "${job.name}": needs: ${name}`
            : right === undefined
              ? `Add to the job "${name}":\noutputs:\n  ${output}: \${{ steps.….outputs.${output} }}`
              : `Write: needs.${name}.outputs.${right}`,
        ],
      };
    }
  }
}

/** `download-artifact` of what no step of the workflow puts up. */
function* missingArtifacts(workflow: Workflow, job: Job): Generator<Remark> {
  const uploads = workflow.jobs
    .flatMap((each) => each.steps)
    .filter((step) => /upload-artifact@|upload-.*artifact/.test(step.uses));
  const names = uploads.map((step) => textAt(step.object, 'with', 'name') ?? 'artifact');
  const isCalled =
    workflow.jobs.some((each) => 'uses' in each.object) || 'workflow_call' in objectAt(workflow.object, 'on');
  if (isCalled || workflow.jobs.some((each) => each.steps.some((step) => step.uses.startsWith('./')))) return;
  for (const step of job.steps) {
    if (!step.uses.startsWith('actions/download-artifact@')) continue;
    const inputs = objectAt(step.object, 'with');
    const name = textAt(inputs, 'name');
    if (['run-id', 'github-token', 'pattern', 'repository', 'artifact-ids'].some((key) => key in inputs)) continue;
    if (name === undefined ? uploads.length > 0 : names.some((each) => each === name || /\$\{\{/.test(each + name)))
      continue;
    if (name === undefined) continue;
    const right = names.length === 1 ? names[0] : nearest(name, names, 3);
    const place = placeOf(inputs, 'name');
    yield {
      severity: 'error',
      place,
      about: `artifact ${workflow.path} ${name}`,
      fr: [
        `Cette étape prend « ${name} », qu’aucune étape du workflow ne dépose (upload-artifact)${names.length === 0 ? '' : ` ; il y a : ${names.join(', ')}`}.`,
        `L’étape échoue : « Unable to download artifact(s): Artifact not found for name: ${name} ».`,
        right === undefined ? 'Déposez-le dans un travail que celui-ci attend (needs:).' : `Écrivez : name: ${right}`,
      ],
      en: [
        `This step takes "${name}", which no step of the workflow puts up (upload-artifact)${names.length === 0 ? '' : `; there is: ${names.join(', ')}`}.`,
        `The step fails: "Unable to download artifact(s): Artifact not found for name: ${name}".`,
        right === undefined ? 'Put it up in a job that this one waits for (needs:).' : `Write: name: ${right}`,
      ],
    };
  }
}

/** `kubectl set image` and `kubectl rollout` of a Deployment or a container that no manifest has. */
function* strangeWorkloads(model: Model, job: Job): Generator<Remark> {
  const workloads = model.clusters.flatMap((cluster) => cluster.workloads);
  if (workloads.length === 0 || model.clusters.some((cluster) => cluster.isOpen)) return;
  for (const step of job.steps) {
    if (!step.run.includes('kubectl')) continue;
    const start = placeOf(step.object, 'run');
    for (const { words, line } of readShell(step.run)) {
      const place = { file: start.file, line: start.line + (step.run.includes('\n') ? line : 0) };
      const [program = '', verb = '', action = '', ...rest] = words;
      if (program !== 'kubectl' || !((verb === 'set' && action === 'image') || verb === 'rollout')) continue;
      const free = rest.filter(
        (word, index) => !word.startsWith('-') && !/^(-n|--namespace|--timeout)$/.test(rest[index - 1] ?? ''),
      );
      const [kind = '', name] = (free[0] ?? '').includes('/') ? (free[0] ?? '').split('/') : [free[0], free[1]];
      const full = /^(deploy|deployments?(\.apps)?)$/.test(kind)
        ? 'Deployment'
        : /^(sts|statefulsets?)$/.test(kind)
          ? 'StatefulSet'
          : undefined;
      if (full === undefined || name === undefined || /[$`*]/.test(name)) continue;
      const same = workloads.filter(({ resource }) => resource.kind === full);
      const found = same.filter(({ resource }) => resource.name === name);
      const names = [...new Set(same.map(({ resource }) => resource.name))];
      if (names.length === 0) continue;
      if (found.length === 0) {
        const right = nearest(name, names, 5) ?? (names.length === 1 ? names[0] : undefined);
        yield strange(
          place,
          `${full} « ${name} »`,
          `${full} "${name}"`,
          names,
          `Error from server (NotFound): ${full.toLowerCase()}s.apps "${name}" not found`,
          right,
        );
        continue;
      }
      if (verb !== 'set') continue;
      for (const word of free.slice((free[0] ?? '').includes('/') ? 1 : 2)) {
        const container = /^([\w.-]+)=/.exec(word)?.[1];
        const held = found.flatMap((workload) => workload.containers.map((each) => each.name));
        if (container === undefined || held.includes(container)) continue;
        const right = nearest(container, held, 5) ?? (held.length === 1 ? held[0] : undefined);
        yield strange(
          place,
          `conteneur « ${container} » dans « ${name} »`,
          `container "${container}" in "${name}"`,
          held,
          `error: unable to find container named "${container}"`,
          right,
        );
      }
    }
  }
}

function strange(
  place: Place,
  fr: string,
  en: string,
  names: string[],
  words: string,
  right: string | undefined,
): Remark {
  return {
    severity: 'error',
    place,
    about: `kubectl ${place.file}:${place.line}`,
    fr: [
      `Aucun manifeste n’a de ${fr} (il y a : ${names.join(', ')}).`,
      `L’étape échoue : « ${words} ».`,
      right === undefined ? 'Écrivez le nom qui est dans le manifeste.' : `Écrivez ici : ${right}`,
    ],
    en: [
      `No manifest has a ${en} (there is: ${names.join(', ')}).`,
      `The step fails: "${words}".`,
      right === undefined ? 'Write the name that is in the manifest.' : `Write here: ${right}`,
    ],
  };
}

/** `docker push` of a name that no step of the job makes. */
function* pushedUnbuilt(workflow: Workflow, job: Job): Generator<Remark> {
  const env: Record<string, string> = {};
  for (const holder of [workflow.object, job.object])
    for (const name of Object.keys(objectAt(holder, 'env'))) env[name] = textAt(holder, 'env', name) ?? '';
  const whole = (name: string) => {
    const { repository, tag } = parseImage(name);
    return `${repository}:${tag ?? 'latest'}`;
  };
  const made = new Set<string>();
  const pushed: { name: string; step: Step; line: number; isAll: boolean }[] = [];
  for (const step of job.steps) {
    // What another tool makes cannot be followed.
    if (
      /docker\/(build-push|bake)-action|setup-.*buildx.*load|cache|artifact/.test(step.uses) &&
      !/setup-/.test(step.uses)
    )
      return;
    const text = step.run.replace(/\$\{\{[^}]*\}\}/g, (expression) => expression.replace(/\s+/g, ''));
    for (const { words, line } of readShell(text, env)) {
      const [program = '', first = ''] = words;
      if (!/^(docker|podman)$/.test(program)) {
        if (/^(make|docker-compose|skaffold|mvn|gradle|\.\/|npm|pnpm|yarn|pack|ko|buildah|for|while)/.test(program))
          return;
        continue;
      }
      if (/^(compose|load|import|buildx|bake|image|commit)$/.test(first) && !words.includes('build')) return;
      if (first === 'compose') return;
      if (words.includes('build')) {
        for (const [index, word] of words.entries())
          if (/^(-t|--tag)$/.test(word)) made.add(whole(words[index + 1] ?? ''));
          else if (/^(-t|--tag)=/.test(word)) made.add(whole(word.replace(/^[^=]*=/, '')));
      } else if (first === 'tag') made.add(whole(words.at(-1) ?? ''));
      else if (first === 'pull') made.add(whole(words.at(-1) ?? ''));
      else if (first === 'push') {
        const name = words.at(-1) ?? '';
        pushed.push({ name, step, line, isAll: optionOf(words, '-a', '--all-tags') !== undefined });
      }
    }
  }
  for (const { name, step, line, isAll } of pushed) {
    if (/[$`]/.test(name) || [...made].some((each) => each.includes('$')) || made.size === 0) continue;
    const isMade = isAll
      ? [...made].some((each) => parseImage(each).repository === parseImage(name).repository)
      : made.has(whole(name));
    if (isMade) continue;
    const right = nearest(whole(name), made, 6) ?? [...made][0];
    const place = placeOf(step.object, 'run');
    yield {
      severity: 'error',
      place: { file: place.file, line: place.line + (step.run.includes('\n') ? line : 0) },
      about: `push ${workflow.path} ${name}`,
      fr: [
        `« ${name} » est poussée, mais aucune étape du travail ne construit ce nom (construites : ${[...made].join(', ')}).`,
        `L’étape échoue : « An image does not exist locally with the tag: ${parseImage(name).repository} ».`,
        `Écrivez : docker push ${right ?? ''}`,
      ],
      en: [
        `"${name}" is pushed, but no step of the job builds that name (built: ${[...made].join(', ')}).`,
        `The step fails: "An image does not exist locally with the tag: ${parseImage(name).repository}".`,
        `Write: docker push ${right ?? ''}`,
      ],
    };
  }
}
