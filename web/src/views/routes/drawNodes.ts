import { hasLabels, yOfStep } from '../../layout/axes';
import { diamondOf, MAX_DRAWN, type Mark } from '../../layout/geometry';
import { has } from '../../layout/graph';
import { nodeOf, slotOf, stateAt, stepOf, type Node, type Subject } from '../../layout/nodes';
import { weight } from '../../text/numbers';
import { mix } from '../../theme/colours';
import type { Emphasis } from './emphasis';
import { visible } from '../../text/token';
import { circle, diamond, fitted, text, tokFont, uiFont, widthOf, type Context, type Scene } from './scene';

/** From this share on a ring says how much of the input the threshold dropped. */
export const MUCH_DROPPED = 0.2;

/** Dots where states are that no route reaches. */
export function drawGhosts(ctx: Context, scene: Scene): void {
  const { axes, graph, colours } = scene;
  if (axes.rows[0]!.height <= 5) return;
  ctx.fillStyle = colours.ghost;
  ctx.beginPath();
  axes.columns.forEach((column, position) => {
    if (column.folded || column.width <= 12) return;
    for (let step = 0; step <= 2 * graph.nLayer; ++step) {
      if (has(graph, slotOf(stateAt(step, position), graph.nTok))) continue;
      const size = step % 2 ? 1.8 : 2.4;
      ctx.rect(column.x - size / 2, yOfStep(axes, step) - size / 2, size, size);
    }
  });
  ctx.fill();
}

const placeOf = (scene: Scene, node: Node): [number, number] => [
  scene.axes.columns[node.position]!.x,
  yOfStep(scene.axes, stepOf(node)),
];

/** Where weak edges are left out, so are the states that only they reach. */
const leastFlow = (scene: Scene): number =>
  scene.marks.length < MAX_DRAWN ? -1 : Math.min(...scene.marks.map(({ edge }) => edge.flow));

function dot(path: Path2D, x: number, y: number, r: number): void {
  path.moveTo(x + r, y);
  path.arc(x, y, r, 0, 2 * Math.PI);
}

export function drawNodes(ctx: Context, scene: Scene, emphasis: Emphasis): void {
  const { axes, graph, colours } = scene;
  const shrink = axes.narrow || axes.rows[0]!.height < 9 ? 0.75 : 1;
  const least = leastFlow(scene);
  const [clear, dim, rings] = [new Path2D(), new Path2D(), new Path2D()];
  const { length, flow, dropped } = graph.nodes;
  for (let i = 0; i < length; ++i) {
    if (flow[i]! < least) continue;
    const slot = graph.nodes.slot[i]!;
    const node = nodeOf(slot, graph.nTok);
    if (node.kind === 'ffn') continue;
    const [x, y] = placeOf(scene, node);
    if (y < axes.margins.top - 14 || y > axes.size.height - axes.margins.bottom + 14) continue;
    const r = (node.kind === 'mid' ? 2 : 2.7) * shrink;
    const faint = emphasis.faint(slot);
    dot(faint ? dim : clear, x, y, r);
    if (dropped[i]! >= MUCH_DROPPED && !faint) dot(rings, x, y, r + 3.2);
  }
  ctx.fillStyle = mix(colours.bg, colours.resid, 0.28);
  ctx.fill(dim);
  ctx.fillStyle = colours.resid;
  ctx.fill(clear);
  ctx.strokeStyle = colours['text-2'];
  ctx.lineWidth = 1.1;
  ctx.setLineDash([1.6, 1.8]);
  ctx.stroke(rings);
  ctx.setLineDash([]);
}

const MIN_LABEL_COLUMN = 84;
const MIN_LABEL_ROW = 20;

/** What routed states after a layer would predict, beside them. */
export function drawNodeLabels(ctx: Context, scene: Scene, emphasis: Emphasis): void {
  const { axes, graph, colours, lens } = scene;
  if (!lens || !hasLabels(axes)) return;
  const font = tokFont(10.5);
  for (const { node, slot } of graph.nodes) {
    const best = node.kind === 'post' ? lens.layers[node.layer]?.[node.position]?.top[0] : undefined;
    const column = axes.columns[node.position]!;
    const roomy = column.width > MIN_LABEL_COLUMN && axes.rows[node.layer]!.height > MIN_LABEL_ROW;
    if (!best || !roomy || emphasis.faint(slot)) continue;
    const [x, y] = placeOf(scene, node);
    const label = fitted(ctx, visible(best.text), column.width * 0.5, font);
    ctx.globalAlpha = 0.86;
    ctx.fillStyle = colours.bg;
    ctx.fillRect(x + 16, y - 6.5, widthOf(ctx, label, font) + 4, 13);
    ctx.globalAlpha = 1;
    text(ctx, label, x + 18, y + 0.5, { font, colour: colours['text-2'] });
  }
}

/** The row and the column of the selection. */
export function drawBands(ctx: Context, scene: Scene): void {
  const { axes, colours, selection } = scene;
  if (!selection) return;
  const column = axes.columns[selection.node.position]!;
  ctx.fillStyle = colours.sunken;
  ctx.globalAlpha = 0.55;
  ctx.fillRect(column.x - column.width / 2, 0, column.width, axes.size.height);
  const row = selection.node.kind === 'embed' ? undefined : axes.rows[selection.node.layer];
  ctx.globalAlpha = 0.75;
  if (row) ctx.fillRect(0, row.top - 1, axes.size.width, row.height);
  ctx.globalAlpha = 1;
}

const markFor = (scene: Scene, subject: Subject): Mark | undefined =>
  scene.marks.find(({ edge, kind }) => {
    if (!subject.from) return kind === 'ffn' && edge.from === slotOf(subject.node, scene.graph.nTok);
    const ends = [subject.from, subject.node].map((node) => slotOf(node, scene.graph.nTok));
    return edge.from === ends[0] && edge.to === ends[1];
  });

function ring(ctx: Context, x: number, y: number, r: number, width: number): void {
  circle(ctx, x, y, r);
  ctx.lineWidth = width;
  ctx.stroke();
}

function outlineFfn(ctx: Context, scene: Scene, node: Node, width: number): void {
  const mark = markFor(scene, { node });
  const column = scene.axes.columns[node.position]!;
  const row = scene.axes.rows[node.layer]!;
  const [x, y] = mark
    ? diamondOf(mark)
    : [column.x + Math.min(13, column.width * 0.28), row.top + 0.21 * row.height];
  ctx.lineWidth = width;
  const path = new Path2D();
  diamond(path, x, y, 8);
  ctx.stroke(path);
}

function edgeLabel(ctx: Context, scene: Scene, mark: Mark): void {
  const label = weight(mark.edge.weight);
  const font = uiFont(11, true);
  const w = widthOf(ctx, label, font) + 8;
  const x = (mark.x1 + mark.x2) / 2;
  ctx.fillStyle = scene.colours.bg;
  ctx.fillRect(x - w / 2, mark.lane - 8, w, 16);
  ctx.strokeStyle = scene.colours.attn;
  ctx.lineWidth = 1;
  ctx.strokeRect(x - w / 2 + 0.5, mark.lane - 7.5, w - 1, 15);
  text(ctx, label, x, mark.lane + 0.5, { font, colour: scene.colours.attn, align: 'center' });
}

export function drawSelection(ctx: Context, scene: Scene): void {
  const { selection, colours, hover } = scene;
  ctx.strokeStyle = colours.text;
  for (const pin of scene.pins) {
    ctx.setLineDash([2.5, 2]);
    const mark = pin.from ? markFor(scene, pin) : undefined;
    if (mark && !Number.isNaN(mark.lane)) ring(ctx, (mark.x1 + mark.x2) / 2, mark.lane, 6, 1.4);
    else if (pin.node.kind === 'ffn') outlineFfn(ctx, scene, pin.node, 1.4);
    else ring(ctx, ...placeOf(scene, pin.node), 7, 1.4);
    ctx.setLineDash([]);
  }
  if (hover?.at === 'subject' && !hover.subject.from && hover.subject.node.kind !== 'ffn') {
    ring(ctx, ...placeOf(scene, hover.subject.node), 6, 1);
  }
  if (!selection) return;
  if (selection.from) {
    for (const node of [selection.from, selection.node]) ring(ctx, ...placeOf(scene, node), 6, 2);
    const mark = markFor(scene, selection);
    if (mark && !Number.isNaN(mark.lane)) edgeLabel(ctx, scene, mark);
  } else if (selection.node.kind === 'ffn') outlineFfn(ctx, scene, selection.node, 2);
  else ring(ctx, ...placeOf(scene, selection.node), 7, 2);
}
