#include "cli/line_reader.h"

#include <cerrno>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>

namespace limpid {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

tl::unexpected<Error> cannot_read(std::string_view name, int error) {
  return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("{}: cannot read: {}", name, std::generic_category().message(error)));
}

}  // namespace

void LineReader::Close::operator()(std::FILE* file) const {
  if (file != stdin) std::fclose(file);
}

Result<LineReader> LineReader::open(const std::string& path, size_t max_bytes) {
  if (path == "-") return LineReader(stdin, "standard input", max_bytes);
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return cannot_read(path, errno);
  return LineReader(file, path, max_bytes);
}

bool LineReader::read_line() {
  text_.clear();
  too_long_ = false;
  int c = 0;
  while ((c = ::getc_unlocked(file_.get())) != EOF && c != '\n') {
    too_long_ = text_.size() == max_bytes_;
    if (!too_long_) text_ += static_cast<char>(c);
  }
  return c == '\n' || !text_.empty();
}

Result<bool> LineReader::next() {
  while (read_line()) {
    if (std::ferror(file_.get()) != 0) break;  // half a line
    if (++number_ == 1 && text_.starts_with(kByteOrderMark)) text_.erase(0, kByteOrderMark.size());
    if (!too_long_ && text_.ends_with('\r')) text_.pop_back();
    if (!text_.empty()) return true;
  }
  if (std::ferror(file_.get()) != 0) return cannot_read(name_, errno);
  return false;
}

Result<std::optional<size_t>> LineReader::count_ahead() {
  struct stat status = {};
  const off_t start = ::ftello(file_.get());
  if (start < 0 || ::fstat(::fileno(file_.get()), &status) != 0 || !S_ISREG(status.st_mode))
    return std::nullopt;
  const size_t number = number_;
  size_t count = 0;
  while (true) {
    LIMPID_TRY(const bool found, next());
    if (!found) break;
    ++count;
  }
  if (::fseeko(file_.get(), start, SEEK_SET) != 0) return cannot_read(name_, errno);
  number_ = number;
  return count;
}

}  // namespace limpid
