#include "checkpoint/gguf_metadata.h"

#include <fmt/format.h>
#include <limits>
#include <type_traits>
#include <utility>

#include "checkpoint/text.h"

namespace limpid {
namespace {

enum ValueType : uint32_t {
  kU8,
  kI8,
  kU16,
  kI16,
  kU32,
  kI32,
  kF32,
  kBool,
  kString,
  kArray,
  kU64,
  kI64,
  kF64,
  kValueTypeCount
};

/// Bytes that a value takes at least: what an absurd count is measured against.
constexpr size_t kMinBytes[kValueTypeCount] = {1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

/// Lists of lists are walked only to be skipped.
constexpr int kMaxNesting = 4;

class TableReader {
 public:
  TableReader(ByteReader& reader, std::string_view origin) : reader_(reader), origin_(origin) {}

  Status read_pair(uint64_t index, Metadata& metadata) {
    std::string_view key;
    key_ = fmt::format("pair {}", index);
    if (!reader_.read_string(key)) return truncated("its key");
    key_ = quote(key);
    if (key.empty() || !is_utf8(key)) {
      return corrupt(origin_, fmt::format("metadata key {}: expected a UTF-8 name", key_));
    }
    if (metadata.contains(key) || metadata.omitted().contains(key)) {
      return corrupt(origin_, fmt::format("metadata {}: appears twice", key_));
    }
    uint32_t type = 0;
    if (!reader_.read(type)) return truncated("its type");
    LIMPID_TRY(std::optional<MetadataValue> value, type == kArray ? read_array() : read_scalar(type));
    if (value) {
      metadata.set(std::string(key), *std::move(value));
    } else {
      metadata.omit(std::string(key), std::exchange(omission_, {}));
    }
    return {};
  }

 private:
  /// nullopt when the value is well-formed but not representable: then omission_ says why.
  using Value = Result<std::optional<MetadataValue>>;

  tl::unexpected<Error> bad(std::string_view what) const {
    return corrupt(origin_, fmt::format("metadata {}: {}", key_, what));
  }
  tl::unexpected<Error> truncated(std::string_view what) const {
    return corrupt(origin_, fmt::format("metadata {}: {} does not fit in the {} bytes left", key_, what,
                                        reader_.left()));
  }
  std::nullopt_t omit(std::string reason) {
    omission_ = std::move(reason);
    return std::nullopt;
  }

  Value read_scalar(uint32_t type) {
    switch (type) {
      case kU8:
        return integer<uint8_t>();
      case kI8:
        return integer<int8_t>();
      case kU16:
        return integer<uint16_t>();
      case kI16:
        return integer<int16_t>();
      case kU32:
        return integer<uint32_t>();
      case kI32:
        return integer<int32_t>();
      case kU64:
        return integer<uint64_t>();
      case kI64:
        return integer<int64_t>();
      case kF32:
        return floating<float>();
      case kF64:
        return floating<double>();
      case kBool:
        return boolean();
      case kString:
        return string();
      default:
        return bad(fmt::format("expected a value type from 0 to 12, found {}", type));
    }
  }

  template <class T>
  Value integer() {
    T number = 0;
    if (!reader_.read(number)) return truncated("its value");
    if (!std::in_range<int64_t>(number)) return omit(fmt::format("{} does not fit in 63 bits", number));
    return static_cast<int64_t>(number);
  }

  template <class T>
  Value floating() {
    T number = 0;
    if (!reader_.read(number)) return truncated("its value");
    return static_cast<double>(number);
  }

  Value boolean() {
    LIMPID_TRY(const bool flag, read_bool());
    return flag;
  }

  Result<bool> read_bool() {
    uint8_t flag = 0;
    if (!reader_.read(flag)) return truncated("its value");
    if (flag > 1) return bad(fmt::format("expected a boolean 0 or 1, found {}", flag));
    return flag == 1;
  }

  Value string() {
    std::string_view text;
    if (!reader_.read_string(text)) return truncated("its string");
    if (!is_utf8(text)) return omit("the string is not valid UTF-8");
    return std::string(text);
  }

  struct ArrayHead {
    uint32_t type = 0;
    size_t count = 0;
  };

  Result<ArrayHead> read_array_head() {
    ArrayHead head;
    uint64_t count = 0;
    if (!reader_.read(head.type) || !reader_.read(count)) return truncated("its list");
    if (head.type >= kValueTypeCount) {
      return bad(fmt::format("expected a list of value type 0 to 12, found {}", head.type));
    }
    if (count > reader_.left() / kMinBytes[head.type]) {
      return truncated(fmt::format("a list of {} values", count));
    }
    head.count = static_cast<size_t>(count);
    return head;
  }

  Value read_array() {
    LIMPID_TRY(const ArrayHead head, read_array_head());
    switch (head.type) {
      case kU8:
        return numbers<uint8_t>(head.count);
      case kI8:
        return numbers<int8_t>(head.count);
      case kU16:
        return numbers<uint16_t>(head.count);
      case kI16:
        return numbers<int16_t>(head.count);
      case kU32:
        return numbers<uint32_t>(head.count);
      case kI32:
        return numbers<int32_t>(head.count);
      case kU64:
        return numbers<uint64_t>(head.count);
      case kI64:
        return numbers<int64_t>(head.count);
      case kF32:
        return numbers<float>(head.count);
      case kF64:
        return numbers<double>(head.count);
      case kBool:
        return booleans(head.count);
      case kString:
        return strings(head.count);
      default:
        break;
    }
    LIMPID_CHECK_OK(skip_lists(head.count, 1));
    return omit("a list of lists is not supported");
  }

  template <class T>
  Value numbers(size_t count) {
    std::vector<std::conditional_t<std::is_integral_v<T>, int64_t, double>> out(count);
    bool fits = true;
    for (auto& slot : out) {
      T number = 0;
      if (!reader_.read(number)) return truncated("its list");
      if constexpr (std::is_integral_v<T>) fits = fits && std::in_range<int64_t>(number);
      slot = static_cast<std::remove_reference_t<decltype(slot)>>(number);
    }
    if (!fits) return omit("a number of the list does not fit in 63 bits");
    return out;
  }

  Value booleans(size_t count) {
    std::vector<bool> out(count);
    for (auto&& slot : out) {
      LIMPID_TRY(slot, read_bool());
    }
    return out;
  }

  Value strings(size_t count) {
    std::vector<std::string> out(count);
    for (auto& slot : out) {
      std::string_view text;
      if (!reader_.read_string(text)) return truncated("a string of its list");
      slot = text;
    }
    return out;
  }

  Status skip_lists(size_t count, int nesting) {
    if (nesting > kMaxNesting) return bad("lists are nested too deeply");
    for (size_t i = 0; i < count; ++i) {
      LIMPID_TRY(const ArrayHead head, read_array_head());
      if (head.type == kArray) {
        LIMPID_CHECK_OK(skip_lists(head.count, nesting + 1));
      } else if (head.type == kString) {
        LIMPID_CHECK_OK(skip_strings(head.count));
      } else {
        // Fits: the count was measured with the exact size of the type.
        reader_.skip(head.count * kMinBytes[head.type]);
      }
    }
    return {};
  }

  Status skip_strings(size_t count) {
    std::string_view text;
    for (size_t i = 0; i < count; ++i) {
      if (!reader_.read_string(text)) return truncated("a string of its list");
    }
    return {};
  }

  ByteReader& reader_;
  std::string_view origin_;
  std::string key_;  // how errors name the pair
  std::string omission_;
};

}  // namespace

Result<Metadata> read_gguf_metadata(ByteReader& reader, uint64_t count, std::string_view origin) {
  constexpr size_t kMinPair = 8 + 1 + 4 + 1;  // key length, key, type, value
  if (count > reader.left() / kMinPair) {
    return corrupt(origin,
                   fmt::format("metadata count: expected at most {} pairs in the {} bytes left, found {}",
                               reader.left() / kMinPair, reader.left(), count));
  }
  Metadata metadata;
  TableReader table(reader, origin);
  for (uint64_t i = 0; i < count; ++i) LIMPID_CHECK_OK(table.read_pair(i, metadata));
  return metadata;
}

}  // namespace limpid
