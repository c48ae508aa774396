// `--svg FILE` and what goes with it, for verbs that can draw a figure.
#pragma once

#include <functional>
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
  FigureOptions figure() const;
  /// Prints a result, and writes the figure of it where one is wanted; only that where it goes to standard
  /// output. Errors: kIo.
  Status print_and_draw(const std::function<void()>& print, const std::function<std::string()>& draw) const;

 private:
  bool to_stdout() const { return path == "-"; }
  Status write(const std::string& svg) const;
};

}  // namespace limpid
