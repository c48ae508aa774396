// Products with the vectors of a few keys. sgemm would copy both sides into blocks of its own first, which
// costs as much as a product with so few columns.
#pragma once

#include "base/matrix.h"

namespace limpid::cpu {

constexpr size_t kPanelKeys = 64;
/// Keys that are computed together: results come for the next multiple of it.
constexpr size_t kPanelStep = kPanelKeys / 2;

/// out[j, k] = keys[k, j]; 0 for k past the keys there are. keys: [n_key, n], n_key <= kPanelKeys; out: [n,
/// kPanelKeys], aligned as a Matrix is.
void transpose_keys(ConstMatrixView keys, float* out);

/// out[i, k] = sum_j a[i, j] b[j, k] for k < n_key, and on to the next multiple of kPanelStep. a: [m, n], any
/// stride; b: [n, kPanelKeys], out: [m, kPanelKeys], both aligned as a Matrix is.
void panel_product(ConstMatrixView a, const float* b, size_t n_key, float* out);

}  // namespace limpid::cpu
