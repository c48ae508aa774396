import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Connect, Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** What the server sends with the page. `npm run dev` needs more and goes without. */
const CSP =
  "default-src 'self'; img-src 'self' blob:; style-src 'self'; script-src 'self'; object-src 'none'";

/** The API for `npm run dev` and `npm run preview` (mock/replay.mjs). */
function interfaceOfServer(): Plugin {
  const handler: Connect.NextHandleFunction = (request, response, next) => {
    void import('./mock/replay.mjs').then(({ replay }) => replay(request, response, next));
  };
  return {
    name: 'limpid-interface',
    configureServer: (server) => void server.middlewares.use(handler),
    configurePreviewServer(server) {
      server.middlewares.use((_request, response, next) => {
        response.setHeader('content-security-policy', CSP);
        next();
      });
      server.middlewares.use(handler);
    },
  };
}

export default defineConfig({
  plugins: [svelte(), interfaceOfServer()],
  // Everything as files of this origin: the page's policy allows no data: URL.
  build: { assetsInlineLimit: 0, target: 'es2022', modulePreload: { polyfill: false } },
  test: { include: ['src/**/*.test.ts'] },
});
