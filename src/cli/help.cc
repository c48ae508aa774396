#include "cli/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/terminal.h"

namespace limpid {

namespace {

constexpr int kWidth = 80;
constexpr int kTextColumn = 26;  // where the texts of options begin
constexpr int kVerbColumn = 13;

/// A line with a name on the left and a text from `column` on; below it if the name is too long.
std::string entry(const std::string& name, std::string_view text, int column) {
  const std::string left = "  " + name;
  const bool fits = display_width(left) + 2 <= column;
  const std::string begin =
      fits ? fit(left, column) : left + "\n" + std::string(static_cast<size_t>(column), ' ');
  return begin + wrap(text, column, kWidth) + "\n";
}

/// What CLI11 knows of an option's value, "INT:INT in [1 - 1000]" or "TEXT:{table,json}", as people write it.
struct Value {
  std::string name;   // "N", "table|json"
  std::string range;  // "1 to 1000"; may be empty
};

Value value_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  Value value;
  if (const size_t range = type.find(" in ["); range != std::string::npos) {
    value.range = type.substr(range + 5, type.find(']', range) - range - 5);
    value.range = CLI::detail::find_and_replace(value.range, " - ", " to ");
  }
  const std::string base = type.substr(0, type.find(':'));
  if (!option.get_option_text().empty()) {
    value.name = option.get_option_text();
  } else if (const size_t set = type.find(":{"); set != std::string::npos) {
    value.name = type.substr(set + 2, type.find('}', set) - set - 2);
    std::ranges::replace(value.name, ',', '|');
  } else {
    value.name = base == "INT" || base == "UINT" ? "N" : base == "FLOAT" ? "X" : base;
  }
  return value;
}

/// "-o, --out FILE"; of a flag that can be negated both forms.
std::string left_side(const CLI::Option& option, const Value& value) {
  std::string names = CLI::detail::find_and_replace(option.get_name(false, true), "{false}", "");
  names = CLI::detail::find_and_replace(names, ",", ", ");
  return value.name.empty() ? names : names + " " + value.name;
}

std::string right_side(const CLI::Option& option, const Value& value) {
  std::vector<std::string> notes;
  if (!value.range.empty()) notes.push_back(value.range);
  std::string standard = option.get_default_str();
  std::erase_if(standard, [](char c) { return c == '[' || c == ']'; });  // of a list
  if (!standard.empty()) notes.push_back("default " + standard);
  if (option.get_required()) notes.emplace_back("required");
  std::string text = option.get_description();
  if (!notes.empty()) text += fmt::format(" ({})", CLI::detail::join(notes, "; "));
  return text;
}

class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string description) : description_(std::move(description)) {}

  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    std::string help =
        wrap(app->get_description(), 0, kWidth) + "\n\n" + make_usage(app, name) + paragraphs(app);
    help += make_subcommands(app, mode);
    for (const std::string& group : groups_of(app)) help += group_of(app, group);
    return help + "\n" + make_footer(app);
  }

  std::string make_usage(const CLI::App* app, std::string name) const override {
    const bool has_verbs = !app->get_subcommands({}).empty();
    std::string usage = fmt::format("Usage: {}{} [OPTIONS]", name, has_verbs ? " VERB" : "");
    for (const CLI::Option* option : positionals(app)) usage += " " + option->get_option_text();
    return usage + "\n";
  }

  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode) const override {
    std::string text;
    for (const CLI::App* verb : app->get_subcommands({}))
      text += entry(verb->get_name(), verb->get_description(), kVerbColumn);
    return text.empty() ? "" : "\nVerbs:\n" + text;
  }

 private:
  static std::vector<const CLI::Option*> positionals(const CLI::App* app) {
    return app->get_options([](const CLI::Option* option) { return option->get_positional(); });
  }

  /// The description, and what the positionals of the usage line are.
  std::string paragraphs(const CLI::App* app) const {
    std::string text;
    for (const std::string& line : CLI::detail::split(description_, '\n')) {
      if (!line.empty()) text += "\n" + wrap(line, 0, kWidth) + "\n";
    }
    for (const CLI::Option* option : positionals(app))
      text += "\n" + wrap(option->get_description(), 0, kWidth) + "\n";
    return text;
  }

  /// In the order in which they were added; --help, which CLI11 adds first, goes with the last.
  static std::vector<std::string> groups_of(const CLI::App* app) {
    std::vector<std::string> groups;
    const std::string last = app->get_help_ptr()->get_group();
    for (const CLI::Option* option : app->get_options()) {
      const std::string& group = option->get_group();
      if (option->nonpositional() && group != last && std::ranges::find(groups, group) == groups.end())
        groups.push_back(group);
    }
    groups.push_back(last);
    return groups;
  }

  static std::string group_of(const CLI::App* app, const std::string& group) {
    std::string text = "\n" + group + ":\n";
    auto options = app->get_options(
        [&](const CLI::Option* option) { return option->nonpositional() && option->get_group() == group; });
    std::ranges::stable_partition(options, [&](const CLI::Option* o) { return o != app->get_help_ptr(); });
    for (const CLI::Option* option : options) {
      const Value value = value_of(*option);
      text += entry(left_side(*option, value), right_side(*option, value), kTextColumn);
    }
    return text;
  }

  std::string description_;
};

}  // namespace

void set_help_format(CLI::App& app, std::string description) {
  app.formatter(std::make_shared<HelpFormatter>(std::move(description)));
}

}  // namespace limpid
