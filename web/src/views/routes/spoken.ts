import type { Trace } from '../../api/types';
import { nodeIn, edgesOf, type Graph } from '../../layout/graph';
import type { Subject } from '../../layout/nodes';
import { percent, weight } from '../../text/numbers';
import { placeOf } from '../../text/places';
import { shown } from '../../text/token';

/** What a screen reader says of the selection. */
export function spoken(trace: Trace, graph: Graph, subject: Subject | null): string {
  if (!subject) return '';
  const token = (position: number) => `token ${position} ${shown(trace.tokens[position]!)}`;
  const { node, from } = subject;
  if (!from) {
    const found = nodeIn(graph, node);
    const flow = found ? `${percent(found.flow)} of the flow passes` : 'not on the route';
    return `${token(node.position)}, ${placeOf(node)}. ${flow}.`;
  }
  const edges = edgesOf(graph, subject);
  const parts = edges.map((edge) => `${edge.kind} ${weight(edge.weight)}, ${percent(edge.flow)} of the flow`);
  return `From ${token(from.position)} to ${token(node.position)}, ${placeOf(node)}. ${parts.join('; ') || 'Not on the route'}.`;
}
