// Names of nodes and edges, as the command line and the server write them (docs/method.md).

export type NodeKind = 'embed' | 'mid' | 'ffn' | 'post';

export interface Node {
  kind: NodeKind;
  layer: number; // 0 for embed
  position: number;
}

/** What can be selected: a node, or an edge between two. */
export interface Subject {
  node: Node;
  from?: Node;
}

export const formatNode = (node: Node): string =>
  node.kind === 'embed' ? `embed@${node.position}` : `${node.kind}.${node.layer}@${node.position}`;

export function parseNode(text: string): Node | null {
  const match = /^(?:(embed)|(mid|ffn|post)\.(0|[1-9]\d{0,5}))@(0|[1-9]\d{0,7})$/.exec(text);
  if (!match) return null;
  return {
    kind: (match[1] ?? match[2]) as NodeKind,
    layer: Number(match[3] ?? 0),
    position: Number(match[4]),
  };
}

export const formatSubject = (subject: Subject): string =>
  (subject.from ? `${formatNode(subject.from)}->` : '') + formatNode(subject.node);

export function parseSubject(text: string): Subject | null {
  const names = text.split('->').map(parseNode);
  const [first, second] = names;
  if (!first || names.length > 2) return null;
  if (names.length === 1) return { node: first };
  return second ? { node: second, from: first } : null;
}

export const sameSubject = (a: Subject | null, b: Subject | null): boolean =>
  a === b || (a !== null && b !== null && formatSubject(a) === formatSubject(b));

export const stateBelow = (layer: number, position: number): Node =>
  layer === 0 ? { kind: 'embed', layer: 0, position } : { kind: 'post', layer: layer - 1, position };

/** States from the bottom: 0 is the embedding, 2l + 1 after attention, 2l + 2 after the FFN of layer l. */
export const stepOf = (node: Node): number =>
  node.kind === 'embed' ? 0 : node.kind === 'post' ? 2 * node.layer + 2 : 2 * node.layer + 1;

export function stateAt(step: number, position: number): Node {
  if (step === 0) return { kind: 'embed', layer: 0, position };
  return { kind: step % 2 ? 'mid' : 'post', layer: (step - 1) >> 1, position };
}

/** The layer whose row a node belongs to; -1 for embeddings. */
export const rowOf = (node: Node): number => (node.kind === 'embed' ? -1 : node.layer);

/** Nodes as small integers: 0 to n_tok - 1 are embeddings, then mid, ffn and post of every layer. */
export function slotOf({ kind, layer, position }: Node, nTok: number): number {
  if (kind === 'embed') return position;
  return (3 * layer + (kind === 'mid' ? 1 : kind === 'ffn' ? 2 : 3)) * nTok + position;
}

const KINDS = ['mid', 'ffn', 'post'] as const;

export function nodeOf(slot: number, nTok: number): Node {
  const row = Math.floor(slot / nTok);
  const position = slot % nTok;
  if (row === 0) return { kind: 'embed', layer: 0, position };
  return { kind: KINDS[(row - 1) % 3]!, layer: Math.floor((row - 1) / 3), position };
}

/** The step of a slot's state; of an FFN's slot that of the state it reads in serial blocks. */
export function stepOfSlot(slot: number, nTok: number): number {
  const row = Math.floor(slot / nTok);
  if (row === 0) return 0;
  const layer = Math.floor((row - 1) / 3);
  return (row - 1) % 3 === 2 ? 2 * layer + 2 : 2 * layer + 1;
}
