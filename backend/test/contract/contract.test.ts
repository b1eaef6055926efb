import { describe, expect, test } from 'vitest';
import { buildTestApp, engines } from '../support/app.ts';
import { contractCases, replay } from './replay.ts';

describe.each(engines)('the contract on %s', (engine) => {
  test('every request that the old API answered is answered as recorded', async () => {
    const { app } = await buildTestApp(engine);
    const base = await app.listen({ port: 0, host: '127.0.0.1' });
    const differences: Record<string, string[]> = {};
    for (const contractCase of contractCases) {
      const found = await replay(base, contractCase);
      if (found.length > 0) differences[contractCase.name] = found;
    }
    expect(contractCases.length).toBeGreaterThan(50);
    expect(differences).toEqual({});
  });
});
