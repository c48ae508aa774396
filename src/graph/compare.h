// The union of two routes.
#pragma once

#include "limpid/route_union.h"

namespace limpid {

/// Both may be of any two runs over as many layers and tokens; distances are left open.
RouteUnion unite(const Route& a, const Route& b);

}  // namespace limpid
