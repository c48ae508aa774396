// Stored weights to float32.
#pragma once

#include <span>
#include <vector>

#include "base/matrix.h"
#include "kernels/kernels.h"
#include "model/weights.h"

namespace limpid {

/// Row `row` of a [..., cols] tensor, rows counting all dimensions but the last; scaled where the tensor has
/// a scale, but without an adapter's update. out: [cols].
void decode_row(const Backend& backend, const TensorInfo& tensor, size_t row, std::span<float> out);

/// All elements of a tensor of one dimension.
std::vector<float> decode_vector(const Backend& backend, const TensorInfo& tensor);

/// Entries of all slices one after another; zeros for slices without tensor.
std::vector<float> decode_slices(const Backend& backend, std::span<const VectorSlice> slices);

/// Calls `use` with a reader of the projection's output rows, valid during the call. An adapter's update is
/// part of them: to w come scale B[row, k] A[k, :] for k = 0, 1, ..., one after the other in float32.
/// Transposed tensors are transposed once, as a whole, before that (transient memory: the float32 matrix).
void with_row_reader(const Backend& backend, const LinearWeights& linear,
                     const std::function<void(const Backend::RowReader&)>& use);

/// bfloat16 where every value is one as stored.
Precision weight_precision(const LinearWeights& linear);

}  // namespace limpid
