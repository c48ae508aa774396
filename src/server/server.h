// The web app's server: `limpid serve`.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "server/config.h"

#include "base/result.h"

namespace limpid {

class Server {
 public:
  /// Opens the default model, and answers from now on. Errors: as check_config, ModelPool::allowed,
  /// Session::open and HttpServer::start.
  static Result<std::unique_ptr<Server>> start(const ServerConfig& config);
  ~Server();

  /// Where a browser finds it, with the token if there is one.
  std::string url() const;
  std::vector<std::string> model_names() const;

  /// Refuses what comes and cancels what runs. False when a computation did not end in time: then this object
  /// cannot be destroyed without waiting for it.
  bool stop(std::chrono::milliseconds patience);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace limpid
