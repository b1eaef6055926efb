import { BROWSER_VARIABLE } from '../fronts.ts';
import { isObject, listAt, objectAt, objectsAt, textAt, written, type JsonObject } from '../read/yaml.ts';

/** What is on the cluster, as kubectl tells it, and what a few questions brought. */
export interface LiveState {
  namespace: string;
  /** When it was looked at; what is over by then is not told. */
  now?: string;
  objects: JsonObject[];
  /** Last lines of containers that crashed, by `pod/container`. */
  logs: Record<string, string>;
  /** When each ConfigMap and Secret last changed, by `ConfigMap/name`. */
  changed: Record<string, string>;
  /** The Secrets with the names of their keys (never their values), where the rights allow to list them. */
  secrets?: Record<string, { type: string; keys: string[] }>;
  /** Words of the logs and events that are values of Secrets. */
  spoken?: string[];
  /** What Services answered through the API server, by name. */
  services: Record<string, Reply>;
  /** What addresses answered, by URL. */
  addresses: Record<string, Reply>;
  /** Hosts of Ingresses of other namespaces, by host, where the rights allow to see them. */
  foreignHosts: Record<string, string>;
  /** What the registry holds now under the images' tags, by image: digests, and when they were pushed. */
  pushed?: Record<string, { digests: string[]; time: string }>;
  /** Kinds that the rights do not allow to see: nothing is concluded from their absence. */
  unseen?: string[];
}

export interface Reply {
  /** HTTP status, undefined when there was no answer. */
  status: number | undefined;
  /** Why there was none: `ENOTFOUND`, `ECONNREFUSED`, `timeout`, kubectl's words. */
  failure: string | undefined;
  /** The page's title, to tell one application from another. */
  title: string | undefined;
  /** Whether the answer came from another address than the one asked. */
  isElsewhere?: boolean;
  /** Whether it is the page that a controller shows for addresses it does not know. */
  isDefault?: boolean;
  /** Whether it took an address without encryption to get it. */
  isUnencrypted?: boolean;
  /** Addresses that only the cluster or the visitor's own machine knows, found in the scripts of the page. */
  calls?: string[];
}

export function ofKind(objects: readonly JsonObject[], kind: string): JsonObject[] {
  return objects.filter((object) => object.kind === kind);
}

export function nameOf(object: JsonObject | undefined): string {
  return textAt(object, 'metadata', 'name') ?? '';
}

/** Seconds between a time and the look at the cluster; 0 where one is not known. */
export function ageOf(state: LiveState, time: string | undefined): number {
  const then = Date.parse(time ?? '');
  const now = Date.parse(state.now ?? '');
  return Number.isNaN(then) || Number.isNaN(now) ? 0 : Math.max(0, (now - then) / 1000);
}

/** A container of a pod, with what became of it. */
export interface Container {
  name: string;
  spec: JsonObject;
  status: JsonObject;
  isInit: boolean;
  /** An init container that runs beside the others as long as they do. */
  isSidecar: boolean;
}

/** The containers of a pod, those that run first in front. */
export function containersOf(pod: JsonObject): Container[] {
  return (['initContainers', 'containers'] as const).flatMap((list) =>
    objectsAt(pod, 'spec', list).map((spec) => {
      const statuses = objectsAt(pod, 'status', list === 'containers' ? 'containerStatuses' : 'initContainerStatuses');
      const name = textAt(spec, 'name') ?? '';
      return {
        name,
        spec,
        status: statuses.find((status) => status.name === name) ?? {},
        isInit: list === 'initContainers',
        isSidecar: list === 'initContainers' && spec.restartPolicy === 'Always',
      };
    }),
  );
}

export interface Owner {
  kind: string;
  name: string;
}

/** `Deployment/api`, to name what a finding is about. */
export function keyOf(owner: Owner): string {
  return `${owner.kind}/${owner.name}`;
}

/** The Deployment (or other owner) that a pod belongs to. */
export function ownerOf(objects: readonly JsonObject[], pod: JsonObject): Owner {
  const [owner] = objectsAt(pod, 'metadata', 'ownerReferences');
  const kind = textAt(owner, 'kind') ?? textAt(pod, 'kind') ?? 'Pod';
  const name = textAt(owner, 'name') ?? nameOf(pod);
  if (kind !== 'ReplicaSet' && kind !== 'Job') return { kind, name };
  const set = ofKind(objects, kind).find((each) => nameOf(each) === name);
  const [above] = objectsAt(set, 'metadata', 'ownerReferences');
  if (above) return { kind: textAt(above, 'kind') ?? kind, name: textAt(above, 'name') ?? name };
  // A ReplicaSet is named after its Deployment and a sum of its template.
  return kind === 'ReplicaSet' && owner !== undefined && !set && /-[a-z0-9]{6,10}$/.test(name)
    ? { kind: 'Deployment', name: name.replace(/-[a-z0-9]+$/, '') }
    : { kind, name };
}

/** The ReplicaSet that carries the newest template of its Deployment. */
export function newestSet(objects: readonly JsonObject[], deployment: string): JsonObject | undefined {
  const revision = (set: JsonObject): number =>
    Number(textAt(set, 'metadata', 'annotations', 'deployment.kubernetes.io/revision') ?? 0);
  const [newest] = ofKind(objects, 'ReplicaSet')
    .filter((set) => objectsAt(set, 'metadata', 'ownerReferences')[0]?.name === deployment)
    .sort((a, b) => revision(b) - revision(a));
  // Other controllers of ReplicaSets count in their own way.
  return newest && revision(newest) > 0 ? newest : undefined;
}

/** Whether a pod belongs to a template that its Deployment has left behind. */
export function isOfOldTemplate(objects: readonly JsonObject[], pod: JsonObject): boolean {
  const [set] = objectsAt(pod, 'metadata', 'ownerReferences');
  if (textAt(set, 'kind') !== 'ReplicaSet') return false;
  const owner = ownerOf(objects, pod);
  const newest = newestSet(objects, owner.name);
  return newest !== undefined && nameOf(newest) !== textAt(set, 'name');
}

/** Whether a pod is on its way out, or has done what it was for. */
export function isOver(pod: JsonObject): boolean {
  return textAt(pod, 'metadata', 'deletionTimestamp') !== undefined || textAt(pod, 'status', 'phase') === 'Succeeded';
}

export function isReady(pod: JsonObject): boolean {
  return condition(pod, 'Ready')?.status === 'True';
}

export function condition(object: JsonObject | undefined, type: string): JsonObject | undefined {
  return objectsAt(object, 'status', 'conditions').find((each) => each.type === type);
}

/** An event, as far as the doctor reads it. */
export interface LiveEvent {
  reason: string;
  message: string;
  /** When it last happened. */
  time: string;
  count: number;
  /** The container that it is about. */
  container: string | undefined;
}

/** The events of an object, the latest last. */
export function eventsOf(state: LiveState, kind: string, name: string): LiveEvent[] {
  return ofKind(state.objects, 'Event')
    .map((event) => ({ event, about: { ...objectAt(event, 'involvedObject'), ...objectAt(event, 'regarding') } }))
    .filter(({ about }) => about.kind === kind && about.name === name)
    .map(({ event, about }) => ({
      reason: textAt(event, 'reason') ?? '',
      message: textAt(event, 'message') ?? textAt(event, 'note') ?? '',
      time:
        [
          textAt(event, 'series', 'lastObservedTime'),
          textAt(event, 'lastTimestamp'),
          textAt(event, 'eventTime'),
          textAt(event, 'metadata', 'creationTimestamp'),
        ]
          .filter((time) => time !== undefined)
          .sort()
          .at(-1) ?? '',
      count: Number(textAt(event, 'series', 'count') ?? textAt(event, 'count') ?? 1),
      container: /\{([\w-]+)\}$/.exec(textAt(about, 'fieldPath') ?? '')?.[1],
    }))
    .sort((a, b) => a.time.localeCompare(b.time));
}

/** What a container finds in its environment, and where each variable comes from. */
export interface Variable {
  name: string;
  value: string | undefined;
  secret: string | undefined;
  map: string | undefined;
}

/** The variables of a container; values of Secrets stay unknown. */
export function environmentOf(spec: JsonObject, objects: readonly JsonObject[]): Variable[] {
  const given = new Map<string, Variable>();
  const mapOf = (name: string | undefined) => ofKind(objects, 'ConfigMap').find((each) => nameOf(each) === name);
  for (const source of objectsAt(spec, 'envFrom')) {
    const map = textAt(source, 'configMapRef', 'name');
    const prefix = textAt(source, 'prefix') ?? '';
    for (const [key, value] of Object.entries(objectAt(mapOf(map), 'data')))
      if (typeof value === 'string') given.set(prefix + key, { name: prefix + key, value, secret: undefined, map });
  }
  for (const entry of objectsAt(spec, 'env')) {
    const name = textAt(entry, 'name') ?? '';
    const map = textAt(entry, 'valueFrom', 'configMapKeyRef', 'name');
    const key = textAt(entry, 'valueFrom', 'configMapKeyRef', 'key') ?? '';
    const secret = textAt(entry, 'valueFrom', 'secretKeyRef', 'name');
    given.set(name, { name, value: textAt(entry, 'value') ?? textAt(mapOf(map), 'data', key), secret, map });
  }
  return [...given.values()];
}

/** Containers whose last lines would tell why they do not work, the newest pods first. */
export function crashed(objects: readonly JsonObject[]): { pod: string; container: string; isRestarted: boolean }[] {
  const seen = new Set<string>();
  return [...ofKind(objects, 'Pod')]
    .sort((a, b) => created(b).localeCompare(created(a)))
    .filter((pod) => !isOver(pod))
    .flatMap((pod) =>
      containersOf(pod)
        .filter(({ name, status, isInit, isSidecar }) => {
          const waiting = textAt(status, 'state', 'waiting', 'reason') ?? '';
          const ended = objectAt(status, 'state', 'terminated');
          const isCrashed =
            /CrashLoopBackOff|RunContainerError/.test(waiting) ||
            (ended.exitCode !== undefined && Number(ended.exitCode) !== 0) ||
            Number(status.restartCount ?? 0) > 2 ||
            (Number(status.restartCount ?? 0) > 0 && status.ready !== true) ||
            // One that waits for something says what.
            (isInit && !isSidecar && isObject(objectAt(status, 'state').running)) ||
            (!isInit && status.ready === false && isObject(objectAt(status, 'state').running));
          // The pods of one owner fail alike.
          const key = `${keyOf(ownerOf(objects, pod))} ${name} ${waiting}`;
          if (!isCrashed || seen.has(key)) return false;
          seen.add(key);
          return true;
        })
        .map(({ name, status }) => ({
          pod: nameOf(pod),
          container: name,
          isRestarted: Number(status.restartCount ?? 0) > 0,
        })),
    );
}

export function created(object: JsonObject | undefined): string {
  return textAt(object, 'metadata', 'creationTimestamp') ?? '';
}

/** The paths of an Ingress, with what each leads to. */
export function pathsOf(ingress: JsonObject): { host: string; path: string; service: string; port: string }[] {
  const leads = (backend: JsonObject, host: string, path: string) => {
    const service = textAt(backend, 'service', 'name');
    const port = textAt(backend, 'service', 'port', 'number') ?? textAt(backend, 'service', 'port', 'name') ?? '';
    return service === undefined ? [] : [{ host, path, service, port }];
  };
  return [
    ...objectsAt(ingress, 'spec', 'rules').flatMap((rule) =>
      objectsAt(rule, 'http', 'paths').flatMap((path) =>
        leads(objectAt(path, 'backend'), textAt(rule, 'host') ?? '', textAt(path, 'path') ?? '/'),
      ),
    ),
    ...leads(objectAt(ingress, 'spec', 'defaultBackend'), '', '/'),
  ];
}

/** Programs that speak no HTTP: a page asked of them would only trouble their logs. */
const NO_HTTP =
  /(^|\/)(postgres|postgis|postgresql|pgvector|mysql|mariadb|mongo|mongodb|redis|valkey|memcached|rabbitmq|kafka|zookeeper|nats|mosquitto|mssql|timescaledb|cloudnative-pg|etcd)(-\w+)?(:|@|$)/;

/** Services to ask a page, to see whether someone listens: those of Ingresses first, then those whose pods may speak HTTP. */
export function askedServices(objects: readonly JsonObject[]): { name: string; port: string }[] {
  const seen = new Map<string, string>();
  for (const ingress of ofKind(objects, 'Ingress'))
    for (const { service, port } of pathsOf(ingress)) if (port !== '') seen.set(service, port);
  for (const service of ofKind(objects, 'Service')) {
    const [port, ...others] = objectsAt(service, 'spec', 'ports');
    const pods = podsOf(objects, service);
    const speaks = pods.every((pod) =>
      containersOf(pod).every(({ spec }) => !NO_HTTP.test(textAt(spec, 'image') ?? '')),
    );
    const isPlain =
      port !== undefined &&
      others.length === 0 &&
      (port.protocol ?? 'TCP') === 'TCP' &&
      !/^(grpc|tcp|amqp|smtp|ldap|sql|db|postgres|mysql|redis|mongo)/.test(textAt(port, 'name') ?? '');
    if (seen.has(nameOf(service)) || pods.length === 0 || !speaks || !isPlain || isHeadless(service)) continue;
    seen.set(nameOf(service), written(port.port));
  }
  return [...seen].map(([name, port]) => ({ name, port }));
}

export function isHeadless(service: JsonObject): boolean {
  return textAt(service, 'spec', 'clusterIP') === 'None';
}

/** Whether labels carry all that a selector asks for. */
export function carries(labels: JsonObject, selector: JsonObject): boolean {
  const asked = Object.entries(selector);
  return asked.length > 0 && asked.every(([key, value]) => labels[key] === value);
}

/** The pods that a Service leads to, those that are over aside. */
export function podsOf(objects: readonly JsonObject[], service: JsonObject): JsonObject[] {
  const selector = objectAt(service, 'spec', 'selector');
  return ofKind(objects, 'Pod').filter(
    (pod) =>
      !isOver(pod) &&
      textAt(pod, 'status', 'phase') !== 'Failed' &&
      carries(objectAt(pod, 'metadata', 'labels'), selector),
  );
}

/** The address that an Ingress's path has for everybody. */
export function addressOf(host: string, path: string): string {
  return `https://${host}${path.replace(/[(*].*$/, '')}`;
}

/** Public addresses to ask: those of the Ingresses, and those that the fronts give to browsers. */
export function publicAddresses(objects: readonly JsonObject[]): string[] {
  const addresses = new Set<string>();
  for (const ingress of ofKind(objects, 'Ingress'))
    for (const { host, path } of pathsOf(ingress))
      if (host !== '' && !host.startsWith('*')) addresses.add(addressOf(host, path));
  for (const { value } of browserAddresses(objects)) if (!isInternal(value)) addresses.add(value);
  return [...addresses].slice(0, 10);
}

/** Whether an address means something only within the cluster, or only on the machine where it is asked. */
export function isInternal(address: string): boolean {
  const host = /^https?:\/\/([^/:?#]+)/.exec(address)?.[1] ?? '';
  return !host.includes('.') || /\.svc(\.|$)|cluster\.local$|^127\.|^0\.0\.0\.0$/.test(host);
}

/** Addresses that containers give to browsers, with the variable that holds each. */
export function browserAddresses(
  objects: readonly JsonObject[],
): { pod: JsonObject; name: string; value: string; map: string | undefined }[] {
  return ofKind(objects, 'Pod')
    .filter((pod) => !isOver(pod))
    .flatMap((pod) =>
      containersOf(pod).flatMap(({ spec }) =>
        environmentOf(spec, objects).flatMap(({ name, value, map }) => {
          // What follows the path may hold a key, and tells nothing of the server.
          const address = value === undefined ? undefined : /^https?:\/\/[^\s?#]+/.exec(value.trim())?.[0];
          return address !== undefined && BROWSER_VARIABLE.test(name)
            ? [{ pod, name, value: address.replace(/:\/\/[^/]*@/, '://'), map }]
            : [];
        }),
      ),
    );
}

/** The ConfigMaps and Secrets that a container reads only when it starts: variables, and files mounted one by one. */
export function readAtStart(pod: JsonObject, spec: JsonObject): { kind: 'ConfigMap' | 'Secret'; name: string }[] {
  const list = new Map<string, { kind: 'ConfigMap' | 'Secret'; name: string }>();
  const add = (kind: 'ConfigMap' | 'Secret', name: string | undefined) => {
    if (name !== undefined) list.set(`${kind}/${name}`, { kind, name });
  };
  for (const source of objectsAt(spec, 'envFrom')) {
    add('ConfigMap', textAt(source, 'configMapRef', 'name'));
    add('Secret', textAt(source, 'secretRef', 'name'));
  }
  for (const entry of objectsAt(spec, 'env')) {
    add('ConfigMap', textAt(entry, 'valueFrom', 'configMapKeyRef', 'name'));
    add('Secret', textAt(entry, 'valueFrom', 'secretKeyRef', 'name'));
  }
  for (const mount of objectsAt(spec, 'volumeMounts')) {
    if (mount.subPath === undefined) continue;
    const volume = objectsAt(pod, 'spec', 'volumes').find((each) => each.name === mount.name);
    add('ConfigMap', textAt(volume, 'configMap', 'name'));
    add('Secret', textAt(volume, 'secret', 'secretName'));
  }
  return [...list.values()];
}

/** When an object's data were last written, from the times that the API server keeps with it. */
export function lastChange(object: JsonObject): string {
  const times = listAt(object, 'metadata', 'managedFields')
    .filter((entry) => {
      const fields = objectAt(entry, 'fieldsV1');
      return Object.keys(fields).length === 0 || 'f:data' in fields || 'f:binaryData' in fields;
    })
    .map((entry) => textAt(entry, 'time') ?? '');
  return [created(object), ...times].sort().at(-1) ?? '';
}
