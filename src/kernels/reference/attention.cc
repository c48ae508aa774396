#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/attention_heads.h"
#include "kernels/reference/ops.h"

namespace limpid::reference {

namespace {

// scores -> exp(scores) / sum exp(scores); zeros where all are minus infinity
void softmax_row(std::vector<double>& scores) {
  const double max = *std::max_element(scores.begin(), scores.end());
  if (std::isinf(max)) {
    std::ranges::fill(scores, 0.0);
    return;
  }
  double sum = 0;
  for (double& s : scores) sum += s = std::exp(s - max);
  for (double& s : scores) s /= sum;
}

double score(const AttentionInputs& in, size_t head, size_t query, size_t key) {
  const ConstMatrixView q = query_head(in, head), k = shared_head(in, in.k, head);
  for (const BlockedKey& pair : blocked_keys(in, head, query)) {
    if (static_cast<size_t>(pair.key) == key) return -std::numeric_limits<double>::infinity();
  }
  double dot = 0;
  for (size_t i = 0; i < in.d_head; ++i) dot += double{q.at(query, i)} * k.at(key, i);
  double s = in.scale * dot;
  if (in.softcap > 0) s = in.softcap * std::tanh(s / in.softcap);
  return in.key_bias.rows == 0 ? s : s + in.key_bias.at(head, key);
}

// A[query, key] for key = 0..query; 0 for keys out of reach.
std::vector<double> probabilities(const AttentionInputs& in, size_t head, size_t query) {
  std::vector<double> scores;
  for (size_t key = first_key(in, query); key <= query; ++key) {
    scores.push_back(score(in, head, query, key));
  }
  if (!in.sinks.empty()) scores.push_back(in.sinks[head]);
  softmax_row(scores);
  if (!in.sinks.empty()) scores.pop_back();
  std::vector<double> row(first_key(in, query));
  row.insert(row.end(), scores.begin(), scores.end());
  return row;
}

}  // namespace

void attention(const AttentionInputs& in, std::span<const float> value_bias, MatrixView z) {
  const size_t first = in.q.rows - z.rows;
  for (size_t head = 0; head < in.n_head; ++head) {
    const ConstMatrixView v = shared_head(in, in.v, head);
    for (size_t query = first; query < in.q.rows; ++query) {
      const std::vector<double> a = probabilities(in, head, query);
      for (size_t i = 0; i < in.d_head; ++i) {
        const size_t column = head * in.d_head + i;
        const double bias = value_bias.empty() ? 0 : value_bias[column];
        double sum = 0;
        for (size_t key = 0; key <= query; ++key) sum += a[key] * (v.at(key, i) + bias);
        z.at(query - first, column) = static_cast<float>(sum);
      }
    }
  }
}

void attention_rows(const AttentionInputs& in, size_t head, std::span<const int> queries, MatrixView out) {
  for (size_t r = 0; r < out.rows; ++r) {
    const auto query = static_cast<size_t>(queries[r % queries.size()]);
    const std::vector<double> a = probabilities(in, head + r / queries.size(), query);
    std::ranges::fill(out.row(r), 0.0f);
    for (size_t key = 0; key <= query; ++key) out.at(r, key) = static_cast<float>(a[key]);
  }
}

void softmax(MatrixView x) {
  for (size_t i = 0; i < x.rows; ++i) {
    std::vector<double> row(x.row(i).begin(), x.row(i).end());
    softmax_row(row);
    for (size_t j = 0; j < x.cols; ++j) x.at(i, j) = static_cast<float>(row[j]);
  }
}

}  // namespace limpid::reference
