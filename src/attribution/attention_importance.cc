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

/// Sums of the attention rows: 1, less with sinks and where keys are blocked. a: [n_head * n_query, n_key].
/// [n_query, n_head]
Matrix row_sums(const AttentionInputs& in, size_t n_query, ConstMatrixView a) {
  Matrix mass(n_query, in.n_head);
  for (size_t i = 0; i < a.rows; ++i) {
    const std::span<const float> row = a.row(i);
    mass.row(i % n_query)[i / n_query] =
        attends_in_full(in) ? 1.0f : std::accumulate(row.begin(), row.end(), 0.0f);
  }
  return mass;
}

/// Times what is left of each head, [n_query, n_head] or empty for all of them: sums and rows.
void scale_heads(const Matrix& factors, Matrix& mass, MatrixView rows) {
  for (size_t r = 0; r < factors.rows(); ++r) {
    for (size_t h = 0; h < factors.cols(); ++h) {
      const float factor = factors.row(r)[h];
      mass.row(r)[h] *= factor;
      scale_rows({&factor, 1}, rows.slice_rows(h * factors.rows() + r, 1));
    }
  }
}

/// The first `count` floats of a scratch that grows to hold them.
float* room(Matrix& scratch, size_t count) {
  if (scratch.cols() < count) scratch = Matrix(1, count);
  return scratch.data();
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

AttentionProximities::AttentionProximities(const Model& model, const Trace& trace, int layer,
                                           std::span<const int> queries, const OutputProjection& projection,
                                           Matrix& scratch)
    : n_head_(static_cast<size_t>(model.spec().n_head)),
      residual_(queries.size()),
      bias_(queries.size()),
      patch_(queries.size()) {
  if (queries.empty()) return;
  const Backend& backend = model.backend();
  const AttentionInputs in = trace.attention_inputs(layer);
  const size_t n_key = static_cast<size_t>(std::ranges::max(queries)) + 1, n_row = n_head_ * queries.size();
  parts_ = {room(scratch, n_row * n_key), n_row, n_key};
  backend.attention_rows(in, 0, queries, parts_);
  Matrix mass = row_sums(in, queries.size(), parts_);
  scale_heads(head_factors(trace, layer, queries), mass, parts_);
  const std::vector<float> scales = OutputProjection::scales(trace, layer, queries);
  for (size_t h = 0; h < n_head_; ++h) {
    scale_rows(scales, parts_.slice_rows(h * queries.size(), queries.size()));
  }

  const GatheredRows y(trace.layer(layer).resid_mid.view(), queries);
  const AttentionParts parts = {
      parts_, in.v.slice_rows(0, n_key), projection.weight.view(), in.n_head, in.n_kv_head, in.d_head};
  backend.attention_proximity(parts, y.view(), queries, parts_);
  if (projection.has_bias_part()) {
    backend.proximity(projection.bias_parts(scales, mass.view()).view(), y.view(), bias_);
  }
  const GatheredRows residual(trace.resid_pre(layer), queries);
  if (!is_attention_patched(trace, layer)) {
    backend.proximity(residual.view(), y.view(), residual_);
    return;
  }
  backend.proximity(scaled_rows(residual.view(), mid_factors(trace, layer, queries)).view(), y.view(),
                    residual_);
  backend.proximity(attention_patch_parts(model, trace, layer, queries, projection, scales).view(), y.view(),
                    patch_);
}

AttentionProximities::Sums AttentionProximities::sum(size_t row, std::span<float> keys) const {
  std::ranges::fill(keys, 0.0f);
  Sums sums = {.total = static_cast<double>(residual_[row]) + static_cast<double>(patch_[row]),
               .strongest = residual_[row]};
  for (size_t h = 0; h < n_head_; ++h) {
    const float* const part = this->part(row, h).data();
    float most = 0;
    for (size_t k = 0; k < keys.size(); ++k) {
      keys[k] += part[k];
      most = part[k] > most ? part[k] : most;
    }
    sums.strongest = std::max(sums.strongest, most);
  }
  sums.total = std::accumulate(keys.begin(), keys.end(), sums.total);
  return sums;
}

AttentionImportance attention_importance(const Model& model, const Trace& trace, int layer,
                                         std::span<const int> queries, const OutputProjection& projection) {
  Matrix scratch;
  const AttentionProximities proximities(model, trace, layer, queries, projection, scratch);
  AttentionImportance out;
  out.n_key = proximities.n_key();
  out.n_head = proximities.n_head();
  out.parts = Matrix(queries.size(), out.n_key * out.n_head);
  out.residual.resize(queries.size());
  out.bias.resize(queries.size());
  out.patch.resize(queries.size());
  out.degenerate.resize(queries.size());
#pragma omp parallel for schedule(static) num_threads(threads())
  for (size_t r = 0; r < queries.size(); ++r) {
    std::vector<float> keys(out.n_key);
    const ShareScale share(proximities.sum(r, keys).total);
    out.degenerate[r] = share.degenerate();
    out.residual[r] = share(proximities.residual(r));
    out.bias[r] = share(proximities.bias(r));
    out.patch[r] = share(proximities.patch(r));
    for (size_t h = 0; h < out.n_head; ++h) {
      const std::span<const float> part = proximities.part(r, h);
      for (size_t k = 0; k < out.n_key; ++k) out.parts.row(r)[k * out.n_head + h] = share(part[k]);
    }
  }
  return out;
}

}  // namespace limpid
