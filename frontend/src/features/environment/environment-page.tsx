import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Info, useApi } from '../../api/client.ts';
import { ApiError } from '../../api/errors.ts';
import { useConfig } from '../../app/config-context.ts';
import { Panel } from '../../app/controls.tsx';
import { LoadFault } from '../../app/load-fault.tsx';
import { PageHeading } from '../../app/page-heading.tsx';
import { useI18n } from '../../i18n/i18n.ts';

const renewMs = 5000;

/** What this page and the API know of themselves, renewed as long as one looks. */
export default function EnvironmentPage() {
  const { t } = useI18n();
  const api = useApi();
  const config = useConfig();
  const {
    data,
    failureReason: error,
    refetch,
  } = useQuery({
    queryKey: ['info'],
    queryFn: ({ signal }) => api.info(signal),
    refetchInterval: renewMs,
  });

  return (
    <>
      <PageHeading>{t.pages.environment}</PageHeading>
      <p>{t.environment.intro}</p>
      <Facts
        title={t.environment.front}
        facts={[
          [t.environment.name, config.environment],
          [t.environment.apiUrl, <code key="url">{api.url}</code>],
          [t.environment.version, config.version],
          [t.environment.pod, config.pod],
        ]}
      />
      <Facts
        title={t.environment.api}
        facts={[
          [
            t.environment.state,
            <Box
              key="state"
              component="strong"
              role="status"
              sx={{ color: error ? 'error.main' : data ? 'success.main' : 'text.secondary' }}
            >
              {error ? t.environment.notReachable : data ? t.environment.reachable : t.app.loading}
            </Box>,
          ],
          ...(data && !error ? factsOf(data) : []),
        ]}
      />
      {error instanceof ApiError && <LoadFault error={error} onRetry={() => void refetch()} />}
    </>
  );

  function factsOf(info: Info): [string, ReactNode][] {
    return [
      [t.environment.title, info.title],
      [t.environment.version, info.version],
      [t.environment.commit, info.commit],
      [t.environment.pod, info.pod],
      [t.environment.startedAt, <StartedAt key="start" date={info.started_at} />],
      [
        t.environment.database,
        `${info.database === 'sqlite' ? 'SQLite' : 'PostgreSQL'} (${info.data_outlives_pod ? t.environment.durable : t.environment.notDurable})`,
      ],
      [t.environment.writes, info.writes_protected ? t.environment.protected : t.environment.open],
    ];
  }
}

function StartedAt({ date }: { date: string }) {
  const { language } = useI18n();
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'medium' });
  return <time dateTime={date}>{format.format(new Date(date))}</time>;
}

/** Names and values, one below the other on a narrow screen. */
function Facts({ title, facts }: { title: string; facts: [string, ReactNode][] }) {
  const { t } = useI18n();
  return (
    <Panel style={{ marginBottom: 16 }}>
      <Box sx={{ px: { xs: 2, sm: 3 }, py: 2 }}>
        <Box component="h2" sx={{ typography: 'h2', mt: 0, mb: 1 }}>
          {title}
        </Box>
        <Box
          component="dl"
          sx={{
            display: 'grid',
            gridTemplateColumns: { xs: '1fr', sm: '14rem 1fr' },
            rowGap: { sm: 1 },
            m: 0,
            '& dt': { color: 'text.secondary' },
            '& dd': { m: 0, mb: { xs: 1, sm: 0 }, overflowWrap: 'anywhere' },
          }}
        >
          {facts.map(([name, value]) => (
            <Box key={name} sx={{ display: 'contents' }}>
              <dt>{name}</dt>
              <dd>{value === '' || value === null ? t.environment.unknown : value}</dd>
            </Box>
          ))}
        </Box>
      </Box>
    </Panel>
  );
}
