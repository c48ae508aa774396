// The innermost loops of attention_proximity.cc.
//
// With a > 0 and s = sign(y) (see proximity.cc),
//   |y| - |y - a u| = min(a s u, 2 |y| - a s u) = a min(s u, c |y| - s u),  c = 2 / a,
// four instructions per coordinate. Four queries and two keys share their loads of |y|, s and u.
#pragma once

#include <cstddef>

namespace limpid::cpu {

constexpr size_t kKernelQueries = 4;
constexpr size_t kKernelKeys = 2;
constexpr size_t kKernelPadding = 64;  // floats; at least the lanes of any vector

/// A query's state. Both arrays are aligned and padded with zeros to a multiple of kKernelPadding.
struct QuerySigns {
  const float* abs;   // |y|
  const float* sign;  // the sign bits of y, nothing else set
};

/// Writes |y| and the signs of y: [n], padded.
void split_signs(const float* y, size_t n, float* abs, float* sign);

/// sums[q, k] += sum_i min(s_q u_k, c_qk |y_q| - s_q u_k) over n coordinates of four queries and two keys.
/// c and sums have `stride` floats per query.
void add_four_by_two(const QuerySigns* y, const float* u0, const float* u1, size_t n, const float* c,
                     float* sums, size_t stride);

}  // namespace limpid::cpu
