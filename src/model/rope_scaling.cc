#include "model/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace limpid {

ScalingKeys::ScalingKeys(const ModelReader& reader)
    : object_(reader.has({"rope_parameters.rope_type", ""}) ? "rope_parameters" : "rope_scaling") {}

Name ScalingKeys::name(const char* hf, const char* gguf) const {
  return {object_ + "." + hf, gguf};
}

std::string ScalingKeys::kind(ModelReader& reader) const {
  // Files of Phi 3 have the factors and do not name the scaling.
  if (reader.has_tensor({"", "rope_factors_long.weight"})) return "longrope";
  return reader.text_or(name("rope_type", ""), reader.text_or(name("type", "rope.scaling.type"), "default"));
}

std::vector<float> base_frequencies(double theta, size_t n_rot) {
  std::vector<float> frequency(n_rot / 2);
  for (size_t i = 0; i < frequency.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(n_rot);
    frequency[i] = 1.0f / static_cast<float>(std::pow(theta, static_cast<double>(exponent)));
  }
  return frequency;
}

void scale_linear(double factor, std::vector<float>& frequency) {
  for (float& f : frequency) f = static_cast<float>(static_cast<double>(f) / factor);
}

void scale_llama3(ModelReader& reader, const ScalingKeys& keys, std::vector<float>& frequency) {
  const double factor = reader.number(keys.name("factor", "")),
               low = reader.number(keys.name("low_freq_factor", "")),
               high = reader.number(keys.name("high_freq_factor", "")),
               n_ctx = reader.number(keys.name("original_max_position_embeddings", ""));
  for (float& f : frequency) {
    const double wavelength = 2 * std::numbers::pi / static_cast<double>(f);
    if (wavelength > n_ctx / low) {
      f = static_cast<float>(static_cast<double>(f) / factor);
    } else if (wavelength >= n_ctx / high) {
      const double smooth = (n_ctx / wavelength - low) / (high - low);
      f = static_cast<float>((1 - smooth) * static_cast<double>(f) / factor +
                             smooth * static_cast<double>(f));
    }
  }
}

namespace {

/// ln-based magnitude of YaRN.
double yarn_magnitude(double factor, double weight) {
  return factor <= 1 ? 1 : 0.1 * weight * std::log(factor) + 1;
}

double read_yarn_magnitude(ModelReader& reader, const ScalingKeys& keys, double factor) {
  const double by_all = reader.number_or(keys.name("mscale_all_dim", ""), 0),
               by_some = reader.number_or(keys.name("mscale", ""), 0);
  const double magnitude = by_all != 0 && by_some != 0
                               ? yarn_magnitude(factor, by_some) / yarn_magnitude(factor, by_all)
                               : yarn_magnitude(factor, 1);
  // GGUF stores a multiple of the formula's value, Hugging Face the value itself.
  if (reader.is_gguf()) return magnitude * reader.number_or({"", "rope.scaling.attn_factor"}, 1);
  return reader.number_or(keys.name("attention_factor", ""), magnitude);
}

}  // namespace

void scale_yarn(ModelReader& reader, const ScalingKeys& keys, double theta, int n_ctx, RopeSpec& rope) {
  const double factor = reader.number(keys.name("factor", "rope.scaling.factor"));
  const double original = reader.number_or(
      keys.name("original_max_position_embeddings", "rope.scaling.original_context_length"), n_ctx);
  const double fast = reader.number_or(keys.name("beta_fast", "rope.scaling.yarn_beta_fast"), 32),
               slow = reader.number_or(keys.name("beta_slow", "rope.scaling.yarn_beta_slow"), 1);
  const bool truncate = reader.flag_or(keys.name("truncate", ""), true);
  const auto n_rot = static_cast<double>(2 * rope.inverse_frequency.size());
  // The pair that turns `rotations` times within the original context.
  const auto pair_of = [&](double rotations) {
    return n_rot * std::log(original / (rotations * 2 * std::numbers::pi)) / (2 * std::log(theta));
  };
  double low = pair_of(fast), high = pair_of(slow);
  if (truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, n_rot - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < rope.inverse_frequency.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    const double f = static_cast<double>(rope.inverse_frequency[i]);
    rope.inverse_frequency[i] = static_cast<float>(f / factor * ramp + f * (1 - ramp));
  }
  rope.magnitude = static_cast<float>(read_yarn_magnitude(reader, keys, factor));
}

}  // namespace limpid
