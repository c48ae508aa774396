// What a run replaces of what it computes (docs/interventions.md). Every row becomes
//
//     y = factor * y + added
//
// so that 0 alone takes it out, and 0 with the row of another run puts that one in its place.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "kernels/kernels.h"

namespace limpid {

struct RowPatch {
  int position = 0;
  float factor = 0;
  std::span<const float> added = {};  // as long as the row, or empty for zeros; see Patches::keep
};

/// Of a head's output before W_O, z[position, head], with what the value bias gives. [d_head]
struct HeadPatch {
  int head = 0;
  RowPatch row;
};

/// Of a neuron's activation, f(gate) * up or f(up); of a mixture before the expert's gate, and neurons are
/// counted through all experts.
struct NeuronPatch {
  int neuron = 0;
  int position = 0;
  float factor = 0;
  float added = 0;
};

struct LayerPatches {
  std::vector<BlockedKey> blocked = {};  // attention that is not paid; by head, then query, then key
  std::vector<HeadPatch> heads = {};
  std::vector<RowPatch> mid = {};
  std::vector<NeuronPatch> neurons = {};
  std::vector<RowPatch> ffn = {};  // of what the FFN adds to the stream, norm and multiplier included
  std::vector<RowPatch> post = {};
};

struct Patches {
  std::vector<RowPatch> embed = {};
  std::map<int, LayerPatches> layers = {};
  std::vector<std::shared_ptr<const Matrix>> keep = {};  // owns what `added` points into

  /// nullptr where the layer has none.
  const LayerPatches* layer(int l) const {
    const auto found = layers.find(l);
    return found == layers.end() ? nullptr : &found->second;
  }
  /// States of the layers below it are those of the run without patches; n_layer where nothing is replaced.
  int first_layer(int n_layer) const {
    if (!embed.empty()) return 0;
    return layers.empty() ? n_layer : layers.begin()->first;
  }
  /// So are the states of the positions before it; n_tok where nothing is replaced.
  int first_position(int n_tok) const;
};

/// Of the rows from position `first` on; patches of other positions are left alone.
void apply_patches(std::span<const RowPatch> patches, size_t first, MatrixView rows);
/// z: [m, n_head * d_head].
void apply_patches(std::span<const HeadPatch> patches, size_t first, size_t d_head, MatrixView z);

}  // namespace limpid
