#include "cli/figure_file.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/options.h"
#include "cli/output_file.h"

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
  return write_output_file(path, svg);
}

}  // namespace limpid
