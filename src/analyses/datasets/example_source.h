// Sources of examples, one for each kind of dataset, and what they build on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "limpid/dataset.h"

#include "base/result.h"

namespace limpid {

/// What a source knows of a tokenizer.
struct DatasetVocabulary {
  /// Ids of a text as a prompt; empty where the vocabulary cannot write it.
  std::function<std::vector<int>(std::string_view)> encode;
  std::function<std::string(std::span<const int>)> decode;
  std::vector<int> eligible = {};  // ids that random tokens are drawn from
  std::vector<int> prefix = {};    // BOS, or nothing
};

class ExampleSource {
 public:
  virtual ~ExampleSource() = default;
  /// Nothing where what was drawn is not tokenized as it must be: draw again.
  virtual std::optional<DatasetExample> draw(std::mt19937_64& random) const = 0;
};

/// `request.templates` and `request.variant` are those of the kind. Errors: kUnsupported for a vocabulary
/// that has too few words of one token.
using MakeSource = Result<std::unique_ptr<ExampleSource>> (*)(const DatasetRequest& request,
                                                              const DatasetVocabulary& vocabulary);
Result<std::unique_ptr<ExampleSource>> indirect_object_source(const DatasetRequest& request,
                                                              const DatasetVocabulary& vocabulary);
Result<std::unique_ptr<ExampleSource>> greater_than_source(const DatasetRequest& request,
                                                           const DatasetVocabulary& vocabulary);
Result<std::unique_ptr<ExampleSource>> induction_source(const DatasetRequest& request,
                                                        const DatasetVocabulary& vocabulary);
Result<std::unique_ptr<ExampleSource>> agreement_source(const DatasetRequest& request,
                                                        const DatasetVocabulary& vocabulary);

/// The templates of each kind, their slots in braces: "The {noun} lasted ...".
std::span<const std::string_view> indirect_object_patterns();
std::span<const std::string_view> greater_than_patterns();
std::span<const std::string_view> induction_patterns();
std::span<const std::string_view> agreement_patterns();

}  // namespace limpid
