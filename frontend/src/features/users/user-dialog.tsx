import Autocomplete from '@mui/material/Autocomplete';
import Button from '@mui/material/Button';
import Dialog from '@mui/material/Dialog';
import DialogActions from '@mui/material/DialogActions';
import DialogContent from '@mui/material/DialogContent';
import DialogTitle from '@mui/material/DialogTitle';
import TextField from '@mui/material/TextField';
import { type SyntheticEvent, useState } from 'react';
import { type NewUser, useApi, type User } from '../../api/client.ts';
import { useI18n } from '../../i18n/i18n.ts';
import { KeyField, Problem } from './dialog-parts.tsx';
import { faultOf, useWrite } from './use-write.ts';

/** Adds a user, or changes the given one. */
export default function UserDialog({ user, onClose }: { user?: User; onClose: () => void }) {
  const { t } = useI18n();
  const api = useApi();
  const [username, setUsername] = useState(user?.username ?? '');
  const [roles, setRoles] = useState(user?.roles ?? []);
  const [typedRole, setTypedRole] = useState('');
  const [key, setKey] = useState('');
  const [isNameMissing, setNameMissing] = useState(false);

  const { write, isWriting, error, forgetError } = useWrite(
    (given: NewUser) => (user ? api.updateUser(user.id, given) : api.createUser(given)),
    ({ username: name }) => (user ? t.users.updated(name) : t.users.created(name)),
    onClose,
  );
  const fault = faultOf(error, t);

  function submit(event: SyntheticEvent) {
    event.preventDefault();
    const name = username.trim();
    setNameMissing(name === '');
    if (name === '') return;
    // What still stands in the field was meant to be a role too.
    write({ username: name, roles: [...new Set([...roles, typedRole.trim()].filter(Boolean))] }, key);
  }

  return (
    <Dialog open fullWidth maxWidth="sm" onClose={onClose} aria-labelledby="user-dialog-title">
      <form onSubmit={submit} noValidate>
        <DialogTitle id="user-dialog-title">{user ? t.dialog.edit(user.username) : t.dialog.add}</DialogTitle>
        <DialogContent>
          <TextField
            label={t.dialog.name}
            value={username}
            onChange={({ target }) => {
              setUsername(target.value);
              setNameMissing(false);
              if (fault.username) forgetError();
            }}
            error={isNameMissing || fault.username !== undefined}
            helperText={isNameMissing ? t.errors.required : fault.username}
            required
            autoFocus
            fullWidth
            margin="dense"
            autoComplete="off"
          />
          <Autocomplete
            multiple
            freeSolo
            options={[]}
            value={roles}
            inputValue={typedRole}
            onInputChange={(_event, text) => {
              setTypedRole(text);
              if (fault.roles) forgetError();
            }}
            onChange={(_event, chosen) => {
              setRoles([...new Set(chosen.map((role) => role.trim()).filter(Boolean))]);
            }}
            renderInput={(parameters) => (
              <TextField
                {...parameters}
                label={t.dialog.roles}
                margin="dense"
                error={fault.roles !== undefined}
                helperText={fault.roles ?? t.dialog.rolesHelp}
              />
            )}
          />
          {fault.needsKey && <KeyField value={key} onChange={setKey} error={fault.key} />}
          <Problem text={fault.general} />
        </DialogContent>
        <DialogActions>
          <Button onClick={onClose}>{t.app.cancel}</Button>
          <Button type="submit" variant="contained" loading={isWriting}>
            {user ? t.dialog.save : t.dialog.create}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
