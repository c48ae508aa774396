#include "cli/proof_options.h"

#include <CLI/CLI.hpp>

namespace limpid {

namespace {
constexpr const char* kProofGroup = "Proof";
}  // namespace

void ProofOptions::add_to(CLI::App& app) {
  CLI::Option* asked =
      app.add_flag("--verify", verify,
                   "Replace every head and FFN that the route leaves out, and say what is left")
          ->group(kProofGroup);
  app.add_option(
         "--against", against,
         "Replace them by their values in the run of this prompt, of as many tokens; without it by their "
         "means over the tokens")
      ->needs(asked)
      ->option_text("PROMPT")
      ->group(kProofGroup);
  app.add_option("--by", value, "Replace them by zero, mean, counterfactual, or a number times their values")
      ->needs(asked)
      ->option_text("VALUE")
      ->group(kProofGroup);
  app.add_option("--target", target, "The token whose logit is compared; without it the top one")
      ->needs(asked)
      ->option_text("TOKEN")
      ->group(kProofGroup);
  app.add_option("--versus", versus, "The token whose logit is subtracted")
      ->needs(asked)
      ->option_text("TOKEN")
      ->group(kProofGroup);
}

Result<std::optional<RouteProof>> ProofOptions::prove(const Session& session, const Explanation& explanation,
                                                      const Route& route, const Prompt& prompt,
                                                      const RunControl& control) const {
  if (!verify) return std::nullopt;
  RouteProofRequest request{.value = value, .metric = {.target = target, .versus = versus}};
  if (!against.empty()) {
    request.against = prompt;
    request.against->ids.clear();
    request.against->text = against;
  }
  LIMPID_TRY(RouteProof proof, session.prove(explanation, route, request, control));
  return proof;
}

}  // namespace limpid
