import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useApi, type User } from '../../api/client.ts';
import { Button } from '../../app/controls.tsx';
import { AddIcon } from '../../app/icons.tsx';
import { PageHeading } from '../../app/page-heading.tsx';
import { useI18n } from '../../i18n/i18n.ts';
import { FilterFields } from './filter-fields.tsx';
import { useFilter } from './use-filter.ts';
import { UserList } from './user-list.tsx';

const UserDialog = lazy(() => import('./user-dialog.tsx'));
const RemoveDialog = lazy(() => import('./remove-dialog.tsx'));

/** What is open above the list. */
type Open = { dialog: 'add' } | { dialog: 'edit' | 'remove'; user: User };

export function UsersPage() {
  const { t } = useI18n();
  const { filter, setFilter } = useFilter();
  const [open, setOpen] = useState<Open>();
  const close = () => {
    setOpen(undefined);
  };
  const count = useRef<HTMLParagraphElement>(null);
  const closeRemoved = () => {
    // The dialog gives the focus back to the button that opened it, whose row is about to go: what tells the new count takes
    // it then, and is read.
    flushSync(close);
    count.current?.focus({ preventScroll: true });
  };

  return (
    <>
      <PageHeading>{t.pages.users}</PageHeading>
      <Box component="p" sx={{ mt: 1, mb: 0 }}>
        {t.users.intro}
      </Box>
      <WriteNotice />
      <Box
        role="search"
        sx={{
          display: 'grid',
          gridTemplateColumns: { xs: '1fr', sm: '2fr 1fr auto' },
          alignItems: 'end',
          gap: 2,
          mb: 2,
          '@media print': { display: 'none' },
        }}
      >
        <FilterFields filter={filter} onChange={setFilter} />
        <Button
          kind="main"
          onClick={() => {
            setOpen({ dialog: 'add' });
          }}
        >
          <AddIcon />
          {t.users.add}
        </Button>
      </Box>
      <UserList
        key={JSON.stringify(filter)}
        filter={filter}
        countRef={count}
        onClear={() => {
          setFilter({ q: '', role: '' });
        }}
        onEdit={(user) => {
          setOpen({ dialog: 'edit', user });
        }}
        onRemove={(user) => {
          setOpen({ dialog: 'remove', user });
        }}
      />
      <Suspense>
        {open?.dialog === 'add' && <UserDialog onClose={close} />}
        {open?.dialog === 'edit' && <UserDialog user={open.user} onClose={close} />}
        {open?.dialog === 'remove' && <RemoveDialog user={open.user} onClose={close} onRemoved={closeRemoved} />}
      </Suspense>
    </>
  );
}

/** Who may write here; its line is there before the answer is, so that nothing moves. */
function WriteNotice() {
  const { t } = useI18n();
  const api = useApi();
  const { data } = useQuery({ queryKey: ['info'], queryFn: ({ signal }) => api.info(signal) });
  return (
    <Box component="p" sx={{ mt: 0, mb: 3, minHeight: { xs: '3em', sm: '1.5em' }, color: 'text.secondary' }}>
      {data && (data.writes_protected ? t.users.writesProtected : t.users.writesOpen)}
    </Box>
  );
}
