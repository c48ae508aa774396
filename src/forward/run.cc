#include "forward/run.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fmt/format.h>

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

/// out = a + b, all [m, d].
void sum(const Backend& backend, ConstMatrixView a, ConstMatrixView b, MatrixView out) {
  for (size_t t = 0; t < a.rows; ++t) std::memcpy(out.row(t).data(), a.row(t).data(), a.cols * sizeof(float));
  backend.add(b, out);
}

}  // namespace

Result<Trace> run(const Model& model, std::span<const int> ids, const RunOptions& options,
                  const RunControl& control) {
  const ModelSpec& spec = model.spec();
  LIMPID_CHECK_OK(check_ids(spec, ids));
  const size_t n_tok = ids.size(), d = static_cast<size_t>(spec.d_model);

  Trace trace;
  trace.spec = spec;
  trace.ids.assign(ids.begin(), ids.end());
  trace.embed = Matrix(n_tok, d);
  model.embed(ids, trace.embed.view());

  const Rotation rotation(spec, n_tok);
  Matrix normed(n_tok, d);
  for (int l = 0; l < spec.n_layer; ++l) {
    LIMPID_CHECK_OK(control.tick("forward", static_cast<double>(l) / spec.n_layer));
    const Layer& layer = model.layer(l);
    const ConstMatrixView resid_pre = trace.resid_pre(l);
    LayerTrace state;
    state.qkv = Matrix(n_tok, static_cast<size_t>(spec.d_query() + 2 * spec.d_kv()));
    state.resid_mid = Matrix(n_tok, d);
    state.resid_post = Matrix(n_tok, d);

    Matrix attention_out(n_tok, d);
    apply_norm(model, layer.attention_norm, resid_pre, normed.view());
    attention_block(model, layer, rotation, normed.view(), state.qkv.view(), attention_out.view());
    sum(model.backend(), resid_pre, attention_out.view(), state.resid_mid.view());

    Matrix ffn_out(n_tok, d);
    apply_norm(model, layer.ffn_norm, state.resid_mid.view(), normed.view());
    ffn_block(model, layer, normed.view(), ffn_out.view());
    sum(model.backend(), state.resid_mid.view(), ffn_out.view(), state.resid_post.view());

    LIMPID_CHECK_OK(check_finite(state.resid_post.view(), "resid_post", l));
    if (options.keep_block_outputs) {
      state.attention_out = std::move(attention_out);
      state.ffn_out = std::move(ffn_out);
    }
    trace.layers.push_back(std::move(state));
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
