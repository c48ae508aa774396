#include "api/inspect_subject.h"

#include <fmt/format.h>

#include "api/session.h"
#include "attribution/ffn_parts.h"

namespace limpid {

namespace {

Status check_below(const char* what, int found, int limit) {
  if (found < limit) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("node: expected a {} from 0 to {}, found {}", what, limit - 1, found));
}

Status resolve_node(const Model& model, size_t n_tok, Node& node) {
  LIMPID_CHECK_OK(check_below("layer", node.layer, model.spec().n_layer));
  LIMPID_TRY(node.position, resolve_position(node.position, n_tok));
  return {};
}

/// Whether the graph has this edge (docs/method.md, "Graph and route").
bool is_edge(const ModelSpec& spec, const Node& from, const Node& to) {
  const bool same_position = from.position == to.position;
  switch (to.kind) {
    case NodeKind::kEmbed:
      return false;
    case NodeKind::kMid:
      return from == state_below(to.layer, from.position) && from.position <= to.position;
    case NodeKind::kFfn:
      return from == (spec.parallel_blocks ? state_below(to.layer, to.position)
                                           : Node{NodeKind::kMid, to.layer, to.position});
    case NodeKind::kPost:
      return same_position && from.layer == to.layer &&
             (from.kind == NodeKind::kMid || from.kind == NodeKind::kFfn);
  }
  return false;
}

Status resolve_index(const Model& model, const Subject& subject) {
  if (subject.kind == Subject::Kind::kHead) return check_below("head", subject.index, model.spec().n_head);
  if (subject.kind == Subject::Kind::kNeuron) {
    return check_below("neuron", subject.index, static_cast<int>(n_neuron(model, subject.node.layer)));
  }
  return {};
}

}  // namespace

Result<Subject> resolve_subject(const Model& model, size_t n_tok, std::string_view text) {
  LIMPID_TRY(Subject subject, parse_subject(text));
  LIMPID_CHECK_OK(resolve_node(model, n_tok, subject.node));
  LIMPID_CHECK_OK(resolve_index(model, subject));
  if (subject.kind != Subject::Kind::kEdge) return subject;
  LIMPID_CHECK_OK(resolve_node(model, n_tok, subject.from));
  if (is_edge(model.spec(), subject.from, subject.node)) return subject;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("node: '{}' is no edge of the graph", to_string(subject)),
              "edges lead from post.(l-1)@k (embed@k for layer 0) to mid.l@q with k <= q, from mid.l@q to "
              "ffn.l@q (in models with parallel blocks from post.(l-1)@q), and from mid.l@q and ffn.l@q to "
              "post.l@q");
}

}  // namespace limpid
