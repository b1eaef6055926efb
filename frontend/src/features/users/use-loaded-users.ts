import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useApi, type User, type UserFilter } from '../../api/client.ts';
import { ApiError } from '../../api/errors.ts';

/** A page of the list: behind which id it begins, and how many rows it has, guessed until it is seen. */
export interface Page {
  after: number;
  length: number;
  isSeen: boolean;
}

/** How many rows are kept free for a page that nobody has seen yet. */
const unseenLength = 8;

/** How many rows away from the screen a page is asked for, so that it is there when one scrolls to it. */
const lookAhead = 20;

const unseenPage = (after: number): Page => ({ after, length: unseenLength, isSeen: false });

/** The pages of a list of which nothing is known. */
export const unknownPages = [unseenPage(0)];

export const rowCount = (pages: Page[]) => pages.reduce((sum, { length }) => sum + length, 0);

/** The pages with the rows that they take, and the last id that each may hold. */
function placed(pages: Page[]) {
  let end = 0;
  return pages.map(({ after, length }, i) => {
    const start = end;
    end += length;
    return { after, start, end, lastId: pages[i + 1]?.after ?? Infinity };
  });
}

export interface LoadedUsers {
  /** The user of a row; undefined while its page is not there. */
  userAt: (row: number) => User | undefined;
  /** Every user that is there, near the screen or not, with their row. */
  allLoaded: () => { index: number; user: User }[];
  /** Whether nothing at all is there yet. */
  isPending: boolean;
  /** Why the pages near the screen cannot be loaded, or not be renewed; they are asked for again every few seconds. */
  error: ApiError | undefined;
  retry: () => void;
}

/**
 * Loads the users near the screen. Each page is a query of its own: only those whose rows are near are asked for and
 * renewed, however long the list is.
 *
 * @param pages that are known to exist; `setPages` gets them corrected when an answer tells more.
 * @param first the first row on the screen.
 * @param end the row behind the last one on the screen.
 */
export function useLoadedUsers(
  filter: UserFilter,
  pages: Page[],
  setPages: (pages: Page[]) => void,
  first: number,
  end: number,
): LoadedUsers {
  const api = useApi();
  const queries = useQueryClient();
  const near = placed(pages).filter((page) => page.start <= end + lookAhead && page.end >= first - lookAhead);

  const results = useQueries({
    queries: near.map(({ after }) => ({
      queryKey: ['users', filter, after],
      queryFn: ({ signal }: { signal: AbortSignal }) => api.listUsers(filter, after, signal),
    })),
  });
  const loaded = near.flatMap((page, i) => {
    const data = results[i]?.data;
    // Where users of this page were deleted, its answer reaches into the next one.
    return data ? [{ ...page, next: data.next, users: data.users.filter(({ id }) => id <= page.lastId) }] : [];
  });

  const known = pages.map((page) => {
    const users = loaded.find(({ after }) => after === page.after)?.users;
    return users ? { after: page.after, length: users.length, isSeen: true } : page;
  });
  const lastPage = loaded.find(({ after }) => after === pages.at(-1)?.after);
  if (lastPage?.next !== undefined) known.push(unseenPage(lastPage.next));
  // React renders again with them before anything is shown.
  const isNews = ({ length, isSeen }: Page, i: number) => length !== pages[i]?.length || isSeen !== pages[i].isSeen;
  if (known.some(isNews)) setPages(known);

  return {
    userAt(row) {
      const page = loaded.find(({ start, users }) => start <= row && row < start + users.length);
      return page?.users[row - page.start];
    },
    allLoaded: () =>
      placed(pages).flatMap(({ after, start, lastId }) => {
        const page = queries.getQueryData<{ users: User[] }>(['users', filter, after]);
        const users = page?.users.filter(({ id }) => id <= lastId) ?? [];
        return users.map((user, i) => ({ index: start + i, user }));
      }),
    isPending: loaded.length === 0,
    error: results.map(({ failureReason }) => failureReason).find((error) => error instanceof ApiError),
    retry() {
      for (const { failureReason, refetch } of results) if (failureReason) void refetch();
    },
  };
}
