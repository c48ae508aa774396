// A route with what drawing and walking ask for: edges by node, nodes by slot, what lies on routes through a
// selection.
import { FFN_IN, type Edges, type Route, type RouteEdge, type RouteNode } from './route';
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
  /** How many edges are drawn: an FFN is one mark, that of the edge out of it. */
  nDrawn: number;
  /** Edges out of every slot; made when first asked for. */
  outputs: () => Outputs;
}

/** Out of slot s go the edges edge[start[s]] to edge[start[s + 1] - 1]. */
interface Outputs {
  start: Int32Array;
  edge: Int32Array;
}

function outputsBySlot({ length, from }: Edges, nSlot: number): Outputs {
  const start = new Int32Array(nSlot + 1);
  for (let i = 0; i < length; ++i) start[from[i]! + 1]! += 1;
  for (let slot = 0; slot < nSlot; ++slot) start[slot + 1]! += start[slot]!;
  const next = start.slice();
  const edge = new Int32Array(length);
  for (let i = 0; i < length; ++i) edge[next[from[i]!]!++] = i;
  return { start, edge };
}

export function graphOf(route: Route): Graph {
  const { nodes, edges, nTok, nLayer } = route;
  const nSlot = (1 + 3 * nLayer) * nTok;
  const indexOf = new Int32Array(nSlot).fill(-1);
  const inputStart = new Int32Array(nodes.length + 1);
  const columns = new Uint8Array(nTok);
  let edge = 0;
  for (let index = 0; index < nodes.length; ++index) {
    const slot = nodes.slot[index]!;
    columns[slot % nTok] = 1;
    indexOf[slot] = index;
    inputStart[index] = edge;
    while (edge < edges.length && edges.to[edge] === slot) ++edge;
  }
  inputStart[nodes.length] = edge;
  const busy = new Uint8Array(nLayer);
  let nDrawn = 0;
  for (let i = 0; i < edges.length; ++i) {
    if (edges.kind[i] !== FFN_IN) ++nDrawn;
    if (edges.crosses(i)) busy[Math.floor((edges.to[i]! / nTok - 1) / 3)] = 1;
  }
  let outputs: Outputs | null = null;
  const outputsOnce = () => (outputs ??= outputsBySlot(edges, nSlot));
  return { ...route, indexOf, inputStart, columns, busy, nDrawn, outputs: outputsOnce };
}

export const has = (graph: Graph, slot: number): boolean => graph.indexOf[slot]! >= 0;

export function nodeIn(graph: Graph, node: Node): RouteNode | undefined {
  const index = graph.indexOf[slotOf(node, graph.nTok)] ?? -1;
  return index < 0 ? undefined : graph.nodes.at(index);
}

/** Indices of the edges into a slot. */
function inputIndices(graph: Graph, slot: number): number[] {
  const index = graph.indexOf[slot] ?? -1;
  if (index < 0) return [];
  const first = graph.inputStart[index]!;
  return Array.from({ length: graph.inputStart[index + 1]! - first }, (_, i) => first + i);
}

function outputIndices(graph: Graph, slot: number): number[] {
  const { start, edge } = graph.outputs();
  return [...edge.subarray(start[slot], start[slot + 1])];
}

const edgesAt = (graph: Graph, indices: number[]): RouteEdge[] =>
  indices.map((index) => graph.edges.at(index));
export const inputsOf = (graph: Graph, node: Node): RouteEdge[] =>
  edgesAt(graph, inputIndices(graph, slotOf(node, graph.nTok)));
export const outputsOf = (graph: Graph, node: Node): RouteEdge[] =>
  edgesAt(graph, outputIndices(graph, slotOf(node, graph.nTok)));

/** The edges that a subject names: attention and residual between the same nodes share a name. */
export const edgesOf = (graph: Graph, subject: Subject): RouteEdge[] =>
  edgesAt(graph, indicesOf(graph, subject));

function indicesOf(graph: Graph, { from, node }: Subject): number[] {
  if (!from) return [];
  const source = slotOf(from, graph.nTok);
  return inputIndices(graph, slotOf(node, graph.nTok)).filter((index) => graph.edges.from[index] === source);
}

export const subjectOfEdge = (graph: Graph, edge: RouteEdge): Subject => {
  // The two edges of an FFN are one mark; it stands for the block.
  if (edge.kind === 'ffn_in') return { node: nodeOf(edge.to, graph.nTok) };
  if (edge.kind === 'ffn_out') return { node: nodeOf(edge.from, graph.nTok) };
  return { node: nodeOf(edge.to, graph.nTok), from: nodeOf(edge.from, graph.nTok) };
};

/** 1 of what is meant. */
export interface Through {
  /** Edges on any route through the subject. */
  edges: Uint8Array;
  /** Those that it starts or ends, or is. */
  direct: Uint8Array;
  /** Slots. */
  nodes: Uint8Array;
}

type Neighbours = (graph: Graph, slot: number) => number[];

function walk(graph: Graph, start: number, next: Neighbours, end: 'from' | 'to', found: Through): void {
  const seen = new Uint8Array(graph.indexOf.length);
  seen[start] = 1;
  const open = [start];
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    found.nodes[slot] = 1;
    for (const index of next(graph, slot)) {
      found.edges[index] = 1;
      const other = graph.edges[end][index]!;
      if (!seen[other]) open.push(other);
      seen[other] = 1;
    }
  }
}

/** Null where the subject is not on the route. */
export function through(graph: Graph, subject: Subject): Through | null {
  const above = slotOf(subject.node, graph.nTok);
  const below = slotOf(subject.from ?? subject.node, graph.nTok);
  const direct = subject.from
    ? indicesOf(graph, subject)
    : [...inputIndices(graph, above), ...outputIndices(graph, above)];
  if (subject.from ? direct.length === 0 : !has(graph, above)) return null;
  const [edges, nodes] = [graph.edges.length, graph.indexOf.length].map((n) => new Uint8Array(n)) as [
    Uint8Array,
    Uint8Array,
  ];
  for (const index of direct) edges[index] = 1;
  const found: Through = { edges, direct: edges.slice(), nodes };
  walk(graph, above, outputIndices, 'to', found);
  walk(graph, below, inputIndices, 'from', found);
  return found;
}

/** Of every position, the flow that starts at its embedding. */
export function startsOf(graph: Graph): { position: number; flow: number }[] {
  const positions = Array.from({ length: graph.nTok }, (_, position) => position); // slots, too
  return positions
    .filter((position) => has(graph, position))
    .map((position) => ({ position, flow: graph.nodes.flow[graph.indexOf[position]!]! }))
    .sort((a, b) => b.flow - a.flow || a.position - b.position);
}

/** The `count` edges of attention from other tokens with the largest flow, in that order. */
export function strongestCrossings({ edges }: Graph, count: number): RouteEdge[] {
  const best: number[] = [];
  const flowOf = (index: number | undefined): number => edges.flow[index ?? -1] ?? -1;
  let least = -1;
  for (let index = 0; index < edges.length; ++index) {
    if (edges.flow[index]! <= least || !edges.crosses(index)) continue;
    const at = best.findIndex((other) => flowOf(other) < flowOf(index));
    best.splice(at < 0 ? best.length : at, 0, index);
    best.length = Math.min(best.length, count);
    least = best.length === count ? flowOf(best.at(-1)) : -1;
  }
  return best.map((index) => edges.at(index));
}
