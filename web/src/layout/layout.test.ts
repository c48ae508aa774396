import { describe, expect, it } from 'vitest';
import {
  axesOf,
  FITTED,
  FOLD_ABOVE,
  innerSize,
  panBy,
  reveal,
  runsOf,
  zoomAt,
  type AxesRequest,
} from './axes';
import { extractRoute } from './extract';
import type { RouteEdge } from './route';
import { marksOf, polyline, trace } from './geometry';
import { edgesOf, graphOf, has, inputsOf, outputsOf, startsOf, strongestCrossings, through } from './graph';
import { hit, squareToMark } from './hit';
import { histogram } from './histogram';
import { assignLanes } from './lanes';
import {
  formatNode,
  formatSubject,
  nodeOf,
  parseNode,
  parseSubject,
  slotOf,
  stateAt,
  stepOf,
  stepOfSlot,
} from './nodes';
import { shareTable } from './shares';

describe('names', () => {
  it.each(['embed@0', 'mid.5@3', 'ffn.0@3', 'post.29@13', 'embed@1->mid.0@3', 'mid.5@3->post.5@3'])(
    '%s',
    (name) => {
      expect(formatSubject(parseSubject(name)!)).toBe(name);
    },
  );
  it.each([
    '',
    '@',
    'mid@3',
    'mid.5',
    'mid.-1@3',
    'mid.05@3',
    'embed.0@3',
    'post.1@03',
    'head.1.2@3',
    'a->b',
    'embed@0->',
    'mid.1@1 ',
  ])('%j is none', (name) => expect(parseSubject(name)).toBeNull());
  it('are slots and steps too', () => {
    for (const name of ['embed@2', 'mid.0@1', 'ffn.3@4', 'post.7@0']) {
      const node = parseNode(name)!;
      expect(formatNode(nodeOf(slotOf(node, 5), 5))).toBe(name);
      expect(stepOfSlot(slotOf(node, 5), 5)).toBe(stepOf(node));
    }
    for (let step = 0; step < 9; ++step) expect(stepOf(stateAt(step, 0))).toBe(step);
  });
});

/** Two layers, three tokens: token 2 reads token 0 in the upper layer, nobody reads token 1. */
const table = shareTable({
  token: 2,
  floor: 0.01,
  n_layer: 2,
  n_tok: 3,
  parallel_blocks: false,
  nodes: [
    { id: 'post.1@2', ffn: 0.25, residual: 0.75, degenerate: false, strongest: 0.75 },
    {
      id: 'mid.1@2',
      parts: [
        [0, 0, 0.25],
        [0, 1, 0.125],
      ],
      residual: 0.625,
      degenerate: false,
      strongest: 0.625,
    },
    { id: 'post.0@0', ffn: 0.5, residual: 0.5, degenerate: false, strongest: 0.5 },
    { id: 'post.0@2', ffn: 0, residual: 1, degenerate: false, strongest: 1 },
    { id: 'mid.0@0', parts: [[0, 0, 0.5]], residual: 0.5, degenerate: false, strongest: 0.5 },
    { id: 'mid.0@2', parts: [[2, 1, 0.03]], residual: 0.97, degenerate: false, strongest: 0.97 },
  ],
});
const graph = graphOf(extractRoute(table, { threshold: 0.04, renormalize: true }));
const node = (name: string) => parseNode(name)!;

describe('graph', () => {
  it('finds edges by node', () => {
    expect(inputsOf(graph, node('mid.1@2')).map(({ kind, weight }) => [kind, weight])).toEqual([
      ['attention', 0.375],
      ['residual', 0.625],
    ]);
    expect(
      outputsOf(graph, node('mid.1@2'))
        .map(({ kind }) => kind)
        .sort(),
    ).toEqual(['ffn_in', 'residual']);
    expect(inputsOf(graph, node('mid.1@1'))).toEqual([]);
    expect([has(graph, slotOf(node('ffn.0@2'), 3)), has(graph, slotOf(node('ffn.0@0'), 3))]).toEqual([
      false,
      true,
    ]);
    expect([...graph.columns]).toEqual([1, 0, 1]);
  });
  it('an own edge is attention and residual', () => {
    const edges = edgesOf(graph, parseSubject('embed@0->mid.0@0')!).map(({ kind }) => kind);
    expect(edges).toEqual(['attention', 'residual']);
  });
  it('walks up and down from a subject', () => {
    const found = through(graph, parseSubject('post.0@0->mid.1@2')!)!;
    expect(found.nodes[slotOf(node('embed@0'), 3)]).toBe(1);
    expect(found.nodes[slotOf(node('post.1@2'), 3)]).toBe(1);
    expect(found.nodes[slotOf(node('embed@2'), 3)]).toBe(0);
    expect(through(graph, { node: node('mid.1@1') })).toBeNull();
    expect(through(graph, parseSubject('post.0@1->mid.1@2')!)).toBeNull();
  });
  it('sums up', () => {
    expect(startsOf(graph)).toEqual([
      { position: 2, flow: 0.625 },
      { position: 0, flow: 0.375 },
    ]);
    expect(strongestCrossings(graph, 5).map(({ source, target }) => [source, target])).toEqual([[0, 2]]);
  });
  it('counts parts by size', () => {
    const bins = histogram(table, 0, 1, 0.25);
    // 0.03 0.125 | 0.25 0.25 | 0.5 0.5; what is 0 is no part
    expect(bins.map(({ count }) => count)).toEqual([2, 2, 2, 0]);
  });
});

const request = (change: Partial<AxesRequest> = {}): AxesRequest => ({
  size: { width: 1040, height: 780 },
  nTok: 3,
  nLayer: 2,
  zoom: FITTED,
  narrow: false,
  strip: true,
  fold: false,
  graph,
  ...change,
});

describe('axes', () => {
  it('fit: columns fill the width, rows the height, the last layer on top', () => {
    const axes = axesOf(request());
    const widths = axes.columns.map(({ width }) => width);
    expect(widths.reduce((a, b) => a + b, 0)).toBeCloseTo(innerSize(axes).width, 6);
    expect(new Set(widths.map((width) => width.toFixed(6))).size).toBe(1);
    expect(axes.rows[1]!.bottom).toBeCloseTo(axes.rows[0]!.top, 6);
    expect(axes.rows[0]!.bottom).toBeLessThan(780 - axes.margins.bottom);
  });
  it('fold what is not on the route', () => {
    const axes = axesOf(request({ fold: true }));
    expect(axes.columns.map(({ folded }) => folded)).toEqual([false, true, false]);
    expect(axes.columns[1]!.width).toBeLessThan(axes.columns[0]!.width / 5);
    expect(axes.rows[0]!.height).toBeLessThan(axes.rows[1]!.height / 2);
    expect(axes.runs.map(({ first, last }) => [first, last])).toEqual([[1, 1]]);
    expect(runsOf([true, true, false, true])).toEqual([
      [0, 1],
      [3, 3],
    ]);
  });
  it('routed columns stay wide enough; what does not fit is panned to', () => {
    const nTok = FOLD_ABOVE + 100;
    const columns = new Uint8Array(nTok).fill(1);
    columns[5] = 0;
    const axes = axesOf(request({ nTok, fold: true, graph: { ...graph, nTok, columns } }));
    expect(axes.columns[0]!.width).toBe(14);
    expect(axes.content.width).toBeGreaterThan(innerSize(axes).width);
    const seen = reveal(FITTED, axes, nTok - 1);
    expect(seen.dx).toBeCloseTo(innerSize(axes).width - axes.content.width, 1);
    expect(reveal(FITTED, axes, 0)).toBe(FITTED);
  });
  it('zoom keeps the point under the pointer, and never shows what is outside', () => {
    const axes = axesOf(request());
    const zoom = zoomAt(FITTED, axes, 2, 400, 300);
    const before = axes.columns[1]!.x;
    const after = axesOf(request({ zoom })).columns[1]!.x;
    expect(after - 400).toBeCloseTo(2 * (before - 400), 6);
    expect(panBy(zoom, axesOf(request({ zoom })), 1e6, 1e6)).toMatchObject({ dx: 0, dy: 0 });
    expect(zoomAt(zoom, axes, 1e-9, 0, 0)).toEqual(FITTED);
    expect(zoomAt(FITTED, axes, 1e9, 400, 300).x).toBe(12);
  });
});

describe('geometry', () => {
  const axes = axesOf(request());
  const marks = marksOf(graph, axes);
  it('draws an FFN once', () => {
    const nFfn = [...graph.edges].filter(({ kind }) => kind === 'ffn_out').length;
    expect(marks.filter(({ kind }) => kind === 'ffn').length).toBe(nFfn);
    expect(marks.length).toBe(graph.edges.length - nFfn);
  });
  it('curves start and end at their states', () => {
    for (const mark of marks) {
      const points: [number, number][] = [];
      const add = (x: number, y: number) => void points.push([x, y]);
      trace(mark, { moveTo: add, lineTo: add, quadraticCurveTo: (_cx, _cy, x, y) => add(x, y) });
      expect(points[0]).toEqual([mark.x1, mark.y1]);
      expect(points.at(-1)).toEqual([mark.x2, mark.y2]);
      for (const [x, y] of polyline(mark)) expect(squareToMark(mark, x, y)).toBeCloseTo(0, 9);
    }
  });
  it('is found again by pointing', () => {
    const crossing = marks.find(({ lane }) => !Number.isNaN(lane))!;
    const on = hit(graph, axes, marks, (crossing.x1 + crossing.x2) / 2 + 40, crossing.lane + 2);
    expect(on).toEqual({ at: 'subject', subject: parseSubject('post.0@0->mid.1@2') });
    const state = hit(graph, axes, marks, axes.columns[2]!.x + 2, axes.rows[1]!.top - 1);
    expect(state).toEqual({ at: 'subject', subject: { node: node('post.1@2') } });
    expect(hit(graph, axes, marks, axes.columns[1]!.x, 20)).toEqual({ at: 'output', position: 1 });
    expect(hit(graph, axes, marks, axes.columns[1]!.x, 770)).toEqual({ at: 'token', position: 1 });
    expect(hit(graph, axes, marks, axes.columns[0]!.x + 100, axes.rows[0]!.top + 20)).toBeNull();
  });
});

it('lanes of a layer do not overlap', () => {
  const edge = (source: number, target: number): RouteEdge => ({
    from: 0,
    to: 0,
    kind: 'attention',
    layer: 0,
    source,
    target,
    weight: 1,
    flow: 1,
    heads: [],
  });
  const edges = [edge(0, 9), edge(1, 3), edge(3, 5), edge(2, 4)];
  const lanes = assignLanes(edges);
  // 1 to 3 and 3 to 5 touch and share the lowest lane; the longest lies on top.
  expect([1, 2, 3, 0].map((index) => lanes.get(edges[index]!))).toEqual([0.25, 0.25, 0.5, 0.75]);
});
