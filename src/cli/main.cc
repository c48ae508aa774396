#include <CLI/CLI.hpp>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fmt/format.h>

#include "api/runtime.h"
#include "cli/help.h"
#include "cli/thread_waiting.h"
#include "cli/verb.h"

namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

void report(const limpid::Error& error) {
  fmt::print(stderr, "limpid: {}\n", error.message);
  if (!error.hint.empty()) fmt::print(stderr, "  hint: {}\n", error.hint);
}

/// Output that did not arrive (a full disk, a closed pipe) is a failure too.
int finish() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return 0;
  fmt::print(stderr, "limpid: standard output: cannot write\n");
  return kFailed;
}

std::string footer(std::string_view examples) {
  std::string text = examples.find('\n') == std::string_view::npos ? "Example:\n  " : "Examples:\n  ";
  for (const char c : examples) text += c == '\n' ? "\n  " : std::string(1, c);
  return text;
}

int run(int argc, char** argv) {
  CLI::App app("limpid shows how a language model arrived at its next token.", "limpid");
  app.set_version_flag("--version", fmt::format("limpid {}", limpid::version()));
  app.require_subcommand(1);
  limpid::set_help_format(app);
  app.footer("`limpid VERB --help` describes a verb and its options, with examples that work.");
  std::function<limpid::Status()> action;
  for (const limpid::Verb* verb : limpid::verbs()) {
    CLI::App* sub = app.add_subcommand(std::string(verb->name), std::string(verb->summary));
    limpid::set_help_format(*sub, std::string(verb->description));
    sub->footer(footer(verb->examples));
    auto verb_action = verb->define(*sub);
    sub->callback([&action, verb_action] { action = verb_action; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? finish() : kUsage;
  }
  if (const limpid::Status status = action(); !status) {
    std::fflush(stdout);
    report(status.error());
    return kFailed;
  }
  return finish();
}

}  // namespace

int main(int argc, char** argv) {
  limpid::let_waiting_threads_sleep(argv);
  std::setlocale(LC_CTYPE, "C.UTF-8");  // widths of characters; nothing else depends on the locale
  std::signal(SIGPIPE, SIG_IGN);        // `limpid ... | head` ends with a message, not a signal
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    report({limpid::ErrorCode::kOutOfMemory, "not enough memory",
            "`limpid info MODEL` estimates what is needed"});
  } catch (const std::exception& error) {
    report({limpid::ErrorCode::kInvalidArgument, fmt::format("internal error: {}", error.what()),
            "please report this"});
  }
  return kFailed;
}
