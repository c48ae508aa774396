#include "kernels/checked_backend.h"

#include <algorithm>

#include "base/check.h"

namespace limpid {

namespace {

bool same_shape(ConstMatrixView a, ConstMatrixView b) {
  return a.rows == b.rows && a.cols == b.cols;
}

bool all_below(std::span<const int> values, size_t end) {
  return std::ranges::all_of(values, [end](int v) { return v >= 0 && static_cast<size_t>(v) < end; });
}

void check(const AttentionInputs& in) {
  CHECK(in.n_kv_head > 0 && in.n_head % in.n_kv_head == 0 && in.d_head > 0);
  CHECK(in.q.cols == in.n_head * in.d_head && in.k.cols == in.n_kv_head * in.d_head);
  CHECK(same_shape(in.k, in.v) && in.k.rows == in.q.rows);
  CHECK(in.key_bias.rows == 0 || (in.key_bias.rows == in.n_head && in.key_bias.cols == in.q.rows));
  CHECK(in.sinks.empty() || in.sinks.size() == in.n_head);
  CHECK(std::ranges::is_sorted(in.blocked));
}

}  // namespace

void CheckedBackend::decode(DType type, const std::byte* bytes, size_t n, float* out) const {
  CHECK(is_weight_type(type) && n % info(type).block_size == 0);
  if (n > 0) f_.decode(type, bytes, n, out);
}

std::unique_ptr<PackedMatrix> CheckedBackend::pack(size_t n_out, size_t n_in, Precision precision,
                                                   const RowReader& read_row) const {
  CHECK(n_out > 0 && n_in > 0);
  return f_.pack(n_out, n_in, precision, read_row);
}

void CheckedBackend::matmul(ConstMatrixView x, const PackedMatrix& w, std::span<const float> bias,
                            MatrixView y) const {
  CHECK(x.rows == y.rows && x.cols == w.n_in() && y.cols == w.n_out());
  CHECK(bias.empty() || bias.size() == w.n_out());
  if (y.rows > 0) f_.matmul(x, w, bias, y);
}

void CheckedBackend::gemm(ConstMatrixView a, ConstMatrixView b, bool transpose_b, MatrixView c) const {
  CHECK(a.rows == c.rows && a.cols == (transpose_b ? b.cols : b.rows));
  CHECK(c.cols == (transpose_b ? b.rows : b.cols));
  if (c.rows > 0 && c.cols > 0) f_.gemm(a, b, transpose_b, c);
}

void CheckedBackend::rms_norm(ConstMatrixView x, std::span<const float> weight, float eps,
                              MatrixView y) const {
  CHECK(same_shape(x, y) && weight.size() == x.cols);
  f_.rms_norm(x, weight, eps, y);
}

void CheckedBackend::layer_norm(ConstMatrixView x, std::span<const float> weight, std::span<const float> bias,
                                float eps, MatrixView y) const {
  CHECK(same_shape(x, y) && weight.size() == x.cols && (bias.empty() || bias.size() == x.cols));
  f_.layer_norm(x, weight, bias, eps, y);
}

void CheckedBackend::rope(MatrixView x, size_t n_head, const RopeAngles& angles, RopePairs pairs) const {
  CHECK(n_head > 0 && x.cols % n_head == 0 && 2 * angles.cos.cols <= x.cols / n_head);
  CHECK(same_shape(angles.cos, angles.sin) && angles.cos.rows == x.rows);
  f_.rope(x, n_head, angles, pairs);
}

void CheckedBackend::attention(const AttentionInputs& in, std::span<const float> value_bias,
                               MatrixView z) const {
  check(in);
  CHECK(z.rows <= in.q.rows && z.cols == in.q.cols);
  CHECK(value_bias.empty() || value_bias.size() == z.cols);
  if (z.rows > 0) f_.attention(in, value_bias, z);
}

void CheckedBackend::attention_rows(const AttentionInputs& in, size_t head, std::span<const int> queries,
                                    MatrixView out) const {
  check(in);
  CHECK(all_below(queries, out.cols) && out.cols <= in.q.rows);
  CHECK(queries.empty() ? out.rows == 0 : out.rows % queries.size() == 0);
  CHECK(queries.empty() || head + out.rows / queries.size() <= in.n_head);
  if (out.rows > 0) f_.attention_rows(in, head, queries, out);
}

void CheckedBackend::activate(Activation f, MatrixView x) const {
  CHECK(f != Activation::kClampedSwiglu);
  f_.activate(f, x);
}

void CheckedBackend::gated_activate(Activation f, ConstMatrixView gate_up, MatrixView y) const {
  CHECK(gate_up.rows == y.rows && gate_up.cols == 2 * y.cols);
  f_.gated_activate(f, gate_up, y);
}

void CheckedBackend::add(ConstMatrixView x, MatrixView y) const {
  CHECK(same_shape(x, y));
  f_.add(x, y);
}

void CheckedBackend::softmax(MatrixView x) const {
  if (x.cols > 0) f_.softmax(x);
}

void CheckedBackend::proximity(ConstMatrixView z, ConstMatrixView y, std::span<float> out) const {
  CHECK(same_shape(z, y) && out.size() == z.rows);
  f_.proximity(z, y, out);
}

void CheckedBackend::attention_proximity(const AttentionParts& parts, ConstMatrixView y,
                                         std::span<const int> queries, MatrixView out) const {
  const size_t n_key = parts.v.rows;
  CHECK(parts.n_kv_head > 0 && parts.n_head % parts.n_kv_head == 0 && parts.d_head > 0);
  CHECK(parts.v.cols == parts.n_kv_head * parts.d_head);
  CHECK(parts.projection.rows == y.cols && parts.projection.cols == parts.n_head * parts.d_head);
  CHECK(parts.a.rows == parts.n_head * queries.size() && parts.a.cols == n_key);
  CHECK(y.rows == queries.size() && all_below(queries, n_key));
  CHECK(same_shape(parts.a, out));
  if (y.rows > 0) f_.attention_proximity(parts, y, queries, out);
}

}  // namespace limpid
