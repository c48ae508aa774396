// A subject that exists: every number of its name within the model and the prompt.
#pragma once

#include "forward/model.h"
#include "graph/subject.h"

namespace limpid {

/// Parses the name and resolves positions that count from the end. Errors: kInvalidArgument naming what is
/// out of range, or saying what edges there are.
Result<Subject> resolve_subject(const Model& model, size_t n_tok, std::string_view text);

}  // namespace limpid
