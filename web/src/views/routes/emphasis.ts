// Which marks stand out: the selection dims what is not on a route through it, the pointer a little less.
import { through, type Graph, type Through } from '../../layout/graph';
import type { Hit } from '../../layout/hit';
import type { Subject } from '../../layout/nodes';

export interface Look {
  alpha: number; // factor
  wider: number; // px
  hot: boolean; // drawn last
}

const PLAIN: Look = { alpha: 1, wider: 0, hot: false };
const HOT: Look = { alpha: Infinity, wider: 0.6, hot: true };
const OFF: Look = { alpha: 0.12, wider: 0, hot: false };
const DIM: Look = { alpha: 0.3, wider: 0, hot: false };

export class Emphasis {
  private readonly selected: Through | null;
  private readonly hovered: Through | null;
  private readonly started: Through | null;

  constructor(graph: Graph, selection: Subject | null, hover: Hit) {
    this.selected = selection ? through(graph, selection) : null;
    this.hovered = hover?.at === 'subject' ? through(graph, hover.subject) : null;
    const token = hover?.at === 'token' ? hover.position : null;
    this.started =
      token === null ? null : through(graph, { node: { kind: 'embed', layer: 0, position: token } });
  }

  get any(): boolean {
    return this.selected !== null || this.hovered !== null || this.started !== null;
  }

  edge(index: number): Look {
    if (this.started) return this.started.edges[index] ? { ...PLAIN, hot: true } : OFF;
    if (this.hovered?.direct[index]) return HOT;
    if (this.selected) {
      if (this.selected.direct[index]) return HOT;
      return this.selected.edges[index] ? PLAIN : OFF;
    }
    return this.hovered && !this.hovered.edges[index] ? DIM : PLAIN;
  }

  faint(slot: number): boolean {
    const main = this.started ?? this.selected ?? this.hovered;
    return main !== null && !main.nodes[slot];
  }
}
