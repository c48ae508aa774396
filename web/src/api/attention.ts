// The binary form of attention maps: a third of the bytes of JSON, and nothing to parse.
import type { Attention, HeadMap, HeadSummary, Token } from './types';

export const BINARY = 'application/octet-stream';
const MAGIC = 'LIMPATT2';
const SUMMARY = ['entropy', 'first', 'first_contribution', 'self', 'contribution'] as const;
/** Larger answers are asked for in binary form. */
const MOST_JSON = 1e6;
/** Of a number and its comma. */
const JSON_BYTES = 12;

export const isLarge = (nMap: number, nTok: number): boolean =>
  nMap * nTok * (nTok + 1) * JSON_BYTES > MOST_JSON;

/** As openapi.json describes it. */
export function decodeAttention(bytes: ArrayBuffer, tokens: Token[]): Attention {
  const view = new DataView(bytes);
  const magic = String.fromCharCode(...new Uint8Array(bytes, 0, Math.min(MAGIC.length, bytes.byteLength)));
  if (magic !== MAGIC) throw new Error(`attention maps: expected ${MAGIC}, found something else`);
  let at = MAGIC.length;
  const integer = () => view.getUint32((at += 4) - 4, true);
  const number = () => view.getFloat32((at += 4) - 4, true);
  const nTok = integer();
  const rows = () => Array.from({ length: nTok }, (_, query) => Array.from({ length: query + 1 }, number));
  const head = (): HeadMap => ({
    layer: integer(),
    head: integer(),
    summary: Object.fromEntries(SUMMARY.map((name) => [name, number()])) as HeadSummary,
    attention: rows(),
    contribution: rows(),
  });
  const heads = Array.from({ length: integer() }, head);
  if (nTok !== tokens.length || at !== bytes.byteLength) {
    throw new Error('attention maps: expected those of this run, found others');
  }
  return { tokens, heads };
}
