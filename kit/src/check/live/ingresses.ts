import { listAt, objectAt, objectsAt, textAt, written, type JsonObject } from '../read/yaml.ts';
import { meansTheSame, nearest } from '../words.ts';
import { tell, type LiveFinding } from './finding.ts';
import { closedToOutside } from './policies.ts';
import {
  addressOf,
  ageOf,
  created,
  isReady,
  nameOf,
  ofKind,
  pathsOf,
  podsOf,
  type LiveState,
  type Reply,
} from './state.ts';

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
        : (classFinding(state, ingress) ??
          hostFinding(state, ingress) ??
          policyFinding(state, ingress) ??
          answerFinding(state, ingress) ??
          []);
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
  // Where the rights do not show the classes, a neighbour that is taken care of shows one.
  const taken = ofKind(state.objects, 'Ingress').find(
    (each) => classOf(each) !== '' && objectsAt(each, 'status', 'loadBalancer', 'ingress').length > 0,
  );
  if (!canSee && taken && classOf(taken) !== asked)
    return tell(
      'ingress-class',
      object,
      [
        `Personne ne s’occupe de l’Ingress « ${nameOf(ingress)} » (${asked === undefined ? 'il ne dit pas sa classe' : `classe « ${asked} »`}), alors que « ${nameOf(taken)} » a son adresse.`,
        '« kubectl get ingress » montre une ADDRESS vide ; l’adresse répond 404.',
        `Mettez la même classe : ingressClassName: ${classOf(taken)}`,
      ],
      [
        `Nobody takes care of the Ingress "${nameOf(ingress)}" (${asked === undefined ? 'it does not say its class' : `class "${asked}"`}), while "${nameOf(taken)}" has its address.`,
        '"kubectl get ingress" shows an empty ADDRESS; the address answers 404.',
        `Put the same class: ingressClassName: ${classOf(taken)}`,
      ],
      'kubectl get ingress',
      { severity: 'warning' },
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

/** A policy that keeps an Ingress's controller, which is in another namespace, from the pods. */
function policyFinding(state: LiveState, ingress: JsonObject): LiveFinding | undefined {
  for (const { host, path, service: name } of pathsOf(ingress)) {
    const service = ofKind(state.objects, 'Service').find((each) => nameOf(each) === name);
    const pods = service ? podsOf(state.objects, service) : [];
    const policy = pods.map((pod) => closedToOutside(state, pod)).find((each) => each !== undefined);
    const reply = state.addresses[addressOf(host, path)];
    if (policy === undefined || (reply && isServed(reply)) || !pods.every(isReady)) continue;
    // A controller on the network of its node passes policies on some clusters: that it does not is sure once it says so.
    const status = reply?.status;
    return tell(
      'network-policy',
      `networkpolicy/${policy}`,
      [
        `La NetworkPolicy « ${policy} » ne laisse entrer personne d’un autre espace de noms : le contrôleur d’Ingress ne joint pas « ${name} ».`,
        status === undefined
          ? 'L’adresse répond 502 ou 504, alors que les pods sont prêts.'
          : `${addressOf(host, path)} répond ${status}, alors que les pods sont prêts.`,
        'Ajoutez à ingress.from un namespaceSelector qui prend celui du contrôleur d’Ingress.',
      ],
      [
        `The NetworkPolicy "${policy}" lets nobody in from another namespace: the Ingress controller does not reach "${name}".`,
        status === undefined
          ? 'The address answers 502 or 504, while the pods are ready.'
          : `${addressOf(host, path)} answers ${status}, while the pods are ready.`,
        'Add to ingress.from a namespaceSelector that takes the Ingress controller’s.',
      ],
      `kubectl describe networkpolicy ${policy}`,
      { severity: status === undefined ? 'warning' : 'error', explains: [`NetworkPolicy/${policy}`] },
    );
  }
  return undefined;
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
      (isElsewhereKnown || (/sspcloud/.test(host) && !/^[\w-]+\.(kub|lab)\.sspcloud\.fr$/.test(host))) &&
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
