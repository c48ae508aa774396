// What a run computes on its way and does not keep, for those who need it again: it follows from the kept
// states.
#pragma once

#include <vector>

#include "base/matrix.h"
#include "forward/model.h"

namespace limpid {

/// Angles of positions first .. n_tok-1 of a prompt of n_tok tokens. [n_tok - first, n_rot/2]
struct Rotation {
  Rotation(const RopeSpec& rope, size_t first, size_t n_tok);
  Matrix cos, sin;
};

/// y = norm(x), by the model's kind of norm. x, y: [m, width] (may be the same).
void apply_norm(const Model& model, const Norm& norm, ConstMatrixView x, MatrixView y);

/// f(gate) * up, or f(up), of the normed state x. [m, d_mlp]
Matrix ffn_activations(const Model& model, const Ffn& ffn, ConstMatrixView x);

/// What each expert's output is multiplied with; 0 for those not chosen. x: normed states. [m, n_expert]
Matrix expert_gates(const Model& model, const Moe& moe, ConstMatrixView x);
/// The same for the shared expert. [m]
std::vector<float> shared_expert_gates(const Model& model, const Moe& moe, ConstMatrixView x);

}  // namespace limpid
