#include "server/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace limpid {

namespace {

constexpr std::chrono::milliseconds kSlice(50);  // how soon a stop is noticed
constexpr std::chrono::milliseconds kDrain(500);

int poll_once(int socket, short events, std::chrono::milliseconds timeout, short& found) {
  pollfd entry{socket, events, 0};
  const int n = ::poll(&entry, 1, static_cast<int>(timeout.count()));
  found = entry.revents;
  return n;
}

}  // namespace

Connection::Connection(int socket, const HttpLimits& limits, const std::atomic<bool>& stopping)
    : socket_(socket), limits_(limits), stopping_(stopping) {}

Connection::~Connection() {
  ::shutdown(socket_, SHUT_WR);
  if (close_ || over_budget_) drain();
  ::close(socket_);
}

void Connection::drain() {
  const auto deadline = Clock::now() + kDrain;
  std::array<char, 16 << 10> unread;
  while (Clock::now() < deadline && await(POLLIN, deadline)) {
    if (::recv(socket_, unread.data(), unread.size(), MSG_DONTWAIT) <= 0) return;
  }
}

bool Connection::await(short events, Clock::time_point deadline) const {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    short found = 0;
    const int n = poll_once(socket_, events, std::min(left, kSlice), found);
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
    if (stopping_ && events == POLLIN) return false;
  }
}

bool Connection::has_request() const {
  short found = 0;
  return used_ < buffer_.size() || poll_once(socket_, POLLIN, std::chrono::milliseconds(0), found) != 0;
}

void Connection::begin_request() {
  ++n_request_;
  budget_ = limits_.max_header_bytes;
  deadline_ = Clock::now() + limits_.request;
}

bool Connection::is_gone() const {
  short found = 0;
  return poll_once(socket_, POLLRDHUP, std::chrono::milliseconds(0), found) != 0;
}

bool Connection::is_readable() const {
  return used_ < buffer_.size() || await(POLLIN, deadline_);
}

bool Connection::is_writable() const {
  return !is_gone();
}

ssize_t Connection::read(char* data, size_t size) {
  if (budget_ == 0) {
    over_budget_ = true;
    return -1;
  }
  if (used_ == buffer_.size()) {
    if (!await(POLLIN, deadline_)) {
      timed_out_ = true;
      return -1;
    }
    buffer_.resize(16 << 10);
    used_ = 0;
    const ssize_t n = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    buffer_.resize(n > 0 ? static_cast<size_t>(n) : 0);
    if (n <= 0) return n;
  }
  const size_t n = std::min({size, buffer_.size() - used_, budget_});
  std::memcpy(data, buffer_.data() + used_, n);
  used_ += n;
  budget_ -= n;
  return static_cast<ssize_t>(n);
}

ssize_t Connection::write(const char* data, size_t size) {
  size_t sent = 0;
  while (sent < size) {
    if (!await(POLLOUT, Clock::now() + limits_.write)) {
      close_ = true;
      return -1;
    }
    const ssize_t n = ::send(socket_, data + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) {
      close_ = true;
      return -1;
    }
    sent += static_cast<size_t>(n);
  }
  return static_cast<ssize_t>(size);
}

// Nobody asks for addresses.
void Connection::get_remote_ip_and_port(std::string&, int&) const {}
void Connection::get_local_ip_and_port(std::string&, int&) const {}

}  // namespace limpid
