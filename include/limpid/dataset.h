// Prompts whose answer is known, made by rule, each beside a counterfactual of as many tokens
// (docs/datasets.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace limpid {

enum class DatasetKind {
  kIndirectObject,  // "When Mary and John went to the store, John gave a drink to": " Mary"
  kGreaterThan,     // "The war lasted from the year 1732 to the year 17": a later year
  kInduction,       // random tokens ... A B ... A: B
  kAgreement,       // "The keys near the cabinet": " are"
};
inline constexpr std::array kDatasetKinds = {DatasetKind::kIndirectObject, DatasetKind::kGreaterThan,
                                             DatasetKind::kInduction, DatasetKind::kAgreement};

/// "indirect-object", "greater-than", "induction", "agreement".
const char* name(DatasetKind kind);

/// What the counterfactual of an indirect-object prompt changes.
enum class NameChange {
  kSubject,  // the second mention of the subject becomes a third name: no name is the answer any more
  kNames,    // the three mentions become three other names
  kFlip,     // the second mention of the subject becomes the other name: the answers swap
};

struct DatasetRequest {
  DatasetKind kind = DatasetKind::kIndirectObject;
  size_t count = 100;  // at most 100000
  uint64_t seed = 1;
  std::vector<int> templates = {};           // numbers from 1; empty: all
  std::string variant = {};                  // of dataset_variants(kind); empty: all
  NameChange change = NameChange::kSubject;  // of indirect-object
  int length = 20;                           // of induction: random tokens before the last one, 3 to 4096
  /// Only prompts that the model answers right: the targets get more probability than the versuses.
  bool check = false;
};

/// What prompts of a kind can be restricted to: "ABBA" and "BABA", "singular" and "plural", or nothing.
std::vector<std::string> dataset_variants(DatasetKind kind);

/// What the model says of a prompt.
struct DatasetAnswer {
  double logit_difference = 0;        // of the target and versus
  double probability_difference = 0;  // of all targets and all versuses
};

struct DatasetExample {
  int template_number = 1;
  std::string pattern;       // the template, its slots in braces
  std::string variant = {};  // of dataset_variants(), or empty
  std::string prompt;
  std::string target;  // the right next token, and a wrong one
  std::string versus;
  std::string counterfactual;
  std::vector<int> ids = {};  // of the prompt, BOS included where the tokenizer puts it
  std::vector<int> counterfactual_ids = {};
  int target_id = 0;
  int versus_id = 0;
  std::vector<int> targets = {};   // all right next tokens
  std::vector<int> versuses = {};  // all that are known to be wrong
  std::vector<int> changed = {};   // positions at which the counterfactual has another token
  /// What stands in the slots, and the position of the last token of those that matter; "end" is the last.
  std::vector<std::pair<std::string, std::string>> words = {};
  std::vector<std::pair<std::string, int>> positions = {};
  std::optional<DatasetAnswer> answer = {};  // of DatasetRequest::check
};

struct DatasetResult {
  DatasetRequest request = {};
  std::vector<DatasetExample> examples = {};  // no prompt twice
  size_t n_run = 0;                           // prompts that were run for DatasetRequest::check
  std::vector<std::string> warnings = {};     // fewer than were asked for
};

}  // namespace limpid
