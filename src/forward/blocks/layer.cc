#include "forward/blocks/layer.h"

#include <algorithm>
#include <cstring>

namespace limpid {

namespace {

/// x is the normed state, or the state where the model does not norm it.
ConstMatrixView normed_input(const Model& model, const std::optional<Norm>& norm, ConstMatrixView x,
                             Matrix& buffer) {
  if (!norm) return x;
  apply_norm(model, *norm, x, buffer.view());
  return buffer.view();
}

void project_qkv(const Model& model, const Layer& layer, ConstMatrixView x, MatrixView qkv) {
  // The value bias is left out of the stored values: it belongs to no key. Attention adds it.
  std::vector<float> bias;
  if (layer.qkv.has_bias()) {
    bias.assign(layer.qkv.bias().begin(), layer.qkv.bias().end());
    std::fill(bias.end() - model.spec().d_kv(), bias.end(), 0.0f);
  }
  model.backend().matmul(x, *layer.qkv.packed(), bias, qkv);
}

/// The rows of the one and then of the other.
void join(ConstMatrixView first, ConstMatrixView second, Matrix& out) {
  out = Matrix(first.rows + second.rows, first.cols);
  for (size_t t = 0; t < out.rows(); ++t) {
    std::ranges::copy(t < first.rows ? first.row(t) : second.row(t - first.rows), out.row(t).begin());
  }
}

/// z of every sequence, [m, d_query].
void attend(const Model& model, int l, std::span<const Rotation> rotations,
            std::span<const Sequence> sequences, MatrixView qkv, MatrixView z) {
  const std::vector<float> value_bias = model.layer(l).value_bias(model.spec());
  // A single sequence is left to the threads of the kernels.
#pragma omp parallel for schedule(dynamic) num_threads(threads()) if (sequences.size() > 1)
  for (const Sequence& sequence : sequences) {
    finish_qkv(model, l, rotations, qkv.slice_rows(sequence.begin, sequence.count));
    const MatrixView own = z.slice_rows(sequence.begin, sequence.count);
    Matrix joined;
    AttentionInputs in = sequence.attention;
    if (sequence.earlier.rows > 0) {
      join(sequence.earlier, qkv.slice_rows(sequence.begin, sequence.count), joined);
      set_qkv(model.spec(), joined.view(), in);
    }
    model.backend().attention(in, value_bias, own);
    if (sequence.patches == nullptr) continue;
    apply_patches(sequence.patches->heads, sequence.first, sequence.attention.d_head, own);
  }
}

/// What of the sequences' neurons is replaced; empty where nothing is.
ActivationEdit neuron_edit(std::span<const Sequence> sequences) {
  const bool any = std::ranges::any_of(
      sequences, [](const Sequence& s) { return s.patches != nullptr && !s.patches->neurons.empty(); });
  if (!any) return {};
  return [sequences](MatrixView act, size_t first_neuron, std::span<const size_t> tokens) {
    for (const Sequence& s : sequences) {
      if (s.patches == nullptr) continue;
      for (const NeuronPatch& patch : s.patches->neurons) {
        const auto neuron = static_cast<size_t>(patch.neuron), position = static_cast<size_t>(patch.position);
        if (neuron < first_neuron || neuron >= first_neuron + act.cols) continue;
        if (position < s.first || position >= s.first + s.count) continue;
        const auto token = std::ranges::lower_bound(tokens, s.begin + position - s.first);
        if (token == tokens.end() || *token != s.begin + position - s.first) continue;
        float& value = act.at(static_cast<size_t>(token - tokens.begin()), neuron - first_neuron);
        value = (patch.factor == 0 ? 0 : patch.factor * value) + patch.added;
      }
    }
  };
}

void patch_rows(std::span<const Sequence> sequences, std::vector<RowPatch> LayerPatches::*which,
                MatrixView rows) {
  for (const Sequence& s : sequences) {
    if (s.patches == nullptr) continue;
    apply_patches(s.patches->*which, s.first, rows.slice_rows(s.begin, s.count));
  }
}

/// Times the multiplier that some models have for what a block adds.
void scale_output(const Model& model, MatrixView output) {
  const float multiplier = model.spec().residual_multiplier;
  if (multiplier == 1) return;
  for (size_t t = 0; t < output.rows; ++t) {
    for (float& x : output.row(t)) x *= multiplier;
  }
}

/// out = state + added. All [m, d].
void add_to_stream(const Model& model, ConstMatrixView state, ConstMatrixView added, MatrixView out) {
  for (size_t t = 0; t < out.rows; ++t) {
    std::memcpy(out.row(t).data(), state.row(t).data(), out.cols * sizeof(float));
  }
  model.backend().add(added, out);
}

}  // namespace

PostScales run_layer(const Model& model, int l, std::span<const Rotation> rotations,
                     std::span<const Sequence> sequences, const LayerRows& rows) {
  const Layer& layer = model.layer(l);
  const size_t m = rows.resid_pre.rows;
  PostScales scales;
  Matrix normed(m, rows.resid_pre.cols);
  {
    project_qkv(model, layer, normed_input(model, layer.attention_norm, rows.resid_pre, normed), rows.qkv);
    Matrix z(m, static_cast<size_t>(model.spec().d_query()));
    attend(model, l, rotations, sequences, rows.qkv, z.view());
    model.backend().matmul(z.view(), *layer.attention_out.packed(), layer.attention_out.bias_if_any(),
                           rows.attention_out);
  }
  if (layer.attention_post_norm) {
    scales.attention = apply_post_norm(model, *layer.attention_post_norm, rows.attention_out);
  }
  scale_output(model, rows.attention_out);
  add_to_stream(model, rows.resid_pre, rows.attention_out, rows.resid_mid);
  patch_rows(sequences, &LayerPatches::mid, rows.resid_mid);

  const ConstMatrixView ffn_input = model.spec().parallel_blocks ? rows.resid_pre : rows.resid_mid;
  const ConstMatrixView x = normed_input(model, layer.ffn_norm, ffn_input, normed);
  const ActivationEdit edit = neuron_edit(sequences);
  if (layer.moe) {
    moe_block(model, *layer.moe, x, rows.ffn_out, edit);
  } else {
    ffn_block(model, *layer.ffn, x, rows.ffn_out, edit);
  }
  if (layer.ffn_post_norm) scales.ffn = apply_post_norm(model, *layer.ffn_post_norm, rows.ffn_out);
  scale_output(model, rows.ffn_out);
  patch_rows(sequences, &LayerPatches::ffn, rows.ffn_out);
  add_to_stream(model, rows.resid_mid, rows.ffn_out, rows.resid_post);
  patch_rows(sequences, &LayerPatches::post, rows.resid_post);
  return scales;
}

}  // namespace limpid
