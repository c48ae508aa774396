// Next-token predictions from logits.
#pragma once

#include <span>
#include <vector>

namespace limpid {

struct Prediction {
  int id = 0;
  float logit = 0;
  double probability = 0;  // softmax over the whole vocabulary
};

/// The `count` largest logits, descending; equal logits by ascending id. logits: [n_vocab].
std::vector<Prediction> top_predictions(std::span<const float> logits, size_t count);

}  // namespace limpid
