// The limpid server's API (src/server/openapi.json) for developing and testing the page without it.
import { createHash } from 'node:crypto';
import { json, NotRecorded, ProgramFailed, tensors } from './cli.mjs';
import { attentionOf } from './attention.mjs';
import { sharesOf } from './shares.mjs';

const MODEL = 'SmolLM2-135M-Instruct.Q4_1';
export const SAMPLES = [
  'When Mary and John went to the store, John gave a drink to',
  'The capital of France is',
  'def add(a, b):\n    return a',
  '1, 2, 4, 8, 16,',
];
const PACE = Number(process.env.MOCK_PACE ?? 0); // milliseconds that a layer takes

class Refusal extends Error {
  constructor(status, code, message, hint = '') {
    super(message);
    Object.assign(this, { status, code, hint });
  }
}

const traces = new Map();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const bosArgs = (bos) => (bos === 'yes' ? ['--bos'] : bos === 'no' ? ['--no-bos'] : []);

async function idsOf(body) {
  if (body.ids) return body.ids;
  if (!body.prompt) throw new Refusal(400, 'invalid_argument', 'prompt: expected a text, found none');
  return (await json(['tokenize', '--json', ...bosArgs(body.bos), body.prompt])).ids;
}

function explain(ids, extra = []) {
  return json(['explain', '--format', 'json', '--ids', ids.join(','), ...extra]);
}

async function load(trace) {
  const started = Date.now();
  const route = await explain(trace.ids);
  for (let layer = 0; layer < route.model.n_layer && PACE; ++layer) {
    if (trace.state === 'cancelled') return;
    trace.progress = { stage: 'forward', fraction: layer / route.model.n_layer, position: 0 };
    await sleep(PACE);
  }
  const lens = await json(['lens', '--format', 'json', '--ids', trace.ids.join(','), '--top', '5']);
  Object.assign(trace, {
    state: 'done',
    model: MODEL,
    tokens: route.tokens,
    n_layer: route.model.n_layer,
    n_head: route.model.n_head,
    d_model: route.model.d_model,
    seconds: (Date.now() - started) / 1000,
    warnings: route.warnings,
    predictions: lens.layers.at(-1).map((cell) => cell.top),
  });
}

async function startTrace({ body }) {
  if (body.model && body.model !== MODEL) {
    throw new Refusal(422, 'corrupt', `${body.model}: expected 30 layers, found the end of the file in layer 21`, 'The download is probably incomplete.');
  }
  const ids = await idsOf(body);
  const id = createHash('sha256').update(ids.join(',')).digest('hex').slice(0, 16);
  let trace = traces.get(id);
  if (!trace || trace.state === 'cancelled' || trace.state === 'error') {
    trace = { id, ids, state: 'running', progress: { stage: 'load', fraction: 0, position: 0 } };
    traces.set(id, trace);
    trace.ready = load(trace).catch((error) => {
      trace.state = 'error';
      trace.error = error;
    });
  }
  return trace.state === 'done' ? [200, publicTrace(trace)] : [202, { id, state: 'running', position: 0 }];
}

function publicTrace({ ids: _ids, ready: _ready, error: _error, ...rest }) {
  return rest;
}

async function doneTrace(id) {
  const trace = traces.get(id);
  if (!trace) throw new Refusal(404, 'not_found', `trace: expected a known id, found '${id}'`);
  await trace.ready;
  if (trace.error) throw trace.error;
  return trace;
}

async function events({ params, response }) {
  const trace = traces.get(params[0]);
  if (!trace) throw new Refusal(404, 'not_found', 'trace: expected a known id');
  const send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  while (trace.state === 'running') {
    send('progress', trace.progress);
    await sleep(Math.max(20, PACE));
  }
  if (trace.state === 'done') send('done', { id: trace.id });
  else if (trace.error) send('error', asError(trace.error).body);
  response.end();
}

function cancel({ params }) {
  const trace = traces.get(params[0]);
  if (trace && trace.state === 'running') trace.state = 'cancelled';
  return [200, {}];
}

async function route({ params, query }) {
  const { ids } = await doneTrace(params[0]);
  const token = query.get('token') ?? '-1';
  const mode = query.get('renormalize') === 'false' ? ['--no-renormalize'] : [];
  return [200, await explain(ids, ['--token', token, '--threshold', query.get('threshold') ?? '0.04', ...mode])];
}

async function shares({ params, query }) {
  const { ids, n_layer } = await doneTrace(params[0]);
  const token = Number(query.get('token') ?? -1);
  return [200, await sharesOf(ids, n_layer, token < 0 ? token + ids.length : token, Math.fround(Number(query.get('floor') ?? 0.01)))];
}

async function inspect({ params, query }) {
  const { ids } = await doneTrace(params[0]);
  const args = ['inspect', '--format', 'json', '--ids', ids.join(','), query.get('node')];
  if (query.get('normalize')) args.push('--normalize', query.get('normalize'));
  if (query.get('target')) args.push('--target', query.get('target'));
  return [200, await json(args)];
}

async function lens({ params, query }) {
  const { ids } = await doneTrace(params[0]);
  const args = ['lens', '--format', 'json', '--ids', ids.join(','), '--state', query.get('state') ?? 'post', '--top', query.get('top') ?? '1'];
  for (const token of query.getAll('rank_of')) args.push('--rank-of', token);
  if (query.get('token')) args.push('--token', query.get('token'));
  return [200, await json(args)];
}

async function attention({ params, query }) {
  const trace = await doneTrace(params[0]);
  const shares = await tensors(trace.ids, 'contribution.attention*', 'contribution.ffn*');
  const all = new Map([...shares, ...(await tensors(trace.ids, 'attention.*'))]);
  return [200, attentionOf(trace, all, query.get('head'), query.get('layer'))];
}

async function generate({ body, response }) {
  const ids = [...(await idsOf(body))];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (event, data) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  for (let index = 0; index < Math.min(body.max_tokens, 8); ++index) {
    const [best] = (await explain(ids)).predictions;
    send('token', { id: best.id, text: best.text, probability: best.probability, index: ids.length });
    ids.push(best.id);
  }
  const [, { id }] = await startTrace({ body: { ids } });
  await traces.get(id).ready;
  send('done', { trace: id, reason: 'length' });
  response.end();
}

const config = () => [200, { version: '0.0.0', demo: false, default_model: MODEL, sample_prompts: SAMPLES, max_prompt_tokens: 512, upload_allowed: false, backend: ['cpu'], limits: {} }];
const models = () => [200, { models: [{ name: MODEL, loaded: true, family: 'llama', n_layer: 30, n_head: 9, d_model: 576, n_vocab: 49152, n_bytes: 97471872, source: 'default' }, { name: 'broken.gguf', loaded: false, source: 'folder' }], default: MODEL }];

const ROUTES = [
  ['GET', /^\/config$/, config],
  ['GET', /^\/models$/, models],
  ['GET', /^\/models\/[^/]+$/, async () => [200, await json(['info', '--format', 'json'])]],
  ['POST', /^\/models\/[^/]+\/tokenize$/, async ({ body }) => [200, await json(['tokenize', '--json', ...bosArgs(body.bos), body.prompt])]],
  ['POST', /^\/traces$/, startTrace],
  ['GET', /^\/traces\/([^/]+)$/, async ({ params }) => [200, publicTrace(await doneTrace(params[0]))]],
  ['DELETE', /^\/traces\/([^/]+)$/, cancel],
  ['GET', /^\/traces\/([^/]+)\/events$/, events],
  ['GET', /^\/traces\/([^/]+)\/route$/, route],
  ['GET', /^\/traces\/([^/]+)\/shares$/, shares],
  ['GET', /^\/traces\/([^/]+)\/inspect$/, inspect],
  ['GET', /^\/traces\/([^/]+)\/lens$/, lens],
  ['GET', /^\/traces\/([^/]+)\/attention$/, attention],
  ['POST', /^\/generate$/, generate],
];

function asError(error) {
  if (error instanceof Refusal) return { status: error.status, body: { error: { code: error.code, message: error.message, hint: error.hint } } };
  if (error instanceof NotRecorded) return { status: 404, body: { error: { code: 'not_found', message: `mock: expected a recorded answer, found none to '${error.message}'`, hint: 'LIMPID_BIN=../build/release/limpid records it' } } };
  if (error instanceof ProgramFailed) return { status: 400, body: { error: { code: 'invalid_argument', message: error.message.replace(/^error: /, ''), hint: '' } } };
  return { status: 500, body: { error: { code: 'internal', message: String(error), hint: '' } } };
}

async function readBody(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : {};
}

/** A connect middleware for everything under /api/v1. */
export async function mockApi(request, response, next) {
  const url = new URL(request.url, 'http://localhost');
  if (!url.pathname.startsWith('/api/v1/')) return next();
  const path = url.pathname.slice('/api/v1'.length);
  const reply = (status, body) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  try {
    for (const [method, pattern, handle] of ROUTES) {
      const match = request.method === method && pattern.exec(path);
      if (!match) continue;
      const body = method === 'POST' ? await readBody(request) : {};
      const answer = await handle({ params: match.slice(1), query: url.searchParams, body, response });
      if (answer) reply(...answer);
      return;
    }
    throw new Refusal(404, 'not_found', `path: expected one of the API's, found '${path}'`);
  } catch (error) {
    const { status, body } = asError(error);
    if (response.headersSent) response.end();
    else reply(status, body);
  }
}
