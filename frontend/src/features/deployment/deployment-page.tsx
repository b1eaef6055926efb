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
import { listsDiffer, type Observed } from './observations.ts';
import { PodList } from './pod-list.tsx';
import { useWatch } from './use-watch.ts';
import { useWords } from './use-words.ts';

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
  const { squares, versions, pods, lost } = observed;
  const isUnknown = pods.length === 0;

  return (
    <>
      <PageHeading>{shared.pages.deployment}</PageHeading>
      <Box component="p" sx={{ mt: 1, mb: 2 }}>
        {t.intro}
      </Box>
      <Notices observed={observed} />
      <Box
        sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'end', justifyContent: 'space-between', gap: 2, mb: 2 }}
      >
        <Counters observed={observed} />
        <Box sx={{ display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: 1 }}>
          <Speed value={perSecond} onChange={setPerSecond} />
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
        <Box sx={{ px: 2, pt: 2, pb: 1 }}>
          {squares.length === 0 && isUnknown ? (
            <Box sx={{ height: 296, color: 'text.secondary' }}>{t.waiting}</Box>
          ) : (
            <AnswerGrid squares={squares} versions={versions} />
          )}
          <Box component="p" sx={{ m: 0, mt: 1, fontSize: '0.875rem', color: 'text.secondary' }}>
            {isPaused ? t.paused : t.newest}
          </Box>
        </Box>
      </Panel>
      {isUnknown && lost >= hopeless && (
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
      sx={{ display: 'flex', flexWrap: 'wrap', columnGap: 4, m: 0, p: 0, listStyle: 'none' }}
    >
      <Counter value={number.format(present)}>{t.podsNow}</Counter>
      <Counter value={number.format(answers)}>{t.answers}</Counter>
      <Counter value={number.format(lost)} isBad={lost > 0}>
        {t.lost}
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
          fontSize: '2rem',
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
    <Box sx={{ display: 'flex', alignItems: 'center', gap: 1, mr: 1 }}>
      <Box component="label" htmlFor={id} sx={{ fontWeight: 600 }}>
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
        sx={{ width: 120, accentColor: 'var(--mui-palette-primary-main)' }}
      />
      <Box component="output" htmlFor={id} sx={{ minWidth: '2ch', fontVariantNumeric: 'tabular-nums' }}>
        {value}
      </Box>
    </Box>
  );
}
