import Box from '@mui/material/Box';
import { useApi } from '../api/client.ts';
import { type ApiError, unreachable } from '../api/errors.ts';
import type { Dictionary } from '../i18n/fr.ts';
import { useI18n } from '../i18n/i18n.ts';
import { Button, Panel } from './controls.tsx';
import { Unreachable } from './unreachable.tsx';

interface LoadFaultProps {
  error: ApiError;
  onRetry: () => void;
  /** Whether the page asks again without being told to, which it then says. */
  retriesItself?: boolean;
}

/** In place of what could not be loaded: why, and what to do. */
export function LoadFault({ error, onRetry, retriesItself = true }: LoadFaultProps) {
  const { t } = useI18n();
  return (
    <Panel role="alert">
      <Box sx={{ px: { xs: 2, sm: 4 }, py: 3 }}>
        {error.status === unreachable ? (
          <Unreachable retriesItself={retriesItself} />
        ) : (
          <p>
            {answerOf(error, t)} {retriesItself && t.unreachable.retrying}
          </p>
        )}
        <Button onClick={onRetry}>{t.app.retry}</Button>
      </Box>
    </Panel>
  );
}

/** Above what is shown already: it may be out of date. */
export function LostNotice({ error }: { error: ApiError }) {
  const { t } = useI18n();
  const { url } = useApi();
  return (
    <Box
      role="alert"
      sx={{ px: 2, py: 1.5, border: '1px solid', borderColor: 'error.main', borderRadius: 1, color: 'error.main' }}
    >
      {error.status === unreachable ? t.errors.lost(url) : answerOf(error, t)}
    </Box>
  );
}

/** What the API said, in the page's language where it is known what it means. */
function answerOf({ status, message }: ApiError, t: Dictionary): string {
  return t.errors.server(status, status === 503 ? t.errors.noDatabase : message);
}
