// Files that a verb writes beside what it prints.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace limpid {

/// Says on standard error that it was written. Errors: kIo.
Status write_output_file(const std::string& path, std::string_view text);

}  // namespace limpid
