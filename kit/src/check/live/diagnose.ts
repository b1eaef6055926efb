import type { Severity } from '../findings.ts';
import { textAt } from '../read/yaml.ts';
import type { LiveFinding } from './finding.ts';
import { hide, knownSecrets, withoutSecrets } from './hide.ts';
import { frontFindings } from './fronts.ts';
import { ingressFindings } from './ingresses.ts';
import { addressFindings, serviceFindings } from './services.ts';
import { podFindings } from './pods.ts';
import { imageFindings, staleFindings } from './stale.ts';
import { isOfOldTemplate, isOver, isReady, keyOf, nameOf, ofKind, ownerOf, podsOf, type LiveState } from './state.ts';
import {
  claimFindings,
  creationFindings,
  jobFindings,
  nodeFindings,
  rolloutFindings,
  scalerFindings,
} from './workloads.ts';

export type { LiveFinding } from './finding.ts';

/**
 * Reads the cause of each trouble out of the state, the gravest first; what follows from a cause is not told again.
 * Secrets are hidden in all that it reads before it reads it, and once more in all that it says.
 */
export function diagnose(raw: LiveState): LiveFinding[] {
  const known = knownSecrets(raw);
  const state = withoutSecrets(raw, known);
  // The order is that of causes: a node before its pods, a volume before who waits for it, pods before their Service.
  const found = [
    ...nodeFindings(state),
    ...claimFindings(state),
    ...creationFindings(state),
    ...addressFindings(state),
    ...podFindings(state),
    ...jobFindings(state),
    ...rolloutFindings(state),
    ...serviceFindings(state),
    ...ingressFindings(state),
    ...staleFindings(state),
    ...imageFindings(state),
    ...frontFindings(state),
    ...scalerFindings(state),
  ];
  const order: Record<Severity, number> = { error: 0, warning: 1, advice: 2 };
  return causes(state, found)
    .map((finding) => withOldPods(state, finding))
    .sort((a, b) => order[a.severity] - order[b.severity])
    .map((finding) => ({
      ...finding,
      object: hide(finding.object, known, true),
      next: hide(finding.next, known, true),
      text: {
        fr: finding.text.fr.map((part) => hide(part, known, true)) as LiveFinding['text']['fr'],
        en: finding.text.en.map((part) => hide(part, known, true)) as LiveFinding['text']['en'],
      },
    }));
}

/** Drops what follows from something told already, and lets the cause name it. */
function causes(state: LiveState, found: readonly LiveFinding[]): LiveFinding[] {
  const kept: LiveFinding[] = [];
  const explained = (key: string) => kept.find((finding) => finding.explains?.includes(key));
  const workload = (key: string) => /^(Deployment|StatefulSet|DaemonSet|ReplicaSet|Job|CronJob|Pod)\//.test(key);
  const waiting = found.filter((finding) => finding.waitsFor !== undefined);
  for (const finding of [...found.filter((each) => each.waitsFor === undefined), ...waiting]) {
    const keys = finding.explains ?? [];
    // Several workloads may lack the same Secret or image: one finding, which names the others.
    const same = keys
      .filter((key) => !workload(key) && !key.startsWith('Service/'))
      .map(explained)
      .find((each) => each !== undefined);
    const [own] = keys.filter(workload);
    const root =
      same ??
      (own !== undefined && !/^(oom-killed|evicted|node-)/.test(finding.id)
        ? kept.find(
            (each) => /^(node-down|volume-(class|lost|pending)|quota)$/.test(each.id) && each.explains?.includes(own),
          )
        : undefined) ??
      (own !== undefined && /^(crash-connection|not-ready)/.test(finding.id)
        ? kept.find((each) => each.id === 'service-port' && each.severity === 'error' && each.explains?.includes(own))
        : undefined) ??
      (finding.id === 'rollout-stuck' ? explained(`Deployment/${finding.object.replace(/^\w+\//, '')}`) : undefined) ??
      (finding.waitsFor === undefined ? undefined : causeOfService(state, finding.waitsFor, kept, waiting));
    if (root && root !== finding) {
      const name = finding.object.startsWith('pod/')
        ? (own ?? '').replace(/^\w+\//, '')
        : finding.object.replace(/^\w+\//, '');
      const isOther = name !== '' && !(root.explains ?? []).includes(own ?? '');
      if (isOther) root.follows = [...new Set([...(root.follows ?? []), name])];
      continue;
    }
    kept.push({ ...finding });
  }
  return kept;
}

/** What keeps a Service from answering, when that is told. */
function causeOfService(
  state: LiveState,
  name: string,
  kept: readonly LiveFinding[],
  waiting: readonly LiveFinding[],
): LiveFinding | undefined {
  const direct = kept.find((finding) => finding.explains?.includes(`Service/${name}`));
  if (direct) return direct;
  const service = ofKind(state.objects, 'Service').find((each) => nameOf(each) === name);
  const owners = service ? podsOf(state.objects, service).map((pod) => keyOf(ownerOf(state.objects, pod))) : [];
  return kept.find((finding) => !waiting.includes(finding) && finding.explains?.some((key) => owners.includes(key)));
}

/** Says that the old pods still serve, where a new version fails beside them: the site is up, and not what was changed. */
function withOldPods(state: LiveState, finding: LiveFinding): LiveFinding {
  const name = /^pod\/(.*)$/.exec(finding.object)?.[1];
  const pod = ofKind(state.objects, 'Pod').find((each) => nameOf(each) === name);
  if (!pod) return finding;
  const owner = ownerOf(state.objects, pod);
  const serves = ofKind(state.objects, 'Pod').some(
    (each) =>
      !isOver(each) &&
      isReady(each) &&
      keyOf(ownerOf(state.objects, each)) === keyOf(owner) &&
      isOfOldTemplate(state.objects, each),
  );
  if (!serves || isOfOldTemplate(state.objects, pod) || textAt(pod, 'status', 'phase') === 'Failed') return finding;
  const { fr, en } = finding.text;
  return {
    ...finding,
    text: {
      fr: [`${fr[0]} L’ancienne version sert toujours.`, fr[1], fr[2]],
      en: [`${en[0]} The old version still serves.`, en[1], en[2]],
    },
  };
}
