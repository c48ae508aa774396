// A token of the vocabulary as somebody names it.
#pragma once

#include <string_view>

#include "api/vocabulary.h"
#include "base/result.h"

namespace limpid {

/// "#123" is an id; any other text must be exactly one token, as it would be inside a prompt (no BOS).
/// `what` names the option in messages ("target"). Errors: kInvalidArgument, with the tokens that the text
/// has; no tokenizer.
Result<int> choose_token(const Vocabulary& vocabulary, int n_vocab, std::string_view text,
                         std::string_view what);

}  // namespace limpid
