#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/json.h"
#include "cli/options.h"
#include "cli/verb.h"

namespace limpid {

namespace {

void print_text(const Models& models) {
  fmt::print("Families\n");
  for (const FamilyInfo& f : models.families) fmt::print("  {:<12} {}\n", f.name, f.examples);
  fmt::print("\nFormats\n");
  for (const FormatInfo& f : models.formats) fmt::print("  {:<12} {}\n", f.name, f.description);
  fmt::print("\nOn this machine\n");
  for (const LocalModel& m : models.local) {
    fmt::print("  {:<12} {}\n", m.name.empty() ? "(default)" : m.name, m.path.string());
  }
  if (models.local.empty())
    fmt::print("  none found; any GGUF file or Hugging Face folder opens by its path\n");
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
                       "limpid models", define};

}  // namespace limpid
