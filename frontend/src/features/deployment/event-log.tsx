import Box from '@mui/material/Box';
import { memo, useEffect, useRef, useState } from 'react';
import { useApi } from '../../api/client.ts';
import { Button, Panel } from '../../app/controls.tsx';
import { useI18n } from '../../i18n/i18n.ts';
import type { Observed, WatchEvent } from './observations.ts';
import { useCopy } from './use-copy.ts';
import { useWords } from './use-words.ts';
import { tell } from './words.ts';

/** What has changed, in words, the newest first. */
export function EventLog({ observed }: { observed: Observed }) {
  const { language } = useI18n();
  const t = useWords();
  const { url } = useApi();
  const copy = useCopy();
  const { events, answers, lost, now } = observed;
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'medium' });

  function copyLog() {
    const date = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'medium' }).format(now);
    const lines = events.map((event) => `${time.format(event.at)}  ${tell(t, event)}`);
    copy([date, t.logHeader(url, answers, lost), '', ...lines, ''].join('\n'));
  }

  return (
    <Panel aria-labelledby="log">
      <Box sx={{ display: 'flex', alignItems: 'center', justifyContent: 'space-between', gap: 2, pl: 2, pr: 1, py: 1 }}>
        <Box component="h2" id="log" sx={{ typography: 'h2', m: 0 }}>
          {t.log}
        </Box>
        <Button onClick={copyLog}>{t.copyLog}</Button>
      </Box>
      <Announcer events={events} now={now} />
      <EventList events={events} />
    </Panel>
  );
}

/** The log itself: it is long, and rarely changes. */
const EventList = memo(function EventList({ events }: { events: WatchEvent[] }) {
  const { language } = useI18n();
  const t = useWords();
  const time = new Intl.DateTimeFormat(language, { timeStyle: 'medium' });
  return (
    <Box
      component="ol"
      reversed
      aria-labelledby="log"
      // What scrolls has to be reached with the keyboard.
      tabIndex={0}
      sx={{
        m: 0,
        px: 2,
        pb: 2,
        maxHeight: 280,
        overflow: 'auto',
        listStyle: 'none',
        lineHeight: 1.6,
        '&:focus-visible': { outline: '3px solid', outlineColor: 'primary.main' },
      }}
    >
      {events.length === 0 && <li>{t.noEvent}</li>}
      {events.toReversed().map((event) => (
        <Box
          component="li"
          key={event.id}
          sx={{ display: 'flex', gap: 1.5, color: event.kind === 'lost' ? 'error.main' : undefined }}
        >
          <Box
            component="time"
            dateTime={new Date(event.at).toISOString()}
            sx={{ color: 'text.secondary', flex: 'none' }}
          >
            {time.format(event.at)}
          </Box>
          <Box component="span" sx={{ overflowWrap: 'anywhere' }}>
            {tell(t, event)}
          </Box>
        </Box>
      ))}
    </Box>
  );
});

const announceEveryMs = 5000;

/** Says the last changes to a screen reader, a few at a time and not too often. */
function Announcer({ events, now }: { events: WatchEvent[]; now: number }) {
  const t = useWords();
  const [said, setSaid] = useState('');
  const latest = useRef({ events, now, t });
  useEffect(() => {
    latest.current = { events, now, t };
  });

  useEffect(() => {
    let lastId = -1;
    const timer = setInterval(() => {
      const { events, now, t } = latest.current;
      // A series of lost requests is told when it is over.
      const over = events.filter((event) => event.kind !== 'lost' || now - event.until > announceEveryMs / 2);
      const untold = over.filter(({ id }) => id > lastId);
      lastId = untold.at(-1)?.id ?? lastId;
      if (untold.length > 0)
        setSaid(
          untold
            .slice(-3)
            .map((event) => tell(t, event))
            .join('. '),
        );
    }, announceEveryMs);
    return () => {
      clearInterval(timer);
    };
  }, []);

  return (
    <Box
      role="status"
      sx={{ position: 'absolute', width: '1px', height: '1px', clipPath: 'inset(50%)', overflow: 'hidden' }}
    >
      {said}
    </Box>
  );
}
