import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import dotenv from 'dotenv';
import manifest from '../package.json' with { type: 'json' };

/** Where the users are kept: a SQLite file, or a PostgreSQL server. */
export type DatabaseConfig =
  | { engine: 'sqlite'; path: string }
  | { engine: 'postgres'; url: string }
  | { engine: 'postgres'; host: string; port: number; database: string; user: string; password: string | undefined };

/** The whole configuration, read once at start: changing the environment of a running process changes nothing. */
export interface Config {
  appTitle: string;
  host: string;
  port: number;
  /** 0: no metrics. */
  metricsPort: number;
  database: DatabaseConfig;
  corsOrigins: '*' | string[];
  /** Undefined: writing needs no key. */
  apiKey: string | undefined;
  /** Writes per minute and client, in this process; 0: no limit. */
  rateLimit: number;
  logLevel: LogLevel;
  /** How long the API still serves after SIGTERM while it answers 503 on `/ready`, in milliseconds. */
  drainDelayMs: number;
  /** Which proxies may name the client in `X-Forwarded-For`: none, all, or those of these addresses. */
  trustProxy: boolean | string[];
  /** Whether there are routes that break the API on purpose. */
  demoFaults: boolean;
  /** Of the application; an image says its own. */
  version: string;
  /** Of the source that an image was built from. */
  commit: string | null;
  /** The name of this machine, which in Kubernetes is the name of the pod. */
  pod: string;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
type LogLevel = (typeof logLevels)[number];

/** Thrown by {@link readConfig}; its message lists every fault, ready to be shown to a person. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

const appDirectory = resolve(import.meta.dirname, '..');

/** Reads `backend/.env`, where there is one, and the environment, which goes first. Throws as {@link readConfig} does. */
export function loadConfig(): Config {
  // The process's own environment stays as it is: what it starts reads the file by itself, as it is then.
  const { parsed, error } = dotenv.config({ path: resolve(appDirectory, '.env'), quiet: true, processEnv: {} });
  if (error && error.code !== 'ENOENT') {
    throw new ConfigError(`The file .env cannot be read: ${error.message}`);
  }
  return readConfig({ ...parsed, ...process.env });
}

/**
 * Reads the configuration from environment variables. An empty value counts as not set.
 *
 * @throws {ConfigError} one error for all faults: which variable, what was found (secrets masked), what would be right.
 */
export function readConfig(env: Record<string, string | undefined>): Config {
  const faults: string[] = [];

  const text = (name: string) => env[name]?.trim() || undefined;

  function refuse<T>(name: string, found: string, right: string, fallback: T): T {
    faults.push(`${name} is ${found}; write ${right}`);
    return fallback;
  }

  function integer(name: string, fallback: number, min: number, max: number): number {
    const value = text(name);
    if (value === undefined) return fallback;
    const number = /^\d+$/.test(value) ? Number(value) : NaN;
    if (number >= min && number <= max) return number;
    return refuse(name, JSON.stringify(value), `a whole number from ${min} to ${max}`, fallback);
  }

  function boolean(name: string, fallback: boolean): boolean {
    const value = text(name);
    if (value === undefined) return fallback;
    if (value === 'true' || value === 'false') return value === 'true';
    return refuse(name, JSON.stringify(value), 'true or false', fallback);
  }

  function logLevel(): LogLevel {
    const value = text('LOG_LEVEL') ?? 'info';
    const level = logLevels.find((known) => known === value);
    return level ?? refuse('LOG_LEVEL', JSON.stringify(value), `one of ${logLevels.join(', ')}`, 'info');
  }

  function corsOrigins(): '*' | string[] {
    const origins = (text('CORS_ORIGIN') ?? '*').split(',').map((origin) => origin.trim());
    if (origins.length === 1 && origins[0] === '*') return '*';
    for (const origin of origins) {
      const url = URL.parse(origin);
      if (url && /^https?:$/.test(url.protocol) && url.origin === origin) continue;
      const right =
        url && /^https?:$/.test(url.protocol) ? url.origin : '* alone, or origins such as https://front.example.org';
      refuse('CORS_ORIGIN', JSON.stringify(origin), right, undefined);
    }
    return origins;
  }

  function apiKey(): string | undefined {
    const key = text('API_KEY');
    // The characters that a Bearer token may hold: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
    if (key === undefined || /^[A-Za-z0-9\-._~+/]+=*$/.test(key)) return key;
    refuse('API_KEY', mask(key), 'letters, digits and - . _ ~ + / only', undefined);
  }

  function trustProxy(): Config['trustProxy'] {
    const value = text('TRUST_PROXY') ?? 'false';
    if (value === 'true' || value === 'false') return value === 'true';
    const proxies = value.split(',').map((proxy) => proxy.trim());
    if (proxies.every(isProxy)) return proxies;
    return refuse(
      'TRUST_PROXY',
      JSON.stringify(value),
      'true, false, uniquelocal (private addresses), or addresses such as 10.0.0.0/8,192.168.1.4',
      false,
    );
  }

  function database(): DatabaseConfig {
    const url = text('DATABASE_URL');
    if (url !== undefined) {
      const fault = databaseUrlFault(url);
      if (fault) refuse('DATABASE_URL', maskUrl(url), fault, undefined);
      return { engine: 'postgres', url };
    }
    const host = text('PGHOST');
    if (host === undefined) {
      return { engine: 'sqlite', path: resolve(appDirectory, text('SQLITE_PATH') ?? 'data/archi.db') };
    }
    const required = (name: string, right: string) =>
      text(name) ?? refuse(name, 'missing while PGHOST is set', right, '');
    return {
      engine: 'postgres',
      host,
      port: integer('PGPORT', 5432, 1, 65_535),
      database: required('PGDATABASE', 'the name of the database'),
      user: required('PGUSER', 'the name of the database user'),
      password: text('PGPASSWORD'),
    };
  }

  const port = integer('PORT', 8000, 0, 65_535);
  const metricsPort = integer('METRICS_PORT', 9090, 0, 65_535);
  if (port !== 0 && port === metricsPort) {
    refuse('METRICS_PORT', `${metricsPort}, which is PORT too`, 'another port, or 0 for no metrics', undefined);
  }

  const config: Config = {
    appTitle: text('APP_TITLE') ?? 'UserAPIEnsai',
    host: text('HOST') ?? '0.0.0.0',
    port,
    metricsPort,
    database: database(),
    corsOrigins: corsOrigins(),
    apiKey: apiKey(),
    rateLimit: integer('RATE_LIMIT', 600, 0, 1_000_000),
    logLevel: logLevel(),
    drainDelayMs: integer('DRAIN_DELAY_MS', 3000, 0, 60_000),
    trustProxy: trustProxy(),
    demoFaults: boolean('DEMO_FAULTS', false),
    version: text('APP_VERSION') ?? manifest.version,
    commit: text('APP_COMMIT') ?? null,
    pod: text('HOSTNAME') ?? hostname(),
  };
  if (faults.length > 0) {
    throw new ConfigError(`The configuration is wrong:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
  }
  return config;
}

/** What is wrong with a PostgreSQL URL, told as what would be right; undefined when nothing is. */
function databaseUrlFault(url: string): string | undefined {
  const right = 'postgresql://user:password@host:5432/database';
  const parsed = URL.parse(url);
  if (!parsed) return right;
  if (/^postgres(ql)?\+/.test(parsed.protocol)) return `${right} (without the Python driver after "+")`;
  if (!/^postgres(ql)?:$/.test(parsed.protocol)) return `${right} (or SQLITE_PATH for a SQLite file)`;
  if (!parsed.hostname) return `${right} (the host is missing)`;
  if (parsed.pathname.length < 2) return `${right} (the database's name is missing)`;
  return undefined;
}

/** An address, a range, or one of Fastify's names for ranges. */
function isProxy(proxy: string): boolean {
  if (/^(loopback|linklocal|uniquelocal)$/.test(proxy)) return true;
  const [address = '', bits, ...rest] = proxy.split('/');
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return longest > 0 && rest.length === 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= longest));
}

const mask = (secret: string): string => `a secret of ${secret.length} characters`;

/** The URL with everything that may be a password replaced. */
function maskUrl(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || parsed.pathname.includes('@')) return mask(url);
  return JSON.stringify(`${parsed.protocol}//${parsed.username ? '***:***@' : ''}${parsed.host}${parsed.pathname}`);
}
