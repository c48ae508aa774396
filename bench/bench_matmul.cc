// Matrix products: ours (fixed tiles, the same bits for any number of threads) beside oneDNN left to itself
// with its own packed layout and threads, which is the ceiling. Then packing and strided products.
#include <benchmark/benchmark.h>
#include <dnnl.hpp>
#include <random>
#include <vector>

#include "kernels/kernels.h"

namespace limpid {
namespace {

using dnnl::inner_product_forward;
using dnnl::memory;

Matrix random_matrix(size_t rows, size_t cols) {
  Matrix m(rows, cols);
  std::minstd_rand random(1);
  for (size_t i = 0; i < rows * cols; ++i) m.data()[i] = static_cast<float>(random() % 1024) / 512 - 1;
  return m;
}

// The three arguments are the dimensions of the product, in any order.
void count_flops(benchmark::State& state) {
  const auto flops = 2 * static_cast<double>(state.range(0) * state.range(1) * state.range(2));
  state.counters["GF/s"] = benchmark::Counter(1e-9 * flops, benchmark::Counter::kIsIterationInvariantRate);
}

// Arguments: rows of x, n_in, n_out. SmolLM2-135M, GPT-2 small, a 7B feed-forward.
void shapes(benchmark::internal::Benchmark* b) {
  constexpr int64_t kWeights[][2] = {{576, 192}, {576, 576},  {576, 1536}, {576, 3072}, {1536, 576},
                                     {768, 768}, {768, 2304}, {768, 3072}, {3072, 768}, {4096, 11008}};
  for (const auto& [n_in, n_out] : kWeights) {
    for (const int64_t m : {1, 4, 14, 64, 256, 1024}) b->Args({m, n_in, n_out});
  }
  b->ArgNames({"m", "in", "out"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}

void packed_matmul(benchmark::State& state) {
  const auto m = static_cast<size_t>(state.range(0)), n_in = static_cast<size_t>(state.range(1)),
             n_out = static_cast<size_t>(state.range(2));
  const Matrix x = random_matrix(m, n_in), row = random_matrix(1, n_in);
  Matrix y(m, n_out);
  const auto w = cpu_backend().pack(n_out, n_in, Precision::kFloat32, [&](size_t, std::span<float> out) {
    std::ranges::copy(row.row(0), out.begin());
  });
  for (auto _ : state) cpu_backend().matmul(x.view(), *w, {}, y.view());
  count_flops(state);
}
BENCHMARK(packed_matmul)->Apply(shapes);

memory::desc describe(memory::dim rows, memory::dim cols, memory::format_tag tag) {
  return {{rows, cols}, memory::data_type::f32, tag};
}

inner_product_forward::primitive_desc describe_product(const dnnl::engine& engine, memory::dim m,
                                                       memory::dim n_in, memory::dim n_out) {
  const auto x = describe(m, n_in, memory::format_tag::ab), y = describe(m, n_out, memory::format_tag::ab);
  const auto w = describe(n_out, n_in, memory::format_tag::any);
#if DNNL_VERSION_MAJOR >= 3
  return {engine, dnnl::prop_kind::forward_inference, x, w, y};
#else
  return {inner_product_forward::desc(dnnl::prop_kind::forward_inference, x, w, y), engine};
#endif
}

void onednn_alone(benchmark::State& state) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto desc = describe_product(engine, state.range(0), state.range(1), state.range(2));
  const inner_product_forward product(desc);
  memory x(desc.src_desc(), engine), w(desc.weights_desc(), engine), y(desc.dst_desc(), engine);
  for (const memory& m : {x, w}) {
    auto* const floats = static_cast<float*>(m.get_data_handle());
    std::fill_n(floats, m.get_desc().get_size() / sizeof(float), 0.5f);
  }
  for (auto _ : state) {
    product.execute(stream, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}});
    stream.wait();
  }
  count_flops(state);
}
BENCHMARK(onednn_alone)->Apply(shapes);

// c = a b^T of plain row-major matrices: m, n, k.
void gemm_shapes(benchmark::internal::Benchmark* b) {
  b->Args({64, 576, 64})->Args({256, 576, 64})->Args({256, 768, 64})->Args({256, 256, 64});
  b->Args({1024, 576, 64})->Args({64, 1536, 576})->Args({256, 4096, 128});
  b->ArgNames({"m", "n", "k"})->UseRealTime()->Unit(benchmark::kMicrosecond);
}

void gemm(benchmark::State& state) {
  const auto m = static_cast<size_t>(state.range(0)), n = static_cast<size_t>(state.range(1)),
             k = static_cast<size_t>(state.range(2));
  const Matrix a = random_matrix(m, k), b = random_matrix(n, k);
  Matrix c(m, n);
  for (auto _ : state) cpu_backend().gemm(a.view(), b.view(), true, c.view());
  count_flops(state);
}
BENCHMARK(gemm)->Apply(gemm_shapes);

void onednn_sgemm_alone(benchmark::State& state) {
  const auto m = state.range(0), n = state.range(1), k = state.range(2);
  const Matrix a = random_matrix(static_cast<size_t>(m), static_cast<size_t>(k));
  const Matrix b = random_matrix(static_cast<size_t>(n), static_cast<size_t>(k));
  Matrix c(static_cast<size_t>(m), static_cast<size_t>(n));
  for (auto _ : state) {
    dnnl_sgemm('N', 'T', m, n, k, 1, a.data(), k, b.data(), k, 0, c.data(), n);
  }
  count_flops(state);
}
BENCHMARK(onednn_sgemm_alone)->Apply(gemm_shapes);

// Packing [4096, 4096] from stored weights: decode, then reorder.
void pack_stored(benchmark::State& state, DType type) {
  constexpr size_t kSize = 4096;
  const DTypeInfo& t = info(type);
  const size_t row_bytes = kSize / t.block_size * t.block_bytes;
  const std::vector<std::byte> bytes(kSize * row_bytes, std::byte{0x35});
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        cpu_backend().pack(kSize, kSize, Precision::kFloat32, [&](size_t row, std::span<float> out) {
          cpu_backend().decode(type, bytes.data() + row * row_bytes, kSize, out.data());
        }));
  }
  state.counters["Gelements/s"] =
      benchmark::Counter(1e-9 * kSize * kSize, benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK_CAPTURE(pack_stored, F32, DType::kF32)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pack_stored, F16, DType::kF16)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pack_stored, BF16, DType::kBF16)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pack_stored, Q4_0, DType::kQ4_0)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pack_stored, Q4_1, DType::kQ4_1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pack_stored, Q5_1, DType::kQ5_1)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(pack_stored, Q8_0, DType::kQ8_0)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace limpid
