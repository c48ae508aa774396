#include <omp.h>

#include "kernels/testing.h"

namespace limpid {
namespace {

TEST(BackendByName, Known) {
  EXPECT_EQ((*backend("cpu"))->name(), "cpu");
  EXPECT_EQ((*backend("reference"))->name(), "reference");
}

TEST(BackendByName, Unknown) {
  const auto found = backend("abacus");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(found.error().message.find("abacus"), std::string::npos);
}

TEST(BackendByName, CudaIsAbsent) {
  const auto found = backend("cuda");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kUnsupported);
  EXPECT_FALSE(found.error().hint.empty());
}

TEST(Threads, ZeroMeansAllCores) {
  set_threads(3);
  EXPECT_EQ(threads(), 3);
  set_threads(0);
  EXPECT_EQ(threads(), omp_get_num_procs());
}

TEST(Threads, CallersOpenMpSettingsAreLeftAlone) {
  const int before = omp_get_max_threads();
  const testing::AwkwardMatrix x(70, 64, testing::Fill::kNormal, 1), w(200, 64, testing::Fill::kNormal, 2);
  testing::AwkwardMatrix y(70, 200, testing::Fill::kZero, 0);
  for (const int n : {1, 2, 0}) {
    set_threads(n);
    cpu_backend().matmul(x, *testing::pack(cpu_backend(), w), {}, y);
    EXPECT_EQ(omp_get_max_threads(), before);
  }
}

}  // namespace
}  // namespace limpid
