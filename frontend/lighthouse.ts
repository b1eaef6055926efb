/**
 * Prints what Lighthouse says of the first page: mobile defaults, the median of five runs, against the built front and a
 * living API with 100 users. Exits with 1 below 98 in performance or 100 in anything else.
 */
import { chromium } from '@playwright/test';
import lighthouse, { type Flags } from 'lighthouse';
import build from './e2e/build.ts';
import { startOwnSite } from './e2e/own-site.ts';
import playwrightConfig from './playwright.config.ts';

const runs = 5;
const wanted = { performance: 98, accessibility: 100, 'best-practices': 100, seo: 100 };

build();
const site = await startOwnSite();
const debuggingPort = 9333;
const { executablePath, args = [] } = playwrightConfig.use?.launchOptions ?? {};
const browser = await chromium.launch({
  ...(executablePath && { executablePath }),
  args: [...args, `--remote-debugging-port=${debuggingPort}`],
});

try {
  site.fill(100);
  const page = await browser.newPage();
  await page.goto(site.url);
  await page.getByText('user3', { exact: true }).waitFor();
  await page.close();

  const scores: Record<string, number[]> = {};
  const figures: Record<string, number[]> = {};
  for (let run = 0; run < runs; run++) {
    const flags: Flags = { port: debuggingPort, onlyCategories: Object.keys(wanted), logLevel: 'error' };
    const result = await lighthouse(site.url, flags);
    if (!result) throw new Error('Lighthouse gave no result');
    const { categories, audits } = result.lhr;
    const requests = audits['network-requests']?.details as unknown as {
      items: { url: string; statusCode: number }[];
    };
    const list = requests.items.find(({ url }) => url.startsWith(`${site.apiUrl}/users/`));
    if (list?.statusCode !== 200) throw new Error('The list was not there: this run tells nothing');
    for (const [name, { score }] of Object.entries(categories))
      (scores[name] ??= []).push(Math.round((score ?? 0) * 100));
    for (const name of [
      'first-contentful-paint',
      'largest-contentful-paint',
      'total-blocking-time',
      'cumulative-layout-shift',
    ]) {
      (figures[name] ??= []).push(audits[name]?.numericValue ?? NaN);
    }
    for (const { id, score, title } of Object.values(audits)) {
      const isScored = Object.values(categories).some(({ auditRefs }) =>
        auditRefs.some((ref) => ref.id === id && ref.weight),
      );
      if (isScored && score !== null && score < 0.9) console.log(`run ${run + 1}: ${id} ${score}: ${title}`);
    }
  }

  for (const [name, values] of Object.entries(figures)) {
    console.log(
      name.padEnd(28),
      median(values)
        .toFixed(name.includes('shift') ? 3 : 0)
        .padStart(6),
    );
  }
  for (const [name, least] of Object.entries(wanted)) {
    const values = scores[name] ?? [];
    console.log(
      name.padEnd(28),
      String(median(values)).padStart(6),
      `(${Math.min(...values)}–${Math.max(...values)}, wanted ${least})`,
    );
    if (median(values) < least) process.exitCode = 1;
  }
} finally {
  await browser.close();
  await site.close();
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
