// Interventions: a run in which components are turned off or take the values of another run, and what that
// does to a prediction (docs/interventions.md).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "limpid/token.h"

namespace limpid {

/// The number of a prediction by which an intervention is judged.
enum class MetricKind {
  kLogit,            // of the target
  kLogitDifference,  // of the target less that of another token
  kProbability,      // of the target
  kDivergence,       // Kullback-Leibler, from the run without intervention, in nats
};
inline constexpr std::array kMetricKinds = {MetricKind::kLogit, MetricKind::kLogitDifference,
                                            MetricKind::kProbability, MetricKind::kDivergence};
/// "logit", "logit-diff", "probability", "kl".
const char* name(MetricKind kind);

struct MetricRequest {
  std::optional<MetricKind> kind = {};  // without: kLogitDifference where `versus` is given, else kLogit
  std::string target = {};              // a text that is one token, or "#id"; empty: the top prediction
  std::string versus = {};              // of kLogitDifference
};

/// A metric whose tokens are known.
struct ResolvedMetric {
  MetricKind kind = MetricKind::kLogit;
  Piece target;
  std::optional<Piece> versus = {};
};

/// An intervention is written COMPONENT=VALUE, where "=zero" may be left out:
///
///   head.5.1@3  attention.5@3  ffn.5@3  neuron.5.1023@3  embed@3  mid.5@3  post.5@3
///   head.5.1@13<-3  the attention that head 1 of layer 5 pays at token 13 to token 3; what is left of its
///                   attention is attended to more.  attention.5@13<-3: of all heads
///
/// Without "@3", at every token. VALUE is zero, a number (times which the value is taken), mean (of the
/// value over the tokens of the other run) or counterfactual (its value at the same token of the other run).
/// The other run is that of `against`; without it mean is of the run itself.
struct PatchRequest {
  Prompt prompt;
  int token = -1;  // position whose prediction is looked at
  std::vector<std::string> replace = {};
  std::optional<Prompt> against = {};  // as many tokens as the prompt
  MetricRequest metric = {};
  size_t n_predictions = 10;
};

/// What a part adds to the metric directly, in both runs.
struct DirectChange {
  std::string subject;
  double before = 0;
  double after = 0;
};

struct PatchResult {
  std::string model;
  std::vector<Piece> tokens;
  std::vector<Piece> against_tokens = {};
  int position = 0;
  std::vector<std::string> replace = {};  // as resolved
  ResolvedMetric metric;
  double before = 0;  // the metric
  double after = 0;
  std::optional<double> against = {};  // of the other run
  double divergence = 0;               // of the predictions, in nats
  std::vector<NamedPrediction> predictions_before = {};
  std::vector<NamedPrediction> predictions_after = {};
  /// Of kLogit and kLogitDifference: parts whose direct effect changed, the largest change first.
  std::vector<DirectChange> direct = {};
  /// Of the same metrics: what of the change is that of the direct effects of what was replaced. The rest
  /// comes through other parts; where it goes the other way, they made up for what was removed (self-repair).
  std::optional<double> direct_change = {};
  std::vector<std::string> warnings = {};
};

/// What a sweep replaces, one after the other.
enum class SweepOver { kHeads, kFfns, kEmbed, kMid, kPost };
inline constexpr std::array kSweepOver = {SweepOver::kHeads, SweepOver::kFfns, SweepOver::kEmbed,
                                          SweepOver::kMid, SweepOver::kPost};
/// "heads", "ffns", "embed", "mid", "post".
const char* name(SweepOver over);

struct SweepRequest {
  Prompt prompt;
  int token = -1;
  std::vector<SweepOver> over = {SweepOver::kHeads, SweepOver::kFfns};
  bool each_position = false;  // heads and FFNs at one token at a time; states always are
  std::string value = {};      // as an intervention's; empty: counterfactual with `against`, else zero
  /// The run of `against` takes the values of the prompt's run, instead of the other way round.
  bool denoise = false;
  std::optional<Prompt> against = {};
  MetricRequest metric = {};
};

struct SweepCell {
  SweepOver over = SweepOver::kHeads;
  int layer = 0;
  std::optional<int> head = {};
  std::optional<int> position = {};
  std::string subject;
  double value = 0;   // the metric
  double effect = 0;  // less that of the run that replaces nothing
};

struct SweepResult {
  std::string model;
  std::vector<Piece> tokens;
  std::vector<Piece> against_tokens = {};
  int position = 0;
  int n_layer = 0;
  int n_head = 0;
  std::string value;
  bool denoise = false;
  ResolvedMetric metric;
  double clean = 0;  // the metric of the prompt's run
  std::optional<double> against = {};
  std::vector<SweepCell> cells = {};  // by kind, layer, head and position
  double seconds = 0;                 // of the runs
  std::vector<std::string> warnings = {};
};

}  // namespace limpid
