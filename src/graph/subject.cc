#include "graph/subject.h"

#include <array>
#include <charconv>
#include <optional>
#include <vector>

namespace limpid {

namespace {

struct Form {
  std::string_view name;
  size_t n_number;  // between the name and the position
  Subject::Kind kind;
  NodeKind node;
};
constexpr std::array kForms = {
    Form{"embed", 0, Subject::Kind::kNode, NodeKind::kEmbed},
    Form{"mid", 1, Subject::Kind::kNode, NodeKind::kMid},
    Form{"ffn", 1, Subject::Kind::kNode, NodeKind::kFfn},
    Form{"post", 1, Subject::Kind::kNode, NodeKind::kPost},
    Form{"head", 2, Subject::Kind::kHead, NodeKind::kMid},
    Form{"neuron", 2, Subject::Kind::kNeuron, NodeKind::kFfn},
    Form{"attention_bias", 1, Subject::Kind::kAttentionBias, NodeKind::kMid},
    Form{"ffn_bias", 1, Subject::Kind::kFfnBias, NodeKind::kFfn},
    Form{"logit", 0, Subject::Kind::kLogit, NodeKind::kPost},
};
constexpr std::string_view kArrow = "->";

/// The whole text as a number, written as to_string would.
std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size() || std::to_string(value) != text) {
    return std::nullopt;
  }
  return value;
}

std::optional<Subject> parse_part(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos) return std::nullopt;
  const auto position = number(text.substr(at + 1));
  if (!position) return std::nullopt;
  std::string_view rest = text.substr(0, at);
  const std::string_view name = rest.substr(0, rest.find('.'));
  rest.remove_prefix(name.size());
  std::vector<int> numbers;
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::string_view word = rest.substr(0, rest.find('.'));
    const auto value = number(word);
    if (!value || *value < 0) return std::nullopt;
    numbers.push_back(*value);
    rest.remove_prefix(word.size());
  }
  for (const Form& form : kForms) {
    if (form.name != name || form.n_number != numbers.size()) continue;
    Subject subject{.kind = form.kind, .node = {.kind = form.node, .layer = 0, .position = *position}};
    if (!numbers.empty()) subject.node.layer = numbers[0];
    if (numbers.size() > 1) subject.index = numbers[1];
    return subject;
  }
  return std::nullopt;
}

std::optional<Subject> parse(std::string_view text) {
  const size_t arrow = text.find(kArrow);
  if (arrow == std::string_view::npos) return parse_part(text);
  const auto from = parse_part(text.substr(0, arrow)), to = parse_part(text.substr(arrow + kArrow.size()));
  if (!from || !to || from->kind != Subject::Kind::kNode || to->kind != Subject::Kind::kNode) {
    return std::nullopt;
  }
  return Subject{.kind = Subject::Kind::kEdge, .node = to->node, .from = from->node};
}

}  // namespace

Result<Subject> parse_subject(std::string_view text) {
  if (const auto subject = parse(text)) return *subject;
  return fail(ErrorCode::kInvalidArgument,
              "node: expected the name of a node, an edge or a part, found '" + std::string(text) + "'",
              "embed@3 mid.5@3 ffn.5@3 post.5@3 head.5.1@3 neuron.5.1023@3 attention_bias.5@3 ffn_bias.5@3 "
              "logit@3, or an edge post.4@1->mid.5@3; @-1 is the last token");
}

std::string to_string(const Subject& subject) {
  if (subject.kind == Subject::Kind::kEdge) {
    return to_string(subject.from) + std::string(kArrow) + to_string(subject.node);
  }
  for (const Form& form : kForms) {
    if (form.kind != subject.kind || form.node != subject.node.kind) continue;
    std::string text(form.name);
    if (form.n_number > 0) text += "." + std::to_string(subject.node.layer);
    if (form.n_number > 1) text += "." + std::to_string(subject.index);
    return text + "@" + std::to_string(subject.node.position);
  }
  return "";
}

}  // namespace limpid
