#include "analyses/head_probes.h"

#include <array>
#include <string_view>

#include "analyses/draw.h"

namespace limpid {

namespace {

/// Long enough to be split by most vocabularies, known well enough to be words to a model.
constexpr auto kLongWords = std::to_array<std::string_view>(
    {"accountability", "archaeologist",   "bibliography",   "brushstroke",     "candlelight",
     "cartographer",   "catastrophe",     "championship",   "chrysanthemum",   "cinematographer",
     "clockmaker",     "confectionery",   "counterbalance", "crossroads",      "deforestation",
     "dishwasher",     "dragonfly",       "earthquake",     "encyclopedia",    "entrepreneur",
     "firefighter",    "fingerprint",     "gatekeeper",     "grasshopper",     "greengrocer",
     "hairdresser",    "handkerchief",    "hippopotamus",   "horticulture",    "housekeeper",
     "hummingbird",    "kaleidoscope",    "kindergarten",   "lighthouse",      "locksmith",
     "marketplace",    "masterpiece",     "metamorphosis",  "meteorologist",   "microorganism",
     "nightingale",    "ophthalmologist", "orchestration",  "paratrooper",     "philanthropist",
     "photosynthesis", "playwright",      "pomegranate",    "procrastination", "rattlesnake",
     "saxophonist",    "shipwreck",       "silversmith",    "stalactite",      "storyteller",
     "thunderstorm",   "trapezoid",       "trigonometry",   "typewriter",      "underachiever",
     "ventriloquist",  "weightlifter",    "windowsill",     "woodpecker"});
constexpr size_t kWordsInText = 16;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Ranges that hold the first token are left out: it draws attention whatever it is.
RolePairs subword_pairs(const std::vector<size_t>& word_begin) {
  RolePairs pairs;
  for (size_t q = 1; q < word_begin.size(); ++q) {
    const bool goes_on = word_begin[q] < q;
    const size_t begin = word_begin[goes_on ? q : q - 1];
    if (begin > 0) (goes_on ? pairs.inside : pairs.outside).push_back({q, begin, q});
  }
  return pairs;
}

}  // namespace

HeadProbe random_probe(std::mt19937_64& random, std::span<const int> eligible, std::span<const int> prefix,
                       size_t length) {
  HeadProbe probe;
  const std::vector<int> once = draw_different(random, eligible, length);
  probe.ids.assign(prefix.begin(), prefix.end());
  probe.ids.insert(probe.ids.end(), once.begin(), once.end());
  probe.ids.insert(probe.ids.end(), once.begin(), once.end());
  probe.period = length;
  probe.begin = prefix.size();
  return probe;
}

std::string long_word_text(std::mt19937_64& random) {
  std::string text;
  for (const std::string_view word : draw_different<std::string_view>(random, kLongWords, kWordsInText)) {
    text += text.empty() ? "The " : " and the ";
    text += word;
  }
  return text;
}

std::vector<size_t> word_begins(std::span<const Piece> pieces) {
  std::vector<size_t> begins(pieces.size());
  char last = ' ';
  for (size_t i = 0; i < pieces.size(); ++i) {
    const std::string& bytes = pieces[i].bytes;
    if (pieces[i].special || bytes.empty()) {
      begins[i] = i;
      last = ' ';
      continue;
    }
    begins[i] = is_letter(last) && is_letter(bytes.front()) ? begins[i - 1] : i;
    last = bytes.back();
  }
  return begins;
}

RolePairs role_pairs(HeadRole role, const HeadProbe& probe) {
  if ((role == HeadRole::kSubword) != (probe.period == 0)) return {};
  RolePairs pairs;
  const size_t second = probe.begin + probe.period;
  // The first two queries are left out: for them the first token and the one before, or the query itself, are
  // one, and a pair would count for two roles.
  constexpr size_t kFirstQuery = 2;
  const auto add = [&](size_t first_query, auto&& key_of) {
    for (size_t q = first_query; q < probe.ids.size(); ++q) {
      const size_t key = key_of(q);
      pairs.inside.push_back({q, key, key + 1});
    }
  };
  switch (role) {
    case HeadRole::kPrevious:
      add(kFirstQuery, [](size_t q) { return q - 1; });
      break;
    case HeadRole::kDuplicate:
      // Without BOS the first random token is the first of all, which draws attention whatever it is.
      add(probe.begin == 0 ? second + 1 : second, [&](size_t q) { return q - probe.period; });
      break;
    case HeadRole::kInduction:
      add(second, [&](size_t q) { return q - probe.period + 1; });
      break;
    case HeadRole::kFirst:
      add(kFirstQuery, [](size_t) { return size_t{0}; });
      break;
    case HeadRole::kCurrent:
      add(kFirstQuery, [](size_t q) { return q; });
      break;
    case HeadRole::kSubword:
      return subword_pairs(probe.word_begin);
  }
  return pairs;
}

}  // namespace limpid
