// What of a run can be looked at, by name: nodes, edges, and the parts that nodes are made of.
//
//   embed@3  mid.5@3  ffn.5@3  post.5@3             nodes
//   post.4@1->mid.5@3                               edges
//   head.5.1@3                                      head 1 of layer 5 at query 3, over all keys
//   neuron.5.1023@3                                 a neuron of the FFN
//   attention_bias.5@3  ffn_bias.5@3                what the biases of a block add
//   logit@3                                         the logits after token 3
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "graph/node.h"

namespace limpid {

struct Subject {
  enum class Kind { kNode, kEdge, kHead, kNeuron, kAttentionBias, kFfnBias, kLogit };

  Kind kind = Kind::kNode;
  Node node = {};  // layer and position of all kinds but kLogit, which has no layer; the target of an edge
  int index = 0;   // of the head or neuron
  Node from = {};  // of an edge
};

/// Positions may be negative: they count from the end of a prompt and are not resolved here. Errors:
/// kInvalidArgument, with the forms above as hint.
Result<Subject> parse_subject(std::string_view text);
std::string to_string(const Subject& subject);

}  // namespace limpid
