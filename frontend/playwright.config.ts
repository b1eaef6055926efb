import { defineConfig } from '@playwright/test';
import { baseURL, launchOptions } from './e2e/browser.ts';

export default defineConfig({
  testDir: 'e2e',
  // These stop, freeze and fill what they test, which is for nobody else's site.
  testIgnore: baseURL ? '**/own/**' : [],
  globalSetup: baseURL ? [] : './e2e/build.ts',
  fullyParallel: true,
  // A test waits for much of its time.
  workers: '150%',
  timeout: 30_000,
  reporter: 'list',
  use: {
    ...(baseURL && { baseURL, ignoreHTTPSErrors: true }),
    locale: 'fr-FR',
    launchOptions,
  },
});
