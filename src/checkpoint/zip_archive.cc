#include "checkpoint/zip_archive.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <minizip/unzip.h>
#include <utility>
#include <vector>
#include <zlib.h>

#include "checkpoint/text.h"

namespace limpid {
namespace {

constexpr uint64_t kMaxEntries = 100'000;
constexpr size_t kMaxName = 512;
constexpr uLong kEncrypted = 1;

/// What minizip reads from instead of a file.
struct Memory {
  std::span<const std::byte> bytes;
  uint64_t position = 0;
  bool is_short = false;  // the last read went past the end
};

Memory& memory_of(voidpf pointer) {
  return *static_cast<Memory*>(pointer);
}

voidpf open_memory(voidpf opaque, const void* /*name*/, int /*mode*/) {
  return opaque;
}

uLong read_memory(voidpf, voidpf stream, void* out, uLong count) {
  Memory& memory = memory_of(stream);
  const uint64_t n = std::min<uint64_t>(count, memory.bytes.size() - memory.position);
  if (n > 0) std::memcpy(out, memory.bytes.data() + memory.position, n);
  memory.position += n;
  memory.is_short = n < count;
  return static_cast<uLong>(n);
}

uLong write_memory(voidpf, voidpf, const void*, uLong) {
  return 0;
}

ZPOS64_T tell_memory(voidpf, voidpf stream) {
  return memory_of(stream).position;
}

/// Non-zero for a position outside of the bytes. Backward offsets come as huge ones that wrap around.
long seek_memory(voidpf, voidpf stream, ZPOS64_T offset, int origin) {
  Memory& memory = memory_of(stream);
  const uint64_t size = memory.bytes.size();
  const uint64_t base = origin == ZLIB_FILEFUNC_SEEK_SET   ? 0
                        : origin == ZLIB_FILEFUNC_SEEK_CUR ? memory.position
                                                           : size;
  const uint64_t position = base + offset;
  if (position > size) return -1;
  memory.position = position;
  return 0;
}

int close_memory(voidpf, voidpf) {
  return 0;
}

/// To minizip an end that comes too early is no error unless it is one here.
int memory_error(voidpf, voidpf stream) {
  return memory_of(stream).is_short ? 1 : 0;
}

struct Close {
  void operator()(unzFile file) const { unzClose(file); }
};
using Archive = std::unique_ptr<void, Close>;

Archive open_archive(Memory& memory) {
  zlib_filefunc64_def functions = {open_memory, read_memory,  write_memory, tell_memory,
                                   seek_memory, close_memory, memory_error, &memory};
  return Archive(unzOpen2_64("", &functions));
}

/// Names appear in messages and, in other programs, become files: none may lead out of the archive.
bool is_plain_path(std::string_view name) {
  if (name.empty() || !is_utf8(name) || name.front() == '/') return false;
  if (name.find_first_of(std::string_view("\0\\:", 3)) != name.npos) return false;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (const auto part = name.substr(begin, end - begin); part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, std::string_view origin)
      : bytes_(bytes), origin_(origin), memory_{bytes, 0, false}, archive_(open_archive(memory_)) {}

  Result<ZipEntries> read() {
    unz_global_info64 global = {};
    if (!archive_ || unzGetGlobalInfo64(archive_.get(), &global) != UNZ_OK) {
      return corrupt(origin_, "expected a ZIP archive with a directory at its end, found " +
                                  describe_start(bytes_) + " without one");
    }
    if (global.number_entry > kMaxEntries) {
      return corrupt(origin_, fmt::format("expected at most {} entries, found {}", kMaxEntries,
                                          uint64_t{global.number_entry}));
    }
    int status = unzGoToFirstFile(archive_.get());
    for (; status == UNZ_OK && entries_.size() < kMaxEntries; status = unzGoToNextFile(archive_.get())) {
      LIMPID_CHECK_OK(read_entry());
    }
    if (status != UNZ_END_OF_LIST_OF_FILE || entries_.size() != global.number_entry) {
      return corrupt(origin_,
                     fmt::format("the archive's directory is damaged behind entry {}", entries_.size()));
    }
    LIMPID_CHECK_OK(check_overlap());
    return std::move(entries_);
  }

 private:
  tl::unexpected<Error> bad(std::string_view name, std::string_view what) const {
    return corrupt(origin_, fmt::format("archive entry {}: {}", quote(name), what));
  }
  tl::unexpected<Error> unsupported(std::string_view name, std::string_view what) const {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: archive entry {}: {}", origin_, quote(name), what),
                "PyTorch stores weights without compression or encryption: was the file packed again?");
  }

  Result<std::string> read_name(unz_file_info64& info) const {
    std::array<char, kMaxName + 1> buffer = {};
    if (unzGetCurrentFileInfo64(archive_.get(), &info, buffer.data(), buffer.size(), nullptr, 0, nullptr,
                                0) != UNZ_OK ||
        info.size_filename > kMaxName) {
      return corrupt(origin_, fmt::format("the archive's directory is damaged at entry {}", entries_.size()));
    }
    std::string name(buffer.data(), info.size_filename);
    if (!is_plain_path(name)) return bad(name, "expected a relative path inside the archive");
    return name;
  }

  Status read_entry() {
    unz_file_info64 info = {};
    LIMPID_TRY(std::string name, read_name(info));
    if ((info.flag & kEncrypted) != 0) return unsupported(name, "is encrypted");
    if (info.compression_method != 0) {
      return unsupported(name, fmt::format("is compressed (method {})", uint64_t{info.compression_method}));
    }
    if (info.compressed_size != info.uncompressed_size) return bad(name, "its two sizes differ");
    // Opening compares the entry with its copy in the directory and finds where its bytes begin.
    if (unzOpenCurrentFile(archive_.get()) != UNZ_OK) {
      return bad(name, "expected the same description as in the archive's directory, found another");
    }
    const uint64_t begin = unzGetCurrentFileZStreamPos64(archive_.get());
    unzCloseCurrentFile(archive_.get());
    const uint64_t n_byte = info.uncompressed_size;
    if (begin > bytes_.size() || n_byte > bytes_.size() - begin) {
      return bad(name, fmt::format("expected its {} bytes at {} inside a file of {} bytes", n_byte, begin,
                                   bytes_.size()));
    }
    const auto crc = static_cast<uint32_t>(info.crc);
    if (!entries_.try_emplace(name, ZipEntry{bytes_.subspan(begin, n_byte), crc}).second) {
      return bad(name, "appears twice");
    }
    return {};
  }

  Status check_overlap() const {
    std::vector<std::pair<const std::byte*, const std::string*>> begins;
    for (const auto& [name, entry] : entries_) {
      if (!entry.data.empty()) begins.emplace_back(entry.data.data(), &name);
    }
    std::sort(begins.begin(), begins.end());
    for (size_t i = 1; i < begins.size(); ++i) {
      const auto& [begin, name] = begins[i];
      const auto before = entries_.at(*begins[i - 1].second).data;
      if (begin < before.data() + before.size()) {
        return bad(*name, fmt::format("overlaps the entry {}", quote(*begins[i - 1].second)));
      }
    }
    return {};
  }

  std::span<const std::byte> bytes_;
  std::string_view origin_;
  Memory memory_;
  Archive archive_;
  ZipEntries entries_;
};

}  // namespace

Result<ZipEntries> read_zip(std::span<const std::byte> bytes, std::string_view origin) {
  return Reader(bytes, origin).read();
}

bool is_intact(const ZipEntry& entry) {
  const auto* data = reinterpret_cast<const Bytef*>(entry.data.data());
  return crc32_z(crc32_z(0, nullptr, 0), data, entry.data.size()) == entry.crc;
}

}  // namespace limpid
