import { objectsAt, textAt, type JsonObject } from '../read/yaml.ts';
import { asJson, kubectl, type Answer } from './kubectl.ts';
import { isCanary } from './ingresses.ts';
import { readSecrets, spokenSecrets } from './secrets.ts';
import {
  askedServices,
  containersOf,
  crashed,
  created,
  isOver,
  lastChange,
  nameOf,
  ofKind,
  pathsOf,
  podsOf,
  publicAddresses,
  type LiveState,
  type Reply,
} from './state.ts';

/** Kinds of the whole cluster, which the rights may not allow to see. */
const CLUSTER_KINDS: Record<string, string> = {
  nodes: 'Node',
  storageclasses: 'StorageClass',
  ingressclasses: 'IngressClass',
};

/** Asks what the objects alone do not tell: logs, times, what addresses answer. */
export async function gather(
  objects: JsonObject[],
  namespace: string,
  scope: string[],
  unseen: string[],
): Promise<LiveState> {
  const cluster = kubectl(['get', Object.keys(CLUSTER_KINDS).join(','), '-o', 'json'], 8);
  const beyond = asJson(cluster);
  const state: LiveState = {
    namespace,
    now: nowOf(objects),
    objects: [...objects, ...objectsAt(beyond, 'items')],
    logs: {},
    changed: {},
    services: {},
    addresses: {},
    foreignHosts: {},
    pushed: {},
    unseen: [
      ...unseen,
      ...Object.entries(CLUSTER_KINDS)
        .filter(([resource]) => beyond === undefined || refused(cluster, resource))
        .map(([, kind]) => kind),
    ],
  };
  for (const { pod, container, isRestarted } of crashed(objects).slice(0, 20))
    readLog(state, scope, pod, container, isRestarted);
  for (const map of ofKind(objects, 'ConfigMap')) state.changed[`ConfigMap/${nameOf(map)}`] = lastChange(map);
  const sealed = readSecrets(state, scope);
  askServices(state, scope);
  findForeignHosts(state);
  const addresses = publicAddresses(objects);
  const replies = await Promise.all(addresses.map((url) => ask(url)));
  for (const [index, url] of addresses.entries()) {
    const reply = replies[index];
    if (reply) state.addresses[url] = reply;
  }
  state.spoken = spokenSecrets(state, sealed, scope);
  state.pushed = await askRegistry(objects);
  return state;
}

/** Whether kubectl was refused a kind. */
export function refused(answer: Answer, resource: string): boolean {
  return new RegExp(`\\b${resource}(\\.[\\w.]+)? is forbidden`).test(answer.error);
}

/** Now; by the cluster's clock where this machine's is behind it. */
function nowOf(objects: JsonObject[]): string {
  const times = objects.flatMap((object) => [
    textAt(object, 'lastTimestamp') ?? '',
    created(object),
    ...containersOf(object).map(({ status }) => textAt(status, 'state', 'running', 'startedAt') ?? ''),
  ]);
  return [new Date().toISOString(), ...times].sort().at(-1) ?? '';
}

function readLog(state: LiveState, scope: string[], pod: string, container: string, isRestarted: boolean): void {
  const base = ['logs', pod, '-c', container, ...scope, '--tail=40', '--limit-bytes=100000'];
  const previous = isRestarted ? kubectl([...base, '--previous'], 8) : undefined;
  // The runtime has thrown away what it had: kubectl says so where the log would be.
  const isKept =
    previous?.ok && previous.out.trim() !== '' && !/^unable to retrie\w+ container logs/.test(previous.out);
  const log = isKept ? previous.out : kubectl(base, 8).out;
  state.logs[`${pod}/${container}`] = /^unable to retrie\w+ container logs/.test(log) ? '' : log;
}

function askServices(state: LiveState, scope: string[]): void {
  const { objects, namespace } = state;
  for (const { name, port } of askedServices(objects).slice(0, 6)) {
    const service = ofKind(objects, 'Service').find((each) => nameOf(each) === name);
    if (!service || podsOf(objects, service).length === 0) continue;
    const base = `/api/v1/namespaces/${namespace}/services/http:${name}:${port}/proxy`;
    const answer = kubectl(['get', '--raw', `${base}/`], 6);
    const reply = replyOf(answer);
    if (answer.ok) {
      const calls = callsOf(answer.out, (path) => kubectl(['get', '--raw', `${base}/${path}`], 6).out);
      if (calls.length > 0) reply.calls = calls;
    }
    state.services[name] = reply;
    const [pod] = podsOf(objects, service);
    // Where it says that it listens.
    if (pod && /connection refused/.test(reply.failure ?? ''))
      for (const container of containersOf(pod).filter(({ isInit }) => !isInit))
        readLog(state, scope, nameOf(pod), container.name, false);
  }
}

/** What a Service answered, out of kubectl's words. */
export function replyOf(answer: Answer): Reply {
  if (answer.ok) return { status: 200, failure: undefined, title: titleOf(answer.out) };
  const words = answer.error;
  const isOurs = /services? "[^"]*" is forbidden|cannot (get|list) resource/.test(words);
  const statuses: [RegExp, number][] = [
    [/\(NotFound\)|could not find the requested resource/, 404],
    [/\(Unauthorized\)|must be logged in/, 401],
    [/\(Forbidden\)/, 403],
    [/\(MethodNotAllowed\)/, 405],
    [/\(BadRequest\)/, 400],
    [/\(InternalError\)|an error on the server/, 500],
  ];
  const status =
    isOurs || /dial tcp|error trying to reach|no endpoints/.test(words)
      ? undefined
      : statuses.find(([shape]) => shape.test(words))?.[1];
  return { status, failure: status === undefined ? words : undefined, title: undefined };
}

/** Addresses that the scripts of a page call, of those that only the cluster or the visitor's machine knows. */
export function callsOf(page: string, read: (path: string) => string): string[] {
  // What is read when the page opens takes the place of what is written in.
  if (
    !/<html|<!doctype/i.test(page) ||
    /window\.(_|env|config)|__ENV|(env|config)[\w.-]*\.js["']|@vite\/client/i.test(page)
  )
    return [];
  const scripts = [...page.matchAll(/<script[^>]+src=["']\.?\/?([^"':]+\.js)(?:\?[^"']*)?["']/g)].map(
    (match) => match[1] ?? '',
  );
  const calls = scripts.slice(0, 3).flatMap((path) => {
    const code = read(path);
    return /window\.(__?env|_env_|config)|__ENV/i.test(code)
      ? []
      : [
          ...code.matchAll(
            /["'`](https?:\/\/(?:localhost:\d{2,5}|127\.0\.0\.1:\d{2,5}|(?!localhost\b)[a-z][a-z0-9-]*(?::\d{2,5})?)(?:\/[\w/.-]*)?)["'`$]/g,
          ),
        ].map((match) => match[1] ?? '');
  });
  // An authentication library's own default.
  return [...new Set(calls)].filter((call) => !/localhost:9999/.test(call)).slice(0, 20);
}

/** Hosts that an older Ingress of another namespace has, for the same path and the same controller. */
function findForeignHosts(state: LiveState): void {
  const everywhere = asJson(kubectl(['get', 'ingresses', '--all-namespaces', '-o', 'json'], 8));
  const own = ofKind(state.objects, 'Ingress');
  const age = (each: JsonObject) => `${created(each)} ${textAt(each, 'metadata', 'namespace') ?? ''}`;
  for (const ingress of objectsAt(everywhere, 'items')) {
    const other = textAt(ingress, 'metadata', 'namespace') ?? '';
    if (other === state.namespace || isCanary(ingress)) continue;
    for (const { host, path } of pathsOf(ingress)) {
      const mine = own.find(
        (each) =>
          age(each) > age(ingress) &&
          !isCanary(each) &&
          textAt(each, 'spec', 'ingressClassName') === textAt(ingress, 'spec', 'ingressClassName') &&
          pathsOf(each).some((mineToo) => mineToo.host === host && host !== '' && mineToo.path === path),
      );
      if (mine) state.foreignHosts[host] = other;
    }
  }
}

/** Asks an address as a browser would; what cannot be asked so is tried without encryption. */
async function ask(url: string): Promise<Reply> {
  const first = await askOnce(url);
  if (first.status !== undefined || first.failure === 'ENOTFOUND' || !url.startsWith('https:')) return first;
  const second = await askOnce(url.replace(/^https:/, 'http:'));
  return second.status === undefined ? first : { ...second, isUnencrypted: true };
}

async function askOnce(url: string): Promise<Reply> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000), redirect: 'follow' });
    const page = (await response.text()).slice(0, 200_000);
    return {
      status: response.status,
      failure: undefined,
      title: titleOf(page),
      isElsewhere:
        new URL(response.url).host !== new URL(url).host || new URL(response.url).pathname !== new URL(url).pathname,
      isDefault:
        response.status === 404 &&
        /^\s*(404 page not found|default backend - 404)\s*$|<center>nginx<\/center>/.test(page),
    };
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code : undefined;
    return { status: undefined, failure: cause ?? 'timeout', title: undefined };
  }
}

function titleOf(page: string): string | undefined {
  return /<title[^>]*>([^<]{1,80})/i.exec(page)?.[1]?.trim();
}

/** Images that more people take than a class has are somebody else's: they are pushed anew all the time. */
const OWN_PULLS = 5000;

/** What Docker Hub holds now under the tags that run here; it tells it to everybody, for public images. */
async function askRegistry(objects: JsonObject[]): Promise<NonNullable<LiveState['pushed']>> {
  const images = new Set(
    ofKind(objects, 'Pod')
      .filter((pod) => !isOver(pod))
      .flatMap((pod) => containersOf(pod).map(({ spec }) => textAt(spec, 'image') ?? '')),
  );
  const pushed: NonNullable<LiveState['pushed']> = {};
  const read = async (url: string): Promise<JsonObject | undefined> => {
    const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
    return response.ok ? ((await response.json()) as JsonObject) : undefined;
  };
  const asked = [...images].flatMap((image) => {
    const [, account, name, tag = 'latest'] =
      /^(?:docker\.io\/)?([a-z0-9_-]+)\/([a-z0-9._-]+)(?::([\w.-]+))?$/.exec(image) ?? [];
    return account === undefined || name === undefined
      ? []
      : [{ image, url: `https://hub.docker.com/v2/namespaces/${account}/repositories/${name}`, tag }];
  });
  await Promise.all(
    asked.slice(0, 6).map(async ({ image, url, tag }) => {
      try {
        const repository = await read(url);
        if (Number(repository?.pull_count ?? OWN_PULLS) >= OWN_PULLS) return;
        const held = await read(`${url}/tags/${tag}`);
        const digests = [textAt(held, 'digest'), ...objectsAt(held, 'images').map((each) => textAt(each, 'digest'))];
        pushed[image] = {
          digests: digests.filter((digest) => digest !== undefined),
          time: textAt(held, 'tag_last_pushed') ?? textAt(held, 'last_updated') ?? '',
        };
      } catch {
        // Not told: nothing is concluded from it.
      }
    }),
  );
  return pushed;
}
