// Lanes of the attention edges of a layer: spans that overlap do not share one. Short spans come first and
// lie lowest; what needs more than a dozen lanes shares them, they would be less than a pixel apart.
import type { RouteEdge } from './extract';

const MAX_LANES = 12;

const overlap = (a: RouteEdge, b: RouteEdge): boolean =>
  Math.min(a.source, a.target) < Math.max(b.source, b.target) &&
  Math.min(b.source, b.target) < Math.max(a.source, a.target);

function place(edge: RouteEdge, lanes: RouteEdge[][]): number {
  const free = lanes.findIndex((lane) => !lane.some((other) => overlap(edge, other)));
  if (free >= 0) {
    lanes[free]!.push(edge);
    return free;
  }
  if (lanes.length < MAX_LANES) {
    lanes.push([edge]);
    return lanes.length - 1;
  }
  return edge.source % MAX_LANES;
}

/** For each of the given edges between different tokens: how far up its lane lies, in (0, 1). */
export function assignLanes(edges: RouteEdge[], indices: number[]): Map<number, number> {
  const layers = new Map<number, number[]>();
  for (const index of indices) {
    const edge = edges[index]!;
    if (edge.kind !== 'attention' || edge.source === edge.target) continue;
    layers.set(edge.layer, [...(layers.get(edge.layer) ?? []), index]);
  }
  const found = new Map<number, number>();
  for (const inLayer of layers.values()) {
    const span = (index: number) => Math.abs(edges[index]!.target - edges[index]!.source);
    inLayer.sort((a, b) => span(a) - span(b) || a - b);
    const lanes: RouteEdge[][] = [];
    const taken = inLayer.map((index) => place(edges[index]!, lanes));
    inLayer.forEach((index, i) => found.set(index, (taken[i]! + 1) / (lanes.length + 1)));
  }
  return found;
}
