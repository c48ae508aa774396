#include "tokenizer/display.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace limpid {
namespace {

/// A walk over the concatenated bytes that remembers the pieces a character touches.
class Layout {
 public:
  explicit Layout(std::span<Piece> pieces) : pieces_(pieces) {
    for (const Piece& piece : pieces_) all_ += piece.bytes;
  }

  void run() {
    for (Piece& piece : pieces_) {
      const size_t end = start_ + piece.bytes.size();
      piece.text.clear();
      piece.continuation = at_ > start_;
      if (piece.continuation) piece.text += all_.substr(last_, at_ - last_);
      show_until(end, piece.text);
      start_ = end;
    }
  }

 private:
  /// Shows every character that starts before `end`; the last one may reach past it.
  void show_until(size_t end, std::string& text) {
    const char* separator = "<";
    while (at_ < end) {
      const size_t length = utf8_length(std::string_view(all_).substr(at_));
      if (length == 0) {
        text += separator + hex(all_[at_]);
        separator = " ";
      } else {
        if (*separator == ' ') text += '>';
        separator = "<";
        text += all_.substr(at_, length);
      }
      last_ = at_;
      at_ += std::max<size_t>(length, 1);
    }
    if (*separator == ' ') text += '>';
  }

  static std::string hex(char byte) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    const auto value = static_cast<uint8_t>(byte);
    return {kDigits[value >> 4], kDigits[value & 15]};
  }

  std::span<Piece> pieces_;
  std::string all_;
  size_t start_ = 0;  // of the current piece
  size_t last_ = 0;   // start of the last character shown
  size_t at_ = 0;     // its end
};

}  // namespace

void show_pieces(std::span<Piece> pieces) {
  Layout(pieces).run();
}

}  // namespace limpid
