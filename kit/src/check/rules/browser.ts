import { instancesOf, portOfUrl } from '../chains.ts';
import { isEnvTemplate } from '../read/env-file.ts';
import type { Remark, Rule } from '../findings.ts';
import { BROWSER_VARIABLE, frontUses, isAddressVariable, writtenUrls, type FrontUse } from '../fronts.ts';
import { COURSE_IMAGES, frontOf, type Instance, type Model, nginxOf, runningSources } from '../model.ts';
import { parseImage, roleOf } from '../read/images.ts';
import {
  dataOf,
  findResource,
  ingressPaths,
  isFilledInLater,
  servicesOf,
  workloadsBehind,
  type Cluster,
  stringsAt,
  type IngressPath,
  type Resource,
} from '../read/kubernetes.ts';
import type { Call, SourceFile, Value } from '../read/source.ts';
import { listAt, objectAt, objectsAt, placeOf, textAt, type Place, written } from '../read/yaml.ts';
import { editDistance } from '../words.ts';
import path from 'node:path';

function hostOf(url: string): string {
  return /^(?:https?:)?\/\/([^/:?#]+)/.exec(url)?.[1]?.toLowerCase() ?? '';
}

function isLocal(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])$/.test(host);
}

/** Whether the front of this instance is opened from other computers than its author's. */
function isDeployed(model: Model, use: FrontUse): boolean {
  if (use.instance.where === 'kubernetes') return true;
  return use.instance.where === 'image' && use.instance.image?.build.isPushed === true && model.clusters.length > 0;
}

/** Names that only containers know: Services of the cluster, services of compose. */
function internalName(model: Model, instance: Instance, host: string): string | undefined {
  if (/\.svc(\.cluster\.local)?$|\.cluster\.local$/.test(host)) return host;
  if (host.includes('.') || isLocal(host) || host === '') return undefined;
  const names = [
    ...(instance.cluster?.resources
      .filter((resource) => resource.kind === 'Service')
      .map((resource) => resource.name) ?? []),
    ...(instance.stack?.services.map((service) => service.name) ?? []),
    ...(instance.where === 'image'
      ? [
          ...model.clusters.flatMap((cluster) =>
            cluster.resources.filter((resource) => resource.kind === 'Service').map((resource) => resource.name),
          ),
          ...model.stacks.flatMap((stack) => stack.services.map((service) => service.name)),
        ]
      : []),
  ];
  return names.includes(host) ? host : undefined;
}

export const frontUrlInternal: Rule = {
  id: 'front-url-internal',
  title: {
    fr: 'Le navigateur reçoit une adresse que seul le cluster connaît',
    en: 'The browser is given an address that only the cluster knows',
  },
  why: {
    fr: 'Le code du front s’exécute dans le navigateur, sur l’ordinateur du visiteur : il ne connaît ni les Services du cluster, ni les services de compose.',
    en: 'The code of the front runs in the browser, on the visitor’s computer: it knows neither the Services of the cluster nor the services of compose.',
  },
  *check(model) {
    for (const use of frontUses(model)) {
      const { instance } = use;
      for (const [name, { value, place }] of [...use.values, ...use.ignored]) {
        if (value === undefined || !BROWSER_VARIABLE.test(name) || isProxyTarget(model, use, name)) continue;
        const host = hostOf(value);
        const internal = internalName(model, instance, host);
        if (internal === undefined) continue;
        yield {
          ...internalRemark(model, use, name, host, value),
          place,
          about: `front ${place.file}:${place.line}`,
        };
      }
      if (!use.front) continue;
      for (const { url, place, variable } of writtenUrls(model, use.front)) {
        if (variable !== undefined && use.values.has(variable)) continue;
        const host = hostOf(url);
        if (internalName(model, instance, host) === undefined) continue;
        yield {
          ...internalRemark(model, use, 'Le code', host, url),
          place,
          about: `front ${place.file}:${place.line}`,
        };
      }
    }
    yield* servedConfigs(model);
    yield* staticPages(model, 'internal');
  },
};

function internalRemark(
  model: Model,
  use: FrontUse,
  label: string,
  host: string,
  value: string,
): Omit<Remark, 'place'> {
  const publicHost = apiHost(model, use.instance);
  const isCompose = use.instance.where === 'compose';
  const published = isCompose
    ? use.instance.stack?.services.find((service) => service.name === host)?.ports[0]
    : undefined;
  const right = isCompose
    ? `http://localhost:${published?.host ?? published?.container ?? 8000}`
    : `https://${publicHost ?? 'adresse-de-l-ingress-de-votre-api'}`;
  const labelEn = label === 'Le code' ? 'The code' : label;
  return {
    severity: 'error',
    fr: [
      `${label} donne au navigateur l’adresse « ${value} », que seuls les conteneurs connaissent.`,
      `Dans la console du navigateur : « GET ${value}… net::ERR_NAME_NOT_RESOLVED » ; la page s’affiche sans données.`,
      `Donnez l’adresse publique de l’API : ${right}`,
    ],
    en: [
      `${labelEn} gives the browser the address "${value}", which only the containers know.`,
      `In the browser’s console: "GET ${value}… net::ERR_NAME_NOT_RESOLVED"; the page shows without data.`,
      `Give the public address of the API: ${right.replace('adresse-de-l-ingress-de-votre-api', 'host-of-your-api-ingress')}`,
    ],
  };
}

/** In Vite's proxy the address is used by the development server, which is in the network of the containers. */
function isProxyTarget(model: Model, use: FrontUse, name: string): boolean {
  const mounted = use.instance.mounts.map((mount) => mount.source);
  const front =
    use.front ??
    model.fronts.find((each) => mounted.includes(each.folder)) ??
    (model.fronts.length === 1 ? model.fronts[0] : undefined);
  if (!front) return false;
  const { folder, sources } = front;
  const config = [
    'vite.config.ts',
    'vite.config.js',
    'vite.config.mts',
    'vite.config.mjs',
    'vue.config.js',
    'next.config.js',
    'next.config.mjs',
    'next.config.ts',
    'src/setupProxy.js',
  ]
    .map((file) => model.project.read(path.posix.join(folder, file)) ?? '')
    .join('\n');
  const isInConfig = config.includes(name) && /proxy|rewrites|target/.test(config);
  return isInConfig && !sources.some((file) => model.source(file)?.env.some((read) => read.name === name) ?? false);
}

/** `config.json` and the like, which a ConfigMap puts among the files that nginx serves. */
function* servedConfigs(model: Model): Generator<Remark> {
  for (const cluster of model.clusters) {
    for (const workload of cluster.workloads) {
      for (const container of workload.containers) {
        for (const mount of objectsAt(container.object, 'volumeMounts')) {
          if (!/\/(html|public|dist|build|www)(\/|$)/.test(textAt(mount, 'mountPath') ?? '')) continue;
          const volume = objectsAt(workload.pod, 'volumes').find((each) => each.name === mount.name);
          const name = textAt(volume, 'configMap', 'name');
          const held = name === undefined ? undefined : findResource(cluster, 'ConfigMap', name, workload.resource);
          if (!held) continue;
          for (const [key, { text, place }] of Object.entries(dataOf(held))) {
            if (!/\.(js|json|html)$/.test(key)) continue;
            for (const [index, line] of (text ?? '').split('\n').entries()) {
              const url = /https?:\/\/[^\s"'`,;]+/.exec(line)?.[0];
              const instance = instancesOf(model, workload).find((each) => each.container === container);
              if (url === undefined || !instance || internalName(model, instance, hostOf(url)) === undefined) continue;
              yield {
                ...internalRemark(
                  model,
                  { instance, front: undefined, when: 'start', values: new Map(), ignored: new Map() },
                  key,
                  hostOf(url),
                  url,
                ),
                place: { file: place.file, line: place.line + index + (text?.includes('\n') ? 1 : 0) },
              };
            }
          }
        }
      }
    }
  }
}

/** The public host of the API: the Ingress that does not lead to the front. */
function apiHost(model: Model, instance: Instance): string | undefined {
  const cluster = instance.cluster ?? model.clusters[0];
  if (!cluster) return undefined;
  const own = instance.workload
    ? new Set(servicesOf(cluster, instance.workload).map((service) => service.name))
    : new Set<string>();
  const paths = ingressPaths(cluster).filter((entry) => entry.host !== undefined && !own.has(entry.service));
  return (
    paths.find((entry) => roleOf(entry.service) === 'back') ?? paths.find((entry) => roleOf(entry.service) !== 'front')
  )?.host;
}

export const frontUrlBaked: Rule = {
  id: 'front-url-baked',
  title: {
    fr: 'L’adresse de l’API est figée dans l’image : la donner au conteneur ne change rien',
    en: 'The API’s address is baked into the image: giving it to the container changes nothing',
  },
  why: {
    fr: '« npm run build » remplace import.meta.env.VITE_… (ou REACT_APP_…, NEXT_PUBLIC_…) par sa valeur du moment et l’écrit dans les fichiers. Après, plus rien ne lit la variable.',
    en: '"npm run build" replaces import.meta.env.VITE_… (or REACT_APP_…, NEXT_PUBLIC_…) by its value of that moment and writes it into the files. After that, nothing reads the variable.',
  },
  *check(model) {
    for (const use of frontUses(model)) {
      if (use.when !== 'build' || !use.front) continue;
      const read = readVariables(model, use);
      for (const [name, { value, place }] of use.ignored) {
        if (!read.has(name)) continue;
        const baked = use.values.get(name);
        if (baked && baked.value !== undefined && baked.value === value) continue;
        const isUnknown = baked !== undefined && baked.value === undefined;
        const dockerfile = use.instance.image?.dockerfile.path ?? 'Dockerfile';
        const given = value ?? 'https://…';
        yield {
          severity: isUnknown ? 'warning' : 'error',
          place,
          about: `front variable ${use.instance.name} ${name}`,
          fr: [
            `${name} est donnée au conteneur, mais l’image « ${use.instance.name} » a déjà été construite ${baked ? (isUnknown ? 'avec une autre valeur' : `avec « ${baked.value ?? ''} » (${baked.place.file}, ligne ${baked.place.line})`) : 'sans elle'} : plus rien ne la lit.`,
            `Le navigateur appelle ${baked?.value === undefined ? (isUnknown ? 'l’adresse du build' : '« undefined/… » (404, ou une page HTML à la place des données)') : `« ${baked.value} »`}, quoi que dise cette ligne.`,
            `Donnez-la au build : dans ${dockerfile}, avant « npm run build » :\nARG ${name}=${given}\nENV ${name}=$${name}\net, dans le workflow ou compose, build-args / args. Ou lisez-la au démarrage (un fichier config.json servi par nginx).`,
          ],
          en: [
            `${name} is given to the container, but the image "${use.instance.name}" was already built ${baked ? (isUnknown ? 'with another value' : `with "${baked.value ?? ''}" (${baked.place.file}, line ${baked.place.line})`) : 'without it'}: nothing reads it any more.`,
            `The browser calls ${baked?.value === undefined ? (isUnknown ? 'the address of the build' : '"undefined/…" (404, or an HTML page instead of data)') : `"${baked.value}"`}, whatever this line says.`,
            `Give it to the build: in ${dockerfile}, before "npm run build":\nARG ${name}=${given}\nENV ${name}=$${name}\nand, in the workflow or compose, build-args / args. Or read it at start (a config.json that nginx serves).`,
          ],
        };
      }
      if (use.instance.where === 'kubernetes') yield* missingAtBuild(model, use, read);
    }
  },
};

/** Variables that the front reads, with whether it can do without. */
function readVariables(model: Model, use: FrontUse): Map<string, { place: Place; fallback: Value | undefined }> {
  const read = new Map<string, { place: Place; fallback: Value | undefined }>();
  for (const file of use.front?.sources ?? []) {
    for (const each of model.source(file)?.env ?? []) {
      if (!read.has(each.name) || each.fallback)
        read.set(each.name, { place: { file, line: each.line }, fallback: each.fallback });
    }
  }
  return read;
}

/** The address is read by the sources and given nowhere, neither at build nor at start. */
function* missingAtBuild(
  model: Model,
  use: FrontUse,
  read: Map<string, { place: Place; fallback: Value | undefined }>,
): Generator<Remark> {
  for (const [name, { place, fallback }] of read) {
    if (!isAddressVariable(name) || fallback || use.values.has(name) || use.ignored.has(name) || !use.front) continue;
    if (!use.front.prefix?.test(name)) continue;
    const lines = use.front.sources.map((file) => model.project.read(file) ?? '').join('\n');
    if (!lines.includes(name)) continue;
    const dockerfile = use.instance.image?.dockerfile.path ?? 'Dockerfile';
    const hidden = model.project
      .list(use.front.folder)
      .some((entry) => /^\.env(\.production)?(\.local)?$/.test(entry) || isEnvTemplate(entry));
    if (hidden && use.instance.image?.build.by !== 'workflow') continue;
    yield {
      severity: 'error',
      place,
      about: `front variable ${use.instance.name} ${name}`,
      fr: [
        `Le front lit ${name}, que rien ne donne quand l’image est construite (${dockerfile}).`,
        "Le navigateur appelle « undefined/… » : 404, ou « Unexpected token '<' … is not valid JSON ».",
        `Dans ${dockerfile}, avant « npm run build » :\nARG ${name}=https://${apiHost(model, use.instance) ?? 'adresse-de-votre-api'}\nENV ${name}=$${name}`,
      ],
      en: [
        `The front reads ${name}, which nothing gives when the image is built (${dockerfile}).`,
        'The browser calls "undefined/…": 404, or "Unexpected token \'<\' … is not valid JSON".',
        `In ${dockerfile}, before "npm run build":\nARG ${name}=https://${apiHost(model, use.instance) ?? 'address-of-your-api'}\nENV ${name}=$${name}`,
      ],
    };
  }
}

export const frontUrlLocal: Rule = {
  id: 'front-url-local',
  title: { fr: 'Le front déployé appelle localhost', en: 'The deployed front calls localhost' },
  why: {
    fr: 'localhost est l’ordinateur de celui qui ouvre la page. Chez vous, votre API y tourne peut-être ; chez tous les autres, il n’y a rien.',
    en: 'localhost is the computer of whoever opens the page. Your API may run on yours; on everybody else’s there is nothing.',
  },
  *check(model) {
    for (const use of frontUses(model)) {
      const deployed = isDeployed(model, use);
      if (deployed) {
        for (const [name, { value, place }] of use.values) {
          if (
            value === undefined ||
            !BROWSER_VARIABLE.test(name) ||
            !isLocal(hostOf(value)) ||
            isProxyTarget(model, use, name)
          )
            continue;
          if (use.front && use.front.sources.length > 0 && !readVariables(model, use).has(name)) continue;
          yield {
            ...localRemark(model, use, name, value),
            place,
            about: `front variable ${use.instance.name} ${name}`,
          };
        }
        const written = use.front ? writtenUrls(model, use.front) : [];
        const hosts = use.instance.cluster ? ingressPaths(use.instance.cluster).map((entry) => entry.host) : [];
        // Code that also holds the public address chooses between the two.
        const chooses = written.some(({ url }) => hosts.includes(hostOf(url)));
        for (const { url, place, variable } of chooses ? [] : written) {
          if (
            !isLocal(hostOf(url)) ||
            (variable !== undefined && (use.values.has(variable) || use.ignored.has(variable)))
          )
            continue;
          if (variable !== undefined && use.when === 'unknown') continue;
          if (isOnlyLocal(model.project.read(place.file) ?? '', place.line)) continue;
          yield {
            ...localRemark(model, use, variable, url),
            place,
            about: `front ${variable ?? place.file} ${hostOf(url)}`,
          };
        }
      }
      if (use.instance.stack) yield* unpublished(model, use);
    }
    yield* staticPages(model, 'local');
  },
};

/** `location.hostname === 'localhost' ? … : …` and `import.meta.env.DEV ? …` choose between two addresses. */
function isOnlyLocal(text: string, line: number): boolean {
  const around = text
    .split('\n')
    .slice(Math.max(0, line - 4), line + 2)
    .join('\n');
  return /location\.(hostname|host|origin)|env\.(DEV|PROD|MODE|NODE_ENV)|isDev|isProd|__DEV__|\b(dev|development|local)["']?\s*:\s/.test(
    around,
  );
}

/** How the code of a front reads the address that its build was given. */
const ADDRESS_READ: Record<string, string> = {
  cra: 'process.env.REACT_APP_API_URL',
  next: 'process.env.NEXT_PUBLIC_API_URL',
  'vue-cli': 'process.env.VUE_APP_API_URL',
  astro: 'import.meta.env.PUBLIC_API_URL',
  angular: 'src/environments/environment.ts',
};

function localRemark(model: Model, use: FrontUse, variable: string | undefined, value: string): Omit<Remark, 'place'> {
  // A page that nothing builds cannot read a variable of the build.
  const [howFr, howEn] =
    use.front === undefined
      ? ['Écrivez l’adresse publique de l’API', 'Write the API’s public address']
      : [
          `Lisez l’adresse d’une variable (${ADDRESS_READ[use.front.kind] ?? 'import.meta.env.VITE_API_URL'}) et donnez-lui, pour l’image déployée`,
          `Read the address from a variable (${ADDRESS_READ[use.front.kind] ?? 'import.meta.env.VITE_API_URL'}) and give it, for the deployed image`,
        ];
  const right = `https://${apiHost(model, use.instance) ?? 'adresse-de-l-ingress-de-votre-api'}`;
  const rightEn = right.replace('adresse-de-l-ingress-de-votre-api', 'host-of-your-api-ingress');
  return {
    severity: 'error',
    fr: [
      `Le front déployé appelle « ${value} »${variable === undefined ? ', écrit dans le code' : ` (${variable})`}.`,
      `Chez tout autre que vous, la console du navigateur montre « net::ERR_CONNECTION_REFUSED » ; la page s’affiche sans données.`,
      variable === undefined
        ? `${howFr} : ${right}`
        : `Donnez ${variable}=${right} ${use.when === 'start' ? 'au conteneur' : 'au build de l’image (ARG, build-args)'}.`,
    ],
    en: [
      `The deployed front calls "${value}"${variable === undefined ? ', written in the code' : ` (${variable})`}.`,
      'For everybody but you, the browser’s console shows "net::ERR_CONNECTION_REFUSED"; the page shows without data.',
      variable === undefined
        ? `${howEn}: ${rightEn}`
        : `Give ${variable}=${rightEn} ${use.when === 'start' ? 'to the container' : 'to the build of the image (ARG, build-args)'}.`,
    ],
  };
}

/** Under compose, localhost is right for the browser, provided that the port is published. */
function* unpublished(model: Model, use: FrontUse): Generator<Remark> {
  const { stack } = use.instance;
  if (!stack || stack.isOpen || use.instance.where !== 'compose') return;
  const services = stack.services.filter((service) => service.profiles.length === 0);
  const written = use.front
    ? writtenUrls(model, use.front)
        .filter(({ variable }) => variable === undefined || !use.values.has(variable))
        .map(({ url, place }) => ['', { value: url, place }] as const)
    : [];
  for (const [name, { value, place }] of [...use.values, ...written]) {
    const match = /^https?:\/\/(?:localhost|127\.0\.0\.1):(\d+)/.exec(value ?? '');
    if (!match || (name !== '' && (!BROWSER_VARIABLE.test(name) || !isAddressVariable(name)))) continue;
    if (place.file === use.instance.image?.dockerfile.path && name !== '' && isProxyTarget(model, use, name)) continue;
    const port = Number(match[1]);
    if (
      services.some(
        (service) =>
          service.ports.some((each) => each.host === port) || textAt(service.object, 'network_mode') === 'host',
      )
    )
      continue;
    const apis = model.instances.filter(
      (each) =>
        each.stack === stack &&
        each !== use.instance &&
        each.image !== undefined &&
        each.listens.length > 0 &&
        frontOf(model, each.image) === undefined,
    );
    const meant =
      services.find((service) => service.ports.some((each) => each.container === port && each.host !== undefined)) ??
      (apis.length === 1 && (name === '' ? isCalled(model, place) : /(^|_)(API|BACKEND|BACK|SERVER)(_|$)/.test(name))
        ? apis[0]?.service
        : undefined);
    // Programs of the developer's own machine, and the front's own server, are no part of compose.
    if (!meant || /^(11434|5173|4173|1234|9099)$/.test(String(port))) continue;
    const published = (meant.ports.find((each) => each.container === port) ?? meant.ports[0])?.host;
    const label: [string, string] = name === '' ? ['Le code du front', 'The code of the front'] : [name, name];
    const listens = apis.find((each) => each.service === meant)?.listens[0]?.port ?? port;
    // "8000" alone is a port of the container, behind one that chance takes.
    const isRandom = published === undefined && meant.ports.some((each) => each.container === listens);
    yield {
      severity: 'error',
      place: isRandom ? placeOf(meant.object, 'ports') : place,
      about: `front ${place.file}:${place.line}`,
      fr: [
        `${label[0]} donne au navigateur le port ${port}, mais compose ${isRandom ? `publie « ${meant.name} » sur un port au hasard (« ${listens} » tout seul)` : published === undefined ? `ne publie aucun port de « ${meant.name} »` : `publie « ${meant.name} » sur le ${published}`}.`,
        'La console du navigateur montre « net::ERR_CONNECTION_REFUSED ».',
        published === undefined
          ? `${isRandom ? 'Écrivez pour le' : 'Ajoutez au'} service ${meant.name} : ports: ["${port}:${listens}"]`
          : `Écrivez : ${name === '' ? '' : `${name}=`}http://localhost:${published}`,
      ],
      en: [
        `${label[1]} gives the browser port ${port}, but compose ${isRandom ? `publishes "${meant.name}" on a port that chance takes ("${listens}" alone)` : published === undefined ? `publishes no port of "${meant.name}"` : `publishes "${meant.name}" on ${published}`}.`,
        'The browser’s console shows "net::ERR_CONNECTION_REFUSED".',
        published === undefined
          ? `${isRandom ? 'Write for the' : 'Add to the'} service ${meant.name}: ports: ["${port}:${listens}"]`
          : `Write: ${name === '' ? '' : `${name}=`}http://localhost:${published}`,
      ],
    };
  }
}

/** Whether a line of the front's code calls an API, or names what it calls. */
function isCalled(model: Model, place: Place): boolean {
  const line = (model.project.read(place.file) ?? '').split('\n')[place.line - 1] ?? '';
  return /\bfetch\(|\baxios\b|baseURL|\b(api|backend|server)_?(url|base|host|endpoint)?\b/i.test(line);
}

/** Pages without a bundler: the HTML and JavaScript that an image copies where nginx serves them. */
function* staticPages(model: Model, kind: 'internal' | 'local'): Generator<Remark> {
  for (const instance of model.instances) {
    if (
      instance.where !== 'kubernetes' ||
      !instance.image ||
      model.fronts.some((front) => front.folder === instance.image?.context.folder)
    )
      continue;
    const serves = instance.listens.some((listen) => /^(http\.server|http-server|serve)$/.test(listen.server));
    for (const copy of instance.image.copies) {
      const isServed =
        /\/(html|htdocs|www|public_html)(\/|$)/.test(copy.destination) ||
        (serves && copy.destination.replace(/\/$/, '') === instance.around.workdir);
      if (copy.from !== undefined || !isServed) continue;
      for (const source of copy.sources) {
        const root = path.posix.normalize(path.posix.join(instance.image.context.folder, path.posix.join('/', source)));
        const files = model.project.files.filter(
          ({ path: file }) =>
            (file === root || root === '.' || file.startsWith(`${root.replace(/\/$/, '')}/`)) &&
            /\.(js|html)$/.test(file),
        );
        for (const { path: file } of files) {
          for (const [index, line] of (model.project.read(file) ?? '').split('\n').entries()) {
            const url = /["'`](https?:\/\/[^\s"'`]+)/.exec(line)?.[1];
            if (
              url === undefined ||
              isSetElsewhere(model, line, file) ||
              /^\s*(\/\/|\*|<!--)|href=/.test(line) ||
              isOnlyLocal(model.project.read(file) ?? '', index + 1)
            )
              continue;
            const use: FrontUse = { instance, front: undefined, when: 'build', values: new Map(), ignored: new Map() };
            const host = hostOf(url);
            const place = { file, line: index + 1 };
            const about = `front ${file} ${host}`;
            if (kind === 'local' && isLocal(host)) yield { ...localRemark(model, use, undefined, url), place, about };
            else if (kind === 'internal' && internalName(model, instance, host) !== undefined)
              yield { ...internalRemark(model, use, 'Le code', host, url), place, about };
          }
        }
      }
    }
  }
}

/** `window.API_URL || "…"`, where another file gives `window.API_URL` its value. */
function isSetElsewhere(model: Model, line: string, file: string): boolean {
  const name = /window\.(\w+)\s*(\|\||\?\?)/.exec(line)?.[1];
  if (name === undefined) return false;
  return model.project.files.some(
    ({ path: other }) =>
      other !== file &&
      /\.(js|html|sh|ya?ml|conf|template|tmpl)$/.test(other) &&
      new RegExp(`\\b${name}["']?\\s*[=:]`).test(model.project.read(other) ?? ''),
  );
}

/** Hosts of the course's own deployment. */
const COURSE_HOST =
  /^((frontend|backend)-conception-logicielle|(front|back)end-demo-conception-logicielle)\.kub\.sspcloud\.fr$|^hello\.kube?\.sspcloud\.fr$/;

export const ingressHost: Rule = {
  id: 'ingress-host',
  title: { fr: 'L’adresse de l’Ingress n’est pas la vôtre', en: 'The address of the Ingress is not yours' },
  why: {
    fr: 'Une adresse n’appartient qu’à un seul Ingress de tout le cluster. Celle de l’exemple du cours est déjà prise par le cours.',
    en: 'An address belongs to one Ingress of the whole cluster. The one of the course’s example is already taken by the course.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      const images = cluster.workloads.flatMap((workload) =>
        workload.containers.map((container) => parseImage(container.image).repository),
      );
      const isCourse = images.length > 0 && images.every((image) => COURSE_IMAGES.test(image) || !image.includes('/'));
      const seen = new Map<string, IngressPath>();
      for (const entry of ingressPaths(cluster)) {
        const host = entry.host;
        if (host === undefined) continue;
        if (COURSE_HOST.test(host)) {
          const own = (entry.service === '' ? 'mon-application' : entry.service).replace(/[^a-z0-9-]/g, '');
          yield {
            severity: isCourse ? 'advice' : 'error',
            place: entry.hostPlace,
            about: `host ${host}`,
            breaks: `host ${host}`,
            fr: [
              `« ${host} » est l’adresse de l’exemple du cours, pas la vôtre.`,
              'kubectl l’accepte, mais l’adresse mène à l’application du cours (ou « host "…" … is already defined in ingress … »).',
              `Choisissez une adresse à vous : host: ${own}-votre-nom.kub.sspcloud.fr`,
            ],
            en: [
              `"${host}" is the address of the course’s example, not yours.`,
              'kubectl accepts it, but the address leads to the course’s application (or "host "…" … is already defined in ingress …").',
              `Choose an address of your own: host: ${own}-your-name.kub.sspcloud.fr`,
            ],
          };
        } else if (
          /\.kube\.sspcloud\.fr$|\.kub\.sspcloud\.com$|\.sspclound\.fr$|\.sspcloud\.(com|org|net)$/.test(host)
        ) {
          yield {
            severity: 'error',
            place: entry.hostPlace,
            about: `host ${host}`,
            breaks: `host ${host}`,
            fr: [
              `« ${host} » n’est pas une adresse du SSPCloud : elles finissent par .kub.sspcloud.fr (ou .lab.sspcloud.fr).`,
              'Le navigateur répond « DNS_PROBE_FINISHED_NXDOMAIN » ou « ERR_CONNECTION_REFUSED ».',
              `Écrivez : host: ${host.split('.')[0] ?? ''}.kub.sspcloud.fr`,
            ],
            en: [
              `"${host}" is no address of the SSPCloud: those end in .kub.sspcloud.fr (or .lab.sspcloud.fr).`,
              'The browser answers "DNS_PROBE_FINISHED_NXDOMAIN" or "ERR_CONNECTION_REFUSED".',
              `Write: host: ${host.split('.')[0] ?? ''}.kub.sspcloud.fr`,
            ],
          };
        } else if (/^[^.]+\.[^.]+\.(kub|lab)\.sspcloud\.fr$/.test(host) && !/\.user\.lab\.sspcloud\.fr$/.test(host)) {
          const label = host.replace(/\.(kub|lab)\.sspcloud\.fr$/, '').replace(/\./g, '-');
          yield {
            severity: 'warning',
            place: entry.hostPlace,
            about: `host ${host}`,
            breaks: `host ${host}`,
            fr: [
              `« ${host} » a deux mots devant le domaine du SSPCloud ; son certificat n’en couvre qu’un.`,
              'Le navigateur montre « Votre connexion n’est pas privée » (NET::ERR_CERT_COMMON_NAME_INVALID).',
              `Écrivez : host: ${label}.${host.includes('.lab.') ? 'lab' : 'kub'}.sspcloud.fr`,
            ],
            en: [
              `"${host}" has two words before the SSPCloud’s domain; its certificate covers one only.`,
              'The browser shows "Your connection is not private" (NET::ERR_CERT_COMMON_NAME_INVALID).',
              `Write: host: ${label}.${host.includes('.lab.') ? 'lab' : 'kub'}.sspcloud.fr`,
            ],
          };
        }
        const key = `${host} ${entry.path}`;
        const other = seen.get(key);
        const isCanary = [other, entry].some(
          (each) =>
            textAt(each?.ingress.object, 'metadata', 'annotations', 'nginx.ingress.kubernetes.io/canary') === 'true',
        );
        if (
          other &&
          !isCanary &&
          other.service !== entry.service &&
          entry.service !== '' &&
          textAt(other.ingress.object, 'spec', 'ingressClassName') ===
            textAt(entry.ingress.object, 'spec', 'ingressClassName')
        ) {
          yield {
            severity: 'error',
            place: other.ingress === entry.ingress ? placeOf(entry.entry, 'path') : entry.hostPlace,
            about: `host ${host}`,
            breaks: `host ${host}`,
            fr: [
              `« ${host}${entry.path} » est demandée deux fois : pour « ${other.service} » (${other.hostPlace.file}, ligne ${other.hostPlace.line}) et pour « ${entry.service} ».`,
              `Une seule des deux applications répond ; l’autre est injoignable (ou « host "${host}" and path "${entry.path}" is already defined »).`,
              'Donnez à chacune son adresse (host), ou son chemin (path).',
            ],
            en: [
              `"${host}${entry.path}" is asked for twice: for "${other.service}" (${other.hostPlace.file}, line ${other.hostPlace.line}) and for "${entry.service}".`,
              `One of the two applications answers; the other cannot be reached (or "host "${host}" and path "${entry.path}" is already defined").`,
              'Give each its own address (host), or its own path.',
            ],
          };
        }
        seen.set(key, entry);
      }
      for (const ingress of cluster.resources.filter(({ kind }) => kind === 'Ingress'))
        yield* strangeCertificate(ingress);
    }
  },
};

/** A host of the certificate that no rule has, beside a rule that the certificate leaves out. */
function* strangeCertificate({ object, name }: Resource): Generator<Remark> {
  const hosts = objectsAt(object, 'spec', 'rules').flatMap((rule) => textAt(rule, 'host') ?? []);
  const covers = (certified: string, host: string) =>
    certified === host || (certified.startsWith('*.') && host.slice(host.indexOf('.')) === certified.slice(1));
  const blocks = objectsAt(object, 'spec', 'tls');
  const certified = blocks.flatMap((block) => stringsAt(block, 'hosts'));
  for (const block of blocks) {
    const list = listAt(block, 'hosts');
    for (const [index, each] of list.entries()) {
      const text = written(each);
      if (isFilledInLater(text) || hosts.some((host) => covers(text, host))) continue;
      const left = hosts.filter(
        (host) =>
          !certified.some((other) => covers(other, host)) &&
          /^[a-z0-9*][a-z0-9.-]*$/.test(host) &&
          !COURSE_HOST.test(host),
      );
      const [right] = left;
      if (right === undefined) continue;
      yield {
        severity: 'warning',
        place: placeOf(list, index),
        about: `certificate ${name}`,
        fr: [
          `Le certificat de l’Ingress « ${name} » est pour « ${text} », alors que l’adresse est « ${right} ».`,
          'En https, le navigateur montre « Votre connexion n’est pas privée » (ERR_CERT_COMMON_NAME_INVALID).',
          `Écrivez sous tls.hosts : ${right}`,
        ],
        en: [
          `The certificate of the Ingress "${name}" is for "${text}", while the address is "${right}".`,
          'With https, the browser shows "Your connection is not private" (ERR_CERT_COMMON_NAME_INVALID).',
          `Write under tls.hosts: ${right}`,
        ],
      };
    }
  }
}

/** The front calls its own address, where nothing passes the calls on to the API. */
function* ownHost(
  model: Model,
  use: FrontUse,
  call: { name: string; value: string; place: Place; host: string },
  paths: IngressPath[],
  own: Set<string>,
): Generator<Remark> {
  const { name, value, place, host } = call;
  const here = paths.filter((entry) => entry.host === host);
  const api = paths.find((entry) => entry.host !== host && !own.has(entry.service) && roleOf(entry.service) === 'back');
  if (!api || here.length === 0 || !here.every((entry) => own.has(entry.service))) return;
  const nginx = nginxOf(model, use.instance);
  if (
    !use.instance.image ||
    !nginx?.isKnown ||
    nginx.configs.some((config) => /proxy_pass/.test(config.text)) ||
    use.front?.kind === 'next'
  )
    return;
  yield {
    severity: 'error',
    place,
    about: `front ${place.file}:${place.line}`,
    fr: [
      `${name === '' ? 'Le code du front' : name} appelle « ${host} », qui est l’adresse du front lui-même, pas de l’API.`,
      'Chaque appel répond la page index.html : « Unexpected token \'<\', "<!doctype "... is not valid JSON » (ou 404, 405).',
      `Écrivez l’adresse de l’API : ${value.replace(host, api.host ?? '')}`,
    ],
    en: [
      `${name === '' ? 'The code of the front' : name} calls "${host}", which is the address of the front itself, not of the API.`,
      'Each call answers the page index.html: "Unexpected token \'<\', "<!doctype "... is not valid JSON" (or 404, 405).',
      `Write the API’s address: ${value.replace(host, api.host ?? '')}`,
    ],
  };
}

/** The last two or three labels, within which a project's hosts lie. */
function domainOf(host: string): string {
  const labels = host.split('.');
  return labels.slice(labels.length > 3 ? -3 : -2).join('.');
}

export const frontUrlHost: Rule = {
  id: 'front-url-host',
  title: {
    fr: 'Le front appelle une adresse qu’aucun Ingress n’expose',
    en: 'The front calls an address that no Ingress exposes',
  },
  why: {
    fr: 'L’adresse de l’API est écrite deux fois : dans l’Ingress de l’API et dans la configuration du front. Elles doivent être la même, lettre pour lettre.',
    en: 'The API’s address is written twice: in the API’s Ingress and in the front’s configuration. They must be the same, letter by letter.',
  },
  *check(model) {
    for (const use of frontUses(model)) {
      const cluster = use.instance.cluster;
      if (!cluster || cluster.isOpen) continue;
      const paths = ingressPaths(cluster);
      const hosts = [
        ...new Set(
          paths.flatMap((entry) => (entry.host === undefined || isFilledInLater(entry.host) ? [] : [entry.host])),
        ),
      ];
      const own = use.instance.workload
        ? new Set(servicesOf(cluster, use.instance.workload).map((service) => service.name))
        : new Set<string>();
      const apis = paths.filter((entry) => entry.host !== undefined && !own.has(entry.service));
      const written = use.front
        ? writtenUrls(model, use.front)
            .filter(({ variable }) => variable === undefined || !use.values.has(variable))
            .map(({ url, place }) => ['', { value: url, place }] as const)
        : [];
      for (const [name, { value, place }] of [...use.values, ...use.ignored, ...written]) {
        if (value === undefined || (name !== '' && (!BROWSER_VARIABLE.test(name) || !isAddressVariable(name))))
          continue;
        const host = hostOf(value);
        if (host === '' || !host.includes('.') || hosts.includes(host) || isLocal(host)) {
          if (hosts.includes(host)) {
            yield* wrongScheme(name, value, place, cluster, host, use, paths);
            yield* ownHost(model, use, { name, value, place, host }, paths, own);
          }
          continue;
        }
        const isCourse = COURSE_HOST.test(host);
        const right = apis.find((entry) => roleOf(entry.service) === 'back') ?? apis[0];
        const sameDomain = hosts.some((other) => domainOf(other) === domainOf(host));
        const isNear = hosts.some((other) => editDistance(other, host) <= 3);
        const isKubernetes = /\.(kub|lab)\.sspcloud\.fr$/.test(host);
        // An API that is deployed from elsewhere is called by its own address, and that is right.
        if (!right && !(isCourse && hosts.length > 0 && !hosts.some((other) => COURSE_HOST.test(other)))) continue;
        if (!isCourse && !isNear && !(sameDomain && (isKubernetes || roleOf(right?.service ?? '') === 'back')))
          continue;
        if (name === '' && !isNear && !isCourse && !isKubernetes) continue;
        yield {
          severity: 'error',
          place,
          about: `front ${place.file}:${place.line}`,
          fr: [
            `${name === '' ? 'Le code du front' : name} appelle « ${host} »${isCourse ? ', l’adresse de l’exemple du cours' : ''}, qu’aucun Ingress du projet n’expose (exposées : ${hosts.join(', ')}).`,
            isCourse
              ? 'La page montre les données de l’application du cours, ou la console dit « blocked by CORS policy ».'
              : 'La console du navigateur montre « net::ERR_NAME_NOT_RESOLVED », 404 ou 503 ; la page s’affiche sans données.',
            `Écrivez l’adresse de votre API : ${value.replace(host, right?.host ?? hosts[0] ?? '')}`,
          ],
          en: [
            `${name === '' ? 'The code of the front' : name} calls "${host}"${isCourse ? ', the address of the course’s example' : ''}, which no Ingress of the project exposes (exposed: ${hosts.join(', ')}).`,
            isCourse
              ? 'The page shows the data of the course’s application, or the console says "blocked by CORS policy".'
              : 'The browser’s console shows "net::ERR_NAME_NOT_RESOLVED", 404 or 503; the page shows without data.',
            `Write the address of your API: ${value.replace(host, right?.host ?? hosts[0] ?? '')}`,
          ],
        };
      }
    }
  },
};

/** The right host with a port, or with http where the page comes over https. */
function* wrongScheme(
  name: string,
  value: string,
  place: Place,
  cluster: Cluster,
  host: string,
  use: FrontUse,
  paths: IngressPath[],
): Generator<Remark> {
  const port = /^https?:\/\/[^/:]+:(\d+)/.exec(value)?.[1];
  const label = name === '' ? 'Le code du front' : name;
  const labelEn = name === '' ? 'The code of the front' : name;
  if (port !== undefined && port !== '443' && port !== '80') {
    yield {
      severity: 'error',
      place,
      about: `front ${place.file}:${place.line}`,
      fr: [
        `${label} ajoute le port ${port} à l’adresse de l’Ingress ; celui-ci ne répond que sur 80 (http) et 443 (https).`,
        'La console du navigateur montre « net::ERR_CONNECTION_TIMED_OUT » ou « ERR_CONNECTION_REFUSED ».',
        `Écrivez sans port : ${value.replace(`:${port}`, '')}`,
      ],
      en: [
        `${labelEn} adds the port ${port} to the address of the Ingress, which answers on 80 (http) and 443 (https) only.`,
        'The browser’s console shows "net::ERR_CONNECTION_TIMED_OUT" or "ERR_CONNECTION_REFUSED".',
        `Write without port: ${value.replace(`:${port}`, '')}`,
      ],
    };
    return;
  }
  const own = use.instance.workload
    ? new Set(servicesOf(cluster, use.instance.workload).map((service) => service.name))
    : new Set<string>();
  const page = paths.find((entry) => own.has(entry.service));
  const isSecure =
    page !== undefined &&
    (/\.sspcloud\.fr$/.test(page.host ?? '') || objectsAt(page.ingress.object, 'spec', 'tls').length > 0);
  if (value.startsWith('http://') && isSecure) {
    yield {
      severity: /\.sspcloud\.fr$/.test(host) ? 'error' : 'warning',
      place,
      about: `front ${place.file}:${place.line}`,
      fr: [
        `La page est servie en https, mais ${label === 'Le code du front' ? 'son code' : label} appelle l’API en http.`,
        `La console du navigateur montre « Mixed Content: … requested an insecure resource '${value}' … has been blocked ».`,
        `Écrivez : ${value.replace('http://', 'https://')}`,
      ],
      en: [
        `The page is served over https, but ${label === 'Le code du front' ? 'its code' : label} calls the API over http.`,
        `The browser’s console shows "Mixed Content: … requested an insecure resource '${value}' … has been blocked".`,
        `Write: ${value.replace('http://', 'https://')}`,
      ],
    };
  }
}

export const corsOrigin: Rule = {
  id: 'cors-origin',
  title: { fr: 'L’API n’accepte pas l’adresse du front', en: 'The API does not accept the address of the front' },
  why: {
    fr: 'Quand le front et l’API ont deux adresses, le navigateur demande à l’API si elle accepte celle du front (CORS). Django vérifie en plus le nom sous lequel on l’appelle (ALLOWED_HOSTS).',
    en: 'When the front and the API have two addresses, the browser asks the API whether it accepts the front’s (CORS). Django also checks the name under which it is called (ALLOWED_HOSTS).',
  },
  *check(model) {
    for (const instance of model.instances) {
      const { cluster, workload } = instance;
      if (!cluster || !workload || cluster.isOpen || !instance.container || instance.container.isInit) continue;
      const own = new Set(servicesOf(cluster, workload).map((service) => service.name));
      const paths = ingressPaths(cluster).filter((entry) => entry.host !== undefined && !isFilledInLater(entry.host));
      const ownHosts = [...new Set(paths.filter((entry) => own.has(entry.service)).map((entry) => entry.host ?? ''))];
      const frontHosts = frontHostsOf(model, cluster, paths, own);
      const sources = runningSources(model, instance);
      if (frontHosts.length === 0 || ownHosts.length === 0 || frontHosts.every((host) => ownHosts.includes(host)))
        continue;
      const callsAcross = frontUses(model).some((use) => {
        const urls = [
          ...[...use.values.values()].flatMap(({ value }) => value ?? []),
          ...(use.front ? writtenUrls(model, use.front).map(({ url }) => url) : []),
        ];
        return urls.some((url) => ownHosts.includes(hostOf(url)));
      });
      yield* corsRemarks(instance, callsAcross ? sources : [], frontHosts, ownHosts);
    }
    yield* composeOrigins(model);
  },
};

/** Under compose the front's origin is `http://localhost` and the port that is published. */
function* composeOrigins(model: Model): Generator<Remark> {
  for (const instance of model.instances) {
    const { stack, service } = instance;
    if (!stack || !service || stack.isOpen || frontOf(model, instance.image)) continue;
    const ports = service.ports.flatMap((each) => each.host ?? []);
    const isOwn = (url: string) => isLocal(hostOf(url)) && ports.includes(portOfUrl(url));
    const uses = frontUses(model).filter((use) => use.instance.stack === stack && use.front !== undefined);
    // The browser's calls go from one published port to another.
    const callers = uses.filter((use) =>
      [
        ...[...use.values.values()].flatMap(({ value }) => value ?? []),
        ...(use.front ? writtenUrls(model, use.front).map(({ url }) => url) : []),
      ].some(isOwn),
    );
    const origins = callers.flatMap((use) =>
      (use.instance.service?.ports ?? []).flatMap((each) =>
        each.host === undefined ? [] : [`http://localhost${each.host === 80 ? '' : `:${each.host}`}`],
      ),
    );
    const [origin] = origins;
    if (origin === undefined || callers.length !== uses.length || callers.length !== 1) continue;
    const api = `http://localhost:${ports[0] ?? 8000}`;
    yield* originRemarks(model, instance, origins, origin, api);
  }
}

/** The list of origins that an API accepts, held against those of its front. */
function* originRemarks(
  model: Model,
  instance: Instance,
  origins: string[],
  origin: string,
  api: string,
): Generator<Remark> {
  const same = origins.flatMap((each) => [each, each.replace('localhost', '127.0.0.1')]);
  const accepts = (list: string[]) =>
    list.some((each) => each === '*' || each === 'true' || same.includes(each) || /[\\^$()|]|\*/.test(each));
  const told = (place: Place, list: string[], label: [string, string]): Remark => {
    const slash = list.find((each) => same.includes(each.replace(/\/$/, '')));
    const bare = list.find((each) => same.includes(`http://${each}`));
    return {
      severity: 'error',
      place,
      about: `cors ${place.file}:${place.line}`,
      fr: [
        slash !== undefined
          ? `${label[0]} accepte « ${slash} », avec une barre à la fin ; le navigateur dit « ${origin} », sans barre.`
          : bare !== undefined
            ? `${label[0]} accepte « ${bare} », sans http:// ; le navigateur dit « ${origin} ».`
            : `${label[0]} n’accepte que « ${list.join(', ')} », alors que compose publie le front à « ${origin} ».`,
        `La console du navigateur montre « Access to fetch at '${api}/…' from origin '${origin}' has been blocked by CORS policy ».`,
        `Écrivez : ${origin}`,
      ],
      en: [
        slash !== undefined
          ? `${label[1]} accepts "${slash}", with a slash at the end; the browser says "${origin}", without.`
          : bare !== undefined
            ? `${label[1]} accepts "${bare}", without http://; the browser says "${origin}".`
            : `${label[1]} accepts only "${list.join(', ')}", while compose publishes the front at "${origin}".`,
        `The browser’s console shows "Access to fetch at '${api}/…' from origin '${origin}' has been blocked by CORS policy".`,
        `Write: ${origin}`,
      ],
    };
  };
  for (const source of runningSources(model, instance)) {
    for (const call of source.calls) {
      const value = originsArgument(call);
      if (!value) continue;
      const list = valuesOf(value, instance);
      if (!list || list.length === 0 || accepts(list)) continue;
      if (!list.every((each) => /^https?:\/\/|^(localhost|127\.0\.0\.1)(:\d+)?\/?$/.test(each))) continue;
      const variable = value.kind === 'env' ? instance.variables.get(value.name) : undefined;
      const name = value.kind === 'env' && variable ? value.name : undefined;
      yield told(
        variable?.place ?? { file: source.path, line: call.line },
        list,
        name === undefined ? ['L’API', 'The API'] : [name, name],
      );
      return;
    }
  }
  // A list that the code splits or parses, under a name that leaves no doubt.
  const sources = runningSources(model, instance);
  const isRead = (name: string) =>
    sources.some((source) => source.env.some((read) => read.name.toUpperCase() === name.toUpperCase()));
  for (const { list, place, label, isVariable } of originsOf(instance, sources)) {
    if (!isVariable || !/CORS|ORIGIN/.test(label) || !isRead(label) || accepts(list)) continue;
    if (list.every((each) => isLocal(hostOf(each)))) yield told(place, list, [label, label]);
  }
}

export const allowedHosts: Rule = {
  id: 'allowed-hosts',
  title: {
    fr: 'Le serveur refuse d’être appelé par l’adresse de l’Ingress',
    en: 'The server refuses to be called by the address of the Ingress',
  },
  why: {
    fr: 'Django (ALLOWED_HOSTS) et le serveur de Vite (allowedHosts) ne répondent qu’aux noms qu’ils connaissent, pour se protéger de requêtes détournées.',
    en: 'Django (ALLOWED_HOSTS) and Vite’s server (allowedHosts) answer only to the names that they know, to guard against diverted requests.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const { cluster, workload } = instance;
      if (!cluster || !workload || !instance.container || instance.container.isInit) continue;
      const own = new Set(servicesOf(cluster, workload).map((service) => service.name));
      const hosts = ingressPaths(cluster).flatMap((entry) =>
        own.has(entry.service) && entry.host !== undefined && !isFilledInLater(entry.host) ? [entry.host] : [],
      );
      const [host] = hosts;
      if (host === undefined) continue;
      yield* djangoHosts(instance, runningSources(model, instance), host);
      if (isSecure(cluster, host)) yield* djangoOrigins(model, instance, host);
      yield* viteHosts(instance, host);
    }
  },
};

/** Hosts of the Ingresses that lead to a front. */
function frontHostsOf(model: Model, cluster: Cluster, paths: IngressPath[], own: Set<string>): string[] {
  const fronts = frontUses(model).filter((use) => use.instance.cluster === cluster);
  return [
    ...new Set(
      paths
        .filter((entry) => !own.has(entry.service))
        .filter(
          (entry) =>
            workloadsBehind(cluster, entry.service, entry.ingress).some((workload) =>
              fronts.some((use) => use.instance.workload === workload),
            ) ||
            (fronts.length === 0 && roleOf(entry.service) === 'front'),
        )
        .map((entry) => entry.host ?? ''),
    ),
  ];
}

function* corsRemarks(
  instance: Instance,
  sources: SourceFile[],
  frontHosts: string[],
  ownHosts: string[],
): Generator<Remark> {
  const accepts = (list: string[]) =>
    list.some(
      (origin) => origin === '*' || frontHosts.some((host) => origin.includes(host)) || /[\\^$()|]|\*\./.test(origin),
    );
  for (const { list, place, label, isVariable } of originsOf(instance, sources)) {
    const slash = list.find((origin) => frontHosts.some((host) => origin === `https://${host}/`));
    const isSlashed = slash !== undefined && !list.includes('*') && !list.includes(slash.slice(0, -1));
    if (!accepts(list) || (isVariable && isSlashed)) {
      yield corsRemark({ list, place, label }, `https://${frontHosts[0] ?? ''}`, `https://${ownHosts[0] ?? ''}`);
      return;
    }
    if (isVariable) return;
  }
}

function corsRemark({ list, place, label }: Origins, front: string, api: string): Remark {
  return {
    severity: 'error',
    place,
    about: `cors ${place.file}:${place.line}`,
    fr: [
      `${label} n’accepte que « ${list.join(', ')} », alors que le front est à « ${front} ».`,
      `La console du navigateur montre « Access to fetch at '${api}/…' from origin '${front}' has been blocked by CORS policy ».`,
      `Ajoutez l’adresse du front, sans barre à la fin : ${front}`,
    ],
    en: [
      `${label === 'L’API' ? 'The API' : label} accepts only "${list.join(', ')}", while the front is at "${front}".`,
      `The browser’s console shows "Access to fetch at '${api}/…' from origin '${front}' has been blocked by CORS policy".`,
      `Add the front’s address, without a slash at the end: ${front}`,
    ],
  };
}

interface Origins {
  list: string[];
  place: Place;
  label: string;
}

/** The list of origins that a call gives to FastAPI, Flask, Express or Nest; a pattern takes its place. */
function originsArgument(call: Call): Value | undefined {
  if (call.named.has('allow_origin_regex')) return undefined;
  const isJavaScript = /^(cors|app\.enableCors)$/.test(call.callee);
  return (
    call.named.get('allow_origins') ??
    call.named.get('origins') ??
    (isJavaScript ? call.named.get('origin') : undefined)
  );
}

/** The origins that an API accepts: by a variable, which comes first, or in its code. */
function* originsOf(instance: Instance, sources: SourceFile[]): Generator<Origins & { isVariable: boolean }> {
  for (const [name, { value, place }] of instance.variables) {
    if (
      !/CORS|ALLOWED_ORIGIN|(^|_)ORIGINS?$|FRONT(END)?_(URL|ORIGIN|HOST)|CLIENT_URL/.test(name) ||
      value === undefined ||
      place.file === instance.image?.dockerfile.path
    )
      continue;
    const list = value
      .replace(/[[\]"']/g, '')
      .split(/[,; ]+/)
      .filter(Boolean);
    if (list.length === 0 || !list.some((origin) => /^https?:\/\/|^\*$|\./.test(origin))) continue;
    yield { list, place, label: name, isVariable: true };
  }
  for (const source of sources) {
    for (const call of source.calls) {
      const isFlask = /CORS$/.test(call.callee) && source.language === 'python';
      const value = originsArgument(call) ?? (isFlask ? call.named.get('resources') : undefined);
      if (!value) continue;
      const list = valuesOf(value, instance);
      if (!list || list.length === 0 || !list.every((origin) => /^https?:\/\/|^\*$/.test(origin))) continue;
      yield { list, place: { file: source.path, line: call.line }, label: 'L’API', isVariable: false };
    }
  }
  for (const source of sources) {
    const text = instance.around.project.read(source.path) ?? '';
    const match = /^(CORS_ALLOWED_ORIGINS|CORS_ORIGIN_WHITELIST)\s*=\s*\[([^\]]*)\]/m.exec(text);
    if (
      !match ||
      /^CORS_(ALLOW_ALL_ORIGINS|ORIGIN_ALLOW_ALL)\s*=\s*True/m.test(text) ||
      /CORS_ALLOWED_ORIGIN_REGEXES/.test(text)
    )
      continue;
    const list = [...(match[2] ?? '').matchAll(/["']([^"']+)["']/g)].map((each) => each[1] ?? '');
    if (list.length === 0 || /environ|getenv|config\(|env\(/.test(match[2] ?? '')) continue;
    const place = { file: source.path, line: text.slice(0, match.index).split('\n').length };
    yield { list, place, label: match[1] ?? 'L’API', isVariable: false };
  }
}

/** The texts of a value; undefined as soon as one is not known. */
function valuesOf(value: Value, instance: Instance): string[] | undefined {
  if (value.kind === 'text') return [value.text];
  if (value.kind === 'env') {
    const given = instance.variables.get(value.name);
    if (given)
      return given.value === undefined
        ? undefined
        : given.value
            .replace(/[[\]"']/g, '')
            .split(/[,; ]+/)
            .filter(Boolean);
    if (instance.envIsOpen) return undefined;
    return value.fallback ? valuesOf(value.fallback, instance) : undefined;
  }
  if (value.kind === 'list') {
    const lists = value.items.map((item) => valuesOf(item, instance));
    return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
  }
  return undefined;
}

/** Kubernetes asks the pod by its own IP address, which Django does not accept for a name. */
function probeByAddress(instance: Instance, settings: string, host: string): Remark | undefined {
  // The name is looked at by this middleware; one for health checks may answer before it.
  if (!/CommonMiddleware/.test(settings) || /health\w*\.?\w*Middleware|HealthCheck/i.test(settings)) return undefined;
  for (const name of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
    const held = objectAt(instance.container?.object, name, 'httpGet');
    const headers = objectsAt(held, 'httpHeaders').map((header) => (textAt(header, 'name') ?? '').toLowerCase());
    if (!('port' in held) || 'host' in held || headers.includes('host')) continue;
    const lines = `httpHeaders:\n  - name: Host\n    value: ${host}`;
    return {
      severity: 'error',
      place: placeOf(objectAt(instance.container?.object, name), 'httpGet'),
      about: `allowed probe ${instance.workload?.resource.name ?? ''}`,
      fr: [
        `La sonde ${name} appelle Django par l’adresse IP du pod, que ALLOWED_HOSTS ne contient pas.`,
        `« kubectl describe pod » montre « ${name === 'readinessProbe' ? 'Readiness' : name === 'livenessProbe' ? 'Liveness' : 'Startup'} probe failed: HTTP probe failed with statuscode: 400 » ; les journaux disent « Invalid HTTP_HOST header ».`,
        `Ajoutez sous httpGet :\n${lines}`,
      ],
      en: [
        `The probe ${name} calls Django by the pod’s IP address, which ALLOWED_HOSTS does not hold.`,
        `"kubectl describe pod" shows "${name === 'readinessProbe' ? 'Readiness' : name === 'livenessProbe' ? 'Liveness' : 'Startup'} probe failed: HTTP probe failed with statuscode: 400"; the logs say "Invalid HTTP_HOST header".`,
        `Add under httpGet:\n${lines}`,
      ],
    };
  }
  return undefined;
}

function* djangoHosts(instance: Instance, sources: SourceFile[], host: string): Generator<Remark> {
  const { project } = instance.around;
  for (const source of sources) {
    if (!/settings/.test(source.path) || source.language !== 'python') continue;
    const text = project.read(source.path) ?? '';
    const match = [...text.matchAll(/^ALLOWED_HOSTS\s*=\s*(.*(?:\n[ \t]+.*|\n\])*)/gm)].at(-1);
    if (!match || /ALLOWED_HOSTS\s*(\+=|\.append|\.extend)/.test(text)) continue;
    const line = text.slice(0, match.index).split('\n').length;
    const written = match[1] ?? '';
    const variable = /["']([A-Z][A-Z\d_]+)["']/.exec(written)?.[1];
    let list: string[] | undefined;
    let place: Place = { file: source.path, line };
    if (variable !== undefined && /environ|getenv|config\(|env[.(]/.test(written)) {
      const given = instance.variables.get(variable);
      if (given) {
        list = given.value
          ?.replace(/[[\]"']/g, '')
          .split(/[,; ]+/)
          .filter(Boolean);
        place = given.place;
      } else if (!instance.envIsOpen && /\.split\(["'],["']\)/.test(written)) {
        list = /["'][A-Z\d_]+["']\s*,\s*(?:default\s*=\s*)?["']([^"']*)["']/
          .exec(written)?.[1]
          ?.split(',')
          .filter(Boolean);
      }
    } else if (/^\[[^\]]*\]\s*(#.*)?$/.test(written.trim()) && !/\w\(|\*\w/.test(written)) {
      list = [...written.matchAll(/["']([^"']+)["']/g)].map((each) => each[1] ?? '');
    }
    if (!list) continue;
    const fits = (pattern: string) =>
      pattern === '*' ||
      pattern === host ||
      (pattern.startsWith('.') && (host.endsWith(pattern) || host === pattern.slice(1)));
    if (list.some(fits)) {
      const probe = list.includes('*') ? undefined : probeByAddress(instance, text, host);
      if (probe) yield probe;
      continue;
    }
    const isDebug = list.length === 0;
    yield {
      severity: 'error',
      place,
      about: `allowed ${source.path}`,
      unlessBroken: `host ${host}`,
      fr: [
        `Django n’accepte que ${isDebug ? 'localhost (ALLOWED_HOSTS est vide)' : `« ${list.join(', ')} »`}, alors que l’Ingress l’appelle « ${host} ».`,
        'L’adresse répond « Bad Request (400) » ; les journaux disent « DisallowedHost: Invalid HTTP_HOST header ».',
        `Écrivez : ALLOWED_HOSTS = ["${host}", "localhost"]`,
      ],
      en: [
        `Django accepts only ${isDebug ? 'localhost (ALLOWED_HOSTS is empty)' : `"${list.join(', ')}"`}, while the Ingress calls it "${host}".`,
        'The address answers "Bad Request (400)"; the logs say "DisallowedHost: Invalid HTTP_HOST header".',
        `Write: ALLOWED_HOSTS = ["${host}", "localhost"]`,
      ],
    };
  }
}

/** Whether an address is served by https: the SSPCloud's always, others by the Ingress's own word. */
function isSecure(cluster: Cluster, host: string): boolean {
  return ingressPaths(cluster).some(
    (entry) =>
      entry.host === host &&
      (/\.sspcloud\.fr$/.test(host) || objectsAt(entry.ingress.object, 'spec', 'tls').length > 0),
  );
}

/** Django compares the origin of a form with its own address, which it takes for http behind an Ingress. */
function* djangoOrigins(model: Model, instance: Instance, host: string): Generator<Remark> {
  const { project } = instance.around;
  const sources = runningSources(model, instance).filter((source) => source.language === 'python');
  const settings = sources.find((source) =>
    /^(INSTALLED_APPS|ALLOWED_HOSTS)\s*=/m.test(project.read(source.path) ?? ''),
  );
  if (!settings || settings.starred) return;
  const all = sources.map((source) => project.read(source.path) ?? '').join('\n');
  if (/SECURE_PROXY_SSL_HEADER|CSRF_TRUSTED_ORIGINS\s*(\+=|\.)/.test(all) || !/CsrfViewMiddleware/.test(all)) return;
  if ([...instance.variables.keys()].some((name) => /CSRF|TRUSTED_ORIGIN/.test(name))) return;
  const folder = instance.image?.context.folder ?? '.';
  const form = project.files.find(
    ({ path: file }) =>
      (folder === '.' || file.startsWith(`${folder}/`)) &&
      ((/urls\.py$/.test(file) && /^[^#\n]*admin\.site\.urls/m.test(project.read(file) ?? '')) ||
        (/\.html$/.test(file) && /\{%\s*csrf_token\s*%\}/.test(project.read(file) ?? ''))),
  );
  const version = /^django\s*[=~<]=?\s*([1-3])\./im.exec(
    ['requirements.txt', 'pyproject.toml'].map((name) => project.read(path.posix.join(folder, name)) ?? '').join('\n'),
  );
  if (!form || version) return;
  const text = project.read(settings.path) ?? '';
  const match = /^CSRF_TRUSTED_ORIGINS\s*=\s*(\[[^\]]*\]|.*)$/m.exec(text);
  if (match && !/^\[[^()]*\]$/.test(match[1] ?? '')) return;
  const list = [...(match?.[1] ?? '').matchAll(/["']([^"']+)["']/g)].map((each) => each[1] ?? '');
  const domain = host.slice(host.indexOf('.') + 1);
  if (list.some((each) => each === `https://${host}` || each === `https://*.${domain}`)) return;
  const at = match ?? /^ALLOWED_HOSTS\s*=/m.exec(text);
  const place = { file: settings.path, line: text.slice(0, at?.index ?? 0).split('\n').length };
  yield {
    severity: 'warning',
    place,
    about: `origins ${settings.path}`,
    unlessBroken: `host ${host}`,
    fr: [
      `L’Ingress reçoit du https et parle http à Django, qui ne reconnaît donc pas sa propre adresse dans les formulaires (${form.path})${match ? ` : CSRF_TRUSTED_ORIGINS a « ${list.join(', ')} »` : ''}.`,
      '« 403 Forbidden : CSRF verification failed. Origin checking failed » à chaque formulaire, connexion à l’admin comprise.',
      `Écrivez : CSRF_TRUSTED_ORIGINS = ["https://${host}"]`,
    ],
    en: [
      `The Ingress receives https and speaks http to Django, which then does not know its own address in forms (${form.path})${match ? `: CSRF_TRUSTED_ORIGINS has "${list.join(', ')}"` : ''}.`,
      '"403 Forbidden: CSRF verification failed. Origin checking failed" at each form, logging in to the admin included.',
      `Write: CSRF_TRUSTED_ORIGINS = ["https://${host}"]`,
    ],
  };
}

function* viteHosts(instance: Instance, host: string): Generator<Remark> {
  const { project } = instance.around;
  const vite = instance.listens.find((listen) => /^vite( preview)?$/.test(listen.server));
  if (
    !vite ||
    !instance.image ||
    instance.variables.has('__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS') ||
    instance.envIsOpen
  )
    return;
  const folder = instance.start.runs.find((run) => run.program === 'vite')?.cwd ?? '/';
  const config = ['vite.config.ts', 'vite.config.js', 'vite.config.mts', 'vite.config.mjs']
    .map((name) => instance.around.find(path.posix.join(folder, name)).source)
    .find(Boolean);
  const text = config === undefined ? '' : (project.read(config) ?? '');
  if (/allowedHosts|process\.env|loadEnv|mergeConfig/.test(text)) {
    if (!/allowedHosts\s*:\s*\[([^\]]*)\]/.test(text)) return;
    const list = [...(/allowedHosts\s*:\s*\[([^\]]*)\]/.exec(text)?.[1] ?? '').matchAll(/["']([^"']+)["']/g)].map(
      (each) => each[1] ?? '',
    );
    if (list.length === 0 || list.some((each) => each === host || (each.startsWith('.') && host.endsWith(each))))
      return;
  }
  const manifest = instance.around.find(path.posix.join(folder, 'package.json')).source;
  const version =
    /"vite"\s*:\s*"([^"]*)"/.exec(manifest === undefined ? '' : (project.read(manifest) ?? ''))?.[1] ?? '';
  const lock =
    manifest === undefined
      ? ''
      : (project.read(path.posix.join(path.posix.dirname(manifest), 'package-lock.json')) ?? '');
  const locked = /"node_modules\/vite":\s*\{\s*"version":\s*"(\d+)\.(\d+)\.(\d+)"/.exec(lock);
  const [, major = '0', minor = '0', patch = '0'] = locked ?? /(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  const isRange = !locked && /^[\^~*]|^latest/.test(version);
  const numbers = [Number(major), Number(minor), Number(patch)] as const;
  const checks =
    numbers[0] > 6 ||
    (numbers[0] === 6 && (numbers[1] > 0 || numbers[2] >= 9 || isRange)) ||
    (numbers[0] === 5 &&
      (numbers[1] > 4 || (numbers[1] === 4 && numbers[2] >= 12) || (isRange && version.startsWith('^'))));
  if (!checks) return;
  yield {
    severity: 'error',
    place: vite.place,
    about: `allowed ${vite.place.file}`,
    fr: [
      `Le serveur de Vite n’accepte d’être appelé que localhost, alors que l’Ingress l’appelle « ${host} ».`,
      `La page montre « Blocked request. This host ("${host}") is not allowed. »`,
      `Servez les fichiers construits (npm run build) par nginx ; à défaut, dans vite.config : ${vite.server === 'vite' ? 'server' : 'preview'}: { allowedHosts: ['${host}'] }`,
    ],
    en: [
      `Vite’s server accepts to be called localhost only, while the Ingress calls it "${host}".`,
      `The page shows "Blocked request. This host ("${host}") is not allowed."`,
      `Serve the built files (npm run build) with nginx; failing that, in vite.config: ${vite.server === 'vite' ? 'server' : 'preview'}: { allowedHosts: ['${host}'] }`,
    ],
  };
}
