/** Serves the built front on a laptop as its image does: same configuration, same headers, compressed, never a list. */
import { createServer } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import sirv from 'sirv';
import { loadEnvironment } from './environment.ts';

loadEnvironment();
const { default: runtime } = await import('./nginx/runtime-config.js');
if (runtime.fault) console.error(runtime.fault);

const { values } = parseArgs({ options: { port: { type: 'string', default: '5173' } } });
const port = Number(values.port);
const files = sirv(join(import.meta.dirname, 'dist'), {
  gzip: true,
  single: true,
  // A file that is missing is missing: only pages fall back to index.html.
  ignores: [/^\/assets\//, /\.\w+$/],
  setHeaders(response, path) {
    const isHashed = path.startsWith('/assets/');
    response.setHeader('cache-control', isHashed ? 'public, max-age=31536000, immutable' : 'no-cache');
  },
});

const server = createServer((request, response) => {
  response.setHeader('content-security-policy', runtime.policy);
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('referrer-policy', 'strict-origin-when-cross-origin');
  response.setHeader('permissions-policy', 'camera=(), geolocation=(), microphone=()');
  response.setHeader('cross-origin-opener-policy', 'same-origin');
  const path = request.url?.replace(/\?.*/, '');
  if (path === '/config.json') {
    response.setHeader('cache-control', 'no-store');
    response.writeHead(runtime.answer.status, { 'content-type': 'application/json' }).end(runtime.answer.body);
  } else if (path === '/healthz') {
    response.writeHead(runtime.fault ? 503 : 200).end(`${runtime.fault || 'ok'}\n`);
  } else {
    files(request, response, () => {
      response.writeHead(404).end('Not Found\n');
    });
  }
});

server.on('error', (error: NodeJS.ErrnoException) => {
  console.error(
    error.code === 'EADDRINUSE'
      ? `Port ${port} is taken: stop the program that has it, or start the front with --port and another one.`
      : error.message,
  );
  process.exit(1);
});
server.listen(port, 'localhost');
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => server.close(() => process.exit(0)));
