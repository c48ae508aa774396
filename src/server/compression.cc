#include "server/compression.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

#include "server/encoding.h"
#include "server/query.h"

namespace limpid {

namespace {

constexpr size_t kSmallest = 1024;  // bytes; a packet holds as many anyway
constexpr int kLevel = 1;           // answers of a megabyte take milliseconds, and shrink to a sixth or less

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool equal_words(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// 0 of "q=0", "q=0.0" and what is no number.
double quality(std::string_view parameter) {
  double value = 0;
  if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) return 1;
  parameter.remove_prefix(2);
  std::from_chars(parameter.data(), parameter.data() + parameter.size(), value);
  return value;
}

bool is_text(std::string_view content_type) {
  static constexpr std::array<std::string_view, 2> kTexts = {"application/json", "image/svg+xml"};
  return std::ranges::find(kTexts, content_type) != kTexts.end();
}

}  // namespace

bool takes_gzip(std::string_view accepted) {
  for (const std::string_view choice : split(accepted, ',')) {
    const auto parts = split(choice, ';');
    if (!equal_words(trimmed(parts[0]), "gzip")) continue;
    return parts.size() < 2 || quality(trimmed(parts[1])) > 0;
  }
  return false;
}

void compress(const HttpRequest& request, HttpResponse& response) {
  if (response.stream || !is_text(response.content_type)) return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (response.body.size() < kSmallest) return;
  if (!takes_gzip(request.header("accept-encoding"))) return;
  std::optional<std::string> compressed = gzip(response.body, kLevel);
  if (!compressed) return;
  response.body = *std::move(compressed);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace limpid
