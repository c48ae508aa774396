// A route with what drawing and walking ask for: edges by node, nodes by slot, what lies on routes through a
// selection.
import type { Route, RouteEdge, RouteNode } from './extract';
import { nodeOf, slotOf, type Node, type Subject } from './nodes';

export interface Graph extends Route {
  /** Of every slot the index of its node; -1 where the route has none. */
  indexOf: Int32Array;
  /** Edges into node i are edges[inputStart[i]] to edges[inputStart[i + 1] - 1]. */
  inputStart: Int32Array;
  /** Positions that some node of the route is at. */
  columns: Uint8Array;
  /** Layers in which attention crosses from one token to another. */
  busy: Uint8Array;
  /** Edges out of every slot; made when first asked for. */
  outputs: () => Map<number, number[]>;
}

function outputsBySlot(edges: RouteEdge[]): Map<number, number[]> {
  const found = new Map<number, number[]>();
  edges.forEach((edge, index) => {
    const list = found.get(edge.from);
    if (list) list.push(index);
    else found.set(edge.from, [index]);
  });
  return found;
}

export function graphOf(route: Route): Graph {
  const { nodes, edges, nTok, nLayer } = route;
  const indexOf = new Int32Array((1 + 3 * nLayer) * nTok).fill(-1);
  const inputStart = new Int32Array(nodes.length + 1);
  const columns = new Uint8Array(nTok);
  let edge = 0;
  nodes.forEach(({ node, slot }, index) => {
    columns[node.position] = 1;
    indexOf[slot] = index;
    inputStart[index] = edge;
    while (edges[edge]?.to === slot) ++edge;
  });
  inputStart[nodes.length] = edge;
  const busy = new Uint8Array(nLayer);
  for (const each of edges) if (isCrossing(each)) busy[each.layer] = 1;
  let outputs: Map<number, number[]> | null = null;
  return { ...route, indexOf, inputStart, columns, busy, outputs: () => (outputs ??= outputsBySlot(edges)) };
}

export const has = (graph: Graph, slot: number): boolean => graph.indexOf[slot]! >= 0;

export function nodeIn(graph: Graph, node: Node): RouteNode | undefined {
  const index = graph.indexOf[slotOf(node, graph.nTok)] ?? -1;
  return index < 0 ? undefined : graph.nodes[index];
}

/** Indices of the edges into a slot. */
function inputIndices(graph: Graph, slot: number): number[] {
  const index = graph.indexOf[slot] ?? -1;
  if (index < 0) return [];
  const first = graph.inputStart[index]!;
  return Array.from({ length: graph.inputStart[index + 1]! - first }, (_, i) => first + i);
}

const outputIndices = (graph: Graph, slot: number): number[] => graph.outputs().get(slot) ?? [];

const edgesAt = (graph: Graph, indices: number[]): RouteEdge[] => indices.map((index) => graph.edges[index]!);
export const inputsOf = (graph: Graph, node: Node): RouteEdge[] =>
  edgesAt(graph, inputIndices(graph, slotOf(node, graph.nTok)));
export const outputsOf = (graph: Graph, node: Node): RouteEdge[] =>
  edgesAt(graph, outputIndices(graph, slotOf(node, graph.nTok)));

/** The edges that a subject names: attention and residual between the same nodes share a name. */
export function edgesOf(graph: Graph, subject: Subject): number[] {
  const { from, node } = subject;
  if (!from) return [];
  const source = slotOf(from, graph.nTok);
  return inputIndices(graph, slotOf(node, graph.nTok)).filter((index) => graph.edges[index]!.from === source);
}

export const subjectOfEdge = (graph: Graph, edge: RouteEdge): Subject => {
  // The two edges of an FFN are one mark; it stands for the block.
  if (edge.kind === 'ffn_in') return { node: nodeOf(edge.to, graph.nTok) };
  if (edge.kind === 'ffn_out') return { node: nodeOf(edge.from, graph.nTok) };
  return { node: nodeOf(edge.to, graph.nTok), from: nodeOf(edge.from, graph.nTok) };
};

export interface Through {
  /** Edges on any route through the subject. */
  edges: Set<number>;
  /** Those that it starts or ends, or is. */
  direct: Set<number>;
  nodes: Set<number>;
}

type Neighbours = (graph: Graph, slot: number) => number[];

function walk(graph: Graph, start: number, next: Neighbours, end: 'from' | 'to', found: Through): void {
  const seen = new Set([start]);
  const open = [start];
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    found.nodes.add(slot);
    for (const index of next(graph, slot)) {
      found.edges.add(index);
      const other = graph.edges[index]![end];
      if (!seen.has(other)) open.push(other);
      seen.add(other);
    }
  }
}

/** Null where the subject is not on the route. */
export function through(graph: Graph, subject: Subject): Through | null {
  const above = slotOf(subject.node, graph.nTok);
  const below = slotOf(subject.from ?? subject.node, graph.nTok);
  const direct = subject.from
    ? edgesOf(graph, subject)
    : [...inputIndices(graph, above), ...outputIndices(graph, above)];
  if (subject.from ? direct.length === 0 : !has(graph, above)) return null;
  const found: Through = { edges: new Set(direct), direct: new Set(direct), nodes: new Set() };
  walk(graph, above, outputIndices, 'to', found);
  walk(graph, below, inputIndices, 'from', found);
  return found;
}

/** Of every position, the flow that starts at its embedding. */
export function startsOf(graph: Graph): { position: number; flow: number }[] {
  const starts = graph.nodes.filter(({ node }) => node.kind === 'embed');
  return starts
    .map(({ node, flow }) => ({ position: node.position, flow }))
    .sort((a, b) => b.flow - a.flow || a.position - b.position);
}

export const isCrossing = (edge: RouteEdge): boolean =>
  edge.kind === 'attention' && edge.source !== edge.target;

/** The `count` edges of attention from other tokens with the largest flow, in that order. */
export function strongestCrossings(graph: Graph, count: number): RouteEdge[] {
  const best: RouteEdge[] = [];
  for (const edge of graph.edges) {
    if (!isCrossing(edge) || (best.length === count && edge.flow <= best.at(-1)!.flow)) continue;
    const at = best.findIndex(({ flow }) => flow < edge.flow);
    best.splice(at < 0 ? best.length : at, 0, edge);
    best.length = Math.min(best.length, count);
  }
  return best;
}
