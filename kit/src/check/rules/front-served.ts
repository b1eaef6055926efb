import path from 'node:path';
import type { Remark, Rule } from '../findings.ts';
import { frontUses, type FrontUse } from '../fronts.ts';
import { nginxOf, runningSources, type Front, type Instance, type Model, type NginxConfig } from '../model.ts';
import { frontFiles } from '../node.ts';
import { imageOf } from '../read/image.ts';
import { engineOf, parseImage } from '../read/images.ts';
import { ingressPaths, servicesOf } from '../read/kubernetes.ts';
import { findDirectives } from '../read/nginx.ts';
import { builtFolders } from '../read/node-tools.ts';
import type { Place } from '../read/yaml.ts';
import { objectAt } from '../read/yaml.ts';

export const frontServed: Rule = {
  id: 'front-served',
  title: {
    fr: 'nginx ne sert pas le front comme celui-ci l’attend',
    en: 'nginx does not serve the front as the front expects it',
  },
  why: {
    fr: 'nginx ne connaît que les fichiers de son dossier (root). Les adresses que le front invente (/profil) demandent « try_files … /index.html », et les appels relatifs (/api) un proxy_pass : celui de vite.config ou de package.json n’existe qu’en développement.',
    en: 'nginx knows only the files of its folder (root). The addresses that the front makes up (/profile) want "try_files … /index.html", and relative calls (/api) a proxy_pass: the one of vite.config or package.json exists in development only.',
  },
  *check(model) {
    yield* absentFolders(model);
    const seen = new Set<string>();
    for (const use of frontUses(model)) {
      const { front, instance } = use;
      if (!front || use.when !== 'build' || !instance.image || front.kind === 'next') continue;
      const server = serverOf(model, instance);
      if (!server) continue;
      const key = `${instance.image.dockerfile.path} ${instance.where}`;
      if (seen.has(key)) continue;
      seen.add(key);
      const remark =
        emptyRoot(model, instance, front, server) ??
        relativeCalls(model, use, front, server) ??
        lostRoutes(model, front, server);
      if (remark) yield { ...remark, unlessBroken: `image ${instance.image.dockerfile.path}` };
    }
  },
};

/** Folders that nginx is to serve, and that its container does not have: neither copied nor mounted there. */
function* absentFolders(model: Model): Generator<Remark> {
  for (const instance of model.instances) {
    const nginx = instance.where === 'compose' ? nginxOf(model, instance) : undefined;
    if (
      !nginx?.isKnown ||
      (instance.image?.runs ?? []).some((run) => /\b(mkdir|cp|mv|ln|tar|curl|wget|git)\b/.test(run.instruction.raw))
    )
      continue;
    for (const config of nginx.configs) {
      for (const { directive } of [
        ...findDirectives(config.directives, 'alias'),
        ...findDirectives(config.directives, 'root'),
      ]) {
        const folder = (directive.args[0] ?? '').replace(/(?<=.)\/$/, '');
        if (!/^\/[\w./-]+$/.test(folder) || /^\/(usr\/share\/nginx|etc\/nginx|var\/lib|dev)/.test(folder)) continue;
        const within = (a: string, b: string) => a === b || a.startsWith(`${b === '/' ? '' : b}/`);
        const places = [
          ...instance.mounts.map((mount) => mount.target),
          ...(instance.image?.copies.map((copy) => copy.destination) ?? []),
        ].map((each) => each.replace(/(?<=.)\/$/, ''));
        if (places.some((each) => within(folder, each) || within(each, folder))) continue;
        const near = places.find((each) => !each.startsWith('/etc/'));
        if (near === undefined) continue;
        const place = { file: config.place.file, line: config.place.line + directive.line - 1 };
        yield {
          severity: 'error',
          place,
          about: `served ${place.file}:${place.line}`,
          fr: [
            `nginx sert « ${folder} », qu’aucun volume ni COPY n’apporte dans son conteneur (il y a : ${near}).`,
            'Ces fichiers répondent « 404 Not Found » : la page s’affiche sans styles ni images.',
            `Écrivez : ${directive.name} ${near}${(directive.args[0] ?? '').endsWith('/') ? '/' : ''};`,
          ],
          en: [
            `nginx serves "${folder}", which no volume or COPY brings into its container (there is: ${near}).`,
            'Those files answer "404 Not Found": the page shows without styles or pictures.',
            `Write: ${directive.name} ${near}${(directive.args[0] ?? '').endsWith('/') ? '/' : ''};`,
          ],
        };
      }
    }
  }
}

interface Server {
  name: 'nginx' | 'serve' | 'http-server';
  configs: NginxConfig[];
  /** All of the configuration. */
  text: string;
  /** Where the front's files are served, in the configuration or in the Dockerfile. */
  place: Place;
}

/** What serves the built files; undefined where that is not all known. */
function serverOf(model: Model, instance: Instance): Server | undefined {
  const { image } = instance;
  if (!image) return undefined;
  const nginx = nginxOf(model, instance);
  if (nginx) {
    if (!nginx.isKnown || instance.mounts.some((mount) => /html|www|nginx/.test(mount.target))) return undefined;
    const text = nginx.configs.map((config) => config.text.replace(/^\s*#.*$/gm, '')).join('\n');
    const copy = image.copies.findLast((each) => each.from !== undefined);
    const place: Place = { file: image.dockerfile.path, line: copy?.instruction.line ?? image.stage.line };
    const root = nginx.configs.flatMap((config) =>
      findDirectives(config.directives, 'location')
        .filter(({ directive }) => directive.args.at(-1) === '/')
        .map(({ directive }) => ({ file: config.place.file, line: config.place.line + directive.line - 1 })),
    );
    const [first] = nginx.configs;
    const server = first ? findDirectives(first.directives, 'server')[0] : undefined;
    const own =
      root[0] ??
      (first && server
        ? { file: first.place.file, line: first.place.line + server.directive.line - 1 }
        : (first?.place ?? place));
    if (nginx.configs.length > 0 && !/\bserver\s*\{/.test(text)) return undefined;
    return { name: 'nginx', configs: nginx.configs, text, place: own };
  }
  const run = instance.start.runs.at(-1);
  if (!run || !instance.start.isKnown || instance.start.runs.length !== 1) return undefined;
  if (run.program === 'serve' && !instance.around.project.files.some((file) => /(^|\/)serve\.json$/.test(file.path)))
    return {
      name: 'serve',
      configs: [],
      text: run.args.some((word) => /^(-s|--single)$|^-\w*s\w*$/.test(word)) ? 'try_files /index.html' : '',
      place: run.place,
    };
  if (run.program === 'http-server')
    return run.args.some((word) => /^(-P|--proxy)/.test(word))
      ? undefined
      : { name: 'http-server', configs: [], text: '', place: run.place };
  return undefined;
}

/** The files are copied to another folder than the one that nginx serves. */
function emptyRoot(model: Model, instance: Instance, front: Front, server: Server): Remark | undefined {
  const { image } = instance;
  if (server.name !== 'nginx' || !image) return undefined;
  const roots = server.configs
    .flatMap((config) => [...findDirectives(config.directives, 'root'), ...findDirectives(config.directives, 'alias')])
    .map(({ directive }) => directive.args[0] ?? '');
  const isDefault = server.configs.length === 0;
  if (isDefault) roots.push('/usr/share/nginx/html');
  // Without root: the folder html beside the configuration, where nothing is.
  if (roots.length === 0 || roots.some((root) => !root.startsWith('/') || root.includes('$'))) return undefined;
  if (image.runs.some((run) => /\b(mv|cp|ln|rsync|tar|unzip|wget|curl)\b/.test(run.instruction.raw))) return undefined;
  const copies = image.copies.filter((copy) => !/^\/etc\//.test(copy.destination) && copy.stage === image.stage);
  const made = copies.findLast((copy) => copy.from !== undefined);
  const within = (a: string, b: string) => a === b || a.startsWith(`${b === '/' ? '' : b}/`);
  // A front that was built for a path of its own lies in a folder of that name.
  const isBelow =
    server.text.split('\n').some((line) => /\blocation\b/.test(line) && !/location\s+(=\s*)?\/(\s|\{)/.test(line)) ||
    (front.kind !== 'vite' && front.kind !== 'cra') ||
    typeof front.packageJson.homepage === 'string' ||
    ['vite.config.ts', 'vite.config.js', 'vite.config.mts', 'vite.config.mjs'].some((name) =>
      /\bbase\s*[:,]/.test(model.project.read(path.posix.join(front.folder, name)) ?? ''),
    ) ||
    copies.filter((copy) => copy.from !== undefined).length > 1;
  const isServed = copies.some((copy) => {
    const to = copy.destination.replace(/(?<=.)\/$/, '');
    return roots.some(
      (root) =>
        within(root.replace(/\/$/, ''), to) ||
        (within(to, root.replace(/\/$/, '')) && (isBelow || copy.from === undefined)),
    );
  });
  if (made && isServed) return folderTooHigh(model, instance, roots);
  if (!made) return undefined;
  const [root = ''] = roots;
  const to = made.destination.replace(/(?<=.)\/$/, '');
  return {
    severity: 'error',
    place: { file: image.dockerfile.path, line: made.instruction.line },
    about: `served ${image.dockerfile.path}`,
    fr: [
      `Les fichiers construits vont dans « ${to} », mais nginx sert « ${root} »${isDefault ? ' (son dossier par défaut)' : ` (${server.configs[0]?.place.file ?? ''})`}.`,
      'La page montre « Welcome to nginx! », « 403 Forbidden » ou « 404 Not Found ».',
      `Écrivez : COPY --from=${made.from ?? 'build'} ${made.sources.join(' ')} ${root}`,
    ],
    en: [
      `The built files go to "${to}", but nginx serves "${root}"${isDefault ? ' (its default folder)' : ` (${server.configs[0]?.place.file ?? ''})`}.`,
      'The page shows "Welcome to nginx!", "403 Forbidden" or "404 Not Found".',
      `Write: COPY --from=${made.from ?? 'build'} ${made.sources.join(' ')} ${root}`,
    ],
  };
}

/** The folder that is copied holds the one with index.html, and not index.html itself. */
function folderTooHigh(model: Model, instance: Instance, roots: string[]): Remark | undefined {
  const { image } = instance;
  if (!image) return undefined;
  for (const copy of image.copies) {
    const stage = image.dockerfile.stages.find(
      (each) => copy.from !== undefined && (each.name === copy.from.toLowerCase() || String(each.index) === copy.from),
    );
    const [source] = copy.sources;
    if (!stage || source === undefined || copy.sources.length > 1 || /[*?$]/.test(source)) continue;
    const built = builtFolders(model.project, imageOf(image.dockerfile, stage, image.build, image.context));
    const target = path.posix.resolve('/', source);
    const below = built?.outputs.filter(({ folder }) => folder.startsWith(`${target}/`)) ?? [];
    const [inner] = below;
    if (!inner || below.length !== built?.outputs.length || below.length !== 1) continue;
    const to = copy.destination.replace(/(?<=.)\/$/, '');
    const served = path.posix.join(to, path.posix.relative(target, inner.folder));
    if (
      roots.some((root) => root.replace(/\/$/, '') === served) ||
      !roots.some((root) => root.replace(/\/$/, '') === to)
    )
      continue;
    return {
      severity: 'error',
      place: { file: image.dockerfile.path, line: copy.instruction.line },
      about: `served ${image.dockerfile.path}`,
      fr: [
        `« ${inner.by} » met index.html dans « ${inner.folder} » ; copié d’ici, il arrive dans « ${served} », que nginx ne sert pas.`,
        'La page montre « Welcome to nginx! », « 403 Forbidden » ou « 404 Not Found ».',
        `Écrivez : COPY --from=${copy.from ?? ''} ${inner.folder} ${to}`,
      ],
      en: [
        `"${inner.by}" puts index.html into "${inner.folder}"; copied from here it comes to "${served}", which nginx does not serve.`,
        'The page shows "Welcome to nginx!", "403 Forbidden" or "404 Not Found".',
        `Write: COPY --from=${copy.from ?? ''} ${inner.folder} ${to}`,
      ],
    };
  }
  return undefined;
}

/** A call without a host goes to the front's own server, which passes nothing on to the API. */
function relativeCalls(model: Model, use: FrontUse, front: Front, server: Server): Remark | undefined {
  const { instance } = use;
  if (
    /proxy_pass|fastcgi_pass|uwsgi_pass|grpc_pass|\breturn\s+30|rewrite\s.*https?:|\binclude\s+(?!mime|\/etc\/nginx\/mime)/.test(
      server.text,
    )
  )
    return undefined;
  const api = apiBehind(model, instance);
  if (!api) return undefined;
  const call = relativeCall(model, use, front, api);
  if (!call) return undefined;
  const port = api.listens[0]?.port ?? 8000;
  const host =
    instance.where === 'compose'
      ? (api.service?.name ?? api.name)
      : api.cluster && api.workload
        ? (servicesOf(api.cluster, api.workload)[0]?.name ?? api.name)
        : api.name;
  const prefix = `/${call.path.split('/')[1] ?? 'api'}`;
  const isDevelopment = hasDevelopmentProxy(model, front);
  const fix = server.name === 'nginx' ? `location ${prefix}/ {\n    proxy_pass http://${host}:${port};\n}` : '';
  return {
    severity: 'error',
    place: server.place,
    about: `served ${server.place.file}`,
    fr: [
      `Le front appelle « ${call.path} » sur sa propre adresse (${call.place.file}, ligne ${call.place.line}), mais ${server.name} n’y renvoie rien à l’API${isDevelopment ? ' : le proxy de son serveur de développement n’est pas dans l’image' : ''}.`,
      'Chaque appel répond la page index.html ou 404 : « Unexpected token \'<\', "<!doctype "... is not valid JSON ».',
      server.name === 'nginx'
        ? `Ajoutez à la configuration de nginx, avant location / :\n${fix}`
        : 'Donnez au front l’adresse publique de l’API, ou servez-le par nginx avec un proxy_pass.',
    ],
    en: [
      `The front calls "${call.path}" at its own address (${call.place.file}, line ${call.place.line}), but ${server.name} passes nothing on to the API there${isDevelopment ? ': the proxy of its development server is not in the image' : ''}.`,
      'Each call answers the page index.html or 404: "Unexpected token \'<\', "<!doctype "... is not valid JSON".',
      server.name === 'nginx'
        ? `Add to nginx’s configuration, before location /:\n${fix}`
        : 'Give the front the public address of the API, or serve it with nginx and a proxy_pass.',
    ],
  };
}

/** The API beside a front, when nothing in front of both shares the calls out. */
function apiBehind(model: Model, instance: Instance): Instance | undefined {
  const { stack, service, cluster, workload } = instance;
  const isApi = (other: Instance) =>
    other !== instance &&
    !other.container?.isInit &&
    other.listens.length > 0 &&
    engineOf(other.imageName) === undefined &&
    other.image !== undefined &&
    runningSources(model, other).some((source) => source.routes.length > 0 || source.mounts.length > 0);
  if (stack && service) {
    if (service.ports.length === 0 || stack.isOpen) return undefined;
    const isProxy = (each: Instance) =>
      each !== instance &&
      /(^|\/)(nginx|traefik|caddy|haproxy|envoy|apache|httpd|nginx-proxy|kong|swag)/.test(
        parseImage(each.image?.base ?? each.imageName).repository,
      );
    const others = model.instances.filter((each) => each.stack === stack);
    return others.some(isProxy) ? undefined : others.find(isApi);
  }
  if (!cluster || !workload || cluster.isOpen) return undefined;
  const own = new Set(servicesOf(cluster, workload).map((each) => each.name));
  const paths = ingressPaths(cluster);
  const hosts = new Set(paths.filter((entry) => own.has(entry.service)).map((entry) => entry.host ?? ''));
  if (hosts.size === 0 || paths.some((entry) => hosts.has(entry.host ?? '') && !own.has(entry.service)))
    return undefined;
  if (cluster.resources.some((resource) => /^(HTTPRoute|VirtualService|IngressRoute|Gateway)$/.test(resource.kind)))
    return undefined;
  return model.instances.filter((each) => each.cluster === cluster && each.workload !== workload).find(isApi);
}

/** The first call of a front that has no host, and that means the API. */
function relativeCall(
  model: Model,
  use: FrontUse,
  front: Front,
  api: Instance,
): { path: string; place: Place } | undefined {
  const names = [
    ...Object.keys(objectAt(front.packageJson, 'dependencies')),
    ...Object.keys(objectAt(front.packageJson, 'devDependencies')),
  ];
  if (names.some((name) => /^(msw|miragejs|json-server)$/.test(name))) return undefined;
  const firsts = new Set(
    runningSources(model, api)
      .flatMap((source) => [...source.routes.map((route) => route.path), ...source.mounts.map((mount) => mount.prefix)])
      .map((route) => route.split('/')[1] ?? '')
      .filter((part) => /^[a-z][\w-]*$/i.test(part)),
  );
  const means = (url: string) => {
    const first = /^\/([a-z][\w-]*)(?=[/?$]|$)/i.exec(url)?.[1];
    return first !== undefined && (first === 'api' || firsts.has(first));
  };
  for (const source of frontFiles(model, front)) {
    const lines = (model.project.read(source.path) ?? '').split('\n');
    for (const [name, { value }] of use.values) {
      if (value === undefined || !means(value)) continue;
      const line = lines.findIndex((each) => each.includes(name));
      if (line >= 0) return { path: value, place: { file: source.path, line: line + 1 } };
    }
    for (const [index, line] of lines.entries()) {
      if (/^\s*(\/\/|\*)/.test(line)) continue;
      const url =
        /(?:\bfetch\(|\b(?:axios|api|http|client|\$http|ky|instance)(?:\.(?:get|post|put|patch|delete|request))?(?:<[^>]*>)?\(|\bbaseURL\s*:|\burl\s*:)\s*["'`](\/[^"'`]*)/i.exec(
          line,
        )?.[1];
      if (url === undefined || !means(url)) continue;
      // A client that has a base of its own puts that before the path.
      const isBare = /\bfetch\(|baseURL|\baxios(\.\w+)?\(/.test(line);
      const text = lines.join('\n');
      if (!isBare || (/\baxios/.test(line) && /axios\.defaults\.baseURL/.test(text))) continue;
      return { path: url.replace(/\$\{.*$/, ''), place: { file: source.path, line: index + 1 } };
    }
  }
  return undefined;
}

function hasDevelopmentProxy(model: Model, front: Front): boolean {
  const inFront = (name: string) => model.project.read(path.posix.join(front.folder, name)) ?? '';
  return (
    typeof front.packageJson.proxy === 'string' ||
    /\bproxy\s*:/.test(
      ['vite.config.ts', 'vite.config.js', 'vite.config.mjs', 'vue.config.js'].map(inFront).join('\n'),
    ) ||
    inFront('src/setupProxy.js') !== ''
  );
}

/** The front makes up addresses, and its server knows files only. */
function lostRoutes(model: Model, front: Front, server: Server): Remark | undefined {
  if (
    /index\.html?\b[^;]*;|error_page\s+404|=\s*200\b|@\w+/.test(server.text.replace(/^\s*index\s[^;]*;/gm, '')) ||
    /try_files \/index/.test(server.text)
  )
    return undefined;
  if (/proxy_pass[^;]*;\s*\}?\s*$/.test(server.text) && !/\broot\b/.test(server.text)) return undefined;
  const files = frontFiles(model, front);
  const text = files.map((source) => model.project.read(source.path) ?? '').join('\n');
  if (
    /HashRouter|createHashRouter|createWebHashHistory|MemoryRouter|withHashLocation|useHash|mode\s*:\s*["']hash/.test(
      text,
    )
  )
    return undefined;
  if (!/\b(BrowserRouter|createBrowserRouter|createWebHistory|provideRouter|RouterModule\.forRoot)\b/.test(text))
    return undefined;
  const found = files.flatMap((source) =>
    (model.project.read(source.path) ?? '').split('\n').flatMap((line, index) => {
      const route = /\bpath\s*[=:]\s*\{?["'`]\/?([a-zA-Z][\w/:-]*)["'`]/.exec(line)?.[1];
      return route === undefined || /^\s*\/\//.test(line)
        ? []
        : [{ route: `/${route}`, file: source.path, line: index + 1 }];
    }),
  );
  const [first] = found;
  if (!first) return undefined;
  const fix =
    server.name === 'nginx'
      ? `location / {\n    root /usr/share/nginx/html;\n    try_files $uri $uri/ /index.html;\n}`
      : server.name === 'serve'
        ? 'serve -s …'
        : 'serve -s … (npx serve)';
  return {
    severity: 'warning',
    place: server.place,
    about: `served ${server.place.file}`,
    fr: [
      `Le front a des adresses à lui (${first.route}, ${first.file} ligne ${first.line}), et ${server.name} ne connaît que des fichiers.`,
      `Ouvrir ou recharger ${first.route} répond « 404 Not Found » ; seule la page d’accueil s’ouvre.`,
      server.name === 'nginx'
        ? `Dans la configuration de nginx (COPY nginx.conf /etc/nginx/conf.d/default.conf) :\n${fix}`
        : `Lancez : ${fix}`,
    ],
    en: [
      `The front has addresses of its own (${first.route}, ${first.file} line ${first.line}), and ${server.name} knows files only.`,
      `Opening or reloading ${first.route} answers "404 Not Found"; only the home page opens.`,
      server.name === 'nginx'
        ? `In nginx’s configuration (COPY nginx.conf /etc/nginx/conf.d/default.conf):\n${fix}`
        : `Run: ${fix}`,
    ],
  };
}
