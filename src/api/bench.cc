#include "api/bench.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <numeric>

#include "base/process_memory.h"
#include "base/stopwatch.h"
#include "forward/run.h"
#include "kernels/kernels.h"

namespace limpid {

namespace {

constexpr std::string_view kPassage =
    "The river had been low all summer, and the ferryman spent his mornings mending nets that nobody would "
    "cast before autumn. When the rain came at last it came for nine days, and on the tenth the water stood "
    "at the door of the schoolhouse. Anna counted the children twice, wrote 23 on the slate, and sent the "
    "oldest boy to ask whether the boats could cross. He returned with wet boots and a single word: no. ";

/// Seconds that `work` takes. Work returns a Status.
template <class Work>
Result<double> timed(Work&& work) {
  const Stopwatch watch;
  LIMPID_CHECK_OK(work());
  return watch.seconds();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

std::vector<int> bench_ids(const Session& session, size_t n_tok) {
  std::vector<int> passage;
  std::vector<std::string> warnings;
  if (auto ids = session.vocabulary().encode({std::string(kPassage)}, warnings)) {
    passage = *std::move(ids);
  } else {
    passage.resize(static_cast<size_t>(std::min(session.model().spec().n_vocab, 1000)));
    std::iota(passage.begin(), passage.end(), 0);
  }
  std::vector<int> ids(n_tok);
  for (size_t t = 0; t < n_tok; ++t) ids[t] = passage[t % passage.size()];
  return ids;
}

/// Every share of the graph, as a program that keeps the whole graph needs them.
Status compute_all(Contributions& contributions) {
  std::vector<int> all(static_cast<size_t>(contributions.n_tok()));
  std::iota(all.begin(), all.end(), 0);
  for (int l = 0; l < contributions.n_layer(); ++l) {
    LIMPID_CHECK_OK(contributions.require_attention(l, all, Contributions::kDefaultFloor));
    LIMPID_CHECK_OK(contributions.require_ffn(l, all));
  }
  return {};
}

Result<BenchRow> bench_row(const Session& session, size_t n_tok, int repeats, const RunControl& control) {
  const std::vector<int> ids = bench_ids(session, n_tok);
  const RouteOptions options = {.position = static_cast<int>(n_tok) - 1};
  BenchRow row;
  row.n_tok = n_tok;
  std::vector<double> forward, contribution, route, explain;
  reset_peak_memory();
  for (int i = 0; i < repeats; ++i) {
    LIMPID_CHECK_OK(control.tick(fmt::format("{} tokens", n_tok), static_cast<double>(i) / repeats));
    Trace trace;
    LIMPID_TRY(forward.emplace_back(), timed([&]() -> Status {
                 LIMPID_TRY(trace, session.trace(ids, {}));
                 logits(session.model(), trace, std::array{options.position});
                 return {};
               }));
    Contributions contributions(session.model(), trace);
    LIMPID_TRY(contribution.emplace_back(), timed([&] { return compute_all(contributions); }));
    LIMPID_TRY(route.emplace_back(), timed([&]() -> Status {
                 LIMPID_TRY(const Route r, extract_route(contributions, options));
                 row.n_node = r.nodes.size();
                 row.n_edge = r.edges.size();
                 return {};
               }));
  }
  for (int i = 0; i < repeats; ++i) {
    LIMPID_TRY(explain.emplace_back(), timed([&]() -> Status {
                 LIMPID_TRY(Explanation explanation, session.explain({.prompt = {.text = {}, .ids = ids}}));
                 return explanation.route({}).map([](const Route&) {});
               }));
  }
  row.forward_seconds = median(forward);
  row.contribution_seconds = median(contribution);
  row.route_seconds = median(route);
  row.explain_seconds = median(explain);
  row.peak_bytes = process_memory().peak_bytes;
  return row;
}

}  // namespace

Result<BenchResult> bench(std::string_view model, const BenchRequest& request, const RunControl& control) {
  BenchResult result;
  result.threads = threads();
  const Stopwatch watch;
  LIMPID_TRY(const Session session, Session::open(model, request.open));
  LIMPID_CHECK_OK(session.trace(bench_ids(session, 1), {}));
  LIMPID_CHECK_OK(session.explain({.prompt = {.text = {}, .ids = bench_ids(session, 1)}}));
  result.load_seconds = watch.seconds();
  result.model = session.name();
  if (request.repeats < 1) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("repeats: expected at least 1, found {}", request.repeats));
  }
  for (const int n_tok : request.n_tok) {
    if (n_tok < 1 || n_tok > session.model().spec().n_ctx) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("tokens: expected lengths from 1 to the model's context of {}, found {}",
                              session.model().spec().n_ctx, n_tok));
    }
  }
  for (const int n_tok : request.n_tok) {
    LIMPID_TRY(result.rows.emplace_back(),
               bench_row(session, static_cast<size_t>(n_tok), request.repeats, control));
  }
  return result;
}

}  // namespace limpid
