// The grid of the lens: tokens as columns, layers as rows, in every cell what the state would predict.
import type { Lens, Trace } from '../../api/types';
import { middleOf, type Axes } from '../../layout/axes';
import { percent } from '../../text/numbers';
import { shown, visible } from '../../text/token';
import { inkOn, probabilityGround, type Colours } from '../../theme/colours';
import { clipped, fitted, text, tokFont, uiFont, type Context } from '../routes/scene';

export interface LensCellAt {
  layer: number;
  position: number;
}

export interface LensScene {
  trace: Trace;
  lens: Lens;
  axes: Axes;
  colours: Colours;
  selected: LensCellAt | null;
  hover: LensCellAt | null;
}

export const boxOf = (axes: Axes, { layer, position }: LensCellAt): [number, number, number, number] => {
  const column = axes.columns[position]!;
  const row = axes.rows[layer]!;
  const gap = Math.min(1.5, column.width * 0.1, row.height * 0.1);
  return [column.x - column.width / 2 + gap / 2, row.top + gap / 2, column.width - gap, row.height - gap];
};

export function cellAt(axes: Axes, x: number, y: number): LensCellAt | null {
  const position = axes.columns.findIndex((column) => Math.abs(column.x - x) <= column.width / 2);
  const layer = axes.rows.findIndex((row) => y >= row.top && y < row.bottom);
  return position < 0 || layer < 0 ? null : { layer, position };
}

const MIN_TEXT_WIDTH = 30;
const MIN_TEXT_HEIGHT = 11;
const WITH_NUMBER = 66;

function drawCell(ctx: Context, scene: LensScene, at: LensCellAt): void {
  const best = scene.lens.layers[at.layer]?.[at.position]?.top[0];
  if (!best) return;
  const [x, y, w, h] = boxOf(scene.axes, at);
  const ground = probabilityGround(best.probability, scene.colours);
  ctx.fillStyle = ground;
  ctx.fillRect(x, y, w, h);
  if (w < MIN_TEXT_WIDTH || h < MIN_TEXT_HEIGHT) return;
  const colour = inkOn(ground, scene.colours);
  const numbered = w >= WITH_NUMBER;
  const label = fitted(ctx, visible(best.text), w - (numbered ? 32 : 6), tokFont(11));
  text(ctx, label, x + (numbered ? 5 : 3), y + h / 2 + 0.5, { font: tokFont(11), colour });
  if (!numbered) return;
  text(ctx, (100 * best.probability).toFixed(0), x + w - 4, y + h / 2 + 0.5, {
    font: uiFont(11),
    colour,
    align: 'right',
  });
}

function outline(ctx: Context, scene: LensScene, at: LensCellAt, width: number): void {
  const [x, y, w, h] = boxOf(scene.axes, at);
  ctx.strokeStyle = scene.colours.text;
  ctx.lineWidth = width;
  ctx.strokeRect(x, y, w, h);
}

function drawLayers(ctx: Context, { axes, colours }: LensScene): void {
  const style = { font: uiFont(11), colour: colours['text-3'], align: 'right' as const };
  axes.rows.forEach((row, layer) => {
    const every = row.height < 9 ? 5 : row.height < 14.5 ? 2 : 1;
    const y = middleOf(row) + 1;
    if (layer % every !== 0 || y < axes.margins.top || y > axes.size.height - axes.margins.bottom) return;
    text(ctx, String(layer), axes.margins.left - 14, y, style);
  });
  if (axes.narrow) return;
  text(ctx, 'Layer', axes.margins.left - 14, axes.margins.top - 14, style);
  text(ctx, 'Next', axes.margins.left - 14, 11, style);
}

function drawTokens(ctx: Context, { axes, colours, trace }: LensScene): void {
  axes.columns.forEach((column, position) => {
    if (column.x < axes.margins.left - 4 || column.x > axes.size.width - axes.margins.right + 4) return;
    const token = shown(trace.tokens[position]!);
    const y = axes.size.height - axes.margins.bottom;
    if (axes.vertical) {
      if (column.width < 9) return;
      ctx.save();
      ctx.translate(column.x, y + 10);
      ctx.rotate(-Math.PI / 2);
      text(ctx, fitted(ctx, token, 56, tokFont(11)), 0, 0, {
        font: tokFont(Math.min(11, column.width)),
        colour: colours.text,
        align: 'right',
      });
      ctx.restore();
      return;
    }
    const middle = { colour: colours.text, align: 'center' as const };
    text(ctx, fitted(ctx, token, column.width - 4, tokFont(12)), column.x, y + 16, {
      ...middle,
      font: tokFont(12),
    });
    text(ctx, String(position), column.x, y + 31, {
      ...middle,
      font: uiFont(10.5),
      colour: colours['text-3'],
    });
    const best = trace.predictions[position]?.[0];
    if (!best) return;
    const next = fitted(ctx, visible(best.text), column.width - 6, tokFont(11));
    text(ctx, next, column.x, 11, { ...middle, font: tokFont(11), colour: colours['text-2'] });
    text(ctx, percent(best.probability), column.x, 25, {
      ...middle,
      font: uiFont(11),
      colour: colours['text-3'],
    });
  });
}

export function drawLens(ctx: Context, scene: LensScene): void {
  const { axes, colours } = scene;
  const { left, right, top, bottom } = axes.margins;
  const { width, height } = axes.size;
  ctx.fillStyle = colours.bg;
  ctx.fillRect(0, 0, width, height);
  clipped(ctx, left - 2, top - 8, width - left - right + 4, height - top - bottom + 12, () => {
    for (let layer = 0; layer < axes.rows.length; ++layer) {
      for (let position = 0; position < axes.columns.length; ++position)
        drawCell(ctx, scene, { layer, position });
    }
    if (scene.hover) outline(ctx, scene, scene.hover, 1);
    if (scene.selected) outline(ctx, scene, scene.selected, 2);
  });
  drawLayers(ctx, scene);
  drawTokens(ctx, scene);
}
