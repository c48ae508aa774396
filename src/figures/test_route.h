// Routes for tests.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "limpid/route.h"
#include "limpid/token.h"

namespace limpid {

/// From the last token down: at each node attention from earlier tokens with the probability `density` (and
/// its own token), a residual and, at every second node, an FFN; all of random weights.
inline Route random_route(int n_layer, int n_tok, double density) {
  std::mt19937 random(static_cast<unsigned>(n_layer * 1000 + n_tok));
  const auto uniform = [&] { return static_cast<float>(random() % 1000 + 1) / 1000; };
  Route route;
  route.options.position = n_tok - 1;
  std::map<int, float> flow = {{n_tok - 1, 1.0f}};  // by position, at the layer's top
  for (int l = n_layer - 1; l >= 0; --l) {
    for (const auto& [q, f] : flow) {
      const Node post = {NodeKind::kPost, l, q}, mid = {NodeKind::kMid, l, q}, ffn = {NodeKind::kFfn, l, q};
      route.nodes.push_back({.node = post, .flow = f});
      const float share = q % 2 == 0 ? 0.3f * uniform() : 0;
      if (share > 0) {
        route.nodes.push_back({.node = ffn, .flow = f * share});
        route.edges.push_back(
            {.from = ffn, .to = post, .kind = EdgeKind::kFfnOut, .weight = share, .flow = f * share});
        route.edges.push_back(
            {.from = mid, .to = ffn, .kind = EdgeKind::kFfnIn, .weight = share, .flow = f * share});
      }
      route.edges.push_back({.from = mid,
                             .to = post,
                             .kind = EdgeKind::kResidual,
                             .weight = 1 - share,
                             .flow = f * (1 - share)});
    }
    std::map<int, float> below;
    for (const auto& [q, f] : flow) {
      const Node mid = {NodeKind::kMid, l, q};
      route.nodes.push_back({.node = mid, .flow = f, .dropped = 0.5f * uniform()});
      std::map<int, float> weights;
      for (int k = 0; k <= q; ++k) {
        if (uniform() <= static_cast<float>(density)) weights[k] = uniform();
      }
      float sum = 1;
      for (const auto& [k, w] : weights) sum += w;
      const auto below_of = [&](int k) {
        return l == 0 ? Node{NodeKind::kEmbed, 0, k} : Node{NodeKind::kPost, l - 1, k};
      };
      for (const auto& [k, w] : weights) {
        below[k] += f * w / sum;
        route.edges.push_back({.from = below_of(k),
                               .to = mid,
                               .kind = EdgeKind::kAttention,
                               .weight = w / sum,
                               .heads = {{0, w / sum / 2}, {3, w / sum / 2}},
                               .flow = f * w / sum});
      }
      below[q] += f / sum;
      route.edges.push_back(
          {.from = below_of(q), .to = mid, .kind = EdgeKind::kResidual, .weight = 1 / sum, .flow = f / sum});
    }
    flow = below;
  }
  for (const auto& [t, f] : flow) route.nodes.push_back({.node = {NodeKind::kEmbed, 0, t}, .flow = f});
  return route;
}

inline std::vector<Piece> numbered_tokens(int n) {
  std::vector<Piece> pieces;
  for (int t = 0; t < n; ++t) {
    const std::string text = " t" + std::to_string(t);
    pieces.push_back({.id = t, .bytes = text, .text = text});
  }
  return pieces;
}

}  // namespace limpid
