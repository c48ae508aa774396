// The vocabulary inside a GGUF file (keys tokenizer.ggml.*) made into a tokenizer: byte-level BPE ("gpt2")
// and sentencepiece-type BPE ("llama").
#pragma once

#include <string_view>

#include "base/result.h"
#include "checkpoint/metadata.h"
#include "tokenizer/loaded.h"

namespace limpid {

/// `origin` begins the error messages. Errors: kUnsupported (another kind of vocabulary or pre-tokenizer, by
/// name), kCorrupt.
Result<LoadedTokenizer> load_gguf_tokenizer(const Metadata& metadata, std::string_view origin);

}  // namespace limpid
