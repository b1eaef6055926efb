import Alert from '@mui/material/Alert';
import TextField from '@mui/material/TextField';
import { useI18n } from '../../i18n/i18n.ts';

interface KeyFieldProps {
  value: string;
  onChange: (key: string) => void;
  error: string | undefined;
}

/** Asks for the key of the API, once it has said that it needs one. */
export function KeyField({ value, onChange, error }: KeyFieldProps) {
  const { t } = useI18n();
  return (
    <TextField
      label={t.dialog.key}
      type="password"
      value={value}
      onChange={({ target }) => {
        onChange(target.value);
      }}
      error={error !== undefined}
      helperText={error ?? t.dialog.keyHelp}
      autoFocus
      fullWidth
      margin="dense"
      autoComplete="off"
    />
  );
}

/** What is wrong with the whole request, where no field is to blame. */
export function Problem({ text }: { text: string | undefined }) {
  return text === undefined ? null : (
    <Alert severity="error" sx={{ mt: 2 }}>
      {text}
    </Alert>
  );
}
