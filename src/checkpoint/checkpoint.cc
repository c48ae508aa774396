#include "checkpoint/checkpoint.h"

#include <algorithm>
#include <fmt/format.h>
#include <functional>
#include <numeric>
#include <system_error>

#include "checkpoint/adapter.h"
#include "checkpoint/format.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

std::string expected_formats() {
  std::string list;
  for (const Format* format : formats()) {
    if (!list.empty()) list += ", or ";
    list += format->description;
  }
  return list;
}

/// File names of a folder, sorted.
std::vector<std::string> file_names(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// The first name with this ending, or nullptr.
const std::string* find_ending(const std::vector<std::string>& names, std::string_view ending) {
  const auto it =
      std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.ends_with(ending); });
  return it == names.end() ? nullptr : &*it;
}

std::string some_names(const std::vector<std::string>& names) {
  constexpr size_t kShown = 4;
  if (names.empty()) return "an empty folder";
  std::string list;
  for (size_t i = 0; i < std::min(kShown, names.size()); ++i) list += (i == 0 ? "" : ", ") + quote(names[i]);
  if (names.size() > kShown) list += fmt::format(" and {} more", names.size() - kShown);
  return list;
}

tl::unexpected<Error> unrecognised_folder(const fs::path& path) {
  const auto names = file_names(path);
  for (const char* ending : {".gguf", ".bin", ".pt", ".pth"}) {
    if (const std::string* file = find_ending(names, ending)) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{}: expected {}, found a folder with {}", path.string(), expected_formats(),
                              quote(*file)),
                  fmt::format("name the file itself: {}", (path / *file).string()));
    }
  }
  return fail(ErrorCode::kUnsupported,
              fmt::format("{}: expected {}, found {}", path.string(), expected_formats(), some_names(names)));
}

tl::unexpected<Error> unrecognised_file(const fs::path& path) {
  auto file = MappedFile::open(path);
  if (!file) return tl::unexpected<Error>(std::move(file).error());
  return fail(ErrorCode::kUnsupported, fmt::format("{}: expected {}, found {}", path.string(),
                                                   expected_formats(), describe_start(file->bytes())));
}

}  // namespace

size_t TensorInfo::n_element() const {
  return std::accumulate(shape.begin(), shape.end(), size_t{1}, std::multiplies<>());
}

size_t TensorInfo::n_row() const {
  return std::accumulate(shape.begin(), shape.end() - 1, size_t{1}, std::multiplies<>());
}

const TensorInfo* Checkpoint::find(std::string_view name) const {
  const auto it = tensors.find(name);
  return it == tensors.end() ? nullptr : &it->second;
}

Result<const TensorInfo*> Checkpoint::require(std::string_view name) const {
  if (const TensorInfo* tensor = find(name)) return tensor;
  if (const auto it = unsupported_tensors.find(name); it != unsupported_tensors.end()) {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: tensor {}: has type {}, which is not supported",
                                                     path.string(), quote(name), it->second));
  }
  return corrupt(path.string(), fmt::format("expected a tensor {}, found none of this name among {}",
                                            quote(name), tensors.size() + unsupported_tensors.size()));
}

Result<Checkpoint> open_checkpoint(const fs::path& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    const bool missing = status.type() == fs::file_type::not_found;
    return fail(missing ? ErrorCode::kNotFound : ErrorCode::kIo,
                missing ? fmt::format("{}: no such file or folder", path.string())
                        : fmt::format("{}: cannot open: {}", path.string(), error.message()));
  }
  if (is_adapter(path)) {
    const std::string base = adapter_base_name(path);
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: expected a model, found an adapter for one", path.string()),
                fmt::format("open its base with it: {} --adapter {}", base.empty() ? "MODEL" : quote(base),
                            path.string()));
  }
  for (const Format* format : formats()) {
    if (format->recognises(path)) return format->open(path);
  }
  return fs::is_directory(status) ? unrecognised_folder(path) : unrecognised_file(path);
}

}  // namespace limpid
