// Writes docs/images/web/*.webp. Chromium itself makes WebP of them: small, and nothing else to install.
import { writeFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, open, PROMPT, settled, test } from '../e2e/page';

const FOLDER = new URL('../../../docs/images/web/', import.meta.url);
const MAX_BYTES = 300_000;

test.use({ allowed: ['Failed to load resource'] });

async function keep(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.mouse.move(1, 1);
  await page.waitForTimeout(300); // the map of the graph, and what follows a moment after
  const client = await page.context().newCDPSession(page);
  const { data } = await client.send('Page.captureScreenshot', { format: 'webp', quality: 88 });
  const picture = Buffer.from(data, 'base64');
  expect(picture.length, name).toBeLessThan(MAX_BYTES);
  writeFileSync(new URL(`${name}.webp`, FOLDER), picture);
}

const VIEWS: [string, string][] = [
  ['routes', ''],
  ['routes-dark', '&theme=dark'],
  ['state', '&sel=mid.23@13'],
  ['edge', '&sel=post.22@1->mid.23@13'],
  ['ffn', '&sel=ffn.29@13'],
  ['neuron', '&sel=ffn.29@13&neuron=1233'],
  ['head', '&sel=post.22@1->mid.23@13&head=23.7&theme=dark'],
  ['table', '&table=1'],
  ['lens', '&view=lens'],
  ['attention', '&view=attention&head=23.0'],
  ['heads', '&view=heads'],
  ['tokens', '&view=tokens'],
  ['diffuse', '&tau=0.2&out=9'],
];

for (const [name, query] of VIEWS) {
  test(name, async ({ page }) => {
    await open(page, query.includes('theme=') ? query : `${query}&theme=light`);
    await settled(page);
    await keep(page, name);
  });
}

test('narrow', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page, '&sel=post.22@1->mid.23@13&theme=light');
  await settled(page);
  await keep(page, 'narrow');
});

test('generate', async ({ page }) => {
  await open(page, '&view=generate&theme=light');
  await page.getByRole('button', { name: 'Generate' }).click();
  await expect(page.getByText(/as many as were asked for|ended the text/)).toBeVisible({ timeout: 60_000 });
  await keep(page, 'generate');
});

test('tour', async ({ page }) => {
  await open(page, '&theme=light');
  await page.getByRole('button', { name: 'Keyboard and how to read' }).click();
  await keep(page, 'help');
  await page.getByRole('button', { name: 'Take the tour' }).click();
  await page.getByRole('button', { name: 'Next' }).click();
  await keep(page, 'tour');
});

test('prompts', async ({ page }) => {
  await open(page, '&theme=light');
  await page.getByRole('button', { name: 'Prompts' }).click();
  await keep(page, 'prompts');
});

test('loading and failure', async ({ page }) => {
  await page.route('**/api/v1/traces', (route) =>
    route.fulfill({ status: 202, json: { id: 'a'.repeat(32), state: 'queued', position: 0 } }),
  );
  const body = 'event: progress\ndata: {"stage":"forward","fraction":0.4}\n\n';
  await page.route('**/traces/*/events', async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 400)); // shown from 150 ms on
    await route.fulfill({ body, contentType: 'text/event-stream' });
  });
  await page.route(/\/traces\/a+$/, async () => undefined); // never answered
  await page.goto(`/?prompt=${encodeURIComponent(PROMPT)}&theme=light`);
  await expect(page.getByText(/Layer \d+ of/)).toBeVisible();
  await keep(page, 'loading');
  await page.unroute('**/api/v1/traces');
  const error = {
    code: 'corrupt',
    message: 'model.gguf: expected 30 layers, found the end of the file',
    hint: 'The download is probably incomplete.',
  };
  await page.route('**/api/v1/traces', (route) => route.fulfill({ status: 422, json: { error } }));
  await page.goto(`/?prompt=${encodeURIComponent(PROMPT)}&theme=light`);
  await expect(page.getByRole('heading', { name: /could not be loaded/ })).toBeVisible();
  await keep(page, 'error');
});

test('empty', async ({ page }) => {
  await page.route('**/api/v1/config', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), sample_prompts: [] } });
  });
  await page.goto('/?theme=light');
  await expect(page.getByRole('heading', { name: 'See how a prediction is made' })).toBeVisible();
  await keep(page, 'empty');
});
