#include "api/token_choice.h"

#include <charconv>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <optional>

namespace limpid {

namespace {

/// Of "#123".
std::optional<int> parse_id(std::string_view text) {
  if (!text.starts_with('#') || text.size() < 2) return std::nullopt;
  int id = 0;
  const auto [rest, error] = std::from_chars(text.data() + 1, text.data() + text.size(), id);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace

Result<int> choose_token(const Vocabulary& vocabulary, int n_vocab, std::string_view text,
                         std::string_view what) {
  if (const auto id = parse_id(text)) {
    if (*id >= 0 && *id < n_vocab) return *id;
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: expected an id from 0 to {}, found {}", what, n_vocab - 1, *id));
  }
  std::vector<std::string> warnings;
  LIMPID_TRY(const std::vector<int> ids,
             vocabulary.encode({.text = std::string(text), .bos = AddBos::kNo}, warnings));
  if (ids.size() == 1) return ids.front();
  LIMPID_TRY(const std::vector<Piece> pieces, vocabulary.pieces(ids));
  std::vector<std::string> names;
  names.reserve(pieces.size());
  for (const Piece& piece : pieces) names.push_back(fmt::format("'{}' #{}", piece.text, piece.id));
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: expected one token, found {}: {}", what, ids.size(), fmt::join(names, ", ")),
              "most words are one token only with the space before them, as ' the'; #ID names a token by its "
              "id");
}

}  // namespace limpid
