#include "checkpoint/safetensors_file.h"

#include <gtest/gtest.h>

#include "checkpoint/test_files.h"

namespace limpid {
namespace {

using test::as_bytes;
using test::entry;
using test::raw;
using test::safetensors_bytes;

TEST(SafetensorsFile, ReadsTensors) {
  const std::string header =
      "{\"__metadata__\":{\"format\":\"pt\"}," + entry("x", "F32", "2,3", 8, 32) + "," +
      entry("ids", "I64", "1", 0, 8) + "," + entry("scalar", "BF16", "", 32, 34) + "," +
      entry("empty", "F16", "0,4", 34, 34) + "," + entry("mask", "BOOL", "3", 34, 37) + "}  ";
  const std::string bytes = safetensors_bytes(header, std::string(37, '\1'));
  const auto contents = parse_safetensors(as_bytes(bytes), "x.safetensors");
  ASSERT_TRUE(contents) << contents.error().message;
  ASSERT_EQ(contents->tensors.size(), 4);
  const TensorInfo& x = contents->tensors.at("x");
  EXPECT_EQ(x.type, DType::kF32);
  EXPECT_EQ(x.shape, (std::vector<size_t>{2, 3}));
  EXPECT_EQ(x.data.size(), 24);
  EXPECT_EQ(reinterpret_cast<const char*>(x.data.data()), bytes.data() + 8 + header.size() + 8);
  EXPECT_EQ(contents->tensors.at("ids").type, DType::kI64);
  EXPECT_EQ(contents->tensors.at("scalar").type, DType::kBF16);
  EXPECT_EQ(contents->tensors.at("scalar").shape, (std::vector<size_t>{1}));
  EXPECT_TRUE(contents->tensors.at("empty").data.empty());
  EXPECT_EQ(contents->tensors.at("empty").n_element(), 0);
  EXPECT_EQ(contents->unsupported_tensors.at("mask"), "BOOL");
  EXPECT_EQ(contents->metadata.at("format"), "pt");
}

struct Damage {
  std::string header;
  const char* message;
  size_t n_data = 8;
  ErrorCode code = ErrorCode::kCorrupt;
};

const std::vector<Damage>& damages() {
  const auto one = [](const std::string& fields) { return "{\"x\":{" + fields + "}}"; };
  const std::string dtype = "\"dtype\":\"F32\"", shape = "\"shape\":[2]", offsets = "\"data_offsets\":[0,8]";
  static const std::vector<Damage> kTable = {
      // JSON and structure.
      {"", "expected a header that starts with '{', found an empty file"},
      {"[]", "expected a header that starts with '{', found a file that starts with '[]'"},
      {"{", "the header is not valid JSON at byte"},
      {"{}x", "the header is not valid JSON at byte"},
      {std::string("{}\0garbage", 10), "the header is not valid JSON at byte 2: a NUL byte"},
      {"{\"\xff\":1}", "the header is not valid JSON at byte"},
      {"{\"x\":1}", "header entry 'x': expected an object, found a number"},
      {"{\"x\":\"s\"}", "header entry 'x': expected an object, found a string"},
      {"{\"x\":[]}", "header entry 'x': expected an object, found a list"},
      {"{\"x\":null}", "header entry 'x': expected an object, found null"},
      {"{\"x\":true}", "header entry 'x': expected an object, found a boolean"},
      {"{\"__metadata__\":{\"a\":1}}", "expected a string for 'a', found a number"},
      {"{\"__metadata__\":{\"a\":{}}}", "expected a string for 'a', found an object"},
      {"{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", "the key 'a' appears twice"},
      {one(dtype + "," + shape),
       "header entry 'x': expected the fields dtype, shape and data_offsets, found fewer"},
      {one("\"type\":\"F32\""), "expected the fields dtype, shape and data_offsets, found 'type'"},
      {one(dtype + "," + dtype), "the field dtype appears twice"},
      {one("\"dtype\":7"), "dtype: found a number, which does not belong there"},
      {one("\"dtype\":[7]"), "dtype: found a list, which does not belong there"},
      {one("\"shape\":\"2\""), "shape: found a string, which does not belong there"},
      {one("\"shape\":[-2]"), "shape: expected whole numbers, found -2"},
      {one("\"shape\":[2.5]"), "shape: expected whole numbers, found 2.5"},
      {one("\"shape\":[18446744073709551616]"), "shape: expected whole numbers, found 18446744073709551616"},
      {one("\"shape\":[[2]]"), "shape: expected whole numbers, found a list"},
      {one("\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]"), "expected at most 16 dimensions, found more"},
      {one("\"data_offsets\":[0]"), "data_offsets: expected 2 numbers, found 1"},
      {one("\"data_offsets\":[0,1,2]"), "data_offsets: expected 2 numbers, found more"},
      {one("\"data_offsets\":[0,\"8\"]"), "data_offsets: expected whole numbers, found a string"},
      {"{" + entry("x", "F32", "1", 0, 4) + "," + entry("x", "F32", "1", 4, 8) + "}",
       "entry 'x': appears twice"},
      // Tensors against the data.
      {"{" + entry("x", "F32", "2", 8, 0) + "}",
       "expected data_offsets inside the 8 bytes of data, found 8 to 0"},
      {"{" + entry("x", "F32", "4", 0, 16) + "}",
       "tensor 'x': expected data_offsets inside the 8 bytes of data, found 0 to 16"},
      {"{" + entry("x", "F32", "3", 0, 8) + "}",
       "tensor 'x': expected 12 bytes for F32 of shape [3], found 8"},
      {"{" + entry("x", "F32", "4611686018427387904", 0, 8) + "}",
       "the size of shape [4611686018427387904] overflows"},
      {"{" + entry("x", "F32", "4294967296,4294967296,0", 0, 0) + "}", "overflows", 0},
      {"{" + entry("x", "F4", "3", 0, 1) + "}", "no whole number of bytes as F4", 1},
      {"{" + entry("x", "F99", "2", 0, 8) + "}", "tensor 'x': has type 'F99', which is not supported", 8,
       ErrorCode::kUnsupported},
      {"{" + entry("x", "F32", "1", 0, 4) + "," + entry("y", "F32", "1", 0, 4) + "}",
       "tensor 'y': expected its data at offset 4"},
      {"{" + entry("x", "F32", "1", 0, 4) + "," + entry("y", "F32", "1", 8, 12) + "}",
       "tensor 'y': expected its data at offset 4, where the tensor before it ends, found 8", 12},
      {"{" + entry("x", "F32", "1", 4, 8) + "}", "tensor 'x': expected its data at offset 0"},
      {"{" + entry("x", "F32", "2", 0, 8) + "}",
       "expected 8 bytes of data for the tensors of the header, found 9", 9},
      {"{}", "expected 0 bytes of data for the tensors of the header, found 8"},
  };
  return kTable;
}

TEST(SafetensorsFile, RefusesDamage) {
  for (const Damage& damage : damages()) {
    const std::string bytes = safetensors_bytes(damage.header, std::string(damage.n_data, '\0'));
    const auto contents = parse_safetensors(as_bytes(bytes), "x.safetensors");
    ASSERT_FALSE(contents) << damage.header;
    EXPECT_EQ(contents.error().code, damage.code) << damage.header;
    EXPECT_NE(contents.error().message.find(damage.message), std::string::npos) << damage.header << "\n"
                                                                                << contents.error().message;
    EXPECT_TRUE(contents.error().message.starts_with("x.safetensors: ")) << contents.error().message;
  }
}

TEST(SafetensorsFile, NestingIsRefusedAtOnce) {
  const std::string header = "{\"x\":" + std::string(1 << 20, '[');
  const std::string bytes = safetensors_bytes(header, "");
  EXPECT_FALSE(parse_safetensors(as_bytes(bytes), "x.safetensors"));
}

TEST(SafetensorsFile, RefusesABadLength) {
  std::string long_header = raw<uint64_t>(100'000'001);
  long_header.resize(8 + 100'000'001, ' ');
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"", "expected a safetensors file, found an empty file of 0 bytes"},
      {"GGUF\3", "expected a safetensors file, found a GGUF file of 5 bytes"},
      {raw<uint64_t>(3) + "{}", "expected a safetensors header of at most 2 bytes, found the length 3"},
      {raw(~uint64_t{0}) + "{}", "found the length 18446744073709551615"},
      {"version https://git-lfs.github.com/spec/v1", "in a Git LFS pointer"},
      {long_header, "a safetensors header of at most 100000000 bytes"},
  };
  for (const auto& [bytes, message] : cases) {
    const auto contents = parse_safetensors(as_bytes(bytes), "x.safetensors");
    ASSERT_FALSE(contents) << message;
    EXPECT_EQ(contents.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(contents.error().message.find(message), std::string::npos) << contents.error().message;
  }
}

TEST(SafetensorsFile, RefusesEveryTruncation) {
  const std::string bytes = safetensors_bytes("{" + entry("x", "F32", "2", 0, 8) + "}", "01234567");
  ASSERT_TRUE(parse_safetensors(as_bytes(bytes), "x.safetensors"));
  for (size_t n = 0; n < bytes.size(); ++n) {
    const auto contents = parse_safetensors(as_bytes(std::string_view(bytes).substr(0, n)), "x.safetensors");
    ASSERT_FALSE(contents) << n;
    EXPECT_EQ(contents.error().code, ErrorCode::kCorrupt) << n;
    EXPECT_EQ(contents.error().hint, "incomplete download or corrupt file?") << n;
  }
}

TEST(SafetensorsFile, ReadNamesTheFile) {
  const test::TemporaryFolder folder;
  const auto good = folder.write("good.safetensors",
                                 safetensors_bytes("{" + entry("x", "I32", "2", 0, 8) + "}", "01234567"));
  const auto file = read_safetensors(good);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(file->tensors.at("x").data.front(), std::byte{'0'});

  const auto bad = folder.write("bad.safetensors", "short");
  EXPECT_TRUE(read_safetensors(bad).error().message.starts_with(bad.string() + ": "));
  EXPECT_EQ(read_safetensors(folder.path() / "none").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_safetensors(folder.path()).error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace limpid
