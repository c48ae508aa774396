// What docs/performance.md says of the page, measured: LIMPID_URL=http://127.0.0.1:7860 npm run measure
import { loadavg } from 'node:os';
import type { Page } from '@playwright/test';
import { test } from '@playwright/test';
import { frameTimes, timesOf, type Gesture } from '../frames';
import { answerLarge } from '../large';
import { open } from '../e2e/page';

const REPEATS = 5;

const say = (what: string, text: string) => console.log(`${what.padEnd(44)} ${text}`);

/** From the start of the navigation to the frame in which the graph is drawn. */
async function firstGraph(page: Page): Promise<number> {
  await page.addInitScript(() => {
    const look = (): void => {
      const canvas = document.querySelector<HTMLCanvasElement>('main canvas');
      const told = document.querySelector('aside')?.textContent?.includes('edges at threshold');
      if (!canvas || canvas.width <= 300 || !told) return void requestAnimationFrame(look);
      // The next task is behind this frame's paint.
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => Object.assign(window, { graphAt: performance.now() });
      port2.postMessage(null);
    };
    requestAnimationFrame(look);
  });
  await page.goto('/');
  return (
    await page.waitForFunction(() => (window as { graphAt?: number }).graphAt)
  ).jsonValue() as Promise<number>;
}

/** From a click on the graph to the panel that has all its answers. */
async function selection(page: Page, row: number): Promise<number> {
  return page.evaluate(async (at) => {
    const details = document.querySelector('aside')!;
    const rows = [...details.querySelectorAll<HTMLElement>('button.row')].filter((each) =>
      /^L\d/.test(each.textContent ?? ''),
    );
    const started = performance.now();
    rows[at]!.click();
    const full = () =>
      details.textContent?.includes('writes here') &&
      !details.querySelector('[aria-busy=true], [aria-hidden=true] .line');
    while (!full()) await new Promise(requestAnimationFrame);
    return performance.now() - started;
  }, row);
}

async function gestures(page: Page, name: string): Promise<void> {
  const kinds: Gesture[] = ['threshold', 'pan', 'zoom'];
  for (const kind of kinds) {
    let best = await frameTimes(page, kind);
    for (let i = 1; i < REPEATS; ++i) {
      const next = await frameTimes(page, kind);
      if (next.work.p95 < best.work.p95) best = next;
    }
    const { work, interval, cpu } = best;
    say(
      `${name}: ${kind}, ms a frame`,
      `cpu ${cpu.toFixed(1)}; work ${work.median.toFixed(1)}, p95 ${work.p95.toFixed(1)}; from frame to frame ${interval.median.toFixed(1)}, p95 ${interval.p95.toFixed(1)}`,
    );
  }
}

test('times', async ({ browser, baseURL }) => {
  test.setTimeout(300_000);
  say(
    'load of the machine',
    loadavg()
      .map((load) => load.toFixed(2))
      .join(' '),
  );
  const fresh = async () =>
    (await browser.newContext({ baseURL, viewport: { width: 1440, height: 900 } })).newPage();

  const first: number[] = [];
  for (let i = 0; i < REPEATS; ++i) first.push(await firstGraph(await fresh()));
  say(
    'first paint with the graph, ms',
    `${Math.min(...first).toFixed(0)} to ${Math.max(...first).toFixed(0)}`,
  );

  const page = await fresh();
  await open(page);
  await gestures(page, '30 x 14');
  const panels: number[] = [];
  for (let row = 0; row < REPEATS; ++row) {
    panels.push(await selection(page, row));
    await page.keyboard.press('Escape');
    await page.waitForTimeout(100);
  }
  say(
    'selection to the whole panel, ms',
    `${timesOf(panels).median.toFixed(0)}, worst ${Math.max(...panels).toFixed(0)}`,
  );

  const large = await fresh();
  await answerLarge(large);
  await large.goto('/?prompt=large&tau=0.04');
  await large.getByText(/edges at threshold/).waitFor();
  await gestures(large, '80 x 200');
});
