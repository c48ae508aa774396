#include "attribution/conservation.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/attention_importance.h"
#include "attribution/ffn_parts.h"
#include "attribution/gather.h"
#include "attribution/neuron_importance.h"
#include "attribution/patched_parts.h"
#include "kernels/attention_heads.h"

namespace limpid {

namespace {

/// Rows of `width` floats that are handled at a time: at most 64 MB of them.
size_t rows_at_a_time(size_t width) {
  constexpr size_t kMaxElements = size_t{16} << 20;
  return std::max<size_t>(1, kMaxElements / std::max<size_t>(1, width));
}

std::vector<int> positions_from(size_t begin, size_t count) {
  std::vector<int> positions(count);
  std::iota(positions.begin(), positions.end(), static_cast<int>(begin));
  return positions;
}

/// Sums of parts in double, one row for each position.
class Sums {
 public:
  explicit Sums(ConstMatrixView start) : cols_(start.cols), values_(start.rows * start.cols) {
    add(0, start);
  }

  /// Adds to the rows from `begin` on.
  void add(size_t begin, ConstMatrixView parts) {
    for (size_t r = 0; r < parts.rows; ++r) {
      const std::span<double> sum = row(begin + r);
      for (size_t i = 0; i < cols_; ++i) sum[i] += static_cast<double>(parts.at(r, i));
    }
  }

  std::span<double> row(size_t r) { return std::span(values_).subspan(r * cols_, cols_); }

  /// max |sum - state| / max(1, max |state|) of every row; not a number where any of it is.
  std::vector<double> departures(ConstMatrixView states) {
    std::vector<double> out(states.rows);
    for (size_t r = 0; r < states.rows; ++r) {
      double largest = 0, scale = 1;
      bool is_number = true;
      for (size_t i = 0; i < cols_; ++i) {
        const double state = static_cast<double>(states.at(r, i)), gap = std::abs(row(r)[i] - state);
        is_number = is_number && std::isfinite(gap);
        largest = std::max(largest, gap);
        scale = std::max(scale, std::abs(state));
      }
      out[r] = is_number ? largest / scale : std::nan("");
    }
    return out;
  }

 private:
  size_t cols_;
  std::vector<double> values_;
};

/// Adds the parts of all keys, head by head. Returns the sums of the attention rows, [n_tok, n_head].
Matrix add_heads(const Model& model, const Trace& trace, int layer, const OutputProjection& projection,
                 std::span<const float> scales, Sums& sums) {
  const Backend& backend = model.backend();
  const Matrix factors = head_factors(trace, layer, positions_from(0, trace.n_tok()));
  const AttentionInputs in = trace.attention_inputs(layer);
  const size_t n_tok = trace.n_tok(), group = in.n_head / in.n_kv_head, d = projection.weight.rows();
  const size_t block = std::min(n_tok, rows_at_a_time(n_tok));
  Matrix u(n_tok, d), a(block, n_tok), part(block, d), mass(n_tok, in.n_head);
  for (size_t h = 0; h < in.n_head; ++h) {
    backend.gemm(in.v.columns(h / group * in.d_head, in.d_head),
                 projection.weight.view().columns(h * in.d_head, in.d_head), true, u.view());
    for (size_t begin = 0; begin < n_tok; begin += block) {
      const size_t count = std::min(block, n_tok - begin);
      const MatrixView rows = a.view().slice_rows(0, count), out = part.view().slice_rows(0, count);
      backend.attention_rows(in, h, positions_from(begin, count), rows);
      for (size_t r = 0; r < count; ++r) {
        const float factor = factors.empty() ? 1.0f : factors.row(begin + r)[h];
        mass.row(begin + r)[h] = factor * std::accumulate(rows.row(r).begin(), rows.row(r).end(), 0.0f);
        for (float& x : rows.row(r)) x *= factor * scales[begin + r];
      }
      backend.gemm(rows, u.view(), false, out);
      sums.add(begin, out);
    }
  }
  return mass;
}

/// Adds the parts of one FFN's neurons and its bias. act: [n_position, n_neuron] from neuron_activations.
void add_neurons(const Model& model, int layer, const Ffn& ffn, ConstMatrixView act,
                 std::span<const float> factors, MatrixView part) {
  model.backend().gemm(act, ffn.down.decode().view(), true, part);
  const auto& post_norm = model.layer(layer).ffn_post_norm;
  const std::span<const float> bias = ffn.down.bias_if_any();
  for (size_t r = 0; r < part.rows; ++r) {
    for (size_t i = 0; i < part.cols; ++i) {
      if (!bias.empty()) part.at(r, i) += factors[r] * bias[i];
      if (post_norm) part.at(r, i) *= post_norm->weight[i];
    }
  }
}

}  // namespace

std::vector<double> attention_departures(const Model& model, const Trace& trace, int layer) {
  const std::vector<int> all = positions_from(0, trace.n_tok());
  const OutputProjection projection(model, layer);
  const std::vector<float> scales = OutputProjection::scales(trace, layer, all);
  Sums sums(scaled_rows(trace.resid_pre(layer), mid_factors(trace, layer, all)).view());
  const Matrix mass = add_heads(model, trace, layer, projection, scales, sums);
  sums.add(0, projection.bias_parts(scales, mass.view()).view());
  sums.add(0, attention_patch_parts(model, trace, layer, all, projection, scales).view());
  return sums.departures(trace.layer(layer).resid_mid.view());
}

std::vector<double> neuron_departures(const Model& model, const Trace& trace, int layer) {
  const ConstMatrixView mid = trace.layer(layer).resid_mid.view();
  const std::vector<int> all = positions_from(0, mid.rows);
  Sums sums(scaled_rows(mid, post_factors(trace, layer, all)).view());
  sums.add(0, ffn_patch_parts(trace, layer, all).view());
  const size_t block = rows_at_a_time(n_neuron(model, layer));
  for (size_t begin = 0; begin < mid.rows; begin += block) {
    const std::vector<int> positions = positions_from(begin, std::min(block, mid.rows - begin));
    const Matrix act = neuron_activations(model, trace, layer, positions);
    const Matrix x = ffn_inputs(model, trace, layer, positions);
    Matrix part(positions.size(), mid.cols);
    std::vector<float> factors(positions.size());
    for_each_ffn(model, layer, x.view(), [&](const Ffn& ffn, size_t first, const auto& gate) {
      for (size_t r = 0; r < factors.size(); ++r) {
        factors[r] = gate(r) * ffn_factor(model, trace, layer, positions[r]);
      }
      add_neurons(model, layer, ffn, act.view().columns(first, ffn.d_mlp()), factors, part.view());
      sums.add(begin, part.view());
    });
  }
  return sums.departures(trace.layer(layer).resid_post.view());
}

}  // namespace limpid
