// Loading and failure, with answers that the test gives itself.
import type { Page } from '@playwright/test';
import { expect, open, panel, test } from './page';

const fail = (code: string, message: string, hint: string) =>
  JSON.stringify({ error: { code, message, hint } });

test.describe('failures', () => {
  test.use({ allowed: ['Failed to load resource'] });

  test('a run that fails keeps the prompt and says why', async ({ page }) => {
    await page.route('**/api/v1/traces', (route) =>
      route.fulfill({
        status: 422,
        body: fail(
          'corrupt',
          'm.gguf: expected 30 layers, found the end of the file',
          'The download is probably incomplete.',
        ),
      }),
    );
    await page.goto('/?prompt=abc');
    await expect(page.getByRole('heading', { name: 'This model could not be loaded' })).toBeVisible();
    await expect(page.getByText('The download is probably incomplete.')).toBeVisible();
    await expect(page.getByLabel('Prompt', { exact: true })).toHaveValue('abc');
    await page.unroute('**/api/v1/traces');
    await page
      .getByLabel('Prompt', { exact: true })
      .fill('When Mary and John went to the store, John gave a drink to');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(panel(page)).toContainText('377 edges');
  });

  test('a server that is gone', async ({ page }) => {
    await page.route('**/api/v1/config', (route) => route.abort());
    await page.goto('/');
    await expect(page.getByRole('heading', { name: 'The server does not answer' })).toBeVisible();
  });

  test('a panel that cannot be filled says why', async ({ page }) => {
    await page.route('**/inspect?*', (route) =>
      route.fulfill({ status: 404, body: fail('not_found', 'node: expected layer 0 to 29', '') }),
    );
    await open(page, '&sel=mid.23@13');
    await expect(panel(page).getByRole('alert')).toContainText('node: expected layer 0 to 29');
  });
});

/** A stream of events that sends one and stays open. */
const sendOne = async (page: Page, address: string, event: string, data: object) =>
  page.addInitScript(
    ([end, text]) => {
      const { fetch } = window;
      window.fetch = (input, init) => {
        if (typeof input !== 'string' || !input.endsWith(end)) return fetch(input, init);
        const body = new ReadableStream({
          start(stream) {
            stream.enqueue(new TextEncoder().encode(text));
            init?.signal?.addEventListener('abort', () => stream.error(init.signal!.reason));
          },
        });
        return Promise.resolve(new Response(body));
      };
    },
    [address, `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`] as const,
  );

test('a model that is being opened says so, before there is a run', async ({ page }) => {
  await page.route('**/open', (route) =>
    route.fulfill({ status: 202, json: { state: 'running', position: 0, model: 'm' } }),
  );
  await sendOne(page, '/open/events', 'progress', { stage: 'decoding weights', fraction: 0.43, position: 0 });
  await page.goto('/?prompt=abc');
  await expect(page.getByRole('heading', { name: /^Opening .*SmolLM2/ })).toBeVisible();
  await expect(page.getByText('Decoding its weights, 43% done.')).toBeVisible();
  await expect(page.getByRole('progressbar')).toHaveAttribute('value', '0.43');
  await expect(page.getByRole('contentinfo')).toContainText('Opening the model');
  await expect(page.getByRole('main')).not.toContainText('previous run');
});

test('a run that takes long shows how far it is; Escape keeps the one before', async ({ page }) => {
  await open(page);
  await page.route('**/api/v1/traces', (route) =>
    route.fulfill({ status: 202, json: { id: 'a'.repeat(32), state: 'queued', position: 3 } }),
  );
  await page.route('**/traces/*/events', async () => undefined); // never answered
  await page.route(/\/traces\/a+$/, (route) => route.fulfill({ json: {} }));
  await page.getByLabel('Prompt', { exact: true }).fill('abc');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('heading', { name: /^Running/ })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('Escape keeps the previous run.');
  await page.keyboard.press('Escape');
  await expect(panel(page)).toContainText('377 edges');
});

test('a run that takes long can be cancelled', async ({ page }) => {
  const cancelled: string[] = [];
  await page.route('**/api/v1/traces', (route) =>
    route.fulfill({ status: 202, json: { id: 'a'.repeat(32), state: 'queued', position: 0 } }),
  );
  await page.route('**/traces/*/events', async () => undefined); // never answered
  await page.route(/\/traces\/a+$/, (route) => {
    cancelled.push(route.request().method());
    return route.fulfill({ json: {} });
  });
  const followed = page.waitForRequest('**/traces/*/events');
  await page.goto('/?prompt=abc');
  await expect(page.getByRole('heading', { name: /^Running/ })).toBeVisible();
  await expect(page.getByRole('main')).not.toContainText('previous run');
  await followed; // before that there is no run to cancel
  await page.keyboard.press('Escape');
  await expect(page.getByRole('heading', { name: 'See how a prediction is made' })).toBeVisible();
  await expect.poll(() => cancelled).toEqual(['DELETE']);
});

test('a server that tells shows memory and times', async ({ page }) => {
  await page.route('**/api/v1/config', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), debug: true } });
  });
  const GB = 1e9;
  const status = {
    memory: { resident_bytes: 2 * GB, peak_bytes: 3 * GB },
    models: [{ name: 'm', stored_bytes: 4 * GB, decoded_bytes: 5 * GB, all_decoded_bytes: 6 * GB }],
    traces: { kept: 2, n_bytes: 7 * GB, max_bytes: 8 * GB },
    computations: { running: 1, waiting: 9 },
    threads: 2,
  };
  await page.route('**/api/v1/status', (route) => route.fulfill({ json: status }));
  await open(page);
  await page.getByRole('button', { name: 'Memory and times' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(/In memory 2.00 GB, at most 3.00 GB/);
  await expect(dialog).toContainText('1, 9 waiting');
  await expect(dialog).toContainText('Run of the model');
});
