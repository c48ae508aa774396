#include "checkpoint/gguf_file.h"

#include <functional>
#include <gtest/gtest.h>

#include "checkpoint/ggml_types.h"
#include "checkpoint/test_files.h"

namespace limpid {
namespace {

using test::as_bytes;
using test::gguf_list;
using test::gguf_pair;
using test::gguf_string;
using test::GgufFile;
using test::raw;
using test::small_gguf;

TEST(GgufFile, ReadsTensorsAndMetadata) {
  for (const uint32_t version : {2u, 3u}) {
    GgufFile file = small_gguf();
    file.version = version;
    const std::string bytes = file.bytes();
    const auto contents = parse_gguf(as_bytes(bytes), "x.gguf");
    ASSERT_TRUE(contents) << contents.error().message;
    EXPECT_EQ(contents->version, version);
    EXPECT_EQ(**contents->metadata.get_int("n"), 7);
    ASSERT_EQ(contents->tensors.size(), 2);
    const TensorInfo& a = contents->tensors.at("a");
    EXPECT_EQ(a.type, DType::kF32);
    EXPECT_EQ(a.shape, (std::vector<size_t>{2, 3}));
    EXPECT_EQ(a.n_element(), 6);
    EXPECT_EQ(a.data.size(), 24);
    const TensorInfo& b = contents->tensors.at("b");
    EXPECT_EQ(b.type, DType::kQ8_0);
    EXPECT_EQ(b.shape, (std::vector<size_t>{2, 32}));
    EXPECT_EQ(b.data.size(), 68);
    EXPECT_EQ(reinterpret_cast<const char*>(b.data.data()), bytes.data() + bytes.size() - 68);
  }
}

TEST(GgufFile, ReadsEverySupportedType) {
  const std::vector<std::pair<uint32_t, DType>> types = {
      {0, DType::kF32},   {1, DType::kF16},   {2, DType::kQ4_0},    {3, DType::kQ4_1},    {6, DType::kQ5_0},
      {7, DType::kQ5_1},  {8, DType::kQ8_0},  {10, DType::kQ2_K},   {11, DType::kQ3_K},   {12, DType::kQ4_K},
      {13, DType::kQ5_K}, {14, DType::kQ6_K}, {20, DType::kIQ4_NL}, {23, DType::kIQ4_XS}, {26, DType::kI32},
      {27, DType::kI64},  {30, DType::kBF16}, {39, DType::kMXFP4}};
  for (const auto& [number, type] : types) {
    GgufFile file;
    file.tensors = {{"t", {256, 3}, number, 0}};
    const size_t n_byte = 768 / info(type).block_size * info(type).block_bytes;
    file.data.assign(n_byte, '\0');
    const std::string bytes = file.bytes();
    const auto contents = parse_gguf(as_bytes(bytes), "x.gguf");
    ASSERT_TRUE(contents) << contents.error().message;
    EXPECT_EQ(contents->tensors.at("t").type, type);
    EXPECT_EQ(contents->tensors.at("t").data.size(), n_byte);
    EXPECT_EQ(ggml_type(number).name, info(type).name);
  }
}

TEST(GgufFile, AcceptsAnotherAlignmentAndAnyTableOrder) {
  GgufFile file = small_gguf();
  file.alignment = 64;
  file.pairs.push_back(gguf_pair("general.alignment", 4, raw<uint32_t>(64)));
  file.tensors[1].offset = 64;
  std::swap(file.tensors[0], file.tensors[1]);
  file.data.assign(64 + 68, '\0');
  const std::string bytes = file.bytes();
  const auto contents = parse_gguf(as_bytes(bytes), "x.gguf");
  ASSERT_TRUE(contents) << contents.error().message;
  EXPECT_EQ(contents->tensors.at("b").data.data(), contents->tensors.at("a").data.data() + 64);
}

TEST(GgufFile, AcceptsAFileWithoutTensorsOrData) {
  GgufFile file = small_gguf();
  file.tensors.clear();
  EXPECT_TRUE(parse_gguf(as_bytes(file.header()), "x.gguf"));
}

struct Damage {
  const char* name;
  std::function<void(GgufFile&)> apply;
  const char* message;  // part of it
  ErrorCode code = ErrorCode::kCorrupt;
};

void set_pair(GgufFile& file, const std::string& pair) {
  file.pairs = {pair};
}

using F = GgufFile;
constexpr auto kUnsupported = ErrorCode::kUnsupported;

void expect_refused(const std::vector<Damage>& damages) {
  for (const Damage& damage : damages) {
    GgufFile file = small_gguf();
    damage.apply(file);
    const std::string bytes = file.bytes();
    const auto contents = parse_gguf(as_bytes(bytes), "x.gguf");
    ASSERT_FALSE(contents) << damage.name;
    EXPECT_EQ(contents.error().code, damage.code) << damage.name << ": " << contents.error().message;
    EXPECT_NE(contents.error().message.find(damage.message), std::string::npos)
        << damage.name << ": " << contents.error().message;
    EXPECT_TRUE(contents.error().message.starts_with("x.gguf: ")) << contents.error().message;
  }
}

TEST(GgufFile, RefusesHeaderDamage) {
  expect_refused({
      {"magic", [](F& f) { f.magic = "GGML"; }, "expected a GGUF file, found a file that starts with 'GGML"},
      {"html", [](F& f) { f.magic = "<html>"; }, "found an HTML page"},
      {"lfs", [](F& f) { f.magic = "version https://git-lfs.github.com/spec/v1"; },
       "found a Git LFS pointer"},
      {"version 0", [](F& f) { f.version = 0; }, "GGUF version: expected 2 or 3, found 0"},
      {"version 1", [](F& f) { f.version = 1; }, "GGUF version 1 is not supported", kUnsupported},
      {"version 4", [](F& f) { f.version = 4; }, "GGUF version: expected 2 or 3, found 4"},
      {"big-endian", [](F& f) { f.version = 0x03000000; }, "big-endian GGUF is not supported", kUnsupported},
      {"alignment 0", [](F& f) { f.pairs.push_back(gguf_pair("general.alignment", 4, raw<uint32_t>(0))); },
       "general.alignment: expected a power of two, found 0"},
      {"alignment 48", [](F& f) { f.pairs.push_back(gguf_pair("general.alignment", 4, raw<uint32_t>(48))); },
       "expected a power of two, found 48"},
      {"alignment -32", [](F& f) { f.pairs.push_back(gguf_pair("general.alignment", 5, raw<int32_t>(-32))); },
       "expected a power of two, found -32"},
      {"alignment type", [](F& f) { f.pairs.push_back(gguf_pair("general.alignment", 6, raw(0.5f))); },
       "expected an integer, found 0.5"},
      {"alignment past the end",
       [](F& f) { f.pairs.push_back(gguf_pair("general.alignment", 4, raw(1u << 31))); },
       "tensor 'a': expected 24 bytes at offset 0 of the data, found 0 bytes of data"},
  });
}

TEST(GgufFile, RefusesMetadataDamage) {
  expect_refused({
      {"key twice", [](F& f) { f.pairs[1] = f.pairs[0]; }, "metadata 'general.architecture': appears twice"},
      {"key twice, omitted", [](F& f) { f.pairs.assign(2, gguf_pair("k", 10, raw(~uint64_t{0}))); },
       "metadata 'k': appears twice"},
      {"key empty", [](F& f) { set_pair(f, gguf_pair("", 0, "x")); },
       "metadata key '': expected a UTF-8 name"},
      {"key bytes", [](F& f) { set_pair(f, gguf_pair("a\xff\n", 0, "x")); }, "metadata key 'a\\xff\\x0a'"},
      {"key length", [](F& f) { set_pair(f, raw(~uint64_t{0})); },
       "metadata pair 0: its key does not fit in the"},
      {"value type", [](F& f) { set_pair(f, gguf_pair("k", 13, "x")); },
       "metadata 'k': expected a value type from 0 to 12, found 13"},
      {"boolean", [](F& f) { set_pair(f, gguf_pair("k", 7, "\x02")); }, "expected a boolean 0 or 1, found 2"},
      {"string length", [](F& f) { set_pair(f, gguf_pair("k", 8, raw(uint64_t{1} << 40))); },
       "its string does not fit"},
      {"list type", [](F& f) { set_pair(f, gguf_pair("k", 9, gguf_list(13, 1, "x"))); },
       "expected a list of value type 0 to 12, found 13"},
      {"list count", [](F& f) { set_pair(f, gguf_pair("k", 9, gguf_list(10, ~uint64_t{0}, ""))); },
       "a list of 18446744073709551615 values does not fit"},
      {"list string", [](F& f) { set_pair(f, gguf_pair("k", 9, gguf_list(8, 1, raw(~uint64_t{0})))); },
       "a string of its list does not fit"},
      {"list boolean", [](F& f) { set_pair(f, gguf_pair("k", 9, gguf_list(7, 1, "\x07"))); },
       "expected a boolean 0 or 1, found 7"},
      {"inner list count",
       [](F& f) { set_pair(f, gguf_pair("k", 9, gguf_list(9, 1, gguf_list(0, 1 << 20, "")))); },
       "a list of 1048576 values does not fit"},
      {"inner list string",
       [](F& f) { set_pair(f, gguf_pair("k", 9, gguf_list(9, 1, gguf_list(8, 1, raw(~uint64_t{0}))))); },
       "a string of its list does not fit"},
      {"nesting",
       [](F& f) {
         std::string list = gguf_list(0, 1, "x");
         for (int i = 0; i < 6; ++i) list = gguf_list(9, 1, list);
         set_pair(f, gguf_pair("k", 9, list));
       },
       "lists are nested too deeply"},
  });
}

TEST(GgufFile, RefusesTensorDamage) {
  expect_refused({
      {"name twice", [](F& f) { f.tensors[1].name = "a"; }, "tensor 'a': appears twice"},
      {"name empty", [](F& f) { f.tensors[0].name = ""; }, "tensor '': expected a UTF-8 name"},
      {"name bytes", [](F& f) { f.tensors[0].name = "\xc3"; }, "tensor '\\xc3': expected a UTF-8 name"},
      {"no dimensions", [](F& f) { f.tensors[0].shape.clear(); },
       "tensor 'a': expected 1 to 4 dimensions, found 0"},
      {"five dimensions", [](F& f) { f.tensors[0].shape.assign(5, 1); },
       "expected 1 to 4 dimensions, found 5"},
      {"length 0", [](F& f) { f.tensors[0].shape[1] = 0; }, "expected dimensions of at least 1, found 0"},
      {"elements overflow",
       [](F& f) {
         f.tensors[0].shape = {1u << 31, 1u << 31, 8};
       },
       "tensor 'a': the size of shape [8, 2147483648, 2147483648] overflows"},
      {"bytes overflow", [](F& f) { f.tensors[0].shape = {uint64_t{1} << 62}; }, "the size of shape"},
      {"row of blocks",
       [](F& f) {
         f.tensors[1].shape = {16, 4};
       },
       "tensor 'b': expected rows of a multiple of 32 elements for Q8_0, found 16"},
      {"row of 256-blocks",
       [](F& f) {
         f.tensors[1].shape = {384, 2};
         f.tensors[1].type = 12;
       },
       "tensor 'b': expected rows of a multiple of 256 elements for Q4_K, found 384"},
      {"type IQ1_S", [](F& f) { f.tensors[1].type = 19; },
       "x.gguf: tensor 'b': has type IQ1_S, which is not supported", kUnsupported},
      {"type retired", [](F& f) { f.tensors[1].type = 4; }, "expected a ggml type, found the number 4"},
      {"type unknown", [](F& f) { f.tensors[1].type = 4000000000; },
       "expected a ggml type, found the number 4000000000"},
  });
}

TEST(GgufFile, RefusesPlacementDamage) {
  expect_refused({
      {"offset misaligned", [](F& f) { f.tensors[1].offset = 24; },
       "tensor 'b': expected offset 32, where the tensor before it ends, found 24"},
      {"overlap", [](F& f) { f.tensors[1].offset = 0; }, "expected offset"},
      {"gap",
       [](F& f) {
         f.tensors[1].offset = 64;
         f.data.append(64, '\0');
       },
       "tensor 'b': expected offset 32"},
      {"first offset",
       [](F& f) {
         f.tensors.pop_back();
         f.tensors[0].offset = 32;
       },
       "tensor 'a': expected offset 0"},
      {"offset outside", [](F& f) { f.tensors[1].offset = 1000; },
       "tensor 'b': expected 68 bytes at offset 1000 of the data, found 100 bytes of data"},
      {"offset overflow", [](F& f) { f.tensors[1].offset = ~uint64_t{0} - 8; },
       "tensor 'b': expected 68 bytes at offset"},
      {"too large", [](F& f) { f.tensors[1].shape[1] = 3; },
       "tensor 'b': expected 102 bytes at offset 32 of the data, found 100 bytes of data"},
      {"no data", [](F& f) { f.data.clear(); },
       "tensor 'a': expected 24 bytes at offset 0 of the data, found 0"},
  });
}

TEST(GgufFile, RefusesAbsurdCounts) {
  // Offset of the count in the file, and the message.
  const std::vector<std::pair<size_t, const char*>> counts = {{8, "tensor count: expected at most"},
                                                              {16, "metadata count: expected at most"}};
  for (const auto& [position, message] : counts) {
    for (const uint64_t count : {uint64_t{100}, uint64_t{1} << 32, ~uint64_t{0}}) {
      std::string bytes = small_gguf().bytes();
      bytes.replace(position, 8, raw(count));
      const auto contents = parse_gguf(as_bytes(bytes), "x.gguf");
      ASSERT_FALSE(contents);
      EXPECT_NE(contents.error().message.find(message), std::string::npos) << contents.error().message;
    }
  }
}

TEST(GgufFile, RefusesEveryTruncation) {
  GgufFile file = small_gguf();
  file.pairs.push_back(gguf_pair("words", 9, gguf_list(8, 2, gguf_string("a") + gguf_string("bc"))));
  file.pairs.push_back(gguf_pair("numbers", 9, gguf_list(12, 2, raw(1.0) + raw(2.0))));
  const std::string bytes = file.bytes();
  ASSERT_TRUE(parse_gguf(as_bytes(bytes), "x.gguf"));
  for (size_t n = 0; n < bytes.size(); ++n) {
    const auto contents = parse_gguf(as_bytes(std::string_view(bytes).substr(0, n)), "x.gguf");
    ASSERT_FALSE(contents) << n;
    EXPECT_EQ(contents.error().code, ErrorCode::kCorrupt) << n;
    EXPECT_FALSE(contents.error().hint.empty()) << n;
  }
}

}  // namespace
}  // namespace limpid
