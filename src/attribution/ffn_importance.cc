#include "attribution/ffn_importance.h"

#include <algorithm>
#include <functional>

#include "attribution/gather.h"
#include "attribution/patched_parts.h"

namespace limpid {

std::vector<FfnShares> ffn_importance(const Model& model, const Trace& trace, int layer,
                                      std::span<const int> positions) {
  const LayerTrace& state = trace.layer(layer);
  const GatheredRows mid(state.resid_mid.view(), positions), post(state.resid_post.view(), positions);
  const Matrix patch = ffn_patch_parts(trace, layer, positions);
  const Matrix kept =
      patch.empty() ? Matrix() : scaled_rows(mid.view(), post_factors(trace, layer, positions));
  const ConstMatrixView residual = patch.empty() ? mid.view() : kept.view();
  Matrix ffn(positions.size(), post.view().cols);
#pragma omp parallel for schedule(static) num_threads(threads())
  for (size_t r = 0; r < positions.size(); ++r) {
    std::ranges::transform(post.view().row(r), residual.row(r), ffn.row(r).begin(), std::minus{});
    if (!patch.empty()) std::ranges::transform(ffn.row(r), patch.row(r), ffn.row(r).begin(), std::minus{});
  }
  std::vector<float> ffn_proximity(positions.size()), residual_proximity(positions.size());
  model.backend().proximity(ffn.view(), post.view(), ffn_proximity);
  model.backend().proximity(residual, post.view(), residual_proximity);

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
