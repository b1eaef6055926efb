import { useEffect, useReducer, useSyncExternalStore } from 'react';
import { type Api, useApi } from '../../api/client.ts';
import { ApiError, unreachable } from '../../api/errors.ts';
import { nothingYet, observe, type Observed, reset, type Result } from './observations.ts';

const timeoutMs = 2000;
/** As many as a browser opens connections to one host: more would wait in the browser, and look as if the API were slow. */
const mostInFlight = 6;
const showEveryMs = 100;

/**
 * Asks the API who answers, again and again, as long as the page is in sight.
 *
 * @returns what was seen, and a function that sets all counters to zero.
 */
export function useWatch(perSecond: number, isPaused: boolean) {
  const api = useApi();
  const isVisible = useSyncExternalStore(onVisibility, () => document.visibilityState === 'visible');
  const [observed, dispatch] = useReducer(reduce, null, () => nothingYet(Date.now()));
  const isRunning = isVisible && !isPaused;

  useEffect(() => {
    if (!isRunning) return;
    const stopping = new AbortController();
    const known: Result[] = [];
    let inFlight = 0;

    async function ask() {
      if (inFlight >= mostInFlight) return;
      inFlight++;
      const result = await askOnce(api, stopping.signal);
      inFlight--;
      if (!stopping.signal.aborted) known.push(result);
    }

    // At moments that chance decides: two viewers in step would each get every other answer, always from the same pods.
    const periodMs = 1000 / perSecond;
    let next = performance.now();
    let asking: ReturnType<typeof setTimeout>;
    function plan() {
      const now = performance.now();
      next = Math.max(now, next + Math.random() * 2 * periodMs);
      asking = setTimeout(() => {
        void ask();
        plan();
      }, next - now);
    }
    plan();
    const showing = setInterval(() => {
      dispatch({ results: known.splice(0), now: Date.now() });
    }, showEveryMs);
    return () => {
      clearTimeout(asking);
      clearInterval(showing);
      stopping.abort();
    };
  }, [api, isRunning, perSecond]);

  return {
    observed,
    reset: () => {
      dispatch({ now: Date.now() });
    },
  };
}

/** Without results, it begins again. */
function reduce(state: Observed, { results, now }: { results?: Result[]; now: number }): Observed {
  return results ? observe(state, results, now) : reset(state, now);
}

async function askOnce(api: Api, stopping: AbortSignal): Promise<Result> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const start = performance.now();
  const outcome = await api.info(AbortSignal.any([stopping, timeout])).then(
    (info) => ({ info }),
    (error: unknown) => ({
      failure: timeout.aborted
        ? ('timeout' as const)
        : error instanceof ApiError && error.status !== unreachable
          ? error.status
          : ('unreachable' as const),
    }),
  );
  return { at: Date.now(), ms: performance.now() - start, ...outcome };
}

function onVisibility(changed: () => void) {
  document.addEventListener('visibilitychange', changed);
  return () => {
    document.removeEventListener('visibilitychange', changed);
  };
}
