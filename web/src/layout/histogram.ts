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
  table.pairs.headShare.forEach(add);
  table.post.ffn.forEach(add);
  return bins;
}
