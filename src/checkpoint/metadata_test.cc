#include "checkpoint/metadata.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

Metadata sample() {
  Metadata metadata;
  metadata.set("flag", true);
  metadata.set("integer", int64_t{7});
  metadata.set("number", 2.5);
  metadata.set("whole", 3.0);
  metadata.set("huge", 1e30);
  metadata.set("text", std::string("seven"));
  metadata.set("list", std::vector<double>{1.5});
  metadata.omit("odd", "a list of lists is not supported");
  return metadata;
}

TEST(Metadata, ConvertsBetweenNumbers) {
  const Metadata metadata = sample();
  EXPECT_EQ(**metadata.get_int("integer"), 7);
  EXPECT_EQ(**metadata.get_int("whole"), 3);
  EXPECT_EQ(**metadata.get_double("integer"), 7.0);
  EXPECT_EQ(**metadata.get_double("number"), 2.5);
  EXPECT_EQ(**metadata.get_bool("flag"), true);
  EXPECT_EQ(**metadata.get_string("text"), "seven");
}

TEST(Metadata, AbsentIsNoError) {
  const Metadata metadata = sample();
  EXPECT_EQ(*metadata.get_int("none"), std::nullopt);
  EXPECT_EQ(*metadata.get_double("none"), std::nullopt);
  EXPECT_EQ(*metadata.get_bool("none"), std::nullopt);
  EXPECT_EQ(*metadata.get_string("none"), std::nullopt);
  EXPECT_EQ(metadata.find("none"), nullptr);
  EXPECT_FALSE(metadata.contains("odd"));
}

template <class T>
void expect_error(const Result<T>& result, ErrorCode code, const std::string& message) {
  ASSERT_FALSE(result) << message;
  EXPECT_EQ(result.error().code, code);
  EXPECT_EQ(result.error().message, message);
}

TEST(Metadata, WrongTypesNameExpectedAndFound) {
  const Metadata metadata = sample();
  constexpr auto kCorrupt = ErrorCode::kCorrupt;
  expect_error(metadata.get_int("number"), kCorrupt, "metadata 'number': expected an integer, found 2.5");
  expect_error(metadata.get_int("huge"), kCorrupt, "metadata 'huge': expected an integer, found 1e+30");
  expect_error(metadata.get_int("flag"), kCorrupt, "metadata 'flag': expected an integer, found true");
  expect_error(metadata.get_double("text"), kCorrupt,
               "metadata 'text': expected a number, found the string 'seven'");
  expect_error(metadata.get_bool("integer"), kCorrupt, "metadata 'integer': expected true or false, found 7");
  expect_error(metadata.get_string("list"), kCorrupt,
               "metadata 'list': expected a string, found a list of numbers");
  expect_error(metadata.get_string("odd"), ErrorCode::kUnsupported,
               "metadata 'odd': a list of lists is not supported");
}

}  // namespace
}  // namespace limpid
