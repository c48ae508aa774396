// What stands beside a tokenizer in a Hugging Face folder: tokenizer_config.json, special_tokens_map.json and
// added_tokens.json, with the defaults of the tokenizer class they name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace limpid {

/// A special token as the files name it.
struct NamedToken {
  std::optional<std::string> text;
  bool is_said = false;  // by a file, even if it says: none
};

struct HubConfig {
  std::string tokenizer_class;  // without "Fast"; empty when none is named
  NamedToken bos;
  NamedToken eos;
  std::optional<bool> add_bos_token;  // as tokenizer_config.json says
  /// Set for classes that put BOS before a text by their own rule, whatever post-processor the tokenizer has:
  /// what they do unless add_bos_token says otherwise.
  std::optional<bool> class_adds_bos;
  bool add_prefix_space = false;
  /// JSON array for Engine::add_tokens: the tokens that the files list, then the special ones they name.
  std::string added_tokens_json = "[]";
};

/// Absent files leave the defaults. Errors: kCorrupt, kIo.
Result<HubConfig> read_hub_config(const std::filesystem::path& folder);

}  // namespace limpid
