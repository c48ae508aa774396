// What keys do. Movement starts from the selection, or from the prediction's last state.
import { inputsOf, outputsOf, subjectOfEdge } from '../layout/graph';
import { nodeOf, stateAt, stepOf, type Node, type Subject } from '../layout/nodes';
import type { RouteEdge } from '../layout/route';
import { TAU_STEP, type View } from './link';
import type { App } from './app.svelte';
import { tour } from './tour.svelte';

/** What the help lists. */
export const KEYS: [string, string][] = [
  ['← →', 'previous, next token'],
  ['↑ ↓', 'one state up, down'],
  ['[ ]', 'strongest input, output'],
  ['a', 'attention edge into the state'],
  ['f', 'FFN of the state'],
  ['0…9', 'head of the selected edge'],
  ['o', 'explain this token’s prediction'],
  ['p', 'pin the selection'],
  ['Esc', 'clear the selection'],
  ['+ −', 'threshold ± 0.005'],
  ['z', 'fit'],
  ['Ctrl wheel', 'zoom (with Shift: layers only)'],
  ['drag', 'pan'],
  ['c', 'fold what is not on the route'],
  ['r l m', 'routes, lens, attention'],
  ['b', 'the route as a table'],
  ['t', 'theme'],
  ['/', 'edit the prompt'],
  ['Ctrl Enter', 'run'],
  ['?', 'this list'],
];

const VIEW_KEYS: Record<string, View> = { r: 'routes', l: 'lens', m: 'attention' };

/** The state that movement starts from. */
function nodeFrom(app: App): Node {
  const { selection, trace } = app;
  if (!selection) return { kind: 'post', layer: trace!.n_layer - 1, position: app.out };
  const { node } = selection;
  return node.kind === 'ffn' ? { ...node, kind: 'mid' } : node;
}

function move(app: App, steps: number, tokens: number): void {
  const node = nodeFrom(app);
  if (!app.selection) return app.select({ node });
  const clamp = (value: number, last: number) => Math.max(0, Math.min(last, value));
  const step = clamp(stepOf(node) + steps, 2 * app.trace!.n_layer);
  app.select({ node: stateAt(step, clamp(node.position + tokens, app.trace!.tokens.length - 1)) });
}

const largest = (edges: RouteEdge[], by: 'weight' | 'flow'): RouteEdge | undefined =>
  edges.reduce<RouteEdge | undefined>((a, b) => (a && a[by] >= b[by] ? a : b), undefined);

/** Along the strongest edge, to the state at its other end. */
function follow(app: App, end: 'from' | 'to'): void {
  const { graph } = app;
  if (!graph) return;
  const edges = end === 'from' ? inputsOf(graph, nodeFrom(app)) : outputsOf(graph, nodeFrom(app));
  const best = largest(edges, end === 'from' ? 'weight' : 'flow');
  if (!best) return;
  const node = nodeOf(best[end], graph.nTok);
  app.select({ node });
}

function selectAttention(app: App): void {
  const { graph } = app;
  if (!graph) return;
  const node = nodeFrom(app);
  const own = inputsOf(graph, node).filter((edge) => edge.kind === 'attention');
  const step = stepOf(node);
  const below = [...graph.edges].filter(
    (edge) => edge.kind === 'attention' && edge.target === node.position && 2 * edge.layer + 1 <= step,
  );
  const near = below.filter((edge) => edge.layer === Math.max(...below.map((each) => each.layer)));
  const best = largest(own.length > 0 ? own : near, 'flow');
  if (best) app.select(subjectOfEdge(graph, best));
}

function selectFfn(app: App): void {
  const node = nodeFrom(app);
  if (node.kind !== 'embed') app.select({ node: { ...node, kind: 'ffn' } });
}

function pickHead(app: App, key: string): boolean {
  const edge: Subject | null = app.selection;
  const head = Number(key);
  if (!edge?.from || edge.node.kind !== 'mid' || head >= app.trace!.n_head) return false;
  app.link.head = { layer: edge.node.layer, head };
  return true;
}

function onGraph(app: App, key: string): boolean {
  switch (key) {
    case 'ArrowUp':
      move(app, 1, 0);
      return true;
    case 'ArrowDown':
      move(app, -1, 0);
      return true;
    case 'ArrowLeft':
      move(app, 0, -1);
      return true;
    case 'ArrowRight':
      move(app, 0, 1);
      return true;
    case '[':
      follow(app, 'from');
      return true;
    case ']':
      follow(app, 'to');
      return true;
    case 'a':
      selectAttention(app);
      return true;
    case 'f':
      selectFfn(app);
      return true;
    case 'o':
      app.setOut(nodeFrom(app).position);
      return true;
    case 'p':
      app.pin(app.selection);
      return true;
    case 'c':
      app.link.fold = !app.fold;
      return true;
    case 'b':
      app.link.table = !app.link.table;
      return true;
    default:
      return /^\d$/.test(key) && pickHead(app, key);
  }
}

function onPage(app: App, key: string): boolean {
  const view = VIEW_KEYS[key];
  if (view) {
    app.setView(view);
    return true;
  }
  switch (key) {
    case 'Escape':
      if (tour.step) tour.end(app);
      else if (app.run.loading) app.cancel();
      else app.select(null);
      return true;
    case '+':
    case '=':
      app.setTau(app.link.tau + TAU_STEP);
      return true;
    case '-':
    case '−':
      app.setTau(app.link.tau - TAU_STEP);
      return true;
    case 'z':
      app.zoom = { x: 1, y: 1, dx: 0, dy: 0 };
      return true;
    case 't':
      app.link.theme = app.dark ? 'light' : 'dark';
      return true;
    case '/':
      document.getElementById('prompt')?.focus();
      return true;
    case '?':
      app.dialog = 'help';
      return true;
    default:
      return false;
  }
}

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches('input:not([type=range]), textarea, select');
const takesKey = (target: EventTarget | null, key: string): boolean =>
  target instanceof HTMLElement &&
  ((target.matches('button, a, summary') && (key === 'Enter' || key === ' ')) ||
    (target.matches('input[type=range], [role=tab]') && /^(Arrow|Home|End|Page)/.test(key)));

export function onKey(app: App, event: KeyboardEvent): void {
  if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
    event.preventDefault();
    void app.submit();
    return;
  }
  if (isField(event.target)) {
    if (event.key === 'Escape') (event.target as HTMLElement).blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || app.dialog || takesKey(event.target, event.key))
    return;
  const done = onPage(app, event.key) || (app.trace !== null && onGraph(app, event.key));
  if (done) event.preventDefault();
}
