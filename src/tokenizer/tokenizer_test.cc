#include "tokenizer/tokenizer.h"

#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>

#include "checkpoint/locate.h"
#include "checkpoint/test_files.h"
#include "tokenizer/goldens_test.h"

namespace limpid {
namespace {

bool inside_character(const std::string& text, size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
}

/// Every piece shows the characters of `text` that its bytes lie in, cut at nothing.
void expect_whole_characters(const std::vector<Piece>& pieces, const std::string& text) {
  size_t at = 0;
  for (const Piece& piece : pieces) {
    size_t begin = at;
    size_t end = at += piece.bytes.size();
    EXPECT_EQ(piece.continuation, inside_character(text, begin)) << text;
    while (inside_character(text, begin)) --begin;
    while (inside_character(text, end)) ++end;
    EXPECT_EQ(piece.text, text.substr(begin, end - begin)) << text;
  }
}

void expect_goldens(const Tokenizer& tokenizer, std::string_view name) {
  for (const test::Golden& golden : test::read_goldens(name)) {
    const auto encoding = tokenizer.encode(golden.text);
    ASSERT_TRUE(encoding) << encoding.error().message;
    EXPECT_EQ(encoding->ids, golden.ids) << golden.text;
    const auto pieces = tokenizer.pieces(encoding->ids);
    ASSERT_TRUE(pieces) << pieces.error().message;
    ASSERT_EQ(pieces->size(), encoding->ids.size());
    EXPECT_EQ(test::text_of(*pieces), golden.decoded) << golden.text;
  }
}

struct Committed {
  std::string source;  // below testdata/tokenizers/
  std::string goldens;
  std::string named;  // what source() says
};

void PrintTo(const Committed& committed, std::ostream* out) {
  *out << committed.source;
}

class CommittedTokenizer : public testing::TestWithParam<Committed> {};

TEST_P(CommittedTokenizer, HasTheIdsAndTextOfHuggingFace) {
  const auto tokenizer = Tokenizer::load(test::tokenizer_checkpoint(GetParam().source));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->source(), GetParam().named);
  expect_goldens(*tokenizer, GetParam().goldens);
}

/// Random strings of all planes come back, and every character is shown whole on each of its pieces.
TEST_P(CommittedTokenizer, RandomTextComesBack) {
  const auto tokenizer = Tokenizer::load(test::tokenizer_checkpoint(GetParam().source));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  std::mt19937 random(7);
  for (int n = 0; n < 400; ++n) {
    std::string text;
    for (auto length = random() % 20; length > 0; --length) text += test::random_character(random);
    const auto encoding = tokenizer->encode(text, AddBos::kNo);
    ASSERT_TRUE(encoding) << encoding.error().message;
    const auto pieces = tokenizer->pieces(encoding->ids);
    ASSERT_TRUE(pieces) << pieces.error().message;
    EXPECT_EQ(test::text_of(*pieces), text);
    expect_whole_characters(*pieces, text);
  }
}

TEST_P(CommittedTokenizer, EveryTokenHasAPiece) {
  const auto tokenizer = Tokenizer::load(test::tokenizer_checkpoint(GetParam().source));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_GT(tokenizer->n_vocab(), 800);
  for (int id = 0; id < tokenizer->n_vocab(); ++id) {
    const Piece piece = tokenizer->piece(id);
    EXPECT_EQ(piece.id, id);
    EXPECT_FALSE(piece.bytes.empty()) << id;
    EXPECT_FALSE(piece.text.empty()) << id;
    EXPECT_FALSE(piece.continuation) << id;
  }
}

INSTANTIATE_TEST_SUITE_P(Tokenizers, CommittedTokenizer,
                         testing::Values(Committed{"smollm", "smollm", "tokenizer.json"},
                                         Committed{"smollm.gguf", "smollm", "GGUF gpt2/smollm"},
                                         Committed{"gpt2", "gpt2", "tokenizer.json"},
                                         Committed{"gpt2.gguf", "gpt2", "GGUF gpt2/gpt-2"},
                                         Committed{"gpt2-files", "gpt2-files", "vocab.json"},
                                         Committed{"llama3", "llama3", "tokenizer.json"},
                                         Committed{"llama3.gguf", "llama3", "GGUF gpt2/llama-bpe"},
                                         Committed{"sentencepiece", "sentencepiece", "tokenizer.json"},
                                         Committed{"sentencepiece.gguf", "sentencepiece", "GGUF llama"}),
                         [](const auto& param) {
                           std::string name = param.param.source;
                           for (char& c : name) {
                             if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           }
                           return name;
                         });

/// Needs the default model at the place where the program looks for it ($LIMPID_DATA_DIR).
TEST(DefaultModel, HasTheIdsOfHuggingFace) {
  const auto path = locate_model("");
  ASSERT_TRUE(path) << path.error().message << "; " << path.error().hint;
  const auto checkpoint = open_checkpoint(*path);
  ASSERT_TRUE(checkpoint) << checkpoint.error().message;
  const auto tokenizer = Tokenizer::load(*checkpoint);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  EXPECT_EQ(tokenizer->n_vocab(), 49152);
  EXPECT_EQ(tokenizer->bos_id(), 1);
  EXPECT_EQ(tokenizer->eos_id(), 2);
  const std::vector<std::pair<const char*, std::vector<int>>> published = {
      {"When Mary and John went to the store, John gave a drink to",
       {2427, 5099, 284, 2322, 3514, 288, 260, 4249, 28, 2322, 4502, 253, 5968, 288}},
      {"The war lasted from the year 1732 to the year 17",
       {504, 1913, 15298, 429, 260, 713, 216, 33, 39, 35, 34, 288, 260, 713, 216, 33, 39}},
      {"5 + 4 = 9, 2 + 3 =", {37, 1232, 216, 36, 446, 216, 41, 28, 216, 34, 1232, 216, 35, 446}},
  };
  for (const auto& [text, ids] : published) EXPECT_EQ(tokenizer->encode(text)->ids, ids);
  expect_goldens(*tokenizer, "smollm2");
}

TEST(Tokenizer, BosOnRequest) {
  const auto smollm = Tokenizer::load(test::tokenizer_checkpoint("smollm.gguf"));
  const auto llama3 = Tokenizer::load(test::tokenizer_checkpoint("llama3"));
  const auto unsplit = Tokenizer::load(test::tokenizer_checkpoint("unsplit.gguf"));
  ASSERT_TRUE(smollm && llama3 && unsplit);
  struct Case {
    const Tokenizer& tokenizer;
    AddBos bos;
    std::string text;
    size_t n_bos;
    bool doubled = false;
  };
  const std::vector<Case> cases = {
      {*smollm, AddBos::kAsTokenizer, "a", 0},
      {*smollm, AddBos::kYes, "a", 1},
      {*smollm, AddBos::kNo, "a", 0},
      {*llama3, AddBos::kAsTokenizer, "a", 1},
      {*llama3, AddBos::kYes, "a", 1},
      {*llama3, AddBos::kNo, "a", 0},
      {*llama3, AddBos::kAsTokenizer, "", 1},
      {*smollm, AddBos::kAsTokenizer, "<|begin|>a", 1},
      {*smollm, AddBos::kYes, "<|begin|>a", 2, true},
      {*llama3, AddBos::kAsTokenizer, "<|begin|>a", 2, true},
      {*llama3, AddBos::kNo, "<|begin|>a", 1},
      {*llama3, AddBos::kAsTokenizer, "a<|begin|>", 1},
      {*unsplit, AddBos::kAsTokenizer, "a", 0},
  };
  for (const Case& c : cases) {
    const auto encoding = c.tokenizer.encode(c.text, c.bos);
    ASSERT_TRUE(encoding) << encoding.error().message;
    size_t n_bos = 0;
    while (n_bos < encoding->ids.size() && c.tokenizer.bos_id() == encoding->ids[n_bos]) ++n_bos;
    EXPECT_EQ(n_bos, c.n_bos) << c.text;
    EXPECT_EQ(encoding->doubled_bos, c.doubled) << c.text;
  }
  const auto none = unsplit->encode("a", AddBos::kYes);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kInvalidArgument);
}

TEST(Tokenizer, SplitCharactersSpecialsAndBrokenBytes) {
  const auto tokenizer = Tokenizer::load(test::tokenizer_checkpoint("sentencepiece.gguf"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  std::vector<int> ids =
      tokenizer->encode("🧿<tool>")->ids;  // no token of its own: BOS, "▁", four bytes, text
  ASSERT_EQ(ids.size(), 7);
  const std::vector<Piece> pieces = *tokenizer->pieces(ids);
  EXPECT_EQ(pieces[0].text, "<s>");
  EXPECT_TRUE(pieces[0].special);
  EXPECT_EQ(pieces[1].bytes, "");  // the space that the tokenizer had put there
  for (size_t i = 2; i < 6; ++i) {
    EXPECT_EQ(pieces[i].text, "🧿");
    EXPECT_EQ(pieces[i].bytes.size(), 1);
    EXPECT_EQ(pieces[i].continuation, i > 2);
  }
  EXPECT_EQ(pieces[6].text, "<tool>");
  EXPECT_FALSE(pieces[6].special);

  ids.resize(5);
  EXPECT_EQ(tokenizer->pieces(ids)->back().text, "<A7>");
  EXPECT_EQ(tokenizer->piece(ids[3]).text, "<9F>");
  EXPECT_EQ(tokenizer->piece(ids[1]).text, " ");
}

TEST(Tokenizer, BadArguments) {
  const auto tokenizer = Tokenizer::load(test::tokenizer_checkpoint("smollm.gguf"));
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  for (const char* text : {"\xFF", "a\xC3", "\xED\xA0\x80", "\xC0\x80"}) {
    const auto encoding = tokenizer->encode(text);
    ASSERT_FALSE(encoding);
    EXPECT_EQ(encoding.error().code, ErrorCode::kInvalidArgument);
  }
  for (const int id :
       {-1, tokenizer->n_vocab(), std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    const auto pieces = tokenizer->pieces(std::vector<int>{0, id});
    ASSERT_FALSE(pieces) << id;
    EXPECT_EQ(pieces.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(tokenizer->piece(id).text, "<unused " + std::to_string(id) + ">");
    EXPECT_EQ(tokenizer->piece(id).bytes, "");
  }
}

TEST(Tokenizer, GgufWithoutVocabulary) {
  const test::TemporaryFolder folder;
  Checkpoint checkpoint;
  checkpoint.dialect = Dialect::kGguf;
  checkpoint.path = folder.path() / "x.gguf";
  checkpoint.directory = folder.path();
  const auto tokenizer = Tokenizer::load(checkpoint);
  ASSERT_FALSE(tokenizer);
  EXPECT_EQ(tokenizer.error().code, ErrorCode::kNotFound);
  EXPECT_NE(tokenizer.error().message.find("x.gguf: no vocabulary inside"), std::string::npos);
}

/// Damaged files load or say why; nothing crashes, and what loads can be used.
TEST(Tokenizer, MutatedFiles) {
  std::ifstream file(LIMPID_TESTDATA "/tokenizers/sentencepiece/tokenizer.json", std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  const std::string good = content.str();
  ASSERT_GT(good.size(), 10000);
  std::mt19937 random(11);
  const test::TemporaryFolder folder;
  Checkpoint checkpoint;
  checkpoint.path = checkpoint.directory = folder.path();
  int n_refused = 0;
  for (int n = 0; n < 200; ++n) {
    std::string bytes = good;
    const bool near_start = n % 2 == 0;  // where the parts other than the vocabulary are
    for (auto changes = 1 + random() % 3; changes > 0; --changes) {
      bytes[random() % (near_start ? 4000 : bytes.size())] =
          static_cast<char>(random() % 5 == 0 ? random() : '0' + random() % 75);
    }
    if (n % 10 == 0) bytes.resize(random() % bytes.size());
    folder.write("tokenizer.json", bytes);
    const auto tokenizer = Tokenizer::load(checkpoint);
    if (!tokenizer) {
      ++n_refused;
      EXPECT_FALSE(tokenizer.error().message.empty());
      continue;
    }
    const auto encoding = tokenizer->encode("Hello <s> wörld 日本 🙂");
    if (encoding) {
      EXPECT_TRUE(tokenizer->pieces(encoding->ids));
    }
  }
  EXPECT_GT(n_refused, 50);
}

}  // namespace
}  // namespace limpid
