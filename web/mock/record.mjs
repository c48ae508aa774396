// Records the routes that tests compare with: the server's own, at several thresholds, in both modes.
// LIMPID_URL=http://127.0.0.1:7860 npm run record
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const base = `${process.env.LIMPID_URL}/api/v1`;
const CASES = [
  {
    prompt: 'When Mary and John went to the store, John gave a drink to',
    token: 13,
    floor: 0.03,
    thresholds: [0.03, 0.04, 0.1, 0.5],
  },
  {
    prompt: 'When Mary and John went to the store, John gave a drink to',
    token: 3,
    floor: 0.01,
    thresholds: [0.01, 0.04],
  },
  {
    prompt: 'When Mary and John went to the store, John gave a drink to',
    replace: ['head.5.1=3', 'mid.3@4=mean', 'post.12@9=counterfactual', 'ffn.20=counterfactual'],
    against: 'When Mary and John went to the store, Mary gave a drink to',
    token: 13,
    floor: 0.03,
    thresholds: [0.03, 0.1, 0.5],
  },
  { prompt: 'def add(a, b):\n    return a', token: 8, floor: 0.01, thresholds: [0.01, 0.015, 0.05, 0.25] },
];

async function ask(path, init) {
  const response = await fetch(base + path, init);
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return response;
}

/** The id of a run that is done: the events end when it is. */
async function run(body) {
  const headers = { 'content-type': 'application/json' };
  const response = await ask('/traces', { method: 'POST', headers, body: JSON.stringify(body) });
  const { id, state } = await response.json();
  if (state !== 'done') await (await ask(`/traces/${id}/events`)).text();
  return id;
}

const recorded = [];
for (const { prompt, replace, against, token, floor, thresholds } of CASES) {
  const id = await run({ prompt, replace, against });
  const shares = await (await ask(`/traces/${id}/shares?token=${token}&floor=${floor}`)).json();
  const routes = [];
  for (const threshold of thresholds) {
    for (const renormalize of [true, false]) {
      const query = `token=${token}&threshold=${threshold}&renormalize=${renormalize}`;
      const { nodes, edges } = await (await ask(`/traces/${id}/route?${query}`)).json();
      routes.push({ token, threshold, renormalize, nodes, edges });
    }
  }
  recorded.push({ prompt, shares, routes });
}
// Nine digits tell every float32 from its neighbours.
const short = (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value);
const file = new URL('../src/layout/routes.fixture.json.gz', import.meta.url);
writeFileSync(file, gzipSync(JSON.stringify(recorded, short), { level: 9 }));
