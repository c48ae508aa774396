// Examples of prompts with known answers, as lines of JSON.
#pragma once

#include <cstddef>
#include <string_view>

#include "limpid/faithfulness.h"

#include "base/result.h"

namespace limpid {

inline constexpr size_t kMaxExampleLine = size_t{1} << 20;  // bytes

/// {"ids": [..], "counterfactual_ids": [..], "target_id": n, "versus_id": n}, or with texts "prompt",
/// "counterfactual", "target", "versus"; ids where both are there. Other keys are let pass. Errors:
/// kInvalidArgument.
Result<FaithfulnessExample> parse_example(std::string_view line);

}  // namespace limpid
