#include "base/matrix.h"

#include <algorithm>
#include <cstdint>
#include <gtest/gtest.h>
#include <numeric>

namespace limpid {
namespace {

/// Row i holds i * cols, i * cols + 1, ...
void number(MatrixView rows, float from) {
  for (size_t i = 0; i < rows.rows; ++i)
    std::iota(rows.row(i).begin(), rows.row(i).end(), from + static_cast<float>(i * rows.cols));
}

bool is_numbered(const Matrix& m) {
  Matrix expected(m.rows(), m.cols());
  number(expected.view(), 0);
  return std::equal(m.data(), m.data() + m.rows() * m.cols(), expected.data());
}

TEST(Matrix, IsZeroedAndAligned) {
  const Matrix m(3, 5);
  EXPECT_EQ(std::count(m.data(), m.data() + 15, 0.0f), 15);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(m.data()) % 64, 0u);
}

TEST(Matrix, IsEmptyWithoutRowsOrColumns) {
  EXPECT_TRUE(Matrix().empty());
  EXPECT_TRUE(Matrix(0, 4).empty());
  EXPECT_TRUE(Matrix(4, 0).empty());
  EXPECT_FALSE(Matrix(1, 1).empty());
  Matrix reserved(0, 4);
  reserved.reserve_rows(2);
  EXPECT_TRUE(reserved.empty());
}

TEST(Matrix, GrowsByRowsThatAreZeroAndKeepsTheOthers) {
  for (const size_t chunk : {1, 2, 7}) {
    Matrix m(0, 3);
    while (m.rows() < 50) {
      const size_t before = m.rows();
      const MatrixView added = m.append_rows(chunk);
      ASSERT_EQ(added.rows, chunk);
      ASSERT_EQ(m.rows(), before + chunk);
      ASSERT_EQ(added.data, m.row(before).data());
      for (size_t i = 0; i < chunk; ++i) EXPECT_EQ(std::ranges::count(added.row(i), 0.0f), 3);
      number(added, static_cast<float>(3 * before));
    }
    EXPECT_TRUE(is_numbered(m)) << chunk;
  }
}

TEST(Matrix, MovesSeldomWhileItGrows) {
  Matrix m(1, 4);
  size_t n_move = 0;
  for (const float* at = m.data(); m.rows() < 1000; at = m.data()) {
    m.append_rows(1);
    n_move += at != m.data();
  }
  EXPECT_LE(n_move, 10u);  // log2(1000)
}

TEST(Matrix, StaysWhereItIsUpToItsReserve) {
  Matrix m(2, 3);
  number(m.view(), 0);
  m.reserve_rows(9);
  EXPECT_EQ(m.rows(), 2u);
  const float* const at = m.data();
  m.reserve_rows(4);
  number(m.append_rows(7), 6);
  EXPECT_EQ(m.data(), at);
  EXPECT_TRUE(is_numbered(m));
}

TEST(Matrix, RowsThatWereDroppedComeBackZeroed) {
  Matrix m(4, 3);
  number(m.view(), 1);
  m.truncate_rows(1);
  EXPECT_EQ(m.rows(), 1u);
  const MatrixView added = m.append_rows(2);
  EXPECT_EQ(std::count(added.data, added.data + 6, 0.0f), 6);
  EXPECT_EQ(m.row(0)[2], 3.0f);
}

TEST(Matrix, AppendsNoRows) {
  Matrix m;
  EXPECT_EQ(m.append_rows(0).rows, 0u);
  Matrix without_columns(2, 0);
  EXPECT_EQ(without_columns.append_rows(3).rows, 3u);
  EXPECT_EQ(without_columns.rows(), 5u);
}

TEST(Matrix, ClonesAreApart) {
  Matrix m(2, 2);
  number(m.view(), 0);
  m.reserve_rows(8);
  const Matrix copy = m.clone();
  m.row(0)[0] = 9;
  m.append_rows(1);
  EXPECT_EQ(copy.rows(), 2u);
  EXPECT_TRUE(is_numbered(copy));
}

}  // namespace
}  // namespace limpid
