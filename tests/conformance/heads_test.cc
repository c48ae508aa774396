// Roles of heads against Hugging Face's attention and the oracle's shares, and maps against a trace.
#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "golden.h"

#include "api/json.h"

namespace limpid {
namespace {

using Json = nlohmann::json;

/// Of attention and shares, as for single entries (models_test.cc): a sum over a word's pieces is off by a
/// few times as much, its mean by less again.
constexpr double kTolerance = 1e-4;

Json golden_of(const std::string& name) {
  return Json::parse(std::ifstream(golden::testdata() / "heads" / (name + ".json")));
}

HeadsResult heads_of(const Session& session, int length) {
  auto result = session.heads({.length = length});
  EXPECT_TRUE(result.has_value()) << result.error().message;
  return *std::move(result);
}

Session open_named(const std::string& name) {
  return golden::open(name == "smollm2" ? "" : golden::testdata() / "models" / name);
}

class HeadRoles : public ::testing::TestWithParam<const char*> {};

TEST_P(HeadRoles, AgreeWithTheOracle) {
  const Json expected = golden_of(GetParam());
  const HeadsResult found = heads_of(open_named(GetParam()), expected["length"]);
  ASSERT_EQ(found.samples.size(), expected["samples"].size());
  for (size_t s = 0; s < found.samples.size(); ++s)
    EXPECT_EQ(Json(found.samples[s].ids), expected["samples"][s]);
  ASSERT_EQ(found.roles.size(), kHeadRoles.size());
  for (size_t r = 0; r < found.roles.size(); ++r) {
    const Json& role = expected[name(found.roles[r])];
    for (const HeadScores& head : found.heads) {
      SCOPED_TRACE(fmt::format("{} of {}.{}", name(found.roles[r]), head.id.layer, head.id.head));
      const auto at = [&](const char* key) { return role[key][head.id.layer][head.id.head].get<double>(); };
      EXPECT_NEAR(head.scores[r].score, at("score"), kTolerance);
      EXPECT_NEAR(head.scores[r].error, at("error"), kTolerance);
      EXPECT_NEAR(head.scores[r].contribution, at("contribution"), kTolerance);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, HeadRoles, ::testing::Values("llama-untied", "gemma2", "gpt2", "smollm2"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(HeadRoles, TheDefaultModelHasInductionHeads) {
  const HeadsResult found = heads_of(golden::open(""), 50);
  constexpr size_t kInduction = 2;
  ASSERT_EQ(found.roles[kInduction], HeadRole::kInduction);
  const auto score = [](const HeadScores& head) { return head.scores[kInduction].score; };
  const HeadScores& best = *std::ranges::max_element(found.heads, {}, score);
  EXPECT_EQ(best.id, (HeadId{18, 6}));
  EXPECT_GT(std::ranges::count_if(found.heads, [&](const HeadScores& head) { return score(head) > 0.5; }), 4);
}

TEST(HeadRoles, WithoutATokenizerThereAreNoSubwords) {
  const auto source = golden::testdata() / "models" / "gpt2";
  const auto folder = std::filesystem::path(::testing::TempDir()) / "heads_without_tokenizer";
  std::filesystem::create_directories(folder);
  for (const char* file : {"config.json", "model.safetensors"}) {
    std::filesystem::copy_file(source / file, folder / file,
                               std::filesystem::copy_options::overwrite_existing);
  }
  const HeadsResult found = heads_of(golden::open(folder), 10);
  EXPECT_EQ(found.roles.size(), kHeadRoles.size() - 1);
  EXPECT_EQ(std::ranges::count(found.roles, HeadRole::kSubword), 0);
  EXPECT_EQ(found.samples.size(), 4u);
  ASSERT_EQ(found.warnings.size(), 1u);
  EXPECT_TRUE(found.warnings[0].starts_with("the role 'subword' is not measured")) << found.warnings[0];
  std::filesystem::remove_all(folder);
}

TEST(HeadRoles, ARequestOutOfRangeIsRefused) {
  const Session session = open_named("gpt2");
  const HeadsRequest requests[] = {{.length = 1}, {.length = 4097}, {.samples = 0}, {.samples = 1001}};
  for (const HeadsRequest& request : requests) {
    const auto found = session.heads(request);
    ASSERT_FALSE(found.has_value());
    EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST(HeadRoles, TheSeedIsAllThatVaries) {
  const Session session = open_named("gpt2");
  const auto json = [&](uint64_t seed) { return to_json(*session.heads({.seed = seed, .length = 5})); };
  EXPECT_EQ(json(7), json(7));
  EXPECT_NE(json(7), json(8));
}

class AttentionMaps : public ::testing::TestWithParam<const char*> {};

/// All heads at once, and one head alone, are the numbers of a trace.
TEST_P(AttentionMaps, AreThoseOfTheTrace) {
  const Session session = golden::open(golden::testdata() / "models" / GetParam());
  const std::vector<int> ids = {5, 80, 7, 7, 200, 9, 31, 5, 80};
  const auto trace = golden::trace(session, ids);
  const auto all = session.attention({.prompt = {.text = "", .ids = ids}});
  ASSERT_TRUE(all.has_value());
  const ModelSpec& spec = session.model().spec();
  ASSERT_EQ(all->heads.size(), static_cast<size_t>(spec.n_layer * spec.n_head));
  const size_t n = ids.size(), n_head = static_cast<size_t>(spec.n_head);
  for (const HeadMap& map : all->heads) {
    const auto& attention = trace.at(fmt::format("attention.{}", map.id.layer));
    const auto& contribution = trace.at(fmt::format("contribution.attention.{}", map.id.layer));
    const auto h = static_cast<size_t>(map.id.head);
    for (size_t i = 0; i < n * n; ++i) {
      ASSERT_EQ(map.attention[i], attention[h * n * n + i]) << map.id.layer << "." << h << " " << i;
      ASSERT_EQ(map.contribution[i], contribution[i * n_head + h]) << map.id.layer << "." << h << " " << i;
    }
  }
  const auto one = session.attention({.prompt = {.text = "", .ids = ids}, .heads = {{1, 2}}});
  ASSERT_TRUE(one.has_value());
  ASSERT_EQ(one->heads.size(), 1u);
  const HeadMap& same = all->heads[n_head + 2];
  EXPECT_EQ(one->heads[0].id, same.id);
  EXPECT_EQ(one->heads[0].attention, same.attention);
  EXPECT_EQ(one->heads[0].contribution, same.contribution);
}

INSTANTIATE_TEST_SUITE_P(Models, AttentionMaps, ::testing::Values("gpt2", "gemma2", "gpt_oss"));

}  // namespace
}  // namespace limpid
