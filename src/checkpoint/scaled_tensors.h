// Quantised weights of Hugging Face folders: a tensor of codes and a tensor of scales become one tensor.
#pragma once

#include <string_view>

#include "base/result.h"
#include "checkpoint/checkpoint.h"

namespace limpid {

/// Whether the way config.json says the weights are quantised is one that join_scales understands.
/// Errors: kUnsupported, naming `origin` and the method; kCorrupt.
Status check_quantization(const Metadata& config, std::string_view origin);

/// Joins, by the names of tensors, and takes what was joined out of the checkpoint:
///
///   X.weight, X.weight_scale      8-bit floats; one scale, or one for each row
///   X.weight, X.weight_scale_inv  8-bit floats; one scale, or one for each block of
///                                 quantization_config.weight_block_size elements. It multiplies, despite its
///                                 name
///   X.input_scale                 for activations, which are not quantised here: dropped
///   X_blocks, X_scales            4-bit floats [..., rows, n, 16 bytes] and powers of two [..., rows, n]
///   become X,
///                                 FP4 [..., rows, 32 n]. (transformers turns such a stack of matrices into
///                                 [..., 32 n, rows]; here it keeps the stored orientation.)
///
/// 8-bit floats without scale stay as they are. Errors: kCorrupt (shapes that do not fit together),
/// kUnsupported.
Status join_scales(Checkpoint& checkpoint);

}  // namespace limpid
