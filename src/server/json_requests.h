// Bodies of requests. Unknown keys are errors: a misspelt option must not pass silently.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "limpid/generate.h"
#include "limpid/intervention.h"
#include "limpid/token.h"
#include "server/failure.h"

namespace limpid {

struct PromptBody {
  std::string model;  // "": the default one
  Prompt prompt;
};

/// TraceRequest of openapi.json.
struct TraceBody {
  PromptBody prompt;
  std::vector<std::string> replace = {};
  std::optional<Prompt> against = {};
};
Answer<TraceBody> parse_trace_request(std::string_view body);
/// GenerateRequest of openapi.json; the prompt of the inner request is not set. Ranges of the sampling are
/// checked where it is used.
struct GenerateBody {
  PromptBody prompt;
  GenerateRequest request;
};
Answer<GenerateBody> parse_generate_request(std::string_view body);
/// PatchRequest of openapi.json; the prompt is not set.
Answer<PatchRequest> parse_patch_request(std::string_view body);
/// SweepRequest of openapi.json; the prompt is not set.
Answer<SweepRequest> parse_sweep_request(std::string_view body);
/// An object without members.
Answer<void> parse_empty_request(std::string_view body);
/// TokenizeRequest of openapi.json.
Answer<Prompt> parse_tokenize_request(std::string_view body);

}  // namespace limpid
