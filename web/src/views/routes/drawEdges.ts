import { diamondOf, trace, type Mark } from '../../layout/geometry';
import { mix } from '../../theme/colours';
import type { Emphasis, Look } from './emphasis';
import { diamond, text, uiFont, widthOf, type Context, type Scene } from './scene';
import { weight } from '../../text/numbers';

const widthOfMark = (share: number, narrow: boolean): number =>
  (0.7 + 2.7 * Math.sqrt(share)) * (narrow ? 0.75 : 1);
const alphaOfMark = (flow: number): number => Math.min(1, 0.3 + 0.7 * flow ** 0.42);

export const colourOf = (mark: Mark, scene: Scene): string =>
  ({ residual: scene.colours.resid, ffn: scene.colours.ffn, attention: scene.colours.attn })[mark.kind];

interface Batch {
  path: Path2D;
  colour: string;
  width: number;
  alpha: number;
}

const STEPS = 20;
const stepsOf = (mark: Mark, look: Look): number =>
  Math.round(STEPS * Math.min(1, alphaOfMark(mark.edge.flow) * look.alpha));

const ORDER = { residual: 0, ffn: 1, attention: 2 };

/** One path for each kind, width and opacity, rounded to steps that no eye tells apart. */
function batches(scene: Scene, emphasis: Emphasis, hot: boolean): Batch[] {
  const found = new Map<number, Batch & { order: number }>();
  for (const mark of scene.marks) {
    const look = emphasis.edge(mark.index);
    if (look.hot !== hot) continue;
    const quarters = Math.round(4 * (widthOfMark(mark.edge.weight, scene.axes.narrow) + look.wider));
    const steps = stepsOf(mark, look);
    const key = (64 * ORDER[mark.kind] + quarters) * 64 + steps;
    let batch = found.get(key);
    if (!batch) {
      const alpha = Math.max(0.02, steps / STEPS);
      const style = { colour: colourOf(mark, scene), width: quarters / 4, alpha };
      found.set(key, (batch = { path: new Path2D(), ...style, order: ORDER[mark.kind] + alpha / 2 }));
    }
    trace(mark, batch.path);
  }
  return [...found.values()].sort((a, b) => a.order - b.order);
}

export function drawEdges(ctx: Context, scene: Scene, emphasis: Emphasis): void {
  for (const hot of [false, true]) {
    for (const { path, colour, width, alpha } of batches(scene, emphasis, hot)) {
      ctx.globalAlpha = alpha;
      ctx.strokeStyle = colour;
      ctx.lineWidth = width;
      ctx.stroke(path);
    }
  }
  ctx.globalAlpha = 1;
}

export function drawDiamonds(ctx: Context, scene: Scene, emphasis: Emphasis): void {
  const paths: (Path2D | undefined)[] = []; // by opacity
  for (const mark of scene.marks) {
    if (mark.kind !== 'ffn') continue;
    const [x, y] = diamondOf(mark);
    const r = Math.min(4.6, 2.2 + 2.6 * Math.sqrt(mark.edge.weight), mark.bulge * 0.7);
    diamond((paths[stepsOf(mark, emphasis.edge(mark.index))] ??= new Path2D()), x, y, r);
  }
  paths.forEach((path, steps) => {
    if (!path) return;
    // Opaque, or the line would show through.
    ctx.fillStyle = mix(scene.colours.bg, scene.colours.ffn, Math.max(0.1, steps / STEPS));
    ctx.fill(path);
  });
}

const MIN_FLOW = 0.05;
const MIN_SPAN = 110;
const MIN_ROW = 14;

/** Of each layer the strongest crossing that has room for a label. */
function labelled(scene: Scene): Mark[] {
  const best = new Map<number, Mark>();
  for (const mark of scene.marks) {
    const { edge } = mark;
    if (Number.isNaN(mark.lane) || edge.flow < MIN_FLOW || Math.abs(mark.x2 - mark.x1) < MIN_SPAN) continue;
    if (edge.flow > (best.get(edge.layer)?.edge.flow ?? 0)) best.set(edge.layer, mark);
  }
  return [...best.values()];
}

/** The weight and the heads of the strongest crossings, above their lines. */
export function drawLabels(ctx: Context, scene: Scene): void {
  const { axes, colours } = scene;
  if (axes.narrow || axes.rows[0]!.height < MIN_ROW) return;
  for (const mark of labelled(scene)) {
    const { heads } = mark.edge;
    const value = weight(mark.edge.weight);
    const names = [...heads]
      .sort((a, b) => b.share - a.share)
      .slice(0, 4)
      .map(({ head }) => head)
      .join(' ');
    const rest = ` head${heads.length > 1 ? 's' : ''} ${names}${heads.length > 4 ? ' …' : ''}`;
    const bold = uiFont(11, true);
    const w = widthOf(ctx, value, bold);
    const x = Math.min(mark.x1, mark.x2) + 20;
    const y = mark.lane - 9;
    ctx.globalAlpha = 0.86;
    ctx.fillStyle = colours.bg;
    ctx.fillRect(x - 3, y - 7, w + widthOf(ctx, rest, uiFont(11)) + 6, 14);
    ctx.globalAlpha = 1;
    text(ctx, value, x, y + 0.5, { font: bold, colour: colours.attn });
    text(ctx, rest, x + w, y + 0.5, { font: uiFont(11), colour: colours['text-2'] });
  }
}
