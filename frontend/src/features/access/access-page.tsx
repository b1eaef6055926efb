import Alert from '@mui/material/Alert';
import Box from '@mui/material/Box';
import Button from '@mui/material/Button';
import TextField from '@mui/material/TextField';
import { useMutation } from '@tanstack/react-query';
import { type SyntheticEvent, useState } from 'react';
import { useApi } from '../../api/client.ts';
import { ApiError } from '../../api/errors.ts';
import { Panel } from '../../app/controls.tsx';
import { LoadFault } from '../../app/load-fault.tsx';
import { PageHeading } from '../../app/page-heading.tsx';
import { useI18n } from '../../i18n/i18n.ts';

/** Asks the API whether a user may connect as an administrator. */
export default function AccessPage() {
  const { t } = useI18n();
  const api = useApi();
  const [username, setUsername] = useState('');
  const [isNameMissing, setNameMissing] = useState(false);
  const { mutate, data, error, variables, isPending, isSuccess } = useMutation({
    mutationFn: (name: string) => api.canConnect(name),
  });

  function submit(event: SyntheticEvent) {
    event.preventDefault();
    const name = username.trim();
    setNameMissing(name === '');
    if (name !== '') mutate(name);
  }

  return (
    <>
      <PageHeading>{t.pages.access}</PageHeading>
      <p>{t.access.intro}</p>
      <Panel>
        <Box component="form" noValidate onSubmit={submit} sx={{ display: 'grid', gap: 2, p: { xs: 2, sm: 3 } }}>
          <TextField
            label={t.access.name}
            value={username}
            onChange={({ target }) => {
              setUsername(target.value);
              setNameMissing(false);
            }}
            error={isNameMissing}
            helperText={isNameMissing && t.errors.required}
            required
            autoComplete="off"
            slotProps={{ htmlInput: { autoCapitalize: 'none' } }}
            sx={{ maxWidth: 480 }}
          />
          <Button type="submit" variant="contained" loading={isPending} sx={{ justifySelf: 'start' }}>
            {t.access.test}
          </Button>
        </Box>
      </Panel>
      <Box role="status" sx={{ my: 2 }}>
        {isSuccess && <Outcome username={variables} can={data} />}
      </Box>
      {error instanceof ApiError && (
        <LoadFault
          error={error}
          retriesItself={false}
          onRetry={() => {
            mutate(variables ?? username);
          }}
        />
      )}
    </>
  );
}

function Outcome({ username, can }: { username: string; can: boolean | undefined }) {
  const { t } = useI18n();
  if (can === undefined) return <Alert severity="warning">{t.access.unknown(username)}</Alert>;
  return can ? (
    <Alert severity="success">{t.access.can(username)}</Alert>
  ) : (
    <Alert severity="info">{t.access.cannot(username)}</Alert>
  );
}
