import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../backend/test/support/process.ts';
import { chromium, launchOptions } from '../../frontend/e2e/browser.ts';
import { notions } from '../../frontend/src/features/deployment/notions.ts';
import { root } from '../project-copy.ts';
import { type Application, prepareApplication } from './cluster.ts';

/*
 * The guide, as a student follows it: each of its commands in order, with the deployment page open in a browser.
 * PICTURES=docs/images renews its pictures.
 */

type Run = () => Promise<string>;
/** What is done and seen in a section; without one its commands are run, no more. */
type Story = (...steps: Run[]) => Promise<void>;

const guide = readFileSync(join(root, 'docs/tp-kubernetes.md'), 'utf8');
const sections = guide.split(/^#{2,3} /m).flatMap((section) => {
  const blocks = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block]) => block ?? '');
  const title = section.split('\n', 1)[0] ?? '';
  const notion = notions.find(({ title: { fr } }) => fr === title);
  return blocks.length > 0 ? [{ title, blocks, notion: notion?.id ?? '' }] : [];
});

let app: Application;
beforeAll(() => {
  app = prepareApplication('guide');
});

const browser = await chromium.launch(launchOptions);
const page = await browser.newPage({
  ignoreHTTPSErrors: true,
  locale: 'fr-FR',
  viewport: { width: 1280, height: 960 },
});
/** What went wrong for the browser, more exactly than a page may know it. */
const faults: string[] = [];
const fault = (what: string) => faults.push(`${new Date().toISOString()} ${what}`);
page.on('requestfailed', (request) => fault(`${request.url()} ${request.failure()?.errorText ?? ''}`));
page.on('response', (response) => response.status() >= 400 && fault(`${response.url()} ${response.status()}`));
afterAll(async () => {
  await browser.close();
  app.remove();
});

/** The lines that give a shell variable its value: a terminal keeps them from one block to the next. */
const variables: string[] = [];

async function type(block: string): Promise<string> {
  const script = [...variables, block].join('\n');
  variables.push(...(block.match(/^[A-Z]+=.*$/gm) ?? []));
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: app.project, env: app.env });
  const [out, error, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', resolve)),
  ]);
  if (code !== 0) throw new Error(`${block}\nended with ${String(code)}:\n${out}${error}`);
  return out;
}

const says = (what: RegExp) => until(() => page.getByText(what).first().isVisible(), 60_000);
const counter = async (name: RegExp) => {
  const item = page.getByRole('list', { name: 'Compteurs' }).getByRole('listitem').filter({ hasText: name });
  return Number((await item.getByRole('strong').innerText()).replace(/\D/g, ''));
};
const journal = () => page.getByRole('list', { name: 'Journal' }).innerText();
const expectNoneLost = async () => {
  expect(await counter(/perdue/), [await journal(), ...faults].join('\n')).toBe(0);
};
const podsNow = (count: number) => until(async () => (await counter(/répond(ent)?$/)) === count, 60_000);

async function picture(notion: string): Promise<void> {
  const folder = join(process.env.PICTURES ? root : app.project, process.env.PICTURES ?? 'docs/images');
  await page.screenshot({ path: join(folder, `deploiement-${notion}.png`) });
}

const stories: Record<string, Story> = {
  async configuration(apply, restart) {
    await apply();
    const going = restart();
    await says(/^Titre changé : Ma première API → Mon API, 1 pod sur/);
    await picture('configuration');
    await going;
    await expectNoneLost();
  },

  async 'auto-reparation'(remove) {
    await remove();
    await says(/^Nouveau pod/);
    await says(/^Pod . disparu/);
    await picture('auto-reparation');
    await expectNoneLost();
  },

  async 'passage-a-l-echelle'(up, down) {
    await up();
    await podsNow(3);
    await page.getByRole('button', { name: 'Remettre à zéro' }).click();
    await until(async () => (await counter(/réponse/)) >= 300, 60_000);
    const shares = (await page.getByRole('list', { name: 'Pods' }).innerText()).match(/\d+(?=\s%)/g) ?? [];
    expect(shares).toHaveLength(3);
    for (const share of shares) expect(Number(share)).toSatisfy((percent: number) => percent >= 20 && percent <= 47);
    await picture('passage-a-l-echelle');
    await down();
    await podsNow(2);
    await expectNoneLost();
  },

  async 'mise-a-jour'(first, second, back) {
    await first();
    const going = second();
    await says(/^Version 1\.0\.0-demo → 2\.0\.0-demo, [12] pods? sur [23]/);
    await sleep(1000);
    await picture('mise-a-jour');
    await going;
    await back();
    await expectNoneLost();
  },

  async 'retour-arriere'(broken, back) {
    expect(await broken()).toMatch(/ErrImagePull|ImagePullBackOff/);
    await picture('retour-arriere');
    await back();
    await podsNow(2);
    await expectNoneLost();
  },

  async donnees(apart, write, together) {
    await apart();
    await says(/^Chaque pod a sa propre base de données/);
    // The pods of before, which share the volume, still finish what reaches them.
    await podsNow(2);
    await picture('donnees');
    const lists = (await write()).match(/^\[.*/gm) ?? [];
    expect(new Set(lists.map((list) => list.includes('chez-un-seul-pod')))).toEqual(new Set([true, false]));
    await together();
    await until(() => page.getByText(/^Chaque pod a sa propre base/).isHidden(), 60_000);
  },

  async pannes(allow) {
    await allow();
    await says(/^Les pannes sur demande sont permises/);
    // The pods of before, which know no faults, still answer for some seconds.
    let inARow = 0;
    await until(async () => {
      const document = await (await fetch(`${app.api}/openapi.json`)).text();
      inARow = document.includes('/faults/crash') ? inARow + 1 : 0;
      return inARow >= 20;
    }, 60_000);
  },

  async 'arret-brutal'(crash) {
    await crash();
    await says(/^Pod . redémarré/);
    await picture('arret-brutal');
  },

  async 'pas-prete'(unready) {
    expect(await unready()).toMatch(/0\/1 +Running +[01] /);
    await says(/^Pod . disparu/);
    await says(/^Pod . de retour/);
    await expectNoneLost();
  },

  async bloquee(unhealthy) {
    await unhealthy();
    await says(/^Pod . redémarré/);
  },

  async lente(slow) {
    const going = slow();
    await until(async () => {
      const pods = await page.getByRole('list', { name: 'Pods' }).innerText();
      const times = [...pods.matchAll(/^([\d\s]+)ms$/gm)].map(([, ms = '']) => Number(ms.replace(/\D/g, '')));
      expect(times.map((ms) => (ms < 500 ? 'fast' : ms > 900 ? 'slow' : ms)).sort()).toEqual(['fast', 'slow']);
      return true;
    }, 20_000);
    await going;
    await podsNow(2);
    await expectNoneLost();
  },

  async 'en-erreur'(failing) {
    await failing();
    await says(/en erreur 500/);
  },

  async memoire(eat) {
    expect(await eat()).toContain('OOMKilled');
    await says(/^Pod . redémarré/);
    await picture('memoire');
  },
};

test.each(sections)('$title', async ({ blocks, notion }) => {
  if (notion !== '' && page.url() === 'about:blank') {
    const host = app.kubectl('get', 'ingress', 'frontend', '-o', 'jsonpath={.spec.rules[0].host}');
    await page.goto(`https://${host}/deploiement`);
  }
  if (notion !== '') {
    await podsNow(2);
    await page.getByRole('button', { name: 'Remettre à zéro' }).click();
  }
  const steps = blocks.map((block) => () => type(block));
  const story = stories[notion];
  if (story) await story(...steps);
  else for (const step of steps) await step();
});

test('each story is that of a notion, and each picture is taken', () => {
  const known = notions.map(({ id }) => id);
  expect(known).toEqual(expect.arrayContaining(Object.keys(stories)));
  expect(Object.keys(stories)).toEqual(
    expect.arrayContaining(notions.flatMap((one) => (one.hasPicture ? [one.id] : []))),
  );
});
