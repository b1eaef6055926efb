import { objectAt, objectsAt, textAt, written, type JsonObject } from '../read/yaml.ts';
import { causeOf, lastLines } from './crash.ts';
import { clock, short, tell, type LiveFinding } from './finding.ts';
import {
  ageOf,
  condition,
  containersOf,
  created,
  eventsOf,
  isOver,
  isReady,
  keyOf,
  nameOf,
  newestSet,
  ofKind,
  ownerOf,
  type LiveState,
  type Owner,
} from './state.ts';

const RECENT = 900;

/** Pods that the API server refuses to make: quotas, limits, Pod Security, webhooks. */
export function creationFindings(state: LiveState): LiveFinding[] {
  const sets = ofKind(state.objects, 'ReplicaSet').flatMap((set): { owner: Owner; message: string }[] => {
    const failure = condition(set, 'ReplicaFailure');
    const message = textAt(failure, 'message');
    const [above] = objectsAt(set, 'metadata', 'ownerReferences');
    const owner = { kind: textAt(above, 'kind') ?? 'ReplicaSet', name: textAt(above, 'name') ?? nameOf(set) };
    const newest = newestSet(state.objects, owner.name);
    const isLeftBehind = newest !== undefined && nameOf(newest) !== nameOf(set);
    const wanted = Number(textAt(set, 'spec', 'replicas') ?? 1);
    const there = Number(textAt(set, 'status', 'replicas') ?? 0);
    if (there >= wanted || failure?.status !== 'True' || message === undefined || isLeftBehind || wanted === 0)
      return [];
    return [{ owner, message }];
  });
  const others = ['StatefulSet', 'DaemonSet', 'Job'].flatMap((kind) =>
    ofKind(state.objects, kind).flatMap((object): { owner: Owner; message: string }[] => {
      const event = eventsOf(state, kind, nameOf(object)).findLast((each) =>
        /FailedCreate|FailedDaemonPod/.test(each.reason),
      );
      const [wanted, there] =
        kind === 'StatefulSet'
          ? [Number(textAt(object, 'spec', 'replicas') ?? 1), Number(textAt(object, 'status', 'replicas') ?? 0)]
          : kind === 'DaemonSet'
            ? [
                Number(textAt(object, 'status', 'desiredNumberScheduled') ?? 0),
                Number(textAt(object, 'status', 'currentNumberScheduled') ?? 0),
              ]
            : [
                1,
                ['active', 'succeeded', 'failed', 'ready'].reduce(
                  (sum, key) => sum + Number(textAt(object, 'status', key) ?? 0),
                  0,
                ),
              ];
      if (event === undefined || there >= wanted || ageOf(state, event.time) > RECENT * 2) return [];
      return [{ owner: { kind, name: nameOf(object) }, message: event.message }];
    }),
  );
  return [...sets, ...others].map(({ owner, message }) => refusal(state, owner, message));
}

function refusal(state: LiveState, owner: Owner, message: string): LiveFinding {
  const object = `${owner.kind.toLowerCase()}/${owner.name}`;
  const more = { explains: [keyOf(owner)] };
  const evidence = short(
    message.replace(
      /^.*?(?=exceeded quota|failed quota|violates PodSecurity|admission webhook|(?:maximum|minimum) |forbidden:|error looking up)/s,
      '',
    ),
    260,
  );
  const shown = { fr: `« ${evidence} ».`, en: `"${evidence}".` };
  const events = `kubectl describe ${owner.kind === 'Deployment' ? 'replicaset' : owner.kind.toLowerCase()}${owner.kind === 'Deployment' ? `s` : ` ${owner.name}`}`;
  const unset =
    [...(/must specify (.*)/s.exec(message)?.[1] ?? '').matchAll(/(?:requests|limits)\.[\w.-]+/g)].join(', ') ||
    undefined;
  if (/failed quota/.test(message))
    return tell(
      'quota',
      object,
      [
        `Le quota de ${state.namespace} oblige chaque conteneur à dire ${unset ?? 'ses resources'} : « ${owner.name} » ne le dit pas.`,
        shown.fr,
        'Écrivez resources.requests et resources.limits (cpu et memory) pour chaque conteneur.',
      ],
      [
        `The quota of ${state.namespace} obliges each container to say ${unset ?? 'its resources'}: "${owner.name}" does not.`,
        shown.en,
        'Write resources.requests and resources.limits (cpu and memory) for each container.',
      ],
      'kubectl describe quota',
      more,
    );
  const quota = /exceeded quota: ([^,]+), requested: (.*?), used: (.*?), limited: (.*)/s.exec(message);
  if (quota) {
    const what = (quota[2] ?? '').split(/[,=]/)[0] ?? '';
    const isClaim = /create Claim|persistentvolumeclaims/.test(message);
    return tell(
      'quota',
      object,
      [
        `Le quota de ${state.namespace} ne laisse pas ${isClaim ? 'demander le volume' : 'démarrer'} « ${owner.name} » : il demande ${quota[2] ?? ''}, il y a déjà ${quota[3] ?? ''}, pour ${short(quota[4] ?? '', 80)} en tout.`,
        shown.fr,
        what === 'pods'
          ? 'Baissez replicas, ou supprimez ce qui ne sert plus.'
          : 'Baissez resources, ou arrêtez ce qui ne sert plus (kubectl scale --replicas=0).',
      ],
      [
        `The quota of ${state.namespace} does not let "${owner.name}" ${isClaim ? 'ask for its volume' : 'start'}: it asks for ${quota[2] ?? ''}, ${quota[3] ?? ''} is taken, of ${short(quota[4] ?? '', 80)} in all.`,
        shown.en,
        what === 'pods'
          ? 'Lower replicas, or delete what is no longer used.'
          : 'Lower resources, or stop what is no longer used (kubectl scale --replicas=0).',
      ],
      'kubectl describe quota',
      { explains: [keyOf(owner), `quota/${quota[1] ?? ''} ${what}`] },
    );
  }
  const limit =
    /((?:maximum|minimum) [\w.-]+ (?:usage|limit)? ?per (?:Container|Pod) is [^.]*?(?:\.|, but [^.]*\.?|$))/i.exec(
      message,
    );
  if (limit || /limit to request ratio|must be less than or equal to .* limit/i.test(message))
    return tell(
      'limit-range',
      object,
      [
        `Les limites de ${state.namespace} (LimitRange) refusent les resources de « ${owner.name} ».`,
        shown.fr,
        'Mettez resources.requests et resources.limits entre ces bornes.',
      ],
      [
        `The limits of ${state.namespace} (LimitRange) refuse the resources of "${owner.name}".`,
        shown.en,
        'Put resources.requests and resources.limits between these bounds.',
      ],
      'kubectl describe limitrange',
      more,
    );
  if (/violates PodSecurity/.test(message)) {
    const level = /violates PodSecurity "([\w-]+)/.exec(message)?.[1] ?? 'restricted';
    const lines = [
      /runAsNonRoot/.test(message) ? 'runAsNonRoot: true' : '',
      /allowPrivilegeEscalation/.test(message) ? 'allowPrivilegeEscalation: false' : '',
      /capabilities/.test(message) ? 'capabilities: { drop: [ALL] }' : '',
      /seccompProfile/.test(message) ? 'seccompProfile: { type: RuntimeDefault }' : '',
    ].filter(Boolean);
    const taken = [
      /hostPath/.test(message) ? 'hostPath' : '',
      /hostPort/.test(message) ? 'hostPort' : '',
      /privileged/.test(message.replace(/PodSecurity "privileged/, '')) ? 'privileged' : '',
      /host namespaces/.test(message) ? 'hostNetwork/hostPID' : '',
      /runAsUser=0/.test(message) ? 'runAsUser: 0' : '',
    ].filter(Boolean);
    return tell(
      'pod-security',
      object,
      [
        `La sécurité de ${state.namespace} (Pod Security « ${level} ») refuse les pods de « ${owner.name} ».`,
        shown.fr,
        [
          lines.length > 0 ? `Sous securityContext du conteneur : ${lines.join(', ')}.` : '',
          taken.length > 0 ? `Retirez ${taken.join(', ')}.` : '',
        ]
          .filter(Boolean)
          .join(' ') || 'Changez securityContext comme le message le dit.',
      ],
      [
        `The security of ${state.namespace} (Pod Security "${level}") refuses the pods of "${owner.name}".`,
        shown.en,
        [
          lines.length > 0 ? `Under securityContext of the container: ${lines.join(', ')}.` : '',
          taken.length > 0 ? `Take out ${taken.join(', ')}.` : '',
        ]
          .filter(Boolean)
          .join(' ') || 'Change securityContext as the message says.',
      ],
      events,
      { explains: [keyOf(owner), `pod-security/${lines.join()} ${taken.join()}`] },
    );
  }
  const account =
    /error looking up service account [^/\s]+\/([^:\s]+): serviceaccount "[^"]+" not found|serviceaccount "([^"]+)" not found/.exec(
      message,
    );
  if (account) {
    const name = account[1] ?? account[2] ?? '';
    return tell(
      'service-account',
      object,
      [
        `« ${owner.name} » demande le ServiceAccount « ${name} », qui n’existe pas.`,
        shown.fr,
        `Créez-le (kubectl create serviceaccount ${name}), ou retirez serviceAccountName.`,
      ],
      [
        `"${owner.name}" asks for the ServiceAccount "${name}", which does not exist.`,
        shown.en,
        `Make it (kubectl create serviceaccount ${name}), or take out serviceAccountName.`,
      ],
      'kubectl get serviceaccounts',
      more,
    );
  }
  return tell(
    'pod-refused',
    object,
    [
      `Le cluster refuse de créer les pods de « ${owner.name} ».`,
      shown.fr,
      'Changez dans le manifeste ce que le message nomme, puis kubectl apply.',
    ],
    [
      `The cluster refuses to make the pods of "${owner.name}".`,
      shown.en,
      'Change in the manifest what the message names, then kubectl apply.',
    ],
    events,
    more,
  );
}

/** Deployments whose new pods do not come, where nothing else says why. */
export function rolloutFindings(state: LiveState): LiveFinding[] {
  return ofKind(state.objects, 'Deployment').flatMap((deployment): LiveFinding[] => {
    const name = nameOf(deployment);
    const owner = { kind: 'Deployment', name };
    const object = `deployment/${name}`;
    const wanted = Number(textAt(deployment, 'spec', 'replicas') ?? 1);
    const updated = Number(textAt(deployment, 'status', 'updatedReplicas') ?? 0);
    const available = Number(textAt(deployment, 'status', 'availableReplicas') ?? 0);
    if (
      textAt(deployment, 'spec', 'paused') === 'true' ||
      (deployment.spec !== undefined && objectAt(deployment, 'spec').paused === true)
    ) {
      if (wanted === 0 || updated >= wanted || (ageOf(state, created(deployment)) < 30 && state.now !== undefined))
        return [];
      return [
        tell(
          'paused',
          object,
          [
            `Le Deployment « ${name} » est en pause : ce que vous avez changé n’est pas déployé.`,
            `${updated} pod${updated > 1 ? 's' : ''} sur ${wanted} ${updated > 1 ? 'ont' : 'a'} la nouvelle version.`,
            'Relâchez-le (et retirez paused: true du fichier).',
          ],
          [
            `The Deployment "${name}" is paused: what you changed is not deployed.`,
            `${updated} pod${updated === 1 ? '' : 's'} of ${wanted} ${updated === 1 ? 'has' : 'have'} the new version.`,
            'Resume it (and take paused: true out of the file).',
          ],
          `kubectl rollout resume deployment/${name}`,
          { explains: [keyOf(owner)], severity: available === 0 ? 'error' : 'warning' },
        ),
      ];
    }
    const progress = condition(deployment, 'Progressing');
    const isStuck = progress?.status === 'False' && progress.reason === 'ProgressDeadlineExceeded';
    if (!isStuck || wanted === 0 || (updated >= wanted && available >= wanted)) return [];
    const message = textAt(progress, 'message') ?? '';
    return [
      tell(
        'rollout-stuck',
        object,
        [
          available > 0
            ? `La nouvelle version de « ${name} » n’arrive pas à prendre la place de l’ancienne, qui sert toujours.`
            : `« ${name} » n’arrive pas à démarrer.`,
          `« ${short(message)} » : ${available} pod${available > 1 ? 's' : ''} prêt${available > 1 ? 's' : ''} sur ${wanted}.`,
          'Regardez les événements et les journaux du pod le plus récent.',
        ],
        [
          available > 0
            ? `The new version of "${name}" does not manage to take the place of the old one, which still serves.`
            : `"${name}" does not manage to start.`,
          `"${short(message)}": ${available} pod${available === 1 ? '' : 's'} ready of ${wanted}.`,
          'Look at the events and logs of the newest pod.',
        ],
        `kubectl describe deployment ${name}`,
      ),
    ];
  });
}

/** Jobs that failed, and CronJobs whose last turn did. */
export function jobFindings(state: LiveState): LiveFinding[] {
  const jobs = ofKind(state.objects, 'Job');
  const own = jobs
    .filter((job) => objectsAt(job, 'metadata', 'ownerReferences').length === 0)
    .flatMap((job) => jobFinding(state, job, undefined));
  const regular = ofKind(state.objects, 'CronJob').flatMap((cron): LiveFinding[] => {
    const name = nameOf(cron);
    if (objectAt(cron, 'spec').suspend === true) return [];
    const zone = eventsOf(state, 'CronJob', name).findLast((event) =>
      /UnknownTimeZone|InvalidSchedule|UnparseableSchedule|FailedCreate|TooManyMissedTimes/.test(event.reason),
    );
    if (zone !== undefined && ageOf(state, zone.time) < RECENT * 4)
      return [
        tell(
          'cronjob-schedule',
          `cronjob/${name}`,
          [
            `Le CronJob « ${name} » ne lance rien.`,
            `« ${short(zone.message)} ».`,
            'Corrigez schedule et timeZone (« Europe/Paris »).',
          ],
          [
            `The CronJob "${name}" starts nothing.`,
            `"${short(zone.message)}".`,
            'Mend schedule and timeZone ("Europe/Paris").',
          ],
          `kubectl describe cronjob ${name}`,
        ),
      ];
    const turns = jobs
      .filter((job) => objectsAt(job, 'metadata', 'ownerReferences')[0]?.name === name)
      .sort((a, b) => created(b).localeCompare(created(a)));
    const last = turns[0];
    return last ? jobFinding(state, last, name) : [];
  });
  return [...own, ...regular];
}

function jobFinding(state: LiveState, job: JsonObject, cron: string | undefined): LiveFinding[] {
  const name = nameOf(job);
  const failed = condition(job, 'Failed') ?? condition(job, 'FailureTarget');
  const pods = ofKind(state.objects, 'Pod')
    .filter((pod) => objectsAt(pod, 'metadata', 'ownerReferences')[0]?.name === name)
    .sort((a, b) => created(b).localeCompare(created(a)));
  const owner = cron === undefined ? { kind: 'Job', name } : { kind: 'CronJob', name: cron };
  const object = cron === undefined ? `job/${name}` : `cronjob/${cron}`;
  if (failed?.status !== 'True') return cron === undefined ? [] : stuckTurn(state, pods, cron);
  // A Job of another day is over.
  if (cron === undefined && ageOf(state, textAt(failed, 'lastTransitionTime')) > 86_400) return [];
  // Another, of the same name but for its number, has done it since.
  const stem = (each: JsonObject) => nameOf(each).replace(/-(\d+|v\d+|[a-z0-9]{5,10})$/, '');
  const isDoneSince = ofKind(state.objects, 'Job').some(
    (each) =>
      each !== job &&
      stem(each) === stem(job) &&
      created(each) > created(job) &&
      condition(each, 'Complete')?.status === 'True',
  );
  if (isDoneSince) return [];
  const shown = pods.flatMap((pod) =>
    containersOf(pod).flatMap((container) => {
      const code =
        textAt(container.status, 'state', 'terminated', 'exitCode') ??
        textAt(container.status, 'lastState', 'terminated', 'exitCode');
      return code === undefined || code === '0'
        ? []
        : [{ pod, container, code, reason: textAt(container.status, 'state', 'terminated', 'reason') ?? '' }];
    }),
  )[0];
  const log = shown ? (state.logs[`${nameOf(shown.pod)}/${shown.container.name}`] ?? '') : '';
  const cause = shown && causeOf(state, shown.pod, shown.container.name, shown.container.spec, log);
  const why = textAt(failed, 'reason') ?? '';
  const tail = lastLines(log, 3).join('\n      ');
  const isLate = why === 'DeadlineExceeded';
  return [
    tell(
      cron === undefined ? 'job-failed' : 'cronjob-failed',
      object,
      [
        `${cron === undefined ? `Le Job « ${name} »` : `Le dernier tour du CronJob « ${cron} »`} a échoué${isLate ? ' : il a dépassé activeDeadlineSeconds' : ''}${cause ? ` : ${cause.fr[0].charAt(0).toLowerCase()}${cause.fr[0].slice(1)}` : '.'}`,
        cause
          ? `« ${short(cause.line, 200)} » (${why}).`
          : shown?.reason === 'OOMKilled'
            ? 'Son pod a dépassé sa limite de mémoire (OOMKilled).'
            : tail === ''
              ? `« ${short(textAt(failed, 'message') ?? why)} ».`
              : `Ses dernières lignes :\n      ${tail}`,
        `${cause ? `${cause.fr[1]} ` : ''}Un Job ne se relance pas seul : supprimez-le et appliquez-le à nouveau.`,
      ],
      [
        `${cron === undefined ? `The Job "${name}"` : `The last turn of the CronJob "${cron}"`} has failed${isLate ? ': it exceeded activeDeadlineSeconds' : ''}${cause ? `: ${cause.en[0].charAt(0).toLowerCase()}${cause.en[0].slice(1)}` : '.'}`,
        cause
          ? `"${short(cause.line, 200)}" (${why}).`
          : shown?.reason === 'OOMKilled'
            ? 'Its pod exceeded its memory limit (OOMKilled).'
            : tail === ''
              ? `"${short(textAt(failed, 'message') ?? why)}".`
              : `Its last lines:\n      ${tail}`,
        `${cause ? `${cause.en[1]} ` : ''}A Job does not run again by itself: delete it and apply it anew.`,
      ],
      shown ? `kubectl logs ${nameOf(shown.pod)}` : `kubectl describe job ${name}`,
      { explains: [keyOf(owner)], ...(cause?.waitsFor === undefined ? {} : { waitsFor: cause.waitsFor }) },
    ),
  ];
}

/** A turn of a CronJob whose pod cannot even start. */
function stuckTurn(state: LiveState, pods: JsonObject[], cron: string): LiveFinding[] {
  for (const pod of pods) {
    for (const { name, status } of containersOf(pod)) {
      const reason = textAt(status, 'state', 'waiting', 'reason') ?? '';
      if (!/ImagePull|InvalidImage|ErrImage|CreateContainer|RunContainer|CrashLoop/.test(reason)) continue;
      const message = textAt(status, 'state', 'waiting', 'message') ?? '';
      return [
        tell(
          'cronjob-failed',
          `cronjob/${cron}`,
          [
            `Le dernier tour du CronJob « ${cron} » ne démarre pas (${reason}).`,
            `« ${short(message, 200) || name} ».`,
            'Corrigez le modèle du CronJob (image, Secret, commande), puis supprimez ce Job.',
          ],
          [
            `The last turn of the CronJob "${cron}" does not start (${reason}).`,
            `"${short(message, 200) || name}".`,
            'Mend the template of the CronJob (image, Secret, command), then delete this Job.',
          ],
          `kubectl describe pod ${nameOf(pod)}`,
          { explains: [keyOf({ kind: 'CronJob', name: cron })] },
        ),
      ];
    }
  }
  return [];
}

/** Volumes that are asked for and do not come. */
export function claimFindings(state: LiveState): LiveFinding[] {
  const classes = ofKind(state.objects, 'StorageClass').map(nameOf);
  const canSee = state.unseen?.includes('StorageClass') === false;
  return ofKind(state.objects, 'PersistentVolumeClaim').flatMap((claim): LiveFinding[] => {
    const name = nameOf(claim);
    const phase = textAt(claim, 'status', 'phase') ?? '';
    const object = `pvc/${name}`;
    const describe = `kubectl describe pvc ${name}`;
    const users = ofKind(state.objects, 'Pod')
      .filter((pod) =>
        objectsAt(pod, 'spec', 'volumes').some(
          (volume) => textAt(volume, 'persistentVolumeClaim', 'claimName') === name,
        ),
      )
      .map((pod) => keyOf(ownerOf(state.objects, pod)));
    const more = { explains: [`claim-of/${name}`, ...users] };
    if (phase === 'Lost')
      return [
        tell(
          'volume-lost',
          object,
          [
            `Le volume « ${name} » a perdu son disque.`,
            '« kubectl get pvc » montre « Lost ».',
            'Ses données ne sont plus là : supprimez-le et reprenez une sauvegarde.',
          ],
          [
            `The volume "${name}" has lost its disk.`,
            '"kubectl get pvc" shows "Lost".',
            'Its data are gone: delete it and take a backup.',
          ],
          describe,
          more,
        ),
      ];
    if (phase !== 'Pending') return [];
    const event = eventsOf(state, 'PersistentVolumeClaim', name).findLast((each) =>
      /ProvisioningFailed|FailedBinding|VolumeMismatch/.test(each.reason),
    );
    const asked = textAt(claim, 'spec', 'storageClassName');
    const unknown =
      /storageclass(?:\.storage\.k8s\.io)? "([^"]+)" not found/.exec(event?.message ?? '')?.[1] ??
      (canSee &&
      asked !== undefined &&
      asked !== '' &&
      !classes.includes(asked) &&
      textAt(claim, 'spec', 'volumeName') === undefined
        ? asked
        : undefined);
    if (unknown !== undefined)
      return [
        tell(
          'volume-class',
          object,
          [
            `Le volume « ${name} » demande la classe de stockage « ${unknown} », qui n’existe pas ici.`,
            event === undefined ? 'Le PersistentVolumeClaim reste en Pending.' : `« ${short(event.message)} ».`,
            `Retirez storageClassName (la classe par défaut sert)${classes.length > 0 ? `, ou mettez : ${classes.join(', ')}` : ''} ; il faut supprimer puis recréer le PersistentVolumeClaim.`,
          ],
          [
            `The volume "${name}" asks for the storage class "${unknown}", which does not exist here.`,
            event === undefined ? 'The PersistentVolumeClaim stays in Pending.' : `"${short(event.message)}".`,
            `Take out storageClassName (the default class serves)${classes.length > 0 ? `, or put: ${classes.join(', ')}` : ''}; the PersistentVolumeClaim must be deleted and made again.`,
          ],
          'kubectl get storageclass',
          more,
        ),
      ];
    // One that nobody has used yet waits for its first pod, and one that a moment ago was asked for is on its way.
    if (event === undefined || (state.now !== undefined && ageOf(state, event.time) > 1800)) {
      const isSlow =
        users.length > 0 &&
        state.now !== undefined &&
        ageOf(state, created(claim)) > RECENT &&
        eventsOf(state, 'PersistentVolumeClaim', name).some((each) =>
          /ExternalProvisioning|Provisioning/.test(each.reason),
        );
      if (!isSlow) return [];
    }
    const words = event?.message ?? '';
    const isWithoutClass = /no persistent volumes available for this claim and no storage class is set/.test(words);
    const isMode = /access ?mode|ReadWriteMany|MULTI_NODE/i.test(words);
    return [
      tell(
        'volume-pending',
        object,
        [
          `Le volume « ${name} » n’arrive pas${users.length > 0 ? ` : « ${(users[0] ?? '').replace(/^\w+\//, '')} » l’attend` : ''}.`,
          words === '' ? 'Le PersistentVolumeClaim reste en Pending.' : `« ${short(words)} ».`,
          isWithoutClass
            ? 'Écrivez storageClassName avec une classe qui existe (kubectl get storageclass).'
            : isMode
              ? 'Mettez accessModes: [ReadWriteOnce] : ce stockage ne se partage pas entre nœuds.'
              : 'Vérifiez accessModes, la taille demandée et la classe de stockage.',
        ],
        [
          `The volume "${name}" does not come${users.length > 0 ? `: "${(users[0] ?? '').replace(/^\w+\//, '')}" waits for it` : ''}.`,
          words === '' ? 'The PersistentVolumeClaim stays in Pending.' : `"${short(words)}".`,
          isWithoutClass
            ? 'Write storageClassName with a class that exists (kubectl get storageclass).'
            : isMode
              ? 'Put accessModes: [ReadWriteOnce]: this storage is not shared between nodes.'
              : 'Check accessModes, the size asked for and the storage class.',
        ],
        describe,
        more,
      ),
    ];
  });
}

/** Autoscalers that do not know what to go by. */
export function scalerFindings(state: LiveState): LiveFinding[] {
  return ofKind(state.objects, 'HorizontalPodAutoscaler').flatMap((scaler): LiveFinding[] => {
    const name = nameOf(scaler);
    const target = objectAt(scaler, 'spec', 'scaleTargetRef');
    const able = condition(scaler, 'AbleToScale');
    const active = condition(scaler, 'ScalingActive');
    const object = `hpa/${name}`;
    const describe = `kubectl describe hpa ${name}`;
    if (able?.status === 'False' && able.reason === 'FailedGetScale')
      return [
        tell(
          'autoscaler-target',
          object,
          [
            `L’autoscaler « ${name} » vise ${textAt(target, 'kind') ?? ''} « ${textAt(target, 'name') ?? ''} », qui n’existe pas.`,
            `« ${short(textAt(able, 'message') ?? '')} ».`,
            'Corrigez scaleTargetRef.name.',
          ],
          [
            `The autoscaler "${name}" aims at ${textAt(target, 'kind') ?? ''} "${textAt(target, 'name') ?? ''}", which does not exist.`,
            `"${short(textAt(able, 'message') ?? '')}".`,
            'Mend scaleTargetRef.name.',
          ],
          describe,
        ),
      ];
    const message = textAt(active, 'message') ?? '';
    if (active?.status !== 'False' || active.reason === 'ScalingDisabled') return [];
    const request = /missing request for (\w+)(?: in container (\S+))?/.exec(message);
    // Pods that have just started have no figures yet.
    if (
      !request &&
      !/could not find the requested resource/.test(message) &&
      state.now !== undefined &&
      ageOf(state, textAt(active, 'lastTransitionTime')) < 180
    )
      return [];
    return [
      tell(
        'autoscaler-metrics',
        object,
        [
          request
            ? `L’autoscaler « ${name} » compte en pourcentage de resources.requests.${request[1] ?? 'cpu'}, que « ${textAt(target, 'name') ?? ''} » ne dit pas.`
            : `L’autoscaler « ${name} » n’a pas de mesures : il ne change rien.`,
          `« ${short(message)} ».`,
          request
            ? `Écrivez resources.requests.${request[1] ?? 'cpu'} dans ${request[2] === undefined ? 'le conteneur' : `le conteneur « ${request[2]} »`}.`
            : 'Sans metrics-server sur le cluster, fixez replicas à la main et retirez l’autoscaler.',
        ],
        [
          request
            ? `The autoscaler "${name}" counts in percents of resources.requests.${request[1] ?? 'cpu'}, which "${textAt(target, 'name') ?? ''}" does not say.`
            : `The autoscaler "${name}" has no figures: it changes nothing.`,
          `"${short(message)}".`,
          request
            ? `Write resources.requests.${request[1] ?? 'cpu'} in ${request[2] === undefined ? 'the container' : `the container "${request[2]}"`}.`
            : 'Without metrics-server on the cluster, set replicas by hand and take out the autoscaler.',
        ],
        describe,
        { severity: 'warning' },
      ),
    ];
  });
}

/** Nodes that are not well, as far as pods of the namespace are on them. */
export function nodeFindings(state: LiveState): LiveFinding[] {
  return ofKind(state.objects, 'Node').flatMap((node): LiveFinding[] => {
    const name = nameOf(node);
    const pods = ofKind(state.objects, 'Pod').filter((pod) => !isOver(pod) && textAt(pod, 'spec', 'nodeName') === name);
    const ready = condition(node, 'Ready');
    const pressure = objectsAt(node, 'status', 'conditions').find(
      (each) => /^(Memory|Disk|PID)Pressure$/.test(written(each.type)) && each.status === 'True',
    );
    if (pods.length === 0 || ((ready === undefined || ready.status === 'True') && !pressure)) return [];
    const isDown = ready !== undefined && ready.status !== 'True';
    const since = clock(textAt(isDown ? ready : pressure, 'lastTransitionTime') ?? '');
    return [
      tell(
        isDown ? 'node-down' : 'node-pressure',
        `node/${name}`,
        [
          isDown
            ? `Le nœud « ${name} » ne répond plus : ${pods.length} de vos pods y sont.`
            : `Le nœud « ${name} » manque de ${{ MemoryPressure: 'mémoire', DiskPressure: 'disque', PIDPressure: 'processus' }[written(pressure?.type)] ?? 'place'} : il peut chasser vos pods.`,
          `Depuis ${since} : « ${short(textAt(isDown ? ready : pressure, 'message') ?? '')} ».`,
          isDown
            ? 'Le cluster déplacera les pods en quelques minutes ; si cela dure, prévenez ceux qui le tiennent.'
            : 'Donnez à vos pods des resources.requests justes ; prévenez ceux qui tiennent le cluster.',
        ],
        [
          isDown
            ? `The node "${name}" no longer answers: ${pods.length} of your pods are on it.`
            : `The node "${name}" is short of ${{ MemoryPressure: 'memory', DiskPressure: 'disk', PIDPressure: 'processes' }[written(pressure?.type)] ?? 'room'}: it may evict your pods.`,
          `Since ${since}: "${short(textAt(isDown ? ready : pressure, 'message') ?? '')}".`,
          isDown
            ? 'The cluster will move the pods within minutes; if that lasts, tell those who run it.'
            : 'Give your pods fair resources.requests; tell those who run the cluster.',
        ],
        `kubectl describe node ${name}`,
        {
          severity: isDown && pods.some((pod) => !isReady(pod)) ? 'error' : 'warning',
          explains: isDown ? pods.map((pod) => keyOf(ownerOf(state.objects, pod))) : [],
        },
      ),
    ];
  });
}
