#include "figures/route_columns.h"

#include <algorithm>
#include <numeric>
#include <ranges>

namespace limpid {

namespace {

/// Runs of positions without a column of their own become folds, where that takes less room.
std::vector<TokenColumn> columns_for(const std::vector<bool>& kept, const ColumnRoom& room) {
  std::vector<TokenColumn> columns;
  const int n = static_cast<int>(kept.size());
  for (int begin = 0, end = 0; begin < n; begin = end) {
    end = begin + 1;
    if (kept[static_cast<size_t>(begin)]) {
      columns.push_back({.position = begin, .on_route = true, .width = room.narrowest});
      continue;
    }
    while (end < n && !kept[static_cast<size_t>(end)]) ++end;
    if ((end - begin) * room.narrowest > room.fold) {
      columns.push_back({.position = begin, .count = end - begin, .width = room.fold});
    } else {
      for (int p = begin; p < end; ++p) columns.push_back({.position = p, .width = room.narrowest});
    }
  }
  return columns;
}

double total_width(const std::vector<TokenColumn>& columns) {
  return std::accumulate(columns.begin(), columns.end(), 0.0,
                         [](double sum, const TokenColumn& c) { return sum + c.width; });
}

/// Shares what is left of the room among the columns on the route, or among all where nothing is folded.
void spread(std::vector<TokenColumn>& columns, const ColumnRoom& room) {
  const bool folded = std::ranges::any_of(columns, [](const TokenColumn& c) { return c.count > 1; });
  const auto grows = [&](const TokenColumn& c) { return !folded || c.on_route; };
  const auto n = static_cast<double>(std::ranges::count_if(columns, grows));
  const double more =
      std::clamp((room.width - total_width(columns)) / std::max(n, 1.0), 0.0, room.widest - room.narrowest);
  for (TokenColumn& c : columns) c.width += grows(c) ? more : 0;
  double x = room.left + std::max(room.width - total_width(columns), 0.0) / 2;
  for (TokenColumn& c : columns) {
    c.x = x + c.width / 2;
    x += c.width;
  }
}

}  // namespace

std::vector<TokenColumn> place_columns(std::span<const float> strongest, int start, const ColumnRoom& room) {
  std::vector<bool> kept(strongest.size());
  for (size_t p = 0; p < kept.size(); ++p) kept[p] = strongest[p] > 0 || static_cast<int>(p) == start;
  std::vector<TokenColumn> columns;
  if (static_cast<double>(kept.size()) * room.narrowest <= room.width) {
    for (size_t p = 0; p < kept.size(); ++p)
      columns.push_back({.position = static_cast<int>(p), .on_route = kept[p], .width = room.narrowest});
    spread(columns, room);
    return columns;
  }
  std::vector<size_t> weakest_first;
  for (size_t p = 0; p < kept.size(); ++p) {
    if (kept[p] && static_cast<int>(p) != start) weakest_first.push_back(p);
  }
  std::ranges::stable_sort(weakest_first, {}, [&](size_t p) { return strongest[p]; });
  const auto without = [&](size_t n_weakest) {
    std::vector<bool> left = kept;
    for (size_t i = 0; i < n_weakest; ++i) left[weakest_first[i]] = false;
    return columns_for(left, room);
  };
  // Dropping a column never makes the rest wider.
  const auto counts = std::views::iota(size_t{0}, weakest_first.size());
  const auto enough = std::ranges::partition_point(
      counts, [&](size_t n_weakest) { return total_width(without(n_weakest)) > room.width; });
  columns = without(static_cast<size_t>(enough - counts.begin()));
  spread(columns, room);
  return columns;
}

}  // namespace limpid
