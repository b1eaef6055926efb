import { test as base } from '@playwright/test';
import { type OwnSite, startOwnSite } from './own-site.ts';

interface Options {
  /** Variables for the API. */
  apiEnv: Record<string, string>;
  /** Variables for the front, in place of those that lead to the API. */
  frontEnv: Record<string, string> | undefined;
}

const ownTest = base.extend<Options & { site: OwnSite }>({
  apiEnv: [{}, { option: true }],
  frontEnv: [undefined, { option: true }],
  site: async ({ apiEnv, frontEnv }, use) => {
    const site = await startOwnSite(apiEnv, frontEnv);
    await use(site);
    await site.close();
  },
});

/** A test with a site for itself, or with the one that `E2E_BASE_URL` names. */
export const test = process.env.E2E_BASE_URL
  ? ownTest
  : ownTest.extend({
      baseURL: async ({ site }, use) => {
        await use(site.url);
      },
    });

export { expect } from '@playwright/test';
