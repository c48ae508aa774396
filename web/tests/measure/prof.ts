import { test } from '@playwright/test';
import { frameTimes } from '../frames';
import { answerLarge } from '../large';
test('prof', async ({ page }) => {
  test.setTimeout(200000);
  await answerLarge(page);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.setTimeDomain', { timeDomain: 'threadTicks' });
  await cdp.send('Performance.enable', {timeDomain: 'threadTicks'});
  const metric = async () => Object.fromEntries((await cdp.send('Performance.getMetrics')).metrics.map((m) => [m.name, m.value]));
  for (const hash of (process.env.HASHES ?? ',#012345,#1,#2,#3,#4').split(',')) {
    await page.goto('about:blank');
    await page.goto('/?prompt=large&tau=0.04' + hash);
    await page.getByText(/edges at threshold/).waitFor();
    const out: string[] = [];
    for (const g of ['threshold', 'zoom', 'pan'] as const) {
      await frameTimes(page, g, 10);
      const a = await metric();
      const r = await frameTimes(page, g, 40);
      const b = await metric();
      out.push(`${g} cpu ${(25 * (b.TaskDuration! - a.TaskDuration!)).toFixed(1)} js ${(25 * (b.ScriptDuration! - a.ScriptDuration!)).toFixed(1)} wall ${r.work.median.toFixed(1)}`);
    }
    console.log(hash.padEnd(8), out.join(' | '));
  }
});
