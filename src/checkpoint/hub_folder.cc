#include "checkpoint/hub_folder.h"

#include <algorithm>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "checkpoint/hub_cache.h"
#include "checkpoint/json.h"
#include "checkpoint/json_metadata.h"
#include "checkpoint/scaled_tensors.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfig = "config.json";

/// Tensor name to the file that holds it; empty for a model in one file.
using WeightMap = std::map<std::string, std::string>;

/// The files that make up the model.
struct Layout {
  fs::path directory;
  std::vector<std::string> files;
  WeightMap weight_map;
};

/// Names in the index come from outside: they may not leave the folder, and appear in messages.
bool is_plain_name(const std::string& name) {
  const auto is_odd = [](unsigned char c) { return c < 0x20 || c == 0x7F || c == '/' || c == '\\'; };
  return !name.empty() && name != "." && name != ".." && std::none_of(name.begin(), name.end(), is_odd);
}

Result<WeightMap> read_index(const fs::path& path) {
  LIMPID_TRY(const nlohmann::json document, read_json(path));
  const auto map = document.find("weight_map");
  if (!document.is_object() || map == document.end() || !map->is_object() || map->empty()) {
    return corrupt(path.string(), "expected an object 'weight_map' from tensor to file, found none");
  }
  WeightMap weight_map;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string() || !is_plain_name(file.get_ref<const std::string&>())) {
      return corrupt(path.string(), fmt::format("tensor {}: expected the plain name of a file, found {}",
                                                quote(tensor), quote(file.dump())));
    }
    weight_map.emplace(tensor, file.get<std::string>());
  }
  return weight_map;
}

Result<Layout> sharded_layout(const fs::path& directory, std::string_view index) {
  Layout layout = {directory, {}, {}};
  LIMPID_TRY(layout.weight_map, read_index(directory / index));
  for (const auto& [tensor, file] : layout.weight_map) layout.files.push_back(file);
  std::sort(layout.files.begin(), layout.files.end());
  layout.files.erase(std::unique(layout.files.begin(), layout.files.end()), layout.files.end());
  for (const std::string& file : layout.files) {
    if (!is_file(directory / file)) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{}: expected the file {} that {} names, found none", directory.string(),
                              quote(file), index),
                  fetch_hint(directory, file));
    }
  }
  return layout;
}

Result<Layout> folder_layout(const fs::path& directory, const HubFiles& files) {
  if (is_file(directory / files.single)) return Layout{directory, {std::string(files.single)}, {}};
  if (is_file(directory / files.index)) return sharded_layout(directory, files.index);
  const auto names = names_with(directory, files.extensions);
  if (names.size() == 1) return Layout{directory, names, {}};
  return fail(ErrorCode::kNotFound,
              fmt::format("{}: expected {}, or {} beside the {} {} files, found neither", directory.string(),
                          files.single, files.index, names.size(), files.extensions.front()),
              names.empty() ? fetch_hint(directory, files.single)
                            : "fetch the index too, or name the one file to open");
}

Result<Layout> file_layout(const fs::path& path, std::string_view index) {
  const fs::path directory = path.has_parent_path() ? path.parent_path() : ".";
  const std::string name = path.filename().string();
  if (is_file(directory / index)) {
    LIMPID_TRY(Layout layout, sharded_layout(directory, index));
    if (std::find(layout.files.begin(), layout.files.end(), name) != layout.files.end()) return layout;
  }
  return Layout{directory, {name}, {}};
}

Status add_file(const fs::path& path, HubFile file, Checkpoint& checkpoint) {
  checkpoint.tensors.merge(file.tensors);
  checkpoint.unsupported_tensors.merge(file.unsupported_tensors);
  // What merge leaves behind is there already.
  if (!file.tensors.empty() || !file.unsupported_tensors.empty()) {
    const std::string& name =
        file.tensors.empty() ? file.unsupported_tensors.begin()->first : file.tensors.begin()->first;
    return corrupt(path.string(), fmt::format("tensor {}: is in another file of the model too", quote(name)));
  }
  checkpoint.files.push_back(std::move(file.file));
  return {};
}

Status check_index(const Layout& layout, std::string_view index, const Checkpoint& checkpoint) {
  for (const auto& [tensor, file] : layout.weight_map) {
    if (checkpoint.find(tensor) != nullptr || checkpoint.unsupported_tensors.contains(tensor)) continue;
    return corrupt((layout.directory / file).string(),
                   fmt::format("expected tensor {}, which {} places there, found none of this name",
                               quote(tensor), index));
  }
  return {};
}

}  // namespace

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

std::vector<std::string> names_with(const fs::path& folder, std::span<const std::string_view> extensions) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string extension = it->path().extension().string();
    if (std::ranges::find(extensions, extension) != extensions.end() && is_file(it->path())) {
      names.push_back(it->path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<Checkpoint> open_hub_folder(const fs::path& path, const HubFiles& files,
                                   Result<HubFile> (*read)(const fs::path& file)) {
  std::error_code error;
  LIMPID_TRY(const Layout layout,
             fs::is_directory(path, error) ? folder_layout(path, files) : file_layout(path, files.index));
  const fs::path config = layout.directory / kConfig;
  if (!is_file(config)) {
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: expected beside the weights, but missing", config.string()),
                fetch_hint(layout.directory, kConfig));
  }
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.directory = layout.directory;
  checkpoint.format = files.format;
  checkpoint.dialect = Dialect::kHuggingFace;
  LIMPID_TRY(const nlohmann::json document, read_json(config));
  LIMPID_TRY(checkpoint.metadata, flatten_json(document, config.string()));
  LIMPID_CHECK_OK(check_quantization(checkpoint.metadata, config.string()));
  for (const std::string& name : layout.files) {
    LIMPID_TRY(HubFile file, read(layout.directory / name));
    LIMPID_CHECK_OK(add_file(layout.directory / name, std::move(file), checkpoint));
  }
  LIMPID_CHECK_OK(check_index(layout, files.index, checkpoint));
  LIMPID_CHECK_OK(join_scales(checkpoint));
  return checkpoint;
}

}  // namespace limpid
