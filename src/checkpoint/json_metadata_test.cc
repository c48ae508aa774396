#include "checkpoint/json_metadata.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "checkpoint/json.h"
#include "checkpoint/test_files.h"

namespace limpid {
namespace {

Result<Metadata> parse(const std::string& text) {
  LIMPID_TRY(const nlohmann::json document, parse_json(text, "config.json"));
  return flatten_json(document, "config.json");
}

TEST(JsonMetadata, Flattens) {
  const auto metadata = parse(R"({
    "model_type": "llama", "hidden_size": 64, "eps": 1e-5, "tied": true, "nothing": null,
    "rope": {"type": "llama3", "inner": {"factor": 8.0}, "empty": {}},
    "ids": [1, 2], "mixed_numbers": [1, 2.5], "flags": [true, false], "names": ["a"], "none": [],
    "objects": [{}], "lists": [[1]], "mixed": [1, "a"], "big": 18446744073709551615})");
  ASSERT_TRUE(metadata) << metadata.error().message;
  EXPECT_EQ(**metadata->get_string("model_type"), "llama");
  EXPECT_EQ(**metadata->get_int("hidden_size"), 64);
  EXPECT_EQ(**metadata->get_double("eps"), 1e-5);
  EXPECT_EQ(**metadata->get_bool("tied"), true);
  EXPECT_FALSE(metadata->contains("nothing"));
  EXPECT_TRUE(metadata->is_null("nothing"));
  EXPECT_FALSE(metadata->is_null("absent"));
  EXPECT_EQ(**metadata->get_string("rope.type"), "llama3");
  EXPECT_EQ(**metadata->get_int("rope.inner.factor"), 8);
  EXPECT_EQ(*metadata->find("ids"), MetadataValue(std::vector<int64_t>{1, 2}));
  EXPECT_EQ(*metadata->find("mixed_numbers"), MetadataValue(std::vector<double>{1, 2.5}));
  EXPECT_EQ(*metadata->find("flags"), MetadataValue(std::vector<bool>{true, false}));
  EXPECT_EQ(*metadata->find("names"), MetadataValue(std::vector<std::string>{"a"}));
  EXPECT_EQ(*metadata->find("none"), MetadataValue(std::vector<std::string>{}));
  EXPECT_EQ(metadata->omitted().size(), 4);
  for (const char* key : {"objects", "lists", "mixed", "big"}) {
    EXPECT_EQ(metadata->get_int(key).error().code, ErrorCode::kUnsupported) << key;
  }
}

TEST(JsonMetadata, RefusesDamage) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  const std::vector<std::pair<std::string, const char*>> cases = {
      {"", "config.json: not valid JSON at byte"},
      {"{\"a\": 1", "not valid JSON at byte"},
      {"{\"a\": 1} x", "not valid JSON at byte"},
      {"{\"a\": \"\xff\"}", "not valid JSON at byte"},
      {"{\"a\": 1e999}", "not valid JSON at byte"},
      {std::string("{}\0{", 4), "not valid JSON at byte 2: a NUL byte"},
      {"[1]", "config.json: expected a JSON object, found array"},
      {"{\"a\": 1, \"a\": 2}", "the key 'a' appears twice"},
      {"{\"x\": [{\"a\": 1, \"a\": 2}]}", "the key 'a' appears twice"},
      {"{\"a.b\": 1, \"a\": {\"b\": 2}}", "the key 'a.b' appears twice"},
      {"{\"a.b\": [[1]], \"a\": {\"b\": 2}}", "the key 'a.b' appears twice"},
      {"{\"a\": " + deep + "}", "expected at most 64 levels of nesting, found more"},
      {"{\"" + std::string(2000, 'k') + "\": 1}", "expected keys of at most 1024 bytes, found 'kkk"},
      {std::string((32 << 20) + 1, ' '), "expected at most 33554432 bytes of JSON, found 33554433"},
  };
  for (const auto& [text, message] : cases) {
    const auto metadata = parse(text);
    ASSERT_FALSE(metadata) << message;
    EXPECT_EQ(metadata.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(metadata.error().message.find(message), std::string::npos) << metadata.error().message;
  }
}

}  // namespace
}  // namespace limpid
