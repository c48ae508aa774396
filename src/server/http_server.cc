#include "server/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <httplib.h>
#include <thread>

#include "server/connection.h"
#include "server/connection_threads.h"
#include "server/idle_connections.h"

namespace limpid {

namespace {

constexpr int kBacklog = 128;
constexpr size_t kRequestsPerConnection = 10000;

/// A connection is served by one thread from its first to its last byte.
thread_local Connection* current = nullptr;

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  });
  return text;
}

HttpRequest request_of(const httplib::Request& from) {
  HttpRequest request;
  request.method = from.method;
  const size_t mark = from.target.find('?');
  request.path = from.target.substr(0, mark);
  if (mark != std::string::npos) request.query = from.target.substr(mark + 1);
  for (const auto& [name, value] : from.headers) request.headers.emplace(lower(name), value);
  request.headers.emplace("accept-encoding", current->accept_encoding);
  request.body = from.body;
  request.is_gone = [connection = current] { return connection->is_gone(); };
  return request;
}

void send(HttpResponse from, httplib::Response& to) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  if (current->closes()) to.set_header("Connection", "close");
  if (from.stream) {
    // What a stream holds is given back before its client sees that it ended.
    auto stream = std::make_shared<HttpStream>(std::move(from.stream));
    to.set_chunked_content_provider(
        from.content_type, [stream = std::move(stream)](size_t, httplib::DataSink& sink) {
          (*stream)([&](std::string_view piece) { return sink.write(piece.data(), piece.size()); });
          *stream = nullptr;
          sink.done();
          return true;
        });
  } else if (from.status != 204 && from.status != 304) {
    to.set_content(from.body, from.content_type);
  }
}

/// The bytes of the body, or nullopt for framing that is refused: a length that is no single number, a body
/// that is chunked or compressed, one where none belongs.
std::optional<size_t> body_length(const HttpRequest& request) {
  if (request.headers.contains("transfer-encoding") || request.headers.contains("content-encoding")) {
    return std::nullopt;
  }
  const size_t n_length = request.headers.count("content-length");
  if (n_length == 0) return request.method == "POST" ? std::nullopt : std::optional<size_t>(0);
  const std::string_view text = request.header("content-length");
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (n_length > 1 || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (request.method != "POST" && length > 0) return std::nullopt;
  return length;
}

/// What the library asks of its threads, which outlive its loop.
class Tasks : public httplib::TaskQueue {
 public:
  explicit Tasks(ConnectionThreads& threads) : threads_(threads) {}
  void enqueue(std::function<void()> task) override { threads_.enqueue(std::move(task)); }
  void shutdown() override { threads_.shut_down(); }

 private:
  ConnectionThreads& threads_;
};

}  // namespace

class HttpServer::Impl : public httplib::Server {
 public:
  Impl(const HttpLimits& limits, HttpHandlers handlers)
      : limits_(limits), handlers_(std::move(handlers)), threads_(limits.n_connection) {
    new_task_queue = [this] { return new Tasks(threads_); };
    set_keep_alive_max_count(kRequestsPerConnection);
    set_payload_max_length(limits_.max_body_bytes);
    set_tcp_nodelay(true);  // a body must not wait for the client to acknowledge the headers
    // The default lets two programs listen on one port.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      return refuse(request, response) ? HandlerResponse::Handled : HandlerResponse::Unhandled;
    });
    const auto handle = [this](const httplib::Request& request, httplib::Response& response) {
      send(handlers_.handle(request_of(request)), response);
    };
    Get(".*", handle).Post(".*", handle).Delete(".*", handle);
    set_error_handler(HandlerWithResponse([this](const httplib::Request&, httplib::Response& response) {
      return malformed(response) ? HandlerResponse::Handled : HandlerResponse::Unhandled;
    }));
  }

  Status listen(const std::string& host, int port) {
    errno = 0;
    port_ = port != 0 ? (bind_to_port(host, port) ? port : -1) : bind_to_any_port(host);
    if (port_ < 0) {
      const bool taken = errno == EADDRINUSE;
      return fail(ErrorCode::kIo,
                  fmt::format("{} port {}: cannot listen: {}", host, port,
                              errno != 0 ? std::strerror(errno) : "not an address of this machine"),
                  taken ? "another program listens there; --port takes another one, 0 any free one" : "");
    }
    ::listen(svr_sock_, kBacklog);  // again: the library's own backlog is 5
    thread_ = std::thread([this] { listen_after_bind(); });
    while (!is_running()) std::this_thread::yield();
    return {};
  }

  int port() const { return port_; }

  void shut_down() {
    stopping_ = true;
    Server::stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  bool process_and_close_socket(socket_t socket) override {
    serve(std::make_shared<Connection>(socket, limits_, stopping_));
    return true;
  }

  /// Answers what has been asked. Between requests a connection is idle, and holds no thread.
  void serve(ConnectionPtr connection) {
    current = connection.get();
    while (answer_one(*connection)) {
      if (connection->has_request()) continue;
      current = nullptr;
      idle_.add(std::move(connection));
      return;
    }
    current = nullptr;
  }

  /// False when the connection is to be closed.
  bool answer_one(Connection& connection) {
    if (stopping_) return false;
    if (!connection.has_request()) return true;
    connection.begin_request();
    bool closed = false;
    const auto prepare = [](httplib::Request& request) {
      // What the library would do with them is not wanted: parts of responses, compression of all of them.
      request.ranges.clear();
      current->accept_encoding = request.get_header_value("Accept-Encoding");
      request.headers.erase("Accept-Encoding");
    };
    const bool is_good = process_request(connection, false, closed, prepare);
    // Of what does not even have a whole first line the library says nothing.
    if (!is_good && !connection.has_answered() && (connection.over_budget() || connection.timed_out())) {
      answer_by_hand(connection, connection.over_budget() ? 431 : 408);
    }
    return is_good && !closed && !connection.closes() && connection.n_request() < kRequestsPerConnection;
  }

  void answer_by_hand(Connection& connection, int status) {
    const HttpResponse response = handlers_.malformed(status);
    const char* const reason = status == 431 ? "Request Header Fields Too Large" : "Request Timeout";
    std::string text = fmt::format("HTTP/1.1 {} {}\r\nConnection: close\r\nContent-Type: {}\r\n", status,
                                   reason, response.content_type);
    for (const auto& [name, value] : response.headers) text += fmt::format("{}: {}\r\n", name, value);
    text += fmt::format("Content-Length: {}\r\n\r\n{}", response.body.size(), response.body);
    connection.write(text.data(), text.size());
  }

  /// Refuses what must not be read further.
  bool refuse(const httplib::Request& from, httplib::Response& to) {
    HttpRequest request = request_of(from);
    const std::optional<size_t> length = body_length(request);
    std::optional<HttpResponse> refusal = handlers_.refuse(request);
    if (!refusal && !length) refusal = handlers_.malformed(400);
    if (!refusal && *length > limits_.max_body_bytes) refusal = handlers_.malformed(413);
    if (!refusal) {
      current->allow_body(*length);
      return false;
    }
    if (length != 0u) current->close_after_response();
    send(*std::move(refusal), to);
    return true;
  }

  /// Of a response that no handler made.
  bool malformed(httplib::Response& response) {
    if (!response.body.empty()) return false;
    current->close_after_response();
    const int status = current->timed_out()                               ? 408
                       : current->over_budget() || response.status == 414 ? 431
                       : response.status == 413                           ? 413
                       : response.status >= 500                           ? 500
                                                                          : 400;
    send(handlers_.malformed(status), response);
    return true;
  }

  const HttpLimits limits_;
  HttpHandlers handlers_;
  std::atomic<bool> stopping_ = false;
  int port_ = -1;
  std::thread thread_;
  ConnectionThreads threads_;
  // Ends before the threads, to which it hands connections.
  IdleConnections idle_{limits_, [this](ConnectionPtr connection) {
                          threads_.enqueue([this, connection = std::move(connection)] { serve(connection); });
                        }};
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() {
  stop();
}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& host, int port,
                                                      const HttpLimits& limits, HttpHandlers handlers) {
  auto impl = std::make_unique<Impl>(limits, std::move(handlers));
  LIMPID_CHECK_OK(impl->listen(host, port));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

int HttpServer::port() const {
  return impl_->port();
}

void HttpServer::stop() {
  impl_->shut_down();
}

}  // namespace limpid
