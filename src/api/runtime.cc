#include "api/runtime.h"

#include "checkpoint/locate.h"
#include "kernels/kernels.h"

namespace limpid {

void set_runtime_threads(int n) {
  set_threads(n);
}

int runtime_threads() {
  return threads();
}

bool names_model(std::string_view text) {
  return !text.empty() && locate_model(text).has_value();
}

std::string_view version() {
  return LIMPID_VERSION;
}

}  // namespace limpid
