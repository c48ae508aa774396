// Every tiny model reproduces Hugging Face's logits, states, attention and the oracle's contributions.
#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

#include "golden.h"

#include "api/describe.h"

namespace limpid {
namespace {

/// The agreed tolerances: float32 logits and states relative to the largest entry, shares absolute.
struct Tolerance {
  const char* prefix;
  double value;
  bool relative;
};
constexpr Tolerance kTolerances[] = {
    {"ids", 0, false},
    {"logits", 5e-5, true},
    {"resid_", 5e-5, true},
    {"attention_out.", 5e-5, true},
    {"ffn_out.", 5e-5, true},
    {"attention.", 5e-5, false},
    {"contribution.", 1e-4, false},
};

const Tolerance& tolerance_for(const std::string& name) {
  return *std::ranges::find_if(kTolerances, [&](const Tolerance& t) { return name.starts_with(t.prefix); });
}

void expect_close(const std::string& name, const std::vector<float>& found,
                  const std::vector<float>& expected) {
  const golden::Difference d = golden::difference(found, expected);
  const Tolerance& tolerance = tolerance_for(name);
  const double allowed = tolerance.value * (tolerance.relative ? std::max(1.0, d.scale) : 1.0);
  EXPECT_LE(d.largest, allowed) << name;
}

class Conformance : public ::testing::TestWithParam<std::tuple<golden::Case, const char*>> {};

TEST_P(Conformance, ReproducesTheGolden) {
  const auto& [c, backend] = GetParam();
  const auto expected = golden::read(c.tensors);
  const auto found = golden::trace(golden::open(c.model, backend), golden::ids_of(expected));
  ASSERT_EQ(found.size(), expected.size());
  for (const auto& [name, values] : expected) {
    ASSERT_TRUE(found.contains(name)) << name;
    expect_close(name, found.at(name), values);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Conformance,
                         ::testing::Combine(::testing::ValuesIn(golden::all_cases()),
                                            ::testing::Values("cpu", "reference")),
                         [](const auto& param) {
                           std::string name = std::get<0>(param.param).name + "_" + std::get<1>(param.param);
                           std::ranges::replace_if(
                               name, [](char ch) { return ch == '.' || ch == '-'; }, '_');
                           return name;
                         });

/// The float32 file of llama-fp8 was dequantised by PyTorch.
TEST(Formats, LosslessFormsOfOneModelGiveTheSameBits) {
  for (const char* name : {"llama-tied", "llama-untied", "llama-rope-linear", "llama-fp8", "gpt2"}) {
    const auto folder = golden::testdata() / "models" / name;
    const std::vector<int> ids = {5, 80, 7, 7, 200};
    const auto hub = golden::trace(golden::open(folder), ids);
    const auto gguf = golden::trace(golden::open(folder / "model.f32.gguf"), ids);
    EXPECT_EQ(hub, gguf) << name;
  }
}

TEST(Formats, AModelInPartsGivesTheSameBits) {
  const auto models = golden::testdata() / "models";
  const std::vector<int> ids = {5, 80, 7, 7, 200};
  const auto whole = golden::trace(golden::open(models / "llama-tied" / "model.q8_0.gguf"), ids);
  for (const int part : {1, 3}) {
    const auto name = fmt::format("q8_0-0000{}-of-00003.gguf", part);
    EXPECT_EQ(golden::trace(golden::open(models / "llama-split" / name), ids), whole) << name;
  }
}

TEST(Families, EachHasAGoldenInEachDialect) {
  std::set<std::pair<std::string, std::string>> covered;  // family, format
  for (const golden::Case& c : golden::all_cases()) {
    const auto model = describe(c.model.string(), 1);
    ASSERT_TRUE(model.has_value() && model->spec.has_value()) << c.name;
    covered.insert({model->spec->family, model->format});
  }
  for (const FamilyInfo& family : list_models().families) {
    EXPECT_TRUE(covered.contains({std::string(family.name), "safetensors"})) << family.name;
    if (family.gguf_architecture.empty()) continue;
    EXPECT_TRUE(covered.contains({std::string(family.name), "gguf"})) << family.name;
  }
}

}  // namespace
}  // namespace limpid
