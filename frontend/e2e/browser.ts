import { existsSync } from 'node:fs';
import { chromium } from '@playwright/test';

/** A site that runs already, such as https://my-application.kub.sspcloud.fr; without it the tests start their own. */
export const baseURL = process.env.E2E_BASE_URL;

/** Where a cluster listens, such as https://127.0.0.1:8443, when its hosts' names lead nowhere. */
const ingress = process.env.CLUSTER_INGRESS;

/** How Chromium is started: by itself it would ask for privileges and a network that a bare machine does not give. */
export const launchOptions = {
  executablePath: await findBrowser(),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--disable-background-networking',
    ...(ingress ? [`--host-resolver-rules=MAP * ${new URL(ingress).host}, EXCLUDE localhost`] : []),
  ],
};

/**
 * The Chromium that comes from npm, so that everybody tests in the same one, which draws no windows and is the quickest; or one
 * of this machine, where that one does not run.
 */
async function findBrowser(): Promise<string> {
  if (process.env.E2E_CHROMIUM) return process.env.E2E_CHROMIUM;
  if (process.platform === 'linux' && process.arch === 'x64') {
    // Makes the package unpack the libraries that a bare machine lacks.
    process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs20.x';
    const { default: carried } = await import('@sparticuz/chromium');
    return carried.executablePath();
  }
  const places = [
    chromium.executablePath(),
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  ];
  const found = places.find((place) => existsSync(place));
  if (found) return found;
  throw new Error('No Chromium was found: install one, or set E2E_CHROMIUM to the path of its program.');
}

export { chromium };
