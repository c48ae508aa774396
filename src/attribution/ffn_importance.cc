#include "attribution/ffn_importance.h"

namespace limpid {

std::vector<FfnShares> ffn_importance(const Model& model, const Trace& trace, int layer,
                                      std::span<const int> positions) {
  const auto d = static_cast<size_t>(model.spec().d_model);
  const LayerTrace& state = trace.layer(layer);
  Matrix ffn(positions.size(), d), residual(positions.size(), d), post(positions.size(), d);
  for (size_t r = 0; r < positions.size(); ++r) {
    const auto mid = state.resid_mid.row(static_cast<size_t>(positions[r]));
    const auto y = state.resid_post.row(static_cast<size_t>(positions[r]));
    for (size_t i = 0; i < d; ++i) {
      ffn.row(r)[i] = y[i] - mid[i];
      residual.row(r)[i] = mid[i];
      post.row(r)[i] = y[i];
    }
  }
  std::vector<float> ffn_proximity(positions.size()), residual_proximity(positions.size());
  model.backend().proximity(ffn.view(), post.view(), ffn_proximity);
  model.backend().proximity(residual.view(), post.view(), residual_proximity);

  std::vector<FfnShares> shares(positions.size());
  for (size_t r = 0; r < positions.size(); ++r) {
    const double total = static_cast<double>(ffn_proximity[r]) + static_cast<double>(residual_proximity[r]);
    shares[r].degenerate = !(total > 0);
    if (shares[r].degenerate) continue;
    shares[r].ffn = static_cast<float>(static_cast<double>(ffn_proximity[r]) / total);
    shares[r].residual = static_cast<float>(static_cast<double>(residual_proximity[r]) / total);
  }
  return shares;
}

}  // namespace limpid
