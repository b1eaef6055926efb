import path from 'node:path';
import { instancesOf } from '../chains.ts';
import type { Remark, Rule } from '../findings.ts';
import { COURSE_IMAGES, frontOf, type Front, nginxOf, runningSources, type Instance, type Model } from '../model.ts';
import { parseImage } from '../read/images.ts';
import { ingressPaths, workloadsBehind, type Cluster, type IngressPath } from '../read/kubernetes.ts';
import { findDirectives } from '../read/nginx.ts';
import { optionOf } from '../read/shell.ts';
import type { SourceFile } from '../read/source.ts';
import { textOf } from '../read/source.ts';
import { objectAt, placeAt, placeOf, textAt, type Place } from '../read/yaml.ts';
import { literal, nearest } from '../words.ts';

/** The paths that an application answers, prefixes included; undefined when they cannot all be told. */
export function routesOf(model: Model, instance: Instance): string[] | undefined {
  const sources = runningSources(model, instance).filter((source) => !/test/.test(source.path));
  const served = sources.filter((source) => source.routes.length > 0);
  if (served.length === 0) return undefined;
  const isDjango = sources.some((source) => source.routes.some((route) => route.owner === 'urlpatterns'));
  if (isDjango) return djangoRoutes(model, sources);
  const routes: string[] = [];
  const global = sources.flatMap((source) => source.mounts).find((mount) => mount.target === '*')?.prefix ?? '';
  for (const source of served) {
    for (const route of source.routes) {
      const prefix = prefixOf(sources, source, route.owner);
      if (prefix === undefined) return undefined;
      routes.push(`${global}${prefix}${route.path}`.replace(/\/{2,}/g, '/'));
    }
  }
  return routes;
}

/** What an application answers to a path that it does not know, in the words of its framework. */
function notFound(model: Model, instance: Instance, wanted: string): string {
  const text = runningSources(model, instance)
    .map((source) => model.project.read(source.path) ?? '')
    .join('\n');
  if (/\bFastAPI\(/.test(text)) return '404 {"detail":"Not Found"}';
  if (/@nestjs\/core|\bexpress\(\)/.test(text)) return `404 (Cannot GET ${wanted})`;
  return '404 Not Found';
}

/** The prefix under which a router ends up; undefined when a prefix is computed. */
function prefixOf(sources: SourceFile[], source: SourceFile, owner: string): string | undefined {
  if (
    /^(app|api_app|application|server|fastify|server_app)$/.test(owner) &&
    /FastAPI|Flask|express|fastify|Fastify|create_app|^$/.test(source.names.get(owner) ?? '') &&
    !sources.some((other) => other.mounts.some((mount) => mount.target === owner && mount.owner === ''))
  ) {
    if (/FastAPI|Flask/.test(source.names.get(owner) ?? '')) return '';
  }
  const own = source.mounts.find((mount) => mount.owner === '' && mount.target === owner)?.prefix ?? '';
  const stem = source.path.replace(/^.*\//, '').replace(/\.\w+$/, '');
  const outer = sources
    .flatMap((other) => other.mounts)
    .filter((mount) => {
      if (mount.owner === '' || mount.target === '*') return false;
      const parts = mount.target.split('.');
      return parts.at(-1) === owner
        ? parts.length === 1 || parts.includes(stem) || parts.includes(owner)
        : parts.includes(stem) ||
            new RegExp(`\\b${literal(stem)}(_?(router|routes|bp|blueprint))?$`, 'i').test(mount.target);
    });
  const prefixes = [...new Set(outer.map((mount) => mount.prefix))];
  if (prefixes.length > 1) return undefined;
  return `${prefixes[0] ?? ''}${own}`;
}

function djangoRoutes(model: Model, sources: SourceFile[]): string[] | undefined {
  const settings = sources
    .map((source) => /ROOT_URLCONF\s*=\s*["']([\w.]+)["']/.exec(model.project.read(source.path) ?? '')?.[1])
    .find(Boolean);
  if (settings === undefined) return undefined;
  const file = model.project.files
    .map((each) => each.path)
    .find((each) => each.endsWith(`${settings.replace(/\./g, '/')}.py`));
  const root = file === undefined ? undefined : model.source(file);
  return root?.routes.map((route) => route.path);
}

function isUnder(route: string, prefix: string): boolean {
  return route === prefix || route.startsWith(`${prefix}/`);
}

/** Routes that tools add, which say nothing of where the application stands. */
const SIDE = /^\/?(docs|redoc|openapi\.json|health\w*|ready|live\w*|metrics|ping|favicon\.ico|static|admin)?\/?$/;

/** Whether the application says that it stands behind a prefix which a proxy takes away. */
function hasRootPath(model: Model, instance: Instance): boolean {
  if (
    instance.start.runs.some((run) =>
      run.args.some((word) => /^--root-path|--baseUrlPath|server\.baseUrlPath|--url-prefix/.test(word)),
    )
  )
    return true;
  if (
    [...instance.variables.keys()].some((name) =>
      /ROOT_PATH|SCRIPT_NAME|BASE_URL_PATH|BASEURLPATH|URL_PREFIX|BASE_PATH|CONTEXT_PATH/i.test(name),
    )
  )
    return true;
  return runningSources(model, instance).some(
    (source) =>
      source.calls.some(
        (call) =>
          call.named.has('root_path') ||
          (call.named.has('prefix') &&
            textOf(call.named.get('prefix')) === undefined &&
            /include_router/.test(call.callee)),
      ) ||
      /FORCE_SCRIPT_NAME|APPLICATION_ROOT|requests_pathname_prefix|url_base_pathname|DispatcherMiddleware|ProxyFix|basePath/.test(
        model.project.read(source.path) ?? '',
      ),
  );
}

export const probePath: Rule = {
  id: 'probe-path',
  title: {
    fr: 'Une sonde demande une adresse que l’application n’a pas',
    en: 'A probe asks for an address that the application does not have',
  },
  why: {
    fr: 'Une sonde httpGet veut une réponse 200 à 399. Une adresse sans route répond 404, et Kubernetes croit l’application malade.',
    en: 'An httpGet probe wants an answer from 200 to 399. An address without a route answers 404, and Kubernetes takes the application for sick.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const { container } = instance;
      const front = frontOf(model, instance.image);
      if (!container || (front && front.kind !== 'next')) continue;
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        const held = objectAt(container.object, probe, 'httpGet');
        const wanted = (textAt(held, 'path') ?? '').replace(/[?#].*$/, '');
        if (!/^\/[\w./-]*$/.test(wanted)) continue;
        if (wanted.startsWith('/actuator') && lacksActuator(model, instance)) {
          yield actuatorRemark(placeOf(held, 'path'), probe, wanted);
          continue;
        }
        const routes = front ? nextWithout(model, instance, front, wanted) : routesWithout(model, instance, wanted);
        if (routes === undefined) continue;
        const health =
          routes.find((route) => /health|ready|live|ping|status/.test(route)) ?? routes.find((route) => route === '/');
        yield {
          severity: 'error',
          place: placeOf(held, 'path'),
          about: `probe ${instance.workload?.resource.name ?? ''} ${wanted}`,
          fr: [
            `La sonde ${probe} demande « ${wanted} », que « ${container.name} » n’a pas (il a : ${routes.slice(0, 5).join(', ')}).`,
            probe === 'readinessProbe'
              ? 'Le pod reste à 0/1 ; « kubectl describe pod » montre « Readiness probe failed: HTTP probe failed with statuscode: 404 ».'
              : 'Le pod redémarre sans cesse (CrashLoopBackOff) ; « kubectl describe pod » montre « HTTP probe failed with statuscode: 404 ».',
            health === undefined ? `Ajoutez une route « ${wanted} » qui répond 200.` : `Écrivez : path: ${health}`,
          ],
          en: [
            `The probe ${probe} asks for "${wanted}", which "${container.name}" does not have (it has: ${routes.slice(0, 5).join(', ')}).`,
            probe === 'readinessProbe'
              ? 'The pod stays at 0/1; "kubectl describe pod" shows "Readiness probe failed: HTTP probe failed with statuscode: 404".'
              : 'The pod restarts again and again (CrashLoopBackOff); "kubectl describe pod" shows "HTTP probe failed with statuscode: 404".',
            health === undefined ? `Add a route "${wanted}" that answers 200.` : `Write: path: ${health}`,
          ],
        };
      }
    }
  },
};

/** A Spring project of one part, whose build file does not name the starter that answers under /actuator. */
function lacksActuator(model: Model, instance: Instance): boolean {
  const folder = instance.image?.context.folder;
  if (folder === undefined) return false;
  const read = (name: string) => model.project.read(path.posix.normalize(path.posix.join(folder, name))) ?? '';
  const build = ['pom.xml', 'build.gradle', 'build.gradle.kts', 'gradle/libs.versions.toml'].map(read).join('\n');
  return /spring-boot-starter-(web|webflux)\b/.test(build) && !/actuator|<module>|subprojects|admin-client/.test(build);
}

function actuatorRemark(place: Place, probe: string, wanted: string): Remark {
  const line = 'spring-boot-starter-actuator';
  return {
    severity: 'error',
    place,
    about: `actuator ${place.file}`,
    fr: [
      `${probe} demande « ${wanted} », mais le projet Spring n’a pas ${line}.`,
      `« kubectl describe pod » montre « HTTP probe failed with statuscode: 404 » ; le pod ${probe === 'readinessProbe' ? 'ne devient jamais prêt' : 'est relancé sans fin'}.`,
      `Ajoutez la dépendance org.springframework.boot:${line}, ou demandez une adresse que l’application sert.`,
    ],
    en: [
      `${probe} asks for "${wanted}", but the Spring project lacks ${line}.`,
      `"kubectl describe pod" shows "HTTP probe failed with statuscode: 404"; the pod ${probe === 'readinessProbe' ? 'never becomes ready' : 'is restarted for ever'}.`,
      `Add the dependency org.springframework.boot:${line}, or ask for an address that the application serves.`,
    ],
  };
}

/** Whether a path differs from a route by a few letters, in a part that the code never writes as one of a path. */
function isMisspelt(wanted: string, routes: string[], text: string): boolean {
  const parts = wanted.split('/').filter(Boolean);
  return routes.some((route) => {
    const own = route.split('/').filter(Boolean);
    const others = parts.filter((part, index) => part !== own[index] && !/^[{<:]/.test(own[index] ?? ''));
    const [only = ''] = others;
    return (
      own.length === parts.length &&
      others.length === 1 &&
      nearest(only, [own[parts.indexOf(only)] ?? ''], 2) !== undefined &&
      !new RegExp(`/${literal(only)}(?![\\w-])`).test(text)
    );
  });
}

/** The application's routes when it surely has none for a path; undefined when it has one, or that cannot be told. */
/** The addresses that Next makes of its folders app and pages, where none of them answers a path; undefined when not all can be told. */
function nextWithout(model: Model, instance: Instance, front: Front, wanted: string): string[] | undefined {
  const { project } = model;
  const at = (name: string) => path.posix.join(front.folder, name);
  const config = ['js', 'mjs', 'ts', 'cjs'].map((end) => project.read(at(`next.config.${end}`)) ?? '').join('\n');
  const isChanged = /rewrites|redirects|basePath|i18n|pageExtensions|require\(|from\s+["'][^"']*(?<!next)["']/.test(
    config.replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''),
  );
  const between = ['middleware', 'src/middleware', 'proxy', 'src/proxy', 'server'].some((name) =>
    ['.ts', '.js', '.mjs'].some((end) => project.kindOf(at(name + end)) === 'file'),
  );
  const isNext = instance.start.runs.some(
    ({ program, args }) =>
      (program === 'next' && args[0] === 'start') || (program === 'node' && /(^|\/)server\.js$/.test(args[0] ?? '')),
  );
  // Files of the folder public have an ending.
  if (isChanged || between || !isNext || /\.\w+$/.test(wanted) || wanted.startsWith('/_next')) return undefined;
  const routes: string[] = [];
  for (const { path: file } of project.files) {
    const inner =
      front.folder === '.' ? file : file.startsWith(`${front.folder}/`) ? file.slice(front.folder.length + 1) : '';
    const app = /^(?:src\/)?app\/((?:.*\/)?)(?:page|route)\.[jt]sx?$/.exec(inner)?.[1];
    const page = /^(?:src\/)?pages\/(?!_)(.*?)(?:(?:^|\/)index)?\.[jt]sx?$/.exec(inner)?.[1];
    const folder = app ?? page;
    if (folder === undefined) continue;
    const parts = folder.split('/').filter((part) => part !== '' && !/^(\([^.)]*\)|@.*)$/.test(part));
    if (parts.some((part) => /\.\.\.|^\(\.|%/.test(part))) return undefined;
    routes.push(`/${parts.join('/')}`);
  }
  const clean = wanted.replace(/(?<=.)\/$/, '');
  const matches = (route: string) =>
    new RegExp(
      `^${route
        .split(/\[[^\]]*\]/)
        .map(literal)
        .join('[^/]+')}$`,
    ).test(clean);
  return routes.length === 0 || routes.some(matches) ? undefined : routes;
}

export function routesWithout(model: Model, instance: Instance, wanted: string): string[] | undefined {
  const routes = routesOf(model, instance)?.map((route) => (route.startsWith('/') ? route : `/${route}`));
  const sources = runningSources(model, instance);
  if (!routes || routes.length === 0 || routes.some((route) => route.includes('*'))) return undefined;
  const text = sources.map((source) => model.project.read(source.path) ?? '').join('\n');
  // Whole trees, files, and what libraries add.
  if (
    /\.mount\(|express\.static|StaticFiles|fastify-static|@fastify\/static|static_url_path|static_folder|\*|createProxyMiddleware|healthcheck|terminus|under-pressure|Instrumentator|add_route|add_api_route|add_url_rule|Blueprint\(.*url_prefix=\w|catch-all|connexion|Api\(|register_blueprint\(\w+\.\w+\.\w/.test(
      text.replace(/\*\*?\w|\w\s*\*\s*\w|import \*|["'`]\*["'`]|\/\*|\*\/|^\s*\*.*$/gm, ''),
    )
  )
    return undefined;
  const last = wanted.split('/').filter(Boolean).at(-1);
  if (
    !isMisspelt(wanted, routes, text) &&
    last !== undefined &&
    new RegExp(`["'\`/]${literal(last)}["'\`/]`).test(text)
  )
    return undefined;
  const isDjango = sources.some((source) => source.routes.some((route) => route.owner === 'urlpatterns'));
  const clean = (route: string) => route.replace(/\/$/, '') || '/';
  const matches = (route: string): boolean => {
    if (isDjango) return wanted.startsWith(route.replace(/\/$/, '') || '/') && (route !== '/' || wanted === '/');
    const pattern = clean(route)
      .split(/\{[^}]*\}|<[^>]*>|:[A-Za-z_]\w*\??/)
      .map(literal)
      .join('[^/]+');
    return new RegExp(`^${pattern}$`).test(clean(wanted)) || /:path\}|<path:/.test(route);
  };
  if (routes.some(matches)) return undefined;
  // FastAPI and its kind serve their own pages.
  if (/FastAPI\(/.test(text) && /^\/(docs|redoc|openapi\.json)$/.test(wanted)) return undefined;
  return routes;
}

export const ingressRewrite: Rule = {
  id: 'ingress-rewrite',
  title: {
    fr: 'L’Ingress change le chemin d’une façon que l’application n’attend pas',
    en: 'The Ingress changes the path in a way that the application does not expect',
  },
  why: {
    fr: 'Sans rewrite-target, l’application reçoit le chemin entier (/api/users) ; avec « rewrite-target: /$2 » et « path: /api(/|$)(.*) », elle reçoit /users. Il faut que ses routes soient du même avis.',
    en: 'Without rewrite-target the application gets the whole path (/api/users); with "rewrite-target: /$2" and "path: /api(/|$)(.*)" it gets /users. Its routes must agree.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const entry of ingressPaths(cluster)) {
        const annotations = objectAt(entry.ingress.object, 'metadata', 'annotations');
        const target = textAt(annotations, 'nginx.ingress.kubernetes.io/rewrite-target');
        const place =
          target === undefined
            ? placeOf(entry.entry, 'path')
            : placeOf(annotations, 'nginx.ingress.kubernetes.io/rewrite-target');
        const isRegex = textAt(annotations, 'nginx.ingress.kubernetes.io/use-regex') === 'true' || target !== undefined;
        const shape = shapeRemark(entry, target, place, isRegex, isOwnApplication(model, cluster, entry));
        const route = routeRemark(model, cluster, entry, target, place);
        // Where the routes hold the prefix there is nothing to rewrite at all.
        const remark = target === '/' ? (route ?? shape) : (shape ?? route);
        if (remark) yield remark;
      }
    }
  },
};

/** Whether the Ingress leads to an application whose code is here, and which has more than one page. */
function isOwnApplication(model: Model, cluster: Cluster, entry: IngressPath): boolean {
  return workloadsBehind(cluster, entry.service, entry.ingress).some((workload) =>
    instancesOf(model, workload).some(
      (instance) => instance.image !== undefined || COURSE_IMAGES.test(parseImage(instance.imageName).repository),
    ),
  );
}

/** Faults that show in the Ingress alone: a rewrite to `/` of a whole subtree, a group that is not there. */
function shapeRemark(
  entry: IngressPath,
  target: string | undefined,
  place: Place,
  isRegex: boolean,
  isOwn: boolean,
): Remark | undefined {
  const { path } = entry;
  const about = `rewrite ${entry.ingress.name} ${path}`;
  const groups = (path.replace(/\\\(|\(\?:/g, '').match(/\(/g) ?? []).length;
  const wanted = Math.max(0, ...[...(target ?? '').matchAll(/\$(\d)/g)].map((match) => Number(match[1])));
  const plain = path.replace(/\/?(\(.*|\*)$/, '').replace(/\/$/, '');
  const right = `${plain === '' ? '' : plain}(/|$)(.*)`;
  if (target !== undefined && wanted > groups) {
    return {
      severity: isOwn ? 'error' : 'warning',
      place: placeOf(entry.entry, 'path'),
      about,
      fr: [
        `rewrite-target: ${target} reprend le groupe n° ${wanted} du chemin, mais « ${path} » ${groups === 0 ? 'n’a pas de parenthèses' : `n’en a que ${groups}`}.`,
        'Toutes les adresses mènent à la racine de l’application : 404, ou toujours la même page.',
        `Écrivez : path: ${right} avec pathType: ImplementationSpecific et rewrite-target: /$2`,
      ],
      en: [
        `rewrite-target: ${target} takes up group ${wanted} of the path, but "${path}" ${groups === 0 ? 'has no parentheses' : `has only ${groups}`}.`,
        'All addresses lead to the root of the application: 404, or always the same page.',
        `Write: path: ${right} with pathType: ImplementationSpecific and rewrite-target: /$2`,
      ],
    };
  }
  if (
    target !== undefined &&
    wanted === 0 &&
    textAt(entry.entry, 'pathType') !== 'Exact' &&
    (target === '/' || target === '') &&
    plain !== ''
  ) {
    return {
      severity: isOwn ? 'error' : 'warning',
      place,
      about,
      fr: [
        `rewrite-target: / remplace tout le chemin par « / » : ${plain}/users arrive à l’application comme « / ».`,
        'Seule la page d’accueil répond ; les autres adresses donnent la même réponse, ou 404.',
        `Gardez la suite du chemin : path: ${right} avec pathType: ImplementationSpecific et rewrite-target: /$2`,
      ],
      en: [
        `rewrite-target: / replaces the whole path by "/": ${plain}/users reaches the application as "/".`,
        'Only the home page answers; other addresses give the same answer, or 404.',
        `Keep the rest of the path: path: ${right} with pathType: ImplementationSpecific and rewrite-target: /$2`,
      ],
    };
  }
  if (
    !isRegex &&
    groups > 0 &&
    textAt(entry.ingress.object, 'spec', 'ingressClassName') !== 'traefik' &&
    !/[a-z]+\.ingress\.kubernetes\.io\/(?!.*nginx)/.test('')
  ) {
    const annotations = JSON.stringify(objectAt(entry.ingress.object, 'metadata', 'annotations'));
    if (
      /haproxy|traefik|kong|alb\.|appgw|gce/.test(
        annotations + (textAt(entry.ingress.object, 'spec', 'ingressClassName') ?? ''),
      )
    )
      return undefined;
    return {
      severity: isOwn ? 'error' : 'warning',
      place: placeOf(entry.entry, 'path'),
      about,
      fr: [
        `« ${path} » est écrit comme une expression, mais rien ne dit à l’Ingress de la lire ainsi.`,
        'L’adresse répond 404 : le chemin est pris à la lettre, parenthèses comprises.',
        'Ajoutez sous annotations : nginx.ingress.kubernetes.io/use-regex: "true" (et rewrite-target: /$2 pour enlever le préfixe).',
      ],
      en: [
        `"${path}" is written as an expression, but nothing tells the Ingress to read it so.`,
        'The address answers 404: the path is taken literally, parentheses included.',
        'Add under annotations: nginx.ingress.kubernetes.io/use-regex: "true" (and rewrite-target: /$2 to take the prefix away).',
      ],
    };
  }
  return undefined;
}

/** What the application's own routes say of the prefix. */
function routeRemark(
  model: Model,
  cluster: Cluster,
  entry: IngressPath,
  target: string | undefined,
  place: Place,
): Remark | undefined {
  const prefix = entry.path.replace(/\/?(\(.*|\*)$/, '').replace(/\/$/, '');
  if (prefix === '' || !/^\/[\w/-]+$/.test(prefix)) return undefined;
  const middlewares = Object.entries(objectAt(entry.ingress.object, 'metadata', 'annotations')).some(
    ([key]) =>
      /middleware|rewrite|snippet|konghq|app-root/.test(key) && key !== 'nginx.ingress.kubernetes.io/rewrite-target',
  );
  if (middlewares) return undefined;
  const strips = target !== undefined && !isUnder(target.replace(/\/?\$.*$/, ''), prefix);
  for (const workload of workloadsBehind(cluster, entry.service, entry.ingress)) {
    for (const instance of instancesOf(model, workload)) {
      if (instance.container?.isInit) continue;
      const all = routesOf(model, instance);
      const routes = all?.filter((route) => !SIDE.test(route));
      if (!routes || routes.length === 0 || hasRootPath(model, instance)) continue;
      const under = routes.filter((route) => isUnder(route, prefix)).length;
      const example = routes.find((route) => (strips ? isUnder(route, prefix) : !isUnder(route, prefix))) ?? '';
      if (strips && under === routes.length) {
        const arrives = target.includes('$') ? example.slice(prefix.length) || '/' : target;
        return {
          severity: 'error',
          place,
          about: `rewrite ${entry.ingress.name} ${entry.path}`,
          fr: [
            `L’Ingress enlève « ${prefix} » du chemin, mais les routes de l’application commencent par lui (${example}).`,
            `https://${entry.host ?? '…'}${example} arrive comme « ${arrives} » : ${notFound(model, instance, arrives)}.`,
            `Enlevez l’annotation rewrite-target et écrivez : path: ${prefix} avec pathType: Prefix`,
          ],
          en: [
            `The Ingress takes "${prefix}" away from the path, but the application’s routes start with it (${example}).`,
            `https://${entry.host ?? '…'}${example} arrives as "${arrives}": ${notFound(model, instance, arrives)}.`,
            `Remove the annotation rewrite-target and write: path: ${prefix} with pathType: Prefix`,
          ],
        };
      }
      if (!strips && under === 0) {
        return {
          severity: 'error',
          place: placeAt(entry.entry, ['path']),
          about: `rewrite ${entry.ingress.name} ${entry.path}`,
          fr: [
            `L’Ingress envoie « ${prefix}/… » tel quel, mais aucune route de l’application ne commence par « ${prefix} » (par exemple ${example}).`,
            `https://${entry.host ?? '…'}${prefix}${example} répond ${notFound(model, instance, `${prefix}${example}`)}.`,
            `Faites enlever le préfixe : path: ${prefix}(/|$)(.*), pathType: ImplementationSpecific, et l’annotation nginx.ingress.kubernetes.io/rewrite-target: /$2 ; ou mettez le préfixe dans l’application (prefix="${prefix}").`,
          ],
          en: [
            `The Ingress passes "${prefix}/…" on as it is, but no route of the application starts with "${prefix}" (for instance ${example}).`,
            `https://${entry.host ?? '…'}${prefix}${example} answers ${notFound(model, instance, `${prefix}${example}`)}.`,
            `Have the prefix taken away: path: ${prefix}(/|$)(.*), pathType: ImplementationSpecific, and the annotation nginx.ingress.kubernetes.io/rewrite-target: /$2; or put the prefix in the application (prefix="${prefix}").`,
          ],
        };
      }
    }
  }
  return undefined;
}

/** Streamlit under a path that it was not told of, and that nothing takes away. */
function streamlitPath(
  instance: Instance,
  entry: IngressPath,
  prefix: string,
  paths: IngressPath[],
): Remark | undefined {
  const listen = instance.listens.find((each) => each.server === 'streamlit');
  const run = instance.start.runs.find((each) => each.program === 'streamlit');
  const annotations = objectAt(entry.ingress.object, 'metadata', 'annotations');
  if (!listen || !run || Object.keys(annotations).some((key) => /rewrite|snippet|middlewares|strip/.test(key)))
    return undefined;
  if (paths.some((other) => other.host === entry.host && /^\/(\(.*)?$/.test(other.path))) return undefined;
  const config = instance.around.find(path.posix.join(run.cwd, '.streamlit/config.toml'));
  const text = config.source === undefined ? '' : (instance.around.project.read(config.source) ?? '');
  const told =
    optionOf(run.args, '--server.baseUrlPath') ??
    instance.variables.get('STREAMLIT_SERVER_BASE_URL_PATH')?.value ??
    /^\s*baseUrlPath\s*=\s*["']([^"']*)/m.exec(text)?.[1];
  if (instance.around.hasVariable('STREAMLIT_SERVER_BASE_URL_PATH') && told === undefined) return undefined;
  if (told !== undefined && (told.includes('$') || told.replace(/^\/|\/$/g, '') === prefix.slice(1))) return undefined;
  const place = told === undefined ? placeOf(entry.entry, 'path') : listen.place;
  return {
    severity: 'error',
    place,
    about: `rewrite ${entry.ingress.name} ${entry.path}`,
    unlessBroken: `service ${entry.service}`,
    fr: [
      `L’Ingress sert Streamlit sous « ${prefix} », mais Streamlit se croit ${told === undefined ? 'à la racine' : `sous « /${told.replace(/^\//, '')} »`}.`,
      `La page reste blanche ; la console du navigateur montre des 404 pour https://${entry.host ?? '…'}/static/….`,
      `Donnez-lui une adresse à lui (path: /), ou dites-lui son chemin : --server.baseUrlPath=${prefix.slice(1)}`,
    ],
    en: [
      `The Ingress serves Streamlit under "${prefix}", but Streamlit thinks it is ${told === undefined ? 'at the root' : `under "/${told.replace(/^\//, '')}"`}.`,
      `The page stays blank; the browser’s console shows 404 for https://${entry.host ?? '…'}/static/….`,
      `Give it an address of its own (path: /), or tell it its path: --server.baseUrlPath=${prefix.slice(1)}`,
    ],
  };
}

export const frontPath: Rule = {
  id: 'front-path',
  title: {
    fr: 'Le front est servi sous un chemin pour lequel il n’a pas été construit',
    en: 'The front is served under a path that it was not built for',
  },
  why: {
    fr: 'Un front construit demande ses fichiers à la racine de l’adresse (/assets/…), sauf si on lui a dit son chemin à la construction (base, homepage, basePath).',
    en: 'A built front asks for its files at the root of the address (/assets/…), unless it was told its path when it was built (base, homepage, basePath).',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      const paths = ingressPaths(cluster);
      for (const entry of paths) {
        const prefix = entry.path.replace(/\/?(\(.*|\*)$/, '').replace(/\/$/, '');
        if (prefix === '' || !/^\/[\w/-]+$/.test(prefix)) continue;
        for (const workload of workloadsBehind(cluster, entry.service, entry.ingress)) {
          for (const instance of instancesOf(model, workload)) {
            const front = frontOf(model, instance.image);
            const remark = streamlitPath(instance, entry, prefix, paths);
            if (remark) yield remark;
            if (
              !front ||
              paths.some(
                (other) =>
                  other.host === entry.host && other.service === entry.service && /^\/(\(.*)?$/.test(other.path),
              )
            )
              continue;
            const read = (name: string) =>
              model.project.read(front.folder === '.' ? name : `${front.folder}/${name}`) ?? '';
            const settings = [
              'vite.config.ts',
              'vite.config.js',
              'vite.config.mts',
              'vite.config.mjs',
              'next.config.js',
              'next.config.mjs',
              'next.config.ts',
              'vue.config.js',
              'angular.json',
              'package.json',
              'index.html',
            ]
              .map(read)
              .join('\n');
            const builds = (instance.image?.dockerfile.lines ?? []).join('\n');
            if (
              /\bbase\s*:|basePath|assetPrefix|publicPath|baseHref|"homepage"|--base|<base\s|PUBLIC_URL|--base-href/.test(
                settings + builds,
              )
            )
              continue;
            const [key, file] =
              front.kind === 'vite' || front.kind === 'astro'
                ? [`base: '${prefix}/'`, 'vite.config']
                : front.kind === 'next'
                  ? [`basePath: '${prefix}'`, 'next.config']
                  : front.kind === 'cra'
                    ? [`"homepage": "${prefix}"`, 'package.json']
                    : [`publicPath: '${prefix}/'`, 'vue.config'];
            yield {
              severity: 'error',
              place: placeOf(entry.entry, 'path'),
              about: `rewrite ${entry.ingress.name} ${entry.path}`,
              unlessBroken: `service ${entry.service}`,
              fr: [
                `L’Ingress sert le front sous « ${prefix} », mais le front a été construit pour la racine.`,
                `La page reste blanche ; la console du navigateur montre des 404 pour https://${entry.host ?? '…'}/assets/….`,
                `Donnez au front une adresse à lui (path: /), ou dites-lui son chemin dans ${file} : ${key}`,
              ],
              en: [
                `The Ingress serves the front under "${prefix}", but the front was built for the root.`,
                `The page stays blank; the browser’s console shows 404 for https://${entry.host ?? '…'}/assets/….`,
                `Give the front an address of its own (path: /), or tell it its path in ${file}: ${key}`,
              ],
            };
          }
        }
      }
    }
  },
};

export const proxyRewrite: Rule = {
  id: 'proxy-rewrite',
  title: {
    fr: 'nginx change le chemin d’une façon que l’API n’attend pas',
    en: 'nginx changes the path in a way that the API does not expect',
  },
  why: {
    fr: 'Une barre à la fin de proxy_pass compte : avec elle, nginx enlève du chemin ce que location a reconnu ; sans elle, il passe le chemin entier.',
    en: 'A slash at the end of proxy_pass counts: with it, nginx takes away from the path what location matched; without it, the whole path is passed on.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (instance.where === 'image') continue;
      for (const config of nginxOf(model, instance)?.configs ?? []) {
        for (const { directive, around } of findDirectives(config.directives, 'proxy_pass')) {
          const location = around.findLast((each) => each.name === 'location');
          const [prefix, ...more] = location?.args ?? [];
          const url = /^https?:\/\/([^/:$]+)(?::\d+)?(\/.*)?$/.exec(directive.args[0] ?? '');
          if (
            prefix === undefined ||
            more.length > 0 ||
            !url ||
            prefix === '/' ||
            !/^\/[\w/-]+$/.test(prefix) ||
            location?.block?.some((each) => each.name === 'rewrite')
          )
            continue;
          const target = upstreamOf(model, instance, url[1] ?? '');
          const routes = target ? routesOf(model, target)?.filter((route) => !SIDE.test(route)) : undefined;
          if (!target || !routes || routes.length === 0 || hasRootPath(model, target)) continue;
          const clean = prefix.replace(/\/$/, '');
          const replaced = url[2] !== undefined;
          const strips = replaced && !isUnder(url[2] ?? '', clean);
          const under = routes.filter((route) => isUnder(route, clean)).length;
          const place: Place = { file: config.place.file, line: config.place.line + directive.line - 1 };
          const host = `${url[1] ?? ''}${/:\d+/.exec(directive.args[0]?.slice(8) ?? '')?.[0] ?? ''}`;
          const stripped = (routes[0] ?? '').slice(clean.length) || '/';
          if (strips && under === routes.length) {
            yield {
              severity: 'error',
              place,
              about: `proxy path ${place.file}:${place.line}`,
              fr: [
                `La barre à la fin de proxy_pass enlève « ${clean} » du chemin, mais les routes de l’API commencent par lui (${routes[0] ?? ''}).`,
                `${routes[0] ?? ''} arrive comme « ${stripped} » : ${notFound(model, target, stripped)}.`,
                `Écrivez sans barre : proxy_pass http://${host};`,
              ],
              en: [
                `The slash at the end of proxy_pass takes "${clean}" away from the path, but the API’s routes start with it (${routes[0] ?? ''}).`,
                `${routes[0] ?? ''} arrives as "${stripped}": ${notFound(model, target, stripped)}.`,
                `Write without slash: proxy_pass http://${host};`,
              ],
            };
          } else if (!replaced && under === 0) {
            yield {
              severity: 'error',
              place,
              about: `proxy path ${place.file}:${place.line}`,
              fr: [
                `nginx passe « ${clean}/… » tel quel, mais aucune route de l’API ne commence par « ${clean} » (par exemple ${routes[0] ?? ''}).`,
                `Les appels à ${clean}${routes[0] ?? ''} répondent ${notFound(model, target, `${clean}${routes[0] ?? ''}`)}.`,
                `Ajoutez une barre des deux côtés : location ${clean}/ { proxy_pass http://${host}/; }`,
              ],
              en: [
                `nginx passes "${clean}/…" on as it is, but no route of the API starts with "${clean}" (for instance ${routes[0] ?? ''}).`,
                `Calls to ${clean}${routes[0] ?? ''} answer ${notFound(model, target, `${clean}${routes[0] ?? ''}`)}.`,
                `Add a slash on both sides: location ${clean}/ { proxy_pass http://${host}/; }`,
              ],
            };
          }
        }
      }
    }
  },
};

/** The container that a proxy passes to. */
function upstreamOf(model: Model, instance: Instance, host: string): Instance | undefined {
  if (instance.stack)
    return model.instances.find((other) => other.stack === instance.stack && other.service?.name === host);
  if (!instance.cluster) return undefined;
  const [workload] = workloadsBehind(instance.cluster, host.split('.')[0] ?? '', instance.workload?.resource);
  return workload ? instancesOf(model, workload).find((each) => !each.container?.isInit) : undefined;
}
