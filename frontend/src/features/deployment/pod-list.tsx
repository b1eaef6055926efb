import Box from '@mui/material/Box';
import type { ReactNode } from 'react';
import { Panel } from '../../app/controls.tsx';
import { useI18n } from '../../i18n/i18n.ts';
import { colourOf, letterOf, lostMark, markOf } from './marks.ts';
import type { Observed, Pod } from './observations.ts';
import { useWords } from './use-words.ts';

/** Who has answered, and why nobody did: what the colours and letters of the grid mean. */
export function PodList({ observed }: { observed: Observed }) {
  const t = useWords();
  const { pods } = observed;
  // Who answers first, then who is gone.
  const sorted = [...pods.filter(({ isGone }) => !isGone), ...pods.filter(({ isGone }) => isGone)];
  return (
    <>
      {pods.length === 0 && <p>{t.noPod}</p>}
      <Box
        component="ul"
        aria-label={t.pods}
        sx={{
          display: 'grid',
          gridTemplateColumns: 'repeat(auto-fill, minmax(min(290px, 100%), 1fr))',
          gap: 2,
          m: 0,
          p: 0,
          listStyle: 'none',
        }}
      >
        {sorted.map((pod) => (
          <PodCard key={pod.name} pod={pod} observed={observed} />
        ))}
        {observed.lost > 0 && <LostCard observed={observed} />}
      </Box>
    </>
  );
}

function PodCard({ pod, observed }: { pod: Pod; observed: Observed }) {
  const { language } = useI18n();
  const t = useWords();
  const share = observed.answers === 0 ? 0 : pod.answers / observed.answers;
  const percent = new Intl.NumberFormat(language, { style: 'percent' }).format(share);
  const started = new Date(pod.startedAt);
  return (
    <Card
      mark={markOf(pod.index, observed.versions.indexOf(pod.version))}
      sign={letterOf(pod.index)}
      heading={t.pod(letterOf(pod.index))}
      text={pod.name}
      isGone={pod.isGone}
      facts={[
        [t.version, <strong key="version">{pod.version}</strong>],
        [t.title, pod.title],
        [t.database, t.databases[pod.database]],
        [
          t.startedAt,
          <time key="started" dateTime={pod.startedAt}>
            {new Intl.DateTimeFormat(language, { dateStyle: 'short', timeStyle: 'medium' }).format(started)}
          </time>,
        ],
        [t.answersIn, unit(language, Math.round(pod.ms), 'millisecond')],
        [pod.isGone ? t.gone : t.lastSeen, ago(language, observed.now - pod.lastSeen, pod.isGone)],
        [t.share, t.shareOf(percent, pod.answers)],
      ]}
    >
      <Box aria-hidden sx={{ height: 8, mt: 1.5, borderRadius: 1, bgcolor: 'action.selected', overflow: 'hidden' }}>
        <div style={{ height: '100%', width: `${share * 100}%`, background: colourOf(pod.index) }} />
      </Box>
    </Card>
  );
}

function LostCard({ observed: { reasons, lost } }: { observed: Observed }) {
  const { language } = useI18n();
  const t = useWords();
  const number = new Intl.NumberFormat(language);
  return (
    <Card
      mark={lostMark}
      sign="✕"
      heading={t.lostRequests}
      text={number.format(lost)}
      facts={reasons.map(([reason, count]) => [t.reason(reason), number.format(count)])}
    />
  );
}

interface CardProps {
  mark: { background: string; color: string; borderRadius: string };
  sign: string;
  heading: string;
  text: string;
  facts: [string, ReactNode][];
  isGone?: boolean;
  children?: ReactNode;
}

function Card({ mark, sign, heading, text, facts, isGone = false, children }: CardProps) {
  return (
    <li>
      <Panel style={{ height: '100%', ...(isGone && { background: 'none' }) }}>
        <Box sx={{ p: 2 }}>
          <Box sx={{ display: 'flex', alignItems: 'center', gap: 1.5, mb: 1.5 }}>
            <Box
              aria-hidden
              sx={{
                flex: 'none',
                display: 'grid',
                placeItems: 'center',
                width: 44,
                height: 44,
                fontSize: '1.375rem',
                fontWeight: 700,
              }}
              style={{ ...mark, opacity: isGone ? 0.4 : 1 }}
            >
              {sign}
            </Box>
            <Box sx={{ minWidth: 0 }}>
              <Box component="h3" sx={{ typography: 'h2', m: 0 }}>
                {heading}
              </Box>
              <Box sx={{ color: 'text.secondary', overflowWrap: 'anywhere', lineHeight: 1.3 }}>{text}</Box>
            </Box>
          </Box>
          {facts.length > 0 && (
            <Box
              component="dl"
              sx={{
                display: 'grid',
                gridTemplateColumns: 'minmax(0, auto) minmax(6ch, 1fr)',
                columnGap: 1.5,
                rowGap: 0.25,
                m: 0,
                fontVariantNumeric: 'tabular-nums',
                '& dt': { color: 'text.secondary' },
                '& dd': { m: 0, overflowWrap: 'anywhere', textAlign: 'right' },
              }}
            >
              {facts.map(([name, value]) => (
                <Box key={name} sx={{ display: 'contents' }}>
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </Box>
              ))}
            </Box>
          )}
          {children}
        </Box>
      </Panel>
    </li>
  );
}

/** Tenths of a second where somebody answers all the time, whole ones where that is over. */
function ago(language: string, ms: number, isGone: boolean): string {
  return unit(language, isGone ? Math.round(ms / 1000) : Math.round(ms / 100) / 10, 'second');
}

function unit(language: string, value: number, name: 'second' | 'millisecond'): string {
  return new Intl.NumberFormat(language, { style: 'unit', unit: name }).format(value);
}
