// Edges as curves. Residual edges run straight up their column; the FFN bulges right, attention to the own
// token left; attention from another token leaves its source vertically, runs in a lane of its own and enters
// the target from below, so lines cross no nodes of the same row.
import { yOfStep, type Axes } from './axes';
import { FFN_IN, type Edges, type RouteEdge } from './route';
import type { Graph } from './graph';
import { stepOfSlot } from './nodes';
import { assignLanes } from './lanes';

export type MarkKind = 'residual' | 'ffn' | 'attention';

export interface Mark {
  index: number; // of the edge; of ffn_out for an FFN
  edge: RouteEdge;
  kind: MarkKind;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  bulge: number; // to the right; 0 for straight lines and lanes
  lane: number; // y of the lane; NaN without one
}

interface Sink {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  quadraticCurveTo(cx: number, cy: number, x: number, y: number): void;
}

/** Beyond this many edges the weakest are counted, not drawn. */
export const MAX_DRAWN = 4000;

/** The nth largest of `flow`, without those of FFN_IN; by bits, which order floats above 0 as their values do. */
function nthFlow({ length, kind, flow }: Edges, n: number): number {
  const bits = new Uint32Array(flow.buffer, flow.byteOffset, length);
  const counts = new Uint32Array(1 << 16); // by their upper half
  for (let i = 0; i < length; ++i) if (kind[i] !== FFN_IN) counts[bits[i]! >>> 16]! += 1;
  let half = counts.length - 1;
  let above = 0;
  while (above + counts[half]! < n) above += counts[half--]!;
  const found: number[] = [];
  for (let i = 0; i < length; ++i) if (kind[i] !== FFN_IN && bits[i]! >>> 16 === half) found.push(flow[i]!);
  return found.sort((a, b) => b - a)[n - above - 1]!;
}

/** The strongest; those that are as strong as the last one in their order. An FFN is drawn with the edge out of it. */
function drawnEdges({ edges, nDrawn }: Graph): number[] {
  const least = nDrawn <= MAX_DRAWN ? -1 : nthFlow(edges, MAX_DRAWN);
  const indices: number[] = [];
  for (let i = 0; i < edges.length && indices.length < MAX_DRAWN; ++i) {
    if (edges.kind[i] !== FFN_IN && edges.flow[i]! >= least) indices.push(i);
  }
  return indices;
}

function markOf(graph: Graph, axes: Axes, { index, edge, lane: up }: Planned): Mark {
  const row = axes.rows[edge.layer]!;
  const column = axes.columns[edge.target]!;
  const y2 = yOfStep(axes, stepOfSlot(edge.to, graph.nTok));
  const mark = { index, edge, x1: column.x, x2: column.x, y2, bulge: 0, lane: NaN };
  if (edge.kind === 'ffn_out') {
    const y1 = graph.parallel ? row.bottom : yOfStep(axes, 2 * edge.layer + 1);
    return { ...mark, kind: 'ffn', y1, bulge: Math.min(13, column.width * 0.28, 4 + row.height * 0.4) };
  }
  const y1 = yOfStep(axes, stepOfSlot(edge.from, graph.nTok));
  if (edge.kind !== 'attention') return { ...mark, kind: 'residual', y1 };
  if (edge.source === edge.target) {
    const bulge = -Math.min(11, column.width * 0.24, 4 + row.height * 0.35);
    return { ...mark, kind: 'attention', y1, bulge };
  }
  const lane = y1 - (y1 - y2) * up;
  return { ...mark, kind: 'attention', y1, x1: axes.columns[edge.source]!.x, lane };
}

/** An edge that is drawn, and how far up its lane lies: the same at every zoom. */
interface Planned {
  index: number;
  edge: RouteEdge;
  lane: number;
}

const plans = new WeakMap<Graph, Planned[]>();

function planOf(graph: Graph): Planned[] {
  let plan = plans.get(graph);
  if (!plan) {
    const drawn = drawnEdges(graph).map((index) => ({ index, edge: graph.edges.at(index) }));
    const lanes = assignLanes(drawn.map(({ edge }) => edge));
    plan = drawn.map(({ index, edge }) => ({ index, edge, lane: lanes.get(edge) ?? NaN }));
    plans.set(graph, plan);
  }
  return plan;
}

export const marksOf = (graph: Graph, axes: Axes): Mark[] =>
  planOf(graph).map((planned) => markOf(graph, axes, planned));

const cornerOf = ({ x1, x2 }: Mark): number => Math.min(12, Math.abs(x2 - x1) / 2);

export function trace(mark: Mark, sink: Sink): void {
  const { x1, y1, x2, y2, bulge, lane } = mark;
  sink.moveTo(x1, y1);
  if (bulge !== 0) {
    const x = x1 + bulge;
    sink.quadraticCurveTo(x, y1, x, (y1 + y2) / 2);
    sink.quadraticCurveTo(x, y2, x2, y2);
  } else if (Number.isNaN(lane)) {
    sink.lineTo(x2, y2);
  } else {
    const r = cornerOf(mark) * Math.sign(x2 - x1);
    sink.quadraticCurveTo(x1, lane, x1 + r, lane);
    sink.lineTo(x2 - r, lane);
    sink.quadraticCurveTo(x2, lane, x2, y2);
  }
}

/** The curve as a few straight pieces, near enough for a pointer. */
export function polyline(mark: Mark): [number, number][] {
  const { x1, y1, x2, y2, bulge, lane } = mark;
  const rise = y2 - y1;
  if (bulge !== 0) {
    const x = x1 + bulge;
    const near = x1 + bulge * 0.8;
    return [
      [x1, y1],
      [near, y1 + rise * 0.2],
      [x, y1 + rise / 2],
      [near, y2 - rise * 0.2],
      [x2, y2],
    ];
  }
  if (Number.isNaN(lane))
    return [
      [x1, y1],
      [x2, y2],
    ];
  const r = cornerOf(mark) * Math.sign(x2 - x1);
  return [
    [x1, y1],
    [x1 + r * 0.3, lane + (y1 - lane) * 0.25],
    [x1 + r, lane],
    [x2 - r, lane],
    [x2 - r * 0.3, lane + (y2 - lane) * 0.25],
    [x2, y2],
  ];
}

/** The middle of an FFN's diamond. */
export const diamondOf = (mark: Mark): [number, number] => [mark.x1 + mark.bulge, (mark.y1 + mark.y2) / 2];
