import Box from '@mui/material/Box';
import { type Ref, useDeferredValue, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { pageSize, type User, type UserFilter } from '../../api/client.ts';
import { Button, Panel } from '../../app/controls.tsx';
import { LoadFault, LostNotice } from '../../app/load-fault.tsx';
import { useMedia } from '../../app/use-media.ts';
import { useI18n } from '../../i18n/i18n.ts';
import { keepPosition, readPosition } from './kept-position.ts';
import { rowCount, unknownPages, useLoadedUsers } from './use-loaded-users.ts';
import { usePrinting } from './use-printing.ts';
import { useVisibleRows } from './use-visible-rows.ts';
import { UserRow, WaitingRow } from './user-row.tsx';

interface Props {
  filter: UserFilter;
  /** Gets what tells how many users there are; it can have the focus. */
  countRef: Ref<HTMLParagraphElement>;
  onClear: () => void;
  onEdit: (user: User) => void;
  onRemove: (user: User) => void;
}

/**
 * The users that pass the filter. The page holds the rows on the screen, and scrolls as if it held all of them; on paper, it
 * holds those that are loaded.
 */
export function UserList({ filter, countRef, onClear, onEdit, onRemove }: Props) {
  const { t } = useI18n();
  const [kept] = useState(() => readPosition(filter));
  const [pages, setPages] = useState(kept?.pages ?? unknownPages);
  const count = rowCount(pages);
  const hasMore = !pages.at(-1)?.isSeen;

  const list = useRef<HTMLUListElement>(null);
  const rowHeight = useMedia('(min-width: 600px)') ? 56 : 84;
  const { first, end } = useVisibleRows(list, count, rowHeight);
  const { userAt, allLoaded, error, retry, ...loaded } = useLoadedUsers(filter, pages, setPages, first, end);
  // The first rows are made in slices, between which the page answers.
  const isPending = useDeferredValue(loaded.isPending);
  const isPrinting = usePrinting();
  const rows = isPrinting
    ? allLoaded()
    : Array.from({ length: Math.max(0, end - first) }, (_, i) => ({
        index: first + i,
        user: isPending ? undefined : userAt(first + i),
      }));

  // Where one is, to be kept when the list goes away: with its page, with the tab, or for another filter.
  const lastPages = useRef(pages);
  useEffect(() => {
    lastPages.current = pages;
  });
  useLayoutEffect(() => {
    scrollTo({ top: kept?.offset ?? 0 });
    // Noted while scrolling: when the list goes, the page is too short already for its place to be read.
    let offset = scrollY;
    const note = () => (offset = scrollY);
    const keep = () => {
      keepPosition(filter, { pages: lastPages.current, offset });
    };
    addEventListener('scroll', note, { passive: true });
    addEventListener('pagehide', keep);
    return () => {
      removeEventListener('scroll', note);
      removeEventListener('pagehide', keep);
      keep();
    };
  }, [filter, kept]);

  if (isPending && error) return <LoadFault error={error} onRetry={retry} />;
  return (
    <>
      {error && <LostNotice error={error} />}
      <Box
        component="p"
        role="status"
        ref={countRef}
        tabIndex={-1}
        sx={{ my: 1, minHeight: '1.5em', color: 'text.secondary' }}
      >
        {!isPending && t.users.count(hasMore ? Math.min(count, pageSize) : count, hasMore)}
      </Box>
      {count === 0 ? (
        <NoUsers isSearch={filter.q !== '' || filter.role !== ''} onClear={onClear} />
      ) : (
        <Panel>
          <Box
            component="ul"
            ref={list}
            aria-label={t.users.list}
            aria-busy={isPending}
            sx={{ position: 'relative', m: 0, p: 0, listStyle: 'none' }}
            style={isPrinting ? {} : { height: count * rowHeight }}
          >
            {rows.map(({ index, user }) => (
              <Box
                component="li"
                // A row that waits is never taken for a user, whose node would then move.
                key={user?.id ?? `waiting ${index}`}
                aria-setsize={hasMore ? -1 : count}
                aria-posinset={index + 1}
                aria-hidden={user ? undefined : true}
                sx={rowStyle}
                style={{
                  height: rowHeight,
                  ...(isPrinting
                    ? { position: 'static', breakInside: 'avoid' }
                    : { transform: `translateY(${index * rowHeight}px)` }),
                }}
              >
                {user ? <UserRow user={user} onEdit={onEdit} onRemove={onRemove} /> : <WaitingRow />}
              </Box>
            ))}
          </Box>
        </Panel>
      )}
    </>
  );
}

const rowStyle = {
  position: 'absolute',
  top: 0,
  left: 0,
  width: '100%',
  display: 'grid',
  alignItems: 'center',
  columnGap: 2,
  px: 2,
  gridTemplate: {
    xs: '"name actions" 44px "roles roles" 28px / 1fr auto',
    sm: '"name roles actions" 1fr / minmax(0, 2fr) minmax(0, 3fr) auto',
  },
  '&:not(:first-of-type)': { borderTop: '1px solid', borderColor: 'divider' },
} as const;

function NoUsers({ isSearch, onClear }: { isSearch: boolean; onClear: () => void }) {
  const { t } = useI18n();
  return (
    <Panel>
      <Box sx={{ px: 2, py: 6, textAlign: 'center' }}>
        <Box component="p" sx={{ mt: 0 }}>
          {isSearch ? t.users.noneFound : t.users.none}
        </Box>
        {isSearch && <Button onClick={onClear}>{t.users.clear}</Button>}
      </Box>
    </Panel>
  );
}
