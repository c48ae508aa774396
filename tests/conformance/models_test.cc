// Every tiny model reproduces Hugging Face's logits, states, attention and the oracle's contributions.
#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <set>

#include "golden.h"

#include "api/describe.h"
#include "checkpoint/adapter.h"

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

/// Goldens hold every tensor of a trace but neurons, which only some of them have.
void expect_reproduced(const std::map<std::string, std::vector<float>>& found,
                       const std::map<std::string, std::vector<float>>& expected) {
  for (const auto& [name, values] : expected) {
    ASSERT_TRUE(found.contains(name)) << name;
    expect_close(name, found.at(name), values);
  }
  for (const auto& [name, values] : found) {
    EXPECT_TRUE(expected.contains(name) || name.starts_with("contribution.neuron")) << name;
  }
}

class Conformance : public ::testing::TestWithParam<std::tuple<golden::Case, const char*>> {};

TEST_P(Conformance, ReproducesTheGolden) {
  const auto& [c, backend] = GetParam();
  const auto expected = golden::read(c.tensors);
  const auto found = golden::trace(golden::open(c.model, backend), golden::ids_of(expected));
  expect_reproduced(found, expected);
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
  size_t n_pair = 0;
  for (const std::string& name : golden::all_folders()) {
    const auto folder = golden::testdata() / "models" / name;
    if (!std::filesystem::exists(folder / "model.f32.gguf")) continue;
    ++n_pair;
    const std::vector<int> ids = {5, 80, 7, 7, 200};
    const auto hub = golden::trace(golden::open(folder), ids);
    const auto gguf = golden::trace(golden::open(folder / "model.f32.gguf"), ids);
    EXPECT_TRUE(hub == gguf) << name;
  }
  EXPECT_GE(n_pair, 30u);
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

/// The folder holds both; naming the .bin file opens that. gpt2's is as the hub has it: without the prefix
/// "transformer.", and with dead mask buffers.
TEST(Formats, PyTorchWeightsGiveTheSameBits) {
  for (const char* name : {"llama-tied", "gpt2"}) {
    const auto folder = golden::testdata() / "models" / name;
    const auto weights = folder / "pytorch_model.bin";
    const auto info = describe(weights.string(), 1);
    ASSERT_TRUE(info.has_value()) << info.error().message;
    ASSERT_EQ(info->format, "pytorch_bin");
    const std::vector<int> ids = {5, 80, 7, 7, 200};
    EXPECT_EQ(golden::trace(golden::open(folder), ids), golden::trace(golden::open(weights), ids)) << name;
  }
}

class Adapters : public ::testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(Adapters, GiveTheNumbersOfTheMergedModel) {
  const auto& [adapter, backend] = GetParam();
  const auto folder = golden::testdata() / "adapters" / adapter;
  const auto base = golden::testdata() / "models" / adapter_base_name(folder);
  const auto expected = golden::read(folder / "golden.t7.safetensors");
  const auto session = Session::open(base.string(), {.backend = backend, .adapter = folder.string()});
  ASSERT_TRUE(session.has_value()) << session.error().message;
  const auto found = golden::trace(*session, golden::ids_of(expected));
  expect_reproduced(found, expected);
}

INSTANTIATE_TEST_SUITE_P(Models, Adapters,
                         ::testing::Combine(::testing::Values("llama-tied-lora", "gpt2-lora"),
                                            ::testing::Values("cpu", "reference")),
                         [](const auto& param) {
                           std::string name =
                               fmt::format("{}_{}", std::get<0>(param.param), std::get<1>(param.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

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
