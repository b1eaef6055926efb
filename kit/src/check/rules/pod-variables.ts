import { instancesOf, isCustom } from '../chains.ts';
import type { Remark, Rule } from '../findings.ts';
import type { Instance, Model } from '../model.ts';
import { findResource, type Cluster, type Container, type Resource, type Workload } from '../read/kubernetes.ts';
import { objectAt, objectsAt, placeOf, textAt, type Place } from '../read/yaml.ts';
import { literal, meansTheSame, nearest } from '../words.ts';

/** Variables that Kubernetes itself gives for each Service. */
const OF_SERVICES = /_(SERVICE_HOST|SERVICE_PORT\w*|PORT(_\d+_(TCP|UDP)\w*)?)$/;

export const variableReference: Rule = {
  id: 'variable-reference',
  title: {
    fr: 'Une variable en reprend une autre, qui n’est pas encore définie, ou d’une façon que Kubernetes ne connaît pas',
    en: 'A variable takes up another one that is not defined yet, or in a way that Kubernetes does not know',
  },
  why: {
    fr: 'Sous env:, Kubernetes remplace $(NOM) par une variable du même conteneur, définie plus haut ou reçue par envFrom. Tout le reste arrive tel quel à l’application : ${NOM}, un nom inconnu, et ce qui est écrit dans un ConfigMap ou un Secret.',
    en: 'Under env:, Kubernetes replaces $(NAME) by a variable of the same container that is defined above or comes by envFrom. All else reaches the application as it stands: ${NAME}, an unknown name, and what is written in a ConfigMap or a Secret.',
  },
  *check(model) {
    const isFilled = model.project.files.some(
      ({ path }) =>
        /\.(sh|bash|ya?ml|mk|md|py|[cm]?js|toml|ps1)$|(^|\/)(makefile|justfile|jenkinsfile|\.gitlab-ci\.yml)$/i.test(
          path,
        ) && /\benvsubst\b|\bvars:\s*$|\bpostBuild:|replacetokens/m.test(model.project.read(path) ?? ''),
    );
    for (const cluster of model.clusters) {
      for (const workload of cluster.workloads) {
        for (const instance of instancesOf(model, workload)) {
          if (!instance.container) continue;
          yield* ownValues(instance, instance.container, cluster, workload, isFilled);
          if (!isFilled) yield* heldValues(model, instance, instance.container, cluster, workload);
        }
      }
    }
  },
};

/** The names that `envFrom` gives; undefined when some of them are not in the files. */
function namesFrom(container: Container, cluster: Cluster, workload: Workload): Set<string> | undefined {
  if (container.envIsOpen) return undefined;
  const names = new Set<string>();
  for (const source of objectsAt(container.object, 'envFrom')) {
    const prefix = textAt(source, 'prefix') ?? '';
    for (const [key, kind] of [
      ['configMapRef', 'ConfigMap'],
      ['secretRef', 'Secret'],
    ] as const) {
      const held = findResource(cluster, kind, textAt(source, key, 'name') ?? '', workload.resource);
      for (const section of ['data', 'stringData'])
        for (const name of Object.keys(objectAt(held?.object, section))) names.add(prefix + name);
    }
  }
  return names;
}

/** `$(NAME)` without a second dollar in front, which would keep it as it is. */
function references(text: string): string[] {
  return [...text.matchAll(/(\$+)\(([A-Za-z_][\w.-]*)\)/g)].flatMap(([, dollars = '', name = '']) =>
    dollars.length % 2 === 1 ? [name] : [],
  );
}

/** Values under `env:` of a container. */
function* ownValues(
  instance: Instance,
  container: Container,
  cluster: Cluster,
  workload: Workload,
  isFilled: boolean,
): Generator<Remark> {
  const given = namesFrom(container, cluster, workload);
  if (!given) return;
  const entries = objectsAt(container.object, 'env');
  const lines = new Map(entries.map((entry) => [textAt(entry, 'name') ?? '', placeOf(entry)]));
  const before = new Set(given);
  for (const entry of entries) {
    const label = textAt(entry, 'name') ?? '';
    const value = textAt(entry, 'value') ?? '';
    const place = 'value' in entry ? placeOf(entry, 'value') : placeOf(entry);
    for (const name of references(value)) {
      if (before.has(name) || OF_SERVICES.test(name)) continue;
      const later = name === label ? undefined : lines.get(name);
      const known = [...new Set([...before, ...lines.keys()])].filter((each) => each !== label);
      const near = nearest(name, known, 3) ?? known.find((each) => meansTheSame(each, name));
      // A word that nothing explains may be meant for a shell.
      if (!later && near === undefined && !/^[a-z][a-z0-9+.]*:\/\//i.test(value)) continue;
      yield later
        ? told(
            place,
            [
              `${label} reprend $(${name}), qui n’est défini que plus bas (ligne ${later.line}).`,
              `Déplacez ${name} au-dessus de ${label}, dans la liste env.`,
            ],
            [
              `${label} takes up $(${name}), which is defined further down only (line ${later.line}).`,
              `Move ${name} above ${label} in the list env.`,
            ],
            `$(${name})`,
          )
        : told(
            place,
            [
              `${label} reprend $(${name}), que rien ne donne à « ${container.name} »${known.length === 0 ? '' : ` (il reçoit : ${known.slice(0, 6).join(', ')})`}.`,
              near === undefined ? `Définissez ${name} au-dessus, dans la liste env.` : `Écrivez : $(${near})`,
            ],
            [
              `${label} takes up $(${name}), which nothing gives to "${container.name}"${known.length === 0 ? '' : ` (it is given: ${known.slice(0, 6).join(', ')})`}.`,
              near === undefined ? `Define ${name} above, in the list env.` : `Write: $(${near})`,
            ],
            `$(${name})`,
          );
    }
    const shell = isFilled ? undefined : shellReference(instance, label, value, new Set([...given, ...lines.keys()]));
    if (shell)
      yield told(
        place,
        [
          `${label} contient ${shell.written}, que seul un shell remplace : Kubernetes ne connaît que $(${shell.name}).`,
          `Écrivez : $(${shell.name})${before.has(shell.name) ? '' : ` (et définissez ${shell.name} au-dessus de ${label})`}`,
        ],
        [
          `${label} holds ${shell.written}, which only a shell replaces: Kubernetes knows $(${shell.name}) only.`,
          `Write: $(${shell.name})${before.has(shell.name) ? '' : ` (and define ${shell.name} above ${label})`}`,
        ],
        shell.written,
      );
    before.add(label);
  }
}

/** `${NAME}` in an address, where the container has a variable of that name and no program that would fill it in. */
function shellReference(
  instance: Instance,
  label: string,
  value: string,
  names: Set<string>,
): { name: string; written: string } | undefined {
  const isJava =
    /^jdbc:/.test(value) ||
    /^(SPRING|QUARKUS|MICRONAUT|JAVA|KC|KEYCLOAK)/.test(label) ||
    /java|jdk|jre|temurin|corretto|maven|gradle|tomcat|keycloak/.test(instance.image?.base ?? instance.imageName);
  if (isJava || !isCustom(instance) || !/^[a-z][a-z0-9+.]*:\/\//i.test(value)) return undefined;
  const match = [...value.matchAll(/\$\{(\w+)\}|\$(\w+)/g)].find(([, a, b]) => names.has(a ?? b ?? ''));
  return match ? { name: match[1] ?? match[2] ?? '', written: match[0] } : undefined;
}

/** Values of ConfigMaps and Secrets, in which nothing is ever replaced. */
function* heldValues(
  model: Model,
  instance: Instance,
  container: Container,
  cluster: Cluster,
  workload: Workload,
): Generator<Remark> {
  for (const { holder, key } of heldKeys(container, cluster, workload)) {
    const section = key in objectAt(holder.object, 'stringData') ? 'stringData' : 'data';
    const data = objectAt(holder.object, section);
    const raw = textAt(data, key) ?? '';
    const text = holder.kind === 'Secret' && section === 'data' ? Buffer.from(raw, 'base64').toString('utf8') : raw;
    if (!/^[a-z][a-z0-9+.]*:\/\//i.test(text)) continue;
    const [name] = references(text);
    const names = new Set(instance.variables.keys());
    const shell = name === undefined ? shellReference(instance, key, text, names) : { name, written: `$(${name})` };
    if (!shell || isReplacedByCode(model, shell.written)) continue;
    yield told(
      placeOf(data, key),
      [
        `Dans un ${holder.kind}, rien ne remplace ${shell.written} : « ${container.name} » reçoit ${key} tel quel.`,
        `Enlevez ${key} d’ici et définissez-le dans le conteneur, sous env: :\n- name: ${key}\n  value: "…$(${shell.name})…"`,
      ],
      [
        `In a ${holder.kind}, nothing replaces ${shell.written}: "${container.name}" is given ${key} as it stands.`,
        `Remove ${key} from here and define it in the container, under env: :\n- name: ${key}\n  value: "…$(${shell.name})…"`,
      ],
      shell.written,
    );
  }
}

/** The entries of ConfigMaps and Secrets that a container takes as variables. */
function heldKeys(container: Container, cluster: Cluster, workload: Workload): { holder: Resource; key: string }[] {
  const find = (kind: string, name: string | undefined) => findResource(cluster, kind, name ?? '', workload.resource);
  const whole = objectsAt(container.object, 'envFrom').flatMap((source) =>
    [
      find('ConfigMap', textAt(source, 'configMapRef', 'name')),
      find('Secret', textAt(source, 'secretRef', 'name')),
    ].flatMap((holder) =>
      holder
        ? [...Object.keys(objectAt(holder.object, 'data')), ...Object.keys(objectAt(holder.object, 'stringData'))].map(
            (key) => ({ holder, key }),
          )
        : [],
    ),
  );
  const single = objectsAt(container.object, 'env').flatMap((entry) => {
    const [kind, from] =
      'secretKeyRef' in objectAt(entry, 'valueFrom')
        ? (['Secret', objectAt(entry, 'valueFrom', 'secretKeyRef')] as const)
        : (['ConfigMap', objectAt(entry, 'valueFrom', 'configMapKeyRef')] as const);
    const holder = find(kind, textAt(from, 'name'));
    const key = textAt(from, 'key');
    return holder && key !== undefined ? [{ holder, key }] : [];
  });
  return [...whole, ...single];
}

/** Whether the sources speak of that very form, as those that fill it in themselves do. */
function isReplacedByCode(model: Model, form: string): boolean {
  const pattern = new RegExp(`["'\`]${literal(form)}|expandvars|expand_vars`);
  return model.project.files.some(
    ({ path }) => /\.(py|[cm]?[jt]s|go|rb|php|sh)$/.test(path) && pattern.test(model.project.read(path) ?? ''),
  );
}

function told(place: Place, fr: [string, string], en: [string, string], form: string): Remark {
  return {
    severity: 'error',
    place,
    about: `reference ${place.file}:${place.line}`,
    fr: [
      fr[0],
      `L’application reçoit « ${form} » au lieu de la valeur : mot de passe, utilisateur ou hôte refusé par la base.`,
      fr[1],
    ],
    en: [
      en[0],
      `The application is given "${form}" instead of the value: a password, user or host that the database refuses.`,
      en[1],
    ],
  };
}
