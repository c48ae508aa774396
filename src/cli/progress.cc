#include "cli/progress.h"

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
  if (shown_) std::fputs("\r\033[K", stderr);
}

RunControl ProgressBar::control() {
  RunControl control;
  control.on_progress = [this](std::string_view stage, double fraction) { show(stage, fraction); };
  return control;
}

void ProgressBar::show(std::string_view stage, double fraction) {
  if (!terminal_ || now() - start_ < kQuietSeconds) return;
  shown_ = true;
  const int done = static_cast<int>(fraction * kWidth);
  fmt::print(stderr, "\r\033[K{:>12} [{:<{}}] {:3.0f} %", stage, std::string(static_cast<size_t>(done), '#'),
             kWidth, fraction * 100);
  std::fflush(stderr);
}

}  // namespace limpid
