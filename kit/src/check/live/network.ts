import { meansTheSame, nearest } from '../words.ts';
import { listAt, objectAt, objectsAt, textAt, written, type JsonObject } from '../read/yaml.ts';
import { heardPort } from './crash.ts';
import { short, tell, type LiveFinding } from './finding.ts';
import { closedToAll, closedToOutside } from './policies.ts';
import {
  addressOf,
  ageOf,
  browserAddresses,
  carries,
  containersOf,
  created,
  environmentOf,
  isHeadless,
  isInternal,
  isOver,
  isReady,
  keyOf,
  nameOf,
  ofKind,
  ownerOf,
  pathsOf,
  podsOf,
  type LiveState,
  type Reply,
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
        ? 'Mettez dans spec.selector du Service les étiquettes des pods (template.metadata.labels du Deployment).'
        : `Écrivez dans spec.selector du Service : ${key}: ${meant}`,
    ],
    [
      `The Service "${name}" looks for pods "${shown}", and none carries these labels${labels.length === 0 ? '' : ` (for ${key}, the pods have: ${labels.slice(0, 5).join(', ')})`}.`,
      `"kubectl get endpointslices" shows no address for it; who calls it gets 503 or a refusal.`,
      meant === undefined
        ? 'Put in spec.selector of the Service the labels of the pods (template.metadata.labels of the Deployment).'
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

/** Ingresses that lead nowhere, or whose address shows something else. */
export function ingressFindings(state: LiveState): LiveFinding[] {
  return ofKind(state.objects, 'Ingress').flatMap((ingress): LiveFinding[] => {
    // What an operator makes for a moment (a certificate's challenge) is its own business.
    if (objectsAt(ingress, 'metadata', 'ownerReferences').length > 0 || /^cm-acme-http-solver/.test(nameOf(ingress)))
      return [];
    const backend = backendFindings(state, ingress);
    const said =
      backend.length > 0
        ? backend
        : (classFinding(state, ingress) ?? hostFinding(state, ingress) ?? answerFinding(state, ingress) ?? []);
    return [...[said].flat(), ...tlsFindings(state, ingress)];
  });
}

function backendFindings(state: LiveState, ingress: JsonObject): LiveFinding[] {
  const object = `ingress/${nameOf(ingress)}`;
  const services = ofKind(state.objects, 'Service');
  const seen = new Set<string>();
  return pathsOf(ingress).flatMap(({ host, path, service: name, port }): LiveFinding[] => {
    if (state.unseen?.includes('Service')) return [];
    // AWS writes what it does where a port's name stands.
    if (port === 'use-annotation' || seen.has(`${name} ${port}`)) return [];
    seen.add(`${name} ${port}`);
    const address = host === '' ? path : addressOf(host, path);
    const service = services.find((each) => nameOf(each) === name);
    if (!service) {
      const names = services.map(nameOf).filter((each) => each !== 'kubernetes');
      const meant = names.find((each) => meansTheSame(each, name)) ?? nearest(name, names);
      return [
        tell(
          'ingress-service',
          object,
          [
            `L’Ingress « ${nameOf(ingress)} » mène au Service « ${name} », qui n’existe pas.`,
            `${address} répond 503 (ou 404).`,
            meant === undefined
              ? `Corrigez le nom, ou appliquez le fichier du Service. Il y a : ${names.join(', ') || 'aucun'}.`
              : `Écrivez dans l’Ingress : name: ${meant}`,
          ],
          [
            `The Ingress "${nameOf(ingress)}" leads to the Service "${name}", which does not exist.`,
            `${address} answers 503 (or 404).`,
            meant === undefined
              ? `Mend the name, or apply the file of the Service. There is: ${names.join(', ') || 'none'}.`
              : `Write in the Ingress: name: ${meant}`,
          ],
          'kubectl get services',
        ),
      ];
    }
    const ports = objectsAt(service, 'spec', 'ports');
    if (port === '' || ports.length === 0 || ports.some((each) => written(each.port) === port || each.name === port))
      return [];
    return [
      tell(
        'ingress-port',
        object,
        [
          `L’Ingress « ${nameOf(ingress)} » demande le port ${port} du Service « ${name} », qui n’a que ${ports.map((each) => written(each.port)).join(', ')}.`,
          `${address} répond 503, alors que les pods tournent.`,
          `Écrivez dans l’Ingress : number: ${written(ports[0]?.port)}`,
        ],
        [
          `The Ingress "${nameOf(ingress)}" asks for port ${port} of the Service "${name}", which has only ${ports.map((each) => written(each.port)).join(', ')}.`,
          `${address} answers 503, while the pods run.`,
          `Write in the Ingress: number: ${written(ports[0]?.port)}`,
        ],
        `kubectl get service ${name}`,
      ),
    ];
  });
}

function repliesOf(
  state: LiveState,
  ingress: JsonObject,
): { host: string; path: string; service: string; reply: Reply }[] {
  return pathsOf(ingress).flatMap(({ host, path, service }) => {
    const reply = state.addresses[addressOf(host, path)];
    return reply ? [{ host, path, service, reply }] : [];
  });
}

/** Whether the program behind answered, whatever it said: then the way to it is open. */
function isServed(reply: Reply): boolean {
  return reply.status !== undefined && reply.status < 502 && reply.isDefault !== true;
}

function classFinding(state: LiveState, ingress: JsonObject): LiveFinding | undefined {
  const asked =
    textAt(ingress, 'spec', 'ingressClassName') ??
    textAt(ingress, 'metadata', 'annotations', 'kubernetes.io/ingress.class');
  const classes = ofKind(state.objects, 'IngressClass');
  const canSee = state.unseen?.includes('IngressClass') === false;
  const isTaken =
    objectsAt(ingress, 'status', 'loadBalancer', 'ingress').length > 0 ||
    repliesOf(state, ingress).some(({ reply }) => isServed(reply));
  if (isTaken || (state.now !== undefined && ageOf(state, created(ingress)) < 60)) return undefined;
  const names = classes.map(nameOf);
  const object = `ingress/${nameOf(ingress)}`;
  const isAnnotated = textAt(ingress, 'spec', 'ingressClassName') === undefined && asked !== undefined;
  const there = {
    fr:
      names.length > 0
        ? `Mettez : ingressClassName: ${names.join(' ou ')}`
        : 'Demandez le nom à ceux qui tiennent le cluster : ce cluster n’a aucune IngressClass.',
    en:
      names.length > 0
        ? `Put: ingressClassName: ${names.join(' or ')}`
        : 'Ask those who run the cluster for the name: this cluster has no IngressClass.',
  };
  if (asked !== undefined && canSee && !isAnnotated && !names.includes(asked))
    return tell(
      'ingress-class',
      object,
      [
        `L’Ingress « ${nameOf(ingress)} » demande la classe « ${asked} », que le cluster n’a pas : personne ne s’en occupe.`,
        '« kubectl get ingress » montre une ADDRESS vide ; l’adresse répond 404.',
        there.fr,
      ],
      [
        `The Ingress "${nameOf(ingress)}" asks for the class "${asked}", which the cluster does not have: nobody takes care of it.`,
        '"kubectl get ingress" shows an empty ADDRESS; the address answers 404.',
        there.en,
      ],
      'kubectl get ingressclass',
    );
  const hasDefault = classes.some(
    (each) => textAt(each, 'metadata', 'annotations', 'ingressclass.kubernetes.io/is-default-class') === 'true',
  );
  // A controller that never says where it answers says nothing of this one either.
  const others = ofKind(state.objects, 'Ingress').filter((each) => classOf(each) !== '');
  const isSilent =
    others.length > 0 && others.every((each) => objectsAt(each, 'status', 'loadBalancer', 'ingress').length === 0);
  if (asked !== undefined || !canSee || hasDefault || isSilent) return undefined;
  return tell(
    'ingress-class',
    object,
    [
      `L’Ingress « ${nameOf(ingress)} » ne dit pas sa classe, et le cluster n’en a pas par défaut : personne ne s’en occupe.`,
      '« kubectl get ingress » montre CLASS <none> et une ADDRESS vide.',
      there.fr,
    ],
    [
      `The Ingress "${nameOf(ingress)}" does not say its class, and the cluster has none by default: nobody takes care of it.`,
      '"kubectl get ingress" shows CLASS <none> and an empty ADDRESS.',
      there.en,
    ],
    'kubectl get ingressclass',
    { severity: 'warning' },
  );
}

function hostFinding(state: LiveState, ingress: JsonObject): LiveFinding | undefined {
  const name = nameOf(ingress);
  const object = `ingress/${name}`;
  for (const { host, path, service } of pathsOf(ingress)) {
    const foreign = state.foreignHosts[host];
    if (foreign !== undefined)
      return tell(
        'ingress-host-taken',
        object,
        [
          `L’adresse « ${host} » appartient déjà à un Ingress d’un autre espace de noms (${foreign}).`,
          'L’adresse montre l’application de l’autre, pas la vôtre.',
          'Choisissez un autre nom dans host:, puis kubectl apply.',
        ],
        [
          `The address "${host}" already belongs to an Ingress of another namespace (${foreign}).`,
          'The address shows the other’s application, not yours.',
          'Choose another name in host:, then kubectl apply.',
        ],
        `kubectl edit ingress ${name}`,
      );
    // Two Ingresses of one namespace that give the same address to different Services.
    const older = ofKind(state.objects, 'Ingress').find(
      (each) =>
        nameOf(each) !== name &&
        `${created(each)} ${nameOf(each)}` < `${created(ingress)} ${name}` &&
        classOf(each) === classOf(ingress) &&
        !isCanary(each) &&
        !isCanary(ingress) &&
        pathsOf(each).some(
          (other) => other.host === host && host !== '' && other.path === path && other.service !== service,
        ),
    );
    if (older)
      return tell(
        'ingress-twice',
        object,
        [
          `« ${host}${path} » est dans deux Ingress, « ${nameOf(older)} » et « ${name} », qui mènent à des Services différents.`,
          `Le plus ancien (« ${nameOf(older)} ») l’emporte : l’autre ne reçoit rien.`,
          'Gardez-en un seul, ou donnez-leur des chemins différents.',
        ],
        [
          `"${host}${path}" is in two Ingresses, "${nameOf(older)}" and "${name}", which lead to different Services.`,
          `The older one ("${nameOf(older)}") wins: the other receives nothing.`,
          'Keep one only, or give them different paths.',
        ],
        'kubectl get ingress',
        { severity: 'warning' },
      );
  }
  return undefined;
}

function classOf(ingress: JsonObject): string {
  return (
    textAt(ingress, 'spec', 'ingressClassName') ??
    textAt(ingress, 'metadata', 'annotations', 'kubernetes.io/ingress.class') ??
    ''
  );
}

/** An Ingress that takes its share of another's requests on purpose. */
export function isCanary(ingress: JsonObject): boolean {
  return textAt(ingress, 'metadata', 'annotations', 'nginx.ingress.kubernetes.io/canary') === 'true';
}

/** Whether an Ingress changes what is asked or who may ask: answers from in- and outside differ then. */
function isTransformed(ingress: JsonObject): boolean {
  return Object.keys(objectAt(ingress, 'metadata', 'annotations')).some((key) =>
    /rewrite|auth|redirect|middleware|snippet|app-root|backend-protocol|upstream-vhost|canary|permanent|temporal/.test(
      key,
    ),
  );
}

function answerFinding(state: LiveState, ingress: JsonObject): LiveFinding | undefined {
  const name = nameOf(ingress);
  const object = `ingress/${name}`;
  // A moment ago it may not have been taken over yet.
  if (state.now !== undefined && ageOf(state, created(ingress)) < 45) return undefined;
  for (const { host, path, service: serviceName, reply } of repliesOf(state, ingress)) {
    const address = addressOf(host, path);
    const service = ofKind(state.objects, 'Service').find((each) => nameOf(each) === serviceName);
    const pods = service ? podsOf(state.objects, service) : [];
    const inside = state.services[serviceName];
    const isWell = pods.length > 0 && pods.every(isReady);
    const policy = pods.map((pod) => closedToOutside(state, pod)).find((each) => each !== undefined);
    if (reply.status !== undefined && reply.status >= 502 && reply.status <= 504 && isWell && policy !== undefined)
      return tell(
        'network-policy',
        object,
        [
          `La NetworkPolicy « ${policy} » ne laisse entrer personne d’un autre espace de noms : le contrôleur d’Ingress ne joint pas « ${serviceName} ».`,
          `${address} répond ${reply.status}, alors que les pods sont prêts.`,
          'Ajoutez à ingress.from un namespaceSelector qui prend celui du contrôleur d’Ingress.',
        ],
        [
          `The NetworkPolicy "${policy}" lets nobody in from another namespace: the Ingress controller does not reach "${serviceName}".`,
          `${address} answers ${reply.status}, while the pods are ready.`,
          'Add to ingress.from a namespaceSelector that takes the Ingress controller’s.',
        ],
        `kubectl describe networkpolicy ${policy}`,
      );
    if (
      reply.status !== undefined &&
      reply.status >= 502 &&
      reply.status <= 504 &&
      isWell &&
      inside?.status !== undefined &&
      inside.status < 500
    )
      return tell(
        'ingress-gateway',
        object,
        [
          `${address} répond ${reply.status}, alors que le Service « ${serviceName} » répond ${inside.status} de l’intérieur.`,
          'Le contrôleur d’Ingress ne joint pas les pods comme il devrait.',
          'Vérifiez le port de l’Ingress, son annotation backend-protocol, et les NetworkPolicies.',
        ],
        [
          `${address} answers ${reply.status}, while the Service "${serviceName}" answers ${inside.status} from within.`,
          'The Ingress controller does not reach the pods as it should.',
          'Check the port of the Ingress, its annotation backend-protocol, and the NetworkPolicies.',
        ],
        `kubectl describe ingress ${name}`,
      );
    if (
      reply.isDefault === true &&
      inside?.status !== undefined &&
      inside.status < 400 &&
      path === '/' &&
      !isTransformed(ingress)
    )
      return tell(
        'ingress-unserved',
        object,
        [
          `${address} répond 404 : le contrôleur d’Ingress ne connaît pas cette adresse, alors que le Service « ${serviceName} » répond.`,
          'La page est celle du contrôleur (« 404 page not found » ou « default backend »).',
          'Vérifiez ingressClassName et host ; une autre classe que celle du contrôleur est ignorée.',
        ],
        [
          `${address} answers 404: the Ingress controller does not know this address, while the Service "${serviceName}" answers.`,
          'The page is the controller’s ("404 page not found" or "default backend").',
          'Check ingressClassName and host; a class other than the controller’s is ignored.',
        ],
        `kubectl describe ingress ${name}`,
      );
    const isOther =
      path === '/' &&
      reply.status === 200 &&
      reply.isElsewhere !== true &&
      inside?.status === 200 &&
      reply.title !== undefined &&
      inside.title !== undefined &&
      !shareWord(reply.title, inside.title);
    if (isOther && !isTransformed(ingress))
      return tell(
        'ingress-other',
        object,
        [
          `« ${host} » montre une autre application (« ${reply.title ?? ''} ») que votre Service « ${serviceName} » (« ${inside.title ?? ''} »).`,
          'Quelqu’un d’autre a sans doute pris cette adresse avant vous.',
          'Choisissez un autre nom dans host:, puis kubectl apply.',
        ],
        [
          `"${host}" shows another application ("${reply.title ?? ''}") than your Service "${serviceName}" ("${inside.title ?? ''}").`,
          'Somebody else has probably taken this address before you.',
          'Choose another name in host:, then kubectl apply.',
        ],
        `kubectl edit ingress ${name}`,
      );
    // A name that is not known from here may be known elsewhere, unless its neighbours are known here.
    const isElsewhereKnown = Object.entries(state.addresses).some(
      ([url, each]) => each.status !== undefined && !url.includes(host),
    );
    if (
      reply.failure === 'ENOTFOUND' &&
      (isElsewhereKnown || /sspcloud/.test(host)) &&
      !/\.(local|localhost|test|internal|lan|home|example)$/.test(host)
    )
      return tell(
        'ingress-dns',
        object,
        [
          `L’adresse « ${host} » n’existe pas (le nom n’est pas connu).`,
          'Le navigateur répond « DNS_PROBE_FINISHED_NXDOMAIN ».',
          'Sur le SSPCloud, une adresse finit par .kub.sspcloud.fr ou .lab.sspcloud.fr, avec un seul mot devant.',
        ],
        [
          `The address "${host}" does not exist (the name is not known).`,
          'The browser answers "DNS_PROBE_FINISHED_NXDOMAIN".',
          'On the SSPCloud, an address ends in .kub.sspcloud.fr or .lab.sspcloud.fr, with one word before it.',
        ],
        `kubectl edit ingress ${name}`,
        { severity: 'warning' },
      );
  }
  return undefined;
}

/** Titles of one application often differ by a language or a name of a page, rarely in every word. */
function shareWord(a: string, b: string): boolean {
  const words = (text: string) => new Set(text.toLowerCase().match(/[\p{L}\d]{2,}/gu) ?? []);
  const [left, right] = [words(a), words(b)];
  return left.size === 0 || right.size === 0 || [...left].some((word) => right.has(word));
}

function tlsFindings(state: LiveState, ingress: JsonObject): LiveFinding[] {
  const { secrets } = state;
  if (secrets === undefined) return [];
  const name = nameOf(ingress);
  const isMadeByIssuer = Object.keys(objectAt(ingress, 'metadata', 'annotations')).some((key) =>
    /cert-manager\.io\/|tls-acme/.test(key),
  );
  return objectsAt(ingress, 'spec', 'tls').flatMap((tls): LiveFinding[] => {
    const secret = textAt(tls, 'secretName');
    if (secret === undefined || secret === '') return [];
    const held = secrets[secret];
    if (held?.keys.includes('tls.crt') && held.keys.includes('tls.key')) return [];
    // The controller's own certificate is good for this host: the page opens.
    const hosts = listAt(tls, 'hosts').map(written);
    const isTrusted = Object.entries(state.addresses).some(
      ([url, reply]) =>
        reply.status !== undefined &&
        reply.isUnencrypted !== true &&
        hosts.some((host) => url.startsWith(`https://${host}/`)),
    );
    if (isTrusted) return [];
    if (held === undefined && isMadeByIssuer && state.now !== undefined && ageOf(state, created(ingress)) < 600)
      return [];
    return [
      tell(
        'ingress-tls',
        `ingress/${name}`,
        [
          held
            ? `Le Secret « ${secret} » de l’Ingress « ${name} » n’a pas de clés tls.crt et tls.key.`
            : `Le certificat de l’Ingress « ${name} » devrait être dans le Secret « ${secret} », qui n’existe pas.`,
          'Le navigateur montre « Votre connexion n’est pas privée » (certificat par défaut du contrôleur).',
          isMadeByIssuer
            ? 'cert-manager n’a pas pu le faire : kubectl describe certificate.'
            : 'Créez-le (kubectl create secret tls …), ou retirez tls: si le cluster a son propre certificat.',
        ],
        [
          held
            ? `The Secret "${secret}" of the Ingress "${name}" has no keys tls.crt and tls.key.`
            : `The certificate of the Ingress "${name}" should be in the Secret "${secret}", which does not exist.`,
          'The browser shows "Your connection is not private" (the controller’s default certificate).',
          isMadeByIssuer
            ? 'cert-manager could not make it: kubectl describe certificate.'
            : 'Make it (kubectl create secret tls …), or take out tls: if the cluster has a certificate of its own.',
        ],
        isMadeByIssuer ? 'kubectl get certificates,challenges' : 'kubectl get secrets',
        { severity: 'warning' },
      ),
    ];
  });
}

/** Addresses that fronts give to browsers, and that do not answer. */
export function frontFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  const fromVariables = browserAddresses(state.objects).flatMap(({ pod, name, value, map }): LiveFinding[] => {
    const owner = ownerOf(state.objects, pod);
    const host = /^https?:\/\/([^/:?#]+)/.exec(value)?.[1] ?? '';
    const isLocal = /^(localhost|127\.|0\.0\.0\.0)/.test(host);
    const reply = state.addresses[value];
    const isOwn = ofKind(state.objects, 'Ingress').some((ingress) =>
      pathsOf(ingress).some((path) => path.host === host),
    );
    // From here other addresses answer: that this one does not is its own fault.
    const isReachable = Object.entries(state.addresses).some(
      ([url, each]) => url !== value && each.status !== undefined,
    );
    // What a server of the front's own asks for its pages, or hands on, is no matter of the browser's.
    if (/PROXY|INTERNAL|SSR|SERVER/.test(name)) return [];
    const isSure = isLocal && /^(VITE|REACT_APP|VUE_APP|NG_APP|GATSBY)_/.test(name);
    const isDead =
      reply !== undefined &&
      !isOwn &&
      ((reply.status !== undefined && reply.status >= 502 && reply.status <= 504) ||
        (reply.status === undefined && isReachable && /ENOTFOUND|ECONNREFUSED/.test(reply.failure ?? '')));
    const key = `${keyOf(owner)} ${value}`;
    if ((!isInternal(value) && !isDead) || seen.has(key)) return [];
    seen.add(key);
    const why = isInternal(value)
      ? isLocal
        ? 'net::ERR_CONNECTION_REFUSED'
        : 'net::ERR_NAME_NOT_RESOLVED'
      : (reply?.failure ?? `HTTP ${String(reply?.status ?? '')}`);
    return [
      tell(
        'front-address',
        `${owner.kind.toLowerCase()}/${owner.name}`,
        [
          `Le front donne au navigateur ${name}=${value}, ${isLocal ? 'c’est-à-dire la machine du visiteur' : isInternal(value) ? 'un nom que seul le cluster connaît' : 'qui ne répond pas'}.`,
          `La page s’affiche sans données ; la console du navigateur montre « ${why} ».`,
          `Mettez l’adresse de l’Ingress de l’API${map === undefined ? '' : ` dans le ConfigMap « ${map} »`}, puis relancez le front (ou reconstruisez-le, si elle est écrite à la construction).`,
        ],
        [
          `The front gives the browser ${name}=${value}, ${isLocal ? 'that is the visitor’s own machine' : isInternal(value) ? 'a name that only the cluster knows' : 'which does not answer'}.`,
          `The page shows without data; the browser’s console shows "${why}".`,
          `Put the address of the API’s Ingress${map === undefined ? '' : ` in the ConfigMap "${map}"`}, then restart the front (or build it again, if it is written in at build time).`,
        ],
        'kubectl get ingress',
        { severity: isSure || !isInternal(value) ? 'error' : 'warning' },
      ),
    ];
  });
  const fromScripts = Object.entries(state.services).flatMap(([name, reply]): LiveFinding[] => {
    const known = ofKind(state.objects, 'Service').map(nameOf);
    const call = reply.calls?.find(
      (each) =>
        isInternal(each) &&
        (/^https?:\/\/(localhost|127\.)/.test(each) || known.includes(/^https?:\/\/([^/:]+)/.exec(each)?.[1] ?? '')),
    );
    if (call === undefined || [...seen].some((each) => each.endsWith(call))) return [];
    seen.add(call);
    const isLocal = /localhost|127\./.test(call);
    return [
      tell(
        'front-address',
        `service/${name}`,
        [
          `Le front « ${name} » a été construit avec l’adresse ${call}, ${isLocal ? 'c’est-à-dire la machine du visiteur' : 'un nom que seul le cluster connaît'}.`,
          `Elle est écrite dans ses fichiers JavaScript ; la console du navigateur montre « ${isLocal ? 'net::ERR_CONNECTION_REFUSED' : 'net::ERR_NAME_NOT_RESOLVED'} ».`,
          'Reconstruisez l’image avec l’adresse de l’Ingress de l’API (docker build --build-arg VITE_…=https://…), puis changez d’étiquette.',
        ],
        [
          `The front "${name}" was built with the address ${call}, ${isLocal ? 'that is the visitor’s own machine' : 'a name that only the cluster knows'}.`,
          `It is written in its JavaScript files; the browser’s console shows "${isLocal ? 'net::ERR_CONNECTION_REFUSED' : 'net::ERR_NAME_NOT_RESOLVED'}".`,
          'Build the image again with the address of the API’s Ingress (docker build --build-arg VITE_…=https://…), then change the tag.',
        ],
        'kubectl get ingress',
        { severity: 'warning' },
      ),
    ];
  });
  return [...fromVariables, ...fromScripts];
}
