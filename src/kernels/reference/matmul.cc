#include "kernels/reference/ops.h"

namespace limpid::reference {

namespace {

class RowMajorMatrix : public PackedMatrix {
 public:
  explicit RowMajorMatrix(Matrix rows) : rows_(std::move(rows)) {}
  size_t n_out() const override { return rows_.rows(); }
  size_t n_in() const override { return rows_.cols(); }
  size_t n_bytes() const override { return n_out() * n_in() * sizeof(float); }
  ConstMatrixView view() const { return rows_.view(); }

 private:
  Matrix rows_;  // [n_out, n_in]
};

}  // namespace

size_t bytes_per_weight(Precision) {
  return sizeof(float);
}

std::unique_ptr<PackedMatrix> pack(size_t n_out, size_t n_in, Precision, const Backend::RowReader& read_row) {
  Matrix rows(n_out, n_in);
  for (size_t i = 0; i < n_out; ++i) read_row(i, rows.row(i));
  return std::make_unique<RowMajorMatrix>(std::move(rows));
}

void matmul(ConstMatrixView x, const PackedMatrix& w, std::span<const float> bias, MatrixView y) {
  gemm(x, static_cast<const RowMajorMatrix&>(w).view(), true, y);
  for (size_t i = 0; i < y.rows; ++i) {
    for (size_t j = 0; j < bias.size(); ++j) y.at(i, j) += bias[j];
  }
}

void gemm(ConstMatrixView a, ConstMatrixView b, bool transpose_b, MatrixView c) {
  for (size_t i = 0; i < c.rows; ++i) {
    for (size_t j = 0; j < c.cols; ++j) {
      double sum = 0;
      for (size_t k = 0; k < a.cols; ++k) sum += double{a.at(i, k)} * (transpose_b ? b.at(j, k) : b.at(k, j));
      c.at(i, j) = static_cast<float>(sum);
    }
  }
}

}  // namespace limpid::reference
