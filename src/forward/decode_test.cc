#include "forward/decode.h"

#include <cstring>
#include <gtest/gtest.h>

namespace limpid {
namespace {

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

void expect_rows(const TensorInfo& tensor, const std::vector<std::vector<float>>& rows) {
  for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
    for (size_t row = 0; row < rows.size(); ++row) {
      std::vector<float> out(tensor.shape.back());
      decode_row(*backend, tensor, row, out);
      EXPECT_EQ(out, rows[row]) << "row " << row << " on " << backend->name();
    }
  }
}

// 8-bit floats with 4 bits of exponent: 0x38 is 1, 0x40 is 2, 0xC4 is -3.
const std::vector<uint8_t> kCodes = {0x38, 0x40, 0xC4, 0x38, 0x40, 0xC4, 0x38, 0x40, 0xC4, 0x38, 0x40, 0xC4};

TEST(DecodeRow, RowsOfAStackCountThrough) {
  const TensorInfo stack = {"x", DType::kF8E4M3, {2, 2, 3}, bytes_of(kCodes)};
  expect_rows(stack, {{1, 2, -3}, {1, 2, -3}, {1, 2, -3}, {1, 2, -3}});
}

TEST(DecodeRow, AScaleForEachRow) {
  const std::vector<float> factors = {1, 10, 100, 0.5f};
  TensorInfo stack = {"x", DType::kF8E4M3, {2, 2, 3}, bytes_of(kCodes)};
  stack.scale = {DType::kF32, bytes_of(factors), 4, 1, 1, 3};
  expect_rows(stack, {{1, 2, -3}, {10, 20, -30}, {100, 200, -300}, {0.5f, 1, -1.5f}});
}

TEST(DecodeRow, AScaleForEachBlock) {
  const std::vector<uint16_t> factors = {0x3F80, 0x4000, 0x4040, 0x4080};  // BF16: 1, 2, 3, 4
  TensorInfo matrix = {"x", DType::kF8E4M3, {4, 3}, bytes_of(kCodes)};
  matrix.scale = {DType::kBF16, bytes_of(factors), 2, 2, 3, 2};  // blocks at the edges are smaller
  expect_rows(matrix, {{1, 2, -6}, {1, 2, -6}, {1, 2, -6}, {3, 6, -12}});
}

TEST(DecodeRow, OneScale) {
  const std::vector<uint16_t> half = {0x3800};  // F16
  TensorInfo matrix = {"x", DType::kF8E4M3, {4, 3}, bytes_of(kCodes)};
  matrix.scale = {DType::kF16, bytes_of(half), 1, 1, 4, 3};
  expect_rows(matrix, {{0.5f, 1, -1.5f}, {0.5f, 1, -1.5f}, {0.5f, 1, -1.5f}, {0.5f, 1, -1.5f}});
}

TEST(DecodeRow, ManyScalesInARow) {
  constexpr size_t kCols = 300;
  const std::vector<uint8_t> codes(2 * kCols, 0x38);
  std::vector<float> factors(kCols);
  std::vector<std::vector<float>> rows(2);
  for (size_t i = 0; i < 2 * kCols; ++i) rows[i / kCols].push_back(static_cast<float>(i / 2));
  for (size_t i = 0; i < kCols; ++i) factors[i] = static_cast<float>(i);
  TensorInfo matrix = {"x", DType::kF8E4M3, {2, kCols}, bytes_of(codes)};
  matrix.scale = {DType::kF32, bytes_of(factors), 2, kCols / 2, 1, 2};
  expect_rows(matrix, rows);
}

TEST(DecodeRow, FourBitFloatsWithPowersOfTwo) {
  // Row 0: 1, -1, 1, -1, ... (codes 2 and 10) in both blocks. Row 1: 6, 0.5, ... (codes 7 and 1).
  std::vector<uint8_t> codes(32, 0xA2);
  codes.resize(64, 0x17);
  const std::vector<uint8_t> exponents = {127, 129, 126, 130};
  TensorInfo matrix = {"x", DType::kFP4, {2, 64}, bytes_of(codes)};
  matrix.scale = {DType::kF8E8M0, bytes_of(exponents), 2, 2, 1, 32};
  std::vector<std::vector<float>> rows(2, std::vector<float>(64));
  for (size_t i = 0; i < 64; ++i) {
    rows[0][i] = (i % 2 == 0 ? 1.0f : -1.0f) * (i < 32 ? 1.0f : 4.0f);
    rows[1][i] = (i % 2 == 0 ? 6.0f : 0.5f) * (i < 32 ? 0.5f : 8.0f);
  }
  expect_rows(matrix, rows);
}

TEST(DecodeVector, IsScaledToo) {
  const std::vector<float> factor = {2};
  TensorInfo vector = {"x", DType::kF8E4M3, {12}, bytes_of(kCodes)};
  EXPECT_EQ(decode_vector(cpu_backend(), vector)[2], -3);
  vector.scale = {DType::kF32, bytes_of(factor), 1, 1, 1, 12};
  EXPECT_EQ(decode_vector(cpu_backend(), vector)[2], -6);
}

}  // namespace
}  // namespace limpid
