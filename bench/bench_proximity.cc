// The proximity pass of one head, as attribution calls it: cpu on one thread and on all, beside the scalar
// reference. An element is one (query, key, coordinate).
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

// Arguments: tokens, d_model.
void run(benchmark::State& state, const Backend& backend, int n_thread) {
  set_threads(n_thread);
  const auto n_tok = static_cast<size_t>(state.range(0)), d = static_cast<size_t>(state.range(1));
  Matrix y(n_tok, d), u(n_tok, d), a(n_tok, n_tok), out(n_tok, n_tok);
  fill(y, 1);
  fill(u, 0.3f);
  for (size_t i = 0; i < n_tok * n_tok; ++i) a.data()[i] = 1 / static_cast<float>(1 + i % n_tok);
  std::vector<int> queries(n_tok);
  std::iota(queries.begin(), queries.end(), 0);
  for (auto _ : state) {
    backend.attention_proximity(y.view(), queries, u.view(), a.view(), out.data(), n_tok, 1);
  }
  const auto elements = static_cast<double>(d * n_tok * (n_tok + 1) / 2);
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
BENCHMARK_CAPTURE(run, scalar_reference, reference_backend(), 1)->Args({64, 576})->Args({256, 576});

}  // namespace
}  // namespace limpid
