import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

export default defineConfig({
  plugins: [react(), configuration(), precompressed()],
  server: { port: 5173, strictPort: true },
  build: {
    // A font or a picture inside a stylesheet would break the policy `font-src 'self'`.
    assetsInlineLimit: 0,
    // Every supported browser knows <link rel="modulepreload">.
    modulePreload: { polyfill: false },
  },
});

/** Answers `/config.json` in development as the container does: nothing of the environment is in the built files. */
function configuration(): Plugin {
  return {
    name: 'configuration',
    async configureServer({ middlewares }) {
      const { loadEnvironment } = await import('./environment.ts');
      loadEnvironment();
      const { default: runtime } = await import('./nginx/runtime-config.js');
      middlewares.use('/config.json', (_request, response) => {
        response.writeHead(runtime.answer.status, { 'content-type': 'application/json' }).end(runtime.answer.body);
      });
    },
  };
}

/** Puts a `.gz` beside every text of the build, so that no server has to compress one twice. */
function precompressed(): Plugin {
  return {
    name: 'precompressed',
    apply: 'build',
    async writeBundle({ dir = 'dist' }) {
      for (const file of await readdir(dir, { recursive: true })) {
        if (!/\.(js|css|html|svg|json|txt|webmanifest)$/.test(file)) continue;
        const text = await readFile(join(dir, file));
        await writeFile(join(dir, `${file}.gz`), gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}
