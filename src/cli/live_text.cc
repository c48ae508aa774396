#include "cli/live_text.h"

#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

#include "base/token_text.h"

namespace limpid {

std::string without_control(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
    if (byte == 0xC2 && next >= 0x80 && next <= 0x9F) {  // U+0080 to U+009F
      out += "\uFFFD";
      ++i;
    } else if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) {
      out += mark_blanks(text.substr(i, 1));
    } else {
      out += text[i];
    }
  }
  return out;
}

LiveText::LiveText(std::string prompt)
    : prompt_(std::move(prompt)),
      terminal_(Terminal::of_stdout()),
      on_terminal_(::isatty(STDOUT_FILENO) == 1),
      progress_(std::in_place) {}

RunControl LiveText::control() {
  RunControl control;
  control.stop = stop_.get_token();
  control.on_progress = [this](std::string_view stage, double fraction) {
    if (progress_) progress_->control().on_progress(stage, fraction);
  };
  return control;
}

void LiveText::write(Ink ink, std::string_view text) {
  fmt::print("{}", on_terminal_ ? terminal_.paint(ink, without_control(text)) : std::string(text));
}

void LiveText::add(std::string_view text) {
  progress_.reset();
  if (!begun_ && on_terminal_) write(Ink::kMuted, prompt_);
  begun_ = true;
  write(Ink::kBold, text);
  if (std::fflush(stdout) != 0) stop_.request_stop();
}

void LiveText::end() {
  progress_.reset();
  if (!begun_) return;
  fmt::print("\n");
  std::fflush(stdout);
}

}  // namespace limpid
