#include "cli/route_drawing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "base/token_text.h"
#include "cli/route_lanes.h"

namespace limpid {

namespace {

constexpr int kGutter = 7;
constexpr int kAnnotation = 20;
constexpr int kMinColumn = 2, kMaxColumn = 9;

/// One line of characters, each with its ink.
class Line {
 public:
  explicit Line(int width) : cells_(static_cast<size_t>(width), Cell{" ", Ink::kPlain}) {}

  void put(int x, std::string glyph, Ink ink) { cells_[static_cast<size_t>(x)] = {std::move(glyph), ink}; }
  bool operator==(const Line&) const = default;

  std::string render(const Terminal& terminal) const {
    std::string out, run;
    Ink ink = Ink::kPlain;
    for (const Cell& cell : cells_) {
      if (cell.ink != ink) out += terminal.paint(ink, std::exchange(run, ""));
      ink = cell.ink;
      run += cell.glyph;
    }
    return out + terminal.paint(ink, run);
  }

 private:
  struct Cell {
    std::string glyph;
    Ink ink;
    bool operator==(const Cell&) const = default;
  };
  std::vector<Cell> cells_;
};

/// Which positions have a column, and where.
struct Columns {
  std::vector<int> positions;  // ascending
  std::map<int, int> x;        // position -> character
  int width = kMaxColumn;      // of one column
  int annotation = 0;          // characters left at the right; 0: none
  int n_folded = 0;            // positions on the route without a column

  int total() const { return static_cast<int>(positions.size()) * width; }
};

/// The strongest flow through any node of each position on the route.
std::map<int, float> flow_by_position(const Route& route, double min_flow) {
  std::map<int, float> flow;
  for (const RouteNode& n : route.nodes) {
    if (n.flow < static_cast<float>(min_flow)) continue;
    float& strongest = flow[n.node.position];
    strongest = std::max(strongest, n.flow);
  }
  return flow;
}

Columns layout_columns(const Route& route, double min_flow, int terminal_width) {
  const std::map<int, float> flow = flow_by_position(route, min_flow);
  Columns columns;
  for (const auto& [position, strongest] : flow) columns.positions.push_back(position);
  const int room = std::max(terminal_width - kGutter, kMinColumn);
  const size_t most = static_cast<size_t>(room / kMinColumn);
  if (columns.positions.size() > most) {
    columns.n_folded = static_cast<int>(columns.positions.size() - most);
    std::ranges::stable_sort(columns.positions, std::ranges::greater{}, [&](int p) { return flow.at(p); });
    columns.positions.resize(most);
    std::ranges::sort(columns.positions);
  }
  const int n = std::max(static_cast<int>(columns.positions.size()), 1);
  columns.annotation = (room - kAnnotation) / n >= kMinColumn + 1 ? kAnnotation : 0;
  columns.width = std::clamp((room - columns.annotation) / n, kMinColumn, kMaxColumn);
  for (size_t i = 0; i < columns.positions.size(); ++i) {
    columns.x[columns.positions[i]] =
        static_cast<int>(i) * columns.width + std::min(1, (columns.width - 1) / 2);
  }
  return columns;
}

/// What is drawn of one layer.
struct LayerPicture {
  std::map<int, const RouteNode*> post, mid;
  std::vector<const Edge*> attention;
  std::map<int, bool> ffn;     // positions whose FFN edge is kept
  std::map<int, bool> stream;  // positions where mid keeps something of the same token below
};

class Painter {
 public:
  Painter(const Route& route, std::span<const Piece> tokens, const Terminal& terminal,
          const DrawingOptions& options)
      : route_(route),
        tokens_(tokens),
        terminal_(terminal),
        min_flow_(static_cast<float>(options.min_flow)),
        columns_(layout_columns(route, options.min_flow, terminal.width())) {
    collect();
  }

  std::string draw() {
    out_ += gutter("") + start_line().render(terminal_) + "\n";
    for (auto layer = static_cast<int>(layers_.size()) - 1; layer >= 0; --layer) draw_layer(layer);
    flush_run();
    draw_labels();
    draw_sources();
    draw_notes();
    return std::move(out_);
  }

 private:
  void collect() {
    for (const RouteNode& n : route_.nodes) {
      if (n.node.kind == NodeKind::kEmbed) {
        if (visible(n.node, n.flow)) embed_[n.node.position] = &n;
        continue;
      }
      layers_.resize(std::max(layers_.size(), static_cast<size_t>(n.node.layer) + 1));
      LayerPicture& layer = layers_[static_cast<size_t>(n.node.layer)];
      if (!visible(n.node, n.flow)) continue;
      if (n.node.kind == NodeKind::kPost) layer.post[n.node.position] = &n;
      if (n.node.kind == NodeKind::kMid) layer.mid[n.node.position] = &n;
    }
    for (const Edge& e : route_.edges) collect(e);
    for (LayerPicture& layer : layers_) {
      std::ranges::sort(layer.attention, {},
                        [](const Edge* e) { return std::pair(e->to.position, e->from.position); });
    }
  }

  void collect(const Edge& e) {
    if (e.flow < min_flow_ || !columns_.x.contains(e.from.position) || !columns_.x.contains(e.to.position)) {
      ++n_hidden_;
      return;
    }
    LayerPicture& layer = layers_[static_cast<size_t>(e.to.layer)];
    if (e.kind == EdgeKind::kFfnOut) layer.ffn[e.to.position] = true;
    if (e.kind == EdgeKind::kAttention) layer.attention.push_back(&e);
    if (e.to.kind == NodeKind::kMid && e.from.position == e.to.position) layer.stream[e.to.position] = true;
  }

  bool visible(const Node& node, float flow) const {
    return flow >= min_flow_ && columns_.x.contains(node.position);
  }

  std::string gutter(const std::string& text) const {
    return terminal_.paint(Ink::kMuted, fit_right(text, kGutter - 2)) + "  ";
  }

  Line start_line() const {
    Line line(columns_.total());
    if (columns_.x.contains(route_.options.position))
      line.put(columns_.x.at(route_.options.position), "▲", Ink::kBold);
    return line;
  }

  void draw_layer(int index) {
    const LayerPicture& layer = layers_[static_cast<size_t>(index)];
    Line row(columns_.total());
    for (const auto& [position, node] : layer.post) {
      const int x = columns_.x.at(position);
      if (node->degenerate) {
        row.put(x, "×", Ink::kError);
      } else if (node->diffuse) {
        row.put(x, "○", Ink::kError);
      } else if (layer.ffn.contains(position)) {
        row.put(x, "◆", Ink::kFfn);
      } else {
        row.put(x, "│", Ink::kResidual);
      }
    }
    const std::vector<Lane> lanes = assign_lanes(layer.attention);
    const bool mid_ends = std::ranges::any_of(
        layer.mid, [](const auto& m) { return m.second->diffuse || m.second->degenerate; });
    // Layers that look the same and have no attention between tokens share a line.
    if (run_row_ && (*run_row_ == row) && run_is_plain_ && lanes.empty() && !mid_ends) {
      run_bottom_ = index;
      return;
    }
    flush_run();
    run_row_ = std::move(row);
    run_top_ = run_bottom_ = index;
    run_is_plain_ = lanes.empty() && !mid_ends;
    if (run_is_plain_) return;
    flush_run();
    for (size_t lane = 0; lane < lanes.size(); ++lane) draw_lane(layer, lanes, lane);
    if (mid_ends) draw_ends(layer);
  }

  void flush_run() {
    if (!run_row_) return;
    const std::string label =
        run_top_ == run_bottom_ ? fmt::format("{}", run_top_) : fmt::format("{}-{}", run_bottom_, run_top_);
    out_ += gutter(label) + run_row_->render(terminal_) + "\n";
    run_row_.reset();
  }

  /// Verticals of a lane's line: the residual stream, and bundles of other lanes on their way.
  void draw_verticals(const LayerPicture& layer, const std::vector<Lane>& lanes, size_t lane,
                      Line& line) const {
    for (const auto& [position, node] : layer.mid) {
      if (layer.stream.contains(position)) line.put(columns_.x.at(position), "│", Ink::kResidual);
    }
    for (size_t other = 0; other < lanes.size(); ++other) {
      for (const LaneBundle& bundle : lanes[other]) {
        const auto vertical = [&](int position) {
          const bool residual = layer.stream.contains(position);
          line.put(columns_.x.at(position), "│", residual ? Ink::kResidual : Ink::kAttention);
        };
        if (other > lane) vertical(bundle.target);  // still below its target
        if (other < lane) {
          for (const Edge* source : bundle.sources) vertical(source->from.position);
        }
      }
    }
  }

  void draw_lane(const LayerPicture& layer, const std::vector<Lane>& lanes, size_t lane) {
    Line verticals(columns_.total());
    draw_verticals(layer, lanes, lane, verticals);
    std::vector<bool> occupied = occupied_columns(layer, lanes, lane);
    Line line = verticals;
    for (const LaneBundle& bundle : lanes[lane]) {
      const int left = columns_.x.at(bundle.leftmost()), right = columns_.x.at(bundle.target);
      for (int x = left + 1; x < right; ++x) {
        if (!occupied[static_cast<size_t>(x)]) line.put(x, "─", Ink::kAttention);
      }
      for (const Edge* source : bundle.sources) {
        const int x = columns_.x.at(source->from.position);
        const bool through = occupied[static_cast<size_t>(x)];
        const char* glyph = x == left ? (through ? "├" : "╭") : (through ? "┼" : "┬");
        line.put(x, glyph, Ink::kAttention);
      }
      line.put(right, occupied[static_cast<size_t>(right)] ? "┤" : "╯", Ink::kAttention);
    }
    out_ += gutter("") + line.render(terminal_) + annotate(lanes[lane]) + "\n";
  }

  /// Characters of a lane's line through which something runs vertically.
  std::vector<bool> occupied_columns(const LayerPicture& layer, const std::vector<Lane>& lanes,
                                     size_t lane) const {
    std::vector<bool> occupied(static_cast<size_t>(columns_.total()));
    const auto mark = [&](int position) { occupied[static_cast<size_t>(columns_.x.at(position))] = true; };
    for (const auto& [position, kept] : layer.stream) mark(position);
    for (size_t other = 0; other < lanes.size(); ++other) {
      for (const LaneBundle& bundle : lanes[other]) {
        if (other > lane) mark(bundle.target);
        if (other < lane) {
          for (const Edge* source : bundle.sources) mark(source->from.position);
        }
      }
    }
    return occupied;
  }

  void draw_ends(const LayerPicture& layer) {
    Line line(columns_.total());
    for (const auto& [position, node] : layer.mid) {
      const int x = columns_.x.at(position);
      if (node->degenerate)
        line.put(x, "×", Ink::kError);
      else if (node->diffuse)
        line.put(x, "○", Ink::kError);
      else if (layer.stream.contains(position))
        line.put(x, "│", Ink::kResidual);
    }
    out_ += gutter("") + line.render(terminal_) + "\n";
  }

  /// The strongest edge of a lane: "Mary→to .33 h1 h6".
  std::string annotate(const Lane& lane) const {
    if (columns_.annotation == 0) return "";
    const Edge* strongest = nullptr;
    for (const LaneBundle& bundle : lane) {
      for (const Edge* edge : bundle.sources) {
        if (strongest == nullptr || edge->flow > strongest->flow) strongest = edge;
      }
    }
    std::vector<EdgeHead> heads = strongest->heads;
    std::ranges::stable_sort(heads, std::ranges::greater{}, &EdgeHead::weight);
    std::string text =
        fmt::format("{}→{} {:.2f}", fit_label(strongest->from), fit_label(strongest->to), strongest->weight);
    if (!heads.empty()) text += fmt::format(" h{}", heads.front().head);
    if (heads.size() > 1) text += fmt::format("+{}", heads.size() - 1);
    return " " + terminal_.paint(Ink::kAttention, fit(text, columns_.annotation - 1));
  }

  std::string fit_label(const Node& node) const {
    const std::string label = short_label(tokens_[static_cast<size_t>(node.position)]);
    return display_width(label) > 5 ? fit(label, 5) : label;
  }

  /// Token texts under their columns, broken into as many lines as the longest needs (at most four).
  void draw_labels() {
    constexpr int kMaxLines = 4;
    const int room = std::max(columns_.width - 1, 1);
    std::vector<std::vector<std::string>> lines;
    size_t height = 1;
    for (const int position : columns_.positions) {
      std::string rest = short_label(tokens_[static_cast<size_t>(position)]);
      std::vector<std::string>& chunks = lines.emplace_back();
      while (!rest.empty()) {
        const bool last = static_cast<int>(chunks.size()) + 1 == kMaxLines;
        const bool ends = display_width(rest) <= room;
        std::string chunk = ends || last ? fit(rest, room) : take(rest, room);
        rest = ends || last ? "" : rest.substr(chunk.size());
        chunks.push_back(fit(chunk, room));
      }
      height = std::max(height, chunks.size());
    }
    for (size_t i = 0; i < height; ++i) {
      out_ += gutter(i == 0 ? "embd" : "");
      for (const auto& chunks : lines) {
        const std::string text = i < chunks.size() ? chunks[i] : std::string(static_cast<size_t>(room), ' ');
        out_ += text + (columns_.width > 1 ? " " : "");
      }
      out_ += "\n";
    }
  }

  /// The longest beginning of `text` that fits, at least one character.
  static std::string take(const std::string& text, int room) {
    size_t end = 0;
    do {
      ++end;
      while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    } while (end < text.size() && display_width(std::string_view(text).substr(0, end + 1)) <= room);
    return text.substr(0, end);
  }

  /// Where the route starts: the flow that arrives on each prompt token, in percent.
  void draw_sources() {
    out_ += gutter("from");
    for (const int position : columns_.positions) {
      const auto node = embed_.find(position);
      const float flow = node == embed_.end() ? 0 : node->second->flow;
      const std::string text = flow >= 0.005f ? fmt::format("{:.0f}", static_cast<double>(flow) * 100) : "";
      out_ += terminal_.paint(Ink::kBold, fit(text, columns_.width));
    }
    out_ += terminal_.paint(Ink::kMuted, "%") + "\n";
  }

  void draw_notes() {
    if (columns_.n_folded > 0) {
      out_ += terminal_.paint(
          Ink::kMuted, fmt::format("{} weaker columns do not fit and are folded away\n", columns_.n_folded));
    }
    if (n_hidden_ > 0) {
      out_ += terminal_.paint(
          Ink::kMuted,
          fmt::format("{} of {} edges, each under {:g} % of the flow, are not drawn (--min-flow 0: all)\n",
                      n_hidden_, route_.edges.size(), static_cast<double>(min_flow_) * 100));
    }
  }

  const Route& route_;
  std::span<const Piece> tokens_;
  const Terminal& terminal_;
  float min_flow_;
  Columns columns_;
  std::vector<LayerPicture> layers_;
  std::map<int, const RouteNode*> embed_;
  size_t n_hidden_ = 0;
  std::string out_;
  std::optional<Line> run_row_;  // the pending layer line, which may stand for several layers
  int run_top_ = 0, run_bottom_ = 0;
  bool run_is_plain_ = false;
};

std::string without_trailing_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n') out.erase(out.find_last_not_of(' ') + 1);
    out += c;
  }
  return out;
}

}  // namespace

std::string short_label(const Piece& piece) {
  std::string_view text = piece.text;
  if (text.size() > 1 && text.front() == ' ') text.remove_prefix(1);
  return mark_blanks(text);
}

std::string draw_route(const Route& route, std::span<const Piece> tokens, const Terminal& terminal,
                       const DrawingOptions& options) {
  return without_trailing_blanks(Painter(route, tokens, terminal, options).draw());
}

}  // namespace limpid
