import { objectAt, objectsAt, textAt, written, type JsonObject } from '../read/yaml.ts';
import { meansTheSame, nearest } from '../words.ts';
import { heardPort } from './crash.ts';
import { short, tell, type LiveFinding } from './finding.ts';
import { closedToAll } from './policies.ts';
import {
  ageOf,
  carries,
  containersOf,
  environmentOf,
  isHeadless,
  isOver,
  isReady,
  keyOf,
  nameOf,
  ofKind,
  ownerOf,
  pathsOf,
  podsOf,
  type LiveState,
} from './state.ts';

/** Services that lead nowhere, or to the wrong door. */
export function serviceFindings(state: LiveState): LiveFinding[] {
  const exposed = new Set(
    ofKind(state.objects, 'Ingress').flatMap((ingress) => pathsOf(ingress).map((path) => path.service)),
  );
  return ofKind(state.objects, 'Service').flatMap((service): LiveFinding[] => {
    const selector = objectAt(service, 'spec', 'selector');
    // Without a selector, somebody else says where it leads; ExternalName is a name only.
    if (Object.keys(selector).length === 0 || textAt(service, 'spec', 'type') === 'ExternalName') return [];
    const pods = podsOf(state.objects, service);
    const found =
      pods.length === 0
        ? selectorFinding(state, service, exposed.has(nameOf(service)))
        : (portNameFinding(service, pods) ??
          (exposed.has(nameOf(service)) ? shutFinding(state, service, pods) : undefined) ??
          otherFinding(state, service, pods) ??
          mixedFinding(state, service, pods) ??
          refusedFinding(state, service, pods));
    return found ? [{ ...found, explains: [...(found.explains ?? []), `Service/${nameOf(service)}`] }] : [];
  });
}

/** The labels that the pods of the namespace's workloads have or would have, scaled to zero or not. */
function templatesOf(objects: readonly JsonObject[]): JsonObject[] {
  return [
    ...['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'].flatMap((kind) =>
      ofKind(objects, kind).map((each) => objectAt(each, 'spec', 'template', 'metadata', 'labels')),
    ),
    ...ofKind(objects, 'CronJob').map((each) =>
      objectAt(each, 'spec', 'jobTemplate', 'spec', 'template', 'metadata', 'labels'),
    ),
  ];
}

function selectorFinding(state: LiveState, service: JsonObject, isExposed: boolean): LiveFinding | undefined {
  const name = nameOf(service);
  const selector = Object.entries(objectAt(service, 'spec', 'selector'));
  const templates = templatesOf(state.objects);
  // Its pods are on their way, scaled to zero on purpose, or refused (which is told).
  if (templates.some((labels) => carries(labels, objectAt(service, 'spec', 'selector')))) return undefined;
  const pods = ofKind(state.objects, 'Pod').filter((pod) => !isOver(pod));
  // Operators and charts have Services for pods that are not always there (replicas of a database, previews).
  const isManaged =
    objectsAt(service, 'metadata', 'ownerReferences').length > 0 ||
    textAt(service, 'metadata', 'labels', 'app.kubernetes.io/managed-by') !== undefined;
  if (!isExposed && (isManaged || pods.length + templates.length === 0)) return undefined;
  // A role that pods take in turn is not in their template.
  if (!isExposed && selector.some(([key]) => /role|leader|primary|master/i.test(key))) return undefined;
  const shown = selector.map(([key, value]) => `${key}=${written(value)}`).join(', ');
  const all = [...templates, ...pods.map((pod) => objectAt(pod, 'metadata', 'labels'))];
  const [key, value] = selector.find(([each, wanted]) => !all.some((labels) => labels[each] === wanted)) ??
    selector[0] ?? ['', ''];
  const labels = [...new Set(all.map((each) => textAt(each, key) ?? '').filter(Boolean))];
  const meant =
    labels.find((label) => meansTheSame(label, written(value))) ??
    nearest(written(value), labels) ??
    (labels.length === 1 ? labels[0] : undefined);
  return tell(
    'service-selector',
    `service/${name}`,
    [
      `Le Service « ${name} » cherche les pods « ${shown} », et aucun ne porte ces étiquettes${labels.length === 0 ? '' : ` (pour ${key}, les pods ont : ${labels.slice(0, 5).join(', ')})`}.`,
      `« kubectl get endpointslices » ne montre aucune adresse pour lui ; qui l’appelle reçoit 503 ou un refus.`,
      meant === undefined
        ? 'Appliquez le Deployment (ou StatefulSet) qui porte ces étiquettes ; s’il est là sous d’autres, mettez-les dans spec.selector du Service.'
        : `Écrivez dans spec.selector du Service : ${key}: ${meant}`,
    ],
    [
      `The Service "${name}" looks for pods "${shown}", and none carries these labels${labels.length === 0 ? '' : ` (for ${key}, the pods have: ${labels.slice(0, 5).join(', ')})`}.`,
      `"kubectl get endpointslices" shows no address for it; who calls it gets 503 or a refusal.`,
      meant === undefined
        ? 'Apply the Deployment (or StatefulSet) that carries these labels; if it is there under others, put them in spec.selector of the Service.'
        : `Write in spec.selector of the Service: ${key}: ${meant}`,
    ],
    'kubectl get pods --show-labels',
  );
}

function portNameFinding(service: JsonObject, pods: JsonObject[]): LiveFinding | undefined {
  const name = nameOf(service);
  const declared = pods.flatMap((pod) => containersOf(pod).flatMap(({ spec }) => objectsAt(spec, 'ports')));
  const names = [...new Set(declared.map((port) => textAt(port, 'name') ?? '').filter(Boolean))];
  const wrong = objectsAt(service, 'spec', 'ports').find(
    (port) => typeof port.targetPort === 'string' && !/^\d+$/.test(port.targetPort) && !names.includes(port.targetPort),
  );
  if (!wrong) return undefined;
  const target = written(wrong.targetPort);
  const there = {
    fr: names.length > 0 ? ` (ils déclarent : ${names.join(', ')})` : '',
    en: names.length > 0 ? ` (they declare: ${names.join(', ')})` : '',
  };
  return tell(
    'service-port-name',
    `service/${name}`,
    [
      `Le Service « ${name} » vise le port nommé « ${target} », qu’aucun conteneur ne déclare sous ce nom${there.fr}.`,
      '« kubectl get endpointslices » ne montre aucun port pour lui, alors que les pods tournent.',
      'Écrivez le numéro du port dans targetPort, ou donnez ce nom au port du conteneur.',
    ],
    [
      `The Service "${name}" targets the port named "${target}", which no container declares under that name${there.en}.`,
      '"kubectl get endpointslices" shows no port for it, while the pods run.',
      'Write the port’s number in targetPort, or give the container’s port that name.',
    ],
    `kubectl describe service ${name}`,
  );
}

/** A Service that everybody is to reach, and whose pods a policy closes to all. */
function shutFinding(state: LiveState, service: JsonObject, pods: JsonObject[]): LiveFinding | undefined {
  const name = nameOf(service);
  const policy = closedToAll(state, pods);
  if (policy === undefined) return undefined;
  return tell(
    'network-policy',
    `networkpolicy/${policy}`,
    [
      `La NetworkPolicy « ${policy} » ferme les pods de « ${name} » à tous, au contrôleur d’Ingress aussi.`,
      'L’adresse répond 502 ou 504, alors que les pods tournent.',
      'Ajoutez une règle ingress.from avec le namespaceSelector du contrôleur d’Ingress, et le port.',
    ],
    [
      `The NetworkPolicy "${policy}" closes the pods of "${name}" to all, to the Ingress controller too.`,
      'The address answers 502 or 504, while the pods run.',
      'Add a rule ingress.from with the namespaceSelector of the Ingress controller, and the port.',
    ],
    `kubectl describe networkpolicy ${policy}`,
    { explains: [`NetworkPolicy/${policy}`] },
  );
}

function repositoryOf(image: string): string {
  return image
    .replace(/@.*$/, '')
    .replace(/:[^/:]*$/, '')
    .replace(/^.*\//, '');
}

/** A Service whose selector takes in the pods of several applications. */
function mixedFinding(state: LiveState, service: JsonObject, pods: JsonObject[]): LiveFinding | undefined {
  if (isHeadless(service)) return undefined;
  const name = nameOf(service);
  const owners = new Map<string, { images: Set<string>; ports: Set<string> }>();
  for (const pod of pods.filter(
    (each) =>
      objectsAt(each, 'metadata', 'ownerReferences')[0]?.kind === 'ReplicaSet' ||
      objectsAt(each, 'metadata', 'ownerReferences')[0]?.kind === 'StatefulSet',
  )) {
    const specs = objectsAt(pod, 'spec', 'containers');
    owners.set(ownerOf(state.objects, pod).name, {
      images: new Set(specs.map((spec) => repositoryOf(textAt(spec, 'image') ?? ''))),
      ports: new Set(specs.flatMap((spec) => objectsAt(spec, 'ports').map((port) => written(port.containerPort)))),
    });
  }
  const [first, ...others] = [...owners];
  // The same program in several Deployments is a canary, or blue and green.
  const stranger = first && others.find(([, each]) => ![...each.images].some((image) => first[1].images.has(image)));
  if (!first || !stranger) return undefined;
  // So are images of one family.
  const [one, other] = [first, stranger].map(([, { images }]) => [...images][0] ?? '');
  if (one === undefined || other === undefined) return undefined;
  if (one.startsWith(other) || other.startsWith(one) || one.slice(0, 4) === other.slice(0, 4)) return undefined;
  const target = textAt(service, 'spec', 'ports', 0, 'targetPort') ?? textAt(service, 'spec', 'ports', 0, 'port') ?? '';
  const isSure = [first, stranger].some(
    ([, { ports }]) => ports.size > 0 && /^\d+$/.test(target) && !ports.has(target),
  );
  const shown = Object.entries(objectAt(service, 'spec', 'selector'))
    .map(([key, value]) => `${key}: ${written(value)}`)
    .join(', ');
  return tell(
    'service-mixed',
    `service/${name}`,
    [
      `Le Service « ${name} » envoie ses requêtes à plusieurs applications : ${[...owners.keys()].map((owner) => `« ${owner} »`).join(' et ')} portent « ${shown} ».`,
      'Une requête sur deux arrive chez la mauvaise : 404, 502 ou une autre page, par moments.',
      'Donnez à chaque Deployment une étiquette à lui (template.metadata.labels), et mettez-la dans spec.selector du Service.',
    ],
    [
      `The Service "${name}" sends its requests to several applications: ${[...owners.keys()].map((owner) => `"${owner}"`).join(' and ')} carry "${shown}".`,
      'Every other request arrives at the wrong one: 404, 502 or another page, now and then.',
      'Give each Deployment a label of its own (template.metadata.labels), and put it in spec.selector of the Service.',
    ],
    'kubectl get pods --show-labels',
    { severity: isSure ? 'error' : 'warning' },
  );
}

/** A Service that bears the name of one application, and leads to the pods of another. */
function otherFinding(state: LiveState, service: JsonObject, pods: JsonObject[]): LiveFinding | undefined {
  const name = nameOf(service);
  const owners = new Set(pods.map((pod) => keyOf(ownerOf(state.objects, pod))));
  const namesake = ['Deployment', 'StatefulSet']
    .flatMap((kind) => ofKind(state.objects, kind))
    .find((each) => nameOf(each) === name);
  const labels = objectAt(namesake, 'spec', 'template', 'metadata', 'labels');
  const services = ofKind(state.objects, 'Service');
  const isReached = services.some((each) => carries(labels, objectAt(each, 'spec', 'selector')));
  const [owner] = owners;
  const isDouble = services.some(
    (each) => each !== service && podsOf(state.objects, each).some((pod) => pods.includes(pod)),
  );
  if (!namesake || isReached || owners.size !== 1 || owner === undefined || !isDouble) return undefined;
  const wrong = owner.replace(/^\w+\//, '');
  const [key, value] = Object.entries(labels)[0] ?? ['app', name];
  return tell(
    'service-other',
    `service/${name}`,
    [
      `Le Service « ${name} » mène aux pods de « ${wrong} », et non à ceux de « ${name} ».`,
      `Son selector est celui de « ${wrong} » : personne ne joint « ${name} ».`,
      `Écrivez dans spec.selector du Service : ${key}: ${written(value)}`,
    ],
    [
      `The Service "${name}" leads to the pods of "${wrong}", not to those of "${name}".`,
      `Its selector is that of "${wrong}": nobody reaches "${name}".`,
      `Write in spec.selector of the Service: ${key}: ${written(value)}`,
    ],
    'kubectl get pods --show-labels',
  );
}

/** A Service whose pods are ready, and where nobody listens. */
function refusedFinding(state: LiveState, service: JsonObject, pods: JsonObject[]): LiveFinding | undefined {
  const name = nameOf(service);
  const reply = isHeadless(service) ? undefined : state.services[name];
  if (!pods.every(isReady) || reply?.failure === undefined || !/connection refused/.test(reply.failure))
    return undefined;
  const target =
    /:(\d+): connect/.exec(reply.failure)?.[1] ??
    textAt(service, 'spec', 'ports', 0, 'targetPort') ??
    textAt(service, 'spec', 'ports', 0, 'port') ??
    '';
  const log = pods
    .flatMap((pod) => containersOf(pod).map(({ name: container }) => state.logs[`${nameOf(pod)}/${container}`] ?? ''))
    .join('\n');
  const heard = heardPort(log);
  const port = heard?.port;
  const isLocal = /^(127|localhost|\[::1\])/.test(heard?.host ?? '') && port === target;
  // A server that has not said where it listens may still be on its way.
  const youngest = Math.min(
    ...pods.flatMap((pod) =>
      containersOf(pod).flatMap(({ status, isInit }) =>
        isInit ? [] : [ageOf(state, textAt(status, 'state', 'running', 'startedAt'))],
      ),
    ),
  );
  if (state.now !== undefined && youngest < (heard ? 15 : 60)) return undefined;
  const evidence = short(/dial tcp[^"]*/.exec(reply.failure)?.[0] ?? 'connection refused', 120);
  return tell(
    'service-refused',
    `service/${name}`,
    [
      isLocal
        ? `Le serveur de « ${name} » n’écoute que sur 127.0.0.1, où personne d’autre ne peut le joindre.`
        : `Les pods de « ${name} » tournent, mais personne n’y écoute sur le port ${target} du Service${port !== undefined && port !== target ? ` : leur serveur est sur ${port}` : ''}.`,
      `« ${evidence} » ; qui l’appelle reçoit 502 Bad Gateway ou un refus.`,
      isLocal
        ? 'Faites-le écouter sur 0.0.0.0 (uvicorn --host 0.0.0.0, vite --host, app.run(host="0.0.0.0")).'
        : port !== undefined && port !== target
          ? `Écrivez targetPort: ${port} dans le Service.`
          : 'Mettez dans targetPort le port du serveur (ses journaux le disent) ; s’il dit 127.0.0.1, faites-le écouter sur 0.0.0.0.',
    ],
    [
      isLocal
        ? `The server of "${name}" listens on 127.0.0.1 only, where nobody else can reach it.`
        : `The pods of "${name}" run, but nobody listens there on the Service’s port ${target}${port !== undefined && port !== target ? `: their server is on ${port}` : ''}.`,
      `"${evidence}"; who calls it gets 502 Bad Gateway or a refusal.`,
      isLocal
        ? 'Make it listen on 0.0.0.0 (uvicorn --host 0.0.0.0, vite --host, app.run(host="0.0.0.0")).'
        : port !== undefined && port !== target
          ? `Write targetPort: ${port} in the Service.`
          : 'Put the server’s port in targetPort (its logs tell it); if they say 127.0.0.1, make it listen on 0.0.0.0.',
    ],
    `kubectl logs ${nameOf(pods[0])} --tail=20`,
  );
}

/** Addresses in variables that name a Service of the namespace with a port that it does not have. */
export function addressFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  return ofKind(state.objects, 'Pod').flatMap((pod): LiveFinding[] => {
    if (isOver(pod)) return [];
    const owner = ownerOf(state.objects, pod);
    return containersOf(pod).flatMap(({ spec }) =>
      environmentOf(spec, state.objects).flatMap(({ name, value, map }): LiveFinding[] => {
        const match = /^(\w+:\/\/)(?:[^\s/]*@)?([a-z][\w-]*)(?:\.[\w-]+)?(?:\.svc[\w.]*)?:(\d+)(?=\/|$|\?)/.exec(
          value ?? '',
        );
        const service = ofKind(state.objects, 'Service').find((each) => nameOf(each) === match?.[2]);
        if (!match || !service || isHeadless(service) || textAt(service, 'spec', 'type') === 'ExternalName') return [];
        const ports = objectsAt(service, 'spec', 'ports').map((port) => written(port.port));
        const key = `${keyOf(owner)} ${name}`;
        if (ports.includes(match[3] ?? '') || ports.length === 0 || seen.has(key)) return [];
        seen.add(key);
        const isTarget = objectsAt(service, 'spec', 'ports').some((port) => written(port.targetPort) === match[3]);
        const shown = `${match[1] ?? ''}${match[2] ?? ''}:${match[3] ?? ''}`;
        return [
          tell(
            'service-port',
            `${owner.kind.toLowerCase()}/${owner.name}`,
            [
              `« ${owner.name} » appelle ${shown} (${name}), et le Service « ${nameOf(service)} » n’a que le port ${ports.join(', ')}${isTarget ? ` (${match[3] ?? ''} est celui du conteneur)` : ''}.`,
              'La connexion n’aboutit pas : « connection refused » ou délai dépassé.',
              `Écrivez ${match[2] ?? ''}:${ports[0] ?? ''}${map === undefined ? ' dans la variable' : ` dans le ConfigMap « ${map} », puis relancez`}.`,
            ],
            [
              `"${owner.name}" calls ${shown} (${name}), and the Service "${nameOf(service)}" has only port ${ports.join(', ')}${isTarget ? ` (${match[3] ?? ''} is the container’s)` : ''}.`,
              'The connection does not come about: "connection refused" or a timeout.',
              `Write ${match[2] ?? ''}:${ports[0] ?? ''}${map === undefined ? ' in the variable' : ` in the ConfigMap "${map}", then restart`}.`,
            ],
            `kubectl get service ${nameOf(service)}`,
            { severity: isReady(pod) ? 'warning' : 'error', explains: [keyOf(owner)] },
          ),
        ];
      }),
    );
  });
}
