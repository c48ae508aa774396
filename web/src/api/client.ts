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
  attention: (id: string, query: { head?: string; layer?: number }, signal?: AbortSignal) =>
    get<t.Attention>(`/traces/${part(id)}/attention`, query, signal),

  async *generate(request: t.GenerateRequest, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    yield* eventsOf(await ask(urlOf('/generate'), posting(request, signal)));
  },

  routeUrl: (id: string, token: number, threshold: number, renormalize: boolean) =>
    urlOf(`/traces/${part(id)}/route`, { token, threshold, renormalize }),
  figureUrl: (id: string, query: Query) => urlOf(`/traces/${part(id)}/figure.svg`, query),
};
