#include "tokenizer/isolated.h"

#include <csignal>
#include <gtest/gtest.h>
#include <unistd.h>
#include <vector>

namespace limpid {
namespace {

TEST(RunIsolated, GivesBackWhatWorkReturns) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100000}, size_t{16} << 20}) {
    const std::string text(size, 'x');
    int changed = 0;
    const auto answer = run_isolated([&] { return ++changed, text; });
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(*answer, text);
    EXPECT_EQ(changed, 0);
  }
}

// Not a tail call, and not the same frame each time.
size_t deep(size_t n) {
  volatile char frame[1024] = {};
  frame[n % sizeof(frame)] = 1;
  return n == 0 ? 0 : deep(n - 1) + static_cast<size_t>(frame[n % sizeof(frame)]);
}

TEST(RunIsolated, SurvivesWhatWorkDoes) {
  const std::vector<std::pair<const char*, std::function<std::string()>>> cases = {
      {"crashes", [] { return ::raise(SIGSEGV), std::string("x"); }},
      {"ends",
       [] {
         ::_exit(0);
         return std::string("x");
       }},
      {"stack", [] { return std::to_string(deep(size_t{1} << 30)); }},
      {"memory",
       [] {
         std::vector<std::string> all;
         for (size_t n = 0; n < 4096; ++n) all.emplace_back(size_t{1} << 20, 'x');
         return all.back();
       }},
      {"time",
       []() -> std::string {
         for (volatile int n = 0;;) n = n == 0 ? 1 : 0;
       }},
      {"output", [] { return std::string((size_t{16} << 20) + 1, 'x'); }},
      {"sleep", [] { return ::pause(), std::string("x"); }},
  };
  for (const auto& [name, work] : cases) {
    const auto answer = run_isolated(work, {.wall_seconds = 2});
    ASSERT_FALSE(answer) << name;
    EXPECT_EQ(answer.error().code, ErrorCode::kUnsupported) << name;
  }
}

}  // namespace
}  // namespace limpid
