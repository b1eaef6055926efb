import { styleText } from 'node:util';
import type { Language } from '../findings.ts';
import { isObject, objectsAt, textAt, type JsonObject } from '../read/yaml.ts';
import { diagnose, type LiveFinding } from './diagnose.ts';
import { asJson, kubectl } from './kubectl.ts';
import {
  crashed,
  exposedServices,
  lastChange,
  nameOf,
  ofKind,
  publicAddresses,
  type LiveState,
  type Reply,
} from './state.ts';

const KINDS =
  'pods,services,endpointslices,ingresses,deployments,statefulsets,replicasets,configmaps,persistentvolumeclaims,events';
const SCREEN = 6;

/** Runs `kit check --live`: 0 when all is well, 1 when something is wrong, 2 when the cluster cannot be asked. */
export async function live(options: {
  language: Language;
  namespace: string | undefined;
  format: string;
}): Promise<number> {
  const { language } = options;
  const isFrench = language === 'fr';
  const scope = options.namespace === undefined ? [] : ['-n', options.namespace];
  const answer = kubectl(['get', KINDS, ...scope, '-o', 'json', '--show-managed-fields'], 30);
  const list = asJson(answer);
  if (!isObject(list)) {
    const missing = answer.error.includes('ENOENT');
    console.error(
      isFrench
        ? missing
          ? 'kubectl n’est pas installé ici. Sur le SSPCloud, ouvrez un service VSCode avec le rôle Kubernetes « admin ».'
          : `kubectl ne peut pas regarder le cluster : ${answer.error.split('\n')[0] ?? ''}\nVérifiez le contexte : kubectl config current-context`
        : missing
          ? 'kubectl is not installed here. On the SSPCloud, open a VSCode service with the Kubernetes role "admin".'
          : `kubectl cannot look at the cluster: ${answer.error.split('\n')[0] ?? ''}\nCheck the context: kubectl config current-context`,
    );
    return 2;
  }
  const objects = objectsAt(list, 'items');
  const namespace = options.namespace ?? currentNamespace(objects);
  const state = await gather(objects, namespace, scope);
  const findings = diagnose(state);
  if (options.format === 'json') {
    console.log(
      JSON.stringify(
        {
          findings: findings.map((finding) => ({
            rule: finding.id,
            severity: finding.severity,
            file: finding.object,
            line: 0,
            message: finding.text[language][0],
            consequence: finding.text[language][1],
            fix: `${finding.text[language][2]} (${finding.next})`,
          })),
          looked_at: objects
            .map((object) => `${(textAt(object, 'kind') ?? '').toLowerCase()}/${nameOf(object)}`)
            .filter((name) => !name.startsWith('event/')),
        },
        null,
        2,
      ),
    );
  } else console.log(screen(findings, state, language, scope));
  return findings.some((finding) => finding.severity === 'error') ? 1 : 0;
}

function currentNamespace(objects: JsonObject[]): string {
  return (
    textAt(objects[0], 'metadata', 'namespace') ??
    (kubectl(['config', 'view', '--minify', '-o', 'jsonpath={..namespace}']).out || 'default')
  );
}

/** Asks what the objects alone do not tell: logs, times, what addresses answer. */
async function gather(objects: JsonObject[], namespace: string, scope: string[]): Promise<LiveState> {
  const state: LiveState = { namespace, objects, logs: {}, changed: {}, services: {}, addresses: {}, foreignHosts: {} };
  for (const { pod, container, isRestarted } of crashed(objects).slice(0, 5)) {
    const base = ['logs', pod, '-c', container, ...scope, '--tail=20'];
    const previous = isRestarted ? kubectl([...base, '--previous']) : undefined;
    state.logs[`${pod}/${container}`] = previous?.ok ? previous.out : kubectl(base).out;
  }
  for (const map of ofKind(objects, 'ConfigMap')) state.changed[`ConfigMap/${nameOf(map)}`] = lastChange(map);
  // Names and times only: what the Secrets hold is none of the doctor's business.
  const secrets = kubectl([
    'get',
    'secrets',
    ...scope,
    '--show-managed-fields',
    '--no-headers',
    '-o',
    'custom-columns=NAME:.metadata.name,MADE:.metadata.creationTimestamp,TIMES:.metadata.managedFields[*].time',
  ]);
  for (const line of secrets.ok ? secrets.out.split('\n') : []) {
    const [name, ...times] = line.trim().split(/[\s,]+/);
    const last = times
      .filter((time) => /^\d{4}-/.test(time))
      .sort()
      .at(-1);
    if (name !== undefined && name !== '' && last !== undefined) state.changed[`Secret/${name}`] = last;
  }
  for (const { name, port } of exposedServices(objects).slice(0, 5)) {
    const reply = kubectl(['get', '--raw', `/api/v1/namespaces/${namespace}/services/http:${name}:${port}/proxy/`], 6);
    state.services[name] = reply.ok
      ? { status: 200, failure: undefined, title: titleOf(reply.out) }
      : { status: undefined, failure: reply.error, title: undefined };
  }
  const everywhere = asJson(kubectl(['get', 'ingresses', '--all-namespaces', '-o', 'json'], 6));
  const hosts = new Set(
    ofKind(objects, 'Ingress').flatMap((ingress) =>
      objectsAt(ingress, 'spec', 'rules').map((rule) => textAt(rule, 'host') ?? ''),
    ),
  );
  for (const ingress of objectsAt(everywhere, 'items')) {
    const other = textAt(ingress, 'metadata', 'namespace') ?? '';
    for (const rule of objectsAt(ingress, 'spec', 'rules')) {
      const host = textAt(rule, 'host') ?? '';
      if (other !== namespace && hosts.has(host) && isOlder(ingress, objects, host)) state.foreignHosts[host] = other;
    }
  }
  const addresses = publicAddresses(objects);
  const replies = await Promise.all(addresses.map((url) => ask(url)));
  for (const [index, url] of addresses.entries()) {
    const reply = replies[index];
    if (reply) state.addresses[url] = reply;
  }
  return state;
}

/** The oldest Ingress of a host is the one that controllers listen to. */
function isOlder(ingress: JsonObject, objects: JsonObject[], host: string): boolean {
  const own = ofKind(objects, 'Ingress').find((each) =>
    objectsAt(each, 'spec', 'rules').some((rule) => rule.host === host),
  );
  const age = (each: JsonObject | undefined) =>
    `${textAt(each, 'metadata', 'creationTimestamp') ?? ''} ${textAt(each, 'metadata', 'namespace') ?? ''}`;
  return age(ingress) < age(own);
}

async function ask(url: string): Promise<Reply> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000), redirect: 'follow' });
    return { status: response.status, failure: undefined, title: titleOf(await response.text()) };
  } catch (error) {
    const cause =
      error instanceof Error && error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code : undefined;
    return { status: undefined, failure: cause ?? 'timeout', title: undefined };
  }
}

function titleOf(page: string): string | undefined {
  return /<title[^>]*>([^<]{1,80})/i.exec(page)?.[1]?.trim();
}

/** One screen: the cause first, then the command to run next. */
function screen(findings: LiveFinding[], state: LiveState, language: Language, scope: string[]): string {
  const isFrench = language === 'fr';
  const pods = ofKind(state.objects, 'Pod').length;
  const lines = [
    styleText(
      'dim',
      isFrench
        ? `Espace de noms ${state.namespace} : ${pods} pod${pods > 1 ? 's' : ''}.`
        : `Namespace ${state.namespace}: ${pods} pod${pods === 1 ? '' : 's'}.`,
    ),
  ];
  if (findings.length === 0)
    return [
      ...lines,
      isFrench
        ? 'Rien à redire : tout ce qui doit tourner tourne.'
        : 'Nothing to say against it: all that is to run runs.',
    ].join('\n');
  for (const { severity, object, text, next } of findings.slice(0, SCREEN)) {
    const [message, evidence, fix] = text[language];
    const colour = severity === 'error' ? 'red' : 'yellow';
    const word = severity === 'error' ? (isFrench ? 'ERREUR' : 'ERROR') : isFrench ? 'ATTENTION' : 'WARNING';
    lines.push(
      '',
      `${styleText([colour, 'bold'], word)}  ${styleText('bold', object)}`,
      `  ${message}`,
      `  ${evidence}`,
      `  ${styleText('green', isFrench ? 'À faire :' : 'To do:')} ${fix}`,
      `  ${styleText('cyan', `$ ${[next, ...scope].join(' ')}`)}`,
    );
  }
  const rest = findings.length - SCREEN;
  if (rest > 0)
    lines.push(
      '',
      isFrench ? `… et ${rest} de plus, quand ceux-ci seront réglés.` : `… and ${rest} more, once these are settled.`,
    );
  return lines.join('\n');
}
