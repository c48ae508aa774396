#include "limpid/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "api/session.h"
#include "graph/compare.h"

namespace limpid {

namespace {

std::string shape_of(const ModelSpec& spec) {
  return fmt::format("{}: {} layers of {} heads, width {}, {} tokens in the vocabulary", spec.family,
                     spec.n_layer, spec.n_head, spec.d_model, spec.n_vocab);
}

Status check_shapes(const ComparedRun& a, const ComparedRun& b) {
  const std::string expected = shape_of(a.explanation.model().spec());
  const std::string found = shape_of(b.explanation.model().spec());
  if (expected == found) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: expected the shape of {} ({}), found {}", b.model, a.model, expected, found),
              "only models of one architecture have nodes in common: a base model and one tuned from it");
}

std::string named(const std::vector<Piece>& tokens, size_t position) {
  return position < tokens.size() ? fmt::format("'{}'", tokens[position].text) : "the end";
}

Status check_tokens(const std::vector<Piece>& a, const std::vector<Piece>& b) {
  if (a.size() == b.size()) return {};
  size_t t = 0;
  while (t < std::min(a.size(), b.size()) && a[t].id == b[t].id) ++t;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("the prompts: expected as many tokens in both, found {} and {}; they differ from token {} "
                  "on, {} and {}",
                  a.size(), b.size(), t, named(a, t), named(b, t)),
      "nodes are compared position by position; `limpid tokenize` shows how a prompt is cut, and `limpid "
      "dataset` makes pairs of one length");
}

std::span<const float> state(const Trace& trace, const Node& node) {
  const auto t = static_cast<size_t>(node.position);
  switch (node.kind) {
    case NodeKind::kEmbed:
      return trace.embed.row(t);
    case NodeKind::kMid:
      return trace.layer(node.layer).resid_mid.row(t);
    case NodeKind::kPost:
      return trace.layer(node.layer).resid_post.row(t);
    case NodeKind::kFfn:
      return {};
  }
  return {};
}

double distance(std::span<const float> a, std::span<const float> b) {
  double difference = 0, size_a = 0, size_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    difference += std::abs(x - y);
    size_a += std::abs(x);
    size_b += std::abs(y);
  }
  const double size = std::max(size_a, size_b);
  return size > 0 ? difference / size : 0;
}

/// The most probable tokens of both, with what each says of all of them.
std::vector<ComparedPrediction> predictions(const Explanation& a, const Explanation& b, size_t count) {
  const auto row = [](const Explanation& e) {
    const std::array<int, 1> positions = {e.position()};
    return logits(e.model(), e.trace(), positions);
  };
  const Matrix of_a = row(a), of_b = row(b);
  std::vector<ComparedPrediction> found;
  for (const Explanation* side : {&a, &b}) {
    const auto& most_probable = side->predictions();
    for (const NamedPrediction& p : std::span(most_probable).first(std::min(count, most_probable.size()))) {
      const int id = p.prediction.id;
      if (std::ranges::any_of(found, [&](const ComparedPrediction& c) { return c.a.id == id; })) continue;
      found.push_back({p.piece, prediction_of(of_a.row(0), id), prediction_of(of_b.row(0), id)});
    }
  }
  std::ranges::stable_sort(found, std::ranges::greater{}, [](const ComparedPrediction& c) {
    return std::max(c.a.probability, c.b.probability);
  });
  return found;
}

}  // namespace

Result<Comparison> compare(const ComparedRun& a, const ComparedRun& b, const CompareRequest& request) {
  LIMPID_CHECK_OK(check_shapes(a, b));
  Comparison result = {.model_a = a.model,
                       .model_b = b.model,
                       .tokens_a = a.explanation.tokens(),
                       .tokens_b = b.explanation.tokens()};
  LIMPID_CHECK_OK(check_tokens(result.tokens_a, result.tokens_b));
  if (a.explanation.position() != b.explanation.position()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("token: expected the same position in both, found {} and {}",
                            a.explanation.position(), b.explanation.position()));
  }
  for (size_t t = 0; t < result.tokens_a.size(); ++t) {
    if (result.tokens_a[t].id != result.tokens_b[t].id) result.changed.push_back(static_cast<int>(t));
  }
  result.n_layer = a.explanation.model().spec().n_layer;
  const RouteOptions options = {.threshold = request.threshold, .renormalize = request.renormalize};
  LIMPID_TRY(const Route route_a, a.explanation.route(options));
  LIMPID_TRY(const Route route_b, b.explanation.route(options));
  result.options = route_a.options;
  result.predictions = predictions(a.explanation, b.explanation, request.n_predictions);
  result.route = unite(route_a, route_b);
  for (ComparedNode& n : result.route.nodes) {
    if (n.node.kind == NodeKind::kFfn) continue;
    n.distance = distance(state(a.explanation.trace(), n.node), state(b.explanation.trace(), n.node));
  }
  for (const Explanation* side : {&a.explanation, &b.explanation}) {
    for (const std::string& warning : side->warnings()) result.warnings.push_back(warning);
  }
  return result;
}

}  // namespace limpid
