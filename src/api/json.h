// The only place that writes JSON. Field names are part of the interface: see docs/schema/.
#pragma once

#include <string>

#include "limpid/attention.h"
#include "limpid/compare.h"
#include "limpid/dataset.h"
#include "limpid/faithfulness.h"
#include "limpid/heads.h"
#include "limpid/inspect.h"
#include "limpid/intervention.h"
#include "limpid/lens.h"
#include "limpid/shares.h"

#include "api/bench.h"
#include "api/describe.h"
#include "api/session.h"
#include "api/verify.h"

namespace limpid {

enum class JsonLayout {
  kIndented,  // for people
  kOneLine,   // for programs: half the bytes
};

/// docs/schema/explain.json
std::string to_json(const Session& session, const Explanation& explanation, const Route& route,
                    JsonLayout layout = JsonLayout::kIndented, const RouteProof* proof = nullptr);
/// Of a generated token and the prediction that it was chosen from.
struct ExplainedToken {
  int number = 0;  // 1 is the first generated token
  const Explanation& explanation;
  Route route;
};
/// docs/schema/generate.json
std::string to_json(const Session& session, const GenerateRequest& request, const GenerateResult& result,
                    std::span<const ExplainedToken> explained);
/// docs/schema/tokenize.json
std::string to_json(std::span<const Piece> tokens, JsonLayout layout = JsonLayout::kIndented);
/// docs/schema/info.json
std::string to_json(const ModelInfo& info, JsonLayout layout = JsonLayout::kIndented);
/// docs/schema/models.json
std::string to_json(const Models& models);
/// docs/schema/bench.json
std::string to_json(const BenchResult& result);
/// docs/schema/verify.json
std::string to_json(const VerifyResult& result);
/// docs/schema/inspect.json
std::string to_json(const Inspection& inspection, JsonLayout layout = JsonLayout::kIndented);
/// docs/schema/lens.json
std::string to_json(const LensResult& lens, JsonLayout layout = JsonLayout::kIndented);
/// docs/schema/attention.json, a line for each head
std::string to_json(const AttentionResult& result);
/// docs/schema/heads.json
std::string to_json(const HeadsResult& result, JsonLayout layout = JsonLayout::kIndented);
/// docs/schema/patch.json
std::string to_json(const PatchResult& result, JsonLayout layout = JsonLayout::kIndented);
/// docs/schema/sweep.json
std::string to_json(const SweepResult& result, JsonLayout layout = JsonLayout::kIndented);
/// docs/schema/compare.json
std::string to_json(const Comparison& comparison, JsonLayout layout = JsonLayout::kIndented);
/// docs/schema/dataset.json, in one line
std::string to_json(DatasetKind kind, const DatasetExample& example);
/// docs/schema/faithfulness.json
std::string to_json(const FaithfulnessResult& result, JsonLayout layout = JsonLayout::kIndented);
/// docs/schema/shares.json, in one line
std::string to_json(const SharesResult& shares);

}  // namespace limpid
