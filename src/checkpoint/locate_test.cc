#include "checkpoint/locate.h"

#include <cstdlib>
#include <fmt/format.h>
#include <functional>
#include <gtest/gtest.h>
#include <optional>

#include "checkpoint/checkpoint.h"
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
                                           "HF_HOME", "HF_HUB_CACHE",  "OLLAMA_MODELS"};
  std::vector<std::optional<std::string>> before_;
};

void write_snapshot(const TemporaryFolder& folder, const std::string& model, const std::string& commit) {
  const std::string path = model + "/snapshots/" + commit + "/";
  folder.write(path + "config.json", "{}");
  folder.write(path + "model.safetensors", test::safetensors_bytes("{}", ""));
}

const std::string kLibrary = "registry.ollama.ai/library/";

std::string manifest(const std::string& digits = std::string(64, 'a')) {
  return "{\"schemaVersion\": 2, \"layers\": ["
         "{\"mediaType\": \"application/vnd.ollama.image.license\", \"digest\": \"sha256:0\", \"size\": 1},"
         "{\"mediaType\": \"application/vnd.ollama.image.model\", \"digest\": \"sha256:" +
         digits + "\", \"size\": 4}]}";
}

/// A model in a store below `folder`; its file, of four bytes.
std::filesystem::path write_ollama(const TemporaryFolder& folder, const std::string& store,
                                   const std::string& name) {
  const std::string digits = fmt::format("{:064x}", std::hash<std::string>()(name));
  folder.write(store + "/manifests/" + name, manifest(digits));
  return folder.write(store + "/blobs/sha256-" + digits, "GGUF");
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

TEST(LocateModel, Revisions) {
  const TemporaryFolder folder;
  const Environment environment({{"HF_HUB_CACHE", folder.path().string()}});
  const std::string model = "models--org--name";
  for (const char* commit : {"aaa", "bbb", "ccc"}) write_snapshot(folder, model, commit);
  folder.write(model + "/refs/main", "aaa");
  folder.write(model + "/refs/step1000", "bbb");
  folder.write(model + "/refs/evil", "../../x");
  const auto snapshots = folder.path() / model / "snapshots";
  EXPECT_EQ(*locate_model("org/name"), snapshots / "aaa");
  EXPECT_EQ(*locate_model("org/name@step1000"), snapshots / "bbb");
  EXPECT_EQ(*locate_model("org/name@ccc"), snapshots / "ccc");
  for (const std::string revision : {"none", "evil"}) {
    const auto path = locate_model("org/name@" + revision);
    ASSERT_FALSE(path);
    EXPECT_EQ(path.error().hint, "fetch it with: huggingface-cli download org/name --revision " + revision);
  }
}

TEST(LocateModel, SnapshotsOfLinks) {
  const TemporaryFolder folder;
  const Environment environment({{"HF_HUB_CACHE", folder.path().string()}});
  const auto model = folder.path() / "models--org--name";
  const auto snapshot = model / "snapshots" / "aaa";
  folder.write("models--org--name/blobs/1", "{}");
  folder.write("models--org--name/blobs/2", test::safetensors_bytes("{}", ""));
  std::filesystem::create_directories(snapshot);
  std::filesystem::create_symlink("../../blobs/1", snapshot / "config.json");
  std::filesystem::create_symlink("../../blobs/2", snapshot / "model.safetensors");
  ASSERT_TRUE(open_checkpoint(*locate_model("org/name")));

  // An interrupted download leaves a link to nothing.
  std::filesystem::remove(model / "blobs" / "1");
  const auto incomplete = open_checkpoint(*locate_model("org/name"));
  ASSERT_FALSE(incomplete);
  EXPECT_NE(incomplete.error().message.find("config.json"), std::string::npos);
  EXPECT_EQ(incomplete.error().hint,
            "an incomplete download? Fetch it with: huggingface-cli download org/name config.json");
}

TEST(LocateModel, FindsOllamaNames) {
  struct Case {
    const char* variable;
    const char* below;
  };
  for (const Case c : {Case{"OLLAMA_MODELS", "."}, {"HOME", ".ollama/models"}}) {
    const TemporaryFolder folder;
    const Environment environment({{c.variable, folder.path().string()}});
    const auto one = write_ollama(folder, c.below, kLibrary + "llama3.2/latest");
    const auto small = write_ollama(folder, c.below, kLibrary + "llama3.2/1b");
    const auto users = write_ollama(folder, c.below, "registry.ollama.ai/user/name/q4");
    const auto hosted = write_ollama(folder, c.below, "hf.co/user/name/latest");
    EXPECT_EQ(locate_model("llama3.2")->lexically_normal(), one.lexically_normal());
    EXPECT_EQ(locate_model("llama3.2:1b")->lexically_normal(), small.lexically_normal());
    EXPECT_EQ(locate_model("user/name:q4")->lexically_normal(), users.lexically_normal());
    EXPECT_EQ(locate_model("hf.co/user/name")->lexically_normal(), hosted.lexically_normal());
    const auto missing = locate_model("llama3.2:3b");
    ASSERT_FALSE(missing);
    EXPECT_NE(missing.error().message.find("not in Ollama's store " + folder.path().string()),
              std::string::npos);
    EXPECT_EQ(missing.error().hint, "fetch it with: ollama pull llama3.2:3b");
  }
}

TEST(LocateModel, HuggingFaceComesBeforeOllama) {
  const TemporaryFolder folder;
  const Environment environment({{"HF_HUB_CACHE", (folder.path() / "hub").string()},
                                 {"OLLAMA_MODELS", (folder.path() / "ollama").string()}});
  write_ollama(folder, "ollama", "registry.ollama.ai/org/name/latest");
  const auto blob = locate_model("org/name");
  ASSERT_TRUE(blob) << blob.error().message;
  EXPECT_EQ(blob->parent_path().filename(), "blobs");
  write_snapshot(folder, "hub/models--org--name", "aaa");
  EXPECT_EQ(locate_model("org/name")->filename(), "aaa");
}

TEST(LocateModel, RefusesHostileManifests) {
  struct Case {
    const char* name;
    std::string manifest;
    ErrorCode code;
    const char* message;
    const char* hint = "";
  };
  const std::string digits(64, 'a');
  const auto layers = [](const std::string& list) { return "{\"layers\": [" + list + "]}"; };
  const auto layer = [](const std::string& type, const std::string& digest) {
    return "{\"mediaType\": \"application/vnd.ollama.image." + type + "\", \"digest\": \"" + digest + "\"}";
  };
  const std::string good = layer("model", "sha256:" + digits);
  constexpr auto kCorrupt = ErrorCode::kCorrupt;
  const std::vector<Case> cases = {
      {"no JSON", "{", kCorrupt, "not valid JSON"},
      {"a list", "[]", kCorrupt, "expected a list 'layers'"},
      {"no layers", "{}", kCorrupt, "expected a list 'layers'"},
      {"layers of text", layers("\"x\", 1, null, {}"), kCorrupt, "image.model, found none"},
      {"other layers", layers(layer("template", "sha256:" + digits)), kCorrupt, "image.model, found none"},
      {"no digest", layers("{\"mediaType\": \"application/vnd.ollama.image.model\"}"), kCorrupt,
       "expected a digest"},
      {"digest of another kind", layers(layer("model", "md5:" + digits)), kCorrupt, "expected a digest"},
      {"short digest", layers(layer("model", "sha256:abc")), kCorrupt, "expected a digest"},
      {"digest that leads away", layers(layer("model", "sha256:../../../etc/passwd")), kCorrupt,
       "found 'sha256:../../../etc/passwd'"},
      {"slash of the right length", layers(layer("model", "sha256:../" + std::string(61, 'a'))), kCorrupt,
       "expected a digest"},
      {"adapter", layers(good + "," + layer("adapter", "sha256:" + digits)), ErrorCode::kUnsupported,
       "a model with an adapter"},
      {"two models", layers(good + "," + good), ErrorCode::kUnsupported, "in several files"},
      {"missing file", layers(layer("model", "sha256:" + std::string(64, 'b'))), ErrorCode::kNotFound,
       "expected the file that", "ollama pull bad:latest"},
      {"another size",
       layers("{\"mediaType\": \"application/vnd.ollama.image.model\", \"size\": 5, \"digest\": \"sha256:" +
              digits + "\"}"),
       kCorrupt, "expected 5 bytes, found 4", "ollama pull bad:latest"},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    const Environment environment({{"OLLAMA_MODELS", folder.path().string()}});
    folder.write("blobs/sha256-" + digits, "GGUF");
    folder.write("manifests/" + kLibrary + "bad/latest", c.manifest);
    const auto path = locate_model("bad");
    ASSERT_FALSE(path) << c.name;
    EXPECT_EQ(path.error().code, c.code) << c.name;
    EXPECT_NE(path.error().message.find(c.message), std::string::npos)
        << c.name << ": " << path.error().message;
    EXPECT_NE(path.error().hint.find(c.hint), std::string::npos) << c.name << ": " << path.error().hint;
    EXPECT_TRUE(find_models().empty()) << c.name;
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
    EXPECT_EQ(path.error().hint, "fetch it with: huggingface-cli download " + id + ", or ollama pull " + id);
  }
}

TEST(LocateModel, WhatIsNoIdIsAPath) {
  const TemporaryFolder folder;
  const Environment environment({{"HF_HUB_CACHE", folder.path().string()}});
  for (const char* name : {"/no/such/file.gguf", "./none", "a/b/c", "../x", "org/", "a b", "a\x1b", "a/../b",
                           "a@", "a@../b", "a:", ":a", "a:b:c", "a:../b", "a.b/c/d/e", "a//b"}) {
    const auto path = locate_model(name);
    ASSERT_FALSE(path) << name;
    EXPECT_EQ(path.error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(path.error().message.ends_with(": no such file or folder")) << path.error().message;
    EXPECT_EQ(path.error().hint, "");
  }
}

TEST(FindModels, ListsWhatCanBeOpened) {
  const TemporaryFolder folder;
  const Environment environment({{"LIMPID_DATA_DIR", (folder.path() / "data").string()},
                                 {"HF_HUB_CACHE", folder.path().string()},
                                 {"OLLAMA_MODELS", (folder.path() / "ollama").string()}});
  EXPECT_TRUE(find_models().empty());

  const auto standard = folder.write(std::string("data/") + kDefaultFile, "GGUF");
  write_snapshot(folder, "models--org--name", "aaa");
  write_snapshot(folder, "datasets--org--name", "aaa");
  folder.write("models--org--empty/snapshots/aaa/README.md", "");
  const auto quantised = folder.write("models--org--gguf/snapshots/aaa/q.gguf", "GGUF");
  folder.write("models--org--adapter/snapshots/aaa/adapter_config.json", "{}");
  folder.write("models--org--adapter/snapshots/aaa/adapter_model.safetensors", "");
  const auto blob = write_ollama(folder, "ollama", kLibrary + "llama3.2/1b");
  write_ollama(folder, "ollama", "hf.co/user/name/latest");
  folder.write("ollama/manifests/" + kLibrary + "broken/latest", "{");
  folder.write("ollama/manifests/" + kLibrary + "a b/latest", manifest());
  const auto models = find_models();
  ASSERT_EQ(models.size(), 5);
  EXPECT_EQ(models[0].name, "");
  EXPECT_EQ(models[0].path, standard);
  EXPECT_EQ(models[0].format, "gguf");
  EXPECT_EQ(models[0].n_bytes, 4);
  EXPECT_EQ(models[1].name, quantised.string());
  EXPECT_EQ(models[2].name, "org/name");
  EXPECT_EQ(models[2].format, "safetensors");
  EXPECT_EQ(models[2].n_bytes, 2 + 8 + 2);
  EXPECT_EQ(*locate_model("org/name"), models[2].path);
  EXPECT_EQ(models[3].name, "hf.co/user/name:latest");
  EXPECT_EQ(models[4].name, "llama3.2:1b");
  EXPECT_EQ(models[4].path, blob);
  EXPECT_EQ(models[4].format, "gguf");
  for (size_t i = 3; i < 5; ++i) EXPECT_EQ(*locate_model(models[i].name), models[i].path);
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
