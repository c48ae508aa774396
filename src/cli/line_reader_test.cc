#include "cli/line_reader.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <utility>
#include <vector>

namespace limpid {
namespace {

constexpr size_t kMaxBytes = 8;

using Lines = std::vector<std::pair<size_t, std::string>>;  // number, text; too long ones end in "..."

class LineReaderTest : public ::testing::Test {
 protected:
  LineReader open(std::string_view bytes) {
    std::ofstream(path_, std::ios::binary) << bytes;
    return LineReader::open(path_, kMaxBytes).value();
  }

  static Lines rest(LineReader& reader) {
    Lines lines;
    while (reader.next().value()) {
      lines.emplace_back(reader.number(), std::string(reader.text()) + (reader.too_long() ? "..." : ""));
    }
    return lines;
  }

  ~LineReaderTest() override { std::filesystem::remove(path_); }

  // Of this test alone: several run at once.
  const std::string path_ = ::testing::TempDir() + "limpid_line_reader_test_" +
                            ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".txt";
};

TEST_F(LineReaderTest, Lines) {
  using namespace std::string_view_literals;
  const struct {
    std::string_view bytes;
    Lines lines;
  } cases[] = {
      {"", {}},
      {"\n\n\r\n", {}},
      {"a\nb\n", {{1, "a"}, {2, "b"}}},
      {"a\n\n \nb", {{1, "a"}, {3, " "}, {4, "b"}}},
      {"a\r\nb\r\n", {{1, "a"}, {2, "b"}}},
      {"a\rb\n", {{1, "a\rb"}}},
      {"\xEF\xBB\xBF"
       "a\n\xEF\xBB\xBF\n",
       {{1, "a"}, {2, "\xEF\xBB\xBF"}}},
      {"a\0b\n"sv, {{1, std::string("a\0b"sv)}}},
      {"12345678\n123456789\n1234567890", {{1, "12345678"}, {2, "12345678..."}, {3, "12345678..."}}},
      {"\xFF\n", {{1, "\xFF"}}},
  };
  for (const auto& c : cases) {
    LineReader reader = open(c.bytes);
    EXPECT_EQ(rest(reader), c.lines) << c.bytes;
  }
}

TEST_F(LineReaderTest, CountsWhatIsAhead) {
  LineReader reader = open("a\n\nb\nc\n");
  ASSERT_TRUE(reader.next().value());
  EXPECT_EQ(reader.count_ahead().value(), 2);
  EXPECT_EQ(rest(reader), (Lines{{3, "b"}, {4, "c"}}));
}

TEST_F(LineReaderTest, WhatIsNoFile) {
  EXPECT_EQ(LineReader::open(path_ + ".none", kMaxBytes).error().code, ErrorCode::kNotFound);
  LineReader folder = LineReader::open(::testing::TempDir(), kMaxBytes).value();
  EXPECT_EQ(folder.next().error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace limpid
