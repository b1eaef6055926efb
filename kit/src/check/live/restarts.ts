import { objectAt, textAt, written } from '../read/yaml.ts';

import { lastLines } from './crash.ts';
import { short, tell, type LiveFinding } from './finding.ts';
import { type Patient, isLate, isAbout, endedOf, causeIn } from './patient.ts';
import { probeWords } from './probes.ts';
import { ageOf, isReady, type Container, type LiveEvent } from './state.ts';

/** A container that ended and is, or was of late, started again. */
export function restartFinding(patient: Patient, container: Container): LiveFinding | undefined {
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

/** A container that was killed for its memory. */
export function memoryFinding(
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

/** A program that ends, or cannot be run: why, as far as it is told. */
export function crashFinding(patient: Patient, container: Container): LiveFinding {
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
    const isWaiting = /ready now|exists now|still starting/.test(cause.en[0]);
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
