import { styled } from '@mui/material/styles';

/*
 * The controls of what is loaded first: the browser's own, in the theme's colours. MUI's Button and TextField weigh more
 * than the rest of the page together; the dialogs use them, which are loaded when one is opened.
 */

const focusRing = { outline: '3px solid var(--mui-palette-primary-main)', outlineOffset: 2 };

export const Button = styled('button', { shouldForwardProp: (name) => name !== 'kind' })<{ kind?: 'main' | 'quiet' }>(
  ({ theme, kind = 'quiet' }) => ({
    ...theme.typography.button,
    display: 'inline-flex',
    alignItems: 'center',
    justifyContent: 'center',
    gap: 8,
    minHeight: 40,
    padding: '0 16px',
    border: '1px solid',
    borderColor: kind === 'main' ? 'transparent' : theme.vars.palette.divider,
    borderRadius: theme.vars.shape.borderRadius,
    background: kind === 'main' ? theme.vars.palette.primary.main : theme.vars.palette.background.paper,
    color: kind === 'main' ? theme.vars.palette.primary.contrastText : theme.vars.palette.text.primary,
    cursor: 'pointer',
    '&:hover': { filter: 'brightness(0.95)' },
    '&:focus-visible': focusRing,
    '&:disabled': { opacity: 0.6, cursor: 'default' },
  }),
);

/** A button that shows a picture alone: it needs an `aria-label`. */
export const IconButton = styled('button')(({ theme }) => ({
  display: 'inline-flex',
  alignItems: 'center',
  justifyContent: 'center',
  width: 40,
  height: 40,
  padding: 0,
  border: 0,
  borderRadius: theme.vars.shape.borderRadius,
  background: 'none',
  color: theme.vars.palette.text.secondary,
  cursor: 'pointer',
  '&:hover': { background: theme.vars.palette.action.hover, color: theme.vars.palette.text.primary },
  '&:focus-visible': focusRing,
}));

export const Input = styled('input')(({ theme }) => ({
  ...theme.typography.body1,
  width: '100%',
  minHeight: 40,
  padding: '0 12px',
  // 3:1 against what surrounds it (WCAG 1.4.11).
  border: `1px solid ${theme.vars.palette.text.secondary}`,
  borderRadius: theme.vars.shape.borderRadius,
  background: theme.vars.palette.background.paper,
  color: theme.vars.palette.text.primary,
  '&:focus-visible': { ...focusRing, outlineOffset: 0 },
  '&[aria-invalid="true"]': { borderColor: theme.vars.palette.error.main },
}));

/** A surface that holds what belongs together. */
export const Panel = styled('section')(({ theme }) => ({
  border: `1px solid ${theme.vars.palette.divider}`,
  borderRadius: theme.vars.shape.borderRadius,
  background: theme.vars.palette.background.paper,
}));
