#include "figures/colour.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>

#include "base/check.h"

namespace limpid {

namespace {

std::array<int, 3> channels(std::string_view colour) {
  CHECK(colour.size() == 7 && colour[0] == '#');
  std::array<int, 3> rgb = {};
  for (size_t i = 0; i < 3; ++i) {
    const char* digits = colour.data() + 1 + 2 * i;
    std::from_chars(digits, digits + 2, rgb[i], 16);
  }
  return rgb;
}

double luminance(std::string_view colour) {
  constexpr std::array<double, 3> kWeight = {0.2126, 0.7152, 0.0722};
  const std::array<int, 3> rgb = channels(colour);
  double sum = 0;
  for (size_t i = 0; i < 3; ++i) {
    const double v = rgb[i] / 255.0;
    sum += kWeight[i] * (v <= 0.03928 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4));
  }
  return sum;
}

}  // namespace

std::string mix(std::string_view from, std::string_view to, double share) {
  const std::array<int, 3> a = channels(from), b = channels(to);
  std::array<int, 3> c = {};
  for (size_t i = 0; i < 3; ++i)
    c[i] = static_cast<int>(std::lround(a[i] + (b[i] - a[i]) * std::clamp(share, 0.0, 1.0)));
  return fmt::format("#{:02x}{:02x}{:02x}", c[0], c[1], c[2]);
}

double contrast(std::string_view a, std::string_view b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

}  // namespace limpid
