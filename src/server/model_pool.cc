#include "server/model_pool.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "api/describe.h"
#include "api/fingerprint.h"

namespace limpid {

namespace {

/// Two files of one name are told apart by what was given.
void make_names_unique(std::vector<AllowedModel>& models) {
  for (AllowedModel& model : models) {
    const auto same = [&](const AllowedModel& other) { return other.name == model.name; };
    if (std::ranges::count_if(models, same) == 1) continue;
    const std::string name = model.name;
    for (AllowedModel& other : models) {
      if (other.name == name) other.name = other.argument;
    }
  }
}

Result<std::vector<AllowedModel>> given_models(const std::vector<std::string>& arguments) {
  std::vector<AllowedModel> models;
  for (const std::string& argument : arguments) {
    if (std::ranges::any_of(models, [&](const AllowedModel& m) { return m.argument == argument; })) continue;
    LIMPID_TRY(const LocatedModel located, locate(argument));
    models.push_back({located.display_name, argument, "given", located.n_bytes});
  }
  return models;
}

std::vector<AllowedModel> found_models(bool only_default) {
  std::vector<AllowedModel> models;
  for (const LocalModel& found : list_models().local) {
    const bool is_default = found.name.empty();
    if (only_default && !is_default) continue;
    models.push_back({is_default ? found.path.stem().string() : found.name, found.name,
                      is_default ? "default" : "found", found.n_bytes});
  }
  return models;
}

}  // namespace

Result<std::vector<AllowedModel>> ModelPool::allowed(const ServerConfig& config) {
  std::vector<AllowedModel> models;
  if (config.models.empty()) {
    models = found_models(config.demo);
  } else {
    LIMPID_TRY(models, given_models(config.models));
  }
  if (models.empty()) {
    return fail(ErrorCode::kNotFound, "no model was given, and none was found on this machine",
                "`make model` fetches the default model; `limpid serve MODEL` takes any other");
  }
  make_names_unique(models);
  if (!config.default_model) return models;
  const auto is_default = [&](const AllowedModel& m) {
    return m.name == *config.default_model || m.argument == *config.default_model;
  };
  const auto it = std::ranges::find_if(models, is_default);
  if (it == models.end()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("default_model: expected one of the models, found '{}'", *config.default_model));
  }
  std::rotate(models.begin(), it, it + 1);
  return models;
}

ModelPool::ModelPool(std::vector<AllowedModel> models, Options options)
    : models_(std::move(models)), options_(std::move(options)) {}

Answer<const AllowedModel*> ModelPool::find(const std::string& name) const {
  if (name.empty()) return &models_.front();
  const auto it = std::ranges::find(models_, name, &AllowedModel::name);
  if (it != models_.end()) return &*it;
  return failure(404, "not_found", "model: expected a name of /models, found another");
}

std::vector<OpenModelPtr> ModelPool::open_models() const {
  const std::scoped_lock lock(mutex_);
  return open_;
}

OpenModelPtr ModelPool::if_open(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto it = std::ranges::find_if(open_, [&](const OpenModelPtr& model) { return model->name == name; });
  return it == open_.end() ? nullptr : *it;
}

std::optional<std::string> ModelPool::keep(OpenModelPtr model) {
  const std::scoped_lock lock(mutex_);
  std::erase(open_, model);
  open_.insert(open_.begin(), std::move(model));
  if (open_.size() <= options_.max_open) return std::nullopt;
  const std::string name = open_.back()->name;
  open_.pop_back();
  return name;
}

Answer<OpenModelPtr> ModelPool::open(const std::string& name, const RunControl& control) {
  SERVER_TRY(const AllowedModel* model, find(name));
  OpenModelPtr opened;
  std::optional<std::string> closed;
  {
    const std::scoped_lock lock(opening_);
    opened = if_open(model->name);
    if (opened == nullptr) {
      SERVER_TRY(Session session, Session::open(model->argument, options_.open, control));
      std::string hash = fingerprint(session.model().checkpoint());
      opened.reset(new OpenModel{model->name, std::move(hash), std::move(session)});
    }
    closed = keep(opened);
  }
  if (closed) options_.on_closed(*closed);
  return opened;
}

}  // namespace limpid
