import { listAt, objectAt, objectsAt, textAt, written, type JsonObject } from '../read/yaml.ts';
import { causeOf, heardPort, lastLines } from './crash.ts';
import { clock, short, tell, type LiveFinding } from './finding.ts';
import {
  ageOf,
  condition,
  containersOf,
  created,
  eventsOf,
  isOfOldTemplate,
  isOver,
  isReady,
  keyOf,
  nameOf,
  ofKind,
  ownerOf,
  podsOf,
  type Container,
  type LiveEvent,
  type LiveState,
  type Owner,
} from './state.ts';

/** What is known of a pod when its trouble is looked for. */
interface Patient {
  state: LiveState;
  pod: JsonObject;
  name: string;
  owner: Owner;
  events: LiveEvent[];
}

const RECENT = 600;

/** One finding for each way in which the pods of one owner fail, not one a pod. */
export function podFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  const newest = [...ofKind(state.objects, 'Pod')].sort((a, b) => created(b).localeCompare(created(a)));
  return newest.flatMap((pod): LiveFinding[] => {
    if (isOver(pod)) return [];
    const owner = ownerOf(state.objects, pod);
    if (owner.kind === 'CronJob' || isDone(state, pod)) return [];
    const patient = { state, pod, name: nameOf(pod), owner, events: eventsOf(state, 'Pod', nameOf(pod)) };
    const finding = podFinding(patient);
    const key = `${keyOf(owner)} ${finding?.id ?? ''}`;
    if (!finding || seen.has(key)) return [];
    seen.add(key);
    return [{ ...finding, explains: [...(finding.explains ?? []), keyOf(owner)] }];
  });
}

/** Whether the Job of a pod has ended: the Job is told then, or all is well. */
function isDone(state: LiveState, pod: JsonObject): boolean {
  const [owner] = objectsAt(pod, 'metadata', 'ownerReferences');
  if (textAt(owner, 'kind') !== 'Job') return false;
  const job = ofKind(state.objects, 'Job').find((each) => nameOf(each) === textAt(owner, 'name'));
  return (
    condition(job, 'Complete')?.status === 'True' ||
    condition(job, 'Failed')?.status === 'True' ||
    condition(job, 'FailureTarget')?.status === 'True' ||
    condition(job, 'SuccessCriteriaMet')?.status === 'True'
  );
}

function podFinding(patient: Patient): LiveFinding | undefined {
  const { pod, state } = patient;
  if (textAt(pod, 'status', 'phase') === 'Failed') return failedFinding(patient);
  if (textAt(pod, 'status', 'reason') === 'NodeLost') return undefined;
  for (const container of containersOf(pod)) {
    const finding = containerFinding(patient, container);
    if (finding) return finding;
  }
  return (
    unscheduledFinding(patient) ??
    creatingFinding(patient) ??
    initFinding(patient) ??
    // The pods of a template left behind are on their way out.
    (isOfOldTemplate(state.objects, pod) ? undefined : notReadyFinding(patient))
  );
}

function containerFinding(patient: Patient, container: Container): LiveFinding | undefined {
  const { status } = container;
  const waiting = textAt(status, 'state', 'waiting', 'reason') ?? '';
  if (
    /^(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|ImageInspectError|RegistryUnavailable|SignatureValidationFailed)$/.test(
      waiting,
    )
  )
    return imageFinding(patient, container, waiting);
  if (waiting === 'CreateContainerConfigError') return configFinding(patient, container);
  if (/^(RunContainerError|CreateContainerError|StartError|ContainerCannotRun)$/.test(waiting))
    return crashFinding(patient, container);
  return restartFinding(patient, container);
}

/** A container that ended and is, or was of late, started again. */
function restartFinding(patient: Patient, container: Container): LiveFinding | undefined {
  const { state, pod, events } = patient;
  const { status, isInit, isSidecar } = container;
  const waiting = textAt(status, 'state', 'waiting', 'reason') ?? '';
  const now = objectAt(status, 'state', 'terminated');
  const last = objectAt(status, 'lastState', 'terminated');
  const ended = now.exitCode === undefined ? last : now;
  if (ended.exitCode === undefined && waiting !== 'CrashLoopBackOff') return undefined;
  if (isInit && !isSidecar && Number(now.exitCode) === 0) return undefined;
  const restarts = Number(status.restartCount ?? 0);
  const age = ageOf(state, textAt(ended, 'finishedAt'));
  const isDown =
    waiting === 'CrashLoopBackOff' || (now.exitCode !== undefined && (Number(now.exitCode) !== 0 || waiting !== ''));
  // One that has just been started again may well be on its way up, and one that now runs longer than it ever did is up;
  // one that falls over and over is not.
  const ran = ageOf(state, textAt(ended, 'startedAt')) - age;
  const isUp = status.ready === true && age > Math.max(120, 2 * ran);
  const isFalling = isDown || (restarts >= 3 && age < 1800 && !isUp);
  const isKilledForMemory =
    textAt(ended, 'reason') === 'OOMKilled' ||
    events.some((event) => isLate(state, event) && /OOM-?killed|memory limit too low/i.test(event.message));
  if (isKilledForMemory && (isDown || age < 3600))
    return memoryFinding(patient, container, isFalling ? 'error' : 'warning');
  if (!isFalling) return undefined;
  const probe = events.findLast(
    (event) =>
      /^(Liveness|Startup) probe failed/.test(event.message) && isLate(state, event) && isAbout(event, container),
  );
  const isKilled =
    events.some(
      (event) =>
        event.reason === 'Killing' &&
        /failed (liveness|startup) probe/.test(event.message) &&
        isAbout(event, container),
    ) || [137, 143, 0].includes(Number(ended.exitCode));
  if (probe !== undefined && isKilled) return probeFinding(patient, container, probe);
  const finding = crashFinding(patient, container);
  return isDown ? finding : { ...finding, severity: isReady(pod) ? 'warning' : 'error' };
}

function isLate(state: LiveState, event: LiveEvent): boolean {
  return ageOf(state, event.time) < RECENT;
}

function isAbout(event: LiveEvent, container: Container): boolean {
  return event.container === undefined || event.container === container.name;
}

function memoryFinding(
  { name }: Patient,
  { name: container, spec, status }: Container,
  severity: 'error' | 'warning',
): LiveFinding {
  const limit = textAt(spec, 'resources', 'limits', 'memory');
  const count = Number(status.restartCount ?? 0);
  return tell(
    'oom-killed',
    `pod/${name}`,
    [
      limit === undefined
        ? `« ${container} » a été tué faute de mémoire sur le nœud.`
        : `« ${container} » a pris plus que sa limite de mémoire (${limit}) : le nœud l’a tué.`,
      `« kubectl describe pod » montre « Reason: OOMKilled, Exit Code: 137 » ; ${count} redémarrage${count > 1 ? 's' : ''}.`,
      'Cherchez ce qui prend la mémoire (serveur de développement, trop de processus), mesurez, puis montez resources.limits.memory.',
    ],
    [
      limit === undefined
        ? `"${container}" was killed for want of memory on the node.`
        : `"${container}" took more than its memory limit (${limit}): the node killed it.`,
      `"kubectl describe pod" shows "Reason: OOMKilled, Exit Code: 137"; ${count} restart${count === 1 ? '' : 's'}.`,
      'Look for what takes the memory (a development server, too many processes), measure, then raise resources.limits.memory.',
    ],
    `kubectl describe pod ${name}`,
    { severity },
  );
}

/** How a probe fails, and what that says of it. */
function probeWords(message: string): { fr: string; en: string } {
  if (/connection refused|connect: refused/.test(message))
    return {
      fr: 'Personne n’écoute sur le port de la sonde : mettez celui du serveur (ses journaux le disent), et qu’il écoute sur 0.0.0.0.',
      en: 'Nobody listens on the probe’s port: put the server’s (its logs tell it), and let it listen on 0.0.0.0.',
    };
  if (/statuscode: 404/.test(message))
    return {
      fr: 'Le chemin de la sonde n’existe pas dans l’application : mettez-en un qui existe (httpGet.path).',
      en: 'The path of the probe does not exist in the application: put one that does (httpGet.path).',
    };
  if (/statuscode: (401|403)/.test(message))
    return {
      fr: 'Le chemin de la sonde demande une connexion : mettez-en un qui est ouvert à tous.',
      en: 'The path of the probe asks for a login: put one that is open to all.',
    };
  if (/statuscode: 400/.test(message))
    return {
      fr: 'L’application refuse l’hôte de la sonde : ajoutez-le (Django : ALLOWED_HOSTS), ou donnez l’en-tête Host dans httpGet.httpHeaders.',
      en: 'The application refuses the probe’s host: add it (Django: ALLOWED_HOSTS), or give the header Host in httpGet.httpHeaders.',
    };
  if (/statuscode: 5\d\d/.test(message))
    return {
      fr: 'L’application répond par une erreur à la sonde : ses journaux disent laquelle (souvent la base de données).',
      en: 'The application answers the probe with an error: its logs tell which (often the database).',
    };
  if (/deadline exceeded|timed? ?out|Client\.Timeout/i.test(message))
    return {
      fr: 'La réponse n’arrive pas à temps : montez timeoutSeconds, ou donnez plus de processeur.',
      en: 'The answer does not come in time: raise timeoutSeconds, or give more processor.',
    };
  if (/HTTP response to HTTPS|malformed HTTP|first record does not look like/.test(message))
    return {
      fr: 'La sonde et le serveur ne parlent pas le même protocole : vérifiez httpGet.scheme.',
      en: 'The probe and the server do not speak the same protocol: check httpGet.scheme.',
    };
  if (/not found|no such file/.test(message))
    return {
      fr: 'La commande de la sonde n’est pas dans l’image : prenez httpGet ou tcpSocket.',
      en: 'The command of the probe is not in the image: take httpGet or tcpSocket.',
    };
  return {
    fr: 'Vérifiez le port et le chemin de la sonde, et ce dont l’application a besoin pour répondre.',
    en: 'Check the port and path of the probe, and what the application needs to answer.',
  };
}

function probeFinding(patient: Patient, container: Container, probe: LiveEvent): LiveFinding {
  const { name } = patient;
  const isStartup = probe.message.startsWith('Startup');
  const words = probeWords(probe.message);
  const spec = container.spec;
  const cause = causeIn(patient, container);
  if (cause && !/^connection-timeout$/.test(cause.id)) return crashFinding(patient, container);
  // A server that did listen at the end of a start that is slow.
  const isSlow = spec.startupProbe === undefined && /refused/.test(probe.message);
  return tell(
    'probe-restart',
    `pod/${name}`,
    [
      `La sonde ${isStartup ? 'startupProbe' : 'livenessProbe'} de « ${container.name} » échoue : Kubernetes le redémarre sans cesse.`,
      `« ${short(probe.message)} ».`,
      isStartup
        ? `${words.fr} S’il démarre lentement : montez failureThreshold.`
        : `${words.fr}${isSlow ? ' S’il démarre lentement : ajoutez une startupProbe.' : ''}`,
    ],
    [
      `The ${isStartup ? 'startupProbe' : 'livenessProbe'} of "${container.name}" fails: Kubernetes restarts it again and again.`,
      `"${short(probe.message)}".`,
      isStartup
        ? `${words.en} If it starts slowly: raise failureThreshold.`
        : `${words.en}${isSlow ? ' If it starts slowly: add a startupProbe.' : ''}`,
    ],
    `kubectl logs ${name} -c ${container.name} --previous`,
  );
}

function endedOf({ status }: Container): JsonObject {
  const now = objectAt(status, 'state', 'terminated');
  return now.exitCode === undefined ? objectAt(status, 'lastState', 'terminated') : now;
}

function causeIn({ state, pod, name, events }: Patient, container: Container) {
  const waiting = objectAt(container.status, 'state', 'waiting');
  const isStarted = !/^(RunContainerError|CreateContainerError|StartError|ContainerCannotRun)$/.test(
    `${textAt(waiting, 'reason') ?? ''}${textAt(endedOf(container), 'reason') ?? ''}`.replace(/CrashLoopBackOff/, ''),
  );
  // What the runtime says counts when it could not start the program; else the program's own words.
  const runtime = [
    textAt(waiting, 'message') ?? '',
    textAt(endedOf(container), 'message') ?? '',
    ...events.filter((event) => event.reason === 'Failed' && isAbout(event, container)).map((event) => event.message),
  ].join('\n');
  const log = state.logs[`${name}/${container.name}`] ?? '';
  return causeOf(
    state,
    pod,
    container.name,
    container.spec,
    isStarted ? `${textAt(endedOf(container), 'message') ?? ''}\n${log}` : runtime,
  );
}

/** What an exit code says where the logs do not. */
function codeWords(code: number): { fr: string; en: string } {
  switch (code) {
    case 126:
      return {
        fr: 'Code 126 : la commande est là, mais ne peut pas s’exécuter (chmod +x).',
        en: 'Code 126: the command is there but cannot be run (chmod +x).',
      };
    case 127:
      return { fr: 'Code 127 : la commande n’est pas dans l’image.', en: 'Code 127: the command is not in the image.' };
    case 132:
      return {
        fr: 'Code 132 : le programme est fait pour un autre processeur (SIGILL).',
        en: 'Code 132: the program is made for another processor (SIGILL).',
      };
    case 137:
      return {
        fr: 'Code 137 : tué (SIGKILL), par manque de mémoire ou par une sonde.',
        en: 'Code 137: killed (SIGKILL), for want of memory or by a probe.',
      };
    case 139:
      return {
        fr: 'Code 139 : erreur de mémoire du programme lui-même (SIGSEGV), souvent un module compilé pour une autre base d’image.',
        en: 'Code 139: the program’s own memory fault (SIGSEGV), often a module compiled for another base image.',
      };
    case 143:
      return {
        fr: 'Code 143 : on lui a demandé de s’arrêter (SIGTERM).',
        en: 'Code 143: it was asked to stop (SIGTERM).',
      };
    default:
      return {
        fr: 'Lisez ces lignes de bas en haut : elles nomment ce qui manque (module, variable, base de données).',
        en: 'Read these lines from the bottom up: they name what is missing (a module, a variable, the database).',
      };
  }
}

function crashFinding(patient: Patient, container: Container): LiveFinding {
  const { state, name, owner } = patient;
  const ended = endedOf(container);
  const waiting = objectAt(container.status, 'state', 'waiting');
  const isInit = container.isInit && !container.isSidecar;
  const log = state.logs[`${name}/${container.name}`];
  const tail = lastLines(log ?? '');
  const logs = `kubectl logs ${name} -c ${container.name}${Number(container.status.restartCount ?? 0) > 0 ? ' --previous' : ''}`;
  const code = written(ended.exitCode ?? '?');
  const object = `pod/${name}`;
  const who = {
    fr: `${isInit ? 'L’initContainer ' : ''}« ${container.name} » (${owner.name})`,
    en: `${isInit ? 'The init container ' : ''}"${container.name}" (${owner.name})`,
  };
  const cause = causeIn(patient, container);
  const runtime =
    [textAt(waiting, 'message') ?? '', textAt(ended, 'message') ?? ''].find(
      (text) => text !== '' && !text.startsWith('back-off'),
    ) ?? '';
  if (cause) {
    const isWaiting = /ready now|exists now/.test(cause.en[0]);
    return tell(
      idOf(cause.id),
      object,
      [
        cause.fr[0],
        `${who.fr} s’arrête${code === '?' ? '' : ` (code ${code})`} : « ${short(cause.line, 200)} »`,
        cause.fr[1],
      ],
      [cause.en[0], `${who.en} ends${code === '?' ? '' : ` (code ${code})`}: "${short(cause.line, 200)}"`, cause.en[1]],
      /^(exec-format|start-command)$/.test(cause.id) ? `kubectl describe pod ${name}` : logs,
      {
        ...(cause.waitsFor === undefined ? {} : { waitsFor: cause.waitsFor }),
        ...(cause.about === undefined ? {} : { explains: [cause.about] }),
        ...(isWaiting ? { severity: 'warning' as const } : {}),
      },
    );
  }
  if (
    /^(RunContainerError|CreateContainerError|StartError|ContainerCannotRun)$/.test(textAt(waiting, 'reason') ?? '') ||
    textAt(ended, 'reason') === 'StartError'
  ) {
    const isMount = /error mounting|not a directory|failed to prepare subPath|subpath/i.test(runtime);
    const isWorkdir = /chdir to cwd/.test(runtime);
    return tell(
      'start-refused',
      object,
      [
        `${who.fr} ne peut pas être lancé.`,
        `« ${short(runtimeWords(runtime))} ».`,
        isMount
          ? 'Le volume et son point de montage ne vont pas ensemble : un fichier se monte avec subPath et mountPath du fichier.'
          : isWorkdir
            ? 'Vérifiez workingDir (WORKDIR), et le droit d’y entrer.'
            : /no command specified/.test(runtime)
              ? 'L’image n’a pas de CMD : écrivez command:.'
              : 'Vérifiez command, args, workingDir et les volumes.',
      ],
      [
        `${who.en} cannot be run.`,
        `"${short(runtimeWords(runtime))}".`,
        isMount
          ? 'The volume and its mount point do not go together: a file is mounted with subPath and the mountPath of the file.'
          : isWorkdir
            ? 'Check workingDir (WORKDIR), and the right to enter it.'
            : /no command specified/.test(runtime)
              ? 'The image has no CMD: write command:.'
              : 'Check command, args, workingDir and the volumes.',
      ],
      `kubectl describe pod ${name}`,
    );
  }
  const shown = tail.join('\n      ');
  if (code === '0' && !isInit)
    return tell(
      'ends-at-once',
      object,
      [
        `Le programme de « ${container.name} » se termine tout de suite, sans erreur : il n’y a plus rien à faire tourner.`,
        `Le pod passe de Completed à CrashLoopBackOff${shown === '' ? ', ses journaux sont vides.' : `. Dernières lignes :\n      ${shown}`}`,
        owner.kind === 'Deployment'
          ? 'La commande doit lancer un serveur qui reste (uvicorn, node server.js…) ; une tâche qui finit est un Job.'
          : 'La commande doit lancer un serveur qui reste : uvicorn, gunicorn, node server.js…',
      ],
      [
        `The program of "${container.name}" ends at once, without error: there is nothing left to run.`,
        `The pod goes from Completed to CrashLoopBackOff${shown === '' ? ', its logs are empty.' : `. Last lines:\n      ${shown}`}`,
        owner.kind === 'Deployment'
          ? 'The command must run a server that stays (uvicorn, node server.js…); a task that ends is a Job.'
          : 'The command must run a server that stays: uvicorn, gunicorn, node server.js…',
      ],
      logs,
    );
  const words = codeWords(Number(code));
  return tell(
    'crash',
    object,
    [
      `${who.fr} démarre puis s’arrête en erreur (code ${code}).`,
      shown === ''
        ? log === undefined
          ? 'Ses journaux disent pourquoi.'
          : 'Ses journaux sont vides.'
        : `Ses dernières lignes :\n      ${shown}`,
      words.fr,
    ],
    [
      `${who.en} starts, then stops with an error (code ${code}).`,
      shown === ''
        ? log === undefined
          ? 'Its logs tell why.'
          : 'Its logs are empty.'
        : `Its last lines:\n      ${shown}`,
      words.en,
    ],
    logs,
  );
}

/** What the runtime complains of, without the way down to it. */
function runtimeWords(runtime: string): string {
  const mount = /to rootfs at "([^"]+)".*?: ([^:]+?)(?:: unknown)?(?:: Are you trying|$)/s.exec(runtime);
  return mount
    ? `${mount[1] ?? ''}: ${mount[2] ?? ''}`
    : runtime.replace(/^.*(?=error mounting|chdir to cwd|exec: )/s, '');
}

/** Programs that end in error share the word `crash`; what has a name of its own keeps it. */
function idOf(cause: string): string {
  return /^(exec-format|start-command|network-policy)$/.test(cause) ? cause : `crash-${cause}`;
}

/** A Secret, a ConfigMap or one of their keys that is not there, or a user that is not allowed. */
function configFinding({ state, name, owner, pod }: Patient, container: Container): LiveFinding | undefined {
  const message = (textAt(container.status, 'state', 'waiting', 'message') ?? '').replace(/ \(pod: .*\)$/, '');
  const object = `pod/${name}`;
  const missing = /(secret|configmap) "([^"]+)" not found/.exec(message);
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (?:[^\s/]+\/)?(\S+)/i.exec(message);
  if (/runAsNonRoot/.test(message)) {
    const isNamed = /non-numeric user/.test(message);
    return tell(
      'root-refused',
      object,
      [
        isNamed
          ? `L’image de « ${container.name} » nomme son utilisateur : Kubernetes ne peut pas vérifier qu’il n’est pas root.`
          : `L’image de « ${container.name} » tourne en root, et runAsNonRoot: true l’interdit.`,
        `Le pod reste en CreateContainerConfigError : « ${short(message, 160)} ».`,
        isNamed
          ? 'Écrivez son numéro : securityContext.runAsUser: 1000 (ou USER 1000 dans le Dockerfile).'
          : 'Écrivez USER 1000 dans le Dockerfile, ou securityContext.runAsUser: 1000 si l’image le supporte.',
      ],
      [
        isNamed
          ? `The image of "${container.name}" names its user: Kubernetes cannot check that it is not root.`
          : `The image of "${container.name}" runs as root, and runAsNonRoot: true forbids it.`,
        `The pod stays in CreateContainerConfigError: "${short(message, 160)}".`,
        isNamed
          ? 'Write its number: securityContext.runAsUser: 1000 (or USER 1000 in the Dockerfile).'
          : 'Write USER 1000 in the Dockerfile, or securityContext.runAsUser: 1000 if the image bears it.',
      ],
      `kubectl get pod ${name} -o jsonpath='{.spec.securityContext}'`,
    );
  }
  if (missing) {
    const kind = missing[1] === 'secret' ? 'Secret' : 'ConfigMap';
    // It has come since: the node asks again within a minute.
    if (exists(state, kind, missing[2] ?? '') && ageOf(state, created(pod)) < 300) return undefined;
    return missingFinding(state, owner, object, kind, missing[2] ?? '', 'CreateContainerConfigError', message);
  }
  if (key)
    return keyFinding(
      state,
      owner,
      object,
      key[1] ?? '',
      key[2] === 'Secret' || key[2] === 'secret' ? 'Secret' : 'ConfigMap',
      key[3] ?? '',
    );
  if (/timed out waiting for the condition/.test(message) && ageOf(state, created(pod)) < 120) return undefined;
  return tell(
    'config-missing',
    object,
    [
      `La configuration de « ${container.name} » ne peut pas être lue.`,
      `Le pod reste en CreateContainerConfigError : « ${short(message)} ».`,
      'Corrigez dans le Deployment ce que le message nomme.',
    ],
    [
      `The configuration of "${container.name}" cannot be read.`,
      `The pod stays in CreateContainerConfigError: "${short(message)}".`,
      'Mend in the Deployment what the message names.',
    ],
    `kubectl describe pod ${name}`,
  );
}

function exists(state: LiveState, kind: 'Secret' | 'ConfigMap', name: string): boolean {
  return kind === 'ConfigMap'
    ? ofKind(state.objects, kind).some((each) => nameOf(each) === name)
    : state.secrets?.[name] !== undefined;
}

function namesOf(state: LiveState, kind: 'Secret' | 'ConfigMap'): string[] {
  const names = kind === 'ConfigMap' ? ofKind(state.objects, kind).map(nameOf) : Object.keys(state.secrets ?? {});
  return names.filter((name) => !/^(kube-root-ca\.crt|sh\.helm\.release.*|default-token-.*)$/.test(name));
}

function missingFinding(
  state: LiveState,
  owner: Owner,
  object: string,
  kind: 'Secret' | 'ConfigMap',
  name: string,
  stage: string,
  message: string,
): LiveFinding {
  const names = namesOf(state, kind).slice(0, 5);
  const there = {
    fr: names.length === 0 ? '' : ` Il y a : ${names.join(', ')}.`,
    en: names.length === 0 ? '' : ` There is: ${names.join(', ')}.`,
  };
  return tell(
    'config-missing',
    object,
    [
      `« ${owner.name} » demande le ${kind} « ${name} », qui n’existe pas dans ${state.namespace}.`,
      `Le pod reste en ${stage} : « ${short(message, 160)} ».`,
      `Appliquez le fichier qui le définit, créez-le, ou corrigez le nom dans le ${owner.kind}.${there.fr}`,
    ],
    [
      `"${owner.name}" asks for the ${kind} "${name}", which does not exist in ${state.namespace}.`,
      `The pod stays in ${stage}: "${short(message, 160)}".`,
      `Apply the file that defines it, make it, or mend the name in the ${owner.kind}.${there.en}`,
    ],
    `kubectl get ${kind.toLowerCase()}s`,
    { explains: [`${kind}/${name}`] },
  );
}

function keyFinding(
  state: LiveState,
  owner: Owner,
  object: string,
  key: string,
  kind: 'Secret' | 'ConfigMap',
  name: string,
): LiveFinding {
  const map = ofKind(state.objects, 'ConfigMap').find((each) => nameOf(each) === name);
  const keys = kind === 'Secret' ? (state.secrets?.[name]?.keys ?? []) : Object.keys(objectAt(map, 'data'));
  return tell(
    'config-missing',
    object,
    [
      `« ${owner.name} » demande la clé « ${key} », que le ${kind} « ${name} » n’a pas.`,
      `Le pod reste en CreateContainerConfigError.${keys.length === 0 ? '' : ` Ses clés : ${keys.slice(0, 8).join(', ')}.`}`,
      `Corrigez la clé dans le ${owner.kind}, ou ajoutez-la au ${kind}.`,
    ],
    [
      `"${owner.name}" asks for the key "${key}", which the ${kind} "${name}" does not have.`,
      `The pod stays in CreateContainerConfigError.${keys.length === 0 ? '' : ` Its keys: ${keys.slice(0, 8).join(', ')}.`}`,
      `Mend the key in the ${owner.kind}, or add it to the ${kind}.`,
    ],
    `kubectl describe ${kind.toLowerCase()} ${name}`,
    { explains: [`${kind}/${name}#${key}`] },
  );
}

function imageFinding(patient: Patient, container: Container, waiting: string): LiveFinding {
  const { state, name, owner, pod, events } = patient;
  const image = textAt(container.spec, 'image') ?? '';
  const message = textAt(container.status, 'state', 'waiting', 'message') ?? '';
  const told = events.filter((event) => event.message.includes(image)).map((event) => event.message);
  // "Back-off pulling" repeats nothing on older clusters: the event before it does.
  const words = /rpc error|failed to|not found|denied/i.test(message)
    ? message
    : (told.findLast((line) => /failed to pull|Failed to pull/.test(line)) ?? message);
  const edit =
    owner.kind === 'Pod' ? `kubectl describe pod ${name}` : `kubectl edit ${owner.kind.toLowerCase()} ${owner.name}`;
  const describe = `kubectl describe pod ${name}`;
  const object = `pod/${name}`;
  const about = { explains: [`image/${image}`] };
  const shown = short(
    words.replace(
      /^.*?(?=failed to (?:pull|resolve|authorize|do request|fetch|copy)|no match for|toomanyrequests|pull access denied)/s,
      '',
    ),
    200,
  );
  if (waiting === 'ErrImageNeverPull')
    return tell(
      'image-never-pull',
      object,
      [
        `« ${image} » n’est pas sur le nœud, et imagePullPolicy: Never interdit d’aller la chercher.`,
        'Le pod reste en ErrImageNeverPull.',
        'Écrivez imagePullPolicy: Always dans le Deployment, et poussez l’image sur Docker Hub.',
      ],
      [
        `"${image}" is not on the node, and imagePullPolicy: Never forbids to fetch it.`,
        'The pod stays in ErrImageNeverPull.',
        'Write imagePullPolicy: Always in the Deployment, and push the image to Docker Hub.',
      ],
      edit,
      about,
    );
  if (waiting === 'InvalidImageName')
    return tell(
      'image-name',
      object,
      [
        `« ${image} » n’est pas un nom d’image.`,
        'Le pod reste en InvalidImageName : « invalid reference format ».',
        'Écrivez compte/nom:étiquette, en minuscules, sans https:// ni espace, ni variable non remplacée.',
      ],
      [
        `"${image}" is no image name.`,
        'The pod stays in InvalidImageName: "invalid reference format".',
        'Write account/name:tag, in lower case, without https:// or spaces, nor a variable left as it is.',
      ],
      edit,
      about,
    );
  if (/no match for platform|exec format|does not match the specified platform|no matching manifest/.test(words))
    return tell(
      'image-architecture',
      object,
      [
        `« ${image} » n’existe pas pour le processeur du nœud (amd64).`,
        '« no match for platform in manifest ».',
        'Construisez-la pour amd64 : docker build --platform linux/amd64 …',
      ],
      [
        `"${image}" does not exist for the node’s processor (amd64).`,
        '"no match for platform in manifest".',
        'Build it for amd64: docker build --platform linux/amd64 …',
      ],
      describe,
      about,
    );
  if (/toomanyrequests|rate limit|429 Too Many/i.test(words))
    return tell(
      'image-limit',
      object,
      [
        'Docker Hub refuse de donner l’image pour l’instant : trop de demandes sans compte.',
        '« toomanyrequests: You have reached your unauthenticated pull rate limit ».',
        'Attendez une heure, ou donnez un compte (imagePullSecrets).',
      ],
      [
        'Docker Hub refuses to give the image for now: too many requests without an account.',
        '"toomanyrequests: You have reached your unauthenticated pull rate limit".',
        'Wait an hour, or give an account (imagePullSecrets).',
      ],
      describe,
      about,
    );
  if (
    /no such host|dial tcp|i\/o timeout|x509|HTTP response to HTTPS|TLS handshake|connection refused|network is unreachable|5\d\d (Internal|Bad Gateway|Service)/i.test(
      words,
    )
  ) {
    const host = /lookup ([\w.-]+)|https?:\/\/([^/"\s]+)/.exec(words);
    const registry = host?.[1] ?? host?.[2] ?? image.split('/')[0] ?? '';
    const isUnknown = /no such host/.test(words);
    return tell(
      'image-registry',
      object,
      [
        isUnknown
          ? `Le registre « ${registry} » de l’image « ${image} » n’existe pas.`
          : `Le registre « ${registry} » ne donne pas l’image « ${image} » : il ne répond pas au nœud.`,
        `« ${shown} ».`,
        isUnknown
          ? 'Corrigez le nom du registre, au début du nom de l’image.'
          : 'Vérifiez le nom du registre et qu’il parle HTTPS avec un certificat connu ; sinon, attendez et regardez encore.',
      ],
      [
        isUnknown
          ? `The registry "${registry}" of the image "${image}" does not exist.`
          : `The registry "${registry}" does not give the image "${image}": it does not answer the node.`,
        `"${shown}".`,
        isUnknown
          ? 'Mend the name of the registry, at the beginning of the image’s name.'
          : 'Check the registry’s name and that it speaks HTTPS with a known certificate; else wait and look again.',
      ],
      describe,
      about,
    );
  }
  const isDenied = /denied|unauthorized|authorization failed|insufficient_scope|\b40[13]\b/i.test(words);
  const secrets = objectsAt(pod, 'spec', 'imagePullSecrets').map((each) => textAt(each, 'name') ?? '');
  const absent =
    state.secrets === undefined ? undefined : secrets.find((secret) => state.secrets?.[secret] === undefined);
  if (absent !== undefined && isDenied)
    return tell(
      'image-pull-secret',
      object,
      [
        `Le Secret « ${absent} », qui donne le compte du registre pour « ${image} », n’existe pas dans ${state.namespace}.`,
        `« ${shown} ».`,
        `Créez-le : kubectl create secret docker-registry ${absent} … (ou corrigez imagePullSecrets).`,
      ],
      [
        `The Secret "${absent}", which gives the registry’s account for "${image}", does not exist in ${state.namespace}.`,
        `"${shown}".`,
        `Make it: kubectl create secret docker-registry ${absent} … (or mend imagePullSecrets).`,
      ],
      'kubectl get secrets',
      about,
    );
  return tell(
    'image-not-found',
    object,
    [
      isDenied
        ? `L’image « ${image} » est introuvable, ou privée${secrets.length > 0 ? ' (le compte d’imagePullSecrets n’y a pas droit)' : ''}.`
        : `L’image « ${image} » est introuvable : ce nom ou cette étiquette n’est pas sur le registre.`,
      `Le pod reste en ${waiting} : « ${shown} ».`,
      `Comparez, lettre à lettre, avec le nom et l’étiquette poussés sur le registre${isDenied ? ' ; rendez-la publique si elle est privée' : ' (la construction a-t-elle réussi ?)'}.`,
    ],
    [
      isDenied
        ? `The image "${image}" is not to be found, or private${secrets.length > 0 ? ' (the account of imagePullSecrets has no right to it)' : ''}.`
        : `The image "${image}" is not to be found: this name or tag is not on the registry.`,
      `The pod stays in ${waiting}: "${shown}".`,
      `Compare, letter by letter, with the name and tag pushed to the registry${isDenied ? '; make it public if it is private' : ' (did the build succeed?)'}.`,
    ],
    edit,
    about,
  );
}

function unscheduledFinding({ state, pod, name, owner, events }: Patient): LiveFinding | undefined {
  const scheduled = condition(pod, 'PodScheduled');
  if (
    textAt(pod, 'status', 'phase') !== 'Pending' ||
    scheduled?.status !== 'False' ||
    scheduled.reason === 'SchedulingGated'
  )
    return undefined;
  // A cluster that grows makes room within minutes.
  if (
    events.some(
      (event) => event.reason === 'TriggeredScaleUp' && ageOf(state, event.time) < RECENT && state.now !== undefined,
    )
  )
    return undefined;
  // What the scheduler tried besides says nothing more.
  const words = (textAt(scheduled, 'message') ?? '').replace(
    /(\.? no new claims to deallocate,)? preemption: .*$/s,
    '',
  );
  const describe = `kubectl describe pod ${name}`;
  const object = `pod/${name}`;
  const stays = {
    fr: `Le pod reste en Pending : « ${short(words)} ».`,
    en: `The pod stays in Pending: "${short(words)}".`,
  };
  const claim = /persistentvolumeclaim "([^"]+)" not found/.exec(words)?.[1];
  if (claim !== undefined)
    return tell(
      'volume-missing',
      object,
      [
        `« ${owner.name} » attend le volume « ${claim} », qui n’existe pas.`,
        stays.fr,
        'Appliquez le fichier du PersistentVolumeClaim, ou corrigez claimName.',
      ],
      [
        `"${owner.name}" waits for the volume "${claim}", which does not exist.`,
        stays.en,
        'Apply the file of the PersistentVolumeClaim, or mend claimName.',
      ],
      'kubectl get pvc',
    );
  if (/unbound immediate PersistentVolumeClaims|being deleted|bound to non-existent persistentvolume/.test(words))
    return tell(
      'volume-pending',
      object,
      [
        `Le volume de « ${owner.name} » n’est pas prêt.`,
        `« ${short(words)} ».`,
        'Regardez pourquoi : classe de stockage inconnue, ou quota.',
      ],
      [
        `The volume of "${owner.name}" is not ready.`,
        `"${short(words)}".`,
        'See why: an unknown storage class, or the quota.',
      ],
      'kubectl describe pvc',
      {
        explains: objectsAt(pod, 'spec', 'volumes').map(
          (each) => `claim-of/${textAt(each, 'persistentVolumeClaim', 'claimName') ?? ''}`,
        ),
      },
    );
  const what = /insufficient ([\w./-]+)/i.exec(words)?.[1]?.replace(/[.,]$/, '');
  const selector = Object.entries(objectAt(pod, 'spec', 'nodeSelector')).map(
    ([key, value]) => `${key}=${written(value)}`,
  );
  const taints = [...words.matchAll(/untolerated taint \{([^}]*)\}/g)].map((match) =>
    (match[1] ?? '').trim().replace(/:\s*$/, ''),
  );
  const requests = containersOf(pod)
    .map(({ spec }) => textAt(spec, 'resources', 'requests', what ?? ''))
    .filter((each) => each !== undefined);
  const wrong: [fr: string, en: string, fixFr: string, fixEn: string] =
    what === 'cpu' || what === 'memory' || what === 'ephemeral-storage'
      ? [
          `Aucun nœud n’a assez de ${{ cpu: 'processeur', memory: 'mémoire', 'ephemeral-storage': 'disque' }[what]} pour « ${owner.name} »${requests.length > 0 ? ` (il demande ${requests.join(' + ')})` : ''}.`,
          `No node has enough ${{ cpu: 'processor', memory: 'memory', 'ephemeral-storage': 'disk' }[what]} for "${owner.name}"${requests.length > 0 ? ` (it asks for ${requests.join(' + ')})` : ''}.`,
          `Baissez resources.requests.${what} (une API se contente de cpu: 100m, memory: 128Mi).`,
          `Lower resources.requests.${what} (an API is content with cpu: 100m, memory: 128Mi).`,
        ]
      : what !== undefined
        ? [
            `Aucun nœud libre n’a « ${what} » pour « ${owner.name} ».`,
            `No free node has "${what}" for "${owner.name}".`,
            `Retirez ${what} de resources, ou attendez qu’un nœud se libère.`,
            `Take ${what} out of resources, or wait until a node is free.`,
          ]
        : /node affinity\/selector|didn't match node selector/.test(words)
          ? [
              selector.length > 0
                ? `Aucun nœud ne porte l’étiquette « ${selector.join(', ')} » que « ${owner.name} » demande.`
                : `Aucun nœud n’a ce que demande nodeAffinity de « ${owner.name} ».`,
              selector.length > 0
                ? `No node carries the label "${selector.join(', ')}" that "${owner.name}" asks for.`
                : `No node has what nodeAffinity of "${owner.name}" asks for.`,
              'Retirez nodeSelector (ou affinity), ou corrigez l’étiquette : kubectl get nodes --show-labels.',
              'Take out nodeSelector (or affinity), or mend the label: kubectl get nodes --show-labels.',
            ]
          : /volume node affinity conflict/.test(words)
            ? [
                `Le volume de « ${owner.name} » est sur un nœud où le pod ne peut pas aller.`,
                `The volume of "${owner.name}" is on a node where the pod cannot go.`,
                'Libérez ce nœud, retirez nodeSelector, ou repartez d’un volume neuf.',
                'Free that node, take out nodeSelector, or start from a new volume.',
              ]
            : /anti-affinity|topology spread/.test(words)
              ? [
                  `Il n’y a pas assez de nœuds pour écarter les pods de « ${owner.name} » (anti-affinité).`,
                  `There are not enough nodes to keep the pods of "${owner.name}" apart (anti-affinity).`,
                  'Prenez preferredDuringScheduling… au lieu de required…, ou moins de replicas.',
                  'Take preferredDuringScheduling… instead of required…, or fewer replicas.',
                ]
              : /didn't have free ports/.test(words)
                ? [
                    `Le port du nœud (hostPort) que demande « ${owner.name} » est pris.`,
                    `The node’s port (hostPort) that "${owner.name}" asks for is taken.`,
                    'Retirez hostPort : un Service et un Ingress suffisent.',
                    'Take out hostPort: a Service and an Ingress are enough.',
                  ]
                : taints.length > 0
                  ? [
                      `Les nœuds sont réservés (taint « ${[...new Set(taints)].join(', ')} ») : aucun n’accepte le pod de « ${owner.name} ».`,
                      `The nodes are reserved (taint "${[...new Set(taints)].join(', ')}"): none accepts the pod of "${owner.name}".`,
                      'Si vous y avez droit, ajoutez une toleration ; sinon prévenez ceux qui tiennent le cluster.',
                      'If you may, add a toleration; else tell those who run the cluster.',
                    ]
                  : [
                      `Aucun nœud n’accepte le pod de « ${owner.name} ».`,
                      `No node accepts the pod of "${owner.name}".`,
                      'Vérifiez nodeSelector, affinity et tolerations.',
                      'Check nodeSelector, affinity and tolerations.',
                    ];
  return tell('unschedulable', object, [wrong[0], stays.fr, wrong[2]], [wrong[1], stays.en, wrong[3]], describe);
}

/** A pod that has its node and whose volumes or network do not come. */
function creatingFinding({ state, pod, name, owner, events }: Patient): LiveFinding | undefined {
  if (textAt(pod, 'status', 'phase') !== 'Pending' || condition(pod, 'PodScheduled')?.status === 'False')
    return undefined;
  const object = `pod/${name}`;
  const describe = `kubectl describe pod ${name}`;
  const started = events.findLast(
    (event) => event.reason === 'Started' || event.reason === 'SuccessfulAttachVolume' || event.reason === 'Pulled',
  );
  const trouble = events.findLast((event) =>
    /^(FailedMount|FailedAttachVolume|FailedMapVolume|FailedCreatePodSandBox|FailedCreatePodContainer)$/.test(
      event.reason,
    ),
  );
  const isSettled = trouble !== undefined && started !== undefined && started.time > trouble.time;
  const age = ageOf(state, created(pod));
  const isCreating =
    containersOf(pod).some(({ status }) =>
      /^(ContainerCreating|PodInitializing)$/.test(textAt(status, 'state', 'waiting', 'reason') ?? ''),
    ) || containersOf(pod).every(({ status }) => status.state === undefined);
  if (!isCreating || containersOf(pod).some(({ status }) => objectAt(status, 'state').running !== undefined))
    return undefined;
  if (trouble === undefined || isSettled) {
    const isPulling = events.at(-1)?.reason === 'Pulling';
    if (age < (isPulling ? 900 : RECENT)) return undefined;
    return tell(
      'creating',
      object,
      [
        `Le pod de « ${owner.name} » est en création depuis ${Math.round(age / 60)} minutes.`,
        isPulling
          ? 'L’image n’a pas fini d’arriver.'
          : 'Le pod reste en ContainerCreating, et aucun événement ne dit pourquoi.',
        isPulling
          ? 'L’image est très grosse, ou le registre très lent : attendez, ou allégez-la.'
          : 'Regardez ses volumes ; supprimez le pod pour que l’essai recommence.',
      ],
      [
        `The pod of "${owner.name}" has been in the making for ${Math.round(age / 60)} minutes.`,
        isPulling ? 'The image has not arrived yet.' : 'The pod stays in ContainerCreating, and no event tells why.',
        isPulling
          ? 'The image is very big, or the registry very slow: wait, or make it smaller.'
          : 'Look at its volumes; delete the pod to have it tried again.',
      ],
      describe,
      { severity: 'warning' },
    );
  }
  const { message } = trouble;
  const missing = /(configmap|secret) "([^"]+)" not found/.exec(message);
  if (missing) {
    const kind = missing[1] === 'secret' ? 'Secret' : 'ConfigMap';
    if (exists(state, kind, missing[2] ?? '')) return undefined;
    const finding = missingFinding(state, owner, object, kind, missing[2] ?? '', 'ContainerCreating', message);
    return { ...finding, id: 'volume-mount' };
  }
  const key = /references non-existent (?:config|secret) key: (\S+)/.exec(message)?.[1];
  if (key !== undefined) {
    const volume = /volume "([^"]+)"/.exec(message)?.[1];
    const source = objectsAt(pod, 'spec', 'volumes').find((each) => each.name === volume);
    const secret = textAt(source, 'secret', 'secretName');
    return keyFinding(
      state,
      owner,
      object,
      key,
      secret === undefined ? 'ConfigMap' : 'Secret',
      secret ?? textAt(source, 'configMap', 'name') ?? '',
    );
  }
  // A volume on its way, or a cache not filled yet: tried again within a minute.
  const isAttached = /Multi-Attach|already (used|attached|exclusively)/i.test(message);
  if (!isAttached && state.now !== undefined && (age < 60 || ageOf(state, trouble.time) > 300)) return undefined;
  if (isAttached && state.now !== undefined && ageOf(state, trouble.time) > RECENT && age > RECENT * 2)
    return undefined;
  const other = /used by pod\(s\) (\S+)/.exec(message)?.[1];
  const isSandbox = trouble.reason === 'FailedCreatePodSandBox';
  return tell(
    'volume-mount',
    object,
    [
      isSandbox
        ? `Le nœud n’arrive pas à préparer le pod de « ${owner.name} » (son réseau).`
        : isAttached
          ? `Le volume de « ${owner.name} » est encore tenu par un autre pod${other === undefined ? '' : ` (${other})`}, sur un autre nœud.`
          : `Un volume de « ${owner.name} » ne se monte pas.`,
      `Le pod reste en ContainerCreating : « ${short(message)} ».`,
      isSandbox
        ? 'Supprimez le pod pour qu’il soit refait ; si cela dure, prévenez ceux qui tiennent le cluster.'
        : isAttached
          ? 'Ce volume ne sert qu’à un nœud à la fois : strategy: { type: Recreate } et replicas: 1.'
          : 'Regardez les volumes du pod.',
    ],
    [
      isSandbox
        ? `The node cannot prepare the pod of "${owner.name}" (its network).`
        : isAttached
          ? `The volume of "${owner.name}" is still held by another pod${other === undefined ? '' : ` (${other})`}, on another node.`
          : `A volume of "${owner.name}" cannot be mounted.`,
      `The pod stays in ContainerCreating: "${short(message)}".`,
      isSandbox
        ? 'Delete the pod to have it made anew; if that lasts, tell those who run the cluster.'
        : isAttached
          ? 'This volume serves one node at a time: strategy: { type: Recreate } and replicas: 1.'
          : 'Look at the volumes of the pod.',
    ],
    describe,
  );
}

/** An init container that waits for something that does not come. */
function initFinding({ state, pod, name, owner }: Patient): LiveFinding | undefined {
  const container = containersOf(pod).find(
    ({ isInit, isSidecar, status }) => isInit && !isSidecar && objectAt(status, 'state').running !== undefined,
  );
  if (!container) return undefined;
  const age = ageOf(state, textAt(container.status, 'state', 'running', 'startedAt'));
  const command = ['command', 'args'].flatMap((list) => listAt(container.spec, list).map(written)).join(' ');
  const log = state.logs[`${name}/${container.name}`] ?? '';
  const services = ofKind(state.objects, 'Service');
  // `until pg_isready -h db`, `nc -z db 5432`, `wait-for-it db:5432`, `nslookup db`
  const host =
    /(?:-h|--host)[ =]?([a-z][\w.-]*)|\bnc\b(?: -\w+)*(?: \d+)? ([a-z][\w.-]*) \d+|nslookup ([a-z][\w.-]*)|(?:\/\/|wait-for\S* |tcp:\/\/|\/dev\/tcp\/)([a-z][\w.-]*)[:/ ]\d+/.exec(
      command,
    );
  const target = host
    ?.slice(1)
    .find(Boolean)
    ?.replace(new RegExp(`\\.${state.namespace}(\\.svc.*)?$`), '');
  const service = services.find((each) => nameOf(each) === target);
  const isUnknown = target !== undefined && !target.includes('.') && !service;
  if (age < (isUnknown ? 20 : service ? 120 : RECENT)) return undefined;
  if (service && podsOf(state.objects, service).some(isReady) && age < RECENT) return undefined;
  const tail = lastLines(log, 2).join(' / ');
  return tell(
    'init-waits',
    `pod/${name}`,
    [
      isUnknown
        ? `L’initContainer « ${container.name} » de « ${owner.name} » attend « ${target} », et il n’y a pas de Service de ce nom.`
        : `L’initContainer « ${container.name} » de « ${owner.name} » n’a pas fini : il tourne depuis ${Math.round(age / 60)} minutes${target === undefined ? '' : ` (il attend « ${target} »)`}.`,
      tail === ''
        ? 'Le pod reste en Init:0/1, les autres conteneurs ne démarrent pas.'
        : `Le pod reste en Init : « ${short(tail, 160)} ».`,
      isUnknown
        ? `Mettez le nom d’un Service qui existe (${services.map(nameOf).join(', ') || 'aucun'}), ou appliquez celui-là.`
        : 'Regardez ce qu’il attend ; il doit finir pour que le reste démarre.',
    ],
    [
      isUnknown
        ? `The init container "${container.name}" of "${owner.name}" waits for "${target}", and there is no Service of that name.`
        : `The init container "${container.name}" of "${owner.name}" has not ended: it has run for ${Math.round(age / 60)} minutes${target === undefined ? '' : ` (it waits for "${target}")`}.`,
      tail === ''
        ? 'The pod stays in Init:0/1, the other containers do not start.'
        : `The pod stays in Init: "${short(tail, 160)}".`,
      isUnknown
        ? `Put the name of a Service that exists (${services.map(nameOf).join(', ') || 'none'}), or apply that one.`
        : 'See what it waits for; it must end for the rest to start.',
    ],
    `kubectl logs ${name} -c ${container.name}`,
    { severity: isUnknown || service ? 'error' : 'warning', ...(service ? { waitsFor: nameOf(service) } : {}) },
  );
}

/** A pod that runs and is not sent anything. */
function notReadyFinding(patient: Patient): LiveFinding | undefined {
  const { state, pod, name, owner, events } = patient;
  if (textAt(pod, 'status', 'phase') !== 'Running' || isReady(pod)) return undefined;
  const container = containersOf(pod).find(
    ({ status, isInit, isSidecar }) =>
      (!isInit || isSidecar) && status.ready === false && objectAt(status, 'state').running !== undefined,
  );
  const probe = events.findLast(
    (event) =>
      /^(Readiness|Startup) probe (failed|errored)/.test(event.message) && (!container || isAbout(event, container)),
  );
  const started = textAt(container?.status, 'state', 'running', 'startedAt');
  const age = ageOf(state, started);
  const patience = container ? patienceOf(container.spec) : 60;
  // Without a clock (a recorded state), what is there is taken as lasting.
  const heard = container && heardPort(state.logs[`${name}/${container.name}`] ?? '');
  const asked = /:(\d+)[/:]/.exec(probe?.message.replace(/^.*?"\w+:\/\//, '') ?? '')?.[1];
  const isElsewhere = heard !== undefined && asked !== undefined && heard.port !== asked;
  // A server that has not said where it listens may still be on its way.
  const isSlow = /refused|deadline|timeout/i.test(probe?.message ?? '') && !isElsewhere;
  if (state.now !== undefined && age < Math.max(patience, isSlow ? 60 : 0)) return undefined;
  if (probe === undefined && (state.now === undefined || age < 300)) return undefined;
  if (probe !== undefined && state.now !== undefined && ageOf(state, probe.time) > RECENT && age < RECENT * 2)
    return undefined;
  const words = probeWords(probe?.message ?? '');
  const cause = container && causeIn(patient, container);
  const isWorthIt =
    cause !== undefined &&
    /^(name-unknown|connection|database|variable|permission|read-only|disk|network-policy)/.test(cause.id);
  if (cause && isWorthIt && !/refused|404/.test(probe?.message ?? ''))
    return tell(
      'not-ready',
      `pod/${name}`,
      [
        cause.fr[0],
        `« ${owner.name} » tourne, mais n’est pas prêt ; son journal : « ${short(cause.line, 160)} »`,
        cause.fr[1],
      ],
      [cause.en[0], `"${owner.name}" runs, but is not ready; its log: "${short(cause.line, 160)}"`, cause.en[1]],
      `kubectl logs ${name} --tail=20`,
      cause.waitsFor === undefined ? {} : { waitsFor: cause.waitsFor },
    );
  if (isElsewhere && /refused/.test(probe?.message ?? '')) {
    words.fr = `La sonde demande le port ${asked}, et le serveur est sur ${heard.port} : mettez ${heard.port} dans la sonde (et dans targetPort).`;
    words.en = `The probe asks port ${asked}, and the server is on ${heard.port}: put ${heard.port} in the probe (and in targetPort).`;
  }
  const which = probe?.message.startsWith('Startup') ? 'startupProbe' : 'readinessProbe';
  return tell(
    'not-ready',
    `pod/${name}`,
    [
      `« ${owner.name} » tourne, mais sa sonde ${which} échoue : il ne reçoit aucune requête.`,
      probe === undefined
        ? `Il n’est pas prêt (READY 0/1) depuis ${clock(started ?? '')}.`
        : `« ${short(probe.message)} ».`,
      words.fr,
    ],
    [
      `"${owner.name}" runs, but its ${which} fails: it receives no request.`,
      probe === undefined
        ? `It has not been ready (READY 0/1) since ${clock(started ?? '')}.`
        : `"${short(probe.message)}".`,
      words.en,
    ],
    `kubectl describe pod ${name}`,
  );
}

/** How long a container may take to be ready before its probes give up on it. */
function patienceOf(spec: JsonObject): number {
  const time = (probe: JsonObject, failures: number) =>
    Object.keys(probe).length === 0
      ? 0
      : Number(probe.initialDelaySeconds ?? 0) +
        Number(probe.periodSeconds ?? 10) * Number(probe.failureThreshold ?? failures);
  return 5 + Math.max(time(objectAt(spec, 'readinessProbe'), 3), 10) + time(objectAt(spec, 'startupProbe'), 3);
}

/** A pod that is there only to show that it failed. */
function failedFinding({ state, pod, name, owner }: Patient): LiveFinding | undefined {
  const reason = textAt(pod, 'status', 'reason') ?? '';
  const message = textAt(pod, 'status', 'message') ?? '';
  const ended = containersOf(pod)
    .map(({ status }) => textAt(status, 'state', 'terminated', 'finishedAt') ?? '')
    .concat(objectsAt(pod, 'status', 'conditions').map((each) => textAt(each, 'lastTransitionTime') ?? ''))
    .sort()
    .at(-1);
  if (reason === 'Evicted') {
    if (ageOf(state, ended ?? created(pod)) > 3600) return undefined;
    const resource = /low on resource: ([\w-]+)/.exec(message)?.[1];
    const isOwn = /exceeds the (total )?limit|Usage of EmptyDir|ephemeral local storage usage exceeds/i.test(message);
    return tell(
      'evicted',
      `pod/${name}`,
      [
        isOwn
          ? `« ${owner.name} » a écrit plus que sa limite de disque : le nœud l’a chassé.`
          : `Le nœud manquait de ${resource === 'memory' ? 'mémoire' : 'disque'} : il a chassé un pod de « ${owner.name} ».`,
        `« ${short(message, 200)} ».`,
        isOwn
          ? 'Écrivez dans un PersistentVolumeClaim, nettoyez, ou montez la limite (ephemeral-storage, emptyDir.sizeLimit).'
          : `Donnez à « ${owner.name} » des resources.requests (${resource ?? 'memory'}) proches de ce qu’il prend : ceux qui n’en ont pas partent les premiers.`,
      ],
      [
        isOwn
          ? `"${owner.name}" wrote more than its disk limit: the node evicted it.`
          : `The node was short of ${resource === 'memory' ? 'memory' : 'disk'}: it evicted a pod of "${owner.name}".`,
        `"${short(message, 200)}".`,
        isOwn
          ? 'Write to a PersistentVolumeClaim, clean up, or raise the limit (ephemeral-storage, emptyDir.sizeLimit).'
          : `Give "${owner.name}" resources.requests (${resource ?? 'memory'}) close to what it takes: those without go first.`,
      ],
      `kubectl describe pod ${name}`,
      { severity: isServed(state, owner) ? 'warning' : 'error' },
    );
  }
  // What a controller has made anew since, or a node that stopped, is over.
  if (owner.kind !== 'Pod' && owner.kind !== 'Job') return undefined;
  if (ageOf(state, ended) > 86_400) return undefined;
  // A Job tries again: its next pod may do.
  if (owner.kind === 'Job' && isTriedAgain(state, pod)) return undefined;
  const container = containersOf(pod).find(
    ({ status }) => Number(textAt(status, 'state', 'terminated', 'exitCode') ?? 0) !== 0,
  );
  if (!container) return undefined;
  const patient = { state, pod, name, owner, events: eventsOf(state, 'Pod', name) };
  const finding =
    textAt(endedOf(container), 'reason') === 'OOMKilled'
      ? memoryFinding(patient, container, 'error')
      : crashFinding(patient, container);
  return owner.kind === 'Job' ? { ...finding, severity: 'warning' } : finding;
}

/** Whether the Job of a pod has another at work. */
function isTriedAgain(state: LiveState, pod: JsonObject): boolean {
  const job = textAt(pod, 'metadata', 'ownerReferences', 0, 'name');
  return ofKind(state.objects, 'Pod').some(
    (each) =>
      textAt(each, 'metadata', 'ownerReferences', 0, 'name') === job &&
      /^(Running|Succeeded)$/.test(textAt(each, 'status', 'phase') ?? ''),
  );
}

/** Whether an owner has a pod that works. */
export function isServed(state: LiveState, owner: Owner): boolean {
  return ofKind(state.objects, 'Pod').some(
    (pod) => !isOver(pod) && isReady(pod) && keyOf(ownerOf(state.objects, pod)) === keyOf(owner),
  );
}
