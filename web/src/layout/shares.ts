// Shares of the parts of every state that a route may reach, as extraction reads them. All numbers are
// float32, as the server computes: sums and comparisons here must come out as they do there.
import type { Shares } from '../api/types';
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

/** Parts of a state after attention. */
export interface MidShares {
  keys: KeyShare[]; // ascending
  residual: number;
  degenerate: boolean;
  strongest: number;
}

/** Parts of a state after the FFN. */
export interface PostShares {
  ffn: number;
  residual: number;
  degenerate: boolean;
}

export interface ShareTable {
  token: number;
  floor: number;
  nLayer: number;
  nTok: number;
  /** The FFN reads the state below the layer, not the one after attention. */
  parallel: boolean;
  /** [layer * nTok + position] */
  mid: (MidShares | undefined)[];
  post: (PostShares | undefined)[];
}

function keysOf(parts: [number, number, number][]): KeyShare[] {
  const keys: KeyShare[] = [];
  for (const [key, head, share] of parts) {
    let last = keys.at(-1);
    if (last?.key !== key) keys.push((last = { key, share: 0, heads: [] }));
    const rounded = Math.fround(share);
    last.heads.push({ head, share: rounded });
    last.share = Math.fround(last.share + rounded);
  }
  return keys;
}

export function shareTable(shares: Shares): ShareTable {
  const { token, floor, n_layer: nLayer, n_tok: nTok, parallel_blocks: parallel } = shares;
  const table: ShareTable = { token, floor: Math.fround(floor), nLayer, nTok, parallel, mid: [], post: [] };
  for (const entry of shares.nodes) {
    const node = parseNode(entry.id);
    if (!node) throw new Error(`shares: expected the name of a node, found '${entry.id}'`);
    const at = node.layer * nTok + node.position;
    const residual = Math.fround(entry.residual);
    if (node.kind === 'mid') {
      const strongest = Math.fround(entry.strongest);
      const { degenerate } = entry;
      table.mid[at] = { keys: keysOf(entry.parts ?? []), residual, degenerate, strongest };
    } else if (node.kind === 'post') {
      table.post[at] = { ffn: Math.fround(entry.ffn ?? 0), residual, degenerate: entry.degenerate };
    }
  }
  return table;
}
