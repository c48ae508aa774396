// Pickles, ZIP archives and files of torch.save for tests, sound or broken on purpose.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zlib.h>

#include "checkpoint/test_files.h"

namespace limpid::test {

inline const std::string kProtocol = "\x80\x02";

inline std::string pickle_text(std::string_view text) {
  return "X" + raw(static_cast<uint32_t>(text.size())) + std::string(text);
}
inline std::string pickle_int(int32_t number) {
  return "J" + raw(number);
}
inline std::string pickle_global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}
inline std::string pickle_counts(std::initializer_list<int32_t> numbers) {
  std::string out = "(";
  for (const int32_t number : numbers) out += pickle_int(number);
  return out + "t";
}
inline const std::string kOrderedDict = pickle_global("collections", "OrderedDict") + ")R";

inline std::string pickle_storage(std::string_view type, std::string_view key, int32_t n_element) {
  return "(" + pickle_text("storage") + pickle_global("torch", type) + pickle_text(key) + pickle_text("cpu") +
         pickle_int(n_element) + "tQ";
}

/// A call of _rebuild_tensor_v2; `more` follows its six arguments.
inline std::string pickle_tensor(const std::string& storage, const std::string& offset,
                                 const std::string& shape, const std::string& strides,
                                 const std::string& more = "") {
  return pickle_global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + offset + shape + strides +
         "\x89" + kOrderedDict + more + "tR";
}

/// A whole pickle: an OrderedDict of names and values.
inline std::string pickle_dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = kProtocol + kOrderedDict + "(";
  for (const auto& [name, value] : items) out += pickle_text(name) + value;
  return out + "u.";
}

/// One entry of an archive. What is not given is as it should be.
struct ZipItem {
  std::string name;
  std::string data;
  uint16_t method = 0;
  uint16_t flags = 0;
  int64_t size_off_by = 0;     // of both sizes
  int64_t packed_off_by = 0;   // of the compressed size alone
  int64_t same_place_as = -1;  // index of the item whose bytes the directory gives to this one
  uint32_t crc_off_by = 0;
};

/// Local headers and data one behind the other, then the directory.
inline std::string zip_bytes(const std::vector<ZipItem>& items) {
  std::string out, directory;
  std::vector<uint32_t> offsets;
  for (const ZipItem& item : items) {
    const auto crc = static_cast<uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(item.data.data()), static_cast<uInt>(item.data.size())));
    const auto size = static_cast<int64_t>(item.data.size()) + item.size_off_by;
    const std::string common =
        raw<uint16_t>(20) + raw(item.flags) + raw(item.method) + raw<uint32_t>(0) +
        raw(crc + item.crc_off_by) + raw(static_cast<uint32_t>(size + item.packed_off_by)) +
        raw(static_cast<uint32_t>(size)) + raw(static_cast<uint16_t>(item.name.size()));
    offsets.push_back(static_cast<uint32_t>(out.size()));
    const uint32_t offset =
        item.same_place_as < 0 ? offsets.back() : offsets[static_cast<size_t>(item.same_place_as)];
    out += "PK\x03\x04" + common + raw<uint16_t>(0) + item.name + item.data;
    directory += "PK\x01\x02" + raw<uint16_t>(20) + common + raw<uint16_t>(0) + raw<uint16_t>(0) +
                 raw<uint16_t>(0) + raw<uint16_t>(0) + raw<uint32_t>(0) + raw(offset) + item.name;
  }
  const auto begin = static_cast<uint32_t>(out.size());
  const auto count = static_cast<uint16_t>(items.size());
  return out + directory + "PK\x05\x06" + raw<uint32_t>(0) + raw(count) + raw(count) +
         raw(static_cast<uint32_t>(directory.size())) + raw(begin) + raw<uint16_t>(0);
}

/// A file with F32 tensors of two elements each, "01234567".
inline std::string torch_file(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, std::string>> tensors;
  std::vector<ZipItem> items = {{"archive/data.pkl", ""}, {"archive/byteorder", "little"}};
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string key = std::to_string(i);
    tensors.emplace_back(names[i], pickle_tensor(pickle_storage("FloatStorage", key, 2), pickle_int(0),
                                                 pickle_counts({2}), pickle_counts({1})));
    items.push_back({"archive/data/" + key, "01234567"});
  }
  items.push_back({"archive/version", "3\n"});
  items[0].data = pickle_dict(tensors);
  return zip_bytes(items);
}

}  // namespace limpid::test
