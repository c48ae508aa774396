// The two tokens whose logits are compared: the one that is predicted and the one after it, until told
// otherwise.
import { api } from '../api/client';
import type { Lens, Token, Trace } from '../api/types';
import { app } from './app.svelte';
import { Remote } from './remote.svelte';

/** Their ids at the explained position; null where only one token is known. */
export function comparedIds(trace: Trace): { target: number; versus: number | null } {
  const best = trace.predictions[app.out] ?? [];
  const target = app.link.target ?? best[0]?.id ?? 0;
  const other = best.find(({ id }) => id !== target)?.id ?? null;
  return { target, versus: app.link.versus ?? other };
}

/** How a server reads the id of a token. */
export const tokenName = (id: number): string => `#${id}`;

export interface Comparison {
  target: Token;
  versus: Token;
  /** Logit of target minus that of versus after every layer. */
  difference: number[];
  ranks: { target: number; versus: number }[];
  final: { target: { probability: number; rank: number }; versus: { probability: number; rank: number } };
}

export function comparisonOf(lens: Lens | null): Comparison | null {
  const [target, versus] = lens?.chosen ?? [];
  if (!lens || !target || !versus) return null;
  const cells = lens.layers.map((row) => row[0]!.chosen);
  const [first, second] = cells.at(-1)!;
  return {
    target,
    versus,
    difference: cells.map(([a, b]) => a!.logit - b!.logit),
    ranks: cells.map(([a, b]) => ({ target: a!.rank, versus: b!.rank })),
    final: { target: first!, versus: second! },
  };
}

/** To be called while a component is set up. */
export function comparedLens(trace: () => Trace, position: () => number): Remote<Lens> {
  const ids = () => comparedIds(trace());
  return new Remote<Lens>(
    () => {
      const { target, versus } = ids();
      return versus === null ? null : `compare ${trace().id} ${position()} ${target} ${versus}`;
    },
    (signal) => {
      const { target, versus } = ids();
      const rank_of = [target, versus ?? target].map(tokenName);
      return api.lens(trace().id, { state: 'post', top: 1, token: position(), rank_of }, signal);
    },
  );
}
