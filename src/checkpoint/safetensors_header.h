// The JSON header of a safetensors file, read strictly: nothing but the fields that the format defines, so a
// hostile header costs no more memory than its own size calls for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace limpid {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;  // "F32", "BF16", "BOOL", ... as stored
  std::vector<size_t> shape;
  uint64_t begin = 0;  // bytes of the data section
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;
  std::map<std::string, std::string> metadata;  // the file's own notes ("__metadata__")
};

/// Errors: kCorrupt (not JSON, another structure, a name twice), naming `origin` and the tensor.
Result<SafetensorsHeader> parse_safetensors_header(std::string_view json, std::string_view origin);

}  // namespace limpid
