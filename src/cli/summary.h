// Tables beside the drawing of a route: the strongest edges and heads.
#pragma once

#include <span>
#include <string>

#include "api/session.h"
#include "cli/terminal.h"

namespace limpid {

std::string draw_predictions(std::span<const NamedPrediction> predictions, const Terminal& terminal);

/// Attention edges between tokens, by flow.
std::string strongest_edges(const Route& route, std::span<const Piece> tokens, size_t count,
                            const Terminal& terminal);

/// Heads by the flow that their edges carry, self-attention included.
std::string strongest_heads(const Route& route, size_t count, const Terminal& terminal);

/// The edges of a route, one a row: from,to,kind,weight,flow,heads ("1:0.2;6:0.1").
std::string edges_csv(const Route& route);

}  // namespace limpid
