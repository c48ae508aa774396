// Characters laid over tokens: what each piece shows when characters are split over several of them.
#pragma once

#include <span>

#include "tokenizer/tokenizer.h"

namespace limpid {

/// Fills `text` and `continuation` of pieces that follow each other from their `bytes`.
void show_pieces(std::span<Piece> pieces);

}  // namespace limpid
