import { listAt, objectAt, objectsAt, textAt, written, type JsonObject } from '../read/yaml.ts';
import { carries, nameOf, ofKind, type LiveState } from './state.ts';

/** The NetworkPolicies that limit what a pod receives or sends. */
function policiesOf(state: LiveState, pod: JsonObject, direction: 'Ingress' | 'Egress'): JsonObject[] {
  return ofKind(state.objects, 'NetworkPolicy').filter((policy) => {
    const types = listAt(policy, 'spec', 'policyTypes');
    const applies =
      types.length > 0
        ? types.includes(direction)
        : direction === 'Ingress' || objectsAt(policy, 'spec', 'egress').length > 0;
    return applies && selects(objectAt(policy, 'spec', 'podSelector'), objectAt(pod, 'metadata', 'labels'));
  });
}

/** Whether labels answer a selector; an empty one is answered by all. */
function selects(selector: JsonObject, labels: JsonObject): boolean {
  const wanted = objectAt(selector, 'matchLabels');
  if (Object.keys(wanted).length > 0 && !carries(labels, wanted)) return false;
  return objectsAt(selector, 'matchExpressions').every((each) => {
    const value = textAt(labels, textAt(each, 'key') ?? '');
    const values = listAt(each, 'values');
    switch (each.operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      default:
        return value === undefined;
    }
  });
}

/** Whether a rule of a policy speaks of everybody, of others than pods of the namespace, or of one of these pods. */
function admits(rule: JsonObject, side: 'from' | 'to', pods: readonly JsonObject[]): boolean {
  const peers = objectsAt(rule, side);
  return (
    peers.length === 0 ||
    peers.some(
      (peer) =>
        peer.ipBlock !== undefined ||
        peer.namespaceSelector !== undefined ||
        pods.some((pod) => selects(objectAt(peer, 'podSelector'), objectAt(pod, 'metadata', 'labels'))),
    )
  );
}

/** The policy that keeps one pod of the namespace from reaching all of these; undefined when they are open to it. */
export function closedBy(state: LiveState, targets: readonly JsonObject[], from: JsonObject): string | undefined {
  const closed = targets.map((target) => closedIngress(state, target, [from]));
  return closed.length > 0 && closed.every((name) => name !== undefined) ? closed[0] : undefined;
}

/** The policy that lets none of these pods, nor anybody outside the namespace, in to a pod. */
function closedIngress(state: LiveState, pod: JsonObject, from: readonly JsonObject[]): string | undefined {
  const policies = policiesOf(state, pod, 'Ingress');
  const isOpen = policies.some((policy) =>
    objectsAt(policy, 'spec', 'ingress').some((rule) => admits(rule, 'from', from)),
  );
  return policies.length === 0 || isOpen ? undefined : nameOf(policies[0]);
}

/** The policy that keeps a pod from sending to all of these; undefined when it may. */
export function closedFrom(state: LiveState, from: JsonObject, targets: readonly JsonObject[]): string | undefined {
  const policies = policiesOf(state, from, 'Egress');
  const isOpen = policies.some((policy) =>
    objectsAt(policy, 'spec', 'egress').some((rule) => admits(rule, 'to', targets)),
  );
  return policies.length === 0 || isOpen ? undefined : nameOf(policies[0]);
}

/** The policy that lets nobody in to any of these pods. */
export function closedToAll(state: LiveState, pods: readonly JsonObject[]): string | undefined {
  const closed = pods.map((pod) => {
    const policies = policiesOf(state, pod, 'Ingress');
    return policies.every((policy) => objectsAt(policy, 'spec', 'ingress').length === 0) ? nameOf(policies[0]) : '';
  });
  return closed.every((name) => name !== '') ? closed[0] : undefined;
}

/** The policy that lets nothing from outside the namespace in to a pod, an Ingress's controller neither. */
export function closedToOutside(state: LiveState, pod: JsonObject): string | undefined {
  return closedIngress(state, pod, []);
}

/** Whether a pod may send, but not to the port where names are asked for. */
export function hasBlockedNames(state: LiveState, pod: JsonObject): boolean {
  const policies = policiesOf(state, pod, 'Egress');
  return (
    policies.length > 0 &&
    !policies.some((policy) =>
      objectsAt(policy, 'spec', 'egress').some((rule) => {
        const ports = objectsAt(rule, 'ports');
        return (
          admits(rule, 'to', []) &&
          (ports.length === 0 ||
            ports.some(
              (port) =>
                port.port === undefined ||
                port.port === 53 ||
                /dns/.test(written(port.port)) ||
                (Number(port.port) <= 53 && Number(port.endPort ?? 0) >= 53),
            ))
        );
      }),
    )
  );
}
