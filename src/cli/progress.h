// A progress bar on standard error for anything over a second; silent when that is not a terminal.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "limpid/run_control.h"

namespace limpid {

class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Reports here; must not outlive the bar.
  RunControl control();
  /// "12 of 120 prompts", or "12 prompts" where nobody knows how many there will be.
  void show_count(size_t done, std::optional<size_t> total, std::string_view what);
  /// Takes the bar away, for something else to be printed.
  void clear();

 private:
  bool is_due() const;
  void show(std::string_view stage, double fraction);

  double start_;
  bool terminal_;
  bool shown_ = false;
};

}  // namespace limpid
