import Box from '@mui/material/Box';
import { useQuery } from '@tanstack/react-query';
import { useApi } from '../api/client.ts';
import { useI18n } from '../i18n/i18n.ts';

/** An address that neither answers nor refuses for so long is silent: what stopped or is not there refuses at once. */
const silentMs = 3000;

/**
 * Why there may be no answer that this page can read: the possible causes, fewer where the addresses or a second request
 * rule some out.
 *
 * @param retriesItself whether the page asks again without being told to, which is then said.
 */
export function Unreachable({ retriesItself = true }: { retriesItself?: boolean }) {
  const { t } = useI18n();
  const { url } = useApi();
  const isMixed = location.protocol === 'https:' && url.startsWith('http:');
  const isInternal =
    /^https?:\/\/([^/.:]+|[^/:]+\.svc(\.[^/:]+)?)(:\d+)?(\/|$)/.test(url) && !/\/\/localhost/.test(url);

  // A browser does not say why it hides an answer. One that it does not have to show tells whether there is any, not whose
  // it is: where no pod is ready, the Ingress answers, and its errors do not name this page either.
  const { data: probe } = useQuery({
    queryKey: ['answers without CORS'],
    queryFn: () =>
      fetch(`${url}/health`, { mode: 'no-cors', signal: AbortSignal.timeout(silentMs) }).then(
        () => 'answered',
        (error: unknown) => (error instanceof DOMException && error.name === 'TimeoutError' ? 'silent' : 'refused'),
      ),
    refetchInterval: 3000,
    enabled: !isMixed,
  });

  const causes = isMixed
    ? [t.unreachable.mixed]
    : probe === 'answered'
      ? new URL(url).origin === location.origin
        ? // This front itself answers, with its own page.
          [t.unreachable.address]
        : [t.unreachable.cors(location.origin), t.unreachable.proxy]
      : probe === 'silent'
        ? [t.unreachable.silent, t.unreachable.address]
        : isInternal
          ? [t.unreachable.internal, t.unreachable.stopped]
          : [t.unreachable.stopped, t.unreachable.address];

  return (
    <>
      <Box component="h2" sx={{ typography: 'h2', mt: 0, mb: 1 }}>
        {t.unreachable.title}
      </Box>
      <p>
        {t.unreachable.tried} <code>{url}</code>. {retriesItself && t.unreachable.retrying}
      </p>
      <Box component="h3" sx={{ fontSize: '1rem', mb: 0.5 }}>
        {t.unreachable.causes}
      </Box>
      <Box component="ul" sx={{ mt: 0, pl: 3 }}>
        {causes.map((cause) => (
          <li key={cause}>{cause}</li>
        ))}
      </Box>
    </>
  );
}
