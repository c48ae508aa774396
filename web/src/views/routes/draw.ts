import { drawAxes } from './drawAxes';
import { drawDiamonds, drawEdges, drawLabels } from './drawEdges';
import { drawBands, drawGhosts, drawNodeLabels, drawNodes, drawSelection } from './drawNodes';
import { drawStrip } from './drawStrip';
import { Emphasis } from './emphasis';
import { clipped, type Context, type Scene } from './scene';

export function draw(ctx: Context, scene: Scene): void {
  const { axes, colours, graph, selection, hover } = scene;
  const { left, right, top, bottom } = axes.margins;
  const { width, height } = axes.size;
  const emphasis = new Emphasis(graph, selection, hover);
  ctx.fillStyle = colours.bg;
  ctx.fillRect(0, 0, width, height);
  clipped(ctx, left - 14, top - 8, width - left - right + 28, height - top - bottom + 20, () => {
    drawBands(ctx, scene);
    drawGhosts(ctx, scene);
    drawEdges(ctx, scene, emphasis);
    if (!emphasis.any) drawLabels(ctx, scene);
    drawDiamonds(ctx, scene, emphasis);
    drawNodes(ctx, scene, emphasis);
    drawNodeLabels(ctx, scene, emphasis);
    drawSelection(ctx, scene);
  });
  drawAxes(ctx, scene);
  drawStrip(ctx, scene);
}
