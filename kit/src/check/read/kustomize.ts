import type { ManifestFile } from './kubernetes.ts';
import { isMadeByHand } from './scripts.ts';
import type { Project } from './project.ts';
import {
  at,
  isObject,
  listAt,
  objectAt,
  objectsAt,
  placeOf,
  readYaml,
  setOrigin,
  textAt,
  type Json,
  type JsonObject,
  type Place,
  written,
} from './yaml.ts';
import { readEnvFile } from './env-file.ts';
import path from 'node:path';

/** A kustomization, built. */
export interface Kustomization {
  path: string;
  folder: string;
  object: JsonObject;
  /** What `kubectl kustomize` would print, near enough to follow references through it. */
  objects: JsonObject[];
  /** Files that belong to it and are not applied alone. */
  files: Set<string>;
  /** Those of them that it names. */
  named: Set<string>;
  missing: { name: string; place: Place }[];
  /** Patches that name an object which is not there. */
  unmatched: { kind: string; name: string; place: Place }[];
  /** What it and its bases put before and behind the names of objects. */
  affixes: [string, string][];
  isOpen: boolean;
  /** False for bases and components, which are only seen through what uses them. */
  isApplied: boolean;
}

const NAMES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'];

/** Lists in which entries are told apart by one of these keys when patched. */
const MERGE_KEYS: Record<string, string[]> = {
  containers: ['name'],
  initContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  ports: ['containerPort', 'port'],
  imagePullSecrets: ['name'],
  topologySpreadConstraints: ['topologyKey'],
};

/** Builds every kustomization of the project. */
export function readKustomizations(project: Project, files: ManifestFile[]): Kustomization[] {
  const byFolder = new Map<string, Kustomization>();
  const manifests = new Map(files.map((file) => [file.path, file]));
  const sources = new Map<string, { path: string; object: JsonObject }>();
  for (const { path: file } of project.files) {
    const name = path.posix.basename(file);
    if (!NAMES.includes(name)) continue;
    const text = project.read(file);
    const value = text === undefined ? undefined : readYaml(text, file).documents[0]?.value;
    if (isObject(value)) sources.set(path.posix.dirname(file), { path: file, object: value });
  }

  const usedBy = new Map<string, number>();
  const build = (folder: string, trail: string[]): Kustomization | undefined => {
    const known = byFolder.get(folder);
    const source = sources.get(folder);
    if (known || !source || trail.includes(folder)) return known;
    const built: Kustomization = {
      path: source.path,
      folder,
      object: source.object,
      objects: [],
      files: new Set([source.path]),
      named: new Set(),
      missing: [],
      unmatched: [],
      affixes: [],
      isOpen: ['helmCharts', 'generators', 'transformers', 'replacements'].some((key) => key in source.object),
      isApplied: source.object.kind !== 'Component',
    };
    for (const key of ['resources', 'bases', 'components', 'crds']) {
      for (const [index, entry] of listAt(source.object, key).entries()) {
        if (typeof entry !== 'string') continue;
        const place = placeOf(listAt(source.object, key), index);
        if (/^(https?:|git@|ssh:|oci:)|\?ref=|^github\.com\//.test(entry)) {
          built.isOpen = true;
          continue;
        }
        const target = path.posix.normalize(path.posix.join(folder, entry)).replace(/\/$/, '');
        const kind = project.kindOf(target);
        if (kind === 'folder') {
          usedBy.set(target, (usedBy.get(target) ?? 0) + 1);
          const base = build(target, [...trail, folder]);
          if (base) {
            for (const object of base.objects) built.objects.push(object);
            if (base.isOpen) built.isOpen = true;
            built.affixes.push(...base.affixes);
          } else built.missing.push({ name: entry, place });
        } else if (kind === 'file') {
          built.files.add(target);
          built.objects.push(...(manifests.get(target)?.documents ?? []));
        } else if (isMadeByHand(project, target)) built.isOpen = true;
        else built.missing.push({ name: entry, place });
      }
    }
    applyPatches(built, project);
    applyGenerators(built, project);
    applyImages(built);
    applyNames(built);
    const namespace = textAt(source.object, 'namespace');
    if (namespace !== undefined) {
      built.objects = built.objects.map((object) =>
        merge(object, { metadata: { namespace } }, placeOf(source.object, 'namespace')),
      );
    }
    built.named = new Set(built.files);
    byFolder.set(folder, built);
    return built;
  };
  for (const folder of sources.keys()) build(folder, []);
  for (const built of byFolder.values()) {
    if (usedBy.has(built.folder) && /(^|\/)(bases?|common|shared|components?)(\/|$)/.test(built.folder)) {
      built.isApplied = false;
    }
  }
  // A manifest beside a kustomization that does not list it is left alone: it may be kept for later.
  for (const file of files) {
    if (sources.has(path.posix.dirname(file.path))) byFolder.get(path.posix.dirname(file.path))?.files.add(file.path);
  }
  return [...byFolder.values()];
}

function applyPatches(built: Kustomization, project: Project): void {
  const { object, folder } = built;
  const patches: { text: string; file: string; target: JsonObject }[] = [];
  const readPatch = (name: string, target: JsonObject) => {
    const file = path.posix.normalize(path.posix.join(folder, name));
    built.files.add(file);
    const text = project.read(file);
    if (text === undefined) {
      if (!isMadeByHand(project, file)) built.missing.push({ name, place: placeOf(object, 'patches') });
    } else patches.push({ text, file, target });
  };
  for (const patch of objectsAt(object, 'patches')) {
    const target = objectAt(patch, 'target');
    const inline = textAt(patch, 'patch');
    const file = textAt(patch, 'path');
    if (inline !== undefined) patches.push({ text: inline, file: built.path, target });
    if (file !== undefined) readPatch(file, target);
  }
  for (const patch of objectsAt(object, 'patchesJson6902')) {
    const file = textAt(patch, 'path');
    if (file !== undefined) readPatch(file, objectAt(patch, 'target'));
  }
  for (const entry of listAt(object, 'patchesStrategicMerge')) {
    if (typeof entry !== 'string') continue;
    if (entry.includes('\n')) patches.push({ text: entry, file: built.path, target: {} });
    else readPatch(entry, {});
  }
  for (const { text, file, target } of patches) {
    for (const { value } of readYaml(text, file, 'kubectl').documents) {
      if (isObject(value)) {
        const isAimed = Object.keys(target).length > 0;
        const wanted = isAimed ? target : { kind: value.kind ?? '', ...objectAt(value, 'metadata') };
        if (!isAimed && !built.objects.some((resource) => isTarget(resource, wanted, built.affixes)))
          built.unmatched.push({
            kind: textAt(value, 'kind') ?? '',
            name: textAt(value, 'metadata', 'name') ?? '',
            place: placeOf(objectAt(value, 'metadata'), 'name'),
          });
        built.objects = built.objects.flatMap((resource) => {
          if (!isTarget(resource, wanted, built.affixes)) return [resource];
          if (value.$patch === 'delete') return [];
          const merged = mergeObjects(resource, value, '');
          // A patch that is sent to a target keeps the target's name, whatever it calls itself.
          if (isObject(merged.metadata)) merged.metadata.name = textAt(resource, 'metadata', 'name') ?? '';
          return [merged];
        });
      } else if (Array.isArray(value)) {
        built.objects = built.objects.map((resource) =>
          isTarget(resource, target, built.affixes) ? objectsAt(value).reduce(applyOperation, resource) : resource,
        );
      }
    }
  }
}

function isTarget(resource: JsonObject, target: JsonObject, affixes: [string, string][]): boolean {
  const kind = textAt(target, 'kind');
  const name = textAt(target, 'name');
  if (kind !== undefined && kind !== resource.kind) return false;
  if (name === undefined) return true;
  const actual = textAt(resource, 'metadata', 'name') ?? '';
  // A base's names are known by what they were, too.
  if (affixes.some(([before, behind]) => actual === before + name + behind)) return true;
  try {
    return name === actual || new RegExp(`^(?:${name})$`).test(actual);
  } catch {
    return false;
  }
}

/** One operation of a JSON patch: add, replace or remove. */
function applyOperation(resource: JsonObject, operation: JsonObject): JsonObject {
  const keys = (textAt(operation, 'path') ?? '')
    .split('/')
    .slice(1)
    .map((key) => key.replace(/~1/g, '/').replace(/~0/g, '~'));
  const place = placeOf(operation);
  const change = (node: Json | undefined, depth: number): Json => {
    const key = keys[depth] ?? '';
    const last = depth === keys.length - 1;
    const value = operation.value ?? null;
    if (Array.isArray(node)) {
      const copy = [...node];
      const index = key === '-' ? node.length : Number(key);
      if (!last) copy[index] = change(node[index], depth + 1);
      else if (operation.op === 'remove') copy.splice(index, 1);
      else if (operation.op === 'add') copy.splice(index, 0, value);
      else copy[index] = value;
      setOrigin(copy, placeOf(node), new Map(copy.map((_, at) => [at, placeOf(node, at)])));
      return copy;
    }
    const copy: JsonObject = isObject(node) ? { ...node } : {};
    if (!last) copy[key] = change(copy[key], depth + 1);
    else if (operation.op === 'remove') Reflect.deleteProperty(copy, key);
    else copy[key] = value;
    const from = isObject(node) ? node : operation;
    const places = new Map<string | number, Place>(Object.keys(copy).map((name) => [name, placeOf(from, name)]));
    places.set(key, place);
    setOrigin(copy, placeOf(from), places);
    return copy;
  };
  const changed = keys.length > 0 ? change(resource, 0) : resource;
  return isObject(changed) ? changed : resource;
}

/** A strategic merge: maps join, named lists join entry by entry, anything else is replaced. */
function mergeObjects(base: JsonObject, patch: JsonObject, parent: string): JsonObject {
  const result: JsonObject = { ...base };
  const places = new Map<string | number, Place>(Object.keys(base).map((key) => [key, placeOf(base, key)]));
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    const old = base[key];
    if (value === null) {
      Reflect.deleteProperty(result, key);
      continue;
    }
    if (isObject(value) && value.$patch === 'replace') result[key] = withoutMark(value);
    else if (isObject(value) && isObject(old)) result[key] = mergeObjects(old, value, key);
    else if (Array.isArray(value) && Array.isArray(old) && key in MERGE_KEYS && parent !== 'matchExpressions') {
      result[key] = mergeLists(old, value, MERGE_KEYS[key] ?? []);
    } else result[key] = value;
    if (!isObject(value) && !Array.isArray(value)) places.set(key, placeOf(patch, key));
  }
  setOrigin(result, placeOf(base), places);
  return result;
}

/** What a patch puts in place of something, without the word that says so. */
function withoutMark(value: JsonObject): JsonObject {
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => key !== '$patch'));
  setOrigin(rest, placeOf(value), new Map(Object.keys(rest).map((key) => [key, placeOf(value, key)])));
  return rest;
}

function mergeLists(base: Json[], patch: Json[], keys: string[]): Json[] {
  const result = [...base];
  const places = new Map<string | number, Place>(base.map((_, index) => [index, placeOf(base, index)]));
  for (const [index, entry] of patch.entries()) {
    const key = isObject(entry) ? keys.find((name) => name in entry) : undefined;
    const same =
      isObject(entry) && key !== undefined
        ? result.findIndex((item) => isObject(item) && item[key] === entry[key])
        : -1;
    const old = result[same];
    if (isObject(entry) && entry.$patch === 'delete') {
      if (same >= 0) result.splice(same, 1);
    } else if (isObject(entry) && isObject(old)) result[same] = mergeObjects(old, entry, '');
    else {
      places.set(result.length, placeOf(patch, index));
      result.push(entry);
    }
  }
  setOrigin(result, placeOf(base), places);
  return result;
}

function merge(base: JsonObject, patch: JsonObject, place: Place): JsonObject {
  const placed = (value: JsonObject): JsonObject => {
    setOrigin(value, place, new Map());
    for (const child of Object.values(value)) if (isObject(child)) placed(child);
    return value;
  };
  return mergeObjects(base, placed(patch), '');
}

function applyGenerators(built: Kustomization, project: Project): void {
  for (const [key, kind] of [
    ['configMapGenerator', 'ConfigMap'],
    ['secretGenerator', 'Secret'],
  ] as const) {
    for (const generator of objectsAt(built.object, key)) {
      const place = placeOf(generator);
      const data: JsonObject = {};
      let isPartial = false;
      const places = new Map<string | number, Place>();
      for (const [index, literal] of listAt(generator, 'literals').entries()) {
        const [name = '', ...rest] = written(literal).split('=');
        data[name] = rest.join('=').replace(/^(["'])(.*)\1$/, '$2');
        places.set(name, placeOf(listAt(generator, 'literals'), index));
      }
      const envFiles = [...listAt(generator, 'envs'), at(generator, 'env')].filter((name) => typeof name === 'string');
      for (const name of envFiles) {
        const file = path.posix.normalize(path.posix.join(built.folder, name));
        const text = project.read(file);
        if (text === undefined) {
          // Usually a file of secrets that git ignores: what it holds cannot be known.
          isPartial = true;
          if (!isMadeByHand(project, file)) built.missing.push({ name, place: placeOf(generator) });
        }
        for (const entry of readEnvFile(text ?? '')) {
          data[entry.name] = entry.value;
          places.set(entry.name, { file, line: entry.line });
        }
      }
      for (const entry of listAt(generator, 'files')) {
        const [name, source] = written(entry).includes('=')
          ? written(entry).split('=')
          : [path.posix.basename(written(entry)), written(entry)];
        const file = path.posix.normalize(path.posix.join(built.folder, source ?? ''));
        data[name ?? ''] = project.read(file) ?? '';
        places.set(name ?? '', { file, line: 1 });
        if (project.kindOf(file) === undefined && !isMadeByHand(project, file)) {
          built.missing.push({ name: source ?? '', place });
        }
      }
      setOrigin(data, place, places);
      const name = textAt(generator, 'name') ?? '';
      const metadata: JsonObject = { name };
      const section = kind === 'Secret' ? 'stringData' : 'data';
      const made: JsonObject = {
        apiVersion: 'v1',
        kind,
        metadata,
        [section]: data,
        ...(isPartial ? { $partial: true } : {}),
      };
      setOrigin(made, place, new Map());
      const old = built.objects.findIndex(
        (object) => object.kind === kind && textAt(object, 'metadata', 'name') === name,
      );
      if (old < 0) built.objects.push(made);
      else if (textAt(generator, 'behavior') === 'merge') {
        built.objects[old] = mergeObjects(built.objects[old] ?? {}, made, '');
      } else built.objects[old] = made;
    }
  }
}

/** The kinds that the fields of other objects name. */
const NAMED: Record<string, string> = {
  'configMapRef.name': 'ConfigMap',
  'configMapKeyRef.name': 'ConfigMap',
  'configMap.name': 'ConfigMap',
  'secretRef.name': 'Secret',
  'secretKeyRef.name': 'Secret',
  'secret.secretName': 'Secret',
  'secret.name': 'Secret',
  'tls.secretName': 'Secret',
  'imagePullSecrets.name': 'Secret',
  'persistentVolumeClaim.claimName': 'PersistentVolumeClaim',
  'service.name': 'Service',
  'spec.serviceName': 'Service',
  'spec.serviceAccountName': 'ServiceAccount',
};

/** `namePrefix` and `nameSuffix`: objects get new names, and so do the references to them; texts keep the old ones. */
function applyNames(built: Kustomization): void {
  const before = textAt(built.object, 'namePrefix') ?? '';
  const behind = textAt(built.object, 'nameSuffix') ?? '';
  if (before === '' && behind === '') return;
  built.affixes = [...built.affixes.map(([a, b]): [string, string] => [before + a, b + behind]), [before, behind]];
  const keepsName = (kind: Json | undefined) => kind === 'Namespace' || kind === 'CustomResourceDefinition';
  const renamed = new Set(
    built.objects.flatMap((object) =>
      keepsName(object.kind) ? [] : `${written(object.kind)} ${textAt(object, 'metadata', 'name') ?? ''}`,
    ),
  );
  const rename = (value: Json, parent: string): Json => {
    if (Array.isArray(value)) {
      const copy = value.map((item) => rename(item, parent));
      setOrigin(copy, placeOf(value), new Map(value.map((_, index) => [index, placeOf(value, index)])));
      return copy;
    }
    if (!isObject(value)) return value;
    const copy: JsonObject = {};
    for (const [key, child] of Object.entries(value)) {
      const kind = parent === 'scaleTargetRef' && key === 'name' ? textAt(value, 'kind') : NAMED[`${parent}.${key}`];
      copy[key] =
        typeof child === 'string' && kind !== undefined && renamed.has(`${kind} ${child}`)
          ? before + child + behind
          : rename(child, key);
    }
    setOrigin(copy, placeOf(value), new Map(Object.keys(value).map((key) => [key, placeOf(value, key)])));
    return copy;
  };
  built.objects = built.objects.map((object) => {
    const copy = rename(object, '');
    if (!isObject(copy)) return object;
    if (isObject(copy.metadata) && !keepsName(copy.kind))
      copy.metadata.name = before + (textAt(copy, 'metadata', 'name') ?? '') + behind;
    return copy;
  });
}

function applyImages(built: Kustomization): void {
  const images = objectsAt(built.object, 'images');
  if (images.length === 0) return;
  const rename = (value: Json): Json => {
    if (Array.isArray(value)) {
      const copy = value.map(rename);
      setOrigin(copy, placeOf(value), new Map(value.map((_, index) => [index, placeOf(value, index)])));
      return copy;
    }
    if (!isObject(value)) return value;
    const copy: JsonObject = {};
    const places = new Map<string | number, Place>();
    for (const [key, child] of Object.entries(value)) {
      copy[key] = rename(child);
      places.set(key, placeOf(value, key));
      if (key !== 'image' || typeof child !== 'string') continue;
      const [, repository = child, tag] = /^(.*?)(?::([^:/@]+))?(?:@.*)?$/.exec(child) ?? [];
      const image = images.find((entry) => entry.name === repository);
      if (!image) continue;
      const digest = textAt(image, 'digest');
      const newTag = textAt(image, 'newTag') ?? tag;
      copy[key] =
        (textAt(image, 'newName') ?? repository) +
        (digest === undefined ? (newTag === undefined ? '' : `:${newTag}`) : `@${digest}`);
      places.set(key, placeOf(image));
    }
    setOrigin(copy, placeOf(value), places);
    return copy;
  };
  built.objects = built.objects.map((object) => {
    const renamed = rename(object);
    return isObject(renamed) ? renamed : object;
  });
}
