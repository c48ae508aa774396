#include "api/intervention_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "api/inspect_subject.h"
#include "api/session.h"

namespace limpid {

namespace {

constexpr std::string_view kBelow = "<-";
constexpr std::string_view kAllHeads = "attention.";
constexpr const char* kForms =
    "head.5.1@3 attention.5@3 ffn.5@3 neuron.5.1023@3 embed@3 mid.5@3 post.5@3, all without '@3' for every "
    "token; head.5.1@13<-3 attention.5@13<-3; each with =zero (or nothing), =mean, =counterfactual or =0.5";

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value = {};
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

tl::unexpected<Error> unknown(std::string_view text) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("replace: expected the name of what a run can replace, found '{}'", text), kForms);
}

std::optional<Place> place_of(const Subject& subject) {
  switch (subject.kind) {
    case Subject::Kind::kHead:
      return Place::kHeads;
    case Subject::Kind::kNeuron:
      return Place::kNeurons;
    case Subject::Kind::kNode:
      switch (subject.node.kind) {
        case NodeKind::kEmbed:
          return Place::kEmbed;
        case NodeKind::kMid:
          return Place::kMid;
        case NodeKind::kFfn:
          return Place::kFfn;
        case NodeKind::kPost:
          return Place::kPost;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

/// The component, with what it is replaced with still to come.
Result<Intervention> parse_component(const Model& model, size_t n_tok, std::string_view text) {
  std::string name(text);
  Intervention intervention;
  const bool all_heads = name.starts_with(kAllHeads);
  const bool one_position = name.find('@') != std::string::npos;
  if (all_heads) {  // read as the first of them
    const size_t end = std::min(name.find('@'), name.size());
    name = "head." + name.substr(kAllHeads.size(), end - kAllHeads.size()) + ".0" + name.substr(end);
  }
  if (!one_position) name += "@0";
  const auto subject = resolve_subject(model, n_tok, name);
  if (!subject) {
    if (!parse_subject(name)) return unknown(text);
    return tl::unexpected(subject.error());
  }
  const auto place = place_of(*subject);
  if (!place) return unknown(text);
  intervention.place = *place;
  intervention.layer = subject->node.layer;
  if (one_position) intervention.position = subject->node.position;
  if (*place == Place::kNeurons || (*place == Place::kHeads && !all_heads))
    intervention.index = subject->index;
  return intervention;
}

}  // namespace

Result<Replacement> parse_replacement(std::string_view text) {
  if (text == "zero") return Replacement{};
  if (text == "mean") return Replacement{.kind = Replacement::Kind::kMean};
  if (text == "counterfactual") return Replacement{.kind = Replacement::Kind::kCounterfactual};
  const auto factor = parse_number<float>(text);
  if (factor && std::isfinite(*factor)) return Replacement{.factor = *factor};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("value: expected zero, mean, counterfactual or a number, found '{}'", text));
}

std::string to_string(const Replacement& replacement) {
  switch (replacement.kind) {
    case Replacement::Kind::kMean:
      return "mean";
    case Replacement::Kind::kCounterfactual:
      return "counterfactual";
    case Replacement::Kind::kScale:
      break;
  }
  return replacement.factor == 0 ? "zero" : fmt::format("{}", replacement.factor);
}

Result<Intervention> parse_intervention(const Model& model, size_t n_tok, std::string_view text) {
  const size_t equals = text.rfind('=');
  const std::string_view component = text.substr(0, equals);
  const size_t arrow = component.find(kBelow);
  LIMPID_TRY(Intervention intervention, parse_component(model, n_tok, component.substr(0, arrow)));
  if (equals != std::string_view::npos) {
    LIMPID_TRY(intervention.with, parse_replacement(text.substr(equals + 1)));
  }
  if (arrow == std::string_view::npos) return intervention;
  const auto key = parse_number<int>(component.substr(arrow + kBelow.size()));
  if (!key || intervention.place != Place::kHeads || !intervention.position) return unknown(text);
  LIMPID_TRY(intervention.key, resolve_position(*key, n_tok));
  if (*intervention.key <= *intervention.position) return intervention;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("replace: token {} does not attend to token {}, which comes after it",
                          *intervention.position, *intervention.key));
}

std::string to_string(const Intervention& intervention) {
  std::string text;
  switch (intervention.place) {
    case Place::kEmbed:
      text = "embed";
      break;
    case Place::kHeads:
      text = intervention.index ? fmt::format("head.{}.{}", intervention.layer, *intervention.index)
                                : fmt::format("attention.{}", intervention.layer);
      break;
    case Place::kMid:
      text = fmt::format("mid.{}", intervention.layer);
      break;
    case Place::kNeurons:
      text = fmt::format("neuron.{}.{}", intervention.layer, *intervention.index);
      break;
    case Place::kFfn:
      text = fmt::format("ffn.{}", intervention.layer);
      break;
    case Place::kPost:
      text = fmt::format("post.{}", intervention.layer);
      break;
  }
  if (intervention.position) text += fmt::format("@{}", *intervention.position);
  if (intervention.key) text += fmt::format("{}{}", kBelow, *intervention.key);
  return text + "=" + to_string(intervention.with);
}

}  // namespace limpid
