#include "base/process_memory.h"

#include <cstring>
#include <gtest/gtest.h>
#include <sys/mman.h>

namespace limpid {
namespace {

TEST(ProcessMemory, CountsWhatIsTakenAndRemembersThePeak) {
  constexpr size_t kBytes = size_t{64} << 20;
  reset_peak_memory();
  const ProcessMemory before = process_memory();
  ASSERT_GT(before.resident_bytes, 0u);
  // Not of the allocator: a sanitizer's keeps what is freed.
  void* const block = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(block, MAP_FAILED);
  std::memset(block, 1, kBytes);
  const ProcessMemory with = process_memory();
  EXPECT_GT(with.resident_bytes, before.resident_bytes + kBytes / 2);
  ASSERT_EQ(::munmap(block, kBytes), 0);
  const ProcessMemory after = process_memory();
  EXPECT_LT(after.resident_bytes, with.resident_bytes - kBytes / 2);
  EXPECT_GE(after.peak_bytes, with.resident_bytes - kBytes / 2);
}

}  // namespace
}  // namespace limpid
