#include "analyses/run_tensors.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <optional>

#include "attribution/attention_importance.h"
#include "attribution/ffn_importance.h"
#include "attribution/ffn_parts.h"
#include "attribution/neuron_importance.h"
#include "forward/run.h"

namespace limpid {

namespace {

std::span<const float> values_of(const Matrix& matrix) {
  return {matrix.data(), matrix.rows() * matrix.cols()};
}

}  // namespace

size_t RunTensor::n_element() const {
  return std::accumulate(shape.begin(), shape.end(), size_t{1}, std::multiplies<>());
}

/// The contributions of one layer, each kind computed once for the tensors that show it.
struct RunTensors::Importance {
  int layer;
  std::optional<AttentionImportance> attention;
  std::optional<NeuronImportance> neurons;
};

RunTensors::RunTensors(const Model& model, const Trace& trace)
    : model_(model), trace_(trace), positions_(trace.n_tok()) {
  std::iota(positions_.begin(), positions_.end(), 0);
  const auto n_vocab = static_cast<size_t>(model.spec().n_vocab);
  add("logits", -1, {trace.n_tok(), n_vocab}, n_vocab,
      [this](const TakeValues& take) { return produce_logits(take); });
  for (int l = 0; l < model.spec().n_layer; ++l) {
    add_states(l);
    add_attention_contributions(l);
    add_ffn_contributions(l);
  }
}

RunTensors::~RunTensors() = default;

void RunTensors::add(std::string kind, int layer, std::vector<size_t> shape, size_t n_per_position,
                     std::function<Status(const TakeValues&)> produce) {
  tensors_.push_back(
      {std::move(kind), layer, std::move(shape), n_per_position, std::move(produce), trace_.n_tok()});
}

void RunTensors::add_state(std::string kind, int layer, ConstMatrixView state) {
  add(std::move(kind), layer, {state.rows, state.cols}, state.cols, [state](const TakeValues& take) {
    return take(std::span<const float>(state.data, state.rows * state.cols));
  });
}

void RunTensors::add_states(int layer) {
  const LayerTrace& state = trace_.layer(layer);
  add_state("resid_pre", layer, trace_.resid_pre(layer));
  add_state("attention_out", layer, state.attention_out.view());
  add_state("resid_mid", layer, state.resid_mid.view());
  add_state("ffn_out", layer, state.ffn_out.view());
  add_state("resid_post", layer, state.resid_post.view());
  const size_t n_tok = trace_.n_tok();
  add("attention", layer, {static_cast<size_t>(model_.spec().n_head), n_tok, n_tok}, n_tok,
      [this, layer](const TakeValues& take) { return produce_attention(layer, take); });
}

RunTensors::Importance& RunTensors::importance(int layer) {
  if (importance_ == nullptr || importance_->layer != layer) {
    importance_ = std::make_unique<Importance>(Importance{layer, {}, {}});
  }
  return *importance_;
}

void RunTensors::add_attention_contributions(int layer) {
  const size_t n_tok = trace_.n_tok(), n_head = static_cast<size_t>(model_.spec().n_head);
  const auto current = [this, layer]() -> const AttentionImportance& {
    auto& attention = importance(layer).attention;
    if (!attention) {
      attention = attention_importance(model_, trace_, layer, positions_, OutputProjection(model_, layer));
    }
    return *attention;
  };
  add("contribution.attention", layer, {n_tok, n_tok, n_head}, n_tok * n_head,
      [current](const TakeValues& take) { return take(values_of(current().parts)); });
  add("contribution.attention_residual", layer, {n_tok}, 1,
      [current](const TakeValues& take) { return take(current().residual); });
  add("contribution.attention_bias", layer, {n_tok}, 1,
      [current](const TakeValues& take) { return take(current().bias); });
}

void RunTensors::add_ffn_contributions(int layer) {
  const size_t n_tok = trace_.n_tok(), n = n_neuron(model_, layer);
  for (const bool residual : {false, true}) {
    add(residual ? "contribution.ffn_residual" : "contribution.ffn", layer, {n_tok}, 1,
        [this, layer, residual](const TakeValues& take) {
          std::vector<float> values;
          for (const FfnShares& s : ffn_importance(model_, trace_, layer, positions_)) {
            values.push_back(residual ? s.residual : s.ffn);
          }
          return take(values);
        });
  }
  const auto current = [this, layer]() -> const NeuronImportance& {
    auto& neurons = importance(layer).neurons;
    if (!neurons) neurons = neuron_importance(model_, trace_, layer, positions_);
    return *neurons;
  };
  add("contribution.neuron", layer, {n_tok, n}, n,
      [current](const TakeValues& take) { return take(values_of(current().neurons)); });
  add("contribution.neuron_residual", layer, {n_tok}, 1,
      [current](const TakeValues& take) { return take(current().residual); });
}

Status RunTensors::produce_logits(const TakeValues& take) const {
  constexpr size_t kChunk = 64;  // positions at a time: n_vocab floats each
  for (size_t begin = 0; begin < positions_.size(); begin += kChunk) {
    const auto chunk = std::span(positions_).subspan(begin, std::min(kChunk, positions_.size() - begin));
    LIMPID_CHECK_OK(take(values_of(logits(model_, trace_, chunk))));
  }
  return {};
}

Status RunTensors::produce_attention(int layer, const TakeValues& take) const {
  const AttentionInputs in = trace_.attention_inputs(layer);
  Matrix rows(trace_.n_tok(), trace_.n_tok());
  for (size_t head = 0; head < in.n_head; ++head) {
    model_.backend().attention_rows(in, head, positions_, rows.view());
    LIMPID_CHECK_OK(take(values_of(rows)));
  }
  return {};
}

}  // namespace limpid
