import type { Instance, Model } from './model.ts';
import { knownPorts, OFFICIAL, parseImage } from './read/images.ts';
import type { Workload } from './read/kubernetes.ts';

/** The containers of a workload, as they would run. */
export function instancesOf(model: Model, workload: Workload): Instance[] {
  return model.instances.filter((instance) => instance.workload === workload);
}

/** Whether an image is the project's own, and not one of the well-known ones. */
export function isCustom(instance: Instance): boolean {
  const image = parseImage(instance.imageName);
  return (
    instance.image !== undefined ||
    (knownPorts(image.repository) === undefined && !(image.account === undefined && OFFICIAL.has(image.tail)))
  );
}

const SCHEMES: Record<string, string> = {
  postgres: 'postgres',
  postgresql: 'postgres',
  psql: 'postgres',
  mysql: 'mysql',
  mariadb: 'mariadb',
  mongodb: 'mongo',
  redis: 'redis',
  rediss: 'redis',
};

/** The host and port that a variable's value names, when it is an address. */
export function readAddress(
  name: string,
  value: string,
): { host: string; port: number | undefined; engine: string | undefined; isServerSide: boolean } | undefined {
  const url = /^(?:jdbc:)?([a-z][a-z0-9]*)(?:\+[\w]+)?:\/\/(?:[^@/]*@)?(\[[^\]]+\]|[^/:?,@]+)(?::(\d+))?/i.exec(value);
  if (url) {
    const [, scheme = '', host = '', port] = url;
    const engine = SCHEMES[scheme.toLowerCase()];
    if (scheme.toLowerCase() === 'sqlite' || scheme === 'file') return undefined;
    const number = port === undefined ? (scheme === 'http' ? 80 : undefined) : Number(port);
    return {
      host,
      port: number,
      engine,
      isServerSide: engine !== undefined || /^(amqp|nats|kafka|memcached|http)$/.test(scheme),
    };
  }
  const match = /^(?:(\w+?)_?)?(HOST|HOSTNAME|SERVER)$/i.exec(name);
  if (!match || !/^[a-zA-Z][\w.-]*$|^127\.0\.0\.1$/.test(value)) return undefined;
  const subject = (match[1] ?? '').toUpperCase();
  const engine = /PG|POSTGRES/.test(subject)
    ? 'postgres'
    : /MYSQL/.test(subject)
      ? 'mysql'
      : /MARIA/.test(subject)
        ? 'mariadb'
        : /MONGO/.test(subject)
          ? 'mongo'
          : /REDIS/.test(subject)
            ? 'redis'
            : undefined;
  const isDatabase = engine !== undefined || /^(DB|DATABASE|SQL|BDD|.*_DB|.*DATABASE)$/.test(subject);
  if (!isDatabase) return undefined;
  return { host: value, port: undefined, engine: engine ?? 'any', isServerSide: true };
}

/** The port of an address, written or implied by its scheme. */
export function portOfUrl(url: string): number {
  const [, scheme, port] = /^(https?):\/\/[^/:]+(?::(\d+))?/.exec(url) ?? [];
  return port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port);
}
