#include "attribution/ffn_parts.h"

#include <vector>

#include "attribution/gather.h"
#include "attribution/patched_parts.h"
#include "forward/recompute.h"

namespace limpid {

size_t n_neuron(const Model& model, int layer) {
  const Layer& l = model.layer(layer);
  if (!l.moe) return l.ffn->d_mlp();
  size_t n = l.moe->shared ? l.moe->shared->d_mlp() : 0;
  for (const Ffn& expert : l.moe->experts) n += expert.d_mlp();
  return n;
}

Matrix ffn_inputs(const Model& model, const Trace& trace, int layer, std::span<const int> positions) {
  Matrix x = gather_rows(trace.ffn_input(layer), positions);
  if (const auto& norm = model.layer(layer).ffn_norm) apply_norm(model, *norm, x.view(), x.view());
  return x;
}

Matrix run_activations(const Model& model, const Trace& trace, int layer, const Ffn& ffn, size_t first,
                       ConstMatrixView x, std::span<const int> positions) {
  Matrix act = ffn_activations(model, ffn, x);
  const LayerPatches* patches = trace.layer_patches(layer);
  if (patches == nullptr) return act;
  for (const NeuronPatch& patch : patches->neurons) {
    const auto neuron = static_cast<size_t>(patch.neuron);
    if (neuron < first || neuron >= first + act.cols()) continue;
    for (size_t r = 0; r < positions.size(); ++r) {
      float& value = act.row(r)[neuron - first];
      if (positions[r] == patch.position) value = patch.factor * value + patch.added;
    }
  }
  return act;
}

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

float ffn_factor(const Model& model, const Trace& trace, int layer, int position) {
  const std::vector<float>& scale = trace.layer(layer).ffn_post_scale;
  const RowPatch* patch = find_patch(ffn_patches(trace, layer), position);
  const float kept =
      (patch == nullptr ? 1.0f : patch->factor) * post_factors(trace, layer, {&position, 1})[0];
  return kept * model.spec().residual_multiplier *
         (scale.empty() ? 1.0f : scale[static_cast<size_t>(position)]);
}

}  // namespace limpid
