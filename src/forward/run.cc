#include "forward/run.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <vector>

#include "forward/blocks/layer.h"
#include "forward/finite.h"
#include "model/rope.h"

namespace limpid {

namespace {

/// `n_old`: tokens that were run before.
Status check_ids(const ModelSpec& spec, size_t n_old, std::span<const int> ids) {
  if (ids.empty())
    return fail(ErrorCode::kInvalidArgument, "prompt: expected at least one token, found none");
  if (n_old + ids.size() > static_cast<size_t>(spec.n_ctx)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("prompt: the model's context holds {} tokens, found {}", spec.n_ctx, n_old + ids.size()),
        "shorten the prompt");
  }
  for (size_t t = 0; t < ids.size(); ++t) {
    if (ids[t] >= 0 && ids[t] < spec.n_vocab) continue;
    return fail(ErrorCode::kInvalidArgument, fmt::format("prompt: token {} has id {}, expected 0 to {}",
                                                         n_old + t, ids[t], spec.n_vocab - 1));
  }
  return {};
}

bool keeps_block_outputs(const Trace& trace) {
  return trace.layer(0).attention_out.cols() > 0;
}

Trace empty_trace(const ModelSpec& spec, bool keep_block_outputs) {
  const auto d = static_cast<size_t>(spec.d_model);
  Trace trace;
  trace.spec = spec;
  trace.embed = Matrix(0, d);
  trace.layers.resize(static_cast<size_t>(spec.n_layer));
  for (LayerTrace& layer : trace.layers) {
    layer.qkv = Matrix(0, static_cast<size_t>(spec.d_query() + 2 * spec.d_kv()));
    layer.resid_mid = Matrix(0, d);
    layer.resid_post = Matrix(0, d);
    if (!keep_block_outputs) continue;
    layer.attention_out = Matrix(0, d);
    layer.ffn_out = Matrix(0, d);
  }
  return trace;
}

/// Calls f(matrix) for every matrix that has a row for each token.
template <class F>
void for_each_state(Trace& trace, const F& f) {
  f(trace.embed);
  for (LayerTrace& layer : trace.layers) {
    for (Matrix* m :
         {&layer.qkv, &layer.resid_mid, &layer.resid_post, &layer.attention_out, &layer.ffn_out}) {
      f(*m);
    }
  }
}

/// Takes the trace back to its first n_tok tokens, also where only some of the layers went further.
void truncate(Trace& trace, size_t n_tok) {
  trace.ids.resize(n_tok);
  trace.key_bias = alibi_key_bias(trace.spec, n_tok);
  for_each_state(trace, [&](Matrix& m) { m.truncate_rows(std::min(n_tok, m.rows())); });
  for (LayerTrace& layer : trace.layers) {
    for (std::vector<float>* scale : {&layer.attention_post_scale, &layer.ffn_post_scale}) {
      scale->resize(std::min(n_tok, scale->size()));
    }
  }
}

/// What a block adds, [m, d]: of the trace where it keeps that, else of the buffer.
MatrixView block_output(Matrix& kept, size_t m, Matrix& buffer) {
  return kept.cols() > 0 ? kept.append_rows(m) : buffer.view();
}

void append(std::vector<float>& to, const std::vector<float>& values) {
  to.insert(to.end(), values.begin(), values.end());
}

std::vector<Rotation> all_rotations(const ModelSpec& spec, size_t first, size_t n_tok) {
  std::vector<Rotation> rotations;
  rotations.reserve(spec.ropes.size());
  for (const RopeSpec& rope : spec.ropes) rotations.emplace_back(rope, first, n_tok);
  return rotations;
}

/// Appends to the trace's layer l the tokens that its resid_pre has from `first` on.
void append_layer(const Model& model, int l, size_t first, std::span<const Rotation> rotations,
                  Trace& trace) {
  LayerTrace& state = trace.layers[static_cast<size_t>(l)];
  const size_t m = trace.n_tok() - first, d = trace.embed.cols();
  Matrix output(m, d);
  LayerRows rows;
  rows.resid_pre = trace.resid_pre(l).slice_rows(first, m);
  rows.qkv = state.qkv.append_rows(m);
  rows.attention_out = block_output(state.attention_out, m, output);
  rows.resid_mid = state.resid_mid.append_rows(m);
  rows.ffn_out = block_output(state.ffn_out, m, output);
  rows.resid_post = state.resid_post.append_rows(m);
  state.sinks = model.layer(l).sinks;
  const Sequence sequence = {0, m, first, trace.attention_inputs(l), {}, trace.layer_patches(l)};
  const PostScales scales = run_layer(model, l, rotations, {&sequence, 1}, rows);
  append(state.attention_post_scale, scales.attention);
  append(state.ffn_post_scale, scales.ffn);
}

/// Runs the layers from `begin` on of the tokens from `first` on.
Status run_layers(const Model& model, int begin, size_t first, Trace& trace, const RunControl& control) {
  const ModelSpec& spec = model.spec();
  const std::vector<Rotation> rotations = all_rotations(spec, first, trace.n_tok());
  for (int l = begin; l < spec.n_layer; ++l) {
    LIMPID_CHECK_OK(control.tick("forward", static_cast<double>(l) / spec.n_layer));
    append_layer(model, l, first, rotations, trace);
    for (size_t t = first; t < trace.n_tok(); ++t) {
      LIMPID_CHECK_OK(check_finite(trace.layer(l).resid_post.row(t), l, t, trace.patches != nullptr));
    }
  }
  return {};
}

void embed_tokens(const Model& model, std::span<const int> ids, size_t first, Trace& trace) {
  const MatrixView rows = trace.embed.append_rows(ids.size());
  model.embed(ids, first, rows);
  if (trace.patches) apply_patches(trace.patches->embed, first, rows);
}

/// Runs `ids` behind the trace's tokens; on errors some of the layers have them and some do not.
Status append_tokens(const Model& model, Trace& trace, std::span<const int> ids, const RunControl& control) {
  const size_t first = trace.n_tok();
  trace.ids.insert(trace.ids.end(), ids.begin(), ids.end());
  trace.key_bias = alibi_key_bias(model.spec(), trace.n_tok());
  embed_tokens(model, ids, first, trace);
  return run_layers(model, 0, first, trace, control);
}

}  // namespace

Result<Trace> run(const Model& model, std::span<const int> ids, const RunOptions& options,
                  const RunControl& control) {
  Trace trace;
  LIMPID_CHECK_OK(extend(model, trace, ids, options, control));
  return trace;
}

Status extend(const Model& model, Trace& trace, std::span<const int> ids, const RunOptions& options,
              const RunControl& control) {
  const ModelSpec& spec = model.spec();
  const size_t n_old = trace.n_tok(), n_new = n_old + ids.size();
  LIMPID_CHECK_OK(check_ids(spec, n_old, ids));
  if (n_old == 0) {
    trace = empty_trace(spec, options.keep_block_outputs);
    trace.patches = options.patches;
  }
  if (n_old > 0 && !rotates_alike(spec, n_old, n_new)) {
    std::vector<int> all = trace.ids;
    all.insert(all.end(), ids.begin(), ids.end());
    LIMPID_TRY(trace, run(model, all, {keeps_block_outputs(trace), options.room, trace.patches}, control));
    return {};
  }
  for_each_state(trace, [&](Matrix& m) { m.reserve_rows(options.room); });
  Status status = append_tokens(model, trace, ids, control);
  if (!status) truncate(trace, n_old);
  return status;
}

Result<Trace> rerun(const Model& model, const Trace& clean, std::shared_ptr<const Patches> patches,
                    const RunControl& control) {
  const int begin = patches->first_layer(model.spec().n_layer);
  Trace trace = empty_trace(clean.spec, keeps_block_outputs(clean));
  trace.patches = std::move(patches);
  trace.ids = clean.ids;
  trace.key_bias = clean.key_bias.clone();
  if (begin == 0) {
    embed_tokens(model, clean.ids, 0, trace);
  } else {
    trace.embed = clean.embed.clone();
  }
  for (int l = 0; l < begin; ++l) trace.layers[static_cast<size_t>(l)] = clean.layer(l).clone();
  LIMPID_CHECK_OK(run_layers(model, begin, 0, trace, control));
  return trace;
}

bool rotates_alike(const ModelSpec& spec, size_t n_tok, size_t other) {
  return std::ranges::all_of(spec.ropes, [&](const RopeSpec& rope) {
    return inverse_frequency(rope, n_tok) == inverse_frequency(rope, other);
  });
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
