#include "checkpoint/adapter.h"

#include <gtest/gtest.h>

#include "checkpoint/test_files.h"
#include "checkpoint/test_torch.h"

namespace limpid {
namespace {

using test::entry;
using test::safetensors_bytes;
using test::TemporaryFolder;

const std::string kWrapper = "base_model.model.";
const std::string kConfig =
    R"({"peft_type": "LORA", "r": 2, "lora_alpha": 8, "bias": "none", "use_dora": false,
  "modules_to_save": null, "rank_pattern": {}, "alpha_pattern": {}, "target_modules": ["q"]})";

/// F32 tensors of zeros: {name, "2,3"} has 6 elements.
std::string weights(const std::vector<std::pair<std::string, std::vector<size_t>>>& tensors) {
  std::string header;
  size_t end = 0;
  for (const auto& [name, shape] : tensors) {
    std::string dimensions;
    size_t n_byte = 4;
    for (const size_t length : shape) {
      dimensions += (dimensions.empty() ? "" : ",") + std::to_string(length);
      n_byte *= length;
    }
    header += (header.empty() ? "" : ",") + entry(name, "F32", dimensions, end, end + n_byte);
    end += n_byte;
  }
  return safetensors_bytes("{" + header + "}", std::string(end, '\0'));
}

/// kConfig with one setting replaced or added.
std::string config_with(const std::string& key, const std::string& value) {
  std::string config = kConfig;
  const std::string quoted = "\"" + key + "\": ";
  if (const size_t at = config.find(quoted); at != config.npos) {
    const size_t begin = at + quoted.size();
    const size_t end = config[begin] == '{' ? config.find('}', begin) + 1 : config.find_first_of(",}", begin);
    return config.replace(begin, end - begin, value);
  }
  return config.replace(config.rfind('}'), 1, ", " + quoted + value + "}");
}

/// A base with a [5, 3] matrix, a square one and a vector, each name behind `prefix`.
Checkpoint base(const TemporaryFolder& folder, const std::string& prefix = "model.") {
  folder.write("base/config.json", "{}");
  folder.write("base/model.safetensors", weights({{prefix + "0.q.weight", {5, 3}},
                                                  {prefix + "0.o.weight", {4, 4}},
                                                  {prefix + "norm.weight", {3}}}));
  auto checkpoint = open_checkpoint(folder.path() / "base");
  EXPECT_TRUE(checkpoint) << checkpoint.error().message;
  return *std::move(checkpoint);
}

std::string pair_of(const std::string& module, std::vector<size_t> a = {2, 3},
                    std::vector<size_t> b = {5, 2}) {
  return weights({{kWrapper + module + ".lora_A.weight", std::move(a)},
                  {kWrapper + module + ".lora_B.weight", std::move(b)}});
}

TEST(Adapter, ChangesTheTensorsThatItNames) {
  const TemporaryFolder folder;
  Checkpoint checkpoint = base(folder);
  folder.write("a/adapter_config.json", kConfig);
  folder.write("a/adapter_model.safetensors", pair_of("model.0.q"));
  const auto status = add_adapter(folder.path() / "a", checkpoint);
  ASSERT_TRUE(status) << status.error().message;
  const Checkpoint moved = std::move(checkpoint);
  const auto& update = moved.find("model.0.q.weight")->update;
  ASSERT_TRUE(update);
  EXPECT_EQ(update->a, &moved.adapter_tensors.at(kWrapper + "model.0.q.lora_A.weight"));
  EXPECT_EQ(update->b->shape, (std::vector<size_t>{5, 2}));
  EXPECT_EQ(update->scale, 4.0f);
  EXPECT_FALSE(update->is_transposed);
  EXPECT_FALSE(moved.find("model.0.o.weight")->update);
  EXPECT_EQ(moved.adapter, folder.path() / "a");
}

TEST(Adapter, NamesMatchWithAndWithoutThePrefixOfTheClass) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"model.", "model.0.q"}, {"", "model.0.q"},       {"model.", "0.q"},
      {"transformer.", "0.q"}, {"", "transformer.0.q"}, {"", "0.q"},
  };
  for (const auto& [prefix, module] : cases) {
    const TemporaryFolder folder;
    Checkpoint checkpoint = base(folder, prefix);
    folder.write("a/adapter_config.json", kConfig);
    folder.write("a/adapter_model.safetensors", pair_of(module));
    const auto status = add_adapter(folder.path() / "a", checkpoint);
    ASSERT_TRUE(status) << status.error().message;
    EXPECT_TRUE(checkpoint.find(prefix + "0.q.weight")->update) << prefix << " " << module;
  }
}

TEST(Adapter, ScalesAndOrientation) {
  const TemporaryFolder folder;
  Checkpoint checkpoint = base(folder);
  folder.write(
      "a/adapter_config.json",
      R"({"peft_type": "LORA", "r": 4, "lora_alpha": 8, "use_rslora": true, "fan_in_fan_out": true})");
  folder.write("a/adapter_model.safetensors", pair_of("model.0.q", {4, 5}, {3, 4}));
  const auto status = add_adapter(folder.path() / "a", checkpoint);
  ASSERT_TRUE(status) << status.error().message;
  const auto& update = checkpoint.find("model.0.q.weight")->update;
  EXPECT_EQ(update->scale, 4.0f);  // 8 / sqrt(4)
  EXPECT_TRUE(update->is_transposed);
}

TEST(Adapter, PyTorchWeightsToo) {
  const TemporaryFolder folder;
  Checkpoint checkpoint = base(folder);
  folder.write("a/adapter_config.json", kConfig);
  const auto matrix = [](const char* key, int32_t rows, int32_t cols) {
    return test::pickle_tensor(test::pickle_storage("HalfStorage", key, rows * cols), test::pickle_int(0),
                               test::pickle_counts({rows, cols}), test::pickle_counts({cols, 1}));
  };
  const std::string pickle =
      test::pickle_dict({{kWrapper + "model.0.q.lora_A.default.weight", matrix("0", 2, 3)},
                         {kWrapper + "model.0.q.lora_B.default.weight", matrix("1", 5, 2)}});
  folder.write("a/adapter_model.bin", test::zip_bytes({{"x/data.pkl", pickle},
                                                       {"x/data/0", std::string(12, '\0')},
                                                       {"x/data/1", std::string(20, '\0')}}));
  const auto status = add_adapter(folder.path() / "a", checkpoint);
  ASSERT_TRUE(status) << status.error().message;
  EXPECT_EQ(checkpoint.find("model.0.q.weight")->update->a->type, DType::kF16);
}

struct Case {
  const char* name;
  std::string config;
  std::string weights;
  const char* message;
  ErrorCode code = ErrorCode::kUnsupported;
};

TEST(Adapter, RefusesWhatItCannotAddExactly) {
  constexpr auto kCorrupt = ErrorCode::kCorrupt;
  const std::string good = pair_of("model.0.q");
  const std::string a = kWrapper + "model.0.q.lora_A", b = kWrapper + "model.0.q.lora_B";
  const std::vector<Case> cases = {
      {"another kind", config_with("peft_type", "\"IA3\""), good,
       "an adapter of type 'IA3' is not supported"},
      {"no kind", R"({"r": 2, "lora_alpha": 8})", good, "an adapter of type 'none'"},
      {"DoRA", config_with("use_dora", "true"), good, "DoRA ('use_dora') is not supported"},
      {"bias", config_with("bias", "\"lora_only\""), good, "bias 'lora_only' is not supported"},
      {"saved modules", config_with("modules_to_save", "[\"lm_head\"]"), good, "('modules_to_save')"},
      {"ranks", config_with("rank_pattern", "{\"q\": 4}"), good, "('rank_pattern')"},
      {"scales", config_with("alpha_pattern", "{\"q\": 4}"), good, "('alpha_pattern')"},
      {"layers", config_with("layer_replication", "[[0, 4], [2, 5]]"), good, "('layer_replication')"},
      {"tokens", config_with("trainable_token_indices", "[1, 2]"), good, "('trainable_token_indices')"},
      {"PiSSA", config_with("init_lora_weights", "\"pissa_niter_4\""), good,
       "init_lora_weights 'pissa_niter_4'"},
      {"not JSON", "{", good, "not valid JSON", kCorrupt},
      {"no rank", R"({"peft_type": "LORA", "lora_alpha": 8})", good, "'r': expected a rank", kCorrupt},
      {"rank 0", config_with("r", "0"), good, "'r': expected a rank from 1", kCorrupt},
      {"rank of text", config_with("r", "\"2\""), good, "'r'", kCorrupt},
      {"no alpha", R"({"peft_type": "LORA", "r": 2})", good, "'lora_alpha'", kCorrupt},
      {"another rank", config_with("r", "3"), good, "expected rank 3, found 2 and 2", kCorrupt},
      {"nothing", kConfig, weights({}), "changes nothing"},
      {"unknown module", kConfig, pair_of("model.9.q"), "module 'model.9.q': "},
      {"without wrapper", kConfig, weights({{"model.0.q.lora_A.weight", {2, 3}}}),
       "expected one half of a pair"},
      {"embedding", kConfig, weights({{kWrapper + "e.lora_embedding_A", {2, 3}}}),
       "expected one half of a pair"},
      {"magnitude", kConfig, weights({{kWrapper + "e.lora_magnitude_vector", {2}}}),
       "expected one half of a pair"},
      {"whole module", kConfig, weights({{kWrapper + "e.modules_to_save.weight", {2}}}),
       "expected one half of a pair"},
      {"bias tensor", kConfig, weights({{b + ".bias", {5}}}), "expected one half of a pair"},
      {"only A", kConfig, weights({{a + ".weight", {2, 3}}}), "expected a pair, found only lora_A", kCorrupt},
      {"only B", kConfig, weights({{b + ".weight", {5, 2}}}), "expected a pair, found only lora_B", kCorrupt},
      {"two adapters", kConfig, weights({{a + ".x.weight", {2, 3}}, {a + ".y.weight", {2, 3}}}),
       "several adapters"},
      {"vector", kConfig, weights({{a + ".weight", {2}}}), "expected a matrix of weights", kCorrupt},
      {"other width", kConfig, pair_of("model.0.q", {2, 4}),
       "an update of a [5, 4] matrix, but 'model.0.q.weight' is [5, 3]"},
      {"other height", kConfig, pair_of("model.0.q", {2, 3}, {6, 2}), "an update of a [6, 3] matrix"},
      {"turned", config_with("fan_in_fan_out", "true"), good, "an update of a [3, 5] matrix"},
      {"norm", kConfig, pair_of("model.norm", {2, 3}, {1, 2}), "an update of a [1, 3] matrix"},
      {"twice", kConfig,
       weights({{a + ".weight", {2, 3}},
                {b + ".weight", {5, 2}},
                {kWrapper + "0.q.lora_A.weight", {2, 3}},
                {kWrapper + "0.q.lora_B.weight", {5, 2}}}),
       "'model.0.q.weight' is changed twice", kCorrupt},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    Checkpoint checkpoint = base(folder);
    folder.write("a/adapter_config.json", c.config);
    folder.write("a/adapter_model.safetensors", c.weights);
    const auto status = add_adapter(folder.path() / "a", checkpoint);
    ASSERT_FALSE(status) << c.name;
    EXPECT_EQ(status.error().code, c.code) << c.name << ": " << status.error().message;
    EXPECT_NE(status.error().message.find(c.message), std::string::npos)
        << c.name << ": " << status.error().message;
  }
}

TEST(Adapter, NamesWhatIsMissing) {
  const TemporaryFolder folder;
  Checkpoint checkpoint = base(folder);
  const auto none = add_adapter(folder.path() / "none", checkpoint);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_NE(none.error().message.find("expected a folder with adapter_config.json"), std::string::npos);
  folder.write("a/adapter_config.json", kConfig);
  const auto weightless = add_adapter(folder.path() / "a", checkpoint);
  ASSERT_FALSE(weightless);
  EXPECT_EQ(weightless.error().code, ErrorCode::kNotFound);
  EXPECT_NE(weightless.error().message.find("adapter_model.safetensors or adapter_model.bin"),
            std::string::npos);
}

TEST(Adapter, IsRefusedForGguf) {
  const TemporaryFolder folder;
  auto checkpoint = open_checkpoint(folder.write("m.gguf", test::small_gguf().bytes()));
  ASSERT_TRUE(checkpoint);
  folder.write("a/adapter_config.json", kConfig);
  folder.write("a/adapter_model.safetensors", pair_of("a"));
  const auto status = add_adapter(folder.path() / "a", *checkpoint);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("GGUF file is not supported"), std::string::npos);
  EXPECT_NE(status.error().hint.find("Hugging Face folder"), std::string::npos);
}

TEST(Adapter, IsNoModel) {
  const TemporaryFolder folder;
  folder.write("a/adapter_config.json", config_with("base_model_name_or_path", "\"org/base\""));
  folder.write("a/adapter_model.safetensors", pair_of("model.0.q"));
  EXPECT_EQ(adapter_base_name(folder.path() / "a"), "org/base");
  const auto checkpoint = open_checkpoint(folder.path() / "a");
  ASSERT_FALSE(checkpoint);
  EXPECT_NE(checkpoint.error().message.find("expected a model, found an adapter"), std::string::npos);
  EXPECT_NE(checkpoint.error().hint.find("'org/base' --adapter "), std::string::npos);
}

}  // namespace
}  // namespace limpid
