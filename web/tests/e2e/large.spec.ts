// A route of 80 layers and 200 tokens: it is drawn, folded, and moved.
import { frameTimes, type Gesture } from '../frames';
import { answerLarge } from '../large';
import { expect, graph, panel, test } from './page';

const GESTURES: Gesture[] = ['threshold', 'zoom', 'pan'];

test('80 layers, 200 tokens', async ({ page }) => {
  await answerLarge(page);
  await page.goto('/?prompt=large&tau=0.04');
  await expect(panel(page)).toContainText('Prediction after');
  await expect(page.getByRole('button', { name: 'Fold' })).toHaveAttribute('aria-pressed', 'true');
  // How long a frame takes is for `npm run measure` to say.
  for (const gesture of GESTURES)
    expect((await frameTimes(page, gesture)).work.best, gesture).toBeGreaterThan(0);
  await page.mouse.move(400, 400);
  await expect(graph(page)).toBeVisible();
});
