#include "forward/batch_run.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "forward/blocks/layer.h"
#include "forward/finite.h"

namespace limpid {

namespace {

constexpr size_t kMaxElements = size_t{16} << 20;  // floats that the states of one batch take

/// Runs side by side: row r * n_row + i is token first + i of the r-th run. Tokens before `first` are those
/// of the clean run, and runs whose first layer is a higher one join when it comes.
class Batch {
 public:
  /// `order`: indices into `runs`, by first layer.
  Batch(const Model& model, const Trace& clean, std::span<const Patches> runs, std::span<const size_t> order,
        size_t n_tok)
      : model_(model),
        clean_(clean),
        runs_(runs),
        order_(order),
        n_tok_(n_tok),
        first_(first_position()),
        state_(order.size() * n_row(), clean.embed.cols()),
        mid_(state_.rows(), state_.cols()),
        output_(state_.rows(), state_.cols()),
        qkv_(state_.rows(), clean.layer(0).qkv.cols()) {
    for (const RopeSpec& rope : model.spec().ropes) {
      Rotation& rotation = rotations_.emplace_back(rope, first_, clean.n_tok());
      rotation.cos.truncate_rows(n_row());
      rotation.sin.truncate_rows(n_row());
    }
  }

  void run_layer(int l) {
    join(l);
    if (n_joined_ == 0) return;
    std::vector<Sequence> sequences;
    for (size_t r = 0; r < n_joined_; ++r) {
      const LayerPatches* patches = patches_of(r).layer(l);
      const ConstMatrixView clean = clean_.layer(l).qkv.view();
      // Of all tokens; where there are earlier ones the clean run's stand in until the layer runs.
      const ConstMatrixView qkv =
          first_ > 0 ? clean.slice_rows(0, n_tok_) : qkv_.view().slice_rows(r * n_row(), n_row());
      sequences.push_back(
          {r * n_row(), n_row(), first_,
           attention_inputs(model_.spec(), l, qkv, clean_.key_bias.view(), model_.layer(l).sinks, patches),
           clean.slice_rows(0, first_), patches});
    }
    const auto joined = [&](Matrix& m) { return m.view().slice_rows(0, n_joined_ * n_row()); };
    // The state is read last when it is written: add_to_stream copies resid_mid over it.
    limpid::run_layer(
        model_, l, rotations_, sequences,
        {joined(state_), joined(qkv_), joined(output_), joined(mid_), joined(output_), joined(state_)});
  }

  /// Those that replace nothing never join: their state is the clean one.
  void write(int position, MatrixView out) const {
    const ConstMatrixView clean = clean_.resid_pre(model_.spec().n_layer);
    for (size_t r = 0; r < order_.size(); ++r) {
      const auto t = static_cast<size_t>(position);
      const bool runs = r < n_joined_ && t >= first_;
      std::ranges::copy(runs ? state_.row(r * n_row() + t - first_) : clean.row(t),
                        out.row(order_[r]).begin());
    }
  }

 private:
  const Patches& patches_of(size_t r) const { return runs_[order_[r]]; }
  size_t n_row() const { return n_tok_ - first_; }
  /// Of any of the runs.
  size_t first_position() const {
    size_t first = n_tok_;
    for (const size_t i : order_) {
      first = std::min(first, static_cast<size_t>(runs_[i].first_position(static_cast<int>(n_tok_))));
    }
    return first;
  }

  void join(int l) {
    if (n_row() == 0) return;
    for (; n_joined_ < order_.size() && patches_of(n_joined_).first_layer(model_.spec().n_layer) <= l;
         ++n_joined_) {
      const MatrixView rows = state_.view().slice_rows(n_joined_ * n_row(), n_row());
      for (size_t i = 0; i < n_row(); ++i) {
        std::ranges::copy(clean_.resid_pre(l).row(first_ + i), rows.row(i).begin());
      }
      apply_patches(patches_of(n_joined_).embed, first_, rows);
    }
  }

  const Model& model_;
  const Trace& clean_;
  std::span<const Patches> runs_;
  std::span<const size_t> order_;
  size_t n_tok_, first_;
  std::vector<Rotation> rotations_;
  Matrix state_, mid_, output_, qkv_;
  size_t n_joined_ = 0;
};

}  // namespace

Result<Matrix> last_states(const Model& model, const Trace& clean, std::span<const Patches> runs,
                           int position, const RunControl& control) {
  const int n_layer = model.spec().n_layer;
  // Nothing behind the position reaches it.
  const auto n_tok = static_cast<size_t>(position) + 1;
  std::vector<size_t> order(runs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, {}, [&](size_t i) { return runs[i].first_layer(n_layer); });

  Matrix out(runs.size(), clean.embed.cols());
  const size_t row =
      3 * clean.embed.cols() + clean.layer(0).qkv.cols() + static_cast<size_t>(model.spec().d_mlp);
  const size_t at_once = std::max<size_t>(1, kMaxElements / (row * n_tok));
  for (size_t begin = 0; begin < order.size(); begin += at_once) {
    const size_t count = std::min(at_once, order.size() - begin);
    Batch batch(model, clean, runs, std::span(order).subspan(begin, count), n_tok);
    for (int l = 0; l < n_layer; ++l) {
      const double done = static_cast<double>(begin) + static_cast<double>(count) * l / n_layer;
      LIMPID_CHECK_OK(control.tick("runs", done / static_cast<double>(runs.size())));
      batch.run_layer(l);
    }
    batch.write(position, out.view());
  }
  for (size_t i = 0; i < out.rows(); ++i) {
    LIMPID_CHECK_OK(check_finite(out.row(i), n_layer - 1, n_tok - 1, true));
  }
  return out;
}

}  // namespace limpid
