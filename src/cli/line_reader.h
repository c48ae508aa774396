// Lines of a file or of standard input, one at a time: memory does not grow with their number or length.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace limpid {

class LineReader {
 public:
  /// "-": standard input. Of a line longer than `max_bytes` only the beginning is kept. Errors: kNotFound,
  /// kIo.
  static Result<LineReader> open(const std::string& path, size_t max_bytes);

  /// Goes to the next line that is not empty; false at the end. Errors: kIo.
  Result<bool> next();
  /// Without its line break (LF or CRLF); without the byte order mark that some editors put first.
  std::string_view text() const { return text_; }
  size_t number() const { return number_; }  // from 1; empty lines count
  bool too_long() const { return too_long_; }
  /// The path, or "standard input".
  const std::string& name() const { return name_; }

  /// How many lines next() has ahead of it, where the file can be read twice.
  Result<std::optional<size_t>> count_ahead();

 private:
  struct Close {
    void operator()(std::FILE* file) const;
  };

  LineReader(std::FILE* file, std::string name, size_t max_bytes)
      : file_(file), name_(std::move(name)), max_bytes_(max_bytes) {}
  /// Reads up to a line break or the end; false when there was nothing.
  bool read_line();

  std::unique_ptr<std::FILE, Close> file_;
  std::string name_;
  size_t max_bytes_;
  std::string text_;
  size_t number_ = 0;
  bool too_long_ = false;
};

}  // namespace limpid
