#include "api/trace_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <fnmatch.h>
#include <functional>
#include <numeric>

#include "analyses/run_tensors.h"
#include "checkpoint/safetensors_writer.h"
#include "forward/run.h"

namespace limpid {

namespace {

/// A tensor of the file: `ids`, or a tensor of the run.
struct Entry {
  TensorDeclaration declaration;
  const RunTensor* tensor = nullptr;  // nullptr: ids

  Status write(SafetensorsWriter& writer, std::span<const int> ids) const {
    if (tensor == nullptr) {
      return writer.append(declaration.name,
                           std::span<const int64_t>(std::vector<int64_t>(ids.begin(), ids.end())));
    }
    return tensor->produce(
        [&](std::span<const float> values) { return writer.append(declaration.name, values); });
  }
};

std::vector<Entry> entries_of(const RunTensors& run, size_t n_tok) {
  std::vector<Entry> entries = {{{"ids", DType::kI64, {n_tok}}}};
  for (const RunTensor& t : run.tensors()) entries.push_back({{t.name(), DType::kF32, t.shape}, &t});
  return entries;
}

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
  LIMPID_TRY(const Trace trace, session.trace(ids, {.keep_block_outputs = true}, control));
  const RunTensors tensors(session.model(), trace);
  const std::vector<Entry> entries = entries_of(tensors, trace.n_tok());
  LIMPID_TRY(const std::vector<const Entry*> selected, select(entries, request.only));

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
    LIMPID_CHECK_OK(selected[i]->write(writer, ids));
  }
  LIMPID_CHECK_OK(writer.finish());
  return result;
}

}  // namespace limpid
