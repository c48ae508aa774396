// What a node, an edge, a head or a neuron of a run is made of and says: the answer of `limpid inspect`.
//
// One shape for all of them; a section that does not apply is empty.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "limpid/route.h"
#include "limpid/token.h"

namespace limpid {

/// How a part of a state is read in the vocabulary (docs/method.md).
enum class Normalize {
  kFrozen,  // through the final norm with the scale of the position's last state: parts add up to the logit
  kPart,    // through the final norm as if the part were a state
  kNone,    // unembedded as it is
};
/// "frozen", "part", "none".
const char* name(Normalize normalize);

struct InspectRequest {
  Prompt prompt;
  /// embed@3, mid.5@3, ffn.5@3, post.5@3, head.5.1@3, neuron.5.1023@3, attention_bias.5@3, ffn_bias.5@3,
  /// logit@3, or an edge: post.4@1->mid.5@3. Positions may count from the end: @-1.
  std::string subject;
  Normalize normalize = Normalize::kFrozen;
  std::string target = {};   // the token whose logit is looked at, a text or "#id"; empty: the top one
  size_t n_prediction = 30;  // of a state
  size_t n_token = 15;       // promoted, and as many suppressed
  size_t n_neuron = 20;
};

/// A token among the predictions of a state, with its place in the state below (none for embeddings).
struct RankedPrediction {
  NamedPrediction token;
  size_t rank = 0;
  std::optional<size_t> rank_below = {};
};

struct TokenScore {
  Piece piece;
  float logit = 0;
};

/// What a part does to the logits.
struct PartReading {
  std::vector<TokenScore> promoted;    // largest first
  std::vector<TokenScore> suppressed;  // smallest first
};

/// A part of a state with its share of it.
struct StatePart {
  std::string subject;  // as InspectRequest::subject names it
  EdgeKind kind = EdgeKind::kResidual;
  float share = 0;
  std::vector<EdgeHead> heads = {};  // of an attention edge, the largest first; they sum to `share`
};

/// One (query, key) pair of a head.
struct HeadKey {
  int key = 0;
  float attention = 0;
  float share = 0;
};

/// A head of an attention edge.
struct HeadPart {
  int head = 0;
  float attention = 0;
  float share = 0;
};

struct NeuronPart {
  int neuron = 0;
  float activation = 0;
  float share = 0;
  std::optional<Piece> promotes = {};  // most of all tokens
};

/// What one part of the run adds to a logit.
struct LogitPart {
  std::string subject;  // or "final_norm_bias", "unembed_bias", "softcap"; of a run that replaced something
                        // also "patch.mid.5@3", "patch.post.5@3": what was put in there
  double logit = 0;
};

struct Inspection {
  std::string model;
  std::vector<Piece> tokens;
  std::string subject;
  std::string kind;  // "state", "attention", "residual", "ffn", "head", "neuron", "bias", "logit"
  Normalize normalize = Normalize::kFrozen;
  std::vector<std::string> warnings;

  std::optional<float> share;  // of the state that it is a part of
  std::string part_of;         // that state

  // A state
  std::vector<RankedPrediction> predictions;
  std::optional<double> entropy;    // nats
  std::vector<StatePart> parts;     // the largest first; they sum to 1, or are all 0
  std::optional<float> bias_share;  // beside them, of a mid state
  // A part
  std::optional<PartReading> reading;
  std::vector<HeadPart> heads;          // of an attention edge, the largest share first
  std::vector<HeadKey> keys;            // of a head, by key
  std::vector<NeuronPart> neurons;      // of an FFN, the largest share first
  std::optional<float> activation;      // of a neuron
  std::optional<float> residual_share;  // of an edge between the same position: the residual beside the heads
  std::optional<NamedPrediction> target;  // InspectRequest::target, as this position predicts it
  std::optional<double> adds_to_target;   // what the part adds to its logit, frozen
  // A logit
  std::vector<LogitPart> logit_parts;  // by size, the largest first; they sum to the target's logit
};

}  // namespace limpid
