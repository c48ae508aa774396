// Names of nodes, and their places in the graph.
#pragma once

#include <optional>
#include <string_view>

#include "limpid/route.h"

namespace limpid {

/// nullopt unless `text` is exactly what to_string writes.
std::optional<Node> parse_node(std::string_view text);

/// The state that layer `layer` reads at `position`: post of the layer below, or the embedding.
Node state_below(int layer, int position);

}  // namespace limpid
