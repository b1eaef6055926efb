import Box from '@mui/material/Box';
import { memo } from 'react';
import type { User } from '../../api/client.ts';
import { IconButton } from '../../app/controls.tsx';
import { DeleteIcon, EditIcon } from '../../app/icons.tsx';
import { useI18n } from '../../i18n/i18n.ts';

interface Props {
  user: User;
  onEdit: (user: User) => void;
  onRemove: (user: User) => void;
}

/** How many roles a row shows; the others are counted, and named in the dialog. */
const shownRoles = 4;

/** What is in a row: one of a fixed height, so that nothing moves when the data come. */
export const UserRow = memo(function UserRow({ user, onEdit, onRemove }: Props) {
  const { t } = useI18n();
  const hidden = user.roles.slice(shownRoles);
  return (
    <>
      <Box component="span" sx={{ ...oneLine, gridArea: 'name', fontWeight: 600 }}>
        {user.username}
      </Box>
      <Box component="span" sx={{ gridArea: 'roles', display: 'flex', gap: 0.75, minWidth: 0, overflow: 'hidden' }}>
        {user.roles.length === 0 && (
          <Box component="span" sx={{ color: 'text.secondary', fontSize: '0.875rem' }}>
            {t.users.noRole}
          </Box>
        )}
        {user.roles.slice(0, shownRoles).map((role) => (
          <Role key={role}>{role}</Role>
        ))}
        {hidden.length > 0 && <Role title={hidden.join(', ')}>+{hidden.length}</Role>}
      </Box>
      <Box component="span" sx={{ gridArea: 'actions', display: 'flex', '@media print': { display: 'none' } }}>
        <IconButton
          aria-label={t.users.edit(user.username)}
          onClick={() => {
            onEdit(user);
          }}
        >
          <EditIcon />
        </IconButton>
        <IconButton
          aria-label={t.users.remove(user.username)}
          onClick={() => {
            onRemove(user);
          }}
        >
          <DeleteIcon />
        </IconButton>
      </Box>
    </>
  );
});

const oneLine = { overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' } as const;

function Role({ children, title }: { children: React.ReactNode; title?: string }) {
  return (
    <Box
      component="span"
      title={title}
      sx={{
        ...oneLine,
        flex: '0 1 auto',
        minWidth: 36,
        maxWidth: 180,
        px: 1.25,
        borderRadius: 5,
        bgcolor: 'action.selected',
        fontSize: '0.8125rem',
        lineHeight: '24px',
      }}
    >
      {children}
    </Box>
  );
}

/** Stands where a user will be. */
export function WaitingRow() {
  const bar = { height: 14, borderRadius: 1, bgcolor: 'action.selected' };
  return (
    <>
      <Box sx={{ ...bar, gridArea: 'name', width: '45%' }} />
      <Box sx={{ ...bar, gridArea: 'roles', width: '60%' }} />
    </>
  );
}
