import type { Page, Request } from '@playwright/test';
import { notions } from '../../src/features/deployment/notions.ts';
import { type OwnCluster, startOwnCluster } from '../own-cluster.ts';
import { expect as siteExpect, test as siteTest } from '../site.ts';

// What is awaited here comes with the tenth or thirtieth answer: on a busy machine that takes its time.
const expect = siteExpect.configure({ timeout: 20_000 });
siteTest.describe.configure({ timeout: 90_000 });

const test = siteTest.extend<{ cluster: OwnCluster }>({
  // eslint-disable-next-line no-empty-pattern -- Playwright reads the pattern
  cluster: async ({}, use) => {
    const cluster = await startOwnCluster();
    await use(cluster);
    cluster.close();
  },
  baseURL: async ({ cluster }, use) => {
    await use(cluster.url);
  },
});

const card = (page: Page, name: string) =>
  page.getByRole('list', { name: 'Pods' }).getByRole('listitem').filter({ hasText: name });
const log = (page: Page) => page.getByRole('list', { name: 'Journal' });
const counter = (page: Page, name: string) =>
  page.getByRole('list', { name: 'Compteurs' }).getByRole('listitem').filter({ hasText: name });

test('pods share the requests, and an update shows pod by pod, in words, without a lost request', async ({
  page,
  cluster,
}) => {
  await cluster.add('backend-1', { APP_VERSION: '1.2.0' });
  await cluster.add('backend-2', { APP_VERSION: '1.2.0' });
  await page.goto('/deploiement');
  await expect(card(page, 'Pod A')).toContainText('1.2.0');
  for (const pod of ['backend-1', 'backend-2']) await expect(card(page, pod)).toContainText(/Part[45]\d\s%/);

  await cluster.add('backend-3', { APP_VERSION: '1.3.0', APP_TITLE: 'Nouveau titre' });
  await expect(log(page)).toContainText('Nouveau pod C : backend-3, version 1.3.0');
  await expect(log(page)).toContainText('Version 1.2.0 → 1.3.0, 1 pod sur 3');
  await expect(log(page)).toContainText('Titre changé : UserAPIEnsai → Nouveau titre, 1 pod sur 3');
  await expect(page.getByTitle('Pod C, version 1.3.0').first()).toBeVisible();
  const form = (title: string) =>
    page
      .getByTitle(title)
      .first()
      .evaluate((square) => square.style.borderRadius);
  expect(await form('Pod C, version 1.3.0')).not.toBe(await form('Pod A, version 1.2.0'));

  cluster.remove('backend-1');
  cluster.remove('backend-2');
  await expect(log(page)).toContainText(/Pod [AB] disparu : backend-1 ne répond plus/);
  await expect(log(page)).toContainText('Version 1.2.0 → 1.3.0, 1 pod sur 1');
  await expect(card(page, 'backend-1')).toContainText(/Disparu\d+\ss/);
  await expect(counter(page, 'pod répond')).toContainText('1');
  await expect(counter(page, 'perdue')).toHaveText('0perdue');
});

test('two people who watch at once each see all pods', async ({ page, cluster }) => {
  await cluster.add('backend-1');
  await cluster.add('backend-2');
  const other = await page.context().newPage();
  await Promise.all([page.goto('/deploiement'), other.goto('/deploiement')]);
  for (const each of [page, other])
    for (const pod of ['backend-1', 'backend-2'])
      await expect(card(each, pod)).toContainText(/Part[3-6]\d\s% \(\d{2,}\)/);
});

test('a pod that crashes costs requests, and comes back as the same pod', async ({ page, cluster }) => {
  await cluster.add('backend-1');
  await cluster.add('backend-2');
  await page.goto('/deploiement');
  await expect(card(page, 'Pod B')).toBeVisible();
  await cluster.crash('backend-2');
  await expect(log(page)).toContainText(/\d+ requêtes perdues en \d+(,\d)? s : \d+ sans réponse/);
  await expect(page.getByTitle('Perdue : aucune réponse (coupée, ou refusée par le proxy)').first()).toHaveText('✕');
  await expect(log(page)).toContainText('disparu : backend-2');
  await cluster.add('backend-2');
  await expect(log(page)).toContainText('redémarré : backend-2, même pod, nouveau conteneur');
  await expect(card(page, 'backend-2')).toHaveCount(1);
});

test('why requests are lost is told, and the page says that the API can be broken', async ({ page, cluster }) => {
  await cluster.add('backend-1', { DEMO_FAULTS: 'true' });
  await page.goto('/deploiement');
  await expect(page.getByText('Les pannes sur demande sont permises (DEMO_FAULTS)')).toBeVisible();
  await cluster.post('backend-1', '/faults/failing?seconds=2&percent=100');
  await expect(card(page, 'Requêtes perdues')).toContainText('l’API a répondu 500');
  await expect(log(page)).toContainText(/\d+ en erreur 500/);

  await expect(card(page, 'backend-1')).not.toContainText('Disparu');
  const asked: string[] = [];
  cluster.freeze('backend-1');
  page.on('request', (request) => asked.push(request.url()));
  await expect(card(page, 'Requêtes perdues')).toContainText('pas de réponse en 2 s');
  // Those under way when it froze, and as many again once they are given up: nothing piles up.
  expect(asked.length).toBeLessThanOrEqual(12);
  cluster.thaw('backend-1');
  await expect(log(page)).toContainText(/trop lentes?/);
});

test('a slow pod is seen as slow, and holds up no answer of the other', async ({ page, cluster }) => {
  await cluster.add('backend-1', { DEMO_FAULTS: 'true' });
  await cluster.add('backend-2');
  await page.goto('/deploiement');
  await expect(card(page, 'Pod B')).toBeVisible();
  await cluster.post('backend-1', '/faults/slow?seconds=60&ms=1000');
  await expect(card(page, 'backend-1')).toContainText(/Répond en(9\d\d|1\s\d\d\d)\sms/);
  await expect(card(page, 'backend-2')).toContainText(/Répond en\d{1,2}\sms/);
  await page.getByRole('button', { name: 'Remettre à zéro' }).click();
  for (const pod of ['backend-1', 'backend-2'])
    await expect(card(page, pod)).toContainText(/Part[45]\d\s% \([1-9]\d\)/);
  await expect(counter(page, 'perdue')).toHaveText('0perdue');
});

test('errors from the first request on are told as errors, not as silence', async ({ page, cluster }) => {
  await cluster.add('backend-1', { DEMO_FAULTS: 'true' });
  await cluster.post('backend-1', '/faults/failing?seconds=60&percent=100');
  await page.goto('/deploiement');
  await expect(counter(page, 'perdue')).toContainText(/[1-9]\dperdues/);
  await expect(card(page, 'Requêtes perdues')).toContainText('l’API a répondu 500');
  await expect(page.getByRole('heading', { name: 'L’API ne répond pas' })).toBeHidden();
});

test('pods that keep the users each for itself are told as such', async ({ page, cluster }) => {
  await cluster.add('backend-1');
  await page.goto('/deploiement');
  await expect(card(page, 'backend-1')).toContainText('SQLite, survit au pod');
  await cluster.add('backend-2', { SQLITE_PATH: `/dev/shm/archi-e2e-${process.pid}.db` });
  await expect(page.getByText('Chaque pod a sa propre base de données')).toBeVisible();
  await expect(log(page)).toContainText(
    'Base de données changée : SQLite, survit au pod → SQLite, meurt avec le pod, 1 pod sur 2 : les listes diffèrent',
  );
});

test('the page asks as often as it is told, not while it pauses, and not while nobody sees it', async ({
  page,
  cluster,
}) => {
  await cluster.add('backend-1');
  let asked = 0;
  let over = 0;
  const isInfo = (request: Request) => request.url().endsWith('/info');
  page.on('request', (request) => (asked += isInfo(request) ? 1 : 0));
  page.on('requestfinished', (request) => (over += isInfo(request) ? 1 : 0));
  // A change of speed, and a pause, give up what is under way.
  page.on('requestfailed', (request) => (over += isInfo(request) ? 1 : 0));
  await page.clock.install();
  // Chance is neither early nor late here.
  await page.addInitScript(() => {
    Math.random = () => 0.5;
  });
  await page.goto('/deploiement');
  await expect(card(page, 'backend-1')).toBeVisible();
  // From here on the page's clock goes on only when it is told to: what is counted does not depend on how busy the machine is.
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 1000));
  const expectAsked = async (times: number, { inMs }: { inMs: number }) => {
    await expect.poll(() => asked - over, 'nothing is under way').toBe(0);
    const before = asked;
    for (let left = inMs; left > 0; left -= 100) {
      await page.clock.runFor(Math.min(left, 100));
      // No time-out passes on the page's clock before the answer has come on the real one.
      await expect.poll(() => asked - over).toBe(0);
    }
    // The first or the last may fall on the edge.
    const mostOff = times === 0 ? 0 : 1;
    expect(Math.abs(asked - before - times), `${asked - before} requests in ${inMs} ms`).toBeLessThanOrEqual(mostOff);
  };
  await expectAsked(20, { inMs: 2000 });

  await page.getByLabel('Vitesse').focus();
  await page.keyboard.press('Home');
  await expect(page.getByText('1 par seconde', { exact: true })).toBeVisible();
  await expectAsked(8, { inMs: 8000 });
  await page.keyboard.press('End');
  await expect(page.getByText('40 par seconde')).toBeVisible();
  await expectAsked(20, { inMs: 500 });

  await page.getByRole('button', { name: 'Pause' }).click();
  await expect(page.getByText('En pause : aucune requête ne part.')).toBeVisible();
  await expectAsked(0, { inMs: 4000 });
  await page.getByRole('button', { name: 'Reprendre' }).click();
  await expect(page.getByText('Les plus récentes à gauche')).toBeVisible();
  await expectAsked(20, { inMs: 500 });

  const show = (state: DocumentVisibilityState) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'visibilityState', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, state);
  await show('hidden');
  await expectAsked(0, { inMs: 4000 });
  await show('visible');
  await expectAsked(20, { inMs: 500 });
  await expect(counter(page, 'perdue')).toHaveText('0perdue');
});

test('counters begin again at zero, and who answers is not new', async ({ page, cluster }) => {
  await cluster.add('backend-1');
  await page.goto('/deploiement');
  await expect(counter(page, 'réponse')).toContainText(/[2-9]\dréponses/);
  await cluster.crash('backend-1');
  await expect(counter(page, 'perdue')).not.toHaveText('0perdue');
  await cluster.add('backend-1');
  await expect(log(page)).toContainText('redémarré');
  await page.getByRole('button', { name: 'Remettre à zéro' }).click();
  await expect(counter(page, 'perdue')).toHaveText('0perdue');
  await expect(log(page)).toHaveText('Rien n’a changé pour l’instant.');
  await expect(card(page, 'Pod A')).toContainText('backend-1');
});

test('changes are said to a screen reader, some at a time', async ({ page, cluster }) => {
  await cluster.add('backend-1');
  await page.goto('/deploiement');
  await expect(page.getByRole('status').filter({ hasText: 'Pod A répond : backend-1' })).toBeAttached();
  await cluster.crash('backend-1');
  await expect(log(page)).toContainText('disparu');
  await cluster.add('backend-1');
  // What went on while other things were said is said when it is over.
  await expect(page.getByRole('status').filter({ hasText: /\d+ requêtes perdues en/ })).toBeAttached();
});

test.describe('with a clipboard', () => {
  test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

  test('log and commands are copied with one click', async ({ page, cluster }) => {
    await cluster.add('backend-1');
    await page.goto('/deploiement');
    await expect(log(page)).toContainText('Pod A répond');
    const copied = () => page.evaluate(() => navigator.clipboard.readText());

    await page.getByRole('button', { name: 'Copier le journal' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Copié.' })).toBeVisible();
    expect(await copied()).toMatch(/réponses?, 0 perdue\n\n\d\d:\d\d:\d\d {2}Pod A répond : backend-1/);

    for (const { title, steps, shows } of notions) {
      await page.getByRole('heading', { name: title.fr, exact: true }).click();
      await expect(page.getByText(shows.fr)).toBeVisible();
      await page.getByRole('button', { name: `Copier les commandes : ${title.fr}, étape 1` }).click();
      await expect.poll(copied).toBe(`${steps[0]?.commands.join('\n') ?? ''}\n`);
    }
  });
});

siteTest(
  'on a laptop the page shows the one process, which front it comes from, and what a cluster would show',
  async ({ page }) => {
    await page.goto('/deploiement');
    await expect(card(page, 'Pod A')).toBeVisible();
    await expect(page.getByText('Ici, un seul processus répond.')).toBeVisible();
    await expect(page.getByText('Cette page vient du pod front-1 du front, version 1.2.3.')).toBeVisible();
  },
);

siteTest(
  'an API that is away from the beginning is told with the causes, and the page heals',
  async ({ page, site }) => {
    await site.killApi();
    await page.goto('/deploiement');
    await expect(page.getByRole('heading', { name: 'L’API ne répond pas' })).toBeVisible();
    await site.startApi();
    await expect(card(page, 'Pod A')).toBeVisible();
    await expect(page.getByRole('heading', { name: 'L’API ne répond pas' })).toBeHidden();
  },
);
