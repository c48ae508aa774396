// Where columns (tokens) and rows (layers) lie, in pixels. Geometry scales with the zoom; text does not.
import type { Graph } from './graph';

export interface Size {
  width: number;
  height: number;
}

export interface Margins {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** Factors of the fitted size, and where its corner has been dragged to (at most 0). */
export interface Zoom {
  x: number;
  y: number;
  dx: number;
  dy: number;
}

export const FITTED: Zoom = { x: 1, y: 1, dx: 0, dy: 0 };
export const MAX_ZOOM = 12;

export interface Column {
  x: number; // the middle
  width: number;
  folded: boolean;
}

export interface Row {
  top: number; // the state after the FFN
  bottom: number; // the state below the layer
  height: number;
}

/** Neighbouring folded columns, drawn as one. */
export interface Run {
  first: number;
  last: number;
  x: number;
  width: number;
}

export interface Axes {
  size: Size;
  margins: Margins;
  columns: Column[];
  runs: Run[];
  rows: Row[]; // by layer
  vertical: boolean; // labels of tokens
  narrow: boolean;
  content: Size; // of what is zoomed and panned over
}

export interface AxesRequest {
  size: Size;
  nTok: number;
  nLayer: number;
  zoom: Zoom;
  narrow: boolean;
  /** Room for the strip of the lens at the right, and for flow below the tokens. */
  strip: boolean;
  fold: boolean;
  graph: Graph | null;
}

/** Above this many tokens columns fold without being told. */
export const FOLD_ABOVE = 64;
const MIN_ROUTED = 14;
const MIN_HORIZONTAL = 46;
const MIN_RUN = 26; // room for "+37"
const QUIET_ROW = 0.38;

function foldedColumns(request: AxesRequest): boolean[] {
  const { nTok, fold, graph } = request;
  return Array.from({ length: nTok }, (_, at) => fold && graph !== null && !graph.columns[at]);
}

/** First and last of every run of folded columns. */
export function runsOf(folded: boolean[]): [number, number][] {
  const runs: [number, number][] = [];
  folded.forEach((each, at) => {
    const last = runs.at(-1);
    if (each && last && last[1] === at - 1) last[1] = at;
    else if (each) runs.push([at, at]);
  });
  return runs;
}

/** Width of every column before zooming. */
function columnWidths(folded: boolean[], inner: number): number[] {
  const nRouted = folded.filter((each) => !each).length;
  const even = inner / Math.max(1, folded.length);
  const widths = folded.map(() => 0);
  let taken = 0;
  for (const [first, last] of runsOf(folded)) {
    const count = last - first + 1;
    const width = Math.min(count * even, Math.max(MIN_RUN, 1.5 * count));
    for (let at = first; at <= last; ++at) widths[at] = width / count;
    taken += width;
  }
  const routed = (inner - taken) / Math.max(1, nRouted);
  const wide = nRouted < folded.length ? Math.max(MIN_ROUTED, routed) : routed;
  return widths.map((width, at) => (folded[at] ? width : wide));
}

function rowWeights({ nLayer, fold, graph }: AxesRequest): number[] {
  return Array.from({ length: nLayer }, (_, l) => (fold && !graph?.busy[l] ? QUIET_ROW : 1));
}

function marginsOf(narrow: boolean, strip: boolean, vertical: boolean): Margins {
  return {
    left: narrow ? 28 : 52,
    right: narrow ? 6 : strip ? 128 : 16,
    top: narrow ? 26 : 52,
    bottom: narrow ? 64 : vertical ? 92 : 60,
  };
}

function placeRows(request: AxesRequest, margins: Margins): Row[] {
  const { nLayer, zoom, size } = request;
  const weights = rowWeights(request);
  const height = (size.height - margins.top - margins.bottom - 10) * zoom.y;
  const sum = weights.reduce((a, b) => a + b, 0) + (request.strip ? 0.35 : 0);
  const rows: Row[] = [];
  let at = margins.top + 6 + zoom.dy;
  for (let layer = nLayer - 1; layer >= 0; --layer) {
    const step = (weights[layer]! / sum) * height;
    rows[layer] = { top: at, bottom: at + step, height: step };
    at += step;
  }
  return rows;
}

export function axesOf(request: AxesRequest): Axes {
  const { size, narrow, strip, zoom } = request;
  const folded = foldedColumns(request);
  const rough = marginsOf(narrow, strip, false);
  const inner = Math.max(1, size.width - rough.left - rough.right);
  const widths = columnWidths(folded, inner);
  const widest = Math.max(...widths) * zoom.x;
  const vertical = narrow || widest < MIN_HORIZONTAL;
  const margins = marginsOf(narrow, strip, vertical);
  const columns: Column[] = [];
  let x = margins.left + zoom.dx;
  widths.forEach((each, at) => {
    const width = each * zoom.x;
    columns.push({ x: x + width / 2, width, folded: folded[at]! });
    x += width;
  });
  const runs = runsOf(folded).map(([first, last]) => {
    const width = columns[first]!.width * (last - first + 1);
    return { first, last, x: (columns[first]!.x + columns[last]!.x) / 2, width };
  });
  const content = {
    width: widths.reduce((a, b) => a + b, 0) * zoom.x,
    height: (size.height - margins.top - margins.bottom) * zoom.y,
  };
  return { size, margins, columns, runs, rows: placeRows(request, margins), vertical, narrow, content };
}

const MID_AT = 0.42; // of a row's height, where the state after attention lies

export function yOfStep(axes: Axes, step: number): number {
  if (step === 0) return axes.rows[0]!.bottom;
  const row = axes.rows[(step - 1) >> 1]!;
  return step % 2 ? row.top + MID_AT * row.height : row.top;
}

export const middleOf = (row: Row): number => (row.top + row.bottom) / 2 - 1;

export const innerSize = ({ size, margins }: Axes): Size => ({
  width: Math.max(1, size.width - margins.left - margins.right),
  height: Math.max(1, size.height - margins.top - margins.bottom),
});

/** The zoom, its offsets kept within a content of the given width. */
function clamped(zoom: Zoom, axes: Axes, width: number): Zoom {
  const inner = innerSize(axes);
  return {
    ...zoom,
    dx: Math.min(0, Math.max(inner.width - width, zoom.dx)),
    dy: Math.min(0, Math.max(inner.height * (1 - zoom.y), zoom.dy)),
  };
}

/** Zoomed by `factor` around a point that stays where it is. */
export function zoomAt(zoom: Zoom, axes: Axes, factor: number, x: number, y: number, onlyRows = false): Zoom {
  const limit = (value: number) => Math.max(1, Math.min(MAX_ZOOM, value));
  const next = { x: onlyRows ? zoom.x : limit(zoom.x * factor), y: limit(zoom.y * factor) };
  const px = x - axes.margins.left;
  const py = y - axes.margins.top;
  const dx = px - ((px - zoom.dx) * next.x) / zoom.x;
  const dy = py - ((py - zoom.dy) * next.y) / zoom.y;
  return clamped({ ...next, dx, dy }, axes, (axes.content.width / zoom.x) * next.x);
}

/** Panned by a distance, within what there is to see. */
export const panBy = (zoom: Zoom, axes: Axes, dx: number, dy: number): Zoom =>
  clamped({ ...zoom, dx: zoom.dx + dx, dy: zoom.dy + dy }, axes, axes.content.width);

/** Whether states have room for a label beside them. */
export const hasLabels = ({ rows, columns, narrow }: Axes): boolean =>
  !narrow && (rows[0]?.height ?? 0) > 34 && Math.max(...columns.map(({ width }) => width)) > 84;

/** Panned sideways as little as brings a column into sight; the same zoom where it is. */
export function reveal(zoom: Zoom, axes: Axes, position: number): Zoom {
  const column = axes.columns[position];
  if (!column) return zoom;
  const half = column.width / 2 - 0.01; // rounding must not move what fits
  const left = axes.margins.left - (column.x - half);
  const right = column.x + half - (axes.size.width - axes.margins.right);
  if (left > 0) return panBy(zoom, axes, left, 0);
  return right > 0 ? panBy(zoom, axes, -right, 0) : zoom;
}
