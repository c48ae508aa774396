// Routes are those that the program prints (mock/record.mjs), to the last bit.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Shares } from '../api/types';
import { extractRoute } from './extract';
import type { RouteEdge, RouteNode } from './route';
import { formatNode, nodeOf } from './nodes';
import { shareTable, type HeadShare } from './shares';

interface PrintedRoute {
  token: number;
  threshold: number;
  renormalize: boolean;
  nodes: {
    id: string;
    flow: number;
    dropped: number;
    strongest: number;
    diffuse: boolean;
    degenerate: boolean;
  }[];
  edges: {
    from: string;
    to: string;
    kind: string;
    weight: number;
    flow: number;
    heads: { head: number; weight: number }[];
  }[];
}

interface Recording {
  prompt: string;
  shares: Shares;
  routes: PrintedRoute[];
}

const file = readFileSync(new URL('routes.fixture.json.gz', import.meta.url));
const recordings = JSON.parse(gunzipSync(file).toString('utf8')) as Recording[];

/** The recording has nine digits, the program's numbers are float32. */
function expectSame(found: number[], printed: number[]): void {
  expect(found.length).toBe(printed.length);
  found.forEach((value, i) => expect(value).toBe(Math.fround(printed[i]!)));
}

/** Shares leave heads out that carry nothing; the program prints them. */
const carrying = (heads: HeadShare[]) => heads.filter(({ share }) => share > 0);

describe.each(recordings)('$prompt at $shares.token', ({ shares, routes }) => {
  const table = shareTable(shares);
  it.each(routes)('threshold $threshold, renormalize $renormalize', (printed) => {
    const route = extractRoute(table, printed);
    const nodes: RouteNode[] = [...route.nodes];
    const edges: RouteEdge[] = [...route.edges];
    expect(route.token).toBe(printed.token);
    expect(nodes.map(({ node }) => formatNode(node))).toEqual(printed.nodes.map(({ id }) => id));
    for (const mark of ['diffuse', 'degenerate'] as const) {
      expect(nodes.map((node) => node[mark])).toEqual(printed.nodes.map((node) => node[mark]));
    }
    for (const number of ['flow', 'dropped', 'strongest'] as const) {
      expectSame(
        nodes.map((node) => node[number]),
        printed.nodes.map((node) => node[number]),
      );
    }
    const name = (slot: number) => formatNode(nodeOf(slot, table.nTok));
    expect(
      edges.map(({ from, to, kind, heads }) => [
        name(from),
        name(to),
        kind,
        carrying(heads).map(({ head }) => head),
      ]),
    ).toEqual(
      printed.edges.map(({ from, to, kind, heads }) => [
        from,
        to,
        kind,
        carrying(heads.map(({ head, weight }) => ({ head, share: weight }))).map(({ head }) => head),
      ]),
    );
    for (const number of ['weight', 'flow'] as const) {
      expectSame(
        edges.map((edge) => edge[number]),
        printed.edges.map((edge) => edge[number]),
      );
    }
    expectSame(
      edges.flatMap(({ heads }) => carrying(heads).map(({ share }) => share)),
      printed.edges.flatMap(({ heads }) => heads.map(({ weight }) => weight).filter((weight) => weight > 0)),
    );
  });
});

it('compares routes of some size', () => {
  const sizes = recordings.flatMap(({ routes }) => routes.map((route) => route.edges.length));
  expect(sizes.length).toBe(26);
  expect(Math.max(...sizes)).toBeGreaterThan(500);
});
