#include "cli/help.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <memory>

namespace limpid {

namespace {

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    std::string usage = fmt::format("Usage: {} [OPTIONS]", name);
    for (const CLI::Option* option :
         app->get_options([](const CLI::Option* o) { return o->get_positional(); })) {
      usage += " " + option->get_option_text();
    }
    if (!app->get_subcommands([](const CLI::App*) { return true; }).empty()) usage += " VERB";
    return usage + "\n";
  }

  /// The usage line has said it.
  std::string make_positionals(const CLI::App* app) const override {
    std::string text = "\n";
    for (const CLI::Option* option :
         app->get_options([](const CLI::Option* o) { return o->get_positional(); })) {
      text += option->get_description() + "\n";
    }
    return text == "\n" ? "" : text;
  }
};

}  // namespace

void set_help_format(CLI::App& app) {
  app.formatter(std::make_shared<HelpFormatter>());
}

}  // namespace limpid
