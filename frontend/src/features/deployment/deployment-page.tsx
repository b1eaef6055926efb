import Box from '@mui/material/Box';
import { type ReactNode, useId, useState } from 'react';
import { useApi } from '../../api/client.ts';
import { useConfig } from '../../app/config-context.ts';
import { Button, Panel } from '../../app/controls.tsx';
import { PageHeading } from '../../app/page-heading.tsx';
import { Unreachable } from '../../app/unreachable.tsx';
import { useI18n } from '../../i18n/i18n.ts';
import { AnswerGrid } from './answer-grid.tsx';
import { EventLog } from './event-log.tsx';
import { NotionCards } from './notion-cards.tsx';
import { listsDiffer, type Observed, type WatchEvent } from './observations.ts';
import { PodList } from './pod-list.tsx';
import { useWatch } from './use-watch.ts';
import { useWords } from './use-words.ts';
import { tell } from './words.ts';

/** How many requests are lost at the beginning before the page asks whether the API is there at all. */
const hopeless = 5;

/** Shows what Kubernetes does with the pods of the API, as it happens. */
export default function DeploymentPage() {
  const { t: shared } = useI18n();
  const t = useWords();
  const config = useConfig();
  const [perSecond, setPerSecond] = useState(10);
  const [isPaused, setPaused] = useState(false);
  const { observed, reset } = useWatch(perSecond, isPaused);
  const { squares, versions, pods, lost, reasons } = observed;
  const isUnknown = pods.length === 0;
  // A status is an answer: whoever reads one knows that the API can be reached.
  const isSilent = isUnknown && lost >= hopeless && reasons.every(([reason]) => typeof reason !== 'number');

  return (
    <>
      <PageHeading>{shared.pages.deployment}</PageHeading>
      <Box component="p" sx={{ mt: 1, mb: 2 }}>
        {t.intro}
      </Box>
      <Notices observed={observed} />
      <Box
        sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', gap: 2, mb: 2 }}
      >
        <Counters observed={observed} />
        <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 1 }}>
          <Button
            kind="main"
            onClick={() => {
              setPaused(!isPaused);
            }}
          >
            {isPaused ? t.resume : t.pause}
          </Button>
          <Button onClick={reset}>{t.reset}</Button>
        </Box>
      </Box>
      <Panel>
        <Box sx={{ p: 2 }}>
          <LatestEvent observed={observed} />
          {squares.length === 0 && isUnknown ? (
            <Box sx={{ height: 296 }} />
          ) : (
            <AnswerGrid squares={squares} versions={versions} />
          )}
          <Box
            sx={{
              display: 'flex',
              flexWrap: 'wrap',
              alignItems: 'center',
              justifyContent: 'space-between',
              gap: 1,
              mt: 1.5,
            }}
          >
            <Box component="span" sx={{ color: 'text.secondary' }}>
              {isPaused ? t.paused : t.newest}
            </Box>
            <Speed value={perSecond} onChange={setPerSecond} />
          </Box>
        </Box>
      </Panel>
      {isSilent && (
        <Panel role="alert" style={{ marginTop: 16 }}>
          <Box sx={{ px: { xs: 2, sm: 4 }, py: 3 }}>
            <Unreachable />
          </Box>
        </Panel>
      )}
      <Box sx={{ my: 2 }}>
        <Box component="h2" sx={{ typography: 'h2', mt: 3, mb: 1 }}>
          {t.pods}
        </Box>
        <PodList observed={observed} />
      </Box>
      <EventLog observed={observed} />
      <p>{t.front(config.pod, config.version)}</p>
      <NotionCards />
    </>
  );
}

/** What has changed last, where all who look at the grid see it. */
function LatestEvent({ observed: { events, pods } }: { observed: Observed }) {
  const t = useWords();
  // A series of lost requests goes on changing.
  const event = events.toSorted((a, b) => lastChange(a) - lastChange(b)).at(-1);
  return (
    <Box
      component="p"
      sx={{
        m: 0,
        mb: 1.5,
        minHeight: { xs: '2.8em', sm: '1.4em' },
        typography: 'h2',
        overflowWrap: 'anywhere',
        color: event?.kind === 'lost' ? 'error.main' : undefined,
      }}
    >
      {event ? tell(t, event) : pods.length > 0 ? t.noEvent : t.waiting}
    </Box>
  );
}

const lastChange = (event: WatchEvent) => (event.kind === 'lost' ? event.until : event.at);

/** What has to be known to understand what is seen. */
function Notices({ observed }: { observed: Observed }) {
  const t = useWords();
  const { url } = useApi();
  const present = observed.pods.filter(({ isGone }) => !isGone);
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname);
  const notices = [
    isLocal && present.length < 2 && t.local,
    present.some(({ demoFaults }) => demoFaults) && t.faultsOn,
    listsDiffer(observed) && t.listsDiffer,
  ];
  return notices.map(
    (notice) =>
      notice && (
        <Box
          component="p"
          key={notice}
          sx={{
            m: 0,
            mb: 2,
            px: 2,
            py: 1,
            borderLeft: '4px solid',
            borderColor: 'primary.main',
            bgcolor: 'background.paper',
          }}
        >
          {notice}
        </Box>
      ),
  );
}

function Counters({ observed: { pods, answers, lost, since, now } }: { observed: Observed }) {
  const { language } = useI18n();
  const t = useWords();
  const number = new Intl.NumberFormat(language);
  const present = pods.filter(({ isGone }) => !isGone).length;
  const seconds = Math.round((now - since) / 1000);
  return (
    <Box
      component="ul"
      aria-label={t.counters}
      sx={{ display: 'flex', flexWrap: 'wrap', gap: 1, columnGap: { xs: 2, sm: 4 }, m: 0, p: 0, listStyle: 'none' }}
    >
      <Counter value={number.format(present)}>{t.podsNow(present)}</Counter>
      <Counter value={number.format(answers)}>{t.answers(answers)}</Counter>
      <Counter value={number.format(lost)} isBad={lost > 0}>
        {t.lost(lost)}
      </Counter>
      <Counter value={`${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`}>{t.watched}</Counter>
    </Box>
  );
}

function Counter({ value, isBad = false, children }: { value: string; isBad?: boolean; children: ReactNode }) {
  return (
    <li>
      <Box
        component="strong"
        sx={{
          display: 'block',
          fontSize: { xs: '1.5rem', sm: '2rem' },
          lineHeight: 1.1,
          fontVariantNumeric: 'tabular-nums',
          color: isBad ? 'error.main' : undefined,
        }}
      >
        {value}
      </Box>
      <Box component="span" sx={{ color: 'text.secondary' }}>
        {children}
      </Box>
    </li>
  );
}

function Speed({ value, onChange }: { value: number; onChange: (perSecond: number) => void }) {
  const t = useWords();
  const id = useId();
  return (
    <Box sx={{ display: 'flex', alignItems: 'center', gap: 1 }}>
      <Box component="label" htmlFor={id} sx={{ color: 'text.secondary' }}>
        {t.speed}
      </Box>
      <Box
        component="input"
        id={id}
        type="range"
        min={1}
        max={40}
        value={value}
        onChange={({ target }: { target: HTMLInputElement }) => {
          onChange(Number(target.value));
        }}
        sx={{ width: { xs: 80, sm: 110 }, accentColor: 'var(--mui-palette-primary-main)' }}
      />
      <Box
        component="output"
        htmlFor={id}
        sx={{ minWidth: '6.5em', whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}
      >
        {t.perSecond(value)}
      </Box>
    </Box>
  );
}
