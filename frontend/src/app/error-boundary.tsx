import { Component, type ReactNode } from 'react';
import { useI18n } from '../i18n/i18n.ts';
import { Button } from './controls.tsx';
import { PageHeading } from './page-heading.tsx';

/** Shows a page that says so when a page breaks, or when its code is not there any more after an update. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };

  static getDerivedStateFromError() {
    return { isBroken: true };
  }

  override render() {
    return this.state.isBroken ? <BrokenPage /> : this.props.children;
  }
}

function BrokenPage() {
  const { t } = useI18n();
  return (
    <>
      <PageHeading>{t.errors.broken}</PageHeading>
      <p>{t.errors.brokenText}</p>
      <Button
        kind="main"
        onClick={() => {
          location.reload();
        }}
      >
        {t.app.reload}
      </Button>
    </>
  );
}
