// The one door to limpid: open a model, ask for something, get structs back. Everything a verb or a server
// does goes through here.
//
//   LIMPID_TRY(Session session, Session::open("model.gguf"));
//   LIMPID_TRY(Explanation explanation, session.explain({.prompt = {"When Mary and John"}}));
//   LIMPID_TRY(Route route, explanation.route({.position = 3, .threshold = 0.1f}));   // no model work
//   LIMPID_TRY(Generation generation, session.generate({.prompt = {"Once upon"}, .max_tokens = 20}));
//   LIMPID_TRY(Explanation last, session.explain(generation, -1));
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "limpid/attention.h"
#include "limpid/generate.h"
#include "limpid/heads.h"
#include "limpid/run_control.h"

#include "analyses/predictions.h"
#include "api/open_model.h"
#include "api/vocabulary.h"
#include "attribution/contributions.h"
#include "base/result.h"
#include "forward/model.h"
#include "forward/run.h"
#include "forward/trace.h"
#include "graph/route.h"

namespace limpid {

struct ExplainRequest {
  Prompt prompt;
  int token = -1;  // position whose prediction is explained; negative counts from the end
  size_t n_predictions = 5;
};

/// One run of a model, from which routes are drawn. Moving the threshold or the renormalisation costs no
/// model work above the floor of the kept shares. Movable; not for use from several threads at once.
class Explanation {
 public:
  const std::vector<Piece>& tokens() const { return tokens_; }
  int position() const { return position_; }  // non-negative
  const std::vector<NamedPrediction>& predictions() const { return predictions_; }
  const Model& model() const { return *model_; }
  const Trace& trace() const { return *trace_; }
  const std::vector<std::string>& warnings() const { return warnings_; }
  /// Rows of shares computed so far; does not grow while the threshold moves above the floor.
  size_t n_computed() const { return contributions_->n_computed(); }

  /// options.position is replaced by position(). Errors: as extract_route.
  Result<Route> route(RouteOptions options);

 private:
  friend class Session;
  std::shared_ptr<const Model> model_;
  std::shared_ptr<const Trace> trace_;
  std::unique_ptr<Contributions> contributions_;
  std::vector<Piece> tokens_;
  std::vector<NamedPrediction> predictions_;
  std::vector<std::string> warnings_;
  int position_ = 0;
};

/// A continued prompt and the run behind it, from which every generated token can be explained.
struct Generation {
  GenerateResult result;
  /// The prompt and all generated tokens but the last one, which was predicted and not run.
  std::shared_ptr<const Trace> trace;
};

/// Called for each generated token as soon as it is chosen. `text`: what it adds to GenerateResult::text;
/// empty while a character is not whole.
using OnToken = std::function<void(const NamedPrediction& token, std::string_view text)>;

class Session {
 public:
  /// `model`: as locate_model takes it: a path, an id in a local cache, or empty for the default model.
  /// Errors: kNotFound, kCorrupt, kUnsupported, kIo.
  static Result<Session> open(std::string_view model, const OpenOptions& options = {});

  const Model& model() const { return *model_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  /// What the model was called, if that is no path; else its file stem or folder name. With an adapter
  /// "MODEL + ADAPTER".
  const std::string& name() const { return name_; }

  /// Runs the model once. Weights are kept as far as they fit beside this run, extended up to options.room
  /// tokens. Errors: as forward's run, and kOutOfMemory.
  Result<Trace> trace(std::span<const int> ids, const RunOptions& options = {},
                      const RunControl& control = {}) const;

  Result<Explanation> explain(const ExplainRequest& request, const RunControl& control = {}) const;

  /// Continues a prompt. Errors: as trace, and kInvalidArgument for options out of range, kCorrupt for logits
  /// that are not finite. Tokens that were handed to on_token before an error stand.
  Result<Generation> generate(const GenerateRequest& request, const OnToken& on_token = {},
                              const RunControl& control = {}) const;
  /// Explains the prediction that a generated token was chosen from. `number`: 1 is the first generated
  /// token, -1 the last. Errors: kInvalidArgument naming the allowed range.
  Result<Explanation> explain(const Generation& generation, int number, size_t n_predictions = 5) const;
  /// Maps of heads. Errors: as chosen_heads and trace, and kOutOfMemory as require_map_memory.
  Result<AttentionResult> attention(const AttentionRequest& request, const RunControl& control = {}) const;

  /// Roles of all heads, measured on sequences that are cut to the model's context; what could not be
  /// measured is left out and warned of. Errors: as trace, and kInvalidArgument for a request out of range.
  Result<HeadsResult> heads(const HeadsRequest& request, const RunControl& control = {}) const;

 private:
  Result<Explanation> explain_prediction(std::shared_ptr<const Trace> trace, int position,
                                         size_t n_predictions) const;
  Session(std::shared_ptr<const Model> model, Vocabulary vocabulary, std::string name, size_t memory)
      : model_(std::move(model)),
        vocabulary_(std::move(vocabulary)),
        name_(std::move(name)),
        memory_(memory) {}

  std::shared_ptr<const Model> model_;
  Vocabulary vocabulary_;
  std::string name_;
  size_t memory_;  // bytes that the process may take
};

/// Resolves a position that may count from the end. Errors: kInvalidArgument naming the allowed range.
Result<int> resolve_position(int position, size_t n_tok);

}  // namespace limpid
