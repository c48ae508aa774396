#include "model/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numbers>

namespace limpid {

ScalingKeys::ScalingKeys(const ModelReader& reader)
    : object_(reader.has({"rope_parameters.rope_type", ""}) ? "rope_parameters" : "rope_scaling") {}

Name ScalingKeys::name(const char* hf, const char* gguf) const {
  return {object_ + "." + hf, gguf};
}

bool ScalingKeys::say_nothing(const ModelReader& reader) const {
  return !reader.is_gguf() && !is_new() && !reader.is_null({object_, ""}) &&
         !reader.has(name("rope_type", "")) && !reader.has(name("type", ""));
}

std::string ScalingKeys::kind(ModelReader& reader) const {
  // Files of Phi 3 have the factors and do not name the scaling.
  for (const char* factors : {"rope_factors_long.weight", "rope_factors_short.weight"}) {
    if (reader.has_tensor({"", factors})) return "longrope";
  }
  const Name old_name = name("type", "rope.scaling.type");
  const std::string old_kind = reader.text_or(old_name, "default");
  std::string kind = reader.text_or(name("rope_type", ""), old_kind);
  if (reader.has(old_name) && kind != old_kind) {
    reader.set_error(ErrorCode::kCorrupt,
                     fmt::format("'{0}.rope_type' and '{0}.type': expected the same, found '{1}' and '{2}'",
                                 object_, kind, old_kind));
  }
  return kind;
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

double yarn_magnitude(double factor, double weight) {
  return factor <= 1 ? 1 : 0.1 * weight * std::log(factor) + 1;
}

namespace {

std::optional<double> read_yarn_magnitude(ModelReader& reader, const ScalingKeys& keys, double factor) {
  // Hugging Face stores the value itself, GGUF also a multiple of the formula's.
  const Name own = keys.name("attention_factor", "rope.scaling.yarn_attn_factor");
  if (reader.has(own)) return reader.number(own);
  if (reader.is_gguf())
    return yarn_magnitude(factor, 1) * reader.number_or({"", "rope.scaling.attn_factor"}, 1);
  const double by_all = reader.number_or(keys.name("mscale_all_dim", ""), 0),
               by_some = reader.number_or(keys.name("mscale", ""), 0);
  if (by_all == 0 || by_some == 0) return std::nullopt;
  return yarn_magnitude(factor, by_some) / yarn_magnitude(factor, by_all);
}

}  // namespace

Yarn read_yarn(ModelReader& reader, const ScalingKeys& keys, int n_ctx) {
  Yarn yarn;
  yarn.factor = reader.number(keys.name("factor", "rope.scaling.factor"));
  yarn.n_original = reader.number_or(
      keys.name("original_max_position_embeddings", "rope.scaling.original_context_length"), n_ctx);
  yarn.fast = reader.number_or(keys.name("beta_fast", "rope.scaling.yarn_beta_fast"), yarn.fast);
  yarn.slow = reader.number_or(keys.name("beta_slow", "rope.scaling.yarn_beta_slow"), yarn.slow);
  yarn.truncate = reader.flag_or(keys.name("truncate", ""), yarn.truncate);
  yarn.magnitude = read_yarn_magnitude(reader, keys, yarn.factor);
  return yarn;
}

void scale_yarn(const Yarn& yarn, double theta, RopeSpec& rope) {
  const auto n_rot = static_cast<double>(2 * rope.inverse_frequency.size());
  // The pair that turns `rotations` times within the original context.
  const auto pair_of = [&](double rotations) {
    return n_rot * std::log(yarn.n_original / (rotations * 2 * std::numbers::pi)) / (2 * std::log(theta));
  };
  double low = pair_of(yarn.fast), high = pair_of(yarn.slow);
  if (yarn.truncate) {
    low = std::floor(low);
    high = std::ceil(high);
  }
  low = std::max(low, 0.0);
  high = std::min(high, n_rot - 1);
  if (low == high) high += 0.001;
  for (size_t i = 0; i < rope.inverse_frequency.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / (high - low), 0.0, 1.0);
    const double f = static_cast<double>(rope.inverse_frequency[i]);
    rope.inverse_frequency[i] = static_cast<float>(f / yarn.factor * ramp + f * (1 - ramp));
  }
  rope.magnitude = static_cast<float>(yarn.magnitude.value_or(yarn_magnitude(yarn.factor, 1)));
}

}  // namespace limpid
