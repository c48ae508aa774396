#include "checkpoint/scaled_tensors.h"

#include <gtest/gtest.h>
#include <numeric>

#include "checkpoint/test_files.h"

namespace limpid {
namespace {

using test::TemporaryFolder;

struct Stored {
  const char* name;
  const char* dtype;
  std::vector<size_t> shape;
};

size_t bytes_of(const std::string& dtype) {
  return dtype == "F64" ? 8 : dtype == "F32" ? 4 : dtype == "F16" || dtype == "BF16" ? 2 : 1;
}

/// Opens a model folder with these tensors, whose bytes count 0, 1, 2, ...
Result<Checkpoint> open_folder(const TemporaryFolder& folder, const std::vector<Stored>& tensors,
                               const std::string& quantization) {
  std::string header, data;
  for (const Stored& t : tensors) {
    std::string shape;
    for (const size_t length : t.shape) shape += (shape.empty() ? "" : ",") + std::to_string(length);
    const size_t n = std::accumulate(t.shape.begin(), t.shape.end(), bytes_of(t.dtype), std::multiplies<>());
    header +=
        (header.empty() ? "{" : ",") + test::entry(t.name, t.dtype, shape, data.size(), data.size() + n);
    for (size_t i = 0; i < n; ++i) data += static_cast<char>(data.size());
  }
  folder.write("model.safetensors", test::safetensors_bytes(header + "}", data));
  folder.write("config.json", R"({"model_type": "llama", "quantization_config": )" + quantization + "}");
  return open_checkpoint(folder.path());
}

const std::string kBlocks = R"({"quant_method": "fp8", "weight_block_size": [4, 2]})";

struct Joined {
  const char* name;
  std::vector<Stored> stored;
  DType type;
  std::vector<size_t> shape;
  std::optional<TensorScale> scale;  // but for its data
};

const Joined kJoined[] = {
    {"plain", {{"x.weight", "F8_E4M3", {6, 5}}}, DType::kF8E4M3, {6, 5}, {}},
    {"one",
     {{"x.weight", "F8_E4M3", {6, 5}}, {"x.weight_scale", "F32", {1}}},
     DType::kF8E4M3,
     {6, 5},
     TensorScale{DType::kF32, {}, 1, 1, 6, 5}},
    {"scalar",
     {{"x.weight", "F8_E5M2", {6, 5}}, {"x.weight_scale", "BF16", {}}},
     DType::kF8E5M2,
     {6, 5},
     TensorScale{DType::kBF16, {}, 1, 1, 6, 5}},
    {"column",
     {{"x.weight", "F8_E4M3", {6, 5}}, {"x.weight_scale", "F16", {6, 1}}},
     DType::kF8E4M3,
     {6, 5},
     TensorScale{DType::kF16, {}, 6, 1, 1, 5}},
    {"rows",
     {{"x.weight", "F8_E4M3", {6, 5}}, {"x.weight_scale", "F32", {6}}},
     DType::kF8E4M3,
     {6, 5},
     TensorScale{DType::kF32, {}, 6, 1, 1, 5}},
    {"stack",
     {{"x.weight", "F8_E4M3", {2, 6, 5}}, {"x.weight_scale", "F32", {2, 6, 1}}},
     DType::kF8E4M3,
     {2, 6, 5},
     TensorScale{DType::kF32, {}, 12, 1, 1, 5}},
    {"vector",
     {{"x.weight", "F8_E4M3", {5}}, {"x.weight_scale", "F32", {1}}},
     DType::kF8E4M3,
     {5},
     TensorScale{DType::kF32, {}, 1, 1, 1, 5}},
    {"blocks",
     {{"x.weight", "F8_E4M3", {6, 5}}, {"x.weight_scale_inv", "F32", {2, 3}}},
     DType::kF8E4M3,
     {6, 5},
     TensorScale{DType::kF32, {}, 2, 3, 4, 2}},
    {"powers of two",
     {{"x.weight", "F8_E4M3", {8, 4}}, {"x.weight_scale_inv", "F8_E8M0", {2, 2}}},
     DType::kF8E4M3,
     {8, 4},
     TensorScale{DType::kF8E8M0, {}, 2, 2, 4, 2}},
    {"stack of blocks",
     {{"x.weight", "F8_E4M3", {3, 8, 5}}, {"x.weight_scale_inv", "F32", {3, 2, 3}}},
     DType::kF8E4M3,
     {3, 8, 5},
     TensorScale{DType::kF32, {}, 6, 3, 4, 2}},
    {"one for all blocks",
     {{"x.weight", "F8_E4M3", {6, 5}}, {"x.weight_scale_inv", "F32", {1, 1}}},
     DType::kF8E4M3,
     {6, 5},
     TensorScale{DType::kF32, {}, 1, 1, 6, 5}},
    {"fp4",
     {{"x.weight_blocks", "U8", {2, 3, 2, 16}}, {"x.weight_scales", "U8", {2, 3, 2}}},
     DType::kFP4,
     {2, 3, 64},
     TensorScale{DType::kF8E8M0, {}, 6, 2, 1, 32}},
    {"fp4, one matrix",
     {{"x.weight_blocks", "U8", {3, 2, 16}}, {"x.weight_scales", "U8", {3, 2}}},
     DType::kFP4,
     {3, 64},
     TensorScale{DType::kF8E8M0, {}, 3, 2, 1, 32}},
};

TEST(JoinScales, MakesOneTensor) {
  for (const Joined& c : kJoined) {
    const TemporaryFolder folder;
    auto stored = c.stored;
    stored.push_back({"x.input_scale", "F32", {1}});
    const auto checkpoint = open_folder(folder, stored, kBlocks);
    ASSERT_TRUE(checkpoint) << c.name << ": " << checkpoint.error().message;
    ASSERT_EQ(checkpoint->tensors.size(), 1) << c.name;
    const TensorInfo& x = checkpoint->tensors.at("x.weight");
    EXPECT_EQ(x.name, "x.weight");
    EXPECT_EQ(x.type, c.type) << c.name;
    EXPECT_EQ(x.shape, c.shape) << c.name;
    EXPECT_EQ(x.data.front(), std::byte{0}) << c.name;
    EXPECT_EQ(x.data.size(), x.n_element() / info(x.type).block_size) << c.name;
    ASSERT_EQ(x.scale.has_value(), c.scale.has_value()) << c.name;
    if (!x.scale) continue;
    EXPECT_EQ(x.scale->type, c.scale->type) << c.name;
    EXPECT_EQ(x.scale->data.size(), x.scale->rows * x.scale->cols * info(x.scale->type).block_bytes)
        << c.name;
    EXPECT_EQ(x.scale->data.front(), static_cast<std::byte>(x.data.size())) << c.name;
    EXPECT_EQ((std::array{x.scale->rows, x.scale->cols, x.scale->block_rows, x.scale->block_cols}),
              (std::array{c.scale->rows, c.scale->cols, c.scale->block_rows, c.scale->block_cols}))
        << c.name;
  }
}

TEST(JoinScales, LeavesWhatHasNoPartner) {
  const TemporaryFolder folder;
  const auto checkpoint = open_folder(folder,
                                      {{"a.weight_scale", "F32", {1}},
                                       {"b_blocks", "U8", {1, 1, 16}},
                                       {"c_blocks", "F32", {1}},
                                       {"c_scales", "U8", {1}},
                                       {"d.weight", "I8", {1}},
                                       {"d.weight_scale", "F32", {1}}},
                                      kBlocks);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  EXPECT_EQ(checkpoint->tensors.size(), 5);
  EXPECT_EQ(checkpoint->unsupported_tensors.size(), 1);
}

struct Damage {
  const char* name;
  std::vector<Stored> stored;
  const char* message;
  ErrorCode code = ErrorCode::kCorrupt;
  std::string quantization = kBlocks;
};

TEST(JoinScales, SaysWhatDoesNotFit) {
  constexpr auto kUnsupported = ErrorCode::kUnsupported;
  const Stored weight = {"x.weight", "F8_E4M3", {6, 5}};
  const std::vector<Damage> damages = {
      {"rows",
       {weight, {"x.weight_scale", "F32", {5, 1}}},
       "tensor 'x.weight_scale': expected shape [1] or [6, 1] for 'x.weight' of shape [6, 5], found [5, 1]"},
      {"row", {weight, {"x.weight_scale", "F32", {1, 5}}}, "found [1, 5]"},
      {"none", {weight, {"x.weight_scale", "F32", {0}}}, "found [0]"},
      {"grid",
       {weight, {"x.weight_scale_inv", "F32", {2, 2}}},
       "tensor 'x.weight_scale_inv': expected shape [2, 3] for 'x.weight' of shape [6, 5], found [2, 2]"},
      {"grid of a stack",
       {{"x.weight", "F8_E4M3", {2, 4, 2}}, {"x.weight_scale_inv", "F32", {2, 1}}},
       "expected shape [2, 1, 1]"},
      {"blocks across a stack",
       {{"x.weight", "F8_E4M3", {2, 6, 2}}, {"x.weight_scale_inv", "F32", {3, 1}}},
       "blocks of 4 rows in a stack of matrices of 6 rows are not supported",
       kUnsupported},
      {"blocks of a vector",
       {{"x.weight", "F8_E4M3", {4}}, {"x.weight_scale_inv", "F32", {2}}},
       "blocks of scales for a vector are not supported",
       kUnsupported},
      {"no block size",
       {weight, {"x.weight_scale_inv", "F32", {2, 3}}},
       "quantization_config.weight_block_size: expected a list of two numbers above 0, as the weights have "
       "blocks of scales, found none",
       ErrorCode::kCorrupt,
       R"({"quant_method": "fp8"})"},
      {"block size 0",
       {weight, {"x.weight_scale_inv", "F32", {2, 3}}},
       "found something else",
       ErrorCode::kCorrupt,
       R"({"quant_method": "fp8", "weight_block_size": [0, 2]})"},
      {"block size",
       {weight, {"x.weight_scale_inv", "F32", {2, 3}}},
       "found something else",
       ErrorCode::kCorrupt,
       R"({"quant_method": "fp8", "weight_block_size": [4]})"},
      {"huge block size",
       {weight, {"x.weight_scale_inv", "F32", {2, 3}}},
       "expected shape [1, 1]",
       ErrorCode::kCorrupt,
       R"({"quant_method": "fp8", "weight_block_size": [9223372036854775807, 128]})"},
      {"scale type",
       {weight, {"x.weight_scale", "U8", {1}}},
       "tensor 'x.weight_scale': a scale of type U8 is not supported",
       kUnsupported},
      {"unknown scale type",
       {weight, {"x.weight_scale", "F64", {1}}},
       "tensor 'x.weight_scale': has type F64, which is not supported",
       kUnsupported},
      {"weight type",
       {{"x.weight", "BF16", {6, 5}}, {"x.weight_scale", "F32", {1}}},
       "tensor 'x.weight_scale': expected F8_E4M3 or F8_E5M2 for 'x.weight', which it scales, found BF16",
       kUnsupported},
      {"two scales",
       {weight, {"x.weight_scale", "F32", {1}}, {"x.weight_scale_inv", "F32", {1}}},
       "tensor 'x.weight_scale_inv': is a second scale of the same weight",
       kUnsupported},
      {"zero point",
       {weight, {"x.weight_zero_point", "I8", {6, 1}}},
       "tensor 'x.weight_zero_point': zero points are not supported",
       kUnsupported},
      {"fp4 bytes",
       {{"x_blocks", "U8", {3, 2, 8}}, {"x_scales", "U8", {3, 2}}},
       "tensor 'x_blocks': expected shape [..., rows, blocks, 16], found [3, 2, 8]"},
      {"fp4 vector", {{"x_blocks", "U8", {2, 16}}, {"x_scales", "U8", {2}}}, "found [2, 16]"},
      {"fp4 scales",
       {{"x_blocks", "U8", {3, 2, 16}}, {"x_scales", "U8", {2, 3}}},
       "tensor 'x_scales': expected shape [3, 2] for 'x_blocks' of shape [3, 2, 16], found [2, 3]"},
      {"fp4 overflow",
       {{"x_blocks", "U8", {0, 1ull << 59, 16}}, {"x_scales", "U8", {0, 1ull << 59}}},
       "found [0, 576460752303423488, 16]"},
      {"fp4 twice",
       {{"x", "F32", {1}}, {"x_blocks", "U8", {1, 1, 16}}, {"x_scales", "U8", {1, 1}}},
       "tensor 'x': is there both in blocks and whole"},
  };
  for (const Damage& damage : damages) {
    const TemporaryFolder folder;
    const auto checkpoint = open_folder(folder, damage.stored, damage.quantization);
    ASSERT_FALSE(checkpoint) << damage.name;
    EXPECT_EQ(checkpoint.error().code, damage.code) << damage.name;
    EXPECT_NE(checkpoint.error().message.find(damage.message), std::string::npos)
        << damage.name << ": " << checkpoint.error().message;
    EXPECT_TRUE(checkpoint.error().message.starts_with(folder.path().string() + ": ")) << damage.name;
  }
}

TEST(Quantization, MethodsByName) {
  struct Case {
    const char* quantization;
    const char* message;  // "" when it is supported
  };
  const Case cases[] = {
      {"null", ""},
      {R"({"quant_method": "fp8"})", ""},
      {R"({"quant_method": "fbgemm_fp8", "activation_scale_ub": 1200.0})", ""},
      {R"({"quant_method": "compressed-tensors", "format": "float-quantized"})", ""},
      {R"({"quant_method": "compressed-tensors", "format": "naive-quantized"})", ""},
      {R"({"quant_method": "compressed-tensors"})", ""},
      {R"({"quant_method": "mxfp4", "modules_to_not_convert": ["lm_head"]})", ""},
      {R"({"quant_method": "gptq", "bits": 4})", "weights quantised with 'gptq' are not supported"},
      {R"({"quant_method": "awq"})", "weights quantised with 'awq' are not supported"},
      {R"({"quant_method": "bitsandbytes"})", "weights quantised with 'bitsandbytes' are not supported"},
      {R"({"load_in_8bit": true})", "weights quantised with a method that is not named are not supported"},
      {R"({"quant_method": "compressed-tensors", "format": "pack-quantized"})",
       "weights quantised with 'compressed-tensors' in the format 'pack-quantized' are not supported"},
      {R"({"quant_method": 4})", "expected a string"},
      {R"({"quant_method": "fp8", "format": 4})", "expected a string"},
  };
  for (const Case& c : cases) {
    const TemporaryFolder folder;
    const auto checkpoint = open_folder(folder, {{"x", "F32", {1}}}, c.quantization);
    if (*c.message == '\0') {
      EXPECT_TRUE(checkpoint) << c.quantization << ": " << checkpoint.error().message;
      continue;
    }
    ASSERT_FALSE(checkpoint) << c.quantization;
    EXPECT_NE(checkpoint.error().message.find(c.message), std::string::npos) << checkpoint.error().message;
    EXPECT_TRUE(checkpoint.error().message.starts_with((folder.path() / "config.json: ").string()));
    EXPECT_FALSE(checkpoint.error().hint.empty()) << c.quantization;
  }
}

}  // namespace
}  // namespace limpid
