// How many entries (a key through a head, a residual) of all reachable states lie in each step of the threshold.
import type { ShareTable } from './shares';

export interface Bin {
  from: number;
  count: number;
}

export function histogram(table: ShareTable, from: number, to: number, step: number): Bin[] {
  const n = Math.round((to - from) / step);
  const bins: Bin[] = Array.from({ length: n }, (_, i) => ({ from: from + i * step, count: 0 }));
  const add = (share: number) => {
    const bin = bins[Math.floor((share - from) / step)];
    if (bin && share > from) bin.count += 1;
  };
  for (const mid of table.mid) {
    for (const key of mid?.keys ?? []) for (const { share } of key.heads) add(share);
  }
  for (const post of table.post) if (post) add(post.ffn);
  return bins;
}
