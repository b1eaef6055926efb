import { expect, test } from './site.ts';

test('each page has its title, its heading, its language and its place in the menu', async ({ page }) => {
  for (const [path, name] of [
    ['/', 'Utilisateurs'],
    ['/connexion', 'Connexion'],
    ['/deploiement', 'Déploiement'],
    ['/environnement', 'Environnement'],
  ] as const) {
    await page.goto(path);
    await expect(page).toHaveTitle(`${name} – Archi exemple`);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
    await expect(page.locator('html')).toHaveAttribute('lang', 'fr');
    await expect(page.getByRole('link', { name, exact: true })).toHaveAttribute('aria-current', 'page');
    await expect(page.getByRole('banner')).toBeVisible();
    await expect(page.getByRole('main')).toBeVisible();
  }
});

test('a menu entry leads to its page, whose heading then has the focus', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('link', { name: 'Environnement' }).click();
  await expect(page).toHaveURL(/\/environnement$/);
  await expect(page.getByRole('heading', { level: 1, name: 'Environnement' })).toBeFocused();
  await page.goBack();
  await expect(page.getByRole('heading', { level: 1, name: 'Utilisateurs' })).toBeFocused();
});

test('an address that leads nowhere says so, and back', async ({ page }) => {
  await page.goto('/nulle/part');
  await expect(page.getByRole('heading', { level: 1, name: 'Page introuvable' })).toBeVisible();
  await expect(page.getByText('Il n’y a rien à l’adresse /nulle/part.')).toBeVisible();
  await page.getByRole('link', { name: 'Revenir aux utilisateurs' }).click();
  await expect(page.getByRole('listitem').first()).toBeVisible();
});

test('the connection of each kind of user is tested', async ({ page }) => {
  await page.goto('/connexion');
  const field = page.getByLabel('Nom d’utilisateur');
  const button = page.getByRole('button', { name: 'Tester la connexion' });
  await button.click();
  await expect(field).toHaveAccessibleDescription('Donnez un nom.');
  for (const [name, outcome] of [
    ['adm', 'adm peut se connecter comme administrateur.'],
    ['pasadmin', 'pasadmin ne peut pas se connecter comme administrateur : il lui manque le rôle admin.'],
    ['personne', 'Il n’y a pas d’utilisateur personne.'],
    // Longer than any name, and asked for as typed all the same.
    ['a'.repeat(65), `Il n’y a pas d’utilisateur ${'a'.repeat(65)}.`],
  ] as const) {
    await field.fill(name);
    await field.press('Enter');
    await expect(page.getByRole('status').filter({ hasText: outcome })).toBeVisible();
  }
});

test('the environment tells what runs where', async ({ page }) => {
  await page.goto('/environnement');
  await expect(page.getByRole('status').filter({ hasText: /^Joignable$/ })).toBeVisible();
  await expect(page.getByText('Adresse de l’API')).toBeVisible();
  await expect(page.getByText(/(SQLite|PostgreSQL) \(les données/)).toBeVisible();
});

test('English is a click away, and stays', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'English' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Users' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page).toHaveTitle('Users – Archi exemple');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1, name: 'Users' })).toBeVisible();
  await page.getByRole('button', { name: 'Français' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Utilisateurs' })).toBeVisible();
});

test.describe('a browser in English', () => {
  test.use({ locale: 'en-GB' });
  test('is greeted in English', async ({ page }) => {
    await page.goto('/connexion');
    await expect(page.getByRole('heading', { level: 1, name: 'Connection' })).toBeVisible();
  });
});

test.describe('a browser in another language', () => {
  test.use({ locale: 'de-DE' });
  test('is greeted in French', async ({ page }) => {
    await page.goto('/connexion');
    await expect(page.getByRole('heading', { level: 1, name: 'Connexion' })).toBeVisible();
  });
});

test('the theme is the system’s until one is chosen, and the choice stays, without a flash', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto('/');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('button', { name: 'Passer au thème clair' }).click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  // Before the application runs.
  await page.route('**/assets/*.js', (route) => route.abort());
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
});

test('at 360 px the menu opens, nothing is beside the screen, and a link closes it', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  for (const path of ['/', '/connexion', '/deploiement', '/environnement', '/nulle-part']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  }
  await page.getByRole('button', { name: 'Ouvrir le menu' }).click();
  await page.getByRole('link', { name: 'Connexion' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Connexion' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Connexion' })).toBeHidden();
});
