// Records the routes that tests compare with: the program's own, at several thresholds, in both modes.
// LIMPID_BIN=../build/release/limpid MOCK_FOLDER=/tmp/recorded npm run record
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { SAMPLES } from './api.mjs';
import { json } from './cli.mjs';
import { sharesOf } from './shares.mjs';

const FLOOR = Math.fround(0.01);
const CASES = [
  { prompt: SAMPLES[0], token: 13, thresholds: ['0.02', '0.04', '0.1', '0.2', '0.5'] },
  { prompt: SAMPLES[0], token: 3, thresholds: ['0.01', '0.04'] },
  { prompt: SAMPLES[2], token: 8, thresholds: ['0.01', '0.015', '0.05', '0.25'] },
];

async function routesOf(ids, token, thresholds) {
  const routes = [];
  for (const threshold of thresholds) {
    for (const mode of [[], ['--no-renormalize']]) {
      const args = ['--ids', ids.join(','), '--token', String(token), '--threshold', threshold, ...mode];
      const printed = await json(['explain', '--format', 'json', ...args]);
      const { renormalize, nodes, edges } = printed;
      routes.push({ token, threshold: Number(threshold), renormalize, nodes, edges });
    }
  }
  return routes;
}

const recorded = [];
for (const { prompt, token, thresholds } of CASES) {
  const { ids } = await json(['tokenize', '--json', prompt]);
  const { model } = await json(['explain', '--format', 'json', '--ids', ids.join(',')]);
  const shares = await sharesOf(ids, model.n_layer, token, FLOOR);
  recorded.push({ prompt, shares, routes: await routesOf(ids, token, thresholds) });
}
// Nine digits tell every float32 from its neighbours.
const short = (_key, value) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value);
const file = new URL('../src/layout/routes.fixture.json.gz', import.meta.url);
writeFileSync(file, gzipSync(JSON.stringify(recorded, short), { level: 9 }));
