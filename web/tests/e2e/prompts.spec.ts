// What is run, and how the prompt becomes tokens.
import { expect, expectLink, open, panel, test } from './page';

test('prompts of one\u2019s own are remembered, and forgotten', async ({ page }) => {
  await open(page);
  await page.getByLabel('Prompt', { exact: true }).fill('The capital of Italy is');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(panel(page)).toContainText('Prediction after ·is4');
  await page.reload();
  await expect(panel(page)).toContainText('Prediction after ·is4');
  await page.getByRole('button', { name: 'Prompts' }).click();
  const list = page.getByRole('group', { name: 'Prompts' });
  await expect(list.getByRole('button', { name: 'The capital of Italy is' })).toBeVisible();
  await list.getByRole('button', { name: 'Forget this prompt' }).click();
  await expect(list.getByRole('button', { name: 'The capital of Italy is' })).toBeHidden();
});

test('a file of prompts stays in the browser', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Prompts' }).click();
  const buffer = Buffer.from(
    'The capital of Italy is\n\nThe capital of Italy is\r\nThe capital of France is\n',
  );
  await page
    .getByLabel('Prompts from a file')
    .setInputFiles({ name: 'mine.txt', mimeType: 'text/plain', buffer });
  const list = page.getByRole('group', { name: 'Prompts' });
  await expect(list).toContainText('mine.txt');
  await expect(list.getByRole('button', { name: 'The capital of Italy is' })).toHaveCount(1);
  await list.getByRole('button', { name: 'The capital of Italy is' }).click();
  await expect(panel(page)).toContainText('Prediction after ·is4');
});

test('a server may offer no files', async ({ page }) => {
  await page.route('**/api/v1/config', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), upload_allowed: false } });
  });
  await open(page);
  await page.getByRole('button', { name: 'Prompts' }).click();
  await expect(page.getByText('Samples')).toBeVisible();
  await expect(page.getByText('Prompts from a file')).toHaveCount(0);
});

test('chat, with a system prompt', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Options' }).click();
  await page.getByRole('button', { name: 'Chat' }).click();
  await expect(panel(page)).toContainText('Token 44 of 44');
  await expectLink(page, /chat=1/);
  await page.getByLabel('System prompt').fill('Be brief.');
  await page.getByLabel('System prompt').blur();
  await expectLink(page, /system=Be\+brief/);
  await expect(panel(page)).toContainText(/Token \d+ of (?!44)\d+/);
  await page.getByRole('tab', { name: 'Tokens' }).click();
  await expect(page.getByRole('row').nth(1)).toContainText('<|im_start|>');
  await expect(page.getByRole('row').nth(1)).toContainText('control');
});

test('a start token, or none', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Options' }).click();
  await page.getByRole('button', { name: 'yes' }).click();
  await expectLink(page, /bos=yes/);
  await expect(panel(page)).toContainText('Token 15 of 15');
  await page.getByRole('button', { name: 'no', exact: true }).click();
  await expect(panel(page)).toContainText('Token 14 of 14');
});
