// Runs that replace what they compute: from the start, from the layer that changes, and many at once, for
// every tiny model and every kind of patch.
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <numeric>
#include <random>
#include <set>

#include "golden.h"

#include "analyses/direct_attribution.h"
#include "analyses/intervention.h"
#include "api/runtime.h"
#include "attribution/attention_importance.h"
#include "attribution/conservation.h"
#include "attribution/ffn_importance.h"
#include "attribution/ffn_parts.h"
#include "forward/batch_run.h"
#include "forward/blocks/blocks.h"
#include "forward/run.h"

namespace limpid {
namespace {

// Past every window, and over the 16 tokens from which on two of the models rotate otherwise.
constexpr int kTokens = 19;
constexpr int kPositions[] = {0, 7, kTokens - 1};
// The agreed one of float32 states, relative to the largest entry: products of other numbers of rows at once
// sum in another order, which replaced rows of any size then carry on.
constexpr double kTolerance = 5e-5;
// Of a run whose rows are what they were, to a rounding of some.
constexpr double kRounding = 1e-5;

std::vector<int> some_ids() {
  std::vector<int> ids(kTokens);
  for (int t = 0; t < kTokens; ++t) ids[static_cast<size_t>(t)] = t * 53 % 250;
  return ids;
}

enum class Kind { kEmbed, kBlocked, kHead, kMid, kNeuron, kFfn, kPost };
constexpr Kind kKinds[] = {Kind::kEmbed,  Kind::kBlocked, Kind::kHead, Kind::kMid,
                           Kind::kNeuron, Kind::kFfn,     Kind::kPost};
enum class Change { kZero, kScale, kReplace };
constexpr Change kChanges[] = {Change::kZero, Change::kScale, Change::kReplace};

/// Seeded random sets of patches for a model.
class Random {
 public:
  Random(const Model& model, uint32_t seed) : model_(model), rng_(seed) {}

  /// A patch of this kind, at one position or at all.
  void add(Kind kind, Change change, bool everywhere, Patches& patches) {
    const int l = below(model_.spec().n_layer), head = below(model_.spec().n_head);
    const int neuron = below(static_cast<int>(n_neuron(model_, l)));
    RowPatch row = {below(kTokens), change == Change::kScale ? -0.5f : 0.0f};
    if (change == Change::kReplace) row.added = normal(width(kind), patches);
    const int begin = everywhere ? 0 : row.position, end = everywhere ? kTokens : row.position + 1;
    for (row.position = begin; row.position < end; ++row.position) {
      const float added = row.added.empty() ? 0 : row.added[0];
      if (kind == Kind::kEmbed) {
        patches.embed.push_back(row);
      } else if (kind == Kind::kBlocked) {
        block(head, row.position, patches.layers[l].blocked);
      } else if (kind == Kind::kHead) {
        patches.layers[l].heads.push_back({head, row});
      } else if (kind == Kind::kNeuron) {
        patches.layers[l].neurons.push_back({neuron, row.position, row.factor, added});
      } else {
        rows(kind, patches.layers[l]).push_back(row);
      }
    }
  }

  int below(int n) { return static_cast<int>(rng_() % static_cast<uint32_t>(n)); }

 private:
  static std::vector<RowPatch>& rows(Kind kind, LayerPatches& layer) {
    return kind == Kind::kMid ? layer.mid : kind == Kind::kFfn ? layer.ffn : layer.post;
  }

  size_t width(Kind kind) const {
    const ModelSpec& spec = model_.spec();
    return static_cast<size_t>(kind == Kind::kHead ? spec.d_head : kind == Kind::kNeuron ? 1 : spec.d_model);
  }

  /// Some of the query's keys, of which the same one may come again.
  void block(int head, int query, std::vector<BlockedKey>& blocked) {
    for (int n = 1 + below(3); n > 0; --n) blocked.push_back({head, query, below(query + 1)});
    std::ranges::sort(blocked);
  }

  std::span<const float> normal(size_t n, Patches& patches) {
    auto row = std::make_shared<Matrix>(1, n);
    std::normal_distribution<float> distribution;
    for (float& x : row->row(0)) x = distribution(rng_);
    patches.keep.push_back(row);
    return std::as_const(*row).row(0);
  }

  const Model& model_;
  std::mt19937 rng_;
};

/// Each kind with each change at one position and at all, several at once, and nothing at all.
std::vector<Patches> all_patches(const Model& model) {
  Random random(model, 7);
  std::vector<Patches> sets;
  for (const Kind kind : kKinds) {
    for (const Change change : kChanges) {
      for (const bool everywhere : {false, true}) random.add(kind, change, everywhere, sets.emplace_back());
    }
  }
  sets.emplace_back();
  for (int i = 0; i < 6; ++i) {
    Patches& several = sets.emplace_back();
    for (int n = 2 + random.below(6); n > 0; --n) {
      random.add(kKinds[random.below(std::size(kKinds))], kChanges[random.below(std::size(kChanges))],
                 random.below(4) == 0, several);
    }
  }
  return sets;
}

std::vector<float> flat(ConstMatrixView m) {
  std::vector<float> values;
  for (size_t i = 0; i < m.rows; ++i) values.insert(values.end(), m.row(i).begin(), m.row(i).end());
  return values;
}

/// All numbers of a trace, by name.
std::map<std::string, std::vector<float>> numbers(const Trace& trace) {
  std::map<std::string, std::vector<float>> all = {{"embed", flat(trace.embed.view())}};
  for (size_t l = 0; l < trace.layers.size(); ++l) {
    const LayerTrace& layer = trace.layers[l];
    all[fmt::format("qkv.{}", l)] = flat(layer.qkv.view());
    all[fmt::format("resid_mid.{}", l)] = flat(layer.resid_mid.view());
    all[fmt::format("resid_post.{}", l)] = flat(layer.resid_post.view());
    all[fmt::format("attention_out.{}", l)] = flat(layer.attention_out.view());
    all[fmt::format("ffn_out.{}", l)] = flat(layer.ffn_out.view());
    all[fmt::format("attention_post_scale.{}", l)] = layer.attention_post_scale;
    all[fmt::format("ffn_post_scale.{}", l)] = layer.ffn_post_scale;
  }
  return all;
}

Trace value_of(Result<Trace> trace) {
  if (!trace) throw std::runtime_error(trace.error().message);
  return *std::move(trace);
}

Trace run_with(const Model& model, Patches patches) {
  return value_of(
      run(model, some_ids(),
          {.keep_block_outputs = true, .patches = std::make_shared<Patches>(std::move(patches))}));
}

Trace run_clean(const Model& model) {
  return value_of(run(model, some_ids(), {.keep_block_outputs = true}));
}

Trace rerun_with(const Model& model, const Trace& clean, Patches patches) {
  return value_of(rerun(model, clean, std::make_shared<Patches>(std::move(patches))));
}

ConstMatrixView last_state(const Trace& trace, int position) {
  return trace.resid_pre(trace.spec.n_layer).slice_rows(static_cast<size_t>(position), 1);
}

void expect_close(const std::vector<float>& found, const std::vector<float>& expected, double tolerance,
                  const std::string& what) {
  const golden::Difference d = golden::difference(found, expected);
  EXPECT_LE(d.largest, tolerance * std::max(1.0, d.scale)) << what;
}

class PatchedRuns : public ::testing::TestWithParam<std::tuple<std::string, const char*>> {
 protected:
  Session session_ =
      golden::open(golden::testdata() / "models" / std::get<0>(GetParam()), std::get<1>(GetParam()));
  const Model& model_ = session_.model();
  const int n_layer_ = model_.spec().n_layer;
  const Trace clean_ = run_clean(model_);
};

TEST_P(PatchedRuns, GiveTheSameBitsFromTheLayerThatChanges) {
  const auto clean = numbers(clean_);
  int n_changed = 0;
  for (const Patches& patches : all_patches(model_)) {
    const auto expected = numbers(run_with(model_, patches));
    EXPECT_EQ(numbers(rerun_with(model_, clean_, patches)), expected);
    n_changed += expected != clean ? 1 : 0;
    EXPECT_TRUE(expected == clean || patches.first_layer(n_layer_) < n_layer_);
  }
  // Neurons of an expert that no token chose change nothing, nor keys out of a window.
  EXPECT_GE(n_changed, 36);
}

TEST_P(PatchedRuns, SideBySideEndInTheSameStates) {
  const std::vector<Patches> sets = all_patches(model_);
  std::set<int> first_layers;
  for (const Patches& patches : sets) first_layers.insert(patches.first_layer(n_layer_));
  EXPECT_EQ(first_layers.size(), static_cast<size_t>(n_layer_) + 1);
  for (const int position : kPositions) {
    const auto states = last_states(model_, clean_, sets, position);
    ASSERT_TRUE(states.has_value());
    ASSERT_EQ(states->rows(), sets.size());
    for (size_t i = 0; i < sets.size(); ++i) {
      const Trace alone = rerun_with(model_, clean_, sets[i]);
      expect_close(flat(states->view().slice_rows(i, 1)), flat(last_state(alone, position)), kTolerance,
                   fmt::format("set {} at {}", i, position));
    }
  }
  const auto none = last_states(model_, clean_, {}, 0);
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(none->rows(), 0u);
}

/// Generation goes on under the patches; those of later positions wait for their tokens.
TEST_P(PatchedRuns, GoOn) {
  const std::vector<int> ids = some_ids();
  for (const Patches& patches : all_patches(model_)) {
    const auto expected = numbers(run_with(model_, patches));
    const auto shared = std::make_shared<Patches>(patches);
    Trace trace;
    for (const auto& [begin, count] : {std::pair(0, 9), {9, 1}, {10, 9}}) {
      const auto chunk = std::span(ids).subspan(static_cast<size_t>(begin), static_cast<size_t>(count));
      ASSERT_TRUE(extend(model_, trace, chunk, {.keep_block_outputs = true, .patches = shared}).has_value());
    }
    for (const auto& [name, found] : numbers(trace)) expect_close(found, expected.at(name), kTolerance, name);
  }
}

/// The heads' outputs of a layer before W_O. [n_tok, d_query]
Matrix head_rows(const Model& model, const Trace& trace, int l) {
  Matrix z(trace.n_tok(), static_cast<size_t>(model.spec().d_query()));
  const std::vector<float> value_bias = model.layer(l).value_bias(model.spec());
  model.backend().attention(trace.attention_inputs(l), value_bias, z.view());
  return z;
}

/// Everything that layer l computes for one position, put in its own place.
Patches own_values(const Model& model, const Trace& clean, int l, int position) {
  const auto t = static_cast<size_t>(position), d_head = static_cast<size_t>(model.spec().d_head);
  Patches own;
  const auto keep = [&](std::span<const float> row) {
    auto copy = std::make_shared<Matrix>(1, row.size());
    std::ranges::copy(row, copy->row(0).begin());
    own.keep.push_back(copy);
    return RowPatch{position, 0, std::as_const(*copy).row(0)};
  };
  own.embed.push_back(keep(clean.embed.row(t)));
  LayerPatches& layer = own.layers[l];
  const Matrix z = head_rows(model, clean, l);
  for (size_t h = 0; h < z.cols() / d_head; ++h) {
    layer.heads.push_back({static_cast<int>(h), keep(z.row(t).subspan(h * d_head, d_head))});
  }
  layer.mid.push_back(keep(clean.layer(l).resid_mid.row(t)));
  layer.ffn.push_back(keep(clean.layer(l).ffn_out.row(t)));
  layer.post.push_back(keep(clean.layer(l).resid_post.row(t)));
  const std::array<int, 1> positions = {position};
  const Matrix x = ffn_inputs(model, clean, l, positions);
  for_each_ffn(model, l, x.view(), [&](const Ffn& ffn, size_t first, const auto&) {
    const Matrix activations = ffn_activations(model, ffn, x.view());
    for (size_t n = 0; n < activations.cols(); ++n) {
      layer.neurons.push_back({static_cast<int>(first + n), position, 0, activations.row(0)[n]});
    }
  });
  return own;
}

/// Each kind alone, since a later one hides what an earlier one did wrong.
TEST_P(PatchedRuns, OwnValuesChangeNothing) {
  const auto expected = numbers(clean_);
  for (int l = 0; l < n_layer_; ++l) {
    for (const int position : kPositions) {
      const Patches own = own_values(model_, clean_, l, position);
      const LayerPatches& layer = *own.layer(l);
      const std::pair<const char*, Patches> kinds[] = {
          {"embed", {.embed = own.embed}},
          {"heads", {.layers = {{l, {.heads = layer.heads}}}}},
          {"mid", {.layers = {{l, {.mid = layer.mid}}}}},
          {"neurons", {.layers = {{l, {.neurons = layer.neurons}}}}},
          {"ffn", {.layers = {{l, {.ffn = layer.ffn}}}}},
          {"post", {.layers = {{l, {.post = layer.post}}}}}};
      for (const auto& [kind, patches] : kinds) {
        for (const auto& [name, found] : numbers(rerun_with(model_, clean_, patches))) {
          expect_close(found, expected.at(name), kRounding, fmt::format("{}: {} of layer {}", name, kind, l));
        }
      }
    }
  }
}

/// What layer l's attention adds where every head's output is 0. [d_model]
std::vector<float> without_heads(const Model& model, int l) {
  const Layer& layer = model.layer(l);
  Matrix row(1, static_cast<size_t>(model.spec().d_model));
  std::ranges::copy(layer.attention_out.bias(), row.row(0).begin());
  if (layer.attention_post_norm) apply_norm(model, *layer.attention_post_norm, row.view(), row.view());
  for (float& x : row.row(0)) x *= model.spec().residual_multiplier;
  return flat(row.view());
}

TEST_P(PatchedRuns, WithoutKeysAHeadGivesNothing) {
  const int query = 7, n_head = model_.spec().n_head;
  for (int l = 0; l < n_layer_; ++l) {
    LayerPatches blocked, zeroed;
    for (int h = 0; h < n_head; ++h) {
      for (int key = 0; key <= query; ++key) blocked.blocked.push_back({h, query, key});
      zeroed.heads.push_back({h, {.position = query}});
    }
    const Trace trace = rerun_with(model_, clean_, {.layers = {{l, blocked}}});
    EXPECT_EQ(numbers(trace), numbers(rerun_with(model_, clean_, {.layers = {{l, zeroed}}})));
    const Matrix z = head_rows(model_, trace, l);
    EXPECT_TRUE(std::ranges::all_of(z.row(query), [](float x) { return x == 0; }));
    const std::vector<float> expected = without_heads(model_, l);
    EXPECT_LE(
        golden::difference(flat(trace.layer(l).attention_out.view().slice_rows(query, 1)), expected).largest,
        1e-6 * std::max(1.0, golden::difference(expected, expected).scale));
    Matrix rows(static_cast<size_t>(n_head), kTokens);
    const std::array<int, 1> queries = {query};
    model_.backend().attention_rows(trace.attention_inputs(l), 0, queries, rows.view());
    EXPECT_EQ(flat(rows.view()), std::vector<float>(rows.rows() * rows.cols(), 0.0f));
  }
}

/// Not a corrupt model: what is too much was put there.
/// max |sum of parts - state|, of all positions.
double largest(const std::vector<double>& departures) {
  return *std::ranges::max_element(departures);
}

// What is left of a run's own parts, and what was put in, are the state; shares of all of them are 1.
TEST_P(PatchedRuns, PartsAndWhatWasPutInSumToTheStates) {
  std::vector<int> all(kTokens);
  std::iota(all.begin(), all.end(), 0);
  for (const Patches& patches : all_patches(model_)) {
    if (!require_distinct(patches)) continue;
    const Trace trace = rerun_with(model_, clean_, patches);
    for (int l = 0; l < n_layer_; ++l) {
      EXPECT_LE(largest(attention_departures(model_, trace, l)), kConservationTolerance) << l;
      EXPECT_LE(largest(neuron_departures(model_, trace, l)), kConservationTolerance) << l;
      const auto shares = attention_importance(model_, trace, l, all, OutputProjection(model_, l));
      const std::vector<FfnShares> ffn = ffn_importance(model_, trace, l, all);
      for (size_t t = 0; t < kTokens; ++t) {
        const auto parts = shares.parts.row(t);
        const double sum = std::accumulate(parts.begin(), parts.end(), 0.0) +
                           static_cast<double>(shares.residual[t]) + static_cast<double>(shares.patch[t]);
        EXPECT_NEAR(sum, shares.degenerate[t] ? 0 : 1, 1e-5);
        const double rest = static_cast<double>(ffn[t].ffn) + static_cast<double>(ffn[t].residual) +
                            static_cast<double>(ffn[t].patch);
        EXPECT_NEAR(rest, ffn[t].degenerate ? 0 : 1, 1e-5);
      }
    }
    const int last = kTokens - 1, token = 3;
    const Matrix found = logits(model_, trace, {&last, 1});
    const auto parts = direct_attribution(model_, trace, last, token);
    ASSERT_TRUE(parts.has_value());
    double sum = 0, size = 1;
    for (const LogitPart& part : *parts) {
      sum += part.logit;
      size = std::max(size, std::abs(part.logit));
    }
    EXPECT_NEAR(sum, static_cast<double>(found.row(0)[token]), 1e-4 * size);
  }
}

TEST_P(PatchedRuns, StatesThatOverflowAreRefused) {
  Matrix vast(1, clean_.embed.cols());
  std::ranges::fill(vast.row(0), 3e38f);
  Patches patches;
  patches.layers[n_layer_ - 2].post = {{.position = 7, .added = std::as_const(vast).row(0)},
                                       {.position = 7, .factor = 2}};
  const std::vector<Patches> sets = {Patches{}, patches};
  const auto alone = rerun(model_, clean_, std::make_shared<Patches>(patches));
  const auto together = last_states(model_, clean_, sets, 7);
  for (const auto* error : {alone ? nullptr : &alone.error(), together ? nullptr : &together.error()}) {
    ASSERT_NE(error, nullptr);
    EXPECT_EQ(error->code, ErrorCode::kInvalidArgument);
    EXPECT_NE(error->message.find("of token 7 is not finite"), std::string::npos) << error->message;
  }
}

// What is replaced is replaced outside of the backends; interventions_test.cc runs both.
INSTANTIATE_TEST_SUITE_P(Models, PatchedRuns,
                         ::testing::Combine(::testing::ValuesIn(golden::all_folders()),
                                            ::testing::Values("cpu")),
                         [](const auto& param) {
                           std::string name = std::get<0>(param.param) + "_" + std::get<1>(param.param);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

TEST(PatchedRunsThreads, DoNotChangeTheBits) {
  for (const std::string& folder : golden::all_folders()) {
    std::vector<std::map<std::string, std::vector<float>>> one;
    for (const int threads : {1, 2, 7}) {
      set_runtime_threads(threads);
      const Session session = golden::open(golden::testdata() / "models" / folder);
      const Model& model = session.model();
      const Trace clean = run_clean(model);
      const std::vector<Patches> sets = all_patches(model);
      std::vector<std::map<std::string, std::vector<float>>> found;
      for (const Patches& patches : sets) found.push_back(numbers(rerun_with(model, clean, patches)));
      for (const int position : kPositions) {
        found.push_back({{"last states", flat(last_states(model, clean, sets, position)->view())}});
      }
      if (threads == 1) one = found;
      EXPECT_EQ(found, one) << folder << ", " << threads;
    }
  }
  set_runtime_threads(0);
}

}  // namespace
}  // namespace limpid
