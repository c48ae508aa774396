// Arithmetic on colours written "#rrggbb".
#pragma once

#include <string>
#include <string_view>

namespace limpid {

/// `from` and `to` mixed per channel; share 0 is `from`, 1 is `to`.
std::string mix(std::string_view from, std::string_view to, double share);

/// Contrast of two colours as WCAG defines it, 1 to 21.
double contrast(std::string_view a, std::string_view b);

}  // namespace limpid
