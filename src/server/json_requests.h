// Bodies of requests. Unknown keys are errors: a misspelt option must not pass silently.
#pragma once

#include <string>
#include <string_view>

#include "limpid/token.h"
#include "server/failure.h"

namespace limpid {

struct PromptBody {
  std::string model;  // "": the default one
  Prompt prompt;
};

/// TraceRequest of openapi.json.
Answer<PromptBody> parse_trace_request(std::string_view body);
/// TokenizeRequest of openapi.json.
Answer<Prompt> parse_tokenize_request(std::string_view body);

}  // namespace limpid
