// A page in a file, opened from where it lies: `limpid explain --html`. tools/web_e2e.sh writes it.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { expect, graph, panel, test } from './page';
import type { Page } from '@playwright/test';

const page_file = process.env.LIMPID_PAGE;
const hostile_file = process.env.LIMPID_HOSTILE_PAGE;
test.skip(!page_file || !hostile_file, 'needs the files that tools/web_e2e.sh writes');

const asked: string[] = [];

test.beforeEach(async ({ context, page }) => {
  asked.length = 0;
  await context.setOffline(true);
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url())) asked.push(request.url());
  });
});

// The one request is that of the file.
test.afterEach(() => {
  for (const url of asked) expect(url).toMatch(/^file:.*\.html(#.*)?$/);
});

const open = (page: Page, state = '') => page.goto(pathToFileURL(page_file!).href + state);
const expectState = (page: Page, part: RegExp) =>
  expect.poll(() => decodeURIComponent(new URL(page.url()).hash)).toMatch(part);

test('the route follows the threshold, and panels have their details', async ({ page }) => {
  await open(page);
  const details = panel(page);
  await expect(details).toContainText('377 edges at threshold 0.040');
  await expect(details).toContainText(/Logit ·Mary − ·the by layer\s*\+3.76/);
  await expect(details).toContainText(/FFN 29\s*\+5.93/);
  await expect(page.getByLabel('Prompt')).toHaveValue(/^When Mary/);
  await expect(page.getByText('14 tokens')).toBeVisible();
  await page.getByLabel('Threshold').fill('0.1');
  await expect(details).toContainText('119 edges at threshold 0.100');
  await expectState(page, /^#\?tau=0\.100$/);
  await page.getByLabel('Threshold').fill('0.01');
  await expect(details).toContainText('threshold 0.010');
  await page.getByLabel('Threshold').fill('0.04');
  await details.getByRole('button', { name: 'Distractor: rank 3' }).click();
  await expect(details).toContainText('Logit ·Mary − ·his by layer');
  await details.getByRole('button', { name: 'Target: rank 2' }).click();
  await expect(details).toContainText('Parts that add most to ·the');
});

test('an edge, a head, a node, an FFN', async ({ page }) => {
  await open(page, '#?sel=post.22@1->mid.23@13');
  const details = panel(page);
  await expect(details.getByRole('button', { name: 'Head 0, share .107' })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
  await expect(details).toContainText('Attention0.69');
  await expect(details).toContainText('Adds +1.14 to the logit of ·Mary');
  for (const reading of ['part', 'none', 'frozen']) {
    await details.getByRole('button', { name: reading }).click();
    await expect(details).toContainText('What head 23.0 writes here');
  }
  await details.getByRole('button', { name: 'Head 7, share .077' }).click();
  await expect(details).toContainText('What head 23.7 writes here');
  await expectState(page, /head=23\.7/);
  await graph(page).focus();
  await page.keyboard.press('ArrowDown');
  await expect(details).toContainText(/Vocabulary projection/);
  await open(page, '#?sel=ffn.29@13&norm=part'); // within the page
  await expect(details).toContainText('Top 20 neurons');
  await expect(details).toContainText('What this FFN writes');
  await expect(details.getByRole('alert')).toHaveCount(0);
  await open(page, '#?sel=mid.23@13');
  await expect(details).toContainText('entropy 1.66 nats');
  await page.reload();
  await expect(details).toContainText('entropy 1.66 nats');
});

test('everything that the route shows has its details', async ({ page }) => {
  await open(page, '#?table=1');
  const rows = page.getByRole('table').locator('tbody tr');
  await expect(rows.first()).toBeVisible();
  const n = Math.min(40, await rows.count());
  for (let i = 0; i < n; ++i) {
    await rows.nth(i).getByRole('button').first().click();
    await expect(panel(page).locator('[aria-busy=true]')).toHaveCount(0);
    await expect(panel(page).getByRole('alert')).toHaveCount(0);
  }
});

test('what is not in the file says so', async ({ page }) => {
  await open(page, '#?sel=mid.29@12');
  await expect(panel(page).getByRole('alert')).toContainText('mid.29@12: not in this file.');
  await expect(panel(page).getByRole('alert')).toContainText('limpid serve');
  await graph(page).focus();
  await page.keyboard.press('o');
  await expect(page.getByText('This file explains one prediction')).toBeVisible();
  for (const name of ['Run', 'Chat', 'Copy link', 'About this model', 'Prompts', 'Options'])
    await expect(page.getByRole('button', { name })).toHaveCount(0);
  for (const name of ['Heads', 'Generate']) await expect(page.getByRole('tab', { name })).toHaveCount(0);
  await expect(page.getByLabel('Prompt')).not.toBeEditable();
  await expect(page.getByLabel('Model')).toBeDisabled();
});

test('lens, attention, tokens', async ({ page }) => {
  await open(page);
  for (const state of ['before the layer', 'after attention', 'after the FFN']) {
    await page.getByRole('tab', { name: 'Lens' }).click();
    await page.getByRole('button', { name: state }).click();
    await expect(page.getByRole('alert')).toHaveCount(0);
  }
  await page.getByRole('tab', { name: 'Attention' }).click();
  await expect(page.locator('main canvas').first()).toBeVisible();
  await page.getByRole('tab', { name: 'Tokens' }).click();
  await expect(page.getByRole('table')).toContainText('·Mary');
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('files: SVG, PNG, JSON, CSV', async ({ page }) => {
  await open(page);
  await expect(panel(page)).toContainText('377 edges');
  for (const [kind, begin] of [
    ['SVG', '<?xml'],
    ['JSON', '{'],
    ['CSV', 'kind,layer'],
    ['PNG', '\ufffdPNG'],
  ] as const) {
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: kind }).click(),
    ]);
    const text = readFileSync(await download.path(), 'utf8');
    expect(text.slice(0, begin.length)).toBe(begin);
    expect(text.length).toBeGreaterThan(5000);
  }
});

test('a prompt stays a text', async ({ page }) => {
  let dialogs = 0;
  page.on('dialog', (dialog) => {
    ++dialogs;
    void dialog.dismiss();
  });
  await page.goto(pathToFileURL(hostile_file!).href);
  await expect(page.getByLabel('Prompt')).toHaveValue(/<\/script><script>alert\(1\)<\/script>/);
  await expect(panel(page)).toContainText('Prediction after');
  await page.getByRole('tab', { name: 'Tokens' }).click();
  await expect(page.getByRole('table')).toBeVisible();
  expect(dialogs).toBe(0);
});
