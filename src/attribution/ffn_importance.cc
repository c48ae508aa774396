#include "attribution/ffn_importance.h"

#include "attribution/patched_parts.h"

namespace limpid {

std::vector<FfnShares> ffn_importance(const Model& model, const Trace& trace, int layer,
                                      std::span<const int> positions) {
  const auto d = static_cast<size_t>(model.spec().d_model);
  const LayerTrace& state = trace.layer(layer);
  Matrix ffn(positions.size(), d), residual(positions.size(), d), post(positions.size(), d);
  const std::vector<float> factors = post_factors(trace, layer, positions);
  const Matrix patch = ffn_patch_parts(trace, layer, positions);
  for (size_t r = 0; r < positions.size(); ++r) {
    const auto mid = state.resid_mid.row(static_cast<size_t>(positions[r]));
    const auto y = state.resid_post.row(static_cast<size_t>(positions[r]));
    for (size_t i = 0; i < d; ++i) {
      residual.row(r)[i] = factors[r] * mid[i];
      ffn.row(r)[i] = y[i] - residual.row(r)[i] - (patch.empty() ? 0 : patch.row(r)[i]);
      post.row(r)[i] = y[i];
    }
  }
  std::vector<float> ffn_proximity(positions.size()), residual_proximity(positions.size());
  model.backend().proximity(ffn.view(), post.view(), ffn_proximity);
  model.backend().proximity(residual.view(), post.view(), residual_proximity);

  std::vector<float> patch_proximity(positions.size());
  if (!patch.empty()) model.backend().proximity(patch.view(), post.view(), patch_proximity);

  std::vector<FfnShares> shares(positions.size());
  for (size_t r = 0; r < positions.size(); ++r) {
    const double total = static_cast<double>(ffn_proximity[r]) + static_cast<double>(residual_proximity[r]) +
                         static_cast<double>(patch_proximity[r]);
    shares[r].degenerate = !(total > 0);
    if (shares[r].degenerate) continue;
    shares[r].ffn = static_cast<float>(static_cast<double>(ffn_proximity[r]) / total);
    shares[r].patch = static_cast<float>(static_cast<double>(patch_proximity[r]) / total);
    shares[r].residual = static_cast<float>(static_cast<double>(residual_proximity[r]) / total);
  }
  return shares;
}

}  // namespace limpid
