import { expect, expectLink, graph, open, panel, PROMPT, test } from './page';

test('the page opens with a run; other prompts are at hand', async ({ page }) => {
  await page.goto('/');
  await expect(panel(page)).toContainText('377 edges at threshold 0.040');
  await expect(page.getByLabel('Prompt', { exact: true })).toHaveValue(PROMPT);
  await expectLink(page, /prompt=When\+Mary/);
  await page.getByRole('button', { name: 'Prompts' }).click();
  await page.getByRole('button', { name: 'The capital of France is' }).click();
  await expect(panel(page)).toContainText('Prediction after ·is4');
  await expectLink(page, /prompt=The\+capital/);
  await page.goBack();
  await expect(panel(page)).toContainText('Prediction after ·to13');
  await page.goForward();
  await expect(panel(page)).toContainText('Prediction after ·is4');
});

test('the threshold moves the route without asking the server', async ({ page }) => {
  await open(page);
  await expect(panel(page)).toContainText('377 edges');
  const asked: string[] = [];
  page.on('request', (request) => {
    if (request.url().includes('/api/')) asked.push(request.url());
  });
  await page.getByLabel('Threshold').fill('0.1');
  await expect(panel(page)).toContainText('119 edges at threshold 0.100');
  await page.keyboard.press('Escape');
  await graph(page).focus();
  await page.keyboard.press('-');
  await expect(panel(page)).toContainText('threshold 0.095');
  await page.getByRole('button', { name: 'Renormalise' }).click();
  await expectLink(page, /renorm=0/);
  expect(asked).toEqual([]);
});

test('pointing, selecting, pinning', async ({ page }) => {
  await open(page);
  const box = (await graph(page).boundingBox())!;
  // On the lane of the strongest crossing, between two columns.
  const [x, y] = [530, box.y + 201];
  await page.mouse.move(x, y);
  await expect(page.locator('.tip')).toContainText('·Mary1 → ·to13');
  await page.mouse.click(x, y);
  await expect(panel(page)).toContainText('Attention, layer 23 · weight 0.33');
  await expectLink(page, /sel=post\.22@1->mid\.23@13/);
  await page.mouse.click(x, y);
  await expectLink(page, /pin=post\.22@1->mid\.23@13/);
  await page.getByRole('button', { name: 'Close' }).click();
  await expect(panel(page)).toContainText('Prediction after');
  await expect(page.getByRole('button', { name: 'Unpin' })).toBeVisible();
});

test('a triangle explains another token', async ({ page }) => {
  await open(page);
  const box = (await graph(page).boundingBox())!;
  await page.mouse.click(box.x + 636, box.y + 38);
  await expect(panel(page)).toContainText('Prediction after ·John9');
  await expectLink(page, /out=9/);
});

test('keys walk over the graph', async ({ page }) => {
  await open(page);
  await graph(page).focus();
  const said = page.locator('[aria-live=polite]').first();
  await page.keyboard.press('ArrowDown');
  await expect(said).toContainText('token 13 ·to, layer 29, after FFN. 100% of the flow passes.');
  await page.keyboard.press('ArrowDown');
  await expect(said).toContainText('layer 29, after attention');
  await page.keyboard.press('ArrowLeft');
  await expect(said).toContainText('token 12 ·drink, layer 29, after attention. not on the route.');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('a');
  await expect(said).toContainText('From token 13 ·to to token 13 ·to');
  await page.keyboard.press('3');
  await expectLink(page, /head=29\.3/);
  await page.keyboard.press('f');
  await expect(panel(page)).toContainText('FFN, layer 29');
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toContainText('strongest input, output');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('zoom and pan stay within the graph', async ({ page }) => {
  await open(page);
  const box = (await graph(page).boundingBox())!;
  await expect(page.locator('main canvas')).toHaveCount(1);
  await page.mouse.move(box.x + 500, box.y + 400);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -400);
  await page.keyboard.up('Control');
  await expect(page.locator('main canvas')).toHaveCount(2); // the map
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y + 300, { steps: 5 });
  await page.mouse.up();
  await expect(panel(page)).toContainText('Prediction after'); // a drag selects nothing
  await page.getByRole('button', { name: 'Fit' }).click();
  await expect(page.locator('main canvas')).toHaveCount(1);
});

test('the table says what the picture shows', async ({ page }) => {
  await open(page, '&table=1');
  const table = page.getByRole('table');
  await page.getByLabel('Show').selectOption('attention');
  await expect(table.locator('tbody tr').first()).toContainText('attention23·Mary1·to13');
  await table.locator('tbody tr').first().getByRole('button').click();
  await expect(panel(page)).toContainText('Attention, layer 23');
});

test('what is diffuse says how to see more', async ({ page }) => {
  await open(page, '&tau=0.2&out=9');
  await expect(page.getByText('No other token passes 0.200')).toBeVisible();
  await page.getByRole('button', { name: /Lower to/ }).click();
  await expect(page.getByText('No other token passes')).toBeHidden();
});

test('files: JSON, CSV, PNG, SVG', async ({ page }) => {
  await open(page);
  const sizes: Record<string, number> = {};
  for (const kind of ['JSON', 'CSV', 'PNG', 'SVG']) {
    await page.getByRole('button', { name: 'Export' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: kind }).click(),
    ]);
    const { statSync } = await import('node:fs');
    sizes[download.suggestedFilename()] = statSync(await download.path()).size;
  }
  expect(Object.keys(sizes)).toEqual([
    'limpid-route.json',
    'limpid-route.csv',
    'limpid-route.png',
    'limpid-route.svg',
  ]);
  for (const size of Object.values(sizes)) expect(size).toBeGreaterThan(5000);
});

test('a link that names what this run does not have', async ({ page }) => {
  await open(page, '&sel=mid.99@3&pin=post.0@99,embed@99->mid.0@99&head=99.99&out=99&tau=x');
  await expect(panel(page)).toContainText('Prediction after ·to13');
  await expect(panel(page)).toContainText('377 edges at threshold 0.040');
  await expect(page.getByRole('button', { name: 'Unpin' })).toHaveCount(0);
});

test('rows of the panel point into the graph', async ({ page }) => {
  await open(page);
  await panel(page)
    .getByRole('button', { name: /L23 ·Mary/ })
    .hover();
  await expect(page.locator('.tip')).toHaveCount(0);
  const shares: string[] = [];
  page.on('request', (request) => shares.push(request.url()));
  await page.waitForTimeout(500);
  expect(shares).toEqual([]); // nothing asks again and again
});
