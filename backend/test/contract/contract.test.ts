import { describe, expect, test } from 'vitest';
import { buildTestApp, engines } from '../support/app.ts';
import { contractCases, replayAll } from './replay.ts';

describe.each(engines)('the contract on %s', (engine) => {
  test('every request that the old API answered is answered as recorded', async () => {
    const { app } = await buildTestApp(engine);
    const base = await app.listen({ port: 0, host: '127.0.0.1' });
    expect(contractCases.length).toBeGreaterThan(50);
    expect(await replayAll(base)).toEqual({});
  });
});
