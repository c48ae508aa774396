// A page in a file (`limpid explain --html`) has its answers with it and asks no server.
import type { Api } from './client';
import { ApiError } from './errors';
import type * as t from './types';

/** What src/server/snapshot.cc writes. */
export interface Saved {
  version: string;
  model: string;
  token: number; // whose prediction is explained
  threshold: number; // of the route whose parts can be looked at
  renormalize: boolean;
  has_maps: boolean; // of all heads
  left_out: string[];
  trace: t.Trace;
  route: unknown;
  shares: t.Shares;
  lens: Partial<Record<t.LensState, t.Lens>> & { post: t.Lens };
  attention: t.Attention | null;
  parts: Record<string, t.Inspection>; // 'mid.5@3', 'ffn.5@3 frozen', 'logit@3 #17'
  figures: Record<'light' | 'dark', string>;
}

const element = () => document.getElementById('limpid-data');

export const isSaved = (): boolean => element() !== null;

export async function readSaved(): Promise<Saved | null> {
  const text = element()?.textContent;
  if (!text) return null;
  const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return (await new Response(stream).json()) as Saved;
}

const file = (text: string, type: string): Promise<Blob> => Promise.resolve(new Blob([text], { type }));

interface LensQuery {
  state: t.LensState;
  top: number;
  token?: number;
  rank_of?: string[];
}

/** The part of the whole lens that is asked for; null where it has too little. */
export function lensOf({ lens }: Saved, { state, top, token, rank_of = [] }: LensQuery): t.Lens | null {
  const whole = lens[state];
  if (!whole) return null;
  const wanted = token === undefined ? whole.tokens.map((_, position) => position) : [token];
  const columns = wanted.map((position) => whole.positions.indexOf(position));
  const ranked = rank_of.map((name) => whole.chosen.findIndex(({ id }) => `#${id}` === name));
  if ([...columns, ...ranked].includes(-1)) return null;
  return {
    ...whole,
    positions: wanted,
    chosen: ranked.map((at) => whole.chosen[at]!),
    layers: whole.layers.map((row) =>
      columns.map((column) => {
        const cell = row[column]!;
        return { ...cell, top: cell.top.slice(0, top), chosen: ranked.map((at) => cell.chosen[at]!) };
      }),
    ),
  };
}

/** What was read with another token as the target still tells the rest. */
export function partOf(
  { parts }: Saved,
  node: string,
  { normalize = 'frozen', target }: { normalize?: t.Normalize; target?: string },
): t.Inspection | null {
  const found = parts[node] ?? parts[`${node} ${normalize}`] ?? parts[`${node} ${target}`];
  if (!found) return null;
  const first = parts[`${node} frozen`];
  const neurons = first !== found ? first?.neurons?.map((each) => ({ ...each, promotes: null })) : undefined;
  const part: t.Inspection = neurons ? { ...found, neurons } : { ...found };
  if (target !== undefined && part.target && `#${part.target.id}` !== target) {
    delete part.target;
    delete part.adds_to_target;
  }
  return part;
}

/** What only a server can do: the page offers none of it in a file. Anything else must be answered. */
type ServerOnly =
  'status' | 'model' | 'opening' | 'cancelOpening' | 'heads' | 'progress' | 'cancel' | 'generate';

/** Answers in place of the server's. */
export function answersOf(saved: Saved): Omit<Api, ServerOnly> {
  const { trace } = saved;
  const hint = `The file has what the route shows at threshold ${saved.threshold.toFixed(3)}; limpid serve shows everything.`;
  const found = <T>(value: T | null | undefined, what: string): Promise<T> =>
    value
      ? Promise.resolve(value)
      : Promise.reject(new ApiError(0, 'not_saved', `${what}: not in this file.`, hint));
  const { n_layer, n_head, d_model } = trace;
  // Of a server's configuration and its list of models, what the page reads.
  const config = {
    version: saved.version,
    demo: false,
    debug: false,
    default_model: saved.model,
    sample_prompts: [] as string[],
    max_prompt_tokens: trace.tokens.length,
    upload_allowed: false,
    backend: [] as string[],
    precision: [] as string[],
    limits: { max_generated_tokens: 0 },
  } as t.Config;
  const models = [{ name: saved.model, loaded: true, n_layer, n_head, d_model }] as t.ModelEntry[];
  return {
    config: () => Promise.resolve(config),
    models: () => Promise.resolve({ models, default: saved.model }),
    tokenize: () => Promise.resolve({ ids: trace.tokens.map(({ id }) => id), tokens: trace.tokens }),
    open: () => Promise.resolve({ model: saved.model, state: 'done' }),
    start: () => Promise.resolve({ id: trace.id, state: 'done' }),
    trace: () => Promise.resolve(trace),
    shares: (_id, token) => found(token === saved.token ? saved.shares : null, `Token ${token}`),
    inspect: (_id, node, query) => found(partOf(saved, node, query), node),
    lens: (_id, query) => found(lensOf(saved, query), 'This lens'),
    attention: (_id, { head }) => {
      const { attention } = saved;
      if (head === undefined) return found(saved.has_maps ? attention : null, 'Maps of all heads');
      const map = attention?.heads.find((each) => `${each.layer}.${each.head}` === head);
      return found(map && attention ? { ...attention, heads: [map] } : null, `Maps of head ${head}`);
    },
    routeFile: () => file(JSON.stringify(saved.route, null, 2), 'application/json'),
    figureFile: (_id, { theme }) => file(saved.figures[theme === 'dark' ? 'dark' : 'light'], 'image/svg+xml'),
  };
}
