#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/verb.h"

namespace limpid {

namespace {

constexpr int kMargin = 15;  // columns before a text that takes several lines

void print_families(const Models& models, int width) {
  constexpr int kIndent = 28;
  fmt::print("  {:<13}{:<13}{}\n", "model_type", "in GGUF", "members");
  for (const FamilyInfo& f : models.families) {
    fmt::print("  {:<13}{:<13}{}\n", f.name, f.gguf_architecture.empty() ? "-" : f.gguf_architecture,
               wrap(f.examples, kIndent, width));
  }
}

void print_local(const Models& models) {
  for (const LocalModel& m : models.local) {
    fmt::print("  {}  {}, {:.0f} MB\n    {}\n", m.name.empty() ? "(default)" : m.name, m.format,
               static_cast<double>(m.n_bytes) / 1e6, m.path.string());
  }
  if (models.local.empty())
    fmt::print("  none found; any GGUF file or Hugging Face folder opens by its path\n");
}

void print_text(const Models& models) {
  const Terminal terminal = Terminal::of_stdout();
  const auto title = [&](std::string_view text) { fmt::print("{}\n", terminal.paint(Ink::kBold, text)); };
  title("Families");
  print_families(models, terminal.width());
  title("\nFormats");
  for (const FormatInfo& f : models.formats) {
    fmt::print("  {:<13}{}\n{:{}}{}\n", f.name, wrap(f.description, kMargin, terminal.width()), "", kMargin,
               wrap(fmt::format("weights: {}", f.weights), kMargin, terminal.width()));
  }
  title("\nAdapters");
  for (const AdapterInfo& a : models.adapters) {
    fmt::print("  {:<13}{}\n", a.name, wrap(a.description, kMargin, terminal.width()));
  }
  title("\nOn this machine");
  print_local(models);
}

std::function<Status()> define(CLI::App& app) {
  auto format = std::make_shared<std::string>();
  add_format_option(app, *format, {"table", "json"});
  return [format]() -> Status {
    const Models models = list_models();
    if (*format == "json") {
      fmt::print("{}", to_json(models));
    } else {
      print_text(models);
    }
    return {};
  };
}

}  // namespace

extern const Verb k_models;
const Verb k_models = {"models", "List supported families and formats, and the models on this machine",
                       "limpid models\nlimpid models --format json", define,
                       "Lists the model families and file formats that limpid opens, and the models that it "
                       "finds on this machine: the default one, those in Hugging Face's cache and those of "
                       "Ollama."};

}  // namespace limpid
