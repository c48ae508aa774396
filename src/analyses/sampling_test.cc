#include "analyses/sampling.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <map>
#include <numeric>

namespace limpid {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr float kNever = -std::numeric_limits<float>::infinity();

Sampler sampler(const Sampling& options) {
  auto sampler = Sampler::create(options);
  EXPECT_TRUE(sampler.has_value());
  return *sampler;
}

/// How often each of n draws gave each id.
std::map<int, int> counts(const Sampling& options, const std::vector<float>& logits, int n) {
  Sampler s = sampler(options);
  std::map<int, int> found;
  for (int i = 0; i < n; ++i) ++found[s.pick(logits)];
  return found;
}

std::vector<float> logs(std::vector<float> probabilities) {
  for (float& p : probabilities) p = std::log(p);
  return probabilities;
}

struct Chosen {
  const char* name;
  Sampling options;
  std::vector<float> logits;
  std::vector<int> ids;  // that can come out; all of them do
};
const Chosen kChosen[] = {
    {"greedy", {}, {1, 3, 2}, {1}},
    {"greedy of equals", {}, {1, 3, 3}, {1}},
    {"greedy of one", {}, {7}, {0}},
    {"greedy beside what cannot be", {}, {kNever, -5, kNever}, {1}},
    {"everything", {.temperature = 1}, {0, 1, 0.5f}, {0, 1, 2}},
    {"what cannot be", {.temperature = 1}, {0, kNever, 0}, {0, 2}},
    {"top 1", {.temperature = 1, .top_k = 1}, {0, 2, 1}, {1}},
    {"top 1 of equals", {.temperature = 1, .top_k = 1}, {0, 2, 2}, {1}},
    {"top 2", {.temperature = 1, .top_k = 2}, {0, 2, 1}, {1, 2}},
    {"top 2 of equals", {.temperature = 1, .top_k = 2}, {1, 1, 1}, {0, 1}},
    {"more than there are", {.temperature = 1, .top_k = 9}, {0, 2, 1}, {0, 1, 2}},
    {"all of top-p", {.temperature = 1, .top_p = 1}, {0, 2, 1}, {0, 1, 2}},
    {"the least top-p", {.temperature = 1, .top_p = 1e-300}, {0, 2, 1}, {1}},
    {"top-p of equals", {.temperature = 1, .top_p = 0.4}, {1, 1, 1}, {0, 1}},
    {"just enough", {.temperature = 1, .top_p = 0.5}, {1, 1}, {0}},
    {"not enough", {.temperature = 1, .top_p = 0.51}, {1, 1}, {0, 1}},
    // Probabilities 1/9, 4/9, 4/9 at temperature 1/2: the temperature comes before top-p.
    {"top-p after the temperature", {.temperature = 0.5, .top_p = 0.85}, logs({0.2f, 0.4f, 0.4f}), {1, 2}},
    // Of 0.4 and 0.35 the first alone has 0.53: top-p comes after top-k.
    {"top-p after top-k", {.temperature = 1, .top_k = 2, .top_p = 0.5}, logs({0.25f, 0.4f, 0.35f}), {1}},
    {"a temperature next to 0", {.temperature = 5e-324}, {0, 2, 1.9999999f}, {1}},
    {"a temperature next to infinity", {.temperature = 1e308}, {0, 80, 9}, {0, 1, 2}},
};

TEST(Sampling, ChoosesFrom) {
  for (const Chosen& c : kChosen) {
    std::vector<int> ids;
    for (const auto& [id, count] : counts(c.options, c.logits, 500)) ids.push_back(id);
    EXPECT_EQ(ids, c.ids) << c.name;
  }
}

struct Distribution {
  const char* name;
  Sampling options;
  std::vector<double> probabilities;
};
const Distribution kDistributions[] = {
    {"as it is", {.temperature = 1}, {0.5, 0.3, 0.15, 0.05}},
    // Squares, over their sum of 0.365.
    {"colder", {.temperature = 0.5}, {0.25 / 0.365, 0.09 / 0.365, 0.0225 / 0.365, 0.0025 / 0.365}},
    {"top 2", {.temperature = 1, .top_k = 2}, {0.5 / 0.8, 0.3 / 0.8, 0, 0}},
    {"top-p", {.temperature = 1, .top_p = 0.9}, {0.5 / 0.95, 0.3 / 0.95, 0.15 / 0.95, 0}},
};

TEST(Sampling, DrawsWithTheProbabilitiesAsked) {
  constexpr int kDraws = 40000;
  const std::vector<float> logits = logs({0.5f, 0.3f, 0.15f, 0.05f});
  for (const Distribution& d : kDistributions) {
    for (const uint64_t seed : {1, 2, 3}) {
      Sampling options = d.options;
      options.seed = seed;
      auto found = counts(options, logits, kDraws);
      for (size_t id = 0; id < d.probabilities.size(); ++id) {
        const double p = d.probabilities[id], deviation = std::sqrt(p * (1 - p) * kDraws);
        EXPECT_LE(std::abs(found[static_cast<int>(id)] - p * kDraws), 4.5 * deviation)
            << d.name << ", id " << id << ", seed " << seed;
      }
    }
  }
}

TEST(Sampling, SeedsDecide) {
  std::vector<float> logits(100);
  std::iota(logits.begin(), logits.end(), -50.0f);
  for (float& l : logits) l /= 20;
  const auto draw = [&](uint64_t seed) {
    Sampler s = sampler({.temperature = 1, .top_k = 90, .top_p = 0.95, .seed = seed});
    std::vector<int> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(s.pick(logits));
    return ids;
  };
  EXPECT_EQ(draw(7), draw(7));
  EXPECT_NE(draw(7), draw(8));
  EXPECT_NE(draw(0), draw(1));
}

/// The first outputs of mt19937_64 are given by the standard: 14514284786278117030 with seed 5489.
TEST(Sampling, DrawsAreThoseOfTheStandardGenerator) {
  constexpr double kFirst = 14514284786278117030.0 / 18446744073709551616.0;
  for (const double off : {-1e-6, 1e-6}) {
    const auto split = static_cast<float>(kFirst + off);
    EXPECT_EQ(sampler({.temperature = 1, .seed = 5489}).pick(logs({split, 1 - split})), off < 0 ? 1 : 0);
  }
}

struct Refused {
  Sampling options;
  const char* message;
};
const Refused kRefused[] = {
    {{.temperature = -0.1}, "temperature: expected a finite number of at least 0, found -0.1"},
    {{.temperature = kNan}, "temperature: expected a finite number of at least 0, found nan"},
    {{.temperature = kInfinity}, "temperature: expected a finite number of at least 0, found inf"},
    {{.top_k = -1}, "top-k: expected a number of at least 0, found -1"},
    {{.top_p = 0}, "top-p: expected a number above 0 and up to 1, found 0"},
    {{.top_p = -1}, "top-p: expected a number above 0 and up to 1, found -1"},
    {{.top_p = 1.01}, "top-p: expected a number above 0 and up to 1, found 1.01"},
    {{.top_p = kNan}, "top-p: expected a number above 0 and up to 1, found nan"},
};

TEST(Sampling, OptionsOutOfRangeAreRefused) {
  for (const Refused& r : kRefused) {
    const auto refused = Sampler::create(r.options);
    ASSERT_FALSE(refused.has_value()) << r.message;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(refused.error().message, r.message);
  }
}

}  // namespace
}  // namespace limpid
