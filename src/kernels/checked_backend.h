// A backend made of free functions: checks the arguments once, for every backend alike, then calls.
#pragma once

#include "kernels/kernels.h"

namespace limpid {

/// Arguments as in kernels/kernels.h.
struct BackendFunctions {
  std::string_view name;
  void (*decode)(DType type, const std::byte* bytes, size_t n, float* out);
  size_t (*bytes_per_weight)(Precision precision);
  std::unique_ptr<PackedMatrix> (*pack)(size_t n_out, size_t n_in, Precision precision,
                                        const Backend::RowReader& read_row);
  void (*matmul)(ConstMatrixView x, const PackedMatrix& w, std::span<const float> bias, MatrixView y);
  void (*gemm)(ConstMatrixView a, ConstMatrixView b, bool transpose_b, MatrixView c);
  void (*rms_norm)(ConstMatrixView x, std::span<const float> weight, float eps, MatrixView y);
  void (*layer_norm)(ConstMatrixView x, std::span<const float> weight, std::span<const float> bias, float eps,
                     MatrixView y);
  void (*rope)(MatrixView x, size_t n_head, const RopeAngles& angles, RopePairs pairs);
  void (*attention)(const AttentionInputs& in, std::span<const float> value_bias, MatrixView z);
  void (*attention_rows)(const AttentionInputs& in, size_t head, std::span<const int> queries,
                         MatrixView out);
  void (*activate)(Activation f, MatrixView x);
  void (*gated_activate)(Activation f, ConstMatrixView gate_up, MatrixView y);
  void (*add)(ConstMatrixView x, MatrixView y);
  void (*softmax)(MatrixView x);
  void (*proximity)(ConstMatrixView z, ConstMatrixView y, std::span<float> out);
  void (*attention_proximity)(const AttentionParts& parts, ConstMatrixView y, std::span<const int> queries,
                              MatrixView out);
};

class CheckedBackend : public Backend {
 public:
  explicit CheckedBackend(const BackendFunctions& functions) : f_(functions) {}

  std::string_view name() const override { return f_.name; }
  void decode(DType type, const std::byte* bytes, size_t n, float* out) const override;
  size_t bytes_per_weight(Precision precision) const override { return f_.bytes_per_weight(precision); }
  std::unique_ptr<PackedMatrix> pack(size_t n_out, size_t n_in, Precision precision,
                                     const RowReader& read_row) const override;
  void matmul(ConstMatrixView x, const PackedMatrix& w, std::span<const float> bias,
              MatrixView y) const override;
  void gemm(ConstMatrixView a, ConstMatrixView b, bool transpose_b, MatrixView c) const override;
  void rms_norm(ConstMatrixView x, std::span<const float> weight, float eps, MatrixView y) const override;
  void layer_norm(ConstMatrixView x, std::span<const float> weight, std::span<const float> bias, float eps,
                  MatrixView y) const override;
  void rope(MatrixView x, size_t n_head, const RopeAngles& angles, RopePairs pairs) const override;
  void attention(const AttentionInputs& in, std::span<const float> value_bias, MatrixView z) const override;
  void attention_rows(const AttentionInputs& in, size_t head, std::span<const int> queries,
                      MatrixView out) const override;
  void activate(Activation f, MatrixView x) const override;
  void gated_activate(Activation f, ConstMatrixView gate_up, MatrixView y) const override;
  void add(ConstMatrixView x, MatrixView y) const override;
  void softmax(MatrixView x) const override;
  void proximity(ConstMatrixView z, ConstMatrixView y, std::span<float> out) const override;
  void attention_proximity(const AttentionParts& parts, ConstMatrixView y, std::span<const int> queries,
                           MatrixView out) const override;

 private:
  BackendFunctions f_;
};

}  // namespace limpid
