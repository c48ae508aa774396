#include "api/sweep.h"

#include <algorithm>
#include <fmt/format.h>

#include "api/causes.h"
#include "api/intervention_text.h"
#include "base/stopwatch.h"
#include "forward/batch_run.h"

namespace limpid {

namespace {

constexpr size_t kMaxRuns = 100'000;

Place place_of(SweepOver over) {
  switch (over) {
    case SweepOver::kHeads:
      return Place::kHeads;
    case SweepOver::kFfns:
      return Place::kFfn;
    case SweepOver::kEmbed:
      return Place::kEmbed;
    case SweepOver::kMid:
      return Place::kMid;
    case SweepOver::kPost:
      return Place::kPost;
  }
  return Place::kHeads;
}

/// What is replaced of one kind, one after the other, of tokens up to the position that is looked at.
struct Grid {
  Grid(const ModelSpec& spec, const SweepRequest& request, SweepOver over, int position)
      : of_heads(over == SweepOver::kHeads),
        by_position(!(of_heads || over == SweepOver::kFfns) || request.each_position),
        n_layer(over == SweepOver::kEmbed ? 1 : spec.n_layer),
        n_head(of_heads ? spec.n_head : 1),
        n_position(by_position ? position + 1 : 1) {}

  size_t size() const {
    return static_cast<size_t>(n_layer) * static_cast<size_t>(n_head) * static_cast<size_t>(n_position);
  }

  bool of_heads, by_position;
  int n_layer, n_head, n_position;
};

std::vector<Intervention> all_interventions(const ModelSpec& spec, const SweepRequest& request, int position,
                                            const Replacement& with, std::vector<SweepCell>& cells) {
  std::vector<Intervention> out;
  for (const SweepOver over : request.over) {
    const Grid grid(spec, request, over, position);
    for (int l = 0; l < grid.n_layer; ++l) {
      for (int h = 0; h < grid.n_head; ++h) {
        for (int t = 0; t < grid.n_position; ++t) {
          Intervention& i = out.emplace_back(Intervention{.place = place_of(over), .layer = l, .with = with});
          if (grid.of_heads) i.index = h;
          if (grid.by_position) i.position = t;
          const std::string text = to_string(i);
          cells.push_back({over, l, i.index, i.position, text.substr(0, text.rfind('='))});
        }
      }
    }
  }
  return out;
}

Result<Replacement> replacement_of(const SweepRequest& request) {
  if (request.denoise && !request.against) {
    return fail(ErrorCode::kInvalidArgument, "denoise: expected another prompt, whose run is repaired",
                "give it with --against");
  }
  const std::string value = !request.value.empty() ? request.value
                            : request.against      ? "counterfactual"
                                                   : "zero";
  LIMPID_TRY(const Replacement with, parse_replacement(value));
  if (with.kind == Replacement::Kind::kCounterfactual && !request.against) {
    return fail(ErrorCode::kInvalidArgument, "value: 'counterfactual' takes values from another run",
                "give the other prompt with --against");
  }
  return with;
}

}  // namespace

const char* name(SweepOver over) {
  switch (over) {
    case SweepOver::kHeads:
      return "heads";
    case SweepOver::kFfns:
      return "ffns";
    case SweepOver::kEmbed:
      return "embed";
    case SweepOver::kMid:
      return "mid";
    case SweepOver::kPost:
      return "post";
  }
  return "";
}

Result<size_t> n_sweep_runs(const ModelSpec& spec, const SweepRequest& request, int position) {
  LIMPID_CHECK_OK(replacement_of(request));
  size_t n = 0;
  for (const SweepOver over : request.over) n += Grid(spec, request, over, position).size();
  if (n <= kMaxRuns) return n;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("sweep: expected at most {} runs, found {}", kMaxRuns, n),
              "sweep over less at a time, or a shorter prompt");
}

Result<SweepResult> Session::sweep(const SweepRequest& request, const RunControl& control) const {
  LIMPID_TRY(CauseRuns runs,
             cause_runs(*this, request.prompt, request.against, request.token, request.metric, control));
  return sweep(std::move(runs), request, control);
}

Result<SweepResult> Session::sweep(CauseRuns runs, const SweepRequest& request,
                                   const RunControl& control) const {
  LIMPID_TRY(const Replacement with, replacement_of(request));
  LIMPID_CHECK_OK(n_sweep_runs(model_->spec(), request, runs.position));
  SweepResult result{name_,           std::move(runs.tokens), std::move(runs.against_tokens),
                     runs.position,   model_->spec().n_layer, model_->spec().n_head,
                     to_string(with), request.denoise,        runs.named};
  result.warnings = std::move(runs.warnings);
  const Stopwatch watch;
  const std::vector<Intervention> interventions =
      all_interventions(model_->spec(), request, runs.position, with, result.cells);
  const std::shared_ptr<const Trace>& base = request.denoise ? runs.against : runs.clean;
  const std::shared_ptr<const Trace>& other =
      request.denoise || runs.against == nullptr ? runs.clean : runs.against;
  RunValues values(*model_, other);
  const bool from_other = with.kind == Replacement::Kind::kCounterfactual;
  const int first = from_other ? first_difference(*base, *other) : 0;
  std::vector<Patches> patches(interventions.size());
  for (size_t i = 0; i < patches.size(); ++i) {
    LIMPID_CHECK_OK(
        add_intervention(model_->spec(), base->n_tok(), interventions[i], &values, patches[i], first));
  }
  LIMPID_TRY(const Matrix last, last_states(*model_, *base, patches, runs.position, control));
  const std::vector<double> found = metric_values(*model_, runs.metric, last.view());
  const double start = runs.value(*model_, *base);
  for (size_t i = 0; i < found.size(); ++i) {
    result.cells[i].value = found[i];
    result.cells[i].effect = found[i] - start;
  }
  result.clean = runs.value(*model_, *runs.clean);
  if (runs.against) result.against = runs.value(*model_, *runs.against);
  result.seconds = watch.seconds();
  return result;
}

}  // namespace limpid
