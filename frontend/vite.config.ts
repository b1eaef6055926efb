import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

export default defineConfig({
  plugins: [react(), configuration(), lowPriority(), allowedInline(), precompressed()],
  server: { port: 5173, strictPort: true },
  build: {
    // A picture in a `data:` address would break the policy `img-src 'self'`, and there is no font to inline.
    assetsInlineLimit: 0,
    // Every supported browser knows <link rel="modulepreload">.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        // Few files for the first page: what every page shares is one, whatever the pages that are loaded later share with it.
        codeSplitting: {
          groups: [
            {
              name: 'vendor',
              test: /node_modules[\\/](react|react-dom|react-router|scheduler|@tanstack|openapi-fetch|@emotion|stylis)/,
            },
            { name: 'app', test: /src[\\/](app|api|i18n|config|boot)/ },
          ],
        },
      },
    },
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

/** Lets the configuration, the list and the first paint go before the scripts that show them. */
function lowPriority(): Plugin {
  return {
    name: 'low-priority',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (html) => html.replace(/<(script type="module"|link rel="modulepreload")/g, '$& fetchpriority="low"'),
    },
  };
}

/** Stops a build whose inline script or style the policy would block: its hash has to stand in `nginx/runtime-config.js`. */
function allowedInline(): Plugin {
  return {
    name: 'allowed-inline',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      async handler(html) {
        const { default: runtime } = await import('./nginx/runtime-config.js');
        for (const [, tag, text] of html.matchAll(/<(script|style)>([^]*?)<\/\1>/g)) {
          const hash = `'sha256-${createHash('sha256')
            .update(text ?? '')
            .digest('base64')}'`;
          if (runtime.policy.includes(hash)) continue;
          throw new Error(`The <${tag}> of index.html has changed: write ${hash} for it in nginx/runtime-config.js.`);
        }
      },
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
