import type { Info } from '../../api/client.ts';

/** Why a request is lost: no answer that can be read, none in time, or an answer with this HTTP status. */
export type Failure = 'unreachable' | 'timeout' | number;

/** What has become of one request: when that was known, after how long, and who answered or why nobody did. */
export type Result = { at: number; ms: number } & ({ info: Info } | { failure: Failure });

/** A pod that has answered. The page knows of it what its answers say, and nothing else. */
export interface Pod {
  /** How many pods were seen before this one since the last reset; its letter and its colour come from that. */
  index: number;
  name: string;
  version: string;
  title: string;
  database: DatabaseKind;
  demoFaults: boolean;
  startedAt: string;
  /** Since the counters were reset. */
  answers: number;
  lastSeen: number;
  /** The number of its last answer. */
  lastSquare: number;
  /** Time to answer, smoothed over the last ones. */
  ms: number;
  isGone: boolean;
}

/** `ephemeral`: SQLite in a file that ends with the pod, so each pod has a list of its own. */
export type DatabaseKind = 'sqlite' | 'ephemeral' | 'postgres';

/** One request, as the grid shows it. */
export type Square = { id: number } & ({ pod: number; version: number } | { failure: Failure });

/** Something that changed, to be told in words. */
export type WatchEvent = { id: number; at: number } & (
  | { kind: 'found' | 'appeared' | 'back' | 'restarted' | 'gone'; pod: number; name: string; version: string }
  | { kind: Fact; from: string; to: string; pods: number; of: number }
  | { kind: 'lost'; until: number; reasons: [Failure, number][] }
);
type Untold<E> = E extends WatchEvent ? Omit<E, 'id' | 'at'> : never;

const facts = ['version', 'title', 'database'] as const;
type Fact = (typeof facts)[number];

/** Everything the page shows of what it has seen. */
export interface Observed {
  /** When the counters were last at zero, and when this was last brought up to date. */
  since: number;
  now: number;
  answers: number;
  lost: number;
  reasons: [Failure, number][];
  /** In the order in which they were first seen. */
  pods: Pod[];
  /** In the order in which they were first seen; a version's form in the grid comes from its place. */
  versions: string[];
  /** Newest first, and no more than {@link mostSquares}. */
  squares: Square[];
  /** Oldest first, and no more than {@link mostEvents}; the same list as long as nothing changes. */
  events: WatchEvent[];
  /** How many requests and events there have been in all, and pods since the last reset. */
  count: { pods: number; squares: number; events: number };
  /** What all pods last agreed on. */
  settled: Partial<Record<Fact, string>>;
  /** What was last told of a change that is under way. */
  told: Partial<Record<Fact, { to: string; said: string } | undefined>>;
}

export const mostSquares = 400;
const mostEvents = 200;
/** How many gone pods are still shown. */
const mostGone = 3;
/** How many turns in a row a pod may miss: where each is drawn at random, one of three pods does once in 190,000 answers. */
const missedTurns = 10;
const mostMissed = 150;
/** How long no request must be lost for the next lost one to begin a new line. */
const calmMs = 2000;

export function nothingYet(now: number): Observed {
  return {
    since: now,
    now,
    answers: 0,
    lost: 0,
    reasons: [],
    pods: [],
    versions: [],
    squares: [],
    events: [],
    count: { pods: 0, squares: 0, events: 0 },
    settled: {},
    told: {},
  };
}

/** Begins again at zero, with the letter A and the first form; who answers now is not new, and who is gone is forgotten. */
export function reset({ pods, count, settled }: Observed, now: number): Observed {
  const present = pods.filter(({ isGone }) => !isGone).map((pod, index) => ({ ...pod, index, answers: 0 }));
  const versions = [...new Set(present.map(({ version }) => version))];
  return { ...nothingYet(now), pods: present, versions, count: { ...count, pods: present.length }, settled };
}

/**
 * Adds what has become of some requests.
 *
 * @param results in the order in which they were known.
 */
export function observe(before: Observed, results: Result[], now: number): Observed {
  const state: Observed = {
    ...before,
    now,
    pods: before.pods.map((pod) => ({ ...pod })),
    versions: [...before.versions],
    squares: [...before.squares],
    count: { ...before.count },
    settled: { ...before.settled },
    told: { ...before.told },
  };
  for (const result of results) {
    if ('info' in result) takeAnswer(state, result, result.info);
    else takeFailure(state, result, result.failure);
    missSilentPods(state, result.at);
    tellChanges(state, result.at);
  }
  const gone = state.pods.filter(({ isGone }) => isGone);
  const forgotten = gone.sort((a, b) => b.lastSeen - a.lastSeen).slice(mostGone);
  state.pods = state.pods.filter((pod) => !forgotten.includes(pod));
  state.squares = state.squares.slice(0, mostSquares);
  return state;
}

/** Whether each pod has a list of users of its own. */
export function listsDiffer({ pods }: Observed): boolean {
  const kinds = pods.filter(({ isGone }) => !isGone).map(({ database }) => database);
  return kinds.length > 1 && (kinds.includes('ephemeral') || new Set(kinds).size > 1);
}

function takeAnswer(state: Observed, { at, ms }: Result, info: Info): void {
  const seen = {
    name: info.pod,
    version: info.version,
    title: info.title,
    database: info.database === 'sqlite' && !info.data_outlives_pod ? ('ephemeral' as const) : info.database,
    demoFaults: info.demo_faults,
    startedAt: info.started_at,
  };
  const tell = (kind: 'found' | 'appeared' | 'back' | 'restarted', index: number) => {
    tellOf(state, at, { kind, pod: index, name: seen.name, version: seen.version });
  };
  let pod = state.pods.find(({ name }) => name === seen.name);
  if (!pod) {
    pod = { ...seen, index: state.count.pods++, answers: 0, lastSeen: at, lastSquare: 0, ms, isGone: false };
    state.pods.push(pod);
    tell(info.uptime_seconds * 1000 < at - state.since ? 'appeared' : 'found', pod.index);
  } else if (seen.startedAt > pod.startedAt) {
    // A new container in the same pod: the kubelet restarts it in place.
    Object.assign(pod, seen);
    tell('restarted', pod.index);
  } else if (pod.isGone) {
    tell('back', pod.index);
  }
  if (!state.versions.includes(pod.version)) state.versions.push(pod.version);

  state.answers++;
  pod.answers++;
  pod.lastSeen = at;
  pod.lastSquare = state.count.squares;
  pod.ms += (ms - pod.ms) / 5;
  pod.isGone = false;
  addSquare(state, { pod: pod.index, version: state.versions.indexOf(pod.version) });
}

function takeFailure(state: Observed, { at }: Result, failure: Failure): void {
  state.lost++;
  state.reasons = withOneMore(state.reasons, failure);
  addSquare(state, { failure });

  // One line for a whole series, which grows with it.
  const place = state.events.findLastIndex((event) => event.kind === 'lost' && at - event.until < calmMs);
  const series = state.events[place];
  if (series?.kind !== 'lost') tellOf(state, at, { kind: 'lost', until: at, reasons: [[failure, 1]] });
  else state.events = state.events.with(place, { ...series, until: at, reasons: withOneMore(series.reasons, failure) });
}

function addSquare(state: Observed, square: { pod: number; version: number } | { failure: Failure }): void {
  state.squares.unshift({ id: state.count.squares++, ...square });
}

function withOneMore(reasons: [Failure, number][], failure: Failure): [Failure, number][] {
  const known = reasons.find(([reason]) => reason === failure);
  if (!known) return [...reasons, [failure, 1]];
  return reasons.map((entry) => (entry === known ? [failure, known[1] + 1] : entry));
}

/** A pod is gone when it has missed its turn many times, by answers and not by the clock: the page may have slept. */
function missSilentPods(state: Observed, at: number): void {
  const present = state.pods.filter(({ isGone }) => !isGone);
  for (const pod of present) {
    if (state.count.squares - pod.lastSquare <= Math.min(missedTurns * present.length, mostMissed)) continue;
    pod.isGone = true;
    tellOf(state, at, { kind: 'gone', pod: pod.index, name: pod.name, version: pod.version });
  }
}

/** Tells how many of the present pods have a new version, title or database, each time that number changes. */
function tellChanges(state: Observed, at: number): void {
  const present = state.pods
    .filter(({ isGone }) => !isGone)
    .sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : b.index - a.index));
  const newest = present[0];
  if (!newest) return;
  for (const fact of facts) {
    const to: string = newest[fact];
    const other = present.find((pod) => pod[fact] !== to)?.[fact];
    const told = state.told[fact];
    // Where all agree again, what they leave is what was under way, if that is another.
    const from = other ?? (told && told.to !== to ? told.to : state.settled[fact]);
    const pods = present.filter((pod) => pod[fact] === to).length;
    const said = JSON.stringify([from, to, pods, present.length]);
    if (from !== undefined && from !== to && said !== told?.said) {
      tellOf(state, at, { kind: fact, from, to, pods, of: present.length });
      state.told[fact] = { to, said };
    }
    if (other === undefined) {
      state.settled[fact] = to;
      state.told[fact] = undefined;
    }
  }
}

function tellOf(state: Observed, at: number, event: Untold<WatchEvent>): void {
  state.events = [...state.events.slice(1 - mostEvents), { id: state.count.events++, at, ...event }];
}
