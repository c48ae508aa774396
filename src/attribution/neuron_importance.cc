#include "attribution/neuron_importance.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "attribution/gather.h"
#include "forward/recompute.h"

namespace limpid {

namespace {

/// Calls use(ffn, first neuron, gate of every row or nothing) for each FFN of the layer.
using UseFfn =
    std::function<void(const Ffn& ffn, size_t first, const std::function<float(size_t row)>& gate)>;

void for_each_ffn(const Model& model, int layer, ConstMatrixView x, const UseFfn& use) {
  const Layer& l = model.layer(layer);
  if (!l.moe) return use(*l.ffn, 0, [](size_t) { return 1.0f; });
  const Matrix gates = expert_gates(model, *l.moe, x);
  size_t first = 0;
  for (size_t e = 0; e < l.moe->experts.size(); ++e) {
    const Ffn& expert = l.moe->experts[e];
    const auto gate = [&](size_t row) { return gates.row(row)[e]; };
    bool chosen = false;
    for (size_t r = 0; r < x.rows; ++r) chosen = chosen || gate(r) != 0;
    if (chosen) use(expert, first, gate);
    first += expert.d_mlp();
  }
  if (!l.moe->shared) return;
  const std::vector<float> shared = shared_expert_gates(model, *l.moe, x);
  use(*l.moe->shared, first, [&](size_t row) { return shared[row]; });
}

/// Normed inputs of the FFN at the positions.
Matrix ffn_inputs(const Model& model, const Trace& trace, int layer, std::span<const int> positions) {
  Matrix x = gather_rows(trace.ffn_input(layer), positions);
  if (const auto& norm = model.layer(layer).ffn_norm) apply_norm(model, *norm, x.view(), x.view());
  return x;
}

/// What of multiplier and post-norm does not depend on the coordinate.
float row_factor(const Model& model, const Trace& trace, int layer, int position) {
  const std::vector<float>& scale = trace.layer(layer).ffn_post_scale;
  return model.spec().residual_multiplier * (scale.empty() ? 1.0f : scale[static_cast<size_t>(position)]);
}

/// Proximity to y of act[n] * column n of w_down, for every neuron n of one position. w_down: [d_model, n].
void column_proximity(const Backend& backend, std::span<const float> act, const Matrix& w_down,
                      std::span<const float> y, std::span<float> out) {
  constexpr size_t kBlock = 64;
  Matrix parts(kBlock, y.size());
  for (size_t begin = 0; begin < act.size(); begin += kBlock) {
    const size_t count = std::min(kBlock, act.size() - begin);
    for (size_t i = 0; i < y.size(); ++i) {
      for (size_t n = 0; n < count; ++n) parts.row(n)[i] = act[begin + n] * w_down.row(i)[begin + n];
    }
    backend.proximity(parts.view().slice_rows(0, count), {y.data(), count, y.size(), 0},
                      out.subspan(begin, count));
  }
}

}  // namespace

size_t n_neuron(const Model& model, int layer) {
  const Layer& l = model.layer(layer);
  if (!l.moe) return l.ffn->d_mlp();
  size_t n = l.moe->shared ? l.moe->shared->d_mlp() : 0;
  for (const Ffn& expert : l.moe->experts) n += expert.d_mlp();
  return n;
}

Matrix neuron_activations(const Model& model, const Trace& trace, int layer, std::span<const int> positions) {
  const Matrix x = ffn_inputs(model, trace, layer, positions);
  Matrix out(positions.size(), n_neuron(model, layer));
  for_each_ffn(model, layer, x.view(), [&](const Ffn& ffn, size_t first, const auto& gate) {
    const Matrix act = ffn_activations(model, ffn, x.view());
    for (size_t r = 0; r < act.rows(); ++r) {
      const float factor = gate(r) * row_factor(model, trace, layer, positions[r]);
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

  for_each_ffn(model, layer, x.view(), [&](const Ffn& ffn, size_t first, const auto& gate) {
    Matrix w_down = ffn.down.decode();
    for (size_t i = 0; post_norm && i < w_down.rows(); ++i) {
      for (float& w : w_down.row(i)) w *= post_norm->weight[i];
    }
    for (size_t r = 0; r < act.rows(); ++r) {
      if (gate(r) == 0) continue;
      column_proximity(model.backend(), act.row(r).subspan(first, ffn.d_mlp()), w_down, y.row(r),
                       out.neurons.row(r).subspan(first, ffn.d_mlp()));
    }
  });
  model.backend().proximity(gather_rows(trace.layer(layer).resid_mid.view(), positions).view(), y.view(),
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
