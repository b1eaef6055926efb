import { containersOf, environmentOf, nameOf, ofKind, type LiveState, type Reply } from './state.ts';
import { isObject, objectAt, objectsAt, textAt, written, type Json, type JsonObject } from '../read/yaml.ts';

const HIDDEN = '••••';

/** What one namespace adds to what is hidden everywhere. */
interface Known {
  /** Names, in lower case, whose values are secret here: the keys of its Secrets, the variables they fill. */
  names: ReadonlySet<string>;
  /** Secrets that stand in plain sight in manifests; they may come back anywhere. */
  values: readonly string[];
  /** Names of objects, images and hosts: long and mixed as keys are, and no secret. */
  plain: readonly string[];
}

const NOTHING: Known = { names: new Set(), values: [], plain: [] };

/** Words of a name that announce a secret; `dbPassword` and `db-password` are read as `DB_PASSWORD`. */
const TELLING =
  /PASS(WORD|WD|PHRASE|CODE)|(^|_)(PASS|PWD|PW|MDP|PIN|OTP|SALT|DSN|AUTH|SIG|SID|CREDS?)(_|$)|SECRET|TOKEN|API_?KEY|(^|_)\w+_KEY(_|$)|^KEY$|PRIVATE|ACCESS_?KEY|CREDENTIAL|MOT_?DE_?PASSE|CONNECTION_?STRING|AUTHORIZATION|BEARER|COOKIE|SIGNATURE|SESSION_?ID|REQUIREPASS|(DATABASE|DB|MONGO|MONGODB|REDIS|POSTGRES|AMQP|BROKER)_?UR[LI]/;
/** Names that look so, and only say where a secret is or how long it lasts. */
const HARMLESS =
  /_(FILE|PATH|LENGTH|ALGORITHM|TYPE|EXPIRES?(_\w+)?|EXPIRATION|TTL|MINUTES|DAYS|HOURS|SECONDS|ISSUER|AUDIENCE|COUNT)$|PRIMARY_KEY|FOREIGN_KEY|PUBLIC_KEY|^(KEY|TOKEN|AUTH|NAME)_?ERROR$|MAX_TOKENS|TOKENIZERS?/;

function isTelling(name: string, known: Known): boolean {
  if (known.names.has(name.toLowerCase())) return true;
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-. ]/g, '_')
    .toUpperCase();
  return TELLING.test(words) && !HARMLESS.test(words);
}

/** Words that follow "password" in a sentence, where no value stands. */
const SENTENCE =
  /^(authentication|for|has|must|failed|in|to|and|or|required|incorrect|invalid|wrong|missing|does|did|cannot|can|should|from|with|supplied|provided|field|file|policy|expired|was|not|is|are|does|will|too|may|needs?|specified|on|of|set|method|hash|protected|changed|reset|mismatch|rejected|denied|refused|verification|validation|env|environment|variable|pour|de|du|des|est|incorrect|invalide|manquant|ne|non|refusé|oublié|obligatoire|a|the|le|la|your|votre|that|auth|api|could|error|unexpected|undefined|null|none|empty|must|be|as|by|an|this|no|already|only|at|if|when|while|before|after|because|through|via|still|ok|setting|loaded|found|read|key|value|secret|configmap|variables?)$/i;

/**
 * Hides what is or may be a secret in a text of the cluster's: a log, an event, an answer. Whatever is shown goes through
 * here whole: a text that was cut before no longer shows where its secret begins or ends. In a sentence of the doctor's own
 * (`isOurs`), whose parts have been here before, a name and what follows it are no value.
 */
export function hide(text: string, known: Known = NOTHING, isOurs = false): string {
  let shown = text
    .replace(TERMINAL, '')
    // Nobody reads the end of such a line, and looking through it takes long.
    .replace(/^([^\n]{2000})[^\n]+/gm, '$1…')
    // Keys over several lines, whole or cut at either end.
    .replace(/-----BEGIN [A-Z0-9 ]+-----[\s\S]*?(-----END [A-Z0-9 ]+-----|$)/g, HIDDEN)
    .replace(/^[\s\S]*-----END [A-Z0-9 ]*(PRIVATE )?KEY( BLOCK)?-----/, HIDDEN);
  for (const value of known.values) shown = withoutWord(shown, value);
  shown = shown
    // Addresses: everything between `://` and the last `@` of the word, as passwords may hold `@`, `:` and `/`.
    .replace(/(\w:\\?\/\\?\/)(?=[^\s"'<>`]*@)[^\s"'<>`]*@/g, `$1${HIDDEN}@`)
    .replace(/(?<![\w/@.-])[\w.+-]+:(?!\/\/)[^\s"'`<>@]+@(?!sha256:)(?=[\w.-]+([:/]|\b))/g, `${HIDDEN}@`)
    // A slash in the password may end what a reader takes for the address: `://user:pass` without its `@`.
    .replace(/(\w:\\?\/\\?\/[^\s:/@"'•]+:)(?!\d{1,5}([/?#\s"'):,.;\]`’»]|\\|$))[^\s"'<>`]+/g, `$1${HIDDEN}`)
    .replace(
      /\b([Bb]earer|BEARER|[Bb]asic|[Dd]igest|[Tt]oken)\s+(?=\S*[\d=_.+/-]|\S*[A-Z]\S*[A-Z])[\w.~+/=-]{6,}/g,
      `$1 ${HIDDEN}`,
    )
    .replace(/\beyJ[\w-]{8,}(\.[\w-]*)*/g, HIDDEN)
    .replace(
      /\b(gh[pousr]_|github_pat_|glpat-|dckr_pat_|xox[a-z]-|[sprw]k_(live|test)_|sk-|hf_|gsk_|npm_|pypi-|AIza|whsec_|SG\.|AKIA|ASIA|ya29\.)[\w.-]{10,}/g,
      HIDDEN,
    );
  if (!isOurs) shown = named(shown, known);
  return shown
    .split('\n')
    .map((line) => drawn(line, known))
    .join('\n');
}

/** Colours and other commands to the terminal, and letters that are not seen. */
const TERMINAL = new RegExp(
  String.raw`\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007\n]*\u0007?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e]`,
  'g',
);

/** Takes a value out of a text; a short one only where it stands alone, as `test` does not in `latest`. */
function withoutWord(text: string, value: string): string {
  if (value.length >= 8 || !text.includes(value)) return text.replaceAll(value, HIDDEN);
  const isApart = (letter: string | undefined) => letter === undefined || !/[\p{L}\d]/u.test(letter);
  return text
    .split(value)
    .reduce((before, after) => `${before}${isApart(before.at(-1)) && isApart(after[0]) ? HIDDEN : value}${after}`);
}

const NAME = String.raw`[A-Za-z_][\w.-]*`;
const VALUE = String.raw`«[^»\n]*»?|\\"(?:[^"\\]|\\[^"])*(?:\\"|$)|"(?:[^"\\]|\\.)*"?|\\?'[^'\n]*'?|\`[^\`\n]*\`?|[^\s"'\`]+`;

/** Ways to write a name and its value; the groups are what stands before, the name, what is between, the value. */
const PAIRS: readonly RegExp[] = [
  // The lines of an environment: the value is all that follows.
  new RegExp(String.raw`^(\s*(?:export\s+|[-+>*]\s+)?)(${NAME})(=)(?!=)([^\n]+)$`, 'gm'),
  // An object that says its name and its value apart.
  new RegExp(
    String.raw`(name\\?["']?\s*[:=]\s*\\?["']?)(${NAME})(\\?["']?[\s,]*\\?["']?value\\?["']?\s*[:=]\s*)(${VALUE})`,
    'gi',
  ),
  // `name: value`, `"name": "value"`, `name => value`, `name(value)`, `name is value`, `("name", "value")`
  new RegExp(
    String.raw`((?<![\w.]))(${NAME})(\\?["'\`]?[\])]?\s*(?:(?::=|=>|->|:|={1,3}|%3D|\||\bis\b|\bwas\b|\best\b|\((?!\)))\s*(?:str\s*=\s*|Some\(|[A-Z]\w*\()?)+|\\?["'],\s*(?=\\?["']))(${VALUE})`,
    'g',
  ),
  // `--name value`, in a line or a list
  new RegExp(String.raw`((?<=^|[\s"'\[,])--?)(${NAME})(\\?["']?[\s,]+)(${VALUE})`, 'gm'),
  // `DB_PASSWORD value`
  new RegExp(String.raw`((?<![\w.-]))([A-Z][A-Z0-9]*_[A-Z0-9_]+)(\s+)(${VALUE})`, 'g'),
  // "NAME: expected …, got value"
  new RegExp(String.raw`((?<![\w.]))(${NAME})([^\n=]{1,60}?\b(?:got|received|given)\b:?\s+)(${VALUE})`, 'g'),
];

/** Values that a name announces. */
function named(text: string, known: Known): string {
  let shown = PAIRS.reduce((each, shape) => pairs(each, shape, known), text);
  shown = shown
    .replace(
      /((?:proxy-)?authorization|(?:set-)?cookie|x-[\w-]*(?:key|token|auth)[\w-]*)(\\?["']?\s*[:=,]\s*\[?\\?["']?)(?!•)[^"'\n\\]+/gi,
      `$1$2${HIDDEN}`,
    )
    .replace(/(<(\w+)>)([^<\n]+)(?=<\/\2>)/g, (whole, tag: string, name: string) =>
      isTelling(name, known) ? `${tag}${HIDDEN}` : whole,
    )
    .replace(/^.*\b(?:mysql\w*|mariadb\w*|mongo\w*|sshpass|curl|psql|redis-cli)\b.*$/gm, (line) =>
      line.replace(/(["'\s,]-(?:p|a|u)["'\s,]*)(?!\d+\b)[^\s"',-][^\s"',]*/g, `$1${HIDDEN}`),
    )
    // What pydantic, SQLAlchemy and others repeat of what they were given.
    .replace(
      /\b(input_value|input|parameters|params)(\\?["']?\s*[=:]\s*)(\{.*\}|\[.*\]|\(.*\)|"[^"]*"|'[^']*'|[^\s,]+)/g,
      `$1$2${HIDDEN}`,
    )
    .replace(/\b(?<!revision )(IDENTIFIED (?:WITH \S+ )?BY|PASSWORD) (['"])[^'"\n]*/gi, `$1 $2${HIDDEN}`)
    .replace(
      /([?&;][\w.-]*(?:token|key|sig|signature|secret|pass|password|pwd|auth|code|credential|session)[\w.-]*)=[^&\s"'<>#]+/gi,
      `$1=${HIDDEN}`,
    );
  return shown.replace(
    /(?<!in |from )\b(password|passwd|passphrase|mot de passe|mdp|secret|token|api key|clé d[’']api)((?:\s+(?:is|was|est|of|pour|provided|supplied|for user \S+ is))?\s*[:=]?\s+)((?:["'`]|«\s*)?)([^\s"'»`]+)/gi,
    (whole, name: string, between: string, quote: string, value: string) => {
      const word = value.replace(/[.,;:)\]]+$/, '');
      const isLoose = /^(secret|token)$/i.test(name) && between.trim() === '';
      // `secret "base" not found` names an object; "the token is invalid" is a sentence.
      if (word === '' || word.includes('•') || SENTENCE.test(word) || (isLoose && (quote !== '' || !/\d/.test(word))))
        return whole;
      return isVariable(word, known) ? whole : `${name}${between}${quote}${HIDDEN}`;
    },
  );
}

/** Whether a word is the name of a variable, as in "Missing secret: DB_PASSWORD". */
function isVariable(word: string, known: Known): boolean {
  return (
    /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+[.,;]?$/.test(word) &&
    (isTelling(word, known) || /(URL|URI|HOST|PORT|USER|NAME|_DB)/.test(word))
  );
}

/** The names and values that a file holds, of whatever kind it is. */
function pairsIn(file: string): [name: string, value: string][] {
  const shape = new RegExp(String.raw`^[\s{,-]*(?:export\s+)?["']?(${NAME})["']?[ \t]*[:=][ \t]*(${VALUE})`, 'gm');
  const lines = file.replace(/([{,])\s*(?=["'])/g, '$1\n');
  return [...lines.matchAll(shape)].map(([, name = '', value = '']) => [name, value.replace(/^["']|["'],?$|,$/g, '')]);
}

/** Hides the value of each pair whose name is telling; a pair may stand in the value of another. */
function pairs(text: string, shape: RegExp, known: Known): string {
  let shown = '';
  let done = 0;
  shape.lastIndex = 0;
  for (let match = shape.exec(text); match; match = shape.exec(text)) {
    const [whole, before = '', name = '', between = '', value = ''] = match;
    // A list, a call, a buffer: all that it holds.
    const line = /^[^\n]*/.exec(text.slice(match.index + whole.length))?.[0] ?? '';
    const rest =
      /^["'`«]/.test(value) || !/[[({<]/.test(value.replace(/\([^()]*\)|\[[^\]]*\]|<[^>]*>|\{[^}]*\}/g, ''))
        ? ''
        : line;
    const isSentence = !/=\s*$/.test(between) && SENTENCE.test(value.replace(/[.,;]$/, ''));
    if (
      !isTelling(name, known) ||
      /^[\W_]*$/.test(value + rest) ||
      /^["']?•+/.test(value) ||
      isSentence ||
      (/[:\s]$/.test(between) && isVariable(value, known))
    ) {
      shape.lastIndex = match.index + Math.max(1, before.length + name.length);
      continue;
    }
    shown += `${text.slice(done, match.index)}${before}${name}${between}${HIDDEN}`;
    done = match.index + whole.length + rest.length;
    shape.lastIndex = done;
  }
  return shown + text.slice(done);
}

/** Words that look drawn at random, or made to resist, wherever they stand. */
function drawn(line: string, known: Known): string {
  return line
    .replace(/[A-Za-z0-9+_=-][A-Za-z0-9+/_=-]{14,}/g, (word, index: number) => {
      if (isPlain(word, known) || /sha\d+:$|@$/.test(line.slice(0, index))) return word;
      // A path is judged step by step.
      const steps = word.split('/');
      const isPath =
        steps.length > 2 && steps.every((step) => !isRandom(step)) && steps.some((step) => /^[a-z_-]{3,}$/.test(step));
      return !isPath && isRandom(word) ? HIDDEN : word;
    })
    .replace(/(?<![^\s"'`(=:,[])[^\s"'`()=,;[\]{}<>]{8,64}(?![^\s"'`),;.\]])/g, (word) => {
      const bare = word.replace(/[.:!?]+$/, '');
      const isMade =
        /[A-Za-z]/.test(bare) &&
        /\d/.test(bare) &&
        /[!@#$%^&*?~§]/.test(bare) &&
        !/^(\/|\.\/|\w+:\/\/|@?[\w./-]+@[\d^~v])|\(|\\|%[0-9A-F]{2}|\/.*[?&#]/.test(bare);
      return isMade && !isPlain(bare, known) ? `${HIDDEN}${word.slice(bare.length)}` : word;
    });
}

function isPlain(word: string, known: Known): boolean {
  // `pod/api-5d9…`, `api-5d9…_user-lea`: a name with its kind or its namespace.
  return known.plain.some(
    (name) =>
      name.includes(word) ||
      word.startsWith(name) ||
      (word.endsWith(name) && /^[a-z]+\/$/.test(word.slice(0, -name.length))),
  );
}

/** Whether small and capital letters and figures follow each other as only chance or a machine mixes them. */
function isRandom(word: string): boolean {
  const bare = word.replace(/[^A-Za-z0-9]/g, '');
  if (bare.length < 15 || !/[A-Za-z].*[A-Za-z]/.test(bare)) return false;
  if (/^[0-9a-f-]{36}$/i.test(word)) return true;
  const classes = Array.from(bare, (letter) => (/\d/.test(letter) ? 'd' : /[A-Z]/.test(letter) ? 'u' : 'l'));
  const changes = classes.filter((each, index) => index > 0 && each !== classes[index - 1]).length;
  const hasDigit = classes.includes('d');
  if (!hasDigit && /^(?:[A-Z]?[a-z]{2,}|[A-Z]{2,5}(?![a-z]{0,1}$))+$/.test(bare)) return false;
  // Words put together change once a word; base64 without a figure is rarer than names of classes.
  return changes >= bare.length * (hasDigit ? 0.28 : 0.42);
}

/** What this namespace's objects tell of its secrets; the Secrets themselves are known by their names and keys. */
export function knownSecrets(state: LiveState): Known {
  const names = new Set<string>();
  const values = new Set<string>(state.spoken);
  const keep = new Set<string>();
  for (const keys of Object.values(state.secrets ?? {})) for (const key of keys.keys) names.add(key.toLowerCase());
  const learn = (name: string, value: string): void => {
    const url = /^\w[\w+.-]*:\/\/(.*)@/.exec(value);
    const password = url?.[1]?.replace(/^[^:]*:?/, '');
    if (password !== undefined) values.add(password);
    else if (/\n|^\s*[{[]/.test(value)) for (const [inner, each] of pairsIn(value)) learn(inner, each);
    else if (isTelling(name, NOTHING) && !/^https?:\/\//.test(value)) values.add(value);
    else keep.add(value);
  };
  for (const pod of ofKind(state.objects, 'Pod')) {
    for (const { spec } of containersOf(pod)) {
      for (const { name, value, secret } of environmentOf(spec, state.objects)) {
        if (secret !== undefined) names.add(name.toLowerCase());
        if (value !== undefined) learn(name, value);
      }
      const words = ['command', 'args'].flatMap((list) => (Array.isArray(spec[list]) ? spec[list] : []));
      words.forEach((word, index) => {
        const flag = /^--?([\w-]+)(?:=(.+))?$/s.exec(written(word));
        if (flag) learn(flag[1] ?? '', flag[2] ?? written(words[index + 1]));
      });
    }
  }
  for (const map of ofKind(state.objects, 'ConfigMap'))
    for (const [name, value] of Object.entries(objectAt(map, 'data')))
      if (typeof value === 'string') learn(name, value);
  const plain = state.objects.flatMap((object) => [
    nameOf(object),
    ...objectsAt(object, 'spec', 'rules').map((rule) => textAt(rule, 'host') ?? ''),
    ...containersOf(object).flatMap(({ spec }) =>
      IMAGE.test(textAt(spec, 'image') ?? '') ? [textAt(spec, 'image') ?? ''] : [],
    ),
  ]);
  const forms = [...values]
    .filter(
      (value) =>
        value.length >= 4 && !keep.has(value) && !plain.includes(value) && !/^(true|false|none|null)$/i.test(value),
    )
    .flatMap((value) => [
      value,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value),
      Buffer.from(value).toString('base64'),
      // With a line's end, as `echo value | base64` makes it.
      Buffer.from(`${value}\n`).toString('base64'),
    ]);
  return {
    names,
    values: [...new Set(forms)].sort((a, b) => b.length - a.length),
    plain: [...new Set(plain)].filter((name) => name.length > 7),
  };
}

/** The same state with the secrets hidden in every text that people or programs wrote: logs, events, messages, answers. */
export function withoutSecrets(state: LiveState, known: Known): LiveState {
  const clean = (text: string): string => hide(text, known);
  const reply = (each: Reply): Reply => ({
    ...each,
    failure: each.failure === undefined ? undefined : clean(each.failure),
    title: each.title === undefined ? undefined : clean(each.title),
  });
  return {
    ...state,
    objects: state.objects
      .map((object) => withoutOddImages(object, clean))
      .map((object) =>
        object.kind === 'Event'
          ? { ...object, message: clean(textAt(object, 'message') ?? '') }
          : isObject(object.status)
            ? { ...object, status: cleanMessages(object.status, clean) }
            : object,
      ),
    logs: mapped(state.logs, clean),
    services: mapped(state.services, reply),
    addresses: mapped(state.addresses, reply),
  };
}

/** A name of an image, as registries know it; what else stands in its place may be anything. */
const IMAGE = /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)*(:[\w.-]+)?(@sha256:[0-9a-f]+)?$/i;

function withoutOddImages(object: JsonObject, clean: (text: string) => string): JsonObject {
  if (object.kind !== 'Pod' || containersOf(object).every(({ spec }) => IMAGE.test(textAt(spec, 'image') ?? '')))
    return object;
  const cleaned = (list: string) =>
    objectsAt(object, 'spec', list).map((spec) => {
      const image = textAt(spec, 'image') ?? '';
      return IMAGE.test(image) ? spec : { ...spec, image: clean(image) };
    });
  return {
    ...object,
    spec: {
      ...objectAt(object, 'spec'),
      containers: cleaned('containers'),
      initContainers: cleaned('initContainers'),
    },
  };
}

function mapped<T>(record: Record<string, T>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function cleanMessages(value: JsonObject, clean: (text: string) => string): JsonObject {
  const walk = (key: string, each: Json): Json =>
    typeof each === 'string'
      ? key === 'message'
        ? clean(each)
        : each
      : Array.isArray(each)
        ? each.map((item) => walk(key, item))
        : isObject(each)
          ? cleanMessages(each, clean)
          : each;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, walk(key, each)]));
}
