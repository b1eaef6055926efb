import { instancesOf, readAddress } from '../chains.ts';
import type { Remark, Rule } from '../findings.ts';
import { listeningPorts, nginxOf, type Model } from '../model.ts';
import {
  findResource,
  ingressPaths,
  mayMeet,
  portsOf,
  servicePorts,
  targetOf,
  workloadsOf,
  type Cluster,
  type Resource,
  type Workload,
} from '../read/kubernetes.ts';
import {
  at,
  isObject,
  listAt,
  objectAt,
  objectsAt,
  placeAt,
  textAt,
  written,
  type Json,
  type JsonObject,
} from '../read/yaml.ts';

/** Traffic that the application needs. */
interface Need {
  /** The workload that calls, or undefined for the world outside, which comes through the Ingress. */
  from: Workload | undefined;
  to: Workload;
  /** The port of the pods, undefined when it cannot be told. */
  port: number | undefined;
  /** The Ingress, or the variable, that says so. */
  label: string;
}

export const networkPolicy: Rule = {
  id: 'network-policy',
  title: {
    fr: 'Une NetworkPolicy coupe ce dont l’application a besoin',
    en: 'A NetworkPolicy cuts what the application needs',
  },
  why: {
    fr: 'Dès qu’une NetworkPolicy choisit un pod, tout ce qu’aucune n’autorise lui est interdit : l’Ingress (qui vit dans un autre espace de noms), la base, et la résolution des noms (port 53, UDP).',
    en: 'As soon as a NetworkPolicy picks a pod, all that none allows is forbidden to it: the Ingress (which lives in another namespace), the database, and the resolution of names (port 53, UDP).',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      if (cluster.isOpen) continue;
      const policies = cluster.resources.filter(({ kind }) => kind === 'NetworkPolicy');
      if (policies.length === 0 || policies.some((policy) => /Expressions/.test(JSON.stringify(policy.object))))
        continue;
      const needs = [...needsOf(model, cluster)];
      for (const need of needs) {
        const into = policiesOf(policies, need.to, 'Ingress');
        if (into.length > 0 && !into.some((policy) => lets(policy, 'ingress', need))) yield entryRemark(into, need);
      }
      for (const workload of cluster.workloads) {
        const own = needs.filter((need) => need.from === workload);
        const out = policiesOf(policies, workload, 'Egress');
        if (own.length === 0 || out.length === 0) continue;
        if (!out.some(letsNames)) {
          yield nameRemark(out, workload, own[0]?.label ?? '');
          continue;
        }
        for (const need of own)
          if (!out.some((policy) => lets(policy, 'egress', need))) yield exitRemark(out, workload, need);
      }
    }
  },
};

function* needsOf(model: Model, cluster: Cluster): Generator<Need> {
  for (const { ingress, service: name, port } of ingressPaths(cluster)) {
    const service = findResource(cluster, 'Service', name, ingress);
    if (!service) continue;
    const asked = servicePorts(service).find((each) => each.port === port || each.name === port);
    for (const workload of workloadsOf(cluster, service))
      yield {
        from: undefined,
        to: workload,
        port: podPort(model, workload, asked),
        label: `l’Ingress « ${ingress.name} »`,
      };
  }
  for (const workload of cluster.workloads) {
    for (const instance of instancesOf(model, workload)) {
      const addresses = [...instance.variables].flatMap(([name, { value }]) => {
        if (value === undefined || /^(VITE|REACT_APP|NEXT_PUBLIC|VUE_APP|PUBLIC)_/.test(name)) return [];
        const address = readAddress(name, value);
        return address?.isServerSide ? [{ name, host: address.host, port: address.port }] : [];
      });
      for (const config of nginxOf(model, instance)?.configs ?? [])
        for (const [, host = '', port] of config.text.matchAll(/proxy_pass\s+http:\/\/([a-z][\w.-]*)(?::(\d+))?/g))
          addresses.push({ name: 'proxy_pass', host, port: port === undefined ? 80 : Number(port) });
      for (const { name, host, port } of addresses) {
        const [service = '', namespace] = host.split('.');
        const found = findResource(cluster, 'Service', service, workload.resource);
        if (!found || (namespace !== undefined && found.namespace !== undefined && namespace !== found.namespace))
          continue;
        const ports = servicePorts(found);
        const asked = ports.find((each) => Number(each.port) === port) ?? (ports.length === 1 ? ports[0] : undefined);
        for (const to of workloadsOf(cluster, found))
          if (to !== workload) yield { from: workload, to, port: podPort(model, to, asked), label: name };
      }
    }
  }
}

/** The port of the pods behind a port of a Service. */
function podPort(model: Model, workload: Workload, servicePort: JsonObject | undefined): number | undefined {
  if (!servicePort) return undefined;
  const { target } = targetOf(servicePort);
  const port =
    typeof target === 'number'
      ? target
      : workload.containers.flatMap(portsOf).find(({ name }) => name === target)?.port;
  // A port on which nobody listens is told by a rule of its own.
  const heard = instancesOf(model, workload).map((instance) => listeningPorts(model, instance)?.ports);
  const isWrong =
    heard.length > 0 && heard.every((ports) => ports !== undefined && port !== undefined && !ports.includes(port));
  return isWrong ? undefined : port;
}

function matches(selector: Json | undefined, labels: Record<string, string>): boolean {
  if (!isObject(selector)) return false;
  return Object.entries(objectAt(selector, 'matchLabels')).every(([key, value]) => labels[key] === written(value));
}

/** The policies that pick a workload’s pods, for one direction. */
function policiesOf(policies: Resource[], workload: Workload, type: 'Ingress' | 'Egress'): Resource[] {
  return policies.filter((policy) => {
    const types = listAt(policy.object, 'spec', 'policyTypes').map(written);
    const isMeant =
      types.length > 0 ? types.includes(type) : type === 'Ingress' || at(policy.object, 'spec', 'egress') !== undefined;
    return (
      isMeant &&
      mayMeet(policy, workload.resource) &&
      matches(at(policy.object, 'spec', 'podSelector'), workload.labels)
    );
  });
}

/** Whether a policy lets a need through, as far as it can be told: in doubt it does. */
function lets(policy: Resource, direction: 'ingress' | 'egress', need: Need): boolean {
  const other = direction === 'ingress' ? need.from : need.to;
  return objectsAt(policy.object, 'spec', direction).some((rule) => {
    const peers = objectsAt(rule, direction === 'ingress' ? 'from' : 'to');
    return (
      hasPort(rule, need) &&
      (peers.length === 0 ||
        peers.some((peer) => {
          if ('ipBlock' in peer) return true;
          if (!other) return 'namespaceSelector' in peer;
          return !('podSelector' in peer) || matches(peer.podSelector, other.labels);
        }))
    );
  });
}

function hasPort(rule: JsonObject, { to, port }: Need): boolean {
  const ports = objectsAt(rule, 'ports');
  if (ports.length === 0 || port === undefined) return true;
  const names = to.containers.flatMap(portsOf).filter((each) => each.port === port);
  return ports.some((each) => {
    if ((textAt(each, 'protocol') ?? 'TCP') !== 'TCP') return false;
    if (each.port === undefined) return true;
    const first = Number(each.port);
    const last = Number(each.endPort ?? each.port);
    return (port >= first && port <= last) || names.some(({ name }) => name !== undefined && name === each.port);
  });
}

/** Whether a policy lets pods ask for the address of a name. */
function letsNames(policy: Resource): boolean {
  return objectsAt(policy.object, 'spec', 'egress').some((rule) => {
    const peers = objectsAt(rule, 'to');
    const ports = objectsAt(rule, 'ports');
    return (
      (peers.length === 0 || peers.some((peer) => 'namespaceSelector' in peer || 'ipBlock' in peer)) &&
      (ports.length === 0 ||
        ports.some(
          (each) =>
            textAt(each, 'protocol') === 'UDP' &&
            (each.port === undefined || /^(53|5353|dns.*)$/.test(written(each.port))),
        ))
    );
  });
}

/** The policy that speaks of the pods most closely. */
function closest(policies: Resource[]): Resource | undefined {
  return (
    policies.find(({ object }) => Object.keys(objectAt(object, 'spec', 'podSelector', 'matchLabels')).length > 0) ??
    policies[0]
  );
}

function labelsOf(workload: Workload): string {
  const selector = Object.entries(objectAt(workload.resource.object, 'spec', 'selector', 'matchLabels'));
  const labels = selector.length > 0 ? selector : Object.entries(workload.labels);
  return labels.map(([key, value]) => `${key}: ${written(value)}`).join(', ');
}

function entryRemark(policies: Resource[], need: Need): Remark {
  const policy = closest(policies);
  const object = policy?.object ?? {};
  const port = need.port === undefined ? '' : `\n  ports:\n    - port: ${need.port}`;
  const lines =
    need.from === undefined
      ? `ingress:\n- from:\n    - namespaceSelector: {}${port}`
      : `ingress:\n- from:\n    - podSelector: { matchLabels: { ${labelsOf(need.from)} } }${port}`;
  const name = policy?.name ?? '';
  const target = need.to.resource.name;
  const who = need.from?.resource.name;
  return {
    severity: 'error',
    place: placeAt(object, ['spec', 'ingress']),
    about: `policy ingress ${name} ${target}`,
    fr: [
      who === undefined
        ? `La NetworkPolicy « ${name} » ne laisse pas entrer vers « ${target} » ce qui vient de ${need.label}.`
        : `La NetworkPolicy « ${name} » ne laisse pas « ${who} » joindre « ${target} »${need.port === undefined ? '' : ` sur le port ${need.port}`} (${need.label}).`,
      who === undefined
        ? 'L’adresse répond « 504 Gateway Time-out », alors que les pods tournent.'
        : 'L’application attend puis échoue : « Connection timed out ».',
      `Autorisez-le, sous spec :\n${lines}`,
    ],
    en: [
      who === undefined
        ? `The NetworkPolicy "${name}" does not let in to "${target}" what comes from ${need.label.replace('l’Ingress « ', 'the Ingress "').replace(' »', '"')}.`
        : `The NetworkPolicy "${name}" does not let "${who}" reach "${target}"${need.port === undefined ? '' : ` on port ${need.port}`} (${need.label}).`,
      who === undefined
        ? 'The address answers "504 Gateway Time-out", while the pods run.'
        : 'The application waits and then fails: "Connection timed out".',
      `Allow it, under spec:\n${lines}`,
    ],
  };
}

function nameRemark(policies: Resource[], workload: Workload, label: string): Remark {
  const policy = closest(policies);
  const name = policy?.name ?? '';
  const lines = 'egress:\n- ports:\n    - { port: 53, protocol: UDP }\n    - { port: 53, protocol: TCP }';
  return {
    severity: 'error',
    place: placeAt(policy?.object ?? {}, ['spec', 'egress']),
    about: `policy egress ${name}`,
    fr: [
      `La NetworkPolicy « ${name} » ne laisse pas « ${workload.resource.name} » demander l’adresse d’un nom (port 53, UDP), et ${label} en contient un.`,
      'L’application ne joint personne : « Temporary failure in name resolution », « getaddrinfo EAI_AGAIN ».',
      `Ajoutez sous spec :\n${lines}`,
    ],
    en: [
      `The NetworkPolicy "${name}" does not let "${workload.resource.name}" ask for the address of a name (port 53, UDP), and ${label} holds one.`,
      'The application reaches nobody: "Temporary failure in name resolution", "getaddrinfo EAI_AGAIN".',
      `Add under spec:\n${lines}`,
    ],
  };
}

function exitRemark(policies: Resource[], workload: Workload, need: Need): Remark {
  const policy = closest(policies);
  const name = policy?.name ?? '';
  const target = need.to.resource.name;
  const port = need.port === undefined ? '' : `\n  ports:\n    - port: ${need.port}`;
  const lines = `egress:\n- to:\n    - podSelector: { matchLabels: { ${labelsOf(need.to)} } }${port}`;
  return {
    severity: 'error',
    place: placeAt(policy?.object ?? {}, ['spec', 'egress']),
    about: `policy egress ${name} ${target}`,
    fr: [
      `La NetworkPolicy « ${name} » ne laisse pas « ${workload.resource.name} » sortir vers « ${target} »${need.port === undefined ? '' : ` sur le port ${need.port}`} (${need.label}).`,
      'L’application attend puis échoue : « Connection timed out ».',
      `Autorisez-le, sous spec :\n${lines}`,
    ],
    en: [
      `The NetworkPolicy "${name}" does not let "${workload.resource.name}" go out to "${target}"${need.port === undefined ? '' : ` on port ${need.port}`} (${need.label}).`,
      'The application waits and then fails: "Connection timed out".',
      `Allow it, under spec:\n${lines}`,
    ],
  };
}
