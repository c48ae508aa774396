// Examples of a dataset one after another, no prompt twice (docs/datasets.md).
#pragma once

#include <memory>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "limpid/dataset.h"

#include "analyses/datasets/example_source.h"

namespace limpid {

/// How many templates a kind has.
size_t n_dataset_template(DatasetKind kind);

class DatasetExamples {
 public:
  /// Of request only what says which examples. Errors: kInvalidArgument for a template or variant that the
  /// kind does not have, or a length out of range; kUnsupported for a vocabulary that has too few words of
  /// one token.
  static Result<DatasetExamples> make(const DatasetRequest& request, const DatasetVocabulary& vocabulary);

  /// Nothing once many draws in a row gave nothing new.
  std::optional<DatasetExample> next();

 private:
  DatasetExamples(std::unique_ptr<ExampleSource> source, uint64_t seed)
      : source_(std::move(source)), random_(seed) {}

  std::unique_ptr<ExampleSource> source_;
  std::mt19937_64 random_;
  std::set<std::vector<int>> seen_;
};

}  // namespace limpid
