import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';

/** What the start says when nothing but this is set. */
function faults(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no fault';
}

test('everything has a default', () => {
  const { database, version, ...rest } = readConfig({});
  expect(rest).toEqual({
    appTitle: 'UserAPIEnsai',
    host: '0.0.0.0',
    port: 8000,
    metricsPort: 9090,
    corsOrigins: '*',
    apiKey: undefined,
    rateLimit: 600,
    logLevel: 'info',
    drainDelayMs: 3000,
    trustProxy: false,
    demoFaults: false,
    commit: null,
    pod: hostname(),
  });
  expect(database).toMatchObject({
    engine: 'sqlite',
    path: expect.stringMatching(/[\\/]data[\\/]archi\.db$/) as string,
  });
  expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});

test('an empty value counts as not set, white space around one says nothing', () => {
  expect(readConfig({ PORT: '', API_KEY: ' ', APP_TITLE: '  Ma première API\n' })).toMatchObject({
    port: 8000,
    apiKey: undefined,
    appTitle: 'Ma première API',
  });
});

test('all faults are told at once, each with what was found and what would be right', () => {
  expect(faults({ PORT: 'abc', LOG_LEVEL: 'loud', DEMO_FAULTS: 'yes', CORS_ORIGIN: 'https://a.example/' })).toBe(
    [
      'The configuration is wrong:',
      '  - PORT is "abc"; write a whole number from 0 to 65535',
      '  - CORS_ORIGIN is "https://a.example/"; write https://a.example',
      '  - LOG_LEVEL is "loud"; write one of fatal, error, warn, info, debug, trace, silent',
      '  - DEMO_FAULTS is "yes"; write true or false',
    ].join('\n'),
  );
});

describe('every variable refuses what it cannot be', () => {
  test.each([
    [{ PORT: '80000' }, 'PORT is "80000"; write a whole number from 0 to 65535'],
    [{ PORT: '8000.5' }, 'PORT is "8000.5"'],
    [{ PORT: '-1' }, 'PORT is "-1"'],
    [{ PORT: '9090' }, 'METRICS_PORT is 9090, which is PORT too; write another port, or 0 for no metrics'],
    [{ METRICS_PORT: 'off' }, 'METRICS_PORT is "off"'],
    [{ RATE_LIMIT: '-5' }, 'RATE_LIMIT is "-5"'],
    [{ DRAIN_DELAY_MS: '3s' }, 'DRAIN_DELAY_MS is "3s"; write a whole number from 0 to 60000'],
    [{ DEMO_FAULTS: 'TRUE' }, 'DEMO_FAULTS is "TRUE"; write true or false'],
    [{ CORS_ORIGIN: 'front.example' }, 'CORS_ORIGIN is "front.example"; write * alone, or origins such as'],
    [{ CORS_ORIGIN: 'https://a.example,*' }, 'CORS_ORIGIN is "*"; write * alone'],
    [{ CORS_ORIGIN: 'https://a.example/page' }, 'CORS_ORIGIN is "https://a.example/page"; write https://a.example'],
    [{ TRUST_PROXY: '1' }, 'TRUST_PROXY is "1"; write true, false, uniquelocal'],
    [{ TRUST_PROXY: '10.0.0.0/33' }, 'TRUST_PROXY is "10.0.0.0/33"'],
    [{ API_KEY: 'two words' }, 'API_KEY is a secret of 9 characters; write letters, digits'],
    [{ DATABASE_URL: 'mysql://u:secret@h/db' }, 'DATABASE_URL is "mysql://***:***@h/db"; write postgresql://'],
    [{ DATABASE_URL: 'postgresql+psycopg2://u:secret@h/db' }, 'without the Python driver after "+"'],
    [{ DATABASE_URL: 'postgres://u:secret@h' }, "the database's name is missing"],
    [{ DATABASE_URL: 'u:secret@h/db' }, 'DATABASE_URL is a secret of 13 characters; write postgresql://'],
    [{ DATABASE_URL: 'postgres://u:pa/secret@h/db' }, 'DATABASE_URL is a secret of 27 characters'],
    [{ PGHOST: 'db' }, 'PGDATABASE is missing while PGHOST is set; write the name of the database'],
    [
      { PGHOST: 'db', PGDATABASE: 'd', PGUSER: 'u', PGPORT: 'x' },
      'PGPORT is "x"; write a whole number from 1 to 65535',
    ],
  ])('%j', (env, message) => {
    expect(faults(env)).toContain(message);
    expect(faults(env)).not.toContain('secret@');
  });
});

test('right values are taken as they are meant', () => {
  expect(
    readConfig({
      CORS_ORIGIN: 'https://a.example , http://localhost:5173',
      TRUST_PROXY: 'loopback,10.0.0.0/8,::1',
      API_KEY: 'abc-._~+/==',
      DATABASE_URL: 'postgresql://user:p%40ss@db.example:5433/app?sslmode=require',
      PGHOST: 'ignored',
      METRICS_PORT: '0',
      PORT: '0',
    }),
  ).toMatchObject({
    corsOrigins: ['https://a.example', 'http://localhost:5173'],
    trustProxy: ['loopback', '10.0.0.0/8', '::1'],
    apiKey: 'abc-._~+/==',
    database: { engine: 'postgres', url: 'postgresql://user:p%40ss@db.example:5433/app?sslmode=require' },
    metricsPort: 0,
  });
  expect(readConfig({ PGHOST: 'db', PGDATABASE: 'app', PGUSER: 'me', PGPASSWORD: 'x' }).database).toEqual({
    engine: 'postgres',
    host: 'db',
    port: 5432,
    database: 'app',
    user: 'me',
    password: 'x',
  });
});
