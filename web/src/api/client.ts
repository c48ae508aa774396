import { BINARY, decodeAttention, isLarge } from './attention';
import { errorOf } from './errors';
import { eventsOf, type ServerEvent } from './events';
import type * as t from './types';

const BASE = '/api/v1';

type Query = Record<string, string | number | boolean | string[] | undefined>;

export function urlOf(path: string, query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) value.forEach((each) => params.append(name, each));
    else if (value !== undefined) params.set(name, String(value));
  }
  const text = params.toString();
  return BASE + path + (text ? `?${text}` : '');
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw await errorOf(response);
  return response;
}

async function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return (await (await ask(urlOf(path, query), { signal })).json()) as T;
}

function posting(body: unknown, signal?: AbortSignal): RequestInit {
  const headers = { 'content-type': 'application/json' };
  return { method: 'POST', headers, body: JSON.stringify(body), signal };
}

const part = encodeURIComponent;

export const api = {
  config: () => get<t.Config>('/config'),
  /** Only of a server that was started to tell: `config.debug`. */
  status: (signal?: AbortSignal) => get<t.Status>('/status', {}, signal),
  models: () => get<t.ModelList>('/models'),
  model: (name: string, signal?: AbortSignal) => get<t.ModelInfo>(`/models/${part(name)}`, {}, signal),

  async tokenize(model: string, prompt: string, signal?: AbortSignal): Promise<t.Tokenization> {
    const response = await ask(urlOf(`/models/${part(model)}/tokenize`), posting({ prompt }, signal));
    return (await response.json()) as t.Tokenization;
  },

  /** Reads a model and decodes its weights; `opening` says how far that is. */
  async open(model: string, signal?: AbortSignal): Promise<t.Opening> {
    return (await (await ask(urlOf(`/models/${part(model)}/open`), posting({}, signal))).json()) as t.Opening;
  },
  async *opening(model: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    yield* eventsOf(await ask(urlOf(`/models/${part(model)}/open/events`), { signal }));
  },
  async cancelOpening(model: string): Promise<void> {
    await ask(urlOf(`/models/${part(model)}/open`), { method: 'DELETE' });
  },

  heads: (model: string, signal?: AbortSignal) =>
    get<t.HeadRoles>(`/models/${part(model)}/heads`, {}, signal),

  async start(request: t.TraceRequest, signal?: AbortSignal): Promise<t.TraceStatus> {
    return (await (await ask(urlOf('/traces'), posting(request, signal))).json()) as t.TraceStatus;
  },
  async *progress(id: string, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    yield* eventsOf(await ask(urlOf(`/traces/${part(id)}/events`), { signal }));
  },
  async cancel(id: string): Promise<void> {
    await ask(urlOf(`/traces/${part(id)}`), { method: 'DELETE' });
  },
  trace: (id: string, signal?: AbortSignal) => get<t.Trace>(`/traces/${part(id)}`, {}, signal),

  shares: (id: string, token: number, floor: number, signal?: AbortSignal) =>
    get<t.Shares>(`/traces/${part(id)}/shares`, { token, floor }, signal),
  inspect: (
    id: string,
    node: string,
    query: { normalize?: t.Normalize; target?: string },
    signal?: AbortSignal,
  ) => get<t.Inspection>(`/traces/${part(id)}/inspect`, { node, ...query }, signal),
  lens: (
    id: string,
    query: { state: t.LensState; top: number; token?: number; rank_of?: string[] },
    signal?: AbortSignal,
  ) => get<t.Lens>(`/traces/${part(id)}/lens`, query, signal),
  /** In binary form where JSON would be large. */
  async attention(
    trace: t.Trace,
    query: { head?: string; layer?: number },
    signal?: AbortSignal,
  ): Promise<t.Attention> {
    const path = `/traces/${part(trace.id)}/attention`;
    const nLayer = query.layer === undefined ? trace.n_layer : 1;
    const nMap = query.head === undefined ? nLayer * trace.n_head : 1;
    if (!isLarge(nMap, trace.tokens.length)) return get<t.Attention>(path, query, signal);
    const response = await ask(urlOf(path, query), { headers: { accept: BINARY }, signal });
    return decodeAttention(await response.arrayBuffer(), trace.tokens);
  },

  async *generate(request: t.GenerateRequest, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    yield* eventsOf(await ask(urlOf('/generate'), posting(request, signal)));
  },

  routeUrl: (id: string, token: number, threshold: number, renormalize: boolean) =>
    urlOf(`/traces/${part(id)}/route`, { token, threshold, renormalize }),
  figureUrl: (id: string, query: Query) => urlOf(`/traces/${part(id)}/figure.svg`, query),
};
