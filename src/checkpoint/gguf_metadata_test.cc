#include "checkpoint/gguf_metadata.h"

#include <gtest/gtest.h>

#include "checkpoint/test_files.h"

namespace limpid {
namespace {

using test::gguf_list;
using test::gguf_pair;
using test::gguf_string;
using test::raw;

struct Case {
  uint32_t type;
  std::string bytes;
  MetadataValue value;
};

TEST(GgufMetadata, ReadsEveryType) {
  const std::vector<Case> cases = {
      {0, raw<uint8_t>(200), int64_t{200}},
      {1, raw<int8_t>(-2), int64_t{-2}},
      {2, raw<uint16_t>(65535), int64_t{65535}},
      {3, raw<int16_t>(-3), int64_t{-3}},
      {4, raw<uint32_t>(4294967295u), int64_t{4294967295}},
      {5, raw<int32_t>(-4), int64_t{-4}},
      {6, raw(0.25f), 0.25},
      {7, raw<uint8_t>(1), true},
      {7, raw<uint8_t>(0), false},
      {8, gguf_string("h\xc3\xa9"), "h\xc3\xa9"},
      {10, raw<uint64_t>(INT64_MAX), int64_t{INT64_MAX}},
      {11, raw<int64_t>(INT64_MIN), int64_t{INT64_MIN}},
      {12, raw(1e300), 1e300},
      {9, gguf_list(0, 2, "\x01\xff"), std::vector<int64_t>{1, 255}},
      {9, gguf_list(1, 1, "\xff"), std::vector<int64_t>{-1}},
      {9, gguf_list(2, 1, raw<uint16_t>(2)), std::vector<int64_t>{2}},
      {9, gguf_list(3, 1, raw<int16_t>(-2)), std::vector<int64_t>{-2}},
      {9, gguf_list(4, 1, raw<uint32_t>(2)), std::vector<int64_t>{2}},
      {9, gguf_list(5, 2, raw(3) + raw(-3)), std::vector<int64_t>{3, -3}},
      {9, gguf_list(6, 1, raw(0.5f)), std::vector<double>{0.5}},
      {9, gguf_list(7, 2, std::string("\0\1", 2)), std::vector<bool>{false, true}},
      {9, gguf_list(8, 2, gguf_string("a") + gguf_string("\xff")), std::vector<std::string>{"a", "\xff"}},
      {9, gguf_list(10, 1, raw<uint64_t>(9)), std::vector<int64_t>{9}},
      {9, gguf_list(11, 1, raw<int64_t>(-9)), std::vector<int64_t>{-9}},
      {9, gguf_list(12, 1, raw(2.0)), std::vector<double>{2.0}},
      {9, gguf_list(8, 0, ""), std::vector<std::string>{}},
  };
  for (const Case& c : cases) {
    const std::string bytes = gguf_pair("key", c.type, c.bytes) + "rest";
    ByteReader reader(test::as_bytes(bytes));
    const auto metadata = read_gguf_metadata(reader, 1, "x.gguf");
    ASSERT_TRUE(metadata) << metadata.error().message;
    ASSERT_NE(metadata->find("key"), nullptr) << c.type;
    EXPECT_EQ(*metadata->find("key"), c.value) << c.type;
    EXPECT_EQ(reader.left(), 4);
  }
}

TEST(GgufMetadata, OmitsWhatItCannotHoldAndGoesOn) {
  const std::vector<std::pair<uint32_t, std::string>> values = {
      {10, raw(~uint64_t{0})},
      {8, gguf_string("\xff")},
      {9, gguf_list(10, 2, raw(~uint64_t{0}) + raw<uint64_t>(1))},
      {9, gguf_list(9, 2, gguf_list(0, 3, "abc") + gguf_list(8, 1, gguf_string("x")))},
      {9, gguf_list(9, 1, gguf_list(9, 1, gguf_list(5, 1, raw(1))))},
  };
  for (const auto& [type, bytes] : values) {
    const std::string pairs = gguf_pair("odd", type, bytes) + gguf_pair("next", 5, raw(5));
    ByteReader reader(test::as_bytes(pairs));
    const auto metadata = read_gguf_metadata(reader, 2, "x.gguf");
    ASSERT_TRUE(metadata) << metadata.error().message;
    EXPECT_FALSE(metadata->contains("odd"));
    EXPECT_TRUE(metadata->omitted().contains("odd"));
    EXPECT_EQ(**metadata->get_int("next"), 5);
    EXPECT_EQ(reader.left(), 0);
  }
}

}  // namespace
}  // namespace limpid
