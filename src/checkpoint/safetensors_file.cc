#include "checkpoint/safetensors_file.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "checkpoint/byte_reader.h"
#include "checkpoint/checked.h"
#include "checkpoint/safetensors_header.h"
#include "checkpoint/text.h"

namespace limpid {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // the format's own limit

struct StoredType {
  std::string_view name;
  size_t n_bit;
  std::optional<DType> dtype;  // empty where limpid has no such type
};

const StoredType* find_type(std::string_view name) {
  static constexpr std::array<StoredType, 20> kTypes = {{
      {"F32", 32, DType::kF32},
      {"F16", 16, DType::kF16},
      {"BF16", 16, DType::kBF16},
      {"I32", 32, DType::kI32},
      {"I64", 64, DType::kI64},
      {"BOOL", 8, {}},
      {"U8", 8, DType::kU8},
      {"I8", 8, {}},
      {"U16", 16, {}},
      {"I16", 16, {}},
      {"U32", 32, {}},
      {"U64", 64, {}},
      {"F64", 64, {}},
      {"C64", 64, {}},
      {"F8_E4M3", 8, DType::kF8E4M3},
      {"F8_E5M2", 8, DType::kF8E5M2},
      {"F8_E8M0", 8, DType::kF8E8M0},
      {"F6_E2M3", 6, {}},
      {"F6_E3M2", 6, {}},
      {"F4", 4, {}},
  }};
  const auto* it =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return type.name == name; });
  return it == kTypes.end() ? nullptr : it;
}

struct Sections {
  std::string_view header;
  std::span<const std::byte> data;
};

Result<Sections> split(std::span<const std::byte> bytes, std::string_view origin) {
  ByteReader reader(bytes);
  uint64_t length = 0;
  if (!reader.read(length)) {
    return corrupt(origin, fmt::format("expected a safetensors file, found {} of {} bytes",
                                       describe_start(bytes), bytes.size()));
  }
  if (length > kMaxHeader || length > reader.left()) {
    return corrupt(origin,
                   fmt::format("expected a safetensors header of at most {} bytes, found the length {} in {}",
                               std::min<uint64_t>(kMaxHeader, reader.left()), length, describe_start(bytes)));
  }
  const auto n_header = static_cast<size_t>(length);
  const auto header = bytes.subspan(reader.position(), n_header);
  if (header.empty() || header.front() != std::byte{'{'}) {
    return corrupt(origin, "expected a header that starts with '{', found " + describe_start(header));
  }
  return Sections{{reinterpret_cast<const char*>(header.data()), n_header},
                  bytes.subspan(reader.position() + n_header)};
}

tl::unexpected<Error> bad_tensor(std::string_view origin, std::string_view name, std::string_view what) {
  return corrupt(origin, fmt::format("tensor {}: {}", quote(name), what));
}

/// Bytes that the entry's shape and type call for.
Result<uint64_t> size_of(const SafetensorsEntry& entry, const StoredType& type, std::string_view origin) {
  const auto n_element = checked_product(entry.shape);
  const auto n_bit = n_element ? checked_multiply(*n_element, type.n_bit) : std::nullopt;
  if (!n_bit || *n_bit % 8 != 0) {
    return bad_tensor(origin, entry.name,
                      fmt::format("the size of shape [{}] overflows, or is no whole number of bytes as {}",
                                  fmt::join(entry.shape, ", "), type.name));
  }
  return *n_bit / 8;
}

/// Checks one entry, which must begin at `expected_begin`.
Status check_entry(const SafetensorsEntry& entry, uint64_t expected_begin, size_t n_data,
                   std::string_view origin) {
  const StoredType* type = find_type(entry.dtype);
  if (type == nullptr) {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: tensor {}: has type {}, which is not supported",
                                                     origin, quote(entry.name), quote(entry.dtype)));
  }
  if (entry.begin > entry.end || entry.end > n_data) {
    return bad_tensor(origin, entry.name,
                      fmt::format("expected data_offsets inside the {} bytes of data, found {} to {}", n_data,
                                  entry.begin, entry.end));
  }
  if (entry.begin != expected_begin) {
    return bad_tensor(origin, entry.name,
                      fmt::format("expected its data at offset {}, where the tensor before it ends, found {}",
                                  expected_begin, entry.begin));
  }
  LIMPID_TRY(const uint64_t n_byte, size_of(entry, *type, origin));
  if (entry.end - entry.begin != n_byte) {
    return bad_tensor(origin, entry.name,
                      fmt::format("expected {} bytes for {} of shape [{}], found {}", n_byte, entry.dtype,
                                  fmt::join(entry.shape, ", "), entry.end - entry.begin));
  }
  return {};
}

TensorInfo make_tensor(SafetensorsEntry& entry, DType type, std::span<const std::byte> data) {
  if (entry.shape.empty()) entry.shape.push_back(1);
  return {entry.name, type, std::move(entry.shape), data.subspan(entry.begin, entry.end - entry.begin)};
}

}  // namespace

Result<SafetensorsContents> parse_safetensors(std::span<const std::byte> bytes, std::string_view origin) {
  LIMPID_TRY(const Sections sections, split(bytes, origin));
  LIMPID_TRY(SafetensorsHeader header, parse_safetensors_header(sections.header, origin));
  // Empty tensors share their offset with the tensor behind them: the end decides.
  std::sort(header.entries.begin(), header.entries.end(),
            [](const auto& a, const auto& b) { return std::tie(a.begin, a.end) < std::tie(b.begin, b.end); });

  SafetensorsContents contents;
  uint64_t end = 0;
  for (SafetensorsEntry& entry : header.entries) {
    LIMPID_CHECK_OK(check_entry(entry, end, sections.data.size(), origin));
    end = entry.end;
    const StoredType& type = *find_type(entry.dtype);
    if (type.dtype) {
      contents.tensors.emplace(entry.name, make_tensor(entry, *type.dtype, sections.data));
    } else {
      contents.unsupported_tensors.emplace(entry.name, entry.dtype);
    }
  }
  if (end != sections.data.size()) {
    return corrupt(origin, fmt::format("expected {} bytes of data for the tensors of the header, found {}",
                                       end, sections.data.size()));
  }
  contents.metadata = std::move(header.metadata);
  return contents;
}

Result<SafetensorsFile> read_safetensors(const std::filesystem::path& path) {
  LIMPID_TRY(MappedFile file, MappedFile::open(path));
  LIMPID_TRY(SafetensorsContents contents, parse_safetensors(file.bytes(), path.string()));
  return SafetensorsFile{std::move(contents), std::move(file)};
}

}  // namespace limpid
