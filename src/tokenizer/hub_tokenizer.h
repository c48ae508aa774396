// The tokenizer of a Hugging Face folder: tokenizer.json, or vocab.json with merges.txt as GPT-2 has them.
#pragma once

#include "base/result.h"
#include "checkpoint/checkpoint.h"
#include "tokenizer/loaded.h"

namespace limpid {

/// Looks in `checkpoint.directory`. Errors: kNotFound (naming the folder and what is needed), kUnsupported (a
/// tokenizer class that vocab.json alone does not describe), kCorrupt, kIo.
Result<LoadedTokenizer> load_hub_tokenizer(const Checkpoint& checkpoint);

}  // namespace limpid
