import Box from '@mui/material/Box';
import { memo } from 'react';
import { Button, Panel } from '../../app/controls.tsx';
import { useI18n } from '../../i18n/i18n.ts';
import { type Notion, notions } from './notions.ts';
import { useCopy } from './use-copy.ts';
import { useWords } from './use-words.ts';

/** What to try, what to watch meanwhile, and what it shows. */
export const NotionCards = memo(function NotionCards() {
  const t = useWords();
  return (
    <>
      <Heading>{t.tries}</Heading>
      <p>{t.triesIntro}</p>
      {notions.map((notion) => !notion.isFault && <NotionCard key={notion.id} notion={notion} />)}
      <Heading>{t.faults}</Heading>
      <p>{t.faultsIntro}</p>
      {notions.map((notion) => notion.isFault && <NotionCard key={notion.id} notion={notion} />)}
    </>
  );
});

function Heading({ children }: { children: string }) {
  return (
    <Box component="h2" sx={{ typography: 'h2', mt: 4, mb: 0 }}>
      {children}
    </Box>
  );
}

function NotionCard({ notion: { title, steps, watch, shows } }: { notion: Notion }) {
  const { language } = useI18n();
  const t = useWords();
  const copy = useCopy();
  return (
    <Panel style={{ marginBottom: 8 }}>
      <Box
        component="details"
        sx={{ '&[open] summary': { borderBottom: '1px solid', borderColor: 'divider', borderRadius: '8px 8px 0 0' } }}
      >
        <Box
          component="summary"
          sx={{
            px: 2,
            py: 1.5,
            borderRadius: 1,
            cursor: 'pointer',
            '&::marker': { color: 'text.secondary' },
            '&:hover': { bgcolor: 'action.hover' },
            '&:focus-visible': { outline: '3px solid', outlineColor: 'primary.main' },
          }}
        >
          <Box component="h3" sx={{ display: 'inline', fontSize: '1rem', ml: 0.5 }}>
            {title[language]}
          </Box>
        </Box>
        <Box sx={{ px: 2, pb: 2 }}>
          {steps.map(({ text, commands }, i) => (
            <Box key={text.fr} sx={{ mt: 2 }}>
              <div>{text[language]}</div>
              <Box
                sx={{
                  display: 'flex',
                  flexDirection: { xs: 'column', sm: 'row' },
                  alignItems: { xs: 'stretch', sm: 'start' },
                  gap: 1,
                  mt: 1,
                  p: 1,
                  pl: 2,
                  borderRadius: 1,
                  bgcolor: 'background.default',
                }}
              >
                <Box
                  component="pre"
                  sx={{
                    flex: 1,
                    m: 0,
                    py: 1,
                    fontSize: '0.875rem',
                    lineHeight: 1.6,
                    whiteSpace: 'pre-wrap',
                    overflowWrap: 'anywhere',
                  }}
                >
                  <code>{commands.join('\n')}</code>
                </Box>
                <Button
                  aria-label={t.copyCommands(title[language], i + 1)}
                  onClick={() => {
                    copy(`${commands.join('\n')}\n`);
                  }}
                >
                  {t.copy}
                </Button>
              </Box>
            </Box>
          ))}
          <Box component="dl" sx={{ m: 0, '& dt': { mt: 2, fontWeight: 600 }, '& dd': { m: 0, lineHeight: 1.5 } }}>
            <dt>{t.watch}</dt>
            <dd>{watch[language]}</dd>
            <dt>{t.shows}</dt>
            <dd>{shows[language]}</dd>
          </Box>
        </Box>
      </Box>
    </Panel>
  );
}
