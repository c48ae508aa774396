// A route: its nodes and edges in columns, since one of many layers and tokens has a hundred thousand edges and
// a new one is made at every step of the threshold. What is looked at one by one is an object, made when asked for.
import { nodeOf, type Node } from './nodes';
import type { HeadShare } from './shares';

export type EdgeKind = 'attention' | 'residual' | 'ffn_in' | 'ffn_out';
/** What Edges.kind has indices of. */
const KINDS: readonly EdgeKind[] = ['attention', 'residual', 'ffn_in', 'ffn_out'];
export const [ATTENTION, RESIDUAL, FFN_IN, FFN_OUT] = [0, 1, 2, 3] as const;

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
  readonly from: number; // slots
  readonly to: number;
  readonly kind: EdgeKind;
  readonly layer: number;
  readonly source: number; // positions
  readonly target: number;
  readonly weight: number; // share of the target
  readonly flow: number;
  readonly heads: HeadShare[];
}

/** Of each column the first `length` numbers count. */
export class Nodes implements Iterable<RouteNode> {
  length = 0;
  readonly slot: Int32Array;
  readonly flow: Float32Array;
  readonly dropped: Float32Array;
  readonly strongest: Float32Array;
  readonly diffuse: Uint8Array;
  readonly degenerate: Uint8Array;

  constructor(
    private readonly nTok: number,
    most: number,
  ) {
    this.slot = new Int32Array(most);
    this.flow = new Float32Array(most);
    this.dropped = new Float32Array(most);
    this.strongest = new Float32Array(most);
    this.diffuse = new Uint8Array(most);
    this.degenerate = new Uint8Array(most);
  }

  at(index: number): RouteNode {
    const slot = this.slot[index]!;
    return {
      node: nodeOf(slot, this.nTok),
      slot,
      flow: this.flow[index]!,
      dropped: this.dropped[index]!,
      strongest: this.strongest[index]!,
      diffuse: this.diffuse[index] === 1,
      degenerate: this.degenerate[index] === 1,
    };
  }

  mostDropped(): number {
    let most = 0;
    for (let i = 0; i < this.length; ++i) most = Math.max(most, this.dropped[i]!);
    return most;
  }

  *[Symbol.iterator](): Iterator<RouteNode> {
    for (let i = 0; i < this.length; ++i) yield this.at(i);
  }
}

/** Of each column the first `length` numbers count. Grouped by target, in the order of nodes. */
export class Edges implements Iterable<RouteEdge> {
  length = 0;
  readonly from: Int32Array; // slots
  readonly to: Int32Array;
  readonly kind: Uint8Array;
  readonly weight: Float32Array;
  readonly flow: Float32Array;

  /** `heads`: of the attention that a position pays to another in a layer. */
  constructor(
    readonly nTok: number,
    most: number,
    readonly heads: (layer: number, target: number, source: number) => HeadShare[],
  ) {
    this.from = new Int32Array(most);
    this.to = new Int32Array(most);
    this.kind = new Uint8Array(most);
    this.weight = new Float32Array(most);
    this.flow = new Float32Array(most);
  }

  at(index: number): RouteEdge {
    return new EdgeView(this, index);
  }

  /** From one token to another. */
  crosses(index: number): boolean {
    return this.kind[index] === ATTENTION && (this.from[index]! - this.to[index]!) % this.nTok !== 0;
  }

  *[Symbol.iterator](): Iterator<RouteEdge> {
    for (let i = 0; i < this.length; ++i) yield this.at(i);
  }
}

class EdgeView implements RouteEdge {
  readonly from: number;
  readonly to: number;
  readonly kind: EdgeKind;
  readonly layer: number;
  readonly source: number;
  readonly target: number;
  readonly weight: number;
  readonly flow: number;

  constructor(
    private readonly edges: Edges,
    index: number,
  ) {
    const { nTok } = edges;
    this.from = edges.from[index]!;
    this.to = edges.to[index]!;
    this.kind = KINDS[edges.kind[index]!]!;
    this.layer = Math.floor((this.to / nTok - 1) / 3);
    this.source = this.from % nTok;
    this.target = this.to % nTok;
    this.weight = edges.weight[index]!;
    this.flow = edges.flow[index]!;
  }

  get heads(): HeadShare[] {
    const { layer, source, target } = this;
    return this.kind === 'attention' ? this.edges.heads(layer, target, source) : [];
  }
}

export interface Route {
  token: number;
  threshold: number;
  renormalize: boolean;
  nTok: number;
  nLayer: number;
  parallel: boolean;
  nodes: Nodes;
  edges: Edges;
}
