// What this process takes of the machine's memory.
#pragma once

#include <cstddef>

namespace limpid {

struct ProcessMemory {
  size_t resident_bytes = 0;
  size_t peak_bytes = 0;  // the most that was resident, since the start or reset_peak_memory()
};

/// Zeros where the system does not say.
ProcessMemory process_memory();

/// Starts a new measurement of the peak, where the system can (Linux).
void reset_peak_memory();

}  // namespace limpid
