// The state that a link carries: everything but what the pointer is doing and how far the graph is zoomed.
import { formatSubject, parseSubject, type Subject } from '../layout/nodes';

export const VIEWS = ['routes', 'lens', 'attention', 'heads', 'tokens', 'generate'] as const;
export type View = (typeof VIEWS)[number];
export const BOS = ['auto', 'yes', 'no'] as const;
export type Bos = (typeof BOS)[number];
export type Theme = 'light' | 'dark';

export interface HeadId {
  layer: number;
  head: number;
}

export interface Link {
  model: string; // empty: the default one
  prompt: string;
  ids: number[]; // instead of a prompt
  chat: boolean; // the prompt is what a user says, in the model's template
  system: string; // what comes before it there
  bos: Bos; // whether a start token comes first; auto: as the model has it
  out: number | null; // the token whose prediction is explained; null: the last one
  tau: number;
  renormalize: boolean;
  view: View;
  table: boolean; // the route as a table
  selection: Subject | null;
  head: HeadId | null;
  neuron: number | null;
  normalize: 'frozen' | 'part' | 'none';
  lens: 'pre' | 'mid' | 'post';
  target: number | null; // ids of tokens
  versus: number | null;
  pins: Subject[];
  fold: boolean | null; // null: as many tokens as there are decide
  theme: Theme | null; // null: the system's
}

export const MIN_TAU = 0.01;
export const MAX_TAU = 0.2;
export const TAU_STEP = 0.005;
export const MAX_PINS = 4;

export const DEFAULTS: Link = {
  model: '',
  prompt: '',
  ids: [],
  chat: false,
  system: '',
  bos: 'auto',
  out: null,
  tau: 0.04,
  renormalize: true,
  view: 'routes',
  table: false,
  selection: null,
  head: null,
  neuron: null,
  normalize: 'frozen',
  lens: 'post',
  target: null,
  versus: null,
  pins: [],
  fold: null,
  theme: null,
};

export function clampTau(value: number): number {
  if (!Number.isFinite(value)) return DEFAULTS.tau;
  return Math.round(Math.min(MAX_TAU, Math.max(MIN_TAU, value)) * 1000) / 1000;
}

const whole = (text: string | null): number | null =>
  text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;

function oneOf<T extends string>(text: string | null, values: readonly T[], otherwise: T): T {
  return values.find((each) => each === text) ?? otherwise;
}

export function parseHead(text: string | null): HeadId | null {
  const match = /^(\d{1,5})\.(\d{1,5})$/.exec(text ?? '');
  return match ? { layer: Number(match[1]), head: Number(match[2]) } : null;
}

const flag = (text: string | null): boolean | null => (text === '1' ? true : text === '0' ? false : null);

/** What is missing or makes no sense is as by default. */
export function parseLink(search: string): Link {
  const query = new URLSearchParams(search);
  const ids = (query.get('ids') ?? '').split(',').map(whole);
  const pins = (query.get('pin') ?? '').split(',').map(parseSubject);
  const theme = query.get('theme');
  return {
    model: query.get('model') ?? '',
    prompt: query.get('prompt') ?? '',
    ids: ids.filter((id) => id !== null),
    chat: flag(query.get('chat')) ?? false,
    system: query.get('system') ?? '',
    bos: oneOf(query.get('bos'), BOS, 'auto'),
    out: whole(query.get('out')),
    tau: query.has('tau') ? clampTau(Number(query.get('tau'))) : DEFAULTS.tau,
    renormalize: flag(query.get('renorm')) ?? true,
    view: oneOf(query.get('view'), VIEWS, 'routes'),
    table: flag(query.get('table')) ?? false,
    selection: parseSubject(query.get('sel') ?? ''),
    head: parseHead(query.get('head')),
    neuron: whole(query.get('neuron')),
    normalize: oneOf(query.get('norm'), ['frozen', 'part', 'none'] as const, 'frozen'),
    lens: oneOf(query.get('lens'), ['pre', 'mid', 'post'] as const, 'post'),
    target: whole(query.get('target')),
    versus: whole(query.get('versus')),
    pins: pins.filter((pin) => pin !== null).slice(0, MAX_PINS),
    fold: flag(query.get('fold')),
    theme: theme === 'light' || theme === 'dark' ? theme : null,
  };
}

/** Without what is as by default; begins with '?', or is empty. */
export function formatLink(link: Link): string {
  const values: [string, string | number | null][] = [
    ['model', link.model],
    ['prompt', link.ids.length > 0 ? '' : link.prompt],
    ['ids', link.ids.join(',')],
    ['chat', link.chat && link.ids.length === 0 ? '1' : null],
    ['system', link.chat && link.ids.length === 0 ? link.system : null],
    ['bos', link.bos === DEFAULTS.bos || link.ids.length > 0 ? null : link.bos],
    ['out', link.out],
    ['tau', link.tau === DEFAULTS.tau ? null : link.tau.toFixed(3)],
    ['renorm', link.renormalize ? null : '0'],
    ['view', link.view === DEFAULTS.view ? null : link.view],
    ['table', link.table ? '1' : null],
    ['sel', link.selection ? formatSubject(link.selection) : null],
    ['head', link.head ? `${link.head.layer}.${link.head.head}` : null],
    ['neuron', link.neuron],
    ['norm', link.normalize === DEFAULTS.normalize ? null : link.normalize],
    ['lens', link.lens === DEFAULTS.lens ? null : link.lens],
    ['target', link.target],
    ['versus', link.versus],
    ['pin', link.pins.map(formatSubject).join(',')],
    ['fold', link.fold === null ? null : Number(link.fold)],
    ['theme', link.theme],
  ];
  const query = new URLSearchParams();
  for (const [name, value] of values) if (value !== null && value !== '') query.set(name, String(value));
  // Node names stay readable: these characters mean nothing in a query.
  const text = query.toString().replaceAll('%40', '@').replaceAll('%2C', ',').replaceAll('-%3E', '->');
  return text ? `?${text}` : '';
}
