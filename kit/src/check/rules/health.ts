import type { Remark, Rule, Sentences } from '../findings.ts';
import { frontOf, listeningPorts, type Instance, type Model } from '../model.ts';
import type { Service, Stack } from '../read/compose.ts';
import type { Image } from '../read/image.ts';
import { engineOf, parseImage } from '../read/images.ts';
import { readShell } from '../read/shell.ts';
import { at, objectAt, placeOf, textAt, written, type Json, type Place } from '../read/yaml.ts';
import { literal } from '../words.ts';
import { isLayer } from './compose.ts';
import { routesWithout } from './routes.ts';

/** What a healthcheck runs, and where that is said. */
interface Check {
  place: Place;
  /** The words of `CMD`, undefined for a line that a shell reads. */
  exec: string[] | undefined;
  text: string;
}

export const healthcheck: Rule = {
  id: 'healthcheck',
  title: { fr: 'Une vérification (healthcheck) qui ne peut pas réussir', en: 'A healthcheck that cannot succeed' },
  why: {
    fr: 'compose lance la vérification dans le conteneur, avec les programmes de son image : les images « slim » n’ont ni curl ni wget, les « alpine » ont wget seulement. « condition: service_healthy » attend qu’elle réussisse, sinon rien ne part.',
    en: 'compose runs the check in the container, with the programs of its image: "slim" images have neither curl nor wget, "alpine" ones have wget only. "condition: service_healthy" waits until it succeeds, else nothing starts.',
  },
  *check(model) {
    for (const stack of model.stacks) {
      if (isLayer(model, stack)) continue;
      for (const service of stack.services) {
        const instance = model.instances.find((each) => each.stack === stack && each.service === service);
        const ended = instance ? endless(model, stack, service, instance) : undefined;
        if (ended) yield ended;
        const waiting = stack.isOpen ? [] : waitingFor(stack, service.name);
        const check = checkOf(service, instance?.image);
        if (check === undefined || check === 'none') {
          const first = waiting[0];
          if (first && (check === 'none' || hasNone(service, instance?.image)))
            yield missing(service, first, instance?.image?.base ?? service.image ?? '');
          continue;
        }
        if (!instance) continue;
        const fault = faultOf(model, instance, check);
        // Without anybody who waits, the container is shown as unhealthy and works.
        if (!fault || (waiting.length === 0 && check.place.file !== stack.file)) continue;
        const [first] = waiting;
        const { name } = service;
        const isImage = check.place.file !== stack.file && /dockerfile/i.test(check.place.file);
        const said = (text: string) =>
          isImage
            ? text
                .replace(
                  /test: \["CMD-SHELL", (".*")\]/,
                  (_, line: string) => `HEALTHCHECK CMD ${String(JSON.parse(line))}`,
                )
                .replace('test: ["CMD", ', 'HEALTHCHECK CMD [')
            : text;
        yield {
          severity: fault.isForm || first ? 'error' : 'advice',
          place: check.place,
          about: `health ${check.place.file}:${check.place.line}`,
          fr: [
            fault.fr[0],
            fault.fr[1] !== ''
              ? fault.fr[1]
              : first
                ? `« docker compose up » ne lance pas « ${first.by} » : « dependency failed to start: container … ${name} is unhealthy ».`
                : `« docker compose ps » montre « ${name} » comme « (unhealthy) », alors qu’il marche.`,
            said(fault.fr[2]),
          ],
          en: [
            fault.en[0],
            fault.en[1] !== ''
              ? fault.en[1]
              : first
                ? `"docker compose up" does not start "${first.by}": "dependency failed to start: container … ${name} is unhealthy".`
                : `"docker compose ps" shows "${name}" as "(unhealthy)", though it works.`,
            said(fault.en[2]),
          ],
        };
      }
    }
  },
};

/** Another service waits for the end of this one, which is a server and does not end. */
function endless(model: Model, stack: Stack, service: Service, instance: Instance): Remark | undefined {
  const isServer =
    (service.command === undefined &&
      service.entrypoint === undefined &&
      engineOf(service.image ?? '') !== undefined) ||
    (instance.start.isKnown && instance.listens.length > 0) ||
    (listeningPorts(model, instance)?.server === 'nginx' && service.command === undefined);
  const other = stack.services.find(
    (each) =>
      textAt(each.object, 'depends_on', service.name, 'condition') === 'service_completed_successfully' &&
      each !== service,
  );
  if (!isServer || !other) return undefined;
  return {
    severity: 'error',
    place: placeOf(objectAt(other.object, 'depends_on', service.name), 'condition'),
    about: `health ${service.name} end`,
    fr: [
      `« ${other.name} » attend que « ${service.name} » se termine, et « ${service.name} » est un serveur, qui ne se termine pas.`,
      `« docker compose up » n’arrive jamais à lancer « ${other.name} ».`,
      'Écrivez : condition: service_started (ou service_healthy, avec un healthcheck).',
    ],
    en: [
      `"${other.name}" waits until "${service.name}" has ended, and "${service.name}" is a server, which does not end.`,
      `"docker compose up" never gets to start "${other.name}".`,
      'Write: condition: service_started (or service_healthy, with a healthcheck).',
    ],
  };
}

/** The services that start only once this one is healthy. */
function waitingFor(stack: Stack, name: string): { by: string; place: Place }[] {
  return stack.services.flatMap((other) =>
    textAt(other.object, 'depends_on', name, 'condition') === 'service_healthy'
      ? [{ by: other.name, place: placeOf(objectAt(other.object, 'depends_on', name), 'condition') }]
      : [],
  );
}

/** `none` when the file turns the check off. */
function checkOf(service: Service, image: Image | undefined): Check | 'none' | undefined {
  const given = objectAt(service.object, 'healthcheck');
  if (at(given, 'disable') === true) return 'none';
  const test: Json | undefined = given.test;
  if (test !== undefined && test !== null) {
    const place = placeOf(given, 'test');
    if (!Array.isArray(test)) return { place, exec: undefined, text: written(test) };
    const [head = '', ...words] = test.map(written);
    if (head === 'NONE') return 'none';
    if (head === 'CMD-SHELL') return { place, exec: undefined, text: words.join(' ') };
    return { place, exec: head === 'CMD' ? words : [], text: test.map(written).join(' ') };
  }
  const instruction = healthOf(image);
  if (!image || !instruction) return undefined;
  if (/^NONE\b/i.test(instruction.text)) return 'none';
  const body = instruction.text.replace(/^CMD\s+/i, '');
  let exec: string[] | undefined;
  try {
    const words: unknown = JSON.parse(body);
    if (Array.isArray(words)) exec = words.map(String);
  } catch {
    exec = undefined;
  }
  return { place: { file: image.dockerfile.path, line: instruction.line }, exec, text: body };
}

/** The last `HEALTHCHECK` of a stage, or of those it is built on. */
function healthOf(image: Image | undefined): { text: string; line: number } | undefined {
  if (!image) return undefined;
  for (let stage: Image['stage'] | undefined = image.stage; stage;) {
    const found = stage.instructions.findLast((each) => each.keyword === 'HEALTHCHECK');
    if (found) return found;
    stage = parentOf(image, stage);
  }
  return undefined;
}

function parentOf(image: Image, { from, index }: Image['stage']): Image['stage'] | undefined {
  return image.dockerfile.stages.find((each) => each.index < index && each.name === from.toLowerCase());
}

/** Images of Docker's that come without a healthcheck of their own, as all of them do. */
const WITHOUT_CHECK =
  /^(postgres|postgis\/postgis|pgvector\/pgvector|mysql|mariadb|mongo|redis|rabbitmq|memcached|nginx|httpd|python|node|alpine|debian|ubuntu|golang|openjdk|eclipse-temurin)$/;

/** Whether it is sure that nothing says how to check the service. */
function hasNone(service: Service, image: Image | undefined): boolean {
  if (service.build) return image !== undefined && WITHOUT_CHECK.test(parseImage(image.base).repository);
  return service.image !== undefined && WITHOUT_CHECK.test(parseImage(service.image).repository);
}

function missing(service: Service, waiting: { by: string; place: Place }, base: string): Remark {
  const engine = engineOf(base);
  const tests: Record<string, string> = {
    postgres: '["CMD-SHELL", "pg_isready -U $${POSTGRES_USER:-postgres}"]',
    mysql: '["CMD", "mysqladmin", "ping", "-h", "localhost"]',
    mariadb: '["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"]',
    mongo: '["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand(\'ping\').ok"]',
    redis: '["CMD", "redis-cli", "ping"]',
  };
  const test = tests[engine ?? ''];
  const lines = test === undefined ? '' : `\nhealthcheck:\n  test: ${test}\n  interval: 5s\n  retries: 10`;
  return {
    severity: 'error',
    place: waiting.place,
    about: `health ${service.name} ${waiting.place.file}`,
    fr: [
      `« ${waiting.by} » attend que « ${service.name} » soit « healthy », mais rien ne dit comment le vérifier.`,
      `« docker compose up » s’arrête : « dependency failed to start: container … ${service.name} has no healthcheck configured ».`,
      test === undefined
        ? `Écrivez : condition: service_started (ou donnez un healthcheck à « ${service.name} »).`
        : `Ajoutez à « ${service.name} » :${lines}`,
    ],
    en: [
      `"${waiting.by}" waits until "${service.name}" is "healthy", but nothing says how to check it.`,
      `"docker compose up" stops: "dependency failed to start: container … ${service.name} has no healthcheck configured".`,
      test === undefined
        ? `Write: condition: service_started (or give "${service.name}" a healthcheck).`
        : `Add to "${service.name}":${lines}`,
    ],
  };
}

interface Fault {
  /** compose refuses the file itself. */
  isForm: boolean;
  fr: Sentences;
  en: Sentences;
}

function faultOf(model: Model, instance: Instance, check: Check): Fault | undefined {
  const { exec } = check;
  if (exec?.length === 0) {
    const words = check.text.split(' ');
    const line = `test: ["CMD", ${words.map((word) => JSON.stringify(word)).join(', ')}]`;
    return {
      isForm: true,
      fr: [
        'La liste de « test » commence par la commande.',
        '« docker compose up » s’arrête : « healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE" ».',
        `Écrivez : ${line}`,
      ],
      en: [
        'The list of "test" begins with the command.',
        '"docker compose up" stops: "healthcheck.test must start either by "CMD", "CMD-SHELL" or "NONE"".',
        `Write: ${line}`,
      ],
    };
  }
  const sign = exec?.find((word) => /^(\|\||&&|\||;)$/.test(word));
  const inOne = exec?.length === 1 && /^[\w./-]+\s+\S/.test(exec[0] ?? '');
  if (exec && (inOne || (sign !== undefined && !/redis-cli/.test(exec[0] ?? '')))) {
    const line = `test: ["CMD-SHELL", ${JSON.stringify(exec.join(' '))}]`;
    return {
      isForm: false,
      fr: [
        inOne
          ? '« CMD » veut un mot par chaîne : toute la commande passe ici pour le nom d’un programme.'
          : `« CMD » ne passe pas par un shell : « ${sign ?? ''} » est donné à ${exec[0] ?? ''} comme un mot.`,
        '',
        `Écrivez : ${line}`,
      ],
      en: [
        inOne
          ? '"CMD" wants one word a string: the whole command is taken for the name of a program here.'
          : `"CMD" uses no shell: "${sign ?? ''}" is given to ${exec[0] ?? ''} as a word.`,
        '',
        `Write: ${line}`,
      ],
    };
  }
  // A check that cannot fail.
  if (/(\|\||;)\s*(true|:|exit 0)\s*$/.test(check.text)) return undefined;
  const commands = commandsOf(check);
  const [first] = commands;
  if (!first) return undefined;
  const others = commands.filter((each) => each.after === '||' && !/^(exit|false|kill)$/.test(each.words[0] ?? ''));
  const lacking = [first, ...others].map((each) => each.words[0] ?? '');
  const url = /https?:\/\/[^\s"'`|;),]+/.exec(check.text)?.[0];
  if (lacking.every((program) => lacks(instance, program))) {
    const [name = ''] = lacking;
    const base = instance.image?.base ?? instance.imageName;
    const [fr, en] = insteadOf(instance, name, url);
    return {
      isForm: false,
      fr: [`La vérification appelle ${name}, que l’image ${base} n’a pas.`, '', fr],
      en: [`The check calls ${name}, which the image ${base} does not have.`, '', en],
    };
  }
  return portFault(model, instance, url) ?? pathFault(model, instance, url);
}

/** The check asks the container for an address that it does not have. */
function pathFault(model: Model, instance: Instance, url: string | undefined): Fault | undefined {
  const [, start = '', wanted] =
    /^(http:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::\d+)?)(\/[\w./-]*)$/.exec(url ?? '') ?? [];
  if (wanted === undefined || frontOf(model, instance.image) !== undefined) return undefined;
  const routes = routesWithout(model, instance, wanted);
  if (!routes) return undefined;
  const right =
    routes.find((route) => /health|ready|live|ping|status/.test(route)) ?? routes.find((route) => route === '/');
  const list = routes.slice(0, 5).join(', ');
  return {
    isForm: false,
    fr: [
      `La vérification demande « ${wanted} », que « ${instance.name} » n’a pas (il a : ${list}) : il répond 404.`,
      '',
      right === undefined
        ? `Ajoutez une route « ${wanted} » qui répond 200.`
        : `Dans « test », écrivez : ${start}${right}`,
    ],
    en: [
      `The check asks for "${wanted}", which "${instance.name}" does not have (it has: ${list}): it answers 404.`,
      '',
      right === undefined ? `Add a route "${wanted}" that answers 200.` : `In "test", write: ${start}${right}`,
    ],
  };
}

function commandsOf(check: Check): { words: string[]; after: string }[] {
  const { exec } = check;
  if (!exec) return readShell(check.text);
  const flag = /^(\/bin\/)?(sh|bash|ash)$/.test(exec[0] ?? '') ? exec.findIndex((word) => /^-\w*c$/.test(word)) : -1;
  return flag < 0 ? [{ words: exec, after: ';' }] : readShell(exec[flag + 1] ?? '');
}

/** Whether an image is known not to hold a program. */
function lacks(instance: Instance, program: string): boolean {
  const { image } = instance;
  if (instance.service?.build && !image) return false;
  const { repository, tag = 'latest', digest } = parseImage(image?.base ?? instance.imageName);
  if (tag.includes('$') || repository.includes('$') || (digest !== undefined && tag === 'latest')) return false;
  if (!isWithout(repository, tag, program)) return false;
  if (!image) return true;
  const name = new RegExp(`(^|[^\\w.-])${literal(program)}($|[^\\w.-])`);
  return !(
    image.runs.some(({ instruction }) => {
      const text = [instruction.raw, ...instruction.heredocs.map((each) => each.text)].join('\n');
      return name.test(text) || /\.(sh|bash)\b|\$\{?\w|--with-deps/.test(text);
    }) || image.copies.some((copy) => [...copy.sources, copy.destination].some((each) => name.test(each)))
  );
}

function isWithout(repository: string, tag: string, program: string): boolean {
  if (repository === 'mariadb') {
    const version = Number.parseInt(tag, 10);
    return /^mysql(admin)?$/.test(program) && (version >= 11 || /^(latest|lts)/.test(tag));
  }
  if (repository === 'mongo') {
    const version = Number.parseInt(tag, 10);
    return (program === 'mongo' && (version >= 6 || tag === 'latest')) || (program === 'mongosh' && version <= 3);
  }
  if (!/^(curl|wget)$/.test(program)) return false;
  if (/^(scratch|ghcr\.io\/mlflow\/mlflow|qdrant\/qdrant)$|^gcr\.io\/distroless\//.test(repository)) return true;
  if (/^(debian|ubuntu)$/.test(repository)) return true;
  if (repository === 'alpine') return program === 'curl';
  if (!/^(python|node|golang|openjdk|eclipse-temurin|ghcr\.io\/astral-sh\/uv)$/.test(repository)) return false;
  if (tag.includes('alpine')) return program === 'curl';
  return tag.includes('slim');
}

function insteadOf(instance: Instance, program: string, url = 'http://localhost:8000/'): [string, string] {
  const { repository, tag = '' } = parseImage(instance.image?.base ?? instance.imageName);
  const write = (line: string): [string, string] => [`Écrivez : ${line}`, `Write: ${line}`];
  if (repository === 'mariadb') return write('test: ["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"]');
  if (repository === 'mongo' && program === 'mongo')
    return write('test: ["CMD", "mongosh", "--quiet", "--eval", "db.adminCommand(\'ping\').ok"]');
  if (repository === 'qdrant/qdrant') return write('test: ["CMD-SHELL", "bash -c \':> /dev/tcp/127.0.0.1/6333\'"]');
  if (program === 'curl' && (tag.includes('alpine') || repository === 'alpine'))
    return write(`test: ["CMD", "wget", "-q", "-O", "/dev/null", ${JSON.stringify(url)}]`);
  if (/^(python|ghcr\.io\/(mlflow\/mlflow|astral-sh\/uv))$/.test(repository))
    return write(`test: ["CMD", "python", "-c", "import urllib.request as u; u.urlopen('${url}')"]`);
  if (repository === 'node')
    return write(
      `test: ["CMD", "node", "-e", "fetch('${url}').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]`,
    );
  if (/^(scratch|gcr\.io\/distroless\/.*|mongo)$/.test(repository))
    return [
      'Enlevez cette vérification, et écrivez : condition: service_started',
      'Remove this check, and write: condition: service_started',
    ];
  return [
    `Ajoutez au Dockerfile : RUN apt-get update && apt-get install -y --no-install-recommends ${program}`,
    `Add to the Dockerfile: RUN apt-get update && apt-get install -y --no-install-recommends ${program}`,
  ];
}

/** The check asks the container itself, at a port on which nothing listens. */
function portFault(model: Model, instance: Instance, url: string | undefined): Fault | undefined {
  const match = /^http:\/\/(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?::(\d+))?(?=\/|$)/.exec(url ?? '');
  const listening = match ? listeningPorts(model, instance) : undefined;
  if (!match || !listening) return undefined;
  const asked = Number(match[1] ?? 80);
  if (listening.ports.includes(asked) || listening.ports.length === 0) return undefined;
  const port = listening.ports[0] ?? 0;
  const said = `${listening.place.file}:${listening.place.line}`;
  const better = match[0].replace(/(:\d+)?$/, `:${port}`);
  return {
    isForm: false,
    fr: [
      `La vérification demande le port ${asked}, mais le conteneur écoute sur le ${port} (${said}).`,
      '',
      `Dans « test », écrivez : ${better}`,
    ],
    en: [
      `The check asks port ${asked}, but the container listens on ${port} (${said}).`,
      '',
      `In "test", write: ${better}`,
    ],
  };
}
