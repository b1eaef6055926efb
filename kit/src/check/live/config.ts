import { objectAt, textAt } from '../read/yaml.ts';
import { short, tell, type LiveFinding } from './finding.ts';
import { type Patient } from './patient.ts';
import { ageOf, created, nameOf, ofKind, type Container, type LiveState, type Owner } from './state.ts';

/** A Secret, a ConfigMap or one of their keys that is not there, or a user that is not allowed. */
export function configFinding({ state, name, owner, pod }: Patient, container: Container): LiveFinding | undefined {
  const message = (textAt(container.status, 'state', 'waiting', 'message') ?? '').replace(/ \(pod: .*\)$/, '');
  const object = `pod/${name}`;
  const missing = /(secret|configmap) "([^"]+)" not found/.exec(message);
  const key = /couldn't find key (\S+) in (ConfigMap|Secret) (?:[^\s/]+\/)?(\S+)/i.exec(message);
  if (/runAsNonRoot/.test(message)) {
    const isNamed = /non-numeric user/.test(message);
    return tell(
      'root-refused',
      object,
      [
        isNamed
          ? `L’image de « ${container.name} » nomme son utilisateur : Kubernetes ne peut pas vérifier qu’il n’est pas root.`
          : `L’image de « ${container.name} » tourne en root, et runAsNonRoot: true l’interdit.`,
        `Le pod reste en CreateContainerConfigError : « ${short(message, 160)} ».`,
        isNamed
          ? 'Écrivez son numéro : securityContext.runAsUser: 1000 (ou USER 1000 dans le Dockerfile).'
          : 'Écrivez USER 1000 dans le Dockerfile, ou securityContext.runAsUser: 1000 si l’image le supporte.',
      ],
      [
        isNamed
          ? `The image of "${container.name}" names its user: Kubernetes cannot check that it is not root.`
          : `The image of "${container.name}" runs as root, and runAsNonRoot: true forbids it.`,
        `The pod stays in CreateContainerConfigError: "${short(message, 160)}".`,
        isNamed
          ? 'Write its number: securityContext.runAsUser: 1000 (or USER 1000 in the Dockerfile).'
          : 'Write USER 1000 in the Dockerfile, or securityContext.runAsUser: 1000 if the image bears it.',
      ],
      `kubectl get pod ${name} -o jsonpath='{.spec.securityContext}'`,
    );
  }
  if (missing) {
    const kind = missing[1] === 'secret' ? 'Secret' : 'ConfigMap';
    // It has come since: the node asks again within a minute.
    if (exists(state, kind, missing[2] ?? '') && ageOf(state, created(pod)) < 300) return undefined;
    return missingFinding(state, owner, object, kind, missing[2] ?? '', 'CreateContainerConfigError', message);
  }
  if (key)
    return keyFinding(
      state,
      owner,
      object,
      key[1] ?? '',
      key[2] === 'Secret' || key[2] === 'secret' ? 'Secret' : 'ConfigMap',
      key[3] ?? '',
    );
  if (/timed out waiting for the condition/.test(message) && ageOf(state, created(pod)) < 120) return undefined;
  return tell(
    'config-missing',
    object,
    [
      `La configuration de « ${container.name} » ne peut pas être lue.`,
      `Le pod reste en CreateContainerConfigError : « ${short(message)} ».`,
      'Corrigez dans le Deployment ce que le message nomme.',
    ],
    [
      `The configuration of "${container.name}" cannot be read.`,
      `The pod stays in CreateContainerConfigError: "${short(message)}".`,
      'Mend in the Deployment what the message names.',
    ],
    `kubectl describe pod ${name}`,
  );
}

/** Whether a Secret or ConfigMap is there. */
export function exists(state: LiveState, kind: 'Secret' | 'ConfigMap', name: string): boolean {
  return kind === 'ConfigMap'
    ? ofKind(state.objects, kind).some((each) => nameOf(each) === name)
    : state.secrets?.[name] !== undefined;
}

function namesOf(state: LiveState, kind: 'Secret' | 'ConfigMap'): string[] {
  const names = kind === 'ConfigMap' ? ofKind(state.objects, kind).map(nameOf) : Object.keys(state.secrets ?? {});
  return names.filter((name) => !/^(kube-root-ca\.crt|sh\.helm\.release.*|default-token-.*)$/.test(name));
}

/** A Secret or ConfigMap that is not there. */
export function missingFinding(
  state: LiveState,
  owner: Owner,
  object: string,
  kind: 'Secret' | 'ConfigMap',
  name: string,
  stage: string,
  message: string,
): LiveFinding {
  const names = namesOf(state, kind).slice(0, 5);
  const there = {
    fr: names.length === 0 ? '' : ` Il y a : ${names.join(', ')}.`,
    en: names.length === 0 ? '' : ` There is: ${names.join(', ')}.`,
  };
  return tell(
    'config-missing',
    object,
    [
      `« ${owner.name} » demande le ${kind} « ${name} », qui n’existe pas dans ${state.namespace}.`,
      `Le pod reste en ${stage} : « ${short(message, 160)} ».`,
      `Appliquez le fichier qui le définit, créez-le, ou corrigez le nom dans le ${owner.kind}.${there.fr}`,
    ],
    [
      `"${owner.name}" asks for the ${kind} "${name}", which does not exist in ${state.namespace}.`,
      `The pod stays in ${stage}: "${short(message, 160)}".`,
      `Apply the file that defines it, make it, or mend the name in the ${owner.kind}.${there.en}`,
    ],
    `kubectl get ${kind.toLowerCase()}s`,
    { explains: [`${kind}/${name}`] },
  );
}

/** A key that a Secret or ConfigMap does not have. */
export function keyFinding(
  state: LiveState,
  owner: Owner,
  object: string,
  key: string,
  kind: 'Secret' | 'ConfigMap',
  name: string,
): LiveFinding {
  const map = ofKind(state.objects, 'ConfigMap').find((each) => nameOf(each) === name);
  const keys = kind === 'Secret' ? (state.secrets?.[name]?.keys ?? []) : Object.keys(objectAt(map, 'data'));
  return tell(
    'config-missing',
    object,
    [
      `« ${owner.name} » demande la clé « ${key} », que le ${kind} « ${name} » n’a pas.`,
      `Le pod reste en CreateContainerConfigError.${keys.length === 0 ? '' : ` Ses clés : ${keys.slice(0, 8).join(', ')}.`}`,
      `Corrigez la clé dans le ${owner.kind}, ou ajoutez-la au ${kind}.`,
    ],
    [
      `"${owner.name}" asks for the key "${key}", which the ${kind} "${name}" does not have.`,
      `The pod stays in CreateContainerConfigError.${keys.length === 0 ? '' : ` Its keys: ${keys.slice(0, 8).join(', ')}.`}`,
      `Mend the key in the ${owner.kind}, or add it to the ${kind}.`,
    ],
    `kubectl describe ${kind.toLowerCase()} ${name}`,
    { explains: [`${kind}/${name}#${key}`] },
  );
}
