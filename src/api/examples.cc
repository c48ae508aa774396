#include "api/examples.h"

#include <cstdint>
#include <fmt/format.h>
#include <limits>
#include <nlohmann/json.hpp>

#include "checkpoint/json.h"

namespace limpid {

namespace {

using Value = nlohmann::json;

tl::unexpected<Error> wrong(std::string_view key, std::string_view expected) {
  return fail(
      ErrorCode::kInvalidArgument, fmt::format("the line: expected {} for \"{}\"", expected, key),
      "`limpid dataset` writes such lines: ids, counterfactual_ids, target_id, versus_id, or the same as "
      "texts");
}

bool is_id(const Value& value) {
  return value.is_number_unsigned() && value.get<uint64_t>() <= std::numeric_limits<int>::max();
}

Result<Prompt> read_prompt(const Value& line, const char* ids, const char* text) {
  Prompt prompt;
  if (const auto found = line.find(ids); found != line.end()) {
    if (!found->is_array() || found->empty()) return wrong(ids, "a list of token ids");
    for (const Value& id : *found) {
      if (!is_id(id)) return wrong(ids, "a list of token ids");
      prompt.ids.push_back(id.get<int>());
    }
    return prompt;
  }
  const auto found = line.find(text);
  if (found == line.end() || !found->is_string()) return wrong(text, "a text");
  prompt.text = found->get<std::string>();
  return prompt;
}

Result<std::string> read_token(const Value& line, const char* id, const char* text) {
  if (const auto found = line.find(id); found != line.end()) {
    if (!is_id(*found)) return wrong(id, "a token id");
    return fmt::format("#{}", found->get<int>());
  }
  const auto found = line.find(text);
  if (found == line.end() || !found->is_string()) return wrong(text, "a text");
  return found->get<std::string>();
}

}  // namespace

Result<FaithfulnessExample> parse_example(std::string_view text) {
  LIMPID_TRY(const Value line, parse_json(text, "the line"));
  if (!line.is_object()) return fail(ErrorCode::kInvalidArgument, "the line: expected a JSON object");
  FaithfulnessExample example;
  LIMPID_TRY(example.prompt, read_prompt(line, "ids", "prompt"));
  LIMPID_TRY(example.counterfactual, read_prompt(line, "counterfactual_ids", "counterfactual"));
  LIMPID_TRY(example.target, read_token(line, "target_id", "target"));
  LIMPID_TRY(example.versus, read_token(line, "versus_id", "versus"));
  return example;
}

}  // namespace limpid
