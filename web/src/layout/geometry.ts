// Edges as curves. Residual edges run straight up their column; the FFN bulges right, attention to the own
// token left; attention from another token leaves its source vertically, runs in a lane of its own and enters
// the target from below, so lines cross no nodes of the same row.
import { yOfStep, type Axes } from './axes';
import type { RouteEdge } from './extract';
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

/** The flow that an edge needs to be drawn. */
function leastFlow(graph: Graph, nEdges: number): number {
  if (nEdges <= MAX_DRAWN) return -1;
  const flows = new Float32Array(nEdges);
  let at = 0;
  for (const { kind, flow } of graph.edges) if (kind !== 'ffn_in') flows[at++] = flow;
  return flows.sort()[nEdges - MAX_DRAWN]!;
}

/** An FFN is drawn with the edge out of it. */
export const isDrawn = (edge: RouteEdge): boolean => edge.kind !== 'ffn_in';

function drawnEdges(graph: Graph): number[] {
  let nEdges = 0;
  for (const edge of graph.edges) if (isDrawn(edge)) ++nEdges;
  const least = leastFlow(graph, nEdges);
  const indices: number[] = [];
  graph.edges.forEach((edge, index) => {
    if (isDrawn(edge) && edge.flow >= least && indices.length < MAX_DRAWN) indices.push(index);
  });
  return indices;
}

function markOf(graph: Graph, axes: Axes, index: number, lanes: Map<number, number>): Mark {
  const edge = graph.edges[index]!;
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
  const lane = y1 - (y1 - y2) * lanes.get(index)!;
  return { ...mark, kind: 'attention', y1, x1: axes.columns[edge.source]!.x, lane };
}

/** What is drawn of a graph, and in which lanes: the same at every zoom. */
interface Plan {
  drawn: number[];
  lanes: Map<number, number>;
}

const plans = new WeakMap<Graph, Plan>();

function planOf(graph: Graph): Plan {
  let plan = plans.get(graph);
  if (!plan) {
    const drawn = drawnEdges(graph);
    plans.set(graph, (plan = { drawn, lanes: assignLanes(graph.edges, drawn) }));
  }
  return plan;
}

export function marksOf(graph: Graph, axes: Axes): Mark[] {
  const { drawn, lanes } = planOf(graph);
  return drawn.map((index) => markOf(graph, axes, index, lanes));
}

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
