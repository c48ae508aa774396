#include "kernels/cpu/onednn.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <omp.h>
#include <span>
#include <tuple>

#include "base/check.h"

namespace limpid::cpu {

namespace {

using dnnl::inner_product_forward;
using dnnl::memory;
using Tag = memory::format_tag;

constexpr size_t kNominalRows = 64;  // rows of x for which a panel's layout is chosen

memory::data_type data_type(Precision precision) {
  return precision == Precision::kBFloat16 ? memory::data_type::bf16 : memory::data_type::f32;
}

memory::desc matrix(Precision precision, size_t rows, size_t cols, Tag tag) {
  return {{static_cast<memory::dim>(rows), static_cast<memory::dim>(cols)}, data_type(precision), tag};
}

// While one lives, oneDNN sees one thread: primitives choose their blocking by that number.
class OneThread {
 public:
  OneThread() : saved_(omp_get_max_threads()) { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(saved_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int saved_;
};

// Scratch memory is ours, because oneDNN's own belongs to the thread that created the primitive.
dnnl::primitive_attr user_scratch() {
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attr;
}

inner_product_forward::primitive_desc describe(Precision precision, size_t m, size_t k, const memory::desc& w,
                                               size_t n) {
  const memory::desc x = matrix(precision, m, k, Tag::ab), y = matrix(Precision::kFloat32, m, n, Tag::ab);
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
#if DNNL_VERSION_MAJOR >= 3
  return {onednn_engine(), kKind, x, w, y, user_scratch()};
#else
  return {inner_product_forward::desc(kKind, x, w, y), user_scratch(), onednn_engine()};
#endif
}

TileProduct make_product(Precision precision, size_t m, size_t n, size_t k) {
  const memory::desc w = panel_layout(precision, n, k);
  const OneThread one_thread;
  const auto desc = describe(precision, m, k, w, n);
  return {inner_product_forward(desc), desc.src_desc(), desc.dst_desc(), desc.scratchpad_desc()};
}

PanelReorder make_reorder(Precision precision, size_t n, size_t k) {
  const memory::desc from = matrix(Precision::kFloat32, n, k, Tag::ab), to = panel_layout(precision, n, k);
  const OneThread one_thread;
  const dnnl::reorder::primitive_desc desc(onednn_engine(), from, onednn_engine(), to, user_scratch());
  return {dnnl::reorder(desc), from, desc.scratchpad_desc()};
}

// Values made on first use; references stay valid.
template <class Key, class Value, class Make>
const Value& cached(const Key& key, const Make& make) {
  static std::mutex mutex;
  static auto& values = *new std::map<Key, Value>;  // never destroyed: threads may outlive main
  const std::lock_guard lock(mutex);
  auto it = values.find(key);
  if (it == values.end()) it = values.emplace(key, make()).first;
  return it->second;
}

void execute(const dnnl::primitive& primitive, const dnnl::stream& stream,
             std::span<const dnnl_exec_arg_t> args) {
  // The C call: the C++ one builds a hash map per tile.
  const auto status =
      dnnl_primitive_execute(primitive.get(), stream.get(), static_cast<int>(args.size()), args.data());
  CHECK(status == dnnl_success);
}

// Without data until set_data_handle.
memory placeholder(const memory::desc& desc) {
  return {desc, onednn_engine(), nullptr};
}

void set_data(const memory& m, const void* data) {
  m.set_data_handle(const_cast<void*>(data));
}

}  // namespace

dnnl::engine& onednn_engine() {
  static auto& engine = *new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

bool multiplies_bfloat16() {
  constexpr auto kNeeded = static_cast<int>(dnnl::cpu_isa::avx512_core_bf16);
  return (static_cast<int>(dnnl::get_effective_cpu_isa()) & kNeeded) == kNeeded;
}

memory::desc panel_layout(Precision precision, size_t n, size_t k) {
  return cached<std::tuple<Precision, size_t, size_t>, memory::desc>({precision, n, k}, [&] {
    const OneThread one_thread;
    const memory::desc w = matrix(precision, n, k, Tag::any);
    return memory::desc(describe(precision, kNominalRows, k, w, n).weights_desc());
  });
}

const TileProduct& tile_product(Precision precision, size_t m, size_t n, size_t k) {
  return cached<std::tuple<Precision, size_t, size_t, size_t>, TileProduct>(
      {precision, m, n, k}, [&] { return make_product(precision, m, n, k); });
}

const PanelReorder& panel_reorder(Precision precision, size_t n, size_t k) {
  return cached<std::tuple<Precision, size_t, size_t>, PanelReorder>(
      {precision, n, k}, [&] { return make_reorder(precision, n, k); });
}

TileRunner::TileRunner(const TileProduct& product)
    : primitive_(product.primitive),
      stream_(onednn_engine()),
      x_(placeholder(product.x)),
      y_(placeholder(product.y)),
      scratch_(product.scratch, onednn_engine()) {}

void TileRunner::run(const void* x, const memory& w, float* y) {
  set_data(x_, x);
  set_data(y_, y);
  const std::array<dnnl_exec_arg_t, 4> args = {{{DNNL_ARG_SRC, x_.get()},
                                                {DNNL_ARG_WEIGHTS, w.get()},
                                                {DNNL_ARG_DST, y_.get()},
                                                {DNNL_ARG_SCRATCHPAD, scratch_.get()}}};
  execute(primitive_, stream_, args);
}

ReorderRunner::ReorderRunner(const PanelReorder& reorder)
    : primitive_(reorder.primitive),
      stream_(onednn_engine()),
      from_(placeholder(reorder.from)),
      scratch_(reorder.scratch, onednn_engine()) {}

void ReorderRunner::run(const float* from, const memory& to) {
  set_data(from_, from);
  const std::array<dnnl_exec_arg_t, 3> args = {
      {{DNNL_ARG_FROM, from_.get()}, {DNNL_ARG_TO, to.get()}, {DNNL_ARG_SCRATCHPAD, scratch_.get()}}};
  execute(primitive_, stream_, args);
}

void sgemm(bool transpose_b, size_t m, size_t n, size_t k, float alpha, const float* a, size_t a_stride,
           const float* b, size_t b_stride, float* c, size_t c_stride) {
  const auto dim = [](size_t v) { return static_cast<dnnl_dim_t>(v); };
  // A view of one row may have any stride; oneDNN insists on one no smaller than the row.
  const size_t b_cols = transpose_b ? k : n;
  const auto status =
      dnnl_sgemm('N', transpose_b ? 'T' : 'N', dim(m), dim(n), dim(k), alpha, a, dim(std::max(a_stride, k)),
                 b, dim(std::max(b_stride, b_cols)), 0.0f, c, dim(std::max(c_stride, n)));
  CHECK(status == dnnl_success);
}

}  // namespace limpid::cpu
