import { readAddress } from '../chains.ts';
import type { Remark, Rule } from '../findings.ts';
import { engineOf, type Engine } from '../read/images.ts';
import type { Job, Workflow } from '../read/workflow.ts';
import { listAt, objectAt, placeOf, textAt, type JsonObject, type Place, written } from '../read/yaml.ts';

const PORTS: Record<Engine, number> = { postgres: 5432, mysql: 3306, mariadb: 3306, mongo: 27017, redis: 6379 };

/** A variable of a job that tells where the database is. */
interface Address {
  label: string;
  host: string;
  port: number | undefined;
  engine: string;
  value: string;
  place: Place;
}

/** A container that GitHub starts beside a job. */
interface Service {
  name: string;
  engine: Engine;
  object: JsonObject;
  place: Place;
  /** Ports of the machine that lead to it, undefined when it has none. */
  published: number[] | undefined;
}

export const workflowService: Rule = {
  id: 'workflow-service',
  title: {
    fr: 'Les tests du workflow ne joignent pas leur base de données',
    en: 'The tests of the workflow do not reach their database',
  },
  why: {
    fr: 'Ce qui est sous services: tourne dans un conteneur à part. D’un travail ordinaire on le joint par localhost et un port publié (ports:) ; d’un travail qui a container:, par le nom du service.',
    en: 'What is under services: runs in a container of its own. An ordinary job reaches it by localhost and a published port (ports:); a job that has container:, by the service’s name.',
  },
  *check(model) {
    for (const workflow of model.workflows) {
      if (workflow.faults.length > 0) continue;
      for (const job of workflow.jobs) {
        const services = servicesOf(job);
        for (const address of addressesOf(workflow, job)) {
          const service = services.find(
            ({ engine }) => engine === address.engine || (address.engine === 'any' && engine !== 'redis'),
          );
          const remark = service ? unreached(job, service, address) : undefined;
          if (remark) {
            yield { ...remark, about: `service ${workflow.path} ${job.name} ${service?.name ?? ''}` };
            break;
          }
          if (service) yield* credentials(workflow, job, service, address);
        }
      }
    }
  },
};

function servicesOf(job: Job): Service[] {
  const services = objectAt(job.object, 'services');
  return Object.keys(services).flatMap((name) => {
    const object = objectAt(services, name);
    const engine = engineOf(textAt(object, 'image') ?? '');
    if (!engine) return [];
    const ports = listAt(object, 'ports').map(written);
    return [
      {
        name,
        engine,
        object,
        place: placeOf(services, name),
        // A port alone is published at random, and told by an expression.
        published:
          ports.length === 0 ? undefined : ports.map((port) => Number(/^(\d+):\d+/.exec(port)?.[1] ?? Number.NaN)),
      },
    ];
  });
}

/** The variables of a workflow, a job and its steps. */
function variablesOf(workflow: Workflow, job: Job): { name: string; value: string; place: Place }[] {
  return [workflow.object, job.object, ...job.steps.map((step) => step.object)].flatMap((holder) => {
    const env = objectAt(holder, 'env');
    return Object.keys(env).map((name) => ({ name, value: textAt(env, name) ?? '', place: placeOf(env, name) }));
  });
}

function addressesOf(workflow: Workflow, job: Job): Address[] {
  const variables = variablesOf(workflow, job);
  return variables.flatMap(({ name, value, place }) => {
    const address = value.includes('${{') ? undefined : readAddress(name, value);
    if (address?.engine === undefined) return [];
    const port = variables.find(
      (each) => each.name === name.replace(/HOST(NAME)?|SERVER/, 'PORT') && each.name !== name,
    );
    const number = address.port ?? (port && /^\d+$/.test(port.value) ? Number(port.value) : undefined);
    return [{ label: name, host: address.host, port: number, engine: address.engine, value, place }];
  });
}

function unreached(job: Job, service: Service, address: Address): Remark | undefined {
  const isInside = 'container' in job.object;
  const isLocal = /^(localhost|127\.0\.0\.1)$/.test(address.host);
  const port = PORTS[service.engine];
  const said = (place: Place, fr: [string, string], en: [string, string], words: string): Remark => ({
    severity: 'error',
    place,
    fr: [fr[0], `Les tests échouent : « ${words} ».`, fr[1]],
    en: [en[0], `The tests fail: "${words}".`, en[1]],
  });
  const refused = `connection to server at "localhost", port ${address.port ?? port} failed: Connection refused`;
  if (isInside && isLocal)
    return said(
      address.place,
      [
        `Ce travail tourne dans un conteneur (container:) : localhost est ce conteneur, pas « ${service.name} ».`,
        `Écrivez l’hôte : ${service.name}`,
      ],
      [
        `This job runs in a container (container:): localhost is that container, not "${service.name}".`,
        `Write the host: ${service.name}`,
      ],
      refused,
    );
  if (!isInside && address.host === service.name && service.name !== 'localhost')
    return said(
      address.place,
      [
        `${address.label} vise « ${service.name} », un nom que seuls les travaux avec container: connaissent.`,
        `Écrivez l’hôte : localhost (et, sous le service, ports: ["${port}:${port}"])`,
      ],
      [
        `${address.label} targets "${service.name}", a name that only jobs with container: know.`,
        `Write the host: localhost (and, under the service, ports: ["${port}:${port}"])`,
      ],
      `could not translate host name "${service.name}" to address: Temporary failure in name resolution`,
    );
  if (isInside || !isLocal) return undefined;
  if (!service.published)
    return said(
      service.place,
      [
        `Le service « ${service.name} » ne publie aucun port, et ${address.label} le cherche sur localhost.`,
        `Ajoutez sous « ${service.name} » :\nports:\n  - ${port}:${port}`,
      ],
      [
        `The service "${service.name}" publishes no port, and ${address.label} looks for it on localhost.`,
        `Add under "${service.name}":\nports:\n  - ${port}:${port}`,
      ],
      refused,
    );
  const asked = address.port ?? port;
  if (service.published.includes(asked) || service.published.some(Number.isNaN)) return undefined;
  return said(
    address.place,
    [
      `${address.label} vise le port ${asked}, et « ${service.name} » est publié sur le ${service.published.join(', ')}.`,
      `Écrivez le port : ${service.published[0] ?? port}`,
    ],
    [
      `${address.label} targets port ${asked}, and "${service.name}" is published on ${service.published.join(', ')}.`,
      `Write the port: ${service.published[0] ?? port}`,
    ],
    refused,
  );
}

/** A user, password or database that the service was not made with. */
function* credentials(workflow: Workflow, job: Job, service: Service, address: Address): Generator<Remark> {
  if (service.engine !== 'postgres') return;
  const env = objectAt(service.object, 'env');
  const made = {
    user: textAt(env, 'POSTGRES_USER') ?? 'postgres',
    password: textAt(env, 'POSTGRES_PASSWORD'),
    database: textAt(env, 'POSTGRES_DB') ?? textAt(env, 'POSTGRES_USER') ?? 'postgres',
  };
  const url = /^[a-z][\w+]*:\/\/(?:([^:/@]+)(?::([^@/]*))?@)?[^/]+\/([\w-]+)/.exec(address.value);
  const prefix = address.label.replace(/_?(HOST|HOSTNAME|SERVER)$/, '');
  const variables = variablesOf(workflow, job);
  const part = (...names: string[]) =>
    variables.find(({ name }) => names.some((each) => name === `${prefix}_${each}` || name === `${prefix}${each}`));
  const used = url
    ? { user: url[1], password: url[2], database: url[3] }
    : {
        user: part('USER', 'USERNAME')?.value,
        password: part('PASSWORD', 'PASS')?.value,
        database: undefined,
      };
  const place = url ? address.place : undefined;
  const isKnown = (text: string | undefined): text is string =>
    text !== undefined && text !== '' && !text.includes('$');
  const differs = (a: string | undefined, b: string | undefined) => isKnown(a) && isKnown(b) && a !== b;
  const [what, variable] = differs(used.user, made.user)
    ? ['user', 'POSTGRES_USER']
    : differs(used.password, made.password)
      ? ['password', 'POSTGRES_PASSWORD']
      : // Django makes a database of its own for its tests.
        differs(used.database, made.database) && used.database !== 'postgres' && !used.database?.startsWith('test')
        ? ['database', 'POSTGRES_DB']
        : [];
  if (what === undefined || variable === undefined) return;
  const own = what === 'user' ? part('USER', 'USERNAME') : what === 'password' ? part('PASSWORD', 'PASS') : undefined;
  const label = own?.name ?? address.label;
  const fr = { user: 'l’utilisateur', password: 'le mot de passe', database: 'la base' }[what] ?? '';
  const en = { user: 'the user', password: 'the password', database: 'the database' }[what] ?? '';
  yield {
    severity: 'error',
    place: place ?? own?.place ?? address.place,
    about: `service ${workflow.path} ${job.name} ${service.name}`,
    fr: [
      `${label} et le service « ${service.name} » (${variable}) ne donnent pas ${what === 'user' ? 'le même utilisateur' : what === 'password' ? 'le même mot de passe' : 'la même base'}.`,
      `Les tests échouent : « ${what === 'database' ? 'FATAL: database "…" does not exist' : `FATAL: password authentication failed for user "${used.user ?? made.user}"`} ».`,
      `Donnez ${fr} de la même façon des deux côtés (${variable} et ${label}).`,
    ],
    en: [
      `${label} and the service "${service.name}" (${variable}) do not give ${en.replace('the ', 'the same ')}.`,
      `The tests fail: "${what === 'database' ? 'FATAL: database "…" does not exist' : `FATAL: password authentication failed for user "${used.user ?? made.user}"`}".`,
      `Give ${en} in the same way on both sides (${variable} and ${label}).`,
    ],
  };
}
