// How an intervention is written: COMPONENT=VALUE (limpid/intervention.h).
#pragma once

#include <string>
#include <string_view>

#include "analyses/intervention.h"
#include "forward/model.h"

namespace limpid {

/// "zero", "mean", "counterfactual", or a number. Errors: kInvalidArgument.
Result<Replacement> parse_replacement(std::string_view text);
std::string to_string(const Replacement& replacement);

/// Numbers are within the model and a prompt of n_tok tokens; negative positions count from the end. Errors:
/// kInvalidArgument, naming what is out of range, or with the forms that there are.
Result<Intervention> parse_intervention(const Model& model, size_t n_tok, std::string_view text);
std::string to_string(const Intervention& intervention);

}  // namespace limpid
