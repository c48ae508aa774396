import { afterEach, expect, test, vi } from 'vitest';
import { BINARY, decodeAttention, isLarge } from './attention';
import { api } from './client';
import type { Token, Trace } from './types';

const tokens = (n: number): Token[] =>
  Array.from({ length: n }, (_, id) => ({
    id,
    text: 'x',
    bytes: [120],
    continuation: false,
    special: false,
  }));

/** One head of two tokens. */
function bytes(): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(8 + 2 * 4 + 2 * 4 + 5 * 4 + 2 * 3 * 4));
  [...'LIMPATT2'].forEach((letter, at) => view.setUint8(at, letter.charCodeAt(0)));
  [2, 1, 3, 4].forEach((value, i) => view.setUint32(8 + 4 * i, value, true));
  [0.5, 0.25, 0.125, 2, 4, 1, 0.75, 0.25, 8, 16, 32].forEach((value, i) =>
    view.setFloat32(24 + 4 * i, value, true),
  );
  return view.buffer;
}

const head = {
  layer: 3,
  head: 4,
  summary: { entropy: 0.5, first: 0.25, first_contribution: 0.125, self: 2, contribution: 4 },
  attention: [[1], [0.75, 0.25]],
  contribution: [[8], [16, 32]],
};

afterEach(() => vi.unstubAllGlobals());

test('binary maps are read', () => {
  expect(decodeAttention(bytes(), tokens(2))).toEqual({ tokens: tokens(2), heads: [head] });
});

test('other bytes are refused', () => {
  expect(() => decodeAttention(bytes().slice(1), tokens(2))).toThrow('LIMPATT2');
  expect(() => decodeAttention(new ArrayBuffer(0), tokens(2))).toThrow('LIMPATT2');
  expect(() => decodeAttention(bytes().slice(0, -4), tokens(2))).toThrow();
  expect(() => decodeAttention(bytes(), tokens(3))).toThrow('found others');
});

test('a megabyte of JSON is the most', () => {
  expect(isLarge(270, 17)).toBe(false);
  expect(isLarge(270, 18)).toBe(true);
});

test('large answers are asked for in binary form', async () => {
  const asked: (string | null)[] = [];
  vi.stubGlobal('fetch', (_url: string, init: RequestInit) => {
    const accept = new Headers(init.headers).get('accept');
    asked.push(accept);
    return Promise.resolve(
      accept === BINARY ? new Response(bytes()) : Response.json({ tokens: tokens(2), heads: [head] }),
    );
  });
  const of = (n_layer: number): Trace => ({ id: '0', tokens: tokens(2), n_layer, n_head: 8 }) as Trace;
  const answers = [
    await api.attention(of(1), {}),
    await api.attention(of(2000), {}),
    await api.attention(of(2000), { layer: 1 }),
    await api.attention(of(2000), { head: '3.4' }),
  ];
  expect(asked).toEqual([null, BINARY, null, null]);
  for (const answer of answers) expect(answer).toEqual(answers[0]);
});
