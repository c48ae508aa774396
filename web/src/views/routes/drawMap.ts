// The whole graph, small: drawn once for each route, and put below the frame that says what is in sight.
import { innerSize, type Zoom } from '../../layout/axes';
import { trace } from '../../layout/geometry';
import { colourOf } from './drawEdges';
import type { Context, Scene } from './scene';

export const MAP = { width: 150, height: 110, scale: 2 };

/** Of the scene everything but its zoom, which the map is independent of. */
export function drawMap(scene: Scene, zoom: Zoom): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = MAP.scale * MAP.width;
  canvas.height = MAP.scale * MAP.height;
  const ctx = canvas.getContext('2d')!;
  const { margins, content } = scene.axes;
  const sx = MAP.width / content.width;
  const sy = MAP.height / content.height;
  const x = (each: number) => (each - margins.left - zoom.dx) * sx;
  const y = (each: number) => (each - margins.top - zoom.dy) * sy;
  const paths = new Map<string, { path: Path2D; colour: string; alpha: number }>();
  for (const mark of scene.marks) {
    const alpha = 0.25 + 0.75 * (Math.round(10 * Math.min(1, mark.edge.flow)) / 10);
    const key = `${mark.kind} ${alpha}`;
    let batch = paths.get(key);
    if (!batch) paths.set(key, (batch = { path: new Path2D(), colour: colourOf(mark, scene), alpha }));
    const ends = { x1: x(mark.x1), x2: x(mark.x2), y1: y(mark.y1), y2: y(mark.y2) };
    trace({ ...mark, ...ends, lane: y(mark.lane), bulge: mark.bulge * sx }, batch.path);
  }
  ctx.scale(MAP.scale, MAP.scale);
  ctx.lineWidth = 0.8;
  for (const { path, colour, alpha } of paths.values()) {
    ctx.strokeStyle = colour;
    ctx.globalAlpha = alpha;
    ctx.stroke(path);
  }
  return canvas;
}

export function drawFrame(ctx: Context, map: HTMLCanvasElement | null, scene: Scene, zoom: Zoom): void {
  const { content } = scene.axes;
  const inner = innerSize(scene.axes);
  const sx = MAP.width / content.width;
  const sy = MAP.height / content.height;
  ctx.setTransform(MAP.scale, 0, 0, MAP.scale, 0, 0);
  ctx.fillStyle = scene.colours.bg;
  ctx.fillRect(0, 0, MAP.width, MAP.height);
  if (map) ctx.drawImage(map, 0, 0, MAP.width, MAP.height);
  ctx.strokeStyle = scene.colours.text;
  ctx.lineWidth = 1.5;
  const w = Math.min(MAP.width, inner.width * sx) - 2;
  const h = Math.min(MAP.height, inner.height * sy) - 2;
  ctx.strokeRect(-zoom.dx * sx + 1, -zoom.dy * sy + 1, w, h);
}
