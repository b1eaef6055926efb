import { startTransition } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app.tsx';
import { loadConfig } from './config.ts';

// Pages that are left and come back to remember their place themselves.
history.scrollRestoration = 'manual';

const configuration = await loadConfig().catch((error: unknown) => error as Error);

// After the first paint, and in slices: a phone shows the shell at once and stays responsive while the rest is made.
requestAnimationFrame(() => {
  setTimeout(() => {
    const root = createRoot(document.getElementById('root') ?? document.body);
    startTransition(() => {
      root.render(<App configuration={configuration} />);
    });
  });
});
