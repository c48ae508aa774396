// Which columns belong to a head in grouped-query attention, shared by the backends.
#pragma once

#include <algorithm>
#include <span>

#include "kernels/kernels.h"

namespace limpid {

/// Queries of one head: [n_tok, d_head].
inline ConstMatrixView query_head(const AttentionInputs& in, size_t head) {
  return in.q.columns(head * in.d_head, in.d_head);
}

/// The key (or value) head that a query head reads: [n_tok, d_head]. `kv` is in.k or in.v.
inline ConstMatrixView shared_head(const AttentionInputs& in, ConstMatrixView kv, size_t head) {
  return kv.columns(head / (in.n_head / in.n_kv_head) * in.d_head, in.d_head);
}

/// Whether every attention row sums to 1.
inline bool attends_in_full(const AttentionInputs& in) {
  return in.sinks.empty() && in.blocked.empty();
}

/// The blocked keys of one query of one head, ascending.
inline std::span<const BlockedKey> blocked_keys(const AttentionInputs& in, size_t head, size_t query) {
  if (in.blocked.empty()) return {};
  const auto h = static_cast<int>(head), q = static_cast<int>(query);
  const auto begin = std::ranges::lower_bound(in.blocked, BlockedKey{h, q, 0});
  const auto end = std::ranges::lower_bound(in.blocked, BlockedKey{h, q + 1, 0});
  return {begin, end};
}

/// The first key that a query reaches.
inline size_t first_key(const AttentionInputs& in, size_t query) {
  return in.window == 0 || query < in.window ? 0 : query + 1 - in.window;
}

}  // namespace limpid
