// Which parts of one state survive the threshold, and with what weight: src/graph/threshold.cc, which this
// must agree with to the last bit (extract.test.ts). Sums are double, weights and comparisons float32.
import type { HeadShare, KeyShare, MidShares, PostShares } from './shares';

export interface KeptKey {
  key: number;
  weight: number;
  heads: HeadShare[];
}

export interface KeptMid {
  keys: KeptKey[];
  residual: number; // 0: dropped
  dropped: number;
}

export interface KeptPost {
  ffn: number;
  residual: number;
  dropped: number;
}

const droppedShare = (kept: number, degenerate: boolean): number =>
  degenerate ? 0 : Math.fround(Math.min(1, Math.max(0, 1 - kept)));

function sumAbove(shares: MidShares, tau: number): number {
  let sum = 0;
  for (const pair of shares.keys) {
    if (!(pair.share > tau)) continue; // no part exceeds the pair's sum
    for (const part of pair.heads) if (part.share > tau) sum += part.share;
  }
  return shares.residual > tau ? sum + shares.residual : sum;
}

function keepHeads(pair: KeyShare, tau: number, sum: number): KeptKey {
  const heads: HeadShare[] = [];
  let weight = 0;
  for (const { head, share } of pair.heads) {
    if (!(share > tau)) continue;
    weight += share / sum;
    heads.push({ head, share: Math.fround(share / sum) });
  }
  return { key: pair.key, weight: Math.fround(weight), heads };
}

function keepParts(shares: MidShares, tau: number): KeptMid {
  const sum = sumAbove(shares, tau);
  const kept: KeptMid = { keys: [], residual: 0, dropped: droppedShare(sum, shares.degenerate) };
  if (sum === 0) return kept;
  for (const pair of shares.keys) {
    if (!(pair.share > tau)) continue;
    const key = keepHeads(pair, tau, sum);
    if (key.heads.length > 0) kept.keys.push(key);
  }
  if (shares.residual > tau) kept.residual = Math.fround(shares.residual / sum);
  return kept;
}

function keepGroups(shares: MidShares, query: number, tau: number): KeptMid {
  let own = shares.residual; // self-attention and residual join the same two nodes
  for (const pair of shares.keys) if (pair.key === query) own = Math.fround(own + pair.share);
  const keys: KeptKey[] = [];
  let sum = 0;
  for (const pair of shares.keys) {
    if (!((pair.key === query ? own : pair.share) > tau)) continue;
    if (pair.share > 0) keys.push({ key: pair.key, weight: pair.share, heads: pair.heads });
    sum += pair.share;
  }
  const residual = own > tau ? shares.residual : 0;
  return { keys, residual, dropped: droppedShare(sum + residual, shares.degenerate) };
}

export function keepMid(shares: MidShares, query: number, tau: number, renormalize: boolean): KeptMid {
  return renormalize ? keepParts(shares, tau) : keepGroups(shares, query, tau);
}

export function keepPost(shares: PostShares, tau: number, renormalize: boolean): KeptPost {
  const ffn = shares.ffn > tau ? shares.ffn : 0;
  const residual = shares.residual > tau ? shares.residual : 0;
  const sum = ffn + residual;
  const kept: KeptPost = { ffn: 0, residual: 0, dropped: droppedShare(sum, shares.degenerate) };
  if (sum === 0) return kept;
  const scale = renormalize ? 1 / sum : 1;
  kept.ffn = Math.fround(ffn * scale);
  kept.residual = Math.fround(residual * scale);
  return kept;
}
