import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { parseArgs } from 'node:util';
import { type Document, isCollection, isMap, isScalar, LineCounter, parseAllDocuments, type Scalar } from 'yaml';

const HELP = `kit setup    écrit dans k8s/ le nom, l'adresse et les images de votre application

Sans options, il demande ; ce qui n'est pas donné reste comme c'est.

  --name NOM         le nom de l'application : frontend-NOM.DOMAINE et backend-NOM.DOMAINE seront ses adresses
  --domain DOMAINE   le domaine du cluster (kub.sspcloud.fr sur le SSPCloud)
  --account COMPTE   le compte Docker Hub où sont les images
  --tag TAG          la version des images

Code de sortie : 0 c'est écrit (ou l'était déjà), 2 rien n'a été changé.`;

interface Answers {
  name: string;
  domain: string;
  account: string;
  tag: string;
}

type Refusal = string | undefined;

const label = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/;

/** For each question, its words and what is wrong with an answer. */
const questions: Record<keyof Answers, { ask: string; fault: (answer: string) => Refusal }> = {
  name: {
    ask: "Le nom de l'application",
    // RFC 1123: a label has at most 63 characters, of which "frontend-" takes 9.
    fault: (name) =>
      label.test(name) && name.length <= 54
        ? undefined
        : 'il fait partie d\'une adresse : 54 caractères au plus, des minuscules sans accent, des chiffres et des "-", ni au début ni à la fin (par exemple mon-appli)',
  },
  domain: {
    ask: 'Le domaine du cluster',
    fault: (domain) =>
      domain.length <= 180 &&
      domain.includes('.') &&
      domain.split('.').every((part) => label.test(part) && part.length <= 63)
        ? undefined
        : 'un domaine est fait de mots et de points, sans https:// ni / (par exemple kub.sspcloud.fr)',
  },
  account: {
    ask: 'Le compte Docker Hub',
    fault: (account) =>
      /^[a-z0-9]{4,30}$/.test(account)
        ? undefined
        : "un compte Docker Hub a de 4 à 30 minuscules et chiffres, sans rien d'autre (celui qui figure sous votre nom sur hub.docker.com)",
  },
  tag: {
    ask: 'La version des images',
    // https://pkg.go.dev/github.com/distribution/reference
    fault: (tag) =>
      /^\w[\w.-]{0,127}$/.test(tag)
        ? undefined
        : 'un tag a des lettres, des chiffres et _ . - (par exemple latest ou 1.2.0)',
  },
};

/** Thrown when nothing can be written; its message says why. */
class SetupError extends Error {}

/** One value in a file, at its place in the text. */
interface Field {
  file: string;
  line: number;
  /** As a person would name it: `spec.rules.0.host`. */
  name: string;
  value: string;
  node: Scalar & { range: [number, number, number] };
}

/** Where the answers stand in the manifests, by what they say. */
interface Places {
  hosts: Record<Side, Field[]>;
  images: Record<Side, Field>;
  apiUrl: Field;
  corsOrigin: Field;
}

type Side = 'backend' | 'frontend';

/** Runs `kit setup`; returns the exit code: 0 when the manifests say what was answered, 2 when nothing was changed. */
export async function setup(args: string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args,
      options: {
        name: { type: 'string' },
        domain: { type: 'string' },
        account: { type: 'string' },
        tag: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    const { help, ...given } = values;
    if (help) {
      console.log(HELP);
      return 0;
    }
    const folder = path.resolve('k8s');
    const places = findPlaces(folder);
    const current = readAnswers(places);
    refuseFaults(given);
    write(places, current, Object.keys(given).length > 0 ? given : await askAll(current));
    return 0;
  } catch (error) {
    if (!(error instanceof SetupError) && !(error instanceof TypeError && 'code' in error)) throw error;
    console.error(`${error.message}\nRien n'a été changé. kit setup --help dit le reste.`);
    return 2;
  }
}

function refuseFaults(given: Partial<Answers>): void {
  const faults = Object.entries(given).flatMap(([question, answer]) => {
    const fault = questions[question as keyof Answers].fault(answer);
    return fault ? [`--${question} « ${answer} » : ${fault}.`] : [];
  });
  if (faults.length > 0) throw new SetupError(faults.join('\n'));
}

/** Asks for each answer until it is right; an empty line keeps the current one. */
async function askAll(current: Answers): Promise<Answers> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const lines = terminal[Symbol.asyncIterator]();
  const answers = { ...current };
  try {
    for (const [question, { ask, fault }] of Object.entries(questions) as [
      keyof Answers,
      (typeof questions)['name'],
    ][]) {
      for (;;) {
        terminal.setPrompt(`${ask} [${current[question]}] : `);
        // With what was typed last, the input may have ended.
        if (!process.stdin.readableEnded) terminal.prompt();
        const typed = await lines.next();
        if (typed.done) throw new SetupError('\nInterrompu avant la dernière réponse.');
        const answer = typed.value.trim() || current[question];
        const wrong = answer === current[question] ? undefined : fault(answer);
        answers[question] = answer;
        if (!wrong) break;
        console.log(`  « ${answer} » ne va pas : ${wrong}.`);
      }
    }
  } finally {
    terminal.close();
  }
  return answers;
}

/**
 * Finds all that depends on an answer.
 *
 * @throws {SetupError} when a place is missing: half of the addresses would disagree with the other half.
 */
function findPlaces(folder: string): Places {
  const resources = readManifests(folder);
  const missing: string[] = [];

  function fields(kind: string, name: string, ...keys: string[]): Field[] {
    const resource = resources.find((each) => each.kind === kind && each.name === name);
    const found = resource ? keys.flatMap((key) => collect(resource, resource.document.contents, key.split('.'))) : [];
    if (found.length === 0) missing.push(`${keys[0]} du ${kind} « ${name} »`);
    return found;
  }
  const field = (...where: [kind: string, name: string, key: string]) => fields(...where)[0] as Field;
  const hosts = (side: Side) => fields('Ingress', side, 'spec.rules.*.host', 'spec.tls.*.hosts.*');
  const image = (side: Side) => field('Deployment', side, 'spec.template.spec.containers.0.image');

  const places = {
    hosts: { backend: hosts('backend'), frontend: hosts('frontend') },
    images: { backend: image('backend'), frontend: image('frontend') },
    apiUrl: field('ConfigMap', 'configuration-frontend', 'data.VITE_API_URL'),
    corsOrigin: field('ConfigMap', 'configuration-backend', 'data.CORS_ORIGIN'),
  };
  if (missing.length > 0) {
    throw new SetupError(`Introuvable dans ${folder} :\n${missing.map((what) => `  - ${what}`).join('\n')}`);
  }
  return places;
}

interface Resource {
  file: string;
  lines: LineCounter;
  document: Document.Parsed;
  kind: unknown;
  name: unknown;
}

function readManifests(folder: string): Resource[] {
  let files;
  try {
    files = readdirSync(folder).filter((file) => /\.ya?ml$/.test(file));
  } catch {
    throw new SetupError(`Le dossier ${folder} est introuvable : kit setup se lance à la racine du projet.`);
  }
  return files.flatMap((name) => {
    const file = path.join(folder, name);
    const lines = new LineCounter();
    return [...parseAllDocuments(readFileSync(file, 'utf8'), { lineCounter: lines })].map((document) => {
      const [fault] = document.errors;
      if (fault) throw new SetupError(`${file} n'est pas du YAML : ${fault.message}`);
      return { file, lines, document, kind: document.get('kind'), name: document.getIn(['metadata', 'name']) };
    });
  });
}

/** The values under a path of keys, of which `*` is every item of a list. */
function collect({ file, lines }: Resource, root: unknown, keys: string[]): Field[] {
  let found = [{ node: root, name: '' }];
  for (const key of keys) {
    found = found.flatMap(({ node, name }) => {
      if (!isCollection(node)) return [];
      const each = key === '*' && !isMap(node) ? [...node.items.keys()] : [key];
      return each.map((step) => ({ node: node.get(step, true), name: name ? `${name}.${step}` : String(step) }));
    });
  }
  return found.flatMap(({ node, name }) => {
    if (!isScalar(node) || !node.range || typeof node.value !== 'string') return [];
    const field = { file, line: lines.linePos(node.range[0]).line, name, value: node.value };
    return [{ ...field, node: node as Field['node'] }];
  });
}

/** What the manifests say now. */
function readAnswers({ hosts, images }: Places): Answers {
  const [, name = '', domain = ''] = /^(?:backend-)?([^.]*)\.?(.*)$/.exec(hosts.backend[0]?.value ?? '') ?? [];
  const [, account = '', tag = 'latest'] = /^(?:(.*)\/)?[^/:@]*(?::([^@]*))?/.exec(images.backend.value) ?? [];
  return { name, domain, account, tag };
}

/** Writes what was given to all its places, each at its place in the text: comments and layout stay. */
function write({ hosts, images, apiUrl, corsOrigin }: Places, current: Answers, given: Partial<Answers>): void {
  const { name, domain, account, tag } = { ...current, ...given };
  const host = (side: Side) => `${side}-${name}.${domain}`;
  const image = (old: string) => `${account}/${old.replace(/^.*\//, '').replace(/[:@].*$/, '')}:${tag}`;
  const wanted: [Field, string][] = [];
  if (given.name !== undefined || given.domain !== undefined) {
    for (const side of ['backend', 'frontend'] as const) {
      for (const field of hosts[side]) wanted.push([field, host(side)]);
    }
    wanted.push([apiUrl, `https://${host('backend')}`], [corsOrigin, `https://${host('frontend')}`]);
  }
  if (given.account !== undefined || given.tag !== undefined) {
    for (const field of Object.values(images)) wanted.push([field, image(field.value)]);
  }
  const changes = wanted.filter(([field, value]) => field.value !== value);
  for (const file of new Set(changes.map(([field]) => field.file))) {
    let text = readFileSync(file, 'utf8');
    const here = changes.filter(([field]) => field.file === file);
    // From the end, so that the places before it stay where they are.
    for (const [{ node }, value] of here.sort(([a], [b]) => b.node.range[0] - a.node.range[0])) {
      const quote = { QUOTE_DOUBLE: '"', QUOTE_SINGLE: "'" }[node.type as string] ?? '';
      text = text.slice(0, node.range[0]) + quote + value + quote + text.slice(node.range[1]);
    }
    writeFileSync(file, text);
  }
  for (const [field, value] of changes) {
    console.log(`${path.relative('.', field.file)}:${field.line}  ${field.name} : ${field.value} → ${value}`);
  }
  console.log(
    changes.length === 0
      ? 'Tout y était déjà : rien à changer.'
      : `
Vérifier : npx -y pnpm@12 kit check
Déployer : kubectl apply -f k8s/`,
  );
}
