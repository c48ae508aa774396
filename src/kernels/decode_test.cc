#include <bit>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "kernels/half.h"
#include "kernels/testing.h"

namespace limpid {
namespace {

using testing::for_each_target;

constexpr DType kTypes[] = {DType::kF32,   DType::kF16,    DType::kBF16,   DType::kQ4_0,   DType::kQ4_1,
                            DType::kQ5_0,  DType::kQ5_1,   DType::kQ8_0,   DType::kQ2_K,   DType::kQ3_K,
                            DType::kQ4_K,  DType::kQ5_K,   DType::kQ6_K,   DType::kIQ4_NL, DType::kIQ4_XS,
                            DType::kMXFP4, DType::kF8E4M3, DType::kF8E5M2, DType::kF8E8M0, DType::kFP4};

std::vector<std::byte> random_bytes(size_t n, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(n);
  for (auto& b : bytes) b = static_cast<std::byte>(random());
  return bytes;
}

// NaNs need not agree in payload: arithmetic on them is free to choose.
void expect_same(std::span<const float> got, std::span<const float> want) {
  for (size_t i = 0; i < want.size(); ++i) {
    if (std::isnan(want[i]) && std::isnan(got[i])) continue;
    ASSERT_EQ(std::bit_cast<uint32_t>(got[i]), std::bit_cast<uint32_t>(want[i])) << "element " << i;
  }
}

TEST(Half, EveryFloat16HasItsValue) {
  for (uint32_t h = 0; h < 0x10000; ++h) {
    const int exponent = static_cast<int>(h >> 10 & 31), fraction = static_cast<int>(h & 1023);
    const float got = f32_from_f16(static_cast<uint16_t>(h));
    ASSERT_EQ(std::signbit(got), h >= 0x8000) << h;
    if (exponent == 31) {
      ASSERT_EQ(fraction == 0, std::isinf(got)) << h;
      ASSERT_EQ(fraction != 0, std::isnan(got)) << h;
      continue;
    }
    const double want =
        exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    ASSERT_EQ(std::abs(got), want) << h;
  }
}

struct BlockCase {
  DType type;
  std::vector<int> bytes;  // of one block; the rest is zero
  size_t element;
  float value;
};

// Laid out by hand from the definition of each block type; 0x3800 is 0.5, 0x3C00 is 1, 0xC000 is -2.
const BlockCase kBlockCases[] = {
    {DType::kQ4_0, {0x00, 0x38, 0xF1}, 0, -3.5f},
    {DType::kQ4_0, {0x00, 0x38, 0xF1}, 16, 3.5f},
    {DType::kQ4_0, {0x00, 0x38}, 31, -4.0f},
    {DType::kQ4_1, {0x00, 0x38, 0x00, 0xC0, 0x00, 0x3F}, 1, 5.5f},
    {DType::kQ4_1, {0x00, 0x38, 0x00, 0xC0, 0x00, 0x3F}, 17, -0.5f},
    {DType::kQ5_0, {0x00, 0x3C, 0x02, 0x00, 0x01, 0x00, 0x54, 0x03}, 0, -12.0f},
    {DType::kQ5_0, {0x00, 0x3C, 0x02, 0x00, 0x01, 0x00, 0x54, 0x03}, 1, 3.0f},
    {DType::kQ5_0, {0x00, 0x3C, 0x02, 0x00, 0x01, 0x00, 0x54, 0x03}, 16, 5.0f},
    {DType::kQ5_1, {0x00, 0x3C, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x80}, 31, 14.0f},
    {DType::kQ5_1, {0x00, 0x3C, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x80}, 30, -2.0f},
    {DType::kQ8_0, {0x00, 0x38, 0x80, 0x7F}, 0, -64.0f},
    {DType::kQ8_0, {0x00, 0x38, 0x80, 0x7F}, 1, 63.5f},
};

TEST(Decode, BlocksByHand) {
  for (const BlockCase& c : kBlockCases) {
    std::vector<std::byte> block(info(c.type).block_bytes);
    for (size_t i = 0; i < c.bytes.size(); ++i) block[i] = static_cast<std::byte>(c.bytes[i]);
    float out[32];
    reference_backend().decode(c.type, block.data(), 32, out);
    EXPECT_EQ(out[c.element], c.value) << info(c.type).name << " element " << c.element;
  }
}

TEST(Decode, SameBitsAsReferenceAtAnyAlignment) {
  for_each_target([] {
    for (const DType type : kTypes) {
      const DTypeInfo& t = info(type);
      for (const size_t n_block : {1, 2, 3, 17, 70}) {
        for (size_t offset = 0; offset < 4; ++offset) {
          SCOPED_TRACE(std::string(t.name) + " x " + std::to_string(n_block));
          const auto bytes = random_bytes(offset + n_block * t.block_bytes, static_cast<uint32_t>(n_block));
          const size_t n = n_block * t.block_size;
          // One more element than is written, at an odd place: a guard.
          std::vector<float> want(n), got(n + 2, 7.0f);
          reference_backend().decode(type, bytes.data() + offset, n, want.data());
          cpu_backend().decode(type, bytes.data() + offset, n, got.data() + 1);
          expect_same(std::span(got).subspan(1, n), want);
          EXPECT_EQ(got.front(), 7.0f);
          EXPECT_EQ(got.back(), 7.0f);
        }
      }
    }
  });
}

// Where a block has its float16 numbers.
struct HalfPlaces {
  DType type;
  std::vector<size_t> offsets;
};

const HalfPlaces kHalfPlaces[] = {
    {DType::kQ4_0, {0}},    {DType::kQ4_1, {0, 2}},   {DType::kQ5_0, {0}},   {DType::kQ5_1, {0, 2}},
    {DType::kQ8_0, {0}},    {DType::kQ2_K, {80, 82}}, {DType::kQ3_K, {108}}, {DType::kQ4_K, {0, 2}},
    {DType::kQ5_K, {0, 2}}, {DType::kQ6_K, {208}},    {DType::kIQ4_NL, {0}}, {DType::kIQ4_XS, {0}},
};

TEST(Decode, SameBitsAsReferenceForExtremeScales) {
  // Zeros, the smallest and largest subnormal and normal numbers, infinities and a NaN.
  constexpr uint16_t kExtremes[] = {0x0000, 0x8000, 0x0001, 0x8001, 0x03FF, 0x0400,
                                    0x7BFF, 0xFBFF, 0x7C00, 0xFC00, 0x7E00};
  for_each_target([&] {
    for (const HalfPlaces& c : kHalfPlaces) {
      const DTypeInfo& t = info(c.type);
      for (const uint16_t first : kExtremes) {
        for (const uint16_t second : kExtremes) {
          auto block = random_bytes(t.block_bytes, uint32_t{first} << 16 | second);
          std::memcpy(&block[c.offsets.front()], &first, 2);
          std::memcpy(&block[c.offsets.back()], &second, 2);
          std::vector<float> want(t.block_size), got(t.block_size);
          reference_backend().decode(c.type, block.data(), want.size(), want.data());
          cpu_backend().decode(c.type, block.data(), got.size(), got.data());
          SCOPED_TRACE(t.name);
          expect_same(got, want);
        }
      }
    }
  });
}

TEST(Decode, EveryScaleOfMxfp4) {
  constexpr double kValues[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6};  // of a 4-bit float
  for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
    for (int scale = 0; scale < 256; ++scale) {
      std::vector<std::byte> block(info(DType::kMXFP4).block_bytes);
      block[0] = static_cast<std::byte>(scale);
      for (size_t i = 0; i < 16; ++i) block[1 + i] = static_cast<std::byte>(i * 16 + 15 - i);
      float out[32];
      backend->decode(DType::kMXFP4, block.data(), 32, out);
      for (size_t i = 0; i < 32; ++i) {
        const size_t code = i < 16 ? 15 - i : i - 16;
        const double magnitude = std::ldexp(kValues[code % 8], scale - 127);
        // Past the largest float32 the scale is no number of use anyway: infinite.
        ASSERT_EQ(out[i], static_cast<float>(code < 8 ? magnitude : -magnitude)) << scale << " code " << code;
      }
    }
  }
}

// From the definition: bias, bits of fraction, and the magnitude from which on there are no numbers.
double float8(int code, int n_fraction, int bias) {
  const int exponent = code >> n_fraction, fraction = code & ((1 << n_fraction) - 1);
  const double unit = std::ldexp(1, -n_fraction);
  return exponent == 0 ? std::ldexp(fraction * unit, 1 - bias)
                       : std::ldexp(1 + fraction * unit, exponent - bias);
}

TEST(Decode, EveryFloat8HasItsValue) {
  struct Case {
    DType type;
    int n_fraction, bias, n_number;
  };
  constexpr Case kCases[] = {{DType::kF8E4M3, 3, 7, 0x7F}, {DType::kF8E5M2, 2, 15, 0x7C}};
  for (const Case& c : kCases) {
    for (int code = 0; code < 256; ++code) {
      const auto byte = static_cast<std::byte>(code);
      float got = 0;
      reference_backend().decode(c.type, &byte, 1, &got);
      const int magnitude = code & 0x7F;
      ASSERT_TRUE(std::isnan(got) || std::signbit(got) == (code >= 0x80)) << code;
      if (magnitude < c.n_number) {
        ASSERT_EQ(std::abs(double{got}), float8(magnitude, c.n_fraction, c.bias)) << code;
      } else if (c.type == DType::kF8E5M2 && magnitude == c.n_number) {
        ASSERT_TRUE(std::isinf(got)) << code;
      } else {
        ASSERT_TRUE(std::isnan(got)) << code;
      }
    }
  }
}

TEST(Decode, EveryPowerOfTwo) {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<std::byte>(code);
    float got = 0;
    reference_backend().decode(DType::kF8E8M0, &byte, 1, &got);
    if (code < 255) {
      ASSERT_EQ(double{got}, std::ldexp(1, code - 127)) << code;
    } else {
      ASSERT_TRUE(std::isnan(got));
    }
  }
}

TEST(Decode, EveryCodeOfFp4) {
  constexpr float kValues[] = {0, 0.5f, 1, 1.5f, 2, 3, 4, 6, 0, -0.5f, -1, -1.5f, -2, -3, -4, -6};
  for (size_t code = 0; code < 16; ++code) {
    const auto pair = static_cast<std::byte>(code | (15 - code) << 4);  // the even element in the low half
    float out[2];
    reference_backend().decode(DType::kFP4, &pair, 2, out);
    EXPECT_EQ(out[0], kValues[code]) << code;
    EXPECT_EQ(out[1], kValues[15 - code]) << code;
  }
}

TEST(Decode, EveryByte) {
  std::vector<std::byte> bytes(256);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
  for_each_target([&] {
    for (const DType type : {DType::kF8E4M3, DType::kF8E5M2, DType::kF8E8M0, DType::kFP4}) {
      std::vector<float> want(256 * info(type).block_size), got(want.size());
      reference_backend().decode(type, bytes.data(), want.size(), want.data());
      cpu_backend().decode(type, bytes.data(), got.size(), got.data());
      SCOPED_TRACE(info(type).name);
      expect_same(got, want);
    }
  });
}

/// Blocks and what the `gguf` package makes of them (tools/make_block_goldens.py), one file for each type.
TEST(Decode, AgreesWithAnIndependentDecoder) {
  size_t n_file = 0;
  for (const auto& file : std::filesystem::directory_iterator(LIMPID_TESTDATA "/blocks")) {
    const auto* type =
        std::ranges::find_if(kTypes, [&](DType t) { return info(t).name == file.path().stem().string(); });
    ASSERT_NE(type, std::end(kTypes)) << file.path();
    const DTypeInfo& t = info(*type);
    std::ifstream stream(file.path(), std::ios::binary);
    const std::vector<char> content(std::istreambuf_iterator<char>(stream), {});
    const size_t n_block = content.size() / (t.block_bytes + t.block_size * sizeof(float));
    ASSERT_EQ(content.size(), n_block * (t.block_bytes + t.block_size * sizeof(float))) << t.name;
    ASSERT_GE(n_block, 8u) << t.name;
    std::vector<float> want(n_block * t.block_size);
    std::memcpy(want.data(), content.data() + n_block * t.block_bytes, want.size() * sizeof(float));
    for (const Backend* backend : {&reference_backend(), &cpu_backend()}) {
      std::vector<float> got(want.size());
      backend->decode(*type, reinterpret_cast<const std::byte*>(content.data()), got.size(), got.data());
      // The same operations in the same order, all but one of them exact: equal, not close.
      for (size_t i = 0; i < want.size(); ++i) {
        ASSERT_EQ(got[i], want[i]) << t.name << " element " << i << " on " << backend->name();
      }
    }
    ++n_file;
  }
  EXPECT_EQ(n_file, 8u);
}

TEST(Decode, EveryFloat16AndBFloat16) {
  std::vector<std::byte> bytes(0x20000);
  for (uint32_t h = 0; h < 0x10000; ++h) {
    bytes[2 * h] = static_cast<std::byte>(h);
    bytes[2 * h + 1] = static_cast<std::byte>(h >> 8);
  }
  for_each_target([&] {
    for (const DType type : {DType::kF16, DType::kBF16}) {
      std::vector<float> want(0x10000), got(0x10000);
      reference_backend().decode(type, bytes.data(), want.size(), want.data());
      cpu_backend().decode(type, bytes.data(), got.size(), got.data());
      expect_same(got, want);
    }
  });
}

}  // namespace
}  // namespace limpid
