// The answer of /attention, from the tensors that `limpid trace` writes.

function triangle(nTok, at) {
  return Array.from({ length: nTok }, (_, q) => Array.from({ length: q + 1 }, (_, k) => at(q, k)));
}

function summary(attention, contribution) {
  const rows = attention.length > 1 ? attention.slice(1) : attention;
  const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;
  return {
    entropy: mean(rows.map((row) => -row.reduce((sum, a) => sum + (a > 0 ? a * Math.log(a) : 0), 0))),
    first: mean(rows.map((row) => row[0])),
    first_contribution: mean(contribution.slice(attention.length > 1 ? 1 : 0).map((row) => row[0])),
    self: mean(rows.map((row) => row.at(-1))),
    contribution: mean(contribution.map((row) => row.reduce((a, b) => a + b, 0))),
  };
}

export function attentionOf(trace, all, head, layer) {
  const nTok = trace.tokens.length;
  const wanted = head?.split('.').map(Number);
  const layers = wanted ? [wanted[0]] : layer ? [Number(layer)] : [...Array(trace.n_layer).keys()];
  const heads = [];
  for (const l of layers) {
    const scores = all.get(`attention.${l}`);
    const shares = all.get(`contribution.attention.${l}`);
    const nHead = scores.shape[0];
    for (let h = 0; h < nHead; ++h) {
      if (wanted && h !== wanted[1]) continue;
      const attention = triangle(nTok, (q, k) => scores.data[(h * nTok + q) * nTok + k]);
      const contribution = triangle(nTok, (q, k) => shares.data[(q * nTok + k) * nHead + h]);
      heads.push({ layer: l, head: h, summary: summary(attention, contribution), attention, contribution });
    }
  }
  return { model: trace.model, tokens: trace.tokens, warnings: [], heads };
}
