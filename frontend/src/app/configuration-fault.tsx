import Box from '@mui/material/Box';
import { useI18n } from '../i18n/i18n.ts';
import { Button } from './controls.tsx';

/** In place of the application when the container was told nothing it could use: what is wrong, and where to mend it. */
export function ConfigurationFault({ fault }: { fault: string }) {
  const { t } = useI18n();
  return (
    <Box component="main" sx={{ maxWidth: 720, mx: 'auto', px: 2, py: 6 }}>
      <title>{`${t.configuration.title} – ${t.app.name}`}</title>
      <Box component="h1" sx={{ typography: 'h1', mt: 0 }}>
        {t.configuration.title}
      </Box>
      <p>{t.configuration.text}</p>
      <Box component="pre" sx={{ p: 2, borderRadius: 1, bgcolor: 'action.hover', whiteSpace: 'pre-wrap' }}>
        {fault}
      </Box>
      <p>{t.configuration.fix}</p>
      <Button
        kind="main"
        onClick={() => {
          location.reload();
        }}
      >
        {t.app.retry}
      </Button>
    </Box>
  );
}
