#include "analyses/datasets/filling.h"

#include <algorithm>

#include "analyses/draw.h"
#include "base/check.h"

namespace limpid {

namespace {

bool begins_with(std::span<const int> ids, std::span<const int> beginning) {
  return ids.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), ids.begin());
}

}  // namespace

std::string fill(std::string_view pattern, std::span<const Slot> slots) {
  std::string text;
  while (!pattern.empty()) {
    const size_t open = pattern.find('{');
    text += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    const size_t close = pattern.find('}', open);
    CHECK(close != std::string_view::npos);
    const auto slot = std::ranges::find(slots, pattern.substr(open + 1, close - open - 1), &Slot::name);
    CHECK(slot != slots.end());
    text += slot->text;
    pattern.remove_prefix(close + 1);
  }
  return text;
}

std::optional<int> continuation(const DatasetVocabulary& vocabulary, std::string_view prompt,
                                std::span<const int> ids, std::string_view text) {
  const std::vector<int> longer = vocabulary.encode(std::string(prompt).append(text));
  if (longer.size() != ids.size() + 1 || !begins_with(longer, ids)) return std::nullopt;
  return longer.back();
}

std::vector<std::string_view> single_tokens(const DatasetVocabulary& vocabulary,
                                            std::span<const std::string_view> words) {
  constexpr std::string_view kBefore = "When";
  const std::vector<int> before = vocabulary.encode(kBefore);
  std::vector<std::string_view> found;
  if (before.empty()) return found;
  for (const std::string_view word : words) {
    const auto id = continuation(vocabulary, kBefore, before, " " + std::string(word));
    // The id of what the vocabulary does not know is one token too.
    if (id && vocabulary.decode(std::span(&*id, 1)).ends_with(word)) found.push_back(word);
  }
  return found;
}

bool set_ids(DatasetExample& example, const DatasetVocabulary& vocabulary, size_t least, size_t most) {
  example.ids = vocabulary.encode(example.prompt);
  example.counterfactual_ids = vocabulary.encode(example.counterfactual);
  if (example.ids.size() != example.counterfactual_ids.size()) return false;
  for (size_t t = 0; t < example.ids.size(); ++t) {
    if (example.ids[t] != example.counterfactual_ids[t]) example.changed.push_back(static_cast<int>(t));
  }
  return example.changed.size() >= least && example.changed.size() <= most;
}

bool set_answers(DatasetExample& example, const DatasetVocabulary& vocabulary) {
  const auto target = continuation(vocabulary, example.prompt, example.ids, example.target);
  const auto versus = continuation(vocabulary, example.prompt, example.ids, example.versus);
  if (!target || !versus || *target == *versus) return false;
  example.targets = {example.target_id = *target};
  example.versuses = {example.versus_id = *versus};
  return true;
}

bool add_positions(DatasetExample& example, const DatasetVocabulary& vocabulary, std::span<const Slot> slots,
                   std::span<const std::string_view> names) {
  for (const std::string_view name : names) {
    const std::string slot = "{" + std::string(name) + "}";
    const size_t end = example.pattern.find(slot) + slot.size();
    const std::vector<int> before =
        vocabulary.encode(fill(std::string_view(example.pattern).substr(0, end), slots));
    if (before.empty() || !begins_with(example.ids, before)) return false;
    example.positions.emplace_back(name, static_cast<int>(before.size()) - 1);
  }
  example.positions.emplace_back("end", static_cast<int>(example.ids.size()) - 1);
  return true;
}

int draw_template(std::mt19937_64& random, const DatasetRequest& request, size_t n_pattern) {
  if (request.templates.empty()) return static_cast<int>(draw(random, n_pattern)) + 1;
  return request.templates[draw(random, request.templates.size())];
}

}  // namespace limpid
