// HTTP/1.1 over TCP, with limits on what a client may send and how long it may take.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/http.h"

#include "base/result.h"

namespace limpid {

struct HttpHandlers {
  /// Looks at the headers alone, before the body is read; a response refuses the request.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> refuse;
  std::function<HttpResponse(const HttpRequest&)> handle;
  /// The response to what is no request: 400, 408, 413 or 431.
  std::function<HttpResponse(int status)> malformed;
};

class HttpServer {
 public:
  /// Listens from now on. `port` 0: any free one. Errors: kIo (a port that is taken, an address that is not
  /// this machine's).
  static Result<std::unique_ptr<HttpServer>> start(const std::string& host, int port,
                                                   const HttpLimits& limits, HttpHandlers handlers);
  ~HttpServer();

  int port() const;
  /// Takes no more requests and waits until those under way are answered. Handlers must know to end.
  void stop();

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace limpid
