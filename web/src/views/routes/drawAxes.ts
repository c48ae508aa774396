// Layers at the left, what every token predicts above, tokens and where the route starts below.
import { middleOf, type Axes, type Column } from '../../layout/axes';
import { nodeIn } from '../../layout/graph';
import { percent } from '../../text/numbers';
import { shown, visible } from '../../text/token';
import { fitted, text, tokFont, uiFont, widthOf, type Context, type Scene } from './scene';

const inside = (axes: Axes, column: Column): boolean =>
  column.x >= axes.margins.left - 4 && column.x <= axes.size.width - axes.margins.right + 4;

/** Layers whose numbers have room; the selected one always. */
function drawLayers(ctx: Context, scene: Scene): void {
  const { axes, colours, selection } = scene;
  const x = axes.margins.left - 14;
  const chosen = selection && selection.node.kind !== 'embed' ? selection.node.layer : -1;
  const row = axes.rows[chosen];
  const taken = row ? middleOf(row) : NaN;
  axes.rows.forEach((each, layer) => {
    const y = middleOf(each);
    if (y < axes.margins.top - 2 || y > axes.size.height - axes.margins.bottom) return;
    const every = each.height < 9 ? 5 : each.height < 14.5 ? 2 : 1;
    if (layer !== chosen && (layer % every !== 0 || Math.abs(y - taken) < 11)) return;
    const style = {
      font: uiFont(11, layer === chosen),
      colour: layer === chosen ? colours.text : colours['text-3'],
    };
    text(ctx, String(layer), x, y, { ...style, align: 'right' });
  });
  if (!axes.narrow)
    text(ctx, 'Layer', x, axes.margins.top - 14, {
      font: uiFont(11),
      colour: colours['text-3'],
      align: 'right',
    });
}

function drawOutput(ctx: Context, scene: Scene, position: number): void {
  const { axes, colours, out, hover, trace } = scene;
  const column = axes.columns[position]!;
  const on = position === out;
  const lit = on || (hover?.at === 'output' && hover.position === position);
  const y = axes.margins.top - 14;
  const half = Math.min(5.5, column.width / 2 - 1);
  ctx.beginPath();
  ctx.moveTo(column.x - half, y - 4);
  ctx.lineTo(column.x + half, y - 4);
  ctx.lineTo(column.x, y + 5);
  ctx.closePath();
  ctx.fillStyle = colours.text;
  ctx.strokeStyle = lit ? colours.text : colours['line-strong'];
  ctx.lineWidth = 1.2;
  if (lit) ctx.fill();
  ctx.stroke();
  const best = trace.predictions[position]?.[0];
  if (axes.narrow || column.width <= 30 || !best) return;
  const label = fitted(ctx, visible(best.text), column.width - 6, tokFont(11));
  if (on) {
    const w = Math.max(34, widthOf(ctx, label, tokFont(11)) + 8);
    ctx.fillStyle = colours.text;
    ctx.fillRect(column.x - w / 2, 3, w, 30);
  }
  const ink = on ? colours.bg : undefined;
  text(ctx, label, column.x, 11, { font: tokFont(11), colour: ink ?? colours['text-2'], align: 'center' });
  const chance = percent(best.probability);
  text(ctx, chance, column.x, 25, { font: uiFont(11), colour: ink ?? colours['text-3'], align: 'center' });
}

function drawOutputs(ctx: Context, scene: Scene): void {
  const { axes, colours, out } = scene;
  axes.columns.forEach((column, position) => {
    // Folded columns are too narrow to aim at, but the one explained is always marked.
    if (inside(axes, column) && (position === out || (!column.folded && column.width >= 6)))
      drawOutput(ctx, scene, position);
  });
  if (axes.narrow || axes.columns[out]!.width <= 30) return;
  text(ctx, 'Next', axes.margins.left - 14, 11, {
    font: uiFont(11),
    colour: colours['text-3'],
    align: 'right',
  });
}

interface TokenLook {
  lit: boolean;
  routed: boolean;
  flow: number;
}

function lookOf({ graph, selection, hover }: Scene, position: number): TokenLook {
  const at = (each: { position: number } | undefined) => each?.position === position;
  const lit =
    at(selection?.node) || at(selection?.from) || (hover?.at === 'token' && hover.position === position);
  const embed = nodeIn(graph, { kind: 'embed', layer: 0, position });
  return { lit, routed: graph.columns[position] === 1, flow: embed?.flow ?? 0 };
}

const MIN_FLOW = 0.0005;
const MIN_RUN_LABEL = 18;

function drawVertical(ctx: Context, scene: Scene, position: number, look: TokenLook): void {
  const { axes, colours, trace } = scene;
  const { x, width } = axes.columns[position]!;
  if (width < 9) return;
  const label = fitted(ctx, shown(trace.tokens[position]!), 52, tokFont(11));
  const colour = look.lit || look.routed ? colours.text : colours['text-3'];
  ctx.save();
  ctx.translate(x, axes.size.height - axes.margins.bottom + 10);
  ctx.rotate(-Math.PI / 2);
  text(ctx, label, 0, 0, { font: tokFont(Math.min(11, width)), colour, align: 'right' });
  ctx.restore();
  if (axes.narrow || look.flow < MIN_FLOW) return;
  const flow = { font: uiFont(width < 30 ? 9.5 : 11), colour: colours['text-2'] };
  if (width >= 26)
    return text(ctx, percent(look.flow), x, axes.size.height - 10, { ...flow, align: 'center' });
  ctx.save();
  ctx.translate(x, axes.size.height - 3);
  ctx.rotate(-Math.PI / 2);
  text(ctx, percent(look.flow), 0, 0, flow);
  ctx.restore();
}

function drawHorizontal(ctx: Context, scene: Scene, position: number, look: TokenLook): void {
  const { axes, colours, trace } = scene;
  const { x, width } = axes.columns[position]!;
  const y = axes.size.height - axes.margins.bottom + 16;
  const label = fitted(ctx, shown(trace.tokens[position]!), width - 4, tokFont(12));
  if (look.lit) {
    const w = widthOf(ctx, label, tokFont(12)) + 8;
    ctx.fillStyle = colours.sunken;
    ctx.fillRect(x - w / 2, y - 9, w, 18);
  }
  const colour = look.lit || look.routed ? colours.text : colours['text-3'];
  text(ctx, label, x, y, { font: tokFont(12), colour, align: 'center' });
  text(ctx, String(position), x, y + 15, { font: uiFont(10.5), colour: colours['text-3'], align: 'center' });
  if (look.flow < MIN_FLOW) return;
  const w = Math.min(44, width - 12);
  ctx.fillStyle = colours.line;
  ctx.fillRect(x - w / 2, y + 25, w, 4);
  ctx.fillStyle = colours.text;
  ctx.fillRect(x - w / 2, y + 25, Math.max(1.5, w * Math.min(1, look.flow)), 4);
  text(ctx, percent(look.flow), x, y + 36.5, {
    font: uiFont(11),
    colour: colours['text-2'],
    align: 'center',
  });
}

function drawTokens(ctx: Context, scene: Scene): void {
  const { axes, colours } = scene;
  const bottom = axes.size.height - axes.margins.bottom;
  axes.columns.forEach((column, position) => {
    if (column.folded || !inside(axes, column)) return;
    const look = lookOf(scene, position);
    (axes.vertical ? drawVertical : drawHorizontal)(ctx, scene, position, look);
  });
  for (const run of axes.runs) {
    if (run.width < MIN_RUN_LABEL) continue;
    if (run.x < axes.margins.left - 4 || run.x > axes.size.width - axes.margins.right + 4) continue;
    text(ctx, `+${run.last - run.first + 1}`, run.x, bottom + 16, {
      font: uiFont(11),
      colour: colours['text-3'],
      align: 'center',
    });
  }
  if (axes.narrow) return;
  const y = axes.vertical ? axes.size.height - 10 : bottom + 52.5;
  text(ctx, 'From', axes.margins.left - 14, y, {
    font: uiFont(11),
    colour: colours['text-3'],
    align: 'right',
  });
}

export function drawAxes(ctx: Context, scene: Scene): void {
  drawLayers(ctx, scene);
  drawOutputs(ctx, scene);
  drawTokens(ctx, scene);
}
