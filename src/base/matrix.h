// Row-major float matrices: an owner (Matrix) and non-owning views of rows that may be strided.
//
//   Matrix x(n_tok, d_model);                 // zeroed, 64-byte aligned
//   MatrixView head = x.view().columns(0, 64) // same memory, 64 of d_model columns
//   MatrixView next = x.append_rows(1);       // grows at the end; views from before are void now
//
// Not a tensor library: no arithmetic here (see kernels/kernels.h), no reference counting.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <type_traits>

#include "base/check.h"

namespace limpid {

/// View of [rows, cols] floats; row i starts at data + i * stride. T is float or const float.
template <class T>
struct BasicMatrixView {
  T* data = nullptr;
  size_t rows = 0;
  size_t cols = 0;
  size_t stride = 0;

  BasicMatrixView() = default;
  BasicMatrixView(T* d, size_t r, size_t c, size_t s) : data(d), rows(r), cols(c), stride(s) {}
  BasicMatrixView(T* d, size_t r, size_t c) : BasicMatrixView(d, r, c, c) {}
  /// A mutable view converts to a const one.
  template <class U>
    requires(std::is_const_v<T> && std::is_same_v<const U, T>)
  BasicMatrixView(const BasicMatrixView<U>& o) : BasicMatrixView(o.data, o.rows, o.cols, o.stride) {}

  std::span<T> row(size_t i) const { return {data + i * stride, cols}; }
  T& at(size_t i, size_t j) const { return data[i * stride + j]; }
  BasicMatrixView columns(size_t begin, size_t count) const { return {data + begin, rows, count, stride}; }
  BasicMatrixView slice_rows(size_t begin, size_t count) const {
    return {data + begin * stride, count, cols, stride};
  }
};

using MatrixView = BasicMatrixView<float>;
using ConstMatrixView = BasicMatrixView<const float>;

/// Owns [rows, cols] floats, contiguous, zeroed. Move-only; copy explicitly with clone(). Rows can be
/// appended: room for them at least doubles when it is used up, so that row by row costs no more than all at
/// once.
class Matrix {
 public:
  Matrix() = default;
  Matrix(size_t rows, size_t cols) : cols_(cols) { append_rows(rows); }

  size_t rows() const { return rows_; }
  size_t cols() const { return cols_; }
  bool empty() const { return rows_ == 0 || cols_ == 0; }
  /// Bytes taken, those of rows to come too.
  size_t n_bytes() const { return capacity_ * cols_ * sizeof(float); }
  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::span<float> row(size_t i) { return {data_.get() + i * cols_, cols_}; }
  std::span<const float> row(size_t i) const { return {data_.get() + i * cols_, cols_}; }
  MatrixView view() { return {data_.get(), rows_, cols_, cols_}; }
  ConstMatrixView view() const { return {data_.get(), rows_, cols_, cols_}; }
  Matrix clone() const {
    Matrix copy(rows_, cols_);
    if (!empty()) std::memcpy(copy.data(), data(), rows_ * cols_ * sizeof(float));
    return copy;
  }

  /// Makes room for `rows` rows in all: up to there appending moves nothing.
  void reserve_rows(size_t rows) {
    if (rows <= capacity_) return;
    Storage grown = allocate(rows * cols_);
    if (!empty()) std::memcpy(grown.get(), data(), rows_ * cols_ * sizeof(float));
    data_ = std::move(grown);
    capacity_ = rows;
  }
  /// Appends zeroed rows and returns them.
  MatrixView append_rows(size_t count) {
    const size_t first = rows_;
    if (first + count > capacity_) reserve_rows(std::max(first + count, 2 * capacity_));
    rows_ += count;
    const MatrixView appended = view().slice_rows(first, count);
    if (count * cols_ > 0) std::memset(appended.data, 0, count * cols_ * sizeof(float));
    return appended;
  }
  /// Drops all rows but the first `rows`; their room stays.
  void truncate_rows(size_t rows) {
    CHECK(rows <= rows_);
    rows_ = rows;
  }

 private:
  static constexpr size_t kAlignment = 64;
  struct Free {
    void operator()(float* p) const { ::operator delete(p, std::align_val_t{kAlignment}); }
  };
  using Storage = std::unique_ptr<float[], Free>;
  static Storage allocate(size_t count) {
    if (count == 0) return nullptr;
    const size_t bytes = (count * sizeof(float) + kAlignment - 1) / kAlignment * kAlignment;
    return Storage(static_cast<float*>(::operator new(bytes, std::align_val_t{kAlignment})));
  }

  Storage data_;
  size_t rows_ = 0;
  size_t cols_ = 0;
  size_t capacity_ = 0;  // rows that data_ has room for
};

}  // namespace limpid
