#include <numeric>

#include "kernels/attention_heads.h"
#include "kernels/testing.h"

namespace limpid {
namespace {

using testing::AwkwardMatrix;
using testing::expect_near;
using testing::Fill;
using testing::for_each_target;
using testing::roundings;

struct Shape {
  size_t n_tok, n_head, n_kv_head, d_head;
};
constexpr Shape kShapes[] = {{1, 1, 1, 1},  {2, 2, 1, 3},   {14, 9, 3, 64}, {17, 4, 4, 20},
                             {64, 2, 2, 8}, {65, 3, 1, 33}, {130, 2, 1, 16}};

struct Kind {
  const char* name;
  size_t window;
  float softcap;
  bool biased, sinks, value_bias;
  bool blocked = false;
};
constexpr Kind kKinds[] = {
    {"plain", 0, 0, false, false, false},        {"window 1", 1, 0, false, false, false},
    {"window 5", 5, 0, false, false, true},      {"softcap", 0, 1.5f, false, false, false},
    {"key bias", 0, 0, true, false, false},      {"sinks", 0, 0, false, true, true},
    {"blocked", 0, 0, false, false, true, true}, {"all", 7, 2, true, true, true, true},
};

struct Case {
  Case(const Shape& s, Fill how, const Kind& kind)
      : q(s.n_tok, s.n_head * s.d_head, how, 1),
        k(s.n_tok, s.n_kv_head * s.d_head, Fill::kNormal, 2),
        v(s.n_tok, s.n_kv_head * s.d_head, how, 3),
        key_bias(s.n_head, s.n_tok, Fill::kNormal, 5),
        sinks(1, s.n_head, Fill::kNormal, 6),
        b_v(1, s.n_head * s.d_head, Fill::kNormal, 7),
        in{q, k, v, s.n_head, s.n_kv_head, s.d_head, 1 / std::sqrt(static_cast<float>(s.d_head))} {
    in.window = kind.window;
    in.softcap = kind.softcap;
    if (kind.biased) in.key_bias = key_bias;
    if (kind.sinks) in.sinks = ConstMatrixView(sinks).row(0);
    if (kind.value_bias) value_bias = ConstMatrixView(b_v).row(0);
    // Single keys, all of a query's keys, and keys that the query does not reach anyway; some again and
    // again.
    for (size_t query = 0; kind.blocked && query < s.n_tok; query += 3) {
      for (size_t key = 0; key < s.n_tok; key += query % 2 == 0 ? 1 : 4) {
        blocked.insert(blocked.end(), key % 4 == 0 ? 4 : 1,
                       {static_cast<int>(s.n_head - 1), static_cast<int>(query), static_cast<int>(key)});
      }
    }
    in.blocked = blocked;
  }
  AwkwardMatrix q, k, v, key_bias, sinks, b_v;
  std::vector<BlockedKey> blocked;
  AttentionInputs in;
  std::span<const float> value_bias;
};

// Bound on the relative error of probabilities: exp turns the error of a score into a relative error, on
// both sides of the fraction; beside it, exp's own (1 ulp), the difference to the maximum and the sum. A cap
// (slope at most 1) and a key's bias add roundings of their own size.
double probability_bound(const AttentionInputs& in, size_t head, size_t query) {
  const ConstMatrixView q = query_head(in, head), k = shared_head(in, in.k, head);
  double magnitude = 0, bias = in.sinks.empty() ? 0 : std::abs(in.sinks[head]);
  for (size_t key = first_key(in, query); key <= query; ++key) {
    double sum = 0;
    for (size_t i = 0; i < in.d_head; ++i) sum += std::abs(double{q.at(query, i)} * k.at(key, i));
    magnitude = std::max(magnitude, in.scale * sum);
    if (in.key_bias.rows > 0) bias = std::max<double>(bias, std::abs(in.key_bias.at(head, key)));
  }
  const double score = roundings(static_cast<double>(in.d_head) + 3) * magnitude +
                       roundings(6) * (static_cast<double>(in.softcap) + bias);
  return std::expm1(2 * score) + roundings(static_cast<double>(query) + 9);
}

class Attention : public ::testing::TestWithParam<Kind> {};

INSTANTIATE_TEST_SUITE_P(Kinds, Attention, ::testing::ValuesIn(kKinds), [](const auto& param) {
  std::string name = param.param.name;
  std::ranges::replace(name, ' ', '_');
  return name;
});

TEST_P(Attention, AgreesWithReference) {
  for_each_target([] {
    for (const Shape& s : kShapes) {
      for (const Fill how : testing::kFills) {
        SCOPED_TRACE(::testing::Message() << s.n_tok << " tokens, " << s.n_head << " heads");
        const Case c(s, how, GetParam());
        AwkwardMatrix want(s.n_tok, c.q.cols(), Fill::kZero, 0), got(s.n_tok, c.q.cols(), Fill::kNormal, 4);
        reference_backend().attention(c.in, c.value_bias, want);
        cpu_backend().attention(c.in, c.value_bias, got);
        Matrix a(s.n_tok, s.n_tok);
        std::vector<int> all(s.n_tok);
        std::iota(all.begin(), all.end(), 0);
        for (size_t head = 0; head < s.n_head; ++head) {
          reference_backend().attention_rows(c.in, head, all, a.view());
          const ConstMatrixView v = shared_head(c.in, c.in.v, head);
          const size_t from = head * s.d_head;
          expect_near(got.view().columns(from, s.d_head), want.view().columns(from, s.d_head),
                      [&](size_t query, size_t i) {
                        double magnitude = 0;
                        for (size_t key = 0; key <= query; ++key) {
                          magnitude += a.row(query)[key] * std::abs(v.at(key, i));
                        }
                        // The bias is added once, times a sum of probabilities that a sink's rounding blurs.
                        if (!c.value_bias.empty()) magnitude += std::abs(c.value_bias[from + i]);
                        const double sum = roundings(static_cast<double>(query) + 4);
                        return (probability_bound(c.in, head, query) + sum) * magnitude + 1e-30;
                      });
        }
        EXPECT_TRUE(got.guards_intact());
      }
    }
  });
}

// Queries are computed one by one in double, so those left out change no bit of the others.
TEST_P(Attention, OfTheLastQueriesAgreesWithThatOfAll) {
  for_each_target([] {
    for (const Shape& s : kShapes) {
      const Case c(s, Fill::kNormal, GetParam());
      AwkwardMatrix all(s.n_tok, c.q.cols(), Fill::kZero, 0);
      reference_backend().attention(c.in, c.value_bias, all);
      for (const size_t count : {size_t{1}, s.n_tok / 2, s.n_tok - 1}) {
        SCOPED_TRACE(::testing::Message() << count << " of " << s.n_tok << " tokens");
        const size_t first = s.n_tok - count;
        AwkwardMatrix last(count, c.q.cols(), Fill::kNormal, 4),
            last_cpu(count, c.q.cols(), Fill::kNormal, 4);
        reference_backend().attention(c.in, c.value_bias, last);
        cpu_backend().attention(c.in, c.value_bias, last_cpu);
        for (size_t i = 0; i < count; ++i) {
          EXPECT_TRUE(std::ranges::equal(last.row(i), all.row(first + i)));
        }
        expect_near(last_cpu, last, [&](size_t i, size_t j) {
          double magnitude = 0;
          const size_t head = j / s.d_head;
          const ConstMatrixView v = shared_head(c.in, c.in.v, head);
          for (size_t key = 0; key <= first + i; ++key) {
            magnitude = std::max(magnitude, std::abs(double{v.at(key, j % s.d_head)}));
          }
          if (!c.value_bias.empty()) magnitude += std::abs(c.value_bias[j]);
          const double sum = roundings(static_cast<double>(first + i) + 4);
          return (probability_bound(c.in, head, first + i) + sum) * magnitude + 1e-30;
        });
        EXPECT_TRUE(last_cpu.guards_intact());
      }
    }
  });
}

TEST_P(Attention, RowsAgreeWithReference) {
  for_each_target([] {
    for (const Shape& s : kShapes) {
      for (const Fill how : testing::kFills) {
        const Case c(s, how, GetParam());
        std::vector<int> queries;  // in no order, with repetitions, more than a block
        for (size_t i = 0; i < s.n_tok + 3; ++i) queries.push_back(static_cast<int>(i * 7 % s.n_tok));
        for (const size_t head : {size_t{0}, s.n_head - 1}) {  // all heads, or the last one
          const size_t n_row = (s.n_head - head) * queries.size();
          AwkwardMatrix want(n_row, s.n_tok, Fill::kZero, 0), got(n_row, s.n_tok, Fill::kNormal, 4);
          reference_backend().attention_rows(c.in, head, queries, want);
          cpu_backend().attention_rows(c.in, head, queries, got);
          expect_near(got, want, [&](size_t r, size_t key) {
            const auto query = static_cast<size_t>(queries[r % queries.size()]);
            if (key > query) return 0.0;
            const double bound = probability_bound(c.in, head + r / queries.size(), query);
            return bound * want.at(r, key) + 1e-36;
          });
          EXPECT_TRUE(got.guards_intact());
        }
      }
    }
  });
}

TEST(AttentionByHand, OneHead) {
  // One head of width 1: scores are q k; the second query sees scores ln 3 and 0, so 3/4 and 1/4.
  Matrix q(2, 1), k(2, 1), v(2, 1), z(2, 1), a(1, 2);
  q.row(1)[0] = std::log(3.0f);
  k.row(0)[0] = 1;
  v.row(0)[0] = 8, v.row(1)[0] = -4;
  AttentionInputs in = {q.view(), k.view(), v.view(), 1, 1, 1, 1};
  const int last[] = {1};
  for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
    in.sinks = {};
    backend->attention(in, {}, z.view());
    EXPECT_FLOAT_EQ(z.row(0)[0], 8);
    EXPECT_FLOAT_EQ(z.row(1)[0], 5);
    backend->attention_rows(in, 0, last, a.view());
    EXPECT_FLOAT_EQ(a.row(0)[0], 0.75f);
    EXPECT_FLOAT_EQ(a.row(0)[1], 0.25f);
    // A sink of score ln 4 halves what is left, also of the bias behind it.
    const float sink[] = {std::log(4.0f)}, bias[] = {2};
    in.sinks = sink;
    backend->attention(in, bias, z.view());
    EXPECT_FLOAT_EQ(z.row(0)[0], 2);  // (8 + 2) / 5
    EXPECT_FLOAT_EQ(z.row(1)[0], 3.5f);
    backend->attention_rows(in, 0, last, a.view());
    EXPECT_FLOAT_EQ(a.row(0)[0], 0.375f);
    EXPECT_FLOAT_EQ(a.row(0)[1], 0.125f);
  }
}

TEST(Softmax, AgreesWithReference) {
  for_each_target([] {
    for (size_t n = 1; n <= 70; ++n) {
      for (const Fill how : testing::kFills) {
        AwkwardMatrix want(3, n, how, static_cast<uint32_t>(n)), got = want;
        const AwkwardMatrix x = want;
        reference_backend().softmax(want);
        cpu_backend().softmax(got);
        expect_near(got, want, [&](size_t i, size_t j) {
          // The difference to the maximum is rounded once: an absolute error in the exponent.
          const auto row = x.row(i);
          const double exponent = *std::ranges::max_element(row) - double{x.at(i, j)};
          const double bound = std::expm1(2 * roundings(1) * std::min(exponent, 104.0));
          return (bound + roundings(static_cast<double>(n) + 8)) * want.at(i, j) + 1e-36;
        });
        EXPECT_TRUE(got.guards_intact());
      }
    }
  });
}

}  // namespace
}  // namespace limpid
