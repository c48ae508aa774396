import { describe, expect, it } from 'vitest';
import { bytes, contribution, minus, percent, seconds, signed, small } from './numbers';
import { hexBytes, shown, visible } from './token';

describe('tokens', () => {
  it.each([
    [' Mary', '·Mary'],
    ['', '∅'],
    ['\n', '⏎'],
    ['\t', '⇥'],
    ['\u00a0', 'nbsp'],
    ['\u200b', '\\u200b'],
    ['\u0007', '\\u0007'],
    ['\n    ', '⏎·×4'],
    ['      ', '·×6'],
    ['   ', '···'],
    ['漢', '漢'],
    ['👩', '👩'],
    ['a\u202eb', 'a\\u202eb'],
  ])('%j is shown as %s', (text, expected) => expect(visible(text)).toBe(expected));
  it('marks a piece inside a character', () => {
    expect(shown({ text: '漢', continuation: true })).toBe('…漢');
    expect(shown({ text: '漢', continuation: false })).toBe('漢');
  });
  it('writes bytes in hexadecimal', () => expect(hexBytes([0, 10, 255])).toBe('00 0A FF'));
});

describe('numbers', () => {
  it.each([
    [percent(0.923), '92%'],
    [percent(0.0215), '2.1%'],
    [percent(0.0004), '<0.1%'],
    [percent(0), '0%'],
    [percent(1), '100%'],
    [contribution(0.1067), '.107'],
    [contribution(0.0001), '<.001'],
    [contribution(0), '0'],
    [small(0.03471), '.0347'],
    [signed(-1.234), '−1.23'],
    [signed(0.5, 1), '+0.5'],
    [signed(-0.001), '0.00'],
    [minus(-0.04), '0.0'],
    [minus(-12.61), '−12.6'],
    [bytes(97471872), '97.5 MB'],
    [bytes(999), '999 bytes'],
    [seconds(0.00001), '<0.1 ms'],
    [seconds(0.0023), '2.3 ms'],
    [seconds(2.04), '2.0 s'],
  ])('%s', (found, expected) => expect(found).toBe(expected));
});
