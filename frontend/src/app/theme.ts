// Gives the theme's CSS variables their types.
import type {} from '@mui/material/themeCssVarsAugmentation';
import { createTheme } from '@mui/material/styles';

/** Light and dark, by the system's setting until somebody chooses; `index.html` applies it before the first paint. */
export const makeTheme = () =>
  createTheme({
    cssVariables: { colorSchemeSelector: '[data-theme="%s"]' },
    colorSchemes: {
      light: {
        palette: {
          primary: { main: '#1d4ed8' },
          error: { main: '#b3261e' },
          success: { main: '#1b6e3c' },
          background: { default: '#f6f7f9', paper: '#ffffff' },
          text: { primary: '#17202c', secondary: '#4d5967' },
          divider: '#dfe3e8',
        },
      },
      dark: {
        palette: {
          primary: { main: '#8fb4ff' },
          error: { main: '#ffb4ab' },
          success: { main: '#7fd8a0' },
          background: { default: '#0d1117', paper: '#12161c' },
          text: { primary: '#e6eaf0', secondary: '#a9b4c1' },
          divider: '#2b3440',
        },
      },
    },
    shape: { borderRadius: 8 },
    components: { MuiButton: { defaultProps: { disableElevation: true } } },
    typography: {
      fontFamily: "system-ui, 'Segoe UI', Roboto, sans-serif",
      h1: { fontSize: '1.75rem', fontWeight: 700, lineHeight: 1.25 },
      h2: { fontSize: '1.125rem', fontWeight: 700, lineHeight: 1.4 },
      button: { textTransform: 'none', fontWeight: 600 },
    },
  });
