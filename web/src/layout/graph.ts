// A route with what drawing and walking ask for: edges by node, nodes by slot, what lies on routes through a
// selection.
import type { Route, RouteEdge, RouteNode } from './extract';
import { formatSubject, nodeOf, slotOf, type Node, type Subject } from './nodes';

export interface Graph extends Route {
  bySlot: Map<number, RouteNode>;
  inputs: Map<number, number[]>; // indices of edges
  outputs: Map<number, number[]>;
  /** Positions that some node of the route is at. */
  columns: Uint8Array;
}

function push(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

export function graphOf(route: Route): Graph {
  const graph: Graph = {
    ...route,
    bySlot: new Map(route.nodes.map((node) => [node.slot, node])),
    inputs: new Map(),
    outputs: new Map(),
    columns: new Uint8Array(route.nTok),
  };
  for (const { node } of route.nodes) graph.columns[node.position] = 1;
  route.edges.forEach((edge, index) => {
    push(graph.inputs, edge.to, index);
    push(graph.outputs, edge.from, index);
  });
  return graph;
}

export const nodeIn = (graph: Graph, node: Node): RouteNode | undefined =>
  graph.bySlot.get(slotOf(node, graph.nTok));

const edgesAt = (graph: Graph, map: Map<number, number[]>, node: Node): RouteEdge[] =>
  (map.get(slotOf(node, graph.nTok)) ?? []).map((index) => graph.edges[index]!);
export const inputsOf = (graph: Graph, node: Node): RouteEdge[] => edgesAt(graph, graph.inputs, node);
export const outputsOf = (graph: Graph, node: Node): RouteEdge[] => edgesAt(graph, graph.outputs, node);

/** The edges that a subject names: attention and residual between the same nodes share a name. */
export function edgesOf(graph: Graph, subject: Subject): number[] {
  const { from, node } = subject;
  if (!from) return [];
  const source = slotOf(from, graph.nTok);
  const into = graph.inputs.get(slotOf(node, graph.nTok)) ?? [];
  return into.filter((index) => graph.edges[index]!.from === source);
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

function walk(graph: Graph, start: number[], map: Map<number, number[]>, end: 'from' | 'to', found: Through) {
  const seen = new Set(start);
  const open = [...start];
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    found.nodes.add(slot);
    for (const index of map.get(slot) ?? []) {
      found.edges.add(index);
      const next = graph.edges[index]![end];
      if (!seen.has(next)) open.push(next);
      seen.add(next);
    }
  }
}

/** Null where the subject is not on the route. */
export function through(graph: Graph, subject: Subject): Through | null {
  const found: Through = { edges: new Set(), direct: new Set(), nodes: new Set() };
  const slot = slotOf(subject.node, graph.nTok);
  let above = [slot];
  let below = [slot];
  if (subject.from) {
    const own = edgesOf(graph, subject);
    if (own.length === 0) return null;
    for (const index of own) {
      found.edges.add(index);
      found.direct.add(index);
    }
    below = [slotOf(subject.from, graph.nTok)];
    above = [slot];
  } else {
    if (!graph.bySlot.has(slot)) return null;
    for (const map of [graph.inputs, graph.outputs]) map.get(slot)?.forEach((each) => found.direct.add(each));
  }
  walk(graph, above, graph.outputs, 'to', found);
  walk(graph, below, graph.inputs, 'from', found);
  return found;
}

/** Of every position, the flow that starts at its embedding. */
export function startsOf(graph: Graph): { position: number; flow: number }[] {
  const starts = graph.nodes.filter(({ node }) => node.kind === 'embed');
  return starts
    .map(({ node, flow }) => ({ position: node.position, flow }))
    .sort((a, b) => b.flow - a.flow || a.position - b.position);
}

/** Attention from other tokens, the largest flow first. */
export const crossings = (graph: Graph): RouteEdge[] =>
  graph.edges
    .filter((edge) => edge.kind === 'attention' && edge.source !== edge.target)
    .sort((a, b) => b.flow - a.flow);

export const nameOfEdge = (graph: Graph, edge: RouteEdge): string =>
  formatSubject({ node: nodeOf(edge.to, graph.nTok), from: nodeOf(edge.from, graph.nTok) });
