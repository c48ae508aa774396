// What one drawing of the graph needs, and nothing of the page around it: the PNG is drawn from the same.
import type { Lens, Trace } from '../../api/types';
import type { Axes } from '../../layout/axes';
import type { Mark } from '../../layout/geometry';
import type { Graph } from '../../layout/graph';
import type { Hit } from '../../layout/hit';
import type { Subject } from '../../layout/nodes';
import type { Colours } from '../../theme/colours';

export interface Scene {
  trace: Trace;
  graph: Graph;
  axes: Axes;
  marks: Mark[];
  colours: Colours;
  out: number;
  selection: Subject | null;
  pins: Subject[];
  hover: Hit;
  /** Of the explained token, every layer. */
  strip: Lens | null;
  /** Of all tokens, where states have room to say what they would predict. */
  lens: Lens | null;
}

export type Context = CanvasRenderingContext2D;

export const tokFont = (px: number): string => `${px}px Tok, "JetBrains Mono", menlo, consolas, monospace`;
export const uiFont = (px: number, bold = false): string =>
  `${bold ? '600 ' : ''}${px}px UI, Inter, "Segoe UI", arial, sans-serif`;

export interface TextStyle {
  font: string;
  colour: string;
  align?: CanvasTextAlign;
}

const BETWEEN_SIGNS = /(?<=[!-/:-@[-`{-~])(?=[!-/:-@[-`{-~])/;

/** A token in pieces that are drawn one by one: the font would make one arrow of `<|`. */
const piecesOf = (value: string, font: string): string[] =>
  font.includes('Tok') ? value.split(BETWEEN_SIGNS) : [value];

export function text(ctx: Context, value: string, x: number, y: number, style: TextStyle): void {
  const { font, colour, align = 'left' } = style;
  const pieces = piecesOf(value, font);
  ctx.font = font;
  ctx.fillStyle = colour;
  ctx.textBaseline = 'middle';
  ctx.textAlign = pieces.length > 1 ? 'left' : align;
  if (pieces.length === 1) return ctx.fillText(value, x, y);
  let at = x - widthOf(ctx, value, font) * (align === 'center' ? 0.5 : align === 'right' ? 1 : 0);
  for (const piece of pieces) {
    ctx.fillText(piece, at, y);
    at += ctx.measureText(piece).width;
  }
}

export function widthOf(ctx: Context, value: string, font: string): number {
  ctx.font = font;
  return piecesOf(value, font).reduce((sum, piece) => sum + ctx.measureText(piece).width, 0);
}

/** As much of the text as fits, with an ellipsis where it is cut. */
export function fitted(ctx: Context, value: string, width: number, font: string): string {
  if (widthOf(ctx, value, font) <= width) return value;
  const letters = [...value];
  while (letters.length > 0 && widthOf(ctx, `${letters.join('')}…`, font) > width) letters.pop();
  return letters.length > 0 ? `${letters.join('')}…` : '';
}

export function circle(ctx: Context, x: number, y: number, r: number): void {
  ctx.beginPath();
  ctx.arc(x, y, r, 0, 2 * Math.PI);
}

export function diamond(path: Path2D, x: number, y: number, r: number): void {
  path.moveTo(x, y - r);
  path.lineTo(x + r, y);
  path.lineTo(x, y + r);
  path.lineTo(x - r, y);
  path.closePath();
}

/** Draws what `body` draws, cut to a rectangle. */
export function clipped(ctx: Context, x: number, y: number, w: number, h: number, body: () => void): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, w, h);
  ctx.clip();
  body();
  ctx.restore();
}
