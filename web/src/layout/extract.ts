// The route of a prediction, from shares: src/graph/route.cc, with the same nodes and edges in the same order.
import { type Node, slotOf, stateBelow } from './nodes';
import type { HeadShare, ShareTable } from './shares';
import { keepMid, keepPost } from './threshold';

export type EdgeKind = 'attention' | 'residual' | 'ffn_in' | 'ffn_out';

export interface RouteNode {
  node: Node;
  slot: number;
  flow: number; // share of the prediction that passes
  dropped: number; // share of the input that the threshold dropped
  strongest: number;
  diffuse: boolean;
  degenerate: boolean;
}

export interface RouteEdge {
  from: number; // slots
  to: number;
  kind: EdgeKind;
  layer: number;
  source: number; // positions
  target: number;
  weight: number; // share of the target
  flow: number;
  heads: HeadShare[];
}

export interface Route {
  token: number;
  threshold: number;
  renormalize: boolean;
  nTok: number;
  nLayer: number;
  parallel: boolean;
  nodes: RouteNode[];
  /** Grouped by target, in the order of nodes. */
  edges: RouteEdge[];
}

export interface RouteOptions {
  threshold: number;
  renormalize: boolean;
}

const NOTHING: HeadShare[] = [];

class Builder {
  private readonly route: Route;
  private readonly tau: number;
  private below: Uint8Array;

  constructor(
    private readonly shares: ShareTable,
    private readonly options: RouteOptions,
  ) {
    const { token, nTok, nLayer, parallel } = shares;
    this.route = { token, nTok, nLayer, parallel, ...options, nodes: [], edges: [] };
    this.tau = Math.fround(options.threshold);
    this.below = new Uint8Array(nTok);
    this.below[token] = 1;
  }

  run(): Route {
    for (let layer = this.shares.nLayer - 1; layer >= 0; --layer) this.addLayer(layer);
    for (let at = 0; at < this.shares.nTok; ++at) {
      if (this.below[at]) this.addNode(stateBelow(0, at));
    }
    assignFlow(this.route);
    return this.route;
  }

  private addLayer(layer: number): void {
    const { nTok } = this.shares;
    const posts = this.below;
    const mids = new Uint8Array(nTok);
    const ffns: { position: number; weight: number }[] = [];
    this.below = new Uint8Array(nTok);
    for (let at = 0; at < nTok; ++at) if (posts[at]) this.addPost(layer, at, mids, ffns);
    for (const ffn of ffns) this.addFfn(layer, ffn.position, ffn.weight, mids);
    for (let at = 0; at < nTok; ++at) if (mids[at]) this.addMid(layer, at);
  }

  private addPost(layer: number, at: number, mids: Uint8Array, ffns: { position: number; weight: number }[]) {
    const shares = this.shares.post[layer * this.shares.nTok + at];
    if (!shares) throw new Error(`shares: expected post.${layer}@${at}, found none`);
    const kept = keepPost(shares, this.tau, this.options.renormalize);
    const post: Node = { kind: 'post', layer, position: at };
    const diffuse = kept.ffn === 0 && kept.residual === 0 && !shares.degenerate;
    const strongest = Math.max(shares.ffn, shares.residual);
    this.addNode(post, kept.dropped, strongest, diffuse, shares.degenerate);
    if (kept.ffn > 0) {
      this.addEdge({ kind: 'ffn', layer, position: at }, post, 'ffn_out', kept.ffn);
      ffns.push({ position: at, weight: kept.ffn });
    }
    if (kept.residual > 0) {
      this.addEdge({ kind: 'mid', layer, position: at }, post, 'residual', kept.residual);
      mids[at] = 1;
    }
  }

  private addFfn(layer: number, at: number, weight: number, mids: Uint8Array): void {
    const node: Node = { kind: 'ffn', layer, position: at };
    const input: Node = this.shares.parallel ? stateBelow(layer, at) : { kind: 'mid', layer, position: at };
    this.addNode(node);
    this.addEdge(input, node, 'ffn_in', weight);
    (this.shares.parallel ? this.below : mids)[at] = 1;
  }

  private addMid(layer: number, query: number): void {
    const shares = this.shares.mid[layer * this.shares.nTok + query];
    if (!shares) throw new Error(`shares: expected mid.${layer}@${query}, found none`);
    const kept = keepMid(shares, query, this.tau, this.options.renormalize);
    const mid: Node = { kind: 'mid', layer, position: query };
    const { degenerate, strongest } = shares;
    const diffuse = kept.keys.length === 0 && kept.residual === 0 && !degenerate;
    this.addNode(mid, kept.dropped, strongest, diffuse, degenerate);
    for (const { key, weight, heads } of kept.keys) {
      this.addEdge(stateBelow(layer, key), mid, 'attention', weight, heads);
      this.below[key] = 1;
    }
    if (kept.residual > 0) {
      this.addEdge(stateBelow(layer, query), mid, 'residual', kept.residual);
      this.below[query] = 1;
    }
  }

  private addNode(node: Node, dropped = 0, strongest = 0, diffuse = false, degenerate = false): void {
    const slot = slotOf(node, this.shares.nTok);
    this.route.nodes.push({ node, slot, flow: 0, dropped, strongest, diffuse, degenerate });
  }

  private addEdge(start: Node, end: Node, kind: EdgeKind, weight: number, heads = NOTHING): void {
    const { nTok } = this.shares;
    const from = slotOf(start, nTok);
    const to = slotOf(end, nTok);
    const { layer, position: target } = end;
    this.route.edges.push({ from, to, kind, layer, source: start.position, target, weight, flow: 0, heads });
  }
}

// 1 at the start; every node hands its flow down its edges in proportion to their weights.
function assignFlow(route: Route): void {
  const flow = new Float64Array((1 + 3 * route.nLayer) * route.nTok);
  const { edges } = route;
  flow[route.nodes[0]!.slot] = 1;
  let first = 0;
  for (const node of route.nodes) {
    const arrived = flow[node.slot]!;
    node.flow = Math.fround(arrived);
    let weights = 0;
    let last = first;
    for (; edges[last]?.to === node.slot; ++last) weights += edges[last]!.weight;
    for (; first < last; ++first) {
      const edge = edges[first]!;
      const passed = arrived * (edge.weight / weights);
      edge.flow = Math.fround(passed);
      flow[edge.from]! += passed;
    }
  }
}

/** The route of `shares.token` at a threshold of at least `shares.floor`. */
export const extractRoute = (shares: ShareTable, options: RouteOptions): Route =>
  new Builder(shares, options).run();
