// Options that several verbs share.
#pragma once

#include <string>
#include <vector>

#include "api/session.h"

namespace CLI {
class App;
}

namespace limpid {

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

/// `--adapter`, for a verb that takes a model.
void add_adapter_option(CLI::App& app, std::string& adapter);

/// `[MODEL] [PROMPT]`, where a single word is the prompt for the default model.
struct PromptOptions {
  std::vector<std::string> words;
  std::vector<int> ids;
  bool bos = false, no_bos = false;
  std::string adapter;

  void add_to(CLI::App& app);

  struct Resolved {
    std::string model;
    Prompt prompt;
  };
  /// Reads standard input for the prompt "-". A missing prompt is a usage error, found while parsing.
  Resolved resolve() const;

 private:
  void check() const;
};

/// `--format`, restricted to what a verb can write; the first is the default.
void add_format_option(CLI::App& app, std::string& format, std::vector<std::string> formats);

}  // namespace limpid
