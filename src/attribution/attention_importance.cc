#include "attribution/attention_importance.h"

#include <algorithm>
#include <numeric>

namespace limpid {

namespace {

Matrix gather_rows(ConstMatrixView from, std::span<const int> rows) {
  Matrix out(rows.size(), from.cols);
  for (size_t i = 0; i < rows.size(); ++i) {
    std::ranges::copy(from.row(static_cast<size_t>(rows[i])), out.row(i).begin());
  }
  return out;
}

/// Proximities of every head's parts, written into `parts`.
void accumulate_heads(const Model& model, const Trace& trace, int layer, std::span<const int> queries,
                      const OutputProjection& projection, ConstMatrixView y, AttentionImportance& out) {
  const Backend& backend = model.backend();
  const AttentionInputs in = trace.attention_inputs(layer);
  const size_t group = in.n_head / in.n_kv_head;
  Matrix u(out.n_key, y.cols);
  Matrix a(queries.size(), trace.n_tok());
  for (size_t h = 0; h < in.n_head; ++h) {
    const ConstMatrixView v = in.v.columns(h / group * in.d_head, in.d_head).slice_rows(0, out.n_key);
    backend.gemm(v, projection.weight.view().columns(h * in.d_head, in.d_head), true, u.view());
    backend.attention_rows(in, h, queries, a.view());
    backend.attention_proximity(y, queries, u.view(), a.view().columns(0, out.n_key), out.parts.data() + h,
                                out.parts.cols(), in.n_head);
  }
}

/// Turns proximities into importances, row by row, in a fixed order of summation.
void normalise(AttentionImportance& out) {
  for (size_t r = 0; r < out.parts.rows(); ++r) {
    const std::span<float> parts = out.parts.row(r);
    const double total = std::accumulate(parts.begin(), parts.end(), static_cast<double>(out.residual[r]));
    out.degenerate[r] = !(total > 0);
    const double scale = out.degenerate[r] ? 0.0 : 1.0 / total;
    const auto scaled = [scale](float p) { return static_cast<float>(static_cast<double>(p) * scale); };
    std::ranges::transform(parts, parts.begin(), scaled);
    out.residual[r] = scaled(out.residual[r]);
    out.bias[r] = scaled(out.bias[r]);
  }
}

}  // namespace

OutputProjection::OutputProjection(const Model& model, int layer)
    : weight(model.layer(layer).attention_out.decode()) {
  const Layer& l = model.layer(layer);
  const std::vector<float> b_v = l.value_bias(model.spec());
  if (b_v.empty() && !l.attention_out.has_bias()) return;
  const auto b_o = l.attention_out.bias();
  bias.assign(b_o.begin(), b_o.end());
  if (b_v.empty()) return;
  Matrix projected(1, bias.size());
  model.backend().gemm({b_v.data(), 1, b_v.size()}, weight.view(), true, projected.view());
  for (size_t i = 0; i < bias.size(); ++i) bias[i] += projected.row(0)[i];
}

AttentionImportance attention_importance(const Model& model, const Trace& trace, int layer,
                                         std::span<const int> queries, const OutputProjection& projection) {
  const Backend& backend = model.backend();
  AttentionImportance out;
  out.n_key = queries.empty() ? 0 : static_cast<size_t>(std::ranges::max(queries)) + 1;
  out.n_head = static_cast<size_t>(model.spec().n_head);
  out.parts = Matrix(queries.size(), out.n_key * out.n_head);
  out.residual.resize(queries.size());
  out.bias.resize(queries.size());
  out.degenerate.resize(queries.size());
  if (queries.empty()) return out;

  const Matrix y = gather_rows(trace.layer(layer).resid_mid.view(), queries);
  accumulate_heads(model, trace, layer, queries, projection, y.view(), out);
  backend.proximity(gather_rows(trace.resid_pre(layer), queries).view(), y.view(), out.residual);
  if (!projection.bias.empty()) {
    Matrix z(queries.size(), y.cols());
    for (size_t r = 0; r < z.rows(); ++r) std::ranges::copy(projection.bias, z.row(r).begin());
    backend.proximity(z.view(), y.view(), out.bias);
  }
  normalise(out);
  return out;
}

}  // namespace limpid
