#include "analyses/node_scores.h"

#include <algorithm>
#include <array>
#include <functional>

#include "analyses/direct_attribution.h"
#include "analyses/intervention.h"
#include "attribution/attention_importance.h"
#include "attribution/part_vectors.h"
#include "forward/batch_run.h"
#include "graph/flow.h"

namespace limpid {

size_t n_component(const ModelSpec& spec) {
  return static_cast<size_t>(spec.n_layer) * static_cast<size_t>(spec.n_head + 1);
}

size_t head_component(const ModelSpec& spec, int layer, int head) {
  return static_cast<size_t>(layer * spec.n_head + head);
}

size_t ffn_component(const ModelSpec& spec, int layer) {
  return static_cast<size_t>(spec.n_layer * spec.n_head + layer);
}

RunPair::RunPair(const Model& of, std::shared_ptr<const Trace> clean_run,
                 std::shared_ptr<const Trace> other_run)
    : model(of),
      clean(of, std::move(clean_run)),
      other(of, std::move(other_run)),
      first(first_difference(clean.trace(), other.trace())) {}

void replace_component(RunPair& runs, size_t component, Patches& patches) {
  const ModelSpec& spec = runs.model.spec();
  const auto n_head = static_cast<size_t>(spec.n_head), d_head = static_cast<size_t>(spec.d_head);
  const size_t n_heads = ffn_component(spec, 0);
  const bool is_head = component < n_heads;
  const auto layer = static_cast<int>(is_head ? component / n_head : component - n_heads);
  const std::shared_ptr<const Matrix> rows = runs.other.rows(is_head ? Place::kHeads : Place::kFfn, layer);
  LayerPatches& to = patches.layers[layer];
  for (int t = runs.first; t < static_cast<int>(rows->rows()); ++t) {
    const std::span<const float> row = rows->row(static_cast<size_t>(t));
    if (is_head) {
      const size_t head = component % n_head;
      to.heads.push_back({static_cast<int>(head), {t, 0, row.subspan(head * d_head, d_head)}});
    } else {
      to.ffn.push_back({t, 0, row});
    }
  }
  patches.keep.push_back(rows);
}

Result<std::vector<double>> exact_scores(RunPair& runs, const Metric& metric, const RunControl& control) {
  std::vector<Patches> patches(n_component(runs.model.spec()) + 1);  // the last one replaces nothing
  for (size_t c = 0; c + 1 < patches.size(); ++c) replace_component(runs, c, patches[c]);
  LIMPID_TRY(const Matrix last,
             last_states(runs.model, runs.clean.trace(), patches, metric.position, control));
  const std::vector<double> values = metric_values(runs.model, metric, last.view());
  std::vector<double> scores;
  for (size_t c = 0; c + 1 < patches.size(); ++c) scores.push_back(values.back() - values[c]);
  return scores;
}

std::vector<double> share_scores(const ModelSpec& spec, const Route& route) {
  std::vector<double> scores(n_component(spec));
  for (const Edge& edge : route.edges) {
    if (edge.kind == EdgeKind::kFfnOut) {
      scores[ffn_component(spec, edge.to.layer)] += static_cast<double>(edge.flow);
    }
    for (const EdgeHead& head : edge.heads) {
      scores[head_component(spec, edge.to.layer, head.head)] += head_flow(edge, head);
    }
  }
  return scores;
}

Result<std::vector<double>> direct_scores(RunPair& runs, const Metric& metric, const RunControl& control) {
  const Model& model = runs.model;
  const Trace& trace = runs.clean.trace();
  std::vector<double> direction = logit_direction(model, trace, metric.position, metric.target);
  if (metric.versus) {
    const std::vector<double> other = logit_direction(model, trace, metric.position, *metric.versus);
    std::ranges::transform(direction, other, direction.begin(), std::minus<>());
  }
  const std::array<int, 1> positions = {metric.position};
  std::vector<double> scores(n_component(model.spec()));
  for (int l = 0; l < model.spec().n_layer; ++l) {
    LIMPID_CHECK_OK(control.tick("attribute", static_cast<double>(l) / model.spec().n_layer));
    const Matrix heads = head_outputs(model, trace, l, metric.position, OutputProjection(model, l)).heads;
    for (int h = 0; h < model.spec().n_head; ++h) {
      scores[head_component(model.spec(), l, h)] = dot(direction, heads.row(static_cast<size_t>(h)));
    }
    scores[ffn_component(model.spec(), l)] = dot(direction, ffn_outputs(model, trace, l, positions).row(0));
  }
  return scores;
}

}  // namespace limpid
