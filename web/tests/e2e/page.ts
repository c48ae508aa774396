// What tests share: a page that fails the test when anything goes to the console, and the way to a run.
import { test as base, expect, type Page } from '@playwright/test';

export const PROMPT = 'When Mary and John went to the store, John gave a drink to';

interface Fixtures {
  /** What may go to the console, as part of its text. */
  allowed: string[];
  /** Whether this is the first visit, which offers the tour. */
  first: boolean;
}

export const test = base.extend<Fixtures & { watch: undefined }>({
  allowed: [[], { option: true }],
  first: [false, { option: true }],
  watch: [
    async ({ page, allowed, first }, use) => {
      if (!first) await page.addInitScript(() => localStorage.setItem('limpid.tour', 'seen'));
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) problems.push(message.text());
      });
      await use(undefined);
      expect(problems.filter((text) => !allowed.some((part) => text.includes(part)))).toEqual([]);
    },
    { auto: true },
  ],
});

/** Opens a link to the prompt and waits for its route. */
export async function open(page: Page, query = ''): Promise<void> {
  await page.goto(`/?prompt=${encodeURIComponent(PROMPT)}${query}`);
  await expect(page.getByText('14 tokens')).toBeAttached();
  if (!query.includes('view='))
    await expect(page.getByText(/dges? at threshold|of the flow|Not on the route/).first()).toBeVisible();
}

/** Waits until everything that the page has asked for is there. */
export async function settled(page: Page): Promise<void> {
  await page.waitForLoadState('networkidle');
  await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
}

export const panel = (page: Page) => page.getByRole('complementary', { name: 'Details' });
export const graph = (page: Page) => page.locator('main canvas').first();

/** The address, once it has followed what is shown. */
export async function expectLink(page: Page, part: string | RegExp): Promise<void> {
  await expect.poll(() => decodeURIComponent(new URL(page.url()).search)).toMatch(part);
}

export { expect };
