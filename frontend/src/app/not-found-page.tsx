import { Link, useLocation } from 'react-router';
import { useI18n } from '../i18n/i18n.ts';
import { PageHeading } from './page-heading.tsx';

export function NotFoundPage() {
  const { t } = useI18n();
  const { pathname } = useLocation();
  return (
    <>
      <PageHeading>{t.pages.notFound}</PageHeading>
      <p>{t.notFound.text(pathname)}</p>
      <Link to="/">{t.notFound.back}</Link>
    </>
  );
}
