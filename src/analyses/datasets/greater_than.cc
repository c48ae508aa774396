// From one year to a later one, of which the beginning is given and the next token is the answer.
//
// Tokenizers cut years differently, so how much is given depends on the tokenizer: the century where the
// decade and year are one token (" 17" "32") or a digit each (" " "1" "7" "3" "2"), the decade where digits
// stand in threes ("173" "2"), and nothing where a year is one token.
#include <algorithm>
#include <array>
#include <fmt/format.h>

#include "analyses/datasets/filling.h"
#include "analyses/draw.h"

namespace limpid {

namespace {

/// {start} and {shown} are where the years are.
constexpr auto kPatterns = std::to_array<std::string_view>({
    "The {noun} lasted from the year {start} to the year{shown}",
    "The {noun} began in the year {start} and ended in the year{shown}",
    "The {noun} went on from {start} until{shown}",
});

/// What lasts for years.
constexpr auto kNouns = std::to_array<std::string_view>(
    {"alliance",    "blockade",   "boycott",     "campaign",   "conflict",   "conquest",  "construction",
     "contract",    "crisis",     "crusade",     "debate",     "dispute",    "drought",   "dynasty",
     "embargo",     "empire",     "epidemic",    "exile",      "expedition", "famine",    "feud",
     "friendship",  "journey",    "lawsuit",     "marriage",   "migration",  "mission",   "occupation",
     "partnership", "pilgrimage", "plague",      "project",    "raids",      "rebellion", "reform",
     "regime",      "reign",      "restoration", "revolution", "rivalry",    "rule",      "siege",
     "strike",      "struggle",   "survey",      "tenure",     "trade",      "treaty",    "truce",
     "unrest",      "uprising",   "voyage",      "war",        "work"});

constexpr int kFirstCentury = 11, kLastCentury = 17;

/// How a tokenizer cuts the years.
struct Cut {
  int n_shown;   // digits of the later year that are given
  int n_answer;  // digits of the next token
};
constexpr Cut kCuts[] = {{2, 2}, {2, 1}, {3, 1}, {0, 4}};

int power_of_ten(int n) {
  int power = 1;
  while (n-- > 0) power *= 10;
  return power;
}

/// Digits of a year from the left. n may be 0.
std::string first_digits(int year, int n) {
  return n == 0 ? "" : fmt::format("{}", year / power_of_ten(4 - n));
}

/// A next token, and the years that it leaves.
struct YearAnswer {
  int id;
  int first;
  int last;
  std::string text;
};

/// The next tokens that a prompt with a beginning of `year`'s century, or decade, has.
std::vector<YearAnswer> answers(const DatasetVocabulary& vocabulary, const Cut& cut,
                                const std::string& prompt, std::span<const int> ids, int year) {
  const int n_year = power_of_ten(4 - cut.n_shown - cut.n_answer);  // that an answer leaves
  const int n_answer = cut.n_shown == 0 ? 100 : power_of_ten(cut.n_answer);
  const int first = year - year % (n_year * n_answer);
  std::vector<YearAnswer> found;
  for (int i = 0; i < n_answer; ++i) {
    YearAnswer answer = {0, first + i * n_year, first + (i + 1) * n_year - 1, ""};
    answer.text =
        cut.n_shown == 0 ? fmt::format(" {}", answer.first) : fmt::format("{:0{}}", i, cut.n_answer);
    const auto id = continuation(vocabulary, prompt, ids, answer.text);
    if (!id) continue;
    answer.id = *id;
    found.push_back(std::move(answer));
  }
  return found;
}

/// Whether most years of a century can be answered.
bool fits(const DatasetVocabulary& vocabulary, const Cut& cut, int century) {
  constexpr int kDecade = 30;  // any that is no edge
  const int year = century * 100 + kDecade;
  std::string prompt = "The war lasted from the year 1000 to the year";
  if (cut.n_shown > 0) prompt += " " + first_digits(year, cut.n_shown);
  const std::vector<int> ids = vocabulary.encode(prompt);
  const size_t n_answer = cut.n_shown == 0 ? 100 : static_cast<size_t>(power_of_ten(cut.n_answer));
  return !ids.empty() && 2 * answers(vocabulary, cut, prompt, ids, year).size() >= n_answer;
}

class GreaterThan : public ExampleSource {
 public:
  GreaterThan(DatasetRequest request, DatasetVocabulary vocabulary, Cut cut, std::vector<int> centuries)
      : request_(std::move(request)),
        vocabulary_(std::move(vocabulary)),
        cut_(cut),
        centuries_(std::move(centuries)) {}

  std::optional<DatasetExample> draw(std::mt19937_64& random) const override {
    DatasetExample example;
    example.template_number = draw_template(random, request_, kPatterns.size());
    example.pattern = kPatterns[static_cast<size_t>(example.template_number) - 1];
    constexpr size_t kFirst = 2, kEnd = 99;  // 01 is the counterfactual's, and after 99 comes nothing
    const int century = centuries_[limpid::draw(random, centuries_.size())];
    const int start = century * 100 + static_cast<int>(kFirst + limpid::draw(random, kEnd - kFirst));
    const std::string noun(kNouns[limpid::draw(random, kNouns.size())]);

    const std::vector<Slot> slots = slots_of(noun, start, start);
    example.words = {{"noun", noun}, {"start", slots[1].text}};
    example.prompt = fill(example.pattern, slots);
    example.counterfactual = fill(example.pattern, slots_of(noun, earliest(start), start));
    constexpr std::string_view kSlots[] = {"start"};
    const size_t most = cut_.n_shown == 2 && cut_.n_answer == 1 ? 2 : 1;
    if (!set_ids(example, vocabulary_, 1, most) || !choose_answers(example, start, random) ||
        !add_positions(example, vocabulary_, slots, kSlots))
      return std::nullopt;
    // The start is cut where the end is.
    const int first_answer = example.positions[0].second - (2 - cut_.n_answer) * (cut_.n_shown == 2 ? 1 : 0);
    if (std::ranges::any_of(example.changed, [&](int t) { return t < first_answer; })) return std::nullopt;
    return example;
  }

 private:
  std::vector<Slot> slots_of(const std::string& noun, int start, int end) const {
    const std::string shown = first_digits(end, cut_.n_shown);
    return {{"noun", noun}, {"start", fmt::format("{}", start)}, {"shown", shown.empty() ? "" : " " + shown}};
  }

  /// The start after which nearly everything that can be answered is later.
  int earliest(int start) const { return cut_.n_shown == 3 ? start - start % 10 : start - start % 100 + 1; }

  /// False where no answer is right, or none wrong: a digit that leaves earlier years and later ones is
  /// neither.
  bool choose_answers(DatasetExample& example, int start, std::mt19937_64& random) const {
    std::vector<YearAnswer> right, wrong;
    for (YearAnswer& answer : answers(vocabulary_, cut_, example.prompt, example.ids, start)) {
      if (answer.first > start)
        right.push_back(std::move(answer));
      else if (answer.last <= start)
        wrong.push_back(std::move(answer));
    }
    if (right.empty() || wrong.empty()) return false;
    for (const YearAnswer& answer : right) example.targets.push_back(answer.id);
    for (const YearAnswer& answer : wrong) example.versuses.push_back(answer.id);
    const YearAnswer& target = right[limpid::draw(random, right.size())];
    const YearAnswer& versus = wrong[limpid::draw(random, wrong.size())];
    example.target = target.text;
    example.target_id = target.id;
    example.versus = versus.text;
    example.versus_id = versus.id;
    return true;
  }

  DatasetRequest request_;
  DatasetVocabulary vocabulary_;
  Cut cut_;
  std::vector<int> centuries_;
};

}  // namespace

std::span<const std::string_view> greater_than_patterns() {
  return kPatterns;
}

Result<std::unique_ptr<ExampleSource>> greater_than_source(const DatasetRequest& request,
                                                           const DatasetVocabulary& vocabulary) {
  for (const Cut& cut : kCuts) {
    std::vector<int> centuries;
    for (int century = kFirstCentury; century <= kLastCentury; ++century) {
      if (fits(vocabulary, cut, century)) centuries.push_back(century);
    }
    if (!centuries.empty())
      return std::make_unique<GreaterThan>(request, vocabulary, cut, std::move(centuries));
  }
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("greater-than: expected a tokenizer that cuts years alike, after two or three digits "
                  "or not at all, found none of {} centuries so",
                  kLastCentury - kFirstCentury + 1));
}

}  // namespace limpid
