// Many prompts for one model: every line is a request of its own, and every answer one line of JSON.
//
// A line is a prompt as it stands, or an object if it starts with '{':
//
//   When Mary and John went to the store
//   {"prompt": "{ starts an object", "threshold": 0.1, "id": "a7"}
//   {"ids": [504, 1390], "token": 0, "renormalize": false, "top": 20}
//   {"prompt": "What is a cat?", "chat": true, "system": "Be brief."}
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "limpid/route.h"
#include "limpid/run_control.h"

#include "api/session.h"

namespace limpid {

inline constexpr size_t kMaxBatchLine = size_t{1} << 20;  // bytes

/// What to explain, and how to draw it.
struct BatchRequest {
  ExplainRequest explain = {};
  RouteOptions route = {};
};

struct BatchLine {
  size_t number = 0;  // from 1
  std::string_view text;
  bool too_long = false;  // longer than kMaxBatchLine; text is its beginning
};

struct BatchAnswer {
  std::string json;                           // docs/schema/batch.json: one line, with its line break
  std::optional<Error> error = std::nullopt;  // what `json` says, where it is no result
};

/// Whatever is wrong with the line is an answer too. `defaults` holds for what the line does not say; its
/// prompt has no text and no ids.
BatchAnswer explain_line(const Session& session, const BatchLine& line, const BatchRequest& defaults,
                         const RunControl& control = {});

}  // namespace limpid
