import { leaveSignals } from './early-stop.ts';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import closeWithGrace from 'close-with-grace';
import { buildApp, type App } from './app.ts';
import { type Config, ConfigError, loadConfig } from './config.ts';
import { type Database, openDatabase } from './database/connection.ts';
import { DatabaseError } from './database/errors.ts';
import { migrate } from './database/migrations.ts';
import { createMetricsServer } from './http/metrics.ts';
import type { Lifecycle } from './system/lifecycle.ts';

/** A start that cannot go on, told to a person. */
class StartError extends Error {}

try {
  await start(loadConfig());
} catch (error) {
  // The stack is of use only where the fault is this program's.
  console.error(error instanceof ConfigError || error instanceof StartError ? error.message : error);
  process.exit(1);
}

/**
 * Runs the API until a signal ends it. PostgreSQL may be away, and either database held by the migration of another
 * process: the API listens meanwhile, alive and not ready.
 */
async function start(config: Config): Promise<void> {
  const lifecycle: Lifecycle = { state: 'starting' };
  const database = await openDatabase(config.database, (error) => {
    app.log.warn({ reason: error.message }, 'a connection to the database was lost');
  }).catch((error: unknown) => {
    throw unusableFile(config, error);
  });
  const { app, metrics } = await buildApp(config, database, lifecycle);
  const metricsServer = createMetricsServer(metrics);

  closeWithGrace({ delay: config.drainDelayMs + 10_000, logger: app.log }, async ({ signal, err }) => {
    if (err) app.log.fatal({ err }, 'unexpected error: the process ends');
    const wasReady = lifecycle.state === 'ready';
    lifecycle.state = 'draining';
    // Kubernetes sends SIGTERM and takes the pod out of its Services at the same time: for a moment requests still come
    // (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination-flow). Ctrl-C has nobody to wait for.
    if (signal === 'SIGTERM' && wasReady) {
      app.log.info(`stopping: not ready any more, still serving for ${config.drainDelayMs} ms`);
      await sleep(config.drainDelayMs);
    }
    await app.close();
    metricsServer.close();
    await database.close();
    app.log.info('stopped');
  });
  leaveSignals();

  // A file that cannot be used is told before anything listens; a server that is away is waited for afterwards.
  let isMigrated = config.database.engine === 'sqlite' && (await tryToMigrate(config, database, app));
  if (config.metricsPort !== 0) {
    metricsServer.listen(config.metricsPort, config.host);
    await once(metricsServer, 'listening').catch((error: unknown) => {
      throw unusablePort('METRICS_PORT', config.metricsPort, config.host, error);
    });
  }
  await app.listen({ port: config.port, host: config.host }).catch((error: unknown) => {
    throw unusablePort('PORT', config.port, config.host, error);
  });
  app.log.info(
    {
      title: config.appTitle,
      version: config.version,
      database: config.database.engine === 'sqlite' ? config.database.path : 'postgres',
      writes: config.apiKey === undefined ? 'open to everyone' : 'protected by API_KEY',
    },
    'started',
  );
  if (config.demoFaults) app.log.warn('DEMO_FAULTS is true: whoever may write may also break this API on purpose');

  for (let wait = 0; !isMigrated; wait = Math.min(wait + 500, 5000)) {
    await sleep(wait);
    if (lifecycle.state !== 'starting') return;
    isMigrated = await tryToMigrate(config, database, app);
  }
  // A signal may have come meanwhile.
  if (lifecycle.state === 'starting') lifecycle.state = 'ready';
}

/**
 * @returns whether the tables are there now; false while PostgreSQL is away, which happens when both start together, or
 * while another process holds the SQLite file.
 * @throws {StartError} when a SQLite file cannot be used, which waiting would not change.
 */
async function tryToMigrate(config: Config, database: Database, app: App): Promise<boolean> {
  try {
    const names = await migrate(database);
    if (names.length > 0) app.log.info({ migrations: names }, 'tables brought up to date');
    return true;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (config.database.engine === 'sqlite' && error.kind !== 'busy') throw unusableFile(config, error);
    app.log.warn({ reason: error.message }, 'the database cannot be used yet: trying again until it can');
    return false;
  }
}

function unusableFile({ database }: Config, error: unknown): unknown {
  if (!(error instanceof DatabaseError) || database.engine !== 'sqlite') return error;
  return new StartError(
    `The database file ${database.path} cannot be used: ${error.message}\n` +
      `Set SQLITE_PATH to a file that this program may write, in a folder that it may write too.`,
  );
}

function unusablePort(name: string, port: number, host: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'EADDRINUSE':
      return new StartError(`Port ${port} is taken: stop the program that has it, or set ${name} to another port.`);
    case 'EACCES':
      return new StartError(`Port ${port} may not be opened by this user: set ${name} to 1024 or more.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartError(
        `HOST is ${JSON.stringify(host)}, which is no address of this machine: set 0.0.0.0 for all.`,
      );
    default:
      return error;
  }
}
