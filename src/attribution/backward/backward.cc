#include "attribution/backward.h"

#include <algorithm>

#include "attribution/backward/blocks.h"
#include "base/check.h"

namespace limpid {

Status backward(const Linearised& run, const LogitMetric& metric, AttentionRule rule,
                const std::function<void(const LayerGradients&)>& use, const RunControl& control) {
  const ModelSpec& spec = run.spec();
  const Backend& backend = run.model().backend();
  CHECK(run.n_tok() == static_cast<size_t>(metric.position) + 1);
  Matrix post(run.n_tok(), static_cast<size_t>(spec.d_model));
  std::ranges::copy(metric_gradient(run.model(), run.trace(), metric), post.row(post.rows() - 1).begin());
  for (int l = spec.n_layer - 1; l >= 0; --l) {
    LIMPID_CHECK_OK(control.tick("backward", static_cast<double>(spec.n_layer - 1 - l) / spec.n_layer));
    const Matrix ffn_in = pull_back_ffn(run, l, post.view());
    Matrix mid = post.clone();
    if (!spec.parallel_blocks) backend.add(ffn_in.view(), mid.view());
    const Matrix z = pull_back_output(run, l, mid.view());
    Matrix pre = pull_back_attention(run, l, rule, z.view());
    backend.add(mid.view(), pre.view());
    if (spec.parallel_blocks) backend.add(ffn_in.view(), pre.view());
    use({l, pre.view(), mid.view(), post.view(), ffn_in.view(), z.view()});
    post = std::move(pre);
  }
  return {};
}

}  // namespace limpid
