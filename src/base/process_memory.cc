#include "base/process_memory.h"

#include <fstream>
#include <string>

namespace limpid {

ProcessMemory process_memory() {
  ProcessMemory memory;
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    size_t* const to = word == "VmHWM:"   ? &memory.peak_bytes
                       : word == "VmRSS:" ? &memory.resident_bytes
                                          : nullptr;
    size_t kilobytes = 0;
    if (to != nullptr && status >> kilobytes) *to = kilobytes * 1024;
  }
  return memory;
}

void reset_peak_memory() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

}  // namespace limpid
