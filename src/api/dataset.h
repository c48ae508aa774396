// Datasets of a tokenizer alone: no model is run.
#pragma once

#include "limpid/dataset.h"

#include "api/vocabulary.h"
#include "base/result.h"

namespace limpid {

/// request.check is off. Errors: kInvalidArgument for a request out of range, kUnsupported for a tokenizer
/// that has too few words of one token, and as the tokenizer.
Result<DatasetResult> make_dataset(const Vocabulary& vocabulary, const DatasetRequest& request);

}  // namespace limpid
