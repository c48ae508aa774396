// A route of 80 layers and 200 tokens: it must be drawn, folded, and moved within a frame.
import { frameTimes, type Gesture } from '../frames';
import { answerLarge } from '../large';
import { expect, graph, panel, test } from './page';

// ms of a frame in which nothing else came between: the best of many. Drawing takes 1; a new threshold
// extracts a route of tens of thousands of edges first.
const MOST: [Gesture, number][] = [
  ['threshold', 150],
  ['zoom', 16],
  ['pan', 16],
];

test('80 layers, 200 tokens', async ({ page }) => {
  await answerLarge(page);
  await page.goto('/?prompt=large&tau=0.04');
  await expect(panel(page)).toContainText('Prediction after');
  await expect(page.getByRole('button', { name: 'Fold' })).toHaveAttribute('aria-pressed', 'true');
  for (const [gesture, most] of MOST) {
    const { work } = await frameTimes(page, gesture);
    expect(work.best, gesture).toBeLessThan(most);
  }
  await page.mouse.move(400, 400);
  await expect(graph(page)).toBeVisible();
});
