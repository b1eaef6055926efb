import { objectsAt, textAt, type JsonObject } from '../read/yaml.ts';
import { configFinding } from './config.ts';
import { short, tell, type LiveFinding } from './finding.ts';
import { imageFinding } from './images.ts';
import { type Patient, endedOf } from './patient.ts';
import { unscheduledFinding, creatingFinding, initFinding } from './pending.ts';
import { notReadyFinding } from './probes.ts';
import { restartFinding, memoryFinding, crashFinding } from './restarts.ts';
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
  type Container,
  type LiveState,
  type Owner,
} from './state.ts';

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
function isServed(state: LiveState, owner: Owner): boolean {
  return ofKind(state.objects, 'Pod').some(
    (pod) => !isOver(pod) && isReady(pod) && keyOf(ownerOf(state.objects, pod)) === keyOf(owner),
  );
}
