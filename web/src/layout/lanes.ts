// Lanes of the attention edges of a layer: spans that overlap do not share one. Short spans come first and
// lie lowest; what needs more than a dozen lanes shares them, they would be less than a pixel apart.
import type { RouteEdge } from './route';

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
export function assignLanes(edges: RouteEdge[]): Map<RouteEdge, number> {
  const layers = new Map<number, RouteEdge[]>();
  for (const edge of edges) {
    if (edge.kind !== 'attention' || edge.source === edge.target) continue;
    const inLayer = layers.get(edge.layer);
    if (inLayer) inLayer.push(edge);
    else layers.set(edge.layer, [edge]);
  }
  const found = new Map<RouteEdge, number>();
  for (const inLayer of layers.values()) {
    const span = (edge: RouteEdge) => Math.abs(edge.target - edge.source);
    inLayer.sort((a, b) => span(a) - span(b)); // and as they come
    const lanes: RouteEdge[][] = [];
    const taken = inLayer.map((edge) => place(edge, lanes));
    inLayer.forEach((edge, i) => found.set(edge, (taken[i]! + 1) / (lanes.length + 1)));
  }
  return found;
}
