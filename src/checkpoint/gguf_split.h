// Models that are split over several GGUF files: NAME-00001-of-00003.gguf, NAME-00002-of-00003.gguf, ...
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "checkpoint/metadata.h"

namespace limpid {

/// What the name of a part says.
struct GgufPartName {
  std::string stem;
  size_t number = 1;  // from 1 on, as in the name
  size_t count = 1;

  std::string file_name() const;
};

/// nullopt for a name that is not one of a part.
std::optional<GgufPartName> parse_gguf_part_name(std::string_view file_name);

/// What the metadata of a part says.
struct GgufSplit {
  size_t number = 1;    // from 1 on (the file counts from 0)
  size_t count = 1;     // at least 2
  size_t n_tensor = 0;  // of all parts together
};

/// nullopt for a file that is a whole model. Errors: kCorrupt, naming `origin`.
Result<std::optional<GgufSplit>> read_gguf_split(const Metadata& metadata, std::string_view origin);

}  // namespace limpid
