#include "api/trace_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <fnmatch.h>
#include <functional>
#include <numeric>
#include <optional>

#include "attribution/attention_importance.h"
#include "attribution/ffn_importance.h"
#include "attribution/neuron_importance.h"
#include "checkpoint/safetensors_writer.h"
#include "forward/run.h"

namespace limpid {

namespace {

/// A tensor of the file: what it is, and how its values are produced when its turn comes.
struct Entry {
  TensorDeclaration declaration;
  std::function<Status(SafetensorsWriter&, const std::string& name)> write;
};

std::vector<int> all_positions(const Trace& trace) {
  std::vector<int> positions(trace.n_tok());
  std::iota(positions.begin(), positions.end(), 0);
  return positions;
}

/// The contributions of one layer, each kind computed once for the tensors that show it.
class LayerImportance {
 public:
  LayerImportance(const Model& model, const Trace& trace, int layer)
      : model_(model), trace_(trace), layer_(layer) {}

  const AttentionImportance& attention() {
    if (!attention_) {
      attention_ = attention_importance(model_, trace_, layer_, all_positions(trace_),
                                        OutputProjection(model_, layer_));
    }
    return *attention_;
  }
  const NeuronImportance& neurons() {
    if (!neurons_) neurons_ = neuron_importance(model_, trace_, layer_, all_positions(trace_));
    return *neurons_;
  }

 private:
  const Model& model_;
  const Trace& trace_;
  int layer_;
  std::optional<AttentionImportance> attention_;
  std::optional<NeuronImportance> neurons_;
};

class TraceFile {
 public:
  TraceFile(const Model& model, const Trace& trace) : model_(model), trace_(trace) {
    const size_t n_tok = trace.n_tok();
    add("ids", DType::kI64, {n_tok}, [this](SafetensorsWriter& writer, const std::string& name) {
      return writer.append(
          name, std::span<const int64_t>(std::vector<int64_t>(trace_.ids.begin(), trace_.ids.end())));
    });
    add("logits", DType::kF32, {n_tok, static_cast<size_t>(model.spec().n_vocab)},
        [this](SafetensorsWriter& writer, const std::string& name) { return write_logits(writer, name); });
    for (int l = 0; l < model.spec().n_layer; ++l) {
      add_states(l);
      add_contributions(l);
    }
  }

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  using Write = std::function<Status(SafetensorsWriter&, const std::string&)>;

  void add(std::string name, DType type, std::vector<size_t> shape, Write write) {
    entries_.push_back({{std::move(name), type, std::move(shape)}, std::move(write)});
  }

  void add_matrix(std::string name, ConstMatrixView matrix) {
    add(std::move(name), DType::kF32, {matrix.rows, matrix.cols},
        [matrix](SafetensorsWriter& writer, const std::string& n) {
          return writer.append(n, std::span<const float>(matrix.data, matrix.rows * matrix.cols));
        });
  }

  void add_states(int l) {
    const LayerTrace& layer = trace_.layer(l);
    add_matrix(fmt::format("resid_pre.{}", l), trace_.resid_pre(l));
    add_matrix(fmt::format("attention_out.{}", l), layer.attention_out.view());
    add_matrix(fmt::format("resid_mid.{}", l), layer.resid_mid.view());
    add_matrix(fmt::format("ffn_out.{}", l), layer.ffn_out.view());
    add_matrix(fmt::format("resid_post.{}", l), layer.resid_post.view());
    const size_t n_tok = trace_.n_tok();
    add(fmt::format("attention.{}", l), DType::kF32,
        {static_cast<size_t>(model_.spec().n_head), n_tok, n_tok},
        [this, l](SafetensorsWriter& writer, const std::string& name) {
          return write_attention(writer, name, l);
        });
  }

  void add_contributions(int l) {
    const size_t n_tok = trace_.n_tok(), n_head = static_cast<size_t>(model_.spec().n_head);
    // Shared by the tensors of this layer; gone with the last one written, since the next layer replaces it.
    const auto current_layer = [this, l]() -> LayerImportance& {
      if (!importance_ || importance_layer_ != l) {
        importance_.emplace(model_, trace_, l);
        importance_layer_ = l;
      }
      return *importance_;
    };
    const auto current = [current_layer]() -> const AttentionImportance& {
      return current_layer().attention();
    };
    add(fmt::format("contribution.attention.{}", l), DType::kF32, {n_tok, n_tok, n_head},
        [current](SafetensorsWriter& writer, const std::string& name) {
          const AttentionImportance& importance = current();
          return writer.append(name,
                               std::span<const float>(importance.parts.data(),
                                                      importance.parts.rows() * importance.parts.cols()));
        });
    add(fmt::format("contribution.attention_residual.{}", l), DType::kF32, {n_tok},
        [current](SafetensorsWriter& writer, const std::string& name) {
          return writer.append(name, std::span<const float>(current().residual));
        });
    add(fmt::format("contribution.attention_bias.{}", l), DType::kF32, {n_tok},
        [current](SafetensorsWriter& writer, const std::string& name) {
          return writer.append(name, std::span<const float>(current().bias));
        });
    for (const bool residual : {false, true}) {
      add(fmt::format("contribution.{}.{}", residual ? "ffn_residual" : "ffn", l), DType::kF32, {n_tok},
          [this, l, residual](SafetensorsWriter& writer, const std::string& name) {
            std::vector<float> values;
            for (const FfnShares& s : ffn_importance(model_, trace_, l, all_positions(trace_))) {
              values.push_back(residual ? s.residual : s.ffn);
            }
            return writer.append(name, std::span<const float>(values));
          });
    }
    add(fmt::format("contribution.neuron.{}", l), DType::kF32, {n_tok, n_neuron(model_, l)},
        [current_layer](SafetensorsWriter& writer, const std::string& name) {
          const Matrix& shares = current_layer().neurons().neurons;
          return writer.append(name, std::span<const float>(shares.data(), shares.rows() * shares.cols()));
        });
    add(fmt::format("contribution.neuron_residual.{}", l), DType::kF32, {n_tok},
        [current_layer](SafetensorsWriter& writer, const std::string& name) {
          return writer.append(name, std::span<const float>(current_layer().neurons().residual));
        });
  }

  Status write_logits(SafetensorsWriter& writer, const std::string& name) {
    constexpr size_t kChunk = 64;  // positions at a time: n_vocab floats each
    const std::vector<int> positions = all_positions(trace_);
    for (size_t begin = 0; begin < positions.size(); begin += kChunk) {
      const auto chunk = std::span(positions).subspan(begin, std::min(kChunk, positions.size() - begin));
      const Matrix rows = logits(model_, trace_, chunk);
      LIMPID_CHECK_OK(writer.append(name, std::span<const float>(rows.data(), rows.rows() * rows.cols())));
    }
    return {};
  }

  Status write_attention(SafetensorsWriter& writer, const std::string& name, int l) {
    const std::vector<int> queries = all_positions(trace_);
    const AttentionInputs in = trace_.attention_inputs(l);
    Matrix rows(trace_.n_tok(), trace_.n_tok());
    for (size_t head = 0; head < in.n_head; ++head) {
      model_.backend().attention_rows(in, head, queries, rows.view());
      LIMPID_CHECK_OK(writer.append(name, std::span<const float>(rows.data(), rows.rows() * rows.cols())));
    }
    return {};
  }

  const Model& model_;
  const Trace& trace_;
  std::vector<Entry> entries_;
  std::optional<LayerImportance> importance_;
  int importance_layer_ = -1;
};

/// The entries whose names match any pattern, in order.
Result<std::vector<const Entry*>> select(const std::vector<Entry>& entries,
                                         const std::vector<std::string>& only) {
  const auto matches = [](const std::string& pattern, const Entry& entry) {
    return ::fnmatch(pattern.c_str(), entry.declaration.name.c_str(), 0) == 0;
  };
  for (const std::string& pattern : only) {
    if (std::ranges::any_of(entries, [&](const Entry& entry) { return matches(pattern, entry); })) continue;
    return fail(ErrorCode::kInvalidArgument, fmt::format("only: '{}' matches no tensor", pattern),
                "for example resid_post.*, attention.3, contribution.*");
  }
  std::vector<const Entry*> selected;
  for (const Entry& entry : entries) {
    const bool wanted =
        only.empty() || std::ranges::any_of(only, [&](const std::string& p) { return matches(p, entry); });
    if (wanted) selected.push_back(&entry);
  }
  return selected;
}

}  // namespace

Result<TraceFileResult> write_trace(const Session& session, const TraceFileRequest& request,
                                    const RunControl& control) {
  TraceFileResult result;
  LIMPID_TRY(const std::vector<int> ids, session.vocabulary().encode(request.prompt, result.warnings));
  LIMPID_TRY(const Trace trace, run(session.model(), ids, {.keep_block_outputs = true}, control));
  const TraceFile file(session.model(), trace);
  LIMPID_TRY(const std::vector<const Entry*> selected, select(file.entries(), request.only));

  std::vector<TensorDeclaration> declarations;
  for (const Entry* entry : selected) {
    const TensorDeclaration& d = declarations.emplace_back(entry->declaration);
    result.tensors.push_back(d.name);
    result.n_bytes +=
        std::accumulate(d.shape.begin(), d.shape.end(), info(d.type).block_bytes, std::multiplies<>());
  }
  LIMPID_TRY(SafetensorsWriter writer,
             SafetensorsWriter::create(request.path, std::move(declarations), {{"model", session.name()}}));
  for (size_t i = 0; i < selected.size(); ++i) {
    LIMPID_CHECK_OK(control.tick("write", static_cast<double>(i) / static_cast<double>(selected.size())));
    LIMPID_CHECK_OK(selected[i]->write(writer, selected[i]->declaration.name));
  }
  LIMPID_CHECK_OK(writer.finish());
  return result;
}

}  // namespace limpid
