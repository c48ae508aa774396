#include "forward/decode.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/check.h"

namespace limpid {

namespace {

/// Multiplies a decoded row by the factors of its blocks.
void apply_scale(const Backend& backend, const TensorScale& scale, size_t row, std::span<float> out) {
  constexpr size_t kChunk = 64;  // factors that are decoded at once
  std::array<float, kChunk> factors;
  const size_t factor_bytes = info(scale.type).block_bytes;
  const std::byte* stored = scale.data.data() + row / scale.block_rows * scale.cols * factor_bytes;
  for (size_t begin = 0; begin < scale.cols; begin += kChunk) {
    const size_t count = std::min(kChunk, scale.cols - begin);
    backend.decode(scale.type, stored + begin * factor_bytes, count, factors.data());
    for (size_t i = 0; i < count; ++i) {
      const auto rest = out.subspan((begin + i) * scale.block_cols);
      for (float& value : rest.first(std::min(scale.block_cols, rest.size()))) value *= factors[i];
    }
  }
}

Matrix decode_matrix(const Backend& backend, const TensorInfo& tensor) {
  Matrix out(tensor.shape[0], tensor.shape[1]);
  for (size_t row = 0; row < out.rows(); ++row) decode_row(backend, tensor, row, out.row(row));
  return out;
}

/// An adapter's change of one matrix, its factors decoded.
struct Update {
  Update(const Backend& backend, const LowRankUpdate& update)
      : a(decode_matrix(backend, *update.a)), b(decode_matrix(backend, *update.b)), scale(update.scale) {}

  /// w: [n_in], row `row` of W [n_out, n_in].
  void add_to(size_t row, std::span<float> w) const {
    for (size_t k = 0; k < a.rows(); ++k) {
      const float factor = scale * b.row(row)[k];
      const auto direction = a.row(k);
      for (size_t i = 0; i < w.size(); ++i) w[i] += factor * direction[i];
    }
  }

  Matrix a, b;  // [rank, n_in], [n_out, rank]
  float scale;
};

/// [cols, rows] of matrix `index` of a stored stack [..., rows, cols], in blocks that stay in cache.
Matrix decode_transposed(const Backend& backend, const TensorInfo& tensor, size_t index) {
  constexpr size_t kBlock = 32;
  const size_t cols = tensor.shape.back(), rows = tensor.shape[tensor.shape.size() - 2], first = index * rows;
  Matrix out(cols, rows);
  Matrix block(kBlock, cols);
  for (size_t begin = 0; begin < rows; begin += kBlock) {
    const size_t count = std::min(kBlock, rows - begin);
    for (size_t i = 0; i < count; ++i) decode_row(backend, tensor, first + begin + i, block.row(i));
    for (size_t j = 0; j < cols; ++j) {
      for (size_t i = 0; i < count; ++i) out.row(j)[begin + i] = block.row(i)[j];
    }
  }
  return out;
}

}  // namespace

void decode_row(const Backend& backend, const TensorInfo& tensor, size_t row, std::span<float> out) {
  const size_t bytes = tensor.data.size() / tensor.n_row();
  backend.decode(tensor.type, tensor.data.data() + row * bytes, out.size(), out.data());
  if (tensor.scale) apply_scale(backend, *tensor.scale, row, out);
}

std::vector<float> decode_vector(const Backend& backend, const TensorInfo& tensor) {
  std::vector<float> out(tensor.n_element());
  decode_row(backend, tensor, 0, out);
  return out;
}

std::vector<float> decode_slices(const Backend& backend, std::span<const VectorSlice> slices) {
  std::vector<float> out;
  for (const VectorSlice& slice : slices) {
    if (slice.tensor == nullptr) {
      out.resize(out.size() + slice.count);
      continue;
    }
    const std::vector<float> all = decode_vector(backend, *slice.tensor);
    for (size_t i = 0; i < slice.count; ++i) out.push_back(all[slice.begin + i * slice.stride]);
  }
  return out;
}

void with_row_reader(const Backend& backend, const LinearWeights& linear,
                     const std::function<void(const Backend::RowReader&)>& use) {
  std::map<std::pair<const TensorInfo*, size_t>, Matrix> transposed;  // by tensor and matrix in it
  std::map<const TensorInfo*, Update> updates;
  std::vector<size_t> first_row;  // of each slice
  size_t n_row = 0;
  for (const RowSlice& slice : linear.rows) {
    first_row.push_back(n_row);
    n_row += slice.count;
    const std::pair key(slice.tensor, slice.matrix);
    if (slice.transposed && !transposed.contains(key)) {
      transposed.emplace(key, decode_transposed(backend, *slice.tensor, slice.matrix));
    }
    if (const auto& update = slice.tensor->update) updates.try_emplace(slice.tensor, backend, *update);
  }
  CHECK(n_row == linear.n_out);

  use([&](size_t row, std::span<float> out) {
    const auto after = std::ranges::upper_bound(first_row, row);
    const auto index = static_cast<size_t>(after - first_row.begin()) - 1;
    const RowSlice& slice = linear.rows[index];
    const size_t stored = slice.begin + (row - first_row[index]) * slice.stride;
    if (slice.transposed) {
      std::ranges::copy(transposed.at({slice.tensor, slice.matrix}).row(stored), out.begin());
    } else {
      decode_row(backend, *slice.tensor, stored, out);
    }
    if (const auto update = updates.find(slice.tensor); update != updates.end()) {
      update->second.add_to(stored, out);
    }
  });
}

Precision weight_precision(const LinearWeights& linear) {
  const bool as_stored = std::ranges::all_of(linear.rows, [](const RowSlice& slice) {
    return slice.tensor->type == DType::kBF16 && !slice.tensor->scale && !slice.tensor->update;
  });
  return as_stored ? Precision::kBFloat16 : Precision::kFloat32;
}

}  // namespace limpid
