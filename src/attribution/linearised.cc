#include "attribution/linearised.h"

#include <utility>

namespace limpid {

Linearised::Linearised(const Model& model, const Trace& trace, size_t n_tok)
    : model_(model), trace_(trace), n_tok_(n_tok) {
  for (const RopeSpec& rope : spec().ropes) {
    // Of the whole run: frequencies may depend on its length.
    Rotation rotation(rope, 0, trace.n_tok());
    Matrix back = rotation.sin.clone();
    for (size_t t = 0; t < back.rows(); ++t) {
      for (float& x : back.row(t)) x = -x;
    }
    angles_.push_back({std::move(rotation), std::move(back)});
  }
}

AttentionInputs Linearised::attention_inputs(int l) const {
  AttentionInputs in = trace_.attention_inputs(l);
  in.q = in.q.slice_rows(0, n_tok_);
  in.k = in.k.slice_rows(0, n_tok_);
  in.v = in.v.slice_rows(0, n_tok_);
  if (in.key_bias.rows > 0) in.key_bias = in.key_bias.columns(0, n_tok_);
  return in;
}

void Linearised::rotate(int l, bool back, MatrixView qkv) const {
  const RopeSpec* rope = spec().rope(l);
  if (rope == nullptr) return;
  const Angles& of = angles_[static_cast<size_t>(rope - spec().ropes.data())];
  const Matrix& sin = back ? of.sin_back : of.rotation.sin;
  const RopeAngles angles = {of.rotation.cos.view().slice_rows(0, n_tok_), sin.view().slice_rows(0, n_tok_)};
  const auto d_query = static_cast<size_t>(spec().d_query()), d_kv = static_cast<size_t>(spec().d_kv());
  const Backend& backend = model_.backend();
  backend.rope(qkv.columns(0, d_query), static_cast<size_t>(spec().n_head), angles, rope->pairs);
  backend.rope(qkv.columns(d_query, d_kv), static_cast<size_t>(spec().n_kv_head), angles, rope->pairs);
}

}  // namespace limpid
