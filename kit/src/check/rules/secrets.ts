import type { Remark, Rule } from '../findings.ts';
import type { Model } from '../model.ts';
import { isEnvFile, isEnvTemplate, readEnvFile } from '../read/env-file.ts';
import { dataOf, isAside, isFilledInLater } from '../read/kubernetes.ts';
import { environmentOf } from '../read/dockerfile.ts';
import { readImage } from '../read/image.ts';
import { objectAt, placeOf, textAt, type Place, written } from '../read/yaml.ts';

/** Names whose values are kept to oneself. */
const SECRET_NAME =
  /PASSWORD|PASSWD|PASSPHRASE|(^|_)(PASS|PWD|MDP)($|_)|SECRET|TOKEN|API_?KEY|APIKEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIAL|MOT_?DE_?PASSE|(^|_)SALT$|CONNECTION_STRING/i;
/** Names that look so and hold no secret. */
const NOT_SECRET =
  /_(FILE|PATH|NAME|URL|URI|HOST|EXPIRE\w*|EXPIRATION|TTL|ALGORITHM|LENGTH|MINUTES|DAYS|HOURS|SECONDS|TYPE|ID|HEADER|ISSUER|AUDIENCE|LIFETIME|ENDPOINT|MIN|MAX)$|^(PUBLIC_|VITE_|NEXT_PUBLIC_|REACT_APP_)|PUBLIC_KEY|TOKEN_(EXPIRE|LIFE)|PASSWORD_(MIN|MAX|RESET)|ALLOW_EMPTY|HOST_AUTH|RANDOM_ROOT|SECRET_NAME|TOKENIZERS?|TOKENS?_PER|MAX_TOKENS|NUM_TOKENS/i;

/** Shapes of keys that services give out; such a text is a key wherever it stands. */
const KEY_SHAPES: [RegExp, string][] = [
  [/\bAKIA[0-9A-Z]{16}\b/, 'AWS'],
  [/\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{40,}\b/, 'GitHub'],
  [/\bglpat-[A-Za-z0-9_-]{20,}\b/, 'GitLab'],
  [/\bdckr_pat_[A-Za-z0-9_-]{20,}\b/, 'Docker Hub'],
  [/\bxox[baprs]-[A-Za-z0-9-]{20,}\b/, 'Slack'],
  [/\bsk_live_[A-Za-z0-9]{20,}\b/, 'Stripe'],
  [/\bsk-(proj-|ant-)?[A-Za-z0-9_-]{32,}\b/, 'OpenAI'],
  [/\bAIza[0-9A-Za-z_-]{35}\b/, 'Google'],
  [/\bhf_[A-Za-z]{30,}\b/, 'Hugging Face'],
  [/\bgsk_[A-Za-z0-9]{40,}\b/, 'Groq'],
  [/-----BEGIN (RSA |EC |OPENSSH |DSA |ENCRYPTED )?PRIVATE KEY-----/, 'clé privée'],
];

/** What a value is: to be filled in, known to everybody, or somebody's own. */
export function classify(value: string, beside: readonly string[] = []): 'placeholder' | 'weak' | 'real' {
  const text = value.trim();
  const plain = text
    .toLowerCase()
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '');
  if (
    text === '' ||
    text.includes('•') ||
    isFilledInLater(text) ||
    /^[*.x•_-]+$/i.test(text) ||
    /\$\{?\w+|^ENC\[|^vault:|^!/.test(text)
  )
    return 'placeholder';
  if (
    /change|replace|remplace|your|votre|^to-?do$|tbd|placeholder|insert|xxx|\.\.\.|…|fill|completer|a[-_ ]definir|example|exemple|dummy|fake|redacted|secret[-_]?here|\bhere\b|ici|to[-_]be|not[-_]?set|none|null|undefined|dev[-_]only|insecure|unsafe|generate|openssl/.test(
      plain,
    )
  )
    return 'placeholder';
  if (/^(true|false|yes|no|on|off|disabled|enabled|\d{1,5})$/.test(plain))
    return /^\d+$/.test(plain) ? 'weak' : 'placeholder';
  const bare = plain.replace(/[^a-z]/g, '');
  const WEAK =
    /^(my|mon|ma|the|a|some|super|very|dev|test|testing|local|demo|django|flask|jwt|app|db|user|admin|root|api|postgres|mysql|mongo|redis|minio|secure|strong|default|long|random|ultra|top)*(secret|password|passwd|pass|pwd|mdp|motdepasse|passe|key|cle|clesecrete|secrete|token|postgres|postgresql|mysql|mariadb|mongo|mongodb|redis|rabbitmq|guest|root|admin|adminadmin|minio|minioadmin|user|test|testing|demo|dev|development|local|azerty|qwerty|letmein|welcome|bonjour|toto|titi|foobar|foo|bar|hello|abc|abcd|abcdef|p|pw|string|app|db|database|api|phrase|word|value|valeur|changeit)*(key|secret|password|pass|cle|secrete|token|string|phrase)*$/;
  if (bare !== '' && WEAK.test(bare)) return 'weak';
  if (
    /^[\d]+$/.test(text) &&
    /^(0?1234567890|0000|1111)/.test(`${text}000`.slice(0, 4) === '1234' ? '1234567890' : text)
  )
    return 'weak';
  if (
    beside.some(
      (other) => other !== '' && (plain === other.toLowerCase() || bare === other.toLowerCase().replace(/[^a-z]/g, '')),
    )
  )
    return 'weak';
  return text.length < 4 ? 'weak' : 'real';
}

/** Whether a text looks drawn at random: long, with letters and digits mixed all along. */
function isRandom(value: string): boolean {
  return (
    /^[A-Za-z0-9_-]{24,}$/.test(value) &&
    (value.match(/[A-Za-z](?=\d)|\d(?=[A-Za-z])/g)?.length ?? 0) >= 5 &&
    !/1234|abcd|xxxx|0000/i.test(value)
  );
}

/** A few letters of a secret, so that its owner knows which one is meant. */
function masked(value: string): string {
  return value.length < 8 ? '••••' : `${value.slice(0, 2)}••••`;
}

/** The password that an address carries: `scheme://user:password@host`. */
function inUrl(value: string): { user: string; password: string; host: string } | undefined {
  const match = /^[a-z][\w+.-]*:\/\/([^:/@\s]*):([^@/\s]+)@([^:/?\s]+)/i.exec(value);
  return match ? { user: match[1] ?? '', password: match[2] ?? '', host: match[3] ?? '' } : undefined;
}

function isRemote(host: string): boolean {
  return (
    host.includes('.') && !/^(127|10|172|192)\.|\.local$|\.svc|\.internal$|localhost|example\.(com|org|net)$/.test(host)
  );
}

interface Held {
  name: string;
  value: string;
  place: Place;
  where: 'Secret' | 'ConfigMap' | 'manifest' | 'env-file' | 'compose' | 'dockerfile';
  beside: string[];
}

function* heldValues(model: Model): Generator<Held> {
  const { project } = model;
  for (const file of model.manifests) {
    if (!project.isShared(file.path)) continue;
    for (const object of file.documents) {
      const kind = textAt(object, 'kind');
      if (kind === 'Secret' || kind === 'ConfigMap') {
        if (
          'sops' in object ||
          /sealed|template/i.test(textAt(object, 'apiVersion') ?? '') ||
          textAt(object, 'type') === 'kubernetes.io/service-account-token'
        )
          continue;
        const entries = dataOf({
          apiVersion: '',
          kind,
          name: '',
          namespace: undefined,
          object,
          place: placeOf(object),
        });
        const beside = Object.entries(entries).flatMap(([name, { text }]) =>
          SECRET_NAME.test(name) ? [] : [text ?? ''],
        );
        for (const [name, { text, place }] of Object.entries(entries)) {
          if (text !== undefined)
            yield { name, value: text, place, where: kind, beside: text.length < 200 ? beside : [] };
        }
      }
    }
  }
  for (const cluster of model.clusters) {
    for (const workload of cluster.workloads) {
      for (const container of workload.containers) {
        for (const [name, { value, place, from }] of container.env) {
          if (from === 'value' && value !== undefined && place.file !== '' && project.isShared(place.file))
            yield {
              name,
              value,
              place,
              where: 'manifest',
              beside: [...container.env].flatMap(([other, each]) =>
                SECRET_NAME.test(other) ? [] : (each.value ?? []),
              ),
            };
        }
      }
    }
  }
  for (const { path: file } of project.files) {
    const isTemplate = isEnvTemplate(file);
    if (!(isEnvFile(file) || isTemplate) || isAside(file) || !project.isShared(file)) continue;
    const entries = readEnvFile(project.read(file) ?? '').filter(
      // A template shows names; only what looks drawn at random was left in it by mistake.
      (entry) => !isTemplate || (/API_?KEY|TOKEN|ACCESS_?KEY/i.test(entry.name) && isRandom(entry.value)),
    );
    for (const entry of entries)
      yield {
        name: entry.name,
        value: entry.value,
        place: { file, line: entry.line },
        where: 'env-file',
        beside: entries.filter((other) => !SECRET_NAME.test(other.name)).map((other) => other.value),
      };
  }
  for (const file of model.composeFiles) {
    if (!project.isShared(file.path)) continue;
    for (const stack of model.stacks.filter((each) => each.file === file.path)) {
      for (const service of stack.services) {
        const environment = objectAt(service.object, 'environment');
        for (const name of Object.keys(environment)) {
          const place = placeOf(environment, name);
          // A value that compose puts in from elsewhere is not written here.
          const line = (project.read(place.file) ?? '').split('\n')[place.line - 1] ?? '';
          if (/\$\{?\w/.test(line)) continue;
          yield {
            name,
            value: textAt(environment, name) ?? '',
            place,
            where: 'compose',
            beside: Object.entries(environment).flatMap(([other, value]) =>
              SECRET_NAME.test(other) ? [] : [written(value)],
            ),
          };
        }
      }
    }
  }
  for (const build of model.builds) {
    const image = readImage(project, build);
    for (const stage of image?.dockerfile.stages ?? []) {
      for (const step of stage.instructions) {
        if (step.keyword !== 'ENV') continue;
        for (const [name, value] of environmentOf(step.text))
          yield { name, value, place: { file: build.dockerfile, line: step.line }, where: 'dockerfile', beside: [] };
      }
    }
  }
}

export const secretCommitted: Rule = {
  id: 'secret-committed',
  title: { fr: 'Un mot de passe ou une clé est dans le dépôt', en: 'A password or key is in the repository' },
  why: {
    fr: 'Ce qui est dans git y reste, même effacé, et tout le monde peut le lire. base64 n’est pas un chiffrement : « base64 -d » le défait sans clé.',
    en: 'What is in git stays there, even when deleted, and everybody can read it. base64 is no encryption: "base64 -d" undoes it without a key.',
  },
  *check(model) {
    const told = new Set<string>();
    const byFile = new Map<string, Remark>();
    for (const held of heldValues(model)) {
      const remark = heldRemark(held);
      const known = byFile.get(held.place.file);
      // One sentence a file, for its gravest value.
      if (remark && (!known || (known.severity !== 'error' && remark.severity === 'error')))
        byFile.set(held.place.file, remark);
    }
    for (const [file, remark] of byFile) {
      if (remark.severity === 'error') told.add(file);
      yield remark;
    }
    yield* keysInText(model, told);
  },
};

function heldRemark(held: Held): Remark | undefined {
  const { name, value, place, where } = held;
  if (value.length > 2000 || (value.includes('\n') && where !== 'Secret')) return undefined;
  const url = inUrl(value);
  const secret = url ? url.password : value;
  if (!url && (!(SECRET_NAME.test(name) || where === 'Secret') || NOT_SECRET.test(name))) return undefined;
  if (
    !url &&
    where === 'Secret' &&
    !SECRET_NAME.test(name) &&
    (/(USER|USERNAME|LOGIN|HOST|PORT|DB|DATABASE|NAME|EMAIL|MAIL|SERVER|URL|ENDPOINT|REGION|BUCKET|CLIENT_ID|\.crt|\.pem|\.json|\.ya?ml)$/i.test(
      name,
    ) ||
      !/KEY|AUTH|CRED|SIGN|JWT/i.test(name))
  )
    return undefined;
  const kind = classify(secret, url ? [...held.beside, url.user] : held.beside);
  if (kind === 'placeholder') return undefined;
  const isShape = KEY_SHAPES.some(([shape]) => shape.test(value));
  const isKey = /KEY|TOKEN|SECRET/i.test(name) && secret.length >= 16 && /\d/.test(secret) && /[a-z]/i.test(secret);
  const isLocalFile =
    where === 'compose' ||
    where === 'dockerfile' ||
    /\.env\.(dev|development|test|testing|ci|local)|(^|\/)(dev|test|local)\.env$/.test(place.file);
  const isSharedDatabase = url !== undefined && isRemote(url.host);
  let severity: Remark['severity'] | undefined;
  if (where === 'Secret' || where === 'ConfigMap') severity = kind === 'real' ? 'error' : 'warning';
  else if (where === 'manifest') severity = kind === 'real' ? 'error' : undefined;
  else if (kind === 'real') {
    // What serves on one's own computer alone is no secret, unless it opens something elsewhere.
    if (isShape || isSharedDatabase) severity = 'error';
    else if (where === 'env-file' && secret.length >= 6 && !url) severity = isLocalFile ? 'warning' : 'error';
    // A key that a service gave out is good everywhere; one of the application's own, here alone.
    else if (isKey)
      severity = /API_?KEY|ACCESS_?KEY|TOKEN/i.test(name) && !/JWT|CSRF/i.test(name) ? 'error' : 'warning';
  }
  if (severity === undefined) return undefined;
  const inSecret = where === 'Secret';
  const key = name === '' ? '' : `${name} `;
  const file = place.file;
  const shown = masked(secret);
  const isWeak = kind === 'weak';
  const fixFr = isEnvTemplate(file)
    ? 'Changez ce secret chez celui qui l’a donné, et laissez la valeur vide dans le modèle.'
    : where === 'env-file'
      ? `Changez ce secret chez celui qui l’a donné, puis : git rm --cached ${file} et ajoutez « ${file.split('/').at(-1) ?? ''} » à .gitignore (gardez un .env.template sans valeurs).`
      : where === 'compose' || where === 'dockerfile'
        ? `Changez ce secret, et lisez-le d’un fichier que git ignore : env_file: .env (ou \${${name}}).`
        : `Changez ce secret, enlevez ce fichier du dépôt (git rm --cached ${file}, .gitignore) et créez-le sur le cluster : kubectl create secret generic … --from-literal=${name}=…`;
  const fixEn = isEnvTemplate(file)
    ? 'Change this secret where it came from, and leave the value empty in the template.'
    : where === 'env-file'
      ? `Change this secret where it came from, then: git rm --cached ${file} and add "${file.split('/').at(-1) ?? ''}" to .gitignore (keep a .env.template without values).`
      : where === 'compose' || where === 'dockerfile'
        ? `Change this secret, and read it from a file that git ignores: env_file: .env (or \${${name}}).`
        : `Change this secret, remove this file from the repository (git rm --cached ${file}, .gitignore) and make it on the cluster: kubectl create secret generic … --from-literal=${name}=…`;
  return {
    severity,
    place,
    about: `secret ${file}:${place.line}`,
    fr: [
      isWeak
        ? `${url ? `Le mot de passe de ${key}est connu` : `${key}est un mot de passe connu`} de tous, dans un fichier que git partage.`
        : `${key}(${shown}) est dans un fichier que git partage${inSecret ? ', à peine déguisé en base64 ou en clair' : where === 'ConfigMap' ? ', dans un ConfigMap, que tous ceux qui ont accès au cluster lisent' : ''}.`,
      isWeak
        ? 'Quiconque atteint le service y entre avec ce mot de passe.'
        : 'Quiconque ouvre le dépôt peut s’en servir ; des robots cherchent de telles lignes sur GitHub jour et nuit.',
      fixFr,
    ],
    en: [
      isWeak
        ? `${url ? `The password of ${key}is one` : `${key}is a password`} that everybody knows, in a file that git shares.`
        : `${key}(${shown}) is in a file that git shares${inSecret ? ', barely disguised by base64 or in clear' : where === 'ConfigMap' ? ', in a ConfigMap, which everybody with access to the cluster reads' : ''}.`,
      isWeak
        ? 'Whoever reaches the service gets in with this password.'
        : 'Whoever opens the repository can use it; robots look for such lines on GitHub day and night.',
      fixEn,
    ],
  };
}

/** Keys of known shapes, in any text of the project; addresses of remote databases in code. */
function* keysInText(model: Model, told: Set<string>): Generator<Remark> {
  const { project } = model;
  for (const { path: file, size } of project.files) {
    if (
      size > 300_000 ||
      isAside(file) ||
      told.has(file) ||
      !/\.(py|[cm]?[jt]sx?|vue|java|ya?ml|json|toml|ini|cfg|conf|properties|sh|ipynb|env|txt|xml|rb|go|php|cs|r|R|qmd|pem|key)$|(^|\/)(\.env[^/]*|Dockerfile[^/]*|id_rsa|id_ed25519)$/i.test(
        file,
      )
    )
      continue;
    if (
      /(package-lock|pnpm-lock|yarn\.lock|poetry\.lock|uv\.lock|\.min\.js|\.map$)|\.(test|spec)\.|(^|\/)test_|_test\.py$|\.(example|template|sample)$/.test(
        file,
      )
    )
      continue;
    const text = project.read(file) ?? '';
    const found = KEY_SHAPES.map(([shape, owner]) => ({ match: shape.exec(text), owner })).find(
      ({ match }) => match !== null && !/EXAMPLE|xxxx|0000000|1234567890|abcdef12/i.test(match[0]),
    );
    const url = /\.(py|[cm]?[jt]s|java|properties|ya?ml|json|ipynb)$/.test(file)
      ? [...text.matchAll(/["'`=:\s](?:jdbc:)?((?:postgres(?:ql)?|mysql|mongodb)(?:\+\w+)?:\/\/[^\s"'`]+)/g)].find(
          (match) => {
            const parts = inUrl(match[1] ?? '');
            return (
              parts !== undefined &&
              isRemote(parts.host) &&
              classify(parts.password, [parts.user]) === 'real' &&
              !/[{$%<]/.test(parts.password)
            );
          },
        )
      : undefined;
    const at = found?.match?.index ?? url?.index;
    if (at === undefined || !project.isShared(file)) continue;
    const line = text.slice(0, at + 1).split('\n').length;
    const owner = found?.owner ?? 'base de données';
    yield {
      severity: 'error',
      place: { file, line },
      about: `secret ${file}:${line}`,
      fr: [
        `Une clé (${owner}) est écrite dans un fichier que git partage.`,
        'Quiconque ouvre le dépôt peut s’en servir ; des robots cherchent de telles lignes sur GitHub jour et nuit.',
        'Révoquez-la chez celui qui l’a donnée, puis lisez la nouvelle d’une variable d’environnement : os.environ["…"] (process.env.…).',
      ],
      en: [
        `A key (${owner.replace('clé privée', 'private key').replace('base de données', 'database')}) is written in a file that git shares.`,
        'Whoever opens the repository can use it; robots look for such lines on GitHub day and night.',
        'Revoke it where it came from, then read the new one from an environment variable: os.environ["…"] (process.env.…).',
      ],
    };
  }
  for (const { path: file } of project.files) {
    if (!/(^|\/)\.streamlit\/secrets\.toml$/.test(file) || told.has(file) || !project.isShared(file)) continue;
    for (const [index, line] of (project.read(file) ?? '').split('\n').entries()) {
      const [, name, value] = /^\s*([\w.-]+)\s*=\s*["']([^"']*)["']/.exec(line) ?? [];
      if (name === undefined || value === undefined || !SECRET_NAME.test(name) || classify(value) !== 'real') continue;
      const remark = heldRemark({ name, value, place: { file, line: index + 1 }, where: 'env-file', beside: [] });
      if (remark) yield remark;
      break;
    }
  }
  for (const workflow of model.workflows) {
    for (const job of workflow.jobs) {
      for (const step of job.steps) {
        const inputs = objectAt(step.object, 'with');
        const password = textAt(inputs, 'password');
        if (
          /login-action/.test(step.uses) &&
          password !== undefined &&
          !password.includes('${{') &&
          classify(password) === 'real'
        )
          yield workflowKey(placeOf(inputs, 'password'));
        const typed = /docker login[^\n]*(?:-p|--password)[= ]\s*["']?([^\s"'$]+)/.exec(step.run);
        if (typed && !step.run.includes('password-stdin') && classify(typed[1] ?? '') === 'real')
          yield workflowKey(placeOf(step.object, 'run'));
      }
    }
  }
}

function workflowKey(place: Place): Remark {
  return {
    severity: 'error',
    place,
    about: `secret ${place.file}:${place.line}`,
    fr: [
      'Le mot de passe du registre est écrit dans le workflow.',
      'Quiconque ouvre le dépôt peut pousser des images à votre place.',
      'Changez-le, mettez-le dans Settings > Secrets and variables > Actions, et écrivez : password: ${{ secrets.DOCKERHUB_TOKEN }}',
    ],
    en: [
      'The registry’s password is written in the workflow.',
      'Whoever opens the repository can push images in your place.',
      'Change it, put it in Settings > Secrets and variables > Actions, and write: password: ${{ secrets.DOCKERHUB_TOKEN }}',
    ],
  };
}
