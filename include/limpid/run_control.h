// Progress and cancellation of one request, passed down as a value; the library never prints.
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

#include "limpid/result.h"

namespace limpid {

struct RunControl {
  /// Called now and then from the calling thread; fraction of the stage done, 0 to 1.
  std::function<void(std::string_view stage, double fraction)> on_progress;
  std::stop_token stop;

  /// Reports, and fails with kCancelled once a stop was requested.
  Status tick(std::string_view stage, double fraction) const {
    if (stop.stop_requested()) return tl::unexpected(Error{ErrorCode::kCancelled, "cancelled", ""});
    if (on_progress) on_progress(stage, fraction);
    return {};
  }
};

}  // namespace limpid
