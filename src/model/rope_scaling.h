// The formulas of rotary scalings; see rope.h for the reading of them.
#pragma once

#include <string>
#include <vector>

#include "model/reader.h"
#include "model/spec.h"

namespace limpid {

/// Where a configuration keeps its scaling: the object `rope_scaling`, or `rope_parameters` in newer files.
class ScalingKeys {
 public:
  explicit ScalingKeys(const ModelReader& reader);
  Name name(const char* hf, const char* gguf) const;
  /// "default" where nothing is said.
  std::string kind(ModelReader& reader) const;

 private:
  std::string object_;
};

/// 1 / theta^(2i / n_rot), rounded to float32 at each step as PyTorch does. n_rot/2 entries.
std::vector<float> base_frequencies(double theta, size_t n_rot);

void scale_linear(double factor, std::vector<float>& frequency);

/// Llama 3: by wavelength. Short waves stay, long waves are divided by `factor`, those between are
/// interpolated.
void scale_llama3(ModelReader& reader, const ScalingKeys& keys, std::vector<float>& frequency);

/// YaRN (arXiv 2309.00071): a ramp between unscaled and divided frequencies, and a magnitude.
void scale_yarn(ModelReader& reader, const ScalingKeys& keys, double theta, int n_ctx, RopeSpec& rope);

}  // namespace limpid
