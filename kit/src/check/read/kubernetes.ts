import type { Project } from './project.ts';
import { readKustomizations, type Kustomization } from './kustomize.ts';
import {
  at,
  isObject,
  listAt,
  objectAt,
  objectsAt,
  placeOf,
  readYaml,
  textAt,
  type Json,
  type JsonObject,
  type Place,
  type RepeatedKey,
  type YamlFault,
  written,
} from './yaml.ts';

/** One object of a manifest. */
export interface Resource {
  apiVersion: string;
  kind: string;
  name: string;
  namespace: string | undefined;
  object: JsonObject;
  place: Place;
}

/** Resources that would live together on a cluster: a kustomization once built, or folders applied side by side. */
export interface Cluster {
  id: string;
  resources: Resource[];
  workloads: Workload[];
  /** True when more would be there than the files show (a remote base, a Helm chart): nothing can be called missing. */
  isOpen: boolean;
}

export interface Workload {
  resource: Resource;
  pod: JsonObject;
  labels: Record<string, string>;
  replicas: number;
  containers: Container[];
}

export interface Container {
  name: string;
  image: string;
  object: JsonObject;
  isInit: boolean;
  place: Place;
  env: Map<string, EnvVar>;
  /** True when a source of variables lies outside the files: a Secret made by hand, a value filled in later. */
  envIsOpen: boolean;
}

export interface EnvVar {
  /** Undefined when the value is not in the files. */
  value: string | undefined;
  place: Place;
  from: 'value' | 'ConfigMap' | 'Secret' | 'field';
}

export interface ManifestFile {
  path: string;
  documents: JsonObject[];
  faults: YamlFault[];
  repeated: RepeatedKey[];
}

const POD_PATHS: Record<string, string[]> = {
  Pod: [],
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

/** Folders whose YAML shows something instead of being applied. */
const ASIDE =
  /(^|\/)(docs?|documentation|examples?|exemples?|samples?|tests?|__tests__|fixtures|testdata|e2e|archives?|old|backups?|corriges?|solutions?|templates?|boilerplates?|scaffolds?|\.devcontainer|\.docker-dev)\/|\{\{|\{%|[._-](example|exemple|template|sample|dist|tpl|tmpl|bak|old|orig)\.[a-z]+$/i;

/** Whether a path lies in a folder that is there to be read, not deployed. */
export function isAside(file: string): boolean {
  return ASIDE.test(file);
}

/** Values that someone or something fills in later. */
export function isFilledInLater(value: string): boolean {
  return /\{\{|\}\}|\$\{[^}]*\}|\$\([^)]*\)|<[^<>]+>|^\$[A-Z_]+|__[A-Z_]+__|%[A-Z_]+%|\bPLACEHOLDER\b/.test(value);
}

/** A value as far as the files tell it: an address keeps its host when only its user, password or path are filled in later. */
export function asFarAsKnown(value: string): string | undefined {
  const hidden = value.replace(/\$\{[^}]*\}|\$\([^)]*\)|\$\w+/g, '•');
  if (hidden === value) return isFilledInLater(value) ? undefined : value;
  return /^[a-z][a-z0-9+.]*:\/\/[^@/]*@[\w.-]+(:\d+)?(\/|$)/i.test(hidden) ? hidden : undefined;
}

/** Finds the manifests among the project's YAML and JSON files, and the clusters that they make. */
export function readKubernetes(project: Project): {
  files: ManifestFile[];
  clusters: Cluster[];
  kustomizations: Kustomization[];
} {
  const charts = new Set(
    project.files.filter((file) => /(^|\/)Chart\.ya?ml$/.test(file.path)).map((file) => folderOf(file.path)),
  );
  const inChart = (file: string) => [...charts].some((folder) => folder === '.' || file.startsWith(`${folder}/`));
  const files: ManifestFile[] = [];
  for (const { path: file } of project.files) {
    if (!/\.(ya?ml|json)$/i.test(file) || /(^|\/)(package(-lock)?|tsconfig[^/]*|composer)\.json$/.test(file)) continue;
    if (/(^|\/)\.(github|gitlab|vscode|devcontainer)\//.test(file) || inChart(file) || isAside(file)) continue;
    const text = project.read(file);
    if (text === undefined || !/["']?\b[kK]ind["']?[ \t]*:|^[ \t]*api?Version[ \t]*:/im.test(text)) continue;
    const { documents, faults, repeated } = readYaml(text, file, 'kubectl');
    if (
      isTemplate(
        text,
        documents.map((document) => document.value),
        faults,
      )
    ) {
      project.unread.push({ path: file, why: 'template' });
      continue;
    }
    // Two objects without the line between them: what is left of both is neither.
    const joined = repeated.find(
      ({ key, isTop, isDifferent }) => isTop && isDifferent && /^(kind|metadata)$/.test(key),
    );
    if (joined) faults.push({ line: joined.kept, code: 'TWO_OBJECTS', message: String(joined.lost) });
    const objects = joined ? [] : documents.flatMap(({ value }) => itemsOf(value)).filter(looksLikeManifest);
    if (objects.length > 0 || (faults.length > 0 && /^(api?Version|kind)[ \t]*:/im.test(text))) {
      files.push({ path: file, documents: objects, faults, repeated });
    }
  }

  const kustomizations = readKustomizations(project, files);
  return { files, clusters: clustersOf(files, kustomizations), kustomizations };
}

function folderOf(file: string): string {
  const end = file.lastIndexOf('/');
  return end < 0 ? '.' : file.slice(0, end);
}

/** `kind: List` and a bare JSON list hold several resources. */
function itemsOf(value: Json): JsonObject[] {
  if (isObject(value) && value.kind === 'List') return objectsAt(value, 'items');
  return isObject(value) ? [value] : [];
}

function looksLikeManifest(object: JsonObject): boolean {
  const keys = Object.keys(object);
  const hasKind = typeof object.kind === 'string';
  return (
    (hasKind &&
      (keys.some((key) => /^api?version$/i.test(key)) || isObject(object.metadata) || isObject(object.spec))) ||
    (typeof object.apiVersion === 'string' && isObject(object.metadata))
  );
}

/** Helm, Jinja and the like: a file that breaks on its braces, or whose names are still to be filled in. */
function isTemplate(text: string, values: Json[], faults: YamlFault[]): boolean {
  if (faults.length > 0 && /^[^#'"\n]*(@\w+@|:\s*%\w+)/m.test(text)) return true;
  if (!text.includes('{{') && !text.includes('{%')) return false;
  if (faults.length > 0 || text.includes('{%')) return true;
  return values.some((value) => {
    const rest = isObject(value) ? { ...value, data: null, stringData: null } : value;
    return JSON.stringify(rest).includes('{{');
  });
}

function clustersOf(files: ManifestFile[], kustomizations: Kustomization[]): Cluster[] {
  // What an unreadable file defines is not known, so nothing can be called missing.
  const isOpen = files.some((file) => file.faults.length > 0);
  const owned = new Set(kustomizations.flatMap((kustomization) => [...kustomization.files]));
  const clusters = kustomizations
    .filter((kustomization) => kustomization.isApplied)
    .map((kustomization) => clusterOf(kustomization.path, kustomization.objects, kustomization.isOpen || isOpen));

  const folders = new Map<string, JsonObject[]>();
  for (const file of files) {
    if (owned.has(file.path)) continue;
    const folder = folderOf(file.path);
    folders.set(folder, [...(folders.get(folder) ?? []), ...file.documents]);
  }
  const ids = new Map([...folders].map(([folder, objects]) => [folder, new Set(objects.map(idOf))]));
  const conflict = (a: string, b: string) => [...(ids.get(a) ?? [])].some((id) => ids.get(b)?.has(id));
  const seen = new Set<string>();
  for (const folder of folders.keys()) {
    // Folders that define the same things are alternatives (dev, prod); each is seen with those that go with it.
    const together = [folder];
    for (const other of [...folders.keys()].sort((a, b) => distance(folder, a) - distance(folder, b))) {
      if (other !== folder && together.every((member) => !conflict(member, other))) together.push(other);
    }
    const key = together.sort().join(' ');
    if (seen.has(key)) continue;
    seen.add(key);
    clusters.push(
      clusterOf(
        key,
        together.flatMap((member) => folders.get(member) ?? []),
        isOpen,
      ),
    );
  }
  return clusters;
}

/** How many steps lie between two folders. */
function distance(a: string, b: string): number {
  const [left, right] = [a.split('/'), b.split('/')];
  let common = 0;
  while (common < left.length && left[common] === right[common]) common++;
  return left.length + right.length - 2 * common;
}

/** What makes two objects the same one for the cluster. Without a namespace, kubectl takes `default` unless told otherwise. */
export function idOf(object: JsonObject): string {
  const given = textAt(object, 'metadata', 'namespace') ?? '';
  const namespace = given === 'default' ? '' : given;
  return [groupOf(textAt(object, 'apiVersion') ?? ''), textAt(object, 'kind'), namespace, nameOf(object)].join('|');
}

function nameOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'name') ?? '';
}

/** The group of an `apiVersion`: `apps` of `apps/v1`, nothing of `v1`. */
export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

function clusterOf(id: string, objects: JsonObject[], isOpen: boolean): Cluster {
  const byId = new Map<string, Resource>();
  for (const object of objects) {
    // As on the cluster, the last definition of a name wins.
    byId.set(idOf(object), {
      apiVersion: textAt(object, 'apiVersion') ?? '',
      kind: meantKind(textAt(object, 'kind') ?? ''),
      name: nameOf(object),
      namespace: textAt(object, 'metadata', 'namespace'),
      object,
      place: placeOf(object),
    });
  }
  const resources = [...byId.values()];
  const cluster: Cluster = { id, resources, workloads: [], isOpen };
  cluster.workloads = resources.flatMap((resource) => workloadOf(resource, cluster));
  return cluster;
}

const KINDS = [...Object.keys(POD_PATHS), 'Service', 'Ingress', 'ConfigMap', 'Secret', 'PersistentVolumeClaim'];

/** A kind in other letter case is told by a rule of its own; the chains go on through it. */
function meantKind(kind: string): string {
  return KINDS.find((known) => known.toLowerCase() === kind.toLowerCase()) ?? kind;
}

function workloadOf(resource: Resource, cluster: Cluster): Workload[] {
  const path = POD_PATHS[resource.kind];
  if (!path) return [];
  const template = objectAt(resource.object, ...path);
  const pod = objectAt(template, 'spec');
  const labels = Object.fromEntries(
    Object.entries(objectAt(template, 'metadata', 'labels')).map(([key, value]) => [key, written(value)]),
  );
  const replicas = at(resource.object, 'spec', 'replicas');
  const containers = ['initContainers', 'containers'].flatMap((list) =>
    objectsAt(pod, list).map((object): Container => ({
      name: textAt(object, 'name') ?? '',
      image: textAt(object, 'image') ?? '',
      object,
      isInit: list === 'initContainers',
      place: placeOf(object),
      ...environmentOf(object, cluster, resource),
    })),
  );
  return [{ resource, pod, labels, replicas: typeof replicas === 'number' ? replicas : 1, containers }];
}

function environmentOf(
  container: JsonObject,
  cluster: Cluster,
  holder: Resource,
): { env: Map<string, EnvVar>; envIsOpen: boolean } {
  const env = new Map<string, EnvVar>();
  let envIsOpen = false;
  for (const source of objectsAt(container, 'envFrom')) {
    const prefix = textAt(source, 'prefix') ?? '';
    for (const [key, kind] of [
      ['configMapRef', 'ConfigMap'],
      ['secretRef', 'Secret'],
    ] as const) {
      if (!(key in source)) continue;
      const held = findResource(cluster, kind, textAt(source, key, 'name') ?? '', holder);
      if (!held || '$partial' in held.object) envIsOpen = true;
      for (const [name, value] of Object.entries(held ? dataOf(held) : {})) {
        env.set(prefix + name, { value: value.text, place: value.place, from: kind });
      }
    }
  }
  for (const entry of objectsAt(container, 'env')) {
    const name = textAt(entry, 'name') ?? '';
    const place = placeOf(entry);
    if ('valueFrom' in entry) {
      const [kind, reference] =
        'secretKeyRef' in objectAt(entry, 'valueFrom')
          ? (['Secret', objectAt(entry, 'valueFrom', 'secretKeyRef')] as const)
          : (['ConfigMap', objectAt(entry, 'valueFrom', 'configMapKeyRef')] as const);
      const held = findResource(cluster, kind, textAt(reference, 'name') ?? '', holder);
      const value = held ? dataOf(held)[textAt(reference, 'key') ?? ''] : undefined;
      env.set(name, { value: value?.text, place: value?.place ?? place, from: held ? kind : 'field' });
    } else {
      const value = textAt(entry, 'value') ?? '';
      // `$(NAME)` is replaced by another variable of the container.
      const expanded = value.replace(/\$\(([\w.-]+)\)/g, (whole, other: string) => env.get(other)?.value ?? whole);
      env.set(name, { value: asFarAsKnown(expanded), place, from: 'value' });
    }
  }
  return { env, envIsOpen };
}

/** The resource of that kind and name, if the files hold one; of namesakes, the one in the namespace of who asks. */
export function findResource(cluster: Cluster, kind: string, name: string, beside?: Resource): Resource | undefined {
  const namesakes = cluster.resources.filter((resource) => resource.kind === kind && resource.name === name);
  if (namesakes.length < 2 || !beside) return namesakes[0];
  return (
    namesakes.find((resource) => resource.namespace === beside.namespace) ??
    namesakes.find((resource) => mayMeet(resource, beside)) ??
    namesakes[0]
  );
}

/** Whether two resources can be in one namespace: a file that names none leaves it to the command. */
export function mayMeet(a: Resource, b: Resource): boolean {
  return a.namespace === undefined || b.namespace === undefined || a.namespace === b.namespace;
}

/** The entries of a ConfigMap or Secret, decoded. */
export function dataOf(resource: Resource): Record<string, { text: string | undefined; place: Place }> {
  const entries: Record<string, { text: string | undefined; place: Place }> = {};
  for (const section of ['data', 'stringData']) {
    const data = objectAt(resource.object, section);
    for (const [key, value] of Object.entries(data)) {
      let text: string | undefined = value === null ? '' : typeof value === 'object' ? undefined : String(value);
      if (resource.kind === 'Secret' && section === 'data' && text !== undefined && !isFilledInLater(text)) {
        text = Buffer.from(text, 'base64').toString('utf8');
      }
      if (text !== undefined && isFilledInLater(text)) text = undefined;
      entries[key] = { text, place: placeOf(data, key) };
    }
  }
  return entries;
}

/** The Services whose selector picks the pods of a workload. */
export function servicesOf(cluster: Cluster, workload: Workload): Resource[] {
  return cluster.resources.filter(
    (resource) => resource.kind === 'Service' && workloadsOf(cluster, resource).includes(workload),
  );
}

const behind = new WeakMap<Resource, Workload[]>();

/** The workloads whose pods a Service picks: those of its namespace, else those that it would pick if they were in it. */
export function workloadsOf(cluster: Cluster, service: Resource): Workload[] {
  const known = behind.get(service);
  if (known) return known;
  const chosen = cluster.workloads.filter((workload) => selects(service.object, workload.labels));
  const ranked = [
    chosen.filter(({ resource }) => resource.namespace === service.namespace),
    chosen.filter(({ resource }) => mayMeet(resource, service)),
  ];
  const list = ranked.find((some) => some.length > 0) ?? chosen;
  behind.set(service, list);
  return list;
}

/** Whether a Service's selector picks pods that carry these labels. */
export function selects(service: JsonObject, labels: Record<string, string>): boolean {
  const selector = Object.entries(objectAt(service, 'spec', 'selector'));
  return selector.length > 0 && selector.every(([key, value]) => labels[key] === written(value));
}

/** The ports that a container says it has. */
export function portsOf(container: Container): { name: string | undefined; port: number; place: Place }[] {
  return objectsAt(container.object, 'ports').flatMap((entry) => {
    const port = Number(entry.containerPort);
    return Number.isInteger(port)
      ? [{ name: textAt(entry, 'name'), port, place: placeOf(entry, 'containerPort') }]
      : [];
  });
}

/** Every path of every Ingress, with the Service it leads to. */
export function ingressPaths(cluster: Cluster): IngressPath[] {
  return cluster.resources
    .filter((resource) => resource.kind === 'Ingress')
    .flatMap((ingress) => {
      const rules = objectsAt(ingress.object, 'spec', 'rules');
      const paths = rules.flatMap((rule) =>
        objectsAt(rule, 'http', 'paths').map((entry) => ({
          ingress,
          host: cleanHost(textAt(rule, 'host')),
          hostPlace: placeOf(rule, 'host'),
          path: textAt(entry, 'path') ?? '/',
          entry,
          service: textAt(entry, 'backend', 'service', 'name') ?? '',
          port: at(entry, 'backend', 'service', 'port', 'number') ?? at(entry, 'backend', 'service', 'port', 'name'),
        })),
      );
      const fallback = objectAt(ingress.object, 'spec', 'defaultBackend');
      const host = rules.length === 0 ? undefined : cleanHost(textAt(rules[0], 'host'));
      return 'service' in fallback
        ? [
            ...paths,
            {
              ingress,
              host,
              hostPlace: placeOf(fallback),
              path: '/',
              entry: { backend: fallback },
              service: textAt(fallback, 'service', 'name') ?? '',
              port: at(fallback, 'service', 'port', 'number') ?? at(fallback, 'service', 'port', 'name'),
            },
          ]
        : paths;
    });
}

/** The host that was meant, when it was written as an address. */
function cleanHost(host: string | undefined): string | undefined {
  return host
    ?.replace(/^https?:\/\//, '')
    .replace(/\/.*$/, '')
    .toLowerCase();
}

export interface IngressPath {
  ingress: Resource;
  host: string | undefined;
  hostPlace: Place;
  path: string;
  entry: JsonObject;
  service: string;
  port: Json | undefined;
}

/** The workloads that a Service leads to, as its name is understood beside another resource. */
export function workloadsBehind(cluster: Cluster, service: string, beside?: Resource): Workload[] {
  const found = findResource(cluster, 'Service', service, beside);
  return found ? workloadsOf(cluster, found) : [];
}

/** The port of the pods that a Service's port leads to: a number, or a name that the container gives. */
export function targetOf(servicePort: JsonObject): { target: string | number; place: Place } {
  const target = servicePort.targetPort;
  if (typeof target === 'number' || (typeof target === 'string' && target !== '')) {
    return {
      target: /^\d+$/.test(String(target)) ? Number(target) : target,
      place: placeOf(servicePort, 'targetPort'),
    };
  }
  return { target: Number(servicePort.port), place: placeOf(servicePort, 'port') };
}

/** The ports of a Service. */
export function servicePorts(service: Resource): JsonObject[] {
  return objectsAt(service.object, 'spec', 'ports');
}

/** The names that a list of strings holds at a path. */
export function stringsAt(value: Json | undefined, ...keys: (string | number)[]): string[] {
  return listAt(value, ...keys).filter((item): item is string => typeof item === 'string');
}
