import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port of this machine on which nothing listens now. It lies below those that systems give to outgoing connections
 * (from 32768 on; https://www.rfc-editor.org/rfc/rfc6335#section-6), so that none of these takes it meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port);
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
