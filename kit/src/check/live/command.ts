import { styleText } from 'node:util';
import type { Language } from '../findings.ts';
import { isObject, objectsAt, textAt, type JsonObject } from '../read/yaml.ts';
import { gather, refused } from './ask.ts';
import { diagnose, type LiveFinding } from './diagnose.ts';
import { asJson, complaint, kubectl } from './kubectl.ts';
import { nameOf, ofKind, type LiveState } from './state.ts';

/** Kinds that are looked at, by the names that kubectl and the objects give them. */
const KINDS: Record<string, string> = {
  pods: 'Pod',
  services: 'Service',
  ingresses: 'Ingress',
  deployments: 'Deployment',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
  replicasets: 'ReplicaSet',
  jobs: 'Job',
  cronjobs: 'CronJob',
  horizontalpodautoscalers: 'HorizontalPodAutoscaler',
  configmaps: 'ConfigMap',
  persistentvolumeclaims: 'PersistentVolumeClaim',
  networkpolicies: 'NetworkPolicy',
  events: 'Event',
};
/** Lines that a screen shows without scrolling. */
const SCREEN = 38;

/** Runs `kit check --live`: 0 when all is well, 1 when something is wrong, 2 when the cluster cannot be asked. */
export async function live(options: {
  language: Language;
  namespace: string | undefined;
  format: string;
}): Promise<number> {
  const { language } = options;
  const isFrench = language === 'fr';
  const scope = options.namespace === undefined ? [] : ['-n', options.namespace];
  const answer = kubectl(['get', Object.keys(KINDS).join(','), ...scope, '-o', 'json', '--show-managed-fields'], 30);
  const list = asJson(answer);
  const unseen = Object.entries(KINDS)
    .filter(([resource]) => refused(answer, resource))
    .map(([, kind]) => kind);
  if (!isObject(list) || unseen.includes('Pod')) {
    const isMissing = answer.error.includes('ENOENT');
    console.error(
      isFrench
        ? isMissing
          ? 'kubectl n’est pas installé ici. Sur le SSPCloud, ouvrez un service VSCode avec le rôle Kubernetes « admin ».'
          : `kubectl ne peut pas regarder le cluster : ${complaint(answer)}\nVérifiez le contexte : kubectl config current-context`
        : isMissing
          ? 'kubectl is not installed here. On the SSPCloud, open a VSCode service with the Kubernetes role "admin".'
          : `kubectl cannot look at the cluster: ${complaint(answer)}\nCheck the context: kubectl config current-context`,
    );
    return 2;
  }
  const objects = objectsAt(list, 'items');
  const namespace = options.namespace ?? currentNamespace(objects);
  const state = await gather(objects, namespace, scope, unseen);
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
            fix: `${finding.text[language][2]} (${[finding.next, ...scope].join(' ')})`,
            ...(finding.follows ? { follows: finding.follows } : {}),
          })),
          looked_at: objects
            .map((object) => `${(textAt(object, 'kind') ?? '').toLowerCase()}/${nameOf(object)}`)
            .filter((name) => !name.startsWith('event/')),
          not_seen: state.unseen ?? [],
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

/** One screen: the cause first, then the command to run next. */
export function screen(findings: LiveFinding[], state: LiveState, language: Language, scope: string[]): string {
  const isFrench = language === 'fr';
  const pods = ofKind(state.objects, 'Pod').length;
  const workloads = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job'].flatMap((kind) =>
    ofKind(state.objects, kind),
  );
  const stopped = workloads.filter((each) => textAt(each, 'spec', 'replicas') === '0').map(nameOf);
  const lines = [
    styleText(
      'dim',
      isFrench
        ? `Espace de noms ${state.namespace} : ${pods} pod${pods > 1 ? 's' : ''}.${stopped.length > 0 ? ` À zéro (replicas: 0) : ${stopped.slice(0, 5).join(', ')}.` : ''}`
        : `Namespace ${state.namespace}: ${pods} pod${pods === 1 ? '' : 's'}.${stopped.length > 0 ? ` At zero (replicas: 0): ${stopped.slice(0, 5).join(', ')}.` : ''}`,
    ),
  ];
  if (findings.length === 0 && pods + workloads.length === 0)
    return [
      ...lines,
      isFrench
        ? 'Rien n’est déployé ici. Est-ce le bon espace de noms ? (-n NOM, ou kubectl config get-contexts)'
        : 'Nothing is deployed here. Is it the right namespace? (-n NAME, or kubectl config get-contexts)',
    ].join('\n');
  if (findings.length === 0)
    return [
      ...lines,
      isFrench
        ? 'Rien à redire : tout ce qui doit tourner tourne.'
        : 'Nothing to say against it: all that is to run runs.',
    ].join('\n');
  let told = 0;
  for (const { severity, object, text, next, follows } of findings) {
    const [message, evidence, fix] = text[language];
    const colour = severity === 'error' ? 'red' : 'yellow';
    const word = severity === 'error' ? (isFrench ? 'ERREUR' : 'ERROR') : isFrench ? 'ATTENTION' : 'WARNING';
    const block = [
      '',
      `${styleText([colour, 'bold'], word)}  ${styleText('bold', object)}`,
      `  ${message}`,
      `  ${evidence}`,
      ...(follows
        ? [`  ${isFrench ? 'À cause de cela aussi :' : 'Because of it, also:'} ${follows.slice(0, 6).join(', ')}`]
        : []),
      `  ${styleText('green', isFrench ? 'À faire :' : 'To do:')} ${fix}`,
      `  ${styleText('cyan', `$ ${[next, ...scope].join(' ')}`)}`,
    ];
    if (told > 0 && [...lines, ...block].join('\n').split('\n').length > SCREEN) break;
    lines.push(...block);
    told++;
  }
  const rest = findings.length - told;
  if (rest > 0)
    lines.push(
      '',
      isFrench ? `… et ${rest} de plus, quand ceux-ci seront réglés.` : `… and ${rest} more, once these are settled.`,
    );
  return lines.join('\n');
}
