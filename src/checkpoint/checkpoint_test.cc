// open_checkpoint over real files and folders; the formats' own damage tables are beside their parsers.
#include "checkpoint/checkpoint.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "checkpoint/format.h"
#include "checkpoint/ggml_types.h"
#include "checkpoint/test_files.h"
#include "checkpoint/test_torch.h"

namespace limpid {
namespace {

using test::entry;
using test::safetensors_bytes;
using test::TemporaryFolder;
using test::torch_file;

const std::string kConfig = R"({"model_type": "llama"})";

/// A file with one F32 tensor of two elements.
std::string tensor_file(const std::string& name) {
  return safetensors_bytes("{" + entry(name, "F32", "2", 0, 8) + "}", "01234567");
}

std::string index_of(const std::string& weight_map) {
  return "{\"metadata\": {}, \"weight_map\": {" + weight_map + "}}";
}

TEST(Formats, AreRegistered) {
  std::vector<std::string_view> names;
  for (const Format* format : formats()) names.push_back(format->name);
  EXPECT_EQ(names, (std::vector<std::string_view>{"gguf", "pytorch_bin", "safetensors"}));
}

/// Every type that a GGUF file may have, and no other, stands in what `limpid models` says of the format.
TEST(Formats, GgufNamesTheWeightTypesThatAreDecoded) {
  const auto gguf = std::ranges::find(formats(), "gguf", &Format::name);
  ASSERT_NE(gguf, formats().end());
  const std::string listed = fmt::format(", {}, ", (*gguf)->weights);
  size_t n_type = 0;
  for (uint32_t number = 0; number < 100; ++number) {
    const GgmlType type = ggml_type(number);
    if (type.name.empty()) continue;
    const bool is_weight = type.dtype && is_weight_type(*type.dtype);
    n_type += is_weight ? 1 : 0;
    EXPECT_EQ(listed.find(fmt::format(", {}, ", type.name)) != std::string::npos, is_weight) << type.name;
  }
  EXPECT_EQ(static_cast<size_t>(std::ranges::count(listed, ',')), n_type + 1);
}

TEST(OpenCheckpoint, Gguf) {
  const TemporaryFolder folder;
  // Recognised by its first bytes, whatever it is called.
  for (const char* name : {"m.gguf", "blob"}) {
    const auto path = folder.write(name, test::small_gguf().bytes());
    const auto checkpoint = open_checkpoint(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->format, "gguf");
    EXPECT_EQ(checkpoint->dialect, Dialect::kGguf);
    EXPECT_EQ(checkpoint->path, path);
    EXPECT_EQ(checkpoint->directory, folder.path());
    EXPECT_EQ(**checkpoint->metadata.get_string("general.architecture"), "llama");
    EXPECT_EQ(checkpoint->find("a")->data.front(), std::byte{1});
  }
}

TEST(OpenCheckpoint, OneSafetensorsFile) {
  for (const char* name : {"model.safetensors", "weights.safetensors"}) {
    const TemporaryFolder folder;
    folder.write("config.json", kConfig);
    const auto file = folder.write(name, tensor_file("x"));
    for (const auto& path : {folder.path(), file}) {
      const auto checkpoint = open_checkpoint(path);
      ASSERT_TRUE(checkpoint) << checkpoint.error().message;
      EXPECT_EQ(checkpoint->format, "safetensors");
      EXPECT_EQ(checkpoint->dialect, Dialect::kHuggingFace);
      EXPECT_EQ(checkpoint->path, path);
      EXPECT_EQ(checkpoint->directory, folder.path());
      EXPECT_EQ(**checkpoint->metadata.get_string("model_type"), "llama");
      EXPECT_NE(checkpoint->find("x"), nullptr);
    }
  }
}

TEST(OpenCheckpoint, Shards) {
  const TemporaryFolder folder;
  folder.write("config.json", kConfig);
  folder.write("model.safetensors.index.json", index_of(R"("x": "1.safetensors", "y": "2.safetensors")"));
  const auto first = folder.write("1.safetensors", tensor_file("x"));
  folder.write("2.safetensors", tensor_file("y"));
  const auto other = folder.write("other.safetensors", tensor_file("z"));
  for (const auto& path : {folder.path(), first}) {
    const auto checkpoint = open_checkpoint(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->tensors.size(), 2);
    EXPECT_EQ(checkpoint->files.size(), 2);
    EXPECT_EQ(checkpoint->find("x")->data.front(), std::byte{'0'});
  }
  const auto alone = open_checkpoint(other);
  ASSERT_TRUE(alone) << alone.error().message;
  EXPECT_NE(alone->find("z"), nullptr);
}

TEST(OpenCheckpoint, PyTorch) {
  for (const char* name : {"pytorch_model.bin", "weights.bin", "weights.pt", "weights.pth"}) {
    const TemporaryFolder folder;
    folder.write("config.json", kConfig);
    const auto file = folder.write(name, torch_file({"x", "y"}));
    folder.write("optimizer.pt", "not looked at");
    std::vector<std::filesystem::path> paths = {file};
    if (name == std::string_view("pytorch_model.bin")) paths.push_back(folder.path());
    for (const auto& path : paths) {
      const auto checkpoint = open_checkpoint(path);
      ASSERT_TRUE(checkpoint) << checkpoint.error().message;
      EXPECT_EQ(checkpoint->format, "pytorch_bin");
      EXPECT_EQ(checkpoint->dialect, Dialect::kHuggingFace);
      EXPECT_EQ(checkpoint->directory, folder.path());
      EXPECT_EQ(checkpoint->tensors.size(), 2);
    }
  }
}

TEST(OpenCheckpoint, PyTorchShards) {
  const TemporaryFolder folder;
  folder.write("config.json", kConfig);
  folder.write("pytorch_model.bin.index.json", index_of(R"("x": "1.bin", "y": "2.bin")"));
  const auto first = folder.write("1.bin", torch_file({"x"}));
  folder.write("2.bin", torch_file({"y"}));
  for (const auto& path : {folder.path(), first}) {
    const auto checkpoint = open_checkpoint(path);
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->files.size(), 2);
    EXPECT_EQ(checkpoint->find("y")->data.front(), std::byte{'0'});
  }
}

TEST(OpenCheckpoint, SafetensorsComeBeforePyTorch) {
  const TemporaryFolder folder;
  folder.write("config.json", kConfig);
  folder.write("model.safetensors", tensor_file("x"));
  const auto file = folder.write("pytorch_model.bin", torch_file({"y"}));
  EXPECT_EQ(open_checkpoint(folder.path())->format, "safetensors");
  EXPECT_EQ(open_checkpoint(file)->format, "pytorch_bin");
}

TEST(OpenCheckpoint, ModelsOfTheTestData) {
  size_t n_gguf = 0;
  size_t n_folder = 0;
  for (const auto& item : std::filesystem::recursive_directory_iterator(LIMPID_TESTDATA "/models")) {
    const bool is_gguf = item.path().extension() == ".gguf";
    const bool is_folder = std::filesystem::exists(item.path() / "config.json");
    if (!is_gguf && !is_folder) continue;
    const auto checkpoint = open_checkpoint(item.path());
    ASSERT_TRUE(checkpoint) << checkpoint.error().message;
    EXPECT_EQ(checkpoint->format, is_gguf ? "gguf" : "safetensors") << item.path();
    EXPECT_GE(checkpoint->tensors.size(), 14) << item.path();
    const bool nested = item.path().filename() == "gpt_neo";  // attention_types is a list of lists
    EXPECT_EQ(checkpoint->metadata.omitted().size(), nested ? 1 : 0) << item.path();
    ++(is_gguf ? n_gguf : n_folder);
  }
  EXPECT_GE(n_gguf, 40);
  EXPECT_GE(n_folder, 50);
}

TEST(OpenCheckpoint, RequireNamesWhatIsMissing) {
  const TemporaryFolder folder;
  folder.write("config.json", kConfig);
  folder.write("model.safetensors", safetensors_bytes("{" + entry("x", "F32", "2", 0, 8) + "," +
                                                          entry("d", "F64", "1", 8, 16) + "}",
                                                      "0123456701234567"));
  const auto checkpoint = open_checkpoint(folder.path());
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(*checkpoint->require("x"), checkpoint->find("x"));
  EXPECT_EQ(checkpoint->find("d"), nullptr);
  const std::string origin = folder.path().string();
  EXPECT_EQ(checkpoint->require("d").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(checkpoint->require("d").error().message,
            origin + ": tensor 'd': has type F64, which is not supported");
  EXPECT_EQ(checkpoint->require("y").error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(checkpoint->require("y").error().message,
            origin + ": expected a tensor 'y', found none of this name among 2");
}

struct Case {
  const char* name;
  std::vector<std::pair<std::string, std::string>> files;
  std::string path;  // inside the folder; "" for the folder itself
  ErrorCode code;
  const char* message;
  const char* hint = "";
};

TEST(OpenCheckpoint, SaysWhatIsWrong) {
  constexpr auto kNotFound = ErrorCode::kNotFound;
  constexpr auto kCorrupt = ErrorCode::kCorrupt;
  constexpr auto kUnsupported = ErrorCode::kUnsupported;
  const std::pair<std::string, std::string> config = {"config.json", kConfig};
  const std::string index = "model.safetensors.index.json";
  const std::string one = index_of(R"("x": "1.safetensors")");
  const std::vector<Case> cases = {
      {"nothing there", {}, "none", kNotFound, "none: no such file or folder"},
      {"below a file", {config}, "config.json/x", kNotFound, "no such file or folder"},
      {"empty folder", {}, "", kUnsupported, "config.json and .safetensors files, found an empty folder"},
      {"only config", {config}, "", kUnsupported, "found 'config.json'"},
      {"many files",
       {{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}, {"e", ""}},
       "",
       kUnsupported,
       "'d' and 1 more"},
      {"folder of GGUF",
       {{"m.gguf", "GGUF"}},
       "",
       kUnsupported,
       "found a folder with 'm.gguf'",
       "name the file itself: "},
      {"PyTorch under another name",
       {config, {"weights.bin", "PK"}},
       "",
       kUnsupported,
       "found a folder with 'weights.bin'",
       "name the file itself: "},
      {"bad PyTorch",
       {config, {"pytorch_model.bin", "x"}},
       "",
       kCorrupt,
       "pytorch_model.bin: expected a file that torch.save"},
      {"PyTorch without config",
       {{"pytorch_model.bin", torch_file({"x"})}},
       "pytorch_model.bin",
       kNotFound,
       "config.json: expected beside the weights"},
      {"PyTorch shard missing",
       {config, {"pytorch_model.bin.index.json", index_of(R"("x": "1.bin")")}},
       "",
       kNotFound,
       "expected the file '1.bin' that pytorch_model.bin.index.json names",
       "Fetch 1.bin into the same folder"},
      {"empty file",
       {{"x", ""}},
       "x",
       kUnsupported,
       "expected a .gguf file (GGUF version 2 or 3), or a folder with config.json and pytorch_model.bin, or "
       "a "
       "folder with config.json and .safetensors files, found an empty file"},
      {"not GGUF",
       {{"m.gguf", "hello, world"}},
       "m.gguf",
       kCorrupt,
       "m.gguf: expected a GGUF file, found a file that "
       "starts with 'hello, w'",
       "incomplete download"},
      {"no config",
       {{"model.safetensors", tensor_file("x")}},
       "",
       kNotFound,
       "config.json: expected beside the weights",
       "Fetch config.json into the same folder"},
      {"bad config",
       {{"config.json", "{"}, {"model.safetensors", tensor_file("x")}},
       "",
       kCorrupt,
       "config.json: not valid JSON"},
      {"list config",
       {{"config.json", "[]"}, {"model.safetensors", tensor_file("x")}},
       "",
       kCorrupt,
       "config.json: expected a JSON object, found array"},
      {"bad weights",
       {config, {"model.safetensors", "x"}},
       "",
       kCorrupt,
       "model.safetensors: expected a safetensors file"},
      {"two without index",
       {config, {"1.safetensors", "x"}, {"2.safetensors", "x"}},
       "",
       kNotFound,
       "expected model.safetensors, or model.safetensors.index.json beside the 2 .safetensors files, found "
       "neither"},
      {"bad index", {config, {index, "{"}}, "", kCorrupt, "index.json: not valid JSON"},
      {"index list", {config, {index, "[]"}}, "", kCorrupt, "expected an object 'weight_map'"},
      {"index empty", {config, {index, index_of("")}}, "", kCorrupt, "expected an object 'weight_map'"},
      {"index type",
       {config, {index, index_of("\"x\": 1")}},
       "",
       kCorrupt,
       "tensor 'x': expected the plain name of a file"},
      {"shard path",
       {config, {index, index_of(R"("x": "../1.safetensors")")}},
       "",
       kCorrupt,
       "tensor 'x': expected the plain name of a file, found '\"../1.safetensors\"'"},
      {"shard parent",
       {config, {index, index_of(R"("x": "..")")}},
       "",
       kCorrupt,
       "expected the plain name of a file"},
      {"shard control character",
       {config, {index, index_of("\"x\": \"a\\u001b\"")}},
       "",
       kCorrupt,
       "expected the plain name of a file, found '\"a\\u001b\"'"},
      {"shard missing",
       {config, {index, one}},
       "",
       kNotFound,
       ": expected the file '1.safetensors' that model.safetensors.index.json names, found none",
       "Fetch 1.safetensors into the same folder"},
      {"tensor missing",
       {config, {index, one}, {"1.safetensors", tensor_file("y")}},
       "",
       kCorrupt,
       "1.safetensors: expected tensor 'x', which model.safetensors.index.json places there"},
      {"tensor twice",
       {config,
        {index, index_of(R"("x": "1.safetensors", "y": "2.safetensors")")},
        {"1.safetensors", tensor_file("x")},
        {"2.safetensors", tensor_file("x")}},
       "",
       kCorrupt,
       "2.safetensors: tensor 'x': is in another file of the model too"},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    for (const auto& [name, content] : c.files) folder.write(name, content);
    const auto checkpoint = open_checkpoint(c.path.empty() ? folder.path() : folder.path() / c.path);
    ASSERT_FALSE(checkpoint) << c.name;
    EXPECT_EQ(checkpoint.error().code, c.code) << c.name;
    EXPECT_NE(checkpoint.error().message.find(c.message), std::string::npos)
        << c.name << ": " << checkpoint.error().message;
    EXPECT_NE(checkpoint.error().hint.find(c.hint), std::string::npos)
        << c.name << ": " << checkpoint.error().hint;
  }
}

TEST(OpenCheckpoint, APipeDoesNotHang) {
  const TemporaryFolder folder;
  for (const char* name : {"pipe", "pipe.gguf", "pipe.safetensors", "pipe.bin"}) {
    const auto path = folder.path() / name;
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const auto checkpoint = open_checkpoint(path);
    ASSERT_FALSE(checkpoint);
    EXPECT_EQ(checkpoint.error().code, ErrorCode::kIo);
  }
}

}  // namespace
}  // namespace limpid
