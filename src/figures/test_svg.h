// What every figure must be.
#pragma once

#include <gtest/gtest.h>
#include <pugixml.hpp>
#include <string>

#include "base/utf8.h"

namespace limpid {

/// XML that parses, of characters that XML 1.0 allows; pugixml alone would let controls and bad UTF-8 pass.
inline void check_well_formed(const std::string& svg) {
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_string(svg.c_str(), pugi::parse_full);
  EXPECT_TRUE(parsed) << parsed.description() << " at byte " << parsed.offset;
  for (size_t at = svg.find("&#"); at != std::string::npos; at = svg.find("&#", at + 1)) {
    const int c = std::stoi(svg.substr(at + 2));
    EXPECT_TRUE(c == '\t' || c == '\n' || c == '\r') << c;
  }
  for (std::string_view rest = svg; !rest.empty();) {
    const size_t length = utf8_length(rest);
    ASSERT_GT(length, 0u) << "not UTF-8";
    const char32_t c = utf8_code_point(rest.substr(0, length));
    ASSERT_TRUE(c >= 0x20 || c == '\n' || c == '\t' || c == '\r') << static_cast<uint32_t>(c);
    ASSERT_TRUE(c != 0xFFFE && c != 0xFFFF);
    rest.remove_prefix(length);
  }
}

}  // namespace limpid
