#include "cli/thread_waiting.h"

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace limpid {

namespace {

constexpr const char* kSpinCount = "GOMP_SPINCOUNT";
constexpr const char* kTurns = "2000";  // longer than the gap between two loops of a layer

}  // namespace

void let_waiting_threads_sleep([[maybe_unused]] char** argv) {
#ifdef __linux__
  if (std::getenv(kSpinCount) != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  ::setenv(kSpinCount, kTurns, 0);
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) ::execv(program.c_str(), argv);  // returns where that is impossible: then threads spin
#endif
}

}  // namespace limpid
