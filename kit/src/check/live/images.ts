import { objectsAt, textAt } from '../read/yaml.ts';
import { short, tell, type LiveFinding } from './finding.ts';
import { type Patient } from './patient.ts';
import { type Container } from './state.ts';

/** An image that does not come, and why. */
export function imageFinding(patient: Patient, container: Container, waiting: string): LiveFinding {
  const { state, name, owner, pod, events } = patient;
  const image = textAt(container.spec, 'image') ?? '';
  const message = textAt(container.status, 'state', 'waiting', 'message') ?? '';
  const told = events.filter((event) => event.message.includes(image)).map((event) => event.message);
  // "Back-off pulling" repeats nothing on older clusters: the event before it does.
  const words = /rpc error|failed to|not found|denied/i.test(message)
    ? message
    : (told.findLast((line) => /failed to pull|Failed to pull/.test(line)) ?? message);
  const edit =
    owner.kind === 'Pod' ? `kubectl describe pod ${name}` : `kubectl edit ${owner.kind.toLowerCase()} ${owner.name}`;
  const describe = `kubectl describe pod ${name}`;
  const object = `pod/${name}`;
  const about = { explains: [`image/${image}`] };
  const shown = short(
    words.replace(
      /^.*?(?=failed to (?:pull|resolve|authorize|do request|fetch|copy)|no match for|toomanyrequests|pull access denied)/s,
      '',
    ),
    200,
  );
  if (waiting === 'ErrImageNeverPull')
    return tell(
      'image-never-pull',
      object,
      [
        `« ${image} » n’est pas sur le nœud, et imagePullPolicy: Never interdit d’aller la chercher.`,
        'Le pod reste en ErrImageNeverPull.',
        'Écrivez imagePullPolicy: Always dans le Deployment, et poussez l’image sur Docker Hub.',
      ],
      [
        `"${image}" is not on the node, and imagePullPolicy: Never forbids to fetch it.`,
        'The pod stays in ErrImageNeverPull.',
        'Write imagePullPolicy: Always in the Deployment, and push the image to Docker Hub.',
      ],
      edit,
      about,
    );
  if (waiting === 'InvalidImageName')
    return tell(
      'image-name',
      object,
      [
        `« ${image} » n’est pas un nom d’image.`,
        'Le pod reste en InvalidImageName : « invalid reference format ».',
        'Écrivez compte/nom:étiquette, en minuscules, sans https:// ni espace, ni variable non remplacée.',
      ],
      [
        `"${image}" is no image name.`,
        'The pod stays in InvalidImageName: "invalid reference format".',
        'Write account/name:tag, in lower case, without https:// or spaces, nor a variable left as it is.',
      ],
      edit,
      about,
    );
  if (/no match for platform|exec format|does not match the specified platform|no matching manifest/.test(words))
    return tell(
      'image-architecture',
      object,
      [
        `« ${image} » n’existe pas pour le processeur du nœud (amd64).`,
        '« no match for platform in manifest ».',
        'Construisez-la pour amd64 : docker build --platform linux/amd64 …',
      ],
      [
        `"${image}" does not exist for the node’s processor (amd64).`,
        '"no match for platform in manifest".',
        'Build it for amd64: docker build --platform linux/amd64 …',
      ],
      describe,
      about,
    );
  if (/toomanyrequests|rate limit|429 Too Many/i.test(words))
    return tell(
      'image-limit',
      object,
      [
        'Docker Hub refuse de donner l’image pour l’instant : trop de demandes sans compte.',
        '« toomanyrequests: You have reached your unauthenticated pull rate limit ».',
        'Attendez une heure, ou donnez un compte (imagePullSecrets).',
      ],
      [
        'Docker Hub refuses to give the image for now: too many requests without an account.',
        '"toomanyrequests: You have reached your unauthenticated pull rate limit".',
        'Wait an hour, or give an account (imagePullSecrets).',
      ],
      describe,
      about,
    );
  if (
    /no such host|dial tcp|i\/o timeout|x509|HTTP response to HTTPS|TLS handshake|connection refused|network is unreachable|5\d\d (Internal|Bad Gateway|Service)/i.test(
      words,
    )
  ) {
    const host = /lookup ([\w.-]+)|https?:\/\/([^/"\s]+)/.exec(words);
    const registry = host?.[1] ?? host?.[2] ?? image.split('/')[0] ?? '';
    const isUnknown = /no such host/.test(words);
    return tell(
      'image-registry',
      object,
      [
        isUnknown
          ? `Le registre « ${registry} » de l’image « ${image} » n’existe pas.`
          : `Le registre « ${registry} » ne donne pas l’image « ${image} » : il ne répond pas au nœud.`,
        `« ${shown} ».`,
        isUnknown
          ? 'Corrigez le nom du registre, au début du nom de l’image.'
          : 'Vérifiez le nom du registre et qu’il parle HTTPS avec un certificat connu ; sinon, attendez et regardez encore.',
      ],
      [
        isUnknown
          ? `The registry "${registry}" of the image "${image}" does not exist.`
          : `The registry "${registry}" does not give the image "${image}": it does not answer the node.`,
        `"${shown}".`,
        isUnknown
          ? 'Mend the name of the registry, at the beginning of the image’s name.'
          : 'Check the registry’s name and that it speaks HTTPS with a known certificate; else wait and look again.',
      ],
      describe,
      about,
    );
  }
  const isDenied = /denied|unauthorized|authorization failed|insufficient_scope|\b40[13]\b/i.test(words);
  const secrets = objectsAt(pod, 'spec', 'imagePullSecrets').map((each) => textAt(each, 'name') ?? '');
  const absent =
    state.secrets === undefined ? undefined : secrets.find((secret) => state.secrets?.[secret] === undefined);
  if (absent !== undefined && isDenied)
    return tell(
      'image-pull-secret',
      object,
      [
        `Le Secret « ${absent} », qui donne le compte du registre pour « ${image} », n’existe pas dans ${state.namespace}.`,
        `« ${shown} ».`,
        `Créez-le : kubectl create secret docker-registry ${absent} … (ou corrigez imagePullSecrets).`,
      ],
      [
        `The Secret "${absent}", which gives the registry’s account for "${image}", does not exist in ${state.namespace}.`,
        `"${shown}".`,
        `Make it: kubectl create secret docker-registry ${absent} … (or mend imagePullSecrets).`,
      ],
      'kubectl get secrets',
      about,
    );
  return tell(
    'image-not-found',
    object,
    [
      isDenied
        ? `L’image « ${image} » est introuvable, ou privée${secrets.length > 0 ? ' (le compte d’imagePullSecrets n’y a pas droit)' : ''}.`
        : `L’image « ${image} » est introuvable : ce nom ou cette étiquette n’est pas sur le registre.`,
      `Le pod reste en ${waiting} : « ${shown} ».`,
      `Comparez, lettre à lettre, avec le nom et l’étiquette poussés sur le registre${isDenied ? ' ; rendez-la publique si elle est privée' : ' (la construction a-t-elle réussi ?)'}.`,
    ],
    [
      isDenied
        ? `The image "${image}" is not to be found, or private${secrets.length > 0 ? ' (the account of imagePullSecrets has no right to it)' : ''}.`
        : `The image "${image}" is not to be found: this name or tag is not on the registry.`,
      `The pod stays in ${waiting}: "${shown}".`,
      `Compare, letter by letter, with the name and tag pushed to the registry${isDenied ? '; make it public if it is private' : ' (did the build succeed?)'}.`,
    ],
    edit,
    about,
  );
}
