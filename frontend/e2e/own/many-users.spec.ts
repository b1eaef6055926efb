import type { Page } from '@playwright/test';
import { expect, test } from '../site.ts';

/** Goes to the end of the list, where more users are then loaded. */
async function scrollToMore(page: Page): Promise<void> {
  const before = await page.evaluate(() => {
    const end = document.documentElement.scrollHeight;
    scrollTo({ top: end });
    return end;
  });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollHeight)).toBeGreaterThan(before);
}

test('100,000 users: the page holds what is on the screen, and asks for that alone', async ({ page, site }) => {
  site.fill(100_000);
  const asked: string[] = [];
  page.on('request', (request) => request.url().includes('/users/') && asked.push(request.url()));
  await page.goto('/');
  await expect(page.getByText('Plus de 50 utilisateurs')).toBeVisible();
  await expect(page.getByText('user10', { exact: true })).toBeVisible();

  for (let i = 0; i < 8; i++) await scrollToMore(page);
  await expect(page.getByRole('listitem').last()).toContainText(/user\d+/);
  expect(await page.getByRole('listitem').count()).toBeLessThan(60);
  expect(asked.length).toBeLessThan(15);

  await page.getByLabel('Nom commençant par').fill('user99999');
  await expect(page.getByRole('listitem')).toHaveCount(1);
  await page.getByLabel('Nom commençant par').fill('');
  await page.getByLabel('Filtrer par rôle').fill('role42');
  await expect(page.getByText('user42', { exact: true })).toBeVisible();
  await expect(page.getByText('user142', { exact: true })).toBeVisible();
});

test('the place in the list survives another page, a reload, and a site in between', async ({ page, site }) => {
  site.fill(2000);
  await page.goto('/');
  await expect(page.getByText('user10', { exact: true })).toBeVisible();
  for (let i = 0; i < 3; i++) await scrollToMore(page);
  const place = () => page.evaluate(() => scrollY);
  await page.evaluate(() => {
    scrollBy({ top: -700 });
  });
  await expect.poll(firstVisible).toMatch(/^user/);
  const [before, name] = [await place(), await firstVisible()];
  expect(before).toBeGreaterThan(4000);

  await page.getByRole('link', { name: 'Connexion' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Connexion' })).toBeVisible();
  expect(await place()).toBe(0);
  await page.goBack();
  await expect.poll(firstVisible).toBe(name);
  expect(await place()).toBe(before);

  await page.getByRole('link', { name: 'Connexion' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Connexion' })).toBeVisible();
  await page.getByRole('link', { name: 'Utilisateurs' }).click();
  await expect.poll(firstVisible).toBe(name);

  await page.reload();
  await expect.poll(firstVisible).toBe(name);
  expect(await place()).toBe(before);

  await page.goto(`${site.apiUrl}/docs`);
  await page.goBack();
  await expect.poll(firstVisible).toBe(name);

  // However many filters were tried, what is kept stays small.
  for (const q of ['user1', 'user2', 'user3', 'user4', 'user5', 'user6', 'user7']) {
    await page.getByLabel('Nom commençant par').fill(q);
    await expect(page).toHaveURL(new RegExp(`q=${q}$`));
  }
  const kept = await page.evaluate(() => Object.entries(sessionStorage));
  expect(kept.map(([name]) => name)).toEqual(['positions']);
  expect(JSON.parse(String(kept[0]?.[1]))).toHaveLength(5);

  /** The first user below the top of the screen; none while the rows there are those of before. */
  function firstVisible(): Promise<string | null | undefined> {
    return page.evaluate(() => {
      const isFirst = (row: Element) => {
        const { top, height } = row.getBoundingClientRect();
        return top >= 0 && top < height;
      };
      return [...document.querySelectorAll('main li')].find(isFirst)?.firstElementChild?.textContent;
    });
  }
});

test('all users that are loaded are put on paper, none that is not, and the place in the list stays', async ({
  page,
  site,
}) => {
  site.fill(100_000);
  await page.goto('/');
  await expect(page.getByText('user10', { exact: true })).toBeVisible();
  await page.keyboard.press('End');
  await expect(page.getByText('user60', { exact: true })).toBeVisible();
  const place = await page.evaluate(() => scrollY);
  expect(place).toBeGreaterThan(0);
  await page.evaluate(() => {
    addEventListener('beforeprint', () => {
      const names = [...document.querySelectorAll('main li > :first-child')].map((name) => name.textContent);
      Object.assign(window, { printed: { names, height: document.querySelector('main ul')?.clientHeight } });
    });
  });
  await page.pdf({ format: 'A4' });
  const { names, height } = await page.evaluate(
    () => (window as unknown as { printed: { names: string[]; height: number } }).printed,
  );
  expect(names.length % 50).toBe(0);
  expect(names.slice(2)).toEqual(Array.from({ length: names.length - 2 }, (_, i) => `user${i + 3}`));
  expect(height / names.length).toBeLessThan(60);
  expect(await page.getByRole('listitem').count()).toBeLessThan(60);
  expect(await page.evaluate(() => scrollY)).toBe(place);
});

test('rows that others add and delete come and go, without doubles', async ({ page, site }) => {
  site.fill(120);
  await page.goto('/');
  await expect(page.getByText('user10', { exact: true })).toBeVisible();
  for (const id of [5, 6, 7]) await fetch(`${site.apiUrl}/users/${id}`, { method: 'DELETE' });
  await page.getByRole('button', { name: 'Supprimer user8' }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Supprimer' }).click();
  await expect(page.getByText('user5', { exact: true })).toBeHidden();

  const seen = new Set<string>();
  for (let y = 0; y < 8000; y += 300) {
    await page.evaluate((top) => {
      scrollTo({ top });
    }, y);
    await expect(page.locator('main li[aria-hidden]')).toHaveCount(0);
    const names = await page.locator('main li > :first-child').allTextContents();
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) seen.add(name);
  }
  expect(seen.size).toBe(116);
  await expect(page.getByText('116 utilisateurs')).toBeVisible();
});
