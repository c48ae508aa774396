// The tokens after which a model has said what it had to say.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "checkpoint/checkpoint.h"

namespace limpid {

/// `eos` of the tokenizer; the ends of a text, a turn and a message of a GGUF vocabulary; "eos_token_id" of a
/// folder's config.json and generation_config.json, where ids without a token are passed over (-1 stands for
/// none). Sorted, each once, below `n_vocab`. Errors: kCorrupt, kIo, naming file and key.
Result<std::vector<int>> read_stop_ids(const Checkpoint& checkpoint, std::optional<int> eos, int n_vocab);

}  // namespace limpid
