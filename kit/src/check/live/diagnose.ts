import type { Language, Severity } from '../findings.ts';
import { listAt, objectAt, objectsAt, textAt, written, type JsonObject } from '../read/yaml.ts';
import { browserAddresses, containersOf, nameOf, ofKind, ownerOf, readAtStart, type LiveState } from './state.ts';

/** What is wrong on the cluster now: the cause, what shows it, what to do, and the command to run next. */
export interface LiveFinding {
  id: string;
  severity: Severity;
  /** `pod/backend-…`, `service/front`, … */
  object: string;
  text: Record<Language, [message: string, evidence: string, fix: string]>;
  next: string;
}

/** Reads the cause of each trouble out of the state, the gravest first; what follows from a cause is not told again. */
export function diagnose(state: LiveState): LiveFinding[] {
  const findings = [
    ...podFindings(state),
    ...creationFindings(state),
    ...serviceFindings(state),
    ...ingressFindings(state),
    ...staleFindings(state),
    ...imageFindings(state),
    ...frontFindings(state),
  ];
  const order: Record<Severity, number> = { error: 0, warning: 1, advice: 2 };
  return findings.sort((a, b) => order[a.severity] - order[b.severity]);
}

/** Hides what may be a secret in text that is shown: passwords in addresses, values of telling names. */
export function mask(text: string): string {
  return text
    .replace(/(:\/\/[^:/\s@]*:)[^@\s]+@/g, '$1••••@')
    .replace(
      /((?:pass(?:word|wd)?|pwd|secret|token|api[_-]?key|authorization|bearer|mdp)["']?\s*[=:]\s*["']?)(?!\/\/)[^\s"',;)]+/gi,
      '$1••••',
    )
    .replace(/\b(?:gh[pousr]_|glpat-|dckr_pat_|sk-|hf_|AKIA|eyJ)[A-Za-z0-9_.-]{12,}/g, '••••');
}

function events(state: LiveState, kind: string, name: string): string[] {
  return ofKind(state.objects, 'Event')
    .filter(
      (event) => textAt(event, 'involvedObject', 'kind') === kind && textAt(event, 'involvedObject', 'name') === name,
    )
    .map((event) => `${textAt(event, 'reason') ?? ''}: ${textAt(event, 'message') ?? ''}`);
}

/** One finding for each way in which the pods of one owner fail, not one a pod. */
function podFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  const newest = [...ofKind(state.objects, 'Pod')].sort((a, b) =>
    (textAt(b, 'metadata', 'creationTimestamp') ?? '').localeCompare(textAt(a, 'metadata', 'creationTimestamp') ?? ''),
  );
  return newest.flatMap((pod) => {
    if (textAt(pod, 'metadata', 'deletionTimestamp') !== undefined || textAt(pod, 'status', 'phase') === 'Succeeded')
      return [];
    const owner = ownerOf(state.objects, pod);
    const finding = podFinding(state, pod, owner);
    const key = `${owner.kind} ${owner.name} ${finding?.id ?? ''}`;
    if (!finding || seen.has(key)) return [];
    seen.add(key);
    return [finding];
  });
}

function podFinding(state: LiveState, pod: JsonObject, owner: { kind: string; name: string }): LiveFinding | undefined {
  const name = nameOf(pod);
  const told = events(state, 'Pod', name);
  const make = (id: string, text: LiveFinding['text'], next: string): LiveFinding => ({
    id,
    severity: 'error',
    object: `pod/${name}`,
    text,
    next,
  });
  const describe = `kubectl describe pod ${name}`;
  for (const { name: container, spec, status } of containersOf(pod)) {
    const waiting = textAt(status, 'state', 'waiting', 'reason') ?? '';
    const message = textAt(status, 'state', 'waiting', 'message') ?? '';
    const last = objectAt(status, 'lastState', 'terminated');
    const ended = { ...last, ...objectAt(status, 'state', 'terminated') };
    const image = textAt(spec, 'image') ?? '';
    const words = mask(`${message} ${told.join(' ')}`);
    if (/ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName/.test(waiting))
      return imageFinding(waiting, words, image, owner, make, describe);
    if (waiting === 'CreateContainerConfigError') {
      const missing = /(secret|configmap) "([^"]+)" not found/.exec(words);
      const key = /couldn't find key (\S+) in (ConfigMap|Secret) (?:\S+\/)?(\S+)/i.exec(words);
      const fr = missing
        ? `« ${owner.name} » demande le ${missing[1] === 'secret' ? 'Secret' : 'ConfigMap'} « ${missing[2] ?? ''} », qui n’existe pas dans ${state.namespace}.`
        : key
          ? `« ${owner.name} » demande la clé « ${key[1] ?? ''} », que le ${key[2] ?? ''} « ${key[3] ?? ''} » n’a pas.`
          : `La configuration de « ${container} » ne peut pas être lue.`;
      const en = missing
        ? `"${owner.name}" asks for the ${missing[1] === 'secret' ? 'Secret' : 'ConfigMap'} "${missing[2] ?? ''}", which does not exist in ${state.namespace}.`
        : key
          ? `"${owner.name}" asks for the key "${key[1] ?? ''}", which the ${key[2] ?? ''} "${key[3] ?? ''}" does not have.`
          : `The configuration of "${container}" cannot be read.`;
      const kind = (missing?.[1] ?? key?.[2] ?? 'secret').toLowerCase();
      return make(
        'config-missing',
        {
          fr: [
            fr,
            `Le pod reste en ${waiting} : « ${firstSentence(message)} ».`,
            missing
              ? `Appliquez le fichier qui le définit, créez-le, ou corrigez le nom dans le Deployment.`
              : 'Corrigez la clé dans le Deployment, ou ajoutez-la.',
          ],
          en: [
            en,
            `The pod stays in ${waiting}: "${firstSentence(message)}".`,
            missing
              ? 'Apply the file that defines it, make it, or mend the name in the Deployment.'
              : 'Mend the key in the Deployment, or add it.',
          ],
        },
        `kubectl get ${kind}s`,
      );
    }
    if (
      textAt(ended, 'reason') === 'OOMKilled' ||
      (Number(ended.exitCode) === 137 && /OOM/.test(words)) ||
      /OOM-killed|memory limit too low/i.test(words)
    ) {
      const limit = textAt(spec, 'resources', 'limits', 'memory') ?? '?';
      return make(
        'oom-killed',
        {
          fr: [
            `« ${container} » a pris plus que sa limite de mémoire (${limit}) : le nœud l’a tué.`,
            `« kubectl describe pod » montre « Reason: OOMKilled, Exit Code: 137 » ; ${written(status.restartCount ?? 0)} redémarrages.`,
            'Cherchez ce qui prend la mémoire (serveur de développement, trop de processus), mesurez, puis montez resources.limits.memory.',
          ],
          en: [
            `"${container}" took more than its memory limit (${limit}): the node killed it.`,
            `"kubectl describe pod" shows "Reason: OOMKilled, Exit Code: 137"; ${written(status.restartCount ?? 0)} restarts.`,
            'Look for what takes the memory (a development server, too many processes), measure, then raise resources.limits.memory.',
          ],
        },
        describe,
      );
    }
    const probe = told.find((line) => /(Liveness|Startup) probe failed/.test(line));
    if (probe !== undefined && Number(status.restartCount ?? 0) > 0) {
      return make(
        'probe-restart',
        {
          fr: [
            `La sonde de vie de « ${container} » échoue : Kubernetes le redémarre sans cesse.`,
            `« ${mask(firstSentence(probe.replace(/^\w+: /, '')))} ».`,
            'Vérifiez le port et le chemin de la sonde, ou donnez-lui du temps (startupProbe, initialDelaySeconds).',
          ],
          en: [
            `The liveness probe of "${container}" fails: Kubernetes restarts it again and again.`,
            `"${mask(firstSentence(probe.replace(/^\w+: /, '')))}".`,
            'Check the port and path of the probe, or give it time (startupProbe, initialDelaySeconds).',
          ],
        },
        describe,
      );
    }
    if (
      /CrashLoopBackOff|RunContainerError|CreateContainerError|StartError/.test(waiting) ||
      /^(Error|StartError|ContainerCannotRun)$/.test(textAt(ended, 'reason') ?? '') ||
      (textAt(ended, 'reason') === 'Completed' && waiting === 'CrashLoopBackOff')
    ) {
      if (status.ready === true) continue;
      return crashFinding(state, name, container, ended, words, make, owner);
    }
  }
  return pendingFinding(state, pod, owner, told, make);
}

function firstSentence(text: string): string {
  const clean = text.replace(/\s+/g, ' ').trim();
  return clean.length > 240 ? `${clean.slice(0, 240)}…` : clean;
}

type Make = (id: string, text: LiveFinding['text'], next: string) => LiveFinding;

function imageFinding(
  waiting: string,
  words: string,
  image: string,
  owner: { kind: string; name: string },
  make: Make,
  describe: string,
): LiveFinding {
  const edit = `kubectl edit ${owner.kind.toLowerCase()} ${owner.name}`;
  if (waiting === 'ErrImageNeverPull') {
    return make(
      'image-never-pull',
      {
        fr: [
          `« ${image} » n’est pas sur le nœud, et imagePullPolicy: Never interdit d’aller la chercher.`,
          `Le pod reste en ErrImageNeverPull.`,
          'Écrivez imagePullPolicy: Always dans le Deployment, et poussez l’image sur Docker Hub.',
        ],
        en: [
          `"${image}" is not on the node, and imagePullPolicy: Never forbids to fetch it.`,
          'The pod stays in ErrImageNeverPull.',
          'Write imagePullPolicy: Always in the Deployment, and push the image to Docker Hub.',
        ],
      },
      edit,
    );
  }
  if (waiting === 'InvalidImageName') {
    return make(
      'image-name',
      {
        fr: [
          `« ${image} » n’est pas un nom d’image.`,
          'Le pod reste en InvalidImageName : « invalid reference format ».',
          'Écrivez compte/nom:étiquette, en minuscules, sans https:// ni espace.',
        ],
        en: [
          `"${image}" is no image name.`,
          'The pod stays in InvalidImageName: "invalid reference format".',
          'Write account/name:tag, in lower case, without https:// or spaces.',
        ],
      },
      edit,
    );
  }
  if (/no match for platform|exec format/.test(words)) {
    return make(
      'image-architecture',
      {
        fr: [
          `« ${image} » n’existe pas pour le processeur du nœud (amd64).`,
          '« no match for platform in manifest ».',
          'Construisez-la pour amd64 : docker build --platform linux/amd64 …',
        ],
        en: [
          `"${image}" does not exist for the node’s processor (amd64).`,
          '"no match for platform in manifest".',
          'Build it for amd64: docker build --platform linux/amd64 …',
        ],
      },
      describe,
    );
  }
  if (/toomanyrequests|rate limit/i.test(words)) {
    return make(
      'image-limit',
      {
        fr: [
          'Docker Hub refuse de donner l’image pour l’instant : trop de demandes sans compte.',
          '« toomanyrequests: You have reached your unauthenticated pull rate limit ».',
          'Attendez une heure, ou donnez un compte (imagePullSecrets).',
        ],
        en: [
          'Docker Hub refuses to give the image for now: too many requests without an account.',
          '"toomanyrequests: You have reached your unauthenticated pull rate limit".',
          'Wait an hour, or give an account (imagePullSecrets).',
        ],
      },
      describe,
    );
  }
  const isDenied = /denied|unauthorized|authorization failed|insufficient_scope/i.test(words);
  return make(
    'image-not-found',
    {
      fr: [
        `L’image « ${image} » est introuvable${isDenied ? ', ou privée' : ''}.`,
        `Le pod reste en ImagePullBackOff : « ${firstSentence(/(failed to [^"]*pull[^:]*: .*?)(?: Error:| Failed:|$)/i.exec(words)?.[1] ?? words).slice(0, 160)} ».`,
        'Comparez, lettre à lettre, avec le nom et l’étiquette poussés sur le registre ; rendez-la publique si elle est privée.',
      ],
      en: [
        `The image "${image}" is not to be found${isDenied ? ', or private' : ''}.`,
        `The pod stays in ImagePullBackOff: "${firstSentence(/(failed to [^"]*pull[^:]*: .*?)(?: Error:| Failed:|$)/i.exec(words)?.[1] ?? words).slice(0, 160)}".`,
        'Compare, letter by letter, with the name and tag pushed to the registry; make it public if it is private.',
      ],
    },
    edit,
  );
}

function crashFinding(
  state: LiveState,
  pod: string,
  container: string,
  ended: JsonObject,
  words: string,
  make: Make,
  owner: { kind: string; name: string },
): LiveFinding {
  const log = mask((state.logs[`${pod}/${container}`] ?? '').trimEnd());
  const message = mask(textAt(ended, 'message') ?? '');
  const all = `${log}\n${message}\n${words}`;
  const logs = `kubectl logs ${pod} -c ${container} --previous`;
  if (/exec format error/.test(all)) {
    return make(
      'exec-format',
      {
        fr: [
          `L’image de « ${container} » est faite pour un autre processeur (souvent un Mac ARM), ou son script n’a pas de « #! ».`,
          '« exec format error ».',
          'Construisez-la pour amd64 : docker build --platform linux/amd64 … (ou laissez GitHub la construire).',
        ],
        en: [
          `The image of "${container}" is made for another processor (often an ARM Mac), or its script has no "#!".`,
          '"exec format error".',
          'Build it for amd64: docker build --platform linux/amd64 … (or let GitHub build it).',
        ],
      },
      logs,
    );
  }
  const start =
    /exec: "([^"]+)": ([^:"]+)(?:: (no such file or directory|permission denied))?/.exec(all) ??
    /exec (\S+): (no such file or directory|permission denied)/.exec(all);
  if (start) {
    const [, program = '', why = '', more = ''] = start;
    return make(
      'start-command',
      {
        fr: [
          `« ${container} » ne peut pas lancer « ${program} ».`,
          `« ${firstSentence(`exec: "${program}": ${why}${more === '' ? '' : `: ${more}`}`)} ».`,
          /permission/.test(why + more)
            ? `Donnez-lui le droit d’exécution dans le Dockerfile : RUN chmod +x ${program}`
            : 'Vérifiez la commande (CMD, command, args), et que le programme est bien dans l’image.',
        ],
        en: [
          `"${container}" cannot run "${program}".`,
          `"${firstSentence(`exec: "${program}": ${why}${more === '' ? '' : `: ${more}`}`)}".`,
          /permission/.test(why + more)
            ? `Give it the right to run in the Dockerfile: RUN chmod +x ${program}`
            : 'Check the command (CMD, command, args), and that the program is in the image.',
        ],
      },
      `kubectl describe pod ${pod}`,
    );
  }
  const tail = log
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-4)
    .join('\n      ');
  const code = written(ended.exitCode ?? '?');
  if (textAt(ended, 'reason') === 'Completed' || code === '0') {
    return make(
      'ends-at-once',
      {
        fr: [
          `Le programme de « ${container} » se termine tout de suite, sans erreur : il n’y a plus rien à faire tourner.`,
          `Le pod passe de Completed à CrashLoopBackOff${tail === '' ? ', ses journaux sont vides' : `. Dernières lignes :\n      ${tail}`}.`,
          'La commande doit lancer un serveur qui reste : uvicorn, gunicorn, node server.js…',
        ],
        en: [
          `The program of "${container}" ends at once, without error: there is nothing left to run.`,
          `The pod goes from Completed to CrashLoopBackOff${tail === '' ? ', its logs are empty' : `. Last lines:\n      ${tail}`}.`,
          'The command must run a server that stays: uvicorn, gunicorn, node server.js…',
        ],
      },
      logs,
    );
  }
  return make(
    'crash',
    {
      fr: [
        `« ${container} » (${owner.name}) démarre puis s’arrête en erreur (code ${code}).`,
        tail === '' ? 'Ses journaux sont vides.' : `Ses dernières lignes :\n      ${tail}`,
        'Lisez la dernière ligne d’abord : elle nomme ce qui manque (module, variable, base de données).',
      ],
      en: [
        `"${container}" (${owner.name}) starts, then stops with an error (code ${code}).`,
        tail === '' ? 'Its logs are empty.' : `Its last lines:\n      ${tail}`,
        'Read the last line first: it names what is missing (a module, a variable, the database).',
      ],
    },
    logs,
  );
}

function pendingFinding(
  state: LiveState,
  pod: JsonObject,
  owner: { kind: string; name: string },
  told: string[],
  make: Make,
): LiveFinding | undefined {
  const name = nameOf(pod);
  const describe = `kubectl describe pod ${name}`;
  const phase = textAt(pod, 'status', 'phase');
  const scheduled = objectsAt(pod, 'status', 'conditions').find(
    (condition) => condition.type === 'PodScheduled' && condition.status === 'False',
  );
  if (phase === 'Pending' && scheduled) {
    const words = textAt(scheduled, 'message') ?? '';
    const claim = /persistentvolumeclaim "([^"]+)" not found/.exec(words)?.[1];
    if (claim !== undefined)
      return make(
        'volume-missing',
        {
          fr: [
            `« ${owner.name} » attend le volume « ${claim} », qui n’existe pas.`,
            `Le pod reste en Pending : « ${firstSentence(words)} ».`,
            'Appliquez le fichier du PersistentVolumeClaim, ou corrigez claimName.',
          ],
          en: [
            `"${owner.name}" waits for the volume "${claim}", which does not exist.`,
            `The pod stays in Pending: "${firstSentence(words)}".`,
            'Apply the file of the PersistentVolumeClaim, or mend claimName.',
          ],
        },
        'kubectl get pvc',
      );
    if (/unbound immediate PersistentVolumeClaims/.test(words))
      return make(
        'volume-pending',
        {
          fr: [
            `Le volume de « ${owner.name} » n’est pas prêt.`,
            `« ${firstSentence(words)} ».`,
            'Regardez pourquoi : classe de stockage inconnue, ou quota.',
          ],
          en: [
            `The volume of "${owner.name}" is not ready.`,
            `"${firstSentence(words)}".`,
            'See why: an unknown storage class, or the quota.',
          ],
        },
        'kubectl describe pvc',
      );
    const what = /insufficient (cpu|memory)/i.exec(words)?.[1];
    return make(
      'unschedulable',
      {
        fr: [
          what === undefined
            ? `Aucun nœud n’accepte le pod de « ${owner.name} ».`
            : `Aucun nœud n’a assez de ${what.toLowerCase() === 'cpu' ? 'processeur' : 'mémoire'} pour « ${owner.name} ».`,
          `Le pod reste en Pending : « ${firstSentence(words)} ».`,
          what === undefined
            ? 'Vérifiez nodeSelector et affinity.'
            : `Baissez resources.requests.${what.toLowerCase()} (une API se contente de cpu: 100m, memory: 128Mi).`,
        ],
        en: [
          what === undefined
            ? `No node accepts the pod of "${owner.name}".`
            : `No node has enough ${what.toLowerCase() === 'cpu' ? 'processor' : 'memory'} for "${owner.name}".`,
          `The pod stays in Pending: "${firstSentence(words)}".`,
          what === undefined
            ? 'Check nodeSelector and affinity.'
            : `Lower resources.requests.${what.toLowerCase()} (an API is content with cpu: 100m, memory: 128Mi).`,
        ],
      },
      describe,
    );
  }
  const mount = told.find((line) => /FailedMount|FailedAttachVolume|Multi-Attach/.test(line));
  if (phase === 'Pending' && mount !== undefined) {
    const missing = /(configmap|secret) "([^"]+)" not found/.exec(mount);
    return make(
      'volume-mount',
      {
        fr: [
          missing
            ? `« ${owner.name} » monte le ${missing[1] === 'secret' ? 'Secret' : 'ConfigMap'} « ${missing[2] ?? ''} », qui n’existe pas.`
            : `Un volume de « ${owner.name} » ne se monte pas.`,
          `Le pod reste en ContainerCreating : « ${mask(firstSentence(mount.replace(/^\w+: /, '')))} ».`,
          missing
            ? 'Appliquez le fichier qui le définit, ou corrigez le nom.'
            : /Multi-Attach/.test(mount)
              ? 'Ce volume ne sert qu’à un nœud à la fois : strategy: Recreate, et replicas: 1.'
              : 'Regardez les volumes du pod.',
        ],
        en: [
          missing
            ? `"${owner.name}" mounts the ${missing[1] === 'secret' ? 'Secret' : 'ConfigMap'} "${missing[2] ?? ''}", which does not exist.`
            : `A volume of "${owner.name}" cannot be mounted.`,
          `The pod stays in ContainerCreating: "${mask(firstSentence(mount.replace(/^\w+: /, '')))}".`,
          missing
            ? 'Apply the file that defines it, or mend the name.'
            : /Multi-Attach/.test(mount)
              ? 'This volume serves one node at a time: strategy: Recreate, and replicas: 1.'
              : 'Look at the volumes of the pod.',
        ],
      },
      describe,
    );
  }
  const ready = objectsAt(pod, 'status', 'conditions').find((condition) => condition.type === 'Ready');
  const probe = told.findLast((line) => /Readiness probe failed/.test(line));
  if (phase === 'Running' && ready?.status !== 'True' && probe !== undefined) {
    return make(
      'not-ready',
      {
        fr: [
          `« ${owner.name} » tourne, mais sa sonde readinessProbe échoue : il ne reçoit aucune requête.`,
          `« ${mask(firstSentence(probe.replace(/^\w+: /, '')))} ».`,
          /connection refused/.test(probe)
            ? 'Le port de la sonde n’est pas celui sur lequel le serveur écoute (ou il n’écoute que sur 127.0.0.1).'
            : /404/.test(probe)
              ? 'Le chemin de la sonde n’existe pas dans l’application.'
              : 'Vérifiez le chemin et le port de la sonde, et ce dont l’application a besoin pour être prête.',
        ],
        en: [
          `"${owner.name}" runs, but its readinessProbe fails: it receives no request.`,
          `"${mask(firstSentence(probe.replace(/^\w+: /, '')))}".`,
          /connection refused/.test(probe)
            ? 'The port of the probe is not the one that the server listens on (or it listens on 127.0.0.1 only).'
            : /404/.test(probe)
              ? 'The path of the probe does not exist in the application.'
              : 'Check the path and port of the probe, and what the application needs to be ready.',
        ],
      },
      describe,
    );
  }
  return undefined;
}

/** Pods that were never made: a quota, a policy. */
function creationFindings(state: LiveState): LiveFinding[] {
  return ofKind(state.objects, 'ReplicaSet').flatMap((set): LiveFinding[] => {
    const failure = objectsAt(set, 'status', 'conditions').find(
      (condition) => condition.type === 'ReplicaFailure' && condition.status === 'True',
    );
    if (!failure || Number(textAt(set, 'spec', 'replicas') ?? 0) === 0) return [];
    const [owner] = objectsAt(set, 'metadata', 'ownerReferences');
    const name = textAt(owner, 'name') ?? nameOf(set);
    const words = firstSentence(textAt(failure, 'message') ?? '');
    const quota = /exceeded quota: (\S+), requested: (\S+), used: (\S+), limited: (\S+)/.exec(words);
    const must = /must specify (\S+)/.exec(words);
    const security = /violates PodSecurity/.test(words);
    return [
      {
        id: (quota ?? must) ? 'quota' : security ? 'pod-security' : 'not-created',
        severity: 'error',
        object: `deployment/${name}`,
        text: {
          fr: [
            quota
              ? `Le quota de l’espace de noms est épuisé : « ${name} » demande ${quota[2] ?? ''}, ${quota[3] ?? ''} sont pris sur ${quota[4] ?? ''}.`
              : must
                ? `« ${name} » doit dire ce qu’il demande et ses limites : le quota l’exige.`
                : security
                  ? `Les règles de sécurité de l’espace de noms refusent le pod de « ${name} ».`
                  : `Les pods de « ${name} » ne peuvent pas être créés.`,
            `« ${mask(words)} ».`,
            quota
              ? 'Baissez resources, ou supprimez ce qui ne sert plus (kubectl get pods).'
              : must
                ? 'Ajoutez resources.requests et resources.limits (cpu et memory).'
                : 'Suivez ce que dit le message.',
          ],
          en: [
            quota
              ? `The quota of the namespace is used up: "${name}" asks for ${quota[2] ?? ''}, ${quota[3] ?? ''} are taken of ${quota[4] ?? ''}.`
              : must
                ? `"${name}" must tell its requests and limits: the quota demands it.`
                : security
                  ? `The security rules of the namespace refuse the pod of "${name}".`
                  : `The pods of "${name}" cannot be created.`,
            `"${mask(words)}".`,
            quota
              ? 'Lower resources, or delete what is of no more use (kubectl get pods).'
              : must
                ? 'Add resources.requests and resources.limits (cpu and memory).'
                : 'Do what the message says.',
          ],
        },
        next: quota ? 'kubectl describe quota' : `kubectl describe replicaset ${nameOf(set)}`,
      },
    ];
  });
}

function readyEndpoints(state: LiveState, service: string): number {
  return ofKind(state.objects, 'EndpointSlice')
    .filter((slice) => textAt(slice, 'metadata', 'labels', 'kubernetes.io/service-name') === service)
    .flatMap((slice) => (listAt(slice, 'ports').length === 0 ? [] : objectsAt(slice, 'endpoints')))
    .filter((endpoint) => objectAt(endpoint, 'conditions').ready !== false)
    .flatMap((endpoint) => listAt(endpoint, 'addresses')).length;
}

function serviceFindings(state: LiveState): LiveFinding[] {
  return ofKind(state.objects, 'Service').flatMap((service): LiveFinding[] => {
    const name = nameOf(service);
    const selector = Object.entries(objectAt(service, 'spec', 'selector'));
    if (selector.length === 0) return [];
    const pods = ofKind(state.objects, 'Pod').filter((pod) =>
      selector.every(([key, value]) => objectAt(pod, 'metadata', 'labels')[key] === value),
    );
    const shown = selector.map(([key, value]) => `${key}=${written(value)}`).join(',');
    if (pods.length === 0) {
      const scaled = ofKind(state.objects, 'Deployment').find((each) =>
        selector.every(([key, value]) => objectAt(each, 'spec', 'template', 'metadata', 'labels')[key] === value),
      );
      // Pods that cannot be created, or were scaled to none on purpose, are another matter.
      if (scaled) return [];
      const labels = [
        ...new Set(
          ofKind(state.objects, 'Pod')
            .map((pod) => textAt(pod, 'metadata', 'labels', selector[0]?.[0] ?? '') ?? '')
            .filter(Boolean),
        ),
      ];
      return [
        {
          id: 'service-selector',
          severity: 'error',
          object: `service/${name}`,
          text: {
            fr: [
              `Le Service « ${name} » cherche les pods « ${shown} », et aucun ne porte ces étiquettes${labels.length === 0 ? '' : ` (pour ${selector[0]?.[0] ?? ''}, les pods ont : ${labels.slice(0, 5).join(', ')})`}.`,
              `« kubectl get endpoints ${name} » montre « <none> » ; l’adresse répond 503.`,
              'Mettez dans spec.selector du Service les étiquettes des pods (template.metadata.labels du Deployment).',
            ],
            en: [
              `The Service "${name}" looks for pods "${shown}", and none carries these labels${labels.length === 0 ? '' : ` (for ${selector[0]?.[0] ?? ''}, the pods have: ${labels.slice(0, 5).join(', ')})`}.`,
              `"kubectl get endpoints ${name}" shows "<none>"; the address answers 503.`,
              'Put in spec.selector of the Service the labels of the pods (template.metadata.labels of the Deployment).',
            ],
          },
          next: 'kubectl get pods --show-labels',
        },
      ];
    }
    const allReady = pods.every((pod) =>
      objectsAt(pod, 'status', 'conditions').some(
        (condition) => condition.type === 'Ready' && condition.status === 'True',
      ),
    );
    if (allReady && readyEndpoints(state, name) === 0) {
      const port = textAt(service, 'spec', 'ports', 0, 'targetPort') ?? '';
      return [
        {
          id: 'service-port-name',
          severity: 'error',
          object: `service/${name}`,
          text: {
            fr: [
              `Le Service « ${name} » vise le port nommé « ${port} », qu’aucun conteneur ne déclare sous ce nom.`,
              `« kubectl get endpoints ${name} » montre « <none> », alors que les pods sont prêts.`,
              'Écrivez le numéro du port dans targetPort, ou donnez ce nom au port du conteneur.',
            ],
            en: [
              `The Service "${name}" targets the port named "${port}", which no container declares under that name.`,
              `"kubectl get endpoints ${name}" shows "<none>", while the pods are ready.`,
              'Write the port’s number in targetPort, or give the container’s port that name.',
            ],
          },
          next: `kubectl describe service ${name}`,
        },
      ];
    }
    const reply = state.services[name];
    if (allReady && reply?.failure !== undefined && /connection refused|i\/o timeout|no route/.test(reply.failure)) {
      const target =
        textAt(service, 'spec', 'ports', 0, 'targetPort') ?? textAt(service, 'spec', 'ports', 0, 'port') ?? '';
      return [
        {
          id: 'service-refused',
          severity: 'error',
          object: `service/${name}`,
          text: {
            fr: [
              `Les pods de « ${name} » tournent, mais personne n’y écoute sur le port ${target} du Service.`,
              `« ${firstSentence(/dial tcp[^"]*/.exec(reply.failure)?.[0] ?? 'connection refused')} » ; l’adresse répond 502 Bad Gateway.`,
              'Mettez dans targetPort le port du serveur (ses journaux le disent) ; s’il dit 127.0.0.1, faites-le écouter sur 0.0.0.0.',
            ],
            en: [
              `The pods of "${name}" run, but nobody listens there on the Service’s port ${target}.`,
              `"${firstSentence(/dial tcp[^"]*/.exec(reply.failure)?.[0] ?? 'connection refused')}"; the address answers 502 Bad Gateway.`,
              'Put the server’s port in targetPort (its logs tell it); if they say 127.0.0.1, make it listen on 0.0.0.0.',
            ],
          },
          next: `kubectl logs ${nameOf(pods[0])} --tail=20`,
        },
      ];
    }
    return [];
  });
}

function ingressFindings(state: LiveState): LiveFinding[] {
  const services = ofKind(state.objects, 'Service');
  return ofKind(state.objects, 'Ingress').flatMap((ingress) =>
    objectsAt(ingress, 'spec', 'rules').flatMap((rule): LiveFinding[] => {
      const host = textAt(rule, 'host') ?? '';
      const object = `ingress/${nameOf(ingress)}`;
      const make = (
        id: string,
        fr: [string, string, string],
        en: [string, string, string],
        next: string,
        severity: Severity = 'error',
      ): LiveFinding => ({ id, severity, object, text: { fr, en }, next });
      for (const path of objectsAt(rule, 'http', 'paths')) {
        const name = textAt(path, 'backend', 'service', 'name') ?? '';
        const number =
          textAt(path, 'backend', 'service', 'port', 'number') ??
          textAt(path, 'backend', 'service', 'port', 'name') ??
          '';
        const service = services.find((each) => nameOf(each) === name);
        if (!service)
          return [
            make(
              'ingress-service',
              [
                `L’Ingress « ${nameOf(ingress)} » mène au Service « ${name} », qui n’existe pas.`,
                `https://${host} répond 503 (ou 404).`,
                `Corrigez le nom, ou appliquez le fichier du Service. Il y a : ${services.map(nameOf).join(', ') || 'aucun'}.`,
              ],
              [
                `The Ingress "${nameOf(ingress)}" leads to the Service "${name}", which does not exist.`,
                `https://${host} answers 503 (or 404).`,
                `Mend the name, or apply the file of the Service. There is: ${services.map(nameOf).join(', ') || 'none'}.`,
              ],
              'kubectl get services',
            ),
          ];
        const ports = objectsAt(service, 'spec', 'ports');
        if (!ports.some((port) => written(port.port) === number || port.name === number))
          return [
            make(
              'ingress-port',
              [
                `L’Ingress « ${nameOf(ingress)} » demande le port ${number} du Service « ${name} », qui n’a que ${ports.map((port) => written(port.port)).join(', ')}.`,
                `https://${host} répond 503, alors que les pods tournent.`,
                `Écrivez dans l’Ingress : number: ${written(ports[0]?.port)}`,
              ],
              [
                `The Ingress "${nameOf(ingress)}" asks for port ${number} of the Service "${name}", which has only ${ports.map((port) => written(port.port)).join(', ')}.`,
                `https://${host} answers 503, while the pods run.`,
                `Write in the Ingress: number: ${written(ports[0]?.port)}`,
              ],
              `kubectl get service ${name}`,
            ),
          ];
        const foreign = state.foreignHosts[host];
        if (foreign !== undefined)
          return [
            make(
              'ingress-host-taken',
              [
                `L’adresse « ${host} » appartient déjà à un Ingress d’un autre espace de noms (${foreign}).`,
                'L’adresse montre l’application de l’autre, pas la vôtre.',
                'Choisissez un autre nom dans host:, puis kubectl apply.',
              ],
              [
                `The address "${host}" already belongs to an Ingress of another namespace (${foreign}).`,
                'The address shows the other’s application, not yours.',
                'Choose another name in host:, then kubectl apply.',
              ],
              `kubectl edit ingress ${nameOf(ingress)}`,
            ),
          ];
        const reply = Object.entries(state.addresses).find(([url]) => url.startsWith(`https://${host}/`))?.[1];
        const inside = state.services[name];
        if (reply?.failure === 'ENOTFOUND')
          return [
            make(
              'ingress-dns',
              [
                `L’adresse « ${host} » n’existe pas (le nom n’est pas connu).`,
                'Le navigateur répond « DNS_PROBE_FINISHED_NXDOMAIN ».',
                'Sur le SSPCloud, une adresse finit par .kub.sspcloud.fr ou .lab.sspcloud.fr, avec un seul mot devant.',
              ],
              [
                `The address "${host}" does not exist (the name is not known).`,
                'The browser answers "DNS_PROBE_FINISHED_NXDOMAIN".',
                'On the SSPCloud, an address ends in .kub.sspcloud.fr or .lab.sspcloud.fr, with one word before it.',
              ],
              `kubectl edit ingress ${nameOf(ingress)}`,
              'warning',
            ),
          ];
        if (
          reply?.title !== undefined &&
          inside?.title !== undefined &&
          reply.title !== inside.title &&
          reply.status === 200
        )
          return [
            make(
              'ingress-other',
              [
                `« ${host} » montre une autre application (« ${reply.title} ») que votre Service « ${name} » (« ${inside.title} »).`,
                'Quelqu’un d’autre a sans doute pris cette adresse avant vous.',
                'Choisissez un autre nom dans host:, puis kubectl apply.',
              ],
              [
                `"${host}" shows another application ("${reply.title}") than your Service "${name}" ("${inside.title}").`,
                'Somebody else has probably taken this address before you.',
                'Choose another name in host:, then kubectl apply.',
              ],
              `kubectl edit ingress ${nameOf(ingress)}`,
            ),
          ];
      }
      return [];
    }),
  );
}

/** Pods that started before their configuration last changed. */
function staleFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  return ofKind(state.objects, 'Pod').flatMap((pod): LiveFinding[] => {
    if (textAt(pod, 'status', 'phase') !== 'Running' || textAt(pod, 'metadata', 'deletionTimestamp') !== undefined)
      return [];
    const started = containersOf(pod)
      .map(({ status }) => textAt(status, 'state', 'running', 'startedAt') ?? '')
      .filter(Boolean)
      .sort()[0];
    const owner = ownerOf(state.objects, pod);
    if (started === undefined) return [];
    return readAtStart(pod).flatMap(({ kind, name }): LiveFinding[] => {
      const changed = state.changed[`${kind}/${name}`];
      const key = `${owner.name} ${kind} ${name}`;
      if (changed === undefined || changed <= started || seen.has(key)) return [];
      seen.add(key);
      const restart = `kubectl rollout restart ${owner.kind.toLowerCase()}/${owner.name}`;
      return [
        {
          id: 'restart-needed',
          severity: 'warning',
          object: `${owner.kind.toLowerCase()}/${owner.name}`,
          text: {
            fr: [
              `Le ${kind} « ${name} » a changé après le démarrage des pods de « ${owner.name} ».`,
              `Ils tournent encore avec les anciennes valeurs (pod démarré à ${clock(started)}, changement à ${clock(changed)}).`,
              'Les variables ne se lisent qu’au démarrage : relancez.',
            ],
            en: [
              `The ${kind} "${name}" changed after the pods of "${owner.name}" had started.`,
              `They still run with the old values (pod started at ${clock(started)}, change at ${clock(changed)}).`,
              'Variables are read at start only: restart them.',
            ],
          },
          next: restart,
        },
      ];
    });
  });
}

function clock(time: string): string {
  return /T(\d\d:\d\d:\d\d)/.exec(time)?.[1] ?? time;
}

/** Pods that took an image with a moving tag from the node's store instead of the registry. */
function imageFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  return ofKind(state.objects, 'Pod').flatMap((pod): LiveFinding[] => {
    const owner = ownerOf(state.objects, pod);
    return containersOf(pod).flatMap(({ spec }): LiveFinding[] => {
      const image = textAt(spec, 'image') ?? '';
      const tag = /:([^/:@]+)$/.exec(image)?.[1] ?? 'latest';
      const isMoving = /^(latest|main|master|dev|develop|prod|staging)$/.test(tag) && !image.includes('@');
      const kept = events(state, 'Pod', nameOf(pod)).some(
        (line) => line.includes('already present on machine') && line.includes(image),
      );
      if (!isMoving || !kept || textAt(spec, 'imagePullPolicy') === 'Always' || seen.has(owner.name)) return [];
      seen.add(owner.name);
      return [
        {
          id: 'image-not-renewed',
          severity: 'warning',
          object: `${owner.kind.toLowerCase()}/${owner.name}`,
          text: {
            fr: [
              `« ${image} » n’a pas été redemandée au registre : le nœud a repris celle qu’il avait.`,
              `« Container image "${image}" already present on machine » : si vous avez poussé une nouvelle version, elle n’est pas là.`,
              'Écrivez imagePullPolicy: Always, puis relancez (ou changez d’étiquette à chaque version).',
            ],
            en: [
              `"${image}" was not asked of the registry again: the node took the one it had.`,
              `"Container image "${image}" already present on machine": if you pushed a new version, it is not there.`,
              'Write imagePullPolicy: Always, then restart (or change the tag with each version).',
            ],
          },
          next: `kubectl edit ${owner.kind.toLowerCase()} ${owner.name}`,
        },
      ];
    });
  });
}

/** Addresses that fronts give to browsers, and that do not answer. */
function frontFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  return browserAddresses(state.objects).flatMap(({ pod, name, value }): LiveFinding[] => {
    const host = /^https?:\/\/([^/:]+)/.exec(value)?.[1] ?? '';
    const isInternal = !host.includes('.') || /\.svc(\.|$)|cluster\.local$/.test(host);
    const reply = state.addresses[value];
    const failed = isInternal || (reply !== undefined && (reply.status === undefined || reply.status >= 500));
    if (!failed || seen.has(value)) return [];
    seen.add(value);
    const why = isInternal ? 'net::ERR_NAME_NOT_RESOLVED' : (reply?.failure ?? `HTTP ${String(reply?.status ?? '')}`);
    return [
      {
        id: 'front-address',
        severity: 'error',
        object: `pod/${pod}`,
        text: {
          fr: [
            `Le front donne au navigateur ${name}=${mask(value)}, ${isInternal ? 'un nom que seul le cluster connaît' : 'qui ne répond pas'}.`,
            `La page s’affiche sans données ; la console du navigateur montre « ${why} ».`,
            'Mettez l’adresse de l’Ingress de l’API, puis relancez le front.',
          ],
          en: [
            `The front gives the browser ${name}=${mask(value)}, ${isInternal ? 'a name that only the cluster knows' : 'which does not answer'}.`,
            `The page shows without data; the browser’s console shows "${why}".`,
            'Put the address of the API’s Ingress, then restart the front.',
          ],
        },
        next: 'kubectl get ingress',
      },
    ];
  });
}
