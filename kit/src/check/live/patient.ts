import { objectAt, textAt, type JsonObject } from '../read/yaml.ts';
import { causeOf } from './crash.ts';
import { ageOf, type Container, type LiveEvent, type LiveState, type Owner } from './state.ts';

/** What is known of a pod when its trouble is looked for. */
export interface Patient {
  state: LiveState;
  pod: JsonObject;
  name: string;
  owner: Owner;
  events: LiveEvent[];
}

/** Seconds for which an event counts as of now. */
export const RECENT = 600;

/** Whether an event is of now. */
export function isLate(state: LiveState, event: LiveEvent): boolean {
  return ageOf(state, event.time) < RECENT;
}

/** Whether an event may be about a container. */
export function isAbout(event: LiveEvent, container: Container): boolean {
  return event.container === undefined || event.container === container.name;
}

/** How a container ended: just now, or before it was started again. */
export function endedOf({ status }: Container): JsonObject {
  const now = objectAt(status, 'state', 'terminated');
  return now.exitCode === undefined ? objectAt(status, 'lastState', 'terminated') : now;
}

/** The cause that a container’s log, or the runtime’s words, tell. */
export function causeIn({ state, pod, name, events }: Patient, container: Container) {
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
