import { test } from '@playwright/test';
import { frameTimes } from '../frames';
import { answerLarge } from '../large';
test('prof', async ({ page }) => {
  await answerLarge(page);
  await page.goto('/?prompt=large&tau=0.04');
  await page.getByText(/edges at threshold/).waitFor();
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Profiler.enable');
  await frameTimes(page, 'threshold', 20);
    await cdp.send('Profiler.start');
    await frameTimes(page, 'threshold');
    const { profile } = await cdp.send('Profiler.stop');
    const self = new Map<string, number>();
    const dt = profile.timeDeltas!; 
    const byId = new Map(profile.nodes.map((n) => [n.id, n]));
    profile.samples!.forEach((id, i) => { const f = byId.get(id)!.callFrame; const k = `${f.functionName}:${f.lineNumber}`; self.set(k, (self.get(k) ?? 0) + dt[i]! / 1000); });
    console.log([...self].sort((a, b) => b[1] - a[1]).slice(0, 26).map(([k, v]) => `  ${v.toFixed(0)} ${k}`).join('\n'));
});
