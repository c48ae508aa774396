// The answer of /shares, from the contributions that `limpid trace` writes.
import { tensors } from './cli.mjs';

/** Every state that is reached from the token at threshold `floor`, in either mode. */
export async function sharesOf(ids, nLayer, token, floor) {
  const all = await tensors(ids, 'contribution.attention*', 'contribution.ffn*');
  const nTok = ids.length;
  const nodes = [];
  let reached = new Set([token]);
  for (let layer = nLayer - 1; layer >= 0; --layer) {
    const below = new Set();
    for (const position of [...reached].sort((a, b) => a - b)) {
      const ffn = all.get(`contribution.ffn.${layer}`).data[position];
      const residual = all.get(`contribution.ffn_residual.${layer}`).data[position];
      nodes.push({
        id: `post.${layer}@${position}`,
        ffn,
        residual,
        bias: 0,
        degenerate: ffn === 0 && residual === 0,
        strongest: Math.max(ffn, residual),
      });
    }
    for (const query of [...reached].sort((a, b) => a - b)) {
      nodes.push(midNode(all, layer, query, nTok, floor, below));
    }
    reached = below;
  }
  return { token, floor, n_layer: nLayer, n_tok: nTok, parallel_blocks: false, nodes };
}

function midNode(all, layer, query, nTok, floor, below) {
  const { data, shape } = all.get(`contribution.attention.${layer}`);
  const nHead = shape[2];
  const residual = all.get(`contribution.attention_residual.${layer}`).data[query];
  const parts = [];
  let strongest = residual;
  let sum = residual;
  for (let key = 0; key <= query; ++key) {
    const row = data.subarray((query * nTok + key) * nHead, (query * nTok + key + 1) * nHead);
    let pair = 0;
    for (const share of row) pair = Math.fround(pair + share);
    for (const share of row) strongest = Math.max(strongest, share);
    sum += pair;
    if (!(pair > floor) && key !== query) continue;
    for (let head = 0; head < nHead; ++head) parts.push([key, head, row[head]]);
    if (pair > floor) below.add(key);
  }
  below.add(query);
  return {
    id: `mid.${layer}@${query}`,
    parts,
    residual,
    bias: all.get(`contribution.attention_bias.${layer}`).data[query],
    degenerate: sum === 0,
    strongest,
  };
}
