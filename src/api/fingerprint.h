// A name for the content of a model: the same for the same files wherever they lie, another for another
// model.
#pragma once

#include <string>

#include "checkpoint/checkpoint.h"

namespace limpid {

/// SHA-256, in hexadecimal digits, of the metadata and of the names, types, shapes and first and last bytes
/// of all tensors, an adapter's too. Reads some pages of each tensor, not the whole file: for telling models
/// apart, not for proving that bytes are intact.
std::string fingerprint(const Checkpoint& checkpoint);

}  // namespace limpid
