#include "analyses/attention_maps.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

#include "attribution/attention_importance.h"

namespace limpid {

namespace {

/// Dense importances of one block of queries stay below this many floats.
constexpr size_t kMaxBlockElements = size_t{16} << 20;

/// Fills the rows of one layer's maps, a block of queries at a time.
void fill_layer(const Model& model, const Trace& trace, int layer, std::span<HeadMap> maps) {
  const size_t n_tok = trace.n_tok();
  const AttentionInputs in = trace.attention_inputs(layer);
  const OutputProjection projection(model, layer);
  const size_t block = std::max<size_t>(1, kMaxBlockElements / (n_tok * in.n_head));
  std::vector<int> queries;
  for (size_t begin = 0; begin < n_tok; begin += block) {
    queries.resize(std::min(block, n_tok - begin));
    std::iota(queries.begin(), queries.end(), static_cast<int>(begin));
    const AttentionImportance shares = attention_importance(model, trace, layer, queries, projection);
    for (HeadMap& map : maps) {
      const auto head = static_cast<size_t>(map.id.head);
      model.backend().attention_rows(in, head, queries,
                                     {map.attention.data() + begin * n_tok, queries.size(), n_tok});
      for (size_t r = 0; r < queries.size(); ++r) {
        float* row = map.contribution.data() + (begin + r) * n_tok;
        for (size_t k = 0; k <= begin + r; ++k) row[k] = shares.heads(r, k)[head];
      }
    }
  }
}

}  // namespace

Result<std::vector<HeadId>> chosen_heads(const ModelSpec& spec, const AttentionRequest& request) {
  const auto check = [](const char* what, int n, int found) -> Status {
    if (found >= 0 && found < n) return {};
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: expected a number from 0 to {}, found {}", what, n - 1, found));
  };
  std::vector<HeadId> heads = request.heads;
  for (const HeadId& id : heads) {
    LIMPID_CHECK_OK(check("layer of a head", spec.n_layer, id.layer));
    LIMPID_CHECK_OK(check("head", spec.n_head, id.head));
  }
  std::vector<int> layers = request.layers;
  if (heads.empty() && layers.empty()) {
    layers.resize(static_cast<size_t>(spec.n_layer));
    std::iota(layers.begin(), layers.end(), 0);
  }
  for (const int layer : layers) {
    LIMPID_CHECK_OK(check("layer", spec.n_layer, layer));
    for (int head = 0; head < spec.n_head; ++head) heads.push_back({layer, head});
  }
  std::ranges::sort(heads);
  heads.erase(std::ranges::unique(heads).begin(), heads.end());
  return heads;
}

Status require_map_memory(size_t n_tok, size_t n_heads) {
  constexpr size_t kMostPairs = kMaxMapBytes / (2 * sizeof(float));  // two maps of floats
  // A prompt has less than 2^31 tokens, so that the square fits.
  const size_t most = kMostPairs / std::max<size_t>(1, n_tok * n_tok);
  if (n_heads <= most) return {};
  return fail(
      ErrorCode::kOutOfMemory,
      fmt::format("attention: expected maps of at most {} MB, found {} of {} tokens", kMaxMapBytes >> 20,
                  n_heads == 1 ? "one head" : fmt::format("{} heads", n_heads), n_tok),
      most == 0 ? fmt::format("one head of a prompt of up to {} tokens has room",
                              static_cast<size_t>(std::sqrt(static_cast<double>(kMostPairs))))
                : fmt::format("ask for at most {} heads of this prompt: --layer L, --head L.H", most));
}

HeadSummary summarise(const HeadMap& map, size_t n_tok) {
  HeadSummary sum;
  const size_t begin = n_tok > 1 ? 1 : 0;
  for (size_t q = 0; q < n_tok; ++q) {
    const std::span<const float> attention(map.attention.data() + q * n_tok, q + 1);
    const std::span<const float> contribution(map.contribution.data() + q * n_tok, q + 1);
    sum.contribution += std::accumulate(contribution.begin(), contribution.end(), 0.0);
    if (q < begin) continue;
    sum.first += static_cast<double>(attention[0]);
    sum.first_contribution += static_cast<double>(contribution[0]);
    sum.self += static_cast<double>(attention[q]);
    for (const float a : attention) {
      if (a > 0) sum.entropy -= static_cast<double>(a) * std::log(static_cast<double>(a));
    }
  }
  const auto n = static_cast<double>(n_tok - begin);
  return {sum.entropy / n, sum.first / n, sum.first_contribution / n, sum.self / n,
          sum.contribution / static_cast<double>(n_tok)};
}

Result<std::vector<HeadMap>> attention_maps(const Model& model, const Trace& trace,
                                            std::span<const HeadId> heads, const RunControl& control) {
  const size_t n_pair = trace.n_tok() * trace.n_tok();
  std::vector<HeadMap> maps;
  for (const HeadId& id : heads) {
    maps.push_back({id, std::vector<float>(n_pair), std::vector<float>(n_pair)});
  }
  for (size_t begin = 0, end = 0; begin < maps.size(); begin = end) {
    LIMPID_CHECK_OK(control.tick("maps", static_cast<double>(begin) / static_cast<double>(maps.size())));
    const int layer = maps[begin].id.layer;
    while (end < maps.size() && maps[end].id.layer == layer) ++end;
    fill_layer(model, trace, layer, std::span(maps).subspan(begin, end - begin));
  }
  for (HeadMap& map : maps) map.summary = summarise(map, trace.n_tok());
  return maps;
}

}  // namespace limpid
