import { isDeepStrictEqual } from 'node:util';
import { request } from 'node:http';
import cases from './cases.json' with { type: 'json' };

/** One request of a client of the API, and what must be answered; the cases go on one database, in their order. */
export interface ContractCase {
  name: string;
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  answer: {
    status: number;
    /** `content-type`: the media type; lists: at least these; `location`: after resolving it. */
    headers?: Record<string, string>;
    absentHeaders?: string[];
    json?: unknown;
    /** Places in `json` whose value may be any of its type. */
    free?: string[];
  };
}

export const contractCases = cases as ContractCase[];

/** Sends the case byte for byte and returns what differs from its answer, a line each. */
async function replay(base: string, { method, path, headers = {}, body, answer }: ContractCase): Promise<string[]> {
  const got = await send(base, method, path, headers, body);
  const differences: string[] = [];
  const expect = (what: string, found: unknown, wanted: unknown) => {
    if (!isDeepStrictEqual(found, wanted)) {
      differences.push(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`);
    }
  };

  expect('status', got.status, answer.status);
  for (const [name, wanted] of Object.entries(answer.headers ?? {})) {
    const found = got.headers[name]?.toString();
    if (name === 'content-type') expect(name, found?.replace(/;.*/, ''), wanted);
    else if (name === 'location') expect(name, resolved(found, base + path), resolved(wanted, base));
    else if (name === 'allow' || name.startsWith('access-control-allow-')) expect(name, holds(found, wanted), true);
    else expect(name, found, wanted);
  }
  for (const name of answer.absentHeaders ?? []) expect(name, got.headers[name], undefined);
  if ('json' in answer) expect('body', freed(JSON.parse(got.text), answer.free), freed(answer.json, answer.free));
  return differences;
}

function send(base: string, method: string, path: string, headers: Record<string, string>, body: string | undefined) {
  const { promise, resolve, reject } = Promise.withResolvers<{
    status: number | undefined;
    headers: NodeJS.Dict<string | string[]>;
    text: string;
  }>();
  const { hostname, port } = new URL(base);
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
  request({ hostname, port, method, path, headers: { ...headers, ...length }, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => (text += chunk));
    response.on('end', () => {
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
  })
    .on('error', reject)
    .end(body);
  return promise;
}

const resolved = (location: string | undefined, base: string) => location && new URL(location, base).href;

const words = (list = '') => list.toLowerCase().split(/\s*,\s*/);
const holds = (found: string | undefined, wanted: string) => words(wanted).every((word) => words(found).includes(word));

/** A copy in which the values at the free places are the names of their types. */
function freed(json: unknown, free: string[] = []): unknown {
  const copy = structuredClone(json);
  for (const place of free) {
    const keys = place.split('.');
    const last = keys.pop() ?? '';
    const parent = keys.reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], copy);
    if (typeof parent === 'object' && parent !== null && last in parent) {
      (parent as Record<string, unknown>)[last] = typeof (parent as Record<string, unknown>)[last];
    }
  }
  return copy;
}

/** Replays every case, in order, on an API with a fresh database; returns what differs, by the name of the case. */
export async function replayAll(base: string): Promise<Record<string, string[]>> {
  const differences: Record<string, string[]> = {};
  for (const contractCase of contractCases) {
    const found = await replay(base, contractCase);
    if (found.length > 0) differences[contractCase.name] = found;
  }
  return differences;
}
