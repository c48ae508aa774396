// A run of 80 layers and 200 tokens, made up: what the largest models would ask of the page.
import type { Page } from '@playwright/test';

const N_LAYER = 80;
const N_TOK = 200;
const N_HEAD = 64;

/** The same numbers each time, in [0, 1). */
function random(): () => number {
  let state = 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** Every state has a handful of strong heads and many weak ones; a third of the tokens is never read. */
function shares() {
  const next = random();
  const nodes: object[] = [];
  for (let layer = N_LAYER - 1; layer >= 0; --layer) {
    for (let at = 0; at < N_TOK; ++at) {
      const ffn = 0.02 + 0.2 * next();
      nodes.push({
        id: `post.${layer}@${at}`,
        ffn,
        residual: 1 - ffn,
        degenerate: false,
        strongest: 1 - ffn,
      });
      const keys = new Set(
        Array.from({ length: 4 }, () => Math.floor((next() * (at + 1)) / 3) * 3).filter((key) => key <= at),
      );
      const parts = [...keys]
        .sort((a, b) => a - b)
        .flatMap((key) => [
          [key, 3, 0.15 * next()],
          [key, 9, 0.03 * next()],
        ]);
      const residual = 1 - parts.reduce((sum, part) => sum + part[2]!, 0);
      nodes.push({
        id: `mid.${layer}@${at}`,
        parts,
        residual,
        bias: 0,
        degenerate: false,
        strongest: residual,
      });
    }
  }
  return {
    token: N_TOK - 1,
    floor: 0.01,
    n_layer: N_LAYER,
    n_head: N_HEAD,
    n_tok: N_TOK,
    parallel_blocks: false,
    nodes,
  };
}

const token = (at: number) => ({
  id: at,
  text: ` w${at}`,
  bytes: [32, 119],
  continuation: false,
  special: false,
});
const prediction = { id: 7, text: ' x', logit: 1, probability: 0.5 };
const trace = {
  id: 'b'.repeat(32),
  state: 'done',
  model: 'large',
  tokens: Array.from({ length: N_TOK }, (_, at) => token(at)),
  n_layer: N_LAYER,
  n_head: N_HEAD,
  d_model: 8192,
  parallel_blocks: false,
  seconds: 1,
  warnings: [],
  predictions: Array.from({ length: N_TOK }, () => [prediction]),
};
const cell = { top: [prediction], entropy: 1, chosen: [] };
const lens = {
  state: 'post',
  tokens: trace.tokens,
  positions: [N_TOK - 1],
  chosen: [],
  layers: Array.from({ length: N_LAYER }, () => [cell]),
};
const logit = {
  node: `logit@${N_TOK - 1}`,
  kind: 'logit',
  target: prediction,
  logit_parts: [],
  warnings: [],
};

/** Answers the page with that run, whatever is asked. */
export async function answerLarge(page: Page): Promise<void> {
  const body = JSON.stringify(shares());
  await page.route('**/api/v1/traces', (route) => route.fulfill({ json: trace }));
  await page.route(/\/traces\/b+$/, (route) => route.fulfill({ json: trace }));
  await page.route('**/shares?*', (route) => route.fulfill({ body, contentType: 'application/json' }));
  await page.route('**/lens?*', (route) => route.fulfill({ json: lens }));
  await page.route('**/inspect?*', (route) => route.fulfill({ json: logit }));
  await page.route('**/tokenize', (route) => route.fulfill({ json: { ids: [], tokens: [] } }));
}
