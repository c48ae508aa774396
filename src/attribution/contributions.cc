#include "attribution/contributions.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "attribution/attention_importance.h"
#include "attribution/ffn_importance.h"
#include "base/check.h"
#include "base/stopwatch.h"

namespace limpid {

namespace {

/// Proximities of one chunk of queries stay below this many floats (64 MB).
constexpr size_t kMaxChunkElements = size_t{16} << 20;

/// What an allocation takes beside its bytes, as a rule.
constexpr size_t kPerAllocation = 24;

/// keys: room for a number of each key.
AttentionShares sparse_row(const AttentionProximities& dense, size_t row, int query, float floor,
                           std::span<float> keys) {
  const std::span<float> sums = keys.first(static_cast<size_t>(query) + 1);
  const AttentionProximities::Sums all = dense.sum(row, sums);
  const ShareScale share(all.total);
  AttentionShares shares;
  shares.residual = share(dense.residual(row));
  shares.bias = share(dense.bias(row));
  shares.patch = share(dense.patch(row));
  shares.degenerate = share.degenerate();
  shares.strongest = share(all.strongest);
  // Another order of the same sum, so it may be off by a few roundings.
  const float surely_below = 0.999f * floor;
  for (int key = 0; key <= query; ++key) {
    if (share(sums[static_cast<size_t>(key)]) < surely_below && key != query) continue;
    KeyShare& pair = shares.keys.emplace_back();
    pair.key = key;
    pair.heads.reserve(dense.n_head());
    for (size_t h = 0; h < dense.n_head(); ++h) {
      const float importance = share(dense.part(row, h)[static_cast<size_t>(key)]);
      pair.heads.push_back({static_cast<int>(h), importance});
      pair.importance += importance;
    }
    if (pair.importance <= floor && key != query) shares.keys.pop_back();
  }
  shares.keys.shrink_to_fit();
  return shares;
}

}  // namespace

struct Contributions::Row {
  AttentionShares shares;
  float floor = 0;

  size_t n_bytes() const {
    size_t n = sizeof(Row) + kPerAllocation;
    for (const KeyShare& key : shares.keys) {
      n += sizeof(key) + key.heads.size() * sizeof(HeadShare) + kPerAllocation;
    }
    return n;
  }
};

struct Contributions::LayerRows {
  std::vector<std::unique_ptr<Row>> attention;
  std::vector<std::optional<FfnShares>> ffn;
};

Contributions::Contributions(const Model& model, const Trace& trace, float floor)
    : model_(model), trace_(trace), floor_(floor), layers_(trace.layers.size()) {
  for (LayerRows& layer : layers_) {
    layer.attention.resize(trace.n_tok());
    layer.ffn.resize(trace.n_tok());
    n_bytes_ += trace.n_tok() * (sizeof(layer.attention[0]) + sizeof(layer.ffn[0]));
  }
}

Contributions::~Contributions() = default;

int Contributions::n_layer() const {
  return static_cast<int>(layers_.size());
}
int Contributions::n_tok() const {
  return static_cast<int>(trace_.n_tok());
}

Status Contributions::require_attention(int layer, std::span<const int> queries, float floor) {
  auto& rows = layers_[static_cast<size_t>(layer)].attention;
  std::vector<int> missing;
  for (const int query : queries) {
    const auto& row = rows[static_cast<size_t>(query)];
    if (row == nullptr || row->floor > floor) missing.push_back(query);
  }
  if (missing.empty()) return {};

  const Stopwatch watch;
  // Below the default floor rows are kept whole, so that further moves of the threshold find them.
  const float keep_above = floor >= floor_ ? floor_ : 0.0f;
  const OutputProjection projection(model_, layer);
  const size_t row_elements = trace_.n_tok() * static_cast<size_t>(model_.spec().n_head);
  const size_t chunk = std::max<size_t>(1, kMaxChunkElements / row_elements);
  for (size_t begin = 0; begin < missing.size(); begin += chunk) {
    const auto part = std::span(missing).subspan(begin, std::min(chunk, missing.size() - begin));
    const AttentionProximities dense(model_, trace_, layer, part, projection, scratch_);
    std::vector<std::unique_ptr<Row>> sparse(part.size());
#pragma omp parallel num_threads(threads())
    {
      std::vector<float> keys(dense.n_key());
#pragma omp for schedule(dynamic, 16)
      for (size_t r = 0; r < part.size(); ++r) {
        sparse[r] = std::make_unique<Row>(Row{sparse_row(dense, r, part[r], keep_above, keys), keep_above});
      }
    }
    for (size_t r = 0; r < part.size(); ++r) {
      auto& row = rows[static_cast<size_t>(part[r])];
      if (row) n_bytes_ -= row->n_bytes();
      row = std::move(sparse[r]);
      n_bytes_ += row->n_bytes();
    }
  }
  n_computed_ += missing.size();
  seconds_ += watch.seconds();
  return {};
}

const AttentionShares& Contributions::attention(int layer, int query) const {
  const auto& row = layers_[static_cast<size_t>(layer)].attention[static_cast<size_t>(query)];
  CHECK(row != nullptr);
  return row->shares;
}

Status Contributions::require_ffn(int layer, std::span<const int> positions) {
  auto& rows = layers_[static_cast<size_t>(layer)].ffn;
  std::vector<int> missing;
  std::ranges::copy_if(positions, std::back_inserter(missing),
                       [&](int p) { return !rows[static_cast<size_t>(p)].has_value(); });
  if (missing.empty()) return {};

  const Stopwatch watch;
  const std::vector<FfnShares> shares = ffn_importance(model_, trace_, layer, missing);
  for (size_t r = 0; r < missing.size(); ++r) rows[static_cast<size_t>(missing[r])] = shares[r];
  seconds_ += watch.seconds();
  return {};
}

FfnShares Contributions::ffn(int layer, int position) const {
  const auto& share = layers_[static_cast<size_t>(layer)].ffn[static_cast<size_t>(position)];
  CHECK(share.has_value());
  return *share;
}

}  // namespace limpid
