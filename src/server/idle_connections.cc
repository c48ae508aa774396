#include "server/idle_connections.h"

#include <algorithm>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace limpid {

IdleConnections::IdleConnections(const HttpLimits& limits, std::function<void(ConnectionPtr)> on_request)
    : limits_(limits), on_request_(std::move(on_request)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  CHECK(event_ >= 0);
  thread_ = std::thread([this] { work(); });
}

IdleConnections::~IdleConnections() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  wake();
  thread_.join();
  ::close(event_);
}

void IdleConnections::add(ConnectionPtr connection) {
  {
    const std::scoped_lock lock(mutex_);
    added_.push_back({std::move(connection), Clock::now() + limits_.idle});
  }
  wake();
}

void IdleConnections::wake() const {
  CHECK(::eventfd_write(event_, 1) == 0);
}

bool IdleConnections::take_added() {
  eventfd_t unused = 0;
  ::eventfd_read(event_, &unused);
  const std::scoped_lock lock(mutex_);
  for (Entry& entry : added_) entries_.push_back(std::move(entry));
  added_.clear();
  return !stopped_;
}

void IdleConnections::wait() const {
  std::vector<pollfd> sockets = {{event_, POLLIN, 0}};
  for (const Entry& entry : entries_) sockets.push_back({entry.connection->socket(), POLLIN, 0});
  int timeout = -1;
  if (!entries_.empty()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(entries_.front().deadline - Clock::now());
    timeout = static_cast<int>(std::max<int64_t>(0, left.count()));
  }
  ::poll(sockets.data(), sockets.size(), timeout);
}

void IdleConnections::hand_on() {
  const auto now = Clock::now();
  size_t n_excess = entries_.size() > limits_.n_idle ? entries_.size() - limits_.n_idle : 0;
  for (auto it = entries_.begin(); it != entries_.end();) {
    const auto here = it++;
    if (here->connection->has_request()) {
      on_request_(std::move(here->connection));
      entries_.erase(here);
    } else if (n_excess > 0 || here->deadline <= now) {
      n_excess -= n_excess > 0 ? 1 : 0;
      entries_.erase(here);
    }
  }
}

void IdleConnections::work() {
  while (take_added()) {
    hand_on();
    wait();
  }
  entries_.clear();
}

}  // namespace limpid
