import { objectAt, objectsAt, textAt } from '../read/yaml.ts';
import { clock, tell, type LiveFinding } from './finding.ts';
import {
  containersOf,
  eventsOf,
  isOfOldTemplate,
  isOver,
  isReady,
  keyOf,
  nameOf,
  newestSet,
  ofKind,
  ownerOf,
  readAtStart,
  type LiveState,
  type Owner,
} from './state.ts';

/** Whether something restarts the pods by itself when their configuration changes. */
function isReloaded(state: LiveState, owner: Owner): boolean {
  const object = ofKind(state.objects, owner.kind).find((each) => nameOf(each) === owner.name);
  return [
    objectAt(object, 'metadata', 'annotations'),
    objectAt(object, 'spec', 'template', 'metadata', 'annotations'),
  ].some((annotations) => Object.keys(annotations).some((key) => /reload|wave\.pusher\.com/i.test(key)));
}

/** A database takes its password when its volume is made, and from then on keeps its own. */
const DATABASE = /(^|\/)(postgres|postgis|pgvector|postgresql|mysql|mariadb|mongo|mongodb)(-\w+)?(:|@|$)/;

/** Pods that started before their configuration last changed. */
export function staleFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  return ofKind(state.objects, 'Pod').flatMap((pod): LiveFinding[] => {
    const owner = ownerOf(state.objects, pod);
    // Others see to their own pods, and a Job reads its variables once.
    if (textAt(pod, 'status', 'phase') !== 'Running' || isOver(pod) || isOfOldTemplate(state.objects, pod)) return [];
    if (!/^(Deployment|StatefulSet|DaemonSet|ReplicaSet|Pod)$/.test(owner.kind) || isReloaded(state, owner)) return [];
    return containersOf(pod).flatMap(({ spec, status, isInit, isSidecar }): LiveFinding[] => {
      const started = textAt(status, 'state', 'running', 'startedAt');
      if (started === undefined || (isInit && !isSidecar)) return [];
      return readAtStart(pod, spec).flatMap(({ kind, name }): LiveFinding[] => {
        const changed = state.changed[`${kind}/${name}`];
        const key = `${keyOf(owner)} ${kind} ${name}`;
        if (changed === undefined || changed <= started || seen.has(key)) return [];
        seen.add(key);
        const isDatabase =
          kind === 'Secret' &&
          DATABASE.test(textAt(spec, 'image') ?? '') &&
          objectsAt(pod, 'spec', 'volumes').some((volume) => volume.persistentVolumeClaim !== undefined);
        const isBare = owner.kind === 'Pod' || owner.kind === 'ReplicaSet';
        return [
          tell(
            'restart-needed',
            `${owner.kind.toLowerCase()}/${owner.name}`,
            [
              `Le ${kind} « ${name} » a changé après le démarrage des pods de « ${owner.name} ».`,
              `Ils tournent encore avec les anciennes valeurs (pod démarré à ${clock(started)}, changement à ${clock(changed)}).`,
              isDatabase
                ? 'Une base déjà créée garde son ancien mot de passe, même relancée : changez-le aussi dedans (ALTER USER … PASSWORD …).'
                : 'Les variables (et les fichiers montés par subPath) ne se lisent qu’au démarrage : relancez.',
            ],
            [
              `The ${kind} "${name}" changed after the pods of "${owner.name}" had started.`,
              `They still run with the old values (pod started at ${clock(started)}, change at ${clock(changed)}).`,
              isDatabase
                ? 'A database that is made already keeps its old password, restarted or not: change it inside too (ALTER USER … PASSWORD …).'
                : 'Variables (and files mounted by subPath) are read at start only: restart them.',
            ],
            isBare
              ? `kubectl delete pod ${nameOf(pod)}`
              : `kubectl rollout restart ${owner.kind.toLowerCase()}/${owner.name}`,
            { severity: 'warning' },
          ),
        ];
      });
    });
  });
}

/** The image as the registry names it: `docker.io/lea/api:1`. */
function digestOf(imageId: string): string | undefined {
  return /@?(sha256:[0-9a-f]{64})$/.exec(imageId)?.[1];
}

/** Pods that run another image than the one that their tag now names. */
export function imageFindings(state: LiveState): LiveFinding[] {
  const seen = new Set<string>();
  return ofKind(state.objects, 'Pod').flatMap((pod): LiveFinding[] => {
    const owner = ownerOf(state.objects, pod);
    if (
      isOver(pod) ||
      !isReady(pod) ||
      isOfOldTemplate(state.objects, pod) ||
      !/^(Deployment|StatefulSet|DaemonSet)$/.test(owner.kind)
    )
      return [];
    return containersOf(pod).flatMap(({ spec, status, name }): LiveFinding[] => {
      const image = textAt(spec, 'image') ?? '';
      const policy = textAt(spec, 'imagePullPolicy');
      const pushed = state.pushed?.[image];
      const running = digestOf(textAt(status, 'imageID') ?? '');
      const started = textAt(status, 'state', 'running', 'startedAt') ?? '';
      const key = `${keyOf(owner)} ${image}`;
      if (image.includes('@') || seen.has(key)) return [];
      const restart = `kubectl rollout restart ${owner.kind.toLowerCase()}/${owner.name}`;
      const object = `${owner.kind.toLowerCase()}/${owner.name}`;
      const isLate =
        pushed !== undefined &&
        running !== undefined &&
        pushed.digests.length > 0 &&
        !pushed.digests.includes(running) &&
        pushed.time > started;
      // Pulled again on another node, the same tag gave another image.
      const other = ofKind(state.objects, 'Pod').find((each) => {
        if (
          each === pod ||
          isOver(each) ||
          keyOf(ownerOf(state.objects, each)) !== keyOf(owner) ||
          isOfOldTemplate(state.objects, each)
        )
          return false;
        const twin = containersOf(each).find((container) => container.name === name);
        const digest = digestOf(textAt(twin?.status, 'imageID') ?? '');
        return (
          textAt(twin?.spec, 'image') === image && digest !== undefined && running !== undefined && digest !== running
        );
      });
      if (isLate || other) {
        seen.add(key);
        const fix =
          policy === 'Always'
            ? {
                fr: 'Relancez ; mieux : une étiquette nouvelle à chaque version (le commit), et rien n’est à relancer.',
                en: 'Restart; better: a new tag with each version (the commit), and there is nothing to restart.',
              }
            : {
                fr: 'Écrivez imagePullPolicy: Always puis relancez ; mieux : une étiquette nouvelle à chaque version (le commit).',
                en: 'Write imagePullPolicy: Always, then restart; better: a new tag with each version (the commit).',
              };
        return [
          tell(
            'image-not-renewed',
            object,
            [
              isLate
                ? `« ${image} » a été poussée à nouveau sous la même étiquette : « ${owner.name} » tourne encore avec l’ancienne.`
                : `Les pods de « ${owner.name} » n’ont pas tous la même image : « ${image} » a changé sous la même étiquette.`,
              isLate
                ? `Poussée à ${clock(pushed.time)}, pod démarré à ${clock(started)} ; pour Kubernetes, rien n’a changé.`
                : `« ${nameOf(pod)} » et « ${nameOf(other)} » ont des empreintes (imageID) différentes.`,
              fix.fr,
            ],
            [
              isLate
                ? `"${image}" was pushed anew under the same tag: "${owner.name}" still runs the old one.`
                : `The pods of "${owner.name}" have not all the same image: "${image}" has changed under the same tag.`,
              isLate
                ? `Pushed at ${clock(pushed.time)}, pod started at ${clock(started)}; for Kubernetes nothing has changed.`
                : `"${nameOf(pod)}" and "${nameOf(other)}" have different digests (imageID).`,
              fix.en,
            ],
            restart,
            { severity: 'warning' },
          ),
        ];
      }
      const tag = /:([^/:@]+)$/.exec(image)?.[1] ?? 'latest';
      const isMoving = /^(latest|main|master|dev|develop|prod|staging)$/.test(tag);
      // Public images are rarely what was pushed a moment ago.
      const isOwn =
        image.replace(/^docker\.io\//, '').includes('/') && !/(^|\/)(library|bitnami|bitnamilegacy)\//.test(image);
      const kept = eventsOf(state, 'Pod', nameOf(pod)).some(
        (event) => event.message.includes('already present on machine') && event.message.includes(`"${image}"`),
      );
      const revision = Number(
        textAt(newestSet(state.objects, owner.name), 'metadata', 'annotations', 'deployment.kubernetes.io/revision') ??
          0,
      );
      const isRetried = revision > 1 && sameImageBefore(state, owner, image);
      if (pushed !== undefined || !isMoving || !isOwn || !kept || policy === 'Always' || !isRetried) return [];
      seen.add(key);
      return [
        tell(
          'image-not-renewed',
          object,
          [
            `« ${image} » n’a pas été redemandée au registre : le nœud a repris celle qu’il avait.`,
            `« Container image "${image}" already present on machine » : si vous avez poussé une nouvelle version, elle n’est pas là.`,
            'Écrivez imagePullPolicy: Always, puis relancez (ou changez d’étiquette à chaque version).',
          ],
          [
            `"${image}" was not asked of the registry again: the node took the one it had.`,
            `"Container image "${image}" already present on machine": if you pushed a new version, it is not there.`,
            'Write imagePullPolicy: Always, then restart (or change the tag with each version).',
          ],
          `kubectl edit ${owner.kind.toLowerCase()} ${owner.name}`,
          { severity: 'warning' },
        ),
      ];
    });
  });
}

/** Whether an earlier template of a Deployment had the same image: somebody restarted it, and hoped for a new one. */
function sameImageBefore(state: LiveState, owner: Owner, image: string): boolean {
  const newest = newestSet(state.objects, owner.name);
  return ofKind(state.objects, 'ReplicaSet').some(
    (set) =>
      nameOf(set) !== nameOf(newest) &&
      objectsAt(set, 'metadata', 'ownerReferences')[0]?.name === owner.name &&
      objectsAt(set, 'spec', 'template', 'spec', 'containers').some((container) => container.image === image),
  );
}
