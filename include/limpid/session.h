// The one door to limpid: open a model, ask for something, get structs back. Everything a verb or a server
// does goes through here.
//
//   Result<Session> session = Session::open("model.gguf");
//   Result<Explanation> explanation = session->explain({.prompt = {"When Mary and John"}});
//   Result<Route> route = explanation->route({.threshold = 0.1f});          // no model work
//   Result<Inspection> head = session->inspect({.prompt = {"When Mary and John"}, .subject = "head.5.1@-1"});
//   Result<Generation> generation = session->generate({.prompt = {"Once upon"}, .max_tokens = 20});
//   Result<Explanation> last = session->explain(*generation, -1);
//
// Classes that are only named here (Model, Trace, Vocabulary) belong to the inside of the library.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "limpid/attention.h"
#include "limpid/dataset.h"
#include "limpid/faithfulness.h"
#include "limpid/generate.h"
#include "limpid/heads.h"
#include "limpid/inspect.h"
#include "limpid/intervention.h"
#include "limpid/lens.h"
#include "limpid/result.h"
#include "limpid/route.h"
#include "limpid/route_proof.h"
#include "limpid/run_control.h"
#include "limpid/shares.h"
#include "limpid/token.h"

namespace limpid {

class Contributions;
class Model;
class Vocabulary;
struct CauseRuns;
struct Intervention;
struct RunOptions;
struct Trace;

struct OpenOptions {
  std::string backend = "cpu";
  std::string adapter = {};  // a folder of a LoRA adapter, or an id of one in the local cache; empty for none
  size_t memory = 0;         // bytes that a run may take, weights included; 0: what the machine has free
};

/// What a model's weights take, in bytes.
struct WeightBytes {
  size_t stored = 0;       // in its files
  size_t decoded = 0;      // held in memory now
  size_t all_decoded = 0;  // once all projections are held
};

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
  const std::vector<std::string>& warnings() const { return warnings_; }
  const Model& model() const { return *model_; }
  const Trace& trace() const { return *trace_; }
  /// Rows of shares computed so far; does not grow while the threshold moves above the floor.
  size_t n_computed() const;

  /// options.position is replaced by position(). Errors: kInvalidArgument for a threshold outside [0, 1].
  Result<Route> route(RouteOptions options);
  /// What the routes of all thresholds of at least `floor` are drawn from, renormalised or not. Errors:
  /// kInvalidArgument for a floor below that of the shares that are kept, 0.005, or above 1.
  Result<SharesResult> shares(float floor);

 private:
  friend class Session;
  std::shared_ptr<const Model> model_;
  std::shared_ptr<const Trace> trace_;
  std::shared_ptr<Contributions> contributions_;
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

/// What an intervention did, and the two runs, from which routes can be drawn.
struct Patched {
  PatchResult result;
  std::shared_ptr<const Trace> clean, patched;
};

/// Called for each generated token as soon as it is chosen. `text`: what it adds to GenerateResult::text;
/// empty while a character is not whole.
using OnToken = std::function<void(const NamedPrediction& token, std::string_view text)>;

/// An open model. Cheap to copy; requests may run side by side. Every request can fail as a run can:
/// kInvalidArgument (the prompt is empty, too long, or has ids outside the vocabulary), kCorrupt (a state
/// that is not finite), kOutOfMemory, kCancelled, and, for texts, as the tokenizer.
class Session {
 public:
  /// `model`: a GGUF file, a folder in Hugging Face's layout, an id in a local cache, or empty for the
  /// default model. Errors: kNotFound, kCorrupt, kUnsupported, kIo.
  /// Reports the stage "opening", which is mostly the tokenizer's; also kCancelled.
  static Result<Session> open(std::string_view model, const OpenOptions& options = {},
                              const RunControl& control = {});

  /// What the model was called, if that is no path; else its file stem or folder name. With an adapter
  /// "MODEL + ADAPTER".
  const std::string& name() const { return name_; }
  const Model& model() const { return *model_; }
  const Vocabulary& vocabulary() const { return *vocabulary_; }

  /// Decodes weights that a run would decode on first use, as far as they fit beside a run of one token.
  /// Reports the stage "decoding weights". Errors: kOutOfMemory when not even such a run fits, kCancelled.
  Status decode_weights(const RunControl& control = {}) const;

  /// Runs the model once. Weights are kept as far as they fit beside this run, extended up to options.room
  /// tokens.
  Result<Trace> trace(std::span<const int> ids, const RunOptions& options,
                      const RunControl& control = {}) const;

  WeightBytes weight_bytes() const;
  /// What the states of a run of n_tok tokens take in memory.
  size_t trace_bytes(size_t n_tok) const;

  Result<Explanation> explain(const ExplainRequest& request, const RunControl& control = {}) const;
  /// Explains the prediction that a generated token was chosen from. `number`: 1 is the first generated
  /// token, -1 the last. Errors: kInvalidArgument naming the allowed range.
  Result<Explanation> explain(const Generation& generation, int number, size_t n_predictions = 5) const;
  /// Explains a prediction of a run that is at hand, after `position` (not negative).
  /// `contributions`, of the same run, keeps what is computed for the next one; without it it starts empty.
  Result<Explanation> explain(std::shared_ptr<const Trace> trace, int position, size_t n_predictions,
                              std::shared_ptr<Contributions> contributions = nullptr) const;

  /// Errors also: kInvalidArgument for a subject that the model or the prompt does not have, or a target that
  /// is not one token. The second form looks at a run that is at hand; request.prompt is not used.
  Result<Inspection> inspect(const InspectRequest& request, const RunControl& control = {}) const;
  Result<Inspection> inspect(const Trace& trace, const InspectRequest& request,
                             const RunControl& control = {}) const;
  /// Several at once, which takes far less time than one by one, less still in order of layers and positions.
  /// The first that fails is the error of all.
  Result<std::vector<Inspection>> inspect(const Trace& trace, std::span<const InspectRequest> requests,
                                          const RunControl& control = {}) const;

  /// Errors also: kInvalidArgument for a position that is not there, a chosen id outside the vocabulary, or a
  /// grid that is too large. The second form is of a run that is at hand; request.prompt is not used.
  Result<LensResult> lens(const LensRequest& request, const RunControl& control = {}) const;
  Result<LensResult> lens(const Trace& trace, const LensRequest& request,
                          const RunControl& control = {}) const;

  /// Maps of heads. Errors also: kInvalidArgument for a head that is not there, kOutOfMemory for too many
  /// large maps. The second form is of a run that is at hand; request.prompt is not used.
  Result<AttentionResult> attention(const AttentionRequest& request, const RunControl& control = {}) const;
  Result<AttentionResult> attention(const Trace& trace, const AttentionRequest& request,
                                    const RunControl& control = {}) const;

  /// Roles of all heads, measured on sequences that are cut to the model's context; what could not be
  /// measured is left out and warned of. Errors also: kInvalidArgument for a request out of range.
  Result<HeadsResult> heads(const HeadsRequest& request, const RunControl& control = {}) const;

  /// Runs a prompt with interventions. Errors also: kInvalidArgument for interventions that make no sense
  /// here, prompts of different numbers of tokens, and tokens of the metric; kUnsupported.
  Result<Patched> patch(const PatchRequest& request, const RunControl& control = {}) const;
  Result<Patched> patch(CauseRuns runs, const PatchRequest& request, const RunControl& control = {}) const;
  /// Only the run itself. Adds what was read from `replace` to `interventions`.
  Result<std::shared_ptr<const Trace>> patched_run(const CauseRuns& runs,
                                                   std::span<const std::string> replace,
                                                   std::vector<Intervention>& interventions,
                                                   const RunControl& control = {}) const;
  /// Intervenes on every component of a kind, one after the other. Errors: as patch.
  Result<SweepResult> sweep(const SweepRequest& request, const RunControl& control = {}) const;
  Result<SweepResult> sweep(CauseRuns runs, const SweepRequest& request,
                            const RunControl& control = {}) const;
  /// Prompts with a known answer. With request.check each is run, and kept if the model answers it right.
  /// Errors also: kInvalidArgument for a request out of range, kUnsupported for a tokenizer that has too few
  /// words of one token.
  Result<DatasetResult> dataset(const DatasetRequest& request, const RunControl& control = {}) const;

  /// Replaces everything outside a route of the explanation. Errors: as patch.
  Result<RouteProof> prove(const Explanation& explanation, const Route& route,
                           const RouteProofRequest& request, const RunControl& control = {}) const;
  Result<RouteProof> prove(const CauseRuns& runs, const Route& route, const RouteProofRequest& request,
                           const RunControl& control = {}) const;

  /// Holds rankings of components against what happens when all others are replaced. Errors: as patch;
  /// kInvalidArgument where fewer than two examples are answered right.
  Result<FaithfulnessResult> faithfulness(const FaithfulnessRequest& request,
                                          const RunControl& control = {}) const;

  /// Continues a prompt. Errors also: kInvalidArgument for options out of range. Tokens that were handed to
  /// on_token before an error stand.
  Result<Generation> generate(const GenerateRequest& request, const OnToken& on_token = {},
                              const RunControl& control = {}) const;

 private:
  Session(std::shared_ptr<const Model> model, std::shared_ptr<const Vocabulary> vocabulary, std::string name,
          size_t memory)
      : model_(std::move(model)),
        vocabulary_(std::move(vocabulary)),
        name_(std::move(name)),
        memory_(memory) {}

  /// Keeps weights as far as they fit beside a run. Errors: kOutOfMemory.
  Status limit_weights(size_t n_tok, bool keep_block_outputs) const;

  std::shared_ptr<const Model> model_;
  std::shared_ptr<const Vocabulary> vocabulary_;
  std::string name_;
  size_t memory_;  // bytes that the process may take
};

}  // namespace limpid
