// What can be saved of the view that is shown.
import { api } from '../api/client';
import type { App } from '../state/app.svelte';
import { image } from '../views/routes/image';
import { routeCsv } from './csv';
import { save } from './save';

export interface ExportItem {
  name: string;
  says: string;
  act: () => Promise<void>;
}

type Query = Omit<Parameters<typeof api.figureFile>[1], 'theme'>;

function svg(app: App, says: string, file: string, query: Query): ExportItem {
  const theme = app.dark ? 'dark' : 'light';
  const act = async () => save(await api.figureFile(app.trace!.id, { ...query, theme }), file);
  return { name: 'SVG', says, act };
}

function routeItems(app: App): ExportItem[] {
  const { trace, graph, out } = app;
  if (!trace || !graph) return [];
  // A page in a file has the figure and the numbers of the route it begins with.
  const threshold = app.saved?.threshold ?? app.link.tau;
  const renormalize = app.saved?.renormalize ?? app.link.renormalize;
  const at = app.saved ? `, at ${threshold.toFixed(3)}` : '';
  const query = { token: out, threshold, renormalize };
  const png = async () => save(await image()!, 'limpid-route.png');
  const csv = async () => save(new Blob([routeCsv(graph, trace)], { type: 'text/csv' }), 'limpid-route.csv');
  const json = async () => save(await api.routeFile(trace.id, query), 'limpid-route.json');
  return [
    svg(app, `for papers${at}`, 'limpid-route.svg', { kind: 'route', ...query }),
    ...(app.link.table ? [] : [{ name: 'PNG', says: 'as on the screen', act: png }]),
    { name: 'JSON', says: `the route${at}`, act: json },
    { name: 'CSV', says: 'its edges', act: csv },
  ];
}

export function exportItems(app: App): ExportItem[] {
  const { view, lens, head } = app.link;
  if (!app.trace) return [];
  if (view === 'routes') return routeItems(app);
  if (app.saved) return [];
  if (view === 'lens') return [svg(app, 'the lens', 'limpid-lens.svg', { kind: 'lens', state: lens })];
  if (view !== 'attention' || !head) return [];
  const name = `${head.layer}.${head.head}`;
  return [svg(app, `head ${name}`, `limpid-head-${name}.svg`, { kind: 'attention', head: name })];
}
