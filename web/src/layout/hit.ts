// What lies under the pointer: a node within 5.5 px, then an FFN's diamond, then the nearest edge within 6 px.
import { yOfStep, type Axes } from './axes';
import { diamondOf, polyline, type Mark } from './geometry';
import { slotOf, stateAt, type Subject } from './nodes';
import { has, subjectOfEdge, type Graph } from './graph';

export type Hit =
  | { at: 'subject'; subject: Subject }
  | { at: 'token'; position: number } // a token below the graph
  | { at: 'output'; position: number } // the prediction above a column
  | null;

const NODE_REACH = 5.5;
const EDGE_REACH = 6;
const UNROUTED_PENALTY = 30; // a routed node a little farther away is the one that is meant

function nearestColumn(axes: Axes, x: number): number {
  let best = 0;
  axes.columns.forEach((column, at) => {
    if (Math.abs(column.x - x) < Math.abs(axes.columns[best]!.x - x)) best = at;
  });
  return best;
}

function hitNode(
  graph: Graph,
  axes: Axes,
  x: number,
  y: number,
): { subject: Subject; distance: number } | null {
  let best: { subject: Subject; distance: number } | null = null;
  axes.columns.forEach((column, position) => {
    const dx = column.x - x;
    if (column.folded || Math.abs(dx) > 9) return;
    for (let step = 0; step <= 2 * graph.nLayer; ++step) {
      const square = dx * dx + (yOfStep(axes, step) - y) ** 2;
      const node = stateAt(step, position);
      const distance = square + (has(graph, slotOf(node, graph.nTok)) ? 0 : UNROUTED_PENALTY);
      if (distance < (best?.distance ?? 81)) best = { subject: { node }, distance };
    }
  });
  return best;
}

function squareToSegment(
  x: number,
  y: number,
  [ax, ay]: [number, number],
  [bx, by]: [number, number],
): number {
  const vx = bx - ax;
  const vy = by - ay;
  const t = Math.max(0, Math.min(1, ((x - ax) * vx + (y - ay) * vy) / (vx * vx + vy * vy || 1)));
  return (x - ax - t * vx) ** 2 + (y - ay - t * vy) ** 2;
}

export function squareToMark(mark: Mark, x: number, y: number): number {
  const points = polyline(mark);
  let best = Infinity;
  for (let i = 1; i < points.length; ++i) {
    best = Math.min(best, squareToSegment(x, y, points[i - 1]!, points[i]!));
  }
  return best;
}

function hitEdge(marks: Mark[], x: number, y: number): { mark: Mark; distance: number } | null {
  let best: { mark: Mark; distance: number } | null = null;
  for (const mark of marks) {
    const left = Math.min(mark.x1, mark.x2) - Math.abs(mark.bulge) - EDGE_REACH;
    const right = Math.max(mark.x1, mark.x2) + Math.abs(mark.bulge) + EDGE_REACH;
    if (x < left || x > right) continue;
    // Straight residual edges lie between nodes: they need a closer aim.
    const reach = mark.kind === 'residual' ? 3 : EDGE_REACH;
    const distance = squareToMark(mark, x, y);
    if (distance < reach * reach && distance < (best?.distance ?? Infinity)) best = { mark, distance };
  }
  return best;
}

export function hit(graph: Graph, axes: Axes, marks: Mark[], x: number, y: number): Hit {
  const { margins, size } = axes;
  if (x < margins.left - 30 || x > size.width - margins.right + 14) return null;
  const column = nearestColumn(axes, x);
  const near = Math.abs(axes.columns[column]!.x - x) <= Math.max(14, axes.columns[column]!.width / 2);
  if (y < margins.top - 4) return near ? { at: 'output', position: column } : null;
  if (y > size.height - margins.bottom + 6) return near ? { at: 'token', position: column } : null;
  const node = hitNode(graph, axes, x, y);
  if (node && node.distance < NODE_REACH ** 2) return { at: 'subject', subject: node.subject };
  for (const mark of marks) {
    if (mark.kind !== 'ffn') continue;
    const [dx, dy] = diamondOf(mark);
    if ((dx - x) ** 2 + (dy - y) ** 2 < 42)
      return { at: 'subject', subject: subjectOfEdge(graph, mark.edge) };
  }
  const edge = hitEdge(marks, x, y);
  if (edge && (!node || edge.distance <= node.distance)) {
    return { at: 'subject', subject: subjectOfEdge(graph, edge.mark.edge) };
  }
  return node ? { at: 'subject', subject: node.subject } : null;
}
