import path from 'node:path';
import type { Remark, Rule, Severity } from '../findings.ts';
import type { Model } from '../model.ts';
import { environmentOf } from '../read/dockerfile.ts';
import { isEnvFile, isEnvTemplate, readEnvFile } from '../read/env-file.ts';
import { readImage } from '../read/image.ts';
import { dataOf, isAside } from '../read/kubernetes.ts';
import { lineCounter } from '../read/source.ts';
import { objectAt, objectsAt, placeOf, textAt, type JsonObject, type Place, written } from '../read/yaml.ts';
import {
  classify,
  hasKeyShape,
  inUrl,
  isDjangoKey,
  isForBrowsers,
  isPrivateKey,
  isRandom,
  isRemote,
  isStrong,
  keysIn,
  masked,
  namesSecret,
} from '../secret-values.ts';

/** A value that may be a secret, and where it stands. */
interface Held {
  /** Its variable or key; empty for what is known by its shape alone. */
  name: string;
  value: string;
  place: Place;
  where: 'Secret' | 'ConfigMap' | 'manifest' | 'env-file' | 'compose' | 'dockerfile' | 'workflow' | 'settings' | 'code';
  /** Values that everybody can read beside it. */
  beside: string[];
  /** What the value is, when something else than its name tells: a key of that service, a literal that signs tokens. */
  kind?: { owner: string | undefined } | 'sign' | 'default';
  /** The host that it opens, when one stands beside it. */
  host?: string | undefined;
  /** What is in a comment, or in a text for people, gives nothing to any program. */
  isRemark?: boolean;
}

interface Judged extends Held {
  severity: Severity;
  secret: string;
  isWeak: boolean;
}

export const secretCommitted: Rule = {
  id: 'secret-committed',
  title: { fr: 'Un mot de passe ou une clé est dans le dépôt', en: 'A password or key is in the repository' },
  why: {
    fr: 'Ce qui est dans git y reste, même effacé, et tout le monde peut le lire. base64 n’est pas un chiffrement : « base64 -d » le défait sans clé.',
    en: 'What is in git stays there, even when deleted, and everybody can read it. base64 is no encryption: "base64 -d" undoes it without a key.',
  },
  *check(model) {
    const byFile = new Map<string, Judged[]>();
    for (const held of heldValues(model)) {
      if (!model.project.isShared(held.place.file)) continue;
      const judged = judge(held);
      if (!judged) continue;
      const list = byFile.get(held.place.file) ?? [];
      // What has a name is not told a second time by the shape of its value.
      const isKnown = list.some(
        ({ place, name }) => place.line === judged.place.line && (judged.name === '' || name === judged.name),
      );
      if (!isKnown) list.push(judged);
      byFile.set(held.place.file, list);
    }
    // One sentence a file, for its gravest values.
    for (const list of byFile.values()) {
      const severity = list.some((each) => each.severity === 'error') ? 'error' : 'warning';
      const gravest = list.filter((each) => each.severity === severity).sort((a, b) => a.place.line - b.place.line);
      yield remarkOf(gravest.some((each) => !each.isWeak) ? gravest.filter((each) => !each.isWeak) : gravest);
    }
  },
};

function* heldValues(model: Model): Generator<Held> {
  yield* inManifests(model);
  yield* inEnvFiles(model);
  yield* inCompose(model);
  yield* inDockerfiles(model);
  yield* inWorkflows(model);
  yield* inTexts(model);
}

function* inManifests(model: Model): Generator<Held> {
  for (const file of model.manifests) {
    for (const object of file.documents) {
      const kind = textAt(object, 'kind');
      if (
        (kind !== 'Secret' && kind !== 'ConfigMap') ||
        'sops' in object ||
        /sealed|template/i.test(textAt(object, 'apiVersion') ?? '') ||
        textAt(object, 'type') === 'kubernetes.io/service-account-token'
      )
        continue;
      const resource = { apiVersion: '', kind, name: '', namespace: undefined, object, place: placeOf(object) };
      const entries = Object.entries(dataOf(resource));
      yield* inRegistryLogin(object);
      const beside = entries.flatMap(([name, { text }]) =>
        text === undefined || namesSecret(name) || text.length >= 200 ? [] : [text],
      );
      for (const [name, { text, place }] of entries)
        if (text !== undefined) yield { name, value: text, place, where: kind, beside };
    }
  }
  for (const cluster of model.clusters) {
    for (const container of cluster.workloads.flatMap((workload) => workload.containers)) {
      const beside = [...container.env].flatMap(([name, { value }]) => (namesSecret(name) ? [] : (value ?? [])));
      // A value that takes up another variable is told where that one stands.
      const written = new Map(
        objectsAt(container.object, 'env').map((entry) => [textAt(entry, 'name') ?? '', textAt(entry, 'value') ?? '']),
      );
      for (const [name, { value, place, from }] of container.env)
        if (from === 'value' && value !== undefined && place.file !== '' && !(written.get(name) ?? '').includes('$('))
          yield { name, value, place, where: 'manifest', beside };
    }
  }
}

/** The password of a registry, in the form in which Kubernetes keeps it. */
function* inRegistryLogin(object: JsonObject): Generator<Held> {
  for (const section of ['data', 'stringData']) {
    const data = objectAt(object, section);
    for (const name of ['.dockerconfigjson', '.dockercfg']) {
      const raw = textAt(data, name) ?? '';
      const text = section === 'data' ? Buffer.from(raw, 'base64').toString('utf8') : raw;
      for (const [, key, word = ''] of text.matchAll(/"(password|auth)"\s*:\s*"([^"]+)"/g)) {
        const password = key === 'auth' ? (Buffer.from(word, 'base64').toString('utf8').split(':')[1] ?? '') : word;
        const place = placeOf(data, name);
        yield { name: `password (${name})`, value: password, place, where: 'Secret', beside: [] };
      }
    }
  }
}

function* inEnvFiles(model: Model): Generator<Held> {
  for (const { path: file } of model.project.files) {
    const isTemplate = isEnvTemplate(file);
    const isStreamlit = /(^|\/)\.streamlit\/secrets\.toml$/.test(file);
    if (!(isEnvFile(file) || isTemplate || isStreamlit || /(^|\/)\.Renviron$/.test(file)) || isAside(file)) continue;
    const entries = readEnvFile(model.project.read(file) ?? '').filter(
      // A template shows names; only what looks drawn at random was left in it by mistake.
      (entry) => !isTemplate || (/API_?KEY|TOKEN|ACCESS_?KEY/i.test(entry.name) && isRandom(entry.value)),
    );
    const beside = entries.filter((entry) => !namesSecret(entry.name)).map((entry) => entry.value);
    for (const { name, value, line } of entries)
      yield { name, value, place: { file, line }, where: 'env-file', beside };
  }
}

function* inCompose(model: Model): Generator<Held> {
  for (const service of model.stacks.flatMap((stack) => stack.services)) {
    const environment = objectAt(service.object, 'environment');
    const beside = Object.entries(environment).flatMap(([name, value]) => (namesSecret(name) ? [] : [written(value)]));
    for (const name of Object.keys(environment)) {
      const place = placeOf(environment, name);
      // A value that compose puts in from elsewhere is not written here.
      const line = (model.project.read(place.file) ?? '').split('\n')[place.line - 1] ?? '';
      if (!/\$\{?\w/.test(line))
        yield { name, value: textAt(environment, name) ?? '', place, where: 'compose', beside };
    }
  }
}

function* inDockerfiles(model: Model): Generator<Held> {
  for (const build of model.builds) {
    for (const stage of readImage(model.project, build)?.dockerfile.stages ?? []) {
      for (const step of stage.instructions) {
        if (step.keyword !== 'ENV' && step.keyword !== 'ARG') continue;
        const place = { file: build.dockerfile, line: step.line };
        for (const [name, value] of environmentOf(step.raw))
          yield { name, value, place, where: 'dockerfile', beside: [] };
      }
    }
  }
}

function* inWorkflows(model: Model): Generator<Held> {
  const given = function* (holder: JsonObject | undefined, key: string): Generator<Held> {
    const values = objectAt(holder, key);
    for (const name of Object.keys(values))
      yield { name, value: textAt(values, name) ?? '', place: placeOf(values, name), where: 'workflow', beside: [] };
  };
  for (const workflow of model.workflows) {
    yield* given(workflow.object, 'env');
    for (const job of workflow.jobs) {
      yield* given(job.object, 'env');
      for (const step of job.steps) {
        yield* given(step.object, 'env');
        if (/login/.test(step.uses)) yield* given(step.object, 'with');
        const typed = /docker login[^\n]*(?:-p|--password)[= ]\s*["']?([^\s"'$]+)/.exec(step.run);
        if (typed && !step.run.includes('password-stdin'))
          yield {
            name: 'docker login -p',
            value: typed[1] ?? '',
            place: placeOf(step.object, 'run'),
            where: 'workflow',
            beside: [],
          };
      }
    }
  }
}

const CODE = /\.(py|ipynb|[cm]?[jt]sx?|vue|svelte|java|kt|rb|go|php|cs|r|R|qmd|sh)$/;
const SETTINGS = /\.(ya?ml|json|toml|ini|cfg|conf|properties|tfvars|xml)$/;

/** Secrets in texts that no reader of their own knows: sources, settings, keys in files of any name. */
function* inTexts(model: Model): Generator<Held> {
  const { project } = model;
  const known = new Set([
    ...model.manifests.map((file) => file.path),
    ...model.composeFiles.map((file) => file.path),
    ...model.workflows.map((file) => file.path),
  ]);
  for (const { path: file, size } of project.files) {
    const base = path.posix.basename(file);
    const isNamed =
      CODE.test(file) ||
      SETTINGS.test(file) ||
      /\.(env|txt|md|sql|pem|key)$|^\.env|^\.Renviron$|dockerfile/i.test(base);
    // A private key is often kept in a file that has no ending.
    if (!isNamed && (base.includes('.') || size > 20_000)) continue;
    if (
      size > 300_000 ||
      isAside(file) ||
      /(package-lock|pnpm-lock|yarn\.lock|poetry\.lock|uv\.lock|\.min\.js|\.map$)|\.(test|spec)\.|(^|\/)(test_|conftest)|_test\.(py|go)$|\.(example|template|sample)$|google-services\.json$/.test(
        file,
      )
    )
      continue;
    const text = project.read(file);
    if (text === undefined) continue;
    const where = known.has(file)
      ? file.startsWith('.github/')
        ? 'workflow'
        : 'manifest'
      : CODE.test(file)
        ? 'code'
        : /dockerfile/i.test(base)
          ? 'dockerfile'
          : 'settings';
    let lineOf: ((offset: number) => number) | undefined;
    const placeAt = (index: number): Place => ({ file, line: (lineOf ??= lineCounter(text))(index) });
    if (where === 'code') yield* inCode(text, placeAt);
    if (file.endsWith('.sql')) {
      for (const match of text.matchAll(/\b(?:PASSWORD|IDENTIFIED\s+BY)\s+'([^'\n]{6,})'/gi))
        if (isStrong(match[1] ?? ''))
          yield { name: 'PASSWORD', value: match[1] ?? '', place: placeAt(match.index), where: 'compose', beside: [] };
    }
    if (where === 'settings' && SETTINGS.test(file)) yield* inSettings(text, placeAt, file.endsWith('.tfvars'));
    const isRemark = (index: number): boolean =>
      /\.(txt|md)$/.test(base) || /^\s*(#|\/\/|--)/.test(text.slice(text.lastIndexOf('\n', index) + 1, index));
    for (const { owner, value, index } of keysIn(text))
      yield { name: '', value, place: placeAt(index), where, beside: [], kind: { owner }, isRemark: isRemark(index) };
    for (const match of text.matchAll(
      /(?<![\w+])(?:jdbc:)?((?:postgres(?:ql)?|mysql|mariadb|mongodb)(?:\+\w+)?:\/\/[^\s"'`]+)/g,
    )) {
      const url = inUrl(match[1] ?? '');
      if (url && isRemote(url.host) && !/[{$%<]/.test(url.password))
        yield {
          name: '',
          value: match[1] ?? '',
          place: placeAt(match.index),
          where,
          beside: [],
          isRemark: isRemark(match.index),
        };
    }
  }
}

/** Values that sources give to secret names: by an assignment, an argument, or the default of a variable. */
function* inCode(text: string, placeAt: (index: number) => Place): Generator<Held> {
  if (!/pass|pwd|mdp|secret|token|key|credential|jwt/i.test(text)) return;
  const found = function* (pattern: RegExp, kind?: Held['kind']): Generator<Held> {
    for (const match of text.matchAll(pattern)) {
      const name = match.groups?.name ?? '';
      const value = match.groups?.value ?? '';
      if ((kind !== 'sign' && !namesSecret(name)) || isForBrowsers(value, text)) continue;
      const host = hostBeside(text, match.index);
      yield { name, value, place: placeAt(match.index), where: 'code', beside: [], host, ...(kind ? { kind } : {}) };
    }
  };
  yield* found(
    /(?:getenv|environ\.get|environ\.setdefault|\bconfig|\benv(?:\.\w+)?)\(\s*["'](?<name>\w+)["']\s*,\s*(?:default\s*=\s*)?["'](?<value>[^"'\n]+)["']/g,
    'default',
  );
  yield* found(/\benv\.(?<name>\w+)\s*(?:\|\||\?\?)\s*["'`](?<value>[^"'`\n]+)["'`]/g, 'default');
  yield* found(
    /(?<name>\bjwt\.(?:sign|verify|encode|decode))\((?:[^"'`;()]|\([^()]*\)|\{[^{}]*\})*?,\s*["'`](?<value>[^"'`\n]{12,})["'`]/g,
    'sign',
  );
  yield* found(
    /(?<![\w.])["']?(?<name>[A-Za-z_][\w.-]*)["']?\]?\s*(?::\s*(?:str|string|String)\s*)?[:=]\s*[rb]?["'`](?<value>[^"'`\n]{6,200})["'`]/g,
  );
}

/** Values that settings give to secret names: for a host elsewhere, or for what a service gave out. */
function* inSettings(text: string, placeAt: (index: number) => Place, isInfrastructure: boolean): Generator<Held> {
  for (const match of text.matchAll(
    /^[ \t]*(?:-[ \t]*)?["']?([\w.-]+)["']?[ \t]*[:=][ \t]*["']?([^\s"'#,]+)["']?,?[ \t\r]*$/gm,
  )) {
    const [, name = '', value = ''] = match;
    if (!namesSecret(name)) continue;
    const host = isInfrastructure ? 'infrastructure.elsewhere' : hostBeside(text, match.index);
    yield { name, value, place: placeAt(match.index), where: 'settings', beside: [], host };
  }
}

/** The host that is written nearest to a place of a text, in the lines around it. */
function hostBeside(text: string, index: number): string | undefined {
  const start = Math.max(0, index - 400);
  const around = text.slice(start, index + 400);
  let best: { host: string; distance: number } | undefined;
  for (const match of around.matchAll(
    /\b(?:host(?:name)?|server|\w*endpoint\w*|\w*ur[il]|address)["']?\]?\s*[:=]\s*["'`]?(?:jdbc:)?(?:[a-z][\w+.-]*:\/\/)?(?:[^\s"'`/@]*@)?([\w.-]+)/gi,
  )) {
    const distance = Math.abs(match.index + start - index);
    if (!best || distance < best.distance) best = { host: match[1] ?? '', distance };
  }
  return best?.host;
}

/** How grave it is that a value is in the repository; undefined when it is no secret, or serves on one's own computer alone. */
function judge(held: Held): Judged | undefined {
  const { name, value, where } = held;
  const url = inUrl(value);
  const secret = url ? url.password : value;
  const made = (severity: Severity, isWeak = false): Judged => ({ ...held, severity, secret, isWeak });
  if (where === 'code' && name === 'SECRET_KEY' && held.kind === undefined && isDjangoKey(value))
    return made(value.startsWith('django-insecure-') ? 'warning' : 'error');
  if (isPrivateKey(value) && where !== 'code') return made('error');
  if (typeof held.kind === 'object') return made('error');
  if (value.length > 2000 || (value.includes('\n') && where !== 'Secret')) return undefined;
  if (!url && name !== '' && !held.kind && !isNamedSecret(name, where)) return undefined;
  const kind = classify(secret, url ? [...held.beside, url.user] : held.beside);
  if (kind === 'placeholder') return undefined;
  const isReal = kind === 'real';
  const isForeign = url !== undefined && isRemote(url.host);
  // A key that a service gave out is good everywhere; one of the application's own, here alone.
  const isGiven = /API_?KEY|ACCESS_?KEY|TOKEN|CLIENT_?SECRET/i.test(name) && !/JWT|CSRF/i.test(name);
  const isKey = /KEY|TOKEN|SECRET/i.test(name) && secret.length >= 16 && /\d/.test(secret) && /[a-z]/i.test(secret);
  switch (where) {
    case 'Secret':
    case 'ConfigMap':
      return isReal ? made('error') : made('warning', true);
    case 'manifest':
      // What opens a page for administrators is tried by everybody who finds the page.
      return isReal ? made('error') : /ADMIN/i.test(name) ? made('warning', true) : undefined;
    case 'workflow':
      // Databases of tests live as long as the job.
      if (!isReal || /POSTGRES|MYSQL|MARIADB|MONGO|DATABASE|^(DB|PG|TEST|CI|JWT|DJANGO|SECRET)/i.test(name))
        return undefined;
      return made('error');
  }
  // Keys that their owners call publishable are meant to be seen.
  if (!isReal || /^pk[._]/.test(secret)) return undefined;
  // What serves on one's own computer alone is no secret, unless it opens something elsewhere.
  if (hasKeyShape(value) || isForeign) return made('error');
  if (url) return undefined;
  if (where === 'code') return codeGravity(held, isGiven, made);
  if (where === 'settings')
    return (isPassword(name) && held.host !== undefined && isRemote(held.host)) || (isGiven && isRandom(secret))
      ? made('error')
      : undefined;
  const file = held.place.file;
  if (where === 'env-file') {
    if (secret.length < 6 || (/\.env\.(test|testing|ci)$|(^|\/)(test|ci)\.env$/.test(file) && !isGiven))
      return undefined;
    return made(/\.env\.(dev|development|local)|(^|\/)(dev|local)\.env$/.test(file) ? 'warning' : 'error');
  }
  // A strong password is seldom made for one's own computer alone; a name or a word beside it may say that it is.
  if (
    isPassword(name) &&
    isStrong(value) &&
    !/dev|local|test|demo|p[a@4][s$5]{2}|pwd|secret|admin|root/i.test(`${name.replace(/PASS\w*|PWD/gi, '')} ${value}`)
  )
    return made(where === 'dockerfile' ? 'error' : 'warning');
  return isKey ? made(isGiven ? 'error' : 'warning') : undefined;
}

/** Whether a name announces a secret; a Secret of Kubernetes is one by itself, save for what goes with it. */
function isNamedSecret(name: string, where: Held['where']): boolean {
  if (namesSecret(name)) return true;
  if (where === 'workflow') return name.startsWith('docker login');
  return (
    where === 'Secret' &&
    /KEY|AUTH|CRED|SIGN|JWT|PASS/i.test(name) &&
    !/(USER|USERNAME|LOGIN|HOST|PORT|DB|DATABASE|NAME|EMAIL|MAIL|SERVER|URL|URI|FILE|PATH|ENDPOINT|REGION|BUCKET|ID|ALGORITHM|\.crt|\.pem|\.json|\.ya?ml)$|PUBLIC/i.test(
      name,
    )
  );
}

function isPassword(name: string): boolean {
  return /PASS|PWD|MDP/i.test(name);
}

/** Code holds many words that look like passwords: only what nobody types for a try, or what opens a host elsewhere, counts. */
function codeGravity(held: Held, isGiven: boolean, made: (severity: Severity) => Judged): Judged | undefined {
  const { name, value, host } = held;
  if (isPassword(name) && host !== undefined) return isRemote(host) && !/\s/.test(value) ? made('error') : undefined;
  if (!isStrong(value)) return undefined;
  if (held.kind === 'sign') return made('error');
  if (isPassword(name))
    return held.kind === 'default' || /DB|DATABASE|PG|POSTGRES|SQL|SMTP|MAIL|MONGO|REDIS/i.test(name)
      ? made('error')
      : undefined;
  if (isGiven) return value.length >= 20 ? made('error') : undefined;
  return value.length >= 20 ? made(held.kind === 'default' ? 'warning' : 'error') : undefined;
}

type Words = Record<'fr' | 'en', string>;

function labelOf({ name, secret, kind, value }: Judged): Words {
  if (isPrivateKey(value)) return { fr: 'une clé privée', en: 'a private key' };
  const shown = masked(secret);
  if (typeof kind === 'object') {
    const owner = kind.owner === undefined ? '' : ` ${kind.owner}`;
    return { fr: `une clé${owner} (${shown})`, en: `a${/^ [AO]/.test(owner) ? 'n' : ''}${owner} key (${shown})` };
  }
  if (kind === 'sign')
    return { fr: `la clé qui signe les jetons (${shown})`, en: `the key that signs tokens (${shown})` };
  if (name === '')
    return { fr: `le mot de passe d’une base de données (${shown})`, en: `the password of a database (${shown})` };
  return { fr: `${name} (${shown})`, en: `${name} (${shown})` };
}

function weakLabelOf({ name, value }: Judged): Words {
  return inUrl(value) ? { fr: `le mot de passe de ${name}`, en: `the password of ${name}` } : { fr: name, en: name };
}

function joined(words: string[], and: string, others: (count: number) => string): string {
  const shown = words.length > 5 ? [...words.slice(0, 4), others(words.length - 4)] : words;
  const text = shown.length > 1 ? `${shown.slice(0, -1).join(', ')} ${and} ${shown.at(-1) ?? ''}` : (shown[0] ?? '');
  return /^(un|une|le|la|an?|the) /.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text;
}

function remarkOf(list: Judged[]): Remark {
  const [first] = list;
  if (!first) throw new Error('a remark needs a secret');
  const { place, severity, where, isWeak } = first;
  const labels = list.map(isWeak ? weakLabelOf : labelOf);
  const unique = labels.filter((label, index) => labels.findIndex((other) => other.fr === label.fr) === index);
  const fr = joined(
    unique.map((label) => label.fr),
    'et',
    (count) => `${count} autres`,
  );
  const en = joined(
    unique.map((label) => label.en),
    'and',
    (count) => `${count} others`,
  );
  const many = unique.length > 1;
  const isAddress = inUrl(first.value) !== undefined;
  const fix = fixOf(first, [...new Set(list.map((each) => each.name).filter((name) => /^[\w.-]+$/.test(name)))]);
  return {
    severity,
    place,
    about: `secret ${place.file}:${place.line}`,
    fr: [
      isWeak
        ? `${fr} ${many ? 'sont connus' : isAddress ? 'est connu' : 'est un mot de passe connu'} de tous, dans un fichier que git partage.`
        : `${fr} ${many ? 'sont' : 'est'} dans un fichier que git partage${where === 'Secret' ? ', à peine déguisé en base64 ou en clair' : where === 'ConfigMap' ? ', dans un ConfigMap, que tous ceux qui ont accès au cluster lisent' : ''}.`,
      isWeak
        ? 'Quiconque atteint le service y entre avec ce mot de passe.'
        : 'Quiconque ouvre le dépôt peut s’en servir ; des robots cherchent de telles lignes sur GitHub jour et nuit.',
      fix.fr,
    ],
    en: [
      isWeak
        ? `${en} ${many ? 'are known to everybody' : isAddress ? 'is known to everybody' : 'is a password that everybody knows'}, in a file that git shares.`
        : `${en} ${many ? 'are' : 'is'} in a file that git shares${where === 'Secret' ? ', barely disguised by base64 or in clear' : where === 'ConfigMap' ? ', in a ConfigMap, which everybody with access to the cluster reads' : ''}.`,
      isWeak
        ? 'Whoever reaches the service gets in with this password.'
        : 'Whoever opens the repository can use it; robots look for such lines on GitHub day and night.',
      fix.en,
    ],
  };
}

/** What to do, by the kind of file: some leave the repository, of others only the value does. */
function fixOf({ place: { file }, where, value, kind, isRemark }: Judged, names: string[]): Words {
  const base = path.posix.basename(file);
  const name = names[0] ?? 'DATABASE_URL';
  const literals = (names.length > 0 ? names : [name]).map((each) => `--from-literal=${each}=…`).join(' ');
  if (isPrivateKey(value) && where === 'settings')
    return {
      fr: `Jetez cette clé et faites-en une autre ; puis : git rm --cached ${file} et ajoutez « ${base} » à .gitignore.`,
      en: `Throw this key away and make another; then: git rm --cached ${file} and add "${base}" to .gitignore.`,
    };
  if (isRemark)
    return {
      fr: 'Changez ce secret chez celui qui l’a donné, et enlevez cette ligne.',
      en: 'Change this secret where it came from, and remove this line.',
    };
  if (isEnvTemplate(file))
    return {
      fr: 'Changez ce secret chez celui qui l’a donné, et laissez la valeur vide dans le modèle.',
      en: 'Change this secret where it came from, and leave the value empty in the template.',
    };
  switch (where) {
    case 'env-file':
    case 'settings':
      return {
        fr: `Changez ce secret chez celui qui l’a donné, puis : git rm --cached ${file} et ajoutez « ${base} » à .gitignore (gardez un modèle sans valeurs${where === 'env-file' ? ' : .env.template' : ''}).`,
        en: `Change this secret where it came from, then: git rm --cached ${file} and add "${base}" to .gitignore (keep a template without values${where === 'env-file' ? ': .env.template' : ''}).`,
      };
    case 'compose':
    case 'dockerfile':
      return {
        fr: `Changez ce secret, et lisez-le d’un fichier que git ignore : env_file: .env (ou \${${name}}).`,
        en: `Change this secret, and read it from a file that git ignores: env_file: .env (or \${${name}}).`,
      };
    case 'Secret':
      return {
        fr: `Changez ce secret, enlevez ce fichier du dépôt (git rm --cached ${file}, .gitignore) et créez-le sur le cluster : kubectl create secret generic … ${literals}`,
        en: `Change this secret, remove this file from the repository (git rm --cached ${file}, .gitignore) and make it on the cluster: kubectl create secret generic … ${literals}`,
      };
    case 'ConfigMap':
    case 'manifest':
      return {
        fr: `Changez ce secret, créez-le sur le cluster (kubectl create secret generic … ${literals}) et remplacez la valeur par valueFrom: secretKeyRef:.`,
        en: `Change this secret, make it on the cluster (kubectl create secret generic … ${literals}) and replace the value by valueFrom: secretKeyRef:.`,
      };
    case 'workflow':
      return {
        fr: `Changez-le, mettez-le dans Settings > Secrets and variables > Actions, et écrivez ici : \${{ secrets.${/^[A-Z_]+$/.test(name) && names.length > 0 ? name : 'DOCKERHUB_TOKEN'} }}`,
        en: `Change it, put it in Settings > Secrets and variables > Actions, and write here: \${{ secrets.${/^[A-Z_]+$/.test(name) && names.length > 0 ? name : 'DOCKERHUB_TOKEN'} }}`,
      };
    case 'code': {
      const variable = kind === 'sign' ? 'JWT_SECRET' : variableOf(name);
      const read =
        file.endsWith('.py') || file.endsWith('.ipynb')
          ? `os.environ["${variable}"]`
          : /\.[cm]?[jt]sx?$|\.(vue|svelte)$/.test(file)
            ? `process.env.${variable}`
            : variable;
      return {
        fr: `Changez ce secret chez celui qui l’a donné, puis lisez le nouveau d’une variable d’environnement : ${read}`,
        en: `Change this secret where it came from, then read the new one from an environment variable: ${read}`,
      };
    }
  }
}

/** The variable that would hold what the code names otherwise. */
function variableOf(name: string): string {
  return name
    .split('.')
    .slice(-1)
    .join('')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/-/g, '_')
    .toUpperCase()
    .replace(/^(PASSWORD|PASSWD|PWD)$/, 'DB_PASSWORD');
}
