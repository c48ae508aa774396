// The edges of a route as CSV (RFC 4180).
import type { Trace } from '../api/types';
import type { Graph } from '../layout/graph';
import { formatNode, nodeOf } from '../layout/nodes';

/** Quoted where needed. A leading sign would make a formula of a token in some programs: it is quoted with '. */
export function field(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const HEADER = ['kind', 'layer', 'from', 'to', 'from_token', 'to_token', 'weight', 'flow', 'heads'];

export function routeCsv(graph: Graph, trace: Trace): string {
  const name = (slot: number) => formatNode(nodeOf(slot, graph.nTok));
  const text = (position: number) => trace.tokens[position]!.text;
  const rows = [...graph.edges].map(({ kind, layer, from, to, source, target, weight, flow, heads }) => {
    const carried = heads.map(({ head, share }) => `${head}:${share.toFixed(6)}`).join(' ');
    return [
      kind,
      layer,
      name(from),
      name(to),
      text(source),
      text(target),
      weight.toFixed(6),
      flow.toFixed(6),
      carried,
    ];
  });
  return [HEADER, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}
