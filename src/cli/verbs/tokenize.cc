#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <iostream>
#include <iterator>

#include "api/json.h"
#include "base/token_text.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

struct Options {
  PromptOptions prompt;
  bool json = false;
};

void print_table(const std::vector<Piece>& pieces) {
  fmt::print("position      id  token             bytes\n");
  for (size_t t = 0; t < pieces.size(); ++t) {
    const Piece& piece = pieces[t];
    std::vector<unsigned char> bytes(piece.bytes.begin(), piece.bytes.end());
    const std::string mark = piece.continuation ? " (continues a character)"
                             : piece.special    ? " (special)"
                                                : "";
    fmt::print("{:>8}  {:>6}  {}  {:02x}{}\n", t, piece.id, fit(mark_blanks(piece.text), 16),
               fmt::join(bytes, " "), mark);
  }
}

Status run_tokenize(const Options& options) {
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Vocabulary vocabulary, Vocabulary::open(model, options.prompt.adapter));
  std::vector<std::string> warnings;
  LIMPID_TRY(const std::vector<int> ids, vocabulary.encode(prompt, warnings));
  LIMPID_TRY(const std::vector<Piece> pieces, vocabulary.pieces(ids));
  print_warnings(warnings);
  if (options.json) {
    fmt::print("{}", to_json(pieces));
  } else {
    print_table(pieces);
  }
  return {};
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app);
  app.add_flag("--json", options->json, "Write JSON: {\"ids\": [...], \"tokens\": [...]}")
      ->group(kOutputGroup);
  return [options] { return run_tokenize(*options); };
}

}  // namespace

extern const Verb k_tokenize;
const Verb k_tokenize = {
    "tokenize", "Show the tokens of a text",
    "limpid tokenize \"When Mary and John went to the store\"\n"
    "echo \"When Mary and John\" | limpid tokenize --json -",
    define,
    "Lists what the model reads of a text: the position, id, text and bytes of each token. "
    "A character that several tokens share is shown whole on each."};

}  // namespace limpid
