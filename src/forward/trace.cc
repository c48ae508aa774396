#include "forward/trace.h"

#include <set>

namespace limpid {

namespace {

/// With the rows that it keeps.
size_t n_bytes_of(const Patches& patches) {
  const auto n_of = [](const auto& rows) { return rows.capacity() * sizeof(rows[0]); };
  size_t n = n_of(patches.embed);
  for (const auto& [l, layer] : patches.layers) {
    n += n_of(layer.blocked) + n_of(layer.heads) + n_of(layer.neurons);
    n += n_of(layer.mid) + n_of(layer.ffn) + n_of(layer.post);
  }
  std::set<const Matrix*> kept;  // one may be kept by several interventions
  for (const auto& rows : patches.keep) {
    if (kept.insert(rows.get()).second) n += rows->n_bytes();
  }
  return n;
}

}  // namespace

size_t Trace::n_bytes() const {
  size_t n = embed.n_bytes() + key_bias.n_bytes() + ids.size() * sizeof(int);
  if (patches) n += n_bytes_of(*patches);
  for (const LayerTrace& layer : layers) {
    for (const Matrix* m :
         {&layer.qkv, &layer.resid_mid, &layer.resid_post, &layer.attention_out, &layer.ffn_out}) {
      n += m->n_bytes();
    }
    n += (layer.sinks.size() + layer.attention_post_scale.size() + layer.ffn_post_scale.size()) *
         sizeof(float);
  }
  return n;
}

LayerTrace LayerTrace::clone() const {
  return {qkv.clone(),          sinks,          resid_mid.clone(),     resid_post.clone(),
          attention_post_scale, ffn_post_scale, attention_out.clone(), ffn_out.clone()};
}

AttentionInputs Trace::attention_inputs(int l) const {
  return limpid::attention_inputs(spec, l, layer(l).qkv.view(), key_bias.view(), layer(l).sinks,
                                  layer_patches(l));
}

void set_qkv(const ModelSpec& spec, ConstMatrixView qkv, AttentionInputs& in) {
  const auto d_query = static_cast<size_t>(spec.d_query()), d_kv = static_cast<size_t>(spec.d_kv());
  in.q = qkv.columns(0, d_query);
  in.k = qkv.columns(d_query, d_kv);
  in.v = qkv.columns(d_query + d_kv, d_kv);
}

AttentionInputs attention_inputs(const ModelSpec& spec, int l, ConstMatrixView qkv, ConstMatrixView key_bias,
                                 std::span<const float> sinks, const LayerPatches* patches) {
  AttentionInputs in;
  set_qkv(spec, qkv, in);
  in.n_head = static_cast<size_t>(spec.n_head);
  in.n_kv_head = static_cast<size_t>(spec.n_kv_head);
  in.d_head = static_cast<size_t>(spec.d_head);
  in.scale = spec.attention_scale * spec.layers[static_cast<size_t>(l)].attention_scale;
  in.window = static_cast<size_t>(spec.layers[static_cast<size_t>(l)].window);
  in.softcap = spec.attention_softcap;
  if (key_bias.rows > 0) in.key_bias = key_bias.columns(0, qkv.rows);
  in.sinks = sinks;
  if (patches != nullptr) in.blocked = patches->blocked;
  return in;
}

}  // namespace limpid
