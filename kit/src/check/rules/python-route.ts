import path from 'node:path';
import type { Remark } from '../findings.ts';
import { runningSources, type Instance, type Model } from '../model.ts';
import { workloadsBehind } from '../read/kubernetes.ts';
import type { Call, SourceFile } from '../read/source.ts';
import { nearest } from '../words.ts';
import { routesWithout } from './routes.ts';

/** A Python front (Streamlit, Dash, Flask…) that asks the project's own API for a path which it does not have. */
export function* pythonClients(model: Model): Generator<Remark> {
  for (const instance of model.instances) {
    if (!instance.image || instance.where === 'image') continue;
    for (const source of pagesOf(model, instance)) {
      const text = model.project.read(source.path) ?? '';
      for (const call of source.calls) {
        const asked = askedOf(instance, text, call);
        const api = asked && apiAt(model, instance, asked.host);
        if (!asked || !api || api === instance) continue;
        const texts = runningSources(model, api).map((each) => model.project.read(each.path) ?? '');
        if (texts.some((each) => /root_path|openapi_prefix|\.middleware\(|rewrite/.test(each))) continue;
        const routes = routesWithout(model, api, asked.path);
        if (!routes) continue;
        const known = [...new Set(routes)];
        const right = nearest(asked.path, known, 3);
        yield {
          severity: 'error',
          place: { file: source.path, line: call.line },
          about: `route ${source.path}:${call.line}`,
          fr: [
            `Le code demande « ${asked.path} » à « ${api.name} », qui n’a pas ce chemin (il a : ${known.slice(0, 6).join(', ')}).`,
            'L’API répond « 404 Not Found » : le code reçoit {"detail": "Not Found"} à la place des données.',
            right === undefined ? 'Demandez un chemin que l’API a, ou ajoutez-lui cette route.' : `Écrivez : ${right}`,
          ],
          en: [
            `The code asks "${api.name}" for "${asked.path}", a path that it does not have (it has: ${known.slice(0, 6).join(', ')}).`,
            'The API answers "404 Not Found": the code gets {"detail": "Not Found"} in place of the data.',
            right === undefined ? 'Ask for a path that the API has, or add this route to it.' : `Write: ${right}`,
          ],
        };
      }
    }
  }
}

/** The sources that run in a container, with the pages that Streamlit finds by itself beside the first. */
function pagesOf(model: Model, instance: Instance): SourceFile[] {
  const sources = runningSources(model, instance).filter((source) => source.language === 'python');
  const [first] = sources;
  if (!first || !instance.start.runs.some((run) => run.program === 'streamlit')) return sources;
  const folder = path.posix.join(path.posix.dirname(first.path), 'pages');
  const pages = model.project.files
    .filter((file) => path.posix.dirname(file.path) === folder && file.path.endsWith('.py'))
    .flatMap((file) => model.source(file.path) ?? []);
  return [...new Set([...sources, ...pages])];
}

/** The host and the path of a call such as `requests.get(f"{API_URL}/notes")`, where a variable gives the address. */
function askedOf(instance: Instance, text: string, call: Call): { host: string; path: string } | undefined {
  if (!/^(requests|httpx)\.(get|post|put|patch|delete)$/.test(call.callee)) return undefined;
  const [, base = '', rest = ''] = /^f(["'])\{(\w+)\}(\/[^"'?#]*)[^"']*\1$/.exec(call.texts[0] ?? '')?.slice(1) ?? [];
  const assigned = [...text.matchAll(new RegExp(`^${base}\\s*=\\s*(.*)$`, 'gm'))].map((match) => match[1] ?? '');
  const [, name] =
    /^os\.(?:getenv\(|environ\.get\(|environ\[)\s*["'](\w+)["']\s*(?:,\s*["'][^"']*["']\s*)?[)\]]\s*(?:#.*)?$/.exec(
      assigned.length === 1 ? (assigned[0] ?? '') : '',
    ) ?? [];
  if (name === undefined) return undefined;
  const given = instance.variables.get(name)?.value ?? '';
  const [, host] = /^http:\/\/([a-z0-9][\w-]*)(?::\d+)?$/.exec(given) ?? [];
  // An expression that is a whole part of the path may be anything; a part of one is not followed.
  const asked = rest.replace(/\/\{[^{}]*\}(?=\/|$)/g, '/1');
  return host === undefined || /[{}]/.test(asked) ? undefined : { host, path: asked };
}

/** The container that answers to a host name, when it is the project's own and the only one. */
function apiAt(model: Model, instance: Instance, host: string): Instance | undefined {
  const { cluster, stack } = instance;
  const behind = cluster ? workloadsBehind(cluster, host, instance.workload?.resource) : [];
  const found = model.instances.filter(
    (each) =>
      each.image !== undefined &&
      (stack
        ? each.stack === stack && each.service?.name === host
        : each.workload !== undefined && behind.includes(each.workload) && each.container?.isInit !== true),
  );
  return found.length === 1 ? found[0] : undefined;
}
