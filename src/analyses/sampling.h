// Chooses the next token from its logits. The same seed gives the same tokens on every machine.
#pragma once

#include <random>
#include <span>
#include <vector>

#include "limpid/generate.h"

#include "base/result.h"

namespace limpid {

class Sampler {
 public:
  /// Errors: kInvalidArgument for options out of range.
  static Result<Sampler> create(const Sampling& options);

  /// An id. Among equal logits the smaller id counts as the larger one. logits: [n_vocab], none of them NaN
  /// or +infinity, not empty.
  int pick(std::span<const float> logits);

 private:
  explicit Sampler(const Sampling& options) : options_(options), random_(options.seed) {}

  Sampling options_;
  std::mt19937_64 random_;
};

}  // namespace limpid
