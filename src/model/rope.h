// Rotary frequencies and their scalings, from configuration.
#pragma once

#include "model/reader.h"
#include "model/spec.h"

namespace limpid {

/// Reads rope_theta and rope_scaling (Hugging Face: types default, linear, llama3; GGUF: none, linear, and
/// the factors in `rope_freqs.weight`). Other types are refused by name, through the reader's status.
RopeSpec read_rope(ModelReader& reader, int n_rot);

}  // namespace limpid
