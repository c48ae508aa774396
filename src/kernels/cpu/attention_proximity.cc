// The heart of attribution: proximity of a[r, k] u[k] to y[r] for every query r and key k. A task is a block
// of queries and keys; each of its numbers is computed the same way whatever the blocks are.
#include <algorithm>

#include "kernels/cpu/attention_proximity_kernel.h"
#include "kernels/cpu/ops.h"
#include "kernels/cpu/parallel.h"

namespace limpid::cpu {

namespace {

constexpr size_t kKeyBlock = 64;
// Coordinates are taken in slices: four queries stay in the first cache, a block of keys in the second.
constexpr size_t kLargestSlice = 768;

size_t round_up(size_t n, size_t unit) {
  return (n + unit - 1) / unit * unit;
}

// More queries per task read u less often; fewer make more tasks.
size_t query_block(size_t n_query) {
  return n_query < 128 ? 16 : n_query < 512 ? 32 : 64;
}

size_t slice_length(size_t d) {
  const size_t n_slice = (d + kLargestSlice - 1) / kLargestSlice;
  return round_up((d + n_slice - 1) / n_slice, kKernelPadding);
}

struct Problem {
  ConstMatrixView y;
  std::span<const int> queries;
  ConstMatrixView u;
  ConstMatrixView a;
  float* out;
  size_t out_row_stride;
  size_t out_key_stride;
};

// One thread's buffers for a task.
struct Block {
  Block(size_t n_row, size_t slice)
      : abs(n_row, slice), sign(n_row, slice), c(n_row, kKeyBlock), sums(n_row, kKeyBlock) {}
  Matrix abs, sign;  // of one slice of y
  Matrix c, sums;    // by query and key
};

// Rows and keys of a task, the last ones included.
struct Range {
  size_t first_row, last_row, first_key, last_key;
};

void set_scales(const Problem& p, const Range& range, Block& block) {
  // Below the smallest a, c |y| would overflow; a c = 2 no longer holds there, on values that are too small
  // to matter.
  constexpr float kSmallest = 1e-30f;
  for (size_t r = range.first_row; r <= range.last_row; ++r) {
    const float* const a = p.a.row(r).data() + range.first_key;
    float* const c = block.c.row(r - range.first_row).data();
    for (size_t k = 0; k <= range.last_key - range.first_key; ++k) c[k] = 2 / std::max(a[k], kSmallest);
  }
}

// Adds coordinates [begin, begin + n) to the sums of four rows from `row` on. Rows and keys past the end
// repeat the last one; their sums are not read.
void add_rows(const Problem& p, const Range& range, size_t row, size_t begin, size_t n, Block& block) {
  const size_t i = row - range.first_row;
  const auto chosen = p.queries.subspan(row, std::min(kKernelQueries, range.last_row + 1 - row));
  const size_t last_key = std::min(range.last_key, static_cast<size_t>(*std::ranges::max_element(chosen)));
  QuerySigns y[kKernelQueries];
  for (size_t q = 0; q < kKernelQueries; ++q) {
    const size_t source = std::min(i + q, range.last_row - range.first_row);
    y[q] = {block.abs.row(source).data(), block.sign.row(source).data()};
  }
  for (size_t key = range.first_key; key <= last_key; key += kKernelKeys) {
    const float* const u0 = p.u.row(key).data() + begin;
    const float* const u1 = p.u.row(std::min(key + 1, last_key)).data() + begin;
    const size_t k = key - range.first_key;
    add_four_by_two(y, u0, u1, n, block.c.row(i).data() + k, block.sums.row(i).data() + k, kKeyBlock);
  }
}

void add_slice(const Problem& p, const Range& range, size_t begin, size_t n, Block& block) {
  for (size_t r = range.first_row; r <= range.last_row; ++r) {
    const size_t i = r - range.first_row;
    split_signs(p.y.row(r).data() + begin, n, block.abs.row(i).data(), block.sign.row(i).data());
  }
  for (size_t row = range.first_row; row <= range.last_row; row += kKernelQueries) {
    add_rows(p, range, row, begin, n, block);
  }
}

void store(const Problem& p, const Range& range, const Block& block) {
  for (size_t r = range.first_row; r <= range.last_row; ++r) {
    const auto sums = block.sums.row(r - range.first_row);
    const size_t last_key = std::min(range.last_key, static_cast<size_t>(p.queries[r]));
    for (size_t key = range.first_key; key <= last_key; ++key) {
      const float proximity = p.a.at(r, key) * sums[key - range.first_key];
      p.out[r * p.out_row_stride + key * p.out_key_stride] = std::max(0.0f, proximity);
    }
  }
}

void process(const Problem& p, size_t first_row, size_t n_row, size_t first_key, size_t slice, Block& block) {
  const auto largest = static_cast<size_t>(*std::ranges::max_element(p.queries.subspan(first_row, n_row)));
  if (largest < first_key) return;
  const Range range = {first_row, first_row + n_row - 1, first_key,
                       std::min(first_key + kKeyBlock - 1, largest)};
  set_scales(p, range, block);
  std::fill_n(block.sums.data(), block.sums.rows() * kKeyBlock, 0.0f);
  for (size_t begin = 0; begin < p.y.cols; begin += slice) {
    add_slice(p, range, begin, std::min(slice, p.y.cols - begin), block);
  }
  store(p, range, block);
}

}  // namespace

void attention_proximity(ConstMatrixView y, std::span<const int> queries, ConstMatrixView u,
                         ConstMatrixView a, float* out, size_t out_row_stride, size_t out_key_stride) {
  const Problem problem = {y, queries, u, a, out, out_row_stride, out_key_stride};
  const size_t n_row = query_block(y.rows), slice = slice_length(y.cols);
  const size_t n_row_block = (y.rows + n_row - 1) / n_row;
  const size_t n_key_block = (u.rows + kKeyBlock - 1) / kKeyBlock;
  const auto make_block = [&] { return Block(n_row, slice); };
  parallel_for(n_row_block * n_key_block, y.rows * u.rows * y.cols / 4, make_block,
               [&](size_t task, Block& block) {
                 const size_t row = task / n_key_block * n_row, key = task % n_key_block * kKeyBlock;
                 process(problem, row, std::min(n_row, y.rows - row), key, slice, block);
               });
}

}  // namespace limpid::cpu
