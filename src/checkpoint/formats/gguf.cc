#include <array>
#include <fstream>
#include <utility>

#include "checkpoint/format.h"
#include "checkpoint/gguf_file.h"

namespace limpid {
namespace {

/// By the extension too, so that a damaged .gguf file is reported as such.
bool recognises(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return false;
  if (path.extension() == ".gguf") return true;
  std::array<char, 4> magic = {};
  std::ifstream(path, std::ios::binary).read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == "GGUF";
}

Result<Checkpoint> open(const std::filesystem::path& path) {
  LIMPID_TRY(MappedFile file, MappedFile::open(path));
  LIMPID_TRY(GgufContents contents, parse_gguf(file.bytes(), path.string()));
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.directory = path.has_parent_path() ? path.parent_path() : ".";
  checkpoint.format = "gguf";
  checkpoint.dialect = Dialect::kGguf;
  checkpoint.metadata = std::move(contents.metadata);
  checkpoint.tensors = std::move(contents.tensors);
  checkpoint.files.push_back(std::move(file));
  return checkpoint;
}

}  // namespace

extern const Format k_gguf;
const Format k_gguf = {"gguf", "a .gguf file (GGUF version 2 or 3)", recognises, open};

}  // namespace limpid
