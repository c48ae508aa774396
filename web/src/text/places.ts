// Where something is, in words.
import type { Node } from '../layout/nodes';

/** "layer 23, after attention" */
export function placeOf(node: Node): string {
  switch (node.kind) {
    case 'embed':
      return 'embedding';
    case 'mid':
      return `layer ${node.layer}, after attention`;
    case 'ffn':
      return `layer ${node.layer}, FFN`;
    case 'post':
      return `layer ${node.layer}, after FFN`;
  }
}

/** "L23 attention": where there is little room. */
export function shortPlace(node: Node): string {
  switch (node.kind) {
    case 'embed':
      return 'embedding';
    case 'mid':
      return `L${node.layer} attention`;
    case 'ffn':
      return `L${node.layer} FFN`;
    case 'post':
      return `L${node.layer} after FFN`;
  }
}
