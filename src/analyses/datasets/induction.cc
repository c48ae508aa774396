// Random tokens of which the last one came before: what followed then follows again.
#include <array>
#include <fmt/format.h>

#include "analyses/datasets/filling.h"
#include "analyses/draw.h"

namespace limpid {

namespace {

constexpr std::string_view kPatterns[] = {"... A B ... A"};

class Induction : public ExampleSource {
 public:
  Induction(DatasetRequest request, DatasetVocabulary vocabulary)
      : request_(std::move(request)), vocabulary_(std::move(vocabulary)) {}

  std::optional<DatasetExample> draw(std::mt19937_64& random) const override {
    const auto length = static_cast<size_t>(request_.length);
    std::vector<int> sequence = draw_different<int>(random, vocabulary_.eligible, length + 1);
    const int other = sequence.back();
    // A comes first, and B behind it; the wrong answer is any of the others.
    const size_t a = limpid::draw(random, length - 1);
    const size_t b = a + 1;
    size_t wrong = limpid::draw(random, length - 2);
    if (wrong >= a) wrong += 2;
    sequence.back() = sequence[a];

    DatasetExample example;
    example.pattern = kPatterns[0];
    example.ids = vocabulary_.prefix;
    example.ids.insert(example.ids.end(), sequence.begin(), sequence.end());
    const auto at = [&](size_t i) { return static_cast<int>(vocabulary_.prefix.size() + i); };
    example.counterfactual_ids = example.ids;
    example.counterfactual_ids[static_cast<size_t>(at(a))] = other;
    example.changed = {at(a)};
    example.positions = {{"A", at(a)}, {"B", at(b)}, {"end", at(length)}};
    example.targets = {example.target_id = sequence[b]};
    example.versuses = {example.versus_id = sequence[wrong]};
    example.prompt = text(example.ids);
    example.counterfactual = text(example.counterfactual_ids);
    example.target = vocabulary_.decode(example.targets);
    example.versus = vocabulary_.decode(example.versuses);
    return example;
  }

 private:
  std::string text(std::span<const int> ids) const {
    return vocabulary_.decode(ids.subspan(vocabulary_.prefix.size()));
  }

  DatasetRequest request_;
  DatasetVocabulary vocabulary_;
};

}  // namespace

std::span<const std::string_view> induction_patterns() {
  return kPatterns;
}

Result<std::unique_ptr<ExampleSource>> induction_source(const DatasetRequest& request,
                                                        const DatasetVocabulary& vocabulary) {
  const size_t needed = static_cast<size_t>(request.length) + 1;
  if (vocabulary.eligible.size() < needed) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("induction: expected a vocabulary of at least {} ordinary tokens, found {}",
                            needed, vocabulary.eligible.size()),
                "--length takes fewer");
  }
  return std::make_unique<Induction>(request, vocabulary);
}

}  // namespace limpid
