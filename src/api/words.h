// How users write small things, on the command line as in addresses and files.
#pragma once

#include <optional>
#include <string_view>

#include "limpid/attention.h"
#include "limpid/token.h"

namespace limpid {

/// "5.1": layer and head. nullopt for anything else; whether a model has that head is not looked at.
std::optional<HeadId> parse_head(std::string_view text);
/// "auto", "yes", "no".
std::optional<AddBos> parse_bos(std::string_view text);

}  // namespace limpid
