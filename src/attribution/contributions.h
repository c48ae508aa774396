// Shares of one trace, computed layer by layer for the positions that are asked for, and kept, so that the
// threshold can be moved without model work.
//
// Of a (query, key) pair all heads are kept, or none: pairs below the floor are dropped, which bounds memory
// by 1 / floor pairs a node. A threshold below the floor recomputes the rows it asks for, exactly.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "forward/model.h"
#include "forward/trace.h"
#include "graph/shares.h"

namespace limpid {

class Contributions : public ShareSource {
 public:
  static constexpr float kDefaultFloor = 0.005f;

  /// Both must outlive this object.
  Contributions(const Model& model, const Trace& trace, float floor = kDefaultFloor);
  ~Contributions() override;

  int n_layer() const override;
  int n_tok() const override;
  bool ffn_reads_state_below() const override { return trace_.spec.parallel_blocks; }
  Status require_attention(int layer, std::span<const int> queries, float floor) override;
  const AttentionShares& attention(int layer, int query) const override;
  Status require_ffn(int layer, std::span<const int> positions) override;
  FfnShares ffn(int layer, int position) const override;

  /// Rows computed so far, including recomputed ones: moving a threshold above the floor adds none once its
  /// nodes have been visited.
  size_t n_computed() const { return n_computed_; }
  /// Spent on computing them.
  double seconds() const { return seconds_; }
  /// Gives back the memory that shares are computed in, up to 64 MB; to be called when a route is done.
  void drop_scratch() { scratch_ = Matrix(); }
  /// What the kept shares take in memory.
  size_t n_bytes() const { return n_bytes_; }

 private:
  struct Row;
  struct LayerRows;

  const Model& model_;
  const Trace& trace_;
  float floor_;
  std::vector<LayerRows> layers_;
  size_t n_computed_ = 0;
  double seconds_ = 0;
  size_t n_bytes_ = 0;
  Matrix scratch_;  // proximities of one chunk of queries
};

}  // namespace limpid
