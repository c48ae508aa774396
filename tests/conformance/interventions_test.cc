// What the tiny models compute when something in them is replaced, against Hugging Face's runs with hooks.
#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <numeric>

#include "golden.h"

#include "forward/run.h"

namespace limpid {
namespace {

using Json = nlohmann::json;
using Tensors = std::map<std::string, std::vector<float>>;

constexpr double kTolerance = 5e-5;  // relative to the largest logit, as without interventions
constexpr size_t kEvery = 8;         // of the logits of a position the goldens keep one in so many

std::filesystem::path folder() {
  return golden::testdata() / "goldens" / "interventions";
}

const Json& cases() {
  static const Json all = Json::parse(std::ifstream(folder() / "cases.json"));
  return all;
}

/// Patches made of the golden's edits.
class Edits {
 public:
  Edits(const Model& model, int n_tok) : model_(model), n_tok_(n_tok) {}

  /// `added`: nullptr for none.
  void add(const Json& edit, const std::vector<float>* added) {
    const std::span<const float> kept = added == nullptr ? std::span<const float>() : keep(*added);
    if (edit.contains("position")) return add_at(edit, edit["position"], kept);
    for (int position = 0; position < n_tok_; ++position) add_at(edit, position, kept);
  }

  std::shared_ptr<const Patches> patches() && { return std::make_shared<const Patches>(std::move(patches_)); }

 private:
  std::span<const float> keep(const std::vector<float>& added) {
    auto row = std::make_shared<Matrix>(1, added.size());
    std::ranges::copy(added, row->row(0).begin());
    patches_.keep.push_back(row);
    return std::as_const(*row).row(0);
  }

  void add_at(const Json& edit, int position, std::span<const float> added) {
    const std::string kind = edit["kind"];
    const float factor = edit.value("factor", 0.0f);
    const RowPatch row = {position, factor, added};
    if (kind == "embed") return patches_.embed.push_back(row);
    const int l = edit["layer"];
    LayerPatches& layer = patches_.layers[l];
    if (kind == "edge") return layer.blocked.push_back({edit["head"], position, edit["key"]});
    if (kind == "head") return layer.heads.push_back({edit["head"], row});
    if (kind == "mid") return layer.mid.push_back(row);
    if (kind == "ffn") return layer.ffn.push_back(row);
    if (kind == "post") return layer.post.push_back(row);
    ASSERT_EQ(kind, "neuron");
    layer.neurons.push_back({neuron(edit, l), position, factor, added.empty() ? 0 : added[0]});
  }

  /// Its number through all experts; the shared one's follow those of the others.
  int neuron(const Json& edit, int l) const {
    const int neuron = edit["neuron"];
    if (!edit.contains("expert")) return neuron;
    const Moe& moe = *model_.layer(l).moe;
    const int expert = edit["expert"];
    const size_t before = expert < 0 ? moe.experts.size() : static_cast<size_t>(expert);
    return neuron + static_cast<int>(before * moe.experts[0].d_mlp());
  }

  const Model& model_;
  int n_tok_;
  Patches patches_;
};

/// Whether Hugging Face's model has a module at which the edit can be made.
bool has_module(const Model& model, const Json& edit) {
  const std::string& family = model.spec().family;
  if (edit["kind"] == "edge") return family != "qwen";  // whose reference is ours, without masks
  if (edit["kind"] != "neuron") return true;
  const auto& moe = model.layer(edit["layer"]).moe;
  if (!edit.contains("expert")) return !moe;
  if (!moe || family == "gpt_oss") return false;  // its experts are one tensor
  return edit["expert"] >= 0 || moe->shared;
}

std::vector<float> every_kth(const Matrix& logits) {
  std::vector<float> kept;
  for (size_t t = 0; t < logits.rows(); ++t) {
    for (size_t id = 0; id < logits.cols(); id += kEvery) kept.push_back(logits.row(t)[id]);
  }
  return kept;
}

std::vector<float> logits_with(const Model& model, const Tensors& golden, const std::string& name) {
  const std::vector<int> ids = golden::ids_of(golden);
  Edits edits(model, static_cast<int>(ids.size()));
  const Json& described = cases()[name];
  for (size_t i = 0; i < described.size(); ++i) {
    const auto added = golden.find(fmt::format("added.{}.{}", name, i));
    edits.add(described[i], added == golden.end() ? nullptr : &added->second);
  }
  const auto trace = run(model, ids, {.patches = std::move(edits).patches()});
  if (!trace) throw std::runtime_error(trace.error().message);
  std::vector<int> all(ids.size());
  std::iota(all.begin(), all.end(), 0);
  return every_kth(logits(model, *trace, all));
}

class Interventions : public ::testing::TestWithParam<std::tuple<std::string, const char*>> {};

TEST_P(Interventions, GiveTheLogitsOfAHookedRun) {
  const auto& [name, backend] = GetParam();
  const Session session = golden::open(golden::testdata() / "models" / name, backend);
  const Model& model = session.model();
  const Tensors golden = golden::read(folder() / (name + ".safetensors"));
  for (const auto& [what, edits] : cases().items()) {
    const auto expected = golden.find("logits." + what);
    const bool hooked = std::ranges::all_of(edits, [&](const Json& edit) { return has_module(model, edit); });
    ASSERT_EQ(expected != golden.end(), hooked) << what;
    if (!hooked) continue;
    const golden::Difference d = golden::difference(logits_with(model, golden, what), expected->second);
    EXPECT_LE(d.largest, kTolerance * std::max(1.0, d.scale)) << what;
  }
}

/// All but the one whose weights transformers does not read on a CPU.
std::vector<std::string> folders() {
  std::vector<std::string> names = golden::all_folders();
  std::erase(names, "llama-fp8");
  return names;
}

INSTANTIATE_TEST_SUITE_P(Models, Interventions,
                         ::testing::Combine(::testing::ValuesIn(folders()),
                                            ::testing::Values("cpu", "reference")),
                         [](const auto& param) {
                           std::string name = std::get<0>(param.param) + "_" + std::get<1>(param.param);
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace limpid
