// Gradients through the linearised network, of every tiny model, against automatic differentiation in
// float64.
#include "attribution/backward.h"

#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "golden.h"

#include "api/runtime.h"
#include "forward/run.h"

namespace limpid {
namespace {

// Of max(1, largest gradient): some hundred float32 sums one behind the other, each off by about 2^-24 of its
// terms.
constexpr double kTolerance = 1e-5;
// Of a metric of two logits, each of which may be off by 5e-5.
constexpr double kMetricTolerance = 1e-4;

using Tensors = std::map<std::string, std::vector<float>>;

std::filesystem::path golden_of(const std::string& model) {
  return golden::testdata() / "goldens" / "backward" / (model + ".safetensors");
}

LogitMetric metric_of(const Tensors& golden) {
  const std::vector<float>& m = golden.at("position_target_versus");
  LogitMetric metric{static_cast<int>(m[0]), static_cast<int>(m[1]), {}};
  if (m[2] >= 0) metric.versus = static_cast<int>(m[2]);
  return metric;
}

Trace trace_of(const Session& session, const std::vector<int>& ids) {
  return run(session.model(), ids).value();
}

std::vector<float> flat(ConstMatrixView m) {
  std::vector<float> out;
  for (size_t r = 0; r < m.rows; ++r) out.insert(out.end(), m.row(r).begin(), m.row(r).end());
  return out;
}

/// Named as in the goldens.
Tensors gradients(const Model& model, const Trace& trace, const LogitMetric& metric, AttentionRule rule) {
  Tensors out;
  const auto keep = [&](const LayerGradients& g) {
    out[fmt::format("post.{}", g.layer)] = flat(g.resid_post);
    out[fmt::format("mid.{}", g.layer)] = flat(g.resid_mid);
    out[fmt::format("z.{}", g.layer)] = flat(g.z);
    if (g.layer == 0) out["embed"] = flat(g.resid_pre);
  };
  const Linearised run(model, trace, static_cast<size_t>(metric.position) + 1);
  EXPECT_TRUE(backward(run, metric, rule, keep).has_value());
  return out;
}

class Backward : public ::testing::TestWithParam<std::tuple<std::string, const char*>> {};

TEST_P(Backward, GivesTheGradientsOfTheLinearisedNetwork) {
  const auto& [name, backend] = GetParam();
  const Tensors golden = golden::read(golden_of(name));
  const Session session = golden::open(golden::testdata() / "models" / name, backend);
  const Trace trace = trace_of(session, golden::ids_of(golden));
  const LogitMetric metric = metric_of(golden);
  const double value = golden.at("metric")[0];
  EXPECT_NEAR(metric_value(session.model(), trace, metric), value,
              kMetricTolerance * std::max(1.0, std::abs(value)));

  for (const auto& [rule, prefix] : {std::pair(AttentionRule::kDifferentiated, "differentiated."),
                                     std::pair(AttentionRule::kFrozen, "frozen.")}) {
    const Tensors found = gradients(session.model(), trace, metric, rule);
    EXPECT_EQ(found.size(), 3 * static_cast<size_t>(session.model().spec().n_layer) + 1);
    for (const auto& [of, values] : found) {
      const golden::Difference d = golden::difference(values, golden.at(prefix + of));
      EXPECT_LE(d.largest, kTolerance * std::max(1.0, d.scale)) << prefix << of;
    }
  }
}

/// Every Hugging Face folder that transformers opens on a processor without GPU.
std::vector<std::string> models() {
  std::vector<std::string> names;
  for (const std::string& name : golden::all_folders()) {
    if (std::filesystem::exists(golden_of(name))) names.push_back(name);
  }
  return names;
}

INSTANTIATE_TEST_SUITE_P(Models, Backward,
                         ::testing::Combine(::testing::ValuesIn(models()),
                                            ::testing::Values("cpu", "reference")),
                         [](const auto& param) {
                           std::string name =
                               fmt::format("{}_{}", std::get<0>(param.param), std::get<1>(param.param));
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(BackwardGoldens, AreThereForAllModels) {
  EXPECT_GE(models().size(), golden::all_folders().size() - 1);  // all but the one of 8-bit floats
}

/// More tokens than a thread takes queries at a time.
TEST(BackwardThreads, DoNotChangeTheBits) {
  std::vector<int> ids(100);
  for (size_t t = 0; t < ids.size(); ++t) ids[t] = static_cast<int>(t * 37 % 290);
  for (const char* name : {"llama-untied", "llama-sharded", "falcon-new"}) {
    std::vector<Tensors> found;
    for (const int threads : {1, 2, 7}) {
      set_runtime_threads(threads);
      const Session session = golden::open(golden::testdata() / "models" / name);
      const Trace trace = trace_of(session, ids);
      found.push_back(gradients(session.model(), trace, {99, 5, 7}, AttentionRule::kDifferentiated));
    }
    set_runtime_threads(0);
    EXPECT_EQ(found[0], found[1]) << name;
    EXPECT_EQ(found[0], found[2]) << name;
  }
}

}  // namespace
}  // namespace limpid
