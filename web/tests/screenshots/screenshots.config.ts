// npm run screenshots: the pictures of docs/web.md, from a server (LIMPID_URL).
import config from '../../playwright.config';

export default {
  ...config,
  testDir: '.',
  testMatch: 'screenshots.ts',
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 60_000 },
};
