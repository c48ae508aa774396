// What is left of a prediction without what its route leaves out, as text.
#pragma once

#include <string>

#include "limpid/route_proof.h"

#include "cli/terminal.h"

namespace limpid {

std::string draw_proof(const RouteProof& proof, const Terminal& terminal);

}  // namespace limpid
