#include "analyses/target_scores.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <tuple>

#include "attribution/attention_edges.h"
#include "attribution/backward.h"

namespace limpid {

namespace {

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// a - b. Same shapes.
Matrix difference(ConstMatrixView a, ConstMatrixView b) {
  Matrix out(a.rows, a.cols);
  for (size_t t = 0; t < a.rows; ++t) {
    for (size_t i = 0; i < a.cols; ++i) out.row(t)[i] = a.at(t, i) - b.at(t, i);
  }
  return out;
}

Matrix copy(ConstMatrixView x) {
  Matrix out(x.rows, x.cols);
  for (size_t t = 0; t < x.rows; ++t) std::ranges::copy(x.row(t), out.row(t).begin());
  return out;
}

/// Scores of one run, layer by layer.
class Scorer {
 public:
  Scorer(const Model& model, const Trace& trace, const Trace* other, TargetScores& out)
      : run_(model, trace, static_cast<size_t>(out.metric.position) + 1), out_(out) {
    if (other != nullptr) other_.emplace(model, *other, run_.n_tok());
  }

  const Linearised& run() const { return run_; }

  void score_layer(const LayerGradients& g) {
    const auto l = static_cast<size_t>(g.layer);
    const Matrix pre = change([&](const Linearised& r) { return copy(r.resid_pre(g.layer)); });
    const Matrix mid = change([&](const Linearised& r) { return copy(r.resid_mid(g.layer)); });
    const Matrix post = change([&](const Linearised& r) { return copy(r.resid_pre(g.layer + 1)); });
    const Matrix& ffn_input = run_.spec().parallel_blocks ? pre : mid;
    if (l == 0) score_rows(g.resid_pre, pre, out_.embed);
    score_rows(g.resid_mid, mid, out_.mid[l]);
    score_rows(g.resid_post, post, out_.post[l]);
    score_rows(g.resid_post, difference(post.view(), mid.view()), out_.ffn[l]);
    score_rows(g.ffn_in, ffn_input, out_.ffn_in[l]);
    score_rows(g.resid_mid, pre, out_.pre_to_mid[l]);
    score_rows(g.resid_post, mid, out_.mid_to_post[l]);
    score_heads(g);
    attention_edge_scores(run_, g.layer, out_.rule, g.z, pre.view(),
                          [&](const EdgeScores& edges) { keep_edges(g.layer, edges); });
  }

 private:
  /// What of(run), a matrix, is in the one run and not in the other.
  template <class F>
  Matrix change(const F& of) const {
    return other_ ? difference(of(run_).view(), of(*other_).view()) : of(run_);
  }

  static void score_rows(ConstMatrixView gradient, const Matrix& change, std::vector<float>& out) {
#pragma omp parallel for schedule(static) num_threads(threads())
    for (size_t t = 0; t < gradient.rows; ++t) {
      out[t] = static_cast<float>(dot(gradient.row(t), change.row(t)));
    }
  }

  void score_heads(const LayerGradients& g) {
    const Matrix z = change([&](const Linearised& r) { return head_values(r, g.layer); });
    const auto d_head = static_cast<size_t>(run_.spec().d_head);
    LayerScores& heads = out_.heads[static_cast<size_t>(g.layer)];
    for (size_t t = 0; t < z.rows(); ++t) {
      for (size_t h = 0; h < heads[t].size(); ++h) {
        const auto of = [&](std::span<const float> row) { return row.subspan(h * d_head, d_head); };
        heads[t][h] = static_cast<float>(dot(of(g.z.row(t)), of(z.row(t))));
      }
    }
  }

  void keep_edges(int layer, const EdgeScores& edges) {
    const auto n_head = static_cast<size_t>(out_.n_head);
    for (size_t r = 0; r < edges.m; ++r) {
      const size_t query = edges.first + r;
      for (size_t key = 0; key <= query; ++key) {
        TargetEdge edge{layer, static_cast<int>(query), static_cast<int>(key), 0, {}};
        double sum = 0;
        for (size_t h = 0; h < n_head; ++h) {
          const float score = edges.row(h, r)[key];
          sum += static_cast<double>(score);
          if (is_kept(static_cast<double>(score))) edge.heads.push_back({static_cast<int>(h), score});
        }
        edge.score = static_cast<float>(sum);
        if (is_kept(sum) || !edge.heads.empty()) out_.attention.push_back(std::move(edge));
      }
    }
  }

  bool is_kept(double score) const { return std::abs(score) > out_.floor; }

  Linearised run_;
  std::optional<Linearised> other_;
  TargetScores& out_;
};

TargetScores empty_scores(const Model& model, const Trace& trace, const LogitMetric& metric,
                          AttentionRule rule) {
  TargetScores out;
  out.metric = metric;
  out.rule = rule;
  out.n_layer = model.spec().n_layer;
  out.n_head = model.spec().n_head;
  out.n_tok = trace.n_tok();
  out.embed.resize(out.n_tok);
  const LayerScores zeros(static_cast<size_t>(out.n_layer), out.embed);
  for (LayerScores* scores :
       {&out.mid, &out.post, &out.ffn, &out.ffn_in, &out.pre_to_mid, &out.mid_to_post}) {
    *scores = zeros;
  }
  const LayerScores heads(out.n_tok, std::vector<float>(static_cast<size_t>(out.n_head)));
  out.heads.assign(zeros.size(), heads);
  return out;
}

}  // namespace

Result<TargetScores> target_scores(const Model& model, const Trace& trace, const Trace* counterfactual,
                                   const LogitMetric& metric, const TargetOptions& options,
                                   const RunControl& control) {
  LIMPID_CHECK_OK(check_metric(model, trace, metric));
  if (counterfactual != nullptr && counterfactual->n_tok() != trace.n_tok()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("counterfactual: expected as many tokens as the prompt, {}, found {}",
                            trace.n_tok(), counterfactual->n_tok()),
                "replace words by others of as many tokens");
  }
  TargetScores out = empty_scores(model, trace, metric, options.rule);
  out.value = metric_value(model, trace, metric);
  if (counterfactual != nullptr) out.counterfactual = metric_value(model, *counterfactual, metric);
  out.floor = static_cast<double>(options.floor) * out.scale();
  Scorer scorer(model, trace, counterfactual, out);
  LIMPID_CHECK_OK(backward(
      scorer.run(), metric, options.rule, [&](const LayerGradients& g) { scorer.score_layer(g); }, control));
  std::ranges::stable_sort(out.attention, {},
                           [](const TargetEdge& e) { return std::tuple(e.layer, e.query, e.key); });
  return out;
}

PositionScores position_scores(const TargetScores& scores) {
  PositionScores out{{scores.embed.begin(), scores.embed.end()},
                     std::vector<double>(scores.n_tok),
                     std::vector<double>(scores.n_tok)};
  for (size_t l = 0; l < scores.ffn.size(); ++l) {
    for (size_t t = 0; t < scores.n_tok; ++t) {
      out.ffn[t] += static_cast<double>(scores.ffn[l][t]);
      for (const float head : scores.heads[l][t]) out.heads[t] += static_cast<double>(head);
    }
  }
  return out;
}

}  // namespace limpid
