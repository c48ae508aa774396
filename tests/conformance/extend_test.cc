// A trace that was extended is the trace of the whole prompt, for every tiny model.
#include <algorithm>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <numeric>

#include "golden.h"

#include "analyses/self_check.h"
#include "api/runtime.h"
#include "forward/run.h"

namespace limpid {
namespace {

// Past every window, and over the 16 tokens from which on two of the models rotate otherwise.
constexpr size_t kTokens = 23;
// Both traces come from the same formulas and weights; only the order of sums differs, with the number of
// rows that are multiplied at once.
constexpr double kTolerance = 1e-5;

struct Split {
  const char* name;
  std::vector<size_t> chunks;  // sum to kTokens
};

std::vector<Split> splits() {
  std::vector<size_t> after_a_prefix = {5};
  after_a_prefix.resize(1 + kTokens - 5, 1);
  return {{"token by token", std::vector<size_t>(kTokens, 1)},
          {"a prefix, then token by token", after_a_prefix},
          {"chunks", {7, 2, 8, 6}}};
}

std::vector<int> some_ids() {
  std::vector<int> ids(kTokens);
  for (size_t t = 0; t < kTokens; ++t) ids[t] = static_cast<int>(t * 37 % 250);
  return ids;
}

Session open(const std::string& folder, const char* backend = "cpu") {
  return golden::open(golden::testdata() / "models" / folder, backend);
}

Trace run_in_chunks(const Model& model, const std::vector<size_t>& chunks) {
  const std::vector<int> ids = some_ids();
  Trace trace;
  size_t begin = 0;
  for (const size_t count : chunks) {
    const Status status =
        extend(model, trace, std::span(ids).subspan(begin, count), {.keep_block_outputs = true});
    EXPECT_TRUE(status.has_value()) << status.error().message;
    begin += count;
  }
  EXPECT_EQ(begin, kTokens);
  return trace;
}

/// All numbers of a trace, by name.
std::map<std::string, std::vector<float>> numbers(const Model& model, const Trace& trace) {
  const auto flat = [](ConstMatrixView m) {
    std::vector<float> values;
    for (size_t i = 0; i < m.rows; ++i) values.insert(values.end(), m.row(i).begin(), m.row(i).end());
    return values;
  };
  std::map<std::string, std::vector<float>> all = {{"embed", flat(trace.embed.view())},
                                                   {"key_bias", flat(trace.key_bias.view())}};
  for (size_t l = 0; l < trace.layers.size(); ++l) {
    const LayerTrace& layer = trace.layers[l];
    for (const auto& [name, matrix] :
         {std::pair("qkv", &layer.qkv), std::pair("resid_mid", &layer.resid_mid),
          std::pair("resid_post", &layer.resid_post), std::pair("attention_out", &layer.attention_out),
          std::pair("ffn_out", &layer.ffn_out)}) {
      all[fmt::format("{}.{}", name, l)] = flat(matrix->view());
    }
    all[fmt::format("sinks.{}", l)] = layer.sinks;
    all[fmt::format("attention_post_scale.{}", l)] = layer.attention_post_scale;
    all[fmt::format("ffn_post_scale.{}", l)] = layer.ffn_post_scale;
  }
  std::vector<int> positions(trace.n_tok());
  std::iota(positions.begin(), positions.end(), 0);
  all["logits"] = flat(logits(model, trace, positions).view());
  return all;
}

class Extended : public ::testing::TestWithParam<std::tuple<std::string, const char*>> {};

TEST_P(Extended, TraceIsThatOfTheWholePrompt) {
  const Session session = open(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const Model& model = session.model();
  const auto whole = run(model, some_ids(), {.keep_block_outputs = true});
  ASSERT_TRUE(whole.has_value());
  const auto expected = numbers(model, *whole);
  for (const Split& split : splits()) {
    SCOPED_TRACE(split.name);
    const Trace trace = run_in_chunks(model, split.chunks);
    EXPECT_EQ(trace.ids, whole->ids);
    for (const auto& [name, found] : numbers(model, trace)) {
      const golden::Difference d = golden::difference(found, expected.at(name));
      EXPECT_LE(d.largest, kTolerance * std::max(1.0, d.scale)) << name;
    }
    const auto checks = self_check(model, trace);
    ASSERT_TRUE(checks.has_value());
    for (const Check& check : *checks) EXPECT_TRUE(check.ok()) << check.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Extended,
                         ::testing::Combine(::testing::ValuesIn(golden::all_folders()),
                                            ::testing::Values("cpu", "reference")),
                         [](const auto& param) {
                           std::string name = std::get<0>(param.param) + "_" + std::get<1>(param.param);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(ExtendedThreads, DoNotChangeTheBits) {
  for (const std::string& folder : golden::all_folders()) {
    std::map<std::string, std::vector<float>> one;
    for (const int threads : {1, 2, 3}) {
      set_runtime_threads(threads);
      const Session session = open(folder);
      const auto found = numbers(session.model(), run_in_chunks(session.model(), {7, 2, 8, 1, 1, 4}));
      if (threads == 1) one = found;
      EXPECT_EQ(found, one) << folder << ", " << threads;
    }
  }
  set_runtime_threads(0);
}

/// An error of extend, and what provokes it.
struct Failure {
  const char* name;
  std::vector<int> ids;
  int cancel_at;  // the layer before which a stop is requested; -1: none
  ErrorCode code;
  const char* message;
};
const Failure kFailures[] = {
    {"no tokens", {}, -1, ErrorCode::kInvalidArgument, "at least one token"},
    {"too many", std::vector<int>(58, 3), -1, ErrorCode::kInvalidArgument, "holds 64 tokens, found 65"},
    {"an id", {3, 4, 9999}, -1, ErrorCode::kInvalidArgument, "token 9 has id 9999"},
    {"cancelled at once", {3, 4}, 0, ErrorCode::kCancelled, "cancelled"},
    {"cancelled on the way", {3, 4}, 1, ErrorCode::kCancelled, "cancelled"},
};

TEST(ExtendedFailures, LeaveTheTraceAsItWas) {
  const std::vector<int> prefix = {5, 80, 7, 7, 200, 11, 2}, next = {9, 120};
  for (const char* folder : {"gemma2", "gpt2"}) {  // with norms behind blocks, with learned positions
    const Session session = open(folder);
    const Model& model = session.model();
    auto trace = run(model, prefix, {.keep_block_outputs = true});
    ASSERT_TRUE(trace.has_value());
    const auto before = numbers(model, *trace);
    for (const Failure& f : kFailures) {
      std::stop_source stop;
      RunControl control;
      control.stop = stop.get_token();
      int layer = 0;
      control.on_progress = [&](std::string_view, double) {
        if (++layer == f.cancel_at) stop.request_stop();
      };
      if (f.cancel_at == 0) stop.request_stop();
      const Status status = extend(model, *trace, f.ids, {}, control);
      ASSERT_FALSE(status.has_value()) << f.name;
      EXPECT_EQ(status.error().code, f.code) << f.name;
      EXPECT_NE(status.error().message.find(f.message), std::string::npos) << status.error().message;
      EXPECT_EQ(trace->ids, prefix) << f.name;
      EXPECT_EQ(numbers(model, *trace), before) << f.name;
    }
    auto other = run(model, prefix, {.keep_block_outputs = true});
    ASSERT_TRUE(extend(model, *trace, next).has_value() && extend(model, *other, next).has_value());
    EXPECT_EQ(numbers(model, *trace), numbers(model, *other)) << folder;
  }
}

}  // namespace
}  // namespace limpid
