#include "server/snapshot_parts.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>

#include "api/json.h"

namespace limpid {

namespace {

// What the page shows of each; the server's answers may have more.
constexpr size_t kPredictions = 30, kTokens = 5, kHeadsOfPart = 3, kParts = 64;
constexpr Normalize kReadings[] = {Normalize::kFrozen, Normalize::kPart, Normalize::kNone};

struct Part {
  Node at;  // whose layer and position the work is for
  bool is_state = false;
  double flow = 0;
};
using Parts = std::map<std::string, Part>;  // by name

void add(Parts& parts, const std::string& name, const Part& part) {
  const auto [it, is_new] = parts.emplace(name, part);
  if (!is_new) it->second.flow += part.flow;
}

std::string head_name(int layer, int head, int position) {
  return fmt::format("head.{}.{}@{}", layer, head, position);
}

double flow_of(const Edge& edge, const EdgeHead& head) {
  return edge.weight > 0 ? static_cast<double>(edge.flow) * head.weight / edge.weight : 0.0;
}

Parts parts_of(const Route& route) {
  Parts parts;
  for (const RouteNode& each : route.nodes)
    add(parts, to_string(each.node), {each.node, each.node.kind != NodeKind::kFfn, each.flow});
  for (const Edge& edge : route.edges) {
    if (edge.from.kind == NodeKind::kFfn || edge.to.kind == NodeKind::kFfn) continue;  // shown as the FFN
    add(parts, fmt::format("{}->{}", to_string(edge.from), to_string(edge.to)), {edge.to, false, edge.flow});
    for (const EdgeHead& head : edge.heads) {
      add(parts, head_name(edge.to.layer, head.head, edge.to.position),
          {edge.to, false, flow_of(edge, head)});
    }
  }
  return parts;
}

/// Leaves those with the most flow; returns how many went.
size_t shrink(Parts& parts, size_t n_most) {
  if (parts.size() <= n_most) return 0;
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [name, part] : parts) order.emplace_back(-part.flow, name);
  std::ranges::sort(order);
  for (size_t i = n_most; i < order.size(); ++i) parts.erase(order[i].second);
  return order.size() - n_most;
}

class Look {
 public:
  Look(const Session& session, const Trace& trace, const PartsRequest& request, const RunControl& control)
      : session_(session), trace_(trace), request_(request), control_(control) {}

  Status at(const Parts& parts) {
    std::vector<std::tuple<int, int, std::string>> order;  // as Session::inspect likes it
    for (const auto& [name, part] : parts) order.emplace_back(part.at.layer, part.at.position, name);
    std::ranges::sort(order);
    std::vector<InspectRequest> requests;
    std::vector<std::string> keys;
    for (const auto& [layer, position, name] : order) {
      InspectRequest one;
      one.subject = name;
      one.target = target(0);
      one.n_prediction = kPredictions;
      one.n_token = kTokens;
      if (parts.at(name).is_state) {
        requests.push_back(one);
        keys.push_back(name);
        continue;
      }
      for (const Normalize reading : kReadings) {
        one.normalize = reading;
        // The page has the neurons from the first reading.
        if (reading != kReadings[0]) one.n_neuron = 0;
        requests.push_back(one);
        keys.push_back(fmt::format("{} {}", name, limpid::name(reading)));
      }
    }
    return ask(requests, keys);
  }

  Status at_logits() {
    std::vector<InspectRequest> requests;
    std::vector<std::string> keys;
    for (size_t i = 0; i < request_.predicted.size(); ++i) {
      InspectRequest& one = requests.emplace_back();
      one.subject = fmt::format("logit@{}", request_.position);
      one.target = target(i);
      keys.push_back(fmt::format("{} {}", one.subject, one.target));
    }
    return ask(requests, keys);
  }

  /// The head that an edge's panel opens with is its strongest, even where none passes the threshold.
  Parts strongest_of_edges(const Parts& known) const {
    Parts heads;
    for (const auto& [name, head] : strongest_) {
      if (!known.contains(name)) heads.emplace(name, head);
    }
    return heads;
  }

  std::string json() && { return "{" + std::move(json_) + "}"; }

 private:
  std::string target(size_t i) const { return fmt::format("#{}", request_.predicted[i]); }

  Status ask(std::span<const InspectRequest> requests, std::span<const std::string> keys) {
    LIMPID_TRY(std::vector<Inspection> all, session_.inspect(trace_, requests, control_));
    for (size_t i = 0; i < all.size(); ++i) {
      Inspection& one = all[i];
      if (one.kind == "attention") note_strongest(one);
      one.model.clear();
      one.tokens.clear();
      one.keys.clear();
      one.parts.resize(std::min(one.parts.size(), kParts));
      for (StatePart& part : one.parts) part.heads.resize(std::min(part.heads.size(), kHeadsOfPart));
      json_ += fmt::format("{}\"{}\":{}", json_.empty() ? "" : ",", keys[i], to_json(one));
    }
    return {};
  }

  void note_strongest(const Inspection& edge) {
    const size_t dot = edge.part_of.find('.'), at = edge.part_of.find('@');  // "mid.5@3"
    const int layer = std::stoi(edge.part_of.substr(dot + 1, at - dot - 1));
    const int position = std::stoi(edge.part_of.substr(at + 1));
    strongest_[head_name(layer, edge.heads.front().head, position)] = {
        {NodeKind::kMid, layer, position}, false, 0};
  }

  const Session& session_;
  const Trace& trace_;
  const PartsRequest& request_;
  const RunControl& control_;
  std::string json_;
  Parts strongest_;
};

}  // namespace

Result<PartsAnswer> look_at_parts(const Session& session, const Trace& trace, const PartsRequest& request,
                                  const RunControl& control) {
  Parts parts = parts_of(request.route);
  const size_t n_left_out = shrink(parts, request.n_most);
  Look look(session, trace, request, control);
  LIMPID_CHECK_OK(look.at(parts));
  LIMPID_CHECK_OK(look.at(look.strongest_of_edges(parts)));
  LIMPID_CHECK_OK(look.at_logits());
  return PartsAnswer{without_blanks(std::move(look).json()), n_left_out};
}

std::vector<HeadId> strongest_heads(const Route& route, size_t n) {
  std::map<HeadId, double> flows;
  for (const Edge& edge : route.edges) {
    for (const EdgeHead& head : edge.heads) flows[{edge.to.layer, head.head}] += flow_of(edge, head);
  }
  std::vector<HeadId> heads;
  heads.reserve(flows.size());
  for (const auto& [head, flow] : flows) heads.push_back(head);
  std::ranges::stable_sort(heads, std::ranges::greater{}, [&](HeadId head) { return flows.at(head); });
  heads.resize(std::min(heads.size(), n));
  std::ranges::sort(heads);
  return heads;
}

std::string without_blanks(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < json.size()) out += json[++i];
      in_string = c != '"';
    } else if (c != ' ' && c != '\n') {
      out += c;
      in_string = c == '"';
    }
  }
  return out;
}

}  // namespace limpid
