// A ShareSource filled from tables, for tests of routes and of what is built on them. It behaves like the
// laziest real source: after require_attention() only the pairs above the floor, and the query's own, are
// there, and reading what was not required is a failed CHECK.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/check.h"
#include "graph/shares.h"

namespace limpid {

struct AttentionRow {
  int layer = 0;
  int query = 0;
  std::vector<std::pair<int, std::vector<float>>> keys = {};  // key, importance of every head
  float residual = 0;
};

struct FfnRow {
  int layer = 0;
  int position = 0;
  float ffn = 0;
  float residual = 0;
};

struct ShareTable {
  int n_layer = 1;
  int n_tok = 1;
  bool ffn_reads_state_below = false;
  std::vector<AttentionRow> attention = {};
  std::vector<FfnRow> ffn = {};
};

class TableShares : public ShareSource {
 public:
  using Key = std::pair<int, int>;  // layer, position

  explicit TableShares(const ShareTable& table) : table_(table) {
    for (const AttentionRow& row : table.attention) all_[{row.layer, row.query}] = whole(row);
    for (const FfnRow& row : table.ffn) {
      ffn_[{row.layer, row.position}] = {row.ffn, row.residual, row.ffn == 0 && row.residual == 0};
    }
  }

  int n_layer() const override { return table_.n_layer; }
  int n_tok() const override { return table_.n_tok; }
  bool ffn_reads_state_below() const override { return table_.ffn_reads_state_below; }

  Status require_attention(int layer, std::span<const int> queries, float floor) override {
    if (layer == fail_at_layer) return fail(ErrorCode::kCancelled, "cancelled");
    for (int query : queries) required_[{layer, query}] = above(all_.at({layer, query}), query, floor);
    return {};
  }
  const AttentionShares& attention(int layer, int query) const override {
    const auto found = required_.find({layer, query});
    CHECK(found != required_.end());
    return found->second;
  }
  Status require_ffn(int layer, std::span<const int> positions) override {
    for (int position : positions) required_ffn_.insert({layer, position});
    return {};
  }
  FfnShares ffn(int layer, int position) const override {
    CHECK(required_ffn_.contains({layer, position}));
    return ffn_.at({layer, position});
  }

  /// All parts of the table, without the floor.
  const std::map<Key, AttentionShares>& all_attention() const { return all_; }
  const std::map<Key, FfnShares>& all_ffn() const { return ffn_; }
  /// What was asked for so far.
  const std::map<Key, AttentionShares>& required_attention() const { return required_; }
  const std::set<Key>& required_ffn() const { return required_ffn_; }

  int fail_at_layer = -1;  // require_attention() of this layer is cancelled

 private:
  static AttentionShares whole(const AttentionRow& row) {
    AttentionShares shares{.residual = row.residual, .strongest = row.residual};
    for (const auto& [key, heads] : row.keys) {
      KeyShare pair{.key = key};
      for (float importance : heads) {
        pair.heads.push_back({static_cast<int>(pair.heads.size()), importance});
        pair.importance += importance;
        shares.strongest = std::max(shares.strongest, importance);
      }
      shares.keys.push_back(std::move(pair));
    }
    shares.degenerate = shares.strongest == 0;
    return shares;
  }

  static AttentionShares above(AttentionShares shares, int query, float floor) {
    std::erase_if(shares.keys,
                  [&](const KeyShare& pair) { return pair.key != query && !(pair.importance > floor); });
    return shares;
  }

  ShareTable table_;
  std::map<Key, AttentionShares> all_, required_;
  std::map<Key, FfnShares> ffn_;
  std::set<Key> required_ffn_;
};

}  // namespace limpid
