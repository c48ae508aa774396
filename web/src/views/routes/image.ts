// The graph on the screen as a PNG. The canvas that is mounted says what there is to draw.
import { draw } from './draw';
import type { Scene } from './scene';

const SCALE = 2;

let source: (() => Promise<Blob>) | null = null;

export function setImageSource(next: (() => Promise<Blob>) | null): void {
  source = next;
}

export const image = (): Promise<Blob> | null => source?.() ?? null;

export function imageOf(scene: Scene): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(scene.axes.size.width * SCALE);
  canvas.height = Math.round(scene.axes.size.height * SCALE);
  const ctx = canvas.getContext('2d')!;
  ctx.scale(SCALE, SCALE);
  draw(ctx, { ...scene, hover: null });
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('The image is too large.'))),
      'image/png',
    );
  });
}
