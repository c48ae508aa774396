#include "checkpoint/pytorch_file.h"

#include <gtest/gtest.h>

#include "checkpoint/test_torch.h"

namespace limpid {
namespace {

using test::as_bytes;
using test::pickle_counts;
using test::pickle_dict;
using test::pickle_int;
using test::pickle_storage;
using test::pickle_tensor;
using test::zip_bytes;
using test::ZipItem;

/// A vector of `n` elements of a storage.
std::string vector(const std::string& type, const std::string& key, int32_t n_storage, int32_t offset,
                   int32_t n) {
  return pickle_tensor(pickle_storage(type, key, n_storage), pickle_int(offset), pickle_counts({n}),
                       pickle_counts({1}));
}

const std::string kPickle = pickle_dict({{"x", vector("FloatStorage", "0", 2, 0, 2)}});

TEST(PytorchFile, ReadsTensors) {
  const std::string pickle = pickle_dict({
      {"x", vector("HalfStorage", "0", 4, 0, 4)},
      {"tied", vector("HalfStorage", "0", 4, 0, 4)},
      {"end", vector("HalfStorage", "0", 4, 3, 1)},
      {"ids", vector("LongStorage", "1", 1, 0, 1)},
      {"mask", vector("BoolStorage", "2", 3, 0, 3)},
      {"scalar", pickle_tensor(pickle_storage("BFloat16Storage", "3", 1), pickle_int(0), ")", ")")},
      {"empty", vector("FloatStorage", "4", 0, 0, 0)},
  });
  const std::string bytes = zip_bytes({{"any name/data.pkl", pickle},
                                       {"any name/data/0", "01234567"},
                                       {"any name/data/1", "abcdefgh"},
                                       {"any name/data/2", "yes"},
                                       {"any name/data/3", "AB"},
                                       {"any name/data/4", ""},
                                       {"any name/.data/serialization_id", "0"}});
  const auto contents = parse_pytorch(as_bytes(bytes), "x.bin");
  ASSERT_TRUE(contents) << contents.error().message;
  const TensorMap& tensors = contents->tensors;
  ASSERT_EQ(tensors.size(), 6);
  const TensorInfo& x = tensors.at("x");
  EXPECT_EQ(x.type, DType::kF16);
  EXPECT_EQ(x.shape, std::vector<size_t>{4});
  EXPECT_EQ(reinterpret_cast<const char*>(x.data.data()), bytes.data() + bytes.find("01234567"));
  EXPECT_EQ(tensors.at("tied").data.data(), x.data.data());
  EXPECT_EQ(tensors.at("end").data.data(), x.data.data() + 6);
  EXPECT_EQ(tensors.at("end").data.size(), 2);
  EXPECT_EQ(tensors.at("ids").type, DType::kI64);
  EXPECT_EQ(tensors.at("scalar").type, DType::kBF16);
  EXPECT_EQ(tensors.at("scalar").shape, std::vector<size_t>{1});
  EXPECT_TRUE(tensors.at("empty").data.empty());
  EXPECT_EQ(contents->unsupported_tensors.at("mask"), "BOOL");
}

struct Damage {
  const char* name;
  std::vector<ZipItem> items;
  const char* message;
  ErrorCode code = ErrorCode::kCorrupt;
};

TEST(PytorchFile, RefusesDamage) {
  const ZipItem data = {"a/data/0", "01234567"};
  const std::vector<Damage> damages = {
      {"no pickle", {data}, "expected an archive with data.pkl"},
      {"pickle elsewhere", {{"a/b/data.pkl", kPickle}, data}, "expected an archive with data.pkl"},
      {"pickle at the top", {{"data.pkl", kPickle}, data}, "expected an archive with data.pkl"},
      {"two pickles", {{"a/data.pkl", kPickle}, {"b/data.pkl", kPickle}, data}, "expected one data.pkl"},
      {"checksum", {{.name = "a/data.pkl", .data = kPickle, .crc_off_by = 1}, data}, "checksum"},
      {"big-endian",
       {{"a/data.pkl", kPickle}, {"a/byteorder", "big"}, data},
       "byte order 'big'",
       ErrorCode::kUnsupported},
      {"no data", {{"a/data.pkl", kPickle}}, "tensor 'x': expected its bytes in the archive entry 'data/0'"},
      {"data of another root", {{"a/data.pkl", kPickle}, {"b/data/0", "01234567"}}, "no such entry"},
      {"short data", {{"a/data.pkl", kPickle}, {"a/data/0", "0123456"}}, "storage of 8 bytes, found 7"},
      {"long data", {{"a/data.pkl", kPickle}, {"a/data/0", "012345678"}}, "storage of 8 bytes, found 9"},
      {"compressed data",
       {{"a/data.pkl", kPickle}, {.name = "a/data/0", .data = "01234567", .method = 8}},
       "is compressed",
       ErrorCode::kUnsupported},
      {"key that leads away",
       {{"a/data.pkl", pickle_dict({{"x", vector("FloatStorage", "../byteorder", 2, 0, 2)}})},
        {"a/byteorder", "little"}},
       "no such entry"},
  };
  for (const Damage& damage : damages) {
    const auto contents = parse_pytorch(as_bytes(zip_bytes(damage.items)), "x.bin");
    ASSERT_FALSE(contents) << damage.name;
    EXPECT_EQ(contents.error().code, damage.code) << damage.name;
    EXPECT_NE(contents.error().message.find(damage.message), std::string::npos)
        << damage.name << ": " << contents.error().message;
  }
}

TEST(PytorchFile, NamesWhatIsNoArchive) {
  struct Case {
    std::string bytes;
    ErrorCode code;
    const char* message;
    const char* hint;
  };
  const std::vector<Case> cases = {
      {"\x80\x02\x8a\nl\xfc\x9c", ErrorCode::kUnsupported, "before version 1.6", "torch.save(torch.load("},
      {std::string(257, '\0') + "ustar", ErrorCode::kUnsupported, "before version 1.6",
       "torch.save(torch.load("},
      {"", ErrorCode::kCorrupt, "found an empty file", "incomplete download"},
      {"version https://git-lfs", ErrorCode::kCorrupt, "a Git LFS pointer", "incomplete download"},
      {"PK\x03\x04....", ErrorCode::kCorrupt, "a directory at its end", "incomplete download"},
  };
  for (const Case& c : cases) {
    const auto contents = parse_pytorch(as_bytes(c.bytes), "x.bin");
    ASSERT_FALSE(contents) << c.message;
    EXPECT_EQ(contents.error().code, c.code);
    EXPECT_NE(contents.error().message.find(c.message), std::string::npos) << contents.error().message;
    EXPECT_NE(contents.error().hint.find(c.hint), std::string::npos) << contents.error().hint;
  }
}

TEST(PytorchFile, ReadNamesTheFile) {
  const test::TemporaryFolder folder;
  const auto good = folder.write("good.bin", test::torch_file({"x"}));
  const auto file = read_pytorch(good);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors.at("x").data.front(), std::byte{'0'});
  const auto bad = folder.write("bad.bin", "short");
  EXPECT_TRUE(read_pytorch(bad).error().message.starts_with(bad.string() + ": "));
  EXPECT_EQ(read_pytorch(folder.path() / "none").error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace limpid
