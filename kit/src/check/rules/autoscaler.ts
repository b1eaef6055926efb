import type { Rule } from '../findings.ts';
import { isFilledInLater } from '../read/kubernetes.ts';
import { objectAt, objectsAt, placeAt, placeOf, textAt } from '../read/yaml.ts';
import { nearest } from '../words.ts';

export const autoscaler: Rule = {
  id: 'autoscaler',
  title: { fr: 'Un HorizontalPodAutoscaler qui ne règle rien', en: 'A HorizontalPodAutoscaler that scales nothing' },
  why: {
    fr: 'Un HorizontalPodAutoscaler nomme ce qu’il règle (scaleTargetRef), et compare la consommation à ce que chaque conteneur demande (resources.requests). Si l’un manque, il ne fait rien.',
    en: 'A HorizontalPodAutoscaler names what it scales (scaleTargetRef), and compares the use with what each container requests (resources.requests). When either is missing it does nothing.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const { kind, name, object } of cluster.resources) {
        if (kind !== 'HorizontalPodAutoscaler') continue;
        const reference = objectAt(object, 'spec', 'scaleTargetRef');
        const wanted = textAt(reference, 'name') ?? '';
        const target = cluster.workloads.find(
          ({ resource }) => resource.kind === textAt(reference, 'kind') && resource.name === wanted,
        );
        if (!target) {
          const names = cluster.workloads
            .filter(({ resource }) => /^(Deployment|StatefulSet)$/.test(resource.kind))
            .map(({ resource }) => `${resource.kind} ${resource.name}`);
          if (cluster.isOpen || names.length === 0 || wanted === '' || isFilledInLater(wanted)) continue;
          const near =
            names.find((each) => each.split(' ')[1] === name) ??
            nearest(`${textAt(reference, 'kind') ?? ''} ${wanted}`, names, 5) ??
            (names.length === 1 ? names[0] : undefined);
          const place = placeOf(reference, 'name');
          yield {
            severity: 'error',
            place,
            about: `autoscaler ${name}`,
            fr: [
              `Le HorizontalPodAutoscaler « ${name} » règle ${textAt(reference, 'kind') ?? ''} « ${wanted} », qui n’existe pas (il y a : ${names.join(', ')}).`,
              `Le nombre de pods ne change jamais ; « kubectl describe hpa ${name} » montre « FailedGetScale: … "${wanted}" not found ».`,
              near === undefined
                ? 'Écrivez sous scaleTargetRef le kind et le name de ce qu’il doit régler.'
                : `Écrivez : kind: ${near.split(' ')[0] ?? ''} et name: ${near.split(' ')[1] ?? ''}`,
            ],
            en: [
              `The HorizontalPodAutoscaler "${name}" scales ${textAt(reference, 'kind') ?? ''} "${wanted}", which does not exist (there is: ${names.join(', ')}).`,
              `The number of pods never changes; "kubectl describe hpa ${name}" shows "FailedGetScale: … "${wanted}" not found".`,
              near === undefined
                ? 'Write under scaleTargetRef the kind and name of what it is to scale.'
                : `Write: kind: ${near.split(' ')[0] ?? ''} and name: ${near.split(' ')[1] ?? ''}`,
            ],
          };
          continue;
        }
        const shares = objectsAt(object, 'spec', 'metrics')
          .map((metric) => objectAt(metric, 'resource'))
          .filter((metric) => objectAt(metric, 'target').averageUtilization !== undefined)
          .map((metric) => textAt(metric, 'name') ?? '');
        if ('targetCPUUtilizationPercentage' in objectAt(object, 'spec')) shares.push('cpu');
        for (const share of shares) {
          const lacking = target.containers.find(
            (container) =>
              !container.isInit &&
              !(share in objectAt(container.object, 'resources', 'requests')) &&
              !(share in objectAt(container.object, 'resources', 'limits')),
          );
          if (!lacking || cluster.resources.some((each) => each.kind === 'LimitRange')) continue;
          yield {
            severity: 'warning',
            place: placeAt(lacking.object, ['name']),
            about: `autoscaler ${name}`,
            fr: [
              `« ${name} » compare la consommation à ce que demande « ${lacking.name} », qui ne demande rien (${share}).`,
              `Le nombre de pods ne change jamais ; « kubectl describe hpa ${name} » montre « missing request for ${share} ».`,
              `Ajoutez à « ${lacking.name} » :\nresources:\n  requests:\n    ${share}: ${share === 'cpu' ? '100m' : '128Mi'}`,
            ],
            en: [
              `"${name}" compares the use with what "${lacking.name}" requests, and it requests none (${share}).`,
              `The number of pods never changes; "kubectl describe hpa ${name}" shows "missing request for ${share}".`,
              `Add to "${lacking.name}":\nresources:\n  requests:\n    ${share}: ${share === 'cpu' ? '100m' : '128Mi'}`,
            ],
          };
        }
      }
    }
  },
};
