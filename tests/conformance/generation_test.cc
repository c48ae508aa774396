// Greedy decoding writes what Hugging Face's model writes without a cache, and every token of it can be
// explained as if the model had been run for that alone.
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <set>

#include "golden.h"

#include "api/runtime.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

struct Golden {
  std::string name;
  std::string model;  // a folder of the tiny models; empty: the default model
  std::vector<int> prompt, stops, generated;
};

std::vector<Golden> goldens() {
  std::vector<Golden> all;
  for (const Json& row : Json::parse(std::ifstream(golden::testdata() / "goldens/generation.json"))) {
    const std::string model = row["model"];
    std::string name = model.empty() ? fmt::format("default_{}", all.size()) : model;
    std::ranges::replace(name, '-', '_');
    all.push_back({name, model, row["prompt"], row["stops"], row["generated"]});
  }
  return all;
}

Session open(const std::string& model) {
  return golden::open(model.empty() ? "" : golden::testdata() / "models" / model);
}

std::vector<int> ids_of(const GenerateResult& result) {
  std::vector<int> ids;
  for (const NamedPrediction& token : result.tokens) ids.push_back(token.prediction.id);
  return ids;
}

class Greedy : public ::testing::TestWithParam<Golden> {};

TEST_P(Greedy, WritesTheGolden) {
  const Golden& g = GetParam();
  const Session session = open(g.model);
  const bool stopped = std::ranges::count(g.stops, g.generated.back()) > 0;
  const size_t max_tokens = g.generated.size() + stopped;
  std::vector<int> streamed;
  std::string text;
  const auto generation = session.generate(
      {.prompt = {.text = {}, .ids = g.prompt}, .max_tokens = max_tokens, .ignore_stop = g.stops.empty()},
      [&](const NamedPrediction& token, std::string_view added) {
        streamed.push_back(token.prediction.id);
        text += added;
      });
  ASSERT_TRUE(generation.has_value()) << generation.error().message;
  const GenerateResult& result = generation->result;
  EXPECT_EQ(ids_of(result), g.generated);
  EXPECT_EQ(streamed, g.generated);
  EXPECT_EQ(text, result.text);
  EXPECT_EQ(result.stop, stopped ? StopReason::kStopToken : StopReason::kLength);
  std::vector<int> run(g.prompt);
  run.insert(run.end(), g.generated.begin(), g.generated.end() - 1);
  EXPECT_EQ(generation->trace->ids, run);
  if (stopped) {
    EXPECT_EQ(session.vocabulary().stop_ids(), g.stops);
  }
}

INSTANTIATE_TEST_SUITE_P(Goldens, Greedy, ::testing::ValuesIn(goldens()),
                         [](const auto& param) { return param.param.name; });

std::map<std::string, float> flows(const Route& route) {
  std::map<std::string, float> flows;
  for (const RouteNode& node : route.nodes) flows[to_string(node.node)] = node.flow;
  return flows;
}

TEST(GeneratedTokens, AreExplainedAsIfRunAlone) {
  for (const char* model : {"gpt2", "gemma2", "llama-rope-dynamic", ""}) {
    const Session session = open(model);
    const std::vector<int> prompt = {9, 120, 33, 33, 250, 61};
    const auto generation =
        session.generate({.prompt = {.text = {}, .ids = prompt}, .max_tokens = 12, .ignore_stop = true});
    ASSERT_TRUE(generation.has_value());
    const std::vector<int> generated = ids_of(generation->result);
    for (const auto& [number, index] : {std::pair(1, 0), {5, 4}, {12, 11}, {-1, 11}, {-12, 0}}) {
      SCOPED_TRACE(fmt::format("'{}', token {}", model, number));
      auto found = session.explain(*generation, number);
      std::vector<int> alone(prompt);
      alone.insert(alone.end(), generated.begin(), generated.begin() + index);
      auto expected = session.explain({.prompt = {.text = {}, .ids = alone}});
      ASSERT_TRUE(found.has_value() && expected.has_value());
      const int position = static_cast<int>(alone.size()) - 1;
      EXPECT_EQ(found->position(), position);
      // Greedy: the token is the top prediction of its position, and was reported with its numbers,
      // up to the rounding of a second run where rotations changed since.
      const NamedPrediction& top = found->predictions().front();
      const NamedPrediction& token = generation->result.tokens[static_cast<size_t>(index)];
      EXPECT_EQ(top.prediction.id, token.prediction.id);
      const auto logit = static_cast<double>(token.prediction.logit);
      EXPECT_NEAR(static_cast<double>(top.prediction.logit), logit, 1e-5 * std::max(1.0, std::abs(logit)));
      EXPECT_NEAR(top.prediction.probability, token.prediction.probability, 1e-4);
      const auto found_flows = flows(*found->route({})), expected_flows = flows(*expected->route({}));
      ASSERT_EQ(found_flows.size(), expected_flows.size());
      for (const auto& [node, flow] : expected_flows) EXPECT_NEAR(found_flows.at(node), flow, 1e-4) << node;
    }
  }
}

TEST(GeneratedTokens, OutsideTheTextAreRefused) {
  const Session session = open("gpt2");
  const auto generation = session.generate({.prompt = {.text = {}, .ids = {3, 4}}, .max_tokens = 3});
  ASSERT_TRUE(generation.has_value());
  for (const int number : {0, 4, -4}) {
    const auto refused = session.explain(*generation, number);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().message,
              fmt::format("explained token: expected 1 to 3 or -3 to -1, found {}", number));
  }
}

/// gpt2 has a context of 64 tokens. The last one generated needs no room in it.
TEST(Generation, EndsWhereTheContextIsFull) {
  const Session session = open("gpt2");
  const struct {
    size_t n_prompt, max_tokens, n_generated;
    StopReason stop;
  } cases[] = {{60, 50, 5, StopReason::kContext}, {60, 6, 5, StopReason::kContext},
               {60, 5, 5, StopReason::kLength},   {60, 4, 4, StopReason::kLength},
               {64, 1, 1, StopReason::kLength},   {64, 9, 1, StopReason::kContext}};
  for (const auto& c : cases) {
    const auto generation = session.generate({.prompt = {.text = {}, .ids = std::vector<int>(c.n_prompt, 7)},
                                              .max_tokens = c.max_tokens,
                                              .ignore_stop = true});
    ASSERT_TRUE(generation.has_value());
    EXPECT_EQ(generation->result.tokens.size(), c.n_generated) << c.n_prompt << ", " << c.max_tokens;
    EXPECT_EQ(generation->result.stop, c.stop) << c.n_prompt << ", " << c.max_tokens;
  }
}

TEST(Generation, DrawsTheSameForASeedWithAnyNumberOfThreads) {
  std::vector<int> one;
  for (const int threads : {1, 2, 3}) {
    set_runtime_threads(threads);
    const auto generation =
        open("mixtral").generate({.prompt = {.text = {}, .ids = {5, 80, 7}},
                                  .max_tokens = 30,
                                  .sampling = {.temperature = 1.5, .top_k = 100, .seed = 3},
                                  .ignore_stop = true});
    ASSERT_TRUE(generation.has_value());
    if (threads == 1) one = ids_of(generation->result);
    EXPECT_EQ(ids_of(generation->result), one) << threads;
  }
  set_runtime_threads(0);
  EXPECT_GT(std::set<int>(one.begin(), one.end()).size(), 5u);
}

TEST(Generation, StopsWhenAsked) {
  const Session session = open("gpt2");
  std::stop_source stop;
  size_t n_token = 0;
  const auto generation = session.generate({.prompt = {.text = {}, .ids = {5, 80, 7}}, .ignore_stop = true},
                                           [&](const NamedPrediction&, std::string_view) {
                                             if (++n_token == 4) stop.request_stop();
                                           },
                                           {.on_progress = {}, .stop = stop.get_token()});
  ASSERT_FALSE(generation.has_value());
  EXPECT_EQ(generation.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(n_token, 4u);
}

/// The model splits most of these characters over several tokens.
TEST(Generation, TextIsWholeCharacters) {
  const Session session = open("");
  std::vector<std::string> added;
  const auto generation =
      session.generate({.prompt = {"日本語: 日本語の文章を書く。私は"}, .max_tokens = 24},
                       [&](const NamedPrediction&, std::string_view text) { added.emplace_back(text); });
  ASSERT_TRUE(generation.has_value());
  std::string bytes;
  for (const NamedPrediction& token : generation->result.tokens) bytes += token.piece.bytes;
  const std::string& text = generation->result.text;
  EXPECT_GT(std::ranges::count(added, ""), 0) << text;
  EXPECT_EQ(text.substr(0, text.find("\uFFFD")), bytes.substr(0, text.find("\uFFFD")));
  for (const std::string& part : added) EXPECT_TRUE(part.empty() || (part[0] & 0xC0) != 0x80) << part;
}

}  // namespace
}  // namespace limpid
