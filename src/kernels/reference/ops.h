// The reference backend, function by function; arguments as in kernels/kernels.h. Sums run in double, so
// that a difference to a float32 backend is that backend's rounding.
#pragma once

#include "kernels/kernels.h"

namespace limpid::reference {

void decode(DType type, const std::byte* bytes, size_t n, float* out);

size_t bytes_per_weight(Precision precision);
std::unique_ptr<PackedMatrix> pack(size_t n_out, size_t n_in, Precision precision,
                                   const Backend::RowReader& read_row);
void matmul(ConstMatrixView x, const PackedMatrix& w, std::span<const float> bias, MatrixView y);
void gemm(ConstMatrixView a, ConstMatrixView b, bool transpose_b, MatrixView c);

void rms_norm(ConstMatrixView x, std::span<const float> weight, float eps, MatrixView y);
void layer_norm(ConstMatrixView x, std::span<const float> weight, std::span<const float> bias, float eps,
                MatrixView y);
void rope(MatrixView x, size_t n_head, const RopeAngles& angles, RopePairs pairs);

void attention(const AttentionInputs& in, std::span<const float> value_bias, MatrixView z);
void attention_rows(const AttentionInputs& in, size_t head, std::span<const int> queries, MatrixView out);
void softmax(MatrixView x);

void activate(Activation f, MatrixView x);
void gated_activate(Activation f, ConstMatrixView gate_up, MatrixView y);
void add(ConstMatrixView x, MatrixView y);

void proximity(ConstMatrixView z, ConstMatrixView y, std::span<float> out);
void attention_proximity(const AttentionParts& parts, ConstMatrixView y, std::span<const int> queries,
                         MatrixView out);

}  // namespace limpid::reference
