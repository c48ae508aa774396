#include "forward/run.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <vector>

#include "forward/blocks/blocks.h"

namespace limpid {

namespace {

Status check_ids(const ModelSpec& spec, std::span<const int> ids) {
  if (ids.empty())
    return fail(ErrorCode::kInvalidArgument, "prompt: expected at least one token, found none");
  if (ids.size() > static_cast<size_t>(spec.n_ctx)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("prompt: the model's context holds {} tokens, found {}", spec.n_ctx, ids.size()),
                "shorten the prompt");
  }
  for (size_t t = 0; t < ids.size(); ++t) {
    if (ids[t] >= 0 && ids[t] < spec.n_vocab) continue;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("prompt: token {} has id {}, expected 0 to {}", t, ids[t], spec.n_vocab - 1));
  }
  return {};
}

Status check_finite(ConstMatrixView state, std::string_view what, int layer) {
  for (size_t t = 0; t < state.rows; ++t) {
    if (std::ranges::all_of(state.row(t), [](float x) { return std::isfinite(x); })) continue;
    return fail(ErrorCode::kCorrupt, fmt::format("layer {}: {} of token {} is not finite", layer, what, t),
                "corrupt weights, or a model whose activations overflow float32");
  }
  return {};
}

/// x is the normed state, or the state where the model does not norm it.
ConstMatrixView normed_input(const Model& model, const std::optional<Norm>& norm, ConstMatrixView x,
                             Matrix& buffer) {
  if (!norm) return x;
  apply_norm(model, *norm, x, buffer.view());
  return buffer.view();
}

/// out = state + added, where `added` is first scaled by the model's residual multiplier. All [m, d].
void add_to_stream(const Model& model, ConstMatrixView state, MatrixView added, MatrixView out) {
  const float multiplier = model.spec().residual_multiplier;
  for (size_t t = 0; t < out.rows; ++t) {
    if (multiplier != 1) {
      for (float& x : added.row(t)) x *= multiplier;
    }
    std::memcpy(out.row(t).data(), state.row(t).data(), out.cols * sizeof(float));
  }
  model.backend().add(added, out);
}

/// Fills the trace's layer l, whose resid_pre is there.
void run_layer(const Model& model, int l, std::span<const Rotation> rotations, const RunOptions& options,
               Trace& trace) {
  const Layer& layer = model.layer(l);
  LayerTrace& state = trace.layers[static_cast<size_t>(l)];
  const ConstMatrixView resid_pre = trace.resid_pre(l);
  const size_t n_tok = resid_pre.rows, d = resid_pre.cols;
  Matrix buffer(n_tok, d);

  Matrix attention_out(n_tok, d);
  attention_block(model, l, rotations, normed_input(model, layer.attention_norm, resid_pre, buffer), trace,
                  attention_out.view());
  if (layer.attention_post_norm) {
    state.attention_post_scale = apply_post_norm(model, *layer.attention_post_norm, attention_out.view());
  }
  state.resid_mid = Matrix(n_tok, d);
  add_to_stream(model, resid_pre, attention_out.view(), state.resid_mid.view());

  Matrix ffn_out(n_tok, d);
  const ConstMatrixView x = normed_input(model, layer.ffn_norm, trace.ffn_input(l), buffer);
  if (layer.moe) {
    moe_block(model, *layer.moe, x, ffn_out.view());
  } else {
    ffn_block(model, *layer.ffn, x, ffn_out.view());
  }
  if (layer.ffn_post_norm) {
    state.ffn_post_scale = apply_post_norm(model, *layer.ffn_post_norm, ffn_out.view());
  }
  state.resid_post = Matrix(n_tok, d);
  add_to_stream(model, state.resid_mid.view(), ffn_out.view(), state.resid_post.view());
  if (options.keep_block_outputs) {
    state.attention_out = std::move(attention_out);
    state.ffn_out = std::move(ffn_out);
  }
}

}  // namespace

Result<Trace> run(const Model& model, std::span<const int> ids, const RunOptions& options,
                  const RunControl& control) {
  const ModelSpec& spec = model.spec();
  LIMPID_CHECK_OK(check_ids(spec, ids));
  const size_t n_tok = ids.size();

  Trace trace;
  trace.spec = spec;
  trace.ids.assign(ids.begin(), ids.end());
  trace.embed = Matrix(n_tok, static_cast<size_t>(spec.d_model));
  model.embed(ids, trace.embed.view());
  trace.key_bias = alibi_key_bias(spec, n_tok);
  trace.layers.resize(static_cast<size_t>(spec.n_layer));

  std::vector<Rotation> rotations;
  rotations.reserve(spec.ropes.size());
  for (const RopeSpec& rope : spec.ropes) rotations.emplace_back(rope, n_tok);
  for (int l = 0; l < spec.n_layer; ++l) {
    LIMPID_CHECK_OK(control.tick("forward", static_cast<double>(l) / spec.n_layer));
    run_layer(model, l, rotations, options, trace);
    LIMPID_CHECK_OK(check_finite(trace.layer(l).resid_post.view(), "resid_post", l));
  }
  return trace;
}

Matrix logits(const Model& model, const Trace& trace, std::span<const int> positions) {
  const auto d = static_cast<size_t>(model.spec().d_model);
  const ConstMatrixView last = trace.resid_pre(model.spec().n_layer);
  Matrix normed(positions.size(), d);
  for (size_t i = 0; i < positions.size(); ++i) {
    std::ranges::copy(last.row(static_cast<size_t>(positions[i])), normed.row(i).begin());
  }
  apply_norm(model, model.final_norm(), normed.view(), normed.view());
  Matrix out(positions.size(), static_cast<size_t>(model.spec().n_vocab));
  model.unembed(normed.view(), out.view());
  return out;
}

}  // namespace limpid
