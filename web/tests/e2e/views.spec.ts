import { expect, expectLink, graph, open, panel, test } from './page';

test('lens: a cell selects its state', async ({ page }) => {
  await open(page, '&view=lens');
  await page.getByRole('button', { name: 'after attention' }).click();
  await expectLink(page, /lens=mid/);
  const box = (await graph(page).boundingBox())!;
  await expect(async () => {
    await page.mouse.move(box.x + 1000, box.y + 160);
    await page.mouse.move(box.x + 1002, box.y + 162);
    await expect(page.locator('.tip')).toContainText('entropy', { timeout: 500 });
  }).toPass();
  await page.mouse.click(box.x + 1002, box.y + 162);
  await expectLink(page, /sel=mid\.\d+@13/);
  await expect(panel(page)).toContainText('Vocabulary projection');
});

test('attention: all heads, one large, a cell leads to its edge', async ({ page }) => {
  await open(page, '&view=attention&head=23.0');
  await expect(page.getByRole('heading', { name: 'Head 23.0' })).toBeVisible();
  const maps = page.getByRole('application');
  await maps.focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('heading', { name: 'Head 23.1' })).toBeVisible();
  const box = (await page.getByRole('img', { name: /head 23\.1/ }).boundingBox())!;
  // The last row, the second column.
  await page.mouse.click(box.x + (1.5 / 14) * box.width, box.y + (13.5 / 14) * box.height);
  await expectLink(page, /sel=post\.22@1->mid\.23@13&head=23\.1/);
});

test('heads: sorted by a role', async ({ page }) => {
  await open(page, '&view=heads');
  await expect(page.getByRole('row').nth(1)).toContainText('18.6');
  await page.getByRole('button', { name: 'previous' }).click();
  await expect(page.getByRole('columnheader', { name: 'previous' })).toHaveAttribute(
    'aria-sort',
    'descending',
  );
});

test('tokens: ids, bytes, and their predictions', async ({ page }) => {
  await open(page, '&view=tokens');
  await expect(page.getByRole('row').nth(2)).toContainText('1·Mary509920 4D 61 72 79');
  await page.getByRole('row').nth(2).getByRole('button', { name: 'explain' }).click();
  await expect(panel(page)).toContainText('Prediction after ·Mary1');
});

test('generate: every token can be explained', async ({ page }) => {
  await open(page, '&view=generate');
  await page.getByLabel('Tokens').fill('6');
  await page.getByLabel('Tokens').press('Tab');
  await page.getByRole('button', { name: 'Generate' }).click();
  await expect(page.getByText('as many as were asked for')).toBeVisible({ timeout: 40_000 });
  await page.getByRole('button', { name: 'Mary', exact: false }).first().click();
  await expect(panel(page)).toContainText('Prediction after ·to13');
  await expectLink(page, /ids=2427,5099/);
});

test('the model card', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'About this model' }).click();
  await expect(page.getByRole('dialog')).toContainText('134,515,008');
  await expect(page.getByRole('dialog')).toContainText('Computed by cpu, in float32');
});

test('narrow screens have everything, in a menu', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBeLessThanOrEqual(390);
  const [top, below] = [await graph(page).boundingBox(), await panel(page).boundingBox()];
  expect(below!.y).toBeGreaterThanOrEqual(top!.y + top!.height);
  const menu = page.getByRole('group', { name: 'Menu' });
  await page.getByRole('button', { name: 'Menu' }).click();
  await expect(menu.getByLabel('Model')).toHaveValue(/SmolLM2/);
  await expect(menu.getByRole('button', { name: 'Chat' })).toBeVisible();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    menu.getByRole('button', { name: 'Save CSV' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('limpid-route.csv');
  await menu.getByRole('button', { name: 'About this model' }).click();
  await expect(page.getByRole('dialog')).toContainText('134,515,008');
});
