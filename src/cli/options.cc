#include "cli/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <fmt/format.h>
#include <iostream>
#include <iterator>

#include "api/runtime.h"

namespace limpid {

void ComputeOptions::add_to(CLI::App& app) {
  app.add_option("--backend", backend, "cpu, or reference: slow scalar loops that read like the formulas")
      ->option_text("NAME")
      ->capture_default_str()
      ->group(kComputeGroup);
  app.add_option("--threads", threads,
                 "Threads to use; 0: one per core. Results are the same with any number")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(kComputeGroup);
  add_memory_option(app, memory);
}

void add_memory_option(CLI::App& app, size_t& memory) {
  app.add_option(
         "--memory", memory,
         "Memory that a run may take, weights included, as 8G or 800M; weights that do not fit are read "
         "from the file as they are used. Without it: what is free, less room for the file's pages")
      ->transform(CLI::AsSizeValue(false))
      ->option_text("SIZE")
      ->group(kComputeGroup);
}

void add_seed_option(CLI::App& app, uint64_t& seed, const char* text, const char* group) {
  // CLI11 itself takes a sign, and numbers that are too large, for others.
  const auto check = [](const std::string& value) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    return error == std::errc() && end == value.data() + value.size()
               ? ""
               : fmt::format("expected a whole number from 0 to 2^64 - 1, found {}", value);
  };
  app.add_option("--seed", seed, text)->check(check)->capture_default_str()->group(group);
}

OpenOptions ComputeOptions::open(std::string adapter) const {
  return {backend, std::move(adapter), memory};
}

void ComputeOptions::apply() const {
  set_runtime_threads(threads);
}

void add_adapter_option(CLI::App& app, std::string& adapter) {
  app.add_option("--adapter", adapter, "Folder of a LoRA adapter (as PEFT saves it) to add to the model")
      ->option_text("DIR")
      ->group(kModelGroup);
}

void PromptOptions::define(CLI::App& app, const char* words_text, int n_word) {
  app.add_option("words", words, fmt::format("{} PROMPT is a text; -: standard input.", kModelText))
      ->option_text(words_text)
      ->expected(0, n_word);
  add_adapter_option(app, adapter);
  auto* by_id = app.add_option("--ids", ids, "Token ids instead of a prompt, separated by commas")
                    ->delimiter(',')
                    ->allow_extra_args(false)
                    ->option_text("N,N,...")
                    ->group(kPromptGroup);
  auto* with = app.add_flag("--bos", bos, "Begin with the BOS token, whatever the tokenizer says")
                   ->group(kPromptGroup);
  app.add_flag("--no-bos", no_bos, "Begin without it")->excludes(with)->group(kPromptGroup);
  auto* in_chat =
      app.add_flag("--chat", chat, "Put the prompt into a conversation, by the model's own chat template")
          ->excludes(by_id)
          ->group(kPromptGroup);
  app.add_option("--system", system, "The system's message in that conversation")
      ->needs(in_chat)
      ->option_text("TEXT")
      ->group(kPromptGroup);
}

void PromptOptions::add_to(CLI::App& app, Prompting prompting) {
  prompting_ = prompting;
  define(app, prompting == Prompting::kRequired ? "[MODEL] PROMPT" : "[MODEL [PROMPT]]", 2);
  app.parse_complete_callback([this] { check(); });
}

void PromptOptions::add_to(CLI::App& app, std::string& node) {
  define(app, "[MODEL] PROMPT NODE", 3);
  app.parse_complete_callback([this, &node] {
    if (words.empty()) throw CLI::RequiredError("NODE");
    node = words.back();
    words.pop_back();
    check();
  });
}

void PromptOptions::add_pair_to(CLI::App& app) {
  define(app, "[MODEL] PROMPT [PROMPT]", 3);
}

void PromptOptions::check() const {
  if (!ids.empty()) {
    if (words.size() > 1)
      throw CLI::ValidationError("--ids", "replaces the prompt: expected only a model beside it");
    return;
  }
  if (chat && is_empty() && !has_other_prompts_)
    throw CLI::ValidationError("--chat", "expected a prompt to put into a conversation");
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
  has_other_prompts_ = true;
}

bool PromptOptions::is_empty() const {
  return ids.empty() && words.size() < (prompting_ == Prompting::kOptional ? 2 : 1);
}

PromptOptions::Resolved PromptOptions::resolve() const {
  Resolved resolved;
  resolved.prompt.ids = ids;
  resolved.prompt.bos = bos ? AddBos::kYes : no_bos ? AddBos::kNo : AddBos::kAsTokenizer;
  resolved.prompt.chat = chat;
  resolved.prompt.system = system;
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
  app.add_option("--format", format, "What is written; json is for programs, see docs/schema/")
      ->check(CLI::IsMember(formats))
      ->capture_default_str()
      ->group(kOutputGroup);
}

}  // namespace limpid
