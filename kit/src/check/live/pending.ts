import { listAt, objectAt, objectsAt, textAt, written } from '../read/yaml.ts';
import { exists, missingFinding, keyFinding } from './config.ts';
import { lastLines } from './crash.ts';
import { short, tell, type LiveFinding } from './finding.ts';
import { type Patient, RECENT } from './patient.ts';
import { ageOf, condition, containersOf, created, isReady, nameOf, ofKind, podsOf } from './state.ts';

/** A pod that no node takes, and why. */
export function unscheduledFinding({ state, pod, name, owner, events }: Patient): LiveFinding | undefined {
  const scheduled = condition(pod, 'PodScheduled');
  if (
    textAt(pod, 'status', 'phase') !== 'Pending' ||
    scheduled?.status !== 'False' ||
    scheduled.reason === 'SchedulingGated'
  )
    return undefined;
  // A cluster that grows makes room within minutes.
  if (
    events.some(
      (event) => event.reason === 'TriggeredScaleUp' && ageOf(state, event.time) < RECENT && state.now !== undefined,
    )
  )
    return undefined;
  // What the scheduler tried besides says nothing more.
  const words = (textAt(scheduled, 'message') ?? '').replace(
    /(\.? no new claims to deallocate,)? preemption: .*$/s,
    '',
  );
  const describe = `kubectl describe pod ${name}`;
  const object = `pod/${name}`;
  const stays = {
    fr: `Le pod reste en Pending : « ${short(words)} ».`,
    en: `The pod stays in Pending: "${short(words)}".`,
  };
  const claim = /persistentvolumeclaim "([^"]+)" not found/.exec(words)?.[1];
  if (claim !== undefined)
    return tell(
      'volume-missing',
      object,
      [
        `« ${owner.name} » attend le volume « ${claim} », qui n’existe pas.`,
        stays.fr,
        'Appliquez le fichier du PersistentVolumeClaim, ou corrigez claimName.',
      ],
      [
        `"${owner.name}" waits for the volume "${claim}", which does not exist.`,
        stays.en,
        'Apply the file of the PersistentVolumeClaim, or mend claimName.',
      ],
      'kubectl get pvc',
    );
  if (/unbound immediate PersistentVolumeClaims|being deleted|bound to non-existent persistentvolume/.test(words))
    return tell(
      'volume-pending',
      object,
      [
        `Le volume de « ${owner.name} » n’est pas prêt.`,
        `« ${short(words)} ».`,
        'Regardez pourquoi : classe de stockage inconnue, ou quota.',
      ],
      [
        `The volume of "${owner.name}" is not ready.`,
        `"${short(words)}".`,
        'See why: an unknown storage class, or the quota.',
      ],
      'kubectl describe pvc',
      {
        explains: objectsAt(pod, 'spec', 'volumes').map(
          (each) => `claim-of/${textAt(each, 'persistentVolumeClaim', 'claimName') ?? ''}`,
        ),
      },
    );
  const what = /insufficient ([\w./-]+)/i.exec(words)?.[1]?.replace(/[.,]$/, '');
  const selector = Object.entries(objectAt(pod, 'spec', 'nodeSelector')).map(
    ([key, value]) => `${key}=${written(value)}`,
  );
  const taints = [...words.matchAll(/untolerated taint \{([^}]*)\}/g)].map((match) =>
    (match[1] ?? '').trim().replace(/:\s*$/, ''),
  );
  const requests = containersOf(pod)
    .map(({ spec }) => textAt(spec, 'resources', 'requests', what ?? ''))
    .filter((each) => each !== undefined);
  const wrong: [fr: string, en: string, fixFr: string, fixEn: string] =
    what === 'cpu' || what === 'memory' || what === 'ephemeral-storage'
      ? [
          `Aucun nœud n’a assez de ${{ cpu: 'processeur', memory: 'mémoire', 'ephemeral-storage': 'disque' }[what]} pour « ${owner.name} »${requests.length > 0 ? ` (il demande ${requests.join(' + ')})` : ''}.`,
          `No node has enough ${{ cpu: 'processor', memory: 'memory', 'ephemeral-storage': 'disk' }[what]} for "${owner.name}"${requests.length > 0 ? ` (it asks for ${requests.join(' + ')})` : ''}.`,
          `Baissez resources.requests.${what} (une API se contente de cpu: 100m, memory: 128Mi).`,
          `Lower resources.requests.${what} (an API is content with cpu: 100m, memory: 128Mi).`,
        ]
      : what !== undefined
        ? [
            `Aucun nœud libre n’a « ${what} » pour « ${owner.name} ».`,
            `No free node has "${what}" for "${owner.name}".`,
            `Retirez ${what} de resources, ou attendez qu’un nœud se libère.`,
            `Take ${what} out of resources, or wait until a node is free.`,
          ]
        : /node affinity\/selector|didn't match node selector/.test(words)
          ? [
              selector.length > 0
                ? `Aucun nœud ne porte l’étiquette « ${selector.join(', ')} » que « ${owner.name} » demande.`
                : `Aucun nœud n’a ce que demande nodeAffinity de « ${owner.name} ».`,
              selector.length > 0
                ? `No node carries the label "${selector.join(', ')}" that "${owner.name}" asks for.`
                : `No node has what nodeAffinity of "${owner.name}" asks for.`,
              'Retirez nodeSelector (ou affinity), ou corrigez l’étiquette : kubectl get nodes --show-labels.',
              'Take out nodeSelector (or affinity), or mend the label: kubectl get nodes --show-labels.',
            ]
          : /volume node affinity conflict/.test(words)
            ? [
                `Le volume de « ${owner.name} » est sur un nœud où le pod ne peut pas aller.`,
                `The volume of "${owner.name}" is on a node where the pod cannot go.`,
                'Libérez ce nœud, retirez nodeSelector, ou repartez d’un volume neuf.',
                'Free that node, take out nodeSelector, or start from a new volume.',
              ]
            : /anti-affinity|topology spread/.test(words)
              ? [
                  `Il n’y a pas assez de nœuds pour écarter les pods de « ${owner.name} » (anti-affinité).`,
                  `There are not enough nodes to keep the pods of "${owner.name}" apart (anti-affinity).`,
                  'Prenez preferredDuringScheduling… au lieu de required…, ou moins de replicas.',
                  'Take preferredDuringScheduling… instead of required…, or fewer replicas.',
                ]
              : /didn't have free ports/.test(words)
                ? [
                    `Le port du nœud (hostPort) que demande « ${owner.name} » est pris.`,
                    `The node’s port (hostPort) that "${owner.name}" asks for is taken.`,
                    'Retirez hostPort : un Service et un Ingress suffisent.',
                    'Take out hostPort: a Service and an Ingress are enough.',
                  ]
                : taints.length > 0
                  ? [
                      `Les nœuds sont réservés (taint « ${[...new Set(taints)].join(', ')} ») : aucun n’accepte le pod de « ${owner.name} ».`,
                      `The nodes are reserved (taint "${[...new Set(taints)].join(', ')}"): none accepts the pod of "${owner.name}".`,
                      'Si vous y avez droit, ajoutez une toleration ; sinon prévenez ceux qui tiennent le cluster.',
                      'If you may, add a toleration; else tell those who run the cluster.',
                    ]
                  : [
                      `Aucun nœud n’accepte le pod de « ${owner.name} ».`,
                      `No node accepts the pod of "${owner.name}".`,
                      'Vérifiez nodeSelector, affinity et tolerations.',
                      'Check nodeSelector, affinity and tolerations.',
                    ];
  return tell('unschedulable', object, [wrong[0], stays.fr, wrong[2]], [wrong[1], stays.en, wrong[3]], describe);
}

/** A pod that has its node and whose volumes or network do not come. */
export function creatingFinding({ state, pod, name, owner, events }: Patient): LiveFinding | undefined {
  if (textAt(pod, 'status', 'phase') !== 'Pending' || condition(pod, 'PodScheduled')?.status === 'False')
    return undefined;
  const object = `pod/${name}`;
  const describe = `kubectl describe pod ${name}`;
  const started = events.findLast(
    (event) => event.reason === 'Started' || event.reason === 'SuccessfulAttachVolume' || event.reason === 'Pulled',
  );
  const trouble = events.findLast((event) =>
    /^(FailedMount|FailedAttachVolume|FailedMapVolume|FailedCreatePodSandBox|FailedCreatePodContainer)$/.test(
      event.reason,
    ),
  );
  const isSettled = trouble !== undefined && started !== undefined && started.time > trouble.time;
  const age = ageOf(state, created(pod));
  const isCreating =
    containersOf(pod).some(({ status }) =>
      /^(ContainerCreating|PodInitializing)$/.test(textAt(status, 'state', 'waiting', 'reason') ?? ''),
    ) || containersOf(pod).every(({ status }) => status.state === undefined);
  if (!isCreating || containersOf(pod).some(({ status }) => objectAt(status, 'state').running !== undefined))
    return undefined;
  if (trouble === undefined || isSettled) {
    const isPulling = events.at(-1)?.reason === 'Pulling';
    if (age < (isPulling ? 900 : RECENT)) return undefined;
    return tell(
      'creating',
      object,
      [
        `Le pod de « ${owner.name} » est en création depuis ${Math.round(age / 60)} minutes.`,
        isPulling
          ? 'L’image n’a pas fini d’arriver.'
          : 'Le pod reste en ContainerCreating, et aucun événement ne dit pourquoi.',
        isPulling
          ? 'L’image est très grosse, ou le registre très lent : attendez, ou allégez-la.'
          : 'Regardez ses volumes ; supprimez le pod pour que l’essai recommence.',
      ],
      [
        `The pod of "${owner.name}" has been in the making for ${Math.round(age / 60)} minutes.`,
        isPulling ? 'The image has not arrived yet.' : 'The pod stays in ContainerCreating, and no event tells why.',
        isPulling
          ? 'The image is very big, or the registry very slow: wait, or make it smaller.'
          : 'Look at its volumes; delete the pod to have it tried again.',
      ],
      describe,
      { severity: 'warning' },
    );
  }
  const { message } = trouble;
  const missing = /(configmap|secret) "([^"]+)" not found/.exec(message);
  if (missing) {
    const kind = missing[1] === 'secret' ? 'Secret' : 'ConfigMap';
    if (exists(state, kind, missing[2] ?? '')) return undefined;
    const finding = missingFinding(state, owner, object, kind, missing[2] ?? '', 'ContainerCreating', message);
    return { ...finding, id: 'volume-mount' };
  }
  const key = /references non-existent (?:config|secret) key: (\S+)/.exec(message)?.[1];
  if (key !== undefined) {
    const volume = /volume "([^"]+)"/.exec(message)?.[1];
    const source = objectsAt(pod, 'spec', 'volumes').find((each) => each.name === volume);
    const secret = textAt(source, 'secret', 'secretName');
    return keyFinding(
      state,
      owner,
      object,
      key,
      secret === undefined ? 'ConfigMap' : 'Secret',
      secret ?? textAt(source, 'configMap', 'name') ?? '',
    );
  }
  // A volume on its way, or a cache not filled yet: tried again within a minute.
  const isAttached = /Multi-Attach|already (used|attached|exclusively)/i.test(message);
  if (!isAttached && state.now !== undefined && (age < 60 || ageOf(state, trouble.time) > 300)) return undefined;
  if (isAttached && state.now !== undefined && ageOf(state, trouble.time) > RECENT && age > RECENT * 2)
    return undefined;
  const other = /used by pod\(s\) (\S+)/.exec(message)?.[1];
  const isSandbox = trouble.reason === 'FailedCreatePodSandBox';
  return tell(
    'volume-mount',
    object,
    [
      isSandbox
        ? `Le nœud n’arrive pas à préparer le pod de « ${owner.name} » (son réseau).`
        : isAttached
          ? `Le volume de « ${owner.name} » est encore tenu par un autre pod${other === undefined ? '' : ` (${other})`}, sur un autre nœud.`
          : `Un volume de « ${owner.name} » ne se monte pas.`,
      `Le pod reste en ContainerCreating : « ${short(message)} ».`,
      isSandbox
        ? 'Supprimez le pod pour qu’il soit refait ; si cela dure, prévenez ceux qui tiennent le cluster.'
        : isAttached
          ? 'Ce volume ne sert qu’à un nœud à la fois : strategy: { type: Recreate } et replicas: 1.'
          : 'Regardez les volumes du pod.',
    ],
    [
      isSandbox
        ? `The node cannot prepare the pod of "${owner.name}" (its network).`
        : isAttached
          ? `The volume of "${owner.name}" is still held by another pod${other === undefined ? '' : ` (${other})`}, on another node.`
          : `A volume of "${owner.name}" cannot be mounted.`,
      `The pod stays in ContainerCreating: "${short(message)}".`,
      isSandbox
        ? 'Delete the pod to have it made anew; if that lasts, tell those who run the cluster.'
        : isAttached
          ? 'This volume serves one node at a time: strategy: { type: Recreate } and replicas: 1.'
          : 'Look at the volumes of the pod.',
    ],
    describe,
  );
}

/** An init container that waits for something that does not come. */
export function initFinding({ state, pod, name, owner }: Patient): LiveFinding | undefined {
  const container = containersOf(pod).find(
    ({ isInit, isSidecar, status }) => isInit && !isSidecar && objectAt(status, 'state').running !== undefined,
  );
  if (!container) return undefined;
  const age = ageOf(state, textAt(container.status, 'state', 'running', 'startedAt'));
  const command = ['command', 'args'].flatMap((list) => listAt(container.spec, list).map(written)).join(' ');
  const log = state.logs[`${name}/${container.name}`] ?? '';
  const services = ofKind(state.objects, 'Service');
  // `until pg_isready -h db`, `nc -z db 5432`, `wait-for-it db:5432`, `nslookup db`
  const host =
    /(?:-h|--host)[ =]?([a-z][\w.-]*)|\bnc\b(?: -\w+)*(?: \d+)? ([a-z][\w.-]*) \d+|nslookup ([a-z][\w.-]*)|(?:\/\/|wait-for\S* |tcp:\/\/|\/dev\/tcp\/)([a-z][\w.-]*)[:/ ]\d+/.exec(
      command,
    );
  const target = host
    ?.slice(1)
    .find(Boolean)
    ?.replace(new RegExp(`\\.${state.namespace}(\\.svc.*)?$`), '');
  const service = services.find((each) => nameOf(each) === target);
  const isUnknown = target !== undefined && !target.includes('.') && !service;
  if (age < (isUnknown ? 20 : service ? 120 : RECENT)) return undefined;
  if (service && podsOf(state.objects, service).some(isReady) && age < RECENT) return undefined;
  const tail = lastLines(log, 2).join(' / ');
  return tell(
    'init-waits',
    `pod/${name}`,
    [
      isUnknown
        ? `L’initContainer « ${container.name} » de « ${owner.name} » attend « ${target} », et il n’y a pas de Service de ce nom.`
        : `L’initContainer « ${container.name} » de « ${owner.name} » n’a pas fini : il tourne depuis ${Math.round(age / 60)} minutes${target === undefined ? '' : ` (il attend « ${target} »)`}.`,
      tail === ''
        ? 'Le pod reste en Init:0/1, les autres conteneurs ne démarrent pas.'
        : `Le pod reste en Init : « ${short(tail, 160)} ».`,
      isUnknown
        ? `Mettez le nom d’un Service qui existe (${services.map(nameOf).join(', ') || 'aucun'}), ou appliquez celui-là.`
        : 'Regardez ce qu’il attend ; il doit finir pour que le reste démarre.',
    ],
    [
      isUnknown
        ? `The init container "${container.name}" of "${owner.name}" waits for "${target}", and there is no Service of that name.`
        : `The init container "${container.name}" of "${owner.name}" has not ended: it has run for ${Math.round(age / 60)} minutes${target === undefined ? '' : ` (it waits for "${target}")`}.`,
      tail === ''
        ? 'The pod stays in Init:0/1, the other containers do not start.'
        : `The pod stays in Init: "${short(tail, 160)}".`,
      isUnknown
        ? `Put the name of a Service that exists (${services.map(nameOf).join(', ') || 'none'}), or apply that one.`
        : 'See what it waits for; it must end for the rest to start.',
    ],
    `kubectl logs ${name} -c ${container.name}`,
    { severity: isUnknown || service ? 'error' : 'warning', ...(service ? { waitsFor: nameOf(service) } : {}) },
  );
}
