// Two names, of which one comes again as who gives: the other one receives.
#include <array>
#include <fmt/format.h>

#include "analyses/datasets/filling.h"
#include "analyses/draw.h"

namespace limpid {

namespace {

/// No template begins with a name, which would be another token there.
constexpr auto kPatterns = std::to_array<std::string_view>({
    "When {first} and {second} went to the {place}, {subject} gave a {object} to",
    "After {first} and {second} arrived at the {place}, {subject} handed a {object} to",
    "Then {first} and {second} walked into the {place}. There {subject} offered a {object} to",
    "While {first} and {second} were waiting at the {place}, {subject} passed a {object} to",
    "Once {first} and {second} had left the {place}, {subject} showed a {object} to",
    "On Sunday {first} and {second} met at the {place}, and {subject} brought a {object} to",
    "Yesterday {first} and {second} spent the day at the {place}, and {subject} lent a {object} to",
    "Before {first} and {second} closed the {place}, {subject} sold a {object} to",
    "As {first} and {second} were tidying up the {place}, {subject} threw a {object} to",
    "Last week {first} and {second} had lunch near the {place}. Afterwards {subject} mailed a {object} to",
    "Because {first} and {second} both work at the {place}, {subject} returned a {object} to",
    "Friends since school, {first} and {second} run the {place}, and {subject} often gives a {object} to",
    "The day {first} and {second} moved in next to the {place}, {subject} gave a {object} to",
    "Although {first} and {second} had an argument at the {place}, {subject} left a {object} to",
    "On the way back from the {place}, {first} and {second} took a break, and {subject} tossed a {object} to",
});

constexpr auto kNames = std::to_array<std::string_view>(
    {"Aaron",    "Adam",    "Alan",    "Alex",    "Alice",     "Amy",      "Andrew", "Anna",     "Anthony",
     "Arthur",   "Ben",     "Brian",   "Carl",    "Charles",   "Chris",    "Clara",  "Connor",   "Daniel",
     "David",    "Diana",   "Dylan",   "Edward",  "Elizabeth", "Emily",    "Emma",   "Eric",     "Ethan",
     "Frank",    "Fred",    "George",  "Grace",   "Graham",    "Hannah",   "Harry",  "Helen",    "Henry",
     "Isaac",    "Jack",    "Jacob",   "Jake",    "James",     "Jamie",    "Jane",   "Jason",    "Jeff",
     "Jennifer", "Jeremy",  "Jessica", "John",    "Joseph",    "Joshua",   "Julia",  "Justin",   "Karen",
     "Kate",     "Katie",   "Kevin",   "Kyle",    "Laura",     "Lauren",   "Lewis",  "Lily",     "Linda",
     "Lisa",     "Louis",   "Lucas",   "Lucy",    "Luke",      "Maria",    "Mark",   "Martha",   "Martin",
     "Mary",     "Matthew", "Max",     "Melissa", "Michael",   "Michelle", "Nathan", "Nicholas", "Nick",
     "Oliver",   "Oscar",   "Patrick", "Paul",    "Peter",     "Philip",   "Rachel", "Rebecca",  "Richard",
     "Robert",   "Roger",   "Ruth",    "Ryan",    "Sam",       "Samuel",   "Sarah",  "Scott",    "Sean",
     "Simon",    "Sophie",  "Stephen", "Steven",  "Susan",     "Thomas",   "Tim",    "Tom",      "Tyler",
     "Victoria", "Vincent", "Walter",  "William"});

constexpr auto kPlaces = std::to_array<std::string_view>(
    {"airport", "bakery",     "beach",  "cafe",     "castle",  "church",  "factory", "farm",   "garden",
     "gym",     "hall",       "harbor", "hospital", "hotel",   "library", "market",  "museum", "office",
     "park",    "restaurant", "school", "shop",     "station", "store",   "theater", "zoo"});

/// Behind "a".
constexpr auto kObjects = std::to_array<std::string_view>(
    {"bag",       "ball",  "basket", "book",  "bottle", "box",      "camera", "card",   "coat",  "coin",
     "cookie",    "drink", "flower", "gift",  "hat",    "key",      "lamp",   "letter", "map",   "necklace",
     "newspaper", "pen",   "phone",  "photo", "ring",   "sandwich", "snack",  "ticket", "towel", "watch"});

/// Of the prompt two, and three others for its counterfactual.
constexpr size_t kLeastNames = 5;

std::string one_of(std::mt19937_64& random, std::span<const std::string_view> words) {
  return std::string(words[draw(random, words.size())]);
}

class IndirectObject : public ExampleSource {
 public:
  IndirectObject(DatasetRequest request, DatasetVocabulary vocabulary, std::vector<std::string_view> names)
      : request_(std::move(request)), vocabulary_(std::move(vocabulary)), names_(std::move(names)) {}

  std::optional<DatasetExample> draw(std::mt19937_64& random) const override {
    DatasetExample example;
    example.template_number = draw_template(random, request_, kPatterns.size());
    example.pattern = kPatterns[static_cast<size_t>(example.template_number) - 1];
    const bool object_first =
        limpid::draw(random, 2) == 0 ? request_.variant != "BABA" : request_.variant == "ABBA";
    example.variant = object_first ? "ABBA" : "BABA";
    const auto drawn = draw_different<std::string_view>(random, names_, kLeastNames);
    const std::string object(drawn[0]), subject(drawn[1]);
    const std::string place = one_of(random, kPlaces), thing = one_of(random, kObjects);

    const std::vector<Slot> slots = {{"first", object_first ? object : subject},
                                     {"second", object_first ? subject : object},
                                     {"subject", subject},
                                     {"place", place},
                                     {"object", thing}};
    example.words = {{"indirect_object", object}, {"subject", subject}, {"place", place}, {"object", thing}};
    example.prompt = fill(example.pattern, slots);
    example.counterfactual = fill(example.pattern, changed(slots, object, std::span(drawn).subspan(2)));
    example.target = " " + object;
    example.versus = " " + subject;
    const size_t n_changed = request_.change == NameChange::kNames ? 3 : 1;
    constexpr std::string_view kSlots[] = {"first", "second", "subject"};
    if (!set_ids(example, vocabulary_, n_changed, n_changed) || !set_answers(example, vocabulary_) ||
        !add_positions(example, vocabulary_, slots, kSlots))
      return std::nullopt;
    example.positions[object_first ? 0 : 1].first = "indirect_object";
    example.positions[object_first ? 1 : 0].first = "subject";
    example.positions[2].first = "subject_again";
    return example;
  }

 private:
  std::vector<Slot> changed(std::vector<Slot> slots, const std::string& object,
                            std::span<const std::string_view> others) const {
    switch (request_.change) {
      case NameChange::kSubject:
        slots[2].text = others[0];
        break;
      case NameChange::kNames:
        for (size_t i = 0; i < 3; ++i) slots[i].text = others[i];
        break;
      case NameChange::kFlip:
        slots[2].text = object;
        break;
    }
    return slots;
  }

  DatasetRequest request_;
  DatasetVocabulary vocabulary_;
  std::vector<std::string_view> names_;
};

}  // namespace

std::span<const std::string_view> indirect_object_patterns() {
  return kPatterns;
}

Result<std::unique_ptr<ExampleSource>> indirect_object_source(const DatasetRequest& request,
                                                              const DatasetVocabulary& vocabulary) {
  std::vector<std::string_view> names = single_tokens(vocabulary, kNames);
  if (names.size() < kLeastNames) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("indirect-object: expected at least {} names that are one token, found {} of {}",
                            kLeastNames, names.size(), kNames.size()),
                "the tokenizer splits names");
  }
  return std::make_unique<IndirectObject>(request, vocabulary, std::move(names));
}

}  // namespace limpid
