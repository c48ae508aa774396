// One client's connection: a stream with a deadline and a limit on what is read for each request.
#pragma once

#include <atomic>
#include <chrono>
#include <httplib.h>
#include <string>

#include "server/http.h"

namespace limpid {

class Connection : public httplib::Stream {
 public:
  /// Once `stopping`, waits for bytes end. Closes the socket.
  Connection(int socket, const HttpLimits& limits, const std::atomic<bool>& stopping);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Whether the first byte of a request, or the end of them, is there.
  bool has_request() const;
  /// The next request may be read; its time runs from now on.
  void begin_request();
  size_t n_request() const { return n_request_; }
  /// Lets the body be read, after the headers.
  void allow_body(size_t n_bytes) { budget_ += n_bytes; }
  /// Nothing more is read from this connection after the response: the rest of the request is unread.
  void close_after_response() { close_ = true; }
  bool closes() const { return close_ || timed_out_ || over_budget_; }
  bool timed_out() const { return timed_out_; }
  bool over_budget() const { return over_budget_; }
  /// The client has closed its side.
  bool is_gone() const;

  std::string accept_encoding;  // of the request: kept from the library, which would compress as it likes

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// Waits for poll events; false past the deadline.
  bool await(short events, Clock::time_point deadline) const;
  /// Lets the client read the response before unread bytes reset the connection.
  void drain();

  int socket_;
  const HttpLimits& limits_;
  const std::atomic<bool>& stopping_;
  Clock::time_point deadline_ = {};
  size_t n_request_ = 0;
  size_t budget_ = 0;  // bytes that may still be read for this request
  bool close_ = false, timed_out_ = false, over_budget_ = false;
  std::string buffer_;  // received, not yet read
  size_t used_ = 0;     // of it
};

}  // namespace limpid
