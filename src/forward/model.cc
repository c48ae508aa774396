#include "forward/model.h"

#include <algorithm>

#include "base/mapped_file.h"
#include "forward/decode.h"

namespace limpid {

namespace {

Norm load_norm(const NormWeights& weights, const Backend& backend) {
  Norm norm{decode_vector(backend, *weights.weight), {}};
  if (weights.bias != nullptr) norm.bias = decode_vector(backend, *weights.bias);
  return norm;
}

}  // namespace

const PackedMatrix& Linear::packed() const {
  std::call_once(pack_once_, [&] {
    with_row_reader(backend_, weights_, [&](const Backend::RowReader& reader) {
      packed_ = backend_.pack(weights_.n_out, weights_.n_in, reader);
    });
    n_packed_bytes_ = packed_->n_bytes();
    for (const RowSlice& slice : weights_.rows) release_pages(slice.tensor->data);
  });
  return *packed_;
}

std::span<const float> Linear::bias() const {
  std::call_once(bias_once_, [&] {
    bias_ = decode_bias(backend_, weights_);
    bias_.resize(weights_.n_out);
  });
  return bias_;
}

Matrix Linear::decode() const {
  Matrix out(weights_.n_out, weights_.n_in);
  with_row_reader(backend_, weights_, [&](const Backend::RowReader& reader) {
    for (size_t row = 0; row < weights_.n_out; ++row) reader(row, out.row(row));
  });
  return out;
}

Layer::Layer(const LayerWeights& weights, const Backend& backend)
    : attention_norm(load_norm(weights.attention_norm, backend)),
      qkv(weights.qkv, backend),
      attention_out(weights.attention_out, backend),
      ffn_norm(load_norm(weights.ffn_norm, backend)),
      ffn_in(weights.ffn_in, backend),
      ffn_down(weights.ffn_down, backend) {}

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
  for (const LayerWeights& layer : weights.layers) model->layers_.emplace_back(layer, backend);
  model->final_norm_ = load_norm(weights.final_norm, backend);
  return std::shared_ptr<const Model>(std::move(model));
}

void Model::embed(std::span<const int> ids, MatrixView out) const {
  const ModelWeights& weights = description_.weights;
  std::vector<float> position(out.cols);
  for (size_t t = 0; t < ids.size(); ++t) {
    decode_row(backend_, *weights.embedding, static_cast<size_t>(ids[t]), out.row(t));
    if (weights.position_embedding == nullptr) continue;
    decode_row(backend_, *weights.position_embedding, t, position);
    for (size_t i = 0; i < out.cols; ++i) out.at(t, i) += position[i];
  }
}

void Model::unembed(ConstMatrixView x, MatrixView out) const {
  constexpr size_t kBlock = 256;  // rows of the vocabulary: a block stays in the cache of one core
  const LinearWeights& weights = description_.weights.unembed;
  const auto n_block = static_cast<int>((weights.n_out + kBlock - 1) / kBlock);
  with_row_reader(backend_, weights, [&](const Backend::RowReader& read_row) {
#pragma omp parallel for schedule(static)
    for (int b = 0; b < n_block; ++b) {
      const size_t begin = static_cast<size_t>(b) * kBlock, count = std::min(kBlock, weights.n_out - begin);
      Matrix block(count, weights.n_in);
      for (size_t i = 0; i < count; ++i) read_row(begin + i, block.row(i));
      backend_.gemm(x, block.view(), true, out.columns(begin, count));
    }
  });
}

size_t Model::n_packed_bytes() const {
  size_t bytes = 0;
  for (const Layer& layer : layers_) {
    for (const Linear* linear : {&layer.qkv, &layer.attention_out, &layer.ffn_in, &layer.ffn_down}) {
      bytes += linear->n_packed_bytes();
    }
  }
  return bytes;
}

}  // namespace limpid
