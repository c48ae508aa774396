// Everything that is computed with floats, behind one interface with several backends:
//   reference/  scalar loops that read like the formulas; the oracle of every test, kept forever
//   cpu/        oneDNN matrix products and Highway kernels, OpenMP threads
//   no_cuda/    a null backend that links where CUDA is absent
//
// Matrices are row-major; shapes are in the comments. All arithmetic is float32. Every function gives the
// same bits for any number of threads: work is cut by shape, never by thread count, and every reduction has
// a fixed order. Arguments are checked by CHECK (shapes come from our code, never from a file unchecked).
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "base/dtype.h"
#include "base/matrix.h"
#include "base/ops.h"
#include "base/result.h"

namespace limpid {

/// A weight matrix [n_out, n_in] in the layout its backend multiplies fastest. Immutable.
class PackedMatrix {
 public:
  virtual ~PackedMatrix() = default;
  virtual size_t n_out() const = 0;
  virtual size_t n_in() const = 0;
  /// Bytes held.
  virtual size_t n_bytes() const = 0;
};

/// What the values of a weight matrix are. A backend may keep bfloat16 weights as they are, in half the
/// memory; products with them are as exact as float32 ones to about 2^-17 of the sum of their terms' sizes.
enum class Precision { kFloat32, kBFloat16 };

/// Rotation angles of rotary position embedding: cos and sin, [n_tok, n_rot/2].
struct RopeAngles {
  ConstMatrixView cos;
  ConstMatrixView sin;
};

/// A key that one query of one head does not attend to.
struct BlockedKey {
  int head = 0;
  int query = 0;
  int key = 0;
  auto operator<=>(const BlockedKey&) const = default;
};

/// Causal self-attention over one sequence. q: [n_tok, n_head * d_head], k and v: [n_tok, n_kv_head *
/// d_head]; head h reads key/value head h / (n_head / n_kv_head). The score of a query and a key is
///
///     s = scale q . k,  then softcap tanh(s / softcap),  then + key_bias[h, key]
///
/// and its attention row is the softmax of the scores of the keys in reach: query - window < key <= query,
/// but for blocked ones. A sink takes part in the softmax as one more score, and its share of attention goes
/// nowhere. A row without any key is 0.
struct AttentionInputs {
  ConstMatrixView q;
  ConstMatrixView k;
  ConstMatrixView v;
  size_t n_head = 0;
  size_t n_kv_head = 0;
  size_t d_head = 0;
  float scale = 1;                           // multiplies q . k
  size_t window = 0;                         // keys in reach, the query's own included; 0: all
  float softcap = 0;                         // 0: none
  ConstMatrixView key_bias = {};             // [n_head, n_tok], or empty
  std::span<const float> sinks = {};         // [n_head], or empty
  std::span<const BlockedKey> blocked = {};  // ascending
};

/// The parts that attention is a sum of, one for each query row r, key k and head h, each in R^d:
///
///     z[r, k, h] = a[h, r, k] W_h v_h[k]
///
/// where W_h are the columns of `projection` that take head h, and head h reads value head h / (n_head /
/// n_kv_head).
struct AttentionParts {
  ConstMatrixView a;           // [n_head * n_query, n_key], >= 0
  ConstMatrixView v;           // [n_key, n_kv_head * d_head]
  ConstMatrixView projection;  // [d, n_head * d_head]
  size_t n_head = 0;
  size_t n_kv_head = 0;
  size_t d_head = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;

  // --- weights ---------------------------------------------------------------------------------------

  /// Decodes n elements (a whole number of blocks) of a weight type to float32. `bytes` may be misaligned.
  /// Runs on the calling thread; a RowReader may call it.
  virtual void decode(DType type, const std::byte* bytes, size_t n, float* out) const = 0;

  /// Bytes of one packed weight.
  virtual size_t bytes_per_weight(Precision precision) const = 0;

  /// Fills `out` ([n_in]) with output row `row` of a weight matrix. Called from several threads.
  using RowReader = std::function<void(size_t row, std::span<float> out)>;
  virtual std::unique_ptr<PackedMatrix> pack(size_t n_out, size_t n_in, Precision precision,
                                             const RowReader& read_row) const = 0;

  // --- matrix products -------------------------------------------------------------------------------

  /// y = x w^T + bias. x: [m, n_in], y: [m, n_out], bias: [n_out] or empty. y may not overlap x.
  virtual void matmul(ConstMatrixView x, const PackedMatrix& w, std::span<const float> bias,
                      MatrixView y) const = 0;

  /// c = a b, or a b^T when `transpose_b`. a: [m, k], b: [k, n] or [n, k], c: [m, n]; strided views allowed.
  virtual void gemm(ConstMatrixView a, ConstMatrixView b, bool transpose_b, MatrixView c) const = 0;

  // --- blocks of a decoder ---------------------------------------------------------------------------

  /// y = x / sqrt(mean(x^2) + eps) * weight, row by row. x, y: [m, d] (may be the same), weight: [d].
  virtual void rms_norm(ConstMatrixView x, std::span<const float> weight, float eps, MatrixView y) const = 0;

  /// y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias; biased variance; bias may be empty.
  virtual void layer_norm(ConstMatrixView x, std::span<const float> weight, std::span<const float> bias,
                          float eps, MatrixView y) const = 0;

  /// Rotates the first n_rot coordinates of every head in place. x: [n_tok, n_head * d_head].
  virtual void rope(MatrixView x, size_t n_head, const RopeAngles& angles, RopePairs pairs) const = 0;

  /// z[q, h] = sum over keys A[h, q, key] (v_h[key] + value_bias_h), of the last queries: z is [n_query,
  /// n_head * d_head], n_query <= n_tok. value_bias: [n_head * d_head] or empty.
  virtual void attention(const AttentionInputs& in, std::span<const float> value_bias,
                         MatrixView z) const = 0;

  /// Rows of the attention matrices of `head` and, where `out` has room, of the heads behind it. out: [n *
  /// queries.size(), n_key], head by head; n_key > every query; entries out of reach are 0.
  virtual void attention_rows(const AttentionInputs& in, size_t head, std::span<const int> queries,
                              MatrixView out) const = 0;

  /// x = f(x), element by element. f is not kClampedSwiglu.
  virtual void activate(Activation f, MatrixView x) const = 0;

  /// y = f(gate) * up, where gate_up is [m, 2 d_mlp] with the gate in the first half; y: [m, d_mlp].
  virtual void gated_activate(Activation f, ConstMatrixView gate_up, MatrixView y) const = 0;

  /// y += x. Same shapes.
  virtual void add(ConstMatrixView x, MatrixView y) const = 0;

  /// Softmax over each row in place.
  virtual void softmax(MatrixView x) const = 0;

  // --- attribution -----------------------------------------------------------------------------------

  /// proximity(z, y) = max(0, sum_i |y_i| - |y_i - z_i|), summed term by term (every term is at most |z_i|,
  /// so nothing cancels beside massive coordinates). out[r] for every row r; z, y: [m, d].
  virtual void proximity(ConstMatrixView z, ConstMatrixView y, std::span<float> out) const = 0;

  /// Proximity of the parts of attention to the states y[r], for every query row r, key k <= queries[r] and
  /// head. y: [n_query, d]; out: [n_head * n_query, n_key] as parts.a, and may be the same memory; entries
  /// with k > queries[r] are left alone.
  virtual void attention_proximity(const AttentionParts& parts, ConstMatrixView y,
                                   std::span<const int> queries, MatrixView out) const = 0;
};

/// Scalar oracle; single-threaded, slow.
const Backend& reference_backend();
/// oneDNN and Highway.
const Backend& cpu_backend();
/// kUnsupported in a build without CUDA.
Result<const Backend*> cuda_backend();
/// By name: "cpu", "reference", "cuda".
Result<const Backend*> backend(std::string_view name);

/// Threads used by every backend in this process; 0 means all cores.
void set_threads(int n);
int threads();

}  // namespace limpid
