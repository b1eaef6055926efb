import path from 'node:path';
import type { Remark, Rule } from '../findings.ts';
import type { Model } from '../model.ts';
import {
  dataOf,
  findResource,
  idOf,
  ingressPaths,
  isFilledInLater,
  mayMeet,
  workloadsOf,
  type Cluster,
  type Resource,
  type Workload,
} from '../read/kubernetes.ts';
import { objectAt, objectsAt, placeAt, placeOf, textAt, type JsonObject, type Place } from '../read/yaml.ts';
import { literal, meansTheSame, nearest } from '../words.ts';

interface Reference {
  kind: 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim';
  name: string;
  key: string | undefined;
  place: Place;
  keyPlace: Place;
  isOptional: boolean;
  workload: Workload;
  container: string;
}

/** Everything that a pod takes from ConfigMaps, Secrets and volume claims. */
export function referencesOf(workload: Workload): Reference[] {
  const list: Reference[] = [];
  const add = (kind: Reference['kind'], holder: JsonObject, nameKey: string, container: string, keyed = false) => {
    const name = textAt(holder, nameKey);
    if (name === undefined || isFilledInLater(name)) return;
    list.push({
      kind,
      name,
      key: keyed ? textAt(holder, 'key') : undefined,
      place: placeOf(holder, nameKey),
      keyPlace: placeOf(holder, keyed ? 'key' : nameKey),
      isOptional: holder.optional === true,
      workload,
      container,
    });
  };
  for (const container of workload.containers) {
    for (const source of objectsAt(container.object, 'envFrom')) {
      add('ConfigMap', objectAt(source, 'configMapRef'), 'name', container.name);
      add('Secret', objectAt(source, 'secretRef'), 'name', container.name);
    }
    for (const entry of objectsAt(container.object, 'env')) {
      add('ConfigMap', objectAt(entry, 'valueFrom', 'configMapKeyRef'), 'name', container.name, true);
      add('Secret', objectAt(entry, 'valueFrom', 'secretKeyRef'), 'name', container.name, true);
    }
  }
  for (const volume of objectsAt(workload.pod, 'volumes')) {
    add('ConfigMap', objectAt(volume, 'configMap'), 'name', '');
    add('Secret', objectAt(volume, 'secret'), 'secretName', '');
    add('PersistentVolumeClaim', objectAt(volume, 'persistentVolumeClaim'), 'claimName', '');
    for (const source of objectsAt(volume, 'projected', 'sources')) {
      add('ConfigMap', objectAt(source, 'configMap'), 'name', '');
      add('Secret', objectAt(source, 'secret'), 'name', '');
    }
  }
  return list;
}

/** Whether something else than a manifest of that name makes the object: an operator, a script, a sentence of the README. */
function isMadeElsewhere(model: Model, cluster: Cluster, kind: string, name: string): boolean {
  if (cluster.isOpen || name === 'kube-root-ca.crt') return true;
  const byOperator = cluster.resources.some((resource) => {
    if (
      /^(SealedSecret|ExternalSecret|Certificate|VaultStaticSecret|SopsSecret|BitwardenSecret|OnePasswordItem|InfisicalSecret)$/.test(
        resource.kind,
      )
    ) {
      return [
        resource.name,
        textAt(resource.object, 'spec', 'target', 'name'),
        textAt(resource.object, 'spec', 'secretName'),
        textAt(resource.object, 'spec', 'template', 'metadata', 'name'),
      ].includes(name);
    }
    // CloudNativePG and its like name their Secrets after themselves.
    return resource.apiVersion.includes('.') && !/k8s\.io/.test(resource.apiVersion) && name.startsWith(resource.name);
  });
  if (byOperator) return true;
  const word = kind === 'Secret' ? 'secret' : kind === 'ConfigMap' ? '(configmap|cm)' : 'pvc';
  const pattern = new RegExp(`create\\s+${word}\\b[^\\n]*\\b${literal(name)}\\b`, 'i');
  return model.project.files.some(({ path: file }) => {
    if (!/\.(md|sh|bash|ya?ml|txt|rst|mk|ps1)$|(^|\/)(makefile|justfile)$/i.test(file)) return false;
    return pattern.test((model.project.read(file) ?? '').replace(/\\\n/g, ' '));
  });
}

/** Whether a namesake in the folder, which the last definition replaces, held a key: that is told as a duplicate. */
export function isInNamesake(model: Model, resource: Resource, key: string): boolean {
  const folder = path.posix.dirname(resource.place.file);
  return model.manifests
    .filter((file) => path.posix.dirname(file.path) === folder)
    .some((file) =>
      file.documents.some(
        (object) =>
          object !== resource.object &&
          idOf(object) === idOf(resource.object) &&
          ['data', 'stringData'].some((section) => key in objectAt(object, section)),
      ),
    );
}

function usedNames(model: Model, kind: string): Set<string> {
  return new Set(
    model.clusters.flatMap((cluster) =>
      cluster.workloads.flatMap((workload) =>
        referencesOf(workload)
          .filter((reference) => reference.kind === kind)
          .map((reference) => reference.name),
      ),
    ),
  );
}

/** Whether any other object of the project speaks of that name. */
function isNamedAnywhere(model: Model, resource: Resource): boolean {
  return model.manifests.some((file) =>
    file.documents.some((object) => {
      if (object.kind === resource.kind && textAt(object, 'metadata', 'name') === resource.name) return false;
      return JSON.stringify(object).includes(`"${resource.name}"`);
    }),
  );
}

export const referenceMissing: Rule = {
  id: 'reference-missing',
  title: {
    fr: 'Un pod demande un ConfigMap, un Secret ou un volume qui n’existe pas sous ce nom',
    en: 'A pod asks for a ConfigMap, a Secret or a volume that does not exist under that name',
  },
  why: {
    fr: 'Le lien entre un pod et sa configuration est un nom, comparé lettre à lettre. Tant que l’objet nommé n’existe pas, le conteneur n’est pas créé.',
    en: 'A pod is tied to its configuration by a name, compared letter by letter. As long as the named object does not exist, the container is not created.',
  },
  *check(model) {
    for (const cluster of model.clusters) yield* namedObjects(model, cluster);
    for (const cluster of model.clusters) {
      for (const reference of cluster.workloads.flatMap(referencesOf)) {
        if (reference.isOptional || findResource(cluster, reference.kind, reference.name, reference.workload.resource))
          continue;
        if (isMadeElsewhere(model, cluster, reference.kind, reference.name)) continue;
        const remark = missingRemark(model, cluster, reference);
        if (remark) yield remark;
      }
    }
  },
};

function missingRemark(model: Model, cluster: Cluster, reference: Reference): Remark | undefined {
  const { kind, name, workload } = reference;
  const used = (wanted: string) => usedNames(model, wanted);
  const names = used(kind);
  const held = cluster.resources.filter((resource) => resource.kind === kind);
  const unused = held.filter((resource) => !names.has(resource.name) && !isNamedAnywhere(model, resource));
  const namesake =
    kind === 'ConfigMap'
      ? findResource(cluster, 'Secret', name)
      : kind === 'Secret'
        ? findResource(cluster, 'ConfigMap', name)
        : undefined;
  // A Secret and a ConfigMap may share a name: only one that holds the asked key, or that nothing else takes, was meant.
  const isMeant =
    namesake !== undefined &&
    (reference.key === undefined ? !used(namesake.kind).has(name) : reference.key in dataOf(namesake));
  const otherKind = isMeant ? namesake : undefined;
  const near =
    nearest(
      name,
      held.map((resource) => resource.name),
      3,
    ) ?? held.map((resource) => resource.name).find((candidate) => meansTheSame(candidate, name));
  const [only] = unused;
  const meant =
    unused.find((resource) => resource.name === near) ??
    unused.find((resource) => reference.key !== undefined && reference.key in dataOf(resource)) ??
    unused.find((resource) => sharesWord(resource.name, name)) ??
    (kind !== 'Secret' && unused.length === 1 ? only : held.find((resource) => resource.name === near));
  const words =
    kind === 'PersistentVolumeClaim'
      ? `persistentvolumeclaim "${name}" not found`
      : `Error: ${kind.toLowerCase()} "${name}" not found`;
  const state =
    kind === 'PersistentVolumeClaim'
      ? 'Pending'
      : reference.container === ''
        ? 'ContainerCreating'
        : 'CreateContainerConfigError';
  const consequence = {
    fr: `Le pod reste en ${state} ; « kubectl describe pod » montre « ${words} ».`,
    en: `The pod stays in ${state}; "kubectl describe pod" shows "${words}".`,
  };
  const about = `reference ${cluster.id} ${workload.resource.name} ${kind} ${name}`;
  if (otherKind) {
    const right = kind === 'ConfigMap' ? 'Secret' : 'ConfigMap';
    const fix = kind === 'ConfigMap' ? 'secretRef (ou secretKeyRef)' : 'configMapRef (ou configMapKeyRef)';
    return {
      severity: 'error',
      place: reference.place,
      about,
      fr: [
        `« ${name} » est demandé comme ${kind}, mais c’est un ${right} (${otherKind.place.file}).`,
        consequence.fr,
        `Remplacez la clé par ${fix}.`,
      ],
      en: [
        `"${name}" is asked for as a ${kind}, but it is a ${right} (${otherKind.place.file}).`,
        consequence.en,
        `Replace the key by ${fix.replace('ou', 'or')}.`,
      ],
    };
  }
  if (meant) {
    return {
      severity: 'error',
      place: reference.place,
      about: `unused ${kind} ${meant.name}`,
      fr: [
        `Le pod de « ${workload.resource.name} » demande le ${kind} « ${name} », mais celui des fichiers s’appelle « ${meant.name} » (${meant.place.file}).`,
        consequence.fr,
        `Écrivez ici : ${kind === 'PersistentVolumeClaim' ? 'claimName' : 'name'}: ${meant.name}`,
      ],
      en: [
        `The pod of "${workload.resource.name}" asks for the ${kind} "${name}", but the one in the files is called "${meant.name}" (${meant.place.file}).`,
        consequence.en,
        `Write here: ${kind === 'PersistentVolumeClaim' ? 'claimName' : 'name'}: ${meant.name}`,
      ],
    };
  }
  // A Secret is often made by hand on the cluster, so that it is in no file: that is right.
  if (kind === 'Secret') return undefined;
  return {
    severity: 'warning',
    place: reference.place,
    about,
    fr: [
      `Le pod de « ${workload.resource.name} » demande le ${kind} « ${name} », qu’aucun fichier ne définit.`,
      `S’il n’existe pas non plus sur le cluster : ${consequence.fr}`,
      `Ajoutez un fichier qui définit le ${kind} « ${name} », ou corrigez le nom.`,
    ],
    en: [
      `The pod of "${workload.resource.name}" asks for the ${kind} "${name}", which no file defines.`,
      `If it does not exist on the cluster either: ${consequence.en}`,
      `Add a file that defines the ${kind} "${name}", or mend the name.`,
    ],
  };
}

/** Whether two names have a telling word in common. */
function sharesWord(a: string, b: string): boolean {
  const words = (name: string) =>
    name
      .split(/[^a-z0-9]+/)
      .filter(
        (word) =>
          word.length > 1 &&
          !/^(secrets?|config(uration|map)?|cm|app(lication)?|env|variables?|credentials?|creds?)$/.test(word),
      );
  return words(a).some((word) => words(b).includes(word));
}

/** The Service that a StatefulSet names, and the ServiceAccount of a pod. */
function* namedObjects(model: Model, cluster: Cluster): Generator<Remark> {
  if (cluster.isOpen) return;
  const names = (kind: string) => cluster.resources.filter((each) => each.kind === kind).map((each) => each.name);
  for (const { resource, pod } of cluster.workloads) {
    const service = textAt(resource.object, 'spec', 'serviceName');
    if (
      resource.kind === 'StatefulSet' &&
      service !== undefined &&
      service !== '' &&
      !isFilledInLater(service) &&
      !names('Service').includes(service)
    ) {
      const own = cluster.resources.find(
        (each) =>
          each.kind === 'Service' && workloadsOf(cluster, each).some((workload) => workload.resource === resource),
      );
      yield {
        severity: 'warning',
        place: placeAt(resource.object, ['spec', 'serviceName']),
        about: `service name ${resource.name}`,
        fr: [
          `Le StatefulSet « ${resource.name} » nomme le Service « ${service} », qu’aucun fichier ne définit.`,
          `Les pods démarrent, mais leurs noms (${resource.name}-0.${service}) ne mènent nulle part : « Name or service not known ».`,
          own === undefined
            ? `Ajoutez un Service nommé ${service}, avec clusterIP: None et le sélecteur de ces pods.`
            : `Écrivez ici : serviceName: ${own.name}`,
        ],
        en: [
          `The StatefulSet "${resource.name}" names the Service "${service}", which no file defines.`,
          `The pods start, but their names (${resource.name}-0.${service}) lead nowhere: "Name or service not known".`,
          own === undefined
            ? `Add a Service named ${service}, with clusterIP: None and the selector of these pods.`
            : `Write here: serviceName: ${own.name}`,
        ],
      };
    }
    const account = textAt(pod, 'serviceAccountName') ?? 'default';
    if (account === 'default' || isFilledInLater(account) || names('ServiceAccount').includes(account)) continue;
    const isSaid = model.project.files.some(
      ({ path: file }) =>
        /\.(md|sh|bash|ya?ml|mk|tf|ps1)$|(^|\/)(makefile|justfile)$/i.test(file) &&
        !model.manifests.some((manifest) => manifest.path === file) &&
        (model.project.read(file) ?? '').includes(account),
    );
    if (isSaid) continue;
    const near = nearest(account, names('ServiceAccount'), 4);
    yield {
      severity: near === undefined ? 'warning' : 'error',
      place: placeOf(pod, 'serviceAccountName'),
      about: `account ${account}`,
      fr: [
        `Le pod de « ${resource.name} » demande le ServiceAccount « ${account} », qu’aucun fichier ne définit.`,
        `Aucun pod n’est créé ; « kubectl describe » montre « error looking up service account …/${account}: serviceaccount "${account}" not found ».`,
        near === undefined
          ? `Enlevez la ligne, ou ajoutez :\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: ${account}`
          : `Écrivez ici : serviceAccountName: ${near}`,
      ],
      en: [
        `The pod of "${resource.name}" asks for the ServiceAccount "${account}", which no file defines.`,
        `No pod is made; "kubectl describe" shows "error looking up service account …/${account}: serviceaccount "${account}" not found".`,
        near === undefined
          ? `Remove the line, or add:\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: ${account}`
          : `Write here: serviceAccountName: ${near}`,
      ],
    };
  }
}

export const referenceKey: Rule = {
  id: 'reference-key',
  title: {
    fr: 'Un pod demande une clé que le ConfigMap ou le Secret n’a pas',
    en: 'A pod asks for a key that the ConfigMap or Secret does not have',
  },
  why: {
    fr: 'configMapKeyRef et secretKeyRef prennent une seule valeur, désignée par sa clé. Une clé absente arrête la création du conteneur.',
    en: 'configMapKeyRef and secretKeyRef take one value, known by its key. A key that is not there stops the creation of the container.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const reference of cluster.workloads.flatMap(referencesOf)) {
        const resource =
          reference.key === undefined
            ? undefined
            : findResource(cluster, reference.kind, reference.name, reference.workload.resource);
        if (
          !resource ||
          reference.isOptional ||
          reference.key === undefined ||
          cluster.isOpen ||
          '$partial' in resource.object ||
          isFilledInLater(reference.key)
        )
          continue;
        const keys = Object.keys(dataOf(resource));
        if (keys.includes(reference.key) || isInNamesake(model, resource, reference.key)) continue;
        const near = nearest(reference.key, keys, 3) ?? keys.find((key) => meansTheSame(key, reference.key ?? ''));
        yield {
          severity: 'error',
          place: reference.keyPlace,
          fr: [
            `Le ${reference.kind} « ${reference.name} » n’a pas de clé « ${reference.key} » (il a : ${keys.join(', ') || 'aucune'}).`,
            `Le pod reste en CreateContainerConfigError ; « kubectl describe pod » montre « Error: couldn't find key ${reference.key} in ${reference.kind} … ».`,
            near === undefined
              ? `Ajoutez la clé ${reference.key} dans ${resource.place.file}.`
              : `Écrivez ici : key: ${near}`,
          ],
          en: [
            `The ${reference.kind} "${reference.name}" has no key "${reference.key}" (it has: ${keys.join(', ') || 'none'}).`,
            `The pod stays in CreateContainerConfigError; "kubectl describe pod" shows "Error: couldn't find key ${reference.key} in ${reference.kind} …".`,
            near === undefined ? `Add the key ${reference.key} in ${resource.place.file}.` : `Write here: key: ${near}`,
          ],
        };
      }
    }
  },
};

export const configUnused: Rule = {
  id: 'config-unused',
  title: { fr: 'Aucun conteneur ne lit ce ConfigMap ou ce Secret', en: 'No container reads this ConfigMap or Secret' },
  why: {
    fr: 'Un ConfigMap ou un Secret ne donne rien de lui-même : chaque conteneur qui doit le recevoir le nomme, par envFrom, env ou un volume.',
    en: 'A ConfigMap or a Secret gives nothing by itself: each container that is to receive it names it, by envFrom, env or a volume.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      if (cluster.isOpen || cluster.workloads.length === 0) continue;
      for (const resource of cluster.resources) {
        if (resource.kind !== 'ConfigMap' && resource.kind !== 'Secret') continue;
        const type = textAt(resource.object, 'type') ?? 'Opaque';
        const keys = Object.keys(dataOf(resource));
        const labels =
          Object.keys(objectAt(resource.object, 'metadata', 'labels')).join(' ') +
          Object.keys(objectAt(resource.object, 'metadata', 'annotations')).join(' ');
        const isFiles = keys.every((key) => /\.(conf|json|js|html|ini|toml|properties)$/.test(key));
        if (type !== 'Opaque' || keys.length === 0 || !(isFiles || keys.some((key) => /^[A-Za-z_][\w]*$/.test(key))))
          continue;
        if (/grafana|prometheus|argocd|helm|replicator|reflector|kubernetes\.io\/service-account/.test(labels))
          continue;
        if (isNamedAnywhere(model, resource) || usedNames(model, resource.kind).has(resource.name)) continue;
        if (JSON.stringify(cluster.workloads.map((workload) => workload.resource.object)).includes(resource.name))
          continue;
        const target =
          cluster.workloads.find(
            (workload) => workload.resource.name === resource.name || resource.name.includes(workload.resource.name),
          ) ?? cluster.workloads[0];
        const reference = resource.kind === 'ConfigMap' ? 'configMapRef' : 'secretRef';
        const lines = isFiles
          ? `volumeMounts:\n  - { name: config, mountPath: … }\n(et, au niveau de containers) volumes:\n  - { name: config, ${resource.kind === 'ConfigMap' ? `configMap: { name` : `secret: { secretName`}: ${resource.name} } }`
          : `envFrom:\n  - ${reference}:\n      name: ${resource.name}`;
        yield {
          severity: 'warning',
          place: placeAt(resource.object, ['metadata', 'name']),
          about: `unused ${resource.kind} ${resource.name}`,
          fr: [
            `Aucun conteneur ne lit le ${resource.kind} « ${resource.name} » (${keys.slice(0, 4).join(', ')}${keys.length > 4 ? '…' : ''}).`,
            'L’application démarre sans ces valeurs : les changer ici ne change rien.',
            `Dans le conteneur qui en a besoin${target ? ` (par exemple ${target.resource.place.file})` : ''}, ajoutez :\n${lines}\nou supprimez ce fichier s’il ne sert plus.`,
          ],
          en: [
            `No container reads the ${resource.kind} "${resource.name}" (${keys.slice(0, 4).join(', ')}${keys.length > 4 ? '…' : ''}).`,
            'The application starts without these values: changing them here changes nothing.',
            `In the container that needs them${target ? ` (for instance ${target.resource.place.file})` : ''}, add:\n${lines.replace('(et, au niveau de containers)', '(and, at the level of containers)')}\nor delete this file if it is of no more use.`,
          ],
        };
      }
    }
  },
};

export const volumeMissing: Rule = {
  id: 'volume-missing',
  title: {
    fr: 'Un conteneur monte un volume que le pod ne déclare pas',
    en: 'A container mounts a volume that the pod does not declare',
  },
  why: {
    fr: 'Un volume se déclare une fois pour le pod (volumes), puis se monte dans les conteneurs qui s’en servent (volumeMounts), par son nom.',
    en: 'A volume is declared once for the pod (volumes), then mounted in the containers that use it (volumeMounts), by its name.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      for (const workload of cluster.workloads) {
        const declared = [
          ...objectsAt(workload.pod, 'volumes').map((volume) => textAt(volume, 'name') ?? ''),
          ...objectsAt(workload.resource.object, 'spec', 'volumeClaimTemplates').map(
            (claim) => textAt(claim, 'metadata', 'name') ?? '',
          ),
        ];
        for (const container of workload.containers) {
          for (const [index, mount] of objectsAt(container.object, 'volumeMounts').entries()) {
            const name = textAt(mount, 'name') ?? '';
            if (name === '' || declared.includes(name) || isFilledInLater(name)) continue;
            const near = nearest(name, declared, 3) ?? (declared.length === 1 ? declared[0] : undefined);
            yield {
              severity: 'error',
              place: placeOf(mount, 'name'),
              fr: [
                `Le conteneur « ${container.name} » monte le volume « ${name} », que le pod ne déclare pas${declared.length === 0 ? '' : ` (déclarés : ${declared.join(', ')})`}.`,
                `Kubernetes refuse l’objet : « The ${workload.resource.kind} "${workload.resource.name}" is invalid: spec.template.spec.containers[0].volumeMounts[${index}].name: Not found: "${name}" ».`,
                near === undefined
                  ? `Déclarez-le au niveau de containers :\nvolumes:\n  - name: ${name}\n    emptyDir: {}`
                  : `Écrivez ici : name: ${near}`,
              ],
              en: [
                `The container "${container.name}" mounts the volume "${name}", which the pod does not declare${declared.length === 0 ? '' : ` (declared: ${declared.join(', ')})`}.`,
                `Kubernetes refuses the object: "The ${workload.resource.kind} "${workload.resource.name}" is invalid: spec.template.spec.containers[0].volumeMounts[${index}].name: Not found: "${name}"".`,
                near === undefined
                  ? `Declare it at the level of containers:\nvolumes:\n  - name: ${name}\n    emptyDir: {}`
                  : `Write here: name: ${near}`,
              ],
            };
          }
        }
      }
    }
  },
};

export const namespaceMismatch: Rule = {
  id: 'namespace-mismatch',
  title: {
    fr: 'Deux objets liés sont dans deux espaces de noms',
    en: 'Two objects that belong together are in two namespaces',
  },
  why: {
    fr: 'Un Service ne voit que les pods de son espace de noms, un pod que les ConfigMaps et Secrets du sien, un Ingress que ses Services.',
    en: 'A Service sees only the pods of its own namespace, a pod only the ConfigMaps and Secrets of its own, an Ingress only its Services.',
  },
  *check(model) {
    for (const cluster of model.clusters) {
      const apart = [...namespacesApart(cluster)];
      yield* apart;
      // Mending one line may mend the other.
      if (apart.length === 0) yield* halfNamed(model, cluster);
    }
  },
};

/** Two objects that belong together and name different namespaces. */
function* namespacesApart(cluster: Cluster): Generator<Remark> {
  for (const service of cluster.resources.filter((resource) => resource.kind === 'Service')) {
    const [other] = workloadsOf(cluster, service);
    if (!other || mayMeet(service, other.resource)) continue;
    yield {
      severity: 'error',
      place: placeAt(service.object, ['metadata', 'namespace']),
      about: `selector ${service.name}`,
      fr: [
        `Le Service « ${service.name} » est dans « ${service.namespace ?? ''} », ses pods dans « ${other.resource.namespace ?? ''} » (${other.resource.place.file}).`,
        `« kubectl get endpoints ${service.name} » montre « <none> » ; l’adresse répond 503.`,
        `Écrivez ici : namespace: ${other.resource.namespace ?? ''}`,
      ],
      en: [
        `The Service "${service.name}" is in "${service.namespace ?? ''}", its pods in "${other.resource.namespace ?? ''}" (${other.resource.place.file}).`,
        `"kubectl get endpoints ${service.name}" shows "<none>"; the address answers 503.`,
        `Write here: namespace: ${other.resource.namespace ?? ''}`,
      ],
    };
  }
  for (const { ingress, service: name } of ingressPaths(cluster)) {
    const service = findResource(cluster, 'Service', name, ingress);
    if (!service || mayMeet(ingress, service)) continue;
    yield {
      severity: 'error',
      place: placeAt(ingress.object, ['metadata', 'namespace']),
      about: `ingress namespace ${ingress.name}`,
      fr: [
        `L’Ingress « ${ingress.name} » est dans « ${ingress.namespace ?? ''} », le Service « ${name} » dans « ${service.namespace ?? ''} » (${service.place.file}) : il ne peut pas le voir.`,
        `« kubectl describe ingress ${ingress.name} » montre « <error: services "${name}" not found> » ; l’adresse répond 503.`,
        `Écrivez ici : namespace: ${service.namespace ?? ''}`,
      ],
      en: [
        `The Ingress "${ingress.name}" is in "${ingress.namespace ?? ''}", the Service "${name}" in "${service.namespace ?? ''}" (${service.place.file}): it cannot see it.`,
        `"kubectl describe ingress ${ingress.name}" shows "<error: services "${name}" not found>"; the address answers 503.`,
        `Write here: namespace: ${service.namespace ?? ''}`,
      ],
    };
  }
  for (const workload of cluster.workloads) {
    const own = workload.resource.namespace ?? '';
    for (const reference of referencesOf(workload)) {
      const found = findResource(cluster, reference.kind, reference.name, workload.resource);
      if (!found || reference.isOptional || mayMeet(found, workload.resource)) continue;
      yield {
        severity: 'error',
        place: placeAt(found.object, ['metadata', 'namespace']),
        fr: [
          `Le ${reference.kind} « ${reference.name} » est dans « ${found.namespace ?? ''} », le pod qui le demande dans « ${own} » (${workload.resource.place.file}).`,
          `Le pod reste en CreateContainerConfigError : « Error: ${reference.kind.toLowerCase()} "${reference.name}" not found ».`,
          `Écrivez ici : namespace: ${own}`,
        ],
        en: [
          `The ${reference.kind} "${reference.name}" is in "${found.namespace ?? ''}", the pod that asks for it in "${own}" (${workload.resource.place.file}).`,
          `The pod stays in CreateContainerConfigError: "Error: ${reference.kind.toLowerCase()} "${reference.name}" not found".`,
          `Write here: namespace: ${own}`,
        ],
      };
    }
  }
}

/** Two objects that belong together, of which one names a namespace and the other leaves it to the command. */
function* halfNamed(model: Model, cluster: Cluster): Generator<Remark> {
  const links = [
    ...cluster.resources
      .filter((resource) => resource.kind === 'Service')
      .flatMap((service) => workloadsOf(cluster, service).map(({ resource }) => [service, resource] as const)),
    ...ingressPaths(cluster).map(
      ({ ingress, service }) => [ingress, findResource(cluster, 'Service', service, ingress)] as const,
    ),
    ...cluster.workloads.flatMap((workload) =>
      referencesOf(workload).map(
        ({ kind, name }) => [workload.resource, findResource(cluster, kind, name, workload.resource)] as const,
      ),
    ),
  ];
  for (const [left, right] of links) {
    if (!right || (left.namespace === undefined) === (right.namespace === undefined)) continue;
    const [loose, bound] = left.namespace === undefined ? [left, right] : [right, left];
    const namespace = bound.namespace ?? '';
    if (/^(default)?$/.test(namespace) || isFilledInLater(namespace) || isNamespaceGiven(model, namespace)) continue;
    // The command that adds the missing one is the same for all files.
    yield {
      severity: 'warning',
      place: placeAt(loose.object, ['metadata', 'name']),
      about: `namespace ${namespace}`,
      fr: [
        `${loose.kind} « ${loose.name} » ne dit pas son espace de noms, alors que ${bound.kind} « ${bound.name} », qui va avec, dit « ${namespace} » (${bound.place.file}).`,
        'Sans « -n », « kubectl apply -f » les crée dans deux espaces de noms, où ils ne se voient pas.',
        `Ajoutez sous metadata : namespace: ${namespace} (ou appliquez tout avec « kubectl apply -n ${namespace} -f … »).`,
      ],
      en: [
        `${loose.kind} "${loose.name}" does not say its namespace, while ${bound.kind} "${bound.name}", which goes with it, says "${namespace}" (${bound.place.file}).`,
        'Without "-n", "kubectl apply -f" makes them in two namespaces, where they do not see each other.',
        `Add under metadata: namespace: ${namespace} (or apply everything with "kubectl apply -n ${namespace} -f …").`,
      ],
    };
    return;
  }
}

/** Whether a command of the project, or Argo CD, puts into that namespace what names none. */
function isNamespaceGiven(model: Model, namespace: string): boolean {
  const name = literal(namespace);
  const option = new RegExp(`(\\s-n[ =]?|--namespace[ =]|kubens |destination[^}]*namespace: *)["']?${name}\\b`);
  return model.project.files.some(
    ({ path: file }) =>
      /\.(md|sh|bash|ya?ml|txt|rst|mk|ps1|toml)$|(^|\/)(makefile|justfile)$/i.test(file) &&
      option.test(model.project.read(file) ?? ''),
  );
}
