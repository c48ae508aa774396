// Rotary frequencies and their scalings, from configuration.
#pragma once

#include "model/reader.h"
#include "model/spec.h"

namespace limpid {

/// Reads the base and the scaling: default, linear, dynamic, llama3, yarn and longrope (in GGUF: none,
/// linear, yarn, longrope, and factors in `rope_freqs.weight` or `rope_factors_{short,long}.weight`). Other
/// types are refused by name, through the reader's status. The formulas are those of Hugging Face.
///
/// `n_rot`: rotated coordinates of a head, even. `n_ctx`: longest prompt by configuration; it is raised where
/// a dynamic scaling allows more.
RopeSpec read_rope(ModelReader& reader, int n_rot, int& n_ctx);

/// Without scaling: 1 / theta^(2i / n_rot), the reader's error when theta or n_rot make no sense.
RopeSpec plain_rope(ModelReader& reader, double theta, int n_rot);

/// The base: `rope_theta`, or where a newer configuration keeps it, or GGUF's.
double read_rope_theta(ModelReader& reader, double fallback = 10000);

/// n_rot from a fraction of the head ("partial_rotary_factor"), or from GGUF, which stores the number.
int read_n_rot(ModelReader& reader, const char* fraction_key, double fallback, int d_head);

/// Frequencies for a prompt of n_tok tokens. [n_rot/2]
std::vector<float> inverse_frequency(const RopeSpec& rope, size_t n_tok);

}  // namespace limpid
