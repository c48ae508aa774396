#include "analyses/dataset.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <memory>

#include "analyses/datasets/filling.h"

namespace limpid {
namespace {

/// How numbers of four digits are cut.
enum class Digits {
  kPairs,   // " 17" "32"
  kSingle,  // " " "1" "7" "3" "2"
  kThrees,  // " " "173" "2"
  kWhole,   // " 1732", but " 17" where it ends so
  kOdd,     // " 1" "732"
};

/// Words with the blank before them, and BOS (0) before all; words longer than `longest` are cut there.
class Tokenizer {
 public:
  explicit Tokenizer(Digits digits, size_t longest = 100) : digits_(digits), longest_(longest) {}

  std::vector<int> encode(std::string_view text) {
    std::vector<int> ids = {0};
    while (!text.empty()) {
      size_t n = text[0] == ' ' ? 1 : 0;
      const bool number = n < text.size() && std::isdigit(static_cast<unsigned char>(text[n]));
      if (!number && n < text.size() && !std::isalpha(static_cast<unsigned char>(text[n]))) ++n;
      while (n < text.size() && (number ? std::isdigit(static_cast<unsigned char>(text[n]))
                                        : std::isalpha(static_cast<unsigned char>(text[n]))))
        ++n;
      for (const std::string& piece : cut(std::string(text.substr(0, n)), number)) ids.push_back(id(piece));
      text.remove_prefix(n);
    }
    return ids;
  }
  std::string decode(std::span<const int> ids) const {
    std::string text;
    for (const int i : ids) text += i == 0 ? "" : names_[static_cast<size_t>(i) - 1];
    return text;
  }

 private:
  std::vector<std::string> cut(std::string word, bool number) const {
    std::vector<std::string> pieces;
    const auto take = [&](size_t n) {
      pieces.push_back(word.substr(0, n));
      word.erase(0, n);
    };
    if (number && word[0] == ' ' && (digits_ == Digits::kSingle || digits_ == Digits::kThrees)) take(1);
    if (number && digits_ == Digits::kPairs) take(word[0] == ' ' ? 3 : 2);
    if (number && digits_ == Digits::kOdd) take(word[0] == ' ' ? 2 : 1);
    const size_t n = number ? (digits_ == Digits::kSingle   ? 1
                               : digits_ == Digits::kThrees ? 3
                                                            : 100)
                            : longest_;
    while (!word.empty()) take(std::min(n, word.size()));
    return pieces;
  }
  int id(const std::string& piece) {
    const auto [found, added] = ids_.emplace(piece, static_cast<int>(ids_.size()) + 1);
    if (added) names_.push_back(piece);
    return found->second;
  }

  Digits digits_;
  size_t longest_;
  std::map<std::string, int> ids_;
  std::vector<std::string> names_;
};

DatasetVocabulary vocabulary(Digits digits, size_t longest = 100) {
  auto tokenizer = std::make_shared<Tokenizer>(digits, longest);
  DatasetVocabulary result = {[=](std::string_view text) { return tokenizer->encode(text); },
                              [=](std::span<const int> ids) { return tokenizer->decode(ids); },
                              {},
                              {0}};
  for (int letter = 'a'; letter <= 'z'; ++letter)
    result.eligible.push_back(tokenizer->encode(std::string(1, static_cast<char>(letter)))[1]);
  return result;
}

std::vector<DatasetExample> examples(const DatasetRequest& request, const DatasetVocabulary& words) {
  auto made = DatasetExamples::make(request, words);
  EXPECT_TRUE(made.has_value()) << made.error().message;
  std::vector<DatasetExample> found;
  while (found.size() < request.count) {
    auto example = made->next();
    if (!example) break;
    found.push_back(*std::move(example));
  }
  return found;
}

std::string message_of(const DatasetRequest& request, const DatasetVocabulary& words) {
  const auto made = DatasetExamples::make(request, words);
  return made ? "" : made.error().message;
}

std::string word(const DatasetExample& example, std::string_view slot) {
  return std::ranges::find(example.words, slot, [](const auto& w) { return w.first; })->second;
}

int position(const DatasetExample& example, std::string_view slot) {
  return std::ranges::find(example.positions, slot, [](const auto& p) { return p.first; })->second;
}

class Datasets : public ::testing::TestWithParam<DatasetKind> {};

TEST_P(Datasets, AreWhatTheTokenizerMakesOfThem) {
  const DatasetVocabulary words = vocabulary(Digits::kSingle);
  std::set<std::string> prompts;
  for (const DatasetExample& e : examples({.kind = GetParam(), .count = 300}, words)) {
    SCOPED_TRACE(e.prompt);
    EXPECT_TRUE(prompts.insert(e.prompt).second);
    if (GetParam() != DatasetKind::kInduction) {  // letters without blanks are one word
      EXPECT_EQ(e.ids, words.encode(e.prompt));
      EXPECT_EQ(e.counterfactual_ids, words.encode(e.counterfactual));
      std::vector<int> longer = e.ids;
      longer.push_back(e.target_id);
      EXPECT_EQ(longer, words.encode(e.prompt + e.target));
      longer.back() = e.versus_id;
      EXPECT_EQ(longer, words.encode(e.prompt + e.versus));
    }
    ASSERT_EQ(e.ids.size(), e.counterfactual_ids.size());
    for (size_t t = 0; t < e.ids.size(); ++t) {
      EXPECT_EQ(std::ranges::count(e.changed, static_cast<int>(t)), e.ids[t] != e.counterfactual_ids[t]) << t;
    }
    EXPECT_EQ(std::ranges::count(e.targets, e.target_id), 1);
    EXPECT_EQ(std::ranges::count(e.versuses, e.versus_id), 1);
    EXPECT_EQ(std::ranges::count(e.versuses, e.target_id), 0);
    EXPECT_EQ(position(e, "end"), static_cast<int>(e.ids.size()) - 1);
  }
  EXPECT_EQ(prompts.size(), 300);
}

TEST_P(Datasets, DependOnTheSeedAlone) {
  const auto prompts = [&](uint64_t seed, size_t count) {
    std::vector<std::string> found;
    for (const auto& e :
         examples({.kind = GetParam(), .count = count, .seed = seed}, vocabulary(Digits::kSingle)))
      found.push_back(e.prompt + e.target + e.versus + e.counterfactual);
    return found;
  };
  const auto seven = prompts(7, 20);
  EXPECT_EQ(seven, prompts(7, 20));
  EXPECT_NE(seven, prompts(8, 20));
  EXPECT_EQ(std::vector(seven.begin(), seven.begin() + 5), prompts(7, 5));
}

TEST_P(Datasets, CanBeOfSomeTemplates) {
  const auto n = static_cast<int>(n_dataset_template(GetParam()));
  std::set<int> all;
  const DatasetVocabulary words = vocabulary(Digits::kSingle);
  for (const auto& e : examples({.kind = GetParam(), .count = 300}, words)) all.insert(e.template_number);
  EXPECT_EQ(all.size(), n);
  for (const auto& e : examples({.kind = GetParam(), .count = 20, .templates = {n}}, words)) {
    EXPECT_EQ(e.template_number, n);
  }
  for (const int wrong : {0, -1, n + 1}) {
    EXPECT_EQ(message_of({.kind = GetParam(), .templates = {wrong}}, words),
              fmt::format("template: expected a number from 1 to {}, found {}", n, wrong));
  }
}

TEST_P(Datasets, HaveTheirVariants) {
  const std::vector<std::string> variants = dataset_variants(GetParam());
  const DatasetVocabulary words = vocabulary(Digits::kSingle);
  std::set<std::string> found;
  for (const auto& e : examples({.kind = GetParam(), .count = 50}, words)) found.insert(e.variant);
  EXPECT_EQ(found, variants.empty() ? std::set<std::string>{""} : std::set(variants.begin(), variants.end()));
  for (const std::string& variant : variants) {
    for (const auto& e : examples({.kind = GetParam(), .count = 20, .variant = variant}, words))
      EXPECT_EQ(e.variant, variant);
  }
  EXPECT_NE(message_of({.kind = GetParam(), .variant = "CCC"}, words).find("found 'CCC'"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Datasets, ::testing::ValuesIn(kDatasetKinds), [](const auto& param) {
  std::string kind = name(param.param);
  std::ranges::replace(kind, '-', '_');
  return kind;
});

TEST(IndirectObject, TheOtherNameIsTheAnswer) {
  const DatasetVocabulary words = vocabulary(Digits::kSingle);
  for (const auto& e : examples({.count = 100}, words)) {
    const std::string object = word(e, "indirect_object"), subject = word(e, "subject");
    EXPECT_EQ(e.target, " " + object);
    EXPECT_EQ(e.versus, " " + subject);
    const int at_object = position(e, "indirect_object"), at_subject = position(e, "subject");
    EXPECT_EQ(at_object < at_subject, e.variant == "ABBA") << e.prompt;
    const auto at = [&](int t) { return words.decode(std::span(e.ids).subspan(static_cast<size_t>(t), 1)); };
    EXPECT_EQ(at(at_object), " " + object);
    EXPECT_EQ(at(at_subject), " " + subject);
    EXPECT_EQ(at(position(e, "subject_again")), " " + subject);
    EXPECT_EQ(at(position(e, "end")), " to");
  }
}

TEST(IndirectObject, CounterfactualsChangeNames) {
  const DatasetVocabulary words = vocabulary(Digits::kSingle);
  for (const NameChange change : {NameChange::kSubject, NameChange::kNames, NameChange::kFlip}) {
    for (const auto& e : examples({.count = 50, .change = change}, words)) {
      SCOPED_TRACE(e.prompt + " / " + e.counterfactual);
      const int again = position(e, "subject_again");
      std::vector<int> expected = {again};
      if (change == NameChange::kNames) {
        expected = {position(e, "indirect_object"), position(e, "subject"), again};
        std::ranges::sort(expected);
      }
      EXPECT_EQ(e.changed, expected);
      std::set<int> others;
      for (const int t : e.changed) others.insert(e.counterfactual_ids[static_cast<size_t>(t)]);
      EXPECT_EQ(others.size(), e.changed.size());
      EXPECT_EQ(others.contains(e.target_id), change == NameChange::kFlip);
      EXPECT_FALSE(others.contains(e.versus_id));
    }
  }
}

TEST(GreaterThan, AnswersAreLaterYears) {
  const struct {
    Digits digits;
    size_t n_shown, n_answer;
    std::string counterfactual;
  } cases[] = {{Digits::kPairs, 2, 2, "01"},
               {Digits::kSingle, 2, 1, "01"},
               {Digits::kThrees, 3, 1, "0"},
               {Digits::kWhole, 0, 4, "01"}};
  for (const auto& c : cases) {
    const DatasetVocabulary words = vocabulary(c.digits);
    for (const auto& e : examples({.kind = DatasetKind::kGreaterThan, .count = 200}, words)) {
      SCOPED_TRACE(e.prompt);
      const std::string start = word(e, "start");
      const std::string shown = c.n_shown == 0 ? "" : e.prompt.substr(e.prompt.size() - c.n_shown);
      EXPECT_EQ(shown, start.substr(0, c.n_shown));
      const auto years = [&](int id) {
        std::string year = shown + words.decode(std::span(&id, 1));
        std::erase(year, ' ');
        return std::pair(std::stoi(year + std::string(4 - year.size(), '0')),
                         std::stoi(year + std::string(4 - year.size(), '9')));
      };
      for (const int id : e.targets) EXPECT_GT(years(id).first, std::stoi(start));
      for (const int id : e.versuses) EXPECT_LE(years(id).second, std::stoi(start));
      // Only where a digit stands for a decade one of them may be neither.
      const size_t n_answer = c.n_answer == 1 ? 10 : 100;
      const bool neither = c.digits == Digits::kSingle && start.back() != '9';
      EXPECT_EQ(e.targets.size() + e.versuses.size() + (neither ? 1 : 0), n_answer);
      EXPECT_EQ(e.target.size(), c.n_shown == 0 ? 5 : c.n_answer);
      const std::string changed = start.substr(0, 4 - c.counterfactual.size()) + c.counterfactual;
      EXPECT_NE(e.counterfactual.find(changed), std::string::npos) << e.counterfactual;
    }
  }
}

TEST(Induction, WhatFollowedFollowsAgain) {
  std::set<int> places;
  const DatasetVocabulary words = vocabulary(Digits::kSingle);
  for (const auto& e : examples({.kind = DatasetKind::kInduction, .count = 200, .length = 6}, words)) {
    ASSERT_EQ(e.ids.size(), 8);
    EXPECT_EQ(e.ids.front(), 0);
    const auto a = static_cast<size_t>(position(e, "A")), b = static_cast<size_t>(position(e, "B"));
    EXPECT_EQ(b, a + 1);
    EXPECT_EQ(e.ids[a], e.ids.back());
    EXPECT_EQ(e.ids[b], e.target_id);
    EXPECT_EQ(std::set(e.ids.begin(), e.ids.end()).size(), 7);
    EXPECT_TRUE(e.versus_id != e.ids[a] && std::ranges::count(e.ids, e.versus_id) == 1) << e.versus_id;
    EXPECT_EQ(e.changed, std::vector{static_cast<int>(a)});
    EXPECT_EQ(std::ranges::count(e.counterfactual_ids, e.ids.back()), 1);
    EXPECT_EQ(e.prompt, words.decode(e.ids));
    places.insert(static_cast<int>(a));
  }
  EXPECT_EQ(places, (std::set{1, 2, 3, 4, 5}));
}

TEST(Agreement, TheVerbIsOfTheSubjectsNumber) {
  const std::map<std::string, std::string> verbs = {{" is", " are"}, {" has", " have"}};
  for (const auto& e :
       examples({.kind = DatasetKind::kAgreement, .count = 200}, vocabulary(Digits::kSingle))) {
    SCOPED_TRACE(e.prompt);
    const bool plural = e.variant == "plural";
    EXPECT_EQ(verbs.at(plural ? e.versus : e.target), plural ? e.target : e.versus);
    EXPECT_EQ(e.changed, std::vector{position(e, "subject")});
    const auto is_plural = [](const std::string& noun) {
      return noun.ends_with('s') || noun.ends_with("en");
    };
    EXPECT_EQ(is_plural(word(e, "subject")), plural || word(e, "subject") == "children");
    EXPECT_NE(is_plural(word(e, "subject")), is_plural(word(e, "attractor")));
  }
}

TEST(DatasetErrors, SayHowManyWordsAreOneToken) {
  // In pieces of three bytes no name is one token.
  const DatasetVocabulary cut = vocabulary(Digits::kSingle, 3);
  EXPECT_EQ(message_of({}, cut),
            "indirect-object: expected at least 5 names that are one token, found 0 of 112");
  EXPECT_EQ(
      message_of({.kind = DatasetKind::kAgreement}, cut),
      "agreement: expected at least 2 nouns that are one token in the singular and in the plural, found 0 "
      "of 48");
  EXPECT_EQ(
      message_of({.kind = DatasetKind::kGreaterThan}, vocabulary(Digits::kOdd)),
      "greater-than: expected a tokenizer that cuts years alike, after two or three digits or not at all, "
      "found none of 7 centuries so");
  EXPECT_EQ(message_of({.kind = DatasetKind::kInduction, .length = 26}, cut),
            "induction: expected a vocabulary of at least 27 ordinary tokens, found 26");
  EXPECT_EQ(message_of({.kind = DatasetKind::kInduction, .length = 2}, cut),
            "length: expected a number from 3 to 4096, found 2");
}

TEST(DatasetExamples, EndWhereThereAreNoMore) {
  // Three letters, and one of them twice, at two places; two of the others are answers.
  DatasetVocabulary words = vocabulary(Digits::kSingle);
  words.eligible.resize(4);
  const auto found = examples({.kind = DatasetKind::kInduction, .count = 1000, .length = 3}, words);
  EXPECT_EQ(found.size(), 4 * 3 * 2 * 2);
}

TEST(Filling, KnowsContinuations) {
  const DatasetVocabulary words = vocabulary(Digits::kPairs);
  const auto adds_one = [&](std::string_view prompt, std::string_view text) {
    return continuation(words, prompt, words.encode(prompt), text).has_value();
  };
  EXPECT_TRUE(adds_one("in the year 17", "50"));
  EXPECT_TRUE(adds_one("gave it to", " Mary"));
  EXPECT_FALSE(adds_one("gave it to", " Mary and"));
  EXPECT_FALSE(adds_one("gave it to", "day"));  // becomes "today"
  EXPECT_FALSE(adds_one("gave it to", ""));
}

}  // namespace
}  // namespace limpid
