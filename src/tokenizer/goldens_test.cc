#include "tokenizer/goldens_test.h"

#include <array>
#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace limpid::test {

std::vector<Golden> read_goldens(std::string_view name) {
  std::ifstream file(LIMPID_TESTDATA "/tokenizers/" + std::string(name) + ".goldens.json");
  std::vector<Golden> goldens;
  for (const auto& row : nlohmann::json::parse(file)) goldens.push_back({row[0], row[1], row[2]});
  EXPECT_GT(goldens.size(), 250) << name;
  return goldens;
}

Checkpoint tokenizer_checkpoint(std::string_view name) {
  const auto path = std::filesystem::path(LIMPID_TESTDATA) / "tokenizers" / name;
  if (path.extension() == ".gguf") {
    auto checkpoint = open_checkpoint(path);
    EXPECT_TRUE(checkpoint) << checkpoint.error().message;
    return checkpoint ? *std::move(checkpoint) : Checkpoint();
  }
  Checkpoint checkpoint;
  checkpoint.path = checkpoint.directory = path;
  return checkpoint;
}

std::string text_of(const std::vector<Piece>& pieces) {
  std::string text;
  for (const Piece& piece : pieces) {
    if (!piece.special) text += piece.bytes;
  }
  return text;
}

std::string random_character(std::mt19937& random) {
  const size_t limit = std::to_array<size_t>({0x80, 0x80, 0x80, 0x800, 0x10000, 0x110000})[random() % 6];
  size_t point = random() % limit;
  if (point == 0x2581 || (point >= 0xD800 && point <= 0xDFFF)) point = ' ';
  const auto tail = [&](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xC0 | point >> 6), tail(0)};
  if (point < 0x10000) return {static_cast<char>(0xE0 | point >> 12), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | point >> 18), tail(12), tail(6), tail(0)};
}

}  // namespace limpid::test
