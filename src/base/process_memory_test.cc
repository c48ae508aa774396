#include "base/process_memory.h"

#include <cstring>
#include <gtest/gtest.h>
#include <memory>

namespace limpid {
namespace {

TEST(ProcessMemory, CountsWhatIsTakenAndRemembersThePeak) {
  constexpr size_t kBytes = size_t{64} << 20;
  reset_peak_memory();
  const ProcessMemory before = process_memory();
  ASSERT_GT(before.resident_bytes, 0u);
  auto block = std::make_unique<char[]>(kBytes);
  std::memset(block.get(), 1, kBytes);
  const ProcessMemory with = process_memory();
  EXPECT_GT(with.resident_bytes, before.resident_bytes + kBytes / 2);
  block.reset();
  const ProcessMemory after = process_memory();
  EXPECT_LT(after.resident_bytes, with.resident_bytes - kBytes / 2);
  EXPECT_GE(after.peak_bytes, with.resident_bytes - kBytes / 2);
}

}  // namespace
}  // namespace limpid
