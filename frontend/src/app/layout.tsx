import Box from '@mui/material/Box';
import { useColorScheme } from '@mui/material/styles';
import { Suspense, useState } from 'react';
import { NavLink, Outlet, useLocation } from 'react-router';
import { useI18n } from '../i18n/i18n.ts';
import { Button, IconButton } from './controls.tsx';
import { ErrorBoundary } from './error-boundary.tsx';
import { MenuIcon, MoonIcon, SunIcon } from './icons.tsx';
import type { HasNavigated } from './page-heading.tsx';

/** What stands around every page: the bar with the menu, and the place of the page. */
export function Layout() {
  const { t } = useI18n();
  const { pathname } = useLocation();
  const [firstPath] = useState(pathname);
  const [hasNavigated, setNavigated] = useState<HasNavigated>(false);
  if (pathname !== firstPath && !hasNavigated) setNavigated(true);
  return (
    <>
      <Box
        component="a"
        href="#content"
        sx={{
          position: 'absolute',
          zIndex: 2,
          p: 1.5,
          bgcolor: 'background.paper',
          color: 'primary.main',
          '&:not(:focus)': { clipPath: 'inset(50%)', height: '1px', overflow: 'hidden', p: 0 },
        }}
      >
        {t.app.skip}
      </Box>
      <Bar />
      <Box
        component="main"
        id="content"
        tabIndex={-1}
        sx={{ maxWidth: 1032, mx: 'auto', px: 2, py: 3, outline: 'none' }}
      >
        <ErrorBoundary key={pathname}>
          <Suspense fallback={null}>
            <Outlet context={hasNavigated} />
          </Suspense>
        </ErrorBoundary>
      </Box>
    </>
  );
}

function Bar() {
  const { t } = useI18n();
  return (
    <Box
      component="header"
      sx={{
        position: 'sticky',
        top: 0,
        zIndex: 1,
        display: 'flex',
        alignItems: 'center',
        gap: 1,
        height: 57,
        px: 'max(16px, (100vw - 1000px) / 2)',
        bgcolor: 'background.paper',
        borderBottom: '1px solid',
        borderColor: 'divider',
        '@media print': { display: 'none' },
      }}
    >
      <Box component="strong" sx={{ mr: 1, whiteSpace: 'nowrap' }}>
        {t.app.name}
      </Box>
      <Box sx={{ flex: 1, display: { xs: 'none', md: 'block' } }}>
        <Menu />
      </Box>
      <Box sx={{ ml: 'auto', display: 'flex', gap: 0.5 }}>
        <LanguageButton />
        <ThemeButton />
        <Box sx={{ display: { md: 'none' } }}>
          <IconButton aria-label={t.app.openMenu} popoverTarget="menu">
            <MenuIcon />
          </IconButton>
          <Box
            id="menu"
            popover="auto"
            onClick={(event) => {
              event.currentTarget.hidePopover();
            }}
            sx={{
              inset: '57px 0 auto auto',
              m: 1,
              p: 1,
              minWidth: 220,
              border: '1px solid',
              borderColor: 'divider',
              borderRadius: 1,
              bgcolor: 'background.paper',
              color: 'text.primary',
              boxShadow: 6,
            }}
          >
            <Menu isVertical />
          </Box>
        </Box>
      </Box>
    </Box>
  );
}

function Menu({ isVertical = false }: { isVertical?: boolean }) {
  const { t } = useI18n();
  const pages = [
    ['/', t.pages.users],
    ['/connexion', t.pages.access],
    ['/deploiement', t.pages.deployment],
    ['/environnement', t.pages.environment],
  ] as const;
  return (
    <Box
      component="nav"
      aria-label={t.app.mainMenu}
      sx={{
        display: 'flex',
        flexDirection: isVertical ? 'column' : 'row',
        gap: 0.5,
        '& a': {
          px: 1.5,
          py: 1,
          borderRadius: 1,
          color: 'text.secondary',
          textDecoration: 'none',
          fontWeight: 600,
          '&:hover': { bgcolor: 'action.hover', color: 'text.primary' },
          '&.active': { color: 'primary.main', bgcolor: 'action.selected' },
          '&:focus-visible': { outline: '3px solid', outlineColor: 'primary.main' },
        },
      }}
    >
      {pages.map(([path, name]) => (
        <NavLink key={path} to={path} end>
          {name}
        </NavLink>
      ))}
    </Box>
  );
}

function LanguageButton() {
  const { language, setLanguage, t } = useI18n();
  const other = language === 'fr' ? 'en' : 'fr';
  return (
    <Button
      lang={other}
      style={{ border: 0, background: 'none', padding: '0 8px' }}
      onClick={() => {
        setLanguage(other);
      }}
    >
      {t.app.otherLanguage}
    </Button>
  );
}

function ThemeButton() {
  const { t } = useI18n();
  const { mode, systemMode, setMode } = useColorScheme();
  const isDark = (mode === 'system' ? systemMode : mode) === 'dark';
  return (
    <IconButton
      aria-label={isDark ? t.app.toLight : t.app.toDark}
      onClick={() => {
        setMode(isDark ? 'light' : 'dark');
      }}
    >
      {isDark ? <SunIcon /> : <MoonIcon />}
    </IconButton>
  );
}
