// The colours of app.css for what CSS does not draw, and mixtures of them.

const NAMES = [
  'bg',
  'surface',
  'sunken',
  'line',
  'line-strong',
  'text',
  'text-2',
  'text-3',
  'ghost',
  'attn',
  'resid',
  'ffn',
  'prob',
] as const;

export type Colours = Record<(typeof NAMES)[number], string> & { dark: boolean };

/** Any way to write an opaque colour as #rrggbb: a minifier may have chosen another than app.css. */
function normalized(colour: string, ctx: CanvasRenderingContext2D): string {
  ctx.fillStyle = colour;
  return ctx.fillStyle;
}

/** As they are now: read again when the theme changes. */
export function readColours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const ctx = document.createElement('canvas').getContext('2d')!;
  const entries = NAMES.map((name) => [name, normalized(style.getPropertyValue(`--${name}`), ctx)]);
  const dark = document.documentElement.dataset.theme === 'dark';
  return { ...(Object.fromEntries(entries) as Record<(typeof NAMES)[number], string>), dark };
}

const channels = (hex: string): number[] => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/** `b` over `a` with opacity `t`, as #rrggbb. */
export function mix(a: string, b: string, t: number): string {
  const [from, to] = [channels(a), channels(b)];
  const mixed = from.map((value, i) => Math.round(value + (to[i]! - value) * t));
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

function luminance(hex: string): number {
  const [r, g, b] = channels(hex).map((value) => {
    const x = value / 255;
    return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

export function contrast(a: string, b: string): number {
  const [x, y] = [luminance(a), luminance(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

export const inkOn = (ground: string, colours: Colours): string =>
  contrast(ground, colours.text) >= contrast(ground, colours.bg) ? colours.text : colours.bg;

/** The ground of a probability: faint at 0, strong at 1. */
export const probabilityGround = (probability: number, colours: Colours): string =>
  mix(colours.bg, colours.prob, 0.05 + (colours.dark ? 0.5 : 0.62) * probability);

/** The ground of a value of attention, relative to the largest. */
export const attentionGround = (value: number, colours: Colours): string =>
  mix(colours.bg, colours.attn, Math.min(1, Math.max(0, value)));
