import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useApi } from '../../api/client.ts';
import { ApiError, unreachable } from '../../api/errors.ts';
import { useMessage } from '../../app/message.ts';
import type { Dictionary } from '../../i18n/fr.ts';

/**
 * Sends a change to the API, renews the list whatever came of it, and says what was done.
 *
 * @param onDone called after a success, unless what sent the change has gone meanwhile: it may be another dialog by then.
 */
export function useWrite<Given>(
  send: (given: Given) => Promise<unknown>,
  done: (given: Given) => string,
  onDone: () => void,
) {
  const api = useApi();
  const queries = useQueryClient();
  const show = useMessage();
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: send,
    onSuccess(_answer, given) {
      show(done(given));
    },
    onSettled() {
      // Not awaited: what was done is done, however long the list takes to come again.
      void queries.invalidateQueries({ queryKey: ['users'] });
    },
  });
  return {
    /** @param key of the API, where one was asked for. */
    write(given: Given, key: string) {
      if (key) api.setKey(key);
      mutate(given, { onSuccess: onDone });
    },
    isWriting: isPending,
    error,
    /** What is wrong was said of what is being changed now. */
    forgetError: reset,
  };
}

/** An error in the page's language, at the place where it belongs. */
export interface Fault {
  username?: string;
  roles?: string;
  key?: string;
  needsKey: boolean;
  general?: string;
}

export function faultOf(error: Error | null, t: Dictionary): Fault {
  if (error === null) return { needsKey: false };
  if (!(error instanceof ApiError)) return { needsKey: false, general: error.message };
  switch (error.status) {
    case unreachable:
      return { needsKey: false, general: t.unreachable.title };
    case 401: {
      const wasGiven = error.message !== 'Not authenticated';
      return { needsKey: true, ...(wasGiven ? { key: t.errors.keyWrong } : { general: t.errors.keyNeeded }) };
    }
    case 404:
      return { needsKey: false, general: t.errors.gone };
    case 409:
      return { needsKey: false, username: t.errors.taken };
    case 422:
      return { needsKey: false, ...wrongField(error, t) };
    case 429:
      return { needsKey: false, general: t.errors.limited(error.retryAfter) };
    case 503:
      return { needsKey: false, general: t.errors.unavailable };
    case 507:
      return { needsKey: false, general: t.errors.full };
    default:
      return { needsKey: false, general: t.errors.server(error.status, error.message) };
  }
}

function wrongField({ field, fault }: ApiError, t: Dictionary): Partial<Fault> {
  if (field === 'roles') return { roles: t.errors.rolesTooLong };
  if (field !== 'username') return { general: t.errors.wrongValue };
  switch (fault) {
    case 'string_too_short':
      return { username: t.errors.required };
    case 'string_too_long':
      return { username: t.errors.nameTooLong };
    default:
      return { username: t.errors.wrongValue };
  }
}
