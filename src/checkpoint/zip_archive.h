// Entries of a ZIP archive in memory, as views of its bytes. Only archives whose entries are stored without
// compression, which is how PyTorch writes them: a view needs no memory, and nothing can unfold into more
// than the file holds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace limpid {

struct ZipEntry {
  std::span<const std::byte> data;
  uint32_t crc = 0;
};

/// By name: relative paths in UTF-8 with '/' between their parts.
using ZipEntries = std::map<std::string, ZipEntry, std::less<>>;

/// Every entry lies inside `bytes`, and no two overlap.
/// Errors: kCorrupt (no archive, names that appear twice or lead out of the archive, sizes that contradict
/// the file, more than 100,000 entries); kUnsupported (compressed or encrypted entries). `origin` names the
/// file.
Result<ZipEntries> read_zip(std::span<const std::byte> bytes, std::string_view origin);

/// Whether the entry's bytes have the checksum that the archive promises; reads them all.
bool is_intact(const ZipEntry& entry);

}  // namespace limpid
