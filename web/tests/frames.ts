// How long the page needs for a frame while something moves.
import type { Page } from '@playwright/test';

export interface Times {
  best: number;
  median: number;
  p95: number;
  worst: number;
}

export type Gesture = 'threshold' | 'pan' | 'zoom';

export function timesOf(values: number[]): Times {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!;
  return { best: sorted[0]!, median: at(0.5), p95: at(0.95), worst: sorted.at(-1)! };
}

/**
 * One event of the gesture a frame, `count` times: `work` is what the page does for it on the main thread, from
 * the event to what it changes and from the start of the frame to the end of its paint; `interval` the time
 * from frame to frame, `cpu` the mean of what the main thread computed, which other work on the machine hardly
 * changes. All in ms.
 */
export async function frameTimes(
  page: Page,
  gesture: Gesture,
  count = 60,
): Promise<{ work: Times; interval: Times; cpu: number }> {
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.setTimeDomain', { timeDomain: 'threadTicks' });
  await client.send('Performance.enable');
  const spent = async (): Promise<number> => {
    const { metrics } = await client.send('Performance.getMetrics');
    return 1000 * metrics.find(({ name }) => name === 'TaskDuration')!.value;
  };
  const before = await spent();
  const { work, interval } = await page.evaluate(
    async ([kind, n]) => {
      const canvas = document.querySelector<HTMLCanvasElement>('main canvas')!;
      const slider = document.querySelector<HTMLInputElement>('#tau')!;
      const box = canvas.getBoundingClientRect();
      const [clientX, clientY] = [box.left + box.width / 2, box.top + box.height / 2];
      const send = (i: number) => {
        if (kind === 'threshold') {
          slider.value = String(0.03 + 0.005 * (i % 8));
          slider.dispatchEvent(new Event('input', { bubbles: true }));
          return;
        }
        const there = i % 20 < 10 ? 1 : -1;
        const init = { clientX, clientY, bubbles: true, cancelable: true };
        const wheel =
          kind === 'zoom'
            ? { ...init, deltaY: -40 * there, ctrlKey: true }
            : { ...init, deltaX: 25 * there, deltaY: 25 * there };
        canvas.dispatchEvent(new WheelEvent('wheel', wheel));
      };
      const { port1, port2 } = new MessageChannel();
      /** The start of the next frame, and the end of its paint: the task behind it. */
      const frame = () =>
        new Promise<[number, number]>((resolve) => {
          requestAnimationFrame(() => {
            const started = performance.now();
            port1.onmessage = () => resolve([started, performance.now()]);
            port2.postMessage(null);
          });
        });
      const work: number[] = [];
      const stamps: number[] = [];
      await frame();
      for (let i = 0; i < n; ++i) {
        const drawn = frame(); // asked for first, so that it begins before the page draws
        const sent = performance.now();
        send(i);
        await null; // the page has taken it
        const taken = performance.now();
        const [started, painted] = await drawn;
        work.push(taken - sent + painted - started);
        stamps.push(started);
      }
      return { work: work.slice(2), interval: stamps.slice(1).map((stamp, i) => stamp - stamps[i]!) };
    },
    [gesture, count] as const,
  );
  const cpu = ((await spent()) - before) / count;
  await client.detach();
  return { work: timesOf(work), interval: timesOf(interval), cpu };
}
