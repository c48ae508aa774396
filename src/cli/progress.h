// A progress bar on standard error for anything over a second; silent when that is not a terminal.
#pragma once

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

 private:
  void show(std::string_view stage, double fraction);

  double start_;
  bool terminal_;
  bool shown_ = false;
};

}  // namespace limpid
