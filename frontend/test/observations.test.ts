import { describe, expect, test } from 'vitest';
import {
  type Failure,
  listsDiffer,
  mostSquares,
  nothingYet,
  observe,
  type Observed,
  reset,
  type Result,
  type WatchEvent,
} from '../src/features/deployment/observations.ts';

interface Replica {
  pod: string;
  version?: string;
  title?: string;
  database?: 'sqlite' | 'postgres';
  durable?: boolean;
  /** In seconds, on the clock of the test. */
  started?: number;
}

/** A page that has been open for a while; each request takes 100 ms on its clock. */
function watch() {
  let clock = Date.UTC(2026, 0, 1);
  const zero = clock;
  let state = nothingYet(clock);
  const add = (result: { info: Extract<Result, { info: unknown }>['info'] } | { failure: Failure }) => {
    clock += 100;
    state = observe(state, [{ at: clock, ms: 10, ...result }], clock);
  };
  return {
    /** Lets pods answer in turn, `rounds` times. */
    answer(rounds: number, ...replicas: Replica[]) {
      for (let i = 0; i < rounds; i++) {
        for (const {
          pod,
          version = '1.2',
          title = 'API',
          database = 'sqlite',
          durable = true,
          started = -60,
        } of replicas)
          add({
            info: {
              title,
              version,
              commit: null,
              pod,
              started_at: new Date(zero + started * 1000).toISOString(),
              uptime_seconds: (clock + 100 - zero) / 1000 - started,
              database,
              data_outlives_pod: durable,
              writes_protected: false,
              demo_faults: false,
            },
          });
      }
    },
    fail(times: number, failure: Failure) {
      for (let i = 0; i < times; i++) add({ failure });
    },
    sleep: (seconds: number) => void (clock += seconds * 1000),
    reset: () => void (state = reset(state, clock)),
    state: () => state,
    /** What was told since it was last asked, in short. */
    told: (() => {
      let last = -1;
      return () => {
        const events = state.events.filter(({ id }) => id > last);
        last = state.events.at(-1)?.id ?? last;
        return events.map(short);
      };
    })(),
  };
}

function short(event: WatchEvent): string {
  if (event.kind === 'lost') {
    return `lost ${event.reasons.map(([reason, count]) => `${count} ${reason}`).join(', ')} in ${(event.until - event.at) / 1000} s`;
  }
  if ('name' in event) return `${event.kind} ${event.name}`;
  return `${event.kind} ${event.from} → ${event.to}, ${event.pods} of ${event.of}`;
}

const [a, b] = [{ pod: 'a' }, { pod: 'b' }];
const present = ({ pods }: Observed) => pods.filter(({ isGone }) => !isGone).map(({ name }) => name);

describe('pods', () => {
  test('that were there before are found, those that start meanwhile appear, each with the next letter', () => {
    const page = watch();
    page.answer(5, a, b);
    page.answer(1, { pod: 'c', started: 0.5 });
    expect(page.told()).toEqual(['found a', 'found b', 'appeared c']);
    expect(page.state().pods.map(({ index, answers }) => [index, answers])).toEqual([
      [0, 5],
      [1, 5],
      [2, 1],
    ]);
  });

  test('that miss their turn many times are gone, and may come back', () => {
    const page = watch();
    page.answer(5, a, b);
    page.answer(18, a);
    expect(present(page.state())).toEqual(['a', 'b']);
    page.answer(10, a);
    expect(present(page.state())).toEqual(['a']);
    page.answer(1, b);
    expect(page.told()).toEqual(['found a', 'found b', 'gone b', 'back b']);
  });

  test('are not gone because the page slept', () => {
    const page = watch();
    page.answer(5, a, b);
    page.sleep(3600);
    page.answer(5, a, b);
    expect(page.told()).toEqual(['found a', 'found b']);
  });

  test('whose container starts again are the same pods, and an answer of the old one changes nothing', () => {
    const page = watch();
    page.answer(5, a, b);
    page.answer(1, { pod: 'b', started: 1 });
    page.answer(1, b);
    page.answer(1, { pod: 'b', started: 1 });
    expect(page.told()).toEqual(['found a', 'found b', 'restarted b']);
    expect(page.state().pods).toHaveLength(2);
  });

  test('that are long gone are forgotten', () => {
    const page = watch();
    for (let i = 0; i < 9; i++) page.answer(30, { pod: `pod-${i}`, started: i });
    expect(page.state().pods.map(({ name }) => name)).toEqual(['pod-5', 'pod-6', 'pod-7', 'pod-8']);
  });
});

describe('changes', () => {
  test('of a rolling update are told with the number of pods that have them', () => {
    const page = watch();
    const [c, d] = [
      { pod: 'c', version: '1.3', started: 1 },
      { pod: 'd', version: '1.3', started: 5 },
    ];
    page.answer(5, a, b);
    page.told();
    page.answer(20, a, b, c);
    page.answer(20, b, c);
    page.answer(20, b, c, d);
    page.answer(20, c, d);
    expect(page.told()).toEqual([
      'appeared c',
      'version 1.2 → 1.3, 1 of 3',
      'gone a',
      'version 1.2 → 1.3, 1 of 2',
      'appeared d',
      'version 1.2 → 1.3, 2 of 3',
      'gone b',
      'version 1.2 → 1.3, 2 of 2',
    ]);
    expect(page.state().versions).toEqual(['1.2', '1.3']);
  });

  test('under way when the page opens go from old to new, whoever answers first', () => {
    const page = watch();
    page.answer(3, { pod: 'c', version: '1.3', started: -1 }, a);
    expect(page.told()).toEqual(['found c', 'found a', 'version 1.2 → 1.3, 1 of 2']);
  });

  test('that are taken back are told too', () => {
    const page = watch();
    page.answer(5, a);
    page.answer(5, a, { pod: 'b', version: '1.3', started: 1 });
    page.answer(40, a);
    expect(page.told()).toEqual([
      'found a',
      'appeared b',
      'version 1.2 → 1.3, 1 of 2',
      'gone b',
      'version 1.3 → 1.2, 1 of 1',
    ]);
  });

  test('of title and database come with a container that starts again', () => {
    const page = watch();
    page.answer(5, a);
    page.answer(1, { pod: 'a', title: 'New', database: 'postgres', started: 1 });
    expect(page.told()).toEqual([
      'found a',
      'restarted a',
      'title API → New, 1 of 1',
      'database sqlite → postgres, 1 of 1',
    ]);
  });

  test('of where the users are kept say whether the lists differ', () => {
    const page = watch();
    page.answer(2, a, b);
    expect(listsDiffer(page.state())).toBe(false);
    page.answer(30, { pod: 'c', durable: false, started: 1 }, { pod: 'd', durable: false, started: 1 });
    expect(page.told().at(-1)).toBe('database sqlite → ephemeral, 2 of 2');
    expect(listsDiffer(page.state())).toBe(true);
    page.answer(60, { pod: 'c', durable: false, started: 1 });
    expect(listsDiffer(page.state())).toBe(false);
  });
});

describe('lost requests', () => {
  test('in a series are one line, with their reasons and how long it lasted', () => {
    const page = watch();
    page.answer(5, a);
    page.fail(2, 'unreachable');
    page.answer(3, a);
    page.fail(1, 503);
    expect(page.told()).toEqual(['found a', 'lost 2 unreachable, 1 503 in 0.5 s']);
    page.answer(30, a);
    page.fail(1, 'timeout');
    expect(page.told()).toEqual(['lost 1 timeout in 0 s']);
    expect(page.state()).toMatchObject({
      answers: 38,
      lost: 4,
      reasons: [
        ['unreachable', 2],
        [503, 1],
        ['timeout', 1],
      ],
    });
  });

  test('count as missed turns: where nothing answers, every pod is gone', () => {
    const page = watch();
    page.answer(5, a, b);
    page.fail(30, 'unreachable');
    expect(present(page.state())).toEqual([]);
  });
});

test('after a reset all counts are zero, and who answers now is not new', () => {
  const page = watch();
  page.answer(5, a, b);
  page.answer(30, a);
  page.fail(1, 500);
  page.told();
  page.reset();
  expect(page.state()).toMatchObject({ answers: 0, lost: 0, reasons: [], squares: [], events: [] });
  page.answer(3, a);
  expect(page.told()).toEqual([]);
  expect(page.state().pods).toMatchObject([{ index: 0, answers: 3 }]);
  page.answer(1, { pod: 'c', started: 0 });
  expect(page.told()).toEqual(['found c']);
});

test('after a reset letters and forms begin again, and who is gone is forgotten', () => {
  const page = watch();
  page.answer(5, a, b);
  page.answer(30, { pod: 'c', version: '1.3', started: 1 }, { pod: 'd', version: '1.3', started: 1 });
  expect(page.state().pods.map(({ name, index }) => `${name} ${index}`)).toEqual(['a 0', 'b 1', 'c 2', 'd 3']);
  page.reset();
  expect(page.state()).toMatchObject({ versions: ['1.3'], pods: [{ name: 'c' }, { name: 'd' }] });
  page.answer(1, { pod: 'd', version: '1.3', started: 1 }, { pod: 'e', version: '1.4', started: 90 });
  expect(page.state().pods.map(({ name, index }) => `${name} ${index}`)).toEqual(['c 0', 'd 1', 'e 2']);
  expect(page.state().squares).toMatchObject([
    { pod: 2, version: 1 },
    { pod: 1, version: 0 },
  ]);
});

test('however long one looks, a bounded number of squares, events and pods is kept', () => {
  const page = watch();
  for (let i = 0; i < 300; i++) {
    page.answer(1, { pod: `pod-${i}`, started: i });
    page.fail(1, 'unreachable');
    page.sleep(3);
  }
  expect(page.state().squares.length).toBeLessThanOrEqual(mostSquares);
  expect(page.state().events).toHaveLength(200);
  expect(page.state().pods.length).toBeLessThan(100);
});
