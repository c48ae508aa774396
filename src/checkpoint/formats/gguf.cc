#include <array>
#include <fmt/format.h>
#include <fstream>
#include <optional>
#include <utility>
#include <vector>

#include "checkpoint/format.h"
#include "checkpoint/gguf_file.h"
#include "checkpoint/gguf_split.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

/// By the extension too, so that a damaged .gguf file is reported as such.
bool recognises(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;
  if (path.extension() == ".gguf") return true;
  std::array<char, 4> magic = {};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == "GGUF";
}

/// One parsed file, whole or part of a model.
struct Part {
  MappedFile file;
  GgufContents contents;
  std::optional<GgufSplit> split;
};

Result<Part> read_part(const fs::path& path) {
  LIMPID_TRY(MappedFile file, MappedFile::open(path));
  LIMPID_TRY(GgufContents contents, parse_gguf(file.bytes(), path.string()));
  LIMPID_TRY(const auto split, read_gguf_split(contents.metadata, path.string()));
  return Part{std::move(file), std::move(contents), split};
}

/// The paths of all parts, in order, of which `path` is one that says it is `split`.
Result<std::vector<fs::path>> part_paths(const fs::path& path, const GgufSplit& split) {
  auto name = parse_gguf_part_name(path.filename().string());
  if (!name || name->count != split.count) {
    const GgufPartName expected = {"NAME", split.number, split.count};
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: expected a name like {}, as this is part {} of {}, found {}", path.string(),
                            expected.file_name(), split.number, split.count, quote(path.filename().string())),
                "all parts must lie in one folder under their original names");
  }
  std::vector<fs::path> paths;
  for (name->number = 1; name->number <= name->count; ++name->number) {
    paths.push_back(path.parent_path() / name->file_name());
    std::error_code error;
    if (fs::is_regular_file(paths.back(), error)) continue;
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: expected part {} of {} of the model, found no such file",
                            paths.back().string(), name->number, name->count),
                "the download is incomplete: fetch this file into the same folder");
  }
  return paths;
}

std::string describe(const GgufSplit& split) {
  return fmt::format("part {} of {} of a model of {} tensors", split.number, split.count, split.n_tensor);
}

Status check_part(const Part& part, const fs::path& path, const GgufSplit& expected) {
  const std::string found = part.split ? describe(*part.split) : "a file that is no part";
  if (found == describe(expected)) return {};
  return corrupt(path.string(), fmt::format("expected {}, found {}", describe(expected), found));
}

/// Adds what a file contains; the metadata is that of the first.
Status add_part(Part part, const fs::path& path, Checkpoint& checkpoint) {
  if (checkpoint.files.empty()) checkpoint.metadata = std::move(part.contents.metadata);
  checkpoint.tensors.merge(part.contents.tensors);
  if (!part.contents.tensors.empty()) {  // what merge leaves behind is there already
    return corrupt(path.string(), fmt::format("tensor {}: is in another part of the model too",
                                              quote(part.contents.tensors.begin()->first)));
  }
  checkpoint.files.push_back(std::move(part.file));
  return {};
}

Status add_all_parts(const fs::path& named, const GgufSplit& split, Checkpoint& checkpoint) {
  LIMPID_TRY(const std::vector<fs::path> paths, part_paths(named, split));
  for (size_t i = 0; i < paths.size(); ++i) {
    LIMPID_TRY(Part part, read_part(paths[i]));
    LIMPID_CHECK_OK(check_part(part, paths[i], {i + 1, split.count, split.n_tensor}));
    LIMPID_CHECK_OK(add_part(std::move(part), paths[i], checkpoint));
  }
  if (checkpoint.tensors.size() == split.n_tensor) return {};
  return corrupt(named.string(),
                 fmt::format("split.tensors.count: expected {} tensors in all parts, found {}",
                             split.n_tensor, checkpoint.tensors.size()));
}

Result<Checkpoint> open(const fs::path& path) {
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.directory = path.has_parent_path() ? path.parent_path() : ".";
  checkpoint.format = "gguf";
  checkpoint.dialect = Dialect::kGguf;
  LIMPID_TRY(Part part, read_part(path));
  if (part.split) {
    LIMPID_CHECK_OK(add_all_parts(path, *part.split, checkpoint));
  } else {
    LIMPID_CHECK_OK(add_part(std::move(part), path, checkpoint));
  }
  return checkpoint;
}

}  // namespace

extern const Format k_gguf;
const Format k_gguf = {
    "gguf", "a .gguf file (GGUF version 2 or 3)",
    "F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K, IQ4_NL, IQ4_XS, MXFP4",
    recognises, open};

}  // namespace limpid
