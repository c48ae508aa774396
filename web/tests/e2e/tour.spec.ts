import AxeBuilder from '@axe-core/playwright';
import { expect, graph, open, panel, test } from './page';

test.describe('the first visit', () => {
  test.use({ first: true });

  test('offers a tour, once', async ({ page }) => {
    await open(page);
    await expect(page.getByText('New here?')).toBeVisible();
    await page.getByRole('button', { name: 'No, thanks' }).click();
    await expect(page.getByText('New here?')).toBeHidden();
    await page.reload();
    await expect(panel(page)).toContainText('377 edges');
    await expect(page.getByText('New here?')).toBeHidden();
  });
});

test('the tour, by keys', async ({ page }) => {
  await open(page);
  await graph(page).focus();
  await page.keyboard.press('?');
  await page.getByRole('button', { name: 'Take the tour' }).press('Enter');
  const tour = page.getByRole('dialog', { name: 'Tour' });
  const titles = [
    'The routes',
    'What the model expects',
    'An edge',
    'The heads',
    'The threshold',
    'The lens',
  ];
  for (const title of titles) {
    const heading = tour.getByRole('heading', { name: title });
    await expect(heading).toBeFocused();
    if (title === 'The heads') {
      await expect(panel(page)).toContainText('Attention, layer 23');
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id }) => id)).toEqual([]);
    }
    await tour.getByRole('button', { name: /Next|Done/ }).press('Enter');
  }
  await expect(tour).toBeHidden();
  await expect(panel(page)).toContainText('Prediction after');
});

test('Escape ends the tour', async ({ page }) => {
  await open(page);
  await page.getByRole('button', { name: 'Keyboard and how to read' }).click();
  await page.getByRole('button', { name: 'Take the tour' }).click();
  await expect(page.getByRole('dialog', { name: 'Tour' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog', { name: 'Tour' })).toBeHidden();
});
