#include "analyses/memory_estimate.h"

#include <gtest/gtest.h>

namespace limpid {
namespace {

TEST(MemoryPlan, KeepsWhatFits) {
  const MemoryEstimate estimate = {
      .stored_bytes = 500, .packed_bytes = 1000, .trace_bytes = 60, .scratch_bytes = 40};
  struct Case {
    size_t budget;
    MemoryPolicy policy;
    size_t kept;
  };
  const Case cases[] = {
      {99, MemoryPolicy::kTooLarge, 0},
      {100, MemoryPolicy::kStreamed, 0},
      {1099, MemoryPolicy::kStreamed, 999},
      {1100, MemoryPolicy::kResident, 1000},
      {~size_t{0}, MemoryPolicy::kResident, 1000},
  };
  for (const Case& c : cases) {
    const MemoryPlan plan = plan_memory(estimate, c.budget);
    EXPECT_EQ(plan.policy, c.policy) << c.budget;
    EXPECT_EQ(plan.kept_bytes, c.kept) << c.budget;
    EXPECT_EQ(require_memory(estimate, c.budget, 7).has_value(), c.policy != MemoryPolicy::kTooLarge);
  }
  const auto refused = require_memory(estimate, 99, 7);
  EXPECT_EQ(refused.error().code, ErrorCode::kOutOfMemory);
  EXPECT_NE(refused.error().message.find("7 tokens"), std::string::npos);
}

}  // namespace
}  // namespace limpid
