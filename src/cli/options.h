// Options that several verbs share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "api/session.h"

namespace CLI {
class App;
}

namespace limpid {

// Titles under which --help lists options; a verb may have others. Options without one come last.
inline constexpr const char* kModelGroup = "Model";
inline constexpr const char* kPromptGroup = "Prompt";
inline constexpr const char* kOutputGroup = "Output";
inline constexpr const char* kComputeGroup = "Compute";

/// What every verb says of MODEL.
inline constexpr const char* kModelText =
    "MODEL is a GGUF file, a Hugging Face folder, an id in its cache or a name of Ollama; without it the "
    "default "
    "model.";

struct ComputeOptions {
  std::string backend = "cpu";
  int threads = 0;    // 0: all cores
  size_t memory = 0;  // bytes; 0: what the machine has free

  void add_to(CLI::App& app);
  /// Sets the number of threads of this process.
  void apply() const;
  OpenOptions open(std::string adapter) const;
};

/// `--memory`, in bytes.
void add_memory_option(CLI::App& app, size_t& memory);

/// `--seed`, 0 to 2^64 - 1.
void add_seed_option(CLI::App& app, uint64_t& seed, const char* text, const char* group);

/// `--adapter`, for a verb that takes a model.
void add_adapter_option(CLI::App& app, std::string& adapter);

enum class Prompting { kRequired, kOptional };

/// `[MODEL] PROMPT`, where a single word is the prompt for the default model; or, where the prompt is
/// optional, `[MODEL [PROMPT]]`, where a single word is the model.
struct PromptOptions {
  std::vector<std::string> words;
  std::vector<int> ids;
  bool bos = false, no_bos = false;
  bool chat = false;
  std::string system;
  std::string adapter;

  void add_to(CLI::App& app, Prompting prompting = Prompting::kRequired);
  /// With one more word behind these, NODE.
  void add_to(CLI::App& app, std::string& node);
  /// With one more word behind these, which the verb takes off before check(): a second PROMPT.
  void add_pair_to(CLI::App& app);

  struct Resolved {
    std::string model;
    Prompt prompt;
  };
  /// Neither a text nor ids were given; they may be missing only where they are optional.
  bool is_empty() const;
  /// Reads standard input for the prompt "-". A missing prompt is a usage error, found while parsing.
  Resolved resolve() const;
  /// What to run comes from `option`: a single word is the model, and more are wrong usage.
  void expect_model_only(const char* option);
  /// Throws what CLI11 reports as wrong usage. Runs when parsing is complete, unless the verb sets a check of
  /// its own.
  void check() const;

 private:
  void define(CLI::App& app, const char* words_text, int n_word);

  Prompting prompting_ = Prompting::kRequired;
  bool has_other_prompts_ = false;
};

/// `--format`, restricted to what a verb can write; the first is the default.
void add_format_option(CLI::App& app, std::string& format, std::vector<std::string> formats);

}  // namespace limpid
