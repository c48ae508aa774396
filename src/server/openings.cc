#include "server/openings.h"

namespace limpid {

bool Openings::is_done(const std::string& model) const {
  const OpenModelPtr open = models_.if_open(model);
  return open != nullptr && open->decoded;
}

Answer<JobPtr> Openings::start(const std::string& model) {
  SERVER_CHECK_OK(models_.find(model));
  const std::scoped_lock lock(mutex_);
  JobPtr& last = jobs_by_model_[model];
  if (last && !jobs_.status(*last).has_ended()) return last;
  if (is_done(model)) return nullptr;
  const auto work = [this, model](const RunControl& control) -> Answer<void> {
    SERVER_TRY(const OpenModelPtr open, models_.open(model, control));
    SERVER_CHECK_OK(open->session.decode_weights(control));
    open->decoded = true;
    return {};
  };
  SERVER_TRY(last, jobs_.submit(Priority::kRun, work));
  return last;
}

Answer<JobPtr> Openings::find(const std::string& model) {
  SERVER_CHECK_OK(models_.find(model));
  const std::scoped_lock lock(mutex_);
  const auto it = jobs_by_model_.find(model);
  // The job first: its model is open before it ends.
  const bool has_succeeded = it == jobs_by_model_.end() || it->second == nullptr ||
                             jobs_.status(*it->second).state == JobState::kDone;
  if (is_done(model)) return nullptr;
  if (has_succeeded) return failure(404, "not_found", "model: it is not open", "POST /models/{model}/open");
  return it->second;
}

}  // namespace limpid
