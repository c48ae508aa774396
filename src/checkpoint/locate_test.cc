#include "checkpoint/locate.h"

#include <cstdlib>
#include <gtest/gtest.h>
#include <optional>

#include "checkpoint/test_files.h"

namespace limpid {
namespace {

using test::TemporaryFolder;

constexpr const char* kDefaultFile = "models/SmolLM2-135M-Instruct.Q4_1.gguf";

/// Sets the variables that steer the search, none but those given, and restores all at the end.
class Environment {
 public:
  explicit Environment(const std::vector<std::pair<std::string, std::string>>& variables) {
    for (const char* name : kNames) {
      const char* value = std::getenv(name);
      before_.emplace_back(value == nullptr ? std::nullopt : std::optional<std::string>(value));
      ::unsetenv(name);
    }
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    for (size_t i = 0; i < std::size(kNames); ++i) {
      if (before_[i]) {
        ::setenv(kNames[i], before_[i]->c_str(), 1);
      } else {
        ::unsetenv(kNames[i]);
      }
    }
  }

 private:
  static constexpr const char* kNames[] = {"HOME",    "XDG_DATA_HOME", "XDG_CACHE_HOME", "LIMPID_DATA_DIR",
                                           "HF_HOME", "HF_HUB_CACHE"};
  std::vector<std::optional<std::string>> before_;
};

void write_snapshot(const TemporaryFolder& folder, const std::string& model, const std::string& commit) {
  const std::string path = model + "/snapshots/" + commit + "/";
  folder.write(path + "config.json", "{}");
  folder.write(path + "model.safetensors", test::safetensors_bytes("{}", ""));
}

TEST(LocateModel, DefaultFollowsTheEnvironment) {
  struct Case {
    const char* variable;
    const char* below;  // where models/ is, below the value of the variable
  };
  for (const Case c :
       {Case{"LIMPID_DATA_DIR", ""}, {"XDG_DATA_HOME", "limpid"}, {"HOME", ".local/share/limpid"}}) {
    const TemporaryFolder folder;
    const Environment environment({{c.variable, folder.path().string()}});
    const auto missing = locate_model("");
    ASSERT_FALSE(missing) << c.variable;
    EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
    EXPECT_EQ(missing.error().hint, "fetch it with: make model");
    const auto path = folder.write((std::filesystem::path(c.below) / kDefaultFile).string(), "GGUF");
    ASSERT_TRUE(locate_model("")) << c.variable;
    EXPECT_EQ(*locate_model(""), path);
  }
}

TEST(LocateModel, EmptyVariablesCountAsUnset) {
  const TemporaryFolder folder;
  const Environment environment(
      {{"HOME", folder.path().string()}, {"XDG_DATA_HOME", ""}, {"LIMPID_DATA_DIR", ""}});
  folder.write(std::string(".local/share/limpid/") + kDefaultFile, "GGUF");
  EXPECT_TRUE(locate_model(""));
}

TEST(LocateModel, APathComesFirst) {
  const TemporaryFolder folder;
  const Environment environment({{"HF_HUB_CACHE", folder.path().string()}});
  const auto file = folder.write("m.gguf", "");
  EXPECT_EQ(*locate_model(file.string()), file);
  EXPECT_EQ(*locate_model(folder.path().string()), folder.path());
}

TEST(LocateModel, FindsHubIds) {
  struct Case {
    const char* variable;
    const char* below;
  };
  for (const Case c : {Case{"HF_HUB_CACHE", ""},
                       {"HF_HOME", "hub/"},
                       {"XDG_CACHE_HOME", "huggingface/hub/"},
                       {"HOME", ".cache/huggingface/hub/"}}) {
    const TemporaryFolder folder;
    const Environment environment({{c.variable, folder.path().string()}});
    const std::string below = c.below;
    write_snapshot(folder, below + "models--org--two", "aaa");
    write_snapshot(folder, below + "models--org--two", "bbb");
    folder.write(below + "models--org--two/refs/main", "bbb\n");
    write_snapshot(folder, below + "models--single", "ccc");
    EXPECT_EQ(*locate_model("org/two"), folder.path() / below / "models--org--two/snapshots/bbb")
        << c.variable;
    EXPECT_EQ(*locate_model("single"), folder.path() / below / "models--single/snapshots/ccc") << c.variable;
  }
}

TEST(LocateModel, MissingIdsSayWhatWouldFetchThem) {
  const TemporaryFolder folder;
  const Environment environment({{"HF_HUB_CACHE", folder.path().string()}});
  write_snapshot(folder, "models--org--gone", "aaa");
  folder.write("models--org--gone/refs/main", "bbb");
  write_snapshot(folder, "models--org--evil", "aaa");
  folder.write("models--org--evil/refs/main", "..");
  write_snapshot(folder, "models--org--unclear", "aaa");
  write_snapshot(folder, "models--org--unclear", "bbb");
  for (const std::string id : {"org/none", "gpt2", "org/gone", "org/evil", "org/unclear"}) {
    const auto path = locate_model(id);
    ASSERT_FALSE(path) << id;
    EXPECT_EQ(path.error().code, ErrorCode::kNotFound);
    EXPECT_NE(path.error().message.find("not in the Hugging Face cache " + folder.path().string()),
              std::string::npos);
    EXPECT_EQ(path.error().hint, "fetch it with: huggingface-cli download " + id);
  }
}

TEST(LocateModel, WhatIsNoIdIsAPath) {
  const TemporaryFolder folder;
  const Environment environment({{"HF_HUB_CACHE", folder.path().string()}});
  for (const char* name :
       {"/no/such/file.gguf", "./none", "a/b/c", "../x", "org/", "a b", "a\x1b", "x--y", "a/../b"}) {
    const auto path = locate_model(name);
    ASSERT_FALSE(path) << name;
    EXPECT_EQ(path.error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(path.error().message.ends_with(": no such file or folder")) << path.error().message;
    EXPECT_EQ(path.error().hint, "");
  }
}

TEST(FindModels, ListsWhatCanBeOpened) {
  const TemporaryFolder folder;
  const Environment environment(
      {{"LIMPID_DATA_DIR", (folder.path() / "data").string()}, {"HF_HUB_CACHE", folder.path().string()}});
  EXPECT_TRUE(find_models().empty());

  const auto standard = folder.write(std::string("data/") + kDefaultFile, "GGUF");
  write_snapshot(folder, "models--org--name", "aaa");
  write_snapshot(folder, "datasets--org--name", "aaa");
  folder.write("models--org--empty/snapshots/aaa/README.md", "");
  const auto quantised = folder.write("models--org--gguf/snapshots/aaa/q.gguf", "GGUF");
  const auto models = find_models();
  ASSERT_EQ(models.size(), 3);
  EXPECT_EQ(models[0].name, "");
  EXPECT_EQ(models[0].path, standard);
  EXPECT_EQ(models[0].format, "gguf");
  EXPECT_EQ(models[0].n_bytes, 4);
  EXPECT_EQ(models[1].name, quantised.string());
  EXPECT_EQ(models[2].name, "org/name");
  EXPECT_EQ(models[2].format, "safetensors");
  EXPECT_EQ(models[2].n_bytes, 2 + 8 + 2);
  EXPECT_EQ(*locate_model("org/name"), models[2].path);
}

TEST(FindModels, ListsASplitModelOnce) {
  const TemporaryFolder folder;
  const Environment environment({{"HF_HUB_CACHE", folder.path().string()}});
  const std::string snapshot = "models--org--gguf/snapshots/aaa/";
  const auto first = folder.write(snapshot + "q-00001-of-00003.gguf", "GGUF");
  folder.write(snapshot + "q-00002-of-00003.gguf", "GGUF45");
  folder.write(snapshot + "q-00003-of-00003.gguf", "GGUF456");
  const auto whole = folder.write(snapshot + "whole.gguf", "GGUF4");
  const auto models = find_models();
  ASSERT_EQ(models.size(), 2);
  EXPECT_EQ(models[0].path, first);
  EXPECT_EQ(models[0].n_bytes, 4 + 6 + 7);
  EXPECT_EQ(models[1].path, whole);
  EXPECT_EQ(models[1].n_bytes, 5);
}

}  // namespace
}  // namespace limpid
