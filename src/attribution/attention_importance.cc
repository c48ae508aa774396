#include "attribution/attention_importance.h"

#include <algorithm>
#include <numeric>

#include "attribution/gather.h"
#include "attribution/patched_parts.h"
#include "kernels/attention_heads.h"

namespace limpid {

namespace {

void scale_rows(std::span<const float> scales, MatrixView x) {
  for (size_t r = 0; r < x.rows; ++r) {
    if (scales[r] == 1) continue;
    for (float& v : x.row(r)) v *= scales[r];
  }
}

/// Proximities of every head's parts, written into `out.parts`. Returns the sums of the attention rows,
/// [n_query, n_head].
Matrix compare_heads(const Model& model, const Trace& trace, int layer, std::span<const int> queries,
                     const OutputProjection& projection, std::span<const float> scales, ConstMatrixView y,
                     AttentionImportance& out) {
  const Backend& backend = model.backend();
  const AttentionInputs in = trace.attention_inputs(layer);
  Matrix a(in.n_head * queries.size(), out.n_key);
  Matrix mass(queries.size(), in.n_head);
  backend.attention_rows(in, 0, queries, a.view());
  const Matrix factors = head_factors(trace, layer, queries);
  for (size_t h = 0; h < in.n_head; ++h) {
    const MatrixView rows = a.view().slice_rows(h * queries.size(), queries.size());
    for (size_t r = 0; r < queries.size(); ++r) {
      const std::span<const float> row = rows.row(r);
      mass.row(r)[h] = attends_in_full(in) ? 1.0f : std::accumulate(row.begin(), row.end(), 0.0f);
      if (!factors.empty()) mass.row(r)[h] *= factors.row(r)[h];
    }
    scale_rows(scales, rows);
    for (size_t r = 0; r < factors.rows(); ++r) scale_rows({&factors.row(r)[h], 1}, rows.slice_rows(r, 1));
  }
  const AttentionParts parts = {
      a.view(), in.v.slice_rows(0, out.n_key), projection.weight.view(), in.n_head, in.n_kv_head, in.d_head};
  backend.attention_proximity(parts, y, queries, out.parts.view());
  return mass;
}

/// Turns proximities into importances, row by row, in a fixed order of summation.
void normalise(AttentionImportance& out) {
#pragma omp parallel for schedule(static) num_threads(threads())
  for (size_t r = 0; r < out.parts.rows(); ++r) {
    const std::span<float> parts = out.parts.row(r);
    const double total = std::accumulate(
        parts.begin(), parts.end(), static_cast<double>(out.residual[r]) + static_cast<double>(out.patch[r]));
    out.degenerate[r] = !(total > 0);
    const double scale = out.degenerate[r] ? 0.0 : 1.0 / total;
    const auto scaled = [scale](float p) { return static_cast<float>(static_cast<double>(p) * scale); };
    std::ranges::transform(parts, parts.begin(), scaled);
    out.residual[r] = scaled(out.residual[r]);
    out.bias[r] = scaled(out.bias[r]);
    out.patch[r] = scaled(out.patch[r]);
  }
}

}  // namespace

OutputProjection::OutputProjection(const Model& model, int layer)
    : weight(model.layer(layer).attention_out.decode()) {
  const Layer& l = model.layer(layer);
  const ModelSpec& spec = model.spec();
  if (l.attention_out.has_bias()) bias.assign(l.attention_out.bias().begin(), l.attention_out.bias().end());
  if (l.attention_post_norm || spec.residual_multiplier != 1) {
    for (size_t i = 0; i < weight.rows(); ++i) {
      const float factor =
          spec.residual_multiplier * (l.attention_post_norm ? l.attention_post_norm->weight[i] : 1.0f);
      for (float& w : weight.row(i)) w *= factor;
      if (!bias.empty()) bias[i] *= factor;
    }
  }
  const std::vector<float> b_v = l.value_bias(spec);
  if (b_v.empty()) return;
  const auto n_head = static_cast<size_t>(spec.n_head), d_head = static_cast<size_t>(spec.d_head);
  value_bias = Matrix(n_head, weight.rows());
  for (size_t h = 0; h < n_head; ++h) {
    model.backend().gemm({b_v.data() + h * d_head, 1, d_head}, weight.view().columns(h * d_head, d_head),
                         true, value_bias.view().slice_rows(h, 1));
  }
}

std::vector<float> OutputProjection::scales(const Trace& trace, int layer, std::span<const int> queries) {
  const std::vector<float>& all = trace.layer(layer).attention_post_scale;
  std::vector<float> scales = mid_factors(trace, layer, queries);
  if (all.empty()) return scales;
  for (size_t r = 0; r < queries.size(); ++r) scales[r] *= all[static_cast<size_t>(queries[r])];
  return scales;
}

Matrix OutputProjection::bias_parts(std::span<const float> scales, ConstMatrixView mass) const {
  Matrix parts(mass.rows, weight.rows());
  for (size_t r = 0; r < mass.rows; ++r) {
    const std::span<float> part = parts.row(r);
    if (!bias.empty()) std::ranges::copy(bias, part.begin());
    for (size_t h = 0; h < value_bias.rows(); ++h) {
      for (size_t i = 0; i < part.size(); ++i) part[i] += mass.at(r, h) * value_bias.row(h)[i];
    }
  }
  scale_rows(scales, parts.view());
  return parts;
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
  out.patch.resize(queries.size());
  out.degenerate.resize(queries.size());
  if (queries.empty()) return out;

  const Matrix y = gather_rows(trace.layer(layer).resid_mid.view(), queries);
  const std::vector<float> scales = OutputProjection::scales(trace, layer, queries);
  const Matrix mass = compare_heads(model, trace, layer, queries, projection, scales, y.view(), out);
  const Matrix residual = gather_rows(trace.resid_pre(layer), queries);
  backend.proximity(scaled_rows(residual.view(), mid_factors(trace, layer, queries)).view(), y.view(),
                    out.residual);
  if (projection.has_bias_part()) {
    backend.proximity(projection.bias_parts(scales, mass.view()).view(), y.view(), out.bias);
  }
  if (is_attention_patched(trace, layer)) {
    backend.proximity(attention_patch_parts(model, trace, layer, queries, projection, scales).view(),
                      y.view(), out.patch);
  }
  normalise(out);
  return out;
}

}  // namespace limpid
