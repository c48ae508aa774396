// The route of a prediction, from shares: src/graph/route.cc, with the same nodes and edges in the same order.
import { ATTENTION, Edges, FFN_IN, FFN_OUT, Nodes, RESIDUAL, type Route } from './route';
import type { ShareTable } from './shares';
import { isDiffuse, keepMid, keepPost, keptHeads, type KeepKey } from './threshold';

export interface RouteOptions {
  threshold: number;
  renormalize: boolean;
}

/** How many nodes and edges a route may have. */
function mostOf({ nTok, mid, post, pairs }: ShareTable): { nodes: number; edges: number } {
  let [nMid, nPost] = [0, 0];
  for (const known of mid.known) nMid += known;
  for (const known of post.known) nPost += known;
  return { nodes: nTok + nMid + 2 * nPost, edges: pairs.key.length + nMid + 3 * nPost };
}

class Builder {
  private readonly nodes: Nodes;
  private readonly edges: Edges;
  private readonly tau: number;
  /** Positions of states that the layer below takes. */
  private below: Uint8Array;
  /** Slots: of the row of states below the layer, and of the state that is taken. */
  private rowBelow = 0;
  private mid = 0;

  constructor(
    private readonly shares: ShareTable,
    private readonly options: RouteOptions,
  ) {
    const { token, nTok } = shares;
    const { threshold, renormalize } = options;
    const most = mostOf(shares);
    this.tau = Math.fround(threshold);
    this.nodes = new Nodes(nTok, most.nodes);
    this.edges = new Edges(nTok, most.edges, (layer, target, source) =>
      keptHeads(shares, layer * nTok + target, source, this.tau, renormalize),
    );
    this.below = new Uint8Array(nTok);
    this.below[token] = 1;
  }

  run(): Route {
    const { token, nTok, nLayer, parallel } = this.shares;
    for (let layer = nLayer - 1; layer >= 0; --layer) this.addLayer(layer);
    for (let at = 0; at < nTok; ++at) if (this.below[at]) this.addNode(at);
    const { nodes, edges } = this;
    assignFlow(nodes, edges, (1 + 3 * nLayer) * nTok);
    return { token, nTok, nLayer, parallel, ...this.options, nodes, edges };
  }

  private addLayer(layer: number): void {
    const { nTok } = this.shares;
    const posts = this.below;
    const mids = new Uint8Array(nTok);
    const ffns: { position: number; weight: number }[] = [];
    this.below = new Uint8Array(nTok);
    this.rowBelow = 3 * layer * nTok;
    for (let at = 0; at < nTok; ++at) if (posts[at]) this.addPost(layer, at, mids, ffns);
    for (const ffn of ffns) this.addFfn(ffn.position, ffn.weight, mids);
    for (let at = 0; at < nTok; ++at) if (mids[at]) this.addMid(layer, at);
  }

  private addPost(layer: number, at: number, mids: Uint8Array, ffns: { position: number; weight: number }[]) {
    const { nTok, post } = this.shares;
    const state = layer * nTok + at;
    if (!post.known[state]) throw new Error(`shares: expected post.${layer}@${at}, found none`);
    const kept = keepPost(this.shares, state, this.tau, this.options.renormalize);
    const slot = this.rowBelow + 3 * nTok + at;
    const node = this.addNode(slot);
    this.nodes.dropped[node] = kept.dropped;
    this.nodes.strongest[node] = Math.max(post.ffn[state]!, post.residual[state]!);
    this.nodes.degenerate[node] = post.degenerate[state]!;
    const isEmpty = kept.ffn === 0 && kept.residual === 0;
    this.nodes.diffuse[node] = Number(isEmpty && isDiffuse(post, state, this.tau));
    if (kept.ffn > 0) {
      this.addEdge(slot - nTok, slot, FFN_OUT, kept.ffn);
      ffns.push({ position: at, weight: kept.ffn });
    }
    if (kept.residual > 0) {
      this.addEdge(slot - 2 * nTok, slot, RESIDUAL, kept.residual);
      mids[at] = 1;
    }
  }

  private addFfn(at: number, weight: number, mids: Uint8Array): void {
    const { nTok, parallel } = this.shares;
    const slot = this.rowBelow + 2 * nTok + at;
    this.addNode(slot);
    this.addEdge(parallel ? this.rowBelow + at : slot - nTok, slot, FFN_IN, weight);
    (parallel ? this.below : mids)[at] = 1;
  }

  private addMid(layer: number, query: number): void {
    const { nTok, mid } = this.shares;
    const state = layer * nTok + query;
    if (!mid.known[state]) throw new Error(`shares: expected mid.${layer}@${query}, found none`);
    this.mid = this.rowBelow + nTok + query;
    const node = this.addNode(this.mid);
    const before = this.edges.length;
    const kept = keepMid(this.shares, state, this.tau, this.options.renormalize, this.keepKey);
    this.nodes.dropped[node] = kept.dropped;
    this.nodes.strongest[node] = mid.strongest[state]!;
    this.nodes.degenerate[node] = mid.degenerate[state]!;
    const isEmpty = this.edges.length === before && kept.residual === 0;
    this.nodes.diffuse[node] = Number(isEmpty && isDiffuse(mid, state, this.tau));
    if (kept.residual > 0) {
      this.addEdge(this.rowBelow + query, this.mid, RESIDUAL, kept.residual);
      this.below[query] = 1;
    }
  }

  private readonly keepKey: KeepKey = (key, weight) => {
    this.addEdge(this.rowBelow + key, this.mid, ATTENTION, weight);
    this.below[key] = 1;
  };

  private addNode(slot: number): number {
    this.nodes.slot[this.nodes.length] = slot;
    return this.nodes.length++;
  }

  private addEdge(from: number, to: number, kind: number, weight: number): void {
    const { edges } = this;
    const index = edges.length++;
    edges.from[index] = from;
    edges.to[index] = to;
    edges.kind[index] = kind;
    edges.weight[index] = weight;
  }
}

// 1 at the start; every node hands its flow down its edges in proportion to their weights.
function assignFlow(nodes: Nodes, edges: Edges, nSlot: number): void {
  const flow = new Float64Array(nSlot);
  const { length, from, to, weight } = edges;
  flow[nodes.slot[0]!] = 1;
  let first = 0;
  for (let i = 0; i < nodes.length; ++i) {
    const slot = nodes.slot[i]!;
    const arrived = flow[slot]!;
    nodes.flow[i] = arrived;
    let weights = 0;
    let last = first;
    for (; last < length && to[last] === slot; ++last) weights += weight[last]!;
    for (; first < last; ++first) {
      const passed = arrived * (weight[first]! / weights);
      edges.flow[first] = passed;
      flow[from[first]!]! += passed;
    }
  }
}

/** The route of `shares.token` at a threshold of at least `shares.floor`. */
export const extractRoute = (shares: ShareTable, options: RouteOptions): Route =>
  new Builder(shares, options).run();
