// What the kernel tests share: matrices in awkward memory, every vector target, bounds on rounding.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <gtest/gtest.h>
#include <hwy/highway.h>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "base/matrix.h"
#include "kernels/kernels.h"

namespace limpid::testing {

/// Relative error of one rounding to float32.
constexpr double kUnit = 0x1p-24;

/// Bound on the relative error of n roundings in a row: n u / (1 - n u).
inline double roundings(double n) {
  return n * kUnit / (1 - n * kUnit);
}

enum class Fill {
  kNormal,   // unit normal
  kMassive,  // 1e4 in every 50th place, 1e-2 elsewhere, as in the residual stream of trained models
  kZero,
};
constexpr Fill kFills[] = {Fill::kNormal, Fill::kMassive, Fill::kZero};

inline void fill(std::span<float> values, Fill how, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  for (float& v : values) {
    const float scale = how == Fill::kZero     ? 0.0f
                        : how == Fill::kNormal ? 1.0f
                        : random() % 50        ? 1e-2f
                                               : 1e4f;
    v = normal(random) * scale;
  }
}

/// A matrix whose rows are neither aligned nor adjacent. Memory outside the view is watched.
class AwkwardMatrix {
 public:
  AwkwardMatrix(size_t rows, size_t cols, Fill how, uint32_t seed, size_t offset = 1, size_t gap = 3)
      : storage_(offset + rows * (cols + gap), kGuard), offset_(offset), rows_(rows), cols_(cols), gap_(gap) {
    for (size_t i = 0; i < rows; ++i) fill(view().row(i), how, seed * 7919 + static_cast<uint32_t>(i));
  }
  MatrixView view() { return {storage_.data() + offset_, rows_, cols_, cols_ + gap_}; }
  ConstMatrixView view() const { return {storage_.data() + offset_, rows_, cols_, cols_ + gap_}; }
  operator MatrixView() { return view(); }
  operator ConstMatrixView() const { return view(); }
  std::span<const float> row(size_t i) const { return view().row(i); }
  float at(size_t i, size_t j) const { return view().at(i, j); }
  size_t rows() const { return rows_; }
  size_t cols() const { return cols_; }

  /// Whether nothing was written outside the view.
  bool guards_intact() const {
    for (size_t i = 0; i < storage_.size(); ++i) {
      const bool inside = i >= offset_ && (i - offset_) % (cols_ + gap_) < cols_;
      if (!inside && storage_[i] != kGuard) return false;
    }
    return true;
  }

 private:
  static constexpr float kGuard = 12345.678f;
  std::vector<float> storage_;
  size_t offset_, rows_, cols_, gap_;
};

/// Runs the test for every vector target that this machine has and this build contains.
template <class Test>
void for_each_target(const Test& test) {
  const std::vector<int64_t> targets = hwy::SupportedAndGeneratedTargets();
  ASSERT_FALSE(targets.empty());
  for (const int64_t target : targets) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    test();
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

/// Expects |got - want| <= bound(i, j) everywhere.
template <class Bound>
void expect_near(ConstMatrixView got, ConstMatrixView want, const Bound& bound) {
  ASSERT_EQ(got.rows, want.rows);
  ASSERT_EQ(got.cols, want.cols);
  for (size_t i = 0; i < got.rows; ++i) {
    for (size_t j = 0; j < got.cols; ++j) {
      const double allowed = bound(i, j);
      ASSERT_LE(std::abs(double{got.at(i, j)} - want.at(i, j)), allowed)
          << "at [" << i << ", " << j << "]: " << got.at(i, j) << " for " << want.at(i, j);
    }
  }
}

inline bool same_bits(ConstMatrixView a, ConstMatrixView b) {
  if (a.rows != b.rows || a.cols != b.cols) return false;
  for (size_t i = 0; i < a.rows; ++i) {
    if (std::memcmp(a.row(i).data(), b.row(i).data(), a.cols * sizeof(float)) != 0) return false;
  }
  return true;
}

/// Packs a matrix in memory.
inline std::unique_ptr<PackedMatrix> pack(const Backend& backend, ConstMatrixView w,
                                          Precision precision = Precision::kFloat32) {
  return backend.pack(w.rows, w.cols, precision,
                      [&](size_t row, std::span<float> out) { std::ranges::copy(w.row(row), out.begin()); });
}

}  // namespace limpid::testing
