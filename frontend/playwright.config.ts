import { existsSync } from 'node:fs';
import { chromium, defineConfig } from '@playwright/test';

/** A site that runs already, such as https://my-application.kub.sspcloud.fr; without it the tests start their own. */
const baseURL = process.env.E2E_BASE_URL;
/** Where that site's cluster listens, such as https://127.0.0.1:8443, when its name leads nowhere. */
const ingress = process.env.CLUSTER_INGRESS;

export default defineConfig({
  testDir: 'e2e',
  // These stop, freeze and fill what they test, which is for nobody else's site.
  testIgnore: baseURL ? '**/own/**' : [],
  globalSetup: baseURL ? [] : './e2e/build.ts',
  fullyParallel: true,
  workers: 2,
  timeout: 30_000,
  reporter: 'list',
  use: {
    ...(baseURL && { baseURL, ignoreHTTPSErrors: true }),
    locale: 'fr-FR',
    trace: 'retain-on-failure',
    launchOptions: {
      executablePath: await browser(),
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        ...(baseURL && ingress ? [`--host-resolver-rules=MAP * ${new URL(ingress).host}`] : []),
      ],
    },
  },
});

/** A Chromium of this machine, or the one that comes from npm. */
async function browser(): Promise<string> {
  const places = [
    process.env.E2E_CHROMIUM,
    chromium.executablePath(),
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  ];
  const found = places.find((place) => place && existsSync(place));
  if (found) return found;
  // Makes the package unpack the libraries that a bare machine lacks.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs20.x';
  const { default: carried } = await import('@sparticuz/chromium');
  return carried.executablePath();
}
