#include "analyses/direct_attribution.h"

#include <array>
#include <cmath>
#include <fmt/format.h>

#include "attribution/frozen_norm.h"
#include "attribution/part_vectors.h"
#include "attribution/patched_parts.h"
#include "graph/subject.h"

namespace limpid {

namespace {

FrozenNorm final_norm(const Model& model, const Trace& trace, int position) {
  return FrozenNorm(model, trace.resid_pre(model.spec().n_layer).row(static_cast<size_t>(position)));
}

/// What is no part of the stream: final_norm_bias, unembed_bias, softcap; those that the model has.
void add_constants(const Model& model, std::span<const float> norm_bias, int token,
                   std::vector<LogitPart>& parts) {
  if (!norm_bias.empty()) {
    const std::vector<float> row = model.unembed_direction(token);
    parts.push_back({"final_norm_bias", dot(std::vector<double>(row.begin(), row.end()), norm_bias)});
  }
  if (!model.description().weights.unembed.bias.empty()) {
    parts.push_back({"unembed_bias", static_cast<double>(model.unembed_bias(token))});
  }
  const auto cap = static_cast<double>(model.spec().logit_softcap);
  if (cap <= 0) return;
  double sum = 0;
  for (const LogitPart& part : parts) sum += part.logit;
  parts.push_back({"softcap", cap * std::tanh(sum / cap) - sum});
}

}  // namespace

std::vector<double> logit_direction(const Model& model, const Trace& trace, int position, int token) {
  return final_norm(model, trace, position).pull_back(model.unembed_direction(token));
}

double dot(std::span<const double> direction, std::span<const float> part) {
  double sum = 0;
  for (size_t i = 0; i < part.size(); ++i) sum += direction[i] * static_cast<double>(part[i]);
  return sum;
}

Result<std::vector<std::vector<LogitPart>>> direct_attributions(const Model& model, const Trace& trace,
                                                                int position, std::span<const int> tokens,
                                                                const RunControl& control) {
  std::vector<std::vector<double>> directions;
  directions.reserve(tokens.size());
  for (const int token : tokens) directions.push_back(logit_direction(model, trace, position, token));
  const std::array<int, 1> positions = {position};
  std::vector<std::vector<LogitPart>> out(tokens.size());
  const auto add_part = [&](const std::string& subject, std::span<const float> part) {
    for (size_t i = 0; i < out.size(); ++i) out[i].push_back({subject, dot(directions[i], part)});
  };
  const auto add = [&](Subject::Kind kind, Node node, int index, std::span<const float> part) {
    add_part(to_string(Subject{.kind = kind, .node = node, .index = index}), part);
  };
  // A replaced state keeps a factor of what is below it.
  const auto replace = [&](const char* state, int l, float factor, const Matrix& patch) {
    for (std::vector<LogitPart>& parts : out) {
      for (LogitPart& part : parts) part.logit *= static_cast<double>(factor);
    }
    if (!patch.empty()) add_part(fmt::format("patch.{}.{}@{}", state, l, position), patch.row(0));
  };
  add(Subject::Kind::kNode, {NodeKind::kEmbed, 0, position}, 0,
      trace.embed.row(static_cast<size_t>(position)));
  for (int l = 0; l < model.spec().n_layer; ++l) {
    LIMPID_CHECK_OK(control.tick("attribute", static_cast<double>(l) / model.spec().n_layer));
    const OutputProjection projection(model, l);
    const HeadOutputs heads = head_outputs(model, trace, l, position, projection);
    replace("mid", l, mid_factors(trace, l, positions)[0],
            attention_patch_parts(model, trace, l, positions, projection,
                                  OutputProjection::scales(trace, l, positions)));
    const Node mid = {NodeKind::kMid, l, position}, ffn = {NodeKind::kFfn, l, position};
    for (size_t h = 0; h < heads.heads.rows(); ++h) {
      add(Subject::Kind::kHead, mid, static_cast<int>(h), heads.heads.row(h));
    }
    if (!heads.bias.empty()) add(Subject::Kind::kAttentionBias, mid, 0, heads.bias);
    replace("post", l, post_factors(trace, l, positions)[0], ffn_patch_parts(trace, l, positions));
    add(Subject::Kind::kNode, ffn, 0, ffn_outputs(model, trace, l, positions).row(0));
  }
  for (size_t i = 0; i < out.size(); ++i) {
    add_constants(model, model.final_norm().bias, tokens[i], out[i]);
  }
  return out;
}

Result<std::vector<LogitPart>> direct_attribution(const Model& model, const Trace& trace, int position,
                                                  int token, const RunControl& control) {
  LIMPID_TRY(auto of_tokens, direct_attributions(model, trace, position, {&token, 1}, control));
  return std::move(of_tokens.front());
}

}  // namespace limpid
