// Connections on which no request has begun. They hold no thread: one thread waits for all of them.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "server/connection.h"

namespace limpid {

using ConnectionPtr = std::shared_ptr<Connection>;

class IdleConnections {
 public:
  /// `on_request` is called, from the thread that waits, with each connection that has something to read.
  IdleConnections(const HttpLimits& limits, std::function<void(ConnectionPtr)> on_request);
  /// Closes those that are idle.
  ~IdleConnections();
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;

  /// Keeps it until a request begins or it has been idle for too long; of too many, those go first that have
  /// been idle for longest.
  void add(ConnectionPtr connection);

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    ConnectionPtr connection;
    Clock::time_point deadline;
  };

  void work();
  void wake() const;
  /// What came since the last time joins the others. False once all is to end.
  bool take_added();
  void wait() const;
  void hand_on();

  const HttpLimits limits_;
  const std::function<void(ConnectionPtr)> on_request_;
  const int event_;  // readable when something was added
  std::mutex mutex_;
  std::vector<Entry> added_;
  bool stopped_ = false;
  std::list<Entry> entries_;  // of the thread alone, the oldest first
  std::thread thread_;
};

}  // namespace limpid
