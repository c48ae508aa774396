// What every layer of the explained token would predict, at the right of the graph.
import { middleOf } from '../../layout/axes';
import { shown, visible } from '../../text/token';
import { inkOn, probabilityGround } from '../../theme/colours';
import { clipped, fitted, text, tokFont, uiFont, widthOf, type Context, type Scene } from './scene';

const TEXT_FROM = 11.5; // px of a row

export function drawStrip(ctx: Context, scene: Scene): void {
  const { axes, colours, strip, trace, out } = scene;
  if (axes.narrow || !strip) return;
  const x = axes.size.width - axes.margins.right + 22;
  const w = axes.margins.right - 32;
  const caption = { font: uiFont(11), colour: colours['text-3'] };
  text(ctx, 'Lens at', x, 11, caption);
  const token = fitted(ctx, shown(trace.tokens[out]!), 54, tokFont(11));
  text(ctx, token, x + widthOf(ctx, 'Lens at', caption.font) + 5, 11, {
    font: tokFont(11),
    colour: colours.text,
  });
  text(ctx, 'Top token', x, axes.margins.top - 14, caption);
  text(ctx, '%', x + w - 5, axes.margins.top - 14, { ...caption, align: 'right' });
  const { top, bottom } = axes.margins;
  clipped(ctx, x - 1, top - 5, w + 2, axes.size.height - top - bottom + 8, () => {
    axes.rows.forEach((row, layer) => {
      const best = strip.layers[layer]?.[0]?.top[0];
      if (!best) return;
      const h = Math.max(2, row.height - 2);
      const y = middleOf(row);
      const ground = probabilityGround(best.probability, colours);
      ctx.fillStyle = ground;
      ctx.fillRect(x, y - h / 2, w, h);
      if (h < TEXT_FROM) return;
      const colour = inkOn(ground, colours);
      text(ctx, fitted(ctx, visible(best.text), w - 36, tokFont(11)), x + 5, y + 0.5, {
        font: tokFont(11),
        colour,
      });
      text(ctx, (100 * best.probability).toFixed(0), x + w - 5, y + 0.5, {
        font: uiFont(11),
        colour,
        align: 'right',
      });
    });
  });
}
