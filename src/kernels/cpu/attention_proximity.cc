// The heart of attribution: proximities of all parts of attention, z = a[h, r, k] W_h v_h[k], to the states
// y[r]. With s = sign(y), and as |y| - |y - z| = s z - 2 max(0, s z - |y|) coordinate by coordinate,
//
//     proximity = a s . u[k] - 2 sum_i max(0, a s_i u[k]_i - |y_i|),    u[k] = W_h v_h[k]
//
// The first sum needs no u: s . u[k] = (s W_h) . v_h[k], matrix products of attention's own size. The second
// is over the few coordinates where a part overshoots the state: a part is mostly small beside it. The
// coordinates of a state are ordered by |y|, so those below the largest a u come first, and the rest is not
// looked at.
#include <algorithm>
#include <cmath>

#include "kernels/attention_heads.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/overshoot.h"
#include "kernels/cpu/parallel.h"

namespace limpid::cpu {

namespace {

constexpr size_t kRows = 64;  // queries of which a thread holds s . u at a time

struct Problem {
  const AttentionParts& parts;
  ConstMatrixView y;
  std::span<const int> queries;
  ConstMatrixView along;  // s W_h, [n_query, n_head * d_head]
  const OrderedStates& states;
  MatrixView out;
};

struct Buffers {
  Buffers(size_t d, size_t d_head)
      : panel(d), v(d_head, kPanelKeys), dot(kRows, kPanelKeys), a(1, kPanelKeys), proximity(1, kPanelKeys) {}
  Panel panel;
  Matrix v;    // of the panel's keys, transposed
  Matrix dot;  // s . u of some queries and the panel's keys
  Matrix a, proximity;
};

// s, +1 or -1. [n_query, d]
Matrix signs(ConstMatrixView y) {
  Matrix s(y.rows, y.cols);
  for (size_t r = 0; r < y.rows; ++r) {
    std::ranges::transform(y.row(r), s.row(r).begin(), [](float v) { return std::copysign(1.0f, v); });
  }
  return s;
}

// One query and the panel's keys from `first` on, as far as the query reaches.
void process_query(const Problem& p, size_t head, size_t row, size_t first, std::span<const float> dot,
                   Buffers& buffers) {
  const size_t index = head * p.queries.size() + row;
  const size_t n_key = std::min(kPanelKeys, static_cast<size_t>(p.queries[row]) + 1 - first);
  const float* const a = p.parts.a.row(index).data() + first;
  float* const out = p.out.row(index).data() + first;
  const OrderedStates::State state = p.states.state(row);
  if (n_key == kPanelKeys) {
    proximities(state, p.y.row(row), buffers.panel, a, dot.data(), out);
    return;
  }
  const std::span<float> padded = buffers.a.row(0), proximity = buffers.proximity.row(0);
  std::copy_n(a, n_key, padded.begin());
  std::fill(padded.begin() + static_cast<ptrdiff_t>(n_key), padded.end(), 0.0f);
  proximities(state, p.y.row(row), buffers.panel, padded.data(), dot.data(), proximity.data());
  std::copy_n(proximity.begin(), n_key, out);
}

// One head and the keys of one panel.
void process(const Problem& p, size_t head, size_t first, Buffers& buffers) {
  const AttentionParts& parts = p.parts;
  const size_t group = parts.n_head / parts.n_kv_head, n_row = p.queries.size();
  const size_t n_key = std::min(kPanelKeys, parts.v.rows - first);
  const auto reaches = [&](int query) { return static_cast<size_t>(query) >= first; };
  const auto first_row = static_cast<size_t>(std::ranges::find_if(p.queries, reaches) - p.queries.begin());
  if (first_row == n_row) return;
  const ConstMatrixView v =
      parts.v.columns(head / group * parts.d_head, parts.d_head).slice_rows(first, n_key);
  transpose_keys(v, buffers.v.data());
  buffers.panel.fill(parts.projection.columns(head * parts.d_head, parts.d_head), buffers.v.data(), n_key);
  for (size_t begin = first_row; begin < n_row; begin += kRows) {
    const size_t count = std::min(kRows, n_row - begin);
    const ConstMatrixView along = p.along.slice_rows(begin, count).columns(head * parts.d_head, parts.d_head);
    panel_product(along, buffers.v.data(), n_key, buffers.dot.data());
    for (size_t i = 0; i < count; ++i) {
      if (reaches(p.queries[begin + i])) {
        process_query(p, head, begin + i, first, buffers.dot.row(i), buffers);
      }
    }
  }
}

}  // namespace

void attention_proximity(const AttentionParts& parts, ConstMatrixView y, std::span<const int> queries,
                         MatrixView out) {
  Matrix along(y.rows, parts.n_head * parts.d_head);
  gemm(signs(y).view(), parts.projection, false, along.view());
  const OrderedStates states(y);
  const Problem problem = {parts, y, queries, along.view(), states, out};
  const size_t n_panel = (parts.v.rows + kPanelKeys - 1) / kPanelKeys;
  const size_t work = parts.n_head * parts.v.rows * y.cols * (parts.d_head + y.rows) / 16;
  // The first panels are reached by the most queries; starting with them balances the threads.
  parallel_for(
      parts.n_head * n_panel, work, [&] { return Buffers(y.cols, parts.d_head); },
      [&](size_t task, Buffers& buffers) {
        process(problem, task % parts.n_head, task / parts.n_head * kPanelKeys, buffers);
      });
}

}  // namespace limpid::cpu
