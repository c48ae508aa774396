// A route of 80 layers and 200 tokens: it must be drawn, folded, and moved within a frame.
import { frameTimes, type Gesture } from '../frames';
import { answerLarge } from '../large';
import { expect, graph, panel, test } from './page';

// ms of the main thread for a frame. Drawing takes 2; a new threshold extracts a route of 30,000 edges first.
const MOST: [Gesture, number][] = [
  ['threshold', 40],
  ['zoom', 10],
  ['pan', 10],
];

test('80 layers, 200 tokens', async ({ page }) => {
  await answerLarge(page);
  await page.goto('/?prompt=large&tau=0.04');
  await expect(panel(page)).toContainText('Prediction after');
  await expect(page.getByRole('button', { name: 'Fold' })).toHaveAttribute('aria-pressed', 'true');
  for (const [gesture, most] of MOST) {
    const { cpu } = await frameTimes(page, gesture);
    expect(cpu, gesture).toBeLessThan(most);
  }
  await page.mouse.move(400, 400);
  await expect(graph(page)).toBeVisible();
});
