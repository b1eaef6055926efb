import { gzipSync } from 'node:zlib';
import { expect, test } from '../site.ts';

test('the first load is small, asks for the list once and before its code runs, and nothing moves', async ({
  page,
  site,
}) => {
  site.fill(100);
  await page.addInitScript(() => {
    let shift = 0;
    Object.assign(window, { shift });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) shift += (entry as unknown as { value: number }).value;
      Object.assign(window, { shift });
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const scripts: Promise<number>[] = [];
  const order: string[] = [];
  page.on('response', (response) => {
    if (!response.url().endsWith('.js')) return;
    scripts.push(response.body().then((body) => gzipSync(body, { level: 9 }).length));
  });
  page.on('request', (request) => order.push(new URL(request.url()).pathname));
  page.on('console', (message) => order.push(`console ${message.type()}: ${message.text()}`));
  await page.goto('/');
  await expect(page.getByText('user3', { exact: true })).toBeVisible();
  await page.waitForLoadState('networkidle');

  const sizes = await Promise.all(scripts);
  expect(sizes.length).toBeGreaterThan(1);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000);
  expect(order.filter((path) => path === '/users/')).toHaveLength(1);
  expect(order.filter((line) => line.startsWith('console'))).toEqual([]);
  expect(await page.evaluate(() => (window as { shift?: number }).shift)).toBeLessThan(0.02);
  const priorities = await page
    .locator('script[src], link[rel=modulepreload]')
    .evaluateAll((nodes) => nodes.map((node) => (node as HTMLScriptElement).fetchPriority));
  expect(new Set(priorities)).toEqual(new Set(['low']));

  // The list is asked for even where the application's own code never comes.
  await page.route('**/assets/*.js', (route) => route.abort());
  const early = page.waitForRequest(/\/users\/\?limit=50$/);
  await page.reload();
  await early;
});

test('a search in the address is asked for at once, and once', async ({ page, site }) => {
  site.fill(100);
  const asked: string[] = [];
  page.on('request', (request) => request.url().includes('/users/') && asked.push(request.url()));
  await page.goto('/?q=user+1&role=dev%26ops');
  await expect(page.getByText('Aucun utilisateur ne correspond à cette recherche.')).toBeVisible();
  expect(asked).toEqual([`${site.apiUrl}/users/?limit=50&q=user%201&role=dev%26ops`]);
});

test('files that never change are kept for ever, pages and configuration are asked for again, what is missing is missing', async ({
  page,
  site,
}) => {
  await page.goto('/');
  const script = await page.locator('script[type=module]').getAttribute('src');
  const caching = async (path: string) => (await fetch(site.url + path)).headers.get('cache-control');
  expect(await caching(script ?? '')).toBe('public, max-age=31536000, immutable');
  expect(await caching('/')).toBe('no-cache');
  expect(await caching('/connexion')).toBe('no-cache');
  expect(await caching('/config.json')).toBe('no-store');
  expect((await fetch(`${site.url}/assets/nope.js`)).status).toBe(404);
  expect((await fetch(`${site.url}/nope.png`)).status).toBe(404);
  expect((await fetch(`${site.url}/nulle/part`)).status).toBe(200);
  expect((await fetch(site.url + (script ?? ''))).headers.get('content-encoding')).toBe('gzip');
  for (const path of ['/', '/config.json', '/assets/nope.js', '/healthz', script ?? '']) {
    const { headers } = await fetch(site.url + path);
    expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    expect(headers.get('content-security-policy'), path).toContain(`connect-src 'self' ${site.apiUrl};`);
    expect(headers.get('content-security-policy'), path).not.toContain('unsafe-inline');
  }
});
