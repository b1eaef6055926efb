import { createServer } from 'node:http';
import { expect, test } from '../site.ts';

test('an API that is down is told with its address and the causes, and the page heals by itself', async ({
  page,
  site,
}) => {
  await site.killApi();
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'L’API ne répond pas' })).toBeVisible();
  await expect(page.getByRole('alert')).toContainText(site.apiUrl);
  await expect(page.getByRole('alert')).toContainText('L’API est arrêtée ou redémarre.');
  await expect(page.getByRole('alert')).toContainText('L’adresse est fausse. Elle vient de VITE_API_URL');
  await site.startApi();
  await expect(page.getByRole('listitem').filter({ hasText: 'pasadmin' })).toBeVisible();
  await expect(page.getByRole('alert')).toBeHidden();
});

for (const path of ['/', '/environnement'])
  test(`on ${path} an API that takes requests and answers none is told as silent, and the page heals by itself`, async ({
    page,
    site,
  }) => {
    site.freezeApi();
    await page.goto(path);
    await expect(page.getByText('À cette adresse, rien ne répond ni ne refuse')).toBeVisible({ timeout: 20_000 });
    site.thawApi();
    await expect(page.getByText('rien ne répond ni ne refuse')).toBeHidden({ timeout: 20_000 });
  });

test('a page that does not try again by itself does not say so', async ({ page, site }) => {
  await page.goto('/connexion');
  await page.getByLabel('Nom d’utilisateur').fill('adm');
  await site.killApi();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('alert')).toContainText('L’API est arrêtée ou redémarre.');
  await expect(page.getByRole('alert')).not.toContainText('réessaie');
  await site.startApi();
  await page.getByRole('button', { name: 'Réessayer' }).click();
  await expect(page.getByText('adm peut se connecter comme administrateur.')).toBeVisible();
});

test('what is shown stays while the API is away, and writing says so, and is possible again', async ({
  page,
  site,
}) => {
  await page.goto('/');
  await expect(page.getByText('pasadmin')).toBeVisible();
  await page.getByRole('button', { name: 'Ajouter' }).click();
  await site.killApi();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Nom').fill('zoé');
  await dialog.getByRole('button', { name: 'Ajouter' }).click();
  await expect(dialog.getByRole('alert')).toHaveText('L’API ne répond pas');
  await expect(dialog.getByLabel('Nom')).toHaveValue('zoé');
  await expect(page.getByText('pasadmin')).toBeVisible();
  await expect(page.getByText(`L’API ne répond plus à ${site.apiUrl}.`)).toBeVisible();

  await site.startApi();
  await dialog.getByRole('button', { name: 'Ajouter' }).click();
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('listitem').filter({ hasText: 'zoé' })).toBeVisible();
  await expect(page.getByText('L’API ne répond plus')).toBeHidden();
});

test('a change that is confirmed late leaves alone what is being typed by then', async ({ page, site }) => {
  await page.goto('/');
  await expect(page.getByText('pasadmin')).toBeVisible();
  await page.getByRole('button', { name: 'Ajouter' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Nom').fill('zoé');
  site.freezeApi();
  await dialog.getByRole('button', { name: 'Ajouter' }).click();
  await dialog.getByRole('button', { name: 'Annuler' }).click();
  await expect(dialog).toBeHidden();
  await page.getByRole('button', { name: 'Modifier pasadmin' }).click();
  await dialog.getByLabel('Nom').fill('pas encore fini');
  site.thawApi();
  await expect(page.getByText('zoé a été ajouté.')).toBeAttached();
  await expect(page.getByRole('listitem', { includeHidden: true }).filter({ hasText: /^zoé/ })).toBeAttached();
  await expect(dialog.getByLabel('Nom')).toHaveValue('pas encore fini');
});

test('a slow API shows where its answers will stand, and nothing moves when they come', async ({ page, site }) => {
  site.freezeApi();
  await page.goto('/');
  const list = page.getByRole('list', { name: 'Liste des utilisateurs' });
  await expect(list).toHaveAttribute('aria-busy', 'true');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  const before = await list.boundingBox();
  site.thawApi();
  await expect(page.getByText('pasadmin')).toBeVisible();
  await expect(list).toHaveAttribute('aria-busy', 'false');
  const after = await list.boundingBox();
  expect([after?.x, after?.y, after?.width]).toEqual([before?.x, before?.y, before?.width]);
});

test.describe('with an API key', () => {
  test.use({ apiEnv: { API_KEY: 'right-key' } });

  test('the key is asked for when it is needed, once', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByText('Ajouter, modifier et supprimer demande la clé de l’API.')).toBeVisible();
    await page.getByRole('button', { name: 'Ajouter' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Nom').fill('alice');
    await dialog.getByRole('button', { name: 'Ajouter' }).click();
    await expect(dialog.getByRole('alert')).toHaveText('L’API demande une clé pour écrire.');
    await expect(dialog.getByLabel('Clé de l’API')).toBeFocused();
    await dialog.getByLabel('Clé de l’API').fill('wrong-key');
    await page.keyboard.press('Enter');
    await expect(dialog.getByLabel('Clé de l’API')).toHaveAccessibleDescription('Ce n’est pas la bonne clé.');
    await dialog.getByLabel('Clé de l’API').fill('right-key');
    await page.keyboard.press('Enter');
    await expect(dialog).toBeHidden();

    await page.getByRole('button', { name: 'Supprimer alice' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Supprimer' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'alice a été supprimé.' })).toBeVisible();
  });
});

test.describe('with a low rate limit', () => {
  test.use({ apiEnv: { RATE_LIMIT: '1' } });

  test('too many writes say how long to wait', async ({ page }) => {
    await page.goto('/');
    const dialog = page.getByRole('dialog');
    for (const outcome of ['alice a été ajouté.', /Trop d’écritures à la suite : réessayez dans \d+ s\./]) {
      await expect(dialog).toBeHidden();
      await page.getByRole('button', { name: 'Ajouter' }).click();
      await dialog.getByLabel('Nom').fill('alice');
      await dialog.getByRole('button', { name: 'Ajouter' }).click();
      await expect(page.getByText(outcome)).toBeVisible();
    }
  });
});

test.describe('in a browser that keeps nothing', () => {
  test.use({ apiEnv: { API_KEY: 'right-key' } });

  test('everything works, and the key is asked for once', async ({ page }) => {
    await page.addInitScript(() => {
      for (const name of ['sessionStorage', 'localStorage']) {
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException('blocked', 'SecurityError');
          },
        });
      }
    });
    await page.goto('/');
    await page.getByRole('button', { name: 'Supprimer pasadmin' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('button', { name: 'Supprimer' }).click();
    await dialog.getByLabel('Clé de l’API').fill('right-key');
    await page.keyboard.press('Enter');
    await expect(page.getByText('pasadmin a été supprimé.')).toBeVisible();

    await page.getByRole('link', { name: 'Connexion' }).click();
    await page.getByRole('link', { name: 'Utilisateurs' }).click();
    await page
      .getByRole('button', { name: /^Supprimer/ })
      .first()
      .click();
    await dialog.getByRole('button', { name: 'Supprimer' }).click();
    await expect(page.getByText('Il n’y a encore aucun utilisateur.')).toBeVisible();
  });
});

test('a value that only the API refuses is told beside its field', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Ajouter' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Nom').fill('alice');
  await dialog.getByLabel('Rôles').fill('x'.repeat(33));
  await dialog.getByRole('button', { name: 'Ajouter' }).click();
  await expect(dialog.getByLabel('Rôles')).toHaveAccessibleDescription(/Un rôle a au plus 32 caractères/);
  await dialog.getByLabel('Rôles').fill('dev');
  await expect(dialog.getByText(/Un rôle a au plus/)).toBeHidden();
  // Nothing is cut silently.
  await dialog.getByLabel('Nom').fill('a'.repeat(65));
  await dialog.getByRole('button', { name: 'Ajouter' }).click();
  await expect(dialog.getByLabel('Nom')).toHaveAccessibleDescription('Au plus 64 caractères.');
  await expect(dialog.getByLabel('Nom')).toHaveValue('a'.repeat(65));
});

test('a user that someone else has deleted is told as such, and leaves the list', async ({ page, site }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Modifier pasadmin' }).click();
  await fetch(`${site.apiUrl}/users/2`, { method: 'DELETE' });
  await page.getByRole('dialog').getByRole('button', { name: 'Enregistrer' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toHaveText('Cet utilisateur n’existe plus.');
  await page.getByRole('dialog').getByRole('button', { name: 'Annuler' }).click();
  await expect(page.getByText('pasadmin')).toBeHidden();
});

test.describe('with a database that is away', () => {
  test.use({ apiEnv: { DATABASE_URL: 'postgresql://nobody@127.0.0.1:1/nothing', LOG_LEVEL: 'silent' } });

  test('the page says what the API says, and that it goes on trying', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByRole('alert')).toContainText('L’API a répondu 503 : sa base de données ne répond pas.');
    await expect(page.getByRole('alert')).toContainText('La page réessaie toute seule.');
    await page.getByRole('button', { name: 'Ajouter' }).click();
    await page.getByLabel('Nom *').fill('alice');
    await page.getByRole('dialog').getByRole('button', { name: 'Ajouter' }).click();
    await expect(page.getByRole('dialog').getByRole('alert')).toContainText('La base de données ne répond pas.');
  });
});

test.describe('with an API that does not let this page read it', () => {
  test.use({ apiEnv: { CORS_ORIGIN: 'https://elsewhere.example' } });

  test('the page says so, and what to write where', async ({ page, site }) => {
    await page.goto('/');
    await expect(page.getByRole('alert')).toContainText(
      `L’API répond, mais elle refuse que cette page la lise (CORS). Ajoutez ${site.url} à la variable CORS_ORIGIN`,
    );
    await expect(page.getByRole('alert')).not.toContainText('arrêtée');
  });
});

test('a proxy that answers in place of the API, because no pod is ready, is a possible cause', async ({
  page,
  site,
}) => {
  await site.killApi();
  const ingress = createServer((_request, response) => response.writeHead(503).end('no available server'));
  ingress.listen(Number(new URL(site.apiUrl).port));
  await page.goto('/');
  const causes = page.getByRole('alert').getByRole('listitem');
  await expect(causes).toHaveText([/\(CORS\)/, /Ou un proxy \(l’Ingress\) répond à sa place.* kubectl get pods/]);
  ingress.close();
  ingress.closeAllConnections();
});

test('the address of the front itself is told as the wrong one', async ({ page, site }) => {
  await page.route('**/config.json', (route) => route.fulfill({ json: { apiUrl: site.url } }));
  await page.goto('/');
  const causes = page.getByRole('alert').getByRole('listitem');
  await expect(causes).toHaveText([/^L’adresse est fausse\. Elle vient de VITE_API_URL/]);
});

test.describe('an address that only the cluster knows', () => {
  test.use({ frontEnv: { VITE_API_URL: 'http://backend.user-x.svc.cluster.local:8000' } });

  test('is recognised', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByRole('alert')).toContainText('Cette adresse semble interne au cluster.');
  });
});

for (const [name, env, message] of [
  ['no address of the API', { VITE_API_URL: '' }, 'VITE_API_URL is not set'],
  ['an address that is none', { VITE_API_URL: 'api.example' }, 'VITE_API_URL is "api.example"'],
  [
    'an address that would break the policy',
    { VITE_API_URL: 'https://a.example;script-src *' },
    'write an http or https',
  ],
] as const) {
  test.describe(`a front that was given ${name}`, () => {
    test.use({ frontEnv: env });

    test('says so on a page that can be read', async ({ page, site }) => {
      const answer = await page.goto('/');
      expect(answer?.headers()['content-security-policy']).toMatch(/connect-src 'self'; base-uri/);
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('La configuration de cette page est fausse');
      await expect(page.getByText(message)).toBeVisible();
      await expect(page.getByText(/Corrigez la variable VITE_API_URL/)).toBeVisible();
      expect((await fetch(`${site.url}/healthz`)).status).toBe(503);
    });
  });
}

for (const apiUrl of ['http://192.168.1.300:8000', 'http://a:99999']) {
  test.describe(`a front that was given ${apiUrl}, which no browser takes for an address`, () => {
    test.use({ frontEnv: { VITE_API_URL: apiUrl } });

    test('says so, and nothing else goes wrong', async ({ page }) => {
      const faults: Error[] = [];
      page.on('pageerror', (error) => faults.push(error));
      await page.goto('/');
      await expect(page.getByRole('heading', { level: 1 })).toHaveText('La configuration de cette page est fausse');
      await expect(page.getByText(`apiUrl "${apiUrl}"`)).toBeVisible();
      expect(faults).toEqual([]);
    });
  });
}
