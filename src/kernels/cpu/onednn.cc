#include "kernels/cpu/onednn.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <omp.h>
#include <span>

#include "base/check.h"

namespace limpid::cpu {

namespace {

using dnnl::inner_product_forward;
using dnnl::memory;
using Tag = memory::format_tag;

constexpr size_t kNominalRows = 64;  // rows of x for which a panel's layout is chosen

memory::desc matrix(size_t rows, size_t cols, Tag tag) {
  return {{static_cast<memory::dim>(rows), static_cast<memory::dim>(cols)}, memory::data_type::f32, tag};
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

inner_product_forward::primitive_desc describe(size_t m, size_t k, const memory::desc& w, size_t n) {
  const memory::desc x = matrix(m, k, Tag::ab), y = matrix(m, n, Tag::ab);
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
#if DNNL_VERSION_MAJOR >= 3
  return {onednn_engine(), kKind, x, w, y, user_scratch()};
#else
  return {inner_product_forward::desc(kKind, x, w, y), user_scratch(), onednn_engine()};
#endif
}

TileProduct make_product(size_t m, size_t n, size_t k) {
  const memory::desc w = panel_layout(n, k);
  const OneThread one_thread;
  const auto desc = describe(m, k, w, n);
  return {inner_product_forward(desc), desc.src_desc(), desc.dst_desc(), desc.scratchpad_desc()};
}

PanelReorder make_reorder(size_t n, size_t k) {
  const memory::desc from = matrix(n, k, Tag::ab), to = panel_layout(n, k);
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

void set_data(const memory& m, const float* data) {
  m.set_data_handle(const_cast<float*>(data));
}

}  // namespace

dnnl::engine& onednn_engine() {
  static auto& engine = *new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

memory::desc panel_layout(size_t n, size_t k) {
  return cached<std::array<size_t, 2>, memory::desc>({n, k}, [&] {
    const OneThread one_thread;
    return memory::desc(describe(kNominalRows, k, matrix(n, k, Tag::any), n).weights_desc());
  });
}

const TileProduct& tile_product(size_t m, size_t n, size_t k) {
  return cached<std::array<size_t, 3>, TileProduct>({m, n, k}, [&] { return make_product(m, n, k); });
}

const PanelReorder& panel_reorder(size_t n, size_t k) {
  return cached<std::array<size_t, 2>, PanelReorder>({n, k}, [&] { return make_reorder(n, k); });
}

TileRunner::TileRunner(const TileProduct& product)
    : primitive_(product.primitive),
      stream_(onednn_engine()),
      x_(placeholder(product.x)),
      y_(placeholder(product.y)),
      scratch_(product.scratch, onednn_engine()) {}

void TileRunner::run(const float* x, const memory& w, float* y) {
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
