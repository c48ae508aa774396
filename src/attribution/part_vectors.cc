#include "attribution/part_vectors.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "attribution/ffn_parts.h"
#include "attribution/patched_parts.h"
#include "kernels/attention_heads.h"

namespace limpid {

namespace {

/// The FFN of which neuron `n` of the layer is one, and its index there.
std::pair<const Ffn*, size_t> ffn_of(const Layer& layer, size_t n) {
  if (layer.ffn) return {&*layer.ffn, n};
  for (const Ffn& expert : layer.moe->experts) {
    if (n < expert.d_mlp()) return {&expert, n};
    n -= expert.d_mlp();
  }
  return {&*layer.moe->shared, n};
}

/// row = factor * row * the weights of a norm behind the FFN.
void finish_ffn_part(const Layer& layer, float factor, std::span<float> row) {
  for (size_t i = 0; i < row.size(); ++i) {
    row[i] *= layer.ffn_post_norm ? factor * layer.ffn_post_norm->weight[i] : factor;
  }
}

}  // namespace

HeadOutputs head_outputs(const Model& model, const Trace& trace, int layer, int query,
                         const OutputProjection& projection, std::optional<int> key) {
  const Backend& backend = model.backend();
  const AttentionInputs in = trace.attention_inputs(layer);
  const size_t group = in.n_head / in.n_kv_head, n_key = static_cast<size_t>(query) + 1;
  const std::array<int, 1> queries = {query};
  const std::vector<float> scale = OutputProjection::scales(trace, layer, queries);
  const Matrix factors = head_factors(trace, layer, queries);
  Matrix a(1, trace.n_tok()), z(1, in.d_head), mass(1, in.n_head);
  HeadOutputs out{Matrix(in.n_head, projection.weight.rows()), {}};
  for (size_t h = 0; h < in.n_head; ++h) {
    backend.attention_rows(in, h, queries, a.view());
    const float factor = factors.empty() ? 1.0f : factors.row(0)[h];
    mass.row(0)[h] =
        factor * (attends_in_full(in) ? 1.0f : std::accumulate(a.row(0).begin(), a.row(0).end(), 0.0f));
    const size_t first = key ? static_cast<size_t>(*key) : 0, count = key ? 1 : n_key;
    backend.gemm(a.view().columns(first, count),
                 in.v.columns(h / group * in.d_head, in.d_head).slice_rows(first, count), false, z.view());
    for (float& x : z.row(0)) x *= scale[0] * factor;
    backend.gemm(z.view(), projection.weight.view().columns(h * in.d_head, in.d_head), true,
                 out.heads.view().slice_rows(h, 1));
  }
  if (projection.has_bias_part()) {
    const Matrix bias = projection.bias_parts(scale, mass.view());
    out.bias.assign(bias.row(0).begin(), bias.row(0).end());
  }
  return out;
}

Matrix ffn_outputs(const Model& model, const Trace& trace, int layer, std::span<const int> positions) {
  const Matrix x = ffn_inputs(model, trace, layer, positions);
  Matrix out(x.rows(), x.cols()), part(x.rows(), x.cols());
  for_each_ffn(model, layer, x.view(), [&](const Ffn& ffn, size_t first, const auto& gate) {
    const Matrix act = run_activations(model, trace, layer, ffn, first, x.view(), positions);
    model.backend().matmul(act.view(), *ffn.down.packed(), ffn.down.bias_if_any(), part.view());
    for (size_t r = 0; r < part.rows(); ++r) {
      finish_ffn_part(model.layer(layer), gate(r) * ffn_factor(model, trace, layer, positions[r]),
                      part.row(r));
    }
    model.backend().add(part.view(), out.view());
  });
  return out;
}

std::vector<float> ffn_bias_part(const Model& model, const Trace& trace, int layer, int position) {
  const std::array<int, 1> positions = {position};
  const Matrix x = ffn_inputs(model, trace, layer, positions);
  std::vector<float> out(x.cols());
  for_each_ffn(model, layer, x.view(), [&](const Ffn& ffn, size_t, const auto& gate) {
    if (!ffn.down.has_bias()) return;
    for (size_t i = 0; i < out.size(); ++i) out[i] += gate(0) * ffn.down.bias()[i];
  });
  finish_ffn_part(model.layer(layer), ffn_factor(model, trace, layer, position), out);
  return out;
}

Matrix neuron_outputs(const Model& model, int layer, std::span<const int> neurons,
                      std::span<const float> activations) {
  const Layer& l = model.layer(layer);
  Matrix out(neurons.size(), static_cast<size_t>(model.spec().d_model));
  const Ffn* decoded = nullptr;  // whose W_down is at hand: neurons of one FFN are often neighbours
  Matrix w_down;
  for (size_t r = 0; r < neurons.size(); ++r) {
    const auto n = static_cast<size_t>(neurons[r]);
    const auto [ffn, index] = ffn_of(l, n);
    if (ffn != decoded) w_down = ffn->down.decode();
    decoded = ffn;
    const std::span<float> row = out.row(r);
    for (size_t i = 0; i < row.size(); ++i) row[i] = w_down.row(i)[index];
    finish_ffn_part(l, activations[n], row);
  }
  return out;
}

}  // namespace limpid
