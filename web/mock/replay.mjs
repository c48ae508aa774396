// The server's interface for developing and testing the page: passed on to a server (LIMPID_URL), passed on
// and kept (with LIMPID_RECORD=1), or answered as it was when it was kept.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const folder = join(dirname(fileURLToPath(import.meta.url)), 'recorded');
const server = process.env.LIMPID_URL;
const record = process.env.LIMPID_RECORD === '1';

function fileOf(method, url, body) {
  const name = url.replace('/api/v1/', '').replace(/[?/].*/, '');
  const hash = createHash('sha256').update(`${method} ${url} ${body}`).digest('hex').slice(0, 12);
  return join(folder, `${method.toLowerCase()}-${name}-${hash}.gz`);
}

const isBinary = (type) => type === 'application/octet-stream';

/** `text`: of a binary answer, its bytes in base64. */
async function ask(method, url, body, accept) {
  const headers = { 'content-type': 'application/json', accept };
  const response = await fetch(server + url, { method, headers, body: method === 'POST' ? body : undefined });
  const type = response.headers.get('content-type') ?? '';
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type, text: bytes.toString(isBinary(type) ? 'base64' : 'utf8') };
}

const missing = (method, url) => {
  console.warn(`no recording of ${method} ${url}`);
  const message = `recording: expected an answer to ${method} ${url}, found none`;
  return {
    status: 404,
    type: 'application/json',
    text: JSON.stringify({ error: { code: 'not_found', message, hint: '' } }),
  };
};

async function answer(method, url, body, accept) {
  if (server && !record) return ask(method, url, body, accept);
  const file = fileOf(method, url, body);
  if (existsSync(file)) return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
  if (!server) return missing(method, url);
  const found = await ask(method, url, body, accept);
  mkdirSync(folder, { recursive: true });
  // Why it was kept, for whoever reads a folder of hashes.
  writeFileSync(
    file,
    gzipSync(JSON.stringify({ request: `${method} ${url} ${body}`, ...found }), { level: 9 }),
  );
  return found;
}

/** A connect middleware for everything under /api/v1. */
export async function replay(request, response, next) {
  if (!request.url.startsWith('/api/v1/')) return next();
  let body = '';
  for await (const chunk of request) body += chunk;
  const { accept = '*/*' } = request.headers;
  const { status, type, text } = await answer(request.method, request.url, body, accept);
  response.writeHead(status, { 'content-type': type });
  response.end(Buffer.from(text, isBinary(type) ? 'base64' : 'utf8'));
}
