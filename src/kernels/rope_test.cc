#include "kernels/testing.h"

namespace limpid {
namespace {

using testing::AwkwardMatrix;
using testing::expect_near;
using testing::Fill;
using testing::roundings;

TEST(Rope, AgreesWithReference) {
  constexpr size_t kTokens = 5, kHeads = 3;
  testing::for_each_target([] {
    for (size_t n_pair = 0; n_pair <= 35; ++n_pair) {
      const size_t d_head = 2 * n_pair + (n_pair % 3 ? 0 : 5);  // with and without coordinates left alone
      if (d_head == 0) continue;
      for (const RopePairs pairs : {RopePairs::kInterleaved, RopePairs::kHalves}) {
        SCOPED_TRACE(::testing::Message() << n_pair << " pairs");
        const AwkwardMatrix cos(kTokens, n_pair, Fill::kNormal, 1), sin(kTokens, n_pair, Fill::kNormal, 2);
        AwkwardMatrix want(kTokens, kHeads * d_head, Fill::kMassive, 3), got = want;
        const AwkwardMatrix x = want;
        const RopeAngles angles = {cos, sin};
        reference_backend().rope(want, kHeads, angles, pairs);
        cpu_backend().rope(got, kHeads, angles, pairs);
        // Two products and a sum: three roundings of |a cos| + |b sin|, bounded over the head and token.
        expect_near(got, want, [&](size_t t, size_t j) {
          double largest = 0, angle = 0;
          for (size_t i = 0; i < d_head; ++i) {
            largest = std::max<double>(largest, std::abs(x.at(t, j / d_head * d_head + i)));
          }
          for (size_t i = 0; i < n_pair; ++i) {
            angle = std::max<double>({angle, std::abs(cos.at(t, i)), std::abs(sin.at(t, i))});
          }
          return roundings(3) * 2 * largest * angle;
        });
        EXPECT_TRUE(got.guards_intact());
      }
    }
  });
}

TEST(Rope, RotatesByAQuarter) {
  Matrix cos(1, 2), sin(1, 2);  // first pair by 90 degrees, second by 0
  sin.row(0)[0] = 1;
  cos.row(0)[1] = 1;
  const float interleaved[] = {-2, 1, 3, 4, 5}, halves[] = {-3, 2, 1, 4, 5};
  for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
    for (const auto& [pairs, want] :
         {std::pair(RopePairs::kInterleaved, interleaved), std::pair(RopePairs::kHalves, halves)}) {
      Matrix x(1, 5);
      for (size_t i = 0; i < 5; ++i) x.row(0)[i] = static_cast<float>(i + 1);
      backend->rope(x.view(), 1, {cos.view(), sin.view()}, pairs);
      for (size_t i = 0; i < 5; ++i) EXPECT_EQ(x.row(0)[i], want[i]) << i;
    }
  }
}

}  // namespace
}  // namespace limpid
