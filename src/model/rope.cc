#include "model/rope.h"

#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <numbers>

namespace limpid {

namespace {

/// 1 / theta^(2i / n_rot), rounded to float32 at each step as PyTorch does.
std::vector<float> base_frequencies(double theta, int n_rot) {
  std::vector<float> frequency(static_cast<size_t>(n_rot / 2));
  for (size_t i = 0; i < frequency.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(n_rot);
    frequency[i] = 1.0f / static_cast<float>(std::pow(theta, static_cast<double>(exponent)));
  }
  return frequency;
}

/// Llama 3's scaling by wavelength: short waves stay, long waves are divided by `factor`, those between are
/// interpolated.
void scale_llama3(std::vector<float>& frequency, double factor, double low, double high, double n_ctx) {
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

/// GGUF stores the divisors of a precomputed scaling as a float32 tensor.
void divide_by_factors(std::vector<float>& frequency, const TensorInfo& factors, ModelReader& reader) {
  if (factors.type != DType::kF32) {
    reader.set_error(ErrorCode::kUnsupported, fmt::format("tensor '{}' has type {}, expected F32",
                                                          factors.name, info(factors.type).name));
    return;
  }
  for (size_t i = 0; i < frequency.size(); ++i) {
    float factor = 0;
    std::memcpy(&factor, factors.data.data() + i * sizeof(float), sizeof(float));
    frequency[i] /= factor;
  }
}

}  // namespace

RopeSpec read_rope(ModelReader& reader, int n_rot) {
  const double theta = reader.number_or(
      {reader.has({"rope_theta", ""}) ? "rope_theta" : "rope_parameters.rope_theta", "rope.freq_base"},
      10000.0);
  if (!(theta > 1) || !std::isfinite(theta)) {
    reader.set_error(ErrorCode::kCorrupt, fmt::format("expected a rotary base above 1, found {}", theta));
    return {};
  }
  if (n_rot % 2 != 0) {
    reader.set_error(ErrorCode::kCorrupt, fmt::format("expected an even rotary dimension, found {}", n_rot));
    return {};
  }
  RopeSpec rope{base_frequencies(theta, n_rot)};

  const std::string object =
      reader.has({"rope_parameters.rope_type", ""}) ? "rope_parameters" : "rope_scaling";
  const std::string type = reader.text_or({object + ".type", "rope.scaling.type"}, "default");
  const std::string kind = reader.text_or({object + ".rope_type", ""}, type);
  if (kind == "linear") {
    const double factor = reader.number({object + ".factor", "rope.scaling.factor"});
    for (float& f : rope.inverse_frequency) f = static_cast<float>(static_cast<double>(f) / factor);
  } else if (kind == "llama3") {
    scale_llama3(rope.inverse_frequency, reader.number({object + ".factor", ""}),
                 reader.number({object + ".low_freq_factor", ""}),
                 reader.number({object + ".high_freq_factor", ""}),
                 reader.number({object + ".original_max_position_embeddings", ""}));
  } else if (kind != "default" && kind != "none") {
    reader.set_error(ErrorCode::kUnsupported, fmt::format("rope_scaling type '{}' is not supported", kind),
                     "supported: default, linear, llama3");
  }
  const Name factors = {"", "rope_freqs.weight"};
  if (const TensorInfo* tensor = reader.tensor_if(factors, {rope.inverse_frequency.size()})) {
    divide_by_factors(rope.inverse_frequency, *tensor, reader);
  }
  for (const float f : rope.inverse_frequency) {
    if (std::isfinite(f) && f > 0) continue;
    reader.set_error(ErrorCode::kCorrupt, fmt::format("expected positive rotary frequencies, found {}", f));
  }
  return rope;
}

}  // namespace limpid
