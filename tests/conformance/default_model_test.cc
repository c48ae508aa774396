// The default model, SmolLM2-135M-Instruct: three prompts, against Hugging Face on the dequantised weights.
// The model is fetched by `make model` (`make check` does that); without it these tests fail.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "golden.h"

#include "api/runtime.h"
#include "attribution/attention_importance.h"
#include "attribution/ffn_importance.h"
#include "forward/run.h"

namespace limpid {
namespace {

using Json = nlohmann::json;
using Tensors = std::map<std::string, std::vector<float>>;

struct Sample {
  const char* name;
  const char* prompt;
};
constexpr Sample kSamples[] = {
    {"mary", "When Mary and John went to the store, John gave a drink to"},
    {"war", "The war lasted from the year 1732 to the year 17"},
    {"sum", "5 + 4 = 9, 2 + 3 ="},
};

const Session& default_model() {
  static const Session session = golden::open("");
  return session;
}

class DefaultModel : public ::testing::TestWithParam<Sample> {
 protected:
  std::filesystem::path file(const char* suffix) const {
    return golden::testdata() / "goldens" / fmt::format("smollm2-{}.{}", GetParam().name, suffix);
  }
};

std::vector<float> flat(const Matrix& m) {
  return {m.data(), m.data() + m.rows() * m.cols()};
}

TEST_P(DefaultModel, TokensAreHuggingFaces) {
  std::vector<std::string> warnings;
  const auto ids = default_model().vocabulary().encode({GetParam().prompt}, warnings);
  ASSERT_TRUE(ids.has_value());
  EXPECT_EQ(*ids, golden::ids_of(golden::read(file("safetensors"))));
}

TEST_P(DefaultModel, LogitsStatesAndEveryContributionAgree) {
  const Tensors expected = golden::read(file("safetensors"));
  const std::vector<int> ids = golden::ids_of(expected);
  const Model& model = default_model().model();
  const auto trace = run(model, ids);
  ASSERT_TRUE(trace.has_value());
  const int last = static_cast<int>(ids.size()) - 1;

  const auto expect_near = [&](const std::string& name, const std::vector<float>& found, double allowed,
                               bool relative) {
    const golden::Difference d = golden::difference(found, expected.at(name));
    EXPECT_LE(d.largest, allowed * (relative ? std::max(1.0, d.scale) : 1.0)) << name;
  };
  expect_near("logits.last", flat(logits(model, *trace, std::span(&last, 1))), 5e-5, true);

  std::vector<int> all(ids.size());
  for (size_t t = 0; t < all.size(); ++t) all[t] = static_cast<int>(t);
  for (int l = 0; l < trace->spec.n_layer; ++l) {
    const auto post = fmt::format("resid_post.{}", l);
    if (expected.contains(post)) expect_near(post, flat(trace->layer(l).resid_post), 5e-5, true);
    const auto attention = attention_importance(model, *trace, l, all, OutputProjection(model, l));
    expect_near(fmt::format("contribution.attention.{}", l), flat(attention.parts), 1e-4, false);
    expect_near(fmt::format("contribution.attention_residual.{}", l), attention.residual, 1e-4, false);
    std::vector<float> ffn, residual;
    for (const FfnShares& s : ffn_importance(model, *trace, l, all)) {
      ffn.push_back(s.ffn);
      residual.push_back(s.residual);
    }
    expect_near(fmt::format("contribution.ffn.{}", l), ffn, 1e-4, false);
    expect_near(fmt::format("contribution.ffn_residual.{}", l), residual, 1e-4, false);
  }
}

TEST_P(DefaultModel, RoutesHaveTheKnownSizes) {
  const Json golden = Json::parse(std::ifstream(file("routes.json")));
  auto explanation = default_model().explain({.prompt = {GetParam().prompt}});
  ASSERT_TRUE(explanation.has_value());
  for (const Json& expected : golden["routes"]) {
    const auto route =
        explanation->route({.threshold = expected["threshold"], .renormalize = expected["renormalize"]});
    ASSERT_TRUE(route.has_value());
    SCOPED_TRACE(
        fmt::format("tau {} renormalize {}", expected["threshold"].dump(), expected["renormalize"].dump()));
    EXPECT_EQ(route->nodes.size(), expected["n_node"]);
    EXPECT_EQ(route->edges.size(), expected["n_edge"]);
    EXPECT_EQ(n_merged_edges(*route), expected["n_merged_edge"]);
  }
}

INSTANTIATE_TEST_SUITE_P(Prompts, DefaultModel, ::testing::ValuesIn(kSamples),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(DefaultModelPredictions, AreThePublishedOnes) {
  const auto explanation = default_model().explain({.prompt = {kSamples[0].prompt}});
  ASSERT_TRUE(explanation.has_value());
  const struct {
    const char* text;
    double probability, logit;
  } expected[] = {{" Mary", 0.9229, 11.037},
                  {" the", 0.0216, 7.282},
                  {" his", 0.0057, 5.944},
                  {" a", 0.0053, 5.878},
                  {" her", 0.0046, 5.733}};
  for (size_t i = 0; i < 5; ++i) {
    const NamedPrediction& p = explanation->predictions()[i];
    EXPECT_EQ(p.piece.text, expected[i].text);
    EXPECT_NEAR(p.prediction.probability, expected[i].probability, 6e-5);
    EXPECT_NEAR(static_cast<double>(p.prediction.logit), expected[i].logit, 6e-4);
  }
}

TEST(DefaultModelThreads, DoNotChangeTheBits) {
  std::map<int, std::vector<float>> states;
  for (const int threads : {1, 2}) {
    set_runtime_threads(threads);
    const Session session = golden::open("");
    auto explanation = session.explain({.prompt = {kSamples[0].prompt}});
    ASSERT_TRUE(explanation.has_value());
    const auto route = explanation->route({});
    ASSERT_TRUE(route.has_value());
    for (const Edge& e : route->edges) states[threads].push_back(e.weight);
    const std::vector<float> last = flat(explanation->trace().layers.back().resid_post);
    states[threads].insert(states[threads].end(), last.begin(), last.end());
  }
  set_runtime_threads(0);
  EXPECT_EQ(states[1], states[2]);
}

}  // namespace
}  // namespace limpid
