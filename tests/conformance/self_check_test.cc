// What `limpid verify` checks holds for every tiny model, and each of its checks finds a trace that was
// doctored.
#include "analyses/self_check.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>

#include "golden.h"

#include "forward/run.h"

namespace limpid {
namespace {

const std::vector<int> kIds = {9, 120, 33, 33, 250, 61};

Trace trace_of(const Session& session) {
  auto trace = run(session.model(), kIds, {.keep_block_outputs = true});
  EXPECT_TRUE(trace.has_value());
  return *std::move(trace);
}

/// The checks that failed.
std::vector<Check> failures(const Session& session, const Trace& trace) {
  auto checks = self_check(session.model(), trace);
  EXPECT_TRUE(checks.has_value());
  std::erase_if(*checks, [](const Check& check) { return check.ok(); });
  return *std::move(checks);
}

class EveryModel : public ::testing::TestWithParam<std::tuple<std::string, const char*>> {};

TEST_P(EveryModel, PassesEveryCheck) {
  const auto& [folder, backend] = GetParam();
  const Session session = golden::open(golden::testdata() / "models" / folder, backend);
  const auto checks = self_check(session.model(), trace_of(session));
  ASSERT_TRUE(checks.has_value());
  EXPECT_EQ(checks->size(), 12u);
  for (const Check& check : *checks) {
    EXPECT_LE(check.worst, check.tolerance)
        << check.name << ": layer " << check.layer << ", token " << check.position;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModel,
                         ::testing::Combine(::testing::ValuesIn(golden::all_folders()),
                                            ::testing::Values("cpu", "reference")),
                         [](const auto& param) {
                           std::string name = std::get<0>(param.param) + "_" + std::get<1>(param.param);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

/// What is done to the last layer of a sound trace, and the checks that must find it there. Attention rows
/// and shares are computed from the states, never stored; analyses/checks_test.cc hands wrong ones to their
/// checks.
struct Doctored {
  const char* name;
  const char* model;
  void (*damage)(LayerTrace& layer);
  std::vector<std::string> found_by;
};

/// Moves one entry of token 3 by this part of the token's largest, or of 1.
void nudge(Matrix& state, double by) {
  double scale = 1;
  for (const float x : state.row(3)) scale = std::max(scale, std::abs(static_cast<double>(x)));
  state.row(3).back() += static_cast<float>(by * scale);
}

const Doctored kDoctored[] = {
    {"attention_out", "gpt2", [](LayerTrace& l) { nudge(l.attention_out, 1e-6); }, {"resid_mid"}},
    {"ffn_out", "gpt2", [](LayerTrace& l) { nudge(l.ffn_out, 1e-6); }, {"resid_post"}},
    {"resid_mid",
     "gpt2",
     [](LayerTrace& l) { nudge(l.resid_mid, 3e-5); },
     {"resid_mid", "resid_post", "attention_parts", "neuron_parts"}},
    {"resid_post",
     "granite",
     [](LayerTrace& l) { nudge(l.resid_post, 3e-5); },
     {"resid_post", "neuron_parts"}},
    {"a value", "gpt2", [](LayerTrace& l) { nudge(l.qkv, 1); }, {"attention_parts"}},
    {"a sink", "gpt_oss", [](LayerTrace& l) { l.sinks[0] += 1; }, {"attention_parts"}},
    {"attention's post-norm",
     "gemma2",
     [](LayerTrace& l) { l.attention_post_scale[3] *= 1.001f; },
     {"attention_parts"}},
    {"the FFN's post-norm", "gemma2", [](LayerTrace& l) { l.ffn_post_scale[3] *= 1.001f; }, {"neuron_parts"}},
    {"infinity",
     "gpt2",
     [](LayerTrace& l) { l.attention_out.row(3)[5] = std::numeric_limits<float>::infinity(); },
     {"finite", "resid_mid"}},
};

TEST(SelfCheck, FindsWhatWasDoctored) {
  for (const Doctored& d : kDoctored) {
    const Session session = golden::open(golden::testdata() / "models" / d.model);
    Trace trace = trace_of(session);
    ASSERT_TRUE(failures(session, trace).empty()) << d.name;
    d.damage(trace.layers.back());
    std::vector<std::string> found;
    for (const Check& check : failures(session, trace)) {
      found.push_back(check.name);
      EXPECT_EQ(check.layer, trace.spec.n_layer - 1) << d.name << ": " << check.name;
    }
    EXPECT_EQ(found, d.found_by) << d.name;
  }
}

}  // namespace
}  // namespace limpid
