import Box from '@mui/material/Box';
import { useEffect, useRef } from 'react';
import { useOutletContext } from 'react-router';
import { useI18n } from '../i18n/i18n.tsx';

/** Whether nobody has gone from one page to another yet; what the layout tells its pages. */
export type IsFirstPage = boolean;

/** The `h1` of a page, which is its title in the browser too. After a navigation it has the focus, so that it is read. */
export function PageHeading({ children }: { children: string }) {
  const { t } = useI18n();
  const isFirstPage = useOutletContext<IsFirstPage | undefined>();
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${children} – ${t.app.name}`;
  }, [children, t]);

  useEffect(() => {
    // The first page of a visit is read from its beginning.
    if (!isFirstPage) heading.current?.focus({ preventScroll: true });
  }, [isFirstPage]);

  return (
    <Box component="h1" ref={heading} tabIndex={-1} sx={{ typography: 'h1', m: 0, outline: 'none' }}>
      {children}
    </Box>
  );
}
