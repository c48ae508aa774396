// Next-token predictions from logits.
#pragma once

#include <span>
#include <vector>

#include "limpid/token.h"

namespace limpid {

/// The `count` largest logits, descending; equal logits by ascending id. logits: [n_vocab].
std::vector<Prediction> top_predictions(std::span<const float> logits, size_t count);

/// Of one token. logits: [n_vocab], with `id` among them.
Prediction prediction_of(std::span<const float> logits, int id);

}  // namespace limpid
