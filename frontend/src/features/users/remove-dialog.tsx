import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogContentText from '@mui/material/DialogContentText';
import DialogTitle from '@mui/material/DialogTitle';
import { type SyntheticEvent, useState } from 'react';
import { useApi, type User } from '../../api/client.ts';
import { useI18n } from '../../i18n/i18n.ts';
import { KeyField, Problem } from './dialog-parts.tsx';
import { faultOf, useWrite } from './use-write.ts';

interface Props {
  user: User;
  /** Nothing was done. */
  onClose: () => void;
  /** In place of `onClose`. */
  onRemoved: () => void;
}

/** Asks before a user is deleted. */
export default function RemoveDialog({ user, onClose, onRemoved }: Props) {
  const { t } = useI18n();
  const api = useApi();
  const [key, setKey] = useState('');
  const { write, isWriting, error } = useWrite(
    ({ id }: User) => api.deleteUser(id),
    ({ username }) => t.users.removed(username),
    onRemoved,
  );
  const fault = faultOf(error, t);

  function submit(event: SyntheticEvent) {
    event.preventDefault();
    write(user, key);
  }

  return (
    <Dialog open role="alertdialog" onClose={onClose} aria-labelledby="remove-title" aria-describedby="remove-text">
      <form onSubmit={submit} noValidate>
        <DialogTitle id="remove-title">{t.dialog.remove(user.username)}</DialogTitle>
        <DialogContent>
          <DialogContentText id="remove-text">{t.dialog.removeText}</DialogContentText>
          {fault.needsKey && <KeyField value={key} onChange={setKey} error={fault.key} />}
          <Problem text={fault.general} />
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose} autoFocus>
            {t.app.cancel}
          </Button>
          <Button type="submit" variant="contained" color="error" loading={isWriting}>
            {t.dialog.delete}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
