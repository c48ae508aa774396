// Answers that are about the server rather than about a model; the others are api's. Shapes: openapi.json.
#pragma once

#include <string>

#include "server/app.h"

namespace limpid {

/// Error
std::string error_json(const Failure& failure);
/// Config
std::string config_json(const App& app);
/// Status
std::string status_json(const App& app);
/// Models
std::string models_json(const App& app);
/// TracePending or TraceFailed of an "id", or Opening of a "model"
std::string job_json(const char* key, const std::string& subject, const JobStatus& status);
/// Opening of a model that is open, and OpenedEvent in one line
std::string opened_json(const std::string& model);
std::string opened_event_json(const std::string& model);
/// TraceDone
std::string trace_json(const StoredTrace& trace);
/// ProgressEvent and DoneEvent, in one line
std::string progress_event_json(const JobStatus& status);
std::string done_event_json(const std::string& id);
/// TokenEvent and GeneratedEvent, likewise; `index`: 0 is the first generated token
std::string token_event_json(size_t index, const NamedPrediction& token, std::string_view text);
std::string generated_event_json(const std::string& id, const GenerateResult& result);
/// The answer to a patch of a run: the other run's id, and both side by side
std::string patched_json(const std::string& id, const PatchResult& result);
/// SweptEvent, in one line
std::string swept_event_json(const SweepResult& result);

}  // namespace limpid
