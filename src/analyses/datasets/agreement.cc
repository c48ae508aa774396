// A verb agrees with its subject, across a noun of the other number.
#include <array>
#include <fmt/format.h>

#include "analyses/datasets/filling.h"
#include "analyses/draw.h"

namespace limpid {

namespace {

struct Noun {
  std::string_view singular;
  std::string_view plural;
};

constexpr auto kPatterns = std::to_array<std::string_view>({
    "The {subject} near the {attractor}",
    "The {subject} behind the {attractor}",
    "The {subject} next to the {attractor}",
    "The {subject} across from the {attractor}",
    "The {subject} in front of the {attractor}",
    "Yesterday we heard that the {subject} beside the {attractor}",
    "The {subject} that the {attractor} liked",
    "The {subject} that the {attractor} had found",
});

/// People, animals and things that can stand near each other, and like each other at a pinch.
constexpr auto kNouns = std::to_array<Noun>({{"actor", "actors"},
                                             {"artist", "artists"},
                                             {"author", "authors"},
                                             {"banker", "bankers"},
                                             {"bird", "birds"},
                                             {"book", "books"},
                                             {"boy", "boys"},
                                             {"cabinet", "cabinets"},
                                             {"car", "cars"},
                                             {"cat", "cats"},
                                             {"chair", "chairs"},
                                             {"child", "children"},
                                             {"customer", "customers"},
                                             {"dancer", "dancers"},
                                             {"doctor", "doctors"},
                                             {"dog", "dogs"},
                                             {"driver", "drivers"},
                                             {"farmer", "farmers"},
                                             {"friend", "friends"},
                                             {"girl", "girls"},
                                             {"guard", "guards"},
                                             {"horse", "horses"},
                                             {"house", "houses"},
                                             {"judge", "judges"},
                                             {"key", "keys"},
                                             {"king", "kings"},
                                             {"lawyer", "lawyers"},
                                             {"letter", "letters"},
                                             {"man", "men"},
                                             {"manager", "managers"},
                                             {"officer", "officers"},
                                             {"painting", "paintings"},
                                             {"parent", "parents"},
                                             {"picture", "pictures"},
                                             {"pilot", "pilots"},
                                             {"player", "players"},
                                             {"ship", "ships"},
                                             {"singer", "singers"},
                                             {"soldier", "soldiers"},
                                             {"student", "students"},
                                             {"table", "tables"},
                                             {"teacher", "teachers"},
                                             {"tower", "towers"},
                                             {"tree", "trees"},
                                             {"visitor", "visitors"},
                                             {"woman", "women"},
                                             {"worker", "workers"},
                                             {"writer", "writers"}});

constexpr Noun kVerbs[] = {{" is", " are"}, {" has", " have"}};

/// A subject, and another noun before the verb.
constexpr size_t kLeastNouns = 2;

std::string form(const Noun& noun, bool plural) {
  return std::string(plural ? noun.plural : noun.singular);
}

class Agreement : public ExampleSource {
 public:
  Agreement(DatasetRequest request, DatasetVocabulary vocabulary, std::vector<Noun> nouns)
      : request_(std::move(request)), vocabulary_(std::move(vocabulary)), nouns_(std::move(nouns)) {}

  std::optional<DatasetExample> draw(std::mt19937_64& random) const override {
    DatasetExample example;
    example.template_number = draw_template(random, request_, kPatterns.size());
    example.pattern = kPatterns[static_cast<size_t>(example.template_number) - 1];
    const bool plural =
        limpid::draw(random, 2) == 0 ? request_.variant == "plural" : request_.variant != "singular";
    example.variant = plural ? "plural" : "singular";
    const auto drawn = draw_different<Noun>(random, nouns_, kLeastNouns);
    const Noun& verb = kVerbs[limpid::draw(random, std::size(kVerbs))];

    std::vector<Slot> slots = {{"subject", form(drawn[0], plural)}, {"attractor", form(drawn[1], !plural)}};
    for (const Slot& slot : slots) example.words.emplace_back(slot.name, slot.text);
    example.prompt = fill(example.pattern, slots);
    example.target = form(verb, plural);
    example.versus = form(verb, !plural);
    constexpr std::string_view kSlots[] = {"subject", "attractor"};
    const std::vector<Slot> other_number = {{"subject", form(drawn[0], !plural)}, slots[1]};
    example.counterfactual = fill(example.pattern, other_number);
    if (!set_ids(example, vocabulary_, 1, 1) || !set_answers(example, vocabulary_) ||
        !add_positions(example, vocabulary_, slots, kSlots))
      return std::nullopt;
    return example;
  }

 private:
  DatasetRequest request_;
  DatasetVocabulary vocabulary_;
  std::vector<Noun> nouns_;
};

}  // namespace

std::span<const std::string_view> agreement_patterns() {
  return kPatterns;
}

Result<std::unique_ptr<ExampleSource>> agreement_source(const DatasetRequest& request,
                                                        const DatasetVocabulary& vocabulary) {
  std::vector<Noun> nouns;
  for (const Noun& noun : kNouns) {
    const std::string_view forms[] = {noun.singular, noun.plural};
    if (single_tokens(vocabulary, forms).size() == std::size(forms)) nouns.push_back(noun);
  }
  if (nouns.size() < kLeastNouns) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("agreement: expected at least {} nouns that are one token in the singular and in "
                            "the plural, found {} of {}",
                            kLeastNouns, nouns.size(), kNouns.size()),
                "the tokenizer splits words");
  }
  return std::make_unique<Agreement>(request, vocabulary, std::move(nouns));
}

}  // namespace limpid
