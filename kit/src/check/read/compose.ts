import path from 'node:path';
import { expand } from './dockerfile.ts';
import { isEnvFile, isEnvTemplate, readEnvFile } from './env-file.ts';
import { isHandedOver, isSetByScript, isWrittenByScript } from './scripts.ts';
import { asFarAsKnown, type EnvVar } from './kubernetes.ts';
import type { Project } from './project.ts';
import {
  isObject,
  isOverride,
  listAt,
  objectAt,
  placeOf,
  readYaml,
  RESET,
  setOrigin,
  textAt,
  type Json,
  type JsonObject,
  type Place,
  type YamlFault,
  written,
} from './yaml.ts';

/** One `docker compose up`: a file, with what it includes, extends and overrides. */
export interface Stack {
  file: string;
  folder: string;
  services: Service[];
  volumes: Set<string>;
  networks: Set<string>;
  /** Networks shared with other compose projects, whose services answer there too. */
  externalNetworks: Set<string>;
  /** Variables that compose itself puts in, and that no file gives. */
  unset: { name: string; place: Place; service: string | undefined }[];
  missing: {
    name: string;
    place: Place;
    what: 'env_file' | 'own env_file' | 'extended service' | 'include' | 'extends' | 'config';
  }[];
  isOpen: boolean;
}

export interface Service {
  name: string;
  object: JsonObject;
  place: Place;
  folder: string;
  image: string | undefined;
  build:
    | {
        context: string;
        dockerfile: string;
        target: string | undefined;
        args: Record<string, string>;
        given: Map<string, Place>;
        place: Place;
      }
    | undefined;
  ports: { host: number | undefined; container: number; place: Place }[];
  env: Map<string, EnvVar>;
  envIsOpen: boolean;
  volumes: Mount[];
  dependsOn: { name: string; place: Place }[];
  command: string[] | string | undefined;
  entrypoint: string[] | string | undefined;
  profiles: string[];
}

export interface Mount {
  /** A path of the project, a volume's name, or undefined for an anonymous volume. */
  source: string | undefined;
  isBind: boolean;
  target: string;
  place: Place;
}

export interface ComposeFile {
  path: string;
  object: JsonObject | undefined;
  faults: YamlFault[];
}

const COMPOSE_NAME = /(^|\/)((docker-)?compose([._-][\w.-]+)?|[\w-]+[._-](docker-)?compose)\.ya?ml$/i;
const DEFAULT_NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

/** Finds the compose files and joins those that belong together. */
export function readCompose(
  project: Project,
  isAside: (file: string) => boolean,
): { files: ComposeFile[]; stacks: Stack[] } {
  const files: ComposeFile[] = [];
  for (const { path: file } of project.files) {
    if (!COMPOSE_NAME.test(file) || isAside(file) || file.startsWith('.github/')) continue;
    const text = project.read(file);
    if (text === undefined) continue;
    if (/\{\{|\{%/.test(text.replace(/\$\{\{/g, ''))) {
      project.unread.push({ path: file, why: 'template' });
      continue;
    }
    const { documents, faults } = readYaml(text, file);
    const value = documents[0]?.value;
    files.push({ path: file, object: isObject(value) ? value : undefined, faults });
  }
  const byPath = new Map(files.map((file) => [file.path, file]));
  const included = new Set<string>();
  const stacks: Stack[] = [];
  const byFolder = new Map<string, ComposeFile[]>();
  for (const file of files) {
    const folder = path.posix.dirname(file.path);
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), file]);
  }
  for (const [folder, members] of byFolder) {
    const base = DEFAULT_NAMES.map((name) => members.find((file) => path.posix.basename(file.path) === name)).find(
      Boolean,
    );
    const override = members.find((file) => /(^|\/)(docker-)?compose\.override\.ya?ml$/.test(file.path));
    for (const member of members) {
      if (!member.object || member === override) continue;
      const layers = [member.object];
      if (base?.object && member !== base && isFragment(project, member, base.object)) layers.unshift(base.object);
      if (member === base && override?.object) layers.push(override.object);
      const stack = stackOf(project, member.path, folder, layers, byPath, included);
      // What a file with a fault would have said is not known.
      if (member.faults.length > 0) stack.isOpen = true;
      stacks.push(stack);
    }
  }
  return { files, stacks: stacks.filter((stack) => !included.has(stack.file)) };
}

/** Whether a file is written to be laid over the folder's main one: `docker compose -f main -f this`. */
function isFragment(project: Project, { path: file, object }: ComposeFile, base: JsonObject): boolean {
  const text = project.read(file) ?? '';
  if (/:\s*!(reset|override)\b/.test(text)) return true;
  const services = Object.entries(objectAt(object, 'services'));
  return services.some(([name, service]) => {
    if (!isObject(service)) return true;
    if (!('image' in service || 'build' in service || 'extends' in service)) return true;
    // A build without folder takes the one that the main file gives.
    return (
      isObject(service.build) &&
      !('context' in service.build || 'dockerfile_inline' in service.build) &&
      'build' in objectAt(base, 'services', name)
    );
  });
}

function stackOf(
  project: Project,
  file: string,
  folder: string,
  layers: JsonObject[],
  byPath: Map<string, ComposeFile>,
  included: Set<string>,
  envFiles: readonly string[] = [],
): Stack {
  const stack: Stack = {
    file,
    folder,
    services: [],
    volumes: new Set(),
    networks: new Set(['default']),
    externalNetworks: new Set(),
    unset: [],
    missing: [],
    isOpen: false,
  };
  const { values, isTold } = interpolation(project, folder, envFiles);
  const whole = layers.map(normalise).reduce(layer, {});

  for (const [index, entry] of listAt(whole, 'include').entries()) {
    const names =
      typeof entry === 'string'
        ? [entry]
        : listAt(entry, 'path').length > 0
          ? listAt(entry, 'path')
          : [textAt(entry, 'path') ?? ''];
    const inner: { file: string; object: JsonObject }[] = [];
    for (const name of names) {
      if (typeof name !== 'string') continue;
      const target = path.posix.normalize(path.posix.join(folder, name));
      if (/^(https?|git|oci):|\$\{/.test(name)) {
        stack.isOpen = true;
        continue;
      }
      const other = byPath.get(target) ?? composeAt(project, target);
      if (!other?.object) {
        stack.missing.push({ name, place: placeOf(listAt(whole, 'include'), index), what: 'include' });
        stack.isOpen = true;
        continue;
      }
      included.add(target);
      inner.push({ file: target, object: other.object });
    }
    // Several paths of one entry are laid over each other.
    if (inner[0]) {
      const { file: main } = inner[0];
      const layers = inner.map(({ object }) => object);
      const given = [textAt(entry, 'env_file') ?? listAt(entry, 'env_file').map(written)].flat();
      const base = path.posix.normalize(
        path.posix.join(
          folder,
          textAt(entry, 'project_directory') ?? path.posix.dirname(path.posix.relative(folder, main)),
        ),
      );
      const envFiles = given.map((each) => path.posix.normalize(path.posix.join(folder, each)));
      const made = stackOf(project, main, base, layers, byPath, included, envFiles);
      stack.services.push(...made.services);
      for (const volume of made.volumes) stack.volumes.add(volume);
      for (const network of made.networks) stack.networks.add(network);
      stack.unset.push(...made.unset);
      stack.missing.push(...made.missing);
    }
  }
  for (const name of Object.keys(objectAt(whole, 'volumes'))) stack.volumes.add(name);
  for (const name of Object.keys(objectAt(whole, 'networks'))) {
    stack.networks.add(name);
    if (
      textAt(whole, 'networks', name, 'external') !== undefined &&
      textAt(whole, 'networks', name, 'external') !== 'false'
    ) {
      stack.externalNetworks.add(name);
    }
  }
  for (const [name, written] of Object.entries(objectAt(whole, 'services'))) {
    if (!isObject(written)) continue;
    const extended = extendService(project, folder, whole, written, byPath, stack, 0);
    const object = interpolate(extended, values, (variable, place) => {
      if (!isTold(variable)) stack.unset.push({ name: variable, place, service: name });
    });
    if (!isObject(object)) continue;
    stack.services.push(
      serviceOf(project, name, object, placeOf(objectAt(whole, 'services'), name), folder, values, stack),
    );
  }
  return stack;
}

function composeAt(project: Project, file: string): ComposeFile | undefined {
  const text = project.read(file);
  if (text === undefined) return undefined;
  const { documents, faults } = readYaml(text, file);
  const value = documents[0]?.value;
  return { path: file, object: isObject(value) ? value : undefined, faults };
}

/** What `${NAME}` stands for: the folder's `.env`, the template that shows what it will hold, or what a script sets. */
function interpolation(
  project: Project,
  folder: string,
  included: readonly string[] = [],
): { values: Record<string, string>; isTold: (name: string) => boolean } {
  const values: Record<string, string> = {};
  const told = new Set<string>();
  let hasEnv = false;
  for (const name of project.list(folder)) {
    const file = folder === '.' ? name : `${folder}/${name}`;
    if (name !== '.env' && !isEnvTemplate(file) && !(isEnvFile(file) && isHandedOver(project, file))) continue;
    if (name === '.env') hasEnv = true;
    for (const entry of readEnvFile(project.read(file) ?? '')) {
      told.add(entry.name);
      if (name === '.env') values[entry.name] = entry.value;
    }
  }
  // `include:` may give each of its files an environment file.
  for (const file of included) for (const entry of readEnvFile(project.read(file) ?? '')) told.add(entry.name);
  // A template higher up may be meant for `--env-file`.
  for (let above = folder; above !== '.';) {
    above = path.posix.dirname(above);
    for (const name of project.list(above)) {
      const file = above === '.' ? name : `${above}/${name}`;
      if (isEnvTemplate(file)) for (const entry of readEnvFile(project.read(file) ?? '')) told.add(entry.name);
    }
  }
  // A .env that git ignores is on its author's laptop: what it gives cannot be known.
  const hidden = !hasEnv && told.size === 0 && !project.isShared(path.posix.join(folder, '.env'));
  return {
    values,
    isTold: (name) =>
      hidden ||
      told.has(name) ||
      name in values ||
      /^(CI|PWD|HOME|USER|UID|GID|HOSTNAME|DISPLAY|SSH_AUTH_SOCK|XDG_\w+|COMPOSE_\w+|DOCKER_\w+|WWWUSER|WWWGROUP|GITHUB_\w+|CI_\w+|TAG|VERSION)$/.test(
        name,
      ) ||
      isSetByScript(project, name),
  };
}

function interpolate(
  value: Json,
  values: Record<string, string>,
  onUnset: (name: string, place: Place) => void,
  place?: Place,
): Json {
  if (typeof value === 'string') {
    if (!value.includes('$')) return value;
    const text = value.replaceAll('$$', '\u0000');
    for (const match of text.matchAll(/\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/g)) {
      const name = match[1] ?? match[2] ?? '';
      if (!(name in values) && place) onUnset(name, place);
    }
    return expand(text, values).replaceAll('\u0000', '$');
  }
  if (Array.isArray(value)) {
    const copy = value.map((item, index) => interpolate(item, values, onUnset, placeOf(value, index)));
    setOrigin(copy, placeOf(value), new Map(value.map((_, index) => [index, placeOf(value, index)])));
    return copy;
  }
  if (isObject(value)) {
    const copy: JsonObject = {};
    for (const [key, child] of Object.entries(value))
      copy[key] = interpolate(child, values, onUnset, placeOf(value, key));
    setOrigin(copy, placeOf(value), new Map(Object.keys(value).map((key) => [key, placeOf(value, key)])));
    return copy;
  }
  return value;
}

/** `environment:` may be a list; as a map it can be laid over another. */
function normalise(object: JsonObject): JsonObject {
  const copy: JsonObject = { ...object };
  const services: JsonObject = {};
  const given = objectAt(object, 'services');
  for (const [name, service] of Object.entries(given)) {
    if (!isObject(service) || !Array.isArray(service.environment)) {
      services[name] = service;
      continue;
    }
    const environment: JsonObject = {};
    const places = new Map<string | number, Place>();
    for (const [index, entry] of service.environment.entries()) {
      const text = written(entry);
      const equals = text.indexOf('=');
      const key = equals < 0 ? text : text.slice(0, equals);
      environment[key] = equals < 0 ? null : text.slice(equals + 1);
      places.set(key, placeOf(service.environment, index));
    }
    setOrigin(environment, placeOf(service, 'environment'), places);
    const changed = { ...service, environment };
    setOrigin(changed, placeOf(service), new Map(Object.keys(service).map((key) => [key, placeOf(service, key)])));
    services[name] = changed;
  }
  setOrigin(
    services,
    placeOf(object, 'services'),
    new Map(Object.keys(services).map((key) => [key, placeOf(given, key)])),
  );
  copy.services = services;
  setOrigin(copy, placeOf(object), new Map(Object.keys(object).map((key) => [key, placeOf(object, key)])));
  return copy;
}

/** Lays one compose object over another: maps join, lists grow, the rest is replaced. */
function layer(below: JsonObject, above: JsonObject): JsonObject {
  const result: JsonObject = { ...below };
  const places = new Map<string | number, Place>(Object.keys(below).map((key) => [key, placeOf(below, key)]));
  for (const [key, value] of Object.entries(above)) {
    const old = result[key];
    places.set(key, placeOf(above, key));
    if (value === RESET) Reflect.deleteProperty(result, key);
    else if (isOverride(value)) result[key] = value;
    else if (isObject(value) && (isObject(old) || old === undefined))
      result[key] = layer(isObject(old) ? old : {}, value);
    else if (Array.isArray(old) && Array.isArray(value) && !['command', 'entrypoint'].includes(key)) {
      const joined = [...old, ...value];
      setOrigin(
        joined,
        placeOf(old),
        new Map(
          joined.map((_, index) => [
            index,
            index < old.length ? placeOf(old, index) : placeOf(value, index - old.length),
          ]),
        ),
      );
      result[key] = joined;
    } else if (value !== null || !isObject(old)) result[key] = value;
  }
  setOrigin(result, Object.keys(below).length > 0 ? placeOf(below) : placeOf(above), places);
  return result;
}

function extendService(
  project: Project,
  folder: string,
  whole: JsonObject,
  service: JsonObject,
  byPath: Map<string, ComposeFile>,
  stack: Stack,
  depth: number,
): JsonObject {
  if (!('extends' in service) || depth > 5) return service;
  const name = textAt(service, 'extends') ?? textAt(service, 'extends', 'service') ?? '';
  const file = textAt(service, 'extends', 'file');
  let source: JsonObject | undefined = whole;
  if (file !== undefined) {
    const target = path.posix.normalize(path.posix.join(folder, file));
    source = (byPath.get(target) ?? composeAt(project, target))?.object;
    if (source) source = normalise(source);
    else stack.missing.push({ name: file, place: placeOf(service, 'extends'), what: 'extends' });
  }
  const parent = objectAt(source, 'services', name);
  if (Object.keys(parent).length === 0) {
    if (source && name !== '' && !stack.isOpen)
      stack.missing.push({ name, place: placeOf(service, 'extends'), what: 'extended service' });
    return service;
  }
  const kept = Object.fromEntries(Object.entries(parent).filter(([key]) => key !== 'depends_on'));
  setOrigin(kept, placeOf(parent), new Map(Object.keys(kept).map((key) => [key, placeOf(parent, key)])));
  return layer(extendService(project, folder, source ?? {}, kept, byPath, stack, depth + 1), service);
}

function serviceOf(
  project: Project,
  name: string,
  object: JsonObject,
  place: Place,
  folder: string,
  values: Record<string, string>,
  stack: Stack,
): Service {
  const inside = (file: string) => path.posix.normalize(path.posix.join(folder, file));
  const env = new Map<string, EnvVar>();
  let envIsOpen = false;
  const files = typeof object.env_file === 'string' ? [object.env_file] : listAt(object, 'env_file');
  for (const entry of files) {
    const written = typeof entry === 'string' ? entry : (textAt(entry, 'path') ?? '');
    const isRequired = typeof entry === 'string' || textAt(entry, 'required') !== 'false';
    if (written.includes('$')) {
      envIsOpen = true;
      continue;
    }
    const file = inside(written);
    const text = project.read(file);
    const template = text === undefined ? templateOf(project, file) : undefined;
    if (text === undefined && template === undefined) {
      envIsOpen = true;
      if (isRequired && !file.startsWith('..') && !isWrittenByScript(project, file))
        stack.missing.push({
          name: written,
          place: placeOf(object, 'env_file'),
          what: project.isShared(file) ? 'env_file' : 'own env_file',
        });
    }
    for (const line of readEnvFile(text ?? project.read(template ?? '') ?? '')) {
      env.set(line.name, {
        value: text === undefined ? undefined : line.value,
        place: { file: text === undefined ? (template ?? file) : file, line: line.line },
        from: 'ConfigMap',
      });
    }
  }
  const environment = objectAt(object, 'environment');
  for (const [key, value] of Object.entries(environment)) {
    const text = value === null ? values[key] : typeof value === 'object' ? undefined : String(value);
    env.set(key, {
      value: text === undefined ? undefined : asFarAsKnown(text),
      place: placeOf(environment, key),
      from: 'value',
    });
  }
  const build = object.build;
  const context = typeof build === 'string' ? build : (textAt(build, 'context') ?? '.');
  const dockerfile = textAt(build, 'dockerfile') ?? 'Dockerfile';
  const isLocal =
    build !== undefined && !/^(https?:|git@|github\.com|\/|~)|\$\{?\w/.test(context) && !/^\/|\$\{?\w/.test(dockerfile);
  const args: Record<string, string> = {};
  const given = new Map<string, Place>();
  if (isObject(build)) {
    for (const [key, value] of Object.entries(objectAt(build, 'args'))) {
      args[key] = value === null ? (values[key] ?? '') : written(value);
      given.set(key, placeOf(objectAt(build, 'args'), key));
    }
    for (const [index, entry] of listAt(build, 'args').entries()) {
      const [key = '', ...rest] = written(entry).split('=');
      args[key] = rest.length > 0 ? rest.join('=') : (values[key] ?? '');
      given.set(key, placeOf(listAt(build, 'args'), index));
    }
  }
  for (const [key, value] of Object.entries(args))
    if (/\$\{?\w/.test(value) || value === '') Reflect.deleteProperty(args, key);
  return {
    name,
    object,
    place,
    folder,
    image: textAt(object, 'image'),
    build:
      isLocal && !(isObject(build) && 'dockerfile_inline' in build)
        ? {
            context: inside(context),
            dockerfile: path.posix.isAbsolute(dockerfile) ? dockerfile : inside(path.posix.join(context, dockerfile)),
            target: textAt(build, 'target'),
            args,
            given,
            place: placeOf(object, 'build'),
          }
        : undefined,
    ports: listAt(object, 'ports').flatMap((entry, index) => portOf(entry, placeOf(listAt(object, 'ports'), index))),
    env,
    envIsOpen,
    volumes: listAt(object, 'volumes').flatMap((entry, index) =>
      mountOf(entry, placeOf(listAt(object, 'volumes'), index), inside),
    ),
    dependsOn: [
      ...listAt(object, 'depends_on').map((entry, index) => ({
        name: written(entry),
        place: placeOf(listAt(object, 'depends_on'), index),
      })),
      ...Object.keys(objectAt(object, 'depends_on')).map((key) => ({
        name: key,
        place: placeOf(objectAt(object, 'depends_on'), key),
      })),
    ],
    command: wordsOf(object.command),
    entrypoint: wordsOf(object.entrypoint),
    profiles: listAt(object, 'profiles').map(written),
  };
}

/** The template that shows what an absent environment file will hold. */
function templateOf(project: Project, file: string): string | undefined {
  const folder = path.posix.dirname(file);
  const base = path.posix.basename(file);
  const templates = project
    .list(folder)
    .map((name) => (folder === '.' ? name : `${folder}/${name}`))
    .filter(isEnvTemplate);
  return (
    templates.find((name) => path.posix.basename(name).includes(base.replace(/^\./, ''))) ??
    (base === '.env' ? templates[0] : undefined)
  );
}

function wordsOf(value: Json | undefined): string[] | string | undefined {
  if (Array.isArray(value)) return value.map(written);
  return typeof value === 'string' ? value : undefined;
}

function portOf(entry: Json, place: Place): Service['ports'] {
  if (isObject(entry)) {
    const container = Number(entry.target);
    const host = Number(entry.published);
    return Number.isInteger(container) ? [{ host: Number.isInteger(host) ? host : undefined, container, place }] : [];
  }
  const text = written(entry).replace(/\/(tcp|udp)$/, '');
  if (written(entry).endsWith('/udp') || text.includes('$') || /\d-\d/.test(text)) return [];
  const parts = text.split(':');
  const container = Number(parts.at(-1));
  const host = parts.length > 1 ? Number(parts.at(-2)) : undefined;
  return Number.isInteger(container) ? [{ host: Number.isInteger(host) ? host : undefined, container, place }] : [];
}

function mountOf(entry: Json, place: Place, inside: (file: string) => string): Mount[] {
  let source: string | undefined;
  let target: string | undefined;
  let isBind: boolean;
  if (isObject(entry)) {
    source = textAt(entry, 'source');
    target = textAt(entry, 'target');
    isBind = entry.type === 'bind';
  } else {
    const parts = written(entry).split(':');
    if (parts.length === 1) return [{ source: undefined, isBind: false, target: parts[0] ?? '', place }];
    [source, target] = parts;
    isBind = /^(\.|\/|~|\$)/.test(source ?? '');
  }
  if (target === undefined) return [];
  const isProject = isBind && /^\.|^\$\{?PWD\}?/.test(source ?? '');
  return [
    {
      source: isProject ? inside((source ?? '').replace(/^\$\{?PWD\}?\/?/, './')) : source,
      isBind,
      target: target.length > 1 ? target.replace(/\/$/, '') : target,
      place,
    },
  ];
}
