import Box from '@mui/material/Box';
import { useEffect, useLayoutEffect, useRef } from 'react';
import { useOutletContext } from 'react-router';
import { useI18n } from '../i18n/i18n.ts';

/** Whether somebody has gone from one page to another; what the layout tells its pages. */
export type HasNavigated = boolean;

/** The `h1` of a page, which is its title in the browser too. After a navigation it has the focus, so that it is read. */
export function PageHeading({ children }: { children: string }) {
  const { t } = useI18n();
  const hasNavigated = useOutletContext<HasNavigated | undefined>();
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${children} – ${t.app.name}`;
  }, [children, t]);

  // Before the page below restores a place of its own.
  useLayoutEffect(() => {
    scrollTo({ top: 0 });
  }, []);

  useEffect(() => {
    // The first page of a visit is read from its beginning.
    if (hasNavigated) heading.current?.focus({ preventScroll: true });
  }, [hasNavigated]);

  return (
    <Box component="h1" ref={heading} tabIndex={-1} sx={{ typography: 'h1', m: 0, outline: 'none' }}>
      {children}
    </Box>
  );
}
