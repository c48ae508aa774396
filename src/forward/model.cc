#include "forward/model.h"

#include <algorithm>
#include <cmath>

#include "base/mapped_file.h"
#include "forward/decode.h"
#include "forward/recompute.h"

namespace limpid {

namespace {

Norm load_norm(const NormWeights& weights, const Backend& backend) {
  Norm norm{decode_slices(backend, weights.weight), decode_slices(backend, weights.bias)};
  if (weights.weight.empty()) norm.weight.assign(weights.width, 1.0f);
  for (float& w : norm.weight) w += weights.offset;
  return norm;
}

std::optional<Norm> load_norm(const std::optional<NormWeights>& weights, const Backend& backend) {
  return weights ? std::optional(load_norm(*weights, backend)) : std::nullopt;
}

void release_pages(const LinearWeights& weights) {
  for (const RowSlice& slice : weights.rows) limpid::release_pages(slice.tensor->data);
}

}  // namespace

Linear::Packed Linear::pack() const {
  Packed packed;
  with_row_reader(backend_, weights_, [&](const Backend::RowReader& reader) {
    packed = backend_.pack(weights_.n_out, weights_.n_in, weight_precision(weights_), reader);
  });
  release_pages(weights_);
  return packed;
}

Linear::Packed Linear::pack_transposed() const {
  const Matrix w = decode();
  return backend_.pack(w.cols(), w.rows(), precision(), [&w](size_t row, std::span<float> out) {
    for (size_t i = 0; i < out.size(); ++i) out[i] = w.row(i)[row];
  });
}

bool Linear::keep() const {
  packed();
  const std::scoped_lock lock(pack_mutex_);
  return packed_ != nullptr;
}

Linear::Packed Linear::keep_or_pack(Packed& kept, Packed (Linear::*make)() const) const {
  const std::scoped_lock lock(pack_mutex_);
  if (kept != nullptr) return kept;
  Packed packed = (this->*make)();
  if (budget_.reserve(packed->n_bytes())) kept = packed;
  return packed;
}

Linear::Packed Linear::packed() const {
  return keep_or_pack(packed_, &Linear::pack);
}

Linear::Packed Linear::packed_transposed() const {
  return keep_or_pack(packed_transposed_, &Linear::pack_transposed);
}

void Linear::release() const {
  const std::scoped_lock lock(pack_mutex_);
  for (Packed* kept : {&packed_, &packed_transposed_}) {
    if (*kept == nullptr) continue;
    budget_.give_back((*kept)->n_bytes());
    kept->reset();
  }
}

std::span<const float> Linear::bias() const {
  std::call_once(bias_once_, [&] {
    bias_ = decode_slices(backend_, weights_.bias);
    bias_.resize(weights_.n_out);
  });
  return bias_;
}

Matrix Linear::decode() const {
  Matrix out(weights_.n_out, weights_.n_in);
  with_row_reader(backend_, weights_, [&](const Backend::RowReader& reader) {
#pragma omp parallel for schedule(static) num_threads(threads())
    for (size_t row = 0; row < weights_.n_out; ++row) reader(row, out.row(row));
  });
  release_pages(weights_);
  return out;
}

Moe::Moe(const MoeWeights& weights, const Backend& backend, WeightBudget& budget)
    : router(weights.router, backend, budget) {
  for (const FfnWeights& expert : weights.experts) experts.emplace_back(expert, backend, budget);
  if (weights.shared) shared.emplace(*weights.shared, backend, budget);
  if (weights.shared_gate) shared_gate.emplace(*weights.shared_gate, backend, budget);
}

Layer::Layer(const LayerWeights& weights, const Backend& backend, WeightBudget& budget)
    : attention_norm(load_norm(weights.attention_norm, backend)),
      qkv(weights.qkv, backend, budget),
      q_norm(load_norm(weights.q_norm, backend)),
      k_norm(load_norm(weights.k_norm, backend)),
      attention_out(weights.attention_out, backend, budget),
      attention_post_norm(load_norm(weights.attention_post_norm, backend)),
      ffn_norm(load_norm(weights.ffn_norm, backend)),
      ffn_post_norm(load_norm(weights.ffn_post_norm, backend)) {
  if (weights.sinks != nullptr) sinks = decode_vector(backend, *weights.sinks);
  if (weights.ffn) ffn.emplace(*weights.ffn, backend, budget);
  if (weights.moe) moe.emplace(*weights.moe, backend, budget);
}

std::vector<float> Layer::value_bias(const ModelSpec& spec) const {
  if (!qkv.has_bias()) return {};
  const auto d_kv = static_cast<size_t>(spec.d_kv()), d_head = static_cast<size_t>(spec.d_head);
  const std::span<const float> kv = qkv.bias().last(d_kv);
  const auto group = static_cast<size_t>(spec.n_head / spec.n_kv_head);
  std::vector<float> out;
  out.reserve(static_cast<size_t>(spec.d_query()));
  for (size_t h = 0; h < static_cast<size_t>(spec.n_head); ++h) {
    const auto head = kv.subspan(h / group * d_head, d_head);
    out.insert(out.end(), head.begin(), head.end());
  }
  return out;
}

Result<std::shared_ptr<const Model>> Model::load(Checkpoint checkpoint, const Backend& backend) {
  std::shared_ptr<Model> model(new Model(std::move(checkpoint), backend));
  LIMPID_TRY(model->description_, describe_model(model->checkpoint_));
  const ModelWeights& weights = model->description_.weights;
  for (const LayerWeights& layer : weights.layers)
    model->layers_.emplace_back(layer, backend, model->budget_);
  model->embedding_norm_ = load_norm(weights.embedding_norm, backend);
  model->final_norm_ = load_norm(weights.final_norm, backend);
  return std::shared_ptr<const Model>(std::move(model));
}

void Model::limit_packed_bytes(size_t limit) const {
  budget_.set_limit(limit);
  for (auto layer = layers_.rbegin(); layer != layers_.rend() && budget_.used() > limit; ++layer) {
    layer->for_each_linear([](const Linear& linear) { linear.release(); });
  }
}

Status Model::pack_ahead(const RunControl& control) const {
  std::vector<const Linear*> linears;
  size_t n_byte = 0;
  for (const Layer& layer : layers_) {
    layer.for_each_linear([&](const Linear& linear) {
      linears.push_back(&linear);
      n_byte += linear.n_out() * linear.n_in() * backend_.bytes_per_weight(linear.precision());
    });
  }
  const double most = static_cast<double>(std::min(budget_.limit(), n_byte));
  for (const Linear* linear : linears) {
    const double fraction = std::min(1.0, static_cast<double>(budget_.used()) / most);
    LIMPID_CHECK_OK(control.tick("decoding weights", fraction));
    if (!linear->keep()) break;
  }
  return {};
}

void Model::embed(std::span<const int> ids, size_t first, MatrixView out) const {
  const ModelWeights& weights = description_.weights;
  std::vector<float> position(out.cols);
  for (size_t t = 0; t < ids.size(); ++t) {
    decode_row(backend_, *weights.embedding, static_cast<size_t>(ids[t]), out.row(t));
    if (spec().embedding_scale != 1) {
      for (float& x : out.row(t)) x *= spec().embedding_scale;
    }
    if (weights.position_embedding == nullptr) continue;
    const size_t row = first + t + static_cast<size_t>(spec().position_offset);
    decode_row(backend_, *weights.position_embedding, row, position);
    for (size_t i = 0; i < out.cols; ++i) out.at(t, i) += position[i];
  }
  if (embedding_norm_) apply_norm(*this, *embedding_norm_, out, out);
}

void Model::project(ConstMatrixView x, bool whole, MatrixView out) const {
  constexpr size_t kBlock = 256;  // rows of the vocabulary: a block stays in the cache of one core
  const LinearWeights& weights = description_.weights.unembed;
  const std::vector<float> bias = whole ? decode_slices(backend_, weights.bias) : std::vector<float>();
  const float scale = spec().logit_scale, cap = whole ? spec().logit_softcap : 0;
  const auto n_block = static_cast<int>((weights.n_out + kBlock - 1) / kBlock);
  with_row_reader(backend_, weights, [&](const Backend::RowReader& read_row) {
#pragma omp parallel num_threads(threads())
    {
      Matrix block(kBlock, weights.n_in);
#pragma omp for schedule(static)
      for (int b = 0; b < n_block; ++b) {
        const size_t begin = static_cast<size_t>(b) * kBlock, count = std::min(kBlock, weights.n_out - begin);
        for (size_t i = 0; i < count; ++i) read_row(begin + i, block.row(i));
        const MatrixView to = out.columns(begin, count);
        backend_.gemm(x, block.view().slice_rows(0, count), true, to);
        for (size_t r = 0; r < to.rows; ++r) {
          for (size_t i = 0; i < count; ++i) {
            float& logit = to.at(r, i);
            if (!bias.empty()) logit += bias[begin + i];
            logit *= scale;
            if (cap > 0) logit = cap * std::tanh(logit / cap);
          }
        }
      }
    }
  });
}

std::vector<float> Model::unembed_direction(int id) const {
  const LinearWeights& weights = description_.weights.unembed;
  std::vector<float> direction(weights.n_in);
  with_row_reader(backend_, weights,
                  [&](const Backend::RowReader& read_row) { read_row(static_cast<size_t>(id), direction); });
  for (float& x : direction) x *= spec().logit_scale;
  return direction;
}

float Model::unembed_bias(int id) const {
  const std::vector<float> bias = decode_slices(backend_, description_.weights.unembed.bias);
  return bias.empty() ? 0 : bias[static_cast<size_t>(id)] * spec().logit_scale;
}

}  // namespace limpid
