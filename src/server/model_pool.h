// The models that may be used, opened when first asked for. Few are open at a time. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "server/config.h"
#include "server/failure.h"

#include "api/session.h"

namespace limpid {

struct AllowedModel {
  std::string name;
  std::string argument;  // as locate_model takes it
  std::string source;    // "given", "default", "found"
  uintmax_t n_bytes = 0;
};

/// An open model, and what names its content.
struct OpenModel {
  std::string name;
  std::string fingerprint;
  Session session;
  mutable std::atomic<bool> decoded = false;  // its weights were, as far as memory allows
};
using OpenModelPtr = std::shared_ptr<const OpenModel>;

class ModelPool {
 public:
  struct Options {
    OpenOptions open;  // its memory is for each open model
    size_t max_open = 2;
    std::function<void(const std::string& name)> on_closed;  // called without locks
  };

  /// The given models; without any those found on this machine, of which a demo shows the default one alone.
  /// Errors: kNotFound for a given model that is
  /// not there, or when there is none; kInvalidArgument for a default model that is not among them. The
  /// default model comes first.
  static Result<std::vector<AllowedModel>> allowed(const ServerConfig& config);

  /// `models`: not empty, the default one first.
  ModelPool(std::vector<AllowedModel> models, Options options);

  const std::vector<AllowedModel>& models() const { return models_; }
  const OpenOptions& open_options() const { return options_.open; }
  const std::string& default_model() const { return models_.front().name; }
  /// 404 for a name that is not allowed; "" is the default model.
  Answer<const AllowedModel*> find(const std::string& name) const;
  /// Opens it unless it is open; one caller opens, others wait. Errors: as find and Session::open.
  Answer<OpenModelPtr> open(const std::string& name, const RunControl& control = {});
  /// Those that are open, the last used first.
  std::vector<OpenModelPtr> open_models() const;
  /// nullptr when it is not open.
  OpenModelPtr if_open(const std::string& name) const;

 private:
  /// Puts an open model in front; returns the name of the one that had to go.
  std::optional<std::string> keep(OpenModelPtr model);

  const std::vector<AllowedModel> models_;
  const Options options_;
  std::mutex opening_;
  mutable std::mutex mutex_;
  std::vector<OpenModelPtr> open_;  // last used first
};

}  // namespace limpid
