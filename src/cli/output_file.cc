#include "cli/output_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>

namespace limpid {

Status write_output_file(const std::string& path, std::string_view text) {
  const auto io_error = [&](const char* what) {
    return fail(ErrorCode::kIo, fmt::format("{}: cannot {}: {}", path, what, std::strerror(errno)));
  };
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return io_error("create");
  const bool written =
      std::fwrite(text.data(), 1, text.size(), file) == text.size() && std::fflush(file) == 0;
  if (!written) {
    const auto error = io_error("write");
    std::fclose(file);
    return error;
  }
  if (std::fclose(file) != 0) return io_error("write");
  fmt::print(stderr, "limpid: wrote {}\n", path);
  return {};
}

}  // namespace limpid
