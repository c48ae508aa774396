// The proximity pass of a layer, as attribution calls it: cpu on one thread and on all, beside the scalar
// reference. An element is one (query, key, head, coordinate).
#include <benchmark/benchmark.h>
#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "kernels/kernels.h"

namespace limpid {
namespace {

void fill(Matrix& m, float scale) {
  std::minstd_rand random(1);
  const size_t n = m.rows() * m.cols();
  for (size_t i = 0; i < n; ++i) m.data()[i] = scale * (static_cast<float>(random() % 2048) / 1024 - 1);
}

// Attention of trained models: most of it on the first key and on the last ones, a tail that is small.
void fill_attention(Matrix& a, size_t n_query) {
  for (size_t r = 0; r < a.rows(); ++r) {
    const size_t query = r % n_query;
    for (size_t k = 0; k <= query; ++k) {
      a.row(r)[k] =
          k == 0 ? 0.7f : 0.3f / std::pow(2.0f, static_cast<float>(std::min<size_t>(query - k, 40)));
    }
  }
}

// Arguments: tokens, d_model; heads of 64.
void run(benchmark::State& state, const Backend& backend, int n_thread) {
  set_threads(n_thread);
  const auto n_tok = static_cast<size_t>(state.range(0)), d = static_cast<size_t>(state.range(1));
  constexpr size_t kHead = 64;
  const size_t n_head = d / kHead;
  Matrix y(n_tok, d), v(n_tok, d), projection(d, d), a(n_head * n_tok, n_tok), out(n_head * n_tok, n_tok);
  fill(y, 1);
  fill(v, 1);
  fill(projection, 0.05f);
  fill_attention(a, n_tok);
  std::vector<int> queries(n_tok);
  std::iota(queries.begin(), queries.end(), 0);
  const AttentionParts parts = {a.view(), v.view(), projection.view(), n_head, n_head, kHead};
  for (auto _ : state) backend.attention_proximity(parts, y.view(), queries, out.view());
  const auto elements = static_cast<double>(d * n_head * n_tok * (n_tok + 1) / 2);
  state.counters["Gelements/s"] =
      benchmark::Counter(1e-9 * elements, benchmark::Counter::kIsIterationInvariantRate);
  set_threads(0);
}

void shapes(benchmark::internal::Benchmark* b) {
  for (const int64_t d : {576, 768, 4096}) {
    for (const int64_t n_tok : {16, 64, 256, 1024}) {
      if (n_tok * d <= 1024 * 768) b->Args({n_tok, d});
    }
  }
  b->ArgNames({"n_tok", "d"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}

BENCHMARK_CAPTURE(run, cpu_one_thread, cpu_backend(), 1)->Apply(shapes);
BENCHMARK_CAPTURE(run, cpu_all_threads, cpu_backend(), 0)->Apply(shapes);
BENCHMARK_CAPTURE(run, scalar_reference, reference_backend(), 1)->Args({64, 576});

}  // namespace
}  // namespace limpid
