// Results as comma-separated values (RFC 4180), for spreadsheets and data frames.
#pragma once

#include <string>
#include <string_view>

#include "limpid/inspect.h"

namespace limpid {

/// The text, in quotes where it has a comma, a quote or a line break.
std::string csv_field(std::string_view text);

/// One number a line: section,item,measure,value.
std::string to_csv(const Inspection& inspection);

}  // namespace limpid
