import { instancesOf, isCustom, portOfUrl, readAddress } from '../chains.ts';
import type { Remark, Rule } from '../findings.ts';
import {
  declaredPorts,
  frontOf,
  listeningPorts,
  nginxOf,
  runningSources,
  type Instance,
  type Model,
} from '../model.ts';
import { engineOf, parseImage, roleOf } from '../read/images.ts';
import {
  findResource,
  ingressPaths,
  isFilledInLater,
  mayMeet,
  portsOf,
  selects,
  servicePorts,
  servicesOf,
  stringsAt,
  targetOf,
  workloadsOf,
  type Cluster,
  type Container,
  type IngressPath,
  type Resource,
  type Workload,
} from '../read/kubernetes.ts';
import { findDirectives } from '../read/nginx.ts';
import { textOf, type SourceFile } from '../read/source.ts';
import { at, objectAt, placeAt, placeOf, textAt, type JsonObject, type Place, written } from '../read/yaml.ts';
import { editDistance, nearest } from '../words.ts';
import { mayRead, variableCause } from './variables.ts';

function servicesIn(cluster: Cluster): Resource[] {
  return cluster.resources.filter((resource) => resource.kind === 'Service');
}

function pairs(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}: ${value}`)
    .join(', ');
}

export const selectorTemplate: Rule = {
  id: 'selector-template',
  title: {
    fr: 'Le sélecteur et les étiquettes des pods ne correspondent pas',
    en: 'The selector and the labels of the pods do not match',
  },
  why: {
    fr: 'Un Deployment reconnaît ses pods à leurs étiquettes : celles du modèle (template.metadata.labels) doivent contenir celles du sélecteur (selector.matchLabels).',
    en: 'A Deployment knows its pods by their labels: those of the template (template.metadata.labels) must hold those of the selector (selector.matchLabels).',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const { resource, labels } of cluster.workloads) {
        if (!/^(Deployment|StatefulSet|DaemonSet|ReplicaSet)$/.test(resource.kind)) continue;
        const selector = objectAt(resource.object, 'spec', 'selector', 'matchLabels');
        const wrong = Object.entries(selector).filter(([key, value]) => labels[key] !== written(value));
        if (wrong.length === 0 || at(resource.object, 'spec', 'template') === undefined) continue;
        const wanted = pairs(Object.fromEntries(Object.entries(selector).map(([key, value]) => [key, written(value)])));
        const place = placeAt(resource.object, ['spec', 'template', 'metadata', 'labels', wrong[0]?.[0] ?? '']);
        yield {
          severity: 'error',
          place,
          about: `labels ${place.file} ${resource.name}`,
          fr: [
            `« ${resource.name} » cherche les pods « ${wanted} », mais ses pods portent « ${pairs(labels) || 'aucune étiquette'} ».`,
            `Kubernetes refuse l’objet : « The ${resource.kind} "${resource.name}" is invalid: spec.template.metadata.labels: Invalid value: … \`selector\` does not match template \`labels\` ».`,
            `Écrivez sous template.metadata.labels : ${wanted}`,
          ],
          en: [
            `"${resource.name}" looks for pods "${wanted}", but its pods carry "${pairs(labels) || 'no label'}".`,
            `Kubernetes refuses the object: "The ${resource.kind} "${resource.name}" is invalid: spec.template.metadata.labels: Invalid value: … \`selector\` does not match template \`labels\`".`,
            `Write under template.metadata.labels: ${wanted}`,
          ],
        };
      }
    }
  },
};

export const serviceSelector: Rule = {
  id: 'service-selector',
  title: { fr: 'Le Service ne trouve aucun pod', en: 'The Service finds no pod' },
  why: {
    fr: 'Un Service envoie le trafic aux pods qui portent toutes les étiquettes de son sélecteur, clé et valeur. S’il n’en trouve aucun, il existe mais ne mène nulle part.',
    en: 'A Service sends traffic to the pods that carry all the labels of its selector, key and value. When it finds none, it exists but leads nowhere.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      if (
        cluster.isOpen ||
        cluster.resources.some((resource) =>
          /^(Rollout|VirtualMachine|Cluster|PostgresCluster|Kafka)$/.test(resource.kind),
        )
      )
        continue;
      for (const service of servicesIn(cluster)) {
        const selector = Object.fromEntries(
          Object.entries(objectAt(service.object, 'spec', 'selector')).map(([key, value]) => [key, written(value)]),
        );
        if (Object.keys(selector).length === 0 || Object.values(selector).some(isFilledInLater)) continue;
        if (workloadsOf(cluster, service).length > 0) continue;
        const meant = meantWorkload(cluster, service, selector);
        if (!meant) continue;
        // A mismatch inside the Deployment is the root; mending it may mend the Service.
        const inner = objectAt(meant.resource.object, 'spec', 'selector', 'matchLabels');
        if (
          Object.entries(inner).some(([key, value]) => meant.labels[key] !== written(value)) &&
          selects(
            service.object,
            Object.fromEntries(Object.entries(inner).map(([key, value]) => [key, written(value)])),
          )
        )
          continue;
        const elsewhere = mayMeet(service, meant.resource) ? undefined : meant.resource.namespace;
        const place = placeAt(service.object, [
          'spec',
          'selector',
          Object.keys(selector).find((key) => meant.labels[key] !== selector[key]) ?? '',
        ]);
        yield {
          severity: 'error',
          place,
          about: `selector ${service.name}`,
          breaks: `service ${service.name}`,
          fr: [
            `Le Service « ${service.name} » cherche les pods « ${pairs(selector)} » ; ceux de « ${meant.resource.name} » portent « ${pairs(meant.labels) || 'aucune étiquette'} ».`,
            `« kubectl get endpoints ${service.name} » montre « <none> » ; l’adresse répond 503 Service Temporarily Unavailable.`,
            `Écrivez sous selector : ${pairs(shortLabels(meant))}${elsewhere === undefined ? '' : ` (et sous metadata : namespace: ${elsewhere})`}`,
          ],
          en: [
            `The Service "${service.name}" looks for pods "${pairs(selector)}"; those of "${meant.resource.name}" carry "${pairs(meant.labels) || 'no label'}".`,
            `"kubectl get endpoints ${service.name}" shows "<none>"; the address answers 503 Service Temporarily Unavailable.`,
            `Write under selector: ${pairs(shortLabels(meant))}${elsewhere === undefined ? '' : ` (and under metadata: namespace: ${elsewhere})`}`,
          ],
        };
      }
    }
  },
};

function shortLabels(workload: Workload): Record<string, string> {
  const selector = objectAt(workload.resource.object, 'spec', 'selector', 'matchLabels');
  const entries = Object.entries(selector).map(([key, value]): [string, string] => [key, written(value)]);
  return entries.length > 0 ? Object.fromEntries(entries) : workload.labels;
}

/** The workload that a Service was most likely written for. */
function meantWorkload(cluster: Cluster, service: Resource, selector: Record<string, string>): Workload | undefined {
  const candidates = cluster.workloads.filter((workload) => !/^(Job|CronJob)$/.test(workload.resource.kind));
  const values = Object.values(selector);
  const sameName = candidates.find(
    (workload) => workload.resource.name === service.name || values.includes(workload.resource.name),
  );
  if (sameName) return sameName;
  const nearLabel = candidates.find((workload) =>
    Object.entries(workload.labels).some(
      ([key, value]) => values.includes(value) || (key in selector && editDistance(value, selector[key] ?? '') <= 2),
    ),
  );
  if (nearLabel) return nearLabel;
  const unserved = candidates.filter((workload) => servicesOf(cluster, workload).length === 0);
  const targets = servicePorts(service).map((port) => targetOf(port).target);
  const samePort = unserved.filter((workload) =>
    workload.containers.some((container) =>
      portsOf(container).some(
        ({ port, name }) => targets.includes(port) || (name !== undefined && targets.includes(name)),
      ),
    ),
  );
  if (samePort.length === 1) return samePort[0];
  const [only] = candidates;
  const isAlone = candidates.length === 1 && servicesIn(cluster).length === 1;
  if (!only || !isAlone || !Object.keys(selector).some((key) => key in only.labels)) return undefined;
  // A Service of another part has its pods elsewhere.
  const [wanted, held] = [roleOf(service.name), roleOf(only.resource.name)];
  return wanted === undefined || held === undefined || wanted === held ? only : undefined;
}

export const serviceMixed: Rule = {
  id: 'service-mixed',
  title: {
    fr: 'Le Service envoie le trafic à deux applications différentes',
    en: 'The Service sends traffic to two different applications',
  },
  why: {
    fr: 'Deux Deployments dont les pods portent la même étiquette sont la même chose pour un Service : il répartit les requêtes entre eux.',
    en: 'Two Deployments whose pods carry the same label are one thing for a Service: it spreads requests over both.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const service of servicesIn(cluster)) {
        const chosen = workloadsOf(cluster, service).filter((workload) =>
          /^(Deployment|StatefulSet)$/.test(workload.resource.kind),
        );
        if (chosen.length < 2) continue;
        const repositories = chosen.map(
          (workload) => parseImage(workload.containers.find((container) => !container.isInit)?.image ?? '').repository,
        );
        if (new Set(repositories).size < 2) continue;
        const targets = servicePorts(service).map((port) => targetOf(port).target);
        const stranger = chosen.find((workload) => {
          const ports = workload.containers.flatMap((container) => portsOf(container));
          return (
            ports.length > 0 &&
            !ports.some(({ port, name }) => targets.includes(port) || (name !== undefined && targets.includes(name)))
          );
        });
        if (!stranger) continue;
        const right = chosen.find((workload) => workload !== stranger);
        yield {
          severity: 'error',
          place: placeAt(service.object, ['spec', 'selector']),
          about: `selector ${service.name}`,
          breaks: `service ${service.name}`,
          fr: [
            `Le Service « ${service.name} » choisit les pods de « ${right?.resource.name ?? ''} » et aussi ceux de « ${stranger.resource.name} », qui portent la même étiquette (${pairs(stranger.labels)}).`,
            'Une requête sur deux échoue : « 502 Bad Gateway » ou « connection refused », selon le pod qui la reçoit.',
            `Donnez à « ${stranger.resource.name} » sa propre étiquette (par exemple app: ${stranger.resource.name}), dans son sélecteur, son modèle et son Service.`,
          ],
          en: [
            `The Service "${service.name}" picks the pods of "${right?.resource.name ?? ''}" and those of "${stranger.resource.name}" too, which carry the same label (${pairs(stranger.labels)}).`,
            'One request in two fails: "502 Bad Gateway" or "connection refused", depending on the pod that gets it.',
            `Give "${stranger.resource.name}" a label of its own (for instance app: ${stranger.resource.name}), in its selector, its template and its Service.`,
          ],
        };
      }
    }
  },
};

export const servicePort: Rule = {
  id: 'service-port',
  title: {
    fr: 'Le Service vise un port sur lequel personne n’écoute',
    en: 'The Service targets a port on which nobody listens',
  },
  why: {
    fr: 'targetPort doit être le port du processus dans le conteneur. Sans targetPort, c’est « port » qui est repris. containerPort et EXPOSE n’ouvrent rien : ils informent.',
    en: 'targetPort must be the port of the process in the container. Without targetPort, "port" is taken. containerPort and EXPOSE open nothing: they inform.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const service of servicesIn(cluster)) {
        for (const workload of workloadsOf(cluster, service)) {
          if (/^(Job|CronJob)$/.test(workload.resource.kind)) continue;
          for (const remark of servicePortRemarks(model, service, workload))
            yield { ...remark, unlessBroken: `service ${service.name}` };
        }
      }
    }
  },
};

function* servicePortRemarks(model: Model, service: Resource, workload: Workload): Generator<Remark> {
  const containers = workload.containers.filter(
    (container) => !container.isInit || container.object.restartPolicy === 'Always',
  );
  const declared = containers.flatMap(portsOf);
  const heard = containers.map((container) => {
    const instance = instancesOf(model, workload).find((each) => each.container === container);
    return instance ? listeningPorts(model, instance) : undefined;
  });
  const isHeard = heard.length > 0 && heard.every((each) => each !== undefined);
  const known = heard.flatMap((each) => each?.ports ?? []);
  for (const port of servicePorts(service)) {
    if (textAt(port, 'protocol') === 'UDP') continue;
    const { target, place } = targetOf(port);
    if (typeof target === 'string') {
      const named = declared.find(({ name }) => name === target);
      if (named && isHeard && known.length > 0 && !known.includes(named.port) && named.port <= 65535)
        yield misnamedPort(workload, service, target, named, heard[0], known);
      if (isFilledInLater(target) || named) continue;
      const names = declared.flatMap(({ name }) => name ?? []);
      const near = names.length === 1 ? names[0] : nearest(target, names, 3);
      yield {
        severity: 'error',
        place,
        about: `port ${workload.resource.name} ${target}`,
        fr: [
          `Le Service « ${service.name} » vise le port nommé « ${target} », qu’aucun conteneur de « ${workload.resource.name} » ne déclare${names.length === 0 ? '' : ` (noms déclarés : ${names.join(', ')})`}.`,
          `« kubectl get endpoints ${service.name} » ne montre aucun port ; l’adresse répond 503.`,
          `Écrivez : targetPort: ${near ?? declared[0]?.port ?? known[0] ?? '8000'}`,
        ],
        en: [
          `The Service "${service.name}" targets the port named "${target}", which no container of "${workload.resource.name}" declares${names.length === 0 ? '' : ` (declared names: ${names.join(', ')})`}.`,
          `"kubectl get endpoints ${service.name}" shows no port; the address answers 503.`,
          `Write: targetPort: ${near ?? declared[0]?.port ?? known[0] ?? '8000'}`,
        ],
      };
      continue;
    }
    if (!Number.isInteger(target) || known.includes(target)) continue;
    const numbers = declared.map((each) => each.port);
    if (!isHeard && (numbers.length === 0 || numbers.includes(target) || known.length > 0)) continue;
    const listening = isHeard ? heard[0] : undefined;
    const right = isHeard ? known[0] : numbers[0];
    if (right === undefined) continue;
    const origin =
      listening && listening.place.file !== service.place.file
        ? `${listening.place.file}, ligne ${listening.place.line}`
        : '';
    const originEn = origin.replace('ligne', 'line');
    const isImplicit = textAt(port, 'targetPort') === undefined;
    yield {
      severity: 'error',
      place,
      about: `port ${workload.resource.name} ${target}`,
      fr: [
        isHeard
          ? `Le Service « ${service.name} » envoie le trafic au port ${target}${isImplicit ? ' (sans targetPort, c’est port qui compte)' : ''}, mais le conteneur « ${containers[0]?.name ?? ''} » écoute sur le ${known.join(', ')}${origin === '' ? '' : ` (${origin})`}.`
          : `Le Service « ${service.name} » envoie le trafic au port ${target}${isImplicit ? ' (sans targetPort, c’est port qui compte)' : ''}, mais le conteneur annonce le ${numbers.join(', ')} (${declared[0]?.place.file ?? ''}, ligne ${declared[0]?.place.line ?? 0}).`,
        'Les pods tournent, mais l’adresse répond « 502 Bad Gateway » (ou « connection refused » de l’intérieur du cluster).',
        `Écrivez dans le Service : targetPort: ${right}${isHeard && numbers.length > 0 && !numbers.includes(right) ? ` (et containerPort: ${right} dans le Deployment)` : ''}`,
      ],
      en: [
        isHeard
          ? `The Service "${service.name}" sends traffic to port ${target}${isImplicit ? ' (without targetPort, port counts)' : ''}, but the container "${containers[0]?.name ?? ''}" listens on ${known.join(', ')}${originEn === '' ? '' : ` (${originEn})`}.`
          : `The Service "${service.name}" sends traffic to port ${target}${isImplicit ? ' (without targetPort, port counts)' : ''}, but the container announces ${numbers.join(', ')} (${declared[0]?.place.file ?? ''}, line ${declared[0]?.place.line ?? 0}).`,
        'The pods run, but the address answers "502 Bad Gateway" (or "connection refused" from inside the cluster).',
        `Write in the Service: targetPort: ${right}${isHeard && numbers.length > 0 && !numbers.includes(right) ? ` (and containerPort: ${right} in the Deployment)` : ''}`,
      ],
    };
  }
}

/** A named port of a container, with a number on which nothing listens: who asks for the name gets the number. */
function misnamedPort(
  workload: Workload,
  service: Resource,
  name: string,
  named: { port: number; place: Place },
  listening: { place: Place } | undefined,
  known: number[],
): Remark {
  const said = listening ? `${listening.place.file}, ligne ${listening.place.line}` : '';
  return {
    severity: 'error',
    place: named.place,
    about: `port ${workload.resource.name} ${name}`,
    fr: [
      `Le port nommé « ${name} » est le ${named.port}, mais le serveur écoute sur le ${known.join(', ')}${said === '' ? '' : ` (${said})`}.`,
      `Le Service « ${service.name} » et les sondes qui disent « ${name} » vont au ${named.port} : « connection refused », « 502 Bad Gateway ».`,
      `Écrivez : containerPort: ${known[0] ?? ''}`,
    ],
    en: [
      `The port named "${name}" is ${named.port}, but the server listens on ${known.join(', ')}${said === '' ? '' : ` (${said.replace('ligne', 'line')})`}.`,
      `The Service "${service.name}" and the probes that say "${name}" go to ${named.port}: "connection refused", "502 Bad Gateway".`,
      `Write: containerPort: ${known[0] ?? ''}`,
    ],
  };
}

export const ingressService: Rule = {
  id: 'ingress-service',
  title: {
    fr: 'L’Ingress mène à un Service ou à un port qui n’existe pas',
    en: 'The Ingress leads to a Service or a port that does not exist',
  },
  why: {
    fr: 'L’Ingress nomme un Service et un de ses ports (spec.ports[].port, pas celui du conteneur).',
    en: 'The Ingress names a Service and one of its ports (spec.ports[].port, not the container’s).',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const entry of ingressPaths(cluster)) {
        if (entry.service === '' || isFilledInLater(entry.service)) continue;
        const service = findResource(cluster, 'Service', entry.service, entry.ingress);
        const holder = objectAt(entry.entry, 'backend', 'service');
        if (!service) {
          if (cluster.isOpen || cluster.workloads.length === 0) continue;
          const names = servicesIn(cluster).map((each) => each.name);
          const linked = new Set(ingressPaths(cluster).map((each) => each.service));
          const free = servicesIn(cluster)
            .filter((each) => !linked.has(each.name) && !isDatabase(cluster, each))
            .map((each) => each.name);
          const near = nearest(entry.service, names, 3) ?? (free.length === 1 ? free[0] : undefined);
          if (near === undefined && isTool(entry.service)) continue;
          yield {
            severity: 'error',
            place: placeOf(holder, 'name'),
            about: `ingress ${entry.ingress.name} ${entry.service}`,
            fr: [
              `L’Ingress « ${entry.ingress.name} » mène au Service « ${entry.service} », qu’aucun fichier ne définit${names.length === 0 ? '' : ` (définis : ${names.join(', ')})`}.`,
              `« kubectl describe ingress ${entry.ingress.name} » montre « <error: services "${entry.service}" not found> » ; l’adresse répond 503 (ou 404).`,
              near === undefined
                ? `Ajoutez un Service nommé ${entry.service}, qui choisit vos pods.`
                : `Écrivez ici : name: ${near}`,
            ],
            en: [
              `The Ingress "${entry.ingress.name}" leads to the Service "${entry.service}", which no file defines${names.length === 0 ? '' : ` (defined: ${names.join(', ')})`}.`,
              `"kubectl describe ingress ${entry.ingress.name}" shows "<error: services "${entry.service}" not found>"; the address answers 503 (or 404).`,
              near === undefined
                ? `Add a Service named ${entry.service}, which picks your pods.`
                : `Write here: name: ${near}`,
            ],
          };
          continue;
        }
        const narrow = exactRoot(model, cluster, service, entry);
        if (narrow) yield narrow;
        const ports = servicePorts(service);
        const numbers = ports.map((port) => Number(port.port)).filter(Number.isInteger);
        const names = ports.flatMap((port) => textAt(port, 'name') ?? []);
        const port = entry.port;
        if (
          port === undefined ||
          numbers.length === 0 ||
          (typeof port === 'number'
            ? numbers.includes(port)
            : names.includes(written(port)) || isFilledInLater(written(port)))
        )
          continue;
        const key = typeof port === 'number' ? 'number' : 'name';
        const target = ports.find((each) => String(targetOf(each).target) === written(port));
        const right = target ? Number(target.port) : numbers[0];
        yield {
          severity: 'error',
          place: placeOf(objectAt(holder, 'port'), key),
          about: `ingress ${entry.ingress.name} ${entry.service} port`,
          fr: [
            `L’Ingress « ${entry.ingress.name} » demande le port ${written(port)} du Service « ${entry.service} », qui n’a que ${[...numbers, ...names].join(', ')}${target ? ` (${written(port)} est le port du conteneur, que le Service cache)` : ''}.`,
            'L’adresse répond 503 Service Temporarily Unavailable, alors que les pods tournent.',
            `Écrivez ici : number: ${right ?? 80}`,
          ],
          en: [
            `The Ingress "${entry.ingress.name}" asks for port ${written(port)} of the Service "${entry.service}", which has only ${[...numbers, ...names].join(', ')}${target ? ` (${written(port)} is the container’s port, which the Service hides)` : ''}.`,
            'The address answers 503 Service Temporarily Unavailable, while the pods run.',
            `Write here: number: ${right ?? 80}`,
          ],
        };
      }
    }
  },
};

/** `Exact` on `/`, where the page needs its files and the API its routes. */
function exactRoot(model: Model, cluster: Cluster, service: Resource, entry: IngressPath): Remark | undefined {
  if (entry.path !== '/' || entry.entry.pathType !== 'Exact') return undefined;
  const others = ingressPaths(cluster).filter((each) => each.entry !== entry.entry && each.host === entry.host);
  if (others.length > 0) return undefined;
  const instances = workloadsOf(cluster, service).flatMap((workload) => instancesOf(model, workload));
  const isFront = instances.some((instance) => frontOf(model, instance.image) !== undefined);
  const route = instances
    .flatMap((instance) => runningSources(model, instance))
    .flatMap((source) => source.routes)
    .find((each) => each.path !== '/' && each.path !== '');
  if (!isFront && !route) return undefined;
  const lost = isFront ? '/assets/…' : `/${(route?.path ?? '').replace(/^\//, '')}`;
  return {
    severity: 'error',
    place: placeOf(entry.entry, 'pathType'),
    about: `exact ${entry.ingress.name} ${entry.service}`,
    fr: [
      `« pathType: Exact » ne laisse passer que « / » : ${lost} n’arrive pas à « ${entry.service} ».`,
      isFront
        ? 'La page reste blanche : ses fichiers répondent « 404 Not Found ».'
        : `${lost} répond « 404 Not Found ».`,
      'Écrivez : pathType: Prefix',
    ],
    en: [
      `"pathType: Exact" lets "/" through only: ${lost} does not get to "${entry.service}".`,
      isFront ? 'The page stays blank: its files answer "404 Not Found".' : `${lost} answers "404 Not Found".`,
      'Write: pathType: Prefix',
    ],
  };
}

/** Services that come with a Helm chart or an operator, and are in no file of the project. */
function isTool(service: string): boolean {
  return /grafana|prometheus|alertmanager|argo|kibana|jaeger|keycloak|oauth2-proxy|dashboard|longhorn|vault|rabbitmq|traefik|loki|minio|mlflow/.test(
    service,
  );
}

function isDatabase(cluster: Cluster, service: Resource): boolean {
  return workloadsOf(cluster, service).some((workload) =>
    workload.containers.some((container) => engineOf(container.image) !== undefined),
  );
}

export const probePort: Rule = {
  id: 'probe-port',
  title: {
    fr: 'Une sonde interroge un port sur lequel personne n’écoute',
    en: 'A probe asks a port on which nobody listens',
  },
  why: {
    fr: 'Kubernetes croit ses sondes : tant que readinessProbe échoue le pod ne reçoit rien, et livenessProbe qui échoue le redémarre.',
    en: 'Kubernetes trusts its probes: while readinessProbe fails the pod receives nothing, and a failing livenessProbe restarts it.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const workload of cluster.workloads) {
        for (const instance of instancesOf(model, workload)) {
          const container = instance.container;
          if (!container) continue;
          const listening = listeningPorts(model, instance);
          for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
            for (const handler of ['httpGet', 'tcpSocket']) {
              const held = objectAt(container.object, probe, handler);
              const port = held.port;
              if (port === undefined || port === null) continue;
              const names = portsOf(container).flatMap(({ name }) => name ?? []);
              const number = typeof port === 'number' ? port : /^\d+$/.test(written(port)) ? Number(port) : undefined;
              const isWrong =
                number === undefined
                  ? !names.includes(written(port)) && !isFilledInLater(written(port))
                  : listening
                    ? !listening.ports.includes(number) && !declaredPorts(container).slice(1).includes(number)
                    : false;
              if (!isWrong) continue;
              const right = listening?.ports[0] ?? portsOf(container)[0]?.port;
              if (right === undefined) continue;
              const shown = number === undefined ? `« ${written(port)} »` : written(port);
              yield {
                severity: 'error',
                place: placeOf(held, 'port'),
                about: `port ${workload.resource.name} ${written(port)}`,
                fr: [
                  `La sonde ${probe} de « ${container.name} » interroge le port ${shown}, mais le serveur écoute sur le ${right}.`,
                  probe === 'readinessProbe'
                    ? `Le pod reste à 0/1 ; « kubectl describe pod » montre « Readiness probe failed: … connect: connection refused ».`
                    : `Le pod redémarre sans cesse (CrashLoopBackOff) ; « kubectl describe pod » montre « ${probe === 'startupProbe' ? 'Startup' : 'Liveness'} probe failed: … connect: connection refused ».`,
                  `Écrivez ici : port: ${right}`,
                ],
                en: [
                  `The probe ${probe} of "${container.name}" asks port ${shown}, but the server listens on ${right}.`,
                  probe === 'readinessProbe'
                    ? 'The pod stays at 0/1; "kubectl describe pod" shows "Readiness probe failed: … connect: connection refused".'
                    : `The pod restarts again and again (CrashLoopBackOff); "kubectl describe pod" shows "${probe === 'startupProbe' ? 'Startup' : 'Liveness'} probe failed: … connect: connection refused".`,
                  `Write here: port: ${right}`,
                ],
              };
            }
          }
        }
      }
    }
  },
};

export const listenLocal: Rule = {
  id: 'listen-local',
  title: { fr: 'Le serveur n’écoute que sur 127.0.0.1', en: 'The server listens on 127.0.0.1 only' },
  why: {
    fr: 'Dans un conteneur, 127.0.0.1 (localhost) est le conteneur lui-même : rien de ce qui vient du dehors, Service ou port publié, n’y arrive. 0.0.0.0 veut dire « toutes les interfaces ».',
    en: 'In a container, 127.0.0.1 (localhost) is the container itself: nothing that comes from outside, Service or published port, gets there. 0.0.0.0 means "all interfaces".',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (!instance.start.isKnown || instance.listens.length !== 1) continue;
      const [listen] = instance.listens;
      if (!listen || !/^(127\.\d+\.\d+\.\d+|localhost|::1|\[::1\])$/.test(listen.host ?? '')) continue;
      if (!isReachedFromOutside(model, instance, listen.port)) continue;
      const [fixFr, fixEn] = hostFix(listen.server);
      const port = listen.port ?? 8000;
      const where = instance.where === 'compose' ? 'compose' : 'kubernetes';
      yield {
        severity: instance.where === 'image' ? 'warning' : 'error',
        place: listen.place,
        about: `host ${listen.place.file}:${listen.place.line}`,
        fr: [
          `Le serveur (${listen.server}) n’écoute que sur ${listen.host ?? ''}, à l’intérieur du conteneur.`,
          where === 'compose' || instance.where === 'image'
            ? `Le conteneur tourne, mais http://localhost:${port} ne répond pas : « ERR_EMPTY_RESPONSE » ou « Connection reset by peer ».`
            : 'Le pod est « Running », mais l’adresse répond « 502 Bad Gateway » et les sondes échouent (« connection refused »).',
          fixFr,
        ],
        en: [
          `The server (${listen.server}) listens on ${listen.host ?? ''} only, inside the container.`,
          where === 'compose' || instance.where === 'image'
            ? `The container runs, but http://localhost:${port} does not answer: "ERR_EMPTY_RESPONSE" or "Connection reset by peer".`
            : 'The pod is "Running", but the address answers "502 Bad Gateway" and probes fail ("connection refused").',
          fixEn,
        ],
      };
    }
  },
};

function isReachedFromOutside(model: Model, instance: Instance, port: number | undefined): boolean {
  if (instance.service) {
    const name = instance.service.name;
    if (textAt(instance.service.object, 'network_mode') === 'host') return false;
    return (
      instance.service.ports.length > 0 ||
      (instance.stack?.services.some((other) => other.dependsOn.some((each) => each.name === name)) ?? false)
    );
  }
  if (instance.cluster && instance.workload) {
    const services = servicesOf(instance.cluster, instance.workload);
    const targets = services.flatMap((service) => servicePorts(service).map((each) => targetOf(each).target));
    return instance.workload.containers.filter((each) => !each.isInit).length === 1
      ? services.length > 0 || (instance.container !== undefined && declaredPorts(instance.container).length > 0)
      : port !== undefined && targets.includes(port);
  }
  return (instance.image?.exposed.length ?? 0) > 0 || instance.listens.length > 0;
}

function hostFix(server: string): [string, string] {
  const flags: Record<string, string> = {
    uvicorn: '--host 0.0.0.0',
    hypercorn: '--bind 0.0.0.0:8000',
    daphne: '-b 0.0.0.0',
    fastapi: 'fastapi run (au lieu de fastapi dev)',
    gunicorn: '--bind 0.0.0.0:8000',
    django: 'runserver 0.0.0.0:8000',
    flask: '--host=0.0.0.0',
    streamlit: '--server.address=0.0.0.0',
    vite: '--host 0.0.0.0',
    'vite preview': '--host 0.0.0.0',
    chainlit: '--host 0.0.0.0',
    ng: '--host 0.0.0.0',
    gradio: 'demo.launch(server_name="0.0.0.0")',
    dash: 'app.run(host="0.0.0.0")',
    mlflow: '--host 0.0.0.0',
    shiny: '--host 0.0.0.0',
    marimo: '--host 0.0.0.0',
    'shiny (R)': "runApp(…, host = '0.0.0.0', port = 3838)",
    plumber: "pr_run(pr, host = '0.0.0.0', port = 8000)",
    next: 'ENV HOSTNAME=0.0.0.0 (next start : -H 0.0.0.0)',
    fastify: "fastify.listen({ port, host: '0.0.0.0' })",
    node: "app.listen(port, '0.0.0.0')",
  };
  const flag = flags[server] ?? 'host 0.0.0.0';
  return [
    `Faites-le écouter partout : ${flag}${server === 'uvicorn' ? ' (dans le code : uvicorn.run(…, host="0.0.0.0"))' : ''}`,
    `Make it listen everywhere: ${flag.replace('au lieu de', 'instead of')}${server === 'uvicorn' ? ' (in code: uvicorn.run(…, host="0.0.0.0"))' : ''}`,
  ];
}

export const sharedPod: Rule = {
  id: 'shared-pod',
  title: {
    fr: 'Deux applications partagent un pod, et une seule est exposée',
    en: 'Two applications share a pod, and only one is exposed',
  },
  why: {
    fr: 'Le front s’exécute dans le navigateur, hors du cluster : il ne peut joindre l’API que par une adresse publique. Deux briques qui vivent leur vie vont dans deux Deployments.',
    en: 'The front runs in the browser, outside the cluster: it can reach the API only by a public address. Two parts with lives of their own go into two Deployments.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const workload of cluster.workloads) {
        const containers = workload.containers.filter((container) => !container.isInit);
        if (containers.length < 2 || /^(Job|CronJob)$/.test(workload.resource.kind)) continue;
        yield* samePortInPod(model, workload);
        const services = servicesOf(cluster, workload);
        const targets = (names: Set<string>) =>
          services
            .filter((service) => names.has(service.name))
            .flatMap((service) => servicePorts(service).map((port) => targetOf(port).target));
        const published = ingressPaths(cluster);
        const exposedServices = new Set(published.map((entry) => entry.service));
        const open = new Set(
          services
            .filter((service) => /^(NodePort|LoadBalancer)$/.test(textAt(service.object, 'spec', 'type') ?? ''))
            .map((service) => service.name),
        );
        const exposed = exposedTargets(cluster, workload, services, exposedServices, open);
        const all = targets(new Set(services.map((service) => service.name)));
        const isExposed = (ports: { name: string | undefined; port: number }[], list: (string | number)[]) =>
          ports.some(({ name, port }) => list.includes(port) || (name !== undefined && list.includes(name)));
        const roles = containers.map((container) => ({
          container,
          role: roleIn(model, workload, container),
          ports: [...portsOf(container), ...heardPorts(model, workload, container)],
        }));
        const front = roles.find(({ role }) => role === 'front');
        const back = roles.find(({ role, container }) => role === 'back' && container !== front?.container);
        if (!front || !back || exposed.length === 0) continue;
        const hidden =
          !isExposed(back.ports, exposed) && isExposed(front.ports, exposed)
            ? back
            : !isExposed(front.ports, exposed) && isExposed(back.ports, exposed)
              ? front
              : undefined;
        if (!hidden || (hidden === back && rendersOnServer(model, workload, front.container.name))) continue;
        const seen = hidden === back ? front : back;
        const noService = !isExposed(hidden.ports, all);
        yield {
          severity: 'error',
          place: hidden.container.place,
          about: `pod ${workload.resource.name}`,
          fr: [
            `« ${front.container.name} » et « ${back.container.name} » sont dans le même pod (« ${workload.resource.name} »), et l’Ingress ne mène qu’à « ${seen.container.name} »${noService ? ` : aucun Service ne vise « ${hidden.container.name} »` : ''}.`,
            hidden === back
              ? 'La page s’affiche, mais ses appels à l’API échouent dans le navigateur : « Failed to fetch », 404 ou « ERR_CONNECTION_REFUSED ».'
              : 'L’API répond, mais personne ne peut ouvrir la page.',
            `Faites un Deployment, un Service et un Ingress pour « ${hidden.container.name} », à lui seul.`,
          ],
          en: [
            `"${front.container.name}" and "${back.container.name}" are in the same pod ("${workload.resource.name}"), and the Ingress leads to "${seen.container.name}" only${noService ? `: no Service targets "${hidden.container.name}"` : ''}.`,
            hidden === back
              ? 'The page shows, but its calls to the API fail in the browser: "Failed to fetch", 404 or "ERR_CONNECTION_REFUSED".'
              : 'The API answers, but nobody can open the page.',
            `Make a Deployment, a Service and an Ingress for "${hidden.container.name}" alone.`,
          ],
        };
      }
    }
  },
};

/** What a container is for: by its name, its image, or what the image is made of. */
function roleIn(model: Model, workload: Workload, container: Container): 'front' | 'back' | 'data' | undefined {
  const named = roleOf(container.name) ?? roleOf(parseImage(container.image).tail);
  if (named !== undefined) return named;
  const instance = instancesOf(model, workload).find((each) => each.container === container);
  if (!instance?.image) return undefined;
  if (frontOf(model, instance.image)) return 'front';
  return instance.listens.some((listen) => /^(uvicorn|fastapi|gunicorn|flask|django|node|fastify)$/.test(listen.server))
    ? 'back'
    : undefined;
}

function heardPorts(
  model: Model,
  workload: Workload,
  container: Container,
): { name: string | undefined; port: number }[] {
  const instance = instancesOf(model, workload).find((each) => each.container === container);
  const heard = instance ? listeningPorts(model, instance) : undefined;
  return (heard?.ports ?? []).map((port) => ({ name: undefined, port }));
}

function exposedTargets(
  cluster: Cluster,
  workload: Workload,
  services: Resource[],
  byIngress: Set<string>,
  open: Set<string>,
): (string | number)[] {
  const paths = ingressPaths(cluster);
  return services.flatMap((service) => {
    if (open.has(service.name)) return servicePorts(service).map((port) => targetOf(port).target);
    if (!byIngress.has(service.name)) return [];
    return paths
      .filter((entry) => entry.service === service.name)
      .flatMap((entry) =>
        servicePorts(service)
          .filter((port) => entry.port === port.port || entry.port === port.name)
          .map((port) => targetOf(port).target),
      );
  });
}

/** A front that answers for its API (a proxy, Streamlit, a template engine) needs no public API. */
function rendersOnServer(model: Model, workload: Workload, name: string): boolean {
  const instance = instancesOf(model, workload).find((each) => each.container?.name === name);
  if (!instance) return false;
  if (instance.listens.some((listen) => /^(streamlit|gradio|dash|flask|django|chainlit|next)$/.test(listen.server)))
    return true;
  if (/streamlit|gradio|dash|shiny/.test(instance.imageName)) return true;
  return (nginxOf(model, instance)?.configs ?? []).some((config) =>
    /proxy_pass\s+http:\/\/(localhost|127\.0\.0\.1)/.test(config.text),
  );
}

function* samePortInPod(model: Model, workload: Workload): Generator<Remark> {
  const seen = new Map<number, string>();
  for (const instance of instancesOf(model, workload)) {
    if (!instance.container || instance.container.isInit) continue;
    const heard = listeningPorts(model, instance)?.ports.slice(0, 1) ?? declaredPorts(instance.container);
    for (const port of heard) {
      const other = seen.get(port);
      if (other !== undefined && other !== instance.container.name) {
        yield {
          severity: 'error',
          place: instance.container.place,
          about: `pod ${workload.resource.name}`,
          fr: [
            `« ${other} » et « ${instance.container.name} » sont dans le même pod et prennent tous deux le port ${port}.`,
            'Le second ne démarre pas (CrashLoopBackOff) ; ses journaux disent « address already in use ».',
            'Faites un Deployment pour chacun, ou donnez à l’un un autre port.',
          ],
          en: [
            `"${other}" and "${instance.container.name}" are in the same pod and both take port ${port}.`,
            'The second does not start (CrashLoopBackOff); its logs say "address already in use".',
            'Make a Deployment for each, or give one of them another port.',
          ],
        };
      }
      seen.set(port, instance.container.name);
    }
  }
}

export const composePort: Rule = {
  id: 'compose-port',
  title: {
    fr: 'Le port publié par compose ne mène pas au serveur',
    en: 'The port that compose publishes does not lead to the server',
  },
  why: {
    fr: '« 8080:8000 » se lit : port 8080 de votre ordinateur → port 8000 du conteneur. Le second doit être celui sur lequel le serveur écoute, et le premier ne peut servir qu’une fois.',
    en: '"8080:8000" reads: port 8080 of your computer → port 8000 of the container. The second must be the one that the server listens on, and the first can serve only once.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (!instance.service || instance.service.ports.length === 0) continue;
      const heard = listeningPorts(model, instance);
      if (!heard || /^(host|none)$/.test(textAt(instance.service.object, 'network_mode') ?? '')) continue;
      if (instance.service.ports.some((port) => heard.ports.includes(port.container))) continue;
      const [port] = instance.service.ports;
      if (!port) continue;
      const right = heard.ports[0] ?? 0;
      const origin = heard.place.file === port.place.file ? '' : ` (${heard.place.file}:${heard.place.line})`;
      yield {
        severity: 'error',
        place: port.place,
        about: `port compose ${instance.name}`,
        fr: [
          `compose mène au port ${port.container} du conteneur « ${instance.name} », mais le serveur (${heard.server}) y écoute sur le ${right}${origin}.`,
          `Le conteneur tourne, mais http://localhost:${port.host ?? port.container} ne répond pas : « ERR_EMPTY_RESPONSE » ou « Connection reset by peer ».`,
          `Écrivez : "${port.host ?? right}:${right}"`,
        ],
        en: [
          `compose leads to port ${port.container} of the container "${instance.name}", but the server (${heard.server}) listens on ${right} there${origin}.`,
          `The container runs, but http://localhost:${port.host ?? port.container} does not answer: "ERR_EMPTY_RESPONSE" or "Connection reset by peer".`,
          `Write: "${port.host ?? right}:${right}"`,
        ],
      };
    }
    for (const stack of model.stacks) {
      const taken = new Map<number, { name: string; place: Place }>();
      for (const service of stack.services) {
        if (service.profiles.length > 0) continue;
        for (const port of service.ports) {
          const other = port.host === undefined ? undefined : taken.get(port.host);
          if (port.host === undefined) continue;
          if (other && other.name !== service.name) {
            if (
              hasOwnAddress(service.object) ||
              hasOwnAddress(stack.services.find((each) => each.name === other.name)?.object)
            )
              continue;
            yield {
              severity: 'error',
              place: port.place,
              breaks: `published ${stack.file}`,
              fr: [
                `« ${other.name} » et « ${service.name} » demandent tous deux le port ${port.host} de votre ordinateur.`,
                `« docker compose up » s’arrête : « Bind for 0.0.0.0:${port.host} failed: port is already allocated ».`,
                `Donnez à l’un un autre port, par exemple "${port.host + 1}:${port.container}"`,
              ],
              en: [
                `"${other.name}" and "${service.name}" both ask for port ${port.host} of your computer.`,
                `"docker compose up" stops: "Bind for 0.0.0.0:${port.host} failed: port is already allocated".`,
                `Give one of them another port, for instance "${port.host + 1}:${port.container}"`,
              ],
            };
          }
          taken.set(port.host, { name: service.name, place: port.place });
        }
      }
    }
  },
};

/** Ports bound to particular addresses, or shared out by swarm, do not clash. */
function hasOwnAddress(object: unknown): boolean {
  return /\d+\.\d+\.\d+\.\d+:\d+|"mode":"host"|"replicas"/.test(JSON.stringify(object ?? {}));
}

export const composeHost: Rule = {
  id: 'compose-host',
  title: {
    fr: 'Une adresse de compose nomme un service qui n’existe pas, ou localhost',
    en: 'An address in compose names a service that does not exist, or localhost',
  },
  why: {
    fr: 'Entre conteneurs de compose, le nom d’hôte est le nom du service (la clé sous services:) et le port est celui du conteneur. localhost est le conteneur lui-même.',
    en: 'Between containers of compose, the host name is the service’s name (the key under services:) and the port is the container’s. localhost is the container itself.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const { stack, service } = instance;
      if (!stack || !service || stack.isOpen) continue;
      const mode = textAt(service.object, 'network_mode');
      if (mode === 'host') {
        const names = namesOf(model, instance);
        const address = addressesOf(model, instance).find(({ host }) => names.has(host));
        if (address) yield onHostNetwork(service.object, address, names.get(address.host));
      }
      if (mode !== undefined) continue;
      for (const address of addressesOf(model, instance)) {
        const remark = composeHostRemark(model, instance, address);
        if (remark) yield remark;
      }
    }
  },
};

/** On the network of the computer itself, the names of services are unknown. */
function onHostNetwork(service: JsonObject, address: Address, target: Instance | undefined): Remark {
  const port = target?.service?.ports[0]?.host;
  return {
    severity: 'error',
    place: address.place,
    about: `host network ${address.place.file}:${address.place.line}`,
    fr: [
      `Avec network_mode: host (ligne ${placeOf(service, 'network_mode').line}), le conteneur est sur le réseau de l’ordinateur, où « ${address.host} » n’est pas un nom : ${address.label} n’y mène pas.`,
      `L’application ne le trouve pas : « could not translate host name "${address.host}" » ou « getaddrinfo ENOTFOUND ${address.host} ».`,
      `Enlevez network_mode: host${port === undefined ? '' : ` (ou écrivez l’hôte localhost:${port})`}.`,
    ],
    en: [
      `With network_mode: host (line ${placeOf(service, 'network_mode').line}) the container is on the computer’s own network, where "${address.host}" is no name: ${address.label} does not lead there.`,
      `The application does not find it: "could not translate host name "${address.host}"" or "getaddrinfo ENOTFOUND ${address.host}".`,
      `Remove network_mode: host${port === undefined ? '' : ` (or write the host localhost:${port})`}.`,
    ],
  };
}

interface Address {
  label: string;
  host: string;
  port: number | undefined;
  place: Place;
  engine: string | undefined;
  /** True when nothing but a server-side program can use the value. */
  isServerSide: boolean;
}

/** The addresses that a container's variables give it. */
function addressesOf(model: Model, instance: Instance): Address[] {
  const list: Address[] = [];
  for (const [name, { value, place, from }] of instance.variables) {
    // A file of variables is often shared by services that read a part of it each.
    if (instance.stack && from === 'ConfigMap' && !mayRead(model, instance, name)) continue;
    if (value === undefined || value === '' || isFilledInLater(value) || place.file === instance.image?.dockerfile.path)
      continue;
    if (/^(VITE|REACT_APP|NEXT_PUBLIC|VUE_APP|PUBLIC|NUXT_PUBLIC|NG_APP|GATSBY)_/.test(name)) continue;
    if (
      /PROXY|CORS|ORIGIN|ALLOWED|CALLBACK|REDIRECT|PUBLIC|EXTERNAL|FRONT|WEB_?URL|SITE_?URL|(^|_)BASE_?URL|DOMAIN|ADVERTISED|BIND|LISTEN|ISSUER/i.test(
        name,
      )
    )
      continue;
    const address = readAddress(name, value);
    if (address) list.push({ label: name, ...address, place });
  }
  list.push(...addressesOfCommand(instance));
  const withHost = list.filter((address) => address.port === undefined && /HOST/.test(address.label));
  for (const address of withHost) {
    const portName = address.label.replace(/HOST(NAME)?|SERVER/, 'PORT');
    const port = Number(instance.variables.get(portName)?.value);
    if (Number.isInteger(port) && port > 0) address.port = port;
  }
  return list;
}

/** The addresses of databases and brokers that the command of a compose service is given: `rq worker --url redis://…`. */
function addressesOfCommand(instance: Instance): Address[] {
  const service = instance.service?.object;
  if (service?.command === undefined) return [];
  const { command } = service;
  const text = Array.isArray(command) ? command.map(written).join(' ') : written(command);
  return [...text.matchAll(/(?:^|[\s='"])([a-z][a-z0-9+]*:\/\/[^\s'"]+)/g)].flatMap(([, url = '']) => {
    const address = /[$<{]/.test(url) ? undefined : readAddress('', url);
    return address && (address.engine !== undefined || url.startsWith('amqp'))
      ? [{ label: 'command', ...address, place: placeOf(service, 'command') }]
      : [];
  });
}

function namesOf(model: Model, instance: Instance): Map<string, Instance> {
  const names = new Map<string, Instance>();
  for (const other of model.instances) {
    if (other.stack !== instance.stack || !other.service) continue;
    names.set(other.service.name, other);
    for (const key of ['container_name', 'hostname']) {
      const name = textAt(other.service.object, key);
      if (name !== undefined) names.set(name, other);
    }
    for (const network of Object.values(objectAt(other.service.object, 'networks'))) {
      for (const alias of Array.isArray(at(network, 'aliases')) ? (at(network, 'aliases') as unknown[]) : [])
        names.set(String(alias), other);
    }
  }
  for (const key of ['links', 'external_links']) {
    for (const link of Array.isArray(instance.service?.object[key])
      ? (instance.service.object[key] as unknown[])
      : []) {
      const [service = '', alias] = String(link).split(':');
      const target = names.get(service);
      if (target) names.set(alias ?? service, target);
      else names.set(alias ?? service, instance);
    }
  }
  for (const host of Array.isArray(instance.service?.object.extra_hosts)
    ? (instance.service.object.extra_hosts as unknown[])
    : [])
    names.set(String(host).split(/[:=]/)[0] ?? '', instance);
  return names;
}

function composeHostRemark(model: Model, instance: Instance, address: Address): Remark | undefined {
  const names = namesOf(model, instance);
  const services = instance.stack?.services.map((service) => service.name) ?? [];
  const target = names.get(address.host);
  const engines = [...names].filter(
    ([, other]) =>
      address.engine !== undefined &&
      (address.engine === 'any'
        ? engineOf(other.imageName) !== undefined
        : engineOf(other.imageName) === address.engine),
  );
  if (target) {
    const heard = target === instance ? undefined : listeningPorts(model, target);
    if (!heard || address.port === undefined || heard.ports.includes(address.port))
      return separateNetworks(instance, target, address);
    const published = target.service?.ports.find((port) => port.host === address.port);
    return {
      severity: 'error',
      place: address.place,
      fr: [
        `${address.label} vise « ${address.host} » sur le port ${address.port}${published ? ', qui est celui de votre ordinateur' : ''} ; entre conteneurs, « ${address.host} » écoute sur le ${heard.ports[0] ?? ''}.`,
        `L’application ne joint pas « ${address.host} » : « Connection refused ».`,
        `Écrivez le port du conteneur : ${address.host}:${heard.ports[0] ?? ''}`,
      ],
      en: [
        `${address.label} targets "${address.host}" on port ${address.port}${published ? ', which is your computer’s' : ''}; between containers, "${address.host}" listens on ${heard.ports[0] ?? ''}.`,
        `The application cannot reach "${address.host}": "Connection refused".`,
        `Write the container’s port: ${address.host}:${heard.ports[0] ?? ''}`,
      ],
    };
  }
  if (/^(localhost|127\.0\.0\.1|0\.0\.0\.0)$/.test(address.host)) {
    if (address.engine === undefined && !callsFromServer(model, instance, address.label)) return undefined;
    const [meant] = engines.length > 0 ? (engines[0] ?? []) : [byPort(model, instance, address)];
    if (meant === undefined || meant === instance.service?.name) return undefined;
    return {
      severity: 'error',
      place: address.place,
      fr: [
        `${address.label} vise ${address.host} : dans un conteneur, c’est le conteneur lui-même, pas « ${meant} ».`,
        'L’application ne joint pas la base ou l’API : « Connection refused » (could not connect to server).',
        `Remplacez ${address.host} par le nom du service : ${meant}`,
      ],
      en: [
        `${address.label} targets ${address.host}: in a container, that is the container itself, not "${meant}".`,
        'The application cannot reach the database or API: "Connection refused" (could not connect to server).',
        `Replace ${address.host} by the service’s name: ${meant}`,
      ],
    };
  }
  if (!/^[a-zA-Z0-9_-]+$/.test(address.host) || !address.isServerSide || mayBeElsewhere(model, instance, address.host))
    return undefined;
  const meant = engines[0]?.[0] ?? nearest(address.host, services, 3) ?? byPort(model, instance, address);
  if (meant === undefined && address.engine !== undefined && engines.length === 0) return undefined;
  return {
    severity: 'error',
    place: address.place,
    fr: [
      `${address.label} vise l’hôte « ${address.host} », mais aucun service ne s’appelle ainsi (services : ${services.join(', ')}).`,
      address.engine === 'postgres'
        ? `L’application ne démarre pas : « could not translate host name "${address.host}" to address: Name or service not known ».`
        : `L’application ne le trouve pas : « getaddrinfo ENOTFOUND ${address.host} » ou « Name or service not known ».`,
      meant === undefined
        ? 'Mettez le nom d’un service (la clé sous services:).'
        : `Remplacez « ${address.host} » par « ${meant} ».`,
    ],
    en: [
      `${address.label} targets the host "${address.host}", but no service is called that (services: ${services.join(', ')}).`,
      address.engine === 'postgres'
        ? `The application does not start: "could not translate host name "${address.host}" to address: Name or service not known".`
        : `The application does not find it: "getaddrinfo ENOTFOUND ${address.host}" or "Name or service not known".`,
      meant === undefined
        ? 'Put the name of a service (the key under services:).'
        : `Replace "${address.host}" by "${meant}".`,
    ],
  };
}

/** Whether a host may be a service of another compose file: on a shared network, or used together with this one. */
function mayBeElsewhere(model: Model, instance: Instance, host: string): boolean {
  const { stack } = instance;
  if (networksOf(instance).some((name) => stack?.externalNetworks.has(name))) return true;
  return model.stacks.some(
    (other) =>
      other !== stack && other.folder === stack?.folder && other.services.some((service) => service.name === host),
  );
}

/** Whether a Python program of the container calls the address that a variable gives. */
function callsFromServer(model: Model, instance: Instance, variable: string): boolean {
  if (!/API|BACKEND|SERVER/.test(variable)) return false;
  const sources = runningSources(model, instance).filter((source) => source.language === 'python');
  const texts = sources.map((source) => model.project.read(source.path) ?? '');
  return (
    sources.some((source) => source.env.some((read) => read.name === variable)) &&
    texts.some((text) => /\b(requests|httpx|aiohttp|urllib)\b/.test(text))
  );
}

function byPort(model: Model, instance: Instance, address: Address): string | undefined {
  if (address.port === undefined) return undefined;
  const port = address.port;
  const others = model.instances.filter(
    (other) => other.stack === instance.stack && other !== instance && other.service,
  );
  const listens = (other: Instance) =>
    listeningPorts(model, other)?.ports.includes(port) ??
    (other.service?.ports.some((each) => each.container === port) === true ||
      stringsAt(other.service?.object, 'expose').includes(String(port)));
  return others.find(listens)?.service?.name;
}

function separateNetworks(instance: Instance, target: Instance, address: Address): Remark | undefined {
  const [own, other] = [networksOf(instance), networksOf(target)];
  if (target === instance || own.some((name) => other.includes(name))) return undefined;
  if (textAt(target.service?.object, 'network_mode') !== undefined) return undefined;
  return {
    severity: 'error',
    place: instance.service
      ? placeOf(instance.service.object, 'networks' in instance.service.object ? 'networks' : undefined)
      : instance.place,
    fr: [
      `« ${instance.name} » (réseaux : ${own.join(', ')}) et « ${address.host} » (réseaux : ${other.join(', ')}) n’ont aucun réseau en commun.`,
      `« ${instance.name} » ne trouve pas « ${address.host} » : « Name or service not known ».`,
      `Ajoutez à « ${instance.name} » : networks: [${other[0] ?? 'default'}]`,
    ],
    en: [
      `"${instance.name}" (networks: ${own.join(', ')}) and "${address.host}" (networks: ${other.join(', ')}) have no network in common.`,
      `"${instance.name}" does not find "${address.host}": "Name or service not known".`,
      `Add to "${instance.name}": networks: [${other[0] ?? 'default'}]`,
    ],
  };
}

function networksOf(instance: Instance): string[] {
  const networks = instance.service?.object.networks;
  const names = Array.isArray(networks)
    ? networks.map(written)
    : Object.keys(objectAt(instance.service?.object, 'networks'));
  return names.length === 0 ? ['default'] : names;
}

export const clusterHost: Rule = {
  id: 'cluster-host',
  title: { fr: 'Une adresse du cluster ne mène à aucun Service', en: 'An address in the cluster leads to no Service' },
  why: {
    fr: 'Dans le cluster, un pod en joint un autre par le nom de son Service et le port de ce Service. localhost est le pod lui-même ; les noms de compose n’existent pas.',
    en: 'In the cluster, a pod reaches another by the name of its Service and that Service’s port. localhost is the pod itself; the names of compose do not exist.',
  },
  *check(model) {
    for (const instance of model.instances) {
      const { cluster, workload } = instance;
      if (!cluster || !workload || cluster.isOpen) continue;
      for (const address of addressesOf(model, instance)) {
        const remark = clusterHostRemark(model, instance, cluster, workload, address);
        if (remark) yield remark;
      }
    }
  },
};

/** Who asks for a Service: a pod, or the namespace that it wrote behind the Service's name. */
function asked(workload: Workload, namespace: string | undefined): Resource {
  return namespace === undefined ? workload.resource : { ...workload.resource, namespace };
}

function clusterHostRemark(
  model: Model,
  instance: Instance,
  cluster: Cluster,
  workload: Workload,
  address: Address,
): Remark | undefined {
  const services = servicesIn(cluster);
  const databases = services.filter((service) =>
    workloadsOf(cluster, service).some((other) =>
      other.containers.some((container) =>
        address.engine === 'any'
          ? (engineOf(container.image) ?? 'redis') !== 'redis'
          : engineOf(container.image) === address.engine && address.engine !== undefined,
      ),
    ),
  );
  if (/^(localhost|127\.0\.0\.1)$/.test(address.host)) {
    if (
      address.engine === undefined ||
      workload.containers.some(
        (container) => engineOf(container.image) !== undefined || /proxy|pgbouncer|tunnel/.test(container.image),
      )
    )
      return undefined;
    const right = databases[0]?.name;
    return {
      severity: 'error',
      place: address.place,
      fr: [
        `${address.label} vise ${address.host} : dans un pod, c’est le pod lui-même, et il n’y a pas de base de données dedans.`,
        'Le pod redémarre sans cesse (CrashLoopBackOff) ou répond 500 ; ses journaux disent « Connection refused ».',
        right === undefined
          ? 'Mettez le nom du Service de la base (sur le SSPCloud : le nom donné par le catalogue, qui finit par -rw).'
          : `Remplacez ${address.host} par le nom du Service : ${right}`,
      ],
      en: [
        `${address.label} targets ${address.host}: in a pod, that is the pod itself, and there is no database in it.`,
        'The pod restarts again and again (CrashLoopBackOff) or answers 500; its logs say "Connection refused".',
        right === undefined
          ? 'Put the name of the database’s Service (on the SSPCloud: the name the catalogue gave, which ends in -rw).'
          : `Replace ${address.host} by the name of the Service: ${right}`,
      ],
    };
  }
  const [name = '', namespace] = address.host.split('.');
  if (namespace !== undefined && !/\.svc(\.cluster\.local)?$/.test(address.host)) return undefined;
  const service = findResource(cluster, 'Service', name, asked(workload, namespace));
  if (!service) {
    if (!address.isServerSide || (namespace !== undefined && workload.resource.namespace !== namespace))
      return undefined;
    const names = services.map((each) => each.name);
    const right = databases.length === 1 ? databases[0]?.name : nearest(name, names, 2);
    const behind = cluster.workloads.find(
      (other) => other.resource.name === name && servicesOf(cluster, other).length === 0,
    );
    if (right === undefined && !behind) return undefined;
    return {
      severity: 'error',
      place: address.place,
      fr: [
        `${address.label} vise « ${name} », mais aucun Service ne s’appelle ainsi${names.length === 0 ? '' : ` (Services : ${names.join(', ')})`}.`,
        address.engine === 'postgres'
          ? `Le pod redémarre sans cesse ; ses journaux disent « could not translate host name "${name}" to address ».`
          : `Les journaux du pod disent « getaddrinfo ENOTFOUND ${name} » ou « Name or service not known ».`,
        right === undefined
          ? `Ajoutez un Service nommé ${name} qui choisit les pods de « ${name} ».`
          : `Remplacez « ${name} » par « ${right} ».`,
      ],
      en: [
        `${address.label} targets "${name}", but no Service is called that${names.length === 0 ? '' : ` (Services: ${names.join(', ')})`}.`,
        address.engine === 'postgres'
          ? `The pod restarts again and again; its logs say "could not translate host name "${name}" to address".`
          : `The pod’s logs say "getaddrinfo ENOTFOUND ${name}" or "Name or service not known".`,
        right === undefined
          ? `Add a Service named ${name} that picks the pods of "${name}".`
          : `Replace "${name}" by "${right}".`,
      ],
    };
  }
  const home = service.namespace;
  const from = namespace ?? workload.resource.namespace;
  const isElsewhere =
    home !== undefined && from !== undefined && home !== from && !/[{$<]/.test(home + from) && address.isServerSide;
  if (isElsewhere) {
    const right = workload.resource.namespace === home ? name : `${name}.${home}.svc.cluster.local`;
    return {
      severity: 'error',
      place: address.place,
      fr: [
        `${address.label} cherche « ${name} » dans l’espace de noms « ${from} », et ce Service est dans « ${home} » (${service.place.file}).`,
        `Les journaux du pod disent « could not translate host name » ou « getaddrinfo ENOTFOUND ${address.host} ».`,
        `Remplacez « ${address.host} » par « ${right} ».`,
      ],
      en: [
        `${address.label} looks for "${name}" in the namespace "${from}", and that Service is in "${home}" (${service.place.file}).`,
        `The pod’s logs say "could not translate host name" or "getaddrinfo ENOTFOUND ${address.host}".`,
        `Replace "${address.host}" by "${right}".`,
      ],
    };
  }
  const ports = servicePorts(service).map((port) => Number(port.port));
  const port = address.port;
  if (
    port === undefined ||
    ports.length === 0 ||
    ports.includes(port) ||
    textAt(service.object, 'spec', 'type') === 'ExternalName'
  )
    return undefined;
  // A headless Service gives the pods' own addresses, with all the ports that they listen on.
  if (textAt(service.object, 'spec', 'clusterIP') === 'None') {
    const heard = workloadsOf(cluster, service).flatMap((other) =>
      instancesOf(model, other).map((each) => listeningPorts(model, each)?.ports),
    );
    if (heard.length === 0 || heard.some((each) => each === undefined || each.includes(port))) return undefined;
  }
  return {
    severity: 'error',
    place: address.place,
    fr: [
      `${address.label} vise « ${name} » sur le port ${port}, mais ce Service n’a que le ${ports.join(', ')}.`,
      'L’appel ne répond jamais : « Connection timed out » ou « connection refused ».',
      `Écrivez le port du Service : ${name}:${ports[0] ?? ''}`,
    ],
    en: [
      `${address.label} targets "${name}" on port ${port}, but that Service has only ${ports.join(', ')}.`,
      'The call is never answered: "Connection timed out" or "connection refused".',
      `Write the Service’s port: ${name}:${ports[0] ?? ''}`,
    ],
  };
}

export const proxyUpstream: Rule = {
  id: 'proxy-upstream',
  title: {
    fr: 'nginx renvoie vers une adresse qui n’existe pas',
    en: 'nginx passes requests to an address that does not exist',
  },
  why: {
    fr: 'nginx cherche l’adresse de proxy_pass à son démarrage : sous compose, le nom d’un service et le port de son conteneur ; dans Kubernetes, le nom d’un Service et le port de ce Service.',
    en: 'nginx looks the address of proxy_pass up when it starts: under compose, a service’s name and its container’s port; in Kubernetes, a Service’s name and that Service’s port.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (instance.where === 'image') continue;
      const configs = nginxOf(model, instance)?.configs ?? [];
      // A group of servers is often named in one file and used in another.
      const groups = new Set(
        configs.flatMap((config) =>
          findDirectives(config.directives, 'upstream').map(({ directive }) => directive.args[0]),
        ),
      );
      for (const config of configs) {
        const upstreams = findDirectives(config.directives, 'upstream');
        const passes = findDirectives(config.directives, 'proxy_pass').map(({ directive }) => ({
          url: directive.args[0] ?? '',
          line: directive.line,
          isServer: false,
        }));
        const servers = upstreams.flatMap(({ directive }) =>
          (directive.block ?? [])
            .filter((each) => each.name === 'server')
            .map((each) => ({ url: `http://${each.args[0] ?? ''}`, line: each.line, isServer: true })),
        );
        const hasResolver = findDirectives(config.directives, 'resolver').length > 0;
        for (const { url, line, isServer } of [...passes, ...servers]) {
          const filled = url.replace(
            /\$\{?(\w+)\}?/g,
            (whole, name: string) => instance.around.variables[name] ?? whole,
          );
          const [, host = ''] = /^https?:\/\/([^/:$]+)/.exec(filled) ?? [];
          if (host === '' || host === 'unix' || filled.includes('$') || (groups.has(host) && !isServer)) continue;
          const place = { file: config.place.file, line: config.place.line + line - 1 };
          const remark = instance.stack
            ? composeProxy(model, instance, host, portOfUrl(filled), place)
            : hasResolver
              ? undefined
              : clusterProxy(model, instance, host, portOfUrl(filled), place);
          if (remark) yield remark;
        }
      }
    }
  },
};

function composeProxy(model: Model, instance: Instance, host: string, port: number, place: Place): Remark | undefined {
  const names = namesOf(model, instance);
  const services =
    instance.stack?.services.filter((service) => service.name !== instance.name).map((service) => service.name) ?? [];
  const target = names.get(host);
  const file = place.file;
  if (!target) {
    if (/\./.test(host) || mayBeElsewhere(model, instance, host)) return undefined;
    const isLocal = /^(localhost|127)$/.test(host);
    const right =
      byPort(model, instance, { label: '', host, port, place, engine: undefined, isServerSide: true }) ??
      nearest(host, services, 3) ??
      services.find((name) => roleOf(name) === 'back');
    if (isLocal && right === undefined) return undefined;
    // The name is right on the cluster, and one file serves both: compose can give its service the same one.
    const isService = model.clusters.some((cluster) => findResource(cluster, 'Service', host) !== undefined);
    const alias = `networks:\n  default:\n    aliases: [${host}]`;
    const [fixFr, fixEn] =
      isService && right !== undefined
        ? [
            `C’est le nom du Service Kubernetes : donnez-le aussi, dans compose, à « ${right} » :\n${alias}`,
            `That is the name of the Kubernetes Service: give it, in compose, to "${right}" too:\n${alias}`,
          ]
        : right === undefined
          ? ['Mettez le nom d’un service.', 'Put the name of a service.']
          : [`Écrivez : proxy_pass http://${right}:${port};`, `Write: proxy_pass http://${right}:${port};`];
    return {
      severity: 'error',
      place,
      about: `proxy ${file}:${place.line}`,
      fr: [
        isLocal
          ? `nginx renvoie vers localhost : c’est son propre conteneur, pas « ${right ?? ''} ».`
          : `nginx renvoie vers « ${host} », mais aucun service de compose ne s’appelle ainsi (services : ${services.join(', ')}).`,
        isLocal
          ? 'Les appels répondent « 502 Bad Gateway ».'
          : `nginx s’arrête aussitôt : « [emerg] host not found in upstream "${host}" in ${file.split('/').at(-1) ?? ''}:${place.line} ».`,
        fixFr,
      ],
      en: [
        isLocal
          ? `nginx passes to localhost: that is its own container, not "${right ?? ''}".`
          : `nginx passes to "${host}", but no service of compose is called that (services: ${services.join(', ')}).`,
        isLocal
          ? 'Calls answer "502 Bad Gateway".'
          : `nginx stops at once: "[emerg] host not found in upstream "${host}" in ${file.split('/').at(-1) ?? ''}:${place.line}".`,
        fixEn,
      ],
    };
  }
  const heard = target === instance ? undefined : listeningPorts(model, target);
  if (!heard || heard.ports.includes(port)) return undefined;
  return {
    severity: 'error',
    place,
    about: `proxy ${file}:${place.line}`,
    fr: [
      `nginx renvoie vers « ${host} » sur le port ${port}, mais ce conteneur écoute sur le ${heard.ports[0] ?? ''} (${heard.place.file}:${heard.place.line}).`,
      'Les appels répondent « 502 Bad Gateway » ; les journaux de nginx disent « connect() failed (111: Connection refused) ».',
      `Écrivez : proxy_pass http://${host}:${heard.ports[0] ?? ''};`,
    ],
    en: [
      `nginx passes to "${host}" on port ${port}, but that container listens on ${heard.ports[0] ?? ''} (${heard.place.file}:${heard.place.line}).`,
      'Calls answer "502 Bad Gateway"; nginx’s logs say "connect() failed (111: Connection refused)".',
      `Write: proxy_pass http://${host}:${heard.ports[0] ?? ''};`,
    ],
  };
}

function clusterProxy(model: Model, instance: Instance, host: string, port: number, place: Place): Remark | undefined {
  const { cluster, workload } = instance;
  if (!cluster || !workload || cluster.isOpen) return undefined;
  const file = place.file;
  const names = servicesIn(cluster).map((service) => service.name);
  if (/^(localhost|127\.0\.0\.1)$/.test(host)) return undefined;
  const [name = '', namespace] = host.split('.');
  if (namespace !== undefined && !/\.svc(\.|$)/.test(host) && namespace !== workload.resource.namespace)
    return undefined;
  const service = findResource(cluster, 'Service', name, asked(workload, namespace));
  if (!service) {
    const own = new Set(servicesOf(cluster, workload).map((each) => each.name));
    const right =
      nearest(name, names, 3) ??
      names.find((each) => !own.has(each) && roleOf(each) === 'back') ??
      (isCustom(instance)
        ? servicesIn(cluster).find((each) => !own.has(each.name) && !isDatabase(cluster, each))?.name
        : undefined);
    if (right === undefined) return undefined;
    return {
      severity: 'error',
      place,
      about: `proxy ${file}:${place.line}`,
      fr: [
        `nginx renvoie vers « ${host} », mais aucun Service ne s’appelle ainsi (Services : ${names.join(', ')}).`,
        `Le pod redémarre sans cesse (CrashLoopBackOff) : « [emerg] host not found in upstream "${host}" ».`,
        `Écrivez : proxy_pass http://${right}:${written(servicePorts(findResource(cluster, 'Service', right) ?? service_(cluster))[0]?.port ?? port)};`,
      ],
      en: [
        `nginx passes to "${host}", but no Service is called that (Services: ${names.join(', ')}).`,
        `The pod restarts again and again (CrashLoopBackOff): "[emerg] host not found in upstream "${host}"".`,
        `Write: proxy_pass http://${right}:${written(servicePorts(findResource(cluster, 'Service', right) ?? service_(cluster))[0]?.port ?? port)};`,
      ],
    };
  }
  const ports = servicePorts(service).map((each) => Number(each.port));
  if (ports.length === 0 || ports.includes(port) || textAt(service.object, 'spec', 'clusterIP') === 'None')
    return undefined;
  return {
    severity: 'error',
    place,
    about: `proxy ${file}:${place.line}`,
    fr: [
      `nginx renvoie vers le Service « ${name} » sur le port ${port}, mais ce Service n’a que le ${ports.join(', ')} (${service.place.file}).`,
      'Les appels répondent « 504 Gateway Time-out » ou « 502 Bad Gateway ».',
      `Écrivez : proxy_pass http://${name}${ports[0] === 80 ? '' : `:${ports[0] ?? ''}`};`,
    ],
    en: [
      `nginx passes to the Service "${name}" on port ${port}, but that Service has only ${ports.join(', ')} (${service.place.file}).`,
      'Calls answer "504 Gateway Time-out" or "502 Bad Gateway".',
      `Write: proxy_pass http://${name}${ports[0] === 80 ? '' : `:${ports[0] ?? ''}`};`,
    ],
  };
}

function service_(cluster: Cluster): Resource {
  const [first] = servicesIn(cluster);
  if (!first) throw new Error('a cluster without Services has no nearest Service');
  return first;
}

export const codeHost: Rule = {
  id: 'code-host',
  title: {
    fr: 'L’adresse de la base est écrite dans le code, et ne vaut que sur votre ordinateur',
    en: 'The database’s address is written in the code, and is right on your computer only',
  },
  why: {
    fr: 'Le même code tourne à plusieurs endroits, où la base n’a pas la même adresse : c’est à une variable d’environnement de la dire.',
    en: 'The same code runs in several places, where the database has not the same address: an environment variable must tell it.',
  },
  *check(model) {
    for (const instance of model.instances) {
      if (
        instance.where === 'image' ||
        instance.container?.isInit ||
        instance.service?.object.network_mode !== undefined
      )
        continue;
      const addresses = [...codeAddresses(instance, runningSources(model, instance))];
      if (addresses.length === 0) continue;
      const databases = databasesBeside(model, instance);
      const hasOwn =
        instance.workload?.containers.some(
          (container) => engineOf(container.image) !== undefined || /proxy|tunnel|pgbouncer/.test(container.image),
        ) ?? false;
      if (hasOwn || (instance.stack && databases.length === 0)) continue;
      for (const { address, place, variable, text } of addresses) {
        const known = instance.stack
          ? namesOf(model, instance).has(address.host)
          : instance.cluster !== undefined &&
            findResource(instance.cluster, 'Service', address.host.split('.')[0] ?? '') !== undefined;
        const isLoopback = /^(localhost|127\.0\.0\.1)$/.test(address.host);
        if (known || (!isLoopback && address.host.includes('.')) || (instance.cluster?.isOpen ?? false)) continue;
        if (!isLoopback && databases.length === 0) continue;
        // A cache that is not there is most often done without.
        if (address.engine === 'redis' && !databases.some((each) => each.engine === 'redis')) continue;
        const right = databases.find((each) => each.engine === address.engine)?.name ?? databases[0]?.name;
        const given = variable === undefined ? '' : variable;
        yield {
          severity: 'error',
          place,
          about: variable === undefined ? `code host ${place.file}:${place.line}` : variableCause(instance, variable),
          fr: [
            variable === undefined
              ? `Le code se connecte à « ${address.host} », écrit en dur${isLoopback ? ' : dans un conteneur, c’est le conteneur lui-même' : ', un nom qui n’existe pas ici'}.`
              : `Rien ne donne ${given} à « ${instance.name} » : le code prend sa valeur par défaut, « ${address.host} »${isLoopback ? ', qui est le conteneur lui-même' : ''}.`,
            isLoopback
              ? 'L’application ne joint pas la base : « Connection refused ».'
              : `L’application ne joint pas la base : « could not translate host name "${address.host}" to address ».`,
            variable === undefined
              ? `Lisez l’adresse d’une variable (os.environ["DATABASE_URL"]) et donnez-la au conteneur${right === undefined ? '' : `, avec l’hôte ${right}`}.`
              : `Donnez au conteneur : ${given}=${text.replace(address.host, right ?? '<l’hôte de votre base>')}`,
          ],
          en: [
            variable === undefined
              ? `The code connects to "${address.host}", written in it${isLoopback ? ': in a container, that is the container itself' : ', a name that does not exist here'}.`
              : `Nothing gives ${given} to "${instance.name}": the code takes its default value, "${address.host}"${isLoopback ? ', which is the container itself' : ''}.`,
            isLoopback
              ? 'The application cannot reach the database: "Connection refused".'
              : `The application cannot reach the database: "could not translate host name "${address.host}" to address".`,
            variable === undefined
              ? `Read the address from a variable (os.environ["DATABASE_URL"]) and give it to the container${right === undefined ? '' : `, with the host ${right}`}.`
              : `Give the container: ${given}=${text.replace(address.host, right ?? '<your database’s host>')}`,
          ],
        };
      }
    }
  },
};

/** The databases that run beside a container, in its compose file or its cluster. */
function databasesBeside(model: Model, instance: Instance): { name: string; engine: string }[] {
  const { cluster } = instance;
  if (cluster) {
    return servicesIn(cluster).flatMap((service) =>
      workloadsOf(cluster, service).flatMap((workload) =>
        workload.containers.flatMap((container) => {
          const engine = engineOf(container.image);
          return engine === undefined ? [] : [{ name: service.name, engine }];
        }),
      ),
    );
  }
  return (instance.stack?.services ?? []).flatMap((service) => {
    const engine = engineOf(service.image ?? '');
    return engine === undefined ? [] : [{ name: service.name, engine }];
  });
}

/** Addresses of databases in the running code: written out, or the default of a variable that nothing gives. */
function* codeAddresses(
  instance: Instance,
  sources: SourceFile[],
): Generator<{
  address: { host: string; engine: string | undefined };
  place: Place;
  variable: string | undefined;
  text: string;
}> {
  for (const source of sources) {
    const defaults = new Set(source.env.flatMap((read) => textOf(read.fallback) ?? []));
    for (const { text, line, inCode } of source.strings) {
      if (
        !inCode ||
        !/^(postgres|mysql|mariadb|mongodb|redis)[a-z]*(\+\w+)?:\/\//.test(text) ||
        /[{$%]/.test(/:\/\/(?:[^@/]*@)?([^:/?]*)/.exec(text)?.[1] ?? '{') ||
        defaults.has(text)
      )
        continue;
      const address = readAddress('', text);
      if (address?.engine !== undefined && address.engine !== 'redis')
        yield { address, place: { file: source.path, line }, variable: undefined, text };
    }
    for (const call of source.calls) {
      if (
        !/(^|\.)(connect|create_pool|createConnection|createPool|Pool|Client|MongoClient|ConnectionPool)$/.test(
          call.callee,
        )
      )
        continue;
      const engine = /psycopg|asyncpg|pg\b|Pool$/.test(call.callee)
        ? 'postgres'
        : /mysql|MySQLdb|pymysql/.test(call.callee)
          ? 'mysql'
          : /mongo/i.test(call.callee)
            ? 'mongo'
            : undefined;
      const host = call.named.get('host') ?? (/MongoClient$/.test(call.callee) ? call.positional[0] : undefined);
      if (engine !== undefined && host?.kind === 'text' && !host.text.includes('://'))
        yield {
          address: { host: host.text, engine },
          place: { file: source.path, line: call.line },
          variable: undefined,
          text: host.text,
        };
    }
    if (instance.envIsOpen) continue;
    for (const read of source.env) {
      const fallback = textOf(read.fallback);
      if (fallback === undefined || instance.variables.has(read.name)) continue;
      const address = readAddress(read.name, fallback);
      if (address?.engine !== undefined)
        yield { address, place: { file: source.path, line: read.line }, variable: read.name, text: fallback };
    }
  }
}
