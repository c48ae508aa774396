// Questions about a prompt as questions about its run.
#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include "api/session.h"

namespace limpid {

/// Runs the prompt and asks `ask(trace)`, a Result of something with `warnings`, which become those about the
/// prompt.
template <class Ask>
std::invoke_result_t<Ask, const Trace&> ask_of_prompt(const Session& session, const Prompt& prompt,
                                                      const RunControl& control, const Ask& ask) {
  std::vector<std::string> warnings;
  LIMPID_TRY(const std::vector<int> ids, session.vocabulary().encode(prompt, warnings));
  LIMPID_TRY(const Trace trace, session.trace(ids, {}, control));
  auto answer = ask(trace);
  if (answer) answer->warnings = std::move(warnings);
  return answer;
}

}  // namespace limpid
