#include "cli/heads_drawing.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace limpid {

namespace {

/// From these scores on a head is shown as a capital, or a small letter.
constexpr double kStrong = 0.5, kWeak = 0.25;

const char* what(HeadRole role) {
  switch (role) {
    case HeadRole::kPrevious:
      return "to the token before";
    case HeadRole::kDuplicate:
      return "to the same token, earlier";
    case HeadRole::kInduction:
      return "to what followed the same token, earlier";
    case HeadRole::kFirst:
      return "to the first token";
    case HeadRole::kCurrent:
      return "to the token itself";
    case HeadRole::kSubword:
      return "to earlier pieces of a word, not the word before";
  }
  return "";
}

char letter(HeadRole role, double score) {
  const char small = name(role)[0];
  return score >= kStrong ? static_cast<char>(small - 'a' + 'A') : score >= kWeak ? small : '.';
}

/// The letter of a head's highest score; of equal ones the first role's.
char best_letter(const HeadsResult& result, const HeadScores& head) {
  const auto best = std::ranges::max_element(head.scores, {}, &RoleScore::score) - head.scores.begin();
  return letter(result.roles[static_cast<size_t>(best)], head.scores[static_cast<size_t>(best)].score);
}

Ink ink_of(char letter) {
  return letter == '.' ? Ink::kMuted : letter >= 'a' ? Ink::kPlain : Ink::kAttention;
}

/// Heads begin .. end - 1 of all layers.
std::string grid_part(const HeadsResult& result, int begin, int end, int cell, const Terminal& terminal) {
  std::string out = terminal.paint(Ink::kMuted, "layer ");
  for (int h = begin; h < end; ++h) {
    out += terminal.paint(Ink::kMuted, fmt::format("{:>{}}", h % (cell == 1 ? 10 : 100), cell));
  }
  out += "\n";
  for (int layer = result.n_layer - 1; layer >= 0; --layer) {
    out += fmt::format("{:>5} ", layer);
    for (int h = begin; h < end; ++h) {
      const char best = best_letter(result, result.heads[static_cast<size_t>(layer * result.n_head + h)]);
      out += std::string(static_cast<size_t>(cell - 1), ' ') +
             terminal.paint(ink_of(best), std::string(1, best));
    }
    out += "\n";
  }
  return out;
}

}  // namespace

std::string role_table(const HeadsResult& result, size_t role, size_t count, const Terminal& terminal) {
  std::vector<const HeadScores*> heads;
  heads.reserve(result.heads.size());
  for (const HeadScores& head : result.heads) heads.push_back(&head);
  std::ranges::stable_sort(heads, std::ranges::greater{},
                           [&](const HeadScores* head) { return head->scores[role].score; });
  std::string out = terminal.paint(Ink::kBold, fit(name(result.roles[role]), 11)) +
                    terminal.paint(Ink::kMuted, what(result.roles[role])) + "\n" +
                    terminal.paint(Ink::kMuted, "  head    score  error  contribution") + "\n";
  heads.resize(std::min(heads.size(), count));
  for (const HeadScores* head : heads) {
    const RoleScore& score = head->scores[role];
    out += fmt::format("  {:<6}  {:>5.3f}  {:>5.3f}  {:>12.4f}\n",
                       fmt::format("{}.{}", head->id.layer, head->id.head), score.score, score.error,
                       score.contribution);
  }
  return out;
}

std::string role_grid(const HeadsResult& result, const Terminal& terminal) {
  constexpr int kMargin = 6;
  const int room = std::max(terminal.width() - kMargin, 3);
  const int cell = result.n_head * 3 <= room ? 3 : result.n_head <= room ? 1 : 3;
  const int most = std::min(result.n_head, room / cell);
  std::string out = terminal.paint(Ink::kBold, "Best role of each head") + "\n";
  for (int begin = 0; begin < result.n_head; begin += most) {
    out += grid_part(result, begin, std::min(begin + most, result.n_head), cell, terminal);
  }
  std::string legend;
  for (const HeadRole role : result.roles) {
    legend += fmt::format("{}{} {}", legend.empty() ? "" : ", ", letter(role, 1), name(role));
  }
  return out + legend +
         fmt::format("\ncapitals: a score of {} or more; small letters: {} or more\n", kStrong, kWeak);
}

}  // namespace limpid
