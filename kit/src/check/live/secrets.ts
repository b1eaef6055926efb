import { kubectl } from './kubectl.ts';
import { textAt } from '../read/yaml.ts';
import { ofKind, type LiveState } from './state.ts';

/** A value of a Secret, of which nothing but its length is known. */
interface Sealed {
  key: string;
  length: number;
}

/** What releases of charts and certificates hold is long, and nobody's password. */
const ASIDE = /^(helm\.sh\/release|kubernetes\.io\/service-account-token)/;

/** Names, kinds, keys, lengths and times, picked by kubectl: what the Secrets hold never comes here. */
const FACTS =
  '{{range .items}}{{.metadata.name}}|{{.type}}|{{range $key, $value := .data}}{{$key}}:{{len (base64decode $value)}},{{end}}|' +
  '{{if .metadata.ownerReferences}}owned{{end}}|{{.metadata.creationTimestamp}},' +
  '{{range .metadata.managedFields}}{{if .fieldsV1}}{{if index .fieldsV1 "f:data"}}{{.time}},{{end}}{{end}}{{end}}{{"\\n"}}{{end}}';

/** Notes which Secrets there are, with the names of their keys and when they changed; returns their values, sealed. */
export function readSecrets(state: LiveState, scope: string[]): Sealed[] {
  const answer = kubectl(['get', 'secrets', ...scope, '--show-managed-fields', '-o', `go-template=${FACTS}`]);
  if (!answer.ok) return [];
  const sealed: Sealed[] = [];
  const secrets: NonNullable<LiveState['secrets']> = {};
  for (const line of answer.out.split('\n')) {
    const [name = '', type = '', keys = '', owned = '', times = ''] = line.split('|');
    if (name === '') continue;
    const values = keys.split(',').flatMap((each) => {
      const [key = '', length] = each.split(':');
      return key === '' ? [] : [{ key, length: Number(length) }];
    });
    secrets[name] = { type, keys: values.map(({ key }) => key) };
    if (!ASIDE.test(type)) sealed.push(...values);
    const last = times.split(',').filter(Boolean).sort().at(-1);
    // What an operator renews, it also sees to.
    if (last !== undefined && owned === '') state.changed[`Secret/${name}`] = last;
  }
  state.secrets = secrets;
  return sealed;
}

/** Keys whose values many texts hold, and which are no secret. */
const OPEN = /(^|[_.-])(user(name)?|login|host(name)?|port|db|database|name|email|namespace|region|bucket)$/i;

/**
 * Which words of the logs and events are values of Secrets. The doctor does not read these values: it asks kubectl whether
 * one of them is a word that has been written there for all to see, and learns no more than that.
 */
export function spokenSecrets(state: LiveState, sealed: readonly Sealed[], scope: string[]): string[] {
  const lengths = new Set(
    sealed
      .filter(({ key, length }) => length >= 4 && length <= 300 && !OPEN.test(key))
      // As it is, without the end of line that `echo` adds, or as base64.
      .flatMap(({ length }) => [length, length - 1, 4 * Math.ceil(length / 3)]),
  );
  const words = wordsOf(textsOf(state), lengths).slice(0, 30_000);
  if (words.length === 0) return [];
  const asked = words
    .map((word, index) => {
      const [plain, ended] = [JSON.stringify(word), JSON.stringify(`${word}\n`)];
      return `{{if or (eq $open ${plain} ${ended}) (eq $value ${plain})}}{{$key}}|${index},{{end}}`;
    })
    .join('');
  const template = `{{range .items}}{{if and (ne .type "helm.sh/release.v1") .data}}{{range $key, $value := .data}}{{$open := base64decode $value}}${asked}{{end}}{{end}}{{end}}`;
  // Through a pipe: the list of processes shows arguments to everybody.
  const answer = kubectl(['get', 'secrets', ...scope, '-o', 'go-template-file=/dev/stdin'], 20, template);
  const spoken = answer.out.split(',').flatMap((each) => {
    const [key = '', index] = each.split('|');
    const word = index === undefined ? undefined : words[Number(index)];
    return word === undefined || OPEN.test(key) ? [] : [word];
  });
  return [...new Set(spoken)];
}

/** The texts that programs and people wrote. */
function textsOf(state: LiveState): string[] {
  const messages: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, each] of Object.entries(value)) {
      if (key === 'message' && typeof each === 'string') messages.push(each);
      else walk(each);
    }
  };
  for (const object of state.objects) walk(object.status);
  return [
    ...Object.values(state.logs),
    ...ofKind(state.objects, 'Event').map((event) => textAt(event, 'message') ?? ''),
    ...messages,
    ...[...Object.values(state.services), ...Object.values(state.addresses)].flatMap(({ failure, title }) => [
      failure ?? '',
      title ?? '',
    ]),
  ];
}

/** The parts of texts, from the end of one word to the end of another, that have one of these lengths in bytes. */
export function wordsOf(texts: readonly string[], lengths: ReadonlySet<number>): string[] {
  const words = new Set<string>();
  for (const text of new Set(texts.flatMap((each) => [each, ...each.split('\n')]))) {
    const bytes = Buffer.from(text);
    const isEdge = (at: number) => at === 0 || at === bytes.length || !isLetter(bytes[at - 1]) || !isLetter(bytes[at]);
    for (let start = 0; start < bytes.length && words.size < 30_000; start++) {
      if (!isEdge(start)) continue;
      for (const length of lengths)
        if (length >= 4 && start + length <= bytes.length && isEdge(start + length))
          words.add(bytes.toString('utf8', start, start + length));
    }
  }
  // A part of a letter is no word.
  return [...words].filter((word) => !word.includes('\uFFFD') && /\S{2}/.test(word));
}

function isLetter(byte: number | undefined): boolean {
  return byte !== undefined && (byte > 127 || /[A-Za-z0-9]/.test(String.fromCharCode(byte)));
}
