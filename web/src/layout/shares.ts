// Shares of the parts of every state that a route may reach, in columns: extraction reads all of them at every
// step of the threshold. All numbers are float32, as the server computes: sums and comparisons here must come
// out as they do there.
import type { Shares, ShareNode } from '../api/types';
import { parseNode } from './nodes';

export interface HeadShare {
  head: number;
  share: number;
}

export interface KeyShare {
  key: number;
  share: number; // of all heads
  heads: HeadShare[]; // by head
}

/** Of states, at [layer * nTok + position]. */
export interface States {
  known: Uint8Array; // 1: the answer has it
  degenerate: Uint8Array;
  residual: Float32Array;
  patch: Float32Array; // what a run that replaced something put in: in the sum, but no edge carries it
}

/** After attention. The keys of a state, ascending, are pairs[first[at]] to pairs[last[at] - 1]. */
export interface MidStates extends States {
  strongest: Float32Array;
  first: Int32Array;
  last: Int32Array;
}

/** After the FFN. */
export interface PostStates extends States {
  ffn: Float32Array;
}

/** A state and a key. The heads of pair i, ascending, are at firstHead[i] to firstHead[i + 1] - 1. */
export interface Pairs {
  key: Int32Array;
  share: Float32Array; // of all heads
  firstHead: Int32Array;
  head: Int32Array;
  headShare: Float32Array;
}

export interface ShareTable {
  token: number;
  floor: number;
  nLayer: number;
  nTok: number;
  /** The FFN reads the state below the layer, not the one after attention. */
  parallel: boolean;
  mid: MidStates;
  post: PostStates;
  pairs: Pairs;
}

function emptyTable({
  token,
  floor,
  n_layer: nLayer,
  n_tok: nTok,
  parallel_blocks,
  nodes,
}: Shares): ShareTable {
  const n = nLayer * nTok;
  const nHead = nodes.reduce((sum, { parts }) => sum + (parts?.length ?? 0), 0);
  const states = () => ({
    known: new Uint8Array(n),
    degenerate: new Uint8Array(n),
    residual: new Float32Array(n),
    patch: new Float32Array(n),
  });
  const bounds = { first: new Int32Array(n), last: new Int32Array(n) };
  const pairs = {
    key: new Int32Array(nHead),
    share: new Float32Array(nHead),
    firstHead: new Int32Array(nHead + 1),
  };
  const heads = { head: new Int32Array(nHead), headShare: new Float32Array(nHead) };
  return {
    ...{ token, floor: Math.fround(floor), nLayer, nTok, parallel: parallel_blocks },
    mid: { ...states(), ...bounds, strongest: new Float32Array(n) },
    post: { ...states(), ffn: new Float32Array(n) },
    pairs: { ...pairs, ...heads },
  };
}

/** Fills a table from its start. */
class Filling {
  private nPair = 0;
  private nHead = 0;

  constructor(readonly table: ShareTable) {}

  addMid(at: number, entry: ShareNode): void {
    const { mid, pairs } = this.table;
    mid.strongest[at] = entry.strongest;
    mid.first[at] = this.nPair;
    for (const [key, head, share] of entry.parts ?? []) {
      const isNew = this.nPair === mid.first[at] || pairs.key[this.nPair - 1] !== key;
      if (isNew) pairs.key[this.nPair++] = key;
      pairs.head[this.nHead] = head;
      pairs.headShare[this.nHead] = share;
      pairs.share[this.nPair - 1]! += pairs.headShare[this.nHead++]!;
      pairs.firstHead[this.nPair] = this.nHead;
    }
    mid.last[at] = this.nPair;
  }
}

export function shareTable(shares: Shares): ShareTable {
  const table = emptyTable(shares);
  const filling = new Filling(table);
  for (const entry of shares.nodes) {
    const node = parseNode(entry.id);
    if (!node) throw new Error(`shares: expected the name of a node, found '${entry.id}'`);
    if (node.kind !== 'mid' && node.kind !== 'post') continue;
    const at = node.layer * table.nTok + node.position;
    const states = table[node.kind];
    states.known[at] = 1;
    states.degenerate[at] = Number(entry.degenerate);
    states.residual[at] = entry.residual;
    states.patch[at] = entry.patch ?? 0;
    if (node.kind === 'mid') filling.addMid(at, entry);
    else table.post.ffn[at] = entry.ffn ?? 0;
  }
  return table;
}

/** The heads of a pair. */
export const headsOfPair = ({ pairs }: ShareTable, pair: number): HeadShare[] =>
  Array.from({ length: pairs.firstHead[pair + 1]! - pairs.firstHead[pair]! }, (_, i) => {
    const at = pairs.firstHead[pair]! + i;
    return { head: pairs.head[at]!, share: pairs.headShare[at]! };
  });

/** The keys of a state after attention; none of a state that the answer does not have. */
export function keysOf(table: ShareTable, layer: number, position: number): KeyShare[] {
  const { mid, pairs, nTok } = table;
  const at = layer * nTok + position;
  const first = mid.first[at] ?? 0;
  return Array.from({ length: (mid.last[at] ?? 0) - first }, (_, i) => {
    const pair = first + i;
    return { key: pairs.key[pair]!, share: pairs.share[pair]!, heads: headsOfPair(table, pair) };
  });
}
