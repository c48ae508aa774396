// Prompts of strangers to ids.
#pragma once

#include <string>
#include <vector>

#include "server/app.h"

namespace limpid {

/// Errors: as Vocabulary::encode; 400 for ids outside the vocabulary; 413 for more tokens than
/// max_prompt_tokens or the model's context, or for a text that is too long to be looked at.
Answer<std::vector<int>> encode(const App& app, const OpenModel& model, const Prompt& prompt,
                                std::vector<std::string>& warnings);

/// Of the other prompt of an intervention. Errors also: 400 for another number of tokens than `ids`.
Answer<std::vector<int>> encode_against(const App& app, const OpenModel& model, const Prompt& prompt,
                                        const std::vector<int>& ids, std::vector<std::string>& warnings);

}  // namespace limpid
