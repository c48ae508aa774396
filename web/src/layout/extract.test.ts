// Routes are those that the program prints (mock/record.mjs), node for node and edge for edge.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Shares } from '../api/types';
import { extractRoute } from './extract';
import { formatNode, nodeOf } from './nodes';
import { shareTable } from './shares';

interface PrintedRoute {
  token: number;
  threshold: number;
  renormalize: boolean;
  nodes: { id: string; flow: number; dropped: number; strongest: number; diffuse: boolean; degenerate: boolean }[];
  edges: { from: string; to: string; kind: string; weight: number; flow: number; heads: { head: number; weight: number }[] }[];
}

interface Recording {
  prompt: string;
  shares: Shares;
  routes: PrintedRoute[];
}

const file = readFileSync(new URL('routes.fixture.json.gz', import.meta.url));
const recordings = JSON.parse(gunzipSync(file).toString('utf8')) as Recording[];

/**
 * Numbers that may differ from the program's: shares for a few queries and for all of them are products of
 * different shapes, which round differently in the last place or two of a float32; so do their sums.
 */
const NEAR = 8 * 2 ** -24;

function expectNear(found: number[], printed: number[]): void {
  expect(found.length).toBe(printed.length);
  found.forEach((value, i) => expect(Math.abs(value - printed[i]!)).toBeLessThanOrEqual(NEAR));
}

describe.each(recordings)('$prompt at $shares.token', ({ shares, routes }) => {
  const table = shareTable(shares);
  it.each(routes)('threshold $threshold, renormalize $renormalize', (printed) => {
    const route = extractRoute(table, printed);
    expect(route.token).toBe(printed.token);
    expect(route.nodes.map(({ node }) => formatNode(node))).toEqual(printed.nodes.map(({ id }) => id));
    for (const mark of ['diffuse', 'degenerate'] as const) {
      expect(route.nodes.map((node) => node[mark])).toEqual(printed.nodes.map((node) => node[mark]));
    }
    for (const number of ['flow', 'dropped', 'strongest'] as const) {
      expectNear(route.nodes.map((node) => node[number]), printed.nodes.map((node) => node[number]));
    }
    const name = (slot: number) => formatNode(nodeOf(slot, table.nTok));
    expect(route.edges.map(({ from, to, kind, heads }) => [name(from), name(to), kind, heads.map(({ head }) => head)])).toEqual(
      printed.edges.map(({ from, to, kind, heads }) => [from, to, kind, heads.map(({ head }) => head)]),
    );
    for (const number of ['weight', 'flow'] as const) {
      expectNear(route.edges.map((edge) => edge[number]), printed.edges.map((edge) => edge[number]));
    }
    expectNear(
      route.edges.flatMap(({ heads }) => heads.map(({ share }) => share)),
      printed.edges.flatMap(({ heads }) => heads.map(({ weight }) => weight)),
    );
  });
});

it('compares routes of some size', () => {
  const sizes = recordings.flatMap(({ routes }) => routes.map((route) => route.edges.length));
  expect(sizes.length).toBe(22);
  expect(Math.max(...sizes)).toBeGreaterThan(500);
});
