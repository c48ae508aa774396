#include "model/rope.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

#include "model/rope_scaling.h"

namespace limpid {

namespace {

/// A float32 tensor of divisors, as GGUF stores precomputed scalings; empty when absent.
std::vector<double> read_factors(ModelReader& reader, const char* name, size_t count) {
  const TensorInfo* tensor = reader.tensor_if({"", name}, {count});
  if (tensor == nullptr) return {};
  if (tensor->type != DType::kF32) {
    reader.refuse_if(true, fmt::format("tensor '{}' of type {}", name, info(tensor->type).name));
    return {};
  }
  std::vector<double> factors(count);
  for (size_t i = 0; i < count; ++i) {
    float factor = 0;
    std::memcpy(&factor, tensor->data.data() + i * sizeof(float), sizeof(float));
    factors[i] = static_cast<double>(factor);
  }
  return factors;
}

void divide(std::vector<float>& frequency, const std::vector<double>& factors) {
  for (size_t i = 0; i < factors.size(); ++i) frequency[i] /= static_cast<float>(factors[i]);
}

std::vector<double> list_of_factors(ModelReader& reader, const ScalingKeys& keys, const char* hf,
                                    const char* gguf, size_t count) {
  std::vector<double> factors =
      reader.is_gguf() ? read_factors(reader, gguf, count) : reader.numbers(keys.name(hf, ""));
  if (factors.size() != count) {
    reader.set_error(ErrorCode::kCorrupt, fmt::format("longrope: expected {} entries of {}, found {}", count,
                                                      reader.is_gguf() ? gguf : hf, factors.size()));
    factors.assign(count, 1);
  }
  return factors;
}

/// Phi 3: factors for prompts up to the original context, others beyond; the magnitude is the same for both.
void scale_longrope(ModelReader& reader, const ScalingKeys& keys, int n_ctx, RopeSpec& rope) {
  const size_t count = rope.inverse_frequency.size();
  const int original =
      reader.size_or({"original_max_position_embeddings", "rope.scaling.original_context_length"},
                     reader.size_or(keys.name("original_max_position_embeddings", ""), n_ctx));
  const double factor =
      reader.has({"original_max_position_embeddings", "rope.scaling.original_context_length"})
          ? static_cast<double>(n_ctx) / original
          : reader.number_or(keys.name("factor", "rope.scaling.factor"), 1);
  const double magnitude =
      factor <= 1 ? 1 : std::sqrt(1 + std::log(factor) / std::log(static_cast<double>(original)));
  rope.magnitude = static_cast<float>(
      reader.number_or(keys.name("attention_factor", "rope.scaling.attn_factor"), magnitude));
  rope.beyond = RopeSpec::Long{original, rope.inverse_frequency};
  divide(rope.beyond->inverse_frequency,
         list_of_factors(reader, keys, "long_factor", "rope_factors_long.weight", count));
  divide(rope.inverse_frequency,
         list_of_factors(reader, keys, "short_factor", "rope_factors_short.weight", count));
}

void apply_scaling(ModelReader& reader, const ScalingKeys& keys, double theta, int& n_ctx, RopeSpec& rope) {
  const std::string kind = keys.kind(reader);
  if (kind == "linear") {
    scale_linear(reader.number(keys.name("factor", "rope.scaling.factor")), rope.inverse_frequency);
  } else if (kind == "dynamic") {
    const double factor = reader.number(keys.name("factor", "rope.scaling.factor"));
    rope.beyond = RopeSpec::Long{n_ctx, {}, theta, factor};
    if (factor > 1 && factor < 4096) n_ctx = static_cast<int>(std::min(n_ctx * factor, 1e9));
  } else if (kind == "llama3") {
    scale_llama3(reader, keys, rope.inverse_frequency);
  } else if (kind == "yarn") {
    scale_yarn(reader, keys, theta, n_ctx, rope);
  } else if (kind == "longrope" || kind == "su") {
    scale_longrope(reader, keys, n_ctx, rope);
  } else if (kind != "default" && kind != "none") {
    reader.set_error(ErrorCode::kUnsupported, fmt::format("rope_scaling type '{}' is not supported", kind),
                     "supported: default, linear, dynamic, llama3, yarn, longrope");
  }
}

void check_frequencies(ModelReader& reader, const std::vector<float>& frequency) {
  for (const float f : frequency) {
    if (std::isfinite(f) && f > 0) continue;
    reader.set_error(ErrorCode::kCorrupt, fmt::format("expected positive rotary frequencies, found {}", f));
  }
}

}  // namespace

double read_rope_theta(ModelReader& reader, double fallback) {
  for (const char* key : {"rope_theta", "rope_parameters.rope_theta", "rotary_emb_base"}) {
    if (reader.has({key, ""})) return reader.number_or({key, ""}, fallback);
  }
  return reader.number_or({"", "rope.freq_base"}, fallback);
}

int read_n_rot(ModelReader& reader, const char* fraction_key, double fallback, int d_head) {
  const double fraction = reader.number_or({fraction_key, ""}, fallback);
  if (!(fraction > 0 && fraction <= 1)) {
    reader.set_error(ErrorCode::kCorrupt,
                     fmt::format("'{}': expected a fraction in (0, 1], found {}", fraction_key, fraction));
    return 2;
  }
  return reader.size_or({"", "rope.dimension_count"}, static_cast<int>(d_head * fraction));
}

RopeSpec plain_rope(ModelReader& reader, double theta, int n_rot) {
  if (!(theta > 1) || !std::isfinite(theta)) {
    reader.set_error(ErrorCode::kCorrupt, fmt::format("expected a rotary base above 1, found {}", theta));
    return {};
  }
  if (n_rot % 2 != 0) {
    reader.set_error(ErrorCode::kCorrupt, fmt::format("expected an even rotary dimension, found {}", n_rot));
    return {};
  }
  RopeSpec rope;
  rope.inverse_frequency = base_frequencies(theta, static_cast<size_t>(n_rot));
  return rope;
}

RopeSpec read_rope(ModelReader& reader, int n_rot, int& n_ctx) {
  const double theta = read_rope_theta(reader);
  RopeSpec rope = plain_rope(reader, theta, n_rot);
  if (!reader.status()) return rope;
  apply_scaling(reader, ScalingKeys(reader), theta, n_ctx, rope);
  if (!reader.status()) return rope;
  divide(rope.inverse_frequency, read_factors(reader, "rope_freqs.weight", rope.inverse_frequency.size()));
  check_frequencies(reader, rope.inverse_frequency);
  if (rope.beyond) check_frequencies(reader, rope.beyond->inverse_frequency);
  if (!std::isfinite(rope.magnitude)) {
    reader.set_error(ErrorCode::kCorrupt,
                     fmt::format("expected a finite rotary magnitude, found {}", rope.magnitude));
  }
  return rope;
}

std::vector<float> inverse_frequency(const RopeSpec& rope, size_t n_tok) {
  if (!rope.beyond || n_tok <= static_cast<size_t>(rope.beyond->n_short)) return rope.inverse_frequency;
  const RopeSpec::Long& beyond = *rope.beyond;
  if (!beyond.inverse_frequency.empty()) return beyond.inverse_frequency;
  const auto n_rot = static_cast<double>(2 * rope.inverse_frequency.size());
  const double stretch = beyond.factor * static_cast<double>(n_tok) / beyond.n_short - (beyond.factor - 1);
  return base_frequencies(beyond.theta * std::pow(stretch, n_rot / (n_rot - 2)), static_cast<size_t>(n_rot));
}

}  // namespace limpid
