#include "analyses/dataset.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace limpid {

namespace {

constexpr int kMinLength = 3, kMaxLength = 4096;

/// Draws in a row without a new example. At the last of n examples a draw finds it with 1 / n.
constexpr int kMostDraws = 2000;

struct Kind {
  const char* name;
  MakeSource make;
  std::span<const std::string_view> (*patterns)();
  std::vector<std::string> variants;
};

const Kind& description(DatasetKind kind) {
  static const Kind kinds[] = {
      {"indirect-object", indirect_object_source, indirect_object_patterns, {"ABBA", "BABA"}},
      {"greater-than", greater_than_source, greater_than_patterns, {}},
      {"induction", induction_source, induction_patterns, {}},
      {"agreement", agreement_source, agreement_patterns, {"singular", "plural"}}};
  return kinds[static_cast<size_t>(kind)];
}

Status check(const DatasetRequest& request) {
  const Kind& kind = description(request.kind);
  const int n_template = static_cast<int>(n_dataset_template(request.kind));
  for (const int number : request.templates) {
    if (number < 1 || number > n_template) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("template: expected a number from 1 to {}, found {}", n_template, number));
    }
  }
  if (!request.variant.empty() && std::ranges::find(kind.variants, request.variant) == kind.variants.end()) {
    return fail(ErrorCode::kInvalidArgument,
                kind.variants.empty()
                    ? fmt::format("variant: expected none of {}, found '{}'", kind.name, request.variant)
                    : fmt::format("variant: expected one of {}, found '{}'", fmt::join(kind.variants, ", "),
                                  request.variant));
  }
  if (request.length < kMinLength || request.length > kMaxLength) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("length: expected a number from {} to {}, found {}",
                                                         kMinLength, kMaxLength, request.length));
  }
  return {};
}

}  // namespace

const char* name(DatasetKind kind) {
  return description(kind).name;
}

std::vector<std::string> dataset_variants(DatasetKind kind) {
  return description(kind).variants;
}

size_t n_dataset_template(DatasetKind kind) {
  return description(kind).patterns().size();
}

Result<DatasetExamples> DatasetExamples::make(const DatasetRequest& request,
                                              const DatasetVocabulary& vocabulary) {
  LIMPID_CHECK_OK(check(request));
  LIMPID_TRY(std::unique_ptr<ExampleSource> source, description(request.kind).make(request, vocabulary));
  return DatasetExamples(std::move(source), request.seed);
}

std::optional<DatasetExample> DatasetExamples::next() {
  for (int i = 0; i < kMostDraws; ++i) {
    std::optional<DatasetExample> example = source_->draw(random_);
    if (example && seen_.insert(example->ids).second) return example;
  }
  return std::nullopt;
}

}  // namespace limpid
