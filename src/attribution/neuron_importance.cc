#include "attribution/neuron_importance.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>

#include "attribution/ffn_parts.h"
#include "attribution/gather.h"
#include "attribution/patched_parts.h"

namespace limpid {

namespace {

/// W_down with one row for each neuron, times the weights of a norm behind the FFN. [n_neuron, d_model]
Matrix rows_by_neuron(const Ffn& ffn, const std::optional<Norm>& post_norm) {
  const Matrix w_down = ffn.down.decode();
  Matrix rows(w_down.cols(), w_down.rows());
  const auto n_row = static_cast<int>(rows.rows());
#pragma omp parallel for schedule(static) num_threads(threads())
  for (int n = 0; n < n_row; ++n) {
    const std::span<float> row = rows.row(static_cast<size_t>(n));
    for (size_t i = 0; i < row.size(); ++i) {
      row[i] = w_down.row(i)[static_cast<size_t>(n)] * (post_norm ? post_norm->weight[i] : 1.0f);
    }
  }
  return rows;
}

/// Proximity to y of act[n] * w[n], for every position and neuron. act, out: [n_position, n_neuron], y:
/// [n_position, d_model], w: rows_by_neuron. One parallel region for all, since a position alone is little
/// work.
void neuron_proximity(const Backend& backend, ConstMatrixView act, const Matrix& w, ConstMatrixView y,
                      MatrixView out) {
  constexpr size_t kBlock = 64;  // neurons: their parts stay in a cache
  const size_t n_block = (act.cols + kBlock - 1) / kBlock;
  const auto n_task = static_cast<int64_t>(act.rows * n_block);
#pragma omp parallel num_threads(threads())
  {
    Matrix parts(kBlock, y.cols);
#pragma omp for schedule(static)
    for (int64_t task = 0; task < n_task; ++task) {
      const size_t r = static_cast<size_t>(task) / n_block,
                   begin = static_cast<size_t>(task) % n_block * kBlock;
      const std::span<const float> factors = act.row(r).subspan(begin, std::min(kBlock, act.cols - begin));
      if (std::ranges::all_of(factors, [](float f) { return f == 0; })) continue;  // an expert not chosen
      for (size_t n = 0; n < factors.size(); ++n) {
        const std::span<const float> from = w.row(begin + n);
        const std::span<float> part = parts.row(n);
        for (size_t i = 0; i < part.size(); ++i) part[i] = factors[n] * from[i];
      }
      backend.proximity(parts.view().slice_rows(0, factors.size()),
                        {y.row(r).data(), factors.size(), y.cols, 0},
                        out.row(r).subspan(begin, factors.size()));
    }
  }
}

}  // namespace

Matrix neuron_activations(const Model& model, const Trace& trace, int layer, std::span<const int> positions) {
  const Matrix x = ffn_inputs(model, trace, layer, positions);
  Matrix out(positions.size(), n_neuron(model, layer));
  for_each_ffn(model, layer, x.view(), [&](const Ffn& ffn, size_t first, const auto& gate) {
    const Matrix act = run_activations(model, trace, layer, ffn, first, x.view(), positions);
    for (size_t r = 0; r < act.rows(); ++r) {
      const float factor = gate(r) * ffn_factor(model, trace, layer, positions[r]);
      for (size_t n = 0; n < act.cols(); ++n) out.row(r)[first + n] = factor * act.row(r)[n];
    }
  });
  return out;
}

NeuronImportance neuron_importance(const Model& model, const Trace& trace, int layer,
                                   std::span<const int> positions) {
  const Matrix act = neuron_activations(model, trace, layer, positions);
  const Matrix x = ffn_inputs(model, trace, layer, positions);
  const Matrix y = gather_rows(trace.layer(layer).resid_post.view(), positions);
  const auto& post_norm = model.layer(layer).ffn_post_norm;
  NeuronImportance out{Matrix(act.rows(), act.cols()), std::vector<float>(act.rows())};

  for_each_ffn(model, layer, x.view(), [&](const Ffn& ffn, size_t first, const auto&) {
    const Matrix w = rows_by_neuron(ffn, post_norm);
    neuron_proximity(model.backend(), act.view().columns(first, ffn.d_mlp()), w, y.view(),
                     out.neurons.view().columns(first, ffn.d_mlp()));
  });
  const Matrix mid = gather_rows(trace.layer(layer).resid_mid.view(), positions);
  model.backend().proximity(scaled_rows(mid.view(), post_factors(trace, layer, positions)).view(), y.view(),
                            out.residual);
  for (size_t r = 0; r < act.rows(); ++r) {
    const auto row = out.neurons.row(r);
    const double total = std::accumulate(row.begin(), row.end(), static_cast<double>(out.residual[r]));
    const double scale = total > 0 ? 1 / total : 0;
    for (float& share : row) share = static_cast<float>(static_cast<double>(share) * scale);
    out.residual[r] = static_cast<float>(static_cast<double>(out.residual[r]) * scale);
  }
  return out;
}

}  // namespace limpid
