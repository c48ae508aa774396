#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>
#include <random>

#include "analyses/head_roles.h"
#include "api/session.h"

namespace limpid {

namespace {

/// Two of them are the least that has a token after an earlier one.
constexpr int kMinLength = 2, kMaxLength = 4096;
constexpr int kMaxSamples = 1000;

/// Of each role, for each sequence that says something about it, the measures of all heads.
using Measures = std::array<std::vector<std::vector<RoleMeasure>>, kHeadRoles.size()>;

Status check_range(const char* what, int from, int to, int found) {
  if (found >= from && found <= to) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}: expected a number from {} to {}, found {}", what, from, to, found));
}

/// Ids that a text may hold; all of them without a tokenizer.
std::vector<int> eligible_ids(const Session& session) {
  if (session.vocabulary().n_vocab() > 0) return session.vocabulary().ordinary_ids();
  std::vector<int> ids(static_cast<size_t>(session.model().spec().n_vocab));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

/// The length that the context and the vocabulary have room for; says so where it is less.
Result<int> fitting_length(int length, const ModelSpec& spec, size_t n_prefix, size_t n_eligible,
                           std::vector<std::string>& warnings) {
  const size_t context = static_cast<size_t>(spec.n_ctx);
  const size_t room = context > n_prefix ? (context - n_prefix) / 2 : 0;
  const int fit = static_cast<int>(std::min({static_cast<size_t>(length), room, n_eligible}));
  if (fit < kMinLength) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format("heads: expected a context and a vocabulary for at least {} random tokens, twice, "
                    "found {} and {} tokens",
                    kMinLength, spec.n_ctx, n_eligible));
  }
  if (fit < length) {
    warnings.push_back(fmt::format("{} random tokens, twice, instead of {}: the {} has no more", fit, length,
                                   room <= n_eligible ? "context" : "vocabulary"));
  }
  return fit;
}

void warn_of_windows(const ModelSpec& spec, int length, std::vector<std::string>& warnings) {
  int n = 0, smallest = 0;
  for (const LayerSpec& layer : spec.layers) {
    if (layer.window == 0 || layer.window > length) continue;
    smallest = n++ == 0 ? layer.window : std::min(smallest, layer.window);
  }
  if (n == 0) return;
  warnings.push_back(
      fmt::format("{} of {} layers reach fewer than {} tokens back and score 0 as duplicate or induction "
                  "heads; --length {} "
                  "is within their reach",
                  n, spec.n_layer, length, std::max(kMinLength, smallest - 1)));
}

/// The tokens of a text of long words, cut to the context.
Result<HeadProbe> text_probe(const Session& session, std::mt19937_64& random) {
  std::vector<std::string> warnings;
  HeadProbe probe;
  LIMPID_TRY(probe.ids, session.vocabulary().encode({.text = long_word_text(random)}, warnings));
  probe.ids.resize(std::min(probe.ids.size(), static_cast<size_t>(session.model().spec().n_ctx)));
  LIMPID_TRY(const std::vector<Piece> pieces, session.vocabulary().pieces(probe.ids));
  probe.word_begin = word_begins(pieces);
  return probe;
}

/// Runs a sequence and adds the measures of the roles that it says something about.
Status measure(const Session& session, const HeadProbe& probe, const RunControl& control,
               Measures& measures) {
  std::vector<size_t> indices;
  std::vector<RolePairs> pairs;
  for (size_t r = 0; r < kHeadRoles.size(); ++r) {
    RolePairs of_role = role_pairs(kHeadRoles[r], probe);
    if (of_role.inside.empty()) continue;
    if (kHeadRoles[r] == HeadRole::kSubword && of_role.outside.empty()) continue;
    indices.push_back(r);
    pairs.push_back(std::move(of_role));
  }
  if (pairs.empty()) return {};
  LIMPID_TRY(const Trace trace, session.trace(probe.ids, {}, control));
  auto found = measure_roles(session.model(), trace, pairs);
  for (size_t i = 0; i < indices.size(); ++i) measures[indices[i]].push_back(std::move(found[i]));
  return {};
}

void gather(const Measures& measures, HeadsResult& result) {
  const auto n_head = static_cast<size_t>(result.n_layer) * static_cast<size_t>(result.n_head);
  for (size_t h = 0; h < n_head; ++h) {
    const auto head = static_cast<int>(h);
    result.heads.push_back({{head / result.n_head, head % result.n_head}});
  }
  for (size_t r = 0; r < kHeadRoles.size(); ++r) {
    if (measures[r].empty()) continue;
    result.roles.push_back(kHeadRoles[r]);
    for (size_t h = 0; h < n_head; ++h) {
      std::vector<RoleMeasure> of_head;
      for (const auto& sample : measures[r]) of_head.push_back(sample[h]);
      result.heads[h].scores.push_back(over_samples(of_head));
    }
  }
}

}  // namespace

Result<HeadsResult> Session::heads(const HeadsRequest& request, const RunControl& control) const {
  LIMPID_CHECK_OK(check_range("length", kMinLength, kMaxLength, request.length));
  LIMPID_CHECK_OK(check_range("samples", 1, kMaxSamples, request.samples));
  HeadsResult result{name_, model_->spec().n_layer, model_->spec().n_head, request};
  const std::vector<int> eligible = eligible_ids(*this);
  const std::vector<int> prefix = vocabulary_->text_prefix();
  LIMPID_TRY(result.request.length,
             fitting_length(request.length, model_->spec(), prefix.size(), eligible.size(), result.warnings));
  warn_of_windows(model_->spec(), result.request.length, result.warnings);

  std::mt19937_64 random(request.seed);
  Measures measures;
  RunControl quiet;  // the stages of single runs would make the bar jump
  quiet.stop = control.stop;
  std::string no_text;
  for (int sample = 0; sample < request.samples; ++sample) {
    LIMPID_CHECK_OK(control.tick("samples", static_cast<double>(sample) / request.samples));
    const HeadProbe probe =
        random_probe(random, eligible, prefix, static_cast<size_t>(result.request.length));
    result.samples.push_back({true, probe.ids});
    LIMPID_CHECK_OK(measure(*this, probe, quiet, measures));
    const auto text = text_probe(*this, random);
    if (!text) {
      no_text = text.error().message;
      continue;
    }
    result.samples.push_back({false, text->ids});
    LIMPID_CHECK_OK(measure(*this, *text, quiet, measures));
  }
  gather(measures, result);
  if (measures.back().empty()) {
    result.warnings.push_back("the role 'subword' is not measured: " +
                              (no_text.empty() ? "the tokenizer splits none of the words" : no_text));
  }
  return result;
}

}  // namespace limpid
