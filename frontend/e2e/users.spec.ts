import type { Page } from '@playwright/test';
import { expect, test } from './site.ts';

const unique = (name: string) => `${name}-${Math.random().toString(36).slice(2, 8)}`;
const row = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name });

async function create(page: Page, name: string, roles: string[] = []): Promise<void> {
  await page.getByRole('button', { name: 'Ajouter' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Nom').fill(name);
  for (const role of roles) {
    await dialog.getByLabel('Rôles').fill(role);
    await page.keyboard.press('Enter');
  }
  await dialog.getByRole('button', { name: 'Ajouter' }).click();
  await expect(page.getByRole('status').filter({ hasText: `${name} a été ajouté.` })).toBeVisible();
  await expect(dialog).toBeHidden();
}

async function search(page: Page, name: string): Promise<void> {
  await page.getByLabel('Nom commençant par').fill(name);
  await expect(page).toHaveURL(new RegExp(`[?]q=${name}`));
}

async function remove(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name: `Supprimer ${name}` }).click();
  await page.getByRole('alertdialog').getByRole('button', { name: 'Supprimer' }).click();
  await expect(page.getByRole('status').filter({ hasText: `${name} a été supprimé.` })).toBeVisible();
  await expect(page.getByRole('alertdialog')).toBeHidden();
}

test('the users are there without a click', async ({ page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1, name: 'Utilisateurs' })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Liste des utilisateurs' }).getByRole('listitem').first()).toBeVisible();
  await expect(page).toHaveTitle('Utilisateurs – Archi exemple');
});

test('a user is added, found, changed and deleted', async ({ page }) => {
  const name = unique('alice');
  await page.goto('/');
  await create(page, name, ['dev', 'ops']);
  await search(page, name);
  await expect(row(page, name)).toContainText('dev');
  await expect(row(page, name)).toContainText('ops');
  await expect(page.getByRole('status').filter({ hasText: /^1 utilisateur$/ })).toBeVisible();

  await page.getByRole('button', { name: `Modifier ${name}` }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Nom').fill(`${name}-bis`);
  await dialog.getByRole('combobox', { name: 'Rôles' }).press('Backspace');
  await dialog.getByLabel('Rôles').fill('chef');
  await dialog.getByRole('button', { name: 'Enregistrer' }).click();
  // What stood in the field without Enter was meant too.
  await expect(row(page, `${name}-bis`)).toContainText('chef');
  await expect(row(page, `${name}-bis`)).toContainText('dev');
  await expect(row(page, `${name}-bis`)).not.toContainText('ops');

  await remove(page, `${name}-bis`);
  await expect(page.getByText('Aucun utilisateur ne correspond à cette recherche.')).toBeVisible();
  await page.getByRole('button', { name: 'Effacer la recherche' }).click();
  await expect(page).toHaveURL(/\/$/);
  await expect(page.getByLabel('Nom commençant par')).toHaveValue('');
  await expect(page.getByRole('listitem').first()).toBeVisible();
});

test('a name that is taken is said beside the name, and nothing typed is lost', async ({ page }) => {
  const name = unique('bob');
  await page.goto('/');
  await create(page, name);
  await page.getByRole('button', { name: 'Ajouter' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Ajouter' }).click();
  await expect(dialog.getByLabel('Nom')).toHaveAccessibleDescription('Donnez un nom.');
  await dialog.getByLabel('Nom').fill(name);
  await dialog.getByLabel('Rôles').fill('dev');
  await dialog.getByRole('button', { name: 'Ajouter' }).click();
  await expect(dialog.getByLabel('Nom')).toHaveAccessibleDescription('Ce nom est déjà pris.');
  await expect(dialog.getByLabel('Nom')).toHaveAttribute('aria-invalid', 'true');
  await expect(dialog.getByLabel('Nom')).toHaveValue(name);
  await dialog.getByLabel('Nom').fill(`${name}2`);
  await expect(dialog.getByText('Ce nom est déjà pris.')).toBeHidden();
  await dialog.getByRole('button', { name: 'Annuler' }).click();
  await expect(dialog).toBeHidden();
  await search(page, name);
  await remove(page, name);
});

test('search and role are in the address, which can be shared', async ({ page, context }) => {
  const [one, two] = [unique('carl'), unique('carl')];
  const role = unique('role');
  await page.goto('/');
  await create(page, one, [role]);
  await create(page, two);
  await search(page, one.slice(0, 4));
  await page.getByLabel('Filtrer par rôle').fill(role);
  await expect(page).toHaveURL(new RegExp(`q=carl&role=${role}$`));
  await expect(row(page, one)).toBeVisible();
  await expect(row(page, two)).toBeHidden();

  const shared = await context.newPage();
  await shared.goto(page.url());
  await expect(shared.getByLabel('Nom commençant par')).toHaveValue('carl');
  await expect(shared.getByLabel('Filtrer par rôle')).toHaveValue(role);
  await expect(row(shared, one)).toBeVisible();
  await expect(row(shared, two)).toBeHidden();

  await page.getByLabel('Filtrer par rôle').fill('');
  for (const name of [one, two]) await remove(page, name);
});

test('a search and a role that change at once are both taken', async ({ page }) => {
  await page.goto('/?q=nobody');
  await expect(page.getByText('Aucun utilisateur ne correspond à cette recherche.')).toBeVisible();
  await page.evaluate(() => {
    const setValue = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')?.set;
    for (const [i, input] of document.querySelectorAll('input').entries()) {
      setValue?.call(input, ['', 'admin'][i]);
      input.dispatchEvent(new Event('input', { bubbles: true }));
    }
  });
  await expect(page).toHaveURL(/\/\?role=admin$/);
  await expect(row(page, 'adm')).toBeVisible();
  await expect(page.getByLabel('Nom commençant par')).toHaveValue('');
});

test('everything is done with the keyboard alone', async ({ page }) => {
  const name = unique('dora');
  const keys = async (...pressed: string[]) => {
    for (const key of pressed) await page.keyboard.press(key);
  };
  /** Goes on with Tab until this has the focus, and sees that the focus is seen. */
  const tabTo = async (accessibleName: string | RegExp, role: 'button' | 'searchbox' | 'combobox' | 'link') => {
    const target = page.getByRole(role, { name: accessibleName }).first();
    for (let i = 0; i < 40; i++) {
      await keys('Tab');
      if (await target.evaluate((element) => element === document.activeElement)) {
        const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
        expect(outline, `the focus on ${String(accessibleName)} is seen`).toBe('solid');
        return;
      }
    }
    throw new Error(`Tab does not lead to ${String(accessibleName)}`);
  };

  await page.goto('/');
  await expect(page.getByRole('listitem').first()).toBeVisible();
  await keys('Tab');
  await expect(page.getByRole('link', { name: 'Aller au contenu' })).toBeFocused();
  await keys('Enter');

  await tabTo('Ajouter', 'button');
  await keys('Enter');
  await expect(page.getByRole('dialog').getByLabel('Nom')).toBeFocused();
  await page.keyboard.type(name);
  await keys('Tab');
  await page.keyboard.type('dev');
  await keys('Enter', 'Enter');
  await expect(page.getByRole('status').filter({ hasText: `${name} a été ajouté.` })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Ajouter' })).toBeFocused();

  await keys('Shift+Tab', 'Shift+Tab');
  await expect(page.getByLabel('Nom commençant par')).toBeFocused();
  await page.keyboard.type(name);
  await expect(row(page, name)).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: /^1 utilisateur$/ })).toBeVisible();

  await tabTo(`Modifier ${name}`, 'button');
  await keys('Space');
  await expect(page.getByRole('dialog').getByLabel('Nom')).toBeFocused();
  await keys('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
  await expect(page.getByRole('button', { name: `Modifier ${name}` })).toBeFocused();

  await keys('Tab', 'Enter');
  await expect(page.getByRole('alertdialog').getByRole('button', { name: 'Annuler' })).toBeFocused();
  await keys('Tab', 'Enter');
  await expect(page.getByText('Aucun utilisateur ne correspond')).toBeVisible();
  await expect(page.getByText('0 utilisateur', { exact: true })).toBeFocused();
  await tabTo('Effacer la recherche', 'button');
});
