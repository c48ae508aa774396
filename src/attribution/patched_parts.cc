#include "attribution/patched_parts.h"

#include <algorithm>

namespace limpid {

namespace {

std::span<const RowPatch> state_patches(const Trace& trace, int layer,
                                        std::vector<RowPatch> LayerPatches::*which) {
  const LayerPatches* patches = trace.layer_patches(layer);
  return patches == nullptr ? std::span<const RowPatch>() : std::span<const RowPatch>(patches->*which);
}

std::vector<float> factors(std::span<const RowPatch> patches, std::span<const int> positions) {
  std::vector<float> out(positions.size(), 1.0f);
  for (size_t r = 0; r < positions.size(); ++r) {
    if (const RowPatch* patch = find_patch(patches, positions[r])) out[r] = patch->factor;
  }
  return out;
}

/// row += factor * added.
void add_to(std::span<float> row, float factor, std::span<const float> added) {
  for (size_t i = 0; i < added.size(); ++i) row[i] += factor * added[i];
}

}  // namespace

const RowPatch* find_patch(std::span<const RowPatch> patches, int position) {
  const auto found = std::ranges::find(patches, position, &RowPatch::position);
  return found == patches.end() ? nullptr : &*found;
}

std::span<const RowPatch> ffn_patches(const Trace& trace, int layer) {
  return state_patches(trace, layer, &LayerPatches::ffn);
}

std::vector<float> mid_factors(const Trace& trace, int layer, std::span<const int> queries) {
  return factors(state_patches(trace, layer, &LayerPatches::mid), queries);
}

std::vector<float> post_factors(const Trace& trace, int layer, std::span<const int> positions) {
  return factors(state_patches(trace, layer, &LayerPatches::post), positions);
}

Matrix head_factors(const Trace& trace, int layer, std::span<const int> queries) {
  const LayerPatches* patches = trace.layer_patches(layer);
  if (patches == nullptr || patches->heads.empty()) return {};
  Matrix out(queries.size(), static_cast<size_t>(trace.spec.n_head));
  for (size_t r = 0; r < queries.size(); ++r) {
    std::ranges::fill(out.row(r), 1.0f);
    for (const HeadPatch& patch : patches->heads) {
      if (patch.row.position == queries[r]) out.row(r)[static_cast<size_t>(patch.head)] = patch.row.factor;
    }
  }
  return out;
}

bool is_attention_patched(const Trace& trace, int layer) {
  const LayerPatches* patches = trace.layer_patches(layer);
  return patches != nullptr && !(patches->heads.empty() && patches->mid.empty());
}

Matrix attention_patch_parts(const Model& model, const Trace& trace, int layer, std::span<const int> queries,
                             const OutputProjection& projection, std::span<const float> scales) {
  if (!is_attention_patched(trace, layer)) return {};
  const LayerPatches& patches = *trace.layer_patches(layer);
  const auto d_head = static_cast<size_t>(trace.spec.d_head);
  Matrix z(queries.size(), projection.weight.cols()), out(queries.size(), projection.weight.rows());
  for (size_t r = 0; r < queries.size(); ++r) {
    for (const HeadPatch& patch : patches.heads) {
      if (patch.row.position != queries[r]) continue;
      add_to(z.row(r).subspan(static_cast<size_t>(patch.head) * d_head, d_head), scales[r], patch.row.added);
    }
  }
  model.backend().gemm(z.view(), projection.weight.view(), true, out.view());
  for (size_t r = 0; r < queries.size(); ++r) {
    if (const RowPatch* patch = find_patch(patches.mid, queries[r])) add_to(out.row(r), 1, patch->added);
  }
  return out;
}

Matrix ffn_patch_parts(const Trace& trace, int layer, std::span<const int> positions) {
  const LayerPatches* patches = trace.layer_patches(layer);
  if (patches == nullptr || (patches->ffn.empty() && patches->post.empty())) return {};
  const std::vector<float> post = post_factors(trace, layer, positions);
  Matrix out(positions.size(), trace.embed.cols());
  for (size_t r = 0; r < positions.size(); ++r) {
    if (const RowPatch* patch = find_patch(patches->ffn, positions[r])) {
      add_to(out.row(r), post[r], patch->added);
    }
    if (const RowPatch* patch = find_patch(patches->post, positions[r])) add_to(out.row(r), 1, patch->added);
  }
  return out;
}

}  // namespace limpid
