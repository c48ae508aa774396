// The formulas of rotary scalings; see rope.h for the reading of them.
#pragma once

#include <optional>
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
  bool is_new() const { return object_ == "rope_parameters"; }
  /// Of config.json: whether it lacks the object.
  bool say_nothing(const ModelReader& reader) const;
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
struct Yarn {
  double factor = 1;
  double n_original = 1;  // tokens of the original context
  double fast = 32,
         slow = 1;       // turns within it from which on frequencies are kept, up to which they are divided
  bool truncate = true;  // the ramp begins and ends at whole pairs
  std::optional<double> magnitude = {};  // instead of yarn_magnitude(factor, 1)
};
/// 1 + 0.1 weight ln(factor), and 1 up to a factor of 1.
double yarn_magnitude(double factor, double weight);
Yarn read_yarn(ModelReader& reader, const ScalingKeys& keys, int n_ctx);
void scale_yarn(const Yarn& yarn, double theta, RopeSpec& rope);

}  // namespace limpid
