#include "kernels/testing.h"

namespace limpid {
namespace {

using testing::AwkwardMatrix;
using testing::expect_near;
using testing::Fill;
using testing::for_each_target;
using testing::roundings;

// Every term is at most |z_i| and is rounded a few times, then d of them are summed. The oracle itself
// rounds y - z to double.
double proximity_bound(double a, std::span<const float> z, std::span<const float> y) {
  double magnitude = 0, oracle = 0;
  for (const float v : z) magnitude += std::abs(a * v);
  for (const float v : y) oracle += std::abs(v) * 0x1p-53;
  return roundings(static_cast<double>(z.size()) + 8) * magnitude + 2 * oracle + 1e-36;
}

TEST(Proximity, RowsAgreeWithReference) {
  for_each_target([] {
    for (size_t d = 1; d <= 70; ++d) {
      for (const Fill how_y : testing::kFills) {
        for (const Fill how_z : testing::kFills) {
          const AwkwardMatrix z(4, d, how_z, 1), y(4, d, how_y, 2);
          float want[4], got[4];
          reference_backend().proximity(z, y, want);
          cpu_backend().proximity(z, y, got);
          for (size_t r = 0; r < 4; ++r) {
            ASSERT_NEAR(got[r], want[r], proximity_bound(1, z.row(r), y.row(r))) << "d " << d << " row " << r;
          }
        }
      }
    }
  });
}

struct AttentionCase {
  size_t n_tok, n_query, d, d_head, n_head, n_kv_head;
};
constexpr AttentionCase kCases[] = {{1, 1, 1, 1, 1, 1},     {3, 3, 15, 2, 2, 1},   {9, 2, 17, 8, 3, 3},
                                    {20, 7, 64, 16, 4, 2},  {64, 64, 70, 7, 2, 2}, {65, 3, 31, 33, 1, 1},
                                    {131, 130, 33, 4, 6, 2}};

// u = W v is rounded d_head times, the sum over coordinates d times; of the overshoot, every term is at most
// |a u|. Nothing is larger than the sum of |W| |v|.
double attention_bound(const AttentionParts& parts, size_t head, size_t key, double a,
                       std::span<const float> y) {
  const size_t kv = head / (parts.n_head / parts.n_kv_head);
  double magnitude = 0, oracle = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    for (size_t j = 0; j < parts.d_head; ++j) {
      magnitude += std::abs(double{parts.projection.at(i, head * parts.d_head + j)} *
                            parts.v.at(key, kv * parts.d_head + j));
    }
    oracle += std::abs(double{y[i]}) * 0x1p-53;
  }
  const auto n = static_cast<double>(y.size() + 2 * parts.d_head + 8);
  return 4 * roundings(n) * a * magnitude + 2 * oracle + 1e-36;
}

void check_attention(const AttentionCase& c, Fill how_y, Fill how_u) {
  SCOPED_TRACE(::testing::Message() << c.n_tok << " tokens, d " << c.d);
  const AwkwardMatrix y(c.n_query, c.d, how_y, 1), v(c.n_tok, c.n_kv_head * c.d_head, Fill::kNormal, 2);
  const AwkwardMatrix projection(c.d, c.n_head * c.d_head, how_u, 4);
  AwkwardMatrix a(c.n_head * c.n_query, c.n_tok, Fill::kNormal, 3);
  for (size_t r = 0; r < a.rows(); ++r) {
    for (size_t k = 0; k < c.n_tok; ++k) {
      // Weights from 1 down to 1e-40, and exact zeros.
      float& weight = a.view().at(r, k);
      weight = k % 7 == 6 ? 0.0f : std::pow(10.0f, -40.0f * std::abs(weight) / 5);
    }
  }
  std::vector<int> queries;  // in no order, with repetitions
  for (size_t r = 0; r < c.n_query; ++r) queries.push_back(static_cast<int>((c.n_tok - 1 + r * 5) % c.n_tok));
  const AttentionParts parts = {a, v, projection, c.n_head, c.n_kv_head, c.d_head};
  AwkwardMatrix want(a.rows(), c.n_tok, Fill::kNormal, 5), got(a.rows(), c.n_tok, Fill::kNormal, 5);
  reference_backend().attention_proximity(parts, y, queries, want);
  cpu_backend().attention_proximity(parts, y, queries, got);
  expect_near(got, want, [&](size_t row, size_t key) {
    const size_t head = row / c.n_query, r = row % c.n_query;
    if (key > static_cast<size_t>(queries[r])) return 0.0;  // left alone
    return attention_bound(parts, head, key, a.at(row, key), y.row(r));
  });
  // In the memory of the attention rows the same numbers.
  cpu_backend().attention_proximity(parts, y, queries, a);
  for (size_t row = 0; row < a.rows(); ++row) {
    const size_t n_key = static_cast<size_t>(queries[row % c.n_query]) + 1;
    EXPECT_TRUE(std::ranges::equal(a.row(row).first(n_key), got.row(row).first(n_key)));
  }
  EXPECT_TRUE(got.guards_intact());
}

TEST(Proximity, AttentionAgreesWithReference) {
  for_each_target([] {
    for (const AttentionCase& c : kCases) {
      for (const Fill how_y : testing::kFills) {
        for (const Fill how_u : testing::kFills) check_attention(c, how_y, how_u);
      }
    }
  });
}

// Shares by the p-norm: proximity(z, y) = max(0, |y|_p - |y - z|_p), divided by the sum over the parts.
using Vectors = std::vector<std::vector<float>>;

double norm(const std::vector<float>& v, double p) {
  double sum = 0;
  for (const float x : v) sum += std::pow(std::abs(x), p);
  return std::pow(sum, 1 / p);
}

std::vector<double> divided_by_sum(std::vector<double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  for (double& v : values) v /= sum;
  return values;
}

std::vector<double> shares(const Vectors& parts, const std::vector<float>& y, double p) {
  std::vector<double> proximities;
  for (const auto& z : parts) {
    std::vector<float> rest(y);
    for (size_t i = 0; i < y.size(); ++i) rest[i] -= z[i];
    proximities.push_back(std::max(0.0, norm(y, p) - norm(rest, p)));
  }
  return divided_by_sum(proximities);
}

std::vector<double> shares(const Backend& backend, const Vectors& parts, const std::vector<float>& y) {
  std::vector<double> proximities;
  for (const auto& z : parts) {
    float out = 0;
    backend.proximity({z.data(), 1, z.size()}, {y.data(), 1, y.size()}, {&out, 1});
    proximities.push_back(out);
  }
  return divided_by_sum(proximities);
}

struct Published {
  Vectors parts;  // the last is the residual
  std::vector<float> y;
  double p;
  std::vector<double> shares;
};
const Published kPublished[] = {
    {{{1, 1}, {-1, 0}, {2, 1}}, {2, 2}, 2, {0.43613, 0, 0.56387}},
    {{{1, 1}, {-1, 0}, {2, 1}}, {2, 2}, 1, {0.4, 0, 0.6}},
    {{{0, 1}, {1, 0}, {-21, -1}, {10, 10}}, {-10, 10}, 1, {1, 0, 0, 0}},
    {{{1, 1}, {2, 2}, {1, 1}}, {4, 4}, 1, {0.25, 0.5, 0.25}},
};

TEST(Proximity, PublishedShares) {
  for (const Published& c : kPublished) {
    const auto expect = [&](const std::vector<double>& got) {
      for (size_t i = 0; i < c.shares.size(); ++i) EXPECT_NEAR(got[i], c.shares[i], 5e-6) << i;
    };
    expect(shares(c.parts, c.y, c.p));
    if (c.p != 1) continue;
    expect(shares(reference_backend(), c.parts, c.y));
    for_each_target([&] { expect(shares(cpu_backend(), c.parts, c.y)); });
  }
}

}  // namespace
}  // namespace limpid
