import AxeBuilder from '@axe-core/playwright';
import { expect, open, settled, test } from './page';

const PAGES = {
  empty: null,
  prediction: '',
  edge: '&sel=post.22@1->mid.23@13',
  ffn: '&sel=ffn.29@13&neuron=1233',
  state: '&sel=mid.23@13&pin=ffn.29@13',
  table: '&table=1',
  lens: '&view=lens',
  attention: '&view=attention&head=23.0',
  heads: '&view=heads',
  tokens: '&view=tokens',
  generate: '&view=generate',
};

for (const theme of ['light', 'dark']) {
  for (const [name, query] of Object.entries(PAGES)) {
    test(`${name}, ${theme}`, async ({ page }) => {
      if (query === null) {
        await page.route('**/api/v1/config', async (route) => {
          const response = await route.fetch();
          await route.fulfill({ response, json: { ...(await response.json()), sample_prompts: [] } });
        });
        await page.goto(`/?theme=${theme}`);
      } else await open(page, `${query}&theme=${theme}`);
      await settled(page);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)])).toEqual([]);
    });
  }
}
