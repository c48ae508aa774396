#include "api/dataset.h"

#include <array>
#include <fmt/format.h>
#include <numeric>

#include "analyses/dataset.h"
#include "api/session.h"
#include "base/check.h"
#include "base/utf8.h"

namespace limpid {

namespace {

constexpr size_t kMaxCount = 100'000;

/// How many prompts are run at most for each that is asked for: beyond that the model cannot do it.
constexpr size_t kMostRuns = 20;

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t n = utf8_length(bytes);
    if (n == 0) return false;
    bytes.remove_prefix(n);
  }
  return true;
}

DatasetVocabulary describe(const Vocabulary& vocabulary) {
  DatasetVocabulary described;
  described.encode = [&vocabulary](std::string_view text) {
    std::vector<std::string> warnings;
    return vocabulary.encode({.text = std::string(text)}, warnings).value_or(std::vector<int>());
  };
  described.decode = [&vocabulary](std::span<const int> ids) {
    std::string text;
    for (const int id : ids) text += vocabulary.piece(id).bytes;
    return text;
  };
  for (const int id : vocabulary.ordinary_ids()) {
    if (is_text(vocabulary.piece(id).bytes)) described.eligible.push_back(id);
  }
  described.prefix = vocabulary.text_prefix();
  return described;
}

Result<DatasetExamples> examples_of(const Vocabulary& vocabulary, const DatasetRequest& request) {
  if (request.count < 1 || request.count > kMaxCount) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("count: expected a number from 1 to {}, found {}", kMaxCount, request.count));
  }
  std::vector<std::string> warnings;
  LIMPID_TRY(const std::vector<int> any, vocabulary.encode({.text = "The"}, warnings));
  return DatasetExamples::make(request, describe(vocabulary));
}

void warn_of_few(DatasetResult& result, const char* why) {
  if (result.examples.size() == result.request.count) return;
  result.warnings.push_back(
      fmt::format("{} prompts instead of {}: {}", result.examples.size(), result.request.count, why));
}

double sum(std::span<const float> logits, std::span<const int> ids) {
  double total = 0;
  for (const int id : ids) total += prediction_of(logits, id).probability;
  return total;
}

DatasetAnswer answer(std::span<const float> logits, const DatasetExample& example) {
  const auto at = [&](int id) { return static_cast<double>(logits[static_cast<size_t>(id)]); };
  return {at(example.target_id) - at(example.versus_id),
          sum(logits, example.targets) - sum(logits, example.versuses)};
}

constexpr const char* kNoMore = "there are no more of the kind";

}  // namespace

Result<DatasetResult> make_dataset(const Vocabulary& vocabulary, const DatasetRequest& request) {
  CHECK(!request.check);
  LIMPID_TRY(DatasetExamples examples, examples_of(vocabulary, request));
  DatasetResult result = {.request = request};
  while (result.examples.size() < request.count) {
    std::optional<DatasetExample> example = examples.next();
    if (!example) break;
    result.examples.push_back(*std::move(example));
  }
  warn_of_few(result, kNoMore);
  return result;
}

Result<DatasetResult> Session::dataset(const DatasetRequest& request, const RunControl& control) const {
  if (!request.check) return make_dataset(*vocabulary_, request);
  LIMPID_TRY(DatasetExamples examples, examples_of(*vocabulary_, request));
  DatasetResult result = {.request = request};
  RunControl quiet;  // the stages of single runs would make the bar jump
  quiet.stop = control.stop;
  const char* why = "the model answered no more of those tried";
  while (result.examples.size() < request.count && result.n_run < kMostRuns * request.count) {
    LIMPID_CHECK_OK(control.tick(
        "prompts", static_cast<double>(result.examples.size()) / static_cast<double>(request.count)));
    std::optional<DatasetExample> example = examples.next();
    if (!example) {
      why = kNoMore;
      break;
    }
    LIMPID_TRY(const Trace trace, this->trace(example->ids, {}, quiet));
    ++result.n_run;
    const std::array<int, 1> last = {static_cast<int>(example->ids.size()) - 1};
    const Matrix found = logits(*model_, trace, last);
    example->answer = answer(found.row(0), *example);
    if (example->answer->probability_difference > 0) result.examples.push_back(*std::move(example));
  }
  warn_of_few(result, why);
  return result;
}

}  // namespace limpid
