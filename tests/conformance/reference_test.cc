// A run is held against references: the goldens agree, doctored ones do not, and what is no reference is
// named.
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <unistd.h>

#include "golden.h"

#include "api/verify.h"
#include "checkpoint/safetensors_file.h"
#include "checkpoint/safetensors_writer.h"

namespace limpid {
namespace {

namespace fs = std::filesystem;

struct Tensor {
  std::vector<size_t> shape;
  std::vector<float> values;
};
using Tensors = std::map<std::string, Tensor>;

/// Those of a golden, ids aside.
Tensors read_tensors(const fs::path& path) {
  Tensors tensors;
  const auto values = golden::read(path);
  const auto file = read_safetensors(path);
  for (const auto& [name, tensor] : file->tensors) {
    if (name != "ids") tensors[name] = {tensor.shape, values.at(name)};
  }
  return tensors;
}

class References : public ::testing::Test {
 protected:
  const fs::path golden_ = golden::testdata() / "goldens" / "gemma2.t7.safetensors";
  const fs::path path_ = fs::temp_directory_path() / ("limpid-reference-" + std::to_string(::getpid()));
  const Session session_ = golden::open(golden::testdata() / "models" / "gemma2");
  const std::vector<int> ids_ = golden::ids_of(golden::read(golden_));

  ~References() override { fs::remove(path_); }

  Result<VerifyResult> verify_against(const Tensors& tensors, const std::vector<int64_t>& ids) {
    std::vector<TensorDeclaration> declarations;
    if (!ids.empty()) declarations.push_back({"ids", DType::kI64, {ids.size()}});
    for (const auto& [name, tensor] : tensors) declarations.push_back({name, DType::kF32, tensor.shape});
    auto writer = SafetensorsWriter::create(path_, declarations);
    EXPECT_TRUE(writer.has_value());
    if (!ids.empty()) {
      EXPECT_TRUE(writer->append("ids", std::span<const int64_t>(ids)).has_value());
    }
    for (const auto& [name, tensor] : tensors) {
      EXPECT_TRUE(writer->append(name, std::span<const float>(tensor.values)).has_value());
    }
    EXPECT_TRUE(writer->finish().has_value());
    return verify(session_, {.reference = path_});
  }
  Result<VerifyResult> verify_against(const Tensors& tensors) {
    return verify_against(tensors, {ids_.begin(), ids_.end()});
  }
};

TEST_F(References, EveryKindOfTensorIsCompared) {
  const auto result = verify_against(read_tensors(golden_));
  ASSERT_TRUE(result.has_value()) << result.error().message;
  EXPECT_EQ(result->ids, ids_);
  EXPECT_EQ(result->n_failed(), 0u);
  EXPECT_EQ(result->checks.size(), 12u + 14u);
}

/// Each tensor in turn is moved at one entry by three tolerances, and its kind of check must find it there.
TEST_F(References, ADoctoredTensorIsFoundWhereItDiffers) {
  const Tensors sound = read_tensors(golden_);
  for (const auto& [name, tensor] : sound) {
    Tensors doctored = {{name, tensor}};
    std::vector<float>& values = doctored[name].values;
    const bool is_share = name.starts_with("contribution."),
               is_state = !is_share && !name.starts_with("attention.");
    float scale = 1;
    for (const float v : values) scale = is_state ? std::max(scale, std::abs(v)) : scale;
    values.back() += 3 * (is_share ? 1e-4f : 5e-5f) * scale;
    const auto result = verify_against(doctored);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    const Check& check = result->checks.back();
    EXPECT_EQ(check.name, "reference." + name.substr(0, name.find_last_not_of("0123456789.") + 1));
    EXPECT_FALSE(check.ok()) << name;
    EXPECT_EQ(check.position, static_cast<int>(ids_.size()) - 1) << name;
    EXPECT_EQ(result->n_failed(), 1u) << name;
  }
}

TEST_F(References, WhatIsNoNumberDiffers) {
  Tensors tensors = read_tensors(golden_);
  tensors["resid_mid.1"].values[3] = NAN;
  tensors["resid_post.1"].values[3] = INFINITY;
  const auto result = verify_against(tensors);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->n_failed(), 2u);
}

TEST_F(References, WhatIsNoneIsNamed) {
  const Tensor state = read_tensors(golden_).at("resid_post.0");
  const std::vector<int64_t> ids(ids_.begin(), ids_.end());
  const struct {
    Tensors tensors;
    std::vector<int64_t> ids;
    std::string expected;
  } cases[] = {
      {{{"resid_post.0", state}}, {}, "expected a tensor 'ids', found none"},
      {{{"resid_post.0", state}}, {-1}, "tensor 'ids': expected token ids, found -1"},
      {{{"resid_post.0", state}}, {int64_t{1} << 32}, "tensor 'ids': expected token ids, found 4294967296"},
      {{{"resid_post.0", state}}, {100000}, "id 100000"},
      {{}, ids, "expected tensors beside 'ids', found none"},
      {{{"resid_post.2", state}}, ids, "tensor 'resid_post.2': expected a tensor of this model's run"},
      {{{"resid_post", state}}, ids, "tensor 'resid_post': expected a tensor of this model's run"},
      {{{"resid_post.0", state}},
       {1, 2, 3},
       "tensor 'resid_post.0': expected the shape [3, 32], found [7, 32]"},
  };
  for (const auto& c : cases) {
    const auto result = verify_against(c.tensors, c.ids);
    ASSERT_FALSE(result.has_value()) << c.expected;
    EXPECT_NE(result.error().message.find(c.expected), std::string::npos) << result.error().message;
  }
}

}  // namespace
}  // namespace limpid
