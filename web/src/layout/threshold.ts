// Which parts of one state survive the threshold, and with what weight: src/graph/threshold.cc, which this
// must agree with to the last bit (extract.test.ts). Sums are double, weights and comparisons float32.
import { headsOfPair, type HeadShare, type ShareTable, type States } from './shares';

export interface Kept {
  residual: number; // 0: dropped
  dropped: number;
}

export interface KeptPost extends Kept {
  ffn: number;
}

/** Called for every key that is kept, in order. */
export type KeepKey = (key: number, weight: number) => void;

// Shares and what was put in sum to 1 up to rounding, so what is missing from `kept` was dropped.
const droppedShare = (kept: number, { degenerate, patch }: States, at: number): number =>
  degenerate[at] ? 0 : Math.fround(Math.min(1, Math.max(0, 1 - kept - patch[at]!)));

function sumAbove({ mid, pairs }: ShareTable, at: number, tau: number): number {
  const { share, firstHead, headShare } = pairs;
  let sum = 0;
  for (let pair = mid.first[at]!; pair < mid.last[at]!; ++pair) {
    if (!(share[pair]! > tau)) continue; // no part exceeds the pair's sum
    for (let i = firstHead[pair]!; i < firstHead[pair + 1]!; ++i)
      if (headShare[i]! > tau) sum += headShare[i]!;
  }
  return mid.residual[at]! > tau ? sum + mid.residual[at]! : sum;
}

function keepParts(table: ShareTable, at: number, tau: number, keep: KeepKey): Kept {
  const { mid, pairs } = table;
  const { share, firstHead, headShare } = pairs;
  const sum = sumAbove(table, at, tau);
  const dropped = droppedShare(sum, mid, at);
  if (sum === 0) return { residual: 0, dropped };
  for (let pair = mid.first[at]!; pair < mid.last[at]!; ++pair) {
    if (!(share[pair]! > tau)) continue;
    let weight = 0;
    for (let i = firstHead[pair]!; i < firstHead[pair + 1]!; ++i) {
      if (headShare[i]! > tau) weight += headShare[i]! / sum;
    }
    if (weight > 0) keep(pairs.key[pair]!, weight);
  }
  return { residual: mid.residual[at]! > tau ? Math.fround(mid.residual[at]! / sum) : 0, dropped };
}

function keepGroups({ mid, pairs }: ShareTable, at: number, query: number, tau: number, keep: KeepKey): Kept {
  const [first, last, { key, share }] = [mid.first[at]!, mid.last[at]!, pairs];
  let own = mid.residual[at]!; // self-attention and residual join the same two nodes
  for (let pair = first; pair < last; ++pair) if (key[pair] === query) own = Math.fround(own + share[pair]!);
  let sum = 0;
  for (let pair = first; pair < last; ++pair) {
    if (!((key[pair] === query ? own : share[pair]!) > tau)) continue;
    if (share[pair]! > 0) keep(key[pair]!, share[pair]!);
    sum += share[pair]!;
  }
  const residual = own > tau ? mid.residual[at]! : 0;
  return { residual, dropped: droppedShare(sum + residual, mid, at) };
}

/** Of the state after attention at [layer * nTok + query]. */
export function keepMid(
  table: ShareTable,
  at: number,
  tau: number,
  renormalize: boolean,
  keep: KeepKey,
): Kept {
  return renormalize ? keepParts(table, at, tau, keep) : keepGroups(table, at, at % table.nTok, tau, keep);
}

/** Of the state after the FFN at [layer * nTok + position]. */
export function keepPost({ post }: ShareTable, at: number, tau: number, renormalize: boolean): KeptPost {
  const ffn = post.ffn[at]! > tau ? post.ffn[at]! : 0;
  const residual = post.residual[at]! > tau ? post.residual[at]! : 0;
  const sum = ffn + residual;
  const dropped = droppedShare(sum, post, at);
  if (sum === 0) return { ffn: 0, residual: 0, dropped };
  const scale = renormalize ? 1 / sum : 1;
  return { ffn: Math.fround(ffn * scale), residual: Math.fround(residual * scale), dropped };
}

/** The heads of a key that is kept. */
export function keptHeads(
  table: ShareTable,
  at: number,
  key: number,
  tau: number,
  renormalize: boolean,
): HeadShare[] {
  const { mid, pairs } = table;
  const pair = pairs.key.subarray(mid.first[at], mid.last[at]).indexOf(key) + mid.first[at]!;
  const heads = headsOfPair(table, pair);
  if (!renormalize) return heads;
  const sum = sumAbove(table, at, tau);
  return heads
    .filter(({ share }) => share > tau)
    .map(({ head, share }) => ({ head, share: Math.fround(share / sum) }));
}

/** Of a state of which nothing is kept. One that was put in ends the route too, but hides nothing. */
export const isDiffuse = ({ degenerate, patch }: States, at: number, tau: number): boolean =>
  !degenerate[at] && !(patch[at]! > tau);
