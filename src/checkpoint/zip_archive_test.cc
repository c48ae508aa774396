#include "checkpoint/zip_archive.h"

#include <gtest/gtest.h>

#include "checkpoint/test_torch.h"

namespace limpid {
namespace {

using test::as_bytes;
using test::zip_bytes;
using test::ZipItem;

TEST(ZipArchive, EntriesAreViews) {
  const std::string bytes = zip_bytes({{"a/x", "hello"}, {"a/empty", ""}, {"y", "12"}});
  const auto entries = read_zip(as_bytes(bytes), "x.bin");
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 3);
  const auto data = entries->at("a/x").data;
  EXPECT_EQ(reinterpret_cast<const char*>(data.data()), bytes.data() + bytes.find("hello"));
  EXPECT_EQ(data.size(), 5);
  EXPECT_TRUE(entries->at("a/empty").data.empty());
  for (const auto& [name, entry] : *entries) EXPECT_TRUE(is_intact(entry)) << name;
}

TEST(ZipArchive, WhatPrecedesTheArchiveDoesNotMatter) {
  const auto entries = read_zip(as_bytes("before" + zip_bytes({{"x", "hello"}})), "x.bin");
  ASSERT_TRUE(entries) << entries.error().message;
  EXPECT_TRUE(is_intact(entries->at("x")));
}

TEST(ZipArchive, SeesADamagedEntry) {
  const std::string bytes = zip_bytes({{.name = "x", .data = "hello", .crc_off_by = 1}});
  const auto entries = read_zip(as_bytes(bytes), "x.bin");
  ASSERT_TRUE(entries) << entries.error().message;
  EXPECT_FALSE(is_intact(entries->at("x")));
}

TEST(ZipArchive, RefusesAttacks) {
  struct Attack {
    const char* name;
    std::vector<ZipItem> items;
    const char* message;
    ErrorCode code = ErrorCode::kCorrupt;
  };
  constexpr auto kUnsupported = ErrorCode::kUnsupported;
  using namespace std::string_literals;
  const std::vector<Attack> attacks = {
      {"compressed",
       {{.name = "x", .data = "hello", .method = 8}},
       "'x': is compressed (method 8)",
       kUnsupported},
      {"bomb",
       {{.name = "x", .data = "hello", .method = 8, .packed_off_by = -4}},
       "'x': is compressed",
       kUnsupported},
      {"stored bomb",
       {{.name = "x", .data = "hello", .size_off_by = 1 << 30, .packed_off_by = -(1 << 30)}},
       "'x': its two sizes differ"},
      {"encrypted", {{.name = "x", .data = "hello", .flags = 1}}, "'x': is encrypted", kUnsupported},
      {"past the end", {{.name = "x", .data = "hello", .size_off_by = 1 << 20}}, "inside a file of"},
      {"absolute", {{"/etc/passwd", ""}}, "expected a relative path"},
      {"traversal", {{"a/../../x", ""}}, "expected a relative path"},
      {"only dots", {{"..", ""}}, "expected a relative path"},
      {"backslash", {{"..\\x", ""}}, "expected a relative path"},
      {"drive", {{"C:x", ""}}, "expected a relative path"},
      {"no name", {{"", ""}}, "expected a relative path"},
      {"name with NUL", {{"a\0b"s, ""}}, "expected a relative path"},
      {"name not UTF-8", {{"\xff", ""}}, "expected a relative path"},
      {"long name", {{std::string(600, 'a'), ""}}, "directory is damaged at entry 0"},
      {"twice", {{"x", "1"}, {"x", "2"}}, "'x': appears twice"},
      {"overlap", {{"x", "hello"}, {.name = "y", .data = "hello", .same_place_as = 0}}, "overlaps the entry"},
      {"another's place",
       {{"x", "hello"}, {.name = "y", .data = "world", .same_place_as = 0}},
       "'y': expected the same description as in the archive's directory"},
  };
  for (const Attack& attack : attacks) {
    const std::string bytes = zip_bytes(attack.items);
    const auto entries = read_zip(as_bytes(bytes), "x.bin");
    ASSERT_FALSE(entries) << attack.name;
    EXPECT_EQ(entries.error().code, attack.code) << attack.name;
    EXPECT_NE(entries.error().message.find(attack.message), std::string::npos)
        << attack.name << ": " << entries.error().message;
    EXPECT_TRUE(entries.error().message.starts_with("x.bin: ")) << entries.error().message;
  }
}

TEST(ZipArchive, RefusesAHugeDirectory) {
  // The number of entries is checked before anything is read.
  std::string bytes = zip_bytes({{"x", ""}});
  const std::string zip64 = "PK\x06\x06" + test::raw<uint64_t>(44) + test::raw<uint32_t>(0) +
                            test::raw<uint64_t>(0) + test::raw<uint64_t>(200'000) +
                            test::raw<uint64_t>(200'000) + test::raw<uint64_t>(47) + test::raw<uint64_t>(31);
  const size_t end = bytes.rfind("PK\x05\x06");
  const std::string tail = bytes.substr(end);
  bytes = bytes.substr(0, end) + zip64 + "PK\x06\x07" + test::raw<uint32_t>(0) +
          test::raw(static_cast<uint64_t>(end)) + test::raw<uint32_t>(1) + tail;
  const auto entries = read_zip(as_bytes(bytes), "x.bin");
  ASSERT_FALSE(entries);
  EXPECT_NE(entries.error().message.find("at most 100000 entries, found 200000"), std::string::npos)
      << entries.error().message;
}

TEST(ZipArchive, RefusesEveryTruncation) {
  const std::string bytes = zip_bytes({{"x", "hello"}, {"y", "world"}});
  for (size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(read_zip(as_bytes(std::string_view(bytes).substr(0, n)), "x.bin")) << n;
  }
}

TEST(ZipArchive, NoByteOfTheDirectoryLeadsOutside) {
  const std::string good = zip_bytes({{"x", "hello"}, {"y", "world"}});
  for (size_t i = 0; i < good.size(); ++i) {
    for (const char value : {'\0', '\x01', '\x7f', '\x80', '\xff'}) {
      std::string bytes = good;
      bytes[i] = value;
      const auto entries = read_zip(as_bytes(bytes), "x.bin");
      if (!entries) continue;
      for (const auto& [name, entry] : *entries) {
        const auto* begin = reinterpret_cast<const char*>(entry.data.data());
        EXPECT_GE(begin, bytes.data()) << i;
        EXPECT_LE(begin + entry.data.size(), bytes.data() + bytes.size()) << i;
      }
    }
  }
}

}  // namespace
}  // namespace limpid
