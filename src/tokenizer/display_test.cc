#include "tokenizer/display.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

struct Shown {
  std::string bytes;
  std::string text;
  bool continuation = false;
};

TEST(ShowPieces, LaysCharactersOverTokens) {
  const std::vector<std::vector<Shown>> cases = {
      {},
      {{"", ""}},
      {{"Hello", "Hello"}, {" world", " world"}},
      // One character on two and on three pieces: whole on each.
      {{"\xE6\x97", "日"}, {"\xA5", "日", true}},
      {{"a\xE6", "a日"}, {"\x97", "日", true}, {"\xA5z", "日z", true}},
      // The last piece of one character begins the next.
      {{"\xE6\x97", "日"}, {"\xA5\xE6", "日本", true}, {"\x9C\xAC", "本", true}},
      {{"\xF0\x9F", "🙂"}, {"", "🙂", true}, {"\x99\x82", "🙂", true}},
      // Never a character: cut off by the end, by a special token's name, by another character.
      {{"\xE3\x81", "<E3 81>"}},
      {{"x\xE3", "x<E3>"}, {"\x81", "<81>"}},
      {{"\xE3\x81", "<E3 81>"}, {"<s>", "<s>"}, {"\x82", "<82>"}},
      {{"\x80\xFF日\xC0", "<80 FF>日<C0>"}},
      {{"\xE3", "<E3>"}, {"é", "é"}},
  };
  for (const auto& expected : cases) {
    std::vector<Piece> pieces;
    for (const Shown& piece : expected) pieces.emplace_back().bytes = piece.bytes;
    show_pieces(pieces);
    for (size_t i = 0; i < pieces.size(); ++i) {
      EXPECT_EQ(pieces[i].text, expected[i].text) << "piece " << i;
      EXPECT_EQ(pieces[i].continuation, expected[i].continuation) << "piece " << i << " " << pieces[i].text;
    }
  }
}

}  // namespace
}  // namespace limpid
