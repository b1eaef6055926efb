import type { Page } from '@playwright/test';
import axe from 'axe-core';
import { en } from '../../src/i18n/en.ts';
import { notions } from '../../src/features/deployment/notions.ts';
import { words } from '../../src/features/deployment/words.ts';
import { fr } from '../../src/i18n/fr.ts';
import { expect, test } from '../site.ts';

const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

test.beforeEach(({ page }) => page.addInitScript({ content: axe.source }));

/** @returns a line for each rule that is broken, with the elements that break it. */
async function violations(page: Page, rulesOrTags: string[]): Promise<string[]> {
  const results = await page.evaluate((runOnly) => {
    const { axe: inPage } = window as unknown as { axe: typeof axe };
    return inPage.run({ runOnly });
  }, rulesOrTags);
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' | ')}`);
}

/** What automatic checks find against WCAG 2.2 AA, on a wide and on a narrow screen, in both themes. */
async function expectAccessible(page: Page, state: string, widths = [1280, 360]): Promise<void> {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 780 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expect(page.locator('html')).toHaveAttribute('data-theme', colorScheme);
      // Colours that still change from one to the other would be measured half way.
      await page.evaluate(() => {
        for (const animation of document.getAnimations()) animation.finish();
      });
      // Of all rules, the theme changes what the one for contrast finds.
      const found = await violations(page, colorScheme === 'light' ? tags : ['color-contrast']);
      expect(found, `${state}, ${colorScheme}, ${width} px`).toEqual([]);
    }
    const content = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(content, `${state} at ${width} px`).toBeLessThanOrEqual(width);
  }
}

for (const [language, locale, t] of [
  ['fr', 'fr-FR', fr],
  ['en', 'en-GB', en],
] as const) {
  const deployment = words[language];
  test.describe(locale, () => {
    test.use({ locale });

    test('every page and every state is accessible', async ({ page, site }) => {
      test.setTimeout(90_000);
      const dialog = page.getByRole('dialog');

      await page.goto('/');
      await expect(page.getByText('pasadmin')).toBeVisible();
      await expectAccessible(page, 'the list');

      await page.getByRole('button', { name: t.app.openMenu }).click();
      await expectAccessible(page, 'the menu', [360]);
      await page.keyboard.press('Escape');

      await page.getByRole('button', { name: t.users.add }).click();
      await dialog.getByRole('button', { name: t.dialog.create }).click();
      await expect(dialog.getByText(t.errors.required)).toBeVisible();
      await expectAccessible(page, 'the dialog with a fault');
      await dialog.getByLabel(t.dialog.name).fill('alice');
      await dialog.getByLabel(t.dialog.roles).fill('dev');
      await page.keyboard.press('Enter');
      await expectAccessible(page, 'the dialog, filled');
      await dialog.getByRole('button', { name: t.dialog.create }).click();
      await expect(page.getByText(t.users.created('alice'))).toBeVisible();
      await expectAccessible(page, 'a message');

      await page.getByRole('button', { name: t.users.remove('alice') }).click();
      await expect(page.getByRole('alertdialog')).toBeVisible();
      await expectAccessible(page, 'the question before deleting');
      await page.keyboard.press('Escape');

      await page.goto('/?q=nobody');
      await expect(page.getByText(t.users.noneFound)).toBeVisible();
      await expectAccessible(page, 'an empty list');

      await page.goto('/connexion');
      await page.getByRole('button', { name: t.access.test }).click();
      await expect(page.getByText(t.errors.required)).toBeVisible();
      await expectAccessible(page, 'the connection with a fault');
      for (const [name, outcome] of [
        ['adm', t.access.can('adm')],
        ['pasadmin', t.access.cannot('pasadmin')],
        ['x', t.access.unknown('x')],
      ] as const) {
        await page.getByLabel(t.access.name).fill(name);
        await page.keyboard.press('Enter');
        await expect(page.getByText(outcome)).toBeVisible();
        await expectAccessible(page, `the connection of ${name}`);
      }

      await page.goto('/environnement');
      await expect(page.getByText(t.environment.reachable, { exact: true })).toBeVisible();
      await expectAccessible(page, 'the environment');

      await page.goto('/nulle-part');
      await expect(page.getByRole('heading', { name: t.pages.notFound })).toBeVisible();
      await expectAccessible(page, 'no page');

      await page.goto('/');
      await expect(page.getByText('pasadmin')).toBeVisible();
      site.freezeApi();
      await page.goto('/?q=adm');
      await expect(page.getByRole('list', { name: t.users.list })).toHaveAttribute('aria-busy', 'true');
      await expectAccessible(page, 'a list that is awaited');
      site.thawApi();
      await expect(page.getByText('adm', { exact: true })).toBeVisible();

      await site.killApi();
      await page.getByRole('button', { name: t.users.add }).click();
      await dialog.getByLabel(t.dialog.name).fill('bob');
      await dialog.getByRole('button', { name: t.dialog.create }).click();
      await expect(dialog.getByRole('alert')).toBeVisible();
      await expectAccessible(page, 'a dialog without an API');
      await page.keyboard.press('Escape');
      await expect(page.getByText(t.errors.lost(site.apiUrl))).toBeVisible();
      await expectAccessible(page, 'a list whose API is lost');
      await page.goto('/');
      await expect(page.getByRole('heading', { name: t.unreachable.title })).toBeVisible();
      await expectAccessible(page, 'no API');
      await page.goto('/environnement');
      await expect(page.getByText(t.environment.notReachable)).toBeVisible();
      await expectAccessible(page, 'the environment without an API');
    });

    test('the deployment page is accessible, whatever it shows', async ({ page, site }) => {
      test.setTimeout(90_000);
      await page.goto('/deploiement');
      await expect(page.getByRole('heading', { name: deployment.pod('A'), exact: true })).toBeVisible();
      await page.getByRole('heading', { name: notions[0]?.title[language] ?? '' }).click();
      await site.killApi();
      await expect(page.getByRole('heading', { name: deployment.lostRequests })).toBeVisible();
      await page.getByRole('button', { name: deployment.pause }).click();
      await expectAccessible(page, 'the deployment, with lost requests');

      await page.reload();
      await expect(page.getByRole('heading', { name: t.unreachable.title })).toBeVisible();
      await page.getByRole('button', { name: deployment.pause }).click();
      await expectAccessible(page, 'the deployment without an API');
    });
  });
}

test.describe('without a configuration', () => {
  test.use({ frontEnv: { VITE_API_URL: '' } });

  test('the page that says so is accessible', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(fr.configuration.title);
    await expectAccessible(page, 'no configuration');
  });
});
