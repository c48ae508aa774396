#include "checkpoint/gguf_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <vector>

#include "checkpoint/byte_reader.h"
#include "checkpoint/checked.h"
#include "checkpoint/ggml_types.h"
#include "checkpoint/gguf_metadata.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

constexpr uint32_t kMaxDimensions = 4;
constexpr uint64_t kDefaultAlignment = 32;

struct Header {
  uint32_t version = 0;
  uint64_t n_tensor = 0;
  uint64_t n_pair = 0;
};

/// A tensor as the table describes it; `offset` counts from the start of the data section.
struct Entry {
  std::string_view name;
  DType type = DType::kF32;
  std::vector<size_t> shape;
  uint64_t offset = 0;
  size_t n_byte = 0;
};

tl::unexpected<Error> unsupported(std::string_view origin, std::string_view what) {
  return fail(ErrorCode::kUnsupported, fmt::format("{}: {}", origin, what));
}

Status check_version(uint32_t version, std::string_view origin) {
  if (version == 2 || version == 3) return {};
  if (version == 1) return unsupported(origin, "GGUF version 1 is not supported, only versions 2 and 3");
  // A version is small, so a zero lower half means that its bytes are reversed.
  if (version != 0 && (version & 0xFFFF) == 0) return unsupported(origin, "big-endian GGUF is not supported");
  return corrupt(origin, fmt::format("GGUF version: expected 2 or 3, found {}", version));
}

Result<Header> read_header(ByteReader& reader, std::span<const std::byte> bytes, std::string_view origin) {
  std::array<char, 4> magic = {};
  for (char& c : magic) {
    if (!reader.read(c)) break;
  }
  if (std::string_view(magic.data(), magic.size()) != "GGUF") {
    return corrupt(origin, fmt::format("expected a GGUF file, found {}", describe_start(bytes)));
  }
  Header header;
  if (!reader.read(header.version))
    return corrupt(origin, "truncated: expected the GGUF version, found the end");
  LIMPID_CHECK_OK(check_version(header.version, origin));
  if (!reader.read(header.n_tensor) || !reader.read(header.n_pair)) {
    return corrupt(origin, fmt::format("truncated: expected a header of 24 bytes, found {}", bytes.size()));
  }
  return header;
}

Result<uint64_t> read_alignment(const Metadata& metadata, std::string_view origin) {
  const auto stored = metadata.get_int("general.alignment");
  if (!stored) return corrupt(origin, stored.error().message);
  const int64_t alignment = stored->value_or(kDefaultAlignment);
  if (alignment <= 0 || !std::has_single_bit(static_cast<uint64_t>(alignment))) {
    return corrupt(origin, fmt::format("general.alignment: expected a power of two, found {}", alignment));
  }
  return static_cast<uint64_t>(alignment);
}

/// Reads the table of tensors and checks each entry for itself.
class TensorTable {
 public:
  TensorTable(ByteReader& reader, std::string_view origin) : reader_(reader), origin_(origin) {}

  Result<Entry> read_entry(uint64_t index) {
    Entry entry;
    name_ = fmt::format("{}", index);
    if (!reader_.read_string(entry.name)) return truncated("name");
    name_ = quote(entry.name);
    if (entry.name.empty() || !is_utf8(entry.name)) return bad("expected a UTF-8 name");
    LIMPID_TRY(entry.shape, read_shape());
    LIMPID_TRY(entry.type, read_type());
    if (!reader_.read(entry.offset)) return truncated("offset");
    LIMPID_TRY(entry.n_byte, size_of(entry));
    return entry;
  }

 private:
  tl::unexpected<Error> bad(std::string_view what) const {
    return corrupt(origin_, fmt::format("tensor {}: {}", name_, what));
  }
  tl::unexpected<Error> truncated(std::string_view what) const {
    return bad(fmt::format("its {} does not fit in the {} bytes left", what, reader_.left()));
  }

  /// Outermost dimension first; the file has the innermost first.
  Result<std::vector<size_t>> read_shape() {
    uint32_t n_dimension = 0;
    if (!reader_.read(n_dimension)) return truncated("number of dimensions");
    if (n_dimension == 0 || n_dimension > kMaxDimensions) {
      return bad(fmt::format("expected 1 to {} dimensions, found {}", kMaxDimensions, n_dimension));
    }
    std::vector<size_t> shape(n_dimension);
    for (size_t i = n_dimension; i-- > 0;) {
      uint64_t length = 0;
      if (!reader_.read(length)) return truncated("shape");
      if (length == 0) return bad("expected dimensions of at least 1, found 0");
      shape[i] = static_cast<size_t>(length);
    }
    return shape;
  }

  Result<DType> read_type() {
    uint32_t number = 0;
    if (!reader_.read(number)) return truncated("type");
    const GgmlType type = ggml_type(number);
    if (type.name.empty()) return bad(fmt::format("expected a ggml type, found the number {}", number));
    if (!type.dtype) {
      return unsupported(origin_,
                         fmt::format("tensor {}: has type {}, which is not supported", name_, type.name));
    }
    return *type.dtype;
  }

  Result<size_t> size_of(const Entry& entry) const {
    const DTypeInfo& type = info(entry.type);
    const size_t row = entry.shape.back();
    if (row % type.block_size != 0) {
      return bad(fmt::format("expected rows of a multiple of {} elements for {}, found {}", type.block_size,
                             type.name, row));
    }
    const auto n_element = checked_product(entry.shape);
    const auto n_byte =
        n_element ? checked_multiply(*n_element / type.block_size, type.block_bytes) : std::nullopt;
    if (!n_byte) return bad(fmt::format("the size of shape [{}] overflows", fmt::join(entry.shape, ", ")));
    return *n_byte;
  }

  ByteReader& reader_;
  std::string_view origin_;
  std::string name_;  // how errors name the tensor
};

Result<std::vector<Entry>> read_entries(ByteReader& reader, uint64_t count, std::string_view origin) {
  constexpr size_t kMinEntry = 8 + 1 + 4 + 8 + 4 + 8;  // name length, name, dimensions, shape, type, offset
  if (count > reader.left() / kMinEntry) {
    return corrupt(origin, fmt::format("tensor count: expected at most {} in the {} bytes left, found {}",
                                       reader.left() / kMinEntry, reader.left(), count));
  }
  std::vector<Entry> entries;
  entries.reserve(static_cast<size_t>(count));
  TensorTable table(reader, origin);
  for (uint64_t i = 0; i < count; ++i) {
    LIMPID_TRY(Entry entry, table.read_entry(i));
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// Checks that the entries, in order of their offsets, fill `data` one after the other, each at the first
/// aligned offset behind the last.
Status check_placement(std::vector<Entry>& entries, size_t n_data, uint64_t alignment,
                       std::string_view origin) {
  std::sort(entries.begin(), entries.end(),
            [](const Entry& a, const Entry& b) { return a.offset < b.offset; });
  uint64_t expected = 0;
  for (const Entry& entry : entries) {
    if (entry.offset > n_data || entry.n_byte > n_data - entry.offset) {
      return corrupt(
          origin, fmt::format("tensor {}: expected {} bytes at offset {} of the data, found {} bytes of data",
                              quote(entry.name), entry.n_byte, entry.offset, n_data));
    }
    if (entry.offset != expected) {
      return corrupt(origin,
                     fmt::format("tensor {}: expected offset {}, where the tensor before it ends, found {}",
                                 quote(entry.name), expected, entry.offset));
    }
    // No overflow: the end lies inside the file, and a huge alignment has pushed n_data to 0.
    expected = (entry.offset + entry.n_byte + alignment - 1) / alignment * alignment;
  }
  return {};
}

}  // namespace

Result<GgufContents> parse_gguf(std::span<const std::byte> bytes, std::string_view origin) {
  ByteReader reader(bytes);
  LIMPID_TRY(const Header header, read_header(reader, bytes, origin));
  GgufContents contents;
  contents.version = header.version;
  LIMPID_TRY(contents.metadata, read_gguf_metadata(reader, header.n_pair, origin));
  LIMPID_TRY(const uint64_t alignment, read_alignment(contents.metadata, origin));
  LIMPID_TRY(std::vector<Entry> entries, read_entries(reader, header.n_tensor, origin));

  const uint64_t padding = (alignment - reader.position() % alignment) % alignment;
  const auto data =
      padding < reader.left() ? bytes.subspan(reader.position() + padding) : bytes.subspan(bytes.size());
  LIMPID_CHECK_OK(check_placement(entries, data.size(), alignment, origin));
  for (Entry& entry : entries) {
    std::string name(entry.name);
    TensorInfo tensor = {name, entry.type, std::move(entry.shape), data.subspan(entry.offset, entry.n_byte)};
    if (!contents.tensors.emplace(std::move(name), std::move(tensor)).second) {
      return corrupt(origin, fmt::format("tensor {}: appears twice", quote(entry.name)));
    }
  }
  return contents;
}

}  // namespace limpid
