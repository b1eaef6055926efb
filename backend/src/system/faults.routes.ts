import { setTimeout as sleep } from 'node:timers/promises';
import Type, { type Static, type TObject, type TProperties } from 'typebox';
import type { App } from '../app.ts';
import type { Config } from '../config.ts';
import type { Guards } from '../http/access.ts';
import { errorAnswers } from '../http/errors.ts';

const megabyte = 1024 * 1024;
/** How much memory is taken at a time, and how often: some 200 MB a second, so that one can watch it go. */
const bite = { bytes: 20 * megabyte, everyMs: 100 };

const seconds = Type.Optional(
  Type.Integer({ minimum: 1, maximum: 600, default: 30, description: 'For how long; then all is well again' }),
);

/**
 * Faults on purpose, for exercises: each breaks the one process that gets the request, and ends by itself. Only where
 * `DEMO_FAULTS` is true.
 *
 * @param guards what a request passes before it may write.
 */
export function faultRoutes(app: App, { pod }: Config, guards: Guards): void {
  let unreadyUntil = 0;
  let unhealthyUntil = 0;
  let slow = { until: 0, ms: 0 };
  let failing = { until: 0, percent: 0 };
  /** One at a time, so that its bound is the process' own. */
  let meal = new AbortController();

  app.addHook('onRequest', async (request, reply) => {
    const route = request.routeOptions.url ?? '';
    const now = Date.now();
    if (route === '/health' && now < unhealthyUntil) {
      return reply.code(503).send({ detail: 'Not alive, as was asked for' });
    }
    if (route === '/ready' && now < unreadyUntil) {
      return reply.code(503).send({ detail: 'Not ready, as was asked for' });
    }
    // A probe fails by its own fault alone, and what is broken can be broken further.
    if (/^\/(health|ready|faults\/.*)$/.test(route)) return;
    if (now < slow.until) await sleep(slow.ms);
    if (now < failing.until && Math.random() * 100 < failing.percent) {
      return reply.code(500).send({ detail: 'Failed, as was asked for' });
    }
  });

  const until = (duration = 30) => Date.now() + duration * 1000;

  fault('crash', 'The process ends at once, with code 1', {}, () => {
    setTimeout(() => process.exit(1), 10); // once the answer is on its way
    return Date.now();
  });

  fault('unready', 'Readiness fails', { seconds }, (query) => (unreadyUntil = until(query.seconds)));

  fault('unhealthy', 'Liveness fails', { seconds }, (query) => (unhealthyUntil = until(query.seconds)));

  const ms = Type.Optional(
    Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'By how many milliseconds' }),
  );
  fault('slow', 'Answers are late, those to the probes excepted', { seconds, ms }, (query) => {
    slow = { until: until(query.seconds), ms: query.ms ?? 1000 };
    return slow.until;
  });

  const percent = Type.Optional(
    Type.Integer({ minimum: 1, maximum: 100, default: 50, description: 'How many of a hundred answers' }),
  );
  fault('failing', 'Some answers are 500, those to the probes excepted', { seconds, percent }, (query) => {
    failing = { until: until(query.seconds), percent: query.percent ?? 50 };
    return failing.until;
  });

  const megabytes = Type.Optional(Type.Integer({ minimum: 1, maximum: 1024, default: 512, description: 'At most' }));
  fault('memory', 'The process takes memory, until it is killed or has enough', { seconds, megabytes }, (query) => {
    const end = until(query.seconds);
    meal.abort();
    meal = new AbortController();
    void eatMemory((query.megabytes ?? 512) * megabyte, end, meal.signal);
    return end;
  });

  /** @param breakIt does it, and returns until when. */
  function fault<P extends TProperties>(
    name: string,
    description: string,
    parameters: P,
    breakIt: (query: Static<TObject<P>>) => number,
  ) {
    const schema = {
      tags: ['faults'],
      summary: name.replace(/^./, (letter) => letter.toUpperCase()),
      description,
      security: guards.security,
      querystring: Type.Object(parameters),
      response: {
        202: Type.Object(
          { pod: Type.String(), until: Type.String({ format: 'date-time' }) },
          { description: 'Which pod is broken now, and until when' },
        ),
        ...errorAnswers(401, 422, 429),
      },
    };
    app.post(`/faults/${name}`, { onRequest: guards.onRequest, schema }, ({ query }, reply) => {
      reply.code(202);
      return { pod, until: new Date(breakIt(query as Static<TObject<P>>)).toISOString() };
    });
  }
}

/** Takes memory that is really there: filled, and outside of the heap, whose own limit would end the process first. */
async function eatMemory(bytes: number, until: number, signal: AbortSignal): Promise<void> {
  const eaten: Buffer<ArrayBuffer>[] = [];
  while (Date.now() < until && !signal.aborted) {
    const left = bytes - eaten.length * bite.bytes;
    if (left > 0) eaten.push(Buffer.alloc(Math.min(bite.bytes, left), 1));
    await sleep(bite.everyMs, undefined, { ref: false });
  }
  // Given back now: a process that has nothing to do collects no garbage.
  for (const { buffer } of eaten) buffer.transfer(0);
}
