// Runs work that a hostile file steers in a process of its own: whatever it does to its stack, its memory or
// the clock, the caller gets an answer.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"

namespace limpid {

struct IsolationLimits {
  int cpu_seconds = 1;
  int wall_seconds = 30;              // on a machine with much else to do
  size_t memory = size_t{512} << 20;  // bytes beyond what this process has
  size_t output = size_t{16} << 20;   // bytes that `work` may return
};

/// What `work` returns. It runs on a copy of this process, made by fork: changes it makes are lost, and it
/// must not wait for other threads. Errors: kUnsupported when a limit was passed or `work` crashed, kIo when
/// there is no process to be had; the message has no origin.
Result<std::string> run_isolated(const std::function<std::string()>& work,
                                 const IsolationLimits& limits = {});

}  // namespace limpid
