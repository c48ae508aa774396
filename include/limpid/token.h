// Tokens: how they are shown, how a prompt is given, what is predicted.
#pragma once

#include <string>
#include <vector>

namespace limpid {

/// How one token is shown.
struct Piece {
  int id = 0;
  /// Of the pieces of a text, those that are not special add up to the text as decoding gives it; the bytes
  /// of a special token are its name.
  std::string bytes;
  /// Valid UTF-8. A character split over several tokens is shown whole on each of its pieces; bytes that
  /// never form a character appear as <E3 81>; an id that no token has as <unused 7>.
  std::string text;
  /// The piece starts inside a character that an earlier token began.
  bool continuation = false;
  bool special = false;
};

enum class AddBos { kAsTokenizer, kYes, kNo };

/// What to run: a text, or token ids that replace it (nothing is added to ids).
struct Prompt {
  std::string text;
  std::vector<int> ids = {};
  AddBos bos = AddBos::kAsTokenizer;
  /// The text is what the user says in a conversation, written down by the model's own template; BOS is then
  /// the template's business unless kYes.
  bool chat = false;
  std::string system = {};  // the system's message before it, with `chat`; empty: none
};

struct Prediction {
  int id = 0;
  float logit = 0;
  double probability = 0;  // softmax over the whole vocabulary
};

struct NamedPrediction {
  Prediction prediction;
  Piece piece;
};

}  // namespace limpid
