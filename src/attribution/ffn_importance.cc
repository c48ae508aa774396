#include "attribution/ffn_importance.h"

#include <algorithm>
#include <functional>

#include "attribution/gather.h"

namespace limpid {

std::vector<FfnShares> ffn_importance(const Model& model, const Trace& trace, int layer,
                                      std::span<const int> positions) {
  const LayerTrace& state = trace.layer(layer);
  const GatheredRows mid(state.resid_mid.view(), positions), post(state.resid_post.view(), positions);
  Matrix ffn(positions.size(), post.view().cols);
#pragma omp parallel for schedule(static) num_threads(threads())
  for (size_t r = 0; r < positions.size(); ++r) {
    const std::span<const float> y = post.view().row(r), residual = mid.view().row(r);
    std::ranges::transform(y, residual, ffn.row(r).begin(), std::minus{});
  }
  std::vector<float> ffn_proximity(positions.size()), residual_proximity(positions.size());
  model.backend().proximity(ffn.view(), post.view(), ffn_proximity);
  model.backend().proximity(mid.view(), post.view(), residual_proximity);

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
