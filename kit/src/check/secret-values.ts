import { isFilledInLater } from './read/kubernetes.ts';

/** Names whose values are kept to oneself. */
const SECRET_NAME =
  /PASSWORD|PASSWD|PASSPHRASE|(^|_)(PASS|PWD|MDP)($|_)|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY|ACCESS_?KEY|CREDENTIAL|MOT_?DE_?PASSE|(^|_)SALT$|CONNECTION_STRING/;
/** Names that look so and hold no secret: what says how a secret is used, and keys that browsers are meant to see. */
const NOT_SECRET =
  /_(FILE|PATH|NAME|URL|URI|HOST|EXPIRE\w*|EXPIRATION|TTL|ALGORITHM|LENGTH|MINUTES|DAYS|HOURS|SECONDS|TYPE|ID|HEADER|ISSUER|AUDIENCE|LIFETIME|ENDPOINT|MIN|MAX|FIELD|PATTERN|REGEX|COOKIE|LABEL|MESSAGE|HINT|PREFIX)$|^(PUBLIC_|VITE_|NEXT_PUBLIC_|REACT_APP_)|PUBLIC_KEY|PUBLISHABLE|FIREBASE_?(WEB_?)?API_?KEY|APPLICATION_CREDENTIALS|TOKEN_(EXPIRE|LIFE)|PASSWORD_(MIN|MAX|RESET)|ALLOW_EMPTY|HOST_AUTH|RANDOM_ROOT|SECRET_NAME|TOKENIZERS?|TOKENS?_PER|MAX_TOKENS|NUM_TOKENS/;

/** Whether a name announces a value to keep to oneself; `apiKey` and `api-key` are read as `API_KEY`. */
export function namesSecret(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-.]/g, '_')
    .toUpperCase();
  return SECRET_NAME.test(words) && !NOT_SECRET.test(words);
}

/** Shapes of keys that services give out, and who gives them; such a text is a key wherever it stands. */
const KEY_SHAPES: readonly [RegExp, string][] = [
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
  [/\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])/, 'SendGrid'],
  [/\bGOCSPX-[A-Za-z0-9_-]{28}(?![A-Za-z0-9_-])/, 'Google'],
  [/\bnpm_[A-Za-z0-9]{36}\b/, 'npm'],
  [/\bpypi-AgEI[A-Za-z0-9_-]{50,}/, 'PyPI'],
  [/\b\d{8,10}:AA[A-Za-z0-9_-]{33}(?![A-Za-z0-9_-])/, 'Telegram'],
  [/https:\/\/hooks\.slack\.com\/services\/T[A-Z0-9]{8,}\/B[A-Z0-9]{8,}\/[A-Za-z0-9]{24}/, 'Slack'],
  [/https:\/\/discord(?:app)?\.com\/api\/webhooks\/\d{17,20}\/[A-Za-z0-9_-]{60,}/, 'Discord'],
  [/\bAccountKey=[A-Za-z0-9+/]{86}==/, 'Azure'],
  [/\bclient-key-data:\s*LS0tLS1CRUdJTi[A-Za-z0-9+/=]{20,}/, 'Kubernetes'],
  [/\btoken:\s*["']?eyJhbGciOi[\w-]+\.eyJ[\w-]+\.[\w-]{20,}/, 'Kubernetes'],
  [/\bdop_v1_[0-9a-f]{64}\b/, 'DigitalOcean'],
  [/\brnd_[A-Za-z0-9]{28,}\b/, 'Render'],
  [/\bpplx-[A-Za-z0-9]{40,}\b/, 'Perplexity'],
];
/** The head of a key and the beginning of what it holds: code that reads such files names the head alone. */
const PRIVATE_KEY =
  /-----BEGIN (RSA |EC |OPENSSH |DSA |ENCRYPTED )?PRIVATE KEY-----(?:\\[nr]|\s|(?:Proc-Type|DEK-Info):[^\n]*)+[A-Za-z0-9+/=]{4,}(?=\\[nr]|\s*[\r\n]|["']|$)/;

/** Whether a text holds a private key. */
export function isPrivateKey(text: string): boolean {
  return PRIVATE_KEY.test(text);
}

/** Whether a text is a key of a known shape. */
export function hasKeyShape(text: string): boolean {
  return KEY_SHAPES.some(([shape]) => shape.test(text)) || isPrivateKey(text);
}

/** The keys of known shapes that a text holds, one of each kind, with who gave them: nobody gives a private key. */
export function keysIn(text: string): { owner: string | undefined; value: string; index: number }[] {
  const found = [...KEY_SHAPES, [PRIVATE_KEY, undefined] as const].flatMap(([shape, owner]) => {
    const match = shape.exec(text);
    return match && !isForBrowsers(match[0], text) && !isSample(match[0])
      ? [{ owner, value: match[0], index: match.index }]
      : [];
  });
  return found.sort((a, b) => a.index - b.index);
}

/** Google's keys for Firebase and for maps in a page are public: the site's address restricts them. */
export function isForBrowsers(key: string, around: string): boolean {
  return (
    key.startsWith('AIza') &&
    /authDomain|firebaseapp\.com|messagingSenderId|maps\.googleapis\.com\/maps\/api\/js/.test(around)
  );
}

function isSample(key: string): boolean {
  return /EXAMPLE|xxxx|0000000|1234567890|abcdef12/i.test(key);
}

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
    isPath(text) ||
    /^[*.x•_-]+$/i.test(text) ||
    // Mapbox and Stripe mark the keys that are for browsers.
    /^pk[._]/.test(text) ||
    /\$\{?\w+|^ENC\[|^vault:|^!/.test(text)
  )
    return 'placeholder';
  if (
    /change|replace|remplace|your|votre|^to-?do$|tbd|placeholder|insert|xxx|\.\.\.|…|fill|completer|a[-_ ]definir|example|exemple|dummy|fake|redacted|secret[-_]?here|\bhere\b|ici|to[-_]be|not[-_]?(set|for|a[-_]secret)|none|null|undefined|(dev|test|ci|local)[-_]only|insecure|unsafe|generate|openssl/.test(
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

/** A path to a file that holds a secret. */
function isPath(text: string): boolean {
  return (
    (/^(~|\.{1,2}|[A-Za-z]:)?[\\/][\w.-]+([\\/][\w.-]+)+$/.test(text) && !/[A-Z]\d|\d[A-Z]/.test(text)) ||
    /^[\w./\\~-]+\.(json|pem|key|crt|cer|txt|ya?ml|toml|ini|env|p12|pfx|jks)$/i.test(text)
  );
}

/** Whether a text looks drawn at random: long, with letters and digits mixed all along. */
export function isRandom(value: string): boolean {
  return /^[A-Za-z0-9_-]{24,}$/.test(value) && changes(value) >= 5 && !/1234|abcd|xxxx|0000/i.test(value);
}

/** A key that `django-admin startproject` draws, with the signs that it draws from. */
export function isDjangoKey(value: string): boolean {
  return (
    /^(django-insecure-)?[a-z0-9!@#$%^&*(\-_=+)]{40,80}$/.test(value) &&
    /[!@#$%^&*(=+)]/.test(value) &&
    /\d/.test(value)
  );
}

/** Whether nobody types such a text for a try: drawn at random, or made to resist. */
export function isStrong(value: string): boolean {
  if (/\s|[(){}<>[\]\\]|%\(|^https?:/.test(value) || value.length < 8) return false;
  if (isRandom(value) || (/^[A-Za-z0-9+/=_-]{32,}$/.test(value) && changes(value) >= 5)) return true;
  // Written in base 16, as `openssl rand -hex` does.
  if (/^[0-9a-f]{16,}$/.test(value) && changes(value) >= 6) return true;
  const hasLetters = /[A-Za-z]/.test(value);
  if (hasLetters && /\d/.test(value) && /[!@#$%^&*?+=~]/.test(value)) return true;
  return (
    value.length >= 12 &&
    /[A-Z]/.test(value) &&
    /[a-z]/.test(value) &&
    /^[A-Za-z0-9]+$/.test(value) &&
    changes(value) >= 3
  );
}

/** How often letters and digits follow each other. */
function changes(value: string): number {
  return value.match(/[A-Za-z](?=\d)|\d(?=[A-Za-z])/g)?.length ?? 0;
}

/** A few letters of a secret, so that its owner knows which one is meant. */
export function masked(value: string): string {
  return value.length < 8 || isPrivateKey(value) ? '••••' : `${value.slice(0, 2)}••••`;
}

/** The password that an address carries: `scheme://user:password@host`. */
export function inUrl(value: string): { user: string; password: string; host: string } | undefined {
  const match = /^[a-z][\w+.-]*:\/\/([^:/@\s]*):([^@/\s]+)@([^:/?\s]+)/i.exec(value);
  return match ? { user: match[1] ?? '', password: match[2] ?? '', host: match[3] ?? '' } : undefined;
}

/** Whether a host is elsewhere on the Internet: neither this machine, nor a neighbour in compose or on the cluster. */
export function isRemote(host: string): boolean {
  return (
    host.includes('.') && !/^(127|10|172|192)\.|\.local$|\.svc|\.internal$|localhost|example\.(com|org|net)$/.test(host)
  );
}
