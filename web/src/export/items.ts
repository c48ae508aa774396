// What can be saved of the view that is shown.
import { api } from '../api/client';
import type { App } from '../state/app.svelte';
import { image } from '../views/routes/image';
import { routeCsv } from './csv';
import { save, saveFrom } from './save';

export interface ExportItem {
  name: string;
  says: string;
  act: () => Promise<void>;
}

type Query = Parameters<typeof api.figureUrl>[1];

function svg(app: App, says: string, file: string, query: Query): ExportItem {
  const theme = app.dark ? 'dark' : 'light';
  const act = () => saveFrom(api.figureUrl(app.trace!.id, { ...query, theme }), file);
  return { name: 'SVG', says, act };
}

function routeItems(app: App): ExportItem[] {
  const { trace, graph, out } = app;
  const { tau: threshold, renormalize, table } = app.link;
  if (!trace || !graph) return [];
  const png = async () => save(await image()!, 'limpid-route.png');
  const csv = async () => save(new Blob([routeCsv(graph, trace)], { type: 'text/csv' }), 'limpid-route.csv');
  const json = () => saveFrom(api.routeUrl(trace.id, out, threshold, renormalize), 'limpid-route.json');
  return [
    svg(app, 'for papers', 'limpid-route.svg', { kind: 'route', token: out, threshold, renormalize }),
    ...(table ? [] : [{ name: 'PNG', says: 'as on the screen', act: png }]),
    { name: 'JSON', says: 'the route', act: json },
    { name: 'CSV', says: 'its edges', act: csv },
  ];
}

export function exportItems(app: App): ExportItem[] {
  const { view, lens, head } = app.link;
  if (!app.trace) return [];
  if (view === 'routes') return routeItems(app);
  if (view === 'lens') return [svg(app, 'the lens', 'limpid-lens.svg', { kind: 'lens', state: lens })];
  if (view !== 'attention' || !head) return [];
  const name = `${head.layer}.${head.head}`;
  return [svg(app, `head ${name}`, `limpid-head-${name}.svg`, { kind: 'attention', head: name })];
}
