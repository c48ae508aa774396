// End-to-end tests. Without LIMPID_URL they run on recorded answers (mock/replay.mjs); with it against that
// server, its page included. LIMPID_RECORD=1 runs this page on that server and keeps its answers.
import { defineConfig } from '@playwright/test';

const port = 4174;
const server = process.env.LIMPID_RECORD === '1' ? undefined : process.env.LIMPID_URL;

export default defineConfig({
  testDir: 'tests/e2e',
  timeout: 60_000,
  expect: { timeout: 15_000 },
  workers: 2,
  fullyParallel: true,
  forbidOnly: true,
  reporter: [['list']],
  use: {
    baseURL: server ?? `http://127.0.0.1:${port}`,
    viewport: { width: 1440, height: 900 },
    // No browser is downloaded: Debian's, or the one that CHROMIUM names.
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] },
  },
  webServer: server
    ? undefined
    : {
        command: `node node_modules/vite/bin/vite.js build && node node_modules/vite/bin/vite.js preview --host 127.0.0.1 --port ${port} --strictPort`,
        url: `http://127.0.0.1:${port}/`,
        timeout: 60_000,
      },
});
