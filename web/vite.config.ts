import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Connect, type Plugin } from 'vite';

/** What the server sends with the page. `npm run dev` needs more and goes without. */
const CSP = "default-src 'self'; img-src 'self' blob:; style-src 'self'; script-src 'self'; object-src 'none'";

/** The API for `npm run dev` and `npm run preview`: a running server's (LIMPID_URL) or the mock's. */
function mock(): Plugin {
  const handler: Connect.NextHandleFunction = (request, response, next) => {
    void import('./mock/api.mjs').then((api) => api.mockApi(request, response, next));
  };
  return {
    name: 'limpid-mock',
    configureServer: (server) => void (process.env.LIMPID_URL || server.middlewares.use(handler)),
    configurePreviewServer(server) {
      server.middlewares.use((_request, response, next) => {
        response.setHeader('content-security-policy', CSP);
        next();
      });
      if (!process.env.LIMPID_URL) server.middlewares.use(handler);
    },
  };
}

const proxy = process.env.LIMPID_URL ? { '/api': process.env.LIMPID_URL } : undefined;

export default defineConfig({
  plugins: [svelte(), mock()],
  // Everything as files of this origin: the page's policy allows no data: URL.
  build: { assetsInlineLimit: 0, target: 'es2022', modulePreload: { polyfill: false } },
  server: { proxy },
  preview: { proxy },
  test: { include: ['src/**/*.test.ts'] },
});
