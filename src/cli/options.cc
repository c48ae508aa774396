#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <iostream>
#include <iterator>

#include "api/runtime.h"

namespace limpid {

void ComputeOptions::add_to(CLI::App& app) {
  app.add_option("--backend", backend, "cpu, or reference: slow scalar loops that read like the formulas")
      ->capture_default_str();
  app.add_option("--threads", threads, "Threads to use; 0: one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  add_memory_option(app, memory);
}

void add_memory_option(CLI::App& app, size_t& memory) {
  app.add_option(
         "--memory", memory,
         "Memory that a run may take, weights included, as 8G or 800M; weights that do not fit are read\n"
         "from the file as they are used. Without it: what is free, less room for the file's pages")
      ->transform(CLI::AsSizeValue(false))
      ->option_text("SIZE");
}

OpenOptions ComputeOptions::open(std::string adapter) const {
  return {backend, std::move(adapter), memory};
}

void ComputeOptions::apply() const {
  set_runtime_threads(threads);
}

void add_adapter_option(CLI::App& app, std::string& adapter) {
  app.add_option("--adapter", adapter, "Folder of a LoRA adapter (as PEFT saves it) to add to the model")
      ->option_text("DIR");
}

void PromptOptions::add_to(CLI::App& app, Prompting prompting) {
  prompting_ = prompting;
  app.add_option("words", words,
                 "MODEL is a GGUF file, a Hugging Face folder, an id in its cache or a name of Ollama; "
                 "without it the\n"
                 "default model. PROMPT is a text; -: standard input.")
      ->option_text(prompting == Prompting::kRequired ? "[MODEL] PROMPT" : "[MODEL [PROMPT]]")
      ->expected(0, 2);
  app.add_option("--ids", ids, "Token ids instead of a prompt, separated by commas")->delimiter(',');
  auto* with = app.add_flag("--bos", bos, "Put the BOS token first, whatever the tokenizer says");
  app.add_flag("--no-bos", no_bos, "Add no BOS token")->excludes(with);
  add_adapter_option(app, adapter);
  app.parse_complete_callback([this] { check(); });
}

void PromptOptions::check() const {
  if (!ids.empty()) {
    if (words.size() > 1)
      throw CLI::ValidationError("--ids", "replaces the prompt: expected only a model beside it");
    return;
  }
  if (prompting_ == Prompting::kOptional) return;
  if (words.empty()) throw CLI::RequiredError("PROMPT");
  if (words.size() == 1 && names_model(words.front())) {
    throw CLI::ValidationError(
        "PROMPT", fmt::format("expected a prompt after the model '{}', found none", words.front()));
  }
}

void PromptOptions::expect_model_only(const char* option) {
  if (words.size() > 1 || !ids.empty())
    throw CLI::ValidationError(option, "says what to run: expected only a model beside it");
  prompting_ = Prompting::kOptional;
}

bool PromptOptions::is_empty() const {
  return ids.empty() && words.size() < (prompting_ == Prompting::kOptional ? 2 : 1);
}

PromptOptions::Resolved PromptOptions::resolve() const {
  Resolved resolved;
  resolved.prompt.ids = ids;
  resolved.prompt.bos = bos ? AddBos::kYes : no_bos ? AddBos::kNo : AddBos::kAsTokenizer;
  const bool has_model = words.size() == 2 || !ids.empty() || prompting_ == Prompting::kOptional;
  if (has_model && !words.empty()) resolved.model = words.front();
  if (!ids.empty() || is_empty()) return resolved;

  resolved.prompt.text = words.back();
  if (resolved.prompt.text == "-") {
    resolved.prompt.text.assign(std::istreambuf_iterator<char>(std::cin), {});
    // A prompt piped from a file or `echo` ends with a line break that nobody means.
    if (resolved.prompt.text.ends_with('\n')) resolved.prompt.text.pop_back();
  }
  return resolved;
}

void add_format_option(CLI::App& app, std::string& format, std::vector<std::string> formats) {
  format = formats.front();
  app.add_option("--format", format, "Output format")->check(CLI::IsMember(formats))->capture_default_str();
}

}  // namespace limpid
