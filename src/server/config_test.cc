#include "server/config.h"

#include <fstream>
#include <gtest/gtest.h>

namespace limpid {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  Result<ServerConfig> read(const std::string& text) const {
    std::ofstream(path_, std::ios::binary) << text;
    return read_config(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  const std::filesystem::path path_ =
      std::filesystem::path(::testing::TempDir()) /
      ("limpid-config-" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()) +
       ".toml");
};

TEST_F(ConfigTest, EveryKey) {
  const auto config = read(R"(
    host = "0.0.0.0"
    port = 0
    token = "0123456789abcdef"
    hosts = ["a.example", "b.example"]
    models = ["x.gguf", "org/name"]
    default_model = "org/name"
    demo = true
    debug = true
    sample_prompts = []
    upload_allowed = false
    max_prompt_tokens = 99
    max_generated_tokens = 9
    max_sweep_runs = 8
    cache_bytes = 5_000_000_000
    memory_bytes = 1
    threads = 3
    backend = "reference"
    computations = 2
    max_waiting = 3
    max_streams = 4
  )");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->host, "0.0.0.0");
  EXPECT_EQ(config->port, 0);
  EXPECT_EQ(config->token, "0123456789abcdef");
  EXPECT_EQ(config->hosts, (std::vector<std::string>{"a.example", "b.example"}));
  EXPECT_EQ(config->models, (std::vector<std::string>{"x.gguf", "org/name"}));
  EXPECT_EQ(config->default_model, "org/name");
  EXPECT_TRUE(config->demo);
  EXPECT_TRUE(config->debug);
  EXPECT_TRUE(config->sample_prompts.empty());
  EXPECT_FALSE(config->offers_upload());
  EXPECT_EQ(config->max_prompt_tokens, 99u);
  EXPECT_EQ(config->max_generated_tokens, 9u);
  EXPECT_EQ(config->max_sweep_runs, 8u);
  EXPECT_EQ(config->cache_bytes, 5000000000u);
  EXPECT_EQ(config->memory_bytes, 1u);
  EXPECT_EQ(config->threads, 3);
  EXPECT_EQ(config->backend, "reference");
  EXPECT_EQ(config->computations, 2u);
  EXPECT_EQ(config->max_waiting, 3u);
  EXPECT_EQ(config->max_streams, 4u);
  EXPECT_TRUE(check_config(*config));
}

TEST_F(ConfigTest, AnEmptyFileChangesNothing) {
  const auto config = read("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->port, ServerConfig().port);
  EXPECT_EQ(config->sample_prompts, ServerConfig().sample_prompts);
}

TEST_F(ConfigTest, VisitorsOfADemoReadNoFilesUnlessTheyMay) {
  EXPECT_TRUE(read("")->offers_upload());
  EXPECT_FALSE(read("demo = true")->offers_upload());
  EXPECT_TRUE(read("demo = true\nupload_allowed = true")->offers_upload());
}

TEST_F(ConfigTest, WhatIsWrongIsNamedWithItsLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"\nprot = 1", ":2: the key 'prot' is unknown"},
      {"[server]\nport = 1", ": the key 'server' is unknown"},
      {"port = \"1\"", ":1: port: expected an integer from 0 to 65535, found string"},
      {"port = 65536", ":1: port: expected an integer from 0 to 65535, found 65536"},
      {"port = -1", ": port: expected an integer from 0 to 65535, found -1"},
      {"port = 1.0", ": port: expected an integer from 0 to 65535, found float"},
      {"\n\ndemo = 1", ":3: demo: expected true or false, found 1"},
      {"models = \"x\"", ": models: expected a list of texts, found string"},
      {"models = [\"x\", 1]", ": models: expected a list of texts, found array"},
      {"host = 1", ": host: expected a text, found 1"},
      {"max_waiting = 0", ": max_waiting: expected an integer from 1 to 1024, found 0"},
      {"port = 1\nport = 2", ":2: expected TOML"},
      {"port = ", ":1: expected TOML"},
      {"\x01", ":1: expected TOML"},
      {"host = \"\xff\"", ":1: expected TOML"}};
  for (const auto& [text, message] : cases) {
    const auto config = read(text);
    ASSERT_FALSE(config) << text;
    EXPECT_EQ(config.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_NE(config.error().message.find(message), std::string::npos) << config.error().message;
  }
}

TEST_F(ConfigTest, FilesThatAreNone) {
  EXPECT_EQ(read_config("/nonexistent/config.toml").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(read_config(::testing::TempDir()).error().code, ErrorCode::kIo);
}

TEST(CheckConfig, OthersNeedAToken) {
  const auto ok = [](const char* host, const char* token) {
    ServerConfig config;
    config.host = host;
    config.token = token;
    return check_config(config).has_value();
  };
  EXPECT_TRUE(ok("127.0.0.1", ""));
  EXPECT_TRUE(ok("localhost", ""));
  EXPECT_FALSE(ok("0.0.0.0", ""));
  EXPECT_FALSE(ok("::", ""));
  EXPECT_FALSE(ok("example.org", ""));
  EXPECT_TRUE(ok("0.0.0.0", "0123456789abcdef"));
  EXPECT_FALSE(ok("0.0.0.0", "0123456789abcde"));
  EXPECT_FALSE(ok("127.0.0.1", "short"));
  EXPECT_FALSE(ok("0.0.0.0", "0123456789abcdef; Path=/x"));
}

}  // namespace
}  // namespace limpid
