// What this machine can do at best, as JSON: rates of matrix products (oneDNN alone, weights in its own
// packed format, in float32 and bfloat16) and of memory (reading, and the triad a = b + s c). The figures of
// compare/ are held against these.
//
//   roofline [THREADS]    THREADS is 1 to 1024, by default as many as OpenMP takes
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <dnnl.hpp>
#include <omp.h>
#include <string_view>
#include <vector>

namespace {

using dnnl::inner_product_forward;
using dnnl::memory;

constexpr double kSecondsEach = 0.3;               // a loaded machine needs some time to show its best
constexpr size_t kArrayBytes = size_t{192} << 20;  // far beyond any cache

/// Shortest time of one call, in seconds.
template <class Work>
double best_seconds(Work&& work) {
  using Clock = std::chrono::steady_clock;
  work();
  double best = 1e30;
  for (const auto begin = Clock::now(); Clock::now() - begin < std::chrono::duration<double>(kSecondsEach);) {
    const auto start = Clock::now();
    work();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return best;
}

inner_product_forward::primitive_desc describe_product(const dnnl::engine& engine, memory::data_type type,
                                                       memory::dim m, memory::dim n_in, memory::dim n_out) {
  using tag = memory::format_tag;
  const memory::desc x({m, n_in}, type, tag::ab), w({n_out, n_in}, type, tag::any),
      y({m, n_out}, memory::data_type::f32, tag::ab);
#if DNNL_VERSION_MAJOR >= 3
  return {engine, dnnl::prop_kind::forward_inference, x, w, y};
#else
  return {inner_product_forward::desc(dnnl::prop_kind::forward_inference, x, w, y), engine};
#endif
}

/// GF/s of one product of [m, n_in] by [n_in, n_out].
double product_rate(memory::data_type type, memory::dim m, memory::dim n_in, memory::dim n_out) {
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  dnnl::stream stream(engine);
  const auto desc = describe_product(engine, type, m, n_in, n_out);
  const inner_product_forward product(desc);
  memory x(desc.src_desc(), engine), w(desc.weights_desc(), engine), y(desc.dst_desc(), engine);
  // Any normal numbers: bytes of 0x3d are 0.046 in both types.
  for (const memory& part : {x, w}) std::memset(part.get_data_handle(), 0x3d, part.get_desc().get_size());
  const double seconds = best_seconds([&] {
    product.execute(stream, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}});
    stream.wait();
  });
  return 2e-9 * static_cast<double>(m) * static_cast<double>(n_in) * static_cast<double>(n_out) / seconds;
}

/// The best of the feed-forward shapes of SmolLM2-135M, GPT-2 small and GPT-2 XL; 0 where oneDNN has no such
/// product.
double best_product_rate(memory::data_type type) {
  constexpr memory::dim kShapes[][3] = {{256, 576, 1536}, {256, 768, 3072}, {256, 1600, 6400}};
  double best = 0;
  for (const auto& [m, n_in, n_out] : kShapes) {
    try {
      best = std::max(best, product_rate(type, m, n_in, n_out));
    } catch (const dnnl::error& error) {
      if (error.status != dnnl_unimplemented) throw;
    }
  }
  return best;
}

/// GB/s of summing an array.
double read_rate() {
  const std::vector<uint64_t> a(kArrayBytes / sizeof(uint64_t), 1);
  volatile uint64_t kept = 0;
  const double seconds = best_seconds([&] {
    uint64_t sum = 0;
#pragma omp parallel for simd reduction(+ : sum)
    for (size_t i = 0; i < a.size(); ++i) sum += a[i];
    kept = sum;
  });
  return 1e-9 * static_cast<double>(kArrayBytes) / seconds;
}

/// GB/s of a = b + s c, counted as three arrays (a processor that reads a before it writes it moves four).
double triad_rate() {
  const size_t n = kArrayBytes / sizeof(double);
  std::vector<double> a(n), b(n, 1), c(n, 2);
  const double seconds = best_seconds([&] {
#pragma omp parallel for simd
    for (size_t i = 0; i < n; ++i) a[i] = b[i] + 3 * c[i];
  });
  return 3e-9 * static_cast<double>(kArrayBytes) / seconds;
}

}  // namespace

int main(int argc, char** argv) {
  int n_thread = omp_get_max_threads();
  if (argc > 1) {
    const std::string_view text = argv[1];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n_thread);
    if (argc > 2 || error != std::errc() || end != text.data() + text.size() || n_thread < 1 ||
        n_thread > 1024) {
      std::fputs("usage: roofline [THREADS], 1 to 1024\n", stderr);
      return 2;
    }
  }
  omp_set_num_threads(n_thread);
  const double f32 = best_product_rate(memory::data_type::f32);
  const double bf16 = best_product_rate(memory::data_type::bf16);
  const double read = read_rate();
  const double triad = triad_rate();
  std::printf(
      "{\"threads\": %d, \"f32_gflops\": %.1f, \"bf16_gflops\": %.1f, \"read_gbytes\": %.2f, "
      "\"triad_gbytes\": %.2f}\n",
      n_thread, f32, bf16, read, triad);
  return 0;
}
