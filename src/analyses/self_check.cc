#include "analyses/self_check.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "attribution/attention_importance.h"
#include "attribution/conservation.h"
#include "attribution/ffn_importance.h"
#include "attribution/ffn_parts.h"
#include "attribution/neuron_importance.h"
#include "forward/run.h"

namespace limpid {

namespace {

constexpr double kOneRounding = 0x1p-24;
// Each share is rounded to 2^-24 of itself, so that a sum of 1 is off by no more; twice that allows for the
// sum in double and what underflows.
constexpr double kShareTolerance = 0x1p-23;

/// All checks of one run, filled layer by layer.
class SelfCheck {
 public:
  SelfCheck(const Model& model, const Trace& trace)
      : model_(model), trace_(trace), positions_(trace.n_tok()), attention_(trace.n_tok()) {
    std::iota(positions_.begin(), positions_.end(), 0);
  }

  void check_layer(int l) {
    check_states(l);
    note_all(attention_departures(model_, trace_, l), l, attention_parts_);
    note_all(neuron_departures(model_, trace_, l), l, neuron_parts_);
    check_attention_of(l);
    check_attention_shares(l);
    check_ffn_shares(l);
    check_neuron_shares(l);
  }

  void check_ends() {
    limpid::check_finite(trace_.embed.view(), -1, 0, finite_);
    in_blocks(static_cast<size_t>(model_.spec().n_vocab), [&](std::span<const int> block) {
      limpid::check_finite(logits(model_, trace_, block).view(), -1, block.front(), finite_);
    });
  }

  std::vector<Check> checks() && {
    if (!trace_.layers.empty() && !trace_.layer(0).sinks.empty()) {
      attention_.sum.description = "rows of attention sum to at most 1 (sinks)";
    }
    return {std::move(finite_),           std::move(resid_mid_),     std::move(resid_post_),
            std::move(attention_parts_),  std::move(neuron_parts_),  std::move(attention_.nonnegative),
            std::move(attention_.reach),  std::move(attention_.sum), std::move(nonnegative_),
            std::move(attention_shares_), std::move(ffn_shares_),    std::move(neuron_shares_)};
  }

 private:
  /// Calls `use` with blocks of positions, of which each takes `width` floats.
  template <class Use>
  void in_blocks(size_t width, Use&& use) {
    constexpr size_t kMaxElements = size_t{16} << 20;
    const size_t block = std::max<size_t>(1, kMaxElements / std::max<size_t>(1, width));
    for (size_t begin = 0; begin < positions_.size(); begin += block) {
      use(std::span<const int>(positions_).subspan(begin, std::min(block, positions_.size() - begin)));
    }
  }

  static void note_all(const std::vector<double>& departures, int l, Check& check) {
    for (size_t t = 0; t < departures.size(); ++t) check.note(departures[t], l, static_cast<int>(t));
  }

  void check_states(int l) {
    const LayerTrace& state = trace_.layer(l);
    check_sum(trace_.resid_pre(l), state.attention_out.view(), state.resid_mid.view(), l, resid_mid_);
    check_sum(state.resid_mid.view(), state.ffn_out.view(), state.resid_post.view(), l, resid_post_);
    for (const Matrix* m :
         {&state.qkv, &state.attention_out, &state.resid_mid, &state.ffn_out, &state.resid_post}) {
      limpid::check_finite(m->view(), l, 0, finite_);
    }
  }

  void check_attention_of(int l) {
    const AttentionInputs in = trace_.attention_inputs(l);
    in_blocks(trace_.n_tok(), [&](std::span<const int> block) {
      Matrix rows(block.size(), trace_.n_tok());
      for (size_t head = 0; head < in.n_head; ++head) {
        model_.backend().attention_rows(in, head, block, rows.view());
        check_attention(in, block, rows.view(), l, attention_);
      }
    });
  }

  void check_attention_shares(int l) {
    const OutputProjection projection(model_, l);
    in_blocks(trace_.n_tok() * static_cast<size_t>(model_.spec().n_head), [&](std::span<const int> block) {
      const AttentionImportance shares = attention_importance(model_, trace_, l, block, projection);
      for (size_t r = 0; r < block.size(); ++r) {
        check_shares(shares.parts.row(r), shares.residual[r], shares.degenerate[r], l, block[r], nonnegative_,
                     attention_shares_);
      }
    });
  }

  void check_ffn_shares(int l) {
    const std::vector<FfnShares> shares = ffn_importance(model_, trace_, l, positions_);
    for (size_t t = 0; t < shares.size(); ++t) {
      check_shares({&shares[t].ffn, 1}, shares[t].residual, shares[t].degenerate, l, static_cast<int>(t),
                   nonnegative_, ffn_shares_);
    }
  }

  /// A row of which no part points towards the state is all 0.
  void check_neuron_shares(int l) {
    in_blocks(n_neuron(model_, l), [&](std::span<const int> block) {
      const NeuronImportance shares = neuron_importance(model_, trace_, l, block);
      for (size_t r = 0; r < block.size(); ++r) {
        const auto parts = shares.neurons.row(r);
        const bool degenerate =
            shares.residual[r] == 0 && std::ranges::all_of(parts, [](float share) { return share == 0; });
        check_shares(parts, shares.residual[r], degenerate, l, block[r], nonnegative_, neuron_shares_);
      }
    });
  }

  const Model& model_;
  const Trace& trace_;
  std::vector<int> positions_;  // all
  Check finite_ = {"finite", "all states and logits are finite"};
  Check resid_mid_ = {"resid_mid", "resid_mid = resid_pre + attention_out", kOneRounding};
  Check resid_post_ = {"resid_post", "resid_post = resid_mid + ffn_out", kOneRounding};
  Check attention_parts_ = {"attention_parts", "parts of attention sum to resid_mid", kConservationTolerance};
  Check neuron_parts_ = {"neuron_parts", "parts of neurons sum to resid_post", kConservationTolerance};
  AttentionChecks attention_;
  Check nonnegative_ = {"shares_nonnegative", "shares are not negative"};
  Check attention_shares_ = {"attention_shares", "shares of attention sum to 1", kShareTolerance};
  Check ffn_shares_ = {"ffn_shares", "shares of the FFN sum to 1", kShareTolerance};
  Check neuron_shares_ = {"neuron_shares", "shares of neurons sum to 1", kShareTolerance};
};

}  // namespace

Result<std::vector<Check>> self_check(const Model& model, const Trace& trace, const RunControl& control) {
  SelfCheck check(model, trace);
  for (int l = 0; l < trace.spec.n_layer; ++l) {
    LIMPID_CHECK_OK(control.tick("check", static_cast<double>(l) / trace.spec.n_layer));
    check.check_layer(l);
  }
  check.check_ends();
  return std::move(check).checks();
}

}  // namespace limpid
