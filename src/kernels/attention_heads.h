// Which columns belong to a head in grouped-query attention, shared by the backends.
#pragma once

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

/// The first key that a query reaches.
inline size_t first_key(const AttentionInputs& in, size_t query) {
  return in.window == 0 || query < in.window ? 0 : query + 1 - in.window;
}

}  // namespace limpid
