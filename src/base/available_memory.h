// How much memory this process may still take.
#pragma once

#include <cstddef>
#include <filesystem>

namespace limpid {

/// Bytes: what the system can give without swapping, less where a limit on the process's control group or its
/// data (RLIMIT_DATA, RLIMIT_AS) leaves less. `root` stands for / in tests.
size_t available_memory(const std::filesystem::path& root = "/");

}  // namespace limpid
