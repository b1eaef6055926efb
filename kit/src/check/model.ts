import path from 'node:path';
import { objectIn } from './read/object-file.ts';
import { readCompose, type ComposeFile, type Service, type Stack } from './read/compose.ts';
import { isEnvFile, readEnvFile } from './read/env-file.ts';
import { findInImage, openContext, readImage, type Build, type Found, type Image } from './read/image.ts';
import { knownPorts, OFFICIAL, parseImage, roleOf } from './read/images.ts';
import { readJavaScript } from './read/javascript.ts';
import {
  dataOf,
  findResource,
  isAside,
  portsOf,
  readKubernetes,
  type Cluster,
  type Container,
  type EnvVar,
  type ManifestFile,
  type Workload,
} from './read/kubernetes.ts';
import type { Kustomization } from './read/kustomize.ts';
import { findDirectives, readNginx, type Directive } from './read/nginx.ts';
import type { Project } from './read/project.ts';
import { readPython } from './read/python.ts';
import { readShell } from './read/shell.ts';
import type { SourceFile } from './read/source.ts';
import {
  followStart,
  importsOf,
  listeningOf,
  sourceOfBuilt,
  type Listening,
  type Start,
  type Surroundings,
} from './read/start.ts';
import { buildsOfScript, buildsOfWorkflow, readWorkflows, type Workflow } from './read/workflow.ts';
import { objectAt, objectsAt, placeOf, readYaml, textAt, type JsonObject, type Place, written } from './read/yaml.ts';
import { literal } from './words.ts';

/** Everything that the rules ask: the files, and how they hang together. */
export interface Model {
  project: Project;
  manifests: ManifestFile[];
  clusters: Cluster[];
  kustomizations: Kustomization[];
  composeFiles: ComposeFile[];
  stacks: Stack[];
  workflows: Workflow[];
  dockerfiles: string[];
  builds: Build[];
  instances: Instance[];
  fronts: Front[];
  source: (file: string) => SourceFile | undefined;
}

/** A container as it would run: its image, its files, its variables, its command. */
export interface Instance {
  where: 'compose' | 'kubernetes' | 'image';
  name: string;
  place: Place;
  imageName: string;
  image: Image | undefined;
  variables: Map<string, EnvVar>;
  envIsOpen: boolean;
  mounts: { target: string; source: string | undefined; isKnown: boolean }[];
  start: Start;
  listens: Listening[];
  around: Surroundings & { source: (file: string) => SourceFile | undefined; hasVariable: (name: string) => boolean };
  stack: Stack | undefined;
  service: Service | undefined;
  cluster: Cluster | undefined;
  workload: Workload | undefined;
  container: Container | undefined;
}

/** A front that a bundler makes out of its sources. */
export interface Front {
  folder: string;
  kind: 'vite' | 'cra' | 'next' | 'vue-cli' | 'angular' | 'astro' | 'static';
  /** Variables with this beginning are written into the built files. */
  prefix: RegExp | undefined;
  sources: string[];
  packageJson: JsonObject;
}

/** Images of the course, published by its teachers. */
export const COURSE_IMAGES = /^ragatzino\/(backend|frontend)-demo-conception-logicielle$/;

/** Whether a container runs tests against the others: it works and goes, and its browser is inside their network. */
export function runsTests(instance: Instance): boolean {
  const { image, service, start } = instance;
  const steps = image?.runs.map((run) => run.instruction.raw).join('\n') ?? '';
  return (
    /(^|\/)(playwright|cypress|puppeteer|testcafe)([/:]|$)/.test(image?.base ?? instance.imageName) ||
    /\b(playwright|cypress)\s+install\b/.test(steps) ||
    /playwright|cypress|e2e/i.test(path.posix.basename(image?.dockerfile.path ?? '')) ||
    /^(e2e|playwright|cypress|tests?)([-_]|$)/i.test(service?.name ?? '') ||
    /\b(playwright|cypress|pytest|jest|newman)\b/.test((start.words ?? []).join(' '))
  );
}

/** Reads the whole project. */
export function buildModel(project: Project): Model {
  const sources = new Map<string, SourceFile | undefined>();
  const source = (file: string): SourceFile | undefined => {
    if (!sources.has(file)) {
      const text = /\.(py|[cm]?[jt]sx?|vue|svelte|astro)$/.test(file) ? project.read(file) : undefined;
      sources.set(
        file,
        text === undefined || text.length > 300_000
          ? undefined
          : file.endsWith('.py')
            ? readPython(file, text)
            : readJavaScript(file, text),
      );
    }
    return sources.get(file);
  };
  const { files: manifests, clusters, kustomizations } = readKubernetes(project);
  const { files: composeFiles, stacks } = readCompose(project, isAside);
  const workflows = readWorkflows(project);
  const dockerfiles = project.files
    .map((file) => file.path)
    .filter(
      (file) =>
        /(^|\/)((Docker|Container)file([._-][\w.-]+)?|[\w.-]+\.(docker|container)file)$/i.test(file) &&
        !/\.dockerignore$|\.(md|sh|ya?ml|j2|tpl|tmpl|txt|py|m?[jt]s|bak)$/i.test(file) &&
        !isAside(file) &&
        !/^\s*(\{%|\{\{)/m.test(project.read(file) ?? ''),
    );
  const builds = collectBuilds(project, stacks, workflows, dockerfiles);
  const model: Model = {
    project,
    manifests,
    clusters,
    kustomizations,
    composeFiles,
    stacks,
    workflows,
    dockerfiles,
    builds,
    instances: [],
    fronts: readFronts(project),
    source,
  };
  model.instances = collectInstances(model);
  return model;
}

function collectBuilds(project: Project, stacks: Stack[], workflows: Workflow[], dockerfiles: string[]): Build[] {
  const builds: Build[] = [];
  for (const stack of stacks) {
    for (const service of stack.services) {
      if (!service.build) continue;
      builds.push({
        ...service.build,
        by: 'compose',
        images: service.image === undefined ? [] : [service.image],
        platforms: [textAt(service.object, 'platform') ?? ''].filter(Boolean),
        isPushed: false,
      });
    }
  }
  for (const workflow of workflows) builds.push(...buildsOfWorkflow(workflow));
  for (const { path: file } of project.files) {
    const isScript =
      /(^|\/)(makefile|justfile|jenkinsfile|gnumakefile)$|\.(sh|bash|mk|ps1|bat)$|(^|\/)\.gitlab-ci\.ya?ml$|(^|\/)(Taskfile|bitbucket-pipelines)\.ya?ml$/i.test(
        file,
      );
    const isText = /\.md$/i.test(file);
    if (!isScript && !isText) continue;
    const text = project.read(file);
    if (text === undefined || !/\b(docker|podman)\b[^\n]*\bbuild\b/.test(text)) continue;
    const folder = /\.(sh|bash|md)$/.test(file) && !isText ? '.' : path.posix.dirname(file);
    for (const [index, line] of text.split('\n').entries()) {
      if (!/\b(docker|podman)\b[^\n]*\bbuild\b/.test(line)) continue;
      const clean = line
        .replace(/^[\s>@-]*(\$\s+)?/, '')
        .replace(/`/g, '')
        .replace(/\$\((\w+)\)/g, '$${$1}');
      const whole = clean.endsWith('\\')
        ? text
            .split('\n')
            .slice(index, index + 6)
            .join('\n')
            .replace(/^[\s>@-]*(\$\s+)?/, '')
        : clean;
      const found = buildsOfScript(whole, folder, { file, line: index + 1 }, 'script').slice(0, 1);
      // A sentence of a README tells how a Dockerfile is built when nothing else does.
      builds.push(
        ...found.filter(
          (build) =>
            project.kindOf(build.dockerfile) === 'file' &&
            !(isText && builds.some((other) => other.dockerfile === build.dockerfile)),
        ),
      );
    }
  }
  for (const { path: file } of project.files) {
    if (!/(^|\/)skaffold\.ya?ml$/.test(file)) continue;
    for (const { value } of readYaml(project.read(file) ?? '', file).documents) {
      for (const artifact of objectsAt(value, 'build', 'artifacts')) {
        const context = path.posix.normalize(
          path.posix.join(path.posix.dirname(file), textAt(artifact, 'context') ?? '.'),
        );
        builds.push({
          dockerfile: path.posix.join(context, textAt(artifact, 'docker', 'dockerfile') ?? 'Dockerfile'),
          context,
          target: textAt(artifact, 'docker', 'target'),
          args: {},
          place: placeOf(artifact),
          by: 'script',
          images: [textAt(artifact, 'image') ?? ''],
          platforms: [],
          isPushed: true,
        });
      }
    }
  }
  for (const build of builds) {
    // Docker takes `dockerfile` when there is no `Dockerfile`.
    const lower = build.dockerfile.replace(/(^|\/)Dockerfile$/, '$1dockerfile');
    if (project.kindOf(build.dockerfile) !== 'file' && project.kindOf(lower) === 'file') build.dockerfile = lower;
  }
  for (const dockerfile of dockerfiles) {
    if (builds.some((build) => build.dockerfile === dockerfile)) continue;
    builds.push(loneBuild(project, dockerfile));
  }
  return builds;
}

/** A Dockerfile that nothing names is taken for built from the folder in which what it copies is found. */
function loneBuild(project: Project, dockerfile: string): Build {
  const build: Build = {
    dockerfile,
    context: path.posix.dirname(dockerfile),
    target: undefined,
    args: {},
    place: { file: dockerfile, line: 1 },
    by: 'folder',
    images: [],
    platforms: [],
    isPushed: false,
  };
  const lacking = (context: string): number => {
    const image = readImage(project, { ...build, context });
    if (!image) return 0;
    const view = openContext(project, { ...build, context });
    return image.dockerfile.stages
      .flatMap((stage) =>
        stage.instructions.filter((step) => /^(COPY|ADD)$/.test(step.keyword) && step.flags.from === undefined),
      )
      .flatMap((step) => step.text.split(/\s+/).slice(0, -1))
      .filter(
        (name) =>
          !/[*?[$<]/.test(name) && view.lacks(path.posix.join(context, path.posix.join('/', name))) === 'missing',
      ).length;
  };
  let best = lacking(build.context);
  for (let context = build.context; best > 0 && context !== '.';) {
    context = path.posix.dirname(context);
    const count = lacking(context);
    if (count < best) {
      best = count;
      build.context = context;
    }
  }
  return build;
}

function collectInstances(model: Model): Instance[] {
  const { project, builds } = model;
  const images = new Map<Build, Image | undefined>();
  const imageOfBuild = (build: Build): Image | undefined => {
    if (!images.has(build))
      images.set(build, project.kindOf(build.dockerfile) === 'file' ? readImage(project, build) : undefined);
    return images.get(build);
  };
  const used = new Set<Build>();
  const instances: Instance[] = [];
  for (const stack of model.stacks) {
    for (const service of stack.services) {
      const own = service.build;
      const onLine = builds.filter(
        (candidate) =>
          candidate.by === 'compose' &&
          own !== undefined &&
          candidate.place.file === own.place.file &&
          candidate.place.line === own.place.line,
      );
      // Services may share a line: `{ front: { build: front }, back: { build: back } }`.
      const [build] =
        onLine.length < 2
          ? onLine
          : onLine.filter(
              (candidate) =>
                candidate.context === own?.context &&
                candidate.target === own.target &&
                candidate.dockerfile.toLowerCase() === own.dockerfile.toLowerCase(),
            );
      const image = build ? imageOfBuild(build) : undefined;
      if (build) markUsed(builds, build, used);
      instances.push(composeInstance(model, stack, service, image));
    }
  }
  for (const cluster of model.clusters) {
    for (const workload of cluster.workloads) {
      for (const container of workload.containers) {
        const build = buildOf(model, cluster, workload, container);
        if (build) markUsed(builds, build, used);
        instances.push(podInstance(model, cluster, workload, container, build ? imageOfBuild(build) : undefined));
      }
    }
  }
  for (const build of builds) {
    if (used.has(build)) continue;
    const image = imageOfBuild(build);
    if (!image) continue;
    markUsed(builds, build, used);
    instances.push(
      makeInstance(model, {
        where: 'image',
        name: build.images[0] ?? path.posix.dirname(build.dockerfile),
        place: build.place,
        imageName: build.images[0] ?? '',
        image,
        variables: new Map(),
        envIsOpen: true,
        mounts: [],
        workdir: image.workdir,
        entrypoint: undefined,
        command: undefined,
      }),
    );
  }
  return instances;
}

function markUsed(builds: Build[], build: Build, used: Set<Build>): void {
  for (const other of builds) {
    if (
      other.dockerfile === build.dockerfile &&
      other.context === build.context &&
      (other.target ?? '') === (build.target ?? '')
    )
      used.add(other);
  }
}

/** The build that makes a container's image: by its name, or because nothing else can be meant. */
function buildOf(model: Model, cluster: Cluster, workload: Workload, container: Container): Build | undefined {
  const { builds, project } = model;
  const image = parseImage(container.image);
  const real = builds.filter((build) => project.kindOf(build.dockerfile) === 'file');
  const named = real.filter((build) => build.images.some((name) => sameRepository(name, image.repository)));
  // One repository may hold several images, told apart by their tags.
  if (named.length > 0)
    return named.every((build) => build.dockerfile === named[0]?.dockerfile)
      ? named[0]
      : named.find((build) => build.images.some((name) => sameTag(name, image.tag ?? 'latest')));
  if (container.image === '' || isForeign(container.image)) return undefined;
  // A pod's name tells of its main container, not of those beside it.
  const isMain = image.repository === mainImage(workload);
  const distinct = real.filter(
    (build, index) => real.findIndex((other) => other.dockerfile === build.dockerfile) === index,
  );
  const ownFolder = distinct.filter((build) => {
    const folder = path.posix.basename(path.posix.dirname(build.dockerfile)).toLowerCase();
    return (
      folder !== '.' &&
      [image.tail, container.name, ...(isMain ? [workload.resource.name] : [])].some(
        (name) => name.toLowerCase() === folder,
      )
    );
  });
  if (ownFolder.length === 1) return wholeBuild(ownFolder[0]);
  const role = roleOf(image.tail) ?? roleOf(container.name) ?? (isMain ? roleOf(workload.resource.name) : undefined);
  const sameRole = role === undefined ? [] : distinct.filter((build) => roleOfBuild(model, build) === role);
  if (sameRole.length === 1) return wholeBuild(sameRole[0]);
  const custom = customImages(cluster);
  const [only] = distinct;
  // A web server with files makes no API; any other base may make anything.
  const ownRole =
    only === undefined
      ? undefined
      : (roleOf(only.dockerfile.replace(/dockerfile/i, '')) ??
        (/(^|\/)(nginx|httpd|caddy)/.test(readImage(project, only)?.base ?? '') ? 'front' : undefined));
  return distinct.length === 1 && custom.size === 1 && (ownRole === undefined || role === undefined || ownRole === role)
    ? wholeBuild(only)
    : undefined;
}

/** Accounts and registries whose images come from others: servers, and helpers that stand beside a container. */
const FOREIGN =
  /^(bitnami|bitnamilegacy|grafana|prom|prometheuscommunity|minio|quay\.io|registry\.k8s\.io|k8s\.gcr\.io|gcr\.io\/(google|cloud-sql-connectors|cloudsql-docker|kaniko|distroless)|mcr\.microsoft\.com|docker\.elastic\.co|public\.ecr\.aws\/(docker|bitnami|aws|datadog)|cgr\.dev|hashicorp|dpage|apache|confluentinc|jaegertracing|openzipkin|curlimages|fluent|fluentd|timberio|otel|envoyproxy|istio|linkerd|oliver006|natsio|datadog|newrelic|elastic|opensearchproject|nginxinc|kong|haproxytech|oauth2-proxy|ghcr\.io\/(oauth2-proxy|open-telemetry|cloudnative-pg|external-secrets|mlflow)|cloudflare|tailscale|mongodb|redislabs|phpmyadmin|mailhog|axllent|ollama|qdrant|chromadb|getmeili|typesense|n8nio|metabase|selenium|gitea|edoburu|kiwigrid|alpine|bitnamicharts|rancher|nicolaka|natsio|stakater|jimmidyson|wait-for)(\/|$)/;

/** Whether an image is somebody else's: official, well known, or of the course. */
function isForeign(name: string): boolean {
  const image = parseImage(name);
  return (
    COURSE_IMAGES.test(image.repository) ||
    knownPorts(image.repository) !== undefined ||
    (image.account === undefined && OFFICIAL.has(image.tail)) ||
    FOREIGN.test(image.repository)
  );
}

/** The image that a pod is for: of the container that is called like it, else of the first that is no helper. */
function mainImage({ containers, resource }: Workload): string | undefined {
  const own = containers.filter((each) => !each.isInit && !isForeign(each.image));
  const main =
    containers.find(
      (each) => !each.isInit && (each.name === resource.name || parseImage(each.image).tail === resource.name),
    ) ?? own[0];
  return main && parseImage(main.image).repository;
}

const customOf = new WeakMap<Cluster, Set<string>>();

/** The images of a cluster that are neither official nor well known. */
function customImages(cluster: Cluster): Set<string> {
  const known = customOf.get(cluster);
  if (known) return known;
  const names = new Set(
    cluster.workloads
      .flatMap((workload) => workload.containers)
      .filter(({ image }) => COURSE_IMAGES.test(parseImage(image).repository) || !isForeign(image))
      .map(({ image }) => parseImage(image).repository),
  );
  customOf.set(cluster, names);
  return names;
}

/** What a Dockerfile makes: by its folder, else by what it is based on. */
function roleOfBuild(model: Model, build: Build): 'front' | 'back' | 'data' | undefined {
  const byName = roleOf(build.dockerfile.replace(/dockerfile/i, ''));
  if (byName !== undefined) return byName;
  const image = readImage(model.project, build);
  if (!image) return undefined;
  if (frontOf(model, image) ?? /(^|\/)(nginx|httpd|caddy)/.test(image.base)) return 'front';
  return /python|java|temurin|golang|dotnet|php|ruby|uv/.test(image.base) ? 'back' : undefined;
}

const wholeBuilds = new WeakMap<Build, Build>();

/** The build of the last stage: compose often stops at a stage for development, which is not what gets deployed. */
function wholeBuild(build: Build | undefined): Build | undefined {
  if (build?.target === undefined || build.by !== 'compose') return build;
  const known = wholeBuilds.get(build);
  if (known) return known;
  const whole = { ...build, target: undefined };
  wholeBuilds.set(build, whole);
  return whole;
}

/** Whether a name that a build gives is that repository; expressions stand for anything. */
export function sameRepository(given: string, repository: string): boolean {
  const name = parseImage(given.replace(/\$\{\{[^}]*\}\}/g, '§').replace(/\$\{?\w+\}?/g, '§')).repository.toLowerCase();
  if (!name.includes('§')) return name === repository;
  if (!/[a-z0-9]{2}/i.test(name.split('/').at(-1) ?? '')) return false;
  const pattern = name.split('§').map(literal).join('[^/]+(?:/[^/]+)?');
  return new RegExp(`^${pattern}$`).test(repository);
}

function sameTag(given: string, tag: string): boolean {
  const pattern = (parseImage(given.replace(/\$\{\{[^}]*\}\}|\$\{?\w+\}?/g, '§')).tag ?? 'latest')
    .split('§')
    .map(literal)
    .join('.+');
  return new RegExp(`^${pattern}$`).test(tag);
}

interface InstanceSeed {
  where: Instance['where'];
  name: string;
  place: Place;
  imageName: string;
  image: Image | undefined;
  variables: Map<string, EnvVar>;
  envIsOpen: boolean;
  mounts: Instance['mounts'];
  workdir: string;
  /** What takes the place of the image's own entry point and command. */
  entrypoint: { words: string[]; place: Place } | undefined;
  command: { words: string[]; place: Place } | undefined;
}

function composeInstance(model: Model, stack: Stack, service: Service, image: Image | undefined): Instance {
  const words = (value: string[] | string | undefined, key: string) =>
    value === undefined
      ? undefined
      : { words: typeof value === 'string' ? readShellWords(value) : value, place: placeOf(service.object, key) };
  return {
    ...makeInstance(model, {
      where: 'compose',
      name: service.name,
      place: service.place,
      imageName: service.image ?? '',
      image,
      variables: service.env,
      envIsOpen: service.envIsOpen,
      mounts: service.volumes.map((mount) => ({
        target: mount.target,
        source: mount.isBind && mount.source !== undefined && !/^[/~$]/.test(mount.source) ? mount.source : undefined,
        isKnown: mount.isBind && mount.source !== undefined && !/^[/~$]/.test(mount.source),
      })),
      workdir: textAt(service.object, 'working_dir') ?? image?.workdir ?? '/',
      entrypoint: words(service.entrypoint, 'entrypoint'),
      command: words(service.command, 'command'),
    }),
    stack,
    service,
  };
}

/** Compose splits a command into words as a shell does, and runs no shell. */
function readShellWords(text: string): string[] {
  const commands = readShell(text.replace(/[;&|]/g, (sign) => `\\${sign}`).replace(/\n/g, ' '));
  return commands.flatMap((command) => [
    ...Object.entries(command.assignments).map(([name, value]) => `${name}=${value}`),
    ...command.words,
  ]);
}

function podInstance(
  model: Model,
  cluster: Cluster,
  workload: Workload,
  container: Container,
  image: Image | undefined,
): Instance {
  const volumes = new Map(objectsAt(workload.pod, 'volumes').map((volume) => [textAt(volume, 'name') ?? '', volume]));
  const list = (key: string) => {
    const value = container.object[key];
    return Array.isArray(value)
      ? {
          words: value.map((word) =>
            written(word).replace(/\$\(([\w.-]+)\)/g, (whole, name: string) => container.env.get(name)?.value ?? whole),
          ),
          place: placeOf(container.object, key),
        }
      : undefined;
  };
  return {
    ...makeInstance(model, {
      where: 'kubernetes',
      name: container.name,
      place: container.place,
      imageName: container.image,
      image,
      variables: container.env,
      envIsOpen: container.envIsOpen,
      mounts: objectsAt(container.object, 'volumeMounts').map((mount) => ({
        target: textAt(mount, 'mountPath') ?? '/',
        source: undefined,
        isKnown: !volumes.has(textAt(mount, 'name') ?? ''),
      })),
      workdir: textAt(container.object, 'workingDir') ?? image?.workdir ?? '/',
      entrypoint: list('command'),
      command: list('args'),
    }),
    cluster,
    workload,
    container,
  };
}

function makeInstance(model: Model, seed: InstanceSeed): Instance {
  const { project } = model;
  const { image } = seed;
  const variables = new Map(seed.variables);
  for (const [name, { value, line }] of image?.env ?? []) {
    if (!variables.has(name))
      variables.set(name, {
        value: /\$\{?\w/.test(value) ? undefined : value,
        place: { file: image?.dockerfile.path ?? '', line },
        from: 'value',
      });
  }
  const find = (absolute: string): Found => {
    const covering = seed.mounts
      .filter(
        (mount) => absolute === mount.target || absolute.startsWith(`${mount.target === '/' ? '' : mount.target}/`),
      )
      .sort((a, b) => b.target.length - a.target.length)[0];
    if (covering && covering.source !== undefined) {
      const below = absolute.slice(covering.target.length + 1);
      const file = path.posix.normalize(below === '' ? covering.source : path.posix.join(covering.source, below));
      return project.kindOf(file) === undefined
        ? { state: project.isShared(file) && !/node_modules|\.venv|dist|build/.test(file) ? 'no' : 'unknown' }
        : { state: 'yes', source: file };
    }
    if (covering) return { state: 'unknown' };
    if (!image) return { state: 'unknown' };
    return findCached(model, image, absolute);
  };
  const around: Instance['around'] = {
    project,
    image,
    workdir: seed.workdir,
    variables: Object.fromEntries(
      [...variables].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]])),
    ),
    find,
    source: model.source,
    hasVariable: (name) => variables.has(name),
  };
  const start = startOf(seed, around);
  // A `.env` that was copied into the image gives variables to programs that read it.
  const dotenv = find(path.posix.join(seed.workdir, '.env'));
  const instance: Instance = {
    where: seed.where,
    name: seed.name,
    place: seed.place,
    imageName: seed.imageName,
    image,
    variables,
    envIsOpen: seed.envIsOpen,
    mounts: seed.mounts,
    start,
    listens: [],
    around,
    stack: undefined,
    service: undefined,
    cluster: undefined,
    workload: undefined,
    container: undefined,
  };
  if (dotenv.source !== undefined && isEnvFile(dotenv.source)) {
    for (const entry of readEnvFile(project.read(dotenv.source) ?? '')) {
      if (variables.has(entry.name)) continue;
      variables.set(entry.name, {
        value: entry.value,
        place: { file: dotenv.source, line: entry.line },
        from: 'value',
      });
      around.variables[entry.name] ??= entry.value;
    }
  } else if (dotenv.state === 'unknown' && image)
    instance.envIsOpen ||= image.copies.some((copy) => copy.sources.some((name) => name.endsWith('.env')));
  instance.listens = start.runs.flatMap((run) => listeningOf(run, around) ?? []);
  return instance;
}

const cache = new WeakMap<Image, Map<string, Found>>();

function findCached(model: Model, image: Image, absolute: string): Found {
  const known = cache.get(image) ?? new Map<string, Found>();
  cache.set(image, known);
  const found = known.get(absolute) ?? findInImage(model.project, image, absolute);
  known.set(absolute, found);
  return found;
}

/** What the container runs: what its manifest says, else what its image says. */
function startOf(seed: InstanceSeed, around: Instance['around']): Start {
  const { image } = seed;
  const fromImage = (
    instruction: { exec: string[] | undefined; raw: string; line: number; heredocs: { text: string }[] } | undefined,
  ) => {
    if (!instruction) return undefined;
    const place = { file: image?.dockerfile.path ?? '', line: instruction.line };
    return instruction.exec
      ? { words: instruction.exec, place, isShell: false }
      : { words: ['/bin/sh', '-c', instruction.raw], place, isShell: true };
  };
  const imageEntry = fromImage(image?.entrypoint);
  const entrypoint = seed.entrypoint ? { ...seed.entrypoint, isShell: false } : imageEntry;
  const command = seed.command
    ? { ...seed.command, isShell: false }
    : seed.entrypoint
      ? undefined
      : fromImage(image?.command);
  // A shell-form entry point does not see the command.
  const words = [...(entrypoint?.words ?? []), ...(entrypoint?.isShell ? [] : (command?.words ?? []))];
  const place = (command && !entrypoint?.isShell ? command.place : entrypoint?.place) ?? seed.place;
  if (words.length === 0) {
    return { runs: [], faults: [], asides: [], place, isKnown: image !== undefined, words: undefined };
  }
  // An entry point of an image that is not built here does what it likes with the command.
  const followed = followStart(words, entrypoint && !command ? entrypoint.place : place, around, true);
  // What the entry point itself names is said where that stands.
  const [first = ''] = entrypoint?.words ?? [];
  for (const fault of followed.faults)
    if (
      entrypoint &&
      (fault.kind === 'file' || fault.kind === 'script') &&
      fault.place === place &&
      fault.path === path.posix.resolve(around.workdir, first)
    )
      fault.place = entrypoint.place;
  return {
    ...followed,
    place,
    words,
    isKnown: followed.isKnown && (image !== undefined || seed.entrypoint !== undefined || seed.command !== undefined),
  };
}

function readFronts(project: Project): Front[] {
  const fronts: Front[] = [];
  for (const { path: file } of project.files) {
    if (path.posix.basename(file) !== 'package.json' || isAside(file)) continue;
    const value = objectIn(project, file);
    if (!value) continue;
    const names = new Set([
      ...Object.keys(objectAt(value, 'dependencies')),
      ...Object.keys(objectAt(value, 'devDependencies')),
    ]);
    const folder = path.posix.dirname(file);
    const [kind, prefix]: [Front['kind'], RegExp | undefined] | [undefined, undefined] = names.has('next')
      ? ['next', /^NEXT_PUBLIC_/]
      : names.has('react-scripts')
        ? ['cra', /^REACT_APP_/]
        : names.has('@vue/cli-service')
          ? ['vue-cli', /^VUE_APP_/]
          : names.has('astro')
            ? ['astro', /^PUBLIC_/]
            : names.has('@angular/core')
              ? ['angular', undefined]
              : names.has('vite') &&
                  (names.has('react') ||
                    names.has('vue') ||
                    names.has('svelte') ||
                    project.kindOf(path.posix.join(folder, 'index.html')) === 'file')
                ? ['vite', /^VITE_/]
                : [undefined, undefined];
    if (!kind) continue;
    const inside = folder === '.' ? '' : `${folder}/`;
    const sources = project.files
      .map((each) => each.path)
      .filter(
        (each) =>
          each.startsWith(inside) &&
          /\.([cm]?[jt]sx?|vue|svelte|astro)$/.test(each) &&
          !/(^|\/)(dist|build|node_modules|tests?|__tests__|e2e|cypress|server|api|mocks?|scripts|public|nginx|docker|deploy|k8s)\/|\.(test|spec|config|stories|d)\.\w+$|setupTests|setupProxy/.test(
            each.slice(inside.length),
          ),
      )
      .slice(0, 300);
    fronts.push({ folder, kind, prefix, sources, packageJson: value });
  }
  return fronts;
}

/** The front whose files an image is built from. */
export function frontOf(model: Model, image: Image | undefined): Front | undefined {
  if (!image) return undefined;
  const { folder } = image.context;
  const docker = path.posix.dirname(image.dockerfile.path);
  const text = [
    ...image.copies.flatMap((copy) => (copy.from === undefined ? copy.sources : [])),
    ...image.dockerfile.stages.flatMap((stage) =>
      stage.instructions
        .filter((step) => /^(COPY|ADD)$/.test(step.keyword) && step.flags.from === undefined)
        .flatMap((step) => step.text.split(/\s+/).slice(0, -1)),
    ),
  ];
  const copied = text.map((name) =>
    path.posix.normalize(path.posix.join(folder, path.posix.join('/', name))).replace(/\/$/, ''),
  );
  return (
    model.fronts.find((front) => front.folder === docker && docker !== '.') ??
    model.fronts.find((front) => front.folder === folder) ??
    model.fronts.find((front) =>
      copied.some((name) => name === front.folder || name === path.posix.join(front.folder, 'package.json')),
    )
  );
}

/** A configuration that an nginx container reads, and where its first line stands. */
export interface NginxConfig {
  place: Place;
  /** Where nginx has it. */
  target: string;
  directives: Directive[];
  text: string;
}

/** The nginx configurations of a container; `isDefault` when it keeps the image's own. */
export function nginxOf(
  model: Model,
  instance: Instance,
): { configs: NginxConfig[]; isDefault: boolean; isKnown: boolean } | undefined {
  const base = parseImage(instance.image?.base ?? instance.imageName).repository;
  if (!/(^|\/)nginx(-unprivileged)?$/.test(base)) return undefined;
  const configs: NginxConfig[] = [];
  let isKnown = true;
  const add = (text: string | undefined, place: Place, target: string) => {
    const directives = text === undefined ? undefined : readNginx(text);
    if (directives) configs.push({ place, target, directives, text: text ?? '' });
    else isKnown = false;
  };
  const isConfig = (target: string) => /^\/etc\/nginx(\/|$)/.test(target);
  for (const copy of instance.image?.copies ?? []) {
    if (!isConfig(copy.destination)) continue;
    if (copy.from !== undefined || copy.instruction.heredocs.length > 0) {
      if (copy.instruction.heredocs[0])
        add(
          copy.instruction.heredocs[0].text,
          {
            file: instance.image?.dockerfile.path ?? '',
            line: copy.instruction.line + 1,
          },
          copy.destination,
        );
      else isKnown = false;
      continue;
    }
    for (const source of copy.sources) {
      const file = path.posix.join(instance.image?.context.folder ?? '.', path.posix.join('/', source));
      const files =
        model.project.kindOf(file) === 'folder' ? model.project.list(file).map((name) => `${file}/${name}`) : [file];
      for (const each of files)
        if (/\.(conf|template|tmpl)(\.\w+)?$|nginx/.test(each))
          add(
            model.project.read(each),
            { file: each, line: 1 },
            path.posix.join(copy.destination, copy.destination.endsWith('/') ? path.posix.basename(each) : ''),
          );
    }
  }
  for (const run of instance.image?.runs ?? []) {
    if (/\/etc\/nginx/.test(run.instruction.raw) && !/\brm\b[^&|;]*\/etc\/nginx|chown|chmod/.test(run.instruction.raw))
      isKnown = false;
  }
  for (const mount of instance.service?.volumes ?? []) {
    if (!isConfig(mount.target) || mount.source === undefined) continue;
    const source = mount.source;
    const files =
      model.project.kindOf(source) === 'folder'
        ? model.project.list(source).map((name) => `${source}/${name}`)
        : [source];
    for (const each of files) add(model.project.read(each), { file: each, line: 1 }, mount.target);
  }
  for (const mount of objectsAt(instance.container?.object, 'volumeMounts')) {
    if (!isConfig(textAt(mount, 'mountPath') ?? '')) continue;
    const volume = objectsAt(instance.workload?.pod, 'volumes').find((each) => each.name === mount.name);
    const name = textAt(volume, 'configMap', 'name');
    const held =
      instance.cluster && name !== undefined
        ? findResource(instance.cluster, 'ConfigMap', name, instance.workload?.resource)
        : undefined;
    if (!held) {
      if (volume && !('emptyDir' in volume)) isKnown = false;
      continue;
    }
    const subPath = textAt(mount, 'subPath');
    for (const [key, { text, place }] of Object.entries(dataOf(held))) {
      if (subPath === undefined || subPath === key)
        add(
          text,
          { file: place.file, line: place.line + 1 },
          path.posix.join(textAt(mount, 'mountPath') ?? '', subPath === undefined ? key : ''),
        );
    }
  }
  return { configs, isDefault: configs.length === 0 && isKnown, isKnown };
}

/** The ports a container listens on; undefined when that cannot be told. */
export function listeningPorts(
  model: Model,
  instance: Instance,
): { ports: number[]; place: Place; host: string | undefined; server: string } | undefined {
  const nginx = nginxOf(model, instance);
  const overridden =
    instance.service?.command !== undefined ||
    instance.container?.object.command !== undefined ||
    instance.container?.object.args !== undefined;
  if (nginx) {
    if (!nginx.isKnown || (overridden && !/nginx/.test(JSON.stringify(instance.start.words ?? [])))) return undefined;
    if (nginx.isDefault) {
      const base = parseImage(instance.image?.base ?? instance.imageName).repository;
      return { ports: knownPorts(base) ?? [80], place: instance.place, host: undefined, server: 'nginx' };
    }
    const listens = nginx.configs.flatMap((config) =>
      findDirectives(config.directives, 'listen').map(({ directive }) => ({ directive, config })),
    );
    const ports = listens.map(({ directive }) =>
      Number(
        /(?:^|:)(\d+)$/.exec(
          (directive.args[0] ?? '').replace(
            /\$\{?(\w+)\}?/,
            (_, name: string) => instance.around.variables[name] ?? 'x',
          ),
        )?.[1],
      ),
    );
    const first = listens[0];
    if (!first) {
      // Only a part that the image's own server block includes, or a whole file without servers.
      return nginx.configs.some((config) => /\bhttp\s*\{/.test(config.text)) ? undefined : undefined;
    }
    if (ports.some((port) => !Number.isInteger(port))) return undefined;
    return {
      ports,
      place: { file: first.config.place.file, line: first.config.place.line + first.directive.line - 1 },
      host: undefined,
      server: 'nginx',
    };
  }
  if (instance.listens.length > 0) {
    if (hasOtherServers(model, instance)) return undefined;
    const known = instance.listens.filter((listen) => listen.port !== undefined);
    if (known.length < instance.listens.length || !instance.start.isKnown) return undefined;
    const last = known.at(-1);
    return last
      ? { ports: known.map((listen) => listen.port ?? 0), place: last.place, host: last.host, server: last.server }
      : undefined;
  }
  if (instance.image || overridden) return undefined;
  const ports = knownPorts(parseImage(instance.imageName).repository);
  if (!ports || [...instance.variables.keys()].some((name) => /PORT$/.test(name))) return undefined;
  return { ports, place: instance.place, host: undefined, server: parseImage(instance.imageName).tail };
}

/** Whether the sources start more servers than the doctor follows: metrics, gRPC, sockets. */
function hasOtherServers(model: Model, instance: Instance): boolean {
  const sources = runningSources(model, instance);
  if (sources.flatMap((source) => source.listens.filter((listen) => !listen.isMainOnly)).length > 1) return true;
  return sources.some((source) =>
    /start_http_server\(|add_insecure_port\(|add_secure_port\(|HTTPServer\(|websockets\.serve|asyncio\.start_server|WebSocketServer\(|grpc\.Server\(/.test(
      model.project.read(source.path) ?? '',
    ),
  );
}

const running = new WeakMap<Instance, SourceFile[]>();

/** The source files that run in a container: the one that is started, and all that it imports. */
export function runningSources(model: Model, instance: Instance): SourceFile[] {
  const known = running.get(instance);
  if (known) return known;
  const queue: string[] = [];
  const { project } = model;
  for (const run of instance.start.runs) queue.push(...entryFiles(run.program, run.args, run.cwd, instance));
  const seen = new Set<string>();
  const list: SourceFile[] = [];
  while (queue.length > 0 && seen.size < 400) {
    const next = queue.shift() ?? '';
    if (seen.has(next)) continue;
    seen.add(next);
    const source = model.source(next);
    if (!source) continue;
    list.push(source);
    queue.push(...importsOf(source, project));
    if (source.strings.some(({ text }) => text === 'DJANGO_SETTINGS_MODULE'))
      queue.push(...djangoSettings(project, source));
    // `uvicorn.run("main:app")` names its module in a string.
    for (const call of source.calls) {
      if (call.callee !== 'uvicorn.run') continue;
      const module = call.positional[0]?.kind === 'text' ? (call.positional[0].text.split(':')[0] ?? '') : '';
      const file = path.posix.join(path.posix.dirname(source.path), `${module.replace(/\./g, '/')}.py`);
      if (module !== '' && project.kindOf(file) === 'file') queue.push(file);
    }
  }
  running.set(instance, list);
  return list;
}

function djangoSettings(project: Project, source: SourceFile): string[] {
  const folder = path.posix.dirname(source.path);
  return source.strings
    .filter(({ text }) => /^[\w.]+\.settings(\.\w+)?$|^settings$/.test(text))
    .flatMap(({ text }) => {
      const file = text.replace(/\./g, '/');
      return [folder, path.posix.dirname(folder)].flatMap((base) =>
        [`${file}.py`, `${file}/__init__.py`].map((name) => path.posix.normalize(path.posix.join(base, name))),
      );
    })
    .filter((file) => project.kindOf(file) === 'file');
}

/** The files that a program starts from. */
export function entryFiles(program: string, args: string[], cwd: string, instance: Instance): string[] {
  const { find } = instance.around;
  const sourceOf = (file: string) => find(path.posix.resolve(cwd, file)).source;
  const files: (string | undefined)[] = [];
  if (/^(uvicorn|hypercorn|gunicorn|daphne)$/.test(program)) {
    const target = moduleArgument(args);
    if (target) files.push(...moduleFiles(target.module, appDirectory(args)).map(sourceOf));
  } else if (program === 'fastapi') {
    const file = args.slice(1).find((word) => word.endsWith('.py'));
    files.push(...(file === undefined ? ['main.py', 'app.py', 'app/main.py'] : [file]).map(sourceOf));
  } else if (program === 'flask') {
    const app =
      (args.includes('--app') ? args[args.indexOf('--app') + 1] : undefined) ?? instance.around.variables.FLASK_APP;
    const module = app?.split(':')[0] ?? '';
    files.push(
      ...(app === undefined ? ['app.py', 'wsgi.py'] : module.endsWith('.py') ? [module] : moduleFiles(module, '.')).map(
        sourceOf,
      ),
    );
  } else if (program === 'streamlit' || program === 'chainlit') {
    const file = args.slice(1).find((word) => word.endsWith('.py'));
    if (file !== undefined) {
      files.push(sourceOf(file));
      const folder = sourceOf(file);
      if (folder !== undefined) {
        const pages = path.posix.join(path.posix.dirname(folder), 'pages');
        files.push(...instance.around.project.list(pages).map((name) => `${pages}/${name}`));
      }
    }
  } else if (program === 'celery') {
    const app = args[args.findIndex((word) => /^(-A|--app)$/.test(word)) + 1];
    if (app !== undefined) files.push(...moduleFiles(app.split(':')[0] ?? '', '.').map(sourceOf));
  } else if (program === 'python') {
    if (args[0] !== undefined)
      files.push(
        instance.around.project.kindOf(args[0]) === 'file' && args[0].includes('/') ? args[0] : undefined,
        sourceOf(args[0]),
      );
  } else if (/^(node|nodejs|tsx|ts-node|nodemon|ts-node-dev|bun)$/.test(program)) {
    const file = args.find(
      (word, index) =>
        !word.startsWith('-') && !/^(-r|--require|--import|--loader|--exec|-x|--ext|-e)$/.test(args[index - 1] ?? ''),
    );
    if (file !== undefined) {
      files.push(...[file, `${file}.js`, `${file}/index.js`, `${file}.ts`].map(sourceOf));
      files.push(sourceOfBuilt({ cwd }, instance.around, file));
    }
  } else if (program === 'nest') files.push(sourceOf('src/main.ts'));
  return files.filter((file): file is string => file !== undefined && instance.around.project.kindOf(file) === 'file');
}

/** `package.module:attribute` among the arguments of an application server. */
export function moduleArgument(args: string[]): { module: string; attribute: string; word: string } | undefined {
  const valued =
    /^(-b|--bind|-w|--workers|-k|--worker-class|-c|--config|--host|--port|-p|--log-level|--timeout|-t|--reload-dir|--root-path|--app-dir|--env-file|--access-logfile|--error-logfile|--log-config|--threads|--chdir|--name|-n|--loop|--http|--ws|--workers|--log-file|--proxy-headers-from|--forwarded-allow-ips|--limit-concurrency|--timeout-keep-alive|--max-requests|--max-requests-jitter|--keep-alive|--graceful-timeout|--worker-tmp-dir|--pid|-u|--user|-g|--group|--env|-e|--lifespan|--interface|--ssl-keyfile|--ssl-certfile|--backlog|--worker-connections|-m|--umask|--access-logformat|--log-syslog-to|-D|-R)$/;
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? '';
    if (word.startsWith('-')) {
      if (valued.test(word)) i++;
      continue;
    }
    const [, module, attribute] = /^([A-Za-z_][\w./-]*?)(?::([\w.]+(?:\(.*\))?))?$/.exec(word) ?? [];
    if (module === undefined) return undefined;
    return { module, attribute: attribute ?? '', word };
  }
  return undefined;
}

/** `--app-dir` or `--chdir`: where the module is looked for. */
export function appDirectory(args: string[]): string {
  for (const name of ['--app-dir', '--chdir']) {
    const index = args.findIndex((word) => word === name || word.startsWith(`${name}=`));
    if (index >= 0)
      return args[index]?.includes('=') === true ? (args[index].split('=')[1] ?? '.') : (args[index + 1] ?? '.');
  }
  return '.';
}

/** The files that may hold a Python module, seen from a folder. */
function moduleFiles(module: string, folder: string): string[] {
  const file = module.replace(/\.py$/, '').replace(/\./g, '/');
  return [`${file}.py`, `${file}/__init__.py`].map((name) => path.posix.join(folder, name));
}

/** The ports that a container declares. */
export function declaredPorts(container: Container): number[] {
  return portsOf(container).map(({ port }) => port);
}
