
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>

#include "analyses/direct_attribution.h"
#include "api/ask.h"
#include "api/deferred_readings.h"
#include "api/inspect_subject.h"
#include "attribution/attention_importance.h"
#include "attribution/ffn_importance.h"
#include "attribution/neuron_importance.h"
#include "attribution/part_vectors.h"

namespace limpid {

namespace {

/// What inspections of one run share; few things are kept, for those that follow each other often need the
/// same.
struct SharedWork {
  SharedWork(const Session& session, const Trace& trace) : readings(session, trace) {}

  DeferredReadings readings;
  std::optional<std::pair<int, OutputProjection>> projection = {};  // of a layer
  struct AtQuery {
    int layer, position;
    AttentionImportance shares;
  };
  std::optional<AtQuery> attention = {};
};

/// Fills the sections of one inspection, but for what is read later.
class Inspector {
 public:
  Inspector(const Session& session, const Trace& trace, const InspectRequest& request,
            const RunControl& control, SharedWork& shared, Inspection& out)
      : model_(session.model()),
        trace_(trace),
        request_(request),
        control_(control),
        shared_(shared),
        out_(out) {}

  Status look_at(const Subject& subject) {
    layer_ = subject.node.layer;
    position_ = subject.node.position;
    positions_ = {position_};
    switch (subject.kind) {
      case Subject::Kind::kNode:
        return subject.node.kind == NodeKind::kFfn ? ffn() : state(subject.node);
      case Subject::Kind::kEdge:
        return edge(subject);
      case Subject::Kind::kHead:
        return head(subject.index);
      case Subject::Kind::kNeuron:
        return neuron(subject.index);
      case Subject::Kind::kAttentionBias:
        return attention_bias();
      case Subject::Kind::kFfnBias:
        return ffn_bias();
      case Subject::Kind::kLogit:
        return logit();
    }
    return {};
  }

 private:
  Node node(NodeKind kind) const { return {kind, layer_, position_}; }
  ConstMatrixView state_of(const Node& node) const {
    const LayerTrace* layer = node.kind == NodeKind::kEmbed ? nullptr : &trace_.layer(node.layer);
    const ConstMatrixView all = layer == nullptr              ? trace_.embed.view()
                                : node.kind == NodeKind::kMid ? layer->resid_mid.view()
                                                              : layer->resid_post.view();
    return all.slice_rows(static_cast<size_t>(node.position), 1);
  }
  const OutputProjection& projection() {
    auto& kept = shared_.projection;
    if (!kept || kept->first != layer_) kept.emplace(layer_, OutputProjection(model_, layer_));
    return kept->second;
  }
  const AttentionImportance& attention_shares() {
    auto& kept = shared_.attention;
    if (!kept || kept->layer != layer_ || kept->position != position_) {
      kept = {layer_, position_, attention_importance(model_, trace_, layer_, positions_, projection())};
    }
    return kept->shares;
  }

  // --- states --------------------------------------------------------------------------------------

  Status state(const Node& node) {
    out_.kind = "state";
    std::span<const float> below;
    if (node.kind != NodeKind::kEmbed) {
      const Node lower = node.kind == NodeKind::kMid ? state_below(layer_, position_)
                                                     : Node{NodeKind::kMid, layer_, position_};
      below = state_of(lower).row(0);
    }
    shared_.readings.read_state(out_, state_of(node).row(0), below, request_.n_prediction);
    if (node.kind == NodeKind::kMid) attention_parts();
    if (node.kind == NodeKind::kPost) ffn_shares();
    return {};
  }

  void attention_parts() {
    const AttentionImportance& shares = attention_shares();
    for (size_t k = 0; k < shares.n_key; ++k) {
      const std::span<const float> heads = shares.heads(0, k);
      StatePart part{fmt::format("{}->{}", to_string(state_below(layer_, static_cast<int>(k))),
                                 to_string(node(NodeKind::kMid))),
                     EdgeKind::kAttention,
                     std::accumulate(heads.begin(), heads.end(), 0.0f),
                     {}};
      for (size_t h = 0; h < heads.size(); ++h) part.heads.push_back({static_cast<int>(h), heads[h]});
      std::ranges::stable_sort(part.heads, std::ranges::greater{}, &EdgeHead::weight);
      out_.parts.push_back(std::move(part));
    }
    out_.parts.push_back(
        {to_string(state_below(layer_, position_)), EdgeKind::kResidual, shares.residual[0], {}});
    std::ranges::stable_sort(out_.parts, std::ranges::greater{}, &StatePart::share);
    out_.bias_share = shares.bias[0];
  }

  void ffn_shares() {
    const FfnShares shares = ffn_importance(model_, trace_, layer_, positions_).front();
    out_.parts = {{to_string(node(NodeKind::kFfn)), EdgeKind::kFfnOut, shares.ffn, {}},
                  {to_string(node(NodeKind::kMid)), EdgeKind::kResidual, shares.residual, {}}};
    std::ranges::stable_sort(out_.parts, std::ranges::greater{}, &StatePart::share);
  }

  // --- parts ---------------------------------------------------------------------------------------

  /// What the part promotes and suppresses, and what it adds to the logit of the target.
  Status read(std::vector<float> part) {
    LIMPID_TRY(out_.target, shared_.readings.target(position_, request_.target));
    out_.adds_to_target = dot(logit_direction(model_, trace_, position_, out_.target->prediction.id), part);
    shared_.readings.read_part(out_, std::move(part), position_, request_.n_token);
    return {};
  }
  Status read(std::span<const float> part) { return read(std::vector<float>(part.begin(), part.end())); }

  Status edge(const Subject& subject) {
    if (subject.node.kind == NodeKind::kFfn || subject.from.kind == NodeKind::kFfn) return ffn();
    if (subject.node.kind == NodeKind::kPost) return residual(subject.from);
    out_.kind = "attention";
    const int key = subject.from.position;
    out_.part_of = to_string(subject.node);
    const AttentionImportance& shares = attention_shares();
    const std::span<const float> row = shares.heads(0, static_cast<size_t>(key));
    out_.share = std::accumulate(row.begin(), row.end(), 0.0f);
    if (key == position_) out_.residual_share = shares.residual[0];
    const AttentionInputs in = trace_.attention_inputs(layer_);
    Matrix attention(1, trace_.n_tok());
    for (size_t h = 0; h < in.n_head; ++h) {
      model_.backend().attention_rows(in, h, positions_, attention.view());
      out_.heads.push_back({static_cast<int>(h), attention.row(0)[static_cast<size_t>(key)], row[h]});
    }
    std::ranges::stable_sort(out_.heads, std::ranges::greater{}, &HeadPart::share);
    return read(sum_of_rows(head_outputs(model_, trace_, layer_, position_, projection(), key).heads));
  }

  static std::vector<float> sum_of_rows(const Matrix& m) {
    std::vector<float> sum(m.cols());
    for (size_t r = 0; r < m.rows(); ++r) {
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += m.row(r)[i];
    }
    return sum;
  }

  /// mid -> post: the state itself is the part.
  Status residual(const Node& from) {
    out_.kind = "residual";
    out_.part_of = to_string(node(NodeKind::kPost));
    out_.share = ffn_importance(model_, trace_, layer_, positions_).front().residual;
    return read(state_of(from).row(0));
  }

  Status head(int index) {
    out_.kind = "head";
    out_.part_of = to_string(node(NodeKind::kMid));
    const auto h = static_cast<size_t>(index);
    const AttentionImportance& shares = attention_shares();
    Matrix attention(1, trace_.n_tok());
    model_.backend().attention_rows(trace_.attention_inputs(layer_), h, positions_, attention.view());
    float total = 0;
    for (size_t k = 0; k < shares.n_key; ++k) {
      const float share = shares.heads(0, k)[h];
      out_.keys.push_back({static_cast<int>(k), attention.row(0)[k], share});
      total += share;
    }
    out_.share = total;
    return read(head_outputs(model_, trace_, layer_, position_, projection()).heads.row(h));
  }

  Status ffn() {
    out_.kind = "ffn";
    out_.part_of = to_string(node(NodeKind::kPost));
    out_.share = ffn_importance(model_, trace_, layer_, positions_).front().ffn;
    const Matrix activations = neuron_activations(model_, trace_, layer_, positions_);
    const NeuronImportance shares = neuron_importance(model_, trace_, layer_, positions_);
    std::vector<int> order(activations.cols());
    std::iota(order.begin(), order.end(), 0);
    const auto share = [&](int n) { return shares.neurons.row(0)[static_cast<size_t>(n)]; };
    std::ranges::stable_sort(order, std::ranges::greater{}, share);
    order.resize(std::min(order.size(), request_.n_neuron));
    for (const int n : order) {
      out_.neurons.push_back({n, activations.row(0)[static_cast<size_t>(n)], share(n), {}});
    }
    shared_.readings.read_neurons(out_, neuron_outputs(model_, layer_, order, activations.row(0)), position_);
    return read(ffn_outputs(model_, trace_, layer_, positions_).row(0));
  }

  Status neuron(int index) {
    out_.kind = "neuron";
    out_.part_of = to_string(node(NodeKind::kPost));
    const Matrix activations = neuron_activations(model_, trace_, layer_, positions_);
    out_.activation = activations.row(0)[static_cast<size_t>(index)];
    out_.share =
        neuron_importance(model_, trace_, layer_, positions_).neurons.row(0)[static_cast<size_t>(index)];
    const std::array<int, 1> neurons = {index};
    return read(neuron_outputs(model_, layer_, neurons, activations.row(0)).row(0));
  }

  Status attention_bias() {
    out_.kind = "bias";
    out_.part_of = to_string(node(NodeKind::kMid));
    const HeadOutputs outputs = head_outputs(model_, trace_, layer_, position_, projection());
    if (outputs.bias.empty()) return no_bias("attention");
    out_.share = attention_shares().bias[0];
    return read(outputs.bias);
  }

  Status ffn_bias() {
    out_.kind = "bias";
    out_.part_of = to_string(node(NodeKind::kPost));
    const std::vector<float> bias = ffn_bias_part(model_, trace_, layer_, position_);
    if (std::ranges::all_of(bias, [](float x) { return x == 0; })) return no_bias("the FFN");
    return read(bias);
  }

  Status no_bias(const char* block) const {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("node: '{}': {} of layer {} has no bias", out_.subject, block, layer_));
  }

  Status logit() {
    out_.kind = "logit";
    LIMPID_TRY(out_.target, shared_.readings.target(position_, request_.target));
    LIMPID_TRY(out_.logit_parts,
               direct_attribution(model_, trace_, position_, out_.target->prediction.id, control_));
    std::ranges::stable_sort(out_.logit_parts, std::ranges::greater{},
                             [](const LogitPart& part) { return std::abs(part.logit); });
    return {};
  }

  const Model& model_;
  const Trace& trace_;
  const InspectRequest& request_;
  const RunControl& control_;
  SharedWork& shared_;
  Inspection& out_;
  int layer_ = 0;
  int position_ = 0;
  std::array<int, 1> positions_ = {0};
};

}  // namespace

const char* name(Normalize normalize) {
  switch (normalize) {
    case Normalize::kFrozen:
      return "frozen";
    case Normalize::kPart:
      return "part";
    case Normalize::kNone:
      return "none";
  }
  return "";
}

Result<std::vector<Inspection>> Session::inspect(const Trace& trace, std::span<const InspectRequest> requests,
                                                 const RunControl& control) const {
  LIMPID_TRY(const std::vector<Piece> tokens, vocabulary_->pieces(trace.ids));
  SharedWork shared(*this, trace);
  std::vector<Inspection> all(requests.size());
  for (size_t i = 0; i < requests.size(); ++i) {
    LIMPID_CHECK_OK(control.tick("inspect", static_cast<double>(i) / static_cast<double>(requests.size())));
    LIMPID_TRY(const Subject subject, resolve_subject(*model_, trace.n_tok(), requests[i].subject));
    Inspection& out = all[i];
    out.model = name_;
    out.subject = to_string(subject);
    out.normalize = requests[i].normalize;
    out.tokens = tokens;
    LIMPID_CHECK_OK(Inspector(*this, trace, requests[i], control, shared, out).look_at(subject));
  }
  LIMPID_CHECK_OK(shared.readings.finish(control));
  return all;
}

Result<Inspection> Session::inspect(const Trace& trace, const InspectRequest& request,
                                    const RunControl& control) const {
  LIMPID_TRY(std::vector<Inspection> all, inspect(trace, std::span(&request, 1), control));
  return std::move(all.front());
}

Result<Inspection> Session::inspect(const InspectRequest& request, const RunControl& control) const {
  LIMPID_CHECK_OK(parse_subject(request.subject));  // before the run, which takes longer
  return ask_of_prompt(*this, request.prompt, control,
                       [&](const Trace& trace) { return inspect(trace, request, control); });
}

}  // namespace limpid
