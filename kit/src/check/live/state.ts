import { BROWSER_VARIABLE } from '../fronts.ts';
import { listAt, objectAt, objectsAt, textAt, type JsonObject } from '../read/yaml.ts';

/** What is on the cluster, as kubectl tells it, and what a few questions brought. */
export interface LiveState {
  namespace: string;
  objects: JsonObject[];
  /** Last lines of containers that crashed, by `pod/container`. */
  logs: Record<string, string>;
  /** When each ConfigMap and Secret last changed, by `ConfigMap/name`. */
  changed: Record<string, string>;
  /** What Services answered through the API server, by name. */
  services: Record<string, Reply>;
  /** What addresses answered, by URL. */
  addresses: Record<string, Reply>;
  /** Hosts of Ingresses of other namespaces, by host, where the rights allow to see them. */
  foreignHosts: Record<string, string>;
}

export interface Reply {
  /** HTTP status, undefined when there was no answer. */
  status: number | undefined;
  /** Why there was none: `ENOTFOUND`, `ECONNREFUSED`, `timeout`, kubectl's words. */
  failure: string | undefined;
  /** The page's title, to tell one application from another. */
  title: string | undefined;
}

export function ofKind(objects: readonly JsonObject[], kind: string): JsonObject[] {
  return objects.filter((object) => object.kind === kind);
}

export function nameOf(object: JsonObject | undefined): string {
  return textAt(object, 'metadata', 'name') ?? '';
}

/** The containers of a pod with what became of each. */
export function containersOf(
  pod: JsonObject,
): { name: string; spec: JsonObject; status: JsonObject; isInit: boolean }[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    objectsAt(pod, 'spec', list).map((spec) => {
      const statuses = objectsAt(pod, 'status', list === 'containers' ? 'containerStatuses' : 'initContainerStatuses');
      const name = textAt(spec, 'name') ?? '';
      return {
        name,
        spec,
        status: statuses.find((status) => status.name === name) ?? {},
        isInit: list === 'initContainers',
      };
    }),
  );
}

/** The Deployment (or other owner) that a pod belongs to. */
export function ownerOf(objects: readonly JsonObject[], pod: JsonObject): { kind: string; name: string } {
  const [owner] = objectsAt(pod, 'metadata', 'ownerReferences');
  const kind = textAt(owner, 'kind') ?? 'Pod';
  const name = textAt(owner, 'name') ?? nameOf(pod);
  if (kind !== 'ReplicaSet') return { kind, name };
  const set = ofKind(objects, 'ReplicaSet').find((each) => nameOf(each) === name);
  const [above] = objectsAt(set, 'metadata', 'ownerReferences');
  return above
    ? { kind: textAt(above, 'kind') ?? kind, name: textAt(above, 'name') ?? name }
    : { kind, name: name.replace(/-[a-z0-9]+$/, '') };
}

/** Containers whose last lines would tell why they crash. */
export function crashed(objects: readonly JsonObject[]): { pod: string; container: string; isRestarted: boolean }[] {
  return ofKind(objects, 'Pod').flatMap((pod) =>
    containersOf(pod)
      .filter(({ status }) => {
        const waiting = textAt(status, 'state', 'waiting', 'reason') ?? '';
        const ended = textAt(status, 'state', 'terminated', 'reason') ?? '';
        return (
          /CrashLoopBackOff|RunContainerError/.test(waiting) ||
          ended === 'Error' ||
          (Number(status.restartCount ?? 0) > 0 && status.ready !== true)
        );
      })
      .map(({ name, status }) => ({
        pod: nameOf(pod),
        container: name,
        isRestarted: Number(status.restartCount ?? 0) > 0,
      })),
  );
}

/** Services that an Ingress leads to: asking them a page shows whether someone listens. */
export function exposedServices(objects: readonly JsonObject[]): { name: string; port: string }[] {
  const seen = new Map<string, string>();
  for (const ingress of ofKind(objects, 'Ingress')) {
    for (const rule of objectsAt(ingress, 'spec', 'rules')) {
      for (const path of objectsAt(rule, 'http', 'paths')) {
        const service = objectAt(path, 'backend', 'service');
        const port = textAt(service, 'port', 'number') ?? textAt(service, 'port', 'name');
        if (typeof service.name === 'string' && port !== undefined) seen.set(service.name, port);
      }
    }
  }
  return [...seen].map(([name, port]) => ({ name, port }));
}

/** Public addresses to ask: those of the Ingresses, and those that the fronts give to browsers. */
export function publicAddresses(objects: readonly JsonObject[]): string[] {
  const addresses = new Set<string>();
  for (const ingress of ofKind(objects, 'Ingress')) {
    for (const rule of objectsAt(ingress, 'spec', 'rules')) {
      const host = textAt(rule, 'host');
      const [path] = objectsAt(rule, 'http', 'paths');
      if (host !== undefined) addresses.add(`https://${host}${(textAt(path, 'path') ?? '/').replace(/\(.*$/, '')}`);
    }
  }
  for (const { value } of browserAddresses(objects)) addresses.add(value);
  return [...addresses].slice(0, 10);
}

/** Addresses that containers give to browsers, with the variable that holds each. */
export function browserAddresses(objects: readonly JsonObject[]): { pod: string; name: string; value: string }[] {
  return ofKind(objects, 'Pod').flatMap((pod) =>
    containersOf(pod).flatMap(({ spec }) => {
      const given = new Map<string, string>();
      for (const source of objectsAt(spec, 'envFrom')) {
        const held = ofKind(objects, 'ConfigMap').find(
          (each) => nameOf(each) === textAt(source, 'configMapRef', 'name'),
        );
        for (const [key, value] of Object.entries(objectAt(held, 'data')))
          if (typeof value === 'string') given.set(key, value);
      }
      for (const entry of objectsAt(spec, 'env')) {
        const reference = objectAt(entry, 'valueFrom', 'configMapKeyRef');
        const held = ofKind(objects, 'ConfigMap').find((each) => nameOf(each) === textAt(reference, 'name'));
        const value = textAt(entry, 'value') ?? textAt(held, 'data', textAt(reference, 'key') ?? '');
        if (value !== undefined) given.set(textAt(entry, 'name') ?? '', value);
      }
      return [...given]
        .filter(([name, value]) => BROWSER_VARIABLE.test(name) && /^https?:\/\//.test(value))
        .map(([name, value]) => ({ pod: nameOf(pod), name, value }));
    }),
  );
}

/** The ConfigMaps and Secrets that a pod reads as variables, which it does only when it starts. */
export function readAtStart(pod: JsonObject): { kind: 'ConfigMap' | 'Secret'; name: string }[] {
  const list = new Map<string, { kind: 'ConfigMap' | 'Secret'; name: string }>();
  const add = (kind: 'ConfigMap' | 'Secret', name: string | undefined) => {
    if (name !== undefined) list.set(`${kind}/${name}`, { kind, name });
  };
  for (const { spec } of containersOf(pod)) {
    for (const source of objectsAt(spec, 'envFrom')) {
      add('ConfigMap', textAt(source, 'configMapRef', 'name'));
      add('Secret', textAt(source, 'secretRef', 'name'));
    }
    for (const entry of objectsAt(spec, 'env')) {
      add('ConfigMap', textAt(entry, 'valueFrom', 'configMapKeyRef', 'name'));
      add('Secret', textAt(entry, 'valueFrom', 'secretKeyRef', 'name'));
    }
  }
  return [...list.values()];
}

/** When an object was last written, from the times that the API server keeps with it. */
export function lastChange(object: JsonObject): string {
  const times = listAt(object, 'metadata', 'managedFields').map((entry) => textAt(entry, 'time') ?? '');
  return [textAt(object, 'metadata', 'creationTimestamp') ?? '', ...times].sort().at(-1) ?? '';
}
