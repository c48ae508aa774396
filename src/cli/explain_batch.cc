#include "cli/explain_batch.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <memory>

#include "cli/line_reader.h"
#include "cli/progress.h"

namespace limpid {

namespace {

constexpr const char* kGroup = "Many prompts";

/// A file, or standard output for "-".
class Output {
 public:
  static Result<Output> open(const std::string& path) {
    if (path == "-") return Output(stdout, "standard output");
    std::FILE* file = std::fopen(path.c_str(), "wbe");
    if (file == nullptr) return fail(ErrorCode::kIo, fmt::format("{}: cannot write", path));
    return Output(file, path);
  }

  /// All of it, so that it is there whatever happens next.
  Status write(std::string_view text) {
    const bool written = std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
    if (written && std::fflush(file_.get()) == 0) return {};
    return fail(ErrorCode::kIo, fmt::format("{}: cannot write", name_), "is the disk full?");
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const {
      if (file != stdout) std::fclose(file);
    }
  };

  Output(std::FILE* file, std::string name) : file_(file), name_(std::move(name)) {}

  std::unique_ptr<std::FILE, Close> file_;
  std::string name_;
};

struct Count {
  size_t done = 0;
  size_t failed = 0;
};

void report(const LineReader& lines, const Error& error) {
  fmt::print(stderr, "limpid: {}:{}: {}\n", lines.name(), lines.number(), error.message);
  if (!error.hint.empty()) fmt::print(stderr, "  hint: {}\n", error.hint);
}

std::string summarise(const Count& count, double seconds) {
  const double rate = static_cast<double>(count.done) / std::max(seconds, 1e-3);
  return fmt::format("{} prompts, {} explained, {} failed, {:.1f} s, {:.{}f}/s", count.done,
                     count.done - count.failed, count.failed, seconds, rate, rate < 10 ? 1 : 0);
}

Result<Count> explain_lines(const Session& session, LineReader& lines, Output& output,
                            const BatchRequest& defaults) {
  ProgressBar progress;
  LIMPID_TRY(const std::optional<size_t> n_line, lines.count_ahead());
  Count count;
  while (true) {
    LIMPID_TRY(const bool found, lines.next());
    if (!found) return count;
    progress.show_count(count.done, n_line, "prompts");
    const BatchAnswer answer =
        explain_line(session, {lines.number(), lines.text(), lines.too_long()}, defaults);
    progress.clear();
    LIMPID_CHECK_OK(output.write(answer.json));
    ++count.done;
    if (answer.error) {
      ++count.failed;
      report(lines, *answer.error);
    }
  }
}

/// Opening the output empties it.
Status refuse_same_file(const BatchOptions& options) {
  std::error_code none;
  if (!std::filesystem::equivalent(*options.prompts, options.out, none)) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: expected another file to write to, found the prompts", options.out));
}

}  // namespace

void BatchOptions::add_to(CLI::App& app) {
  auto* file = app.add_option("--prompts", prompts,
                              "Explain every line of this file (-: standard input), and write a line of "
                              "JSON for each")
                   ->option_text("FILE")
                   ->group(kGroup);
  file->excludes(app.get_option("--format"), app.get_option("--svg"), app.get_option("--html"));
  app.add_option("--out", out, "Where these lines go instead of standard output")
      ->option_text("FILE")
      ->group(kGroup)
      ->needs(file);
}

Status explain_batch(const Session& session, const BatchOptions& options, const BatchRequest& defaults) {
  LIMPID_TRY(LineReader lines, LineReader::open(*options.prompts, kMaxBatchLine));
  LIMPID_CHECK_OK(refuse_same_file(options));
  LIMPID_TRY(Output output, Output::open(options.out));

  const auto start = std::chrono::steady_clock::now();
  LIMPID_TRY(const Count count, explain_lines(session, lines, output, defaults));
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  const std::string summary = summarise(count, taken.count());
  if (count.failed > 0) return fail(ErrorCode::kInvalidArgument, summary);
  fmt::print(stderr, "limpid: {}\n", summary);
  return {};
}

}  // namespace limpid
