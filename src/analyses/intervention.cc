#include "analyses/intervention.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"

namespace limpid {

namespace {

/// [begin, end)
struct Range {
  Range(std::optional<int> one, int n) : begin(one.value_or(0)), end(one ? *one + 1 : n) {}
  int begin, end;
};

void block_keys(const ModelSpec& spec, const Intervention& intervention, LayerPatches& layer) {
  const Range heads(intervention.index, spec.n_head);
  for (int head = heads.begin; head < heads.end; ++head) {
    layer.blocked.push_back({head, *intervention.position, *intervention.key});
  }
  std::ranges::sort(layer.blocked);
  const auto [rest, end] = std::ranges::unique(layer.blocked);
  layer.blocked.erase(rest, end);
}

/// (index, position) of every patch.
using Keys = std::vector<std::pair<int, int>>;

Keys keys_of(std::span<const RowPatch> patches) {
  Keys keys;
  for (const RowPatch& patch : patches) keys.emplace_back(0, patch.position);
  return keys;
}

bool has_twice(Keys keys) {
  std::ranges::sort(keys);
  return std::ranges::adjacent_find(keys) != keys.end();
}

bool has_twice(const LayerPatches& layer) {
  Keys heads, neurons;
  for (const HeadPatch& patch : layer.heads) heads.emplace_back(patch.head, patch.row.position);
  for (const NeuronPatch& patch : layer.neurons) neurons.emplace_back(patch.neuron, patch.position);
  return has_twice(std::move(heads)) || has_twice(std::move(neurons)) || has_twice(keys_of(layer.mid)) ||
         has_twice(keys_of(layer.ffn)) || has_twice(keys_of(layer.post));
}

/// Rows of one intervention.
class Rows {
 public:
  Rows(const Intervention& intervention, RunValues* values, Patches& patches) : with_(intervention.with) {
    if (with_.kind == Replacement::Kind::kScale) return;
    CHECK(values != nullptr);
    from_ = with_.kind == Replacement::Kind::kMean ? values->mean(intervention.place, intervention.layer)
                                                   : values->rows(intervention.place, intervention.layer);
    patches.keep.push_back(from_);
  }

  /// Columns `begin` .. `begin + count` of the row at `position`; all of them without.
  RowPatch row(int position, size_t begin = 0, size_t count = SIZE_MAX) const {
    if (from_ == nullptr) return {position, with_.factor};
    const std::span<const float> row =
        from_->row(with_.kind == Replacement::Kind::kMean ? 0 : static_cast<size_t>(position));
    return {position, 0, row.subspan(begin, std::min(count, row.size() - begin))};
  }

 private:
  Replacement with_;
  std::shared_ptr<const Matrix> from_;
};

}  // namespace

Status add_intervention(const ModelSpec& spec, size_t n_tok, const Intervention& intervention,
                        RunValues* values, Patches& patches, int first) {
  const bool scales = intervention.with.kind == Replacement::Kind::kScale;
  if (intervention.key) {
    if (scales && intervention.with.factor == 0) {
      block_keys(spec, intervention, patches.layers[intervention.layer]);
      return {};
    }
    return fail(
        ErrorCode::kInvalidArgument,
        "replace: attention to one key can only be turned off: what is left of it is attended to more");
  }
  if (intervention.place == Place::kNeurons && spec.moe && !scales) {
    return fail(ErrorCode::kUnsupported,
                "replace: a neuron of a mixture of experts can be scaled or turned off, not replaced",
                "another run may not have chosen its expert");
  }
  const Rows rows(intervention, values, patches);
  const Range positions(intervention.position, static_cast<int>(n_tok));
  for (int t = std::max(first, positions.begin); t < positions.end; ++t) {
    if (intervention.place == Place::kEmbed) {
      patches.embed.push_back(rows.row(t));
      continue;
    }
    LayerPatches& layer = patches.layers[intervention.layer];
    switch (intervention.place) {
      case Place::kEmbed:
        break;
      case Place::kHeads: {
        const auto d_head = static_cast<size_t>(spec.d_head);
        const Range heads(intervention.index, spec.n_head);
        for (int h = heads.begin; h < heads.end; ++h) {
          layer.heads.push_back({h, rows.row(t, static_cast<size_t>(h) * d_head, d_head)});
        }
        break;
      }
      case Place::kMid:
        layer.mid.push_back(rows.row(t));
        break;
      case Place::kNeurons: {
        const RowPatch row = rows.row(t, static_cast<size_t>(*intervention.index), 1);
        layer.neurons.push_back(
            {*intervention.index, t, row.factor, row.added.empty() ? 0.0f : row.added[0]});
        break;
      }
      case Place::kFfn:
        layer.ffn.push_back(rows.row(t));
        break;
      case Place::kPost:
        layer.post.push_back(rows.row(t));
        break;
    }
  }
  return {};
}

int first_difference(const Trace& a, const Trace& b) {
  return static_cast<int>(std::ranges::mismatch(a.ids, b.ids).in1 - a.ids.begin());
}

Status require_distinct(const Patches& patches) {
  if (!has_twice(keys_of(patches.embed)) &&
      std::ranges::none_of(patches.layers, [](const auto& layer) { return has_twice(layer.second); })) {
    return {};
  }
  return fail(ErrorCode::kInvalidArgument, "replace: two interventions replace the same value",
              "'head.5.1' is one of the heads of 'attention.5', and a name without '@3' means every token");
}

}  // namespace limpid
