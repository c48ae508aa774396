// The key/value table at the start of a GGUF file.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "checkpoint/byte_reader.h"
#include "checkpoint/metadata.h"

namespace limpid {

/// Reads `count` pairs, leaving the reader behind the last. Values that Metadata cannot hold (lists of lists,
/// integers past int64, a single string that is not UTF-8) are omitted with their reason.
/// Errors: kCorrupt, naming `origin` and the key.
Result<Metadata> read_gguf_metadata(ByteReader& reader, uint64_t count, std::string_view origin);

}  // namespace limpid
