import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  test: {
    globalSetup: 'test/support/global-setup.ts',
    // Vitest leaves one core free, which is half of a small machine.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What needs neither PostgreSQL nor signals: it runs on Windows too.
    ...(mode === 'sqlite' && { include: ['test/**/{config,contract,http,openapi,system,users}.test.ts'] }),
  },
}));
