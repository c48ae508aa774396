// Interventions on a run, from what is to be replaced by what to the rows that are (docs/interventions.md).
#pragma once

#include <optional>
#include <span>

#include "analyses/run_values.h"
#include "base/result.h"
#include "forward/patches.h"
#include "graph/node.h"

namespace limpid {

/// What a component's value is replaced with.
struct Replacement {
  enum class Kind {
    kScale,           // itself times `factor`; 0 turns it off
    kMean,            // its mean over all tokens of the other run
    kCounterfactual,  // what it is at the same position of the other run
  };
  Kind kind = Kind::kScale;
  float factor = 0;
};

/// All numbers are within the model and the prompt.
struct Intervention {
  Place place = Place::kHeads;
  int layer = 0;
  std::optional<int> index = {};     // the head or neuron; heads also without: all of the layer
  std::optional<int> position = {};  // without: every one
  std::optional<int> key =
      {};  // kHeads: only what is attended to there; then it is not, and `position` is set
  Replacement with = {};
};

/// Adds it to `patches`. values: of the other run, for all replacements but kScale; as many tokens as the run
/// that is patched. Values of the positions before `first` are left alone: both runs have the same there.
/// Errors: kUnsupported for what cannot be replaced so (single neurons of a mixture, but by kScale);
/// kInvalidArgument for an attended key with anything else than a factor of 0.
Status add_intervention(const ModelSpec& spec, size_t n_tok, const Intervention& intervention,
                        RunValues* values, Patches& patches, int first = 0);

/// The first position at which two runs of as many tokens differ; n_tok where they do not.
int first_difference(const Trace& a, const Trace& b);

/// Errors: kInvalidArgument where two interventions replace the same value.
Status require_distinct(const Patches& patches);

}  // namespace limpid
