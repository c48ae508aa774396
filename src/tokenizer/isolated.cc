#include "tokenizer/isolated.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace limpid {
namespace {

using Clock = std::chrono::steady_clock;

void limit(__rlimit_resource resource, rlim_t value) {
  const rlimit both = {value, value};
  ::setrlimit(resource, &both);
}

/// Bytes of private writable memory that this process has: what RLIMIT_DATA counts.
size_t data_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long data = 0;  // the sixth number, in pages
  const int found = std::fscanf(file, "%*u %*u %*u %*u %*u %lu", &data);
  std::fclose(file);
  return found == 1 ? data * static_cast<size_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

bool write_all(int descriptor, const void* bytes, size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = ::write(descriptor, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

/// The size of the answer, then the answer. Never returns, and runs nothing that this process does at its
/// end.
[[noreturn]] void run_child(const std::function<std::string()>& work, const IsolationLimits& limits,
                            int out) {
  // A sanitizer or the C library may want to say why it gives up; nobody asked.
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_CPU, static_cast<rlim_t>(limits.cpu_seconds));
  if (const size_t data = data_bytes(); data > 0) limit(RLIMIT_DATA, data + limits.memory);
  const std::string answer = work();
  const uint64_t size = answer.size();
  const bool done = write_all(out, &size, sizeof(size)) && write_all(out, answer.data(), answer.size());
  ::_exit(done ? 0 : 1);
}

/// False at the end of the stream, at the deadline, and when reading fails.
bool read_all(int descriptor, void* bytes, size_t size, Clock::time_point deadline) {
  auto* at = static_cast<char*>(bytes);
  while (size > 0) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd ready = {descriptor, POLLIN, 0};
    const int n_ready = left > 0 ? ::poll(&ready, 1, static_cast<int>(left)) : 0;
    if (n_ready < 0 && errno == EINTR) continue;
    if (n_ready <= 0) return false;
    const ssize_t n_read = ::read(descriptor, at, size);
    if (n_read < 0 && errno == EINTR) continue;
    if (n_read <= 0) return false;
    at += n_read;
    size -= static_cast<size_t>(n_read);
  }
  return true;
}

tl::unexpected<Error> no_process() {
  return fail(ErrorCode::kIo, std::string("cannot start a process: ") + std::strerror(errno));
}

}  // namespace

Result<std::string> run_isolated(const std::function<std::string()>& work, const IsolationLimits& limits) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return no_process();
  const pid_t child = ::fork();
  if (child == 0) run_child(work, limits, pipe[1]);
  const int fork_error = errno;
  ::close(pipe[1]);
  if (child < 0) {
    ::close(pipe[0]);
    errno = fork_error;
    return no_process();
  }
  const auto deadline = Clock::now() + std::chrono::seconds(limits.wall_seconds);
  uint64_t size = 0;
  std::string answer;
  bool done = read_all(pipe[0], &size, sizeof(size), deadline) && size <= limits.output;
  if (done) {
    answer.resize(size);
    done = read_all(pipe[0], answer.data(), size, deadline);
  }
  ::close(pipe[0]);
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!done) return fail(ErrorCode::kUnsupported, "it takes more time, memory or nesting than is allowed");
  return answer;
}

}  // namespace limpid
