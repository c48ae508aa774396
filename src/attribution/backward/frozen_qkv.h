// What happens to queries, keys and values between their projection and attention, as a linear map: norms
// keep their scales, and what is clipped the ratio it is clipped by.
#pragma once

#include <vector>

#include "attribution/backward/frozen_norms.h"
#include "attribution/linearised.h"
#include "base/matrix.h"

namespace limpid {

class FrozenQkv {
 public:
  /// `run` must outlive this object.
  FrozenQkv(const Linearised& run, int l);

  /// From what the projection gives for differences of x to differences of what attention reads, in place.
  /// qkv: [n, d_query + 2 d_kv]
  void apply(MatrixView qkv) const;
  /// The same of gradients, from what attention reads to what the projection gives.
  void pull_back(MatrixView qkv) const;

 private:
  struct HeadNorm {
    size_t first_column = 0, width = 0;
    FrozenNorms norm;
  };
  void freeze(const Norm& norm, size_t first_column, size_t n_head, MatrixView qkv);
  void clip(MatrixView qkv) const;

  const Linearised& run_;
  int layer_;
  std::vector<HeadNorm> norms_;
  Matrix clip_ratio_;  // [n, d_query + 2 d_kv], or empty
};

}  // namespace limpid
