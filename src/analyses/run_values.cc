#include "analyses/run_values.h"

#include <numeric>
#include <vector>

#include "attribution/ffn_parts.h"
#include "attribution/part_vectors.h"
#include "base/check.h"

namespace limpid {

namespace {

Matrix mean_of(const Matrix& rows) {
  std::vector<double> sum(rows.cols());
  for (size_t t = 0; t < rows.rows(); ++t) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(rows.row(t)[i]);
  }
  Matrix out(1, rows.cols());
  for (size_t i = 0; i < sum.size(); ++i) {
    out.row(0)[i] = static_cast<float>(sum[i] / static_cast<double>(rows.rows()));
  }
  return out;
}

Matrix copy_of(ConstMatrixView from) {
  Matrix out(from.rows, from.cols);
  for (size_t t = 0; t < from.rows; ++t) std::ranges::copy(from.row(t), out.row(t).begin());
  return out;
}

}  // namespace

Matrix RunValues::compute(Place place, int layer) const {
  const Trace& trace = *trace_;
  const LayerTrace& state = trace.layer(layer);
  std::vector<int> all(trace.n_tok());
  std::iota(all.begin(), all.end(), 0);
  switch (place) {
    case Place::kEmbed:
      return trace.embed.clone();
    case Place::kHeads: {
      Matrix z(trace.n_tok(), static_cast<size_t>(trace.spec.d_query()));
      model_.backend().attention(trace.attention_inputs(layer), model_.layer(layer).value_bias(trace.spec),
                                 z.view());
      return z;
    }
    case Place::kMid:
      return copy_of(state.resid_mid.view());
    case Place::kNeurons: {
      CHECK(model_.layer(layer).ffn);
      const Matrix x = ffn_inputs(model_, trace, layer, all);
      return run_activations(model_, trace, layer, *model_.layer(layer).ffn, 0, x.view(), all);
    }
    case Place::kFfn:
      return state.ffn_out.empty() ? ffn_outputs(model_, trace, layer, all) : state.ffn_out.clone();
    case Place::kPost:
      return copy_of(state.resid_post.view());
  }
  return {};
}

std::shared_ptr<const Matrix> RunValues::rows(Place place, int layer) {
  std::shared_ptr<const Matrix>& kept = rows_[{place, layer}];
  if (kept == nullptr) kept = std::make_shared<const Matrix>(compute(place, layer));
  return kept;
}

std::shared_ptr<const Matrix> RunValues::mean(Place place, int layer) {
  std::shared_ptr<const Matrix>& kept = means_[{place, layer}];
  if (kept == nullptr) kept = std::make_shared<const Matrix>(mean_of(*rows(place, layer)));
  return kept;
}

}  // namespace limpid
