#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/attention_heads.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace limpid::cpu {

namespace {

constexpr size_t kQueryBlock = 64;  // rows of scores a thread holds

size_t count_blocks(size_t n_query) {
  return (n_query + kQueryBlock - 1) / kQueryBlock;
}

// Softmax of n scores beside which a sink takes part. Returns the sum of what is left for the keys.
float softmax_with_sink(float* scores, size_t n, float sink) {
  std::vector<float> all(scores, scores + n);
  all.push_back(sink);
  softmax_row(all.data(), n + 1);
  std::copy_n(all.begin(), n, scores);
  return 1 - all.back();
}

// Gives the blocked keys no score at all. Returns whether any key in reach is left.
bool block_keys(const AttentionInputs& in, size_t head, size_t query, float* scores) {
  const std::span<const BlockedKey> blocked = blocked_keys(in, head, query);
  size_t n_left = query + 1 - first_key(in, query), next = first_key(in, query);
  for (const BlockedKey& pair : blocked) {
    const auto key = static_cast<size_t>(pair.key);
    if (key < next || key > query) continue;  // below: out of reach, or the same key again
    scores[key] = -std::numeric_limits<float>::infinity();
    --n_left;
    next = key + 1;
  }
  return n_left > 0;
}

// scores[0..n_key), of which those of keys in reach count -> probabilities, zero out of reach. Returns the
// sum of the probabilities: 1, less with a sink, 0 where every key is blocked.
float causal_softmax(const AttentionInputs& in, size_t head, float* scores, size_t query, size_t n_key) {
  const size_t begin = first_key(in, query), end = query + 1;
  if (in.softcap > 0) {
    for (size_t key = begin; key < end; ++key) scores[key] = in.softcap * std::tanh(scores[key] / in.softcap);
  }
  if (in.key_bias.rows > 0) {
    for (size_t key = begin; key < end; ++key) scores[key] += in.key_bias.at(head, key);
  }
  float sum = 1;
  if (!block_keys(in, head, query, scores)) {
    std::fill(scores, scores + n_key, 0.0f);
    return 0;
  }
  if (in.sinks.empty()) {
    softmax_row(scores + begin, end - begin);
  } else {
    sum = softmax_with_sink(scores + begin, end - begin, in.sinks[head]);
  }
  std::fill(scores, scores + begin, 0.0f);
  std::fill(scores + end, scores + n_key, 0.0f);
  return sum;
}

// One head and the queries from `begin` on that z, [n_query, d_head], has rows for. scores: room for
// [n_query, begin + n_query].
void attend(const AttentionInputs& in, std::span<const float> value_bias, size_t head, size_t begin,
            float* scores, MatrixView z) {
  const size_t n_query = z.rows, n_key = begin + n_query;
  const ConstMatrixView q = query_head(in, head).slice_rows(begin, n_query);
  const ConstMatrixView k = shared_head(in, in.k, head), v = shared_head(in, in.v, head);
  sgemm(true, n_query, n_key, in.d_head, in.scale, q.data, q.stride, k.data, k.stride, scores, n_key);
  std::array<float, kQueryBlock> sums = {};
  for (size_t i = 0; i < n_query; ++i) {
    sums[i] = causal_softmax(in, head, scores + i * n_key, begin + i, n_key);
  }
  sgemm(false, n_query, in.d_head, n_key, 1, scores, n_key, v.data, v.stride, z.data, z.stride);
  if (value_bias.empty()) return;
  const auto bias = value_bias.subspan(head * in.d_head, in.d_head);
  for (size_t i = 0; i < n_query; ++i) {
    for (size_t j = 0; j < in.d_head; ++j) z.at(i, j) += sums[i] * bias[j];
  }
}

}  // namespace

void attention(const AttentionInputs& in, std::span<const float> value_bias, MatrixView z) {
  const size_t n_tok = in.q.rows, n_query = z.rows;
  const size_t n_block = count_blocks(n_query);
  const auto make_scores = [&] { return Matrix(std::min(kQueryBlock, n_query), n_tok); };
  const size_t work = in.n_head * n_query * n_tok * in.d_head / 16;
  parallel_for(in.n_head * n_block, work, make_scores, [&](size_t task, Matrix& scores) {
    // The last block has the most keys; starting with it balances the threads.
    const size_t begin = (n_block - 1 - task / in.n_head) * kQueryBlock, head = task % in.n_head;
    const size_t count = std::min(kQueryBlock, n_query - begin);
    attend(in, value_bias, head, n_tok - n_query + begin, scores.data(),
           z.columns(head * in.d_head, in.d_head).slice_rows(begin, count));
  });
}

void attention_rows(const AttentionInputs& in, size_t head, std::span<const int> queries, MatrixView out) {
  const size_t n_query = queries.size(), n_head = out.rows / n_query, n_block = count_blocks(n_query);
  const auto make_buffer = [&] { return Matrix(std::min(kQueryBlock, n_query), in.d_head); };
  const size_t work = out.rows * in.q.rows * in.d_head / 16;
  parallel_for(n_head * n_block, work, make_buffer, [&](size_t task, Matrix& buffer) {
    const size_t begin = task % n_block * kQueryBlock, h = head + task / n_block;
    const ConstMatrixView q = query_head(in, h), k = shared_head(in, in.k, h);
    const auto chosen = queries.subspan(begin, std::min(kQueryBlock, n_query - begin));
    for (size_t i = 0; i < chosen.size(); ++i) {
      std::ranges::copy(q.row(static_cast<size_t>(chosen[i])), buffer.row(i).data());
    }
    const size_t n_key = static_cast<size_t>(*std::ranges::max_element(chosen)) + 1;
    const MatrixView rows = out.slice_rows(task / n_block * n_query + begin, chosen.size());
    sgemm(true, rows.rows, n_key, in.d_head, in.scale, buffer.data(), in.d_head, k.data, k.stride, rows.data,
          rows.stride);
    for (size_t i = 0; i < chosen.size(); ++i) {
      causal_softmax(in, h, rows.row(i).data(), static_cast<size_t>(chosen[i]), out.cols);
    }
  });
}

}  // namespace limpid::cpu
