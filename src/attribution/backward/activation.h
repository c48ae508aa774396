// The activation of an FFN as a linear map (docs/method.md, "Target-aware scores").
#pragma once

#include "base/matrix.h"
#include "kernels/kernels.h"

namespace limpid {

/// Turns what the FFN's first projection gave, [m, d_mlp] or gated [m, 2 d_mlp], into its gradient, from that
/// of the activations, [m, d_mlp].
void pull_back_activation(const Backend& backend, Activation f, bool gated, ConstMatrixView gradient,
                          MatrixView hidden);

}  // namespace limpid
