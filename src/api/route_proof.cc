#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "api/causes.h"
#include "api/intervention_text.h"
#include "forward/batch_run.h"
#include "graph/flow.h"

namespace limpid {

namespace {

/// A head, or the FFN (without head), at one token.
struct Component {
  int layer = 0;
  std::optional<int> head;
  int position = 0;

  auto operator<=>(const Component&) const = default;
};

Intervention replacing(const Component& component, const Replacement& with) {
  return {.place = component.head ? Place::kHeads : Place::kFfn,
          .layer = component.layer,
          .index = component.head,
          .position = component.position,
          .with = with};
}

std::string subject_of(const Component& component) {
  return component.head ? fmt::format("head.{}.{}@{}", component.layer, *component.head, component.position)
                        : fmt::format("ffn.{}@{}", component.layer, component.position);
}

std::vector<Component> all_components(const ModelSpec& spec, int position) {
  std::vector<Component> out;
  for (int l = 0; l < spec.n_layer; ++l) {
    for (int t = 0; t <= position; ++t) {
      for (int h = 0; h < spec.n_head; ++h) out.push_back({l, h, t});
      out.push_back({l, std::nullopt, t});
    }
  }
  return out;
}

/// Those of the route, with the flow that they carry.
std::map<Component, double> components_of(const Route& route) {
  std::map<Component, double> out;
  for (const Edge& edge : route.edges) {
    if (edge.kind == EdgeKind::kFfnOut) {
      out[{edge.to.layer, std::nullopt, edge.to.position}] += static_cast<double>(edge.flow);
    }
    for (const EdgeHead& head : edge.heads) {
      out[{edge.to.layer, head.head, edge.to.position}] += head_flow(edge, head);
    }
  }
  return out;
}

/// Components in order of their flow, the weakest first.
std::vector<std::pair<Component, double>> weakest_of(const std::map<Component, double>& kept, size_t count) {
  std::vector<std::pair<Component, double>> out(kept.begin(), kept.end());
  std::ranges::stable_sort(out, {}, [](const auto& entry) { return entry.second; });
  out.resize(std::min(out.size(), count));
  return out;
}

class Proof {
 public:
  Proof(const Model& model, const CauseRuns& runs, const Route& route, const Replacement& with)
      : model_(model),
        runs_(runs),
        with_(with),
        values_(model, runs.against ? runs.against : runs.clean),
        all_(all_components(model.spec(), runs.position)),
        kept_(components_of(route)),
        first_(with.kind == Replacement::Kind::kCounterfactual ? first_difference(*runs.clean, *runs.against)
                                                               : 0) {}

  Result<RouteProof> run(size_t n_weakest, const RunControl& control) {
    const auto weakest = weakest_of(kept_, n_weakest);
    std::vector<Patches> patches(4 + weakest.size());  // the first one replaces nothing
    const auto outside = [&](const Component& c) { return !kept_.contains(c); };
    LIMPID_CHECK_OK(replace(patches[1], [](const Component&) { return true; }));
    LIMPID_CHECK_OK(replace(patches[2], outside));
    LIMPID_CHECK_OK(replace(patches[3], [&](const Component& c) { return !outside(c); }));
    for (size_t i = 0; i < weakest.size(); ++i) {
      LIMPID_CHECK_OK(
          replace(patches[4 + i], [&](const Component& c) { return outside(c) || c == weakest[i].first; }));
    }
    LIMPID_TRY(const Matrix last, last_states(model_, *runs_.clean, patches, runs_.position, control));
    const std::vector<double> m = metric_values(model_, runs_.metric, last.view());
    RouteProof proof{.metric = runs_.named,
                     .value = to_string(with_),
                     .full = m[0],
                     .empty = m[1],
                     .kept = m[2],
                     .removed = m[3],
                     .n_kept = kept_.size(),
                     .n_component = all_.size()};
    const double range = proof.full - proof.empty;
    if (range != 0) {
      proof.faithfulness = (proof.kept - proof.empty) / range;
      proof.left = (proof.removed - proof.empty) / range;
    }
    for (size_t i = 0; i < weakest.size(); ++i) {
      proof.weakest.push_back({subject_of(weakest[i].first), weakest[i].second, proof.kept - m[4 + i]});
    }
    return proof;
  }

 private:
  template <class Which>
  Status replace(Patches& patches, const Which& which) {
    for (const Component& component : all_) {
      if (!which(component)) continue;
      LIMPID_CHECK_OK(add_intervention(model_.spec(), runs_.clean->n_tok(), replacing(component, with_),
                                       &values_, patches, first_));
    }
    return {};
  }

  const Model& model_;
  const CauseRuns& runs_;
  Replacement with_;
  RunValues values_;
  std::vector<Component> all_;
  std::map<Component, double> kept_;
  int first_;  // position from which on values are replaced
};

}  // namespace

Result<RouteProof> Session::prove(const CauseRuns& runs, const Route& route, const RouteProofRequest& request,
                                  const RunControl& control) const {
  const std::string value = !request.value.empty() ? request.value : runs.against ? "counterfactual" : "mean";
  LIMPID_TRY(const Replacement with, parse_replacement(value));
  if (with.kind == Replacement::Kind::kCounterfactual && runs.against == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "value: 'counterfactual' takes values from another run",
                "give the other prompt with --against");
  }
  return Proof(*model_, runs, route, with).run(request.n_weakest, control);
}

Result<RouteProof> Session::prove(const Explanation& explanation, const Route& route,
                                  const RouteProofRequest& request, const RunControl& control) const {
  std::shared_ptr<const Trace> against;
  if (request.against) {
    std::vector<std::string> warnings;
    LIMPID_TRY(const std::vector<int> ids, vocabulary_->encode(*request.against, warnings));
    LIMPID_TRY(Trace trace, this->trace(ids, {.keep_block_outputs = true}, control));
    against = std::make_shared<const Trace>(std::move(trace));
  }
  LIMPID_TRY(const CauseRuns runs, cause_runs(*this, explanation.trace_, std::move(against),
                                              explanation.position(), request.metric));
  return prove(runs, route, request, control);
}

}  // namespace limpid
