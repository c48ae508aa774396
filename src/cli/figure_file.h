// `--svg FILE` and what goes with it, for verbs that can draw a figure.
#pragma once

#include <string>

#include "figures/figure.h"

#include "base/result.h"

namespace CLI {
class App;
}

namespace limpid {

struct FigureFileOptions {
  std::string path;  // empty: no figure is wanted; "-": standard output, instead of anything else
  std::string theme = "light";
  double width = FigureOptions{}.width;

  void add_to(CLI::App& app);
  bool wanted() const { return !path.empty(); }
  bool to_stdout() const { return path == "-"; }
  FigureOptions figure() const;
  /// Writes the figure, and says so on standard error. Errors: kIo.
  Status write(const std::string& svg) const;
};

}  // namespace limpid
