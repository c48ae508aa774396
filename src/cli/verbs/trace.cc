#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "api/trace_file.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/verb.h"
#include "cli/warnings.h"

namespace limpid {

namespace {

struct Options {
  PromptOptions prompt;
  ComputeOptions compute;
  std::string path;
  std::vector<std::string> only;
};

Status run_trace(const Options& options) {
  options.compute.apply();
  const auto [model, prompt] = options.prompt.resolve();
  LIMPID_TRY(const Session session, Session::open(model, options.compute.open(options.prompt.adapter)));
  ProgressBar progress;
  LIMPID_TRY(const TraceFileResult result,
             write_trace(session, {prompt, options.path, options.only}, progress.control()));
  print_warnings(result.warnings);
  fmt::print("{}: {} tensors, {:.1f} MB\n", options.path, result.tensors.size(),
             static_cast<double>(result.n_bytes) / 1e6);
  return {};
}

std::function<Status()> define(CLI::App& app) {
  auto options = std::make_shared<Options>();
  options->prompt.add_to(app);
  app.add_option("--out,-o", options->path, "The safetensors file to write")
      ->required()
      ->option_text("FILE")
      ->group(kOutputGroup);
  app.add_option("--only", options->only,
                 "Write only tensors whose names match; * and ? are wildcards; may be repeated")
      ->option_text("PATTERN")
      ->group(kOutputGroup);
  options->compute.add_to(app);
  return [options] { return run_trace(*options); };
}

}  // namespace

extern const Verb k_trace;
const Verb k_trace = {
    "trace", "Write a run's tensors to a safetensors file",
    "limpid trace \"When Mary and John\" --out trace.safetensors --only 'resid_post.*'", define,
    "Runs the model over the prompt and writes what it computed, as float32, for other "
    "programs to read.\n"
    "The tensors, where L is a layer from 0: ids; logits; resid_pre.L, resid_mid.L and "
    "resid_post.L, the residual stream before attention, after it and after the feed-forward "
    "block; attention_out.L and ffn_out.L, what the blocks add to it; attention.L; and the "
    "importance shares contribution.attention.L, contribution.attention_residual.L, "
    "contribution.attention_bias.L, contribution.ffn.L, contribution.ffn_residual.L, "
    "contribution.neuron.L and contribution.neuron_residual.L."};

}  // namespace limpid
