import { expect, test, vi } from 'vitest';

interface Runtime {
  answer: { status: number; body: string };
  fault: string;
  policy: string;
}

/** What the front is told by this environment; the module reads it when it is loaded. */
async function runtimeFor(env: Record<string, string>): Promise<Runtime> {
  vi.resetModules();
  vi.stubGlobal('process', { env });
  const { default: runtime } = await import('../nginx/runtime-config.js');
  vi.unstubAllGlobals();
  return runtime;
}

test.each([
  ['http://localhost:8000', 'http://localhost:8000'],
  ['https://api.example.org/', 'https://api.example.org'],
  ['https://example.org/some/prefix/', 'https://example.org'],
  ['http://127.0.0.1:8000', 'http://127.0.0.1:8000'],
  ['http://[::1]:8000', 'http://[::1]:8000'],
])('%s is an address: the policy lets requests go to %s alone', async (given, origin) => {
  const { answer, fault, policy } = await runtimeFor({ VITE_API_URL: given, VITE_ENVIRONNEMENT: 'test' });
  expect(fault).toBe('');
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.body)).toEqual({
    apiUrl: given.replace(/\/$/, ''),
    environment: 'test',
    version: 'dev',
    pod: '',
  });
  expect(policy).toContain(`connect-src 'self' ${origin};`);
});

test.each([
  '',
  'api.example.org',
  'ftp://api.example.org',
  'https://',
  'https://user:secret@api.example.org',
  'https://api.example.org?x=1',
  'https://api.example.org;script-src *',
  "https://api.example.org 'unsafe-inline'",
  'https://api.example.org\nX-Header: x',
  'javascript:alert(1)',
  '__VITE_API_URL__',
])('%j is none: the answer says so, and the policy lets nothing go anywhere', async (given) => {
  const { answer, fault, policy } = await runtimeFor({ VITE_API_URL: given });
  expect(answer.status).toBe(500);
  expect(JSON.parse(answer.body)).toEqual({ error: fault });
  expect(fault).toContain('VITE_API_URL');
  expect(fault).not.toContain('secret');
  expect(policy).toContain("connect-src 'self'; base-uri 'none'");
  expect(policy).not.toContain('\n');
});

test('the policy holds no way around it', async () => {
  const { policy } = await runtimeFor({ VITE_API_URL: 'https://api.example.org' });
  expect(policy).toMatch(/^default-src 'none';/);
  expect(policy).not.toMatch(/unsafe|\*|data:/);
});
