#include "cli/figure_file.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>

#include "cli/options.h"

namespace limpid {

void FigureFileOptions::add_to(CLI::App& app) {
  CLI::Option* svg = app.add_option("--svg", path, "Draw a figure into this file; -: to standard output only")
                         ->option_text("FILE")
                         ->group(kOutputGroup);
  app.add_option("--theme", theme, "Colours of the figure")
      ->check(CLI::IsMember({"light", "dark"}))
      ->needs(svg)
      ->capture_default_str()
      ->group(kOutputGroup);
  app.add_option("--width", width, "Of the figure, in px; a paper's column has about 340")
      ->check(CLI::Range(kMinFigureWidth, kMaxFigureWidth))
      ->needs(svg)
      ->capture_default_str()
      ->group(kOutputGroup);
}

FigureOptions FigureFileOptions::figure() const {
  return {.theme = *limpid::theme(theme), .width = width};
}

Status FigureFileOptions::print_and_draw(const std::function<void()>& print,
                                         const std::function<std::string()>& draw) const {
  if (!to_stdout()) print();
  return path.empty() ? Status() : write(draw());
}

Status FigureFileOptions::write(const std::string& svg) const {
  if (to_stdout()) {
    fmt::print("{}", svg);
    return {};
  }
  const auto io_error = [&](const char* what) {
    return fail(ErrorCode::kIo, fmt::format("{}: cannot {}: {}", path, what, std::strerror(errno)));
  };
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return io_error("create");
  const bool written = std::fwrite(svg.data(), 1, svg.size(), file) == svg.size() && std::fflush(file) == 0;
  if (!written) {
    const auto error = io_error("write");
    std::fclose(file);
    return error;
  }
  if (std::fclose(file) != 0) return io_error("write");
  fmt::print(stderr, "limpid: wrote {}\n", path);
  return {};
}

}  // namespace limpid
