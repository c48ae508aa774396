// How the text of a token is shown: blanks and what has no ink get marks.

const BLANKS = /^[ \u00a0\n\r\t]{4,}$/;
const MARKS: Record<string, string> = { ' ': '·', '\u00a0': 'nbsp', '\n': '⏎', '\r': '␍', '\t': '⇥' };
// Controls, zero-width and direction marks, half surrogates, separators, variation selectors.
const INKLESS = /\p{Cc}|\p{Cf}|\p{Cs}|[\u2028\u2029]|\p{Variation_Selector}/gu;

export function visible(text: string): string {
  if (text === '') return '∅';
  if (BLANKS.test(text)) {
    const lines = text.includes('\n') ? '⏎' : '';
    return `${lines}·×${text.length - lines.length}`;
  }
  return text
    .replace(/[ \u00a0\n\r\t]/g, (each) => MARKS[each]!)
    .replace(INKLESS, (each) => `\\u${each.codePointAt(0)!.toString(16).padStart(4, '0')}`);
}

/** As `visible`, for the tokens of a prompt: a piece that begins inside a character says so. */
export const shown = (token: { text: string; continuation?: boolean }): string =>
  (token.continuation ? '…' : '') + visible(token.text);

export const hexBytes = (bytes: number[]): string =>
  bytes.map((each) => each.toString(16).toUpperCase().padStart(2, '0')).join(' ');
