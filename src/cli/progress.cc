#include "cli/progress.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace limpid {

namespace {

constexpr double kQuietSeconds = 1.0;
constexpr int kWidth = 30;

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

ProgressBar::ProgressBar() : start_(now()), terminal_(::isatty(STDERR_FILENO) == 1) {}

ProgressBar::~ProgressBar() {
  clear();
}

void ProgressBar::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

RunControl ProgressBar::control() {
  RunControl control;
  control.on_progress = [this](std::string_view stage, double fraction) { show(stage, fraction); };
  return control;
}

bool ProgressBar::is_due() const {
  return terminal_ && now() - start_ >= kQuietSeconds;
}

void ProgressBar::show_count(size_t done, std::optional<size_t> total, std::string_view what) {
  if (total) {
    const double n = static_cast<double>(std::max(*total, size_t{1}));
    show(fmt::format("{} of {} {}", done, *total, what), std::min(static_cast<double>(done) / n, 1.0));
  } else if (is_due()) {
    shown_ = true;
    fmt::print(stderr, "\r\033[K{} {}", done, what);
    std::fflush(stderr);
  }
}

void ProgressBar::show(std::string_view stage, double fraction) {
  if (!is_due()) return;
  shown_ = true;
  const int done = static_cast<int>(fraction * kWidth);
  fmt::print(stderr, "\r\033[K{:>12} [{:<{}}] {:3.0f} %", stage, std::string(static_cast<size_t>(done), '#'),
             kWidth, fraction * 100);
  std::fflush(stderr);
}

}  // namespace limpid
