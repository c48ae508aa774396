// Generated text on standard output as it comes. On a terminal the prompt stands before it, and control
// characters, which a model may write too, are shown and not obeyed.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "limpid/run_control.h"

#include "cli/progress.h"
#include "cli/terminal.h"

namespace limpid {

class LiveText {
 public:
  explicit LiveText(std::string prompt);

  /// Shows progress until the text begins, and stops where nobody reads it. Must not outlive this object.
  RunControl control();
  void add(std::string_view text);
  /// Ends the line if one was begun.
  void end();

 private:
  void write(Ink ink, std::string_view text);

  std::string prompt_;
  Terminal terminal_;
  bool on_terminal_;
  bool begun_ = false;
  std::optional<ProgressBar> progress_;
  std::stop_source stop_;
};

/// UTF-8 with marks for control characters but line breaks and tabs.
std::string without_control(std::string_view text);

}  // namespace limpid
