#include "checkpoint/pytorch_file.h"

#include <fmt/format.h>
#include <optional>
#include <utility>

#include "checkpoint/pickle.h"
#include "checkpoint/text.h"
#include "checkpoint/torch_state_dict.h"
#include "checkpoint/zip_archive.h"

namespace limpid {
namespace {

constexpr std::string_view kPickle = "/data.pkl";

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Status check_container(std::span<const std::byte> bytes, std::string_view origin) {
  const std::string_view text = text_of(bytes);
  if (text.starts_with("PK\x03\x04")) return {};
  if (text.starts_with("\x80\x02") || text.substr(0, 512).find("ustar") != text.npos) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{}: the format that PyTorch wrote before version 1.6 is not supported", origin),
                "convert it: torch.save(torch.load(path, weights_only=True), path)");
  }
  return corrupt(origin, "expected a file that torch.save wrote, found " + describe_start(bytes));
}

/// "archive/": the folder inside the archive that holds everything.
Result<std::string> root_folder(const ZipEntries& entries, std::string_view origin) {
  std::optional<std::string> root;
  for (const auto& [name, entry] : entries) {
    if (!name.ends_with(kPickle) || name.find('/') != name.size() - kPickle.size()) continue;
    if (root) {
      return corrupt(origin, fmt::format("expected one data.pkl, found {} and {}", quote(*root + "data.pkl"),
                                         quote(name)));
    }
    root = name.substr(0, name.find('/') + 1);
  }
  if (!root) return corrupt(origin, "expected an archive with data.pkl, which torch.save writes; found none");
  return *root;
}

/// PyTorch since 2.1 says it; before that there was only one.
Status check_byte_order(const ZipEntries& entries, const std::string& root, std::string_view origin) {
  const auto it = entries.find(root + "byteorder");
  if (it == entries.end() || text_of(it->second.data) == "little") return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("{}: expected little-endian numbers, found the byte order {}", origin,
                          quote(text_of(it->second.data))));
}

Result<std::vector<TorchTensor>> describe(const ZipEntry& entry, std::string_view origin) {
  if (!is_intact(entry)) return corrupt(origin, "data.pkl: the checksum of the archive does not match");
  LIMPID_TRY(const Pickle pickle, read_pickle(entry.data, origin));
  return read_state_dict(pickle, origin);
}

Result<std::span<const std::byte>> bytes_of(const TorchTensor& tensor, const ZipEntries& entries,
                                            const std::string& root, std::string_view origin) {
  const auto bad = [&](std::string_view what) {
    return corrupt(origin, fmt::format("tensor {}: {}", quote(tensor.name), what));
  };
  const auto it = entries.find(root + "data/" + tensor.storage);
  if (it == entries.end()) {
    return bad(fmt::format("expected its bytes in the archive entry {}, found no such entry",
                           quote("data/" + tensor.storage)));
  }
  const auto storage = it->second.data;
  if (storage.size() != tensor.storage_bytes) {
    return bad(fmt::format("expected a storage of {} bytes, found {}", tensor.storage_bytes, storage.size()));
  }
  return storage.subspan(tensor.begin, tensor.n_byte);
}

}  // namespace

Result<PytorchContents> parse_pytorch(std::span<const std::byte> bytes, std::string_view origin) {
  LIMPID_CHECK_OK(check_container(bytes, origin));
  LIMPID_TRY(const ZipEntries entries, read_zip(bytes, origin));
  LIMPID_TRY(const std::string root, root_folder(entries, origin));
  LIMPID_CHECK_OK(check_byte_order(entries, root, origin));
  LIMPID_TRY(std::vector<TorchTensor> tensors, describe(entries.at(root + "data.pkl"), origin));
  PytorchContents contents;
  for (TorchTensor& tensor : tensors) {
    LIMPID_TRY(const auto data, bytes_of(tensor, entries, root, origin));
    if (!tensor.type->type) {
      contents.unsupported_tensors.emplace(tensor.name, tensor.type->name);
      continue;
    }
    if (tensor.shape.empty()) tensor.shape.push_back(1);
    contents.tensors.emplace(tensor.name,
                             TensorInfo{tensor.name, *tensor.type->type, std::move(tensor.shape), data});
  }
  return contents;
}

Result<PytorchFile> read_pytorch(const std::filesystem::path& path) {
  LIMPID_TRY(MappedFile file, MappedFile::open(path));
  LIMPID_TRY(PytorchContents contents, parse_pytorch(file.bytes(), path.string()));
  return PytorchFile{std::move(contents), std::move(file)};
}

}  // namespace limpid
